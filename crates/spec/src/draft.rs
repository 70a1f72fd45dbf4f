//! A draft: one resource as far as it could be read, and what about it could not.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Address, Place, Record};

/// A resource on its way from the text to the topology.
#[derive(Debug)]
pub struct Draft {
    /// Kind and name.
    pub address: Address,
    /// Where its name stands.
    pub place: Place,
    /// Its attributes as written, and what every resource has. A member of a set that could not be read is
    /// `Null`, so that paths keep their numbers.
    pub record: Record,
    /// What decoding noted on the way.
    pub notes: Notes,
    /// For what EC2 makes by itself: the VPC.
    pub implicit: Option<Address>,
}

/// What decoding notes about one resource.
#[derive(Debug, Default)]
pub struct Notes {
    /// Where its attributes stand, by path.
    pub places: BTreeMap<String, Place>,
    /// Paths of what is wrong already: what follows from that is not reported.
    pub broken: BTreeSet<String>,
    /// The names that it refers to.
    pub uses: Vec<Use>,
}

/// One reference by name.
#[derive(Debug)]
pub struct Use {
    /// The attribute: `routes[0].nat_gateway`.
    pub path: String,
    /// What it points at.
    pub to: Address,
    /// Whether it is set after the create, so that it is no part of a circle.
    pub later: bool,
}

impl Notes {
    /// Whether the attribute at `path`, or something around it, is known to be wrong.
    pub fn spoils(&self, path: &str) -> bool {
        self.broken.iter().any(|broken| within(broken, path))
    }

    /// The same, or whether something inside it is.
    pub fn touches(&self, path: &str) -> bool {
        self.broken
            .iter()
            .any(|broken| within(broken, path) || within(path, broken))
    }
}

/// Whether the path `inner` is `outer` or leads into it. The empty path is the whole resource.
pub fn within(outer: &str, inner: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}
