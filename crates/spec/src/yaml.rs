//! YAML: the only module that names the library. Syntax, anchors and limits are the library's; merges and
//! doubled keys are ours, because the library stops at the first.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{
    DuplicateKeyPolicy, Error, Location, MergeKeyPolicy, NonFiniteFloatPolicy, Spanned, UserMessageFormatter,
};
use trueup_model::{Diagnostic, Place};

use crate::node::{File, Key, Node, Span, Yaml, shown};
use crate::problems::Problems;

/// Enough for a hundred thousand resources of sixteen values each, which are as large a text as is read, and an end
/// to what only wants to be big.
const NODES_MAX: usize = 2_000_000;
/// How much anchors may come to where they are used.
const REPLAYED_MAX: usize = 500_000;
/// How much may stand inside anchors; they are recorded once for each anchor around them.
const RECORDED_MAX: usize = 200_000;
/// Policies are nested the deepest, at about ten; each level takes some of the stack.
const DEPTH_MAX: usize = 32;

/// Reads the text into a tree; notes why not where it is not YAML.
pub fn read(file: File, text: &str, problems: &mut Problems) -> Option<Node> {
    read_within(NODES_MAX, file, text, problems)
}

fn read_within(nodes_max: usize, file: File, text: &str, problems: &mut Problems) -> Option<Node> {
    let budget = serde_saphyr::budget! {
        max_nodes: nodes_max,
        max_events: 4 * nodes_max,
        max_depth: DEPTH_MAX,
        max_aliases: REPLAYED_MAX,
        max_anchors: RECORDED_MAX,
        max_recorded_anchor_events: RECORDED_MAX,
        // One anchor that every resource uses is what anchors are for.
        enforce_alias_anchor_ratio: false,
    };
    let options = serde_saphyr::options! {
        budget: budget,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPLAYED_MAX },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        emit_comments: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Tree>>(text, options) {
        Ok(root) => Some(Builder::new(file, text, problems).node(root, None)),
        Err(error) => {
            let diagnostic = explain(&error, file, text, problems);
            problems.push(diagnostic);
            None
        }
    }
}

fn explain(error: &Error, file: File, text: &str, problems: &Problems) -> Diagnostic {
    let mut error = error.without_snippet();
    let span = error
        .location()
        .map_or(Span::top(file), |location| scanned(location, file, text));
    while let Error::AliasError { error: inner, .. } = error {
        error = inner;
    }
    let message = error.render_with_formatter(&UserMessageFormatter);
    // The library ends its message with the place, which the label has.
    let message = message.lines().next().unwrap_or_default();
    let message = message.split(" at line ").next().unwrap_or(message);
    if let Some(tab) = tab(text, span, message.contains("tab")) {
        return Diagnostic::error("tab", "YAML does not allow tabs for indentation")
            .at(problems.place(tab), "a tab")
            .help("indent with spaces");
    }
    let place = problems.place(span);
    match error {
        Error::MultipleDocuments { .. } => Diagnostic::error("two-documents", "the file holds more than one YAML document")
            .at(place, "the second document")
            .help("a spec is one document: remove the `---`, or put the second one into a file of its own"),
        Error::UnknownAnchor { .. } => {
            let (name, place) = alias(text, span, problems);
            Diagnostic::error("unknown-anchor", format!("nothing above is called `&{name}`"))
                .at(place, "this alias has no anchor")
                .help(format!("write `&{name}` before the value that it stands for, further up; quote the value where it is meant as text"))
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            let (name, place) = alias(text, span, problems);
            Diagnostic::error("recursive-anchor", format!("`*{name}` stands for something that it is part of"))
                .at(place, "inside its own anchor")
                .help("write the value out here")
        }
        Error::UnsupportedTag { .. } => {
            let span = tag(text, span);
            Diagnostic::error("yaml-tag", format!("a spec has no YAML tags, and here is `{}`", shown(span.of(text))))
                .at(problems.place(span), "a tag")
                .help("remove it, or quote the value where it is meant as text")
        }
        error if is_too_large(error, message) => {
            Diagnostic::error("too-complex", "the document grows too large or too deep when it is read")
                .at(place, "reading stopped here")
                .help(format!(
                    "at most {NODES_MAX} values, nested at most {DEPTH_MAX} deep; what an anchor stands for counts wherever it is used"
                ))
        }
        _ if message.contains("anchor or alias") && span.of(text) == "*" => Diagnostic::error("yaml", "a `*` alone needs quotes")
            .at(place.clone(), "YAML takes it for an alias")
            .help("write `\"*\"`")
            .patch(place, "\"*\""),
        _ => Diagnostic::error("yaml", format!("this is not YAML: {message}")).at(place, "").help(remedy(message)),
    }
}

