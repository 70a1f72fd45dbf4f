//! The spec language: YAML text to a [`Topology`], with every error in one run.
//!
//! The journey: [`yaml`] reads the text into a tree whose every key and value knows its place; [`document`] and [`decode`] hold
//! the tree against the kinds' tables; [`complete`] fills in what may be left out and lets each kind write its record canonically;
//! [`references`] follows the names; then the kinds check what no single attribute can tell.

mod complete;
mod decode;
mod document;
mod node;
mod problems;
mod references;
mod schema;
mod suggest;
mod yaml;

use trueup_model::{Diagnostic, Files, Kind, Severity, Topology};

pub use schema::json_schema;

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
    let mut problems = problems::Problems::new(file);
    let topology = read(text, options, &mut problems);
    let diagnostics = problems.sorted();
    let usable = diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
    Parsed { topology: topology.filter(|_| usable), diagnostics }
}

fn read(text: &str, options: &Options<'_>, problems: &mut problems::Problems) -> Option<Topology> {
    if text.len() > BYTES_MAX {
        let message = format!("the spec has {} bytes, and {BYTES_MAX} is the most that is read", text.len());
        problems.push(Diagnostic::error("too-large", message).help("split the topology into several specs"));
        return None;
    }
    let root = yaml::read(text, problems)?;
    let mut topology = document::read(text, &root, problems)?;
    if topology.region.is_none() {
        topology.region = options.region.map(str::to_owned);
    }
    complete::complete(&mut topology, options.files, problems);
    references::check(&topology, problems);
    for kind in Kind::ALL {
        let mut found = Vec::new();
        kind.rules().check(&topology, &mut found);
        problems.extend(found);
    }
    Some(topology)
}
