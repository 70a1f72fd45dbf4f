//! Which calls of EC2 make, change and end a resource: asked of the kind itself, so that a page cannot say
//! otherwise.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::plan::Disruption;
use trueup_model::schema::Cost;
use trueup_model::{Attribute, Effect, Kind, Object, Record, Role, Type, Update, Value};

use super::samples;

/// The call that makes a resource, and the attributes that ride in it.
pub fn create(kind: Kind) -> (&'static str, Vec<&'static str>) {
    let call = kind.rules().create(&samples::record(kind), None);
    let attributes = kind.schema().attributes.iter().map(|attribute| attribute.name);
    (
        call.action.name,
        attributes.filter(|name| call.sets.has(name)).collect(),
    )
}

/// The calls that end a resource in all its glory, in their order.
pub fn delete(kind: Kind) -> Vec<&'static str> {
    let object = Object {
        kind,
        id: format!("{}00000000", kind.id_prefix()),
        record: samples::record(kind),
        facts: Record::new(),
        owner: None,
        implicit: false,
        unread: BTreeMap::new(),
    };
    kind.rules()
        .delete(&object)
        .into_iter()
        .map(|call| call.action.name)
        .collect()
}

/// The calls that any change of one attribute in place, or by stop and start, may take.
pub fn change(kind: Kind, attribute: &Attribute) -> Vec<&'static str> {
    let base = samples::record(kind);
    let with = |value: Option<Value>| {
        let mut record = base.without(&[attribute.name]);
        record.set_option(attribute.name, value);
        record
    };
    let mut seen = BTreeSet::new();
    let mut actions = Vec::new();
    for (before, after) in samples::changes(attribute) {
        if attribute.effect(before.as_ref(), after.as_ref()) == Effect::Replace {
            continue;
        }
        let (before, after) = (with(before), with(after));
        let calls = kind.rules().update(&Update::new(kind, &before, &after, false));
        let calls = calls
            .iter()
            .filter(|call| call.role() == Role::Modify)
            .map(|call| call.action.name);
        actions.extend(calls.filter(|action| seen.insert(*action)));
    }
    actions
}

/// The least and the most that changing an attribute may cost.
pub fn effects(attribute: &Attribute) -> (Effect, Effect) {
    let effects = samples::changes(attribute)
        .into_iter()
        .map(|(before, after)| attribute.effect(before.as_ref(), after.as_ref()));
    let effects: BTreeSet<Effect> = effects.collect();
    match (effects.first(), effects.last(), attribute.effect) {
        (Some(least), Some(most), _) => (*least, *most),
        // There is only one value yet, and still it is known what another would cost.
        (_, _, Cost::Fixed(effect)) => (effect, effect),
        (_, _, Cost::By(_)) => (Effect::InPlace, Effect::InPlace),
    }
}

/// The worst that users of the network feel while an attribute changes in place.
pub fn disruption(attribute: &Attribute) -> Disruption {
    let members = |list: Option<Value>| match (&attribute.ty, list) {
        // Sets are compared member by member, and so is what their change does.
        (Type::Set(_), Some(Value::List(list))) => list.into_iter().next(),
        (_, value) => value,
    };
    let changes = samples::changes(attribute)
        .into_iter()
        .filter(|(b, a)| attribute.effect(b.as_ref(), a.as_ref()) != Effect::Replace);
    let felt = changes.map(|(before, after)| {
        let (before, after) = (members(before), members(after));
        (attribute.disrupts)(before.as_ref(), after.as_ref())
    });
    felt.max().unwrap_or_default()
}
