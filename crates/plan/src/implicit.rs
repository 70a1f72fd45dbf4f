//! What EC2 makes with a VPC and the spec declares there: no tag says whose it is, but where it is does.

use std::collections::BTreeSet;

use trueup_model::attr::VPC;
use trueup_model::implicit::{Vpcs, address, owner};
use trueup_model::rules::{After, opened};
use trueup_model::{
    Address, Kind, Note, Object, Owner, Refusal, Refused, Resource, Standing, TakenBy, Topology, ipv6,
};

use crate::fold::Folded;
use crate::verdict::{Judged, Verdict};

/// Gives each object that EC2 made with a VPC which holds an address its own, where the spec declares it; one on
/// which somebody has put tags of ownership is refused.
pub fn claim(folded: &mut Folded, topology: &Topology) {
    let is_declared = |address: &Address| {
        let declared = topology.resources.get(address);
        declared.is_some_and(|resource| resource.implicit)
    };
    let vpcs = folded
        .holder
        .iter()
        .filter(|(address, _)| address.kind == Kind::Vpc);
    let vpcs = vpcs
        .map(|(address, &index)| (folded.objects[index].id.clone(), address.clone()))
        .collect();
    for (index, object) in folded.objects.iter_mut().enumerate() {
        let Some(address) = address(object, &vpcs) else {
            continue;
        };
        // What was declared when it was read may be declared no more: it goes with its VPC.
        if object.standing() == Some(&Standing::Implicit) {
            folded.holder.insert(address, index);
            continue;
        }
        if !is_declared(&address) {
            continue;
        }
        let Some(tagged) = &object.owner else {
            object.owner = Some(owner(&topology.name, &address));
            folded.holder.insert(address, index);
            continue;
        };
        let why = if tagged.topology == topology.name {
            Refused::MadeByEc2 {
                id: object.id.clone(),
            }
        } else {
            let noun = object.kind.implicit().map_or("", |implicit| implicit.noun);
            Refused::Taken {
                id: object.id.clone(),
                has: format!("the place of the {noun}"),
                wanted: "it".to_owned(),
                by: TakenBy::Topology(tagged.topology.clone()),
            }
        };
        let refusal = Refusal::new(&address, why);
        if !folded.refused.contains(&refusal) {
            folded.refused.push(refusal);
        }
        folded.frozen.insert(address);
    }
}

/// What EC2 made with a VPC that is on its way out is so as well, where the spec declares it, or did when all was
/// read.
pub fn retire(folded: &mut Folded, topology: &Topology) {
    let vpcs = folded
        .retiring
        .iter()
        .filter(|(address, _)| address.kind == Kind::Vpc);
    let vpcs = vpcs.flat_map(|(address, all)| all.iter().map(move |&index| (index, address)));
    let vpcs: Vpcs = vpcs
        .map(|(index, address)| (folded.objects[index].id.clone(), address.clone()))
        .collect();
    for (index, object) in folded.objects.iter_mut().enumerate() {
        let Some(address) = address(object, &vpcs).filter(|_| object.owner.is_none()) else {
            continue;
        };
        let declared = topology.resources.get(&address);
        if declared.is_some_and(|resource| resource.implicit) || folded.holder.contains_key(&address) {
            object.owner = Some(Owner {
                standing: Standing::Retiring(String::new()),
                ..owner(&topology.name, &address)
            });
            folded.retiring.entry(address).or_default().push(index);
        }
    }
}

/// The addresses that what comes with another VPC has from then on.
pub fn anew(judged: &[Judged<'_>]) -> BTreeSet<String> {
    let found = judged.iter().map(|judged| &judged.verdict).filter(|verdict| {
        verdict.object.is_none() && verdict.resource.is_some_and(|resource| resource.implicit)
    });
    found.map(|verdict| verdict.address.to_string()).collect()
}

/// Takes these addresses from what goes with its VPC.
pub fn leave(objects: &mut [Object], addresses: &BTreeSet<String>) {
    let has = |owner: &Owner| owner.standing == Standing::Implicit && addresses.contains(&owner.address);
    for object in objects {
        object.owner.take_if(|owner| has(owner));
    }
}

/// What EC2 opens when the VPC gets an IPv6 range is changed when that is done.
pub fn after(verdict: &Verdict<'_>) -> Option<After> {
    let vpc = verdict.home?.gets_ipv6()?;
    opened(verdict.object?)?;
    let address = verdict.resource?.record.get(VPC)?.address()?;
    Some(After::Changed(address.clone(), vpc.id.clone(), ipv6::BLOCK.name))
}

/// What the reader of a plan is told of one that lets go of other groups before it goes.
pub fn lets_go(object: &Object) -> Option<Note> {
    let implicit = object.kind.implicit()?;
    let vpc = object.record.get(VPC)?.to_string();
    let noun = implicit.noun;
    Some(Note::LetsGo { noun, vpc })
}

/// What the reader of a plan is told of a resource that EC2 makes by itself.
pub fn note(resource: &Resource) -> Option<Note> {
    let implicit = resource.address.kind.implicit().filter(|_| resource.implicit)?;
    let vpc = resource.record.get(VPC)?.address()?.clone();
    let noun = implicit.noun;
    Some(Note::Implicit { noun, vpc })
}
