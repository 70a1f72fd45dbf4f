//! A second network beside one that looks the same: the name, the region or the tags of what is there may
//! have been lost by mistake.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::attr::TAGS;
use trueup_model::{
    Address, Diagnostic, ExistingElsewhere, Kind, Likeness, Object, Observed, Ref, Resource, Topology,
    Untagged, Value, tags,
};

use crate::fold::Folded;

/// Where a topology seems to live already: as another topology with most of its resources or in another
/// region, where nothing of it is here, or as objects without tags that are like what the plan would make.
pub fn find(topology: &Topology, folded: &Folded, observed: &Observed) -> Option<ExistingElsewhere> {
    let owned = observed.objects.iter().any(|object| object.is_of(&topology.name));
    let elsewhere = || {
        Some(&observed.elsewhere)
            .filter(|there| !owned && !there.is_empty())
            .cloned()
    };
    let renamed = if owned { None } else { renamed(topology, observed) };
    let found = renamed
        .map(ExistingElsewhere::Topology)
        .or_else(|| elsewhere().map(ExistingElsewhere::Regions));
    found.or_else(|| {
        Some(untagged(folded))
            .filter(|found| !found.is_empty())
            .map(ExistingElsewhere::Untagged)
    })
}

/// The topology that has most of this one's resources: by their names, and in the same place.
fn renamed(topology: &Topology, observed: &Observed) -> Option<String> {
    let mut shared: BTreeMap<&str, BTreeMap<&Address, Option<bool>>> = BTreeMap::new();
    let resources: BTreeMap<String, (&Address, &Resource)> = topology
        .resources
        .iter()
        .filter(|(_, resource)| !resource.implicit)
        .map(|(address, resource)| (address.to_string(), (address, resource)))
        .collect();
    for object in &observed.objects {
        let Some(owner) = &object.owner else { continue };
        let Some((address, resource)) = resources
            .get(&owner.address)
            .filter(|(address, _)| address.kind == object.kind)
        else {
            continue;
        };
        shared
            .entry(&owner.topology)
            .or_default()
            .insert(address, same_place(resource, object));
    }
    let (name, shared) = shared.into_iter().max_by_key(|(_, shared)| shared.len())?;
    let count = |same: bool| shared.values().filter(|place| **place == Some(same)).count();
    // Two networks may both have a vpc.main; hardly half of everything, with the same ranges.
    let most = shared.len() >= 2 && shared.len() * 2 >= resources.len();
    (most && count(true) > count(false)).then(|| name.to_owned())
}

/// Whether a resource and an object have the same ranges, or are in the same objects of others; nothing where
/// neither says where it is.
fn same_place(resource: &Resource, object: &Object) -> Option<bool> {
    let rules = object.kind.rules();
    let ranges = |record| rules.ranges(record).into_iter().collect::<BTreeSet<_>>();
    if !ranges(&resource.record).is_empty() {
        return Some(ranges(&resource.record) == ranges(&object.record));
    }
    let outside: Vec<&str> = resource.record.refs().into_iter().filter_map(Ref::id).collect();
    let there: Vec<&str> = object.record.refs().into_iter().filter_map(Ref::id).collect();
    if outside.is_empty() {
        None
    } else {
        Some(outside.iter().all(|id| there.contains(id)))
    }
}

/// What carries nobody's tags and is like what a plan would make, by the address of that.
fn untagged(folded: &Folded) -> BTreeMap<Address, Untagged> {
    let missing = |address: &Address| {
        !folded.holder.contains_key(address) && !folded.unreadable.contains(&address.kind)
    };
    let nobodys: BTreeMap<&str, &Object> = folded
        .objects
        .iter()
        .filter(|object| object.owner.is_none() && !object.implicit)
        .map(|object| (object.id.as_str(), object))
        .collect();
    let mut found = BTreeMap::new();
    for (address, resource) in folded
        .wanted
        .iter()
        .filter(|(address, _)| address.kind == Kind::Vpc && missing(address))
    {
        let alike = |object: &&&Object| object.kind == address.kind && likeness(resource, object).is_some();
        if let Some(object) = nobodys.values().find(alike) {
            found.extend(likeness(resource, object).map(|by| {
                (
                    address.clone(),
                    Untagged {
                        id: object.id.clone(),
                        by,
                    },
                )
            }));
        }
    }
    // What is ours already, and where it leads instead of to what is missing.
    for (user, wanted) in &folded.wanted {
        let Some(live) = folded.live(user) else { continue };
        for (name, value) in wanted.record.iter() {
            let (Some(address), Some(id)) = (
                value.as_ref().and_then(Ref::address),
                live.record.value(name).and_then(Value::as_ref).and_then(Ref::id),
            ) else {
                continue;
            };
            if missing(address) && nobodys.get(id).is_some_and(|object| object.kind == address.kind) {
                found.insert(
                    address.clone(),
                    Untagged {
                        id: id.to_owned(),
                        by: Likeness::UsedBy(user.clone()),
                    },
                );
            }
        }
    }
    found
}

