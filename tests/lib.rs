//! The end-to-end tests of Trueup. `harness` is what they share, `cases` and `timed` are the tests, `simulation`
//! and `spoiling` the random ones, which programs of `bin` run as well, and `kinds` has a spec of every kind.

mod harness;
pub mod simulation;
pub mod spoiling;

pub use harness::*;
