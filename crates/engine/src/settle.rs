//! Settling: what a call made is waited for until it is in its final state. One look asks for all objects of
//! a kind.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use trueup_model::{Kind, Wait};

/// The first look comes soon, because most things are ready soon.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause between two looks, as long as those of AWS's own waiters.
const LONGEST: Duration = Duration::from_secs(15);
/// Once EC2 may be done, a look comes after a tenth of the time that was waited already, so that on average a
/// twentieth is lost.
const SHARE: u32 = 10;
/// A wait is told at most this often.
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
    /// The time until the next look. Before `soonest`, looks only find what has failed, and what servers
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
    kinds: BTreeMap<Kind, Kindred>,
}

#[derive(Debug)]
struct Kindred {
    waiting: Vec<Waiting>,
    next: Instant,
    looking: bool,
}

impl Settling {
    /// A step waits for an object of `kind` from now on.
    pub fn add(&mut self, kind: Kind, step: usize, wait: Wait) {
        let now = Instant::now();
        let (soonest, deadline) = (wait.until.soonest, now + wait.until.patience);
        let waiting = Waiting {
            step,
            state: String::new(),
            since: now,
            soonest,
            deadline,
            told: now,
            wait,
        };
        let kindred = self.kinds.entry(kind).or_insert_with(|| Kindred {
            waiting: Vec::new(),
            next: now + FIRST,
            looking: false,
        });
        // What is new is worth an early look, for all of its kind.
        kindred.next = kindred.next.min(now + FIRST);
        kindred.waiting.push(waiting);
    }

    /// Whether nothing is waited for.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// When the next look is due, or something is worth telling.
    pub fn next(&self) -> Option<Instant> {
        let looks = self
            .kinds
            .values()
            .filter(|kindred| !kindred.looking)
            .map(|kindred| kindred.next);
        looks
            .chain(
                self.kinds
                    .values()
                    .flat_map(|kindred| &kindred.waiting)
                    .filter_map(Waiting::tells),
            )
            .min()
    }

    /// The kinds that are due for a look, each with all that is waited for. They count as being looked at
    /// until [`Settling::seen`].
    pub fn due(&mut self) -> Vec<(Kind, Vec<Waiting>)> {
        let now = Instant::now();
        let due = self
            .kinds
            .iter_mut()
            .filter(|(_, kindred)| !kindred.looking && kindred.next <= now);
        due.map(|(kind, kindred)| {
            kindred.looking = true;
            (*kind, kindred.waiting.clone())
        })
        .collect()
    }

    /// A look at `kind` is over: these are still waited for, with the state they are in.
    pub fn seen(&mut self, kind: Kind, still: &[(usize, String)], looked_at: &[usize]) {
        let Some(kindred) = self.kinds.get_mut(&kind) else {
            return;
        };
        kindred.looking = false;
        kindred.waiting.retain_mut(|waiting| {
            let state = still
                .iter()
                .find(|(step, _)| *step == waiting.step)
                .map(|(_, state)| state);
            if let Some(state) = state {
                waiting.state.clone_from(state);
            }
            state.is_some() || !looked_at.contains(&waiting.step)
        });
        kindred.next = Instant::now()
            + kindred
                .waiting
                .iter()
                .map(Waiting::pause)
                .min()
                .unwrap_or_default();
        if kindred.waiting.is_empty() {
            self.kinds.remove(&kind);
        }
    }

    /// What is not being looked at is waited for no more.
    pub fn end(&mut self) -> Vec<Waiting> {
        let (looking, idle) = std::mem::take(&mut self.kinds)
            .into_iter()
            .partition(|(_, kindred)| kindred.looking);
        self.kinds = looking;
        let idle: BTreeMap<Kind, Kindred> = idle;
        idle.into_values().flat_map(|kindred| kindred.waiting).collect()
    }

    /// What has been waited for too long; it is waited for no more.
    pub fn overdue(&mut self) -> Vec<Waiting> {
        let now = Instant::now();
        let mut overdue = Vec::new();
        for kindred in self.kinds.values_mut().filter(|kindred| !kindred.looking) {
            let (late, still) = std::mem::take(&mut kindred.waiting)
                .into_iter()
                .partition(|waiting: &Waiting| waiting.deadline <= now);
            kindred.waiting = still;
            overdue.extend::<Vec<Waiting>>(late);
        }
        self.kinds
            .retain(|_, kindred| !kindred.waiting.is_empty() || kindred.looking);
        overdue
    }

    /// What has been waited for long enough to say so again.
    pub fn worth_telling(&mut self) -> Vec<Waiting> {
        let now = Instant::now();
        let waiting = self.kinds.values_mut().flat_map(|kindred| &mut kindred.waiting);
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

    /// When looks come at an object that is done after `seconds`; the last one finds it done.
    async fn looks(until: Waiter, seconds: u64) -> Vec<Duration> {
        let (start, mut settling, mut looks) = (Instant::now(), Settling::default(), Vec::new());
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
            looks.push(start.elapsed());
            let done = start.elapsed() >= Duration::from_secs(seconds);
            let still = if done {
                vec![]
            } else {
                vec![(1, "pending".to_owned())]
            };
            settling.seen(Kind::Vpc, &still, &[1]);
        }
        looks
    }

    #[tokio::test(start_paused = true)]
    async fn looks_are_few_and_lose_little() {
        for (until, seconds, looks_max) in [
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
            let looks = looks(until, seconds).await;
            assert!(looks.len() <= looks_max, "{until:?} after {seconds} s: {looks:?}");
            let late = looks.last().unwrap().saturating_sub(Duration::from_secs(seconds));
            assert!(
                late <= Duration::from_secs(seconds).mul_f64(0.1).max(FIRST),
                "{until:?} after {seconds} s: {looks:?}"
            );
        }
        // What other servers do at once is seen at once, what fails early is seen early, and what never gets
        // there is asked for rarely.
        assert_eq!(looks(nat_gateway::wait::AVAILABLE, 0).await, [FIRST]);
        assert!(*looks(nat_gateway::wait::AVAILABLE, 20).await.last().unwrap() <= Duration::from_secs(31));
        assert!((60..100).contains(&looks(vpc_endpoint::wait::AVAILABLE, 900).await.len()));
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
                settling.seen(Kind::NatGateway, &[(1, "pending".to_owned())], &[1]);
            }
            told.extend(settling.worth_telling().iter().map(|_| start.elapsed().as_secs()));
        }
        assert_eq!(told, [10, 20, 30, 40]);
    }
}
