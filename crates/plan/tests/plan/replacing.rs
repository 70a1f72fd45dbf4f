//! What is replaced: what comes first, what follows, and what is left over.

use crate::world::{changes, live, number, seed, steps, topology, with, with_nat};
use serde_json::json;
use trueup_model::{Disruption, Kind, Note, Object, Observed, Order, Standing};
use trueup_plan::{destroy, held, plan};

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
    let first = &host.because[0];
    assert_eq!(
        (first.address.to_string(), first.attribute.as_str()),
        ("subnet.private".to_owned(), "cidr_block"),
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
    assert!(
        !plan
            .steps
            .iter()
            .any(|step| step.call.action.name == "CreateTags")
    );
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
        .find(|step| step.call.action.name == "CreateSecurityGroup")
        .unwrap();
    assert!(
        create
            .call
            .sets
            .text(trueup_model::kinds::security_group::attr::GROUP_NAME)
            .starts_with("bastion-sg#"),
        "{}",
        create.call.sets
    );
    let called = create
        .call
        .sets
        .text(trueup_model::kinds::security_group::attr::GROUP_NAME);
    let told = Note::OtherName {
        attribute: "group_name".into(),
        name: called.into(),
        taken: "bastion-sg".into(),
    };
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
fn what_is_left_of_a_replacement_is_deleted_or_takes_its_address_back() {
    let wanted = topology(&seed());
    let mut there = live(&wanted);
    let mut old = there
        .objects
        .iter()
        .find(|object| object.id.starts_with("subnet-"))
        .unwrap()
        .clone();
    old.owner.as_mut().unwrap().standing = Standing::Retiring("1".into());
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
        .standing = Standing::Retiring("1".into());
    let back = plan(&wanted, &marked);
    assert_eq!(back.steps.len(), 1, "{:?}", steps(&back));
    assert_eq!(back.steps[0].call.action.name, "DeleteTags");

    // Whoever asks who can talk to whom sees it as the plan does.
    let retiring = |observed: &Observed| {
        let marked = |object: &&Object| object.owner.as_ref().is_some_and(|owner| !owner.standing.holds());
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
    old.owner.as_mut().unwrap().standing = Standing::Retiring("token".to_owned());
    live.objects.push(old);
    let wanted = topology(&seed());
    let needs: Vec<String> = trueup_plan::consent::needs(&plan(&wanted, &live))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(needs, [format!("replace:{address}")]);
}
