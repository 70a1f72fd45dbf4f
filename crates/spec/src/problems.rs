//! The collector of everything that is wrong with the files of one spec.

use std::sync::Arc;

use trueup_model::{Diagnostic, Place};

use crate::node::{File, Span};

/// The files of a spec, and the diagnostics about them so far.
#[derive(Debug, Default)]
pub struct Problems {
    files: Vec<Arc<str>>,
    found: Vec<Diagnostic>,
}

impl Problems {
    /// One more file; `name` is what the user calls it.
    pub fn file(&mut self, name: &str) -> File {
        self.files.push(name.into());
        File(self.files.len() - 1)
    }

    /// A stretch of a text as a place in its file.
    pub fn place(&self, span: Span) -> Place {
        Place {
            file: Arc::clone(&self.files[span.file.0]),
            line: span.line,
            column: span.column,
            start: span.start,
            end: span.end,
        }
    }

    /// Notes a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// All problems in the order of their places, each once: what stands in an anchor is found wherever the
    /// anchor is used.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.found
            .sort_by(|a, b| (a.place(), a.code, &a.message).cmp(&(b.place(), b.code, &b.message)));
        self.found.dedup();
        self.found
    }
}
