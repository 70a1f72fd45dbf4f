//! Steps one after the other, in an order in which every state is fine.

use crate::world::{changes, live, number, seed, steps, topology, with};
use serde_json::{Value as Json, json};
use trueup_model::{Plan, Step, Stuck};
use trueup_plan::barrier;

type Resources = Vec<(&'static str, Json)>;

fn planned(before: &Resources, after: &Resources) -> Plan {
    trueup_plan::plan(&topology(after), &live(&topology(before)))
}

fn has(done: &[&Step], address: &str, call: &str) -> bool {
    done.iter()
        .any(|step| step.address.to_string() == address && step.call.action.name == call)
}

/// Another port for the bastion, and a tag and a route elsewhere.
fn edited() -> Plan {
    let rule = json!([{"protocol": "tcp", "port": "443", "cidr": "0.0.0.0/0"}]);
    let route = json!([{"destination": "0.0.0.0/0", "internet_gateway": "internet_gateway.main"}]);
    let after = with(seed(), "security_group.bastion-sg", "ingress", rule);
    let after = with(after, "route_table.private", "routes", route);
    planned(
        &seed(),
        &with(after, "vpc.main", "tags", json!({"team": "network"})),
    )
}

#[test]
fn where_every_state_is_fine_the_order_is_the_usual_one_and_steps_that_packets_feel_are_in_a_row() {
    let usual = edited();
    let mut plan = usual.clone();
    assert_eq!(barrier(&mut plan, &|_| true), Ok(Vec::new()));
    assert_eq!(steps(&plan), steps(&usual));
    let after = |address: &str, call: &str| plan.steps[number(&plan, address, call) - 1].after.clone();
    let route = number(&plan, "route_table.private", "CreateRoute");
    assert_eq!(
        after("security_group.bastion-sg", "AuthorizeSecurityGroupIngress"),
        [route]
    );
    // A tag of a VPC is nothing to packets, and waits for nobody.
    assert_eq!(after("vpc.main", "CreateTags"), [0_usize; 0]);
    assert_ne!(plan.fingerprint, usual.fingerprint);
}

#[test]
fn a_step_waits_where_it_is_too_early_and_says_so() {
    let mut plan = edited();
    let (group, revoke, authorize) = (
        "security_group.bastion-sg",
        "RevokeSecurityGroupIngress",
        "AuthorizeSecurityGroupIngress",
    );
    // Nothing may be let in, and nobody let out, before the old rule is gone.
    let is_fine = |done: &[&Step]| {
        let opens = has(done, group, authorize) || has(done, "route_table.private", "CreateRoute");
        !opens || has(done, group, revoke)
    };
    let waiting = barrier(&mut plan, &is_fine).unwrap();
    let numbers = [
        number(&plan, "route_table.private", "CreateRoute"),
        number(&plan, group, authorize),
    ];
    assert_eq!(waiting, numbers);
    assert!(number(&plan, group, revoke) < number(&plan, "route_table.private", "CreateRoute"));
    assert!(number(&plan, "route_table.private", "CreateRoute") < number(&plan, group, authorize));
    let waits: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| !step.why.is_empty())
        .map(|step| format!("{} {}", step.address, step.call.action.name))
        .collect();
    assert_eq!(
        waits,
        [
            "route_table.private CreateRoute",
            "security_group.bastion-sg AuthorizeSecurityGroupIngress"
        ]
    );
    for (place, step) in plan.steps.iter().enumerate() {
        assert!(
            step.number == place + 1 && step.after.iter().all(|number| *number <= place),
            "{step:?}"
        );
    }
}

#[test]
fn an_earlier_choice_is_taken_back_where_it_leads_nowhere() {
    let mut plan = edited();
    let group = "security_group.bastion-sg";
    // The route first, as is usual, is fine by itself, and after it none of the rules may change.
    let is_fine = |done: &[&Step]| {
        let rules = [
            has(done, group, "AuthorizeSecurityGroupIngress"),
            has(done, group, "RevokeSecurityGroupIngress"),
        ];
        !has(done, "route_table.private", "CreateRoute") || rules[0] == rules[1]
    };
    assert!(barrier(&mut plan, &is_fine).is_ok());
    assert_eq!(
        number(&plan, "route_table.private", "CreateRoute"),
        plan.steps.len(),
        "{:#?}",
        steps(&plan)
    );
}

