//! Who can talk to whom on an EC2 network: exact analysis over sets of intervals, without sending a packet.
//!
//! [`network`] is the small model it works on, and [`fill`] fills it. An [`Engine`] answers about two addresses ([`ask`]).

pub mod address;
mod answer;
mod classes;
mod code;
mod engine;
pub mod expect;
mod explain;
pub mod fill;
mod filter;
pub mod interval;
mod laws;
mod lint;
mod lookup;
pub mod network;
mod party;
mod pieces;
pub mod policy;
pub mod service;
pub mod spot;
mod trip;
mod verdict;
mod walk;

pub use answer::{Answer, ask};
pub use classes::{Cell, Class, Matrix, classes};
pub use code::Code;
pub use engine::{CLIENT_PORTS, Engine};
pub use expect::{Checked, Claim, Expectation, Status, check};
pub use explain::{Blocker, Explanation, Hop, Services, explain};
pub use filter::Direction;
#[doc(hidden)]
pub use laws::{Law, Laws};
pub use lint::lint;
pub use network::{Network, Own};
pub use party::{Member, Party, PartyError, between, reach, reach_any};
pub use service::{Bounds, ServiceError, ServiceSet};
pub use verdict::Verdict;
pub use walk::Start;
