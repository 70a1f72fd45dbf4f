//! One run: the loop that owns schedule, acts, waits and events.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use trueup_model::{
    Act, Acted, Address, Cloud, CloudError, ErrorClass, Event, Kind, Outcome, Plan, Resolved, Settled, Step,
    StepRef, Wait,
};

use crate::known::Known;
use crate::rehearsal;
use crate::retries::Retries;
use crate::schedule::{Aftermath, Schedule};
use crate::settle::{Settling, Waiting};

/// Polls that fail are tried again so often, and then what is waited for has failed.
const FAILED_POLLS_MAX: u32 = 5;

/// What came to nothing is carried out again so often: each time a client token is used up, and EC2 remembers
/// those of a day.
const AGAIN_MAX: u32 = 40;

/// What is said of a call that was only asked about.
const ASKED_FIRST: &str = "EC2 was asked before anything was stopped or ended, so nothing was done";

/// What a piece of work that was under way came to.
enum Completion {
    Act {
        step: usize,
        result: Result<Acted, CloudError>,
    },
    Poll {
        kind: Kind,
        waiting: Vec<Waiting>,
        result: Result<Vec<Settled>, CloudError>,
    },
}

type Work<'a> = Pin<Box<dyn Future<Output = Completion> + 'a>>;

/// A run of one plan over one cloud.
pub struct Run<'a, C> {
    plan: &'a Plan,
    cloud: &'a C,
    parallelism: usize,
    schedule: Schedule,
    known: Known,
    settling: Settling,
    work: FuturesUnordered<Work<'a>>,
    acting: usize,
    started: BTreeMap<usize, Instant>,
    failed_polls: BTreeMap<Kind, u32>,
    again: BTreeMap<usize, u32>,
    retries: Rc<Retries>,
    stopped: bool,
}

impl<'a, C: Cloud> Run<'a, C> {
    /// A run that has not begun.
    pub fn new(plan: &'a Plan, cloud: &'a C, parallelism: usize) -> Self {
        Self {
            plan,
            cloud,
            parallelism,
            schedule: Schedule::new(&plan.steps),
            known: Known::new(plan),
            settling: Settling::default(),
            work: FuturesUnordered::new(),
            acting: 0,
            started: BTreeMap::new(),
            failed_polls: BTreeMap::new(),
            again: BTreeMap::new(),
            retries: Rc::default(),
            stopped: false,
        }
    }

    /// Runs until nothing is left to do or to wait for.
    pub async fn finish(mut self, stop: impl Future<Output = ()>, sink: &mut dyn FnMut(Event)) -> Outcome {
        let mut stop = pin!(stop);
        sink(Event::Started {
            steps: self.plan.steps.len(),
        });
        tokio::select! {
            biased;
            () = &mut stop => self.stop(true, sink),
            refused = rehearsal::refused(self.plan, self.cloud) => self.refused(&refused, sink),
        }
        loop {
            self.start(sink);
            self.poll();
            if self.work.is_empty() && self.settling.is_empty() {
                break;
            }
            let next = self.settling.next();
            let retries = Rc::clone(&self.retries);
            tokio::select! {
                biased;
                () = &mut stop, if !self.stopped => self.stop(true, sink),
                Some(completed) = self.work.next(), if !self.work.is_empty() => self.completed(completed, sink),
                () = until(next), if next.is_some() => {}
                () = retries.notified() => {}
            }
            self.tell(sink);
        }
        self.cloud.give_up_repeats(false);
        let outcome = self.schedule.outcome();
        sink(Event::Finished {
            outcome: outcome.clone(),
        });
        outcome
    }

    /// Starts what can start.
    fn start(&mut self, sink: &mut dyn FnMut(Event)) {
        while self.acting < self.parallelism {
            let Some(number) = self.schedule.start() else {
                return;
            };
            let step = self.step(number);
            self.started.insert(number, Instant::now());
            sink(Event::StepStarted {
                step: reference(step),
            });
            self.act(number, sink);
        }
    }

