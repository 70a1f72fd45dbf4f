//! Runs a plan over a cloud.
//!
//! One loop owns everything: a pure [`schedule`], the running acts, the objects that are waited for, and the
//! sink of events. It makes no choices: the plan says what comes before what, and a failure skips what
//! depends on it and nothing else.

mod known;
mod rehearsal;
mod retries;
mod run;
mod schedule;
mod settle;

use std::future::Future;

use trueup_model::{Act, Cloud, Event, Outcome, Plan, Role};

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many steps may be under way at a time, those that wait for EC2's request limits included; at least
    /// 1.
    pub parallelism: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { parallelism: 500 }
    }
}

/// The creates of a plan that refer to nothing which the plan makes: what they will ask of EC2 is known
/// before it runs.
pub fn creates(plan: &Plan) -> Vec<Act> {
    let known = known::Known::new(plan);
    let creates = plan.steps.iter().filter(|step| step.call.role() == Role::Create);
    creates
        .filter_map(|step| run::resolve(plan, &known, step).ok())
        .collect()
}

/// Carries out the steps of a plan, telling `sink` what happens.
///
/// Where the plan stops or ends something, EC2 is asked before the first step whether it would take those
/// calls that can be asked in full by then. What it refuses for good is reported as a failed step, and
/// nothing is done.
///
/// When `stop` completes, nothing new starts and nothing is repeated; calls that are under way end with their
/// answer, and what was made and is not ready yet is reported and left to the next run. Whoever wants to end
/// at once drops the future: every object that was made carries its tags already, and running again resumes.
pub async fn apply<C: Cloud>(
    plan: &Plan,
    cloud: &C,
    options: &Options,
    stop: impl Future<Output = ()>,
    sink: &mut dyn FnMut(Event),
) -> Outcome {
    run::Run::new(plan, cloud, options.parallelism.max(1))
        .finish(stop, sink)
        .await
}
