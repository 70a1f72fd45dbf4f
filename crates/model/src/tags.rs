//! The tags that make an object ours, and how tags are split from them.
//!
//! Identity is two tags that are written by the create call itself; there is no other state.

use crate::value::{Record, Value};
use crate::{Address, Owner};

/// Holds the topology's name.
pub const TOPOLOGY: &str = "trueup:topology";
/// Holds the resource's address.
pub const ADDRESS: &str = "trueup:address";
/// Marks an object whose successor is being made; its value says by which replacement.
pub const RETIRING: &str = "trueup:retiring";
/// Marks an object that must not be deleted, replaced or stopped.
pub const PROTECT: &str = "trueup:protect";
/// The prefix of the tags above, which specs may not use.
pub const PREFIX: &str = "trueup:";
/// What EC2 shows as an object's name.
pub const NAME: &str = "Name";

/// The tags that make an object `address` of `topology`.
pub fn ownership(topology: &str, address: &Address, protect: bool) -> Record {
    let mut tags = Record::new().with(TOPOLOGY, topology).with(ADDRESS, address.to_string());
    if protect {
        tags.set(PROTECT, "true");
    }
    tags
}

/// Splits an object's tags into whose it is and the tags that a spec may speak of. AWS's own (`aws:`) are dropped.
pub fn split<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Option<Owner>, Record) {
    let (mut topology, mut address, mut retiring, mut protect) = (None, None, None, false);
    let mut rest = Record::new();
    for (key, value) in tags {
        match key {
            TOPOLOGY => topology = Some(value.to_owned()),
            ADDRESS => address = Some(value.to_owned()),
            RETIRING => retiring = Some(value.to_owned()),
            PROTECT => protect = value == "true",
            key if key.starts_with("aws:") => {}
            key => rest.set(key, Value::text(value)),
        }
    }
    let owner = match (topology, address) {
        (Some(topology), Some(address)) => Some(Owner { topology, address, retiring, protect }),
        _ => None,
    };
    (owner, rest)
}
