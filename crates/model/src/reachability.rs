//! What is said about who can talk to whom: how a spec's expectations fare, and what a plan changes.

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Label, Place};
use crate::expect::INTERNET_V6;

/// How much of a service works. Later ones are wider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing of it.
    Blocked,
    /// That cannot be told.
    Unknown,
    /// Some of the client's ports, or some of the addresses.
    Partial,
    /// All of it.
    Allowed,
}

impl Level {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
            Self::Partial => "partial",
            Self::Allowed => "allowed",
        }
    }
}

/// What a plan does to who can talk to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reachability {
    /// How many hosts are known, before or after; none where nobody looked. Without any, all of this is about
    /// nobody.
    pub hosts: Option<usize>,
    /// What changes: what the internet newly reaches first.
    pub changes: Vec<ReachChange>,
    /// How many more there are.
    pub more: usize,
    /// Why the changes are not reported, where they are not.
    pub untold: Option<String>,
    /// How the spec's expectations fare on the network that it wants.
    pub findings: Vec<Finding>,
    /// The order that the steps keep so that nothing is open for a moment only; none where any order of them
    /// would do.
    pub barrier: Option<Barrier>,
    /// What works before and after and not, or less, while the steps are carried out, where no barrier says
    /// so: how much of it works then stands as `after`, and whose step takes it away as `because`.
    pub gaps: Vec<ReachChange>,
    /// How many more there are.
    pub gaps_more: usize,
    /// How many steps that take something away or give it were not looked at one by one, because they are too
    /// many.
    pub gaps_unlooked: usize,
    /// What a `can` asks for and works before and after, and not while the steps are carried out.
    pub interrupted: Vec<Interrupted>,
    /// Security groups that come to let in the internet, or more of it, and of whose users none is known.
    pub opened_groups: Vec<OpenedGroup>,
    /// Subnets that come to be public ones: their route table leads to an internet gateway, which it did not.
    pub public_subnets: Vec<PublicSubnet>,
    /// Who appears on the internet by another address.
    pub source_changes: Vec<SourceChange>,
    /// How many more there are.
    pub source_changes_more: usize,
}

/// A security group that comes to let in the internet, or more of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenedGroup {
    /// The group.
    pub group: String,
    /// Which services it comes to let in.
    pub over: String,
    /// Whether it is known that nobody carries it now; else nobody could look.
    pub users_known: bool,
}

/// A subnet that comes to be a public one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PublicSubnet {
    /// The subnet.
    pub subnet: String,
    /// The resource whose change is the reason.
    pub because: String,
}

/// Subnets and hosts that all appear on the internet by another address than before: whoever lets in only the
/// old one shuts them out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceChange {
    /// Subnets, which stand for the hosts in them.
    pub subnets: Vec<String>,
    /// Hosts with, or before with, a public address of their own.
    pub hosts: Vec<String>,
    /// By which address now.
    pub before: SourceAddress,
    /// By which afterwards.
    pub after: SourceAddress,
    /// The resources whose change is the reason.
    pub because: Vec<String>,
}

/// The address by which something appears on the internet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SourceAddress {
    /// This one.
    Known {
        /// The address.
        address: String,
        /// The NAT gateway, or the host itself, whose it is.
        of: String,
    },
    /// One that EC2 has yet to choose.
    New {
        /// Whose it will be.
        of: String,
    },
    /// It is not known: packets leave by something that may put another address in its place.
    Unknown {
        /// What they leave by.
        by: String,
    },
}

/// An expectation that holds before and after a plan, and may not hold while it is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// The expectation, as a sentence.
    pub expectation: String,
    /// Where the spec says so.
    pub place: Place,
    /// The resources whose steps take it away.
    pub because: Vec<String>,
}

/// Steps are done one after the other, and what opens waits for what closes where it must, because otherwise
/// a state in between might open what no `cannot` allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Barrier {
    /// The expectations that it is for, as sentences.
    pub expectations: Vec<String>,
    /// Whether a step waits for one that the usual order has later; else that order is kept, one step at a
    /// time.
    pub waits: bool,
    /// What works before and after and not, or less, while a step waits: how much of it works then stands as
    /// `after`.
    pub gaps: Vec<ReachChange>,
    /// How many more there are.
    pub more: usize,
}

/// Where the search for an order with a barrier ended without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stuck {
    /// The numbers of the steps that can be done with every state fine, in their order: as many as were
    /// found.
    pub done: Vec<usize>,
    /// The numbers of those that could be next, each of which leaves a state that is not fine.
    pub next: Vec<usize>,
    /// After how many states that lead nowhere the search was given up; none where every order was tried.
    pub given_up: Option<usize>,
}

/// What changes between groups of hosts that nothing tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachChange {
    /// Who asks: hosts, or the internet or ranges of it.
    pub from: Vec<String>,
    /// Who is asked for: hosts, or the internet and services of AWS.
    pub to: Vec<String>,
    /// Which services.
    pub over: String,
    /// How much of them works now.
    pub before: Level,
    /// How much will.
    pub after: Level,
    /// Who asks, where it is the internet or a part of it: whose level changes, as ranges.
    pub ranges: Vec<String>,
    /// Those that could do it before already.
    pub so_far: Vec<String>,
    /// Whether the internet reaches more than before.
    pub exposure: bool,
    /// The resources whose change is the reason.
    pub because: Vec<String>,
}

/// How an expectation fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It holds.
    Passed,
    /// It holds of nothing, or it cannot be told and that is said to be enough.
    Warned,
    /// It cannot be told.
    Unknown,
    /// It does not hold.
    Failed,
}

/// How one expectation fares, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The expectation, as a sentence.
    pub expectation: String,
    /// How it fares.
    pub status: Status,
    /// Whether it holds because it is about nobody who is there. Then it is `Warned`.
    pub says_nothing: bool,
    /// Why, in a clause; empty where it holds.
    pub why: String,
    /// What in the spec makes it so.
    pub because: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// Who asks, for messages that name a resource.
    pub from: String,
    /// Where the spec says so.
    pub place: Place,
}

impl Finding {
    /// Whether it does not hold, as far as is known.
    pub fn is_failure(&self) -> bool {
        matches!(self.status, Status::Failed | Status::Unknown)
    }

    /// The finding as a problem of the spec; none where the expectation holds.
    pub fn diagnostic(&self) -> Option<Diagnostic> {
        let diagnostic = match self.status {
            Status::Passed => return None,
            Status::Warned => Diagnostic::warning(
                "expectation",
                format!("it is expected that {}: {}", self.expectation, self.why),
            ),
            Status::Unknown | Status::Failed => Diagnostic::error(
                "expectation",
                format!("it is expected that {}: {}", self.expectation, self.why),
            ),
        };
        let mut diagnostic = diagnostic.at(self.place.clone(), "expected here");
        diagnostic.labels.extend(self.because.iter().cloned());
        diagnostic.help.clone_from(&self.help);
        Some(diagnostic)
    }
}

/// The whole internet in a sentence, where that is who asks; over one family where it is that alone.
pub fn internet(from: &[String]) -> Option<&'static str> {
    let is = |name: &str| from.iter().any(|from| from == name);
    match () {
        () if is("internet") => Some("internet"),
        () if is(INTERNET_V6) => Some("internet over IPv6"),
        () => None,
    }
}
