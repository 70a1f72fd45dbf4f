//! The network that is live.

use trueup_model::{Observed, Record};

use super::records::{Lists, Part, fill};
use crate::network::{Named, Network};

/// The network of a region as one read found it. What belongs to `topology` goes by its address there, everything else by its id.
pub fn observed(observed: &Observed, topology: &str, lists: &Lists) -> Network {
    let parts: Vec<Part<'_>> = observed
        .objects
        .iter()
        .map(|object| {
            let own = object.owner.as_ref().filter(|owner| owner.topology == topology && owner.retiring.is_none());
            let name = own.map_or_else(|| object.id.clone(), |owner| owner.address.clone());
            Part {
                key: object.id.clone(),
                kind: object.kind,
                named: Named { name, id: Some(object.id.clone()), source: None },
                record: &object.record,
                facts: Some::<&Record>(&object.facts),
                implicit: object.implicit,
                resource: None,
            }
        })
        .collect();
    fill(&parts, &observed.region, lists, observed.unreadable.keys().copied().collect(), true)
}
