//! Diff, judge and lower: from what is wanted and what is there to complete data about what to do.
//!
//! Everything here is a pure function; equal inputs give byte-equal plans. The journey: [`fold`] turns ids of
//! ours into names, [`judge`] decides address by address what differs and what that costs, [`lower`] turns
//! verdicts into steps and their order. Nothing here names an attribute: what understands one is in its
//! kind's file.

mod barrier;
pub mod consent;
mod dangling;
mod difference;
mod existing;
mod fingerprint;
mod fold;
mod graph;
mod guard;
mod implicit;
mod judge;
mod lower;
pub mod outside;
mod ownership_tags;
mod rename;
mod replacement;
mod tags;
mod unmanaged;
mod unread;
mod verdict;

pub use barrier::barrier;
pub use fold::held;
pub use unmanaged::unmanaged;

use std::collections::BTreeMap;

use trueup_model::{Kind, Object, Observed, Plan, Record, Scope, Topology};

/// What a bulk read for this topology must look at.
pub fn scope(topology: &Topology) -> Scope {
    let defaults: BTreeMap<Kind, Record> = Kind::ALL.map(|kind| (kind, kind.schema().defaults())).into();
    // What EC2 makes with a VPC carries no tags that one could ask for.
    let tagged = topology.resources.values().filter(|resource| !resource.implicit);
    let implicit = topology.resources.iter();
    let implicit = implicit.filter_map(|(address, resource)| resource.implicit.then_some(address));
    let declared = tagged.map(|resource| {
        let defaults = &defaults[&resource.address.kind];
        let names = resource.record.iter().filter(|(name, value)| {
            // A default that was filled in is not declared: reading it may cost a call for each object.
            resource.places.contains_key(*name) || defaults.value(name) != Some(*value)
        });
        (
            resource.address.clone(),
            names.map(|(name, _)| name.to_owned()).collect(),
        )
    });
    let mut outside = topology
        .resources
        .values()
        .flat_map(|resource| resource.address.kind.rules().outside(&resource.record));
    let names_lists = outside.any(|sought| sought.text().starts_with("pl-"));
    Scope {
        topology: topology.name.clone(),
        declared: declared.collect(),
        implicit: implicit.cloned().collect(),
        names_lists,
    }
}

/// The plan that makes what was observed true to the topology.
pub fn plan(topology: &Topology, observed: &Observed) -> Plan {
    let mut plan = Plan {
        topology: topology.name.clone(),
        site: observed.site.clone(),
        unreadable: observed.unreadable.clone(),
        ..Plan::default()
    };
    plan.refused = guard::place(topology, &observed.site);
    if plan.refused.is_empty() {
        let folded = fold::fold(topology, observed);
        plan.refused.extend(folded.refused.iter().cloned());
        plan.unread = unread::of(&folded);
        let mut judged = judge::judge(&folded, &mut plan);
        while let Err(circle) = lower::lower(&folded, &judged, &mut plan) {
            if !replacement::give_way(&mut judged, &circle.addresses) {
                plan.refused.push(circle.into());
                break;
            }
        }
        plan.renamed = rename::renames(&judged);
        let anew = implicit::anew(&judged);
        plan.changes = judge::finish(judged);
        tags::tell_left(&folded, &mut plan);
        dangling::tell_ends(topology, observed, &mut plan);
        plan.blackholes = dangling::blackholes(&folded, &plan);
        // guard: budget
        plan.refused.extend(guard::budget(topology, &plan));
        if let Some(found) = existing::find(topology, &folded, observed) {
            plan.diagnostics
                .extend(existing::diagnostics(topology, &found, &plan.site.region));
            plan.existing = Some(found);
        }
        let mut objects = folded.objects;
        implicit::leave(&mut objects, &anew);
        plan.objects = objects
            .into_iter()
            .map(|object| (object.id.clone(), object))
            .collect();
    }
    plan.fingerprint = fingerprint::of(&plan);
    plan
}

/// The plan that deletes everything that carries the topology's tags. Its fingerprint is another than that of
/// a plan that makes an empty spec true: who approved one did not approve the other.
pub fn destroy(topology: &Topology, observed: &Observed) -> Plan {
    let nothing = Topology {
        resources: BTreeMap::new(),
        ..topology.clone()
    };
    // What the spec protects is protected before any apply has said so to EC2.
    let protected = |object: &Object| {
        object
            .address(&topology.name)
            .and_then(|address| topology.resources.get(&address))
            .is_some_and(|resource| resource.protect)
    };
    let mut observed = observed.clone();
    for object in observed.objects.iter_mut().filter(|object| protected(object)) {
        object.owner.iter_mut().for_each(|owner| owner.protect = true);
    }
    let mut plan = plan(&nothing, &observed);
    for change in &mut plan.changes {
        change.source = topology
            .resources
            .get(&change.address)
            .map(|resource| resource.place.clone());
    }
    for step in &mut plan.steps {
        step.source = topology
            .resources
            .get(&step.address)
            .map(|resource| resource.place.clone());
    }
    plan.teardown = true;
    plan.fingerprint = fingerprint::of(&plan);
    plan
}
