//! What planning decides, told as small stories over whole networks.

mod world;

use serde_json::json;
use trueup_model::{Action, Disruption, Kind, Object, Observed, Order, Plan, Ref, Value};
use trueup_plan::{destroy, held, plan};
use world::{changes, live, number, seed, steps, topology, with};

#[test]
fn an_empty_region_gets_everything_in_an_order_that_ec2_accepts() {
    let wanted = topology(&seed());
    let plan = plan(&wanted, &Default::default());
    assert_eq!(plan.summary().create, wanted.resources.len());
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    let before = |a: (&str, &str), b: (&str, &str)| {
        assert!(
            number(&plan, a.0, a.1) < number(&plan, b.0, b.1),
            "{:#?}",
            steps(&plan)
        )
    };
    before(("vpc.main", "CreateVpc"), ("subnet.public", "CreateSubnet"));
    before(
        ("internet_gateway.main", "AttachInternetGateway"),
        ("route_table.public", "CreateRoute"),
    );
    before(
        ("route_table.public", "CreateRoute"),
        ("subnet.public", "AssociateRouteTable"),
    );
    before(
        ("subnet.public", "AssociateRouteTable"),
        ("instance.bastion", "RunInstances"),
    );
    before(
        ("security_group.bastion-sg", "AuthorizeSecurityGroupIngress"),
        ("instance.bastion", "RunInstances"),
    );
    before(
        ("key_pair.key", "ImportKeyPair"),
        ("instance.private-host", "RunInstances"),
    );
    before(
        ("route_table.private", "CreateRouteTable"),
        ("vpc_endpoint.s3", "CreateVpcEndpoint"),
    );
    for step in &plan.steps {
        assert!(
            step.after.iter().all(|&other| other < step.number),
            "step {} waits for a later one",
            step.number
        );
    }
}

#[test]
fn a_host_starts_when_its_new_group_has_lost_what_ec2_lets_out_by_itself() {
    let wanted = topology(&with(seed(), "security_group.private-sg", "egress", json!([])));
    let plan = plan(&wanted, &Default::default());
    let revoked = number(&plan, "security_group.private-sg", "RevokeSecurityGroupEgress");
    let run = plan
        .steps
        .iter()
        .find(|step| step.address.to_string() == "instance.private-host")
        .unwrap();
    assert!(
        run.call.action == "RunInstances" && run.after.contains(&revoked),
        "{:#?}",
        steps(&plan)
    );
}

#[test]
fn a_plan_straight_after_an_apply_is_empty() {
    let wanted = topology(&seed());
    let plan = plan(&wanted, &live(&wanted));
    assert!(plan.is_empty() && plan.steps.is_empty(), "{:#?}", plan.changes);
    assert_eq!(plan.summary().keep, wanted.resources.len());
}

#[test]
fn equal_inputs_give_equal_fingerprints_and_other_ids_another() {
    let wanted = topology(&seed());
    let changed = topology(&with(
        seed(),
        "subnet.public",
        "map_public_ip_on_launch",
        json!(true),
    ));
    let there = live(&wanted);
    assert_eq!(
        plan(&changed, &there).fingerprint,
        plan(&changed, &there).fingerprint
    );
    let mut elsewhere = there.clone();
    elsewhere
        .objects
        .iter_mut()
        .for_each(|object| object.id = object.id.replace("-0", "-f"));
    assert_ne!(
        plan(&changed, &there).fingerprint,
        plan(&changed, &elsewhere).fingerprint
    );
}

