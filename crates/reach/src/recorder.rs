//! The recorder: writes a trace step by step, and goes past what holds it up where that is asked for.

use crate::blocker::blocker;
use crate::code::Code;
use crate::engine::Engine;
use crate::network::Named;
use crate::service::ServiceSet;
use crate::trace::{Check, Choices, Failure, Passed, Repair, Role, Step, Stop, Trace, needed};

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
        let Some(blocker) = blocker(self.engine, step, needed) else {
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
