//! Rows: changes that are alike, together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use trueup_model::ReachChange;

use super::{Change, End, Shift};

/// Changes of one row whose reasons are looked for at most.
const EXAMPLES_MAX: usize = 8;

/// A row, with some of its changes; there is at least one.
pub struct Row {
    /// What is told.
    pub told: ReachChange,
    /// Its first changes.
    pub examples: Vec<Change>,
}

/// The changes in as few rows as show them all, what the internet newly reaches first.
pub fn merged(changes: &[Change]) -> Vec<Row> {
    // First all that one end reaches in the same way, then all ends that reach the same.
    let mut targets: BTreeMap<(&End, &Shift), BTreeSet<&End>> = BTreeMap::new();
    for change in changes {
        targets.entry((&change.from, &change.shift)).or_default().insert(&change.to);
    }
    let mut rows: BTreeMap<(bool, &Shift, BTreeSet<&End>), Vec<&End>> = BTreeMap::new();
    for ((from, shift), to) in targets {
        rows.entry((matches!(from, End::Outside(..)), shift, to)).or_default().push(from);
    }
    let names = |ends: &mut dyn Iterator<Item = &&End>| {
        let names: BTreeSet<String> = ends.flat_map(|end| end.names()).collect();
        names.into_iter().collect::<Vec<_>>()
    };
    let row = |((_, shift, to), from): ((bool, &Shift, BTreeSet<&End>), Vec<&End>)| {
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
        let change = |(from, to): (&End, &End)| Change { from: from.clone(), to: to.clone(), shift: shift.clone() };
        let examples: Vec<Change> = pairs.take(EXAMPLES_MAX).map(change).collect();
        let told = ReachChange {
            from: names(&mut from.iter()),
            to: names(&mut to.iter()),
            over: shift.over.in_words(),
            before: shift.before,
            after: shift.after,
            exposure: examples.iter().any(Change::is_exposure),
            because: Vec::new(),
        };
        Row { told, examples }
    };
    let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)));
    rows
}

/// Exposure first, of it what everybody reaches; then what else opens, then what closes; of these, what is sure before what is not.
fn rank(row: &Row) -> impl Ord + '_ {
    let told = &row.told;
    let some = !told.from.iter().any(|name| name == "internet");
    (!told.exposure, told.exposure && some, told.after < told.before, Reverse(told.after), &told.from, &told.to, &told.over)
}
