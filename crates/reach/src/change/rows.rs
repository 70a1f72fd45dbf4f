//! Rows: changes that are alike, together.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Level, ReachChange};

use super::{Change, End, Step};

/// A row, with one change that stands for all in it.
pub struct Row {
    /// What is told.
    pub told: ReachChange,
    /// One of its changes.
    pub example: Change,
}

/// The changes in as few rows as show them all, what the internet newly reaches first.
pub fn merged(changes: &[Change]) -> Vec<Row> {
    // First all that one end reaches in the same way, then all ends that reach the same.
    let mut targets: BTreeMap<(&End, &Step), BTreeSet<&End>> = BTreeMap::new();
    for change in changes {
        targets.entry((&change.from, &change.step)).or_default().insert(&change.to);
    }
    let mut rows: BTreeMap<(bool, &Step, BTreeSet<&End>), Vec<&End>> = BTreeMap::new();
    for ((from, step), to) in targets {
        rows.entry((matches!(from, End::Outside(..)), step, to)).or_default().push(from);
    }
    let names = |ends: &mut dyn Iterator<Item = &&End>| {
        let names: BTreeSet<String> = ends.flat_map(|end| end.names()).collect();
        names.into_iter().collect::<Vec<_>>()
    };
    let row = |((_, step, to), from): ((bool, &Step, BTreeSet<&End>), Vec<&End>)| {
        let first = to.first().map(|end| (*end).clone()).unwrap_or(End::Internet);
        let example = Change { from: from[0].clone(), to: first, step: step.clone() };
        let told = ReachChange {
            from: names(&mut from.iter()),
            to: names(&mut to.iter()),
            over: step.over.to_string(),
            before: step.before,
            after: step.after,
            exposure: example.is_exposure(),
            because: Vec::new(),
        };
        Row { told, example }
    };
    let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)));
    rows
}

/// Exposure first, then what else opens, then what closes; of these, what is sure before what is not.
fn rank(row: &Row) -> (bool, bool, std::cmp::Reverse<Level>, &[String], &[String], &str) {
    let told = &row.told;
    (!told.exposure, told.after < told.before, std::cmp::Reverse(told.after), &told.from, &told.to, &told.over)
}
