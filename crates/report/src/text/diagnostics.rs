//! Problems of a spec with the lines that they are about.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use trueup_model::{Diagnostic, Label, Place, Severity};

use crate::clean::{Clean, is_hidden};
use crate::shown::clean;
use crate::style::{Page, Paint, Style};
use crate::words;

/// Labels further apart than this are shown as excerpts of their own, so that no excerpt is long.
const TOGETHER: usize = 8;
/// What an excerpt has for a character that nobody sees.
const UNSEEN: char = '\u{fffd}';
/// So many of them are named.
const UNSEEN_MAX: usize = 8;
/// Columns of an excerpt where the terminal's width is not known.
const WIDTH: usize = 140;

/// Writes problems, each with its place, an excerpt and what to do, and how many there are. `sources` gives
/// the text of a file by its name; a place that is not in that text is reported without an excerpt.
pub fn diagnostics(
    out: &mut Clean,
    diagnostics: &[Diagnostic],
    sources: &dyn Fn(&str) -> Option<String>,
    style: Style,
) -> fmt::Result {
    let mut texts = Texts {
        sources,
        read: BTreeMap::new(),
    };
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        texts.read(&label.place.file);
    }
    for patch in diagnostics
        .iter()
        .filter_map(|diagnostic| diagnostic.patch.as_ref())
    {
        texts.read(&patch.place.file);
    }
    let renderer = if style.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .term_width(style.width.unwrap_or(WIDTH));
    for diagnostic in diagnostics {
        let report = report(diagnostic, &texts);
        writeln!(out.raw(), "{}\n", renderer.render(&report))?;
    }
    let summary = summary(diagnostics);
    if summary.is_empty() {
        return Ok(());
    }
    let failed = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    Page::new(out, style).line(
        0,
        0,
        &[(if failed { Paint::Delete } else { Paint::Update }, &summary)],
    )
}

/// `3 errors, 1 warning`.
fn summary(diagnostics: &[Diagnostic]) -> String {
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
        let number = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count();
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
    let mut group = Group::with_title(
        level
            .primary_title(clean(&diagnostic.message))
            .id(diagnostic.code),
    );
    for labels in neighbours(&diagnostic.labels) {
        match excerpt(&labels, diagnostic, texts) {
            Some((snippet, None)) => group = group.element(snippet),
            Some((snippet, Some(unseen))) => {
                group = group.element(snippet).element(Level::NOTE.message(unseen));
            }
            None => {
                for label in labels.iter().filter(|label| !label.place.file.is_empty()) {
                    let place = &label.place;
                    group = group.element(
                        Origin::path(clean(&place.file))
                            .line(place.line)
                            .char_column(place.column),
                    );
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
        let snippet = Snippet::source(window.lines)
            .line_start(window.line)
            .path(clean(&patch.place.file));
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
            group.iter().all(|other| {
                other.place.file == label.place.file
                    && other.place.line.abs_diff(label.place.line) <= TOGETHER
            })
        };
        match groups.iter_mut().find(near) {
            Some(group) => group.push(label),
            None => groups.push(vec![label]),
        }
    }
    groups
}

/// An excerpt, and what stands in it for what nobody sees, in words.
type Excerpt<'a> = (Snippet<'a, Annotation<'a>>, Option<String>);

fn excerpt<'a>(
    labels: &[&'a Label],
    diagnostic: &'a Diagnostic,
    texts: &'a Texts<'_>,
) -> Option<Excerpt<'a>> {
    let first = labels.iter().min_by_key(|label| label.place.start)?;
    let last = labels.iter().max_by_key(|label| label.place.end)?;
    let window = texts.window(&first.place, &last.place)?;
    let mut snippet = Snippet::source(window.lines)
        .line_start(window.line)
        .path(clean(&first.place.file))
        .fold(true);
    for label in labels {
        let is_primary = std::ptr::eq(*label, &diagnostic.labels[0]);
        let kind = if is_primary {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let annotation = kind.span(window.span(&label.place)?);
        let text = (!label.text.is_empty()).then(|| clean(&label.text));
        snippet = snippet.annotation(annotation.label(text));
    }
    Some((snippet, window.unseen()))
}

/// The texts of the files that problems are in.
struct Texts<'a> {
    sources: &'a dyn Fn(&str) -> Option<String>,
    read: BTreeMap<String, Option<Text>>,
}

/// A text in which everything is seen, and where what the file has is in it.
struct Text {
    text: String,
    /// Where its lines begin.
    starts: Vec<usize>,
    unseen: Vec<Unseen>,
}

/// A character of a file that the text does not have.
struct Unseen {
    /// The byte of the file behind it.
    file: usize,
    /// The byte of the text behind what is in its place.
    text: usize,
    /// Which one, where [`UNSEEN`] is in its place so that columns stay what they are; else it is left out.
    character: Option<char>,
}

impl Text {
    fn new(file: String) -> Self {
        let mut unseen = Vec::new();
        let text = if file.contains(|c| is_hidden(c) && c != '\n' && c != '\t') {
            visible(&file, &mut unseen)
        } else {
            file
        };
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { text, starts, unseen }
    }

    /// Where a byte of the file is in the text.
    fn at(&self, byte: usize) -> usize {
        let before = self
            .unseen
            .partition_point(|unseen| unseen.file <= byte)
            .checked_sub(1);
        before.map_or(byte, |last| {
            self.unseen[last].text + (byte - self.unseen[last].file)
        })
    }

    /// The number of the line that a byte of the text is in, from 0.
    fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte) - 1
    }
}

