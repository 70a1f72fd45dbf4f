//! Problems of a spec with the lines that they are about.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use trueup_model::{Diagnostic, Label, Place, Severity};

use crate::shown::clean;
use crate::style::{Page, Paint, Style};
use crate::words;

/// Labels further apart than this are shown as excerpts of their own, so that no excerpt is long.
const TOGETHER: usize = 8;
/// Columns of an excerpt where the terminal's width is not known.
const WIDTH: usize = 140;

/// Writes problems, each with its place, an excerpt and what to do, and how many there are. `sources` gives the text of a file
/// by its name; a place that is not in that text is told without an excerpt.
pub fn diagnostics(out: &mut dyn Write, diagnostics: &[Diagnostic], sources: &dyn Fn(&str) -> Option<String>, style: Style) -> fmt::Result {
    let mut texts = Texts { sources, read: BTreeMap::new() };
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        texts.read(&label.place.file);
    }
    for patch in diagnostics.iter().filter_map(|diagnostic| diagnostic.patch.as_ref()) {
        texts.read(&patch.place.file);
    }
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() }.term_width(style.width.unwrap_or(WIDTH));
    for diagnostic in diagnostics {
        let report = report(diagnostic, &texts);
        writeln!(out, "{}\n", renderer.render(&report))?;
    }
    let summary = summary(diagnostics);
    if summary.is_empty() {
        return Ok(());
    }
    let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    Page::new(out, style).line(0, 0, &[(if failed { Paint::Delete } else { Paint::Update }, &summary)])
}

/// `3 errors, 1 warning`.
fn summary(diagnostics: &[Diagnostic]) -> String {
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
        let number = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        (number > 0).then(|| words::count(number, words::severity(severity)))
    });
    counts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn report<'a>(diagnostic: &'a Diagnostic, texts: &'a Texts<'_>) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(clean(&diagnostic.message)).id(diagnostic.code));
    for labels in neighbours(&diagnostic.labels) {
        match excerpt(&labels, diagnostic, texts) {
            Some(snippet) => group = group.element(snippet),
            None => {
                for label in labels.iter().filter(|label| !label.place.file.is_empty()) {
                    let place = &label.place;
                    group = group.element(Origin::path(clean(&place.file)).line(place.line).char_column(place.column));
                    if !label.text.is_empty() {
                        group = group.element(Level::NOTE.message(clean(&label.text)));
                    }
                }
            }
        }
    }
    let patch = diagnostic.patch.as_ref().and_then(|patch| {
        let window = texts.window(&patch.place, &patch.place)?;
        let span = window.span(&patch.place)?;
        let snippet = Snippet::source(window.text).line_start(window.line).path(clean(&patch.place.file));
        Some(snippet.patch(annotate_snippets::Patch::new(span, clean(&patch.text))))
    });
    match (diagnostic.help.as_ref(), patch) {
        (None, None) => vec![group],
        (Some(help), None) => vec![group.element(Level::HELP.message(clean(help)))],
        (help, Some(patch)) => {
            let help = help.map_or_else(|| "write this instead".to_owned(), |help| clean(help));
            vec![group, Level::HELP.secondary_title(help).element(patch)]
        }
    }
}

/// The labels that are shown in one excerpt each, the one of the problem first.
fn neighbours(labels: &[Label]) -> Vec<Vec<&Label>> {
    let mut groups: Vec<Vec<&Label>> = Vec::new();
    for label in labels {
        let near = |group: &&mut Vec<&Label>| {
            group.iter().all(|other| other.place.file == label.place.file && other.place.line.abs_diff(label.place.line) <= TOGETHER)
        };
        match groups.iter_mut().find(near) {
            Some(group) => group.push(label),
            None => groups.push(vec![label]),
        }
    }
    groups
}

fn excerpt<'a>(labels: &[&'a Label], diagnostic: &'a Diagnostic, texts: &'a Texts<'_>) -> Option<Snippet<'a, Annotation<'a>>> {
    let first = labels.iter().min_by_key(|label| label.place.start)?;
    let last = labels.iter().max_by_key(|label| label.place.end)?;
    let window = texts.window(&first.place, &last.place)?;
    let mut snippet = Snippet::source(window.text).line_start(window.line).path(clean(&first.place.file)).fold(true);
    for label in labels {
        let is_primary = std::ptr::eq(*label, &diagnostic.labels[0]);
        let kind = if is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(window.span(&label.place)?);
        let text = (!label.text.is_empty()).then(|| clean(&label.text));
        snippet = snippet.annotation(annotation.label(text));
    }
    Some(snippet)
}

/// The texts of the files that problems are in.
struct Texts<'a> {
    sources: &'a dyn Fn(&str) -> Option<String>,
    read: BTreeMap<String, Option<(String, Vec<usize>)>>,
}

impl Texts<'_> {
    fn read(&mut self, file: &str) {
        if file.is_empty() || self.read.contains_key(file) {
            return;
        }
        let text = (self.sources)(file).map(|text| {
            let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
            (text, starts)
        });
        self.read.insert(file.to_owned(), text);
    }

    /// The lines from that of `first` to that of `last`; none where they are not in the text.
    fn window(&self, first: &Place, last: &Place) -> Option<Window<'_>> {
        let (text, starts) = self.read.get(&*first.file)?.as_ref()?;
        if first.start > last.end || last.end > text.len() {
            return None;
        }
        let line = |byte: usize| starts.partition_point(|start| *start <= byte) - 1;
        let (top, bottom) = (line(first.start), line(last.end));
        let start = starts[top];
        let end = starts.get(bottom + 1).map_or(text.len(), |end| *end);
        Some(Window { text: text.get(start..end)?, start, line: top + 1 })
    }
}

/// Some lines of a file.
struct Window<'a> {
    text: &'a str,
    /// The byte of the file at which they begin.
    start: usize,
    /// The number of the first one.
    line: usize,
}

impl Window<'_> {
    /// Where `place` is in these lines, on whole characters; none where it is not in them.
    fn span(&self, place: &Place) -> Option<Range<usize>> {
        let (start, end) = (place.start.checked_sub(self.start)?, place.end.checked_sub(self.start)?);
        self.text.get(start..end).map(|_| start..end)
    }
}
