//! A trace: one packet's way through the network as a list of steps, without regard to ports.
//!
//! For two given ends the way depends on addresses only, so it is traced once; what the filters on it let
//! through is worked out from the steps. Where something cannot be told, or where a repair is looked for, the
//! trace asks its choices which way to take, and whoever runs it tries them all: see [`Choices`].

use std::collections::BTreeSet;

use crate::code::Code;
use crate::engine::Engine;
use crate::explain::Proposal;
use crate::filter::{self, Direction};
use crate::network::Named;
use crate::packet_end::PacketEnd;
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
    taken: usize,
    /// Whether the way back is being traced.
    pub back: bool,
}

/// What a trace needs at every step.
pub(crate) struct Recorder<'a, 'e> {
    pub engine: &'e Engine<'a>,
    pub choices: &'e Choices,
    pub trace: Trace,
}

impl<'a, 'e> Recorder<'a, 'e> {
    pub fn new(engine: &'e Engine<'a>, choices: &'e Choices) -> Self {
        Self {
            engine,
            choices,
            trace: Trace::default(),
        }
    }

    /// Which of several ways to take, each at a cost.
    pub fn choose(&mut self, costs: &[u32]) -> Result<usize, Stop> {
        if let ([_], None) | ([0], _) = (costs, &self.choices.wanted) {
            return Ok(0);
        }
        let Some(&choice) = self.choices.picks.get(self.trace.taken) else {
            return Err(Stop::Undecided(costs.to_vec()));
        };
        self.trace.taken += 1;
        self.trace.cost += costs.get(choice).copied().unwrap_or_default();
        Ok(choice)
    }

    /// One of several things that a packet may meet, each at the same cost.
    pub fn pick<'t, T>(&mut self, things: &'t [T], cost: u32) -> Result<&'t T, Stop> {
        let nothing = || Stop::Unknown("which way a packet takes is not known".to_owned());
        if things.is_empty() {
            return Err(nothing());
        }
        let choice = self.choose(&vec![cost; things.len()])?;
        things.get(choice).ok_or_else(nothing)
    }

    /// Something holds every packet up. A relaxed trace goes on with one of the repairs; where there is none,
    /// the trace ends.
    pub fn fail<T: Clone>(
        &mut self,
        code: Code,
        at: &Named,
        detail: String,
        role: Role,
        repairs: &[Repair<T>],
    ) -> Result<T, Stop> {
        let failure = Failure {
            code,
            at: at.clone(),
            detail,
        };
        if self.choices.wanted.is_none() || repairs.is_empty() {
            return Err(Stop::Blocked(Box::new(failure)));
        }
        let repair = self.pick(repairs, 1)?.clone();
        let source = at.source.clone();
        let (step, back) = (self.trace.steps.len(), self.trace.back);
        self.trace.passed.push(Passed {
            failure,
            proposal: repair.proposal,
            step,
            back,
            role,
            source,
            matched: Vec::new(),
        });
        Ok(repair.to)
    }

    /// Something holds every packet up, and nothing near would change that.
    pub fn dead<T>(&mut self, code: Code, at: &Named, detail: impl Into<String>) -> Result<T, Stop> {
        Err(Stop::Blocked(Box::new(Failure {
            code,
            at: at.clone(),
            detail: detail.into(),
        })))
    }

    /// Goes through a check. A relaxed trace pays for what it goes past.
    pub fn step(&mut self, check: Check, role: Role) -> Result<(), Stop> {
        let step = Step { check, role };
        if let Some(wanted) = &self.choices.wanted {
            let needed = needed(self.engine, wanted, role);
            let bounds = step.bounds(self.engine);
            if !bounds.sure.is_superset(&needed) {
                self.pay(&step, &needed)?;
            }
        }
        self.trace.steps.push(step);
        Ok(())
    }

    fn pay(&mut self, step: &Step, needed: &ServiceSet) -> Result<(), Stop> {
        let Some(blocker) = crate::explain::blocker(self.engine, step, needed) else {
            return match &step.check {
                Check::Gate { at, code, .. } => self.dead(*code, at, ""),
                _ => Ok(()),
            };
        };
        self.choose(&[1])?;
        self.trace.passed.push(Passed {
            step: self.trace.steps.len(),
            back: self.trace.back,
            ..blocker
        });
        Ok(())
    }

    pub fn assume(&mut self, what: impl Into<String>) {
        self.trace.assumptions.insert(what.into());
    }
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
