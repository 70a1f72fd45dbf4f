//! The network that a spec wants.

use std::borrow::Cow;

use trueup_model::{Home, Record, Resource, Topology};

use super::records::{Lists, Part, fill};
use crate::network::{Named, Network};

/// The network that a spec wants. Addresses that EC2 has yet to choose are any of the subnet's, or a public
/// one that nobody else has; what is in prefix lists is what `lists` says, by their full names or ids, and
/// otherwise not known.
pub fn topology(topology: &Topology, lists: &Lists) -> Network {
    let records: Vec<(&Resource, Cow<'_, Record>)> = topology
        .resources
        .values()
        .map(|resource| (resource, as_new(resource, topology)))
        .collect();
    let parts: Vec<Part<'_>> = records
        .iter()
        .map(|(resource, record)| Part {
            key: resource.address.to_string(),
            kind: resource.address.kind,
            named: Named {
                name: resource.address.to_string(),
                id: None,
                source: Some(resource.place.clone()),
            },
            record,
            facts: None,
            unread: None,
            implicit: resource.implicit,
            resource: Some(resource),
        })
        .collect();
    fill(
        &parts,
        topology.region.as_deref().unwrap_or_default(),
        lists,
        None,
    )
}

/// What a resource is that is made anew: what its record leaves out follows from what it is in.
fn as_new<'t>(resource: &'t Resource, topology: &'t Topology) -> Cow<'t, Record> {
    let rules = resource.address.kind.rules();
    let home = topology.follow(rules.home(&resource.record)).map(|home| Home {
        record: &home.record,
        live: None,
        around: None,
    });
    let fitted = rules.fitted(resource, None, home);
    fitted.map_or(Cow::Borrowed(&resource.record), Cow::Owned)
}
