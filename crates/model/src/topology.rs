//! What is wanted: the resources of one spec, canonical and complete.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::diagnostic::Place;
use crate::expect::Expectation;
use crate::value::Record;
use crate::{Address, Kind};

/// A spec, read: every attribute in its canonical spelling, EC2's defaults filled in.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// The name in the ownership tags.
    pub name: String,
    /// The only account it may be applied to: 12 digits.
    pub account: Option<String>,
    /// The region it belongs to.
    pub region: Option<String>,
    /// A plan that ends more objects than this is refused.
    pub max_deletes: Option<u32>,
    /// How many hosts that do the same work a plan may have out of service at a time; none is one. No spec
    /// says so: who plans does.
    pub at_once: Option<NonZeroUsize>,
    /// What it consists of.
    pub resources: BTreeMap<Address, Resource>,
    /// What must hold about who can talk to whom.
    pub expect: Vec<Expectation>,
    /// Where the head's keys stand (`topology`, `account`, `region`).
    pub places: BTreeMap<String, Place>,
}

/// One resource as the spec wants it.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Kind and name.
    pub address: Address,
    /// Its attributes, `tags` included (a map of key to text or null).
    pub record: Record,
    /// Whether EC2 makes it by itself with its VPC: then it is known by that, and carries no tags of ours.
    pub implicit: bool,
    /// Whether deleting, replacing and stopping it are refused.
    pub protect: bool,
    /// Where its name stands in the spec.
    pub place: Place,
    /// Where its attributes stand, by path: `cidr_block`, `ingress[0].port`.
    pub places: Arc<BTreeMap<String, Place>>,
}

impl Topology {
    /// The resources of one kind, by name.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        // Addresses are ordered by kind first: what comes before and after is not walked through.
        let first = Address::first(kind);
        self.resources
            .range(first..)
            .map(|(_, resource)| resource)
            .take_while(move |resource| resource.address.kind == kind)
    }

    /// The resource that `reference` points at, where that is in the topology.
    pub fn follow(&self, reference: Option<&crate::Ref>) -> Option<&Resource> {
        self.resources.get(reference?.address()?)
    }
}

impl Resource {
    /// Where the attribute at `path` stands: the nearest enclosing place that is known.
    pub fn place(&self, path: impl AsRef<str>) -> Place {
        let mut path = path.as_ref();
        loop {
            if let Some(place) = self.places.get(path) {
                return place.clone();
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return self.place.clone(),
            }
        }
    }
}
