//! What the tests of the spec share: files in memory, diagnostics as text, and a check of every proposed
//! edit.

use std::collections::BTreeMap;
use std::fmt::Write;

use trueup_model::{Diagnostic, Files, Severity};
use trueup_spec::{Options, Parsed, parse};

/// Files that exist only here.
#[derive(Default)]
pub struct Memory(pub BTreeMap<&'static str, &'static str>);

impl Files for Memory {
    fn text(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .map(|text| (*text).to_owned())
            .ok_or_else(|| format!("{path}: no such file"))
    }

    fn public_key(&self, path: &str) -> Result<Option<String>, String> {
        match self.0.get(path) {
            Some(text) if text.starts_with("ssh-") => Ok(Some((*text).to_owned())),
            Some(_) => Err(format!("{path} is not a private key")),
            None => Ok(None),
        }
    }
}

/// Reads a spec without files.
pub fn read(text: &str) -> Parsed {
    parse(
        "spec.yaml",
        text,
        &Options {
            region: None,
            files: &Memory::default(),
        },
    )
}

/// Diagnostics as text: place, message, labels with what they mark, help and proposed edit.
pub fn told(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let place = diagnostic
            .place()
            .map(|place| format!("{}:{}:{}", place.file, place.line, place.column))
            .unwrap_or_default();
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        writeln!(
            out,
            "{place}: {severity}[{}]: {}",
            diagnostic.code, diagnostic.message
        )
        .unwrap();
        for label in &diagnostic.labels {
            let marked = &text[label.place.start..label.place.end];
            writeln!(
                out,
                "  {}:{} {marked:?} {}",
                label.place.line, label.place.column, label.text
            )
            .unwrap();
        }
        if let Some(help) = &diagnostic.help {
            writeln!(out, "  help: {help}").unwrap();
        }
        if let Some(patch) = &diagnostic.patch {
            writeln!(
                out,
                "  patch: {:?} -> {:?}",
                &text[patch.place.start..patch.place.end],
                patch.text
            )
            .unwrap();
        }
    }
    out
}

/// What is said about a bad spec; every place must be right and every proposed edit must mend what it is
/// proposed for.
pub fn bad(text: &str) -> String {
    let parsed = read(text);
    assert!(!parsed.diagnostics.is_empty(), "nothing is wrong with this");
    let wrong = parsed
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(parsed.topology.is_none(), wrong);
    for diagnostic in &parsed.diagnostics {
        assert!(diagnostic.place().is_some(), "{diagnostic:?} has no place");
        for label in &diagnostic.labels {
            let before = &text[..label.place.start];
            let line = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .trim_start_matches('\u{feff}');
            let place = (before.matches('\n').count() + 1, line.chars().count() + 1);
            assert_eq!((label.place.line, label.place.column), place, "{diagnostic:?}");
        }
        let Some(patch) = &diagnostic.patch else { continue };
        let mended = format!(
            "{}{}{}",
            &text[..patch.place.start],
            patch.text,
            &text[patch.place.end..]
        );
        let left = read(&mended).diagnostics;
        let same =
            |other: &Diagnostic| (other.code, &other.message) == (diagnostic.code, &diagnostic.message);
        let count = |all: &[Diagnostic]| all.iter().filter(|other| same(other)).count();
        assert!(
            count(&left) < count(&parsed.diagnostics),
            "the edit mends nothing: {diagnostic:?}"
        );
    }
    told(text, &parsed.diagnostics)
}

/// A test for each bad spec: its exact messages are kept beside the tests.
macro_rules! bad {
    ($($name:ident: $text:expr;)*) => {
        $(
            #[test]
            fn $name() {
                insta::assert_snapshot!($crate::common::bad($text));
            }
        )*
    };
}
