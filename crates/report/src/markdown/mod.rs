//! A plan as a comment on a pull request: what is at stake, what is lost, what opens, what changes, how, and
//! the command that does exactly this.
//!
//! Byte-stable, and cut in announced steps where it would be too long. What comes from specs and from the
//! cloud cannot break out of the markup.

mod details;
mod escape;
mod fit;
mod parts;

use trueup_model::Plan;

/// The comment for a plan of the spec at `spec`, at most `bytes_max` bytes long. Where even the title does
/// not fit, it is empty.
pub fn plan(plan: &Plan, spec: &str, bytes_max: usize) -> String {
    fit::comment(plan, spec, bytes_max)
}
