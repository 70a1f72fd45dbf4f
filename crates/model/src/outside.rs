//! What a plan uses and no spec declares: objects of others, images, instance types.

use std::collections::BTreeSet;
use std::fmt;

use crate::attr::Attr;

/// The fact of an instance that says which architecture its image has.
pub const ARCHITECTURE: Attr<str> = Attr::new("architecture");

/// Something outside a topology that a step uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sought {
    /// An object of others, by its id, the beginning of which says what it is; an image is one of them.
    Object(String),
    /// A key pair, by its name.
    KeyPair(String),
    /// An instance type, which EC2 offers in some places and in others not.
    InstanceType {
        /// Its name.
        name: String,
        /// Where it must be offered.
        zone: Zone,
    },
}

/// A place in a region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// Wherever in the region: which zone it will be is not known.
    Any,
    /// The zone of this name, such as `us-west-2a`.
    Name(String),
    /// The zone of this id, such as `usw2-az1`.
    Id(String),
}

impl Sought {
    /// What a spec calls it.
    pub fn text(&self) -> &str {
        match self {
            Self::Object(text) | Self::KeyPair(text) | Self::InstanceType { name: text, .. } => text,
        }
    }
}

impl fmt::Display for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InstanceType {
                name,
                zone: Zone::Name(zone) | Zone::Id(zone),
            } => write!(f, "{name} in {zone}"),
            _ => f.write_str(self.text()),
        }
    }
}

/// What a look at such a thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// It is there and can be used. The architectures that an image has or an instance type supports, in EC2's
    /// words; none of anything else, and where EC2 does not say.
    There(BTreeSet<String>),
    /// It is there, in a state in which it cannot be used: EC2's word for that.
    Unusable(String),
    /// There is no such thing in this account and region.
    Absent,
    /// It could not be looked up: why.
    Unknown(String),
}
