//! `cargo xtask spoil`: EC2's answers spoiled in every way. `tests/bin/spoil.rs` does the work.

use std::ffi::OsString;

use crate::simulate::PROFILE;
use crate::{Failure, cargo, run};

/// Builds the trials for speed and runs them; the words are their own.
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
            "spoil",
            "--",
        ])
        .args(words))
}
