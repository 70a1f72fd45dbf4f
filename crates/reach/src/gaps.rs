//! Gaps: what works before and after a plan, and not, or not all of it, while its steps are carried out.
//!
//! A gap begins with a step that takes something away. Steps run side by side, so the worst is looked at:
//! what is there when such a step is done, with all that must come before it and nothing else; what is there
//! when two of them are, because each may leave the other's way open; and what is there when all are. What
//! may come before, and does not have to, may come too late.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::rules::touches_packets;
use trueup_model::{
    Action, Demand, Effect, Expectation, Interrupted, Kind, Level, Observed, Plan, ReachChange, Reachability,
    Role, Status, Step, StepAction, Topology,
};

use crate::change::{Change, End, Shift, changes, merged};
use crate::ends::Ends;
use crate::engine::Engine;
use crate::expect::check;
use crate::interim::{Interim, gaps};
use crate::service::ServiceSet;

/// Gaps that are told at most.
const GAPS_MAX: usize = 20;
/// States that are looked at at most, and hosts in all of them together: more would make a plan slow.
const STATES_MAX: usize = 24;
const HOSTS_MAX: usize = 20_000;

/// A gap without its hosts: between whom, from how much to how much.
type Between = (End, End, Level, Level);

/// Writes into a plan what works before and after it and not in between. Of a plan that is refused nothing is
/// said.
pub fn tell_gaps(plan: &mut Plan, topology: &Topology, observed: &Observed, ends: &Ends) {
    let takes: Vec<&Step> = plan.steps.iter().filter(|step| takes(step)).collect();
    if !plan.refused.is_empty() || takes.is_empty() || !plan.steps.iter().any(gives) {
        return;
    }
    let most = (HOSTS_MAX / ends.before().network.interfaces.len().max(1)).clamp(1, STATES_MAX);
    let interim = Interim::in_any_case(plan, topology, observed, ends);
    let gone = out_of_service(plan);
    let mut meanwhile = Meanwhile::new(&interim, topology, ends, &gone);
    let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
    let one_by_one = takes.iter().take(most).map(|take| vec![*take]);
    for ending in one_by_one.chain([takes.clone()]).chain(pairs(&takes)) {
        if seen.len() > most {
            break;
        }
        let steps = until(plan, &ending);
        if seen.insert(
            steps
                .iter()
                .filter(|step| touches(step))
                .map(|step| step.number)
                .collect(),
        ) {
            let because: Vec<String> = ending.iter().map(|step| step.address.to_string()).collect();
            meanwhile.look(&steps, &because);
        }
    }
    let Meanwhile {
        found, interrupted, ..
    } = meanwhile;
    let rows = rows(found, &gone);
    let unlooked = takes.len().saturating_sub(most);
    let told = plan.reachability.get_or_insert_with(Reachability::default);
    let known: Vec<ReachChange> = told
        .barrier
        .iter()
        .flat_map(|barrier| barrier.gaps.clone())
        .collect();
    let is_told = |gap: &ReachChange| {
        known
            .iter()
            .any(|known| (&known.from, &known.to, &known.over) == (&gap.from, &gap.to, &gap.over))
    };
    let gaps: Vec<ReachChange> = rows.into_iter().filter(|gap| !is_told(gap)).collect();
    told.gaps_more = gaps.len().saturating_sub(GAPS_MAX);
    told.gaps = gaps.into_iter().take(GAPS_MAX).collect();
    told.gaps_unlooked = unlooked;
    let interrupted = interrupted
        .into_iter()
        .filter_map(|(place, because)| Some((topology.expect.get(place)?, because)));
    told.interrupted = interrupted
        .map(|(asked, because)| Interrupted {
            expectation: asked.to_string(),
            place: asked.place.clone(),
            because: because.into_iter().collect(),
        })
        .collect();
}

/// Each two of the steps. What all of them together take away is looked at besides.
fn pairs<'p>(steps: &[&'p Step]) -> impl Iterator<Item = Vec<&'p Step>> {
    let firsts = steps.iter().enumerate();
    firsts.flat_map(|(place, first)| steps.iter().skip(place + 1).map(|second| vec![*first, *second]))
}

/// What was found in the states that were looked at.
struct Meanwhile<'a> {
    interim: &'a Interim<'a>,
    ends: &'a Ends,
    found: BTreeMap<Between, (ServiceSet, BTreeSet<String>)>,
    /// What must work and works at both ends, by its place in the spec.
    kept: Vec<(usize, &'a Expectation)>,
    /// Which of that does not in between, and because of whom.
    interrupted: BTreeMap<usize, BTreeSet<String>>,
}

