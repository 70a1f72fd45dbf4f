//! Hosts that do the same work are stopped and replaced one after the other.

use std::num::NonZeroUsize;

use crate::world::{live, number, seed, steps, topology};
use serde_json::{Value as Json, json};
use trueup_model::{Order, Plan, StepReason, Topology};
use trueup_plan::plan;

type Resources = Vec<(&'static str, Json)>;

const APP: [&str; 3] = ["instance.app-a", "instance.app-b", "instance.app-c"];

fn host(ty: &str, subnet: &str, group: &str) -> Json {
    json!({"image": "ami-003634241a8fcdec0", "instance_type": ty, "subnet": subnet, "security_groups": [group],
           "key_pair": "key_pair.key"})
}

/// Three hosts called alike, each in a group of its own, and one that is like none of them.
fn hosts(ty: &str) -> Resources {
    let mut all = seed();
    for (name, group) in APP
        .into_iter()
        .zip(["security_group.a", "security_group.b", "security_group.c"])
    {
        all.push((group, json!({"vpc": "vpc.main", "description": "x"})));
        all.push((name, host(ty, "subnet.private", group)));
    }
    all.push((
        "security_group.other",
        json!({"vpc": "vpc.main", "description": "x"}),
    ));
    all.push((
        "instance.lonely",
        host(ty, "subnet.private", "security_group.other"),
    ));
    all
}

fn edited(after: &Resources, at_once: usize) -> Plan {
    let wanted = Topology {
        at_once: NonZeroUsize::new(at_once),
        ..topology(after)
    };
    plan(&wanted, &live(&topology(&hosts("t3.small"))))
}

fn at(plan: &Plan, host: &str, call: &str) -> usize {
    number(plan, host, call)
}

/// Whether one step is done before another one begins, whatever runs side by side.
fn waits(plan: &Plan, later: usize, earlier: usize) -> bool {
    plan.steps[later - 1]
        .after
        .iter()
        .any(|before| *before == earlier || waits(plan, *before, earlier))
}

#[test]
fn hosts_that_do_the_same_work_stop_one_at_a_time() {
    let plan = edited(&hosts("t3.large"), 1);
    for pair in APP.windows(2) {
        assert!(
            waits(
                &plan,
                at(&plan, pair[1], "StopInstances"),
                at(&plan, pair[0], "StartInstances")
            ),
            "{:#?}",
            steps(&plan)
        );
    }
    let told: Vec<(Vec<String>, usize)> = plan
        .turns
        .iter()
        .map(|turns| {
            (
                turns.hosts.iter().map(ToString::to_string).collect(),
                turns.at_once,
            )
        })
        .collect();
    assert_eq!(told, [(APP.map(str::to_owned).to_vec(), 1)]);
    // Who is like nobody waits for nobody.
    assert!(
        plan.steps[at(&plan, "instance.lonely", "StopInstances") - 1]
            .after
            .is_empty()
    );
    let why = &plan.steps[at(&plan, APP[1], "StopInstances") - 1].why;
    assert_eq!(why[0], StepReason::Turn("instance.app-a".parse().unwrap()));
}

#[test]
fn whoever_is_in_a_hurry_has_more_of_them_out_at_once_and_that_is_another_plan() {
    let (one, two, all) = (
        edited(&hosts("t3.large"), 1),
        edited(&hosts("t3.large"), 2),
        edited(&hosts("t3.large"), 9),
    );
    assert!(two.steps[at(&two, APP[1], "StopInstances") - 1].after.is_empty());
    assert!(waits(
        &two,
        at(&two, APP[2], "StopInstances"),
        at(&two, APP[0], "StartInstances")
    ));
    assert_eq!([&one, &two, &all].map(|plan| plan.turns[0].at_once), [1, 2, 3]);
    assert!(one.fingerprint != two.fingerprint && two.fingerprint != all.fingerprint);
}

#[test]
fn what_is_replaced_has_its_turn_too_and_what_goes_first_all_the_more() {
    let image = |mut resources: Resources| {
        for (_, attributes) in resources.iter_mut().filter(|(address, _)| APP.contains(address)) {
            attributes["image"] = json!("ami-0d6621c01e8c2de2c");
        }
        resources
    };
    let plan = edited(&image(hosts("t3.small")), 1);
    assert!(
        plan.changes
            .iter()
            .all(|change| change.order == Some(Order::CreateFirst))
    );
    for pair in APP.windows(2) {
        assert!(
            waits(
                &plan,
                at(&plan, pair[1], "RunInstances"),
                at(&plan, pair[0], "RunInstances")
            ),
            "{:#?}",
            steps(&plan)
        );
    }
    // A fixed address can be only one's: the old host goes first, and the next one waits until the new one is
    // there.
    let fixed = |mut resources: Resources| {
        for (address, attributes) in &mut resources {
            if let Some(last) = APP.iter().position(|app| app == address) {
                attributes["private_ip_address"] = json!(format!("10.0.2.{}", last + 10));
            }
        }
        resources
    };
    let wanted = topology(&image(fixed(hosts("t3.small"))));
    let plan = trueup_plan::plan(&wanted, &live(&topology(&fixed(hosts("t3.small")))));
    for pair in APP.windows(2) {
        let (gone, back) = (
            at(&plan, pair[1], "TerminateInstances"),
            at(&plan, pair[0], "RunInstances"),
        );
        assert!(waits(&plan, gone, back), "{:#?}", steps(&plan));
    }
}

#[test]
fn where_they_must_all_go_before_the_first_one_comes_back_the_plan_says_so() {
    let narrower = hosts("t3.small").into_iter().map(|(address, mut attributes)| {
        if address == "subnet.private" {
            attributes["cidr_block"] = json!("10.0.2.0/25");
        }
        (address, attributes)
    });
    let plan = edited(&narrower.collect(), 1);
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    assert_eq!(
        plan.turns.iter().map(|turns| turns.at_once).collect::<Vec<_>>(),
        [3]
    );
}

#[test]
fn what_is_to_stay_stopped_is_waited_for_by_nobody() {
    let stopped = hosts("t3.small").into_iter().map(|(address, mut attributes)| {
        if APP.contains(&address) {
            attributes["state"] = json!("stopped");
        }
        (address, attributes)
    });
    let plan = edited(&stopped.collect(), 1);
    assert!(
        plan.turns.is_empty() && plan.steps.iter().all(|step| step.after.is_empty()),
        "{:#?}",
        plan.steps
    );
}
