//! What is full exchanges its members all the same: old ones make room, a few at a time, and the plan says
//! so.

use crate::world::{live, seed, topology, with};
use serde_json::{Value as Json, json};
use trueup_model::Attr;
use trueup_model::{Note, Plan};
use trueup_plan::{barrier, plan};

fn rules(from: usize, count: usize) -> Json {
    (from..from + count)
        .map(|port| json!({"protocol": "tcp", "port": port.to_string(), "cidr": "10.0.0.0/8"}))
        .collect()
}

fn edited(address: &str, attribute: &str, before: Json, after: Json) -> Plan {
    let plan = plan(
        &topology(&with(seed(), address, attribute, after)),
        &live(&topology(&with(seed(), address, attribute, before))),
    );
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    plan
}

/// How many come and go by each call.
fn exchange(plan: &Plan, attribute: &'static str) -> Vec<i64> {
    let set = Attr::new(attribute);
    let count = |list: usize| i64::try_from(list).unwrap();
    plan.steps
        .iter()
        .map(|step| count(step.call.sets.list(set).len()) - count(step.call.unsets.list(set).len()))
        .collect()
}

#[test]
fn a_full_group_takes_old_rules_away_first_a_few_at_a_time() {
    let plan = edited(
        "security_group.private-sg",
        "ingress",
        rules(1, 60),
        rules(16, 60),
    );
    assert_eq!(exchange(&plan, "ingress"), [-10, 10, -5, 5]);
    let Note::NoRoom {
        late, what, portion, ..
    } = &plan.changes[0].notes[0]
    else {
        panic!("{:?}", plan.changes[0].notes)
    };
    assert_eq!((*late, what.as_str(), *portion), (15, "ingress rules", 10));
}

#[test]
fn where_there_is_room_new_rules_come_first_and_nothing_is_said() {
    let plan = edited(
        "security_group.private-sg",
        "ingress",
        rules(1, 40),
        rules(21, 40),
    );
    assert_eq!(exchange(&plan, "ingress"), [20, -20]);
    assert!(plan.changes[0].notes.is_empty());
    // An account that has more already may have them again.
    let plan = edited(
        "security_group.private-sg",
        "ingress",
        rules(1, 80),
        rules(11, 70),
    );
    assert_eq!(exchange(&plan, "ingress"), [-10]);
}

#[test]
fn a_prefix_list_takes_as_much_room_as_it_may_hold() {
    let list = json!([{"protocol": "tcp", "port": "443", "prefix_list": "com.amazonaws.global.cloudfront.origin-facing"}]);
    let plan = edited("security_group.private-sg", "ingress", rules(1, 20), list);
    assert_eq!(exchange(&plan, "ingress"), [-10, -10, 1]);
}

#[test]
fn a_barrier_does_not_put_new_rules_before_the_room_for_them() {
    let mut plan = edited(
        "security_group.private-sg",
        "ingress",
        rules(1, 60),
        rules(16, 60),
    );
    assert!(barrier(&mut plan, &|_| true).is_ok());
    assert_eq!(exchange(&plan, "ingress"), [-10, 10, -5, 5]);
}

#[test]
fn a_full_table_and_a_full_acl_do_the_same_and_say_so() {
    let routes = |from: usize, count: usize| -> Json {
        let route = |n: usize| json!({"destination": format!("172.{}.{}.0/24", 16 + n / 256, n % 256), "internet_gateway": "internet_gateway.main"});
        (from..from + count).map(route).collect()
    };
    let plan = edited("route_table.public", "routes", routes(0, 500), routes(3, 500));
    assert_eq!(exchange(&plan, "routes"), [-1, -1, -1, 1, 1, 1]);
    assert!(
        matches!(&plan.changes[0].notes[..], [Note::NoRoom { late: 3, what, .. }] if what == "routes"),
        "{:?}",
        plan.changes[0].notes
    );
    let entries = |from: i64| -> Json {
        (from..from + 19).map(|number| json!({"rule_number": number, "action": "allow", "protocol": "all", "cidr": "10.0.0.0/8"})).collect()
    };
    let acl = |from: i64| {
        let mut resources = seed();
        resources.push((
            "network_acl.a",
            json!({"vpc": "vpc.main", "ingress": entries(from)}),
        ));
        topology(&resources)
    };
    let plan = trueup_plan::plan(&acl(101), &live(&acl(100)));
    assert_eq!(exchange(&plan, "ingress"), [-1, 1]);
    assert!(
        matches!(
            plan.changes[0].notes[..],
            [Note::AclFull {
                direction: "ingress",
                ..
            }]
        ),
        "{:?}",
        plan.changes[0].notes
    );
}
