//! Edits that follow from the tables: what has a few values and changes in place is given each of the others.

use trueup_model::schema::{Cost, Effect, Type};
use trueup_model::{Address, Severity, Topology};

#[path = "../../crates/xtask/src/docs/samples.rs"]
#[expect(dead_code, reason = "what changes is for the documentation")]
mod samples;

/// One attribute of one resource with another value.
pub struct Flip {
    /// Whose attribute.
    pub address: Address,
    /// The attribute.
    pub attribute: &'static str,
    /// The network with the other value, and all else as it was.
    pub edited: Topology,
}

/// A flip to each other value of each such attribute, in the first resource of its kind.
#[must_use]
pub fn flips(topology: &Topology) -> Vec<Flip> {
    let mut flips: Vec<Flip> = Vec::new();
    let mut kinds = Vec::new();
    for (address, resource) in &topology.resources {
        if kinds.contains(&address.kind) {
            continue;
        }
        kinds.push(address.kind);
        for attribute in address.kind.schema().attributes {
            let few = matches!(attribute.ty, Type::Bool | Type::Choice(_));
            if !few || attribute.input || !matches!(attribute.effect, Cost::Fixed(Effect::InPlace)) {
                continue;
            }
            for value in samples::of(&attribute.ty) {
                if !attribute.differs(Some(&value), resource.record.value(attribute.name)) {
                    continue;
                }
                let mut edited = topology.clone();
                if let Some(resource) = edited.resources.get_mut(address) {
                    resource.record.set(attribute.name, value);
                }
                // What the kind itself refuses beside the others, such as DNS hostnames without DNS.
                let mut found = Vec::new();
                address.kind.rules().check(&edited, &mut found);
                if found
                    .iter()
                    .all(|diagnostic| diagnostic.severity != Severity::Error)
                {
                    flips.push(Flip {
                        address: address.clone(),
                        attribute: attribute.name,
                        edited,
                    });
                }
            }
        }
    }
    flips
}
