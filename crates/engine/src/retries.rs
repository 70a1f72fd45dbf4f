//! What acts say about their retries: heard while they are under way, told when the loop comes round.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The same reason is reported again for a step after so long.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// The reasons that were heard and not told yet.
#[derive(Debug, Default)]
pub struct Retries {
    inner: RefCell<Inner>,
    notify: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    untold: Vec<(usize, String)>,
    last: BTreeMap<usize, (String, Instant)>,
}

impl Retries {
    /// Records why the call of a step is repeated. What was reported a moment ago is not worth telling again.
    pub fn record(&self, step: usize, why: &str) {
        let mut inner = self.inner.borrow_mut();
        let old = inner
            .last
            .get(&step)
            .is_some_and(|(last, at)| last == why && at.elapsed() < TOLD_EVERY);
        if !old {
            inner.last.insert(step, (why.to_owned(), Instant::now()));
            inner.untold.push((step, why.to_owned()));
            self.notify.notify_one();
        }
    }

    /// Waits until there is something to tell.
    pub async fn notified(&self) {
        self.notify.notified().await;
    }

    /// What is to be reported now, in the order in which it was heard.
    pub fn drain(&self) -> Vec<(usize, String)> {
        std::mem::take(&mut self.inner.borrow_mut().untold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_reason_is_told_once_in_a_while() {
        let retries = Retries::default();
        for _ in 0..5 {
            retries.record(1, "in use");
            retries.record(2, "in use");
        }
        retries.record(1, "throttled");
        retries.notified().await;
        let told = |step, why: &str| (step, why.to_owned());
        assert_eq!(
            retries.drain(),
            [told(1, "in use"), told(2, "in use"), told(1, "throttled")]
        );
        tokio::time::advance(TOLD_EVERY).await;
        retries.record(1, "throttled");
        assert_eq!(retries.drain(), [told(1, "throttled")]);
    }
}
