//! Text that may go to a terminal: the one function that makes text harmless, and the type that says that it
//! was done.
//!
//! What comes from specs, from file names, from EC2 and from the command line can hold characters that steer
//! a terminal, that turn the direction of writing round, or that nobody sees. They are shown by their
//! escapes. Whoever writes to a stream needs a [`Clean`], and there is no way to one but through here.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::ops::Deref;

use serde_json::Value as Json;

/// Text in which nothing steers a terminal but the colours and the cursor moves that the reporters put there
/// themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clean(String);

impl Clean {
    /// One line of any text, without its end: line ends inside it are shown by their escapes too.
    pub fn line(text: &str) -> Self {
        Self(clean(text))
    }

    /// Any text of several lines, as it is but for what is not shown; line ends and tabs stay.
    pub fn lines(text: &str) -> Self {
        Self(without(text, |c| is_hidden(c) && !matches!(c, '\n' | '\t'), escape).into_owned())
    }

    /// A document of several lines, ended by a line end.
    pub fn json(document: &Json) -> Self {
        Self(escaped(&serde_json::to_string_pretty(document).unwrap_or_default()) + "\n")
    }

    /// A document in one line, ended by a line end.
    pub fn json_line(document: &Json) -> Self {
        Self(escaped(&document.to_string()) + "\n")
    }

    /// `styled` is `plain` with colours. Where there is something in it that must not be shown, the colours
    /// are given up with it.
    pub fn styled(plain: &str, styled: String) -> Self {
        let lines = Self::lines(plain);
        if lines.0 == plain { Self(styled) } else { lines }
    }

    /// Where the reporters write what they have made harmless piece by piece.
    pub(crate) fn raw(&mut self) -> &mut String {
        &mut self.0
    }
}

impl Deref for Clean {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text as one line in which every character is seen: those that are not are shown by their escapes.
pub fn clean(text: &str) -> String {
    cleaned(text).into_owned()
}

/// The same, where most texts stay as they are.
pub fn cleaned(text: &str) -> Cow<'_, str> {
    without(text, is_hidden, escape)
}

fn escape(out: &mut String, c: char) {
    out.extend(c.escape_default());
}

/// JSON with the escapes of JSON for what is not seen. Outside of its texts there is nothing of that sort but
/// line ends.
fn escaped(json: &str) -> String {
    let escape = |out: &mut String, c: char| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    };
    without(json, |c| is_hidden(c) && c != '\n', escape).into_owned()
}

/// The text with something else in the place of every character that is not wanted.
fn without(text: &str, unwanted: impl Fn(char) -> bool, instead: impl Fn(&mut String, char)) -> Cow<'_, str> {
    let Some(first) = text.find(&unwanted) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        if unwanted(c) {
            instead(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Whether nobody sees a character as what it is: it steers (C0, C1), it turns, joins or marks other
/// characters (the general category Cf), it ends a line, or fonts draw nothing for it (the property
/// `Default_Ignorable_Code_Point`).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_nobody_sees_is_shown_by_its_escape() {
        assert_eq!(
            clean("a\u{1b}[31m\nb\u{202e}\u{9b}\u{61c}网"),
            "a\\u{1b}[31m\\nb\\u{202e}\\u{9b}\\u{61c}网"
        );
        assert_eq!(&*Clean::lines("a\tb\r\nc\u{200d}"), "a\tb\\r\nc\\u{200d}");
        assert_eq!(clean(&clean("\u{7f}")), clean("\u{7f}"), "once is enough");
    }

    #[test]
    fn json_says_the_same_in_characters_that_are_seen() {
        let document = json!({"a\u{9b}": "\u{1b}\u{7f}\u{2028}\u{e0041}\"\\é网", "b": [1, "\n"]});
        for text in [Clean::json(&document), Clean::json_line(&document)] {
            assert!(
                text.trim_end().chars().all(|c| c == '\n' || !is_hidden(c)),
                "{text}"
            );
            assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), document);
        }
        assert_eq!(&*Clean::json_line(&json!("\u{e0041}é")), "\"\\udb40\\udc41é\"\n");
    }

    #[test]
    fn colours_are_given_up_where_something_would_be_hidden_in_them() {
        assert_eq!(&*Clean::styled("a", "\u{1b}[1ma".to_owned()), "\u{1b}[1ma");
        assert_eq!(
            &*Clean::styled("a\u{9b}", "\u{1b}[1ma\u{9b}".to_owned()),
            "a\\u{9b}"
        );
    }

    /// All code points that the Unicode Character Database has as Cc, Cf, Zl or Zp; those that are not
    /// assigned may come to it.
    #[test]
    fn every_control_and_format_character_is_hidden() {
        let ranges = [
            (0x00, 0x1f),
            (0x7f, 0x9f),
            (0xad, 0xad),
            (0x600, 0x605),
            (0x61c, 0x61c),
            (0x6dd, 0x6dd),
            (0x70f, 0x70f),
            (0x890, 0x891),
            (0x8e2, 0x8e2),
            (0x180e, 0x180e),
            (0x200b, 0x200f),
            (0x2028, 0x202e),
            (0x2060, 0x2064),
            (0x2066, 0x206f),
            (0xfeff, 0xfeff),
            (0xfff9, 0xfffb),
            (0x110bd, 0x110bd),
            (0x110cd, 0x110cd),
            (0x13430, 0x1343f),
            (0x1bca0, 0x1bca3),
            (0x1d173, 0x1d17a),
            (0xe0001, 0xe0001),
            (0xe0020, 0xe007f),
        ];
        for c in ranges
            .iter()
            .flat_map(|(from, to)| *from..=*to)
            .filter_map(char::from_u32)
        {
            assert!(is_hidden(c), "{}", c.escape_unicode());
        }
        for c in "aé ß网ع\u{301}\u{a0}😀".chars() {
            assert!(!is_hidden(c), "{}", c.escape_unicode());
        }
    }
}