    fn act(&mut self, number: usize, sink: &mut dyn FnMut(Event)) {
        match resolve(self.plan, &self.known, self.step(number)) {
            Ok(act) => {
                self.acting += 1;
                let (cloud, retries) = (self.cloud, Rc::clone(&self.retries));
                self.work.push(Box::pin(async move {
                    let retrying = |why: &str| retries.record(number, why);
                    Completion::Act {
                        step: number,
                        result: cloud.act(&act, &retrying).await,
                    }
                }));
            }
            Err(message) => self.fail(number, String::new(), message, sink),
        }
    }

    /// Carries out once more what came to nothing.
    fn again(&mut self, number: usize, why: &str, sink: &mut dyn FnMut(Event)) {
        let acts = self.again.entry(number).or_default();
        *acts += 1;
        if self.stopped {
            self.pending(number, why.to_owned(), sink);
        } else if *acts > AGAIN_MAX {
            self.fail(number, String::new(), why.to_owned(), sink);
        } else {
            let why = format!("{why}: it is made again");
            sink(Event::Retrying {
                step: reference(self.step(number)),
                why,
                elapsed: self.elapsed(number),
            });
            self.act(number, sink);
        }
    }

    /// Looks at everything that is due for a poll.
    fn poll(&mut self) {
        for (kind, waiting) in self.settling.due() {
            let cloud = self.cloud;
            self.work.push(Box::pin(async move {
                let waits: Vec<Wait> = waiting.iter().map(|waiting| waiting.wait.clone()).collect();
                let result = cloud.settle(kind, &waits).await;
                Completion::Poll {
                    kind,
                    waiting,
                    result,
                }
            }));
        }
    }

    fn completed(&mut self, completed: Completion, sink: &mut dyn FnMut(Event)) {
        match completed {
            Completion::Act { step, result } => {
                self.acting -= 1;
                match result {
                    Ok(acted) => self.acted(step, acted, sink),
                    Err(error) => {
                        let last = error.class == ErrorClass::Credentials;
                        if error.class == ErrorClass::Stopped {
                            self.pending(step, error.message, sink);
                        } else {
                            self.fail(step, error.code, error.message, sink);
                        }
                        if last {
                            self.stop(false, sink);
                        }
                    }
                }
            }
            Completion::Poll {
                kind,
                waiting,
                result: Ok(settled),
            } => {
                self.failed_polls.remove(&kind);
                self.polled(kind, &waiting, settled, sink);
            }
            Completion::Poll {
                kind,
                waiting,
                result: Err(error),
            } => self.could_not_look(kind, &waiting, &error, sink),
        }
    }

    fn acted(&mut self, number: usize, acted: Acted, sink: &mut dyn FnMut(Event)) {
        let step = self.step(number);
        if let Some(id) = &acted.id {
            self.known.made(step, id);
        }
        if let Some(id) = acted
            .id
            .clone()
            .or_else(|| self.known.target(step).map(|target| target.id))
        {
            self.known.learned(&id, &acted.facts);
        }
        match acted.wait {
            Some(wait) if self.stopped => self.left(number, &wait, "", sink),
            Some(wait) => self.settling.add(step.address.kind, number, wait),
            None => self.done(number, sink),
        }
    }

    fn polled(
        &mut self,
        kind: Kind,
        waiting: &[Waiting],
        settled: Vec<Settled>,
        sink: &mut dyn FnMut(Event),
    ) {
        let mut still = Vec::new();
        for (waiting, settled) in waiting.iter().zip(settled) {
            match settled {
                Settled::Pending(state) if self.stopped => {
                    self.left(waiting.step, &waiting.wait, &state, sink);
                }
                Settled::Pending(state) => still.push((waiting.step, state)),
                Settled::Done(facts) => {
                    self.known.learned(&waiting.wait.id, &facts);
                    self.done(waiting.step, sink);
                }
                Settled::Failed(why) => self.fail(
                    waiting.step,
                    String::new(),
                    format!("{}: {why}", waiting.wait.id),
                    sink,
                ),
                Settled::Lost(why) => self.again(waiting.step, &why, sink),
            }
        }
        let asked: Vec<usize> = waiting.iter().map(|waiting| waiting.step).collect();
        self.settling.polled(kind, &still, &asked);
    }

