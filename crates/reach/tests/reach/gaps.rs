//! Gaps that show only when several steps have taken something and one that gives it back is late.

use serde_json::{Value as Json, json};
use trueup_model::kinds::security_group::action;
use trueup_model::{Address, Kind, Plan, Record, Step, StepAction, Topology, json::record};
use trueup_reach::{BeforeAfter, report_gaps};

use crate::common::spec::{live, seed, spec};

const GROUPS: [&str; 4] = ["one", "two", "three", "four"];

/// The private host lets database clients in by each of its three first groups; the fourth is about something
/// else.
fn topology(ingress: [Json; 4]) -> Topology {
    let mut resources = seed();
    let names = [
        "security_group.one",
        "security_group.two",
        "security_group.three",
        "security_group.four",
    ];
    for (name, rule) in names.into_iter().zip(ingress) {
        resources.push((
            name,
            json!({"vpc": "vpc.main", "description": "D", "ingress": [rule]}),
        ));
    }
    for (address, attributes) in &mut resources {
        if *address == "instance.private-host" {
            attributes["security_groups"] = json!(names);
        }
    }
    spec(&resources)
}

fn clients(range: &str) -> Json {
    json!({"protocol": "tcp", "port": "5432", "cidr": range})
}

fn others(port: &str) -> Json {
    json!({"protocol": "tcp", "port": port, "cidr": "10.9.0.0/16"})
}

/// A step of a group that gives or takes a rule.
fn step(number: usize, wanted: &Topology, group: &str, gives: bool, rule: &Json, after: Vec<usize>) -> Step {
    let address: Address = format!("security_group.{group}").parse().unwrap();
    let id = live(wanted).objects.into_iter().find(|object| {
        object
            .owner
            .as_ref()
            .is_some_and(|owner| owner.address == address.to_string())
    });
    let rules = record(
        &json!({"ingress": [rule]}),
        Kind::SecurityGroup.schema().attributes,
    );
    let (sets, unsets) = if gives {
        (rules, Record::new())
    } else {
        (Record::new(), rules)
    };
    let action = if gives {
        action::AUTHORIZE_INGRESS
    } else {
        action::REVOKE_INGRESS
    };
    Step {
        number,
        action: StepAction::Update,
        address,
        target: Some(id.unwrap().id),
        replaces: None,
        ownership: Record::new(),
        call: action.setting(sets).unsetting(unsets),
        after,
        yields: Vec::new(),
        why: Vec::new(),
        source: None,
    }
}

/// Who cannot reach whom in between, and because of whom. The first three groups lose their old rule at once;
/// the first one gets its new one, and the fourth waits for that.
fn gaps() -> Vec<String> {
    let [old, new] = ["10.0.0.0/16", "10.0.0.0/17"].map(clients);
    let before = topology([old.clone(), old.clone(), old.clone(), others("80")]);
    let after = topology([new.clone(), others("81"), others("82"), others("83")]);
    let observed = live(&before);
    let mut steps: Vec<Step> = GROUPS
        .into_iter()
        .zip([old.clone(), old.clone(), old, others("80")])
        .enumerate()
        .map(|(place, (group, rule))| step(place + 2, &after, group, false, &rule, Vec::new()))
        .collect();
    steps.insert(0, step(1, &after, "one", true, &new, Vec::new()));
    steps[4].after = vec![1];
    let mut plan = Plan {
        steps,
        ..Plan::default()
    };
    let networks = BeforeAfter::in_any_case(&plan, &after, &observed);
    report_gaps(&mut plan, &after, &observed, &networks);
    let reported = plan.reachability.unwrap_or_default();
    assert_eq!((reported.gaps_more, reported.gaps_unlooked), (0, 0));
    let line = |gap: &trueup_model::ReachChange| {
        format!(
            "{} -> {} {} ({})",
            gap.from.join("+"),
            gap.to.join("+"),
            gap.over,
            gap.because.join("+")
        )
    };
    reported.gaps.iter().map(line).collect()
}

#[test]
fn three_takes_and_a_late_give_make_a_gap() {
    // One take, or two, leave a rule that lets the clients in, and all of them together come after what
    // gives.
    let late = "instance.bastion -> instance.private-host tcp/5432 (security_group.one)";
    assert_eq!(gaps(), [late]);
}
