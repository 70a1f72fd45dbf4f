//! The barrier: steps one after the other, in an order in which every state in between is fine.
//!
//! The usual order is kept as far as it may be: a step for which it is too early waits. So the gap that this
//! costs is no longer than it must be, and no kind has to say what opens and what closes: whoever knows the
//! network says which states are fine.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use trueup_model::rules::touches_packets;
use trueup_model::{Address, Plan, Step, StepReason, Stuck};

use crate::fingerprint;

/// States that lead nowhere before the search is given up. What goes well is not counted: a long plan is no
/// reason to give up.
const NOWHERE_MAX: usize = 2000;

/// Puts the steps of a plan that have a say in which packets pass one after the other, so that `is_fine`
/// holds of the steps that are done at any time. Answers the numbers of the steps that wait longer than
/// usual; an error where there is no such order, as far as was tried, and then the plan stays as it is.
pub fn barrier(plan: &mut Plan, is_fine: &dyn Fn(&[&Step]) -> bool) -> Result<Vec<usize>, Stuck> {
    let search = Search::new(&plan.steps, is_fine);
    let order = search.order()?;
    let (steps, waiting) = numbered(&plan.steps, &search, &order);
    plan.steps = steps;
    give_up_turns(plan, &order);
    plan.fingerprint = fingerprint::of(plan);
    Ok(waiting)
}

/// Hosts whose turns were not kept may all be out of service at the same time.
fn give_up_turns(plan: &mut Plan, order: &[usize]) {
    let places: BTreeMap<usize, usize> = order
        .iter()
        .enumerate()
        .map(|(place, index)| (index + 1, place + 1))
        .collect();
    let mut given_up: BTreeSet<Address> = BTreeSet::new();
    for step in &mut plan.steps {
        let is_kept = |before: &usize| places.get(before).is_some_and(|place| *place < step.number);
        if !step.yields.iter().all(is_kept) {
            given_up.insert(step.address.clone());
            step.why.retain(|why| *why == StepReason::Barrier);
        }
        step.yields.clear();
    }
    for turns in plan
        .turns
        .iter_mut()
        .filter(|turns| turns.hosts.iter().any(|host| given_up.contains(host)))
    {
        turns.at_once = turns.hosts.len();
    }
}

struct Search<'a> {
    steps: &'a [Step],
    /// The steps that have a say in which packets pass.
    touches: Vec<bool>,
    /// All that must be done before a step, by places in `steps`.
    waits: Vec<BTreeSet<usize>>,
    is_fine: &'a dyn Fn(&[&Step]) -> bool,
}

/// How far a search has come.
#[derive(Default)]
struct Tried {
    /// Steps that are done, in their order.
    done: Vec<usize>,
    /// The same as a set.
    state: BTreeSet<usize>,
    /// States from which there is no way on.
    dead: HashSet<BTreeSet<usize>>,
    /// States that are not fine, each time that one is met.
    failed: usize,
    /// The state without a way on in which most is done, and what could be next in it.
    furthest: Option<[Vec<usize>; 2]>,
}

impl Tried {
    fn push(&mut self, step: usize) {
        self.done.push(step);
        self.state.insert(step);
    }

    fn pop(&mut self) -> Option<usize> {
        let last = self.done.pop()?;
        self.state.remove(&last);
        Some(last)
    }

    fn stuck(self, given_up: Option<usize>) -> Stuck {
        let [done, next] = self
            .furthest
            .unwrap_or_default()
            .map(|steps| steps.into_iter().map(|index| index + 1).collect());
        Stuck { done, next, given_up }
    }
}

impl<'a> Search<'a> {
    fn new(steps: &'a [Step], is_fine: &'a dyn Fn(&[&Step]) -> bool) -> Self {
        let mut all: Vec<BTreeSet<usize>> = Vec::new();
        for step in steps {
            // What only keeps something up gives way to what must stay closed.
            let direct = step
                .after
                .iter()
                .filter(|number| !step.yields.contains(number))
                .map(|number| number - 1);
            let mut before: BTreeSet<usize> = direct.clone().collect();
            direct.for_each(|index| before.extend(&all[index]));
            all.push(before);
        }
        let waits = all.into_iter().enumerate().map(|(index, before)| {
            let must = |other: &usize| !commute(&steps[*other], &steps[index]);
            before.into_iter().filter(must).collect()
        });
        let touches = steps
            .iter()
            .map(|step| touches_packets(step.address.kind, &step.call))
            .collect();
        Self {
            steps,
            touches,
            waits: waits.collect(),
            is_fine,
        }
    }

