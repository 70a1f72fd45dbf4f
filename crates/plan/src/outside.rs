//! Ids of objects outside the topology: what a plan is about to use must be there, or its steps fail half-way.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Address, Diagnostic, Kind, Object, Observed, Outside, Place, Plan, Record, Ref, Refusal, Topology, Value};

/// An object outside the topology that a step uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    /// Whose step it is.
    address: Address,
    /// What the spec calls the object: its id or, where EC2 refers to it by its name, that.
    text: String,
}

/// The ids that a plan uses and that the bulk read did not show: somebody must look for them before anything is made.
pub fn unlisted(plan: &Plan, observed: &Observed) -> BTreeSet<String> {
    uses(plan, observed).into_iter().map(|one| one.text).collect()
}

/// Refuses a plan that uses what was looked for and is not there, or what is in another VPC than it must be, and tells what could not
/// be looked for.
pub fn check(plan: &mut Plan, topology: &Topology, observed: &Observed, looked: &BTreeMap<String, Outside>) {
    refuse_strangers(plan, topology, observed);
    for Use { address, text } in uses(plan, observed) {
        let why = match looked.get(&text) {
            None | Some(Outside::There) => continue,
            Some(Outside::Unknown(why)) => {
                let message = format!("whether {text} is there is not known: {why}");
                let warning = Diagnostic::warning("outside", message).help("if it is not, the apply stops at the step that uses it");
                let (_, place) = place(topology, &address, &text);
                plan.diagnostics.push(place.into_iter().fold(warning, |warning, place| warning.at(place, "")));
                continue;
            }
            Some(Outside::Absent) => format!("there is no {text} in {} of account {}", plan.region, plan.account),
            Some(Outside::Unusable(state)) => format!("{text} cannot be used: it is {state}"),
        };
        let why =
            format!("{why}, and {} names it: write the id of one that can be used, or make it first", spot(topology, &address, &text));
        plan.refused.push(Refusal { guard: "outside", address: address.to_string(), why });
    }
}

/// Refuses what steps use in the VPC of their resource and what is in another one.
fn refuse_strangers(plan: &mut Plan, topology: &Topology, observed: &Observed) {
    let objects: BTreeMap<&str, &Object> = observed.objects.iter().map(|object| (object.id.as_str(), object)).collect();
    let held: BTreeMap<&str, &str> =
        observed.objects.iter().filter_map(|object| Some((object.claim(&topology.name)?, object.id.as_str()))).collect();
    // The VPC of a resource or an object: its id or, before there is one, its address.
    let vpc = |kind: Kind, record: &Record| -> Option<String> {
        let mut home = kind.rules().home(record)?;
        loop {
            let (kind, record) = match home {
                Ref::Id(id) if Kind::Vpc.is_id(id) => return Some(id.clone()),
                Ref::Id(id) => objects.get(id.as_str()).map(|object| (object.kind, &object.record))?,
                Ref::Name(address) if address.kind == Kind::Vpc => {
                    let address = address.to_string();
                    return Some(held.get(address.as_str()).map_or(address.clone(), |id| (*id).to_owned()));
                }
                Ref::Name(address) => topology.resources.get(address).map(|resource| (address.kind, &resource.record))?,
            };
            home = kind.rules().home(record)?;
        }
    };
    let mut strangers = BTreeSet::new();
    for step in &plan.steps {
        let beside = step.address.kind.rules().beside(&step.call.sets);
        for object in beside.into_iter().filter_map(Ref::id).filter_map(|id| objects.get(id)) {
            let own = topology.resources.get(&step.address).and_then(|resource| vpc(step.address.kind, &resource.record));
            if let (Some(own), Some(other)) = (own, vpc(object.kind, &object.record))
                && own != other
                && object.address(&topology.name).is_none()
            {
                strangers.insert((step.address.clone(), object.id.clone(), own, other));
            }
        }
    }
    for (address, id, own, other) in strangers {
        let at = spot(topology, &address, &id);
        let why = format!("{id} is in {other}, and {at} needs one in {own}: write the id of another one");
        plan.refused.push(Refusal { guard: "outside", address: address.to_string(), why });
    }
}

/// What the steps of a plan use that is neither ours nor was seen.
fn uses(plan: &Plan, observed: &Observed) -> BTreeSet<Use> {
    let ids: BTreeSet<&str> = observed.objects.iter().map(|object| object.id.as_str()).collect();
    let names: BTreeSet<(Kind, String)> =
        observed.objects.iter().filter_map(|object| Some((object.kind, object.kind.rules().ec2_name(&object.record)?))).collect();
    let mut found = BTreeSet::new();
    for step in &plan.steps {
        let kind = step.address.kind;
        let mut note = |text: &str, of: Option<Kind>| {
            let is_seen = ids.contains(text) || of.is_some_and(|of| names.contains(&(of, text.to_owned())));
            if !is_seen && of.is_none_or(|of| !plan.unreadable.contains_key(&of)) {
                found.insert(Use { address: step.address.clone(), text: text.to_owned() });
            }
        };
        for reference in step.call.sets.refs() {
            let Ref::Id(text) = reference else { continue };
            let by_id = Kind::ALL.into_iter().find(|kind| kind.is_id(text));
            note(text, by_id.or(Some(Kind::KeyPair)));
        }
        kind.rules().outside(&step.call.sets).iter().for_each(|text| note(text, None));
    }
    found
}

/// Where the spec names an object outside.
pub(crate) fn place(topology: &Topology, address: &Address, text: &str) -> (String, Option<Place>) {
    let Some(resource) = topology.resources.get(address) else { return (address.to_string(), None) };
    let path = path(&resource.record, text, "").unwrap_or_default();
    let place = resource.place(&path);
    (format!("{address}.{path}").trim_end_matches('.').to_owned(), Some(place).filter(|place| !place.file.is_empty()))
}

/// The same, as a message says it.
fn spot(topology: &Topology, address: &Address, text: &str) -> String {
    let (path, place) = place(topology, address, text);
    let at = place.map(|place| format!(" ({}:{})", place.file, place.line)).unwrap_or_default();
    format!("`{path}`{at}")
}

/// The path of the first value of a record that is this text.
fn path(record: &Record, text: &str, before: &str) -> Option<String> {
    record.iter().find_map(|(name, value)| path_in(value, text, format!("{before}{name}")))
}

fn path_in(value: &Value, text: &str, path: String) -> Option<String> {
    match value {
        Value::Text(here) | Value::Ref(Ref::Id(here)) => (here == text).then_some(path),
        Value::List(list) => list.iter().enumerate().find_map(|(index, value)| path_in(value, text, format!("{path}[{index}]"))),
        Value::Map(map) => self::path(map, text, &format!("{path}.")),
        _ => None,
    }
}
