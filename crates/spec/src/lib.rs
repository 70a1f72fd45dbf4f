//! The spec language: YAML text to a [`Topology`], with every error in one run.
//!
//! The journey: [`yaml`] reads the text into a tree whose every key and value knows its place; [`document`]
//! and [`decode`] hold the tree against the kinds' tables, which gives a [`draft`] of each resource;
//! [`complete`] fills in what may be left out and lets each kind write its record canonically; [`references`]
//! looks for circles; then the kinds check what no single attribute can tell. What only follows from a
//! mistake that is reported already is not reported.

mod abridge;
mod check;
mod complete;
mod decode;
mod document;
mod draft;
mod expect;
mod implicit;
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

use trueup_model::{Diagnostic, Files, Place, Severity, Topology};

use complete::Completed;
use draft::within;
use node::{File, Node, Span};
use problems::Problems;

pub use abridge::abridge;
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
    let mut problems = Problems::default();
    let file = problems.file(file);
    let root = tree(file, text, &mut problems);
    let topology = root.and_then(|root| topology(&root, options, &mut problems));
    let diagnostics = problems.sorted();
    let usable = diagnostics
        .iter()
        .all(|diagnostic| diagnostic.severity != Severity::Error);
    Parsed {
        topology: topology.filter(|_| usable),
        diagnostics,
    }
}

/// What a file says, as a tree.
fn tree(file: File, text: &str, problems: &mut Problems) -> Option<Node> {
    if text.len() > BYTES_MAX {
        let message = format!(
            "the spec has {} bytes, and {BYTES_MAX} is the most that is read",
            text.len()
        );
        problems.push(
            Diagnostic::error("too-large", message)
                .at(problems.place(Span::top(file)), "")
                .help("split the topology into several specs"),
        );
        return None;
    }
    yaml::read(file, text, problems)
}

/// What the tree of a spec means, whichever files its parts are in.
fn topology(root: &Node, options: &Options<'_>, problems: &mut Problems) -> Option<Topology> {
    let document = document::read(root, problems)?;
    let readable = document.names.unreadable.is_empty();
    let mut completed = complete::complete(document, options.region, options.files, problems);
    references::circles(&completed.topology, &completed.notes, problems);
    let wrong = wrong(&completed);
    completed.settle_places();
    // Where a whole kind is unknown, so is what it would have checked.
    if readable {
        check(&completed.topology, &wrong, problems);
    }
    implicit::leave_default(&mut completed.topology);
    Some(completed.topology)
}

/// Where what is known to be wrong stands.
fn wrong(completed: &Completed) -> BTreeSet<Place> {
    let mut wrong = BTreeSet::new();
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
        wrong.insert(resource.place.clone());
        wrong.extend(
            resource
                .places
                .iter()
                .filter(|(path, _)| notes.spoils(path))
                .map(|(_, place)| place.clone()),
        );
    }
    wrong
}

/// Checks the topology as a whole, and drops what is said about attributes that are known to be wrong.
fn check(topology: &Topology, wrong: &BTreeSet<Place>, problems: &mut Problems) {
    let sound = |diagnostic: &Diagnostic| {
        let mut labels = diagnostic.labels.iter();
        labels.all(|label| !wrong.contains(&label.place))
    };
    check::check(topology)
        .into_iter()
        .filter(sound)
        .for_each(|diagnostic| problems.push(diagnostic));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Yaml;

    struct NoFiles;

    impl Files for NoFiles {
        fn text(&self, path: &str) -> Result<String, String> {
            Err(format!("{path}: there are no files here"))
        }

        fn public_key(&self, _path: &str) -> Result<Option<String>, String> {
            Ok(None)
        }
    }

    /// What is said about a spec whose root is in several files: of each, the file, the line and the code.
    fn told(texts: &[(&str, &str)]) -> Vec<(String, usize, &'static str)> {
        let mut problems = Problems::default();
        let mut root = Node {
            value: Yaml::Map(Vec::new()),
            span: Span::top(File(0)),
        };
        for (name, text) in texts {
            let file = problems.file(name);
            let part = tree(file, text, &mut problems).unwrap();
            if let (Yaml::Map(all), Yaml::Map(part)) = (&mut root.value, part.value) {
                all.extend(part);
            }
        }
        let options = Options {
            region: None,
            files: &NoFiles,
        };
        topology(&root, &options, &mut problems);
        let told = problems.sorted().into_iter().map(|diagnostic| {
            let place = diagnostic.place().unwrap();
            (place.file.to_string(), place.line, diagnostic.code)
        });
        told.collect()
    }

    const HEAD: (&str, &str) = (
        "all.yaml",
        "topology: t\nregion: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16}}\n",
    );

    #[test]
    fn mistakes_at_one_offset_of_two_files_are_two() {
        let spec = |name: &str| format!("subnet:\n  {name}: {{cidr_block: 10.0.0.1/24}}\n");
        assert_eq!(
            told(&[HEAD, ("a.yaml", &spec("x")), ("b.yaml", &spec("y"))]),
            [("a.yaml".into(), 2, "format"), ("b.yaml".into(), 2, "format")]
        );
    }

    #[test]
    fn what_is_wrong_in_one_file_hides_nothing_at_that_offset_of_another() {
        let spec = |name: &str, range: &str| format!("subnet:\n  {name}: {{cidr_block: {range}}}\n");
        let (outside, unread) = (spec("x", "10.9.0.0/24"), spec("y", "10.9.0.0/99"));
        assert_eq!(
            told(&[HEAD, ("a.yaml", &outside), ("b.yaml", &unread)]),
            [
                ("a.yaml".into(), 2, "subnet-outside-vpc"),
                ("b.yaml".into(), 2, "format")
            ]
        );
    }
}
