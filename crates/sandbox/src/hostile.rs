//! A network and a service at their worst, drawn from a seed: throttling, server errors, lost replies, slow
//! answers.

use std::time::Duration;

use crate::state::ids::mix;

/// Put into the extensions of a response that stands for a reply that never came: what was asked for may have
/// happened. [`serve`](crate::serve) breaks the connection off; a transport in process reports an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyLost;

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Answered,
    /// `RequestLimitExceeded`, and nothing was done.
    Throttled,
    /// A server error, and nothing was done.
    Refused,
    /// A server error, though it was done.
    FailedAfter,
    /// It was done, and nobody hears of it.
    Lost,
    /// It never arrived.
    NeverArrived,
}

/// Draws the fates of requests, one after the other.
#[derive(Debug)]
pub struct Hostile {
    seed: u64,
    drawn: u64,
}

impl Hostile {
    /// Equal seeds draw equal fates.
    pub fn new(seed: u64) -> Self {
        Self {
            seed: mix(seed ^ 0x6861_7264),
            drawn: 0,
        }
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        mix(self.seed ^ mix(self.drawn))
    }

    /// Whether one of so many things goes wrong now.
    pub fn strikes(&mut self, one_in: u64) -> bool {
        self.draw().is_multiple_of(one_in)
    }

    /// The fate of the next request, and how long its answer takes.
    pub fn next(&mut self) -> (Fate, Duration) {
        let fate = match self.draw() % 1000 {
            0..50 => Fate::Throttled,
            50..80 => Fate::Refused,
            80..100 => Fate::FailedAfter,
            100..120 => Fate::Lost,
            120..135 => Fate::NeverArrived,
            _ => Fate::Answered,
        };
        let number = self.draw();
        // One in fifty takes seconds, and one in a thousand longer than a client waits.
        let millis = match number % 1000 {
            0 => 25_000 + (number >> 32) % 20_000,
            1..21 => 1000 + (number >> 32) % 9000,
            _ => (number >> 32) % 120,
        };
        (fate, Duration::from_millis(millis))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn fates_follow_the_seed_and_all_occur() {
        let fates = |seed| {
            let mut hostile = Hostile::new(seed);
            (0..2000).map(move |_| hostile.next()).collect::<Vec<_>>()
        };
        assert_eq!(fates(1), fates(1));
        assert_ne!(fates(1), fates(2));
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (fate, _) in fates(3) {
            *counts.entry(format!("{fate:?}")).or_default() += 1;
        }
        assert_eq!(counts.len(), 6, "{counts:?}");
        assert!(
            counts["Answered"] > 1600,
            "most requests come through: {counts:?}"
        );
    }
}
