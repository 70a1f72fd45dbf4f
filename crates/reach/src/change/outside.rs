//! Who on the internet: ranges of it, and what they are called.

use std::sync::Arc;

use trueup_model::expect::INTERNET_V6;

use crate::address::{AddressSet, Family, ranges};

/// Ranges that are reported one by one; of more their number is reported.
const NAMED_MAX: usize = 3;

/// Ranges that are listed for programs at most.
const LISTED_MAX: usize = 200;

/// Addresses of the internet of which something is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outside {
    /// Their family.
    pub family: Family,
    /// The addresses.
    pub set: AddressSet,
    /// Those that could do already what these come to.
    pub so_far: AddressSet,
    /// All that can do it in the end.
    pub in_the_end: AddressSet,
    /// The whole internet of the family, as far as it is nobody's here.
    pub whole: Arc<AddressSet>,
}

impl Outside {
    /// Addresses of which nothing is known but that something is said of them.
    pub fn of(family: Family, set: AddressSet, whole: Arc<AddressSet>) -> Self {
        Self {
            family,
            so_far: AddressSet::none(),
            in_the_end: set.clone(),
            set,
            whole,
        }
    }

    /// Some of these addresses.
    #[must_use]
    pub fn part(&self, set: AddressSet) -> Self {
        if set == self.set {
            self.clone()
        } else {
            Self {
                so_far: self.so_far.clone(),
                ..Self::of(self.family, set, self.whole.clone())
            }
        }
    }

    /// Whether in the end it is the whole internet.
    pub fn is_whole(&self) -> bool {
        self.in_the_end == *self.whole
    }

    /// `internet` (over IPv6 alone it says so), the ranges where they are few, what of the internet they are not where that is little,
    /// else their number.
    pub fn name(&self) -> String {
        let few = |set: &AddressSet| {
            let all = ranges(set, NAMED_MAX + 1);
            (all.len() <= NAMED_MAX)
                .then(|| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        };
        if self.is_whole() {
            return match self.family {
                Family::V4 => "internet".to_owned(),
                Family::V6 => INTERNET_V6.to_owned(),
            };
        }
        few(&self.set)
            .or_else(|| {
                few(&self.whole.subtract(&self.set)).map(|others| format!("internet except {others}"))
            })
            .unwrap_or_else(|| format!("{} ranges of the internet", self.ranges().len()))
    }

    /// The addresses as ranges.
    pub fn ranges(&self) -> Vec<String> {
        listed(&self.set)
    }

    /// Those of before as ranges.
    pub fn ranges_so_far(&self) -> Vec<String> {
        listed(&self.so_far)
    }
}

fn listed(set: &AddressSet) -> Vec<String> {
    ranges(set, LISTED_MAX).iter().map(ToString::to_string).collect()
}