#[test]
fn a_new_range_replaces_the_subnet_and_what_stands_in_it_create_first() {
    let wanted = topology(&with(
        seed(),
        "subnet.private",
        "cidr_block",
        json!("10.0.20.0/24"),
    ));
    let plan = plan(&wanted, &live(&topology(&seed())));
    assert_eq!(
        changes(&plan),
        ["Replace subnet.private", "Replace instance.private-host"]
    );
    assert!(
        plan.changes
            .iter()
            .all(|change| change.order == Some(Order::CreateFirst))
    );
    let host = &plan.changes[1];
    assert_eq!(host.because.len(), 2, "{:?}", host.because);
    assert!(
        host.because[0].starts_with("subnet.private.cidr_block"),
        "{:?}",
        host.because
    );
    assert_eq!(host.disruption, Disruption::DataLost);
    let order: Vec<String> = steps(&plan);
    let position = |line: &str| {
        order
            .iter()
            .position(|other| other.starts_with(line))
            .unwrap_or_else(|| panic!("{line} not in {order:#?}"))
    };
    assert!(position("subnet.private CreateTags") < position("subnet.private CreateSubnet"));
    assert!(position("subnet.private AssociateRouteTable") < position("instance.private-host RunInstances"));
    assert!(
        position("instance.private-host RunInstances") < position("instance.private-host TerminateInstances")
    );
    assert!(position("instance.private-host TerminateInstances") < position("subnet.private DeleteSubnet"));
}

#[test]
fn an_overlapping_range_goes_first_and_takes_what_stands_in_it_along() {
    let wanted = topology(&with(
        seed(),
        "subnet.private",
        "cidr_block",
        json!("10.0.2.0/25"),
    ));
    let plan = plan(&wanted, &live(&topology(&seed())));
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    assert!(
        plan.changes
            .iter()
            .all(|change| change.order == Some(Order::DeleteFirst)),
        "{:#?}",
        plan.changes
    );
    let at = |address, call| number(&plan, address, call);
    assert!(at("instance.private-host", "TerminateInstances") < at("subnet.private", "DeleteSubnet"));
    assert!(at("subnet.private", "DeleteSubnet") < at("subnet.private", "CreateSubnet"));
    assert!(at("subnet.private", "CreateSubnet") < at("instance.private-host", "RunInstances"));
    assert!(!plan.steps.iter().any(|step| step.call.action == "CreateTags"));
}

fn with_nat() -> Vec<(&'static str, serde_json::Value)> {
    let mut resources = with(
        seed(),
        "route_table.private",
        "routes",
        json!([{"destination": "0.0.0.0/0", "nat_gateway": "nat_gateway.main"}]),
    );
    resources.push(("elastic_ip.nat", json!({})));
    resources.push((
        "nat_gateway.main",
        json!({"subnet": "subnet.public", "elastic_ip": "elastic_ip.nat"}),
    ));
    resources
}

#[test]
fn a_nat_gateway_that_keeps_its_address_goes_first_and_its_route_follows() {
    let wanted = topology(&with(
        with_nat(),
        "nat_gateway.main",
        "private_ip_address",
        json!("10.0.1.9"),
    ));
    let mut there = live(&topology(&with_nat()));
    let nat = there
        .objects
        .iter_mut()
        .find(|object| object.id.starts_with("nat-"))
        .unwrap();
    nat.record.set("private_ip_address", "10.0.1.4");
    let plan = plan(&wanted, &there);
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    assert_eq!(
        changes(&plan),
        ["Replace nat_gateway.main", "Update route_table.private"]
    );
    assert_eq!(plan.changes[0].order, Some(Order::DeleteFirst));
    let at = |address, call| number(&plan, address, call);
    assert!(at("nat_gateway.main", "DeleteNatGateway") < at("nat_gateway.main", "CreateNatGateway"));
    assert!(at("nat_gateway.main", "CreateNatGateway") < at("route_table.private", "ReplaceRoute"));
}

#[test]
fn a_table_and_the_nat_gateway_that_it_leads_to_get_other_names_at_once() {
    let renamed = with_nat().into_iter().map(|(address, attributes)| {
        let address = match address {
            "nat_gateway.main" => "nat_gateway.other",
            "route_table.private" => "route_table.other",
            address => address,
        };
        let text = attributes
            .to_string()
            .replace("nat_gateway.main", "nat_gateway.other");
        (
            address,
            serde_json::from_str(&text.replace("route_table.private", "route_table.other")).unwrap(),
        )
    });
    let plan = plan(
        &topology(&renamed.collect::<Vec<_>>()),
        &live(&topology(&with_nat())),
    );
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    let at = |address, call| number(&plan, address, call);
    let deleted = &plan.steps[at("route_table.private", "DeleteRouteTable") - 1];
    assert!(at("nat_gateway.main", "DeleteNatGateway") < at("nat_gateway.other", "CreateNatGateway"));
    for (user, call) in [
        ("subnet.private", "ReplaceRouteTableAssociation"),
        ("vpc_endpoint.s3", "ModifyVpcEndpoint"),
    ] {
        assert!(
            deleted.after.contains(&at(user, call)),
            "{user}: {:?}",
            deleted.after
        );
    }
}

