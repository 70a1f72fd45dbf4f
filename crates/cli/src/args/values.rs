//! What the options take, where that is more than a text or a number.

use std::str::FromStr;

use clap::ValueEnum;

/// A share of EC2's limits: accounts may have more than is documented.
pub fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.01..=100.0).contains(share));
    share.ok_or_else(|| "it is a number from 0.01 to 100".to_owned())
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// How the sandbox behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Behaviour {
    /// Every state is final at once, and nothing is throttled.
    #[default]
    Instant,
    /// EC2's latencies, eventual consistency and throttling.
    Realistic,
}

/// Text for people or JSON for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How to print a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

/// The fingerprint of a plan: `sha256:` and 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub String);

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digest = text.strip_prefix("sha256:").unwrap_or_default();
        if digest.len() == 64 && digest.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
            return Ok(Self(text.to_owned()));
        }
        Err("a plan's fingerprint is `sha256:` and 64 hex digits; `trueup plan` prints it".to_owned())
    }
}

impl From<Behaviour> for trueup_sandbox::Behaviour {
    fn from(behaviour: Behaviour) -> Self {
        match behaviour {
            Behaviour::Instant => Self::Instant,
            Behaviour::Realistic => Self::Realistic,
        }
    }
}