/// What to do about the parser's words.
fn remedy(message: &str) -> &'static str {
    if message.contains("mapping values are not allowed") {
        "a value that holds a colon and a blank needs quotes; otherwise check the indentation of this line"
    } else if message.contains("unexpected character") {
        "quote the value where it starts with or holds such a character"
    } else if message.contains("quote") {
        "close the quote, or write the quote inside the text twice"
    } else {
        "check indentation, quotes and brackets here and on the line before"
    }
}

/// Limits are reported by several variants, and one comes from the parser as text.
fn is_too_large(error: &Error, message: &str) -> bool {
    matches!(
        error,
        Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. }
    ) || message.contains("recursion limit")
}

/// The tab that an error near `around` is about: the parser points at the token before it, which may be lines
/// above where the message speaks of tabs.
fn tab(text: &str, around: Span, told: bool) -> Option<Span> {
    let Span { file, line, .. } = around;
    let mut start = 0;
    let mut within_line = None;
    for (index, content) in text.split_inclusive('\n').enumerate() {
        let number = index + 1;
        let indent = content.len() - content.trim_start_matches([' ', '\t']).len();
        let near = if told {
            number >= line
        } else {
            (line.saturating_sub(1)..=line + 1).contains(&number)
        };
        let span = |column: usize| Span {
            file,
            line: number,
            column: column + 1,
            start: start + column,
            end: start + column + 1,
        };
        if near && !content.trim().is_empty() {
            if let Some(column) = content[..indent].find('\t') {
                return Some(span(column));
            }
            // `-<tab>x` has its tab behind a dash.
            if told && within_line.is_none() && number == line {
                within_line = content
                    .find('\t')
                    .filter(|at| content.is_char_boundary(*at))
                    .map(span);
            }
        }
        start += content.len();
    }
    within_line
}

/// The name behind the `*` of an alias, and the place of both.
fn alias<'t>(text: &'t str, span: Span, problems: &Problems) -> (&'t str, Place) {
    let rest = text.get(span.start..).unwrap_or_default();
    let name = rest.strip_prefix('*').unwrap_or(rest);
    let name = name
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}' | '[' | '{'))
        .next()
        .unwrap_or_default();
    (
        name,
        problems.place(Span {
            end: span.start + usize::from(rest.starts_with('*')) + name.len(),
            ..span
        }),
    )
}

/// The tag before a value on its line.
fn tag(text: &str, value: Span) -> Span {
    let line = text[..value.start].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..value.start];
    let Some(offset) = before.rfind('!').map(|last| {
        before[..last]
            .rfind([' ', '[', '{', ','])
            .map_or(0, |start| start + 1)
    }) else {
        return value;
    };
    let width = before[offset..]
        .find(char::is_whitespace)
        .unwrap_or(before.len() - offset);
    let start = line + offset;
    Span {
        column: before[..offset].chars().count() + 1,
        start,
        end: start + width,
        ..value
    }
}

