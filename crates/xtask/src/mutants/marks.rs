//! Finds the guards of the product by their marks and puts mutants beside them.
//!
//! A mark is a comment on a line of its own, `// guard: NAME`. The expression that the mutant replaces is in
//! what stands below it, up to the first `;`, `,` or `{` outside of brackets: the rest of a statement, of an
//! arm, of an argument. How that is laid out does not matter: blanks, line breaks, comments and the commas
//! that a line break brings along are not compared.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Mutant, VARIABLE};
use crate::Failure;

/// What a mark begins with.
const MARK: &str = "// guard: ";

/// The files that have marks, with every mutant in its place. Every mark has its mutant and every mutant its
/// mark, or none is taken away by mistake and nobody notices.
pub fn with_mutants(
    sources: &BTreeMap<String, String>,
    mutants: &[Mutant],
) -> Result<BTreeMap<String, String>, Failure> {
    let mut placed = BTreeSet::new();
    let mut mutated = BTreeMap::new();
    for (file, text) in sources.iter().filter(|(_, text)| text.contains(MARK)) {
        // From the end, so that what is found stays where it was found.
        let mut whole = text.clone();
        let mut free = text.len();
        for (name, start) in marks(text).into_iter().rev() {
            let place = format!("{file}:{}", text[..start].lines().count());
            let (index, range) = at(text, name, start, mutants)
                .map_err(|why| Failure::new(format!("{place}: the guard `{name}` {why}")))?;
            if range.end > free {
                return Err(Failure::new(format!(
                    "{place}: the guard `{name}` has another in its expression"
                )));
            }
            free = range.start;
            let asked =
                format!("std::env::var_os(\"{VARIABLE}\").is_some_and(|mutant| mutant == \"{name}\")");
            let either = format!(
                "std::convert::identity(if {asked} {{ {} }} else {{ {} }})",
                mutants[index].instead,
                &text[range.clone()]
            );
            whole.replace_range(range, &either);
            placed.insert(index);
        }
        mutated.insert(file.clone(), whole);
    }
    match (0..mutants.len()).find(|index| !placed.contains(index)) {
        None => Ok(mutated),
        Some(index) => Err(Failure::new(format!(
            "no mark `{MARK}{}` stands above `{}`",
            mutants[index].name, mutants[index].expression
        ))),
    }
}

/// The marks of a text: their names, and where what stands below them begins.
fn marks(text: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        start += line.len();
        found.extend(line.trim().strip_prefix(MARK).map(|name| (name, start)));
    }
    found
}

/// The one mutant of this name whose expression stands once below the mark, and where it stands; or why there
/// is none.
fn at(text: &str, name: &str, start: usize, mutants: &[Mutant]) -> Result<(usize, Range<usize>), String> {
    let named = mutants
        .iter()
        .enumerate()
        .filter(|(_, mutant)| mutant.name == name);
    let below = below(text, start);
    let mut found = Vec::new();
    let mut known = false;
    for (index, mutant) in named {
        known = true;
        let ranges = occurrences(&below, text, mutant.expression);
        found.extend(ranges.into_iter().map(|range| (index, range)));
    }
    match (known, found.len()) {
        (false, _) => Err("is not in the list of mutants".to_owned()),
        (true, 0) => Err("has none of its expressions below it: write the mutant anew".to_owned()),
        (true, 1) => Ok(found.remove(0)),
        (true, _) => Err("does not say which expression it means: put it directly above".to_owned()),
    }
}

/// What stands below a mark, without what does not count.
fn below(text: &str, start: usize) -> Vec<(usize, char)> {
    let mut depth = 0_usize;
    let counting = |&(_, c): &(usize, char)| {
        match c {
            '(' | '[' | '{' if depth > 0 || c != '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ')' | ']' | '}' | '{' => return false,
            ';' | ',' if depth == 0 => return false,
            _ => {}
        }
        true
    };
    letters(text, start).into_iter().take_while(counting).collect()
}

/// The characters of a text from `start` on and where they are: no blanks, no comments, no comma before a
/// closing bracket.
fn letters(text: &str, start: usize) -> Vec<(usize, char)> {
    let mut letters: Vec<(usize, char)> = Vec::new();
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if !line.trim_start().starts_with("//") {
            for (offset, c) in line.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                if matches!(c, ')' | ']' | '}') {
                    letters.pop_if(|(_, last)| *last == ',');
                }
                letters.push((at + offset, c));
            }
        }
        at += line.len();
    }
    letters
}

