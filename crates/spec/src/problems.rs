//! The collector of everything that is wrong with one file.

use std::sync::Arc;

use trueup_model::{Diagnostic, Place};

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
        Self {
            file: file.into(),
            found: Vec::new(),
        }
    }

    /// A stretch of the text as a place in this file.
    pub fn place(&self, span: Span) -> Place {
        Place {
            file: self.file.clone(),
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
