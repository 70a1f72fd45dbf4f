//! What could not be read of a live object: unknown, and no reason to do anything.

use crate::world::{changes, live, seed, topology, with};
use serde_json::json;
use trueup_model::{Object, Observed};
use trueup_plan::{destroy, plan};

/// The seed, live, with one attribute of one object that could not be read.
fn unread_in(there: &mut Observed, address: &str, attribute: &str) {
    let is_it = |object: &&mut Object| object.address("test").is_some_and(|is| is.to_string() == address);
    let object = there.objects.iter_mut().find(is_it).unwrap();
    object.record.remove(attribute);
    object
        .unread
        .insert(attribute.into(), format!("EC2 did not say {attribute}"));
}

#[test]
fn an_attribute_that_cannot_be_read_is_unknown_and_not_another_value() {
    let wanted = topology(&seed());
    for (address, object) in live(&wanted)
        .objects
        .iter()
        .filter_map(|object| Some((object.address("test")?, object.clone())))
    {
        for attribute in address
            .kind
            .schema()
            .attributes
            .iter()
            .filter(|attribute| !attribute.input)
        {
            let mut there = live(&wanted);
            unread_in(&mut there, &address.to_string(), attribute.name);
            let plan = plan(&wanted, &there);
            assert_eq!(changes(&plan), [""; 0], "{address} {}", attribute.name);
            // What the spec leaves to EC2 need not be known.
            let counts = wanted.resources[&address].record.has(attribute.name) || !attribute.is_auto();
            assert_eq!(plan.is_complete(), !counts, "{address} {}", attribute.name);
            assert_eq!(
                plan.kept.contains(&address),
                !counts,
                "{address} {}",
                attribute.name
            );
            let told: Vec<_> = plan
                .unread
                .iter()
                .map(|unread| (unread.id.as_str(), unread.attribute.as_str()))
                .collect();
            assert_eq!(
                told,
                if counts {
                    vec![(object.id.as_str(), attribute.name)]
                } else {
                    Vec::new()
                }
            );
            // What is not whole is not deleted either.
            let gone = destroy(&wanted, &there);
            assert!(
                !gone.is_complete() && !changes(&gone).contains(&format!("Delete {address}")),
                "{address} {}",
                attribute.name
            );
        }
    }
}

#[test]
fn a_state_that_cannot_be_read_is_told_and_other_differences_are_told_beside_it() {
    let wanted = topology(&with(
        seed(),
        "instance.bastion",
        "instance_type",
        json!("t3.large"),
    ));
    let mut there = live(&topology(&seed()));
    unread_in(&mut there, "instance.bastion", "state");
    let plan = plan(&wanted, &there);
    assert_eq!(changes(&plan), ["Update instance.bastion"]);
    assert_eq!(
        plan.changes[0]
            .attributes
            .iter()
            .map(|a| a.path.as_str())
            .collect::<Vec<_>>(),
        ["instance_type"]
    );
    assert!(!plan.is_complete());
}
