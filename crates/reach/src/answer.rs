//! Answers: which services get from one address to another and back.

use std::collections::BTreeSet;

use crate::address::Family;
use crate::engine::Engine;
use crate::packet_end::PacketEnd;
use crate::service::{Bounds, ServiceSet};
use crate::trace::{Choices, Failure, NAT_PORTS, Role, Step, Stop};
use crate::tracer::{End, Start, Traced, trace};

/// Which services get through, and back. What is in none of the sets is blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// These get there, and the answers come back to every port that the client may use.
    pub allowed: ServiceSet,
    /// These work for some of the client's ports (or some of the addresses asked about), and not for others.
    pub partial: ServiceSet,
    /// About these it cannot be told, for what is not known or not modelled.
    pub unknown: ServiceSet,
    /// These get there, and the answer does not come back: enough for what needs no answer, such as logs over
    /// UDP.
    pub one_way: ServiceSet,
    /// All services that packets of the families asked about can carry.
    pub asked: ServiceSet,
    /// Whether EC2 would refuse the network on the way.
    pub invalid: bool,
    /// What the answer rests on, in sentences.
    pub assumptions: BTreeSet<String>,
    /// The names of the gateways that are gone through on the way there, on every way that is possible.
    pub via: BTreeSet<String>,
}

impl Answer {
    /// What is surely blocked is not in this set.
    pub fn possible(&self) -> ServiceSet {
        self.allowed.union(&self.partial).union(&self.unknown)
    }

    /// Either of two ways works: whichever is better decides.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let allowed = self.allowed.union(&other.allowed);
        let partial = self
            .partial
            .union(&other.partial)
            .subtract(&allowed)
            .subtract(&self.unknown.union(&other.unknown));
        let unknown = self
            .possible()
            .union(&other.possible())
            .subtract(&allowed)
            .subtract(&partial);
        let one_way = self.one_way.union(&other.one_way);
        self.merged(other, allowed, partial, unknown, &one_way)
    }

    /// One of two worlds is the real one, and it is not known which.
    #[must_use]
    pub fn either(&self, other: &Self) -> Self {
        let allowed = self.allowed.intersect(&other.allowed);
        let partial = self.partial.intersect(&other.partial);
        let unknown = self
            .possible()
            .union(&other.possible())
            .subtract(&allowed)
            .subtract(&partial);
        let one_way = self.one_way.intersect(&other.one_way);
        self.merged(other, allowed, partial, unknown, &one_way)
    }

    /// Both are asked about: allowed is what both allow, and what only one allows is partial.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        // What only one of them was asked about, for its family, the other one has no say in.
        let silent = |answer: &Self| ServiceSet::all().subtract(&answer.asked);
        let allowed = self
            .allowed
            .intersect(&other.allowed.union(&silent(other)))
            .union(&other.allowed.intersect(&silent(self)));
        let both_possible = self.possible().union(&other.possible());
        let (mine, theirs) = (self.blocked(), other.blocked());
        let mixed = self
            .allowed
            .intersect(&theirs)
            .union(&other.allowed.intersect(&mine));
        let partial = self.partial.union(&other.partial).union(&mixed);
        let unknown = both_possible.subtract(&allowed).subtract(&partial);
        let one_way = self.one_way.union(&other.one_way);
        self.merged(other, allowed, partial, unknown, &one_way)
    }

    fn blocked(&self) -> ServiceSet {
        self.asked.subtract(&self.possible())
    }

    fn merged(
        &self,
        other: &Self,
        allowed: ServiceSet,
        partial: ServiceSet,
        unknown: ServiceSet,
        one_way: &ServiceSet,
    ) -> Self {
        let one_way = one_way.subtract(&allowed).subtract(&partial);
        let nothing = |answer: &Self| answer.possible().is_empty();
        let via = match (nothing(self), nothing(other)) {
            (true, false) => other.via.clone(),
            (false, true) => self.via.clone(),
            _ => self.via.intersection(&other.via).cloned().collect(),
        };
        Self {
            allowed,
            partial,
            unknown,
            one_way,
            asked: self.asked.union(&other.asked),
            invalid: self.invalid || other.invalid,
            assumptions: self.assumptions.union(&other.assumptions).cloned().collect(),
            via,
        }
    }
}

/// How many ways are tried where it cannot be told which one a packet takes.
const WAYS_MAX: usize = 1024;

/// One way that a packet may take, traced to its end.
pub(crate) struct Way {
    pub traced: Traced,
}

