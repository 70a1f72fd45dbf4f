//! The middle names no attribute: what understands one is in its kind's files.
//!
//! A literal offends if it is the name of an attribute or of a member's field, or a path that starts with
//! one. Names that no English word could be (`cidr_block`) offend anywhere in a literal, so that no message
//! is made for one attribute either.

use std::collections::BTreeSet;

use trueup_model::{Attribute, Kind, Type};

use super::{files, none, text};

/// The crates that handle records of any kind.
const MIDDLE: [&str; 3] = ["crates/plan/src", "crates/engine/src", "crates/report/src"];

/// Words of the middle's own that an attribute is called by as well.
const OWN_WORDS: [&str; 2] = ["action", "subnets"];

/// The names of all attributes and of the fields of those that have some.
fn attribute_names() -> BTreeSet<&'static str> {
    fn collect(attributes: &'static [Attribute], names: &mut BTreeSet<&'static str>) {
        for attribute in attributes {
            names.insert(attribute.name);
            match &attribute.ty {
                Type::Object(fields) => collect(fields, names),
                Type::Set(members) => {
                    if let Type::Object(fields) = &members.ty {
                        collect(fields, names);
                    }
                }
                _ => {}
            }
        }
    }
    let mut names = BTreeSet::new();
    Kind::ALL
        .into_iter()
        .for_each(|kind| collect(kind.schema().attributes, &mut names));
    names.retain(|name| !OWN_WORDS.contains(name));
    names
}

/// The string literals of a source with their lines, up to its tests, without comments.
fn literals(source: &str) -> Vec<(usize, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = source;
    let line = |rest: &str| source[..source.len() - rest.len()].matches('\n').count() + 1;
    while let Some(start) = rest.find(['"', '/', '\'']) {
        rest = &rest[start..];
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with('"') {
            let at = line(rest);
            let raw = source[..source.len() - rest.len()].trim_end_matches('#');
            let hashes = source.len() - rest.len() - raw.len();
            let body = &rest[1..];
            let end = if raw.ends_with('r') {
                body.find(&format!("\"{}", "#".repeat(hashes)))
            } else {
                closing(body)
            };
            let end = end.unwrap_or_else(|| panic!("line {at}: a literal without an end"));
            found.push((at, body[..end].to_owned()));
            rest = &body[end + 1..];
        } else if rest.starts_with("'\\") {
            rest = rest
                .get(3..)
                .and_then(|tail| tail.find('\'').map(|end| &tail[end + 1..]))
                .unwrap_or_default();
        } else if rest.starts_with("'\"'") {
            rest = &rest[3..];
        } else {
            rest = &rest[1..];
        }
    }
    found
}

/// Where a literal ends whose quotes may be escaped.
fn closing(body: &str) -> Option<usize> {
    let mut escaped = false;
    body.char_indices().find_map(|(index, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(index)
    })
}

/// The attribute that a literal names, if it names one.
fn named<'n>(literal: &str, names: &BTreeSet<&'n str>) -> Option<&'n str> {
    let words = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let first = literal.split(['.', '[']).next().unwrap_or_default();
    let whole = names.get(first).copied().filter(|_| !literal.contains(' '));
    whole.or_else(|| {
        words(literal)
            .iter()
            .filter(|word| word.contains('_'))
            .find_map(|word| names.get(word.as_str()).copied())
    })
}

#[test]
fn the_middle_names_no_attribute() {
    let names = attribute_names();
    let mut complaints = Vec::new();
    for path in MIDDLE
        .into_iter()
        .flat_map(|folder| files(folder, "rs"))
        .filter(|path| !path.ends_with("tests.rs"))
    {
        for (line, literal) in literals(&text(&path)) {
            if let Some(name) = named(&literal, &names) {
                complaints.push(format!("{}:{line} names `{name}`: \"{literal}\"", path.display()));
            }
        }
    }
    none(
        "what understands an attribute belongs into its kind's files",
        &complaints,
    );
}

#[test]
fn literals_are_found_in_every_spelling() {
    let source = "let a = \"one\"; // \"not this\"\nlet b = r#\"t\"wo\"#; let q = ('\"', '\\'', 'c');\nlet c = \"th\\\"ree\";\n#[cfg(test)]\n\"not this\"";
    let found = literals(source);
    assert_eq!(
        found,
        [
            (1, "one".to_owned()),
            (2, "t\"wo".to_owned()),
            (3, "th\\\"ree".to_owned())
        ]
    );
}

#[test]
fn an_attribute_is_recognised_as_a_name_a_path_and_a_word_that_can_be_nothing_else() {
    let names = attribute_names();
    assert_eq!(named("vpc", &names), Some("vpc"));
    assert_eq!(named("routes[0].destination", &names), Some("routes"));
    assert_eq!(named("the `cidr_block` of {address}", &names), Some("cidr_block"));
    assert_eq!(named("size", &names), Some("size"));
    // Words of prose that attributes are also called by.
    assert_eq!(named("its state and size in {vpc}", &names), None);
    assert_eq!(named("tags", &names), None);
}
