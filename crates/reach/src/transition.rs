//! The time in between: whether a plan, on its way from one network to another, opens for a moment what a
//! `cannot` forbids.
//!
//! First by the overapproximation of the two networks, which holds for every order of the steps. Where that
//! is not enough, by the network that each step leaves when one is done after the other, which is exact.

use std::collections::BTreeMap;
use std::net::IpAddr;

use trueup_model::{
    Barrier, Demand, Expectation, Guard, Level, Observed, Place, Plan, Reachability, Refusal, Refused, Role,
    Step, Stuck, Topology,
};

use crate::before_after::BeforeAfter;
use crate::change::{Change, End, Shift, changes, merged};
use crate::engine::Engine;
use crate::exposure::some;
use crate::fill::{AfterSteps, left};
use crate::intermediate_state::IntermediateState;
use crate::network::Network;
use crate::overapproximate::overapproximate;
use crate::service::ServiceSet;

/// Gaps that are reported at most.
const GAPS_MAX: usize = 20;

/// What a plan goes through, where the order of its steps matters to an expectation.
#[derive(Clone, Debug)]
pub struct Transition<'a> {
    after_steps: AfterSteps<'a>,
    networks: &'a BeforeAfter,
    /// The expectations that some order of the steps might break.
    expectations: Vec<&'a Expectation>,
}

impl<'a> Transition<'a> {
    /// What a plan goes through; `None` where nothing that is forbidden can open on the way, whatever the
    /// order. A plan that is refused goes nowhere.
    pub fn of(
        plan: &Plan,
        topology: &'a Topology,
        observed: &'a Observed,
        networks: &'a BeforeAfter,
    ) -> Option<Self> {
        let forbids = topology
            .expect
            .iter()
            .any(|expectation| expectation.demand == Demand::Cannot);
        if !forbids || plan.steps.len() < 2 || !plan.refused.is_empty() {
            return None;
        }
        let transition = Self::in_any_case(plan, topology, observed, networks);
        let expectations = transition.opened_in_any_order(plan);
        (!expectations.is_empty()).then_some(Self {
            expectations,
            ..transition
        })
    }

    /// What a plan goes through, whether or not that matters: for tests.
    #[doc(hidden)]
    pub fn in_any_case(
        plan: &Plan,
        topology: &'a Topology,
        observed: &'a Observed,
        networks: &'a BeforeAfter,
    ) -> Self {
        let expectations = topology
            .expect
            .iter()
            .filter(|expectation| expectation.demand == Demand::Cannot)
            .collect();
        Self {
            after_steps: AfterSteps::new(topology, observed, plan),
            networks,
            expectations,
        }
    }

    /// Whether what is there after these steps opens nothing that is forbidden.
    pub fn is_fine(&self, steps: &[&Step]) -> bool {
        self.broken(steps).is_none()
    }