/// The span of an error: the scanner gives a line and a column only.
fn scanned(location: Location, file: File, text: &str) -> Span {
    let line = usize::try_from(location.line()).unwrap_or(1).max(1);
    let column = usize::try_from(location.column()).unwrap_or(1).max(1);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    // The parser does not count a byte order mark.
    let mark = if line == 1 && rest.starts_with('\u{feff}') {
        1
    } else {
        0
    };
    let content = rest.split(['\n', '\r']).next().unwrap_or_default();
    let offset = content
        .char_indices()
        .nth(column - 1 + mark)
        .map_or(content.len(), |(offset, _)| offset);
    let width = content[offset..].chars().next().map_or(0, char::len_utf8);
    Span {
        file,
        line,
        column,
        start: start + offset,
        end: start + offset + width,
    }
}

/// Turns what serde filled into our tree.
struct Builder<'a> {
    file: File,
    text: &'a str,
    /// Where each line ends: a spec in JSON may be one long line, which is not searched for every member.
    ends: Vec<usize>,
    problems: &'a mut Problems,
}

impl<'a> Builder<'a> {
    fn new(file: File, text: &'a str, problems: &'a mut Problems) -> Self {
        Self {
            file,
            text,
            ends: text.match_indices(['\n', '\r']).map(|(end, _)| end).collect(),
            problems,
        }
    }

    /// `alias` is the use of an anchor that this stands in: what is inside stands where it is written.
    fn node(&mut self, tree: Spanned<Tree>, alias: Option<Location>) -> Node {
        let used = self.place(tree.referenced, tree.defined, alias);
        let written = self.span(tree.defined);
        let inner = if tree.referenced == tree.defined {
            None
        } else {
            Some(tree.referenced)
        };
        let value = match tree.value {
            Tree::Null => Yaml::Null,
            Tree::Bool(value) => Yaml::Bool(value, written.of(self.text).to_owned()),
            Tree::Number => Yaml::Number(written.of(self.text).to_owned()),
            Tree::Text(text) if leading_zeros(&text) && written.of(self.text) == text => Yaml::Number(text),
            Tree::Text(text) => Yaml::Text(text),
            Tree::List(list) => {
                let list: Vec<Node> = list.into_iter().map(|tree| self.node(tree, inner)).collect();
                let end = list.last().map(|node| node.span.end);
                return Node {
                    value: Yaml::List(list),
                    span: self.extent(used, written, end),
                };
            }
            Tree::Map(map) => {
                let map = self.map(map, inner);
                let end = map.last().map(|(_, node)| node.span.end);
                return Node {
                    value: Yaml::Map(map),
                    span: self.extent(used, written, end),
                };
            }
        };
        let end = used.end - (used.of(self.text).len() - used.of(self.text).trim_end().len());
        Node {
            value,
            span: Span { end, ..used },
        }
    }

    fn map(&mut self, map: Vec<(Spanned<Tree>, Spanned<Tree>)>, alias: Option<Location>) -> Vec<(Key, Node)> {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut entries = Vec::with_capacity(map.len());
        let mut merged = Vec::new();
        for (key, tree) in map {
            let key = self.node(key, alias);
            let node = self.node(tree, alias);
            let Some(text) = key.spelled() else {
                let message = format!("a key is a word, and this is {}", key.what());
                self.problems.push(
                    Diagnostic::error("key", message)
                        .at(self.problems.place(key.span), "")
                        .help("write `key: value`"),
                );
                continue;
            };
            let key = Key {
                text: text.to_owned(),
                span: key.span,
            };
            if let Some(first) = seen.get(&key.text) {
                self.doubled(&key, *first);
                continue;
            }
            seen.insert(key.text.clone(), key.span);
            if key.text == "<<" && key.span.of(self.text) == "<<" {
                merged.push(node);
            } else {
                entries.push((key, node));
            }
        }
        for node in merged {
            self.merge(node, &mut seen, &mut entries);
        }
        entries
    }

