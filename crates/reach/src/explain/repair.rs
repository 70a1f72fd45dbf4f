//! Repairs: what would have to change so that something works, found on the same trace with every failing
//! check at a price.
//!
//! A check that fails costs one instead of ending the trace, and a missing route may lead to each thing that
//! could carry the packet. The cheapest trace that arrives and returns names every change that is needed, and
//! not only the first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use serde::Serialize;
use trueup_model::Place;

use crate::code::Code;
use crate::engine::Engine;
use crate::packet_end::PacketEnd;
use crate::proposal::{self, Proposal};
use crate::service::ServiceSet;
use crate::trace::{Choices, Failure, Passed, needed};
use crate::tracer::{Start, Traced, trace};

/// One thing that would have to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocker {
    /// Our code for it.
    pub code: Code,
    /// The code of AWS's Reachability Analyzer.
    pub aws_code: Option<&'static str>,
    /// What is wrong, in a clause.
    pub what: &'static str,
    /// `forward` or `return`.
    pub direction: &'static str,
    /// How many steps the packet had come, there and back.
    pub hop: usize,
    /// Where: the component's name.
    pub component: String,
    /// EC2's id of it, where it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// More about it, such as the address that has no route.
    pub detail: String,
    /// The services that are held up there, as they look at that point.
    pub services: Option<ServiceSet>,
    /// Where the spec declares what holds it up.
    pub source: Option<Place>,
    /// What to change, with what that opens; nothing where no change near it would help.
    #[serde(flatten, serialize_with = "proposal::fields")]
    pub proposal: Option<Proposal>,
    /// What did match, or came near.
    pub matched: Vec<String>,
}

impl Blocker {
    /// A blocker that nothing near would lift.
    pub(super) fn dead(failure: &Failure, back: bool, traced: &Traced) -> Self {
        Self::at(failure, back, traced.trace.steps.len())
    }

    /// The same after so many steps.
    pub(super) fn at(failure: &Failure, back: bool, hop: usize) -> Self {
        Self {
            code: failure.code,
            aws_code: failure.code.aws(),
            what: failure.code.what(),
            direction: if back { "return" } else { "forward" },
            hop,
            component: failure.at.name.clone(),
            id: failure.at.id.clone(),
            detail: failure.detail.clone(),
            services: None,
            source: failure.at.source.clone(),
            proposal: None,
            matched: Vec::new(),
        }
    }

    /// What to change; empty where nothing is proposed.
    pub fn fix(&self) -> &str {
        self.proposal.as_ref().map_or("", Proposal::fix)
    }

    fn new(engine: &Engine<'_>, passed: &Passed, wanted: &ServiceSet) -> Self {
        let failure = &passed.failure;
        Self {
            code: failure.code,
            aws_code: failure.code.aws(),
            what: failure.code.what(),
            direction: if passed.back { "return" } else { "forward" },
            hop: passed.step,
            component: failure.at.name.clone(),
            id: failure.at.id.clone(),
            detail: failure.detail.clone(),
            services: Some(needed(engine, wanted, passed.role)),
            source: passed.source.clone(),
            proposal: Some(passed.proposal.clone()),
            matched: passed.matched.clone(),
        }
    }
}

/// How many traces are tried, how many repairs are reported, and how much dearer than the cheapest the others
/// may be.
const WALKS_MAX: usize = 4000;
const TOLD_MAX: usize = 4;
const DEARER_MAX: u32 = 1;

/// The cheapest repairs, each with all that it takes, the cheapest first.
pub(super) fn repairs(
    engine: &Engine<'_>,
    start: &Start,
    target: &PacketEnd,
    wanted: &ServiceSet,
) -> Vec<Vec<Blocker>> {
    // By cost, then by hops, then by the choices themselves: always the same order.
    let mut queue = BinaryHeap::from([Reverse((0_u32, 0_usize, false, Vec::<usize>::new()))]);
    let mut found: Vec<Vec<Blocker>> = Vec::new();
    let mut reported: BTreeSet<Vec<(Code, String, String)>> = BTreeSet::new();
    let mut cheapest = None;
    for _ in 0..WALKS_MAX {
        let Some(Reverse((cost, hops, done, picks))) = queue.pop() else {
            break;
        };
        if cheapest.is_some_and(|cheapest| cost > cheapest + DEARER_MAX) || found.len() >= TOLD_MAX {
            break;
        }
        let choices = Choices {
            picks,
            wanted: Some(wanted.clone()),
        };
        let traced = trace(engine, &choices, start, target);
        if done {
            cheapest.get_or_insert(cost);
            let blockers = distinct(
                traced
                    .trace
                    .passed
                    .iter()
                    .map(|passed| Blocker::new(engine, passed, wanted)),
            );
            let key = blockers
                .iter()
                .map(|blocker| (blocker.code, blocker.component.clone(), blocker.fix().to_owned()))
                .collect();
            if reported.insert(key) {
                found.push(blockers);
            }
            continue;
        }
        let cost = traced.trace.cost;
        if let Some(costs) = crate::answer::undecided(&traced) {
            for (choice, more) in costs.iter().enumerate() {
                let picks = choices.picks.iter().copied().chain([choice]).collect();
                queue.push(Reverse((cost + more, traced.trace.steps.len(), false, picks)));
            }
        } else if traced.forward.is_ok() && traced.back.as_ref().is_none_or(Result::is_ok) {
            queue.push(Reverse((
                cost,
                hops.max(traced.trace.steps.len()),
                true,
                choices.picks,
            )));
        }
    }
    // A repair that does all that another does, and more, is none.
    let sets: Vec<BTreeSet<String>> = found
        .iter()
        .map(|repair| repair.iter().map(|blocker| blocker.fix().to_owned()).collect())
        .collect();
    let is_more = |own: &BTreeSet<String>| {
        sets.iter()
            .any(|other| other.len() < own.len() && other.is_subset(own))
    };
    found
        .iter()
        .zip(&sets)
        .filter(|(_, own)| !is_more(own))
        .map(|(repair, _)| repair.clone())
        .collect()
}

/// Blockers that one change lifts, once.
fn distinct(blockers: impl Iterator<Item = Blocker>) -> Vec<Blocker> {
    let mut seen = BTreeSet::new();
    blockers
        .filter(|blocker| seen.insert((blocker.component.clone(), blocker.fix().to_owned())))
        .collect()
}