#[test]
fn a_group_in_use_gets_a_successor_its_users_move_and_then_it_goes() {
    let wanted = topology(&with(
        seed(),
        "security_group.bastion-sg",
        "description",
        json!("Bastions"),
    ));
    let plan = plan(&wanted, &live(&topology(&seed())));
    assert_eq!(
        changes(&plan),
        [
            "Replace security_group.bastion-sg",
            "Update security_group.private-sg",
            "Update instance.bastion"
        ]
    );
    let create = plan
        .steps
        .iter()
        .find(|step| step.call.action == "CreateSecurityGroup")
        .unwrap();
    assert!(
        create.call.sets.text("group_name").starts_with("bastion-sg#"),
        "{}",
        create.call.sets
    );
    let called = create.call.sets.text("group_name");
    let told =
        format!("its group_name at EC2 is {called} from now on: the one that goes still has bastion-sg");
    assert!(
        plan.changes.iter().any(|change| change.notes.contains(&told)),
        "{:#?}",
        plan.changes
    );
    let at = |address, call| number(&plan, address, call);
    let end = at("security_group.bastion-sg", "DeleteSecurityGroup");
    assert!(
        at("security_group.private-sg", "AuthorizeSecurityGroupIngress")
            < at("security_group.private-sg", "RevokeSecurityGroupIngress")
    );
    assert!(at("security_group.private-sg", "RevokeSecurityGroupIngress") < end);
    assert!(at("instance.bastion", "ModifyNetworkInterfaceAttribute") < end);
}

#[test]
fn groups_that_name_each_other_are_made_and_ended_in_one_go() {
    let rule = |group: &str| json!([{"protocol": "all", "security_group": group}]);
    let resources = vec![
        ("vpc.main", json!({"cidr_block": "10.0.0.0/16"})),
        (
            "security_group.a",
            json!({"vpc": "vpc.main", "description": "A", "ingress": rule("security_group.b")}),
        ),
        (
            "security_group.b",
            json!({"vpc": "vpc.main", "description": "B", "ingress": rule("security_group.a")}),
        ),
    ];
    let wanted = topology(&resources);
    let made = plan(&wanted, &Default::default());
    assert!(made.refused.is_empty(), "{:?}", made.refused);
    assert!(
        number(&made, "security_group.b", "CreateSecurityGroup")
            < number(&made, "security_group.a", "AuthorizeSecurityGroupIngress")
    );
    let ended = destroy(&wanted, &live(&wanted));
    assert!(ended.refused.is_empty(), "{:?}", ended.refused);
    for (group, other) in [
        ("security_group.a", "security_group.b"),
        ("security_group.b", "security_group.a"),
    ] {
        assert!(
            number(&ended, group, "RevokeSecurityGroupIngress")
                < number(&ended, other, "DeleteSecurityGroup")
        );
    }
    assert!(
        number(&ended, "security_group.a", "DeleteSecurityGroup") < number(&ended, "vpc.main", "DeleteVpc")
    );
}

#[test]
fn destroy_detaches_the_gateway_only_after_public_addresses_are_gone() {
    let wanted = topology(&with_nat());
    let plan = destroy(&wanted, &live(&wanted));
    assert_eq!(plan.summary().delete, wanted.resources.len());
    let at = |address, call| number(&plan, address, call);
    let detach = at("internet_gateway.main", "DetachInternetGateway");
    assert!(at("nat_gateway.main", "DeleteNatGateway") < detach);
    assert!(at("instance.bastion", "TerminateInstances") < detach);
    assert!(at("nat_gateway.main", "DeleteNatGateway") < at("elastic_ip.nat", "ReleaseAddress"));
    assert!(at("vpc_endpoint.s3", "DeleteVpcEndpoints") < at("route_table.private", "DeleteRouteTable"));
    let vpc = at("vpc.main", "DeleteVpc");
    assert!(
        ["subnet.public", "subnet.private"]
            .iter()
            .all(|subnet| at(subnet, "DeleteSubnet") < vpc)
            && detach < vpc
    );
}

