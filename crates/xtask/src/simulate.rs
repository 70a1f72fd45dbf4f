//! `cargo xtask simulate`: random networks in trouble, many at a time. `tests/bin/simulate.rs` does the work.

use std::ffi::OsString;

use crate::{Failure, cargo, run};

/// The profile that it is built with, and where cargo puts what it builds so.
pub const PROFILE: &str = "simulate";

/// Builds the simulation for speed and runs it; the words are its own.
pub fn run_words(words: &[OsString]) -> Result<(), Failure> {
    run(cargo()
        .args([
            "run",
            "--profile",
            PROFILE,
            "--locked",
            "--quiet",
            "--package",
            "trueup-tests",
            "--bin",
            "simulate",
            "--",
        ])
        .args(words))
}
