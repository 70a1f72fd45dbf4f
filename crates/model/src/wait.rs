//! What is waited for after a call, as constants beside the table of the kind that it belongs to.

use std::time::Duration;

use crate::Wait;

/// A state that an object of a kind is on its way to, and how long EC2 takes to bring it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiter {
    /// The state, in EC2's words: `available`, `running`, `deleted`.
    pub state: &'static str,
    /// Whether an object that EC2 shows no more is in it.
    pub is_gone: bool,
    /// How long EC2 takes at the least, below what its users report.
    pub soonest: Duration,
    /// How long EC2 may take, with a margin over what its documentation and its users report.
    pub max_wait: Duration,
}

impl Waiter {
    /// Waits until EC2 shows it, of a kind without states.
    pub const SHOWN: Self = Self::until("available", 10);

    /// Waits for this state: it may be there at once, and is there within these minutes.
    pub const fn until(state: &'static str, minutes: u64) -> Self {
        Self {
            state,
            is_gone: false,
            soonest: Duration::ZERO,
            max_wait: Duration::from_secs(minutes * 60),
        }
    }

    /// Waits for the end of the object, which EC2 shows for a while with this state, and then no more.
    pub const fn until_gone(state: &'static str, minutes: u64) -> Self {
        let mut waiter = Self::until(state, minutes);
        waiter.is_gone = true;
        waiter
    }

    /// That this object gets there.
    pub fn of(self, id: impl Into<String>) -> Wait {
        Wait {
            id: id.into(),
            until: self,
        }
    }

    /// Takes so many seconds at the least.
    #[must_use]
    pub const fn soonest(mut self, seconds: u64) -> Self {
        self.soonest = Duration::from_secs(seconds);
        self
    }
}