/// The text with a character that is seen for each one that is not; a carriage return that ends a line is
/// left out.
fn visible(file: &str, unseen: &mut Vec<Unseen>) -> String {
    let mut text = String::with_capacity(file.len() + 64);
    let mut characters = file.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if !is_hidden(character) || matches!(character, '\n' | '\t') {
            text.push(character);
            continue;
        }
        let ends_line = character == '\r' && characters.peek().is_some_and(|(_, next)| *next == '\n');
        if !ends_line {
            text.push(UNSEEN);
        }
        unseen.push(Unseen {
            file: at + character.len_utf8(),
            text: text.len(),
            character: Some(character).filter(|_| !ends_line),
        });
    }
    text
}

impl Texts<'_> {
    fn read(&mut self, file: &str) {
        if !file.is_empty() && !self.read.contains_key(file) {
            self.read
                .insert(file.to_owned(), (self.sources)(file).map(Text::new));
        }
    }

    /// The lines from that of `first` to that of `last`; none where they are not in the text.
    fn window(&self, first: &Place, last: &Place) -> Option<Window<'_>> {
        let text = self.read.get(&*first.file)?.as_ref()?;
        let (from, to) = (text.at(first.start), text.at(last.end));
        if first.start > last.end || to > text.text.len() {
            return None;
        }
        let (top, bottom) = (text.line(from), text.line(to));
        let start = text.starts[top];
        let end = text.starts.get(bottom + 1).map_or(text.text.len(), |end| *end);
        Some(Window {
            lines: text.text.get(start..end)?,
            text,
            start,
            line: top + 1,
        })
    }
}

/// Some lines of a file.
struct Window<'a> {
    lines: &'a str,
    text: &'a Text,
    /// The byte of the text at which they begin.
    start: usize,
    /// The number of the first one.
    line: usize,
}

impl Window<'_> {
    /// Where `place` is in these lines, on whole characters; none where it is not in them.
    fn span(&self, place: &Place) -> Option<Range<usize>> {
        let (start, end) = (
            self.text.at(place.start).checked_sub(self.start)?,
            self.text.at(place.end).checked_sub(self.start)?,
        );
        self.lines.get(start..end).map(|_| start..end)
    }

    /// Which characters of the lines nobody sees, from the first one.
    fn unseen(&self) -> Option<String> {
        let (from, to) = (self.start, self.start + self.lines.len());
        let here = self
            .text
            .unseen
            .iter()
            .filter(|unseen| from < unseen.text && unseen.text <= to);
        let mut names: Vec<String> = here
            .filter_map(|unseen| Some(format!("U+{:04X}", u32::from(unseen.character?))))
            .collect();
        if names.len() > UNSEEN_MAX {
            names.truncate(UNSEEN_MAX);
            names.push("…".to_owned());
        }
        (!names.is_empty()).then(|| {
            format!(
                "each {UNSEEN} is a character that cannot be seen: {}",
                names.join(", ")
            )
        })
    }
}
