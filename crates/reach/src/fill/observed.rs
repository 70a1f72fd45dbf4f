//! The network that is live, and the one that a plan leaves.

use trueup_model::{Object, Observed, Record, Resource, Topology};

use super::records::{Lists, Part, fill};
use crate::network::{Named, Network};

/// The network of a region as one read found it. What belongs to `topology` goes by its address there, everything else by its id.
pub fn observed(observed: &Observed, topology: &str, lists: &Lists) -> Network {
    network(observed, topology, lists, |_| None)
}

/// The network that is there when a plan is carried out, as [`super::planned`] says: what belongs to the topology is as its spec says it,
/// and known by its places there.
pub fn left<'a>(observed: &'a Observed, topology: &'a Topology) -> Network {
    network(observed, &topology.name, &Lists::new(), |address| topology.resources.get(&address.parse().ok()?))
}

fn network<'a>(observed: &'a Observed, topology: &str, lists: &Lists, resource: impl Fn(&str) -> Option<&'a Resource>) -> Network {
    let part = |object: &'a Object| {
        let own = object.claim(topology);
        let name = own.map_or_else(|| object.id.clone(), str::to_owned);
        let resource = own.and_then(&resource);
        Part {
            key: object.id.clone(),
            kind: object.kind,
            named: Named { name, id: Some(object.id.clone()), source: resource.map(|resource| resource.place.clone()) },
            record: &object.record,
            facts: Some::<&Record>(&object.facts),
            unread: Some(&object.unread),
            implicit: object.implicit,
            resource,
        }
    };
    let parts: Vec<Part<'_>> = observed.objects.iter().map(part).collect();
    fill(&parts, &observed.region, lists, observed.unreadable.keys().copied().collect(), true)
}
