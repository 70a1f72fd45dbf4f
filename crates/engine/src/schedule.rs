//! The schedule: which steps could start, run, are done, failed or are skipped. Pure.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Outcome, Step};

/// Where each step of a plan is.
#[derive(Debug)]
pub struct Schedule {
    /// What each step still waits for.
    waiting: BTreeMap<usize, BTreeSet<usize>>,
    /// What waits for each step.
    dependants: BTreeMap<usize, Vec<usize>>,
    ready: BTreeSet<usize>,
    running: BTreeSet<usize>,
    outcome: Outcome,
}

impl Schedule {
    /// Nothing has started yet.
    pub fn new(steps: &[Step]) -> Self {
        let mut schedule = Self {
            waiting: BTreeMap::new(),
            dependants: BTreeMap::new(),
            ready: BTreeSet::new(),
            running: BTreeSet::new(),
            outcome: Outcome::default(),
        };
        for step in steps {
            for before in &step.after {
                schedule.dependants.entry(*before).or_default().push(step.number);
            }
            if step.after.is_empty() {
                schedule.ready.insert(step.number);
            } else {
                schedule.waiting.insert(step.number, step.after.iter().copied().collect());
            }
        }
        schedule
    }

    /// Starts the first step that could, by its number.
    pub fn start(&mut self) -> Option<usize> {
        let step = self.ready.pop_first()?;
        self.running.insert(step);
        Some(step)
    }

    /// A running step is through.
    pub fn done(&mut self, step: usize) {
        self.running.remove(&step);
        self.outcome.done.push(step);
        for dependant in self.dependants.get(&step).into_iter().flatten() {
            if let Some(before) = self.waiting.get_mut(dependant) {
                before.remove(&step);
                if before.is_empty() {
                    self.waiting.remove(dependant);
                    self.ready.insert(*dependant);
                }
            }
        }
    }

    /// A running step failed. Answers what is skipped because of it.
    pub fn failed(&mut self, step: usize) -> Vec<usize> {
        self.running.remove(&step);
        self.outcome.failed.push(step);
        let mut skipped = BTreeSet::new();
        let mut queue = vec![step];
        while let Some(step) = queue.pop() {
            for dependant in self.dependants.get(&step).into_iter().flatten() {
                if self.waiting.remove(dependant).is_some() {
                    skipped.insert(*dependant);
                    queue.push(*dependant);
                }
            }
        }
        self.outcome.skipped.extend(&skipped);
        skipped.into_iter().collect()
    }

    /// The user wants no more. Answers what will not start.
    pub fn stop(&mut self) -> Vec<usize> {
        self.outcome.stopped = true;
        let mut left: BTreeSet<usize> = std::mem::take(&mut self.ready);
        left.extend(std::mem::take(&mut self.waiting).into_keys());
        self.outcome.skipped.extend(&left);
        left.into_iter().collect()
    }

    /// How many steps are running.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// How it ended, each list in the order of the numbers. Nobody knows of a step that still runs how it ended: it is no success.
    pub fn outcome(mut self) -> Outcome {
        self.outcome.failed.extend(&self.running);
        self.outcome.skipped.extend(self.ready.iter().chain(self.waiting.keys()));
        for list in [&mut self.outcome.done, &mut self.outcome.failed, &mut self.outcome.skipped] {
            list.sort_unstable();
        }
        self.outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::{Call, Record, StepAction};

    /// Steps numbered from 1, each after the given ones.
    fn steps(after: &[&[usize]]) -> Vec<Step> {
        let step = |(index, after): (usize, &&[usize])| Step {
            number: index + 1,
            action: StepAction::Create,
            address: "vpc.main".parse().unwrap(),
            target: None,
            replaces: None,
            ownership: Record::new(),
            call: Call::modify("Call"),
            after: after.to_vec(),
            yields: Vec::new(),
            why: Vec::new(),
            source: None,
        };
        after.iter().enumerate().map(step).collect()
    }

    #[test]
    fn a_failure_skips_exactly_what_depends_on_it() {
        let mut schedule = Schedule::new(&steps(&[&[], &[], &[1], &[3], &[2]]));
        assert_eq!((schedule.start(), schedule.start(), schedule.start()), (Some(1), Some(2), None));
        assert_eq!(schedule.failed(1), [3, 4]);
        schedule.done(2);
        assert_eq!(schedule.start(), Some(5));
        schedule.done(5);
        let outcome = schedule.outcome();
        assert_eq!((outcome.done, outcome.failed, outcome.skipped), (vec![2, 5], vec![1], vec![3, 4]));
    }

    #[test]
    fn a_stop_skips_all_that_has_not_started() {
        let mut schedule = Schedule::new(&steps(&[&[], &[], &[1]]));
        schedule.start();
        assert_eq!(schedule.stop(), [2, 3]);
        schedule.done(1);
        assert_eq!(schedule.start(), None);
        assert!(!schedule.outcome().is_success());
    }
}
