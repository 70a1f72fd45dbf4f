//! The collector of everything that is wrong with one file.

use std::sync::Arc;

use trueup_model::{Diagnostic, Place, Resource};

use crate::node::Span;

/// The diagnostics of one file so far.
#[derive(Debug)]
pub struct Problems {
    file: Arc<str>,
    found: Vec<Diagnostic>,
}

impl Problems {
    /// No problems yet with `file`.
    pub fn new(file: &str) -> Self {
        Self { file: file.into(), found: Vec::new() }
    }

    /// A stretch of the text as a place in this file.
    pub fn place(&self, span: Span) -> Place {
        Place { file: self.file.clone(), line: span.line, column: span.column, start: span.start, end: span.end }
    }

    /// Notes a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Notes several.
    pub fn extend(&mut self, diagnostics: Vec<Diagnostic>) {
        self.found.extend(diagnostics);
    }

    /// Whether the attribute at `path`, or something inside it, is known to be wrong already.
    pub fn spoiled(&self, resource: &Resource, path: &str) -> bool {
        let inside =
            |other: &str| other.strip_prefix(path).is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']));
        let places: Vec<&Place> = resource.places.iter().filter(|(other, _)| inside(other)).map(|(_, place)| place).collect();
        self.found.iter().filter_map(Diagnostic::place).any(|wrong| places.contains(&wrong))
    }

    /// All problems in the order of their places, each once.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|a, b| (a.place(), a.code, &a.message).cmp(&(b.place(), b.code, &b.message)));
        self.found.dedup();
        self.found
    }
}
