//! Gaps: what works before and after a plan, and not, or not all of it, while its steps are carried out.
//!
//! A gap begins with a step that takes something away and ends with one that gives it back. Steps run side by
//! side, so the worst is looked at, from both ends:
//!
//! - what is there when a taking step is done, with all that must come before it and nothing else: what may
//!   come before, and does not have to, may come too late;
//! - what is there when two of them are, because each may leave the other's way open, and when all are;
//! - what is there when all is done but one giving step and what must come after it: several may have been
//!   taken, each by a step of its own, before that one gives.
//!
//! ```text
//! take A ─┐                      looked at:  A | B | C | A B | A C | B C | A B C D give   (no gap in any)
//! take B ─┤ nothing waits                    all but `give` and D = A B C                 (a gap)
//! take C ─┘
//! give ──> take D
//! ```

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::rules::touches_packets;
use trueup_model::{
    Action, Demand, Effect, Expectation, Interrupted, Kind, Level, Observed, Plan, ReachChange, Reachability,
    Role, Status, Step, StepAction, Topology, Value,
};

use crate::before_after::BeforeAfter;
use crate::change::{Change, End, Shift, changes, merged};
use crate::engine::Engine;
use crate::expect::check;
use crate::service::ServiceSet;
use crate::transition::{Transition, gaps};

/// Gaps that are reported at most.
const GAPS_MAX: usize = 20;
/// States that are looked at at most, and hosts in all of them together: more would make a plan slow.
const STATES_MAX: usize = 24;
const HOSTS_MAX: usize = 20_000;

/// A gap without its hosts: between whom, from how much to how much.
type GapKey = (End, End, Level, Level);

/// Writes into a plan what works before and after it and not in between. Of a plan that is refused nothing is
/// said.
pub fn report_gaps(plan: &mut Plan, topology: &Topology, observed: &Observed, networks: &BeforeAfter) {
    let takes: Vec<&Step> = plan.steps.iter().filter(|step| takes(step)).collect();
    if !plan.refused.is_empty() || takes.is_empty() || !plan.steps.iter().any(gives) {
        return;
    }
    let most = (HOSTS_MAX / networks.before().network.interfaces.len().max(1)).clamp(1, STATES_MAX);
    let transition = Transition::in_any_case(plan, topology, observed, networks);
    let gone = out_of_service(plan);
    let mut meanwhile = Meanwhile::new(&transition, topology, networks, &gone);
    let unlooked = meanwhile.look_around(plan, &takes, most);
    let Meanwhile {
        found, interrupted, ..
    } = meanwhile;
    let rows = rows(found, &gone);
    let reported = plan.reachability.get_or_insert_with(Reachability::default);
    let known: Vec<ReachChange> = reported
        .barrier
        .iter()
        .flat_map(|barrier| barrier.gaps.clone())
        .collect();
    let is_reported = |gap: &ReachChange| {
        known
            .iter()
            .any(|known| (&known.from, &known.to, &known.over) == (&gap.from, &gap.to, &gap.over))
    };
    let gaps: Vec<ReachChange> = rows.into_iter().filter(|gap| !is_reported(gap)).collect();
    reported.gaps_more = gaps.len().saturating_sub(GAPS_MAX);
    reported.gaps = gaps.into_iter().take(GAPS_MAX).collect();
    reported.gaps_unlooked = unlooked;
    let interrupted = interrupted
        .into_iter()
        .filter_map(|(place, because)| Some((topology.expect.get(place)?, because)));
    reported.interrupted = interrupted
        .map(|(asked, because)| Interrupted {
            expectation: asked.to_string(),
            place: asked.place.clone(),
            because: because.into_iter().collect(),
        })
        .collect();
}

/// A time in the middle of a plan at which a gap shows.
enum Moment<'p> {
    /// These steps are done, with all that must come before them and nothing else.
    Done(Vec<&'p Step>),
    /// All is done but this step and what must come after it.
    Late(&'p Step),
}

impl<'p> Moment<'p> {
    /// The steps that are done, in the order of the plan.
    fn steps(&self, plan: &'p Plan) -> Vec<&'p Step> {
        match self {
            Self::Done(ending) => until(plan, ending),
            Self::Late(late) => without(plan, late),
        }
    }

    /// Whose doing a gap is: who takes, or who gives too late.
    fn because(&self) -> Vec<String> {
        let steps = match self {
            Self::Done(ending) => ending.as_slice(),
            Self::Late(late) => std::slice::from_ref(late),
        };
        steps.iter().map(|step| step.address.to_string()).collect()
    }
}

/// Each two of the steps. What all of them together take away is looked at besides.
fn pairs<'p>(steps: &[&'p Step]) -> impl Iterator<Item = Vec<&'p Step>> {
    let firsts = steps.iter().enumerate();
    firsts.flat_map(|(place, first)| steps.iter().skip(place + 1).map(|second| vec![*first, *second]))
}