/// Where an expression stands, as whole words.
fn occurrences(below: &[(usize, char)], text: &str, expression: &str) -> Vec<Range<usize>> {
    let wanted: Vec<char> = letters(expression, 0).into_iter().map(|(_, c)| c).collect();
    let found = below.windows(wanted.len().max(1)).filter_map(|window| {
        let (first, last) = (window.first()?, window.last()?);
        let range = first.0..last.0 + last.1.len_utf8();
        let same = window.iter().map(|(_, c)| c).eq(&wanted);
        let (before, after) = (
            text[..range.start].chars().next_back(),
            text[range.end..].chars().next(),
        );
        let whole = !one_word(before, Some(first.1)) && !one_word(Some(last.1), after);
        (same && whole).then_some(range)
    });
    found.collect()
}

/// Whether two characters beside each other belong to one word.
fn one_word(left: Option<char>, right: Option<char>) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    left.is_some_and(word) && right.is_some_and(word)
}

#[cfg(test)]
mod tests {
    use super::super::{MUTANTS, sources};
    use super::*;

    /// A mutant of one expression.
    fn mutant(name: &'static str, expression: &'static str) -> Mutant {
        Mutant {
            name,
            expression,
            instead: "None",
        }
    }

    /// The text with these mutants in it, or why not.
    fn mutated(text: &str, mutants: &[Mutant]) -> Result<String, String> {
        let sources = BTreeMap::from([("a.rs".to_owned(), text.to_owned())]);
        let mutated = with_mutants(&sources, mutants).map_err(|failure| failure.to_string())?;
        Ok(mutated.into_values().collect())
    }

    #[test]
    fn every_mutant_has_its_place_in_the_product_and_leaves_rust_behind() {
        let sources = sources().unwrap_or_else(|failure| panic!("{failure}"));
        let mutated = with_mutants(&sources, MUTANTS).unwrap_or_else(|failure| panic!("{failure}"));
        for (file, text) in &mutated {
            assert_ne!(text, &sources[file], "{file}");
            syn::parse_file(text).unwrap_or_else(|error| panic!("{file} with its mutants: {error}"));
        }
    }

    #[test]
    fn how_an_expression_is_laid_out_does_not_matter() {
        let flat = "fn f() {\n    // guard: a\n    let x = of(b, c).first();\n}\n";
        let tall = "fn f() {\n    // guard: a\n    let x = of(\n        b,\n        // why\n        c,\n    )\n    .first();\n}\n";
        for text in [flat, tall] {
            let mutated = mutated(text, &[mutant("a", "of(b, c).first()")]);
            let mutated = mutated.unwrap_or_else(|why| panic!("{why}"));
            assert!(mutated.contains("{ None } else { of("), "{mutated}");
            assert!(mutated.ends_with(".first() });\n}\n"), "{mutated}");
        }
    }

    #[test]
    fn a_mark_means_what_stands_directly_below_it_and_whole_words() {
        let arms = "match x {\n    // guard: a\n    (A, _) if recent => 300,\n    // guard: a\n    A => 10,\n    B => 100 + 10,\n}\n";
        let both = mutated(arms, &[mutant("a", "300"), mutant("a", "10")]);
        let both = both.unwrap_or_else(|why| panic!("{why}"));
        assert!(
            both.contains("{ 300 }") && both.contains("{ 10 }") && both.contains("100 + 10"),
            "{both}"
        );
    }

    #[test]
    fn a_guard_within_a_guard_is_an_error() {
        let text = "// guard: a\nlet x = f(\n    // guard: b\n    y,\n);\n";
        let refused = mutated(text, &[mutant("a", "f(y)"), mutant("b", "y")])
            .err()
            .unwrap_or_default();
        assert_eq!(refused, "a.rs:1: the guard `a` has another in its expression");
    }

    #[test]
    fn what_is_missing_on_either_side_is_an_error() {
        let text = "// guard: a\nlet x = first(y);\n";
        for (mutants, told) in [
            (vec![], "a.rs:1: the guard `a` is not in the list of mutants"),
            (
                vec![mutant("a", "last(y)")],
                "a.rs:1: the guard `a` has none of its expressions below it",
            ),
            (
                vec![mutant("a", "first(y)"), mutant("b", "z")],
                "no mark `// guard: b` stands above `z`",
            ),
            (
                vec![mutant("a", "first(y)"), mutant("a", "y")],
                "a.rs:1: the guard `a` does not say which expression it means",
            ),
        ] {
            let refused = mutated(text, &mutants).err().unwrap_or_default();
            assert!(refused.starts_with(told), "{refused}");
        }
    }
}