    /// An order of all steps, by their places.
    ///
    /// A depth-first search that takes the usual order unless a state in it is not fine. Step 1 opens a port
    /// to all, step 2 takes the route to the internet away, step 3 makes a tag; at no time may both be open:
    ///
    /// ```text
    /// []  next: 1          open and routed: not fine, taken back
    /// []  next: 2          fine
    /// [2] next: 1          fine, because there is no route any more
    /// [2 1] next: 3        the end: 2 1 3
    /// ```
    ///
    /// Where nothing that is next leads on, the state is dead, whatever way led to it, and the last step is
    /// taken back. A step that no packet feels is never a choice: if there is no way on after it, there was
    /// none before it.
    fn order(&self) -> Result<Vec<usize>, Stuck> {
        let mut tried = Tried::default();
        // By the number of steps that are done: what is still to be tried as the next one, the usual one
        // last.
        let mut left = vec![self.ready(&tried.state)];
        while tried.done.len() < self.steps.len() {
            // A way that leads to dead states only has few that fail by themselves, so both count.
            if tried.failed + tried.dead.len() > NOWHERE_MAX {
                return Err(tried.stuck(Some(NOWHERE_MAX)));
            }
            if let Some(next) = left.last_mut().and_then(Vec::pop) {
                tried.push(next);
                if self.is_fine(&mut tried) {
                    left.push(self.ready(&tried.state));
                    continue;
                }
            } else {
                left.pop();
                if tried
                    .furthest
                    .as_ref()
                    .is_none_or(|[done, _]| done.len() < tried.done.len())
                {
                    tried.furthest = Some([
                        tried.done.clone(),
                        self.ready(&tried.state).into_iter().rev().collect(),
                    ]);
                }
                tried.dead.insert(tried.state.clone());
            }
            let Some(last) = tried.pop() else {
                return Err(tried.stuck(None));
            };
            // What no packet feels makes no difference, so without it there is no way on either.
            if !self.touches[last] {
                left.last_mut().into_iter().for_each(Vec::clear);
            }
        }
        Ok(tried.done)
    }

    /// The steps that could be next, the usual one last.
    fn ready(&self, done: &BTreeSet<usize>) -> Vec<usize> {
        (0..self.steps.len())
            .rev()
            .filter(|index| !done.contains(index) && self.waits[*index].is_subset(done))
            .collect()
    }

    /// Whether there may be a way on from what is done, of which the last step was done just now.
    fn is_fine(&self, tried: &mut Tried) -> bool {
        if tried.dead.contains(&tried.state) {
            return false;
        }
        // The last state is that of the plan, whatever the order.
        let is_felt =
            tried.done.last().is_some_and(|last| self.touches[*last]) && tried.done.len() < self.steps.len();
        let is_fine = !is_felt
            || (self.is_fine)(
                &tried
                    .done
                    .iter()
                    .map(|index| &self.steps[*index])
                    .collect::<Vec<_>>(),
            );
        tried.failed += usize::from(!is_fine);
        is_fine
    }
}

/// Whether two steps are for one object, and EC2 takes them in either order.
fn commute(earlier: &Step, later: &Step) -> bool {
    let is_one =
        (&earlier.address, &earlier.target, earlier.action) == (&later.address, &later.target, later.action);
    is_one && later.address.kind.rules().commute(&earlier.call, &later.call)
}

/// The steps in their new order, each after what it waits for and, where packets feel it, after the last one
/// that they felt; and the numbers of those that have been overtaken.
///
/// ```text
/// usual:     1 open   2 unroute   3 tag (after 1)        order found: 2 1 3
/// numbered:  1 unroute   2 open (after 1, waits)   3 tag (after 2)
/// ```
///
/// Steps that packets feel are in one row, each after the one before, because only the states of that row
/// were looked at. Others run beside it as before, after what they waited for.
fn numbered(steps: &[Step], search: &Search<'_>, order: &[usize]) -> (Vec<Step>, Vec<usize>) {
    let places: BTreeMap<usize, usize> = order
        .iter()
        .enumerate()
        .map(|(place, &index)| (index, place))
        .collect();
    let (mut out, mut waiting) = (Vec::new(), Vec::new());
    // By place: all that is before a step.
    let mut before: Vec<BTreeSet<usize>> = Vec::new();
    let mut last: Option<usize> = None;
    for (place, &index) in order.iter().enumerate() {
        let step = &steps[index];
        let stays = step
            .after
            .iter()
            .map(|number| number - 1)
            .filter(|other| search.waits[index].contains(other));
        let mut after: BTreeSet<usize> = stays.map(|other| places[&other]).collect();
        if search.touches[index] {
            after.extend(last);
            last = Some(place);
        }
        let mut all: BTreeSet<usize> = after
            .iter()
            .flat_map(|other| before[*other].iter().copied().chain([*other]))
            .collect();
        // What only a step in between has ordered is ordered by itself.
        for other in search.waits[index].iter().map(|other| places[other]).rev() {
            if all.insert(other) {
                all.extend(before[other].clone());
                after.insert(other);
            }
        }
        let mut why = step.why.clone();
        if order[..place]
            .iter()
            .any(|other| *other > index && search.touches[*other])
            && search.touches[index]
        {
            why.push(StepReason::Barrier);
            waiting.push(place + 1);
        }
        out.push(Step {
            number: place + 1,
            after: after.into_iter().map(|other| other + 1).collect(),
            why,
            ..step.clone()
        });
        before.push(all);
    }
    (out, waiting)
}
