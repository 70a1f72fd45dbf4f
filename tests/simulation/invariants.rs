//! What always holds, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Action, Address, Observed, Plan, Topology, tags};

use super::network::TOPOLOGY;

/// As long as a comment may be.
const COMMENT_BYTES_MAX: usize = 65_536;

/// The ids of what EC2 makes under a client token.
const UNDER_TOKEN: [&str; 6] = ["i-", "nat-", "rtb-", "acl-", "vpce-", "vol-"];

/// The ids of what EC2 makes any number of.
const AT_WILL: [&str; 3] = ["vpc-", "igw-", "eipalloc-"];

/// Those of them that what is made under a client token stands in or takes.
const STOOD_IN: [&str; 2] = ["vpc-", "eipalloc-"];

/// By id, the tags of what is there and has not begun to end.
pub type Tagged = BTreeMap<String, BTreeMap<String, String>>;

/// Each resource has one object, none is on its way out, and what belongs to others is as it was.
///
/// # Errors
/// What is not so.
pub fn whole(observed: &Observed, topology: &Topology, neighbours: &str) -> Result<(), String> {
    let mut live: BTreeMap<String, usize> = BTreeMap::new();
    for owner in observed
        .objects
        .iter()
        .filter_map(|object| object.owner.as_ref())
        .filter(|owner| owner.topology == topology.name)
    {
        if !owner.standing.holds() {
            return Err(format!("{} is retiring and was left behind", owner.address));
        }
        *live.entry(owner.address.clone()).or_default() += 1;
    }
    let wanted = crate::one_each(topology);
    if live != wanted {
        return Err(format!("there are {live:?}, and wanted are {wanted:?}"));
    }
    let now = self::neighbours(observed, topology);
    if now == neighbours {
        Ok(())
    } else {
        Err(format!("what belongs to others was\n{neighbours}\nand is\n{now}"))
    }
}

/// A plan makes nothing at an address that something had all the time while it was read; these are the tags
/// of what was there.
///
/// # Errors
/// What would be made twice.
pub fn sees<'t>(
    plan: &Plan,
    there: impl Iterator<Item = &'t BTreeMap<String, String>>,
) -> Result<(), String> {
    let held = there.filter(|tags| {
        tags.get(tags::TOPOLOGY) == Some(&plan.topology) && !tags.contains_key(tags::RETIRING)
    });
    let held: BTreeSet<&str> = held
        .filter_map(|tags| tags.get(tags::ADDRESS))
        .map(String::as_str)
        .collect();
    let made = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Create)
        .map(|change| change.address.to_string());
    let twice: Vec<String> = made.filter(|address| held.contains(address.as_str())).collect();
    if twice.is_empty() {
        Ok(())
    } else {
        Err(format!("a plan makes what is there: {}", twice.join(", ")))
    }
}

/// A plan from a read that is not whole changes nothing of what could not be read, and makes nothing that
/// refers to something that may be there, or may not.
///
/// # Errors
/// What it touches all the same.
pub fn leaves_alone(plan: &Plan, topology: &Topology, observed: &Observed) -> Result<(), String> {
    if let Some(change) = plan
        .changes
        .iter()
        .find(|change| observed.unreadable.contains_key(&change.address.kind))
    {
        return Err(format!(
            "{} was not read, and the plan changes it",
            change.address
        ));
    }
    let held: BTreeSet<Address> = observed
        .objects
        .iter()
        .filter_map(|object| object.address(&topology.name))
        .collect();
    let made: BTreeSet<&Address> = plan.changes.iter().map(|change| &change.address).collect();
    for change in plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Create)
    {
        let refs = topology
            .resources
            .get(&change.address)
            .map(|resource| resource.record.refs())
            .unwrap_or_default();
        if let Some(unknown) = refs
            .iter()
            .filter_map(|r| r.address())
            .find(|to| !held.contains(*to) && !made.contains(to))
        {
            return Err(format!(
                "{} is made, and {unknown}, which it refers to, is not known",
                change.address
            ));
        }
    }
    Ok(())
}

/// Of what is made under a client token nothing is ever there twice, whoever made it and whatever was lost on
/// the way: unless each stands in another one of two VPCs, or takes another one of two addresses, that are
/// still to be settled.
///
/// # Errors
/// What is there twice.
pub fn once(there: &Tagged) -> Result<(), String> {
    match doubled(there, &UNDER_TOKEN, &is_kept).filter(|_| doubled(there, &STOOD_IN, &|_| true).is_none()) {
        Some((address, ids)) => Err(format!("{address} is there several times: {}", ids.join(", "))),
        None => Ok(()),
    }
}

/// Runs without faults and deaths, and without others who meddle, leave one object at most at each address,
/// also of what EC2 makes any number of.
///
/// # Errors
/// What is there twice, where nothing was before.
pub fn kept_once(before: &Tagged, after: &Tagged) -> Result<(), String> {
    match doubled(after, &AT_WILL, &is_kept).filter(|_| doubled(before, &AT_WILL, &|_| true).is_none()) {
        Some((address, ids)) => Err(format!("{address} is kept several times: {}", ids.join(", "))),
        None => Ok(()),
    }
}

/// Whether these tags make it part of the simulated topology.
pub fn is_ours(tags: &BTreeMap<String, String>) -> bool {
    tags.get(tags::TOPOLOGY)
        .is_some_and(|topology| topology == TOPOLOGY)
}

fn is_kept(tags: &BTreeMap<String, String>) -> bool {
    !tags.contains_key(tags::RETIRING)
}

/// The first address that several objects hold: of those whose ids begin with one of these, and whose tags
/// count.
fn doubled<'t>(
    there: &'t Tagged,
    of: &[&str],
    counts: &dyn Fn(&BTreeMap<String, String>) -> bool,
) -> Option<(&'t str, Vec<&'t str>)> {
    let mut held: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, tags) in there
        .iter()
        .filter(|(id, tags)| of.iter().any(|prefix| id.starts_with(prefix)) && counts(tags))
    {
        if let Some(address) = tags.get(tags::ADDRESS).filter(|_| is_ours(tags)) {
            held.entry(address).or_default().push(id);
        }
    }
    held.into_iter().find(|(_, ids)| ids.len() > 1)
}

/// Two plans from equal inputs are equal to the last byte, however they are shown.
///
/// # Errors
/// What differs.
pub fn same(plan: &Plan, again: &Plan) -> Result<(), String> {
    let shown = |plan: &Plan| {
        let json = trueup_report::json::plan(plan).to_string();
        (
            plan.fingerprint.clone(),
            json,
            trueup_report::markdown::plan(plan, "spec.yaml", COMMENT_BYTES_MAX),
        )
    };
    if shown(plan) == shown(again) {
        Ok(())
    } else {
        Err(format!(
            "equal inputs give {:?} and {:?}",
            shown(plan),
            shown(again)
        ))
    }
}

/// The objects of others, as they are; what EC2 makes beside ours comes and goes with ours.
pub fn neighbours(observed: &Observed, topology: &Topology) -> String {
    let ours = |object: &&trueup_model::Object| {
        object
            .owner
            .as_ref()
            .is_some_and(|owner| owner.topology == topology.name)
    };
    let others = observed
        .objects
        .iter()
        // What is read only where something speaks of it comes into sight with that: EC2's own DHCP options.
        .filter(|object| !ours(object) && !object.implicit && object.kind.def().is_always_read);
    others
        .map(|object| format!("{} {}\n", object.id, object.record))
        .collect()
}
