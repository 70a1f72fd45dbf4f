//! The network that a spec wants.

use trueup_model::Topology;

use super::records::{Lists, Part, fill};
use crate::network::{Named, Network};

/// The network that a spec wants. Addresses that EC2 has yet to choose are any of the subnet's, or a public
/// one that nobody else has; what is in prefix lists is what `lists` says, by their full names or ids, and
/// otherwise not known.
pub fn topology(topology: &Topology, lists: &Lists) -> Network {
    let parts: Vec<Part<'_>> = topology
        .resources
        .values()
        .map(|resource| Part {
            key: resource.address.to_string(),
            kind: resource.address.kind,
            named: Named {
                name: resource.address.to_string(),
                id: None,
                source: Some(resource.place.clone()),
            },
            record: &resource.record,
            facts: None,
            unread: None,
            implicit: false,
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
