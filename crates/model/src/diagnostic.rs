//! Problems of a spec as data: what is wrong, where, and what to do about it. Reporters turn them into prose.

use std::sync::Arc;

use serde::Serialize;

/// A stable name for one sort of problem, such as `subnet-outside-vpc`.
pub type Code = &'static str;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The spec cannot be used.
    Error,
    /// The spec can be used, and something about it may surprise.
    Warning,
    /// Worth knowing.
    Note,
}

/// A stretch of a spec file. Lines and columns count from 1 (columns in characters), bytes from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// The line of its first character.
    pub line: usize,
    /// The column of its first character.
    pub column: usize,
    /// The first byte.
    #[serde(skip)]
    pub start: usize,
    /// The byte after the last one.
    #[serde(skip)]
    pub end: usize,
}

/// A place with what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What, in a few words; may be empty.
    pub text: String,
}

/// A text to put in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What is replaced.
    pub place: Place,
    /// By what.
    pub text: String,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which sort of problem.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// Where: the first is the place of the problem, others give context.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// An edit that mends it.
    pub patch: Option<Patch>,
}

impl Diagnostic {
    /// A problem that makes the spec unusable.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            help: None,
            patch: None,
        }
    }

    /// A problem that the user may live with.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Something worth knowing.
    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(code, message)
        }
    }

    /// Points at `place`, with `text` beside it.
    #[must_use]
    pub fn at(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            place,
            text: text.into(),
        });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Proposes to put `text` in the place of `place`.
    #[must_use]
    pub fn patch(mut self, place: Place, text: impl Into<String>) -> Self {
        self.patch = Some(Patch {
            place,
            text: text.into(),
        });
        self
    }

    /// The place of the problem, where it has one.
    pub fn place(&self) -> Option<&Place> {
        self.labels.first().map(|label| &label.place)
    }
}