/// What a VPC has in common with one that is wanted.
fn likeness(wanted: &Resource, live: &Object) -> Option<Likeness> {
    let name = |record: &trueup_model::Record| {
        record
            .get(TAGS)
            .and_then(|tags| tags.value(tags::NAME))
            .and_then(Value::as_text)
            .map(str::to_owned)
    };
    let ranges = live.kind.rules().ranges(&live.record);
    let shared = live
        .kind
        .rules()
        .ranges(&wanted.record)
        .into_iter()
        .find(|range| ranges.contains(range));
    let named = name(&wanted.record).filter(|wanted| name(&live.record).as_ref() == Some(wanted));
    shared.map(Likeness::Range).or(named.map(Likeness::Name))
}

/// What is to be said about a network that would be built beside one that looks the same.
pub fn diagnostics(topology: &Topology, found: &ExistingElsewhere, region: &str) -> Vec<Diagnostic> {
    let name = &topology.name;
    let at_key = |warning: Diagnostic, key: &str, label: &str| match topology
        .places
        .get(key)
        .or_else(|| topology.places.get("topology"))
    {
        Some(place) => warning.at(place.clone(), label),
        None => warning,
    };
    match found {
        ExistingElsewhere::Topology(other) => {
            let message = format!(
                "nothing here belongs to topology `{name}`, and topology `{other}` has most of its resources, by name and in the same place"
            );
            let help = format!(
                "if `{other}` was renamed, write its old name: a topology keeps its name for life; to build a second network, give --allow \
                 second"
            );
            let warning = Diagnostic::warning("second-topology", message).help(help);
            vec![at_key(
                warning,
                "topology",
                "another name than that of what is there",
            )]
        }
        ExistingElsewhere::Regions(regions) => {
            let there: Vec<String> = regions
                .iter()
                .map(|(region, count)| format!("{region} ({count} objects)"))
                .collect();
            let message = format!(
                "nothing here belongs to topology `{name}`, which lives in {}",
                there.join(", ")
            );
            let warning = Diagnostic::warning("second-topology", message).help(
                "if the region was changed by mistake, change it back: nothing moves from one region to another; to build a second network, \
                 give --allow second",
            );
            vec![at_key(
                warning,
                "region",
                "another region than that of what is there",
            )]
        }
        ExistingElsewhere::Untagged(all) => all
            .iter()
            .map(|(address, untagged)| without_tags(topology, address, untagged, region))
            .collect(),
    }
}

fn without_tags(
    topology: &Topology,
    address: &Address,
    Untagged { id, by }: &Untagged,
    region: &str,
) -> Diagnostic {
    let likeness = match by {
        Likeness::Range(range) => format!("has the range {range} as well"),
        Likeness::Name(name) => format!("is called `{name}` as well"),
        Likeness::UsedBy(user) => format!("is what {user} uses where the spec names {address}"),
    };
    let message = format!("{address} would be made, and {id}, which carries no topology's tags, {likeness}");
    let command = tags::command(region, id, &topology.name, address);
    let warning = Diagnostic::warning("untagged-twin", message)
        .help(format!("if {id} is {address}, give it its tags: `{command}`; to build a second one, give --allow second:{address}"));
    match topology.resources.get(address) {
        Some(resource) => warning.at(resource.place.clone(), format!("perhaps {id}")),
        None => warning,
    }
}