    /// What a mapping has itself goes before what it merges, and what it merges first before the rest.
    fn merge(&mut self, node: Node, seen: &mut BTreeMap<String, Span>, entries: &mut Vec<(Key, Node)>) {
        match node.value {
            Yaml::Map(map) => {
                for (key, node) in map {
                    if !seen.contains_key(&key.text) {
                        seen.insert(key.text.clone(), key.span);
                        entries.push((key, node));
                    }
                }
            }
            Yaml::List(list) if list.iter().all(|node| matches!(node.value, Yaml::Map(_))) => {
                list.into_iter().for_each(|node| self.merge(node, seen, entries));
            }
            _ => {
                let message = format!("`<<` merges mappings, and this is {}", node.what());
                let place = self.problems.place(node.span);
                self.problems.push(
                    Diagnostic::error("merge", message)
                        .at(place, "")
                        .help("write `<<: *name` or `<<: [*one, *other]`"),
                );
            }
        }
    }

    fn doubled(&mut self, key: &Key, first: Span) {
        let help = if key.text == "<<" {
            "merge several with `<<: [*one, *other]`"
        } else {
            "keep one of them"
        };
        let diagnostic = Diagnostic::error(
            "duplicate-key",
            format!("the key `{}` stands twice in this mapping", shown(&key.text)),
        )
        .at(self.problems.place(key.span), "the second time")
        .at(self.problems.place(first), "the first time")
        .help(help);
        self.problems.push(diagnostic);
    }

    /// Where a value stands for the reader: where it is used, and inside an anchor where it is written.
    fn place(&self, referenced: Location, defined: Location, alias: Option<Location>) -> Span {
        self.span(if alias == Some(referenced) {
            defined
        } else {
            referenced
        })
    }

    /// What the first line shows of a list or mapping that starts at `span` and whose last member ends at
    /// `end`.
    fn extent(&self, used: Span, written: Span, end: Option<usize>) -> Span {
        if used != written {
            return used;
        }
        let rest = &self.text[used.start..];
        let end_of_line = self
            .ends
            .get(self.ends.partition_point(|end| *end < used.start))
            .copied();
        let line = &self.text[used.start..end_of_line.unwrap_or(self.text.len())];
        let opens = rest.starts_with(['{', '[']);
        let last = end.map_or(usize::from(opens), |end| end.saturating_sub(used.start));
        if last > line.len() || (last == 0 && !opens) {
            return Span {
                end: used.start + line.trim_end().len(),
                ..used
            };
        }
        // The bracket that closes it, where it is on this line.
        let tail = &line[last..];
        let close = tail
            .find(['}', ']'])
            .filter(|at| opens && tail[..*at].chars().all(|c| matches!(c, ' ' | '\t' | ',')));
        Span {
            end: used.start + close.map_or(last, |at| last + at + 1),
            ..used
        }
    }

    fn span(&self, location: Location) -> Span {
        let span = location.span();
        let number = |value: Option<u64>| value.and_then(|value| usize::try_from(value).ok());
        let start = number(span.byte_offset()).unwrap_or(0).min(self.text.len());
        let end = (start + number(span.byte_len()).unwrap_or(0)).min(self.text.len());
        let place = |value: u64| usize::try_from(value).unwrap_or(1).max(1);
        Span {
            file: self.file,
            line: place(location.line()),
            column: place(location.column()),
            start,
            end,
        }
    }
}

/// The library gives numbers with leading zeros as text, which keeps the zeros; to YAML they are numbers.
fn leading_zeros(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The tree as serde fills it.
enum Tree {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Spanned<Tree>>),
    Map(Vec<(Spanned<Tree>, Spanned<Tree>)>),
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

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_wants_to_be_big_ends() {
        let codes = |text: &str| {
            let mut problems = Problems::default();
            let file = problems.file("spec.yaml");
            read_within(100, file, text, &mut problems);
            problems
                .sorted()
                .iter()
                .map(|diagnostic| diagnostic.code)
                .collect::<Vec<_>>()
        };
        assert_eq!(codes(&format!("[{}1]", "1,".repeat(90))), Vec::<&str>::new());
        assert_eq!(codes(&format!("[{}1]", "1,".repeat(100))), ["too-complex"]);
        assert_eq!(
            codes(&format!(
                "[&a [1, 2, 3, 4, 5, 6, 7, 8, 9], {}*a]",
                "*a, ".repeat(10)
            )),
            ["too-complex"]
        );
    }
}
