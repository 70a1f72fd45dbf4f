//! A plan as a comment on a pull request: what is lost, what changes, how, and the command that does exactly this.
//!
//! Byte-stable, and cut in announced steps where it would be too long. What comes from specs and from the cloud cannot break out
//! of the markup.

mod document;
mod escape;

use trueup_model::Plan;

use document::{Document, Extent};

/// No row of the table is shorter.
const ROW_BYTES_MIN: usize = 24;

/// The comment for a plan of the spec at `spec`, at most `bytes_max` bytes long. Where even the counts do not fit, it is empty.
pub fn plan(plan: &Plan, spec: &str, bytes_max: usize) -> String {
    let extents = [Extent::Full, Extent::NoSteps, Extent::NoCreates];
    // Rows are shed by quarters rather than one by one: a plan of thousands of changes is drawn a few times only.
    let mut rows = plan.changes.len().min(bytes_max / ROW_BYTES_MIN);
    let tables = std::iter::from_fn(|| {
        let now = rows;
        rows -= (rows / 4).max(1).min(rows);
        (now > 0).then_some(Extent::Table { rows: now })
    });
    let mut all = extents.into_iter().chain(tables).chain([Extent::Counts, Extent::Title]);
    all.find_map(|extent| Document::new(plan, spec, extent, bytes_max).write()).unwrap_or_default()
}
