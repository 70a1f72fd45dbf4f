//! The spec language: YAML text to a [`Topology`], with every error in one run.
//!
//! The journey: [`yaml`] reads the text into a tree whose every key and value knows its place; [`document`]
//! and [`decode`] hold the tree against the kinds' tables, which gives a [`draft`] of each resource;
//! [`complete`] fills in what may be left out and lets each kind write its record canonically; [`references`]
//! looks for circles; then the kinds check what no single attribute can tell. What only follows from a
//! mistake that is told already is not told.

mod complete;
mod decode;
mod document;
mod draft;
mod expect;
mod keys;
mod members;
mod names;
mod node;
mod problems;
mod references;
mod schema;
mod suggest;
mod synonyms;
mod tags;
mod yaml;

use std::collections::BTreeSet;

use trueup_model::{Diagnostic, Files, Kind, Severity, Topology};

use complete::Completed;
use draft::within;
use problems::Problems;

pub use keys::{EVERY_RESOURCE, HEAD};
pub use schema::json_schema;
pub use suggest::Suggest;

/// Larger texts are refused before they are read: 32 MiB.
pub const BYTES_MAX: usize = 32 * 1024 * 1024;

/// What reading a spec may use beside its text.
pub struct Options<'a> {
    /// The region of a spec that names none.
    pub region: Option<&'a str>,
    /// The files that the spec points at.
    pub files: &'a dyn Files,
}

/// What reading a spec came to.
#[derive(Debug)]
pub struct Parsed {
    /// What is wanted; there exactly if no diagnostic is an error.
    pub topology: Option<Topology>,
    /// What is wrong or worth knowing, in the order of the places.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the text of a spec; `file` is what the user calls it.
pub fn parse(file: &str, text: &str, options: &Options<'_>) -> Parsed {
    let mut problems = Problems::new(file);
    let topology = read(text, options, &mut problems);
    let diagnostics = problems.sorted();
    let usable = diagnostics
        .iter()
        .all(|diagnostic| diagnostic.severity != Severity::Error);
    Parsed {
        topology: topology.filter(|_| usable),
        diagnostics,
    }
}

fn read(text: &str, options: &Options<'_>, problems: &mut Problems) -> Option<Topology> {
    if text.len() > BYTES_MAX {
        let message = format!(
            "the spec has {} bytes, and {BYTES_MAX} is the most that is read",
            text.len()
        );
        let place = problems.place(node::Span {
            line: 1,
            column: 1,
            start: 0,
            end: 0,
        });
        problems.push(
            Diagnostic::error("too-large", message)
                .at(place, "")
                .help("split the topology into several specs"),
        );
        return None;
    }
    let root = yaml::read(text, problems)?;
    let document = document::read(&root, problems)?;
    let readable = document.names.unreadable.is_empty();
    let mut completed = complete::complete(document, options.region, options.files, problems);
    references::circles(&completed.topology, &completed.notes, problems);
    let wrong = wrong(&completed);
    completed.settle_places();
    // Where a whole kind is unknown, so is what it would have checked.
    if readable {
        check(&completed.topology, &wrong, problems);
    }
    Some(completed.topology)
}

/// Where what is known to be wrong starts.
fn wrong(completed: &Completed) -> BTreeSet<usize> {
    let mut wrong: BTreeSet<usize> = BTreeSet::new();
    for (address, notes) in &completed.notes {
        // What is said about a resource as a whole, at its name, may follow from any attribute of its kind.
        if notes
            .broken
            .iter()
            .all(|path| EVERY_RESOURCE.iter().any(|key| within(key.name, path)))
        {
            continue;
        }
        let resource = &completed.topology.resources[address];
        wrong.insert(resource.place.start);
        wrong.extend(
            resource
                .places
                .iter()
                .filter(|(path, _)| notes.spoils(path))
                .map(|(_, place)| place.start),
        );
    }
    wrong
}

/// Lets the kinds check the topology as a whole, and drops what they say about attributes that are known to
/// be wrong.
fn check(topology: &Topology, wrong: &BTreeSet<usize>, problems: &mut Problems) {
    for kind in Kind::ALL {
        let mut found = Vec::new();
        kind.rules().check(topology, &mut found);
        let sound = |diagnostic: &Diagnostic| {
            diagnostic
                .labels
                .iter()
                .all(|label| !wrong.contains(&label.place.start))
        };
        found
            .into_iter()
            .filter(sound)
            .for_each(|diagnostic| problems.push(diagnostic));
    }
}
