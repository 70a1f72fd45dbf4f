//! How text for a terminal looks: colour, width, and lines that wrap under themselves.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Effects};
use unicode_width::UnicodeWidthStr;

use crate::clean::{Clean, cleaned};

/// What the place that text goes to can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether it shows colours.
    pub color: bool,
    /// How many columns it has; none where lines may have any length.
    pub width: Option<usize>,
    /// Whether it may show texts that may hold secrets, such as user data: a person's terminal may, where
    /// that person asked for it.
    pub secrets: bool,
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// As it comes.
    Plain,
    /// A heading.
    Strong,
    /// Less important than what is beside it.
    Dim,
    /// Something new, or a success.
    Create,
    /// Something that changes, or a warning.
    Update,
    /// Something that is replaced.
    Replace,
    /// Something that goes, or a failure.
    Delete,
    /// The word that an error starts with.
    Error,
}

impl Paint {
    fn style(self) -> anstyle::Style {
        match self {
            Self::Plain => anstyle::Style::new(),
            Self::Strong => anstyle::Style::new().effects(Effects::BOLD),
            Self::Dim => anstyle::Style::new().effects(Effects::DIMMED),
            Self::Create => AnsiColor::Green.on_default(),
            Self::Update => AnsiColor::Yellow.on_default(),
            Self::Replace => AnsiColor::Magenta.on_default().effects(Effects::BOLD),
            Self::Delete => AnsiColor::Red.on_default(),
            Self::Error => AnsiColor::BrightRed.on_default().effects(Effects::BOLD),
        }
    }
}

/// A piece of a line.
pub type Piece<'a> = (Paint, &'a str);

/// Writes lines in one style, and makes every piece of them harmless.
pub struct Page<'a> {
    out: &'a mut String,
    style: Style,
}

impl<'a> Page<'a> {
    /// A page on `out`.
    pub fn new(out: &'a mut Clean, style: Style) -> Self {
        Self {
            out: out.raw(),
            style,
        }
    }

    /// Whether texts that may hold secrets may be written on it.
    pub fn shows_secrets(&self) -> bool {
        self.style.secrets
    }

    /// An empty line.
    pub fn blank(&mut self) -> fmt::Result {
        self.out.write_char('\n')
    }

    /// One line, `indent` columns in. Where it is too wide it goes on in the next line, `hang` columns in;
    /// words are never broken, because ids and fingerprints are there to be copied.
    pub fn line(&mut self, indent: usize, hang: usize, pieces: &[Piece<'_>]) -> fmt::Result {
        let limit = self.style.width.unwrap_or(usize::MAX);
        write!(self.out, "{:indent$}", "")?;
        let (mut column, mut fresh, mut gap) = (indent, true, 0);
        for &(paint, text) in pieces {
            for word in words(&cleaned(text)) {
                if word.starts_with(' ') {
                    gap += word.len();
                    continue;
                }
                let width = word.width();
                if !fresh && column + gap + width > limit {
                    write!(self.out, "\n{:hang$}", "")?;
                    column = hang;
                } else {
                    write!(self.out, "{:gap$}", "")?;
                    column += gap;
                }
                self.word(paint, word)?;
                column += width;
                (fresh, gap) = (false, 0);
            }
        }
        self.out.write_char('\n')
    }

    /// One line as it is, whatever its width.
    pub fn raw(&mut self, indent: usize, paint: Paint, text: &str) -> fmt::Result {
        write!(self.out, "{:indent$}", "")?;
        self.word(paint, &cleaned(text))?;
        self.out.write_char('\n')
    }

    fn word(&mut self, paint: Paint, text: &str) -> fmt::Result {
        if self.style.color && paint != Paint::Plain && !text.is_empty() {
            let style = paint.style();
            write!(self.out, "{style}{text}{style:#}")
        } else {
            self.out.write_str(text)
        }
    }
}

/// Runs of spaces and runs of everything else, in turn.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let space = rest.starts_with(' ');
        let end = rest.find(|c: char| (c == ' ') != space).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        rest = tail;
        (!word.is_empty()).then_some(word)
    })
}

/// `text` and as many spaces as fill `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{:fill$}", "", fill = width.saturating_sub(text.width()))
}

/// The widest of the texts, in columns.
pub fn widest<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    texts.into_iter().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(style: Style, pieces: &[Piece<'_>]) -> String {
        let mut out = Clean::default();
        Page::new(&mut out, style).line(2, 4, pieces).unwrap();
        out.to_string()
    }

    #[test]
    fn lines_wrap_between_words_and_keep_their_gaps() {
        let narrow = Style {
            width: Some(12),
            ..Style::default()
        };
        assert_eq!(
            written(narrow, &[(Paint::Plain, "one two three")]),
            "  one two\n    three\n"
        );
        assert_eq!(written(narrow, &[(Paint::Plain, "a   b")]), "  a   b\n");
        assert_eq!(
            written(narrow, &[(Paint::Plain, "averylongwordindeed x")]),
            "  averylongwordindeed\n    x\n"
        );
        assert_eq!(
            written(Style::default(), &[(Paint::Plain, "one two three")]),
            "  one two three\n"
        );
        // Two columns for each of these characters.
        assert_eq!(
            written(narrow, &[(Paint::Plain, "网络网络 b c")]),
            "  网络网络 b\n    c\n"
        );
    }

    #[test]
    fn colour_is_there_only_when_asked_for() {
        let pieces = [(Paint::Delete, "gone"), (Paint::Plain, " now")];
        assert_eq!(written(Style::default(), &pieces), "  gone now\n");
        assert_eq!(
            written(
                Style {
                    color: true,
                    ..Style::default()
                },
                &pieces
            ),
            "  \u{1b}[31mgone\u{1b}[0m now\n"
        );
    }
}
