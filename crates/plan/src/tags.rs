//! The spec's tags on what is there already: the calls that bring them, and those that the spec does not
//! speak of any more.

use std::collections::BTreeMap;

use trueup_model::attr::TAGS;
use trueup_model::tags::action;
use trueup_model::{Address, Call, Diagnostic, Object, Plan, Record, Resource, Value, tags};

use crate::difference::Difference;
use crate::fold::Folded;

/// The calls that bring the spec's tags to a live object. Whenever they change, so does the memory of what
/// the spec has written.
pub fn calls(object: &Object, difference: &Difference) -> Vec<Call> {
    let (live, wanted) = (of(&difference.before), of(&difference.after));
    let differs =
        |key: &str, value: &Value| live.value(key) != Some(value).filter(|value| **value != Value::Null);
    let changed = wanted.filter(differs);
    let pick = |null: bool| changed.filter(|_, value| (*value == Value::Null) == null);
    let (mut set, taken) = (pick(false), pick(true));
    let mut unset: Record = taken
        .iter()
        .filter_map(|(key, _)| Some((key.to_owned(), live.value(key)?.clone())))
        .collect();
    // What EC2 made carries none of our tags.
    if !changed.is_empty() && !object.implicit {
        remember(object, &difference.after, &mut set, &mut unset);
    }
    let mut calls = Vec::new();
    if !set.is_empty() {
        calls.push(action::CREATE.setting(Record::new().with(TAGS, set)));
    }
    if !unset.is_empty() {
        calls.push(action::DELETE.unsetting(Record::new().with(TAGS, unset)));
    }
    calls
}

/// The call that gives an object all the tags that a create would write: those of ownership, and the spec's.
pub fn give_back(topology: &str, resource: &Resource) -> Call {
    let mut all = tags::ownership(topology, resource);
    all.set_all(&of(&resource.record).filter(|_, value| *value != Value::Null));
    action::CREATE.setting(Record::new().with(TAGS, all))
}

fn remember(object: &Object, after: &Record, set: &mut Record, unset: &mut Record) {
    let (written, wrote) = (
        tags::written(after),
        object
            .owner
            .as_ref()
            .map(|owner| owner.written.clone())
            .unwrap_or_default(),
    );
    if written == wrote {
        return;
    }
    let text = |digests: std::collections::BTreeSet<String>| digests.into_iter().collect::<String>();
    if written.is_empty() {
        unset.set(tags::WRITTEN, text(wrote));
    } else {
        set.set(tags::WRITTEN, text(written));
    }
}

/// Tells of the tags that the spec has written, does not declare any more, and that are still there: they
/// stay.
pub fn tell_left(folded: &Folded, plan: &mut Plan) {
    let mut left: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    for (address, resource) in folded
        .wanted
        .iter()
        .filter(|(address, _)| !folded.unreadable.contains(&address.kind))
    {
        let Some(object) = folded.live(address) else {
            continue;
        };
        let Some(owner) = object.owner.as_ref().filter(|owner| !owner.written.is_empty()) else {
            continue;
        };
        let (live, wanted) = (object.record.get(TAGS), of(&resource.record));
        let keys = live
            .into_iter()
            .flat_map(Record::iter)
            .map(|(key, _)| key)
            .filter(|key| wanted.value(key).is_none());
        for key in keys.filter(|key| owner.written.contains(&tags::digest(key))) {
            left.entry(key).or_default().push(address);
        }
    }
    let notes = left.into_iter().map(|(key, addresses)| {
        let whose = some(&addresses);
        let message = format!("tag `{key}` of {whose} is no longer in the spec, and stays");
        let place = addresses
            .first()
            .and_then(|address| folded.wanted.get(address))
            .map(|resource| resource.place(TAGS));
        let note = Diagnostic::note("tag-left", message)
            .help(format!("write `{key}: null` under `tags` to take it away"));
        place.into_iter().fold(note, |note, place| note.at(place, ""))
    });
    plan.diagnostics.extend(notes);
}

/// The first of several addresses, and how many there are.
fn some(addresses: &[&Address]) -> String {
    const NAMED_MAX: usize = 3;
    let named: Vec<String> = addresses
        .iter()
        .take(NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    match addresses.len() - named.len() {
        0 => named.join(", "),
        more => format!(
            "{} resources ({} and {more} more)",
            addresses.len(),
            named.join(", ")
        ),
    }
}

fn of(record: &Record) -> Record {
    record.get(TAGS).cloned().unwrap_or_default()
}
