//! Who can talk to whom on an EC2 network: exact analysis over sets of intervals, without sending a packet.
//!
//! [`network`] is the small model that all works on, and [`fill`] fills it: from a spec, from what is live,
//! from saved answers of EC2. An [`Engine`] over it answers about two selectors ([`reach`]), with reasons
//! ([`explain()`]), about all pairs of hosts ([`Matrix`]), about what a spec expects ([`check`]), and about
//! what the network says and never does ([`lint()`]).
//!
//! ```
//! use trueup_reach::network::{AddressPair, Assignment, GroupRule, Interface, Named, Peer};
//! use trueup_reach::network::{SecurityGroup, Subnet, Vpc};
//! use trueup_reach::{Engine, Network, Selector, ServiceSet, Verdict, reach};
//!
//! let mut network = Network::default();
//! network.vpcs.push(Vpc { ranges: vec!["10.0.0.0/16".parse().unwrap()], ..Vpc::default() });
//! network.subnets.push(Subnet { ranges: vec!["10.0.1.0/24".parse().unwrap()], ..Subnet::default() });
//! let rule = |services| {
//!     let peer = Peer::Range("10.0.0.0/16".parse().unwrap());
//!     GroupRule { services, peer, source: None }
//! };
//! let (ingress, egress) = (vec![rule(ServiceSet::tcp(22, 22))], vec![rule(ServiceSet::all())]);
//! network.security_groups.push(SecurityGroup { ingress, egress, ..SecurityGroup::default() });
//! for (name, address) in [("instance.a", "10.0.1.10"), ("instance.b", "10.0.1.11")] {
//!     let private = Assignment::Known(address.parse().unwrap());
//!     network.interfaces.push(Interface {
//!         named: Named::new(name),
//!         addresses: vec![AddressPair { private, public: None }],
//!         security_groups: vec![0],
//!         source_dest_check: true,
//!         running: true,
//!         ..Interface::default()
//!     });
//! }
//! let engine = Engine::new(&network);
//! let [a, b] = ["instance.a", "instance.b"].map(|name| Selector::read(&engine, name).unwrap());
//! let answer = reach(&engine, &a, &b).unwrap();
//! assert_eq!(answer.allowed.to_string(), "tcp/22");
//! assert_eq!(answer.verdict(Some(&ServiceSet::read("tcp/443").unwrap())), Verdict::Blocked);
//! ```

// An answer is reported whatever was read, and no place out of a record ends it: see [`network::Table`].
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

pub mod address;
mod answer;
mod before_after;
mod blocker;
mod change;
mod classes;
mod code;
mod edit;
mod engine;
mod equivalence;
pub mod expect;
mod explain;
mod exposure;
pub mod fill;
mod filter;
pub mod findings;
mod forwarding_rules;
mod free;
mod gaps;
mod intermediate_state;
pub mod interval;
mod lint;
mod lookup;
pub mod network;
mod overapproximate;
pub mod packet_end;
mod partition;
pub mod policy;
mod proposal;
mod question;
mod ranges;
mod recorder;
mod review;
mod selector;
pub mod service;
mod sources;
mod summary;
mod trace;
mod tracer;
mod transition;
mod verdict;
mod wording;

pub use answer::{Answer, ask};
pub use before_after::BeforeAfter;
pub use classes::{Cell, Class, Matrix, classes};
pub use code::Code;
pub use edit::Edit;
pub use engine::{CLIENT_PORTS, Engine};
pub use expect::{Checked, ExpectError, check};
pub use explain::{Blocker, Explanation, Hop, Services, explain};
pub use filter::Direction;
#[doc(hidden)]
pub use forwarding_rules::{ForwardingRule, ForwardingRules};
pub use gaps::report_gaps;
pub use lint::{Lint, Removal, lint, lints, stranded};
pub use network::{AddressPair, Network};
pub use proposal::{Form, Opens, Proposal, Unformed};
pub use question::{between, reach, reach_any};
pub use review::{drifted, review};
pub use selector::{Selected, Selector, SelectorError};
pub use service::{Bounds, ServiceError, ServiceSet};
pub use summary::{Row, summary};
pub use tracer::Start;
pub use transition::Transition;
pub use verdict::Verdict;
