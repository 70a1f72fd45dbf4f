//! Patterns: texts drawn from one, and texts that are nearly of it.
//!
//! Only what every dialect of regular expressions reads alike is known here (no `.`, `\s`, `\w`, `\b`, no
//! look-around): a pattern goes to editors in many languages.

use std::iter::Peekable;
use std::str::Chars;

use fastrand::Rng;

/// A part of a pattern.
enum Part {
    /// One of some sequences.
    Any(Vec<Vec<Part>>),
    /// A character of some ranges, or of none of them.
    Class(Vec<(char, char)>, bool),
    /// A part so many times.
    Times(Box<Part>, u32, u32),
    /// The start or end of the text, of which nothing is drawn.
    Edge,
}

/// What is put into texts to spoil them: edges of character classes, what looks like another character, what
/// means something elsewhere.
const SPOILERS: &[&str] = &[
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\0",
    "\u{a0}",
    "\u{feff}",
    "\u{200b}",
    "\u{2003}",
    "é",
    "É",
    "０",
    "٣",
    "²",
    "ß",
    "ſ",
    "K",
    "😀",
    "+",
    "-",
    "--",
    ".",
    "/",
    "//",
    "~",
    "=",
    ",",
    "#",
    ":",
    "::",
    "_",
    "@",
    "*",
    "\"",
    "'",
    "`",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "\\",
    "^",
    "$",
    "|",
    "?",
    "!",
    "%",
    "&",
    "0",
    "00",
    "1",
    "9",
    "a",
    "f",
    "g",
    "z",
    "A",
    "F",
    "Z",
    "255",
    "256",
    "65535",
    "65536",
    "/0",
    "/32",
    "/33",
    "/128",
    "0x1",
    "1e3",
    "aws/",
    "pl-",
    "sg-",
    "com.amazonaws.",
];

/// Texts drawn from a pattern.
pub struct Source {
    whole: Part,
}

impl Source {
    /// Reads a pattern; fails on what dialects read differently.
    pub fn new(pattern: &str) -> Self {
        let mut chars = pattern.chars().peekable();
        let whole = alternatives(&mut chars);
        assert_eq!(chars.next(), None, "{pattern}: a group ends that never began");
        Self { whole }
    }

    /// A text of the pattern.
    pub fn draw(&self, rng: &mut Rng) -> String {
        let mut text = String::new();
        draw(&self.whole, rng, &mut text);
        text
    }
}

fn alternatives(chars: &mut Peekable<Chars<'_>>) -> Part {
    let mut all = vec![Vec::new()];
    while let Some(next) = chars.next_if(|c| *c != ')') {
        let part = match next {
            '|' => {
                all.push(Vec::new());
                continue;
            }
            '(' => {
                let inner = alternatives(chars);
                assert_eq!(chars.next(), Some(')'), "a group does not end");
                inner
            }
            '[' => class(chars),
            '^' | '$' => Part::Edge,
            '.' => panic!("`.` means different things in different dialects"),
            '\\' => one(escaped(chars)),
            other => one(other),
        };
        let part = repeated(part, chars);
        all.last_mut().expect("there is one").push(part);
    }
    Part::Any(all)
}

fn one(c: char) -> Part {
    Part::Class(vec![(c, c)], false)
}

fn escaped(chars: &mut Peekable<Chars<'_>>) -> char {
    match chars.next() {
        Some('t') => '\t',
        Some('n') => '\n',
        Some('f') => '\u{c}',
        Some('r') => '\r',
        Some(c) if c.is_ascii_punctuation() => c,
        other => panic!("{other:?} after a backslash means different things in different dialects"),
    }
}

fn class(chars: &mut Peekable<Chars<'_>>) -> Part {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while let Some(next) = chars.next_if(|c| *c != ']') {
        let from = if next == '\\' { escaped(chars) } else { next };
        let to = match chars.next_if_eq(&'-') {
            None => from,
            Some(_) if chars.peek() == Some(&']') => {
                ranges.push(('-', '-'));
                from
            }
            Some(_) => chars.next().expect("a range ends"),
        };
        ranges.push((from, to));
    }
    chars.next();
    Part::Class(ranges, negated)
}

fn repeated(part: Part, chars: &mut Peekable<Chars<'_>>) -> Part {
    let (from, to) = match chars.peek() {
        Some('?') => (0, 1),
        Some('*') => (0, 4),
        Some('+') => (1, 5),
        Some('{') => {
            let inner: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
            let (from, to) = inner.split_once(',').unwrap_or((&inner, &inner));
            let from: u32 = from.parse().expect("a number");
            return Part::Times(Box::new(part), from, to.parse().unwrap_or(from + 8));
        }
        _ => return part,
    };
    chars.next();
    Part::Times(Box::new(part), from, to)
}

fn draw(part: &Part, rng: &mut Rng, out: &mut String) {
    match part {
        Part::Edge => {}
        Part::Any(all) => all[rng.usize(..all.len())]
            .iter()
            .for_each(|part| draw(part, rng, out)),
        Part::Times(part, from, to) => {
            // The edges matter most.
            let times = match rng.u32(..4) {
                0 => *from,
                1 => *to,
                _ => rng.u32(*from..=(*to).min(from + 6)),
            };
            (0..times).for_each(|_| draw(part, rng, out));
        }
        Part::Class(ranges, false) => {
            let (from, to) = ranges[rng.usize(..ranges.len())];
            out.push(match rng.u32(..3) {
                0 => from,
                1 => to,
                _ => rng.char(from..=to),
            });
        }
        Part::Class(ranges, true) => {
            let free = |c: &char| !ranges.iter().any(|(from, to)| (from..=to).contains(&c));
            let spoiler = SPOILERS[rng.usize(..SPOILERS.len())].chars().find(free);
            out.push(spoiler.unwrap_or('x'));
        }
    }
}

/// A text that is nearly this one; `other` is another one to take from.
pub fn spoilt(text: &str, other: &str, rng: &mut Rng) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let spoiler = SPOILERS[rng.usize(..SPOILERS.len())];
    let at = rng.usize(..=chars.len());
    let upto = at + rng.usize(..=(chars.len() - at).min(3));
    match rng.u32(..10) {
        0 => drop(chars.drain(at..upto)),
        1 => drop(chars.splice(at..upto, spoiler.chars())),
        2 => drop(chars.splice(at..at, spoiler.chars())),
        3 => return format!("{spoiler}{text}"),
        4 => return format!("{text}{spoiler}"),
        5 => return text.to_uppercase(),
        6 => chars.truncate(at),
        7 => {
            let part: Vec<char> = chars[at..upto].to_vec();
            let times = [1, 2, 64, 300][rng.usize(..4)];
            chars.splice(at..at, part.repeat(times));
        }
        8 => return format!("{text}{other}"),
        _ => {
            let tail: Vec<char> = other.chars().skip(rng.usize(..=other.chars().count())).collect();
            chars.splice(at.., tail);
        }
    }
    chars.into_iter().collect()
}
