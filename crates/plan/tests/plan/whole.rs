//! What planning decides, told as small stories over whole networks.

use crate::world::{changes, live, number, seed, steps, topology, with, with_nat};
use serde_json::json;
use trueup_model::{Kind, Observed, Order, StepReason};
use trueup_plan::{destroy, plan};

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
        );
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
        run.call.action.name == "RunInstances" && run.after.contains(&revoked),
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

/// What was approved stays approved by a version that only says it more nicely: these change where a plan does
/// something else, and else never.
#[test]
fn a_fingerprint_is_this_for_ever() {
    let guarded = json!({"vpc": "vpc.main", "description": "Guarded", "ingress": [
        {"protocol": "tcp", "port": "22", "cidr": "10.0.0.0/8"},
        {"protocol": "icmp", "icmp_type": 8, "security_group": "security_group.guarded"},
    ]});
    let resources = [
        ("vpc.main", json!({"cidr_block": "10.0.0.0/16"})),
        ("security_group.guarded", guarded),
    ];
    let made = plan(&topology(&resources), &Default::default());
    assert_eq!(
        made.fingerprint,
        "sha256:baef975b77c9dc6a6f9897bd3683ec0ef55f3cf0afb222096e69281b1e9989c5"
    );
    let ended = destroy(&topology(&resources), &live(&topology(&resources)));
    assert_eq!(
        ended.fingerprint,
        "sha256:3cbfab2b44f06145b4bb387f6c0aedd9ce19a901b94c65379fd0d80761bfb669"
    );
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
    let calls: Vec<&str> = plan.steps.iter().map(|step| step.call.action.name).collect();
    assert_eq!(calls, ["StartInstances"]);
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
                .any(|why| matches!(why, StepReason::TakenFirst { by, what }
                if by.to_string() == "instance.private-host" && what.contains("10.0.2.4 in subnet.private"))),
            "{:?}",
            step.why
        );
    }
}
