//! What EC2 itself protects from termination: a fact of a plan, and a consent of its own.

use crate::world::{live, seed, topology, with};
use serde_json::json;
use trueup_model::{Plan, Topology};
use trueup_plan::consent::{Allow, missing, needs};
use trueup_plan::{destroy, plan};

fn protected() -> Topology {
    topology(&with(
        seed(),
        "instance.bastion",
        "disable_api_termination",
        json!(true),
    ))
}

fn needed(plan: &Plan) -> Vec<String> {
    needs(plan)
        .iter()
        .map(ToString::to_string)
        .filter(|need| need.contains("instance"))
        .collect()
}

#[test]
fn to_lift_it_is_a_fact_and_a_consent_of_its_own() {
    let there = live(&protected());
    let image = with(seed(), "instance.bastion", "disable_api_termination", json!(true));
    let replaced = plan(
        &topology(&with(
            image,
            "instance.bastion",
            "image",
            json!("ami-0d6621c01e8c2de2c"),
        )),
        &there,
    );
    assert_eq!(
        needed(&replaced),
        ["replace:instance.bastion", "unprotect:instance.bastion"]
    );
    let lifts: Vec<_> = replaced
        .changes
        .iter()
        .filter_map(|change| change.lifts)
        .collect();
    assert_eq!(lifts, ["disable_api_termination"]);
    let allow = |words: &[&str]| {
        words
            .iter()
            .map(|word| word.parse().unwrap())
            .collect::<Vec<Allow>>()
    };
    assert_eq!(missing(&replaced, &allow(&["replace"])).len(), 1);
    assert!(missing(&replaced, &allow(&["replace", "unprotect:instance.bastion"])).is_empty());
    let destroyed = destroy(&protected(), &there);
    assert_eq!(
        needed(&destroyed),
        [
            "delete:instance.bastion",
            "unprotect:instance.bastion",
            "delete:instance.private-host"
        ]
    );
}

#[test]
fn what_the_spec_itself_turns_off_needs_none() {
    let plan = plan(
        &topology(&with(
            seed(),
            "instance.bastion",
            "disable_api_termination",
            json!(false),
        )),
        &live(&protected()),
    );
    assert_eq!(
        (plan.changes.len(), needed(&plan).len()),
        (1, 0),
        "{:#?}",
        plan.changes
    );
}
