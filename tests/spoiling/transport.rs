//! A transport that spoils an answer on its way, and counts what passes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use trueup_ec2::Transport;

use super::how::{How, SLOW};

/// Which answer is spoiled, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoiling {
    /// The action whose answer it is.
    pub action: String,
    /// The number of the call among those of this action, from 0.
    pub nth: usize,
    /// Whether all later answers to this action are spoiled as well.
    pub always: bool,
    /// What is done to it.
    pub how: How,
}

/// What passed.
#[derive(Debug, Default)]
pub struct Log {
    /// How many calls there were, by action.
    pub counts: BTreeMap<String, usize>,
    /// The answers in their order, as they were before they were spoiled: where they are kept.
    pub answers: Option<Vec<(String, String)>>,
    /// Whether answers are spoiled no more.
    pub over: bool,
}

impl Log {
    /// All calls.
    pub fn calls(&self) -> usize {
        self.counts.values().sum()
    }

    /// The first call that changes something.
    pub fn changed(&self) -> Option<&str> {
        self.counts
            .keys()
            .map(String::as_str)
            .find(|action| !is_read(action))
    }
}

/// Whether an action reads.
pub fn is_read(action: &str) -> bool {
    action.starts_with("Describe") || action.starts_with("Get")
}

/// A log that a transport writes.
pub type SharedLog = Arc<Mutex<Log>>;

/// The log, whatever befell those who held it.
pub fn locked(log: &SharedLog) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A transport over another one that spoils what it is told to.
pub fn spoiler(inner: Transport, spoiling: Option<Spoiling>, log: SharedLog) -> Transport {
    Arc::new(move |request: http::Request<Bytes>| {
        let (inner, spoiling, log) = (Arc::clone(&inner), spoiling.clone(), Arc::clone(&log));
        Box::pin(async move {
            let action = action(request.body());
            let nth = {
                let mut log = locked(&log);
                let count = log.counts.entry(action.clone()).or_default();
                *count += 1;
                *count - 1
            };
            let answer = inner(request).await;
            let over = {
                let mut log = locked(&log);
                if let Some(answers) = &mut log.answers {
                    answers.push((
                        action.clone(),
                        String::from_utf8_lossy(answer.body()).into_owned(),
                    ));
                }
                log.over
            };
            let hit = |spoiling: &Spoiling| {
                let at = if spoiling.always {
                    nth >= spoiling.nth
                } else {
                    nth == spoiling.nth
                };
                at && spoiling.action == action
            };
            match spoiling.filter(|spoiling| !over && hit(spoiling)) {
                None => answer,
                Some(Spoiling { how: How::Slow, .. }) => {
                    tokio::time::sleep(SLOW).await;
                    answer
                }
                Some(Spoiling { how, .. }) => how.spoil(answer),
            }
        })
    })
}

/// The action of a request.
fn action(body: &Bytes) -> String {
    let found = form_urlencoded::parse(body).find(|(name, _)| name == "Action");
    found.map(|(_, action)| action.into_owned()).unwrap_or_default()
}
