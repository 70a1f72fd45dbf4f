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
    /// What each step takes back, where it takes something back.
    takes_back: BTreeMap<usize, usize>,
    ready: BTreeSet<usize>,
    running: BTreeSet<usize>,
    outcome: Outcome,
}

/// What comes of a failure.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Aftermath {
    /// Will not be carried out.
    pub skipped: Vec<usize>,
    /// Will be carried out all the same: it takes back what was done before.
    pub put_back: Vec<usize>,
}

impl Schedule {
    /// Nothing has started yet.
    pub fn new(steps: &[Step]) -> Self {
        let mut schedule = Self {
            waiting: BTreeMap::new(),
            dependants: BTreeMap::new(),
            takes_back: BTreeMap::new(),
            ready: BTreeSet::new(),
            running: BTreeSet::new(),
            outcome: Outcome::default(),
        };
        for step in steps {
            let before = step
                .after
                .iter()
                .filter_map(|before| steps.get(before.checked_sub(1)?));
            let changes: Vec<&Step> = before
                .filter(|before| before.target == step.target && before.address == step.address)
                .collect();
            let mut earlier = steps.iter().take(step.number.saturating_sub(1));
            let taken = if changes.is_empty() {
                None
            } else {
                earlier.rfind(|earlier| step.takes_back(earlier))
            };
            schedule
                .takes_back
                .extend(taken.map(|taken| (step.number, taken.number)));
            for before in &step.after {
                schedule.dependants.entry(*before).or_default().push(step.number);
            }
            if step.after.is_empty() {
                schedule.ready.insert(step.number);
            } else {
                schedule
                    .waiting
                    .insert(step.number, step.after.iter().copied().collect());
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

    /// A running step failed. What depends on it is skipped, but for what takes back something that is done.
    pub fn failed(&mut self, step: usize) -> Aftermath {
        self.outcome.failed.push(step);
        self.not_through(step)
    }

    /// A running step is left as it is. What depends on it is skipped likewise.
    pub fn pending(&mut self, step: usize) -> Aftermath {
        self.outcome.pending.push(step);
        self.not_through(step)
    }

    fn not_through(&mut self, step: usize) -> Aftermath {
        self.running.remove(&step);
        let (mut skipped, mut put_back) = (BTreeSet::new(), BTreeSet::new());
        let mut queue = vec![step];
        while let Some(step) = queue.pop() {
            for dependant in self.dependants.get(&step).into_iter().flatten() {
                if !self.waiting.contains_key(dependant) {
                    continue;
                }
                let new = if self.must_put_back(*dependant) {
                    put_back.insert(*dependant)
                } else {
                    self.waiting.remove(dependant);
                    skipped.insert(*dependant)
                };
                // What comes after it is not as it should be either.
                if new {
                    queue.push(*dependant);
                }
            }
        }
        for back in &put_back {
            self.wait_only(*back, |before| *before != step && !skipped.contains(before));
        }
        self.outcome.skipped.extend(&skipped);
        Aftermath {
            skipped: skipped.into_iter().collect(),
            put_back: put_back.into_iter().collect(),
        }
    }

    /// These would fail, and nothing has started: nothing does. Answers what is skipped.
    pub fn refused(&mut self, steps: &[usize]) -> Vec<usize> {
        let left: BTreeSet<usize> = std::mem::take(&mut self.ready)
            .into_iter()
            .chain(self.waiting.keys().copied())
            .collect();
        self.waiting.clear();
        let skipped: Vec<usize> = left.into_iter().filter(|step| !steps.contains(step)).collect();
        self.outcome.failed.extend(steps);
        self.outcome.skipped.extend(&skipped);
        skipped
    }

    /// The user wants no more: nothing new starts, but for what takes back something that is done, where that
    /// may still be.
    pub fn stop(&mut self, may_put_back: bool) -> Aftermath {
        self.outcome.stopped = true;
        let mut left: BTreeSet<usize> = std::mem::take(&mut self.ready);
        left.extend(self.waiting.keys());
        let put_back: BTreeSet<usize> = left
            .iter()
            .copied()
            .filter(|step| may_put_back && self.must_put_back(*step))
            .collect();
        self.waiting.retain(|step, _| put_back.contains(step));
        let running = self.running.clone();
        for back in &put_back {
            self.waiting.entry(*back).or_default();
            self.wait_only(*back, |before| running.contains(before));
        }
        left.retain(|step| !put_back.contains(step));
        self.outcome.skipped.extend(&left);
        Aftermath {
            skipped: left.into_iter().collect(),
            put_back: put_back.into_iter().collect(),
        }
    }

    /// Whether a step takes back what is done.
    fn must_put_back(&self, step: usize) -> bool {
        self.takes_back
            .get(&step)
            .is_some_and(|taken| self.outcome.done.contains(taken))
    }

    /// Leaves a step to wait only for what passes a test.
    fn wait_only(&mut self, step: usize, keeps: impl Fn(&usize) -> bool) {
        let Some(before) = self.waiting.get_mut(&step) else {
            return;
        };
        before.retain(keeps);
        if before.is_empty() {
            self.waiting.remove(&step);
            self.ready.insert(step);
        }
    }

    /// How many steps are running.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// How it ended, each list in the order of the numbers. Nobody knows of a step that still runs how it
    /// ended: it is no success.
    pub fn outcome(mut self) -> Outcome {
        self.outcome.pending.extend(&self.running);
        self.outcome
            .skipped
            .extend(self.ready.iter().chain(self.waiting.keys()));
        for list in [
            &mut self.outcome.done,
            &mut self.outcome.failed,
            &mut self.outcome.pending,
            &mut self.outcome.skipped,
        ] {
            list.sort_unstable();
        }
        self.outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::kinds::instance::action;
    use trueup_model::{ApiAction, Record, StepAction};

    /// Steps numbered from 1, each after the given ones.
    fn steps(after: &[&[usize]]) -> Vec<Step> {
        let step = |(index, after): (usize, &&[usize])| Step {
            number: index + 1,
            action: StepAction::Create,
            address: "vpc.main".parse().unwrap(),
            target: None,
            replaces: None,
            ownership: Record::new(),
            call: ApiAction::modify("Call").call(),
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
        assert_eq!(
            (schedule.start(), schedule.start(), schedule.start()),
            (Some(1), Some(2), None)
        );
        assert_eq!(
            schedule.failed(1),
            Aftermath {
                skipped: vec![3, 4],
                put_back: Vec::new()
            }
        );
        schedule.done(2);
        assert_eq!(schedule.start(), Some(5));
        schedule.done(5);
        let outcome = schedule.outcome();
        assert_eq!(
            (outcome.done, outcome.failed, outcome.skipped),
            (vec![2, 5], vec![1], vec![3, 4])
        );
    }

    #[test]
    fn a_stop_skips_all_that_has_not_started() {
        let mut schedule = Schedule::new(&steps(&[&[], &[], &[1]]));
        schedule.start();
        assert_eq!(schedule.stop(true).skipped, [2, 3]);
        schedule.done(1);
        assert_eq!(schedule.start(), None);
        assert!(!schedule.outcome().is_success());
    }

    /// A stop, two changes and a start, one after the other, and something that waits for the start.
    fn stopping() -> Schedule {
        let mut steps = steps(&[&[], &[1], &[2], &[1, 2, 3], &[4]]);
        let state = |state: &str| Record::new().with("state", state);
        steps[0].call = action::STOP.setting(state("stopped")).unsetting(state("running"));
        steps[3].call = action::START
            .setting(state("running"))
            .unsetting(state("stopped"));
        Schedule::new(&steps)
    }

    #[test]
    fn what_was_stopped_is_started_again_where_a_change_fails() {
        let mut schedule = stopping();
        schedule.start();
        schedule.done(1);
        assert_eq!(schedule.start(), Some(2));
        assert_eq!(
            schedule.failed(2),
            Aftermath {
                skipped: vec![3, 5],
                put_back: vec![4]
            }
        );
        assert_eq!(schedule.start(), Some(4));
        schedule.done(4);
        let outcome = schedule.outcome();
        assert_eq!(
            (outcome.done, outcome.failed, outcome.skipped),
            (vec![1, 4], vec![2], vec![3, 5])
        );
    }

    #[test]
    fn what_could_not_be_stopped_is_not_started() {
        let mut schedule = stopping();
        schedule.start();
        assert_eq!(
            schedule.failed(1),
            Aftermath {
                skipped: vec![2, 3, 4, 5],
                put_back: Vec::new()
            }
        );
    }

    #[test]
    fn what_was_stopped_is_started_again_where_the_user_stops_the_run() {
        let mut schedule = stopping();
        schedule.start();
        schedule.done(1);
        let running = schedule.start().unwrap();
        assert_eq!(schedule.stop(true).put_back, [4]);
        assert_eq!(schedule.start(), None);
        schedule.done(running);
        assert_eq!((schedule.start(), schedule.start()), (Some(4), None));
        // What still stops when the run ends is not known to have stopped.
        let mut schedule = stopping();
        schedule.start();
        assert!(schedule.stop(false).put_back.is_empty());
    }
}
