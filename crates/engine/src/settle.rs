//! Settling: what a call made is waited for until it is in its final state. One poll asks for all objects of
//! a kind.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use trueup_model::{Kind, Wait};

/// The first poll comes soon, because most things are ready soon.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause between two polls, as long as those of AWS's own waiters.
const LONGEST: Duration = Duration::from_secs(15);
/// Once EC2 may be done, a poll comes after a tenth of the time that was waited already, so that on average a
/// twentieth is lost.
const SHARE: u32 = 10;
/// A wait is reported at most this often.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// An object that a step waits for.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The step.
    pub step: usize,
    /// The object, and the state it must reach.
    pub wait: Wait,
    /// The state that it was last seen in.
    pub state: String,
    since: Instant,
    soonest: Duration,
    deadline: Instant,
    told: Instant,
}

impl Waiting {
    /// The time until the next poll. Before `soonest`, polls only find what has failed, and what servers
    /// other than AWS's do at once: each pause is as long as all the time that was waited until then.
    fn pause(&self) -> Duration {
        let waited = self.since.elapsed();
        let left = self.soonest.saturating_sub(waited);
        let pause = if left.is_zero() {
            waited / SHARE
        } else {
            waited.min(left)
        };
        pause.clamp(FIRST, LONGEST)
    }

    /// When it is worth a word again, if nothing comes of it until then.
    fn tells(&self) -> Option<Instant> {
        Some(self.told + TOLD_EVERY).filter(|_| !self.state.is_empty())
    }
}

/// Everything that is waited for, by kind.
#[derive(Debug, Default)]
pub struct Settling {
    kinds: BTreeMap<Kind, KindQueue>,
}

#[derive(Debug)]
struct KindQueue {
    waiting: Vec<Waiting>,
    next: Instant,
    polling: bool,
}

impl Settling {
    /// A step waits for an object of `kind` from now on.
    pub fn add(&mut self, kind: Kind, step: usize, wait: Wait) {
        let now = Instant::now();
        let (soonest, deadline) = (wait.until.soonest, now + wait.until.max_wait);
        let waiting = Waiting {
            step,
            state: String::new(),
            since: now,
            soonest,
            deadline,
            told: now,
            wait,
        };
        let queue = self.kinds.entry(kind).or_insert_with(|| KindQueue {
            waiting: Vec::new(),
            next: now + FIRST,
            polling: false,
        });
        // What is new is worth an early poll, for all of its kind.
        queue.next = queue.next.min(now + FIRST);
        queue.waiting.push(waiting);
    }

    /// Whether nothing is waited for.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// When the next poll is due, or something is worth telling.
    pub fn next(&self) -> Option<Instant> {
        let polls = self
            .kinds
            .values()
            .filter(|queue| !queue.polling)
            .map(|queue| queue.next);
        polls
            .chain(
                self.kinds
                    .values()
                    .flat_map(|queue| &queue.waiting)
                    .filter_map(Waiting::tells),
            )
            .min()
    }

    /// The kinds that are due for a poll, each with all that is waited for. They count as being polled
    /// until [`Settling::polled`].
    pub fn due(&mut self) -> Vec<(Kind, Vec<Waiting>)> {
        let now = Instant::now();
        let due = self
            .kinds
            .iter_mut()
            .filter(|(_, queue)| !queue.polling && queue.next <= now);
        due.map(|(kind, queue)| {
            queue.polling = true;
            (*kind, queue.waiting.clone())
        })
        .collect()
    }

    /// A poll of `kind` is over: these are still waited for, with the state they are in.
    pub fn polled(&mut self, kind: Kind, still: &[(usize, String)], asked: &[usize]) {
        let Some(queue) = self.kinds.get_mut(&kind) else {
            return;
        };
        queue.polling = false;
        queue.waiting.retain_mut(|waiting| {
            let state = still
                .iter()
                .find(|(step, _)| *step == waiting.step)
                .map(|(_, state)| state);
            if let Some(state) = state {
                waiting.state.clone_from(state);
            }
            state.is_some() || !asked.contains(&waiting.step)
        });
        queue.next = Instant::now() + queue.waiting.iter().map(Waiting::pause).min().unwrap_or_default();
        if queue.waiting.is_empty() {
            self.kinds.remove(&kind);
        }
    }

    /// What is not being polled is waited for no more.
    pub fn end(&mut self) -> Vec<Waiting> {
        let (polling, idle) = std::mem::take(&mut self.kinds)
            .into_iter()
            .partition(|(_, queue)| queue.polling);
        self.kinds = polling;
        let idle: BTreeMap<Kind, KindQueue> = idle;
        idle.into_values().flat_map(|queue| queue.waiting).collect()
    }

