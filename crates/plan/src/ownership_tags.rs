//! The tags of ownership on what is there already: retiring, protection, what is read on request.

use std::collections::BTreeSet;

use trueup_model::attr::TAGS;
use trueup_model::rules::just_created;
use trueup_model::tags::{PROTECT, READ, RETIRING, action, words};
use trueup_model::{AttributeChange, Call, Effect, Kind, Object, Record, Ref, Resource, Standing, Value};

use crate::difference::Difference;

/// The calls that bring the tags of ownership up to date on a live object, and what they show as.
pub fn update(
    object: &Object,
    resource: &Resource,
    changed: &[AttributeChange],
) -> (Vec<Call>, Option<AttributeChange>) {
    let Some(owner) = &object.owner else {
        return (Vec::new(), None);
    };
    let mut calls = Vec::new();
    if let Standing::Retiring(token) = &owner.standing {
        calls.push(action::DELETE.unsetting(tag(RETIRING, token)));
    }
    let set = resource.address.kind.schema().read_on_request(&resource.record);
    if changed.iter().any(|change| set.contains(change.path.as_str())) {
        let read: BTreeSet<&str> = owner.read.iter().map(String::as_str).chain(set).collect();
        calls.push(action::CREATE.setting(tag(READ, &words(&read))));
    }
    if owner.protect == resource.protect {
        return (calls, None);
    }
    calls.push(if resource.protect {
        protect()
    } else {
        action::DELETE.unsetting(tag(PROTECT, "true"))
    });
    let change = AttributeChange {
        path: "protect".to_owned(),
        member: None,
        before: Some(Value::Bool(owner.protect)),
        after: Some(Value::Bool(resource.protect)),
        effect: Effect::InPlace,
        reason: "",
        place: Some(resource.place("protect")),
    };
    (calls, Some(change))
}

fn tag(key: &'static str, value: &str) -> Record {
    Record::new().with(TAGS, Record::new().with(key, value))
}

/// The call that protects an object which is there already.
pub fn protect() -> Call {
    action::CREATE.setting(tag(PROTECT, "true"))
}

/// The call that marks an object as on its way out, unless an earlier run did.
pub fn retire(object: &Object, resource: &Resource) -> Vec<Call> {
    if object.owner.as_ref().is_some_and(|owner| !owner.standing.holds()) {
        return Vec::new();
    }
    // By which replacement: the one of this object, by what is wanted now. Nobody reads it back: that there is
    // a mark is what counts.
    let replacement = Record::new()
        .with("address", Ref::Name(resource.address.clone()))
        .with("id", object.id.as_str())
        .with("wanted", resource.record.clone());
    let token = crate::fingerprint::short(&replacement.into());
    vec![action::CREATE.setting(tag(RETIRING, &token))]
}

/// Whether all that a stop is still needed for is as it was born: so ends a launch that was cut off. What is
/// stopped at last is protected last, because protection would refuse the stop to the run that comes after a
/// crash.
pub fn is_unfinished(kind: Kind, difference: &Difference) -> bool {
    let born = just_created(kind, &difference.after);
    difference
        .costing(Effect::Stop)
        .all(|a| !a.differs(born.value(a.name), difference.before.value(a.name)))
}
