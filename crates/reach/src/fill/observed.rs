//! The network that is live, and the one that a plan leaves.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::attr::{SUBNET, VPC};
use trueup_model::kinds::vpc_peering_connection;
use trueup_model::{Interfaces, Kind, Object, Observed, Record, Resource, Topology};

use super::records::{Lists, Part, Seen, fill};
use crate::network::{Named, Network};

/// The network of a region as one read found it. What belongs to `topology` goes by its address there,
/// everything else by its id.
pub fn observed(observed: &Observed, topology: &str, lists: &Lists) -> Network {
    let near = near(observed, topology);
    network(observed, &near, topology, lists, |_| None)
}

/// The interfaces in the VPCs in which the topology has anything, and in those that are peered with them: the
/// rest of a region is apart from them.
pub(super) fn near(observed: &Observed, topology: &str) -> Interfaces {
    let own = || {
        observed
            .objects
            .iter()
            .filter(|object| object.claim(topology).is_some())
    };
    let vpcs: BTreeMap<&str, String> = observed
        .objects
        .iter()
        .filter(|object| object.kind == Kind::Subnet)
        .filter_map(|subnet| Some((subnet.id.as_str(), subnet.record.get(VPC)?.to_string())))
        .collect();
    let vpc_of = |object: &Object| match object.kind {
        Kind::Vpc => Some(object.id.clone()),
        Kind::Instance | Kind::NatGateway => vpcs.get(object.record.get(SUBNET)?.id()?).cloned(),
        _ => object.record.get(VPC).map(ToString::to_string),
    };
    let mut near: BTreeSet<String> = own().filter_map(vpc_of).collect();
    let peerings = observed
        .objects
        .iter()
        .filter(|object| object.kind == Kind::VpcPeeringConnection);
    let sides = peerings.map(|peering| {
        let sides = vpc_peering_connection::sides(&peering.record);
        sides.map(ToString::to_string).collect::<Vec<String>>()
    });
    let peers: Vec<String> = sides
        .filter(|sides| sides.iter().any(|side| near.contains(side)))
        .flatten()
        .collect();
    near.extend(peers);
    match &observed.interfaces {
        Interfaces::Read(all) => Interfaces::Read(
            all.iter()
                .filter(|interface| near.contains(&interface.vpc))
                .cloned()
                .collect(),
        ),
        Interfaces::Unread(why) => Interfaces::Unread(why.clone()),
    }
}

/// The network that is there when a plan is carried out, as [`super::after_plan()`] says: what belongs to the
/// topology is as its spec says it, and known by its places there.
pub fn left<'a>(observed: &'a Observed, topology: &'a Topology) -> Network {
    network(
        observed,
        &observed.interfaces,
        &topology.name,
        &Lists::new(),
        |address| topology.resources.get(&address.parse().ok()?),
    )
}

fn network<'a>(
    observed: &'a Observed,
    interfaces: &Interfaces,
    topology: &str,
    lists: &Lists,
    resource: impl Fn(&str) -> Option<&'a Resource>,
) -> Network {
    let part = |object: &'a Object| {
        let own = object.claim(topology);
        let name = own.map_or_else(|| object.id.clone(), str::to_owned);
        let resource = own.and_then(&resource);
        Part {
            key: object.id.clone(),
            kind: object.kind,
            named: Named {
                name,
                id: Some(object.id.clone()),
                source: resource.map(|resource| resource.place.clone()),
            },
            record: &object.record,
            facts: Some::<&Record>(&object.facts),
            unread: Some(&object.unread),
            implicit: object.implicit,
            resource,
        }
    };
    let parts: Vec<Part<'_>> = observed.objects.iter().map(part).collect();
    let seen = Seen {
        unreadable: observed.unreadable.keys().copied().collect(),
        interfaces,
    };
    fill(&parts, &observed.site.region, lists, Some(seen))
}
