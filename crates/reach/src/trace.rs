//! A trace: one packet's way through the network as a list of steps, without regard to ports.
//!
//! For two given ends the way depends on addresses only, so it is traced once; what the filters on it let
//! through is worked out from the steps. Where something cannot be told, or where a repair is looked for, the
//! trace asks its choices which way to take, and whoever runs it tries them all: see [`Choices`].

use std::collections::BTreeSet;

use crate::code::Code;
use crate::engine::Engine;
use crate::filter::{self, Direction};
use crate::network::Named;
use crate::packet_end::PacketEnd;
use crate::proposal::Proposal;
use crate::service::{Bounds, ServiceSet};

/// Whose port the destination port of a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The service's: a packet on its way there.
    Service,
    /// The client's: an answer.
    Client,
    /// One that a NAT gateway chose: an answer on its way to the gateway.
    Nat,
}

/// One thing on the way that lets a packet through, or not.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub check: Check,
    pub role: Role,
}

/// What a step is.
#[derive(Clone, Debug)]
pub(crate) enum Check {
    /// The security groups of an interface, asked about a new flow.
    Groups {
        interface: usize,
        direction: Direction,
        peer: PacketEnd,
        references: bool,
    },
    /// The security groups of an interface, which remember the flow.
    Tracked { interface: usize },
    /// The network ACL of a subnet.
    Acl {
        subnet: usize,
        direction: Direction,
        peer: PacketEnd,
    },
    /// A table that was looked up; no route is the local one.
    Table {
        table: usize,
        route: Option<usize>,
        target: PacketEnd,
    },
    /// Something that takes only some services.
    Gate {
        at: Named,
        services: ServiceSet,
        code: Code,
    },
    /// Something that lets everything through, with what it does.
    Pass { at: Named, does: String },
}

/// Why a trace ended early.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// Here nothing passes.
    Blocked(Box<Failure>),
    /// What happens here is not modelled or not known.
    Unknown(String),
    /// EC2 would refuse the network.
    Invalid(Box<Failure>),
    /// The choices do not say which way to take; each way's cost.
    Undecided(Vec<u32>),
}

/// Where and why a packet dies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub code: Code,
    pub at: Named,
    pub detail: String,
}

/// A change that would get a packet further.
#[derive(Clone, Debug)]
pub(crate) struct Repair<T> {
    pub proposal: Proposal,
    pub to: T,
}

/// A failure that a relaxed trace went past.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub failure: Failure,
    pub proposal: Proposal,
    pub step: usize,
    pub back: bool,
    pub role: Role,
    pub source: Option<trueup_model::Place>,
    pub matched: Vec<String>,
}

/// Which ways to take where there are several, and whether failures may be passed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices {
    pub picks: Vec<usize>,
    /// Set for a relaxed trace: the services that are to get through, past what holds them up.
    pub wanted: Option<ServiceSet>,
}

/// A trace, as far as it has come.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub steps: Vec<Step>,
    pub passed: Vec<Passed>,
    pub assumptions: BTreeSet<String>,
    pub via: Vec<String>,
    pub cost: u32,
    /// How many of the choices were taken.
    pub taken: usize,
    /// Whether the way back is being traced.
    pub back: bool,
}

impl Step {
    /// What this step lets through.
    pub fn bounds(&self, engine: &Engine<'_>) -> Bounds {
        match &self.check {
            Check::Groups {
                interface,
                direction,
                peer,
                references,
            } => filter::groups(engine, *interface, *direction, peer, *references),
            Check::Acl {
                subnet,
                direction,
                peer,
            } => filter::acl(engine, *subnet, *direction, peer),
            Check::Gate { services, .. } => Bounds::exact(services.clone()),
            Check::Tracked { .. } | Check::Table { .. } | Check::Pass { .. } => {
                Bounds::exact(ServiceSet::all())
            }
        }
    }
}

/// What must get through a step so that the wanted services work.
pub(crate) fn needed(engine: &Engine<'_>, wanted: &ServiceSet, role: Role) -> ServiceSet {
    let (from, to) = match role {
        Role::Service => return wanted.clone(),
        Role::Client => engine.client_ports,
        Role::Nat => NAT_PORTS,
    };
    wanted.answers((from, to))
}

/// The ports from which NAT gateways send.
pub(crate) const NAT_PORTS: (u16, u16) = (1024, 65535);
