//! Rows: changes that are alike, together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use trueup_model::ReachChange;
use trueup_model::expect::INTERNET_V6;

use super::{Change, End, Outside, Shift};

/// Rows that are reported at most; what is beyond is counted.
pub const ROWS_MAX: usize = 100;

/// A row: the changes of all its pairs, which are alike.
pub struct Row {
    /// What is reported.
    pub reported: ReachChange,
    /// Who asks; there is at least one.
    pub from: Vec<End>,
    /// Who is asked for, by each of them.
    pub to: Vec<End>,
    /// How the services change.
    pub shift: Shift,
}

impl Row {
    /// The change of one pair.
    pub fn change(&self, from: &End, to: &End) -> Change {
        Change {
            from: from.clone(),
            to: to.clone(),
            shift: self.shift.clone(),
        }
    }

    /// The same row for whoever goes the other way: from what is after to what is before. What is reported
    /// stays.
    #[must_use]
    pub fn reversed(self) -> Self {
        let shift = Shift {
            before: self.shift.after,
            after: self.shift.before,
            ..self.shift
        };
        Self { shift, ..self }
    }
}

/// The ranges of all ends that are outside.
fn outsides(ends: &[&End], ranges: fn(&Outside) -> Vec<String>) -> Vec<String> {
    ends.iter()
        .flat_map(|end| {
            if let End::Outside(outside) = end {
                ranges(outside)
            } else {
                Vec::new()
            }
        })
        .collect()
}

/// The changes in as few rows as show them all, what the internet newly reaches first.
pub fn merged(changes: &[Change]) -> Vec<Row> {
    // First all that one end reaches in the same way, then all ends that reach the same.
    let mut targets: BTreeMap<(&End, &Shift), BTreeSet<&End>> = BTreeMap::new();
    for change in changes {
        targets
            .entry((&change.from, &change.shift))
            .or_default()
            .insert(&change.to);
    }
    let mut rows: BTreeMap<(bool, &Shift, BTreeSet<&End>), Vec<&End>> = BTreeMap::new();
    for ((from, shift), to) in targets {
        rows.entry((matches!(from, End::Outside(..)), shift, to))
            .or_default()
            .push(from);
    }
    let names = |ends: &mut dyn Iterator<Item = &&End>| {
        let mut names: BTreeSet<String> = ends.flat_map(|end| end.names()).collect();
        // Over both families it is the internet.
        if names.contains("internet") {
            names.remove(INTERNET_V6);
        }
        names.into_iter().collect::<Vec<_>>()
    };
    let row = |((outside, shift, to), from): ((bool, &Shift, BTreeSet<&End>), Vec<&End>)| {
        let reported = ReachChange {
            from: names(&mut from.iter()),
            to: names(&mut to.iter()),
            over: shift.over.in_words(),
            before: shift.before,
            after: shift.after,
            ranges: outsides(&from, Outside::ranges),
            so_far: outsides(&from, Outside::ranges_so_far),
            exposure: outside && shift.after > shift.before,
            because: Vec::new(),
        };
        let cloned = |ends: &mut dyn Iterator<Item = &&End>| ends.map(|end| (*end).clone()).collect();
        Row {
            reported,
            from: cloned(&mut from.iter()),
            to: cloned(&mut to.iter()),
            shift: shift.clone(),
        }
    };
    let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)));
    rows
}

/// Exposure first, of it what everybody reaches; then what else opens, then what closes; of these, what is
/// sure before what is not.
fn rank(row: &Row) -> impl Ord + '_ {
    let reported = &row.reported;
    let some = !reported
        .from
        .iter()
        .any(|name| matches!(name.as_str(), "internet" | INTERNET_V6));
    (
        !reported.exposure,
        reported.exposure && some,
        reported.after < reported.before,
        Reverse(reported.after),
        &reported.from,
        &reported.to,
        &reported.over,
    )
}
