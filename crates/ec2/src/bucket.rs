//! One token bucket for each action, as EC2 has them for each account and region.
//!
//! The documented sizes are where a bucket starts; every throttle makes it slower, every success a little
//! faster again. At an endpoint that is not AWS's own nothing is documented: a bucket there is open until the
//! first throttle.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The buckets of all actions.
#[derive(Debug)]
pub struct Buckets {
    /// How much of the documented sizes holds from the start; none where nothing is documented.
    share: Option<f64>,
    lines: Mutex<HashMap<&'static str, Arc<Line>>>,
}

/// A bucket and those who wait for its tokens, one behind the other. Only the first one looks at the clock,
/// so that all of them go by what the rate is when it is their turn.
#[derive(Debug)]
struct Line {
    bucket: Mutex<Bucket>,
    first: tokio::sync::Mutex<()>,
    waiting: AtomicU32,
}

#[derive(Debug)]
struct Bucket {
    open: bool,
    size: f64,
    /// Tokens a second: as documented, and now.
    rate_max: f64,
    rate: f64,
    tokens: f64,
    at: Instant,
    /// When a throttle last made it slower.
    slowed: Option<Instant>,
}

/// What is left of the rate after a throttle.
const SLOWER: f64 = 0.5;
/// What a success makes of it.
const FASTER: f64 = 1.05;
/// The slowest rate: a token in ten seconds.
const RATE_MIN: f64 = 0.1;
/// Calls that are under way together are refused together: that is one throttle.
const TOGETHER: Duration = Duration::from_secs(1);

impl Buckets {
    /// Full buckets: this share of the documented ones, or open ones.
    pub fn new(share: Option<f64>) -> Self {
        Self {
            share,
            lines: Mutex::default(),
        }
    }

    /// Waits for a token for `action`; tells before how long that takes as things are.
    pub async fn take(&self, action: &'static str, told: impl FnOnce(Duration)) {
        let line = self.line(action);
        let before = line.waiting.fetch_add(1, Ordering::Relaxed);
        let _leaves = Leaves(&line.waiting);
        let wait = line.bucket().wait(before);
        if wait.is_zero() && line.bucket().take().is_zero() {
            return;
        }
        told(wait);
        let _first = line.first.lock().await;
        loop {
            let wait = line.bucket().take();
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// EC2 said that there are too many requests for `action`.
    pub fn throttled(&self, action: &'static str) {
        self.line(action).bucket().throttled();
    }

    /// A call of `action` went through.
    pub fn succeeded(&self, action: &'static str) {
        self.line(action).bucket().succeeded();
    }

    fn line(&self, action: &'static str) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            lines
                .entry(action)
                .or_insert_with(|| Arc::new(Line::new(Bucket::new(action, self.share)))),
        )
    }
}

impl Line {
    fn new(bucket: Bucket) -> Self {
        Self {
            bucket: Mutex::new(bucket),
            first: tokio::sync::Mutex::default(),
            waiting: AtomicU32::default(),
        }
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits no longer, whether the token came or the run ended.
struct Leaves<'a>(&'a AtomicU32);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Bucket {
    fn new(action: &str, share: Option<f64>) -> Self {
        let (size, rate) = documented(action);
        let (size, rate) = share.map_or((size, rate), |share| ((size * share).max(1.0), rate * share));
        Self {
            open: share.is_none(),
            size,
            rate_max: rate,
            rate,
            tokens: size,
            at: Instant::now(),
            slowed: None,
        }
    }

    fn refill(&mut self) {
        let now = Instant::now();
        self.tokens = self
            .size
            .min(self.tokens + self.rate * now.duration_since(self.at).as_secs_f64());
        self.at = now;
    }

    /// How long it takes, as things are, until there is a token for one more behind so many that wait.
    fn wait(&mut self, before: u32) -> Duration {
        if self.open {
            return Duration::ZERO;
        }
        self.refill();
        let missing = f64::from(before) + 1.0 - self.tokens;
        if missing <= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(missing / self.rate)
        }
    }

    /// Takes a token, unless it is not there yet: then says when it will be.
    fn take(&mut self) -> Duration {
        let wait = self.wait(0);
        if wait.is_zero() && !self.open {
            self.tokens -= 1.0;
        }
        wait
    }

    fn throttled(&mut self) {
        self.refill();
        self.tokens = self.tokens.min(0.0);
        if self.slowed.is_some_and(|at| at.elapsed() < TOGETHER) {
            return;
        }
        if !self.open {
            self.rate = (self.rate * SLOWER).max(RATE_MIN);
        }
        self.open = false;
        self.slowed = Some(Instant::now());
    }

