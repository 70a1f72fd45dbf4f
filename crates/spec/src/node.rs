//! The tree of a YAML document: every key and value with its place, merges done, no key twice.

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What stands there.
    pub value: Yaml,
    /// Where. Of a list or mapping: of what its first line shows of it.
    pub span: Span,
}

/// What a YAML document consists of.
#[derive(Clone, Debug)]
pub enum Yaml {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`, as it is spelled.
    Bool(bool, String),
    /// A plain scalar that YAML reads as a number, as it is spelled: `1.10` and `007` stay what they are.
    Number(String),
    /// Any other scalar.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in its order, every key once.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A file of the spec: which of those that [`Problems`](crate::problems::Problems) knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File(pub usize);

/// A stretch of the text of a file. Lines and columns (in characters) from 1, bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub file: File,
    pub line: usize,
    pub column: usize,
    pub start: usize,
    pub end: usize,
}

const SHOWN_MAX: usize = 40;

impl Node {
    /// What this is, for messages: ``the text `yes` ``.
    pub fn what(&self) -> String {
        match &self.value {
            Yaml::Null => "nothing".into(),
            Yaml::Bool(_, spelled) => format!("the switch `{spelled}`"),
            Yaml::Number(spelled) => format!("the number `{}`", shown(spelled)),
            Yaml::Text(text) => format!("the text `{}`", shown(text)),
            Yaml::List(_) => "a list".into(),
            Yaml::Map(_) => "a mapping".into(),
        }
    }

    /// The scalar as it is spelled, where this is one.
    pub fn spelled(&self) -> Option<&str> {
        match &self.value {
            Yaml::Bool(_, text) | Yaml::Number(text) | Yaml::Text(text) => Some(text),
            Yaml::Null | Yaml::List(_) | Yaml::Map(_) => None,
        }
    }
}

/// A text of any length on one short line.
pub fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.len() < text.trim_end().len() => format!("{line}…"),
        None => line.to_owned(),
    }
}

impl Span {
    /// The very start of a file.
    pub fn top(file: File) -> Self {
        Self {
            file,
            line: 1,
            column: 1,
            start: 0,
            end: 0,
        }
    }

    /// The text of this stretch.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// The first character of this stretch, for what has no better place.
    pub fn start(self) -> Self {
        Self {
            end: self.start,
            ..self
        }
    }
}