/// Every way that a packet may take, each traced to its end; `None` where there are too many.
pub(crate) fn ways(engine: &Engine<'_>, start: &Start, target: &PacketEnd) -> Option<Vec<Way>> {
    let mut untried = vec![Choices::default()];
    let mut ways = Vec::new();
    while let Some(choices) = untried.pop() {
        let traced = trace(engine, &choices, start, target);
        match undecided(&traced) {
            Some(costs) => untried.extend((0..costs.len()).rev().map(|choice| {
                let picks = choices.picks.iter().copied().chain([choice]).collect();
                Choices { picks, wanted: None }
            })),
            None => ways.push(Way { traced }),
        }
        if ways.len() + untried.len() > WAYS_MAX {
            return None;
        }
    }
    Some(ways)
}

/// The costs of the ways among which a trace could not choose.
pub(crate) fn undecided(traced: &Traced) -> Option<&[u32]> {
    match (&traced.forward, &traced.back) {
        (Err(Stop::Undecided(costs)), _) | (_, Some(Err(Stop::Undecided(costs)))) => Some(costs),
        _ => None,
    }
}

/// Which services get from one address to another and back.
pub fn ask(engine: &Engine<'_>, start: &Start, target: &PacketEnd) -> Answer {
    let Some(ways) = ways(engine, start, target) else {
        let assumptions = BTreeSet::from(["too much is not known to tell the way of a packet".to_owned()]);
        let asked = ServiceSet::of_family(target.family);
        return Answer {
            unknown: asked.clone(),
            asked,
            assumptions,
            ..Answer::default()
        };
    };
    let answers = ways.iter().map(|way| answer(engine, &way.traced, target.family));
    answers.reduce(|all, one| all.either(&one)).unwrap_or_default()
}

/// What the filters of a way let through together, of the steps for which `role` is the port's.
fn through<'s>(engine: &Engine<'_>, steps: impl Iterator<Item = &'s Step>, role: Role) -> Bounds {
    let all = Bounds::exact(ServiceSet::all());
    steps
        .filter(|step| step.role == role)
        .fold(all, |all, step| all.intersect(&step.bounds(engine)))
}

/// What a trace there and back lets through.
pub(crate) fn answer(engine: &Engine<'_>, traced: &Traced, family: Family) -> Answer {
    let (forth, home) = traced.halves();
    let mut there = through(engine, forth.iter(), Role::Service);
    let own = Bounds::exact(ServiceSet::of_family(family));
    there = there.intersect(&own);
    let mut assumptions = traced.trace.assumptions.clone();
    let mut invalid = false;
    match &traced.forward {
        Ok(_) => {}
        Err(Stop::Unknown(why)) => {
            there.sure = ServiceSet::none();
            assumptions.insert(why.clone());
        }
        Err(stop) => {
            invalid = matches!(stop, Stop::Invalid(_));
            there = Bounds::exact(ServiceSet::none());
        }
    }
    let [mut back, behind_nat] = [Role::Client, Role::Nat].map(|role| through(engine, home.iter(), role));
    match &traced.back {
        None | Some(Ok(())) => {}
        Some(Err(Stop::Unknown(why))) => {
            back.sure = ServiceSet::none();
            assumptions.insert(why.clone());
        }
        Some(Err(stop)) => {
            invalid |= matches!(stop, Stop::Invalid(_));
            back = Bounds::exact(ServiceSet::none());
        }
    }
    let sure = Bounds::sure as fn(&Bounds) -> &ServiceSet;
    let answered = |pick: fn(&Bounds) -> &ServiceSet, whole: bool| {
        pick(&there)
            .answered(pick(&back), engine.client_ports, whole)
            .answered(pick(&behind_nat), NAT_PORTS, whole)
    };
    let allowed = answered(sure, true);
    let partial = answered(sure, false).subtract(&answered(Bounds::perhaps, true));
    let possible = answered(Bounds::perhaps, false);
    let unknown = possible.subtract(&allowed).subtract(&partial);
    let one_way = there.sure.subtract(&possible);
    let mut via: BTreeSet<String> = traced.trace.via.iter().cloned().collect();
    if let Ok(End::Service(endpoint)) = &traced.forward {
        via.insert(engine.network.endpoints[*endpoint].named.name.clone());
    }
    Answer {
        allowed,
        partial,
        unknown,
        one_way,
        asked: own.sure,
        invalid,
        assumptions,
        via,
    }
}

/// Why a way is blocked for every service, where it is.
pub(crate) fn failure(traced: &Traced) -> Option<(&Failure, bool)> {
    match (&traced.forward, &traced.back) {
        (Err(Stop::Blocked(failure) | Stop::Invalid(failure)), _) => Some((failure, false)),
        (_, Some(Err(Stop::Blocked(failure) | Stop::Invalid(failure)))) => Some((failure, true)),
        _ => None,
    }
}
