//! What always holds, whatever happened.

use std::collections::BTreeMap;

use trueup_model::{Observed, Plan, Topology};

/// As long as a comment may be.
const COMMENT_BYTES_MAX: usize = 65_536;

/// Each resource has one object, none is on its way out, and what belongs to others is as it was.
///
/// # Errors
/// What is not so.
pub fn whole(observed: &Observed, topology: &Topology, neighbours: &str) -> Result<(), String> {
    let mut live: BTreeMap<String, usize> = BTreeMap::new();
    for owner in observed.objects.iter().filter_map(|object| object.owner.as_ref()).filter(|owner| owner.topology == topology.name) {
        if owner.retiring.is_some() {
            return Err(format!("{} is retiring and was left behind", owner.address));
        }
        *live.entry(owner.address.clone()).or_default() += 1;
    }
    let wanted: BTreeMap<String, usize> = topology.resources.keys().map(|address| (address.to_string(), 1)).collect();
    if live != wanted {
        return Err(format!("there are {live:?}, and wanted are {wanted:?}"));
    }
    let now = self::neighbours(observed, topology);
    if now == neighbours { Ok(()) } else { Err(format!("what belongs to others was\n{neighbours}\nand is\n{now}")) }
}

/// Two plans from equal inputs are equal to the last byte, however they are shown.
///
/// # Errors
/// What differs.
pub fn same(plan: &Plan, again: &Plan) -> Result<(), String> {
    let shown = |plan: &Plan| {
        let json = trueup_report::json::plan(plan).to_string();
        (plan.fingerprint.clone(), json, trueup_report::markdown::plan(plan, "spec.yaml", COMMENT_BYTES_MAX))
    };
    if shown(plan) == shown(again) { Ok(()) } else { Err(format!("equal inputs give {:?} and {:?}", shown(plan), shown(again))) }
}

/// The objects of others, as they are; what EC2 makes beside ours comes and goes with ours.
pub fn neighbours(observed: &Observed, topology: &Topology) -> String {
    let ours = |object: &&trueup_model::Object| object.owner.as_ref().is_some_and(|owner| owner.topology == topology.name);
    let others = observed.objects.iter().filter(|object| !ours(object) && !object.implicit);
    others.map(|object| format!("{} {}\n", object.id, object.record)).collect()
}
