//! One token bucket for each action, as EC2 has them for each account and region.
//!
//! The documented sizes are where a bucket starts; every throttle makes it slower, every success a little faster again. At an
//! endpoint that is not AWS's own nothing is documented: a bucket there is open until the first throttle.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The buckets of all actions.
#[derive(Debug)]
pub struct Buckets {
    /// How much of the documented sizes holds from the start; none where nothing is documented.
    share: Option<f64>,
    buckets: Mutex<HashMap<&'static str, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    open: bool,
    size: f64,
    /// Tokens a second: as documented, and now.
    rate_max: f64,
    rate: f64,
    /// May be below zero: so much is promised to those who wait.
    tokens: f64,
    at: Instant,
}

/// What is left of the rate after a throttle.
const SLOWER: f64 = 0.5;
/// What a success makes of it.
const FASTER: f64 = 1.05;
/// The slowest rate: a token in ten seconds.
const RATE_MIN: f64 = 0.1;

impl Buckets {
    /// Full buckets: this share of the documented ones, or open ones.
    pub fn new(share: Option<f64>) -> Self {
        Self { share, buckets: Mutex::default() }
    }

    /// Takes a token for `action`; answers how long it takes until it is there.
    pub fn take(&self, action: &'static str) -> Duration {
        self.with(action, Bucket::take)
    }

    /// EC2 said that there are too many requests for `action`.
    pub fn throttled(&self, action: &'static str) {
        self.with(action, |bucket| {
            bucket.refill();
            if !bucket.open {
                bucket.rate = (bucket.rate * SLOWER).max(RATE_MIN);
            }
            bucket.open = false;
            bucket.tokens = bucket.tokens.min(0.0);
        });
    }

    /// A call of `action` went through.
    pub fn succeeded(&self, action: &'static str) {
        self.with(action, |bucket| {
            // What came in so far came at the rate so far.
            bucket.refill();
            bucket.rate = (bucket.rate * FASTER).min(bucket.rate_max);
        });
    }

    fn with<T>(&self, action: &'static str, change: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        change(buckets.entry(action).or_insert_with(|| Bucket::new(action, self.share)))
    }
}

impl Bucket {
    fn new(action: &str, share: Option<f64>) -> Self {
        let (size, rate) = documented(action);
        let (size, rate) = share.map_or((size, rate), |share| ((size * share).max(1.0), rate * share));
        Self { open: share.is_none(), size, rate_max: rate, rate, tokens: size, at: Instant::now() }
    }

    fn refill(&mut self) {
        let now = Instant::now();
        self.tokens = self.size.min(self.tokens + self.rate * now.duration_since(self.at).as_secs_f64());
        self.at = now;
    }

    fn take(&mut self) -> Duration {
        if self.open {
            return Duration::ZERO;
        }
        self.refill();
        self.tokens -= 1.0;
        if self.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.tokens / self.rate) }
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
            tokio::time::sleep(buckets.take(action)).await;
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
        futures_util::future::join_all((0..8).map(|_| tokio::time::sleep(buckets.take("RunInstances")))).await;
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

    #[tokio::test(start_paused = true)]
    async fn where_nothing_is_documented_the_first_throttle_closes_the_bucket() {
        let buckets = Buckets::new(None);
        assert!(seconds_for(&buckets, "CreateVpc", 1000).await < 0.01);
        buckets.throttled("CreateVpc");
        let closed = seconds_for(&buckets, "CreateVpc", 10).await;
        assert!((1.9..2.1).contains(&closed), "{closed}");
    }
}
