//! Verdicts: an answer in a word.

use serde::Serialize;

use crate::answer::Answer;
use crate::service::ServiceSet;

/// An answer in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All that was asked about works, from every port of the client.
    Allowed,
    /// Some of it works: some services, some addresses, or some of the client's ports.
    Partial,
    /// Nothing of it works.
    Blocked,
    /// It cannot be told.
    Unknown,
    /// EC2 would refuse the network on the way.
    Invalid,
}

impl Verdict {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Partial => "partial",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Answer {
    /// The verdict about these services; without any, about whether anything at all works that is answered.
    pub fn verdict(&self, over: Option<&ServiceSet>) -> Verdict {
        if self.invalid {
            return Verdict::Invalid;
        }
        let Some(over) = over else {
            let any = |set: &ServiceSet| set.overlaps(&ServiceSet::conversations());
            return match (any(&self.allowed), any(&self.partial), any(&self.unknown)) {
                (true, ..) => Verdict::Allowed,
                (_, true, _) => Verdict::Partial,
                (_, _, true) => Verdict::Unknown,
                _ => Verdict::Blocked,
            };
        };
        let asked = over.intersect(&self.asked);
        // What is not known may be allowed, or blocked: where that makes a difference, it cannot be told.
        let word = |allowed: &ServiceSet, reached: &ServiceSet| {
            if asked.is_empty() || !reached.overlaps(&asked) {
                Verdict::Blocked
            } else if allowed.is_superset(&asked) {
                Verdict::Allowed
            } else {
                Verdict::Partial
            }
        };
        let worst = word(&self.allowed, &self.allowed.union(&self.partial));
        let best = word(&self.allowed.union(&self.unknown), &self.possible());
        if worst == best { worst } else { Verdict::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_counts_only_where_it_matters() {
        let asked = ServiceSet::all();
        let tcp = |from, to| ServiceSet::tcp(from, to);
        let over = tcp(80, 90);
        let verdict = |allowed, partial, unknown| {
            Answer {
                allowed,
                partial,
                unknown,
                asked: asked.clone(),
                ..Answer::default()
            }
            .verdict(Some(&over))
        };
        let none = ServiceSet::none;
        assert_eq!(verdict(tcp(0, 100), none(), none()), Verdict::Allowed);
        assert_eq!(verdict(tcp(80, 80), none(), none()), Verdict::Partial);
        assert_eq!(verdict(none(), none(), tcp(0, 79)), Verdict::Blocked);
        assert_eq!(verdict(none(), none(), tcp(85, 85)), Verdict::Unknown);
        assert_eq!(verdict(tcp(80, 84), none(), tcp(85, 90)), Verdict::Unknown);
        assert_eq!(verdict(tcp(80, 84), none(), tcp(85, 86)), Verdict::Partial);
        assert_eq!(verdict(tcp(80, 84), tcp(85, 85), tcp(86, 90)), Verdict::Partial);
    }
}
