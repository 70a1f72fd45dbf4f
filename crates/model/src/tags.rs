//! The tags that make an object ours, and how tags are split from them.
//!
//! Identity is two tags that are written by the create call itself; there is no other state.

use std::collections::BTreeSet;

use crate::value::{Record, Value};
use crate::{Address, Owner, Resource};

/// Holds the topology's name.
pub const TOPOLOGY: &str = "trueup:topology";
/// Holds the resource's address.
pub const ADDRESS: &str = "trueup:address";
/// Marks an object whose successor is being made; its value says by which replacement.
pub const RETIRING: &str = "trueup:retiring";
/// Marks an object that must not be deleted, replaced or stopped.
pub const PROTECT: &str = "trueup:protect";
/// Names the attributes whose reading costs a call for each object and that the spec set once: they are read from then on, so
/// that taking the line out of the spec is seen.
pub const READ: &str = "trueup:read";
/// Says which run made an object. Two objects at one address with different ones were made at the same time, and one of them goes;
/// with equal ones, somebody copied the tags.
pub const RUN: &str = "trueup:run";
/// The prefix of the tags above, which specs may not use.
pub const PREFIX: &str = "trueup:";
/// What EC2 shows as an object's name.
pub const NAME: &str = "Name";

/// The tags that make an object the resource of `topology`.
pub fn ownership(topology: &str, resource: &Resource) -> Record {
    let mut tags = Record::new().with(TOPOLOGY, topology).with(ADDRESS, resource.address.to_string());
    if resource.protect {
        tags.set(PROTECT, "true");
    }
    let read = resource.address.kind.schema().read_on_request(&resource.record);
    if !read.is_empty() {
        tags.set(READ, words(&read));
    }
    tags
}

/// The command that gives an object the tags by which it is the resource of a topology, as it is typed.
pub fn command(region: &str, id: &str, topology: &str, address: &Address) -> String {
    format!("aws ec2 create-tags --region {region} --resources {id} --tags Key={TOPOLOGY},Value={topology} Key={ADDRESS},Value={address}")
}

/// The value of a tag that is a set of words.
pub fn words(set: &BTreeSet<&str>) -> String {
    set.iter().copied().collect::<Vec<_>>().join(" ")
}

/// Splits an object's tags into whose it is and the tags that a spec may speak of. AWS's own (`aws:`) are dropped.
pub fn split<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Option<Owner>, Record) {
    let (mut topology, mut address, mut retiring, mut run) = (None, None, None, None);
    let (mut protect, mut read) = (false, BTreeSet::new());
    let mut rest = Record::new();
    for (key, value) in tags {
        match key {
            TOPOLOGY => topology = Some(value.to_owned()),
            ADDRESS => address = Some(value.to_owned()),
            RETIRING => retiring = Some(value.to_owned()),
            PROTECT => protect = value == "true",
            RUN => run = Some(value.to_owned()),
            READ => read = value.split_whitespace().map(str::to_owned).collect(),
            key if key.starts_with("aws:") => {}
            key => rest.set(key, Value::text(value)),
        }
    }
    let owner = match (topology, address) {
        (Some(topology), Some(address)) => Some(Owner { topology, address, retiring, protect, read, run }),
        _ => None,
    };
    (owner, rest)
}
