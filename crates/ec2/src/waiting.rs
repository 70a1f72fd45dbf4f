//! What a read waits for, told while it lasts.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// Hears what a read waits for, a sentence each time.
pub type Waiting = Arc<dyn Fn(&str) + Send + Sync>;

/// Shorter reads are not reported.
const TOLD_AFTER: Duration = Duration::from_secs(5);
/// So often it is reported again.
const TOLD_AGAIN_AFTER: Duration = Duration::from_secs(20);

/// Tells what reads wait for.
#[derive(Default)]
pub struct Teller {
    hears: Option<Waiting>,
    /// What the last answer to a call that is being repeated was, by action.
    troubles: Mutex<BTreeMap<&'static str, String>>,
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller")
            .field("troubles", &self.troubles)
            .finish_non_exhaustive()
    }
}

impl Teller {
    /// A teller to whoever hears it.
    pub fn new(hears: Option<Waiting>) -> Self {
        Self {
            hears,
            troubles: Mutex::default(),
        }
    }

    /// A call is to be repeated, for this reason.
    pub fn refused(&self, action: &'static str, why: &str) {
        self.troubles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(action, why.to_owned());
    }

    /// A call came through, or is given up.
    pub fn ended(&self, action: &'static str) {
        self.troubles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(action);
    }

    /// Awaits a read, and tells from time to time that it is waited for. `calls` counts how many calls were
    /// made.
    pub async fn told<T>(&self, read: impl Future<Output = T>, calls: impl Fn() -> u64) -> T {
        let Some(hears) = &self.hears else {
            return read.await;
        };
        let (start, before) = (Instant::now(), calls());
        let mut read = pin!(read);
        let mut next = TOLD_AFTER;
        loop {
            match timeout(next, &mut read).await {
                Ok(done) => return done,
                Err(_) => hears(&self.words(start.elapsed(), calls().saturating_sub(before))),
            }
            next = TOLD_AGAIN_AFTER;
        }
    }

    fn words(&self, since: Duration, calls: u64) -> String {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let told: Vec<String> = troubles
            .iter()
            .map(|(action, why)| format!("{action}: {why}"))
            .collect();
        let told = match (&told[..], calls) {
            ([], 1) => "1 call so far".to_owned(),
            ([], calls) => format!("{calls} calls so far"),
            _ => told.join("; "),
        };
        format!("still reading after {} s: {told}", since.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_read_that_takes_long_is_told_and_a_short_one_is_not() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        let teller = Teller::new(Some(Arc::new(move |text: &str| {
            hears.lock().unwrap().push(text.to_owned());
        })));
        teller
            .told(tokio::time::sleep(Duration::from_secs(4)), || 1)
            .await;
        assert_eq!(heard.lock().unwrap().len(), 0);
        teller.refused("DescribeVpcs", "Request limit exceeded. (RequestLimitExceeded)");
        teller
            .told(tokio::time::sleep(Duration::from_secs(26)), || 7)
            .await;
        teller.ended("DescribeVpcs");
        teller
            .told(tokio::time::sleep(Duration::from_secs(6)), || 7)
            .await;
        assert_eq!(
            *heard.lock().unwrap(),
            [
                "still reading after 5 s: DescribeVpcs: Request limit exceeded. (RequestLimitExceeded)",
                "still reading after 25 s: DescribeVpcs: Request limit exceeded. (RequestLimitExceeded)",
                "still reading after 5 s: 0 calls so far",
            ]
        );
    }
}