#[test]
fn removing_a_line_is_a_change_and_removing_a_resource_a_deletion() {
    let there = live(&topology(&with(
        seed(),
        "subnet.public",
        "map_public_ip_on_launch",
        json!(true),
    )));
    let mut less = seed();
    less.retain(|(address, _)| *address != "vpc_endpoint.s3");
    let plan = plan(&topology(&less), &there);
    assert_eq!(changes(&plan), ["Update subnet.public", "Delete vpc_endpoint.s3"]);
}

#[test]
fn a_new_key_under_the_same_name_does_not_replace_the_instances() {
    let wanted = topology(&with(
        seed(),
        "key_pair.key",
        "public_key",
        json!("ssh-ed25519 BBBB"),
    ));
    let plan = plan(&wanted, &live(&topology(&seed())));
    assert_eq!(changes(&plan), ["Replace key_pair.key"]);
    assert_eq!(plan.changes[0].order, Some(Order::DeleteFirst));
}

#[test]
fn two_claimants_of_one_address_are_refused_with_what_depends_on_it() {
    let wanted = topology(&with(seed(), "route_table.public", "routes", json!([])));
    let mut there = live(&topology(&seed()));
    let mut copy = there
        .objects
        .iter()
        .find(|object| object.id.starts_with("vpc-"))
        .unwrap()
        .clone();
    copy.id = "vpc-ffffffff".into();
    there.objects.push(copy);
    let plan = plan(&wanted, &there);
    assert_eq!(plan.refused.len(), 1);
    assert_eq!(
        (plan.refused[0].guard, plan.refused[0].address.as_str()),
        ("double_claim", "vpc.main")
    );
    assert!(plan.changes.is_empty(), "{:?}", changes(&plan));
}

#[test]
fn what_others_hold_is_refused_and_never_touched() {
    let wanted = topology(&seed());
    let mut there = live(&topology(&[("vpc.main", json!({"cidr_block": "10.0.0.0/16"}))]));
    let mut key = live(&topology(&[("key_pair.key", json!({"key_name": "key"}))]))
        .objects
        .remove(0);
    key.owner = None;
    there.objects.push(key);
    let plan = plan(&wanted, &there);
    assert_eq!(
        (plan.refused[0].guard, plan.refused[0].address.as_str()),
        ("foreign", "key_pair.key")
    );
    assert!(
        !plan
            .changes
            .iter()
            .any(|change| change.address.to_string() == "key_pair.key")
    );
}

#[test]
fn what_somebody_else_holds_is_told_as_it_is() {
    let wanted = topology(&with(
        seed(),
        "subnet.private",
        "cidr_block",
        json!("10.0.2.0/25"),
    ));
    let mut there = live(&topology(&seed()));
    let other = there
        .objects
        .iter_mut()
        .find(|o| {
            o.owner
                .as_ref()
                .is_some_and(|owner| owner.address == "subnet.private")
        })
        .unwrap();
    other.owner = None;
    let id = other.id.clone();
    let plan = plan(&wanted, &there);
    let refused = plan
        .refused
        .iter()
        .find(|refusal| refusal.guard == "foreign")
        .unwrap();
    let told =
        format!("{id} has 10.0.2.0/24 in vpc.main already, so nothing else can have 10.0.2.0/25 in vpc.main");
    assert!(refused.why.starts_with(&told), "{}", refused.why);
}

