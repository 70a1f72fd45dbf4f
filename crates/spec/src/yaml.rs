//! YAML: the only module that names the library. Limits, anchors, merges and syntax are the library's; doubled keys are ours to tell.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Error, Location, Spanned};
use trueup_model::Diagnostic;

use crate::node::{Key, Node, Span, Yaml};
use crate::problems::Problems;

/// Enough for ten thousand resources many times over, and an end to what only wants to be big.
const NODES_MAX: usize = 2_000_000;
const DEPTH_MAX: usize = 64;

/// Reads the text into a tree; notes why not where it is not YAML.
pub fn read(text: &str, problems: &mut Problems) -> Option<Node> {
    if let Some(span) = tab(text) {
        let diagnostic = Diagnostic::error("tab", "YAML does not allow tabs for indentation")
            .at(problems.place(span), "a tab")
            .help("indent with spaces");
        problems.push(diagnostic);
        return None;
    }
    let mut options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
    };
    options.budget = serde_saphyr::budget! { max_nodes: NODES_MAX, max_events: 4 * NODES_MAX, max_depth: DEPTH_MAX };
    match serde_saphyr::from_str_with_options::<Spanned<Tree>>(text, options) {
        Ok(root) => Some(node(root, text)),
        Err(error) => {
            problems.push(explain(&error, text, problems));
            None
        }
    }
}

/// The first line that is indented with a tab.
fn tab(text: &str) -> Option<Span> {
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let blank = line.trim().is_empty();
        if let Some(column) = line[..indent].find('\t').filter(|_| !blank) {
            // Inside a block of literal text a tab is text like any other; such blocks are indented with spaces first.
            if column == 0 || !line[..column].contains(' ') {
                return Some(Span { line: index + 1, column: column + 1, start: start + column, end: start + column + 1 });
            }
        }
        start += line.len();
    }
    None
}

fn explain(error: &Error, text: &str, problems: &Problems) -> Diagnostic {
    let error = error.without_snippet();
    let span = error.location().map(|location| span(location, text)).unwrap_or(Span { line: 1, column: 1, start: 0, end: 0 });
    let place = problems.place(span);
    match error {
        Error::MultipleDocuments { .. } => Diagnostic::error("two-documents", "the file holds more than one YAML document")
            .at(place, "the second document")
            .help("a spec is one document: remove the `---`, or put the second one into a file of its own"),
        error if is_too_large(error) => {
            Diagnostic::error("too-large", "the document grows too large or too deep when it is read").at(place, "").help(format!(
                "at most {NODES_MAX} values, nested at most {DEPTH_MAX} deep, with what an anchor stands for counted wherever it is used"
            ))
        }
        Error::UnknownAnchor { .. } => {
            Diagnostic::error("yaml", "this alias has no anchor").at(place, "").help("write `&name` where the value stands")
        }
        _ => {
            let message = error.to_string();
            // The library ends its message with the place, which the excerpt shows.
            let message = message.lines().next().unwrap_or_default();
            let message = message.split(" at line ").next().unwrap_or(message);
            Diagnostic::error("yaml", format!("this is not YAML: {message}"))
                .at(place, "")
                .help("check indentation, quotes and brackets here and on the line before")
        }
    }
}

/// Limits are told by several variants, and some come from the parser as text.
fn is_too_large(error: &Error) -> bool {
    let by_variant = matches!(
        error,
        Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. }
    );
    let text = error.to_string();
    by_variant || text.contains("budget") || text.contains("recursion limit")
}

/// The tree as serde fills it.
enum Tree {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Spanned<Tree>>),
    Map(Vec<(Spanned<String>, Spanned<Tree>)>),
}

fn node(tree: Spanned<Tree>, text: &str) -> Node {
    let span = span(tree.referenced, text);
    let value = match tree.value {
        Tree::Null => Yaml::Null,
        Tree::Bool(value) => Yaml::Bool(value),
        Tree::Number => Yaml::Number,
        Tree::Text(text) => Yaml::Text(text),
        Tree::List(list) => Yaml::List(list.into_iter().map(|tree| node(tree, text)).collect()),
        Tree::Map(map) => {
            let key = |key: Spanned<String>| Key { span: self::span(key.referenced, text), text: key.value };
            Yaml::Map(map.into_iter().map(|(k, tree)| (key(k), node(tree, text))).collect())
        }
    };
    Node { value, span }
}

fn span(location: Location, text: &str) -> Span {
    let span = location.span();
    let start = span.byte_offset().and_then(|offset| usize::try_from(offset).ok()).unwrap_or(0).min(text.len());
    let length = span.byte_len().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let end = (start + length).min(text.len());
    Span { line: location.line() as usize, column: location.column() as usize, start, end }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(tree) = access.next_element()? {
            list.push(tree);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = access.next_entry()? {
            map.push(pair);
        }
        Ok(Tree::Map(map))
    }
}
