//! The tests of the vocabulary, in one program.

mod as_ec2;
mod formats;
mod pattern;
mod tables;

#[path = "../../../xtask/src/docs/samples.rs"]
#[expect(dead_code, reason = "what changes is for the documentation")]
mod samples;
