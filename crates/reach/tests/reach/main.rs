//! The tests of reachability, in one program.

mod advice;
mod agreement;
mod common;
mod equivalence;
mod expectations;
mod firmness;
mod gaps;
mod interfaces;
mod laws;
mod lints;
mod network_acl;
mod nowhere;
mod pairs;
mod repairs;
mod review;
mod saved;
mod sources;
mod story;
mod transit;
mod transition;
mod unread;