#[test]
fn where_there_is_no_such_order_the_plan_stays_as_it_is() {
    let usual = edited();
    let mut plan = usual.clone();
    let is_fine = |done: &[&Step]| {
        !has(done, "route_table.private", "CreateRoute")
            && !has(done, "security_group.bastion-sg", "RevokeSecurityGroupIngress")
    };
    // A tag and a new rule are all that can be done.
    let stuck = barrier(&mut plan, &is_fine).unwrap_err();
    let told = |numbers: &[usize]| {
        numbers
            .iter()
            .map(|number| steps(&usual)[number - 1].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!((told(&stuck.done).len(), stuck.given_up), (2, None), "{stuck:?}");
    assert!(
        told(&stuck.next).iter().any(|step| step.contains("CreateRoute")),
        "{stuck:?} {:#?}",
        steps(&usual)
    );
    assert_eq!(
        (steps(&plan), changes(&plan), &plan.fingerprint),
        (steps(&usual), changes(&usual), &usual.fingerprint)
    );
}

#[test]
fn what_a_reference_demands_stays_in_order_when_calls_of_one_group_change_places() {
    // A new host needs the group with all its rules, whichever of them comes last.
    let host = json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "subnet.public",
                      "security_groups": ["security_group.bastion-sg"], "key_pair": "key_pair.key", "associate_public_ip_address": true});
    let rules = json!([{"protocol": "tcp", "port": "443", "cidr": "0.0.0.0/0"}]);
    let mut after = with(seed(), "security_group.bastion-sg", "ingress", rules.clone());
    after = with(after, "security_group.bastion-sg", "egress", rules);
    after.push(("instance.new", host));
    let mut plan = planned(&seed(), &after);
    let group = "security_group.bastion-sg";
    let is_fine = |done: &[&Step]| {
        !has(done, group, "AuthorizeSecurityGroupIngress") || has(done, group, "RevokeSecurityGroupIngress")
    };
    assert!(barrier(&mut plan, &is_fine).is_ok());
    let launch = number(&plan, "instance.new", "RunInstances");
    for call in ["AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"] {
        assert!(number(&plan, group, call) < launch, "{:#?}", steps(&plan));
    }
}

/// A plan of so many steps that packets feel and that wait for nothing.
fn long(count: usize) -> Plan {
    let mut plan = edited();
    let route = plan.steps[number(&plan, "route_table.private", "CreateRoute") - 1].clone();
    plan.steps = (1..=count)
        .map(|number| Step {
            number,
            after: Vec::new(),
            ..route.clone()
        })
        .collect();
    plan
}

#[test]
fn a_long_plan_has_an_order_where_its_states_are_fine() {
    let mut plan = long(2100);
    assert_eq!(barrier(&mut plan, &|_| true), Ok(Vec::new()));
    assert_eq!(plan.steps[2099].after, [2099]);
}

#[test]
fn a_search_that_leads_nowhere_is_given_up_and_says_so() {
    let usual = long(30);
    let mut plan = usual.clone();
    // Two steps can never be done, and the others in any order.
    let Stuck { done, next, given_up } = barrier(&mut plan, &|done| {
        done.iter().all(|step| !matches!(step.number, 7 | 8))
    })
    .unwrap_err();
    assert_eq!((done.len(), next, given_up), (28, vec![7, 8], Some(2000)));
    assert_eq!(steps(&plan), steps(&usual));
    // Only the very last states fail, so that most of what leads nowhere was fine when it was asked about.
    let stuck = barrier(&mut plan, &|done| done.len() < 29).unwrap_err();
    assert_eq!((stuck.done.len(), stuck.given_up), (28, Some(2000)));
}
