//! Time: a start on the wall clock plus what has elapsed on tokio's clock, which tests can pause.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// A second, a minute and an hour in [`Millis`].
pub const SECOND: Millis = 1000;
/// A minute in [`Millis`].
pub const MINUTE: Millis = 60 * SECOND;
/// An hour in [`Millis`].
pub const HOUR: Millis = 60 * MINUTE;

/// The sandbox's clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Millis,
    since: Instant,
}

impl Clock {
    /// A clock that shows `start` now.
    pub fn starting_at(start: SystemTime) -> Self {
        let start = start.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            start: Millis::try_from(start.as_millis()).unwrap_or(Millis::MAX / 2),
            since: Instant::now(),
        }
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        self.start
            .saturating_add(Millis::try_from(self.since.elapsed().as_millis()).unwrap_or(Millis::MAX / 2))
    }
}

/// The time as EC2 writes it: `2026-01-02T03:04:05.000Z`, whole seconds.
pub fn stamp(time: Millis) -> String {
    let seconds = time.div_euclid(SECOND);
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| "1970-01-01T00:00:00.000Z".to_owned(),
        |time| time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_follows_tokios() {
        let clock = Clock::starting_at(UNIX_EPOCH + Duration::from_secs(1_767_322_800));
        assert_eq!(stamp(clock.now()), "2026-01-02T03:00:00.000Z");
        tokio::time::advance(Duration::from_secs(3661)).await;
        assert_eq!(stamp(clock.now()), "2026-01-02T04:01:01.000Z");
    }
}
