//! Edits that follow from the tables: what has a few values and changes in place is given each of the others.

use trueup_model::schema::{Attribute, Cost, Effect, Type};
use trueup_model::{Address, Kind, Resource, Severity, Topology};

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

/// A flip to each other value of each such attribute, in the first resource that says something of it, else in the
/// first of its kind.
#[must_use]
pub fn flips(topology: &Topology) -> Vec<Flip> {
    let mut flips: Vec<Flip> = Vec::new();
    for kind in Kind::ALL {
        for attribute in kind.schema().attributes {
            let few = matches!(attribute.ty, Type::Bool | Type::Choice(_));
            if !few || attribute.input || !matches!(attribute.effect, Cost::Fixed(Effect::InPlace)) {
                continue;
            }
            let mut says = topology
                .of(kind)
                .filter(|resource| resource.record.has(attribute.name));
            let Some(resource) = says.next().or_else(|| topology.of(kind).next()) else {
                continue;
            };
            flips.extend(flips_of(topology, resource, attribute));
        }
    }
    flips
}

fn flips_of(topology: &Topology, resource: &Resource, attribute: &'static Attribute) -> Vec<Flip> {
    let address = &resource.address;
    let others = samples::of(&attribute.ty)
        .into_iter()
        .filter(|value| attribute.differs(Some(value), resource.record.value(attribute.name)));
    let flip = |value| {
        let mut edited = topology.clone();
        edited
            .resources
            .get_mut(address)?
            .record
            .set(attribute.name, value);
        // What the kind itself refuses beside the others, such as DNS hostnames without DNS.
        let mut found = Vec::new();
        address.kind.rules().check(&edited, &mut found);
        let is_taken = found
            .iter()
            .all(|diagnostic| diagnostic.severity != Severity::Error);
        is_taken.then(|| Flip {
            address: address.clone(),
            attribute: attribute.name,
            edited,
        })
    };
    others.filter_map(flip).collect()
}
