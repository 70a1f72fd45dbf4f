//! Names, addresses and references: how a spec calls a resource, and how one resource points at another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::Kind;

/// The name of a resource within its kind: `[a-z0-9][a-z0-9._-]*`, at most 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is no name, no address or no reference.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    /// The text breaks the pattern of a name.
    #[error(
        "`{0}` is not a name: names are lower-case letters, digits, `.`, `_` and `-`, start with a letter or digit, and have at most 128 characters"
    )]
    Name(String),
    /// The text has the form of an EC2 id, which a name must not have.
    #[error("`{0}` has the form of an EC2 id, so it cannot name a resource of the topology")]
    IdForm(String),
    /// The text before the dot is no kind.
    #[error("`{0}` is not a kind")]
    Kind(String),
    /// The text is not `kind.name`.
    #[error("`{0}` is not an address: write `kind.name`, such as `subnet.public`")]
    Form(String),
}

const NAME_LENGTH_MAX: usize = 128;

impl Name {
    /// Reads a name, refusing what breaks the pattern.
    pub fn new(text: &str) -> Result<Self, AddressError> {
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let holds = text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'));
        if starts && holds && text.len() <= NAME_LENGTH_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(AddressError::Name(text.to_owned()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A resource of the topology: kind and name, printed `subnet.public`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What it is.
    pub kind: Kind,
    /// What the spec calls it.
    pub name: Name,
}

impl Address {
    /// An address of `kind` called `name`; refuses names that have the form of the kind's ids.
    pub fn new(kind: Kind, name: &str) -> Result<Self, AddressError> {
        if kind.is_id(name) {
            return Err(AddressError::IdForm(name.to_owned()));
        }
        Ok(Self {
            kind,
            name: Name::new(name)?,
        })
    }
}

impl Address {
    /// What no address of `kind` comes before: the start of a range, and nobody's address.
    pub(crate) fn first(kind: Kind) -> Self {
        Self {
            kind,
            name: Name(String::new()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (kind, name) = text
            .split_once('.')
            .ok_or_else(|| AddressError::Form(text.to_owned()))?;
        let kind = kind.parse().map_err(|_| AddressError::Kind(kind.to_owned()))?;
        Self::new(kind, name)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What an attribute points at: a resource of the topology by its address, or anything else by what EC2 calls
/// it.
///
/// As text an address has a dot after its kind (`vpc.main`) and an outside object is its EC2 id (`vpc-0f…`),
/// so the two never mix up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ref {
    /// A resource of this topology.
    Name(Address),
    /// An object outside the topology, or one whose address is being given to a successor: EC2's id (or, for
    /// a reference that follows the name, EC2's name).
    Id(String),
}

impl Ref {
    /// Reads the value of a reference attribute to `kind`: a bare name, or an id of that kind.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, AddressError> {
        if kind.is_id(text) {
            return Ok(Self::Id(text.to_owned()));
        }
        Ok(Self::Name(Address::new(kind, text)?))
    }

    /// The address, where this points into the topology.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Name(address) => Some(address),
            Self::Id(_) => None,
        }
    }

    /// The EC2 id (or name), where this is one already.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Name(_) => None,
            Self::Id(id) => Some(id),
        }
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(address) => address.fmt(f),
            Self::Id(id) => f.write_str(id),
        }
    }
}

impl Serialize for Ref {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ref {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.parse() {
            Ok(address) => Self::Name(address),
            Err(_) => Self::Id(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_name_or_an_id_and_never_both() {
        let name = Ref::parse(Kind::Vpc, "main").unwrap();
        assert_eq!(name.to_string(), "vpc.main");
        let id = Ref::parse(Kind::Vpc, "vpc-0123456789abcdef0").unwrap();
        assert_eq!(id, Ref::Id("vpc-0123456789abcdef0".into()));
        assert_eq!(
            Ref::parse(Kind::Vpc, "vpc-01234567").unwrap(),
            Ref::Id("vpc-01234567".into())
        );
        // Not the length of an id: a name like any other.
        assert_eq!(
            Ref::parse(Kind::Vpc, "vpc-0123").unwrap().to_string(),
            "vpc.vpc-0123"
        );
    }

    #[test]
    fn names_of_the_form_of_an_id_are_refused() {
        let refused = Address::new(Kind::Subnet, "subnet-0123456789abcdef0");
        assert_eq!(
            refused,
            Err(AddressError::IdForm("subnet-0123456789abcdef0".into()))
        );
        assert!(Address::new(Kind::Subnet, "Public").is_err());
        assert!(Address::new(Kind::Subnet, "-x").is_err());
    }

    #[test]
    fn references_survive_json() {
        for reference in [
            Ref::Name("vpc.a.b".parse().unwrap()),
            Ref::Id("my.key".into()),
            Ref::Id("vpc-01234567".into()),
        ] {
            let json = serde_json::to_string(&reference).unwrap();
            assert_eq!(serde_json::from_str::<Ref>(&json).unwrap(), reference);
        }
    }
}
