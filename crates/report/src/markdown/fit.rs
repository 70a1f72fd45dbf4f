//! What of a comment is there where not all of it fits: first the steps go, then what is harmless is only
//! listed, then only counted. What is dangerous stays in full as long as there is room.

use trueup_model::{Action, Change, Plan};

use super::details::{Details, TABLE_HEAD};
use super::escape::code;
use super::parts::{Extent, Parts};
use crate::alike::{Block, blocks};
use crate::names::Names;
use crate::words;

/// Of what does not fit in full so many are tried in a row; what comes then is hardly shorter.
const MISSES_MAX: usize = 20;
/// Room for the empty lines between the parts.
const GAPS: usize = 16;

/// The comment, with as much as fits.
pub fn comment(plan: &Plan, spec: &str, bytes_max: usize) -> String {
    let names = Names::of(plan);
    let blocks = blocks(plan, &names);
    let parts = Parts { plan, spec };
    let fit = Fit {
        parts,
        details: Details { plan, names: &names },
        blocks: &blocks,
        bytes_max,
    };
    let whole = [true, false].into_iter().find_map(|steps| fit.whole(steps));
    let shortened = || {
        [Extent::Whole, Extent::Some]
            .into_iter()
            .find_map(|extent| fit.shortened(extent))
    };
    let least = || {
        [fit.counts(), parts.title()]
            .into_iter()
            .find(|text| text.len() <= bytes_max)
    };
    whole.or_else(shortened).or_else(least).unwrap_or_default()
}

struct Fit<'a> {
    parts: Parts<'a>,
    details: Details<'a>,
    blocks: &'a [Block<'a>],
    bytes_max: usize,
}

impl Fit<'_> {
    /// All of it, but perhaps the steps.
    fn whole(&self, steps: bool) -> Option<String> {
        let mut text = self.parts.head(Extent::Whole);
        if !steps {
            self.notice(&mut text, "the steps are left out");
        }
        paragraph(&mut text, &self.details.why());
        for block in self.blocks {
            if text.len() > self.bytes_max {
                return None;
            }
            text += &self.details.block(block, usize::MAX);
        }
        if steps {
            text += &self.details.steps();
        }
        paragraph(&mut text, &self.parts.notes(Extent::Whole));
        paragraph(&mut text, &self.parts.foot());
        let text = end(text);
        (text.len() <= self.bytes_max).then_some(text)
    }

    /// As many changes in full as there is room for, and of the others as many lines as there is room for;
    /// none where the head alone is too long.
    fn shortened(&self, extent: Extent) -> Option<String> {
        let (mut text, foot) = (self.parts.head(extent), self.parts.foot());
        let changes = self.parts.plan.changes.len();
        let longest = told(changes, changes, changes, changes);
        self.notice(&mut text, &longest);
        let room = self
            .bytes_max
            .checked_sub(text.len() + foot.len() + TABLE_HEAD.len() + GAPS)?;
        let pieces = self.pieces();
        let shown = self.choose(&pieces, room);
        let (mut full, mut rows) = (String::new(), String::new());
        let (mut in_full, mut listed) = (0, 0);
        for (piece, shown) in pieces.iter().zip(shown) {
            match shown {
                Shown::Full(details) => (full, in_full) = (full + &details, in_full + piece.changes.len()),
                Shown::Row(row) => (rows, listed) = (rows + &row, listed + piece.changes.len()),
                Shown::Not => {}
            }
        }
        if in_full + listed == 0 {
            return None;
        }
        let mut text = self.parts.head(extent);
        self.notice(
            &mut text,
            &told(changes, in_full, listed, changes - in_full - listed),
        );
        text += &full;
        if !rows.is_empty() {
            paragraph(&mut text, &format!("{TABLE_HEAD}{}", rows.trim_end()));
        }
        paragraph(&mut text, &foot);
        let text = end(text);
        (text.len() <= self.bytes_max).then_some(text)
    }

    /// Without any change.
    fn counts(&self) -> String {
        let mut text = self.parts.head(Extent::Counts);
        self.notice(&mut text, "only counts are left");
        paragraph(&mut text, &self.parts.foot());
        end(text)
    }

    /// The blocks; of deletions each by itself, because each has a line of its own.
    fn pieces(&self) -> Vec<Piece<'_>> {
        let split = |block: &Block<'_>| block.first().action == Action::Delete && block.changes.len() > 1;
        let pieces = self.blocks.iter().flat_map(|block| {
            let step = if split(block) { 1 } else { block.changes.len() };
            block
                .changes
                .chunks(step)
                .map(move |changes| Piece { block, changes })
        });
        pieces.collect()
    }

    /// Dangerous pieces get a line each, then as many as fit are reported in full; then it is the others'
    /// turn.
    fn choose(&self, pieces: &[Piece<'_>], mut room: usize) -> Vec<Shown> {
        let mut shown: Vec<Shown> = pieces.iter().map(|_| Shown::Not).collect();
        for dangerous in [true, false] {
            let own: Vec<usize> = (0..pieces.len())
                .filter(|index| pieces[*index].block.dangerous == dangerous)
                .collect();
            for &index in &own {
                let row = self.details.row(pieces[index].changes);
                if row.len() > room {
                    return shown;
                }
                room -= row.len();
                shown[index] = Shown::Row(row);
            }
            let mut misses = 0;
            for &index in &own {
                let Shown::Row(row) = &shown[index] else { continue };
                let details = self.details.some(pieces[index].block, pieces[index].changes);
                if details.len() <= row.len() + room {
                    room = row.len() + room - details.len();
                    shown[index] = Shown::Full(details);
                    misses = 0;
                } else {
                    misses += 1;
                    if misses == MISSES_MAX {
                        break;
                    }
                }
            }
        }
        shown
    }

    /// Says what was left out.
    fn notice(&self, text: &mut String, left_out: &str) {
        let destroy = if self.parts.plan.teardown {
            " --destroy"
        } else {
            ""
        };
        let all = code(&format!("trueup plan{destroy} {}", self.parts.spec));
        paragraph(
            text,
            &format!("> **Shortened** to fit into a comment: {left_out}. {all} shows everything."),
        );
    }
}

/// Changes that are shown in one way.
struct Piece<'a> {
    block: &'a Block<'a>,
    changes: &'a [&'a Change],
}

/// How much of a piece there is.
enum Shown {
    Full(String),
    Row(String),
    Not,
}

fn told(all: usize, in_full: usize, listed: usize, left: usize) -> String {
    let are = |number: usize| if number == 1 { "is" } else { "are" };
    let mut text = format!(
        "{in_full} of {} {} in full",
        words::count(all, "change"),
        are(in_full)
    );
    for (number, how) in [(listed, "listed"), (left, "only counted")] {
        if number > 0 {
            text += &format!(", {number} {} {how}", are(number));
        }
    }
    text + ", and the steps are left out"
}

/// Adds a paragraph with an empty line before and behind it.
pub fn paragraph(out: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    gap(out);
    out.push_str(text);
    gap(out);
}

/// Ends a paragraph.
fn gap(out: &mut String) {
    while !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

/// Ends the comment with one line end.
fn end(mut text: String) -> String {
    text.truncate(text.trim_end_matches('\n').len());
    text + "\n"
}