    fn could_not_look(
        &mut self,
        kind: Kind,
        waiting: &[Waiting],
        error: &CloudError,
        sink: &mut dyn FnMut(Event),
    ) {
        if self.stopped {
            waiting
                .iter()
                .for_each(|waiting| self.left(waiting.step, &waiting.wait, &waiting.state, sink));
            let asked: Vec<usize> = waiting.iter().map(|waiting| waiting.step).collect();
            return self.settling.polled(kind, &[], &asked);
        }
        let failed = self.failed_polls.entry(kind).or_default();
        *failed += 1;
        let still: Vec<(usize, String)> =
            if *failed >= FAILED_POLLS_MAX || error.class == ErrorClass::Credentials {
                Vec::new()
            } else {
                waiting
                    .iter()
                    .map(|waiting| (waiting.step, waiting.state.clone()))
                    .collect()
            };
        if still.is_empty() {
            self.failed_polls.remove(&kind);
            for waiting in waiting {
                let message = format!("{} cannot be looked at: {}", waiting.wait.id, error.message);
                self.fail(waiting.step, error.code.clone(), message, sink);
            }
        }
        let asked: Vec<usize> = waiting.iter().map(|waiting| waiting.step).collect();
        self.settling.polled(kind, &still, &asked);
    }

    /// What a step made is not waited for any longer: the next run sees what became of it.
    fn left(&mut self, number: usize, wait: &Wait, state: &str, sink: &mut dyn FnMut(Event)) {
        let state = if state.is_empty() {
            String::new()
        } else {
            format!(" is {state}, and")
        };
        let message = format!(
            "{}{state} was not waited for until it is {}, because the run ended before",
            wait.id, wait.until.state
        );
        self.pending(number, message, sink);
    }

    /// A step that the end of the run cuts short: nothing says that it failed.
    fn pending(&mut self, number: usize, why: String, sink: &mut dyn FnMut(Event)) {
        let step = self.step(number);
        sink(Event::StepPending {
            step: reference(step),
            why,
            elapsed: self.elapsed(number),
        });
        let aftermath = self.schedule.pending(number);
        self.tell_aftermath(&aftermath, None, sink);
    }

    /// Tells retries and long waits, and gives up on what takes too long.
    fn tell(&mut self, sink: &mut dyn FnMut(Event)) {
        for (number, why) in self.retries.drain() {
            sink(Event::Retrying {
                step: reference(self.step(number)),
                why,
                elapsed: self.elapsed(number),
            });
        }
        for waiting in self.settling.overdue() {
            let state = if waiting.state.is_empty() {
                "not seen yet"
            } else {
                &waiting.state
            };
            let message = format!(
                "{} is still {state}, and {} was waited for too long",
                waiting.wait.id, waiting.wait.until.state
            );
            self.fail(waiting.step, String::new(), message, sink);
        }
        for waiting in self.settling.worth_telling() {
            let what = format!(
                "{} is {}, wanted {}",
                waiting.wait.id, waiting.state, waiting.wait.until.state
            );
            sink(Event::Waiting {
                step: reference(self.step(waiting.step)),
                what,
                elapsed: self.elapsed(waiting.step),
            });
        }
    }

    fn done(&mut self, number: usize, sink: &mut dyn FnMut(Event)) {
        let step = self.step(number);
        let id = self.known.target(step).map(|target| target.id);
        self.schedule.done(number);
        sink(Event::StepDone {
            step: reference(step),
            id,
            elapsed: self.elapsed(number),
        });
    }