    /// What has been waited for too long; it is waited for no more.
    pub fn overdue(&mut self) -> Vec<Waiting> {
        let now = Instant::now();
        let mut overdue = Vec::new();
        for queue in self.kinds.values_mut().filter(|queue| !queue.polling) {
            let (late, still) = std::mem::take(&mut queue.waiting)
                .into_iter()
                .partition(|waiting: &Waiting| waiting.deadline <= now);
            queue.waiting = still;
            overdue.extend::<Vec<Waiting>>(late);
        }
        self.kinds
            .retain(|_, queue| !queue.waiting.is_empty() || queue.polling);
        overdue
    }

    /// What has been waited for long enough to say so again.
    pub fn worth_telling(&mut self) -> Vec<Waiting> {
        let now = Instant::now();
        let waiting = self.kinds.values_mut().flat_map(|queue| &mut queue.waiting);
        let due = waiting.filter(|waiting| waiting.tells().is_some_and(|at| at <= now));
        due.map(|waiting| {
            waiting.told = now;
            waiting.clone()
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::Waiter;
    use trueup_model::kinds::{instance, nat_gateway, subnet, vpc_endpoint};

    /// When polls come at an object that is done after `seconds`; the last one finds it done.
    async fn polls(until: Waiter, seconds: u64) -> Vec<Duration> {
        let (start, mut settling, mut polls) = (Instant::now(), Settling::default(), Vec::new());
        settling.add(
            Kind::Vpc,
            1,
            Wait {
                id: "id-1".to_owned(),
                until,
            },
        );
        while let Some(next) = settling.next() {
            tokio::time::sleep_until(next).await;
            settling.worth_telling();
            if settling.due().is_empty() {
                continue;
            }
            polls.push(start.elapsed());
            let done = start.elapsed() >= Duration::from_secs(seconds);
            let still = if done {
                vec![]
            } else {
                vec![(1, "pending".to_owned())]
            };
            settling.polled(Kind::Vpc, &still, &[1]);
        }
        polls
    }

    #[tokio::test(start_paused = true)]
    async fn polls_are_few_and_lose_little() {
        for (until, seconds, polls_max) in [
            (nat_gateway::wait::AVAILABLE, 63, 12),
            (nat_gateway::wait::AVAILABLE, 90, 16),
            (nat_gateway::wait::DELETED, 32, 9),
            (nat_gateway::wait::DELETED, 50, 14),
            (instance::wait::RUNNING, 11, 8),
            (instance::wait::STOPPED, 17, 12),
            (instance::wait::TERMINATED, 24, 10),
            (subnet::wait::AVAILABLE, 3, 6),
            (Waiter::SHOWN, 50, 35),
        ] {
            let polls = polls(until, seconds).await;
            assert!(polls.len() <= polls_max, "{until:?} after {seconds} s: {polls:?}");
            let late = polls.last().unwrap().saturating_sub(Duration::from_secs(seconds));
            assert!(
                late <= Duration::from_secs(seconds).mul_f64(0.1).max(FIRST),
                "{until:?} after {seconds} s: {polls:?}"
            );
        }
        // What other servers do at once is seen at once, what fails early is seen early, and what never gets
        // there is asked for rarely.
        assert_eq!(polls(nat_gateway::wait::AVAILABLE, 0).await, [FIRST]);
        assert!(*polls(nat_gateway::wait::AVAILABLE, 20).await.last().unwrap() <= Duration::from_secs(31));
        assert!((60..100).contains(&polls(vpc_endpoint::wait::AVAILABLE, 900).await.len()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_told_between_two_looks() {
        let mut settling = Settling::default();
        settling.add(
            Kind::NatGateway,
            1,
            Wait {
                id: "nat-1".to_owned(),
                until: nat_gateway::wait::AVAILABLE,
            },
        );
        let (start, mut told) = (Instant::now(), Vec::new());
        while start.elapsed() < Duration::from_secs(45) {
            tokio::time::sleep_until(settling.next().unwrap()).await;
            if !settling.due().is_empty() {
                settling.polled(Kind::NatGateway, &[(1, "pending".to_owned())], &[1]);
            }
            told.extend(settling.worth_telling().iter().map(|_| start.elapsed().as_secs()));
        }
        assert_eq!(told, [10, 20, 30, 40]);
    }
}
