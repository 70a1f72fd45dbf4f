//! The one function that every call passes: bucket, call, classify, repeat, count.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::bucket::Buckets;
use crate::classify::{Class, why_it_passes};
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::rehearsal::Rehearsal;
use crate::retry::{jitter_seed, pause, retry_budget};
use crate::waiting::{Teller, Waiting};

/// What a call is made for: it decides how long refusals are waited out.
#[derive(Clone, Copy)]
pub struct CallContext<'a> {
    /// Spreads the pauses.
    pub jitter_seed: u64,
    /// What the call does.
    pub purpose: Purpose,
    /// What it refers to that was made a moment ago and may not be visible everywhere yet: ids, and names
    /// that stand for them.
    pub recently_created: &'a [String],
    /// Whether something that may still be in the way is going away.
    pub deletion_in_flight: bool,
    /// Where the call is only asked about, and not to be carried out.
    pub rehearsal: Option<&'a Rehearsal>,
    /// Hears why a call is repeated.
    pub retrying: &'a dyn Fn(&str),
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reads.
    Read,
    /// Makes an object, and would make another if it were repeated.
    Create,
    /// Makes an object under a client token: repeated, it answers what it made.
    CreateWithToken,
    /// Changes something; repeated, it changes nothing more.
    Change,
    /// Ends something.
    Delete,
    /// Ends something, unless other things are in its way.
    TryDelete,
}

impl<'a> CallContext<'a> {
    /// The context of a call that changes something.
    pub fn new(jitter_seed: u64, retrying: &'a dyn Fn(&str)) -> Self {
        Self {
            jitter_seed,
            purpose: Purpose::Change,
            recently_created: &[],
            deletion_in_flight: false,
            rehearsal: None,
            retrying,
        }
    }

    /// The context of a call that reads, and reports to nobody.
    pub fn read(action: &str) -> Self {
        CallContext {
            purpose: Purpose::Read,
            ..CallContext::new(jitter_seed(action), &|_| {})
        }
    }

    /// The same for a call with another purpose.
    #[must_use]
    pub fn to(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }
}

/// Shorter waits for the request limits are not reported.
const TOLD_WAIT: Duration = Duration::from_secs(5);

/// Makes the calls to one service.
#[derive(Debug)]
pub struct Caller {
    endpoint: Endpoint,
    buckets: Buckets,
    /// How many calls that change something may be under way at a time.
    turns: Semaphore,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    teller: Teller,
    /// Whether the endpoint ever answered: one that never did is not waited for.
    answered: AtomicBool,
    /// Whether repeats are given up: somebody wants the run to end.
    given_up: watch::Sender<bool>,
}

/// What is said of a call that was not repeated, or not made, because the run is being stopped.
const STOPPED: &str = "it was not tried again, because the run was stopped";
const NOT_SENT: &str = "it was not sent, because the run was stopped";

/// What happened so far to a call that is being repeated.
#[derive(Default)]
struct Attempts {
    made: u32,
    /// When each class of refusal first came.
    since: BTreeMap<Class, Instant>,
    ambiguous: bool,
}

impl Caller {
    /// A caller of this endpoint.
    pub fn new(
        endpoint: Endpoint,
        request_rate: Option<f64>,
        parallelism: usize,
        waiting: Option<Waiting>,
    ) -> Self {
        Self {
            turns: Semaphore::new(parallelism),
            buckets: Buckets::new(request_rate.or(endpoint.is_aws.then_some(1.0))),
            endpoint,
            counts: Mutex::default(),
            teller: Teller::new(waiting),
            answered: AtomicBool::new(false),
            given_up: watch::Sender::new(false),
        }
    }

    /// Where it calls.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Takes over what another caller did and learned: its counts and, where both call the same endpoint,
    /// that it answers.
    pub fn include(&self, other: &Self) {
        if self.endpoint.url == other.endpoint.url {
            self.answered
                .fetch_or(other.answered.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (action, count) in other.counts.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            *counts.entry(action).or_default() += count;
        }
    }

    /// How many calls were made, by action.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|(action, count)| ((*action).to_owned(), *count))
            .collect()
    }