#[test]
fn protection_refuses_replacing_stopping_and_deleting_even_when_the_spec_forgot_it() {
    let protected = |value| with(seed(), "instance.bastion", "protect", value);
    let there = live(&topology(&protected(json!(true))));
    let replace = topology(&with(
        protected(json!(true)),
        "instance.bastion",
        "image",
        json!("ami-0d6621c01e8c2de2c"),
    ));
    let stop = topology(&with(
        protected(json!(true)),
        "instance.bastion",
        "instance_type",
        json!("t3.micro"),
    ));
    let mut without = seed();
    without.retain(|(address, _)| *address != "instance.bastion");
    for wanted in [replace, stop, topology(&without)] {
        let plan = plan(&wanted, &there);
        assert_eq!(
            (plan.refused[0].guard, plan.refused[0].address.as_str()),
            ("protected", "instance.bastion")
        );
        assert!(plan.steps.is_empty(), "{:?}", steps(&plan));
    }
    let unprotect = plan(&topology(&seed()), &there);
    assert_eq!(steps(&unprotect).len(), 1);
    assert_eq!(unprotect.changes[0].action, Action::Update);
}

#[test]
fn what_is_made_to_be_stopped_is_protected_last_so_that_a_launch_that_was_cut_off_can_go_on() {
    let stopped = with(seed(), "instance.bastion", "state", json!("stopped"));
    let wanted = topology(&with(stopped.clone(), "instance.bastion", "protect", json!(true)));
    let last = |plan: &Plan| {
        let of_bastion = plan
            .steps
            .iter()
            .filter(|step| step.address.to_string() == "instance.bastion");
        of_bastion
            .map(|step| (step.call.action, step.ownership.get("trueup:protect").is_some()))
            .collect::<Vec<_>>()
    };
    let whole = last(&plan(&wanted, &Observed::default()));
    assert_eq!(whole[0], ("RunInstances", false));
    assert_eq!(
        whole[whole.len() - 2..],
        [("StopInstances", false), ("CreateTags", false)]
    );
    // It runs, and is not protected yet.
    let cut_off = plan(&wanted, &live(&topology(&seed())));
    assert!(cut_off.refused.is_empty(), "{:?}", cut_off.refused);
    assert_eq!(last(&cut_off), [("StopInstances", false), ("CreateTags", false)]);
    // What is protected already is not stopped.
    let there = live(&topology(&with(
        seed(),
        "instance.bastion",
        "protect",
        json!(true),
    )));
    assert_eq!(plan(&wanted, &there).refused[0].guard, "protected");
}

#[test]
fn a_kind_that_cannot_be_read_is_unknown_and_not_absent() {
    let wanted = topology(&with(
        seed(),
        "subnet.public",
        "map_public_ip_on_launch",
        json!(true),
    ));
    let mut there = live(&topology(&seed()));
    let table = trueup_model::Kind::RouteTable;
    there.objects.retain(|object| object.kind != table);
    there.unreadable.insert(table, "UnauthorizedOperation".into());
    let partly = plan(&wanted, &there);
    assert_eq!(changes(&partly), ["Update subnet.public"]);
    let fresh = plan(
        &wanted,
        &Observed {
            unreadable: there.unreadable.clone(),
            ..Default::default()
        },
    );
    let kinds: Vec<String> = changes(&fresh);
    assert!(
        !kinds
            .iter()
            .any(|line| line.contains("route_table") || line.contains("subnet") || line.contains("instance")),
        "{kinds:?}"
    );
}

#[test]
fn groups_that_name_each_other_wait_for_what_cannot_be_read_and_planning_ends() {
    let from = |name: &str| json!([{"protocol": "tcp", "port": "22", "security_group": name}]);
    let circle = with(
        seed(),
        "security_group.bastion-sg",
        "ingress",
        from("security_group.private-sg"),
    );
    let circle = with(
        circle,
        "security_group.private-sg",
        "ingress",
        from("security_group.private-sg"),
    );
    for unread in Kind::ALL {
        let there = Observed {
            unreadable: [(unread, "UnauthorizedOperation".into())].into(),
            ..Default::default()
        };
        let made = changes(&plan(&topology(&circle), &there));
        let waits = matches!(unread, Kind::Vpc | Kind::SecurityGroup);
        assert_eq!(
            made.iter().any(|line| line.starts_with("Create security_group")),
            !waits,
            "{unread}: {made:?}"
        );
    }
}

