//! The diffs of CONTRIBUTING.md are real: what they add, and what they show around it, stands in the tree.

use std::path::Path;

use super::{none, root, text};

/// A piece of a diff: the file that it is about and its lines, without the signs before them.
type Piece<'a> = (&'a str, Vec<&'a str>);

/// The pieces of the diffs of a document, each up to the next `@@` or file.
fn pieces(document: &str) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        if line.starts_with("```") {
            inside = line == "```diff";
        } else if inside && let Some(file) = line.strip_prefix("+++ b/") {
            pieces.push((file, Vec::new()));
        } else if inside && line.starts_with("@@") {
            pieces.extend(pieces.last().map(|(file, _)| (*file, Vec::new())));
        } else if inside && let Some((_, lines)) = pieces.last_mut() {
            lines.push(line.get(1..).unwrap_or_default().trim());
        }
    }
    pieces
}

/// The first line of a piece that a text does not have, behind those before it.
fn missing<'a>(lines: &[&'a str], text: &str) -> Option<&'a str> {
    let mut there = text.lines().map(str::trim);
    lines
        .iter()
        .copied()
        .find(|line| !there.any(|found| found == *line))
}

#[test]
fn what_contributing_shows_is_in_the_tree() {
    let document = text(Path::new("CONTRIBUTING.md"));
    let pieces = pieces(&document);
    assert!(pieces.len() > 3, "CONTRIBUTING.md shows {} pieces", pieces.len());
    let complaints = pieces.iter().filter_map(|(file, lines)| {
        let path = Path::new(file);
        let text = if root().join(path).exists() {
            text(path)
        } else {
            Default::default()
        };
        missing(lines, &text).map(|line| format!("{file}: {line}"))
    });
    none(
        "CONTRIBUTING.md shows what is not there",
        &complaints.collect::<Vec<_>>(),
    );
}

#[test]
fn a_diff_is_cut_into_pieces_whose_lines_are_looked_for_in_order() {
    let document = "+++ b/no\n```diff\n+++ b/a\n+one\n two\n@@ more\n+three\n+++ b/b\n+four\n```\n+no\n";
    assert_eq!(
        pieces(document),
        [
            ("a", vec!["one", "two"]),
            ("a", vec!["three"]),
            ("b", vec!["four"])
        ]
    );
    assert_eq!(missing(&["one", "two"], "  one\nother\n  two\n"), None);
    assert_eq!(missing(&["two", "one"], "one\ntwo\n"), Some("one"));
}
