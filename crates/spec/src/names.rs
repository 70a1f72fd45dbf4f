//! Names: what the topology declares, known before any reference is read.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::Kind;

use crate::suggest::Suggest;

/// What a spec declares, by kind.
#[derive(Debug, Default)]
pub struct Names {
    declared: BTreeMap<Kind, BTreeSet<String>>,
    /// Kinds whose part of the spec cannot be read: nothing is known about their names.
    pub unreadable: BTreeSet<Kind>,
    /// For near misses.
    pub suggest: Suggest,
}

/// How many names a message lists.
const LISTED_MAX: usize = 8;

impl Names {
    /// Notes a name as it is written, right or wrong: a reference to a wrong one is no second mistake.
    pub fn declare(&mut self, kind: Kind, name: &str) {
        self.declared.entry(kind).or_default().insert(name.to_owned());
    }

    /// Whether `kind` has this name.
    pub fn has(&self, kind: Kind, name: &str) -> bool {
        self.declared.get(&kind).is_some_and(|names| names.contains(name))
    }

    /// The names of one kind in their order.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.declared.get(&kind).into_iter().flatten().map(String::as_str)
    }

    /// Another kind that has this name.
    pub fn elsewhere(&self, name: &str) -> Option<Kind> {
        self.declared
            .iter()
            .find(|(_, names)| names.contains(name))
            .map(|(kind, _)| *kind)
    }

    /// The name that was probably meant.
    pub fn nearest(&self, kind: Kind, name: &str) -> Option<&str> {
        self.suggest.nearest(name, self.of(kind))
    }

    /// The names of one kind for a message, cut where they are many.
    pub fn list(&self, kind: Kind) -> String {
        let mut names: Vec<&str> = self.of(kind).take(LISTED_MAX + 1).collect();
        if names.len() > LISTED_MAX {
            names[LISTED_MAX] = "…";
        }
        names.join(", ")
    }
}