    fn succeeded(&mut self) {
        // What came in so far came at the rate so far.
        self.refill();
        self.rate = (self.rate * FASTER).min(self.rate_max);
    }
}

/// The documented size of an action's bucket and the tokens that it gets a second.
fn documented(action: &str) -> (f64, f64) {
    match action {
        "RunInstances" | "StartInstances" => (5.0, 2.0),
        "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => (4.0, 0.3),
        "CreateNatGateway" | "DeleteNatGateway" => (10.0, 1.0),
        "CreateTags" | "DeleteTags" => (100.0, 10.0),
        "TerminateInstances"
        | "ModifyNetworkInterfaceAttribute"
        | "AssignIpv6Addresses"
        | "ModifyInstanceMetadataOptions"
        | "AssociateIamInstanceProfile"
        | "DisassociateIamInstanceProfile" => (100.0, 5.0),
        _ if action.starts_with("Describe") || action.starts_with("Get") => (100.0, 20.0),
        _ => (50.0, 5.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn seconds_for(buckets: &Buckets, action: &'static str, calls: usize) -> f64 {
        let start = Instant::now();
        for _ in 0..calls {
            buckets.take(action, |_| {}).await;
        }
        start.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_then_the_rate_holds() {
        let buckets = Buckets::new(Some(1.0));
        assert!(seconds_for(&buckets, "CreateVpcEndpoint", 4).await < 0.01);
        let more = seconds_for(&buckets, "CreateVpcEndpoint", 6).await;
        assert!((19.0..21.0).contains(&more), "{more}");
        // Every action has its own.
        assert!(seconds_for(&buckets, "CreateVpc", 50).await < 0.01);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_at_once_are_served_one_after_the_other() {
        let buckets = Buckets::new(Some(1.0));
        let start = Instant::now();
        futures_util::future::join_all((0..8).map(|_| buckets.take("RunInstances", |_| {}))).await;
        let took = start.elapsed().as_secs_f64();
        assert!((1.4..1.6).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttle_slows_down_and_success_speeds_up_again() {
        let buckets = Buckets::new(Some(1.0));
        buckets.throttled("CreateVpc");
        let slow = seconds_for(&buckets, "CreateVpc", 5).await;
        assert!((1.9..2.1).contains(&slow), "{slow}");
        for _ in 0..100 {
            buckets.succeeded("CreateVpc");
        }
        let again = seconds_for(&buckets, "CreateVpc", 5).await;
        assert!((0.9..1.1).contains(&again), "{again}");
    }

    /// How long `calls` that are made at once take against an EC2 with this bucket.
    async fn seconds_against(ec2: (f64, f64), share: Option<f64>, calls: usize) -> f64 {
        let (buckets, turns, start) = (
            Buckets::new(share),
            tokio::sync::Semaphore::new(10),
            Instant::now(),
        );
        let ec2 = Mutex::new(Bucket {
            open: false,
            size: ec2.0,
            rate_max: ec2.1,
            rate: ec2.1,
            tokens: ec2.0,
            ..Bucket::new("CreateVpc", None)
        });
        let call = |number: u64| {
            let (buckets, turns, ec2) = (&buckets, &turns, &ec2);
            async move {
                loop {
                    buckets.take("CreateVpc", |_| {}).await;
                    let turn = turns.acquire().await;
                    tokio::time::sleep(Duration::from_millis(100 + number % 7)).await;
                    drop(turn);
                    let taken = ec2.lock().unwrap().take().is_zero();
                    if taken {
                        return buckets.succeeded("CreateVpc");
                    }
                    buckets.throttled("CreateVpc");
                    tokio::time::sleep(Duration::from_millis(300 + number * 13 % 200)).await;
                }
            }
        };
        futures_util::future::join_all((0..calls as u64).map(call)).await;
        start.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn many_that_are_throttled_together_are_through_soon_after_what_ec2_takes() {
        // An endpoint of which nothing is documented and that keeps EC2's limits; a bucket that others have
        // half emptied; one that gets half of what is documented.
        for (ec2, share) in [
            ((50.0, 5.0), None),
            ((10.0, 5.0), Some(1.0)),
            ((50.0, 2.5), Some(1.0)),
        ] {
            let least = (200.0 - ec2.0) / ec2.1;
            let took = seconds_against(ec2, share, 200).await;
            assert!(
                took < least * 2.0 + 10.0,
                "{ec2:?} {share:?}: {took} s, and EC2 takes {least} s"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_is_documented_the_first_throttle_closes_the_bucket() {
        let buckets = Buckets::new(None);
        assert!(seconds_for(&buckets, "CreateVpc", 1000).await < 0.01);
        buckets.throttled("CreateVpc");
        let closed = seconds_for(&buckets, "CreateVpc", 10).await;
        assert!((1.9..2.1).contains(&closed), "{closed}");
    }
}