    fn fail(&mut self, number: usize, code: String, message: String, sink: &mut dyn FnMut(Event)) {
        let step = self.step(number);
        sink(Event::StepFailed {
            step: reference(step),
            code,
            message,
            elapsed: self.elapsed(number),
        });
        let aftermath = self.schedule.failed(number);
        self.tell_aftermath(&aftermath, Some(&step.address), sink);
    }

    /// Before anything was done EC2 has said what it would refuse: then nothing is.
    fn refused(&mut self, refused: &[(usize, CloudError)], sink: &mut dyn FnMut(Event)) {
        let Some((first, _)) = refused.first() else { return };
        for (number, error) in refused {
            let message = format!("{}. {ASKED_FIRST}", error.message.trim_end_matches('.'));
            sink(Event::StepFailed {
                step: reference(self.step(*number)),
                code: error.code.clone(),
                message,
                elapsed: Duration::ZERO,
            });
        }
        let steps: Vec<usize> = refused.iter().map(|(number, _)| *number).collect();
        let aftermath = Aftermath {
            skipped: self.schedule.refused(&steps),
            put_back: Vec::new(),
        };
        self.tell_aftermath(&aftermath, Some(&self.step(*first).address), sink);
    }

    fn stop(&mut self, may_put_back: bool, sink: &mut dyn FnMut(Event)) {
        if std::mem::replace(&mut self.stopped, true) {
            return;
        }
        let aftermath = self.schedule.stop(may_put_back);
        sink(Event::Stopping {
            running: self.schedule.running(),
            left: aftermath.skipped.len(),
        });
        self.tell_aftermath(&aftermath, None, sink);
        // What EC2 has not answered yet ends with its answer; nothing is repeated, and nothing is waited for.
        self.cloud.give_up_repeats(true);
        for waiting in self.settling.end() {
            self.left(waiting.step, &waiting.wait, &waiting.state, sink);
        }
    }

    fn tell_aftermath(&self, aftermath: &Aftermath, because: Option<&Address>, sink: &mut dyn FnMut(Event)) {
        for skipped in &aftermath.skipped {
            sink(Event::StepSkipped {
                step: reference(self.step(*skipped)),
                because: because.cloned(),
            });
        }
        for back in &aftermath.put_back {
            sink(Event::PuttingBack {
                step: reference(self.step(*back)),
                because: because.cloned(),
            });
        }
    }

    fn step(&self, number: usize) -> &'a Step {
        // Steps are numbered from 1 in the order of the list.
        &self.plan.steps[number - 1]
    }

    fn elapsed(&self, number: usize) -> std::time::Duration {
        self.started
            .get(&number)
            .map(Instant::elapsed)
            .unwrap_or_default()
    }
}

/// Puts ids in the place of names. What a step needs was made before it, or the schedule would not have
/// started it.
pub fn resolve(plan: &Plan, known: &Known, step: &Step) -> Result<Act, String> {
    let called = |address: &Address| known.called(address);
    let unknown = |address| format!("the id of {address} is not known");
    Ok(Act {
        step: step.number,
        topology: plan.topology.clone(),
        address: step.address.clone(),
        action: step.call.action,
        target: known.target(step),
        sets: Resolved::new(&step.call.sets, &called).map_err(unknown)?,
        // What is taken away may lead to what is gone already: then nothing acts on it.
        unsets: Resolved::new(&step.call.unsets, &|address| {
            known.held(address).or(Some(address.to_string()))
        })
        .map_err(unknown)?,
        ownership: step.ownership.clone(),
        replaces: step.replaces.clone(),
    })
}

fn reference(step: &Step) -> StepRef {
    StepRef {
        number: step.number,
        address: step.address.clone(),
        action: step.action,
        call: step.call.action,
    }
}

async fn until(next: Option<Instant>) {
    if let Some(next) = next {
        tokio::time::sleep_until(next).await;
    }
}
