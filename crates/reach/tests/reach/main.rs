//! The tests of reachability, in one program.

mod advice;
mod agreement;
mod common;
mod equivalence;
mod expectations;
mod firmness;
mod forwarding_rules;
mod gaps;
mod interfaces;
mod ipv6;
mod lints;
mod network_acl;
mod nowhere;
mod pairs;
mod peerings;
mod repairs;
mod review;
mod saved;
mod sources;
mod story;
mod transit;
mod transition;
mod unread;