/// What was found in the states that were looked at.
struct Meanwhile<'a> {
    transition: &'a Transition<'a>,
    networks: &'a BeforeAfter,
    /// The steps that packets feel of each state that was looked at.
    seen: BTreeSet<Vec<usize>>,
    found: BTreeMap<GapKey, (ServiceSet, BTreeSet<String>)>,
    /// What must work and works at both ends, by its place in the spec.
    kept: Vec<(usize, &'a Expectation)>,
    /// Which of that does not in between, and because of whom.
    interrupted: BTreeMap<usize, BTreeSet<String>>,
}

impl<'a> Meanwhile<'a> {
    fn new(
        transition: &'a Transition<'a>,
        topology: &'a Topology,
        networks: &'a BeforeAfter,
        gone: &BTreeSet<String>,
    ) -> Self {
        // Of hosts that are stopped or replaced themselves that is reported with them.
        let asked = topology.expect.iter().enumerate().filter(|(_, asked)| {
            asked.demand == Demand::Can
                && ![&asked.from, &asked.to]
                    .into_iter()
                    .any(|selector| gone.contains(selector.as_str()))
        });
        let (before, after) = (networks.before(), networks.after());
        let kept = asked
            .filter(|(_, asked)| [&before, &after].into_iter().all(|engine| works(engine, asked)))
            .collect();
        Self {
            transition,
            networks,
            seen: BTreeSet::new(),
            found: BTreeMap::new(),
            kept,
            interrupted: BTreeMap::new(),
        }
    }

    /// Looks at so many moments at most, and says how many steps were not looked at one by one.
    fn look_around(&mut self, plan: &Plan, takes: &[&Step], most: usize) -> usize {
        let late: Vec<&Step> = plan.steps.iter().filter(|step| may_be_late(step)).collect();
        // Where they are too many for all, some of either sort are looked at.
        let taking = takes
            .len()
            .min(most.saturating_sub(late.len()).max(most.div_ceil(2)));
        let giving = late.len().min(most - taking);
        for take in takes.iter().take(taking) {
            self.look(plan, &Moment::Done(vec![*take]));
        }
        self.look(plan, &Moment::Done(takes.to_vec()));
        for give in late.iter().take(giving) {
            self.look(plan, &Moment::Late(give));
        }
        for pair in pairs(takes) {
            if self.seen.len() > most {
                break;
            }
            self.look(plan, &Moment::Done(pair));
        }
        takes.len() + late.len() - taking - giving
    }

    /// What is lost at a moment, and comes back. Moments at which packets meet the same are one.
    fn look(&mut self, plan: &Plan, moment: &Moment<'_>) {
        let steps = moment.steps(plan);
        let felt = steps.iter().filter(|step| touches(step));
        if !self.seen.insert(felt.map(|step| step.number).collect()) {
            return;
        }
        let (network, because) = (self.transition.network(&steps), moment.because());
        let (before, after, between) = (
            self.networks.before(),
            self.networks.after(),
            Engine::new(&network),
        );
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

/// The gaps in rows, without the hosts that are stopped or replaced themselves: what that is felt as is
/// reported with them.
fn rows(
    found: BTreeMap<GapKey, (ServiceSet, BTreeSet<String>)>,
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
            ..row.reported
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
    let is_taking = match step.call.role() {
        Role::Delete => step.address.kind != Kind::Instance,
        Role::Modify => !step.call.unsets.is_empty() && step.call.sets.value("state").is_none(),
        Role::Prepare | Role::Create => false,
    };
    is_taking
        && step.target.is_some()
        && matches!(step.action, StepAction::Update | StepAction::Delete)
        && touches(step)
}

/// Whether a step makes or gives something, so that what is lost may come back.
fn gives(step: &Step) -> bool {
    touches(step) && (step.call.role() == Role::Create || !step.call.sets.is_empty())
}

/// All steps but one and those that must come after it, in the order of the plan.
fn without<'p>(plan: &'p Plan, late: &Step) -> Vec<&'p Step> {
    let mut waiting = BTreeSet::from([late.number]);
    let mut is_more = true;
    while is_more {
        let known = waiting.len();
        for step in &plan.steps {
            if step.after.iter().any(|number| waiting.contains(number)) {
                waiting.insert(step.number);
            }
        }
        is_more = waiting.len() > known;
    }
    let done = plan.steps.iter().filter(|step| !waiting.contains(&step.number));
    done.collect()
}

/// Whether hosts that are there may lose something until a step is done. What is made for them comes to serve
/// them by a step of what is there already, such as a route or a rule, or because it names them itself, as an
/// endpoint does its tables. What is made or started of a host, it alone feels.
fn may_be_late(step: &Step) -> bool {
    let is_ref = |value: &Value| matches!(value, Value::Ref(_));
    let names = |(_, value): (&str, &Value)| value.as_list().iter().any(is_ref);
    let is_own = step.address.kind == Kind::Instance
        && (step.call.role() == Role::Create || step.call.sets.value("state").is_some());
    let serves = match step.target {
        Some(_) => !step.call.sets.is_empty(),
        None => step.call.sets.iter().any(names),
    };
    touches(step) && serves && !is_own
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
