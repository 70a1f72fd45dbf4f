//! One mutating call as data: what a step will ask of EC2, before its references are resolved.

use ipnet::IpNet;

use crate::action::{ApiAction, Role};
use crate::net::overlap;
use crate::value::Record;

/// One mutating call of EC2, or one local act such as writing a key file.
///
/// What it sets and takes away decides its place in the order: it follows what makes the objects that `sets`
/// refers to, and precedes what deletes the objects that only `unsets` refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The EC2 action, such as `CreateSubnet`.
    pub action: ApiAction,
    /// The attributes, or members of them, that it establishes.
    pub sets: Record,
    /// The attributes, or members of them, that it takes away.
    pub unsets: Record,
    /// How far the objects in `sets` must be before it.
    pub needs: Needs,
}

/// How far the objects that a call refers to must be before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Needs {
    /// All that this plan does to them must be done: a launch needs the subnet with its route table.
    #[default]
    Ready,
    /// They must exist: two groups may refer to each other in their rules.
    Exists,
}

impl Call {
    /// A call that establishes and takes away nothing.
    pub(crate) fn new(action: ApiAction) -> Self {
        Self {
            action,
            sets: Record::new(),
            unsets: Record::new(),
            needs: Needs::Ready,
        }
    }

    /// What it does to the object's existence.
    pub fn role(&self) -> Role {
        self.action.role
    }

    /// Establishes these.
    #[must_use]
    pub fn setting(mut self, sets: Record) -> Self {
        self.sets = sets;
        self
    }

    /// Takes these away.
    #[must_use]
    pub fn unsetting(mut self, unsets: Record) -> Self {
        self.unsets = unsets;
        self
    }

    /// Is satisfied when the objects it refers to exist.
    #[must_use]
    pub fn needing(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }
}

/// What only one object can have at a time, such as a key's name: how a spec is told that gives it to two.
#[derive(Debug, PartialEq, Eq)]
pub struct Exclusive {
    /// The attribute that says who has it.
    pub attribute: &'static str,
    /// The code of the diagnostic.
    pub code: &'static str,
    /// What to do.
    pub help: &'static str,
}

/// Something that only one object can have at a time. A call that takes it follows every call of the plan
/// that gives it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is about.
    pub of: &'static Exclusive,
    /// Where it is exclusive, such as `ranges in vpc.main`.
    pub space: String,
    /// What is taken there.
    pub taken: Taken,
    /// What it is in a sentence, such as `10.0.1.0/24 in vpc.main`. Printed as the reason for an order.
    pub what: String,
}

/// What a claim takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The whole space, or a name in it.
    Text(String),
    /// A range of addresses: overlapping ones clash.
    Range(IpNet),
}

impl Claim {
    /// A claim of a name.
    pub fn text(
        of: &'static Exclusive,
        space: impl Into<String>,
        text: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            of,
            space: space.into(),
            taken: Taken::Text(text.into()),
            what: what.into(),
        }
    }

    /// A claim of a range; text that is no range claims its spelling.
    pub fn range(
        of: &'static Exclusive,
        space: impl Into<String>,
        range: &str,
        what: impl Into<String>,
    ) -> Self {
        let taken = range
            .parse()
            .map_or_else(|_| Taken::Text(range.to_owned()), Taken::Range);
        Self {
            of,
            space: space.into(),
            taken,
            what: what.into(),
        }
    }

    /// Whether both cannot hold at a time.
    pub fn clashes(&self, other: &Self) -> bool {
        self.space == other.space
            && match (&self.taken, &other.taken) {
                (Taken::Range(a), Taken::Range(b)) => overlap(a, b),
                (a, b) => a == b,
            }
    }
}