impl<'a> Meanwhile<'a> {
    fn new(
        interim: &'a Interim<'a>,
        topology: &'a Topology,
        ends: &'a Ends,
        gone: &BTreeSet<String>,
    ) -> Self {
        // Of hosts that are stopped or replaced themselves that is told with them.
        let asked = topology.expect.iter().enumerate().filter(|(_, asked)| {
            asked.demand == Demand::Can
                && ![&asked.from, &asked.to]
                    .into_iter()
                    .any(|party| gone.contains(party.as_str()))
        });
        let (before, after) = (ends.before(), ends.after());
        let kept = asked
            .filter(|(_, asked)| [&before, &after].into_iter().all(|engine| works(engine, asked)))
            .collect();
        Self {
            interim,
            ends,
            found: BTreeMap::new(),
            kept,
            interrupted: BTreeMap::new(),
        }
    }

    /// What is lost in the state that these steps leave, and comes back.
    fn look(&mut self, steps: &[&Step], because: &[String]) {
        let network = self.interim.network(steps);
        let (before, after, between) = (self.ends.before(), self.ends.after(), Engine::new(&network));
        for gap in gaps(&changes(&before, &between), &changes(&between, &after)) {
            let of = (gap.from, gap.to, gap.shift.before, gap.shift.after);
            let is_new = !self.found.contains_key(&of);
            let (over, why) = self.found.entry(of).or_default();
            if is_new || !gap.shift.over.subtract(over).is_empty() {
                *over = over.union(&gap.shift.over);
                why.extend(because.iter().cloned());
            }
        }
        for (place, asked) in &self.kept {
            // The first reason is the smallest: steps come one by one before they come together.
            if !self.interrupted.contains_key(place) && !works(&between, asked) {
                self.interrupted.insert(*place, because.iter().cloned().collect());
            }
        }
    }
}

/// Whether what is asked for works, for certain and for somebody.
fn works(engine: &Engine<'_>, asked: &Expectation) -> bool {
    check(engine, asked).is_ok_and(|checked| checked.status == Status::Passed)
}

/// The gaps in rows, without the hosts that are stopped or replaced themselves: what that is felt as is told
/// with them.
fn rows(
    found: BTreeMap<Between, (ServiceSet, BTreeSet<String>)>,
    gone: &BTreeSet<String>,
) -> Vec<ReachChange> {
    let stays = |end: End| match end {
        End::Hosts(names) => {
            let names: Vec<String> = names.into_iter().filter(|name| !gone.contains(name)).collect();
            (!names.is_empty()).then_some(End::Hosts(names))
        }
        other => Some(other),
    };
    let mut by_reason: BTreeMap<BTreeSet<String>, Vec<Change>> = BTreeMap::new();
    for ((from, to, before, after), (over, because)) in found {
        if let (Some(from), Some(to)) = (stays(from), stays(to)) {
            by_reason.entry(because).or_default().push(Change {
                from,
                to,
                shift: Shift { before, after, over },
            });
        }
    }
    let rows = by_reason.into_iter().flat_map(|(because, gaps)| {
        let because: Vec<String> = because.into_iter().collect();
        merged(&gaps).into_iter().map(move |row| ReachChange {
            because: because.clone(),
            ..row.told
        })
    });
    rows.collect()
}

/// The hosts that are stopped, replaced or deleted by the plan itself.
fn out_of_service(plan: &Plan) -> BTreeSet<String> {
    let hosts = plan
        .changes
        .iter()
        .filter(|change| change.address.kind == Kind::Instance);
    let gone = hosts.filter(|change| change.action != Action::Update || change.effect() == Effect::Stop);
    gone.map(|change| change.address.to_string()).collect()
}

fn touches(step: &Step) -> bool {
    touches_packets(step.address.kind, &step.call)
}

/// Whether a step takes from what is there something that others may need. What is stopped or ended of a
/// host, it alone feels.
fn takes(step: &Step) -> bool {
    let ends = match step.call.role {
        Role::Delete => step.address.kind != Kind::Instance,
        Role::Modify => !step.call.unsets.is_empty() && step.call.sets.get("state").is_none(),
        Role::Prepare | Role::Create => false,
    };
    ends && step.target.is_some()
        && matches!(step.action, StepAction::Update | StepAction::Delete)
        && touches(step)
}

/// Whether a step makes or gives something, so that what is lost may come back.
fn gives(step: &Step) -> bool {
    touches(step) && (step.call.role == Role::Create || !step.call.sets.is_empty())
}

/// These steps and all that must come before them, in the order of the plan.
fn until<'p>(plan: &'p Plan, ending: &[&Step]) -> Vec<&'p Step> {
    let mut needed: BTreeSet<usize> = BTreeSet::new();
    let mut queue: Vec<usize> = ending.iter().map(|step| step.number).collect();
    while let Some(number) = queue.pop() {
        if needed.insert(number) {
            queue.extend(
                number
                    .checked_sub(1)
                    .and_then(|place| plan.steps.get(place))
                    .into_iter()
                    .flat_map(|step| step.after.iter().copied()),
            );
        }
    }
    plan.steps
        .iter()
        .filter(|step| needed.contains(&step.number))
        .collect()
}