#[test]
fn what_is_left_of_a_replacement_is_deleted_or_takes_its_address_back() {
    let wanted = topology(&seed());
    let mut there = live(&wanted);
    let mut old = there
        .objects
        .iter()
        .find(|object| object.id.starts_with("subnet-"))
        .unwrap()
        .clone();
    old.owner.as_mut().unwrap().retiring = Some("1".into());
    old.id = "subnet-ffffffff".into();
    there.objects.push(old);
    let left = plan(&wanted, &there);
    assert_eq!(steps(&left), ["subnet.private DeleteSubnet subnet-ffffffff"]);

    let mut marked = live(&wanted);
    marked
        .objects
        .iter_mut()
        .find(|object| object.id.starts_with("subnet-"))
        .unwrap()
        .owner
        .as_mut()
        .unwrap()
        .retiring = Some("1".into());
    let back = plan(&wanted, &marked);
    assert_eq!(back.steps.len(), 1, "{:?}", steps(&back));
    assert_eq!(back.steps[0].call.action, "DeleteTags");

    // Whoever asks who can talk to whom sees it as the plan does.
    let retiring = |observed: &Observed| {
        let marked = |object: &&Object| {
            object
                .owner
                .as_ref()
                .is_some_and(|owner| owner.retiring.is_some())
        };
        observed
            .objects
            .iter()
            .filter(marked)
            .map(|object| object.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(retiring(&held(&wanted, &there)), ["subnet-ffffffff"]);
    assert_eq!(
        (retiring(&marked).len(), retiring(&held(&wanted, &marked)).len()),
        (1, 0)
    );
    assert!(matches!(
        held(&wanted, &live(&wanted)),
        std::borrow::Cow::Borrowed(_)
    ));
}

#[test]
fn the_wrong_account_or_region_is_refused_whole() {
    let mut wanted = topology(&seed());
    wanted.account = Some("999999999999".into());
    wanted.region = Some("eu-west-1".into());
    let plan = plan(&wanted, &live(&topology(&[])));
    let guards: Vec<&str> = plan.refused.iter().map(|refusal| refusal.guard).collect();
    assert_eq!(guards, ["account", "region"]);
    assert!(plan.steps.is_empty());
}

#[test]
fn an_instance_that_someone_stopped_is_started_again() {
    let wanted = topology(&seed());
    let mut there = live(&wanted);
    there
        .objects
        .iter_mut()
        .find(|object| object.id.starts_with("i-"))
        .unwrap()
        .record
        .set("state", "stopped");
    let plan = plan(&wanted, &there);
    let calls: Vec<&str> = plan.steps.iter().map(|step| step.call.action).collect();
    assert_eq!(calls, ["StartInstances"]);
}

#[test]
fn a_destroy_spares_what_the_spec_protects_even_before_an_apply() {
    let live = live(&topology(&seed()));
    let mut protected = topology(&seed());
    let first = protected.resources.keys().next().cloned().unwrap();
    protected.resources.get_mut(&first).unwrap().protect = true;
    let plan = trueup_plan::destroy(&protected, &live);
    assert!(
        plan.refused
            .iter()
            .any(|refusal| refusal.guard == "protected" && refusal.address == first.to_string()),
        "{:?}",
        plan.refused
    );
}

#[test]
fn what_the_spec_names_by_its_id_is_not_deleted_with_its_address() {
    let live = live(&topology(&seed()));
    let vpc = live
        .objects
        .iter()
        .find(|object| object.kind == Kind::Vpc)
        .unwrap()
        .id
        .clone();
    let mut wanted = topology(&seed());
    let main = "vpc.main".parse().unwrap();
    wanted.resources.remove(&main);
    for resource in wanted.resources.values_mut() {
        if resource.record.get("vpc").is_some() {
            resource.record.set("vpc", Value::Ref(Ref::Id(vpc.clone())));
        }
    }
    let plan = trueup_plan::plan(&wanted, &live);
    assert!(
        plan.refused
            .iter()
            .any(|refusal| refusal.guard == "in_use" && refusal.address == "vpc.main"),
        "{:?}",
        plan.refused
    );
    assert!(plan.steps.iter().all(|step| step.call.action != "DeleteVpc"));
}

#[test]
fn what_an_interrupted_replacement_left_over_goes_by_the_consent_to_it() {
    let mut live = live(&topology(&seed()));
    let holder = live
        .objects
        .iter()
        .find(|object| object.kind == Kind::Subnet)
        .cloned()
        .unwrap();
    let address = holder.owner.as_ref().unwrap().address.clone();
    let mut old = Object {
        id: "subnet-ffffffff".to_owned(),
        ..holder
    };
    old.owner.as_mut().unwrap().retiring = Some("token".to_owned());
    live.objects.push(old);
    let wanted = topology(&seed());
    let needs: Vec<String> = trueup_plan::consent::needs(&plan(&wanted, &live))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(needs, [format!("replace:{address}")]);
}

#[test]
fn a_budget_refuses_a_plan_that_ends_more() {
    let wanted = topology(&seed());
    let mut nothing = topology(&[]);
    let refused = |nothing: &trueup_model::Topology| plan(nothing, &live(&wanted)).refused;
    assert!(refused(&nothing).is_empty());
    nothing.max_deletes = Some(3);
    let refusals = refused(&nothing);
    assert_eq!(
        (refusals.len(), refusals[0].guard, refusals[0].address.as_str()),
        (1, "max_deletes", "test")
    );
    let all = wanted.resources.len();
    assert!(
        refusals[0].why.contains(&format!("ends {all} objects")) && refusals[0].why.contains("--max-deletes"),
        "{}",
        refusals[0].why
    );
    nothing.max_deletes = u32::try_from(all).ok();
    assert!(refused(&nothing).is_empty());
    // A destroy heeds it too, and is no plan that an apply could be given.
    let few = trueup_model::Topology {
        max_deletes: Some(3),
        ..wanted.clone()
    };
    assert_eq!(destroy(&few, &live(&wanted)).refused[0].guard, "max_deletes");
    let all = destroy(&wanted, &live(&wanted));
    assert!(all.refused.is_empty() && all.teardown);
    assert_ne!(all.fingerprint, plan(&topology(&[]), &live(&wanted)).fingerprint);
}

#[test]
fn what_two_runs_made_at_one_address_is_settled_and_copies_are_refused() {
    let wanted = topology(&seed());
    let mut observed = live(&wanted);
    let vpc = observed
        .objects
        .iter()
        .position(|object| object.kind == Kind::Vpc)
        .unwrap();
    let mut double = Object {
        id: "vpc-0000ffff".into(),
        ..observed.objects[vpc].clone()
    };
    let run = |object: &mut Object, run: &str| object.owner.as_mut().unwrap().run = Some(run.to_owned());
    run(&mut observed.objects[vpc], "a");
    run(&mut double, "b");
    observed.objects.push(double);
    let settled = plan(&wanted, &observed);
    assert!(settled.refused.is_empty(), "{:?}", settled.refused);
    // The one that nothing is in goes.
    assert_eq!(changes(&settled), ["Delete vpc.main"]);
    assert_eq!(settled.changes[0].id.as_deref(), Some("vpc-0000ffff"));
    run(observed.objects.last_mut().unwrap(), "a");
    assert_eq!(plan(&wanted, &observed).refused[0].guard, "double_claim");
}

#[test]
fn a_fixed_address_is_taken_before_ec2_gives_any_away() {
    let mut resources = with(seed(), "instance.bastion", "subnet", json!("subnet.private"));
    resources = with(
        resources,
        "instance.private-host",
        "private_ip_address",
        json!("10.0.2.4"),
    );
    resources.push((
        "nat_gateway.inner",
        json!({"subnet": "subnet.private", "connectivity_type": "private"}),
    ));
    let wanted = topology(&resources);
    let plan = plan(&wanted, &Default::default());
    let fixed = number(&plan, "instance.private-host", "RunInstances");
    for (address, call) in [
        ("instance.bastion", "RunInstances"),
        ("nat_gateway.inner", "CreateNatGateway"),
    ] {
        let any = number(&plan, address, call);
        let step = plan.steps.iter().find(|step| step.number == any).unwrap();
        assert!(step.after.contains(&fixed), "{address}: {:#?}", steps(&plan));
        assert!(
            step.why
                .iter()
                .any(|why| why.contains("10.0.2.4 in subnet.private before EC2 can give it away")),
            "{:?}",
            step.why
        );
    }
}
