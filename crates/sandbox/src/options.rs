//! What a caller chooses about a sandbox: how it behaves, its seed and its default region.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The region of a request that carries no signature.
pub const DEFAULT_REGION: &str = "us-west-2";

/// How a [`Sandbox`](crate::Sandbox) is to behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How states, latencies and faults are simulated.
    pub behaviour: Behaviour,
    /// Where ids and simulated faults come from: equal seeds and equal requests give equal answers.
    /// A state file keeps the seed that it was created with.
    pub seed: u64,
    /// The region of a request whose signature names none.
    pub region: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::Instant,
            seed: 0,
            region: DEFAULT_REGION.to_owned(),
        }
    }
}

/// The ways a sandbox can behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// Every state is final by the next call; nothing is throttled.
    #[default]
    Instant,
    /// EC2's documented latencies, eventual consistency of new ids, and request token buckets.
    Realistic,
    /// Realistic states, and faults drawn from the seed: throttling, lost replies, server errors, slow
    /// answers.
    Hostile,
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instant => "instant",
            Self::Realistic => "realistic",
            Self::Hostile => "hostile",
        })
    }
}

/// The text names no behaviour that can be asked for by name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a behaviour of the sandbox: it is `instant` or `realistic`")]
pub struct UnknownBehaviour(pub String);

impl FromStr for Behaviour {
    type Err = UnknownBehaviour;

    /// Reads `instant` or `realistic`. The hostile behaviour is for tests in process and has no name to ask
    /// for.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "instant" => Ok(Self::Instant),
            "realistic" => Ok(Self::Realistic),
            other => Err(UnknownBehaviour(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviours_are_named_both_ways() {
        for behaviour in [Behaviour::Instant, Behaviour::Realistic] {
            assert_eq!(behaviour.to_string().parse(), Ok(behaviour));
        }
        assert_eq!(
            "hostile".parse::<Behaviour>(),
            Err(UnknownBehaviour("hostile".into()))
        );
    }
}
