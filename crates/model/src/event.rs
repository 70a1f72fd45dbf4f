//! What happens while a plan runs, as one stream that the engine alone emits, in one order.

use std::time::Duration;

use serde::Serialize;

use crate::plan::StepAction;
use crate::{Address, ApiAction};

/// One thing that happened. `elapsed` counts from the start of the run or, for an end of a step, from its
/// start.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// First event: so many steps will be tried.
    Started {
        /// How many steps the plan has.
        steps: usize,
    },
    /// A step's call is being made.
    StepStarted {
        /// Which step.
        step: StepRef,
    },
    /// A step's call is done and what it made is not ready yet.
    Waiting {
        /// Which step.
        step: StepRef,
        /// What is waited for: `nat-0f… is pending, wanted available`.
        what: String,
        /// Since the step started.
        elapsed: Duration,
    },
    /// A call is repeated after a refusal that is known to pass.
    Retrying {
        /// Which step.
        step: StepRef,
        /// What EC2 said.
        why: String,
        /// Since the step started.
        elapsed: Duration,
    },
    /// A step is through.
    StepDone {
        /// Which step.
        step: StepRef,
        /// The id of its object, where it has one.
        id: Option<String>,
        /// How long it took.
        elapsed: Duration,
    },
    /// A step failed for good.
    StepFailed {
        /// Which step.
        step: StepRef,
        /// EC2's error code, or the empty text.
        code: String,
        /// What went wrong.
        message: String,
        /// How long it took.
        elapsed: Duration,
    },
    /// A step was begun, and the run ended before it was through: the next run sees what became of it.
    StepPending {
        /// Which step.
        step: StepRef,
        /// What was not waited for, or not tried again.
        why: String,
        /// Since its start.
        elapsed: Duration,
    },
    /// A step was not tried.
    StepSkipped {
        /// Which step.
        step: StepRef,
        /// The address whose failure is the reason; none where the user stopped the run.
        because: Option<Address>,
    },
    /// A step is carried out although one before it failed or was not tried: it takes back what the plan did
    /// before.
    PuttingBack {
        /// Which step.
        step: StepRef,
        /// The address whose failure is the reason; none where the user stopped the run.
        because: Option<Address>,
    },
    /// The user asked to stop: nothing new starts and nothing is repeated; calls that are under way end with
    /// their answer.
    Stopping {
        /// How many steps are still running.
        running: usize,
        /// How many will not be tried.
        left: usize,
    },
    /// Last event.
    Finished {
        /// How it ended.
        outcome: Outcome,
    },
}

/// Which step an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepRef {
    /// Its number in the plan.
    pub number: usize,
    /// Whose step it is.
    pub address: Address,
    /// What it does for the address.
    pub action: StepAction,
    /// The EC2 action.
    pub call: ApiAction,
}

/// How a run ended: numbers of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Done.
    pub done: Vec<usize>,
    /// Tried and failed.
    pub failed: Vec<usize>,
    /// Begun, and not through when the run was ended: EC2 may still be at it.
    pub pending: Vec<usize>,
    /// Not tried.
    pub skipped: Vec<usize>,
    /// Whether the user stopped it.
    pub stopped: bool,
}

impl Outcome {
    /// Whether every step is through.
    pub fn is_success(&self) -> bool {
        self.failed.is_empty() && self.pending.is_empty() && self.skipped.is_empty() && !self.stopped
    }
}