    /// Makes the call of `action` that `send` makes from the request, and repeats it as long as the context
    /// has patience with what comes back.
    pub async fn call<B, T, E, F>(
        &self,
        context: &CallContext<'_>,
        action: &'static str,
        request: B,
        send: impl Fn(B) -> F,
    ) -> Result<T, Failure>
    where
        B: Clone,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Some(rehearsal) = context.rehearsal else {
            return self.repeated(context, action, request, send).await;
        };
        let answer = if rehearsal.asks(action) {
            Some(self.repeated(context, action, request, send).await)
        } else {
            None
        };
        Ok(rehearsal.ends(answer).await)
    }

    async fn repeated<B, T, E, F>(
        &self,
        context: &CallContext<'_>,
        action: &'static str,
        request: B,
        send: impl Fn(B) -> F,
    ) -> Result<T, Failure>
    where
        B: Clone,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut attempts = Attempts::default();
        loop {
            let turn = self.unless_given_up(async {
                self.begin(context, action).await;
                // Reads are few and come together; what changes something takes its turn.
                if context.purpose == Purpose::Read {
                    None
                } else {
                    self.turns.acquire().await.ok()
                }
            });
            let Some(turn) = turn.await else {
                return Err(Failure {
                    stopped: true,
                    ..Failure::invalid(action, NOT_SENT)
                });
            };
            *self
                .counts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(action)
                .or_default() += 1;
            // Boxed: the SDK's futures are large, and many wait side by side.
            let answer = Box::pin(send(request.clone())).await;
            drop(turn);
            let failure = match answer {
                Ok(output) => {
                    self.succeeded(action);
                    return Ok(output);
                }
                Err(error) => Failure::new(action, &self.endpoint.url, &error),
            };
            let pause = match self.refused(context, failure.clone(), &mut attempts) {
                Ok(pause) => pause,
                Err(failure) => {
                    self.teller.ended(action);
                    return Err(failure);
                }
            };
            if !self.pause(pause).await {
                let message = format!("{}; {STOPPED}", failure.message.trim_end_matches('.'));
                return Err(Failure {
                    message,
                    stopped: true,
                    ..failure
                });
            }
        }
    }

    /// Awaits a read, and tells what it waits for where it takes long.
    pub async fn told<T>(&self, read: impl Future<Output = T>) -> T {
        self.teller.told(read, || self.counts().values().sum()).await
    }

    async fn begin(&self, context: &CallContext<'_>, action: &'static str) {
        let told = |wait: Duration| {
            if wait >= TOLD_WAIT {
                (context.retrying)(&format!(
                    "{action} waits {} s to stay within EC2's request limits",
                    wait.as_secs()
                ));
            }
        };
        self.buckets.take(action, told).await;
    }

    /// From now on repeats are given up, or are not.
    pub fn give_up_repeats(&self, now: bool) {
        self.given_up.send_replace(now);
    }

    /// Waits; says whether all of it was waited, and not given up.
    pub async fn pause(&self, pause: Duration) -> bool {
        self.unless_given_up(tokio::time::sleep(pause)).await.is_some()
    }

    /// What `waited` comes to, unless repeats are given up before.
    async fn unless_given_up<T>(&self, waited: impl Future<Output = T>) -> Option<T> {
        let mut given_up = self.given_up.subscribe();
        tokio::select! {
            biased;
            _ = given_up.wait_for(|now| *now) => None,
            done = waited => Some(done),
        }
    }

    fn succeeded(&self, action: &'static str) {
        self.answered.store(true, Ordering::Relaxed);
        self.teller.ended(action);
        self.buckets.succeeded(action);
    }

    /// Decides about a refusal: the pause before the next attempt, or the failure for good.
    fn refused(
        &self,
        context: &CallContext<'_>,
        mut failure: Failure,
        attempts: &mut Attempts,
    ) -> Result<Duration, Failure> {
        failure.maybe_done = attempts.ambiguous;
        attempts.ambiguous |= failure.class.is_ambiguous();
        attempts.made += 1;
        let answers = !matches!(
            failure.class,
            Class::Lost | Class::Unreachable | Class::Credentials
        );
        let answered = self.answered.fetch_or(answers, Ordering::Relaxed) || answers;
        if failure.class == Class::Throttle {
            self.buckets.throttled(failure.action);
        }
        let now = Instant::now();
        if !failure.class.is_of_transport() {
            // EC2 answered in between: trouble on the way there begins anew.
            attempts.since.retain(|class, _| !class.is_of_transport());
        }
        let since = *attempts.since.entry(failure.class).or_insert(now);
        let pause = pause(context, failure.action, failure.class, attempts.made);
        let left = retry_budget(context, &failure).saturating_sub(now.duration_since(since));
        if !answered || left.is_zero() {
            return Err(failure);
        }
        let why = why_it_passes(failure.class, &failure.code, &failure.message)
            .map(|why| format!(": {why}"))
            .unwrap_or_default();
        let said = if failure.code.is_empty() {
            failure.message
        } else {
            format!("{} ({}){why}", failure.message, failure.code)
        };
        (context.retrying)(&said);
        if context.purpose == Purpose::Read {
            self.teller.refused(failure.action, &said);
        }
        // Never longer than patience lasts, so that the last attempt comes at its end.
        Ok(pause.min(left))
    }
}
