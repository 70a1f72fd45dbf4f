//! What is new is there before anybody moves to it, and what is old goes after everybody has moved.

use crate::world::{live, number, seed, steps, topology, with};
use serde_json::{Value as Json, json};
use trueup_model::{Plan, Step};
use trueup_plan::{barrier, plan};

type Resources = Vec<(&'static str, Json)>;

fn edited(before: &Resources, after: &Resources) -> Plan {
    let plan = plan(&topology(after), &live(&topology(before)));
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    plan
}

/// The steps with this call for this address, as a test of their call picks them.
fn the(plan: &Plan, address: &str, is: impl Fn(&Step) -> bool) -> usize {
    let found = plan
        .steps
        .iter()
        .find(|step| step.address.to_string() == address && is(step));
    found.unwrap_or_else(|| panic!("{:#?}", steps(plan))).number
}

fn adds(step: &Step) -> bool {
    !step.call.sets.is_empty()
}

fn takes(step: &Step) -> bool {
    !step.call.unsets.is_empty() && step.call.sets.is_empty()
}

#[test]
fn an_endpoint_that_moves_with_its_subnet_is_in_both_tables_meanwhile() {
    let mut after = with(seed(), "subnet.private", "route_table", json!("route_table.new"));
    after = with(
        after,
        "vpc_endpoint.s3",
        "route_tables",
        json!(["route_table.new"]),
    );
    after.push(("route_table.new", json!({"vpc": "vpc.main"})));
    let plan = edited(&seed(), &after);
    let moved = number(&plan, "subnet.private", "ReplaceRouteTableAssociation");
    assert!(
        the(&plan, "vpc_endpoint.s3", adds) < moved && moved < the(&plan, "vpc_endpoint.s3", takes),
        "{:#?}",
        steps(&plan)
    );
    assert!(
        plan.steps[moved - 1]
            .after
            .contains(&the(&plan, "vpc_endpoint.s3", adds))
    );
    assert!(
        plan.steps[the(&plan, "vpc_endpoint.s3", takes) - 1]
            .after
            .contains(&moved)
    );
}

#[test]
fn two_endpoints_that_swap_their_tables_give_up_before_they_take() {
    let mut before = with(
        seed(),
        "vpc_endpoint.s3",
        "route_tables",
        json!(["route_table.private"]),
    );
    let service = "com.amazonaws.us-west-2.s3";
    before.push((
        "vpc_endpoint.other",
        json!({"vpc": "vpc.main", "service": service, "route_tables": ["route_table.public"]}),
    ));
    let after = with(
        before.clone(),
        "vpc_endpoint.s3",
        "route_tables",
        json!(["route_table.public"]),
    );
    let after = with(
        after,
        "vpc_endpoint.other",
        "route_tables",
        json!(["route_table.private"]),
    );
    let plan = edited(&before, &after);
    let (s3, other) = ("vpc_endpoint.s3", "vpc_endpoint.other");
    assert!(
        the(&plan, other, takes) < the(&plan, s3, adds) && the(&plan, s3, takes) < the(&plan, other, adds),
        "{:#?}",
        steps(&plan)
    );
}

/// A host that moves to another group, with the rule of a third group that is for it.
fn moving() -> Plan {
    let rule = |group: &str| json!([{"protocol": "tcp", "port": "22", "security_group": group}]);
    let mut before = seed();
    before.push((
        "security_group.new",
        json!({"vpc": "vpc.main", "description": "x"}),
    ));
    let after = with(
        before.clone(),
        "instance.bastion",
        "security_groups",
        json!(["security_group.new"]),
    );
    edited(
        &before,
        &with(
            after,
            "security_group.private-sg",
            "ingress",
            rule("security_group.new"),
        ),
    )
}

#[test]
fn a_rule_for_a_new_group_is_there_before_its_host_comes_and_the_old_one_until_it_has_left() {
    let plan = moving();
    let moved = number(&plan, "instance.bastion", "ModifyNetworkInterfaceAttribute");
    let group = "security_group.private-sg";
    assert!(
        waits(
            &plan,
            moved,
            number(&plan, group, "AuthorizeSecurityGroupIngress")
        ),
        "{:#?}",
        steps(&plan)
    );
    assert!(
        waits(&plan, number(&plan, group, "RevokeSecurityGroupIngress"), moved),
        "{:#?}",
        steps(&plan)
    );
}

fn waits(plan: &Plan, later: usize, earlier: usize) -> bool {
    plan.steps[later - 1]
        .after
        .iter()
        .any(|before| *before == earlier || waits(plan, *before, earlier))
}

#[test]
fn a_table_loses_its_routes_after_its_subnets_have_left_it() {
    let to_internet = json!([{"destination": "0.0.0.0/0", "internet_gateway": "internet_gateway.main"}]);
    let before = with(seed(), "route_table.private", "routes", to_internet);
    let after = with(
        before.clone(),
        "subnet.private",
        "route_table",
        json!("route_table.public"),
    );
    let plan = edited(&before, &with(after, "route_table.private", "routes", json!([])));
    let moved = number(&plan, "subnet.private", "ReplaceRouteTableAssociation");
    assert!(
        waits(&plan, number(&plan, "route_table.private", "DeleteRoute"), moved),
        "{:#?}",
        steps(&plan)
    );
}

#[test]
fn what_must_stay_closed_comes_before_what_is_to_work_meanwhile() {
    let mut plan = moving();
    let (group, authorize) = ("security_group.private-sg", "AuthorizeSecurityGroupIngress");
    let usual = number(&plan, group, authorize);
    // The new rule may be there only when the host has moved.
    let is_fine = |done: &[&Step]| {
        let has = |call: &str| done.iter().any(|step| step.call.action.name == call);
        !has(authorize) || has("ModifyNetworkInterfaceAttribute")
    };
    let waiting = barrier(&mut plan, &is_fine).unwrap();
    assert!(
        usual < number(&plan, group, authorize) && waiting.contains(&number(&plan, group, authorize)),
        "{:#?}",
        steps(&plan)
    );
    assert!(plan.steps.iter().all(|step| step.yields.is_empty()));
}