    /// The first expectation that does not hold after these steps, for what works neither before nor after.
    fn broken(&self, steps: &[&Step]) -> Option<&'a Expectation> {
        let network = self.network(steps);
        let (engine, before, after) = (
            Engine::new(&network),
            self.networks.before(),
            self.networks.after(),
        );
        let between = IntermediateState::new(&engine, [&before, &after], false);
        self.expectations
            .iter()
            .copied()
            .find(|expectation| between.opens(expectation))
    }

    /// The expectations against which something might open, whatever the order of the steps.
    fn opened_in_any_order(&self, plan: &Plan) -> Vec<&'a Expectation> {
        // What is made is not born as it will be: it runs, it is in the default ACL, it lets everything out.
        let births: Vec<&Step> = plan
            .steps
            .iter()
            .filter(|step| step.call.role() == Role::Create)
            .collect();
        let by_address = self
            .expectations
            .iter()
            .any(|expectation| expectation.to.parse::<IpAddr>().is_ok());
        // Of an address that goes from one host to another it is not reported at once who has it.
        let born = self.network(&births);
        let (before, after) = (self.networks.before(), self.networks.after());
        let overapproximation = overapproximate(&[before.network, &born, after.network])
            .filter(|all| !by_address || all.is_unambiguous());
        let Some(overapproximation) = overapproximation else {
            return self.expectations.clone();
        };
        let engine = Engine::new(&overapproximation);
        let between = IntermediateState::new(&engine, [&before, &after], true);
        self.expectations
            .iter()
            .copied()
            .filter(|expectation| between.opens(expectation))
            .collect()
    }

    pub(crate) fn network(&self, steps: &[&Step]) -> Network {
        let observed = self.after_steps.after(steps);
        left(&observed, self.after_steps.topology())
    }

    /// Writes into a plan whose steps keep the order that all this asks for, what the order costs: `waiting`
    /// are the numbers of the steps that wait for it. Of a plan that is refused no step is done, and nothing
    /// is said.
    pub fn announce(&self, plan: &mut Plan, waiting: &[usize]) {
        if !plan.refused.is_empty() {
            return;
        }
        let rows = merged(&self.gaps(plan, waiting));
        let barrier = Barrier {
            expectations: self.expectations.iter().map(ToString::to_string).collect(),
            waits: !waiting.is_empty(),
            more: rows.len().saturating_sub(GAPS_MAX),
            gaps: rows.into_iter().take(GAPS_MAX).map(|row| row.reported).collect(),
        };
        plan.reachability
            .get_or_insert_with(Reachability::default)
            .barrier = Some(barrier);
    }

    /// Refuses a plan for which no such order was found.
    pub fn refuse(&self, plan: &mut Plan, stuck: &Stuck) {
        let step = |number: &usize| number.checked_sub(1).and_then(|place| plan.steps.get(place));
        let done: Vec<&Step> = stuck.done.iter().filter_map(step).collect();
        let next: Vec<&Step> = stuck.next.iter().filter_map(step).collect();
        let opens = |next: &&Step| self.broken(&[&done[..], &[*next]].concat());
        let expectation = next
            .iter()
            .find_map(opens)
            .or_else(|| self.expectations.first().copied());
        let (place, expected, from) = match expectation {
            Some(expectation) => {
                let Place { file, line, .. } = &expectation.place;
                (
                    format!("{file}:{line}: "),
                    format!("it is expected that {expectation}"),
                    expectation.from.clone(),
                )
            }
            None => (
                String::new(),
                "nothing that is forbidden may open".to_owned(),
                plan.topology.clone(),
            ),
        };
        let found = match stuck.given_up {
            Some(most) => format!(
                "and no order was found in which it holds in between, though more than {most} states were looked at"
            ),
            None => "and in no order of the steps in between".to_owned(),
        };
        let reported: Vec<String> = next
            .iter()
            .map(|step| format!("step {} ({} of {})", step.number, step.call.action, step.address))
            .collect();
        let far = if done.is_empty() {
            "at the beginning".to_owned()
        } else {
            format!("with {} of {} steps done", done.len(), plan.steps.len())
        };
        let opening = match next.len() {
            0 => String::new(),
            1 => format!(
                "; {far} it might be opened by the only one that could be next, {}",
                some(&reported)
            ),
            _ => format!(
                "; {far} it might be opened by each one that could be next: {}",
                some(&reported)
            ),
        };
        let help = match stuck.given_up {
            Some(_) => "Split the apply: change fewer things at a time",
            None => {
                "Apply something else in between, in which what is forbidden is closed by what does not change afterwards"
            }
        };
        let why = format!("{place}{expected}: that holds before and after, {found}{opening}. {help}");
        plan.refused.push(Refusal::new(
            &from,
            Refused::Reachability {
                guard: Guard::Expect,
                found: why,
            },
        ));
    }

    /// What works before and after, and not or less while one of these steps waits: at the end of that time
    /// it shows.
    fn gaps(&self, plan: &Plan, waiting: &[usize]) -> Vec<Change> {
        let (before, after) = (self.networks.before(), self.networks.after());
        let mut found: BTreeMap<(End, End, Level, Level), ServiceSet> = BTreeMap::new();
        for number in waiting {
            let steps: Vec<&Step> = plan.steps.iter().take(number.saturating_sub(1)).collect();
            let network = self.network(&steps);
            let between = Engine::new(&network);
            for gap in gaps(&changes(&before, &between), &changes(&between, &after)) {
                let over = found
                    .entry((gap.from, gap.to, gap.shift.before, gap.shift.after))
                    .or_default();
                *over = over.union(&gap.shift.over);
            }
        }
        let change = |((from, to, before, after), over)| Change {
            from,
            to,
            shift: Shift { before, after, over },
        };
        found.into_iter().map(change).collect()
    }
}

/// What has gone down and comes up again.
pub fn gaps(down: &[Change], up: &[Change]) -> Vec<Change> {
    let mut found = Vec::new();
    for down in down
        .iter()
        .filter(|change| change.shift.after < change.shift.before)
    {
        for up in up
            .iter()
            .filter(|change| change.shift.after > change.shift.before)
        {
            let over = down.shift.over.intersect(&up.shift.over);
            if let (Some(from), Some(to), false) =
                (down.from.both(&up.from), down.to.both(&up.to), over.is_empty())
            {
                found.push(Change {
                    from,
                    to,
                    shift: Shift {
                        over,
                        ..down.shift.clone()
                    },
                });
            }
        }
    }
    found
}
