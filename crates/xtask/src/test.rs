//! `cargo xtask test`: every test of the workspace, with the Python programs that the interoperation tests
//! run.

use std::ffi::OsString;

use crate::python::{self, Python};
use crate::{Failure, cargo, run, tell};

/// What cannot be tested without Python.
const NEEDS_PYTHON: &str = "the AWS CLI and boto3 against the sandbox (tests/cases/interop.rs) and Trueup against moto (tests/cases/moto.rs, tests/cases/moto_sessions.rs)";

/// Makes the Python environment, builds the program that the tests run, and runs the tests.
pub fn run_words(words: &[OsString]) -> Result<(), Failure> {
    let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    let programs = match python::environment()? {
        Python::Ready(programs) => Some(programs),
        Python::Missing(why) if ci => {
            return Err(Failure::new(format!(
                "cannot test {NEEDS_PYTHON}: {why}; with CI=true nothing is skipped"
            )));
        }
        Python::Missing(why) => {
            tell(&format!("skipping {NEEDS_PYTHON}: {why}"));
            None
        }
    };
    // All of the workspace, so that the dependencies have the features that the tests build them with.
    run(cargo().args(["build", "--workspace", "--locked"]))?;
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--locked"]).args(words);
    match programs {
        Some(programs) => tests.env(python::VARIABLE, programs),
        None => tests.env_remove(python::VARIABLE),
    };
    run(&mut tests)
}
