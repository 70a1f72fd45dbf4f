//! The end-to-end tests in one program: each links the whole SDK. `cargo test -p trueup-tests stories` runs
//! those of one file, and `… stories::keys` those whose names begin so.

mod abridged;
mod at_the_limit;
mod bad_answers;
mod bad_input;
mod barrier;
mod comments;
mod concurrent_runs;
mod connecting;
mod crash;
mod cron;
mod dhcp_options;
mod drift;
mod edits;
mod examples;
mod existing;
mod exposure;
mod flow_logs;
mod gaps;
mod identity;
mod implicit;
mod interface_endpoints;
mod interop;
mod ipv6;
mod limits;
mod moto;
mod moto_sessions;
mod order;
mod others;
mod peering;
mod public_access;
mod refusals;
mod round_trips;
mod secrets;
mod seeds;
mod spoilings;
mod stories;
mod tidy;
mod volumes;
mod wide;

#[path = "../../crates/reach/tests/reach/common/spec.rs"]
#[expect(dead_code, reason = "the networks of reach's own tests")]
mod spec;
