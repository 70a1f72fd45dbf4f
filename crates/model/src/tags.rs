//! The tags that make an object ours, and how tags are split from them.
//!
//! Identity is two tags that are written by the create call itself; there is no other state.

use std::collections::BTreeSet;

use crate::action::actions;
use crate::attr::TAGS;
use crate::value::{Record, Value};
use crate::{Address, Owner, Resource, Standing};

actions! {
    CREATE = modify "CreateTags";
    DELETE = modify "DeleteTags";
}

/// Holds the topology's name.
pub const TOPOLOGY: &str = "trueup:topology";
/// Holds the resource's address.
pub const ADDRESS: &str = "trueup:address";
/// Marks an object whose successor is being made; its value says by which replacement.
pub const RETIRING: &str = "trueup:retiring";
/// Marks an object that must not be deleted, replaced or stopped.
pub const PROTECT: &str = "trueup:protect";
/// Names the attributes whose reading costs a call for each object and that the spec set once: they are read
/// from then on, so that taking the line out of the spec is seen.
pub const READ: &str = "trueup:read";
/// Says which run made an object. Two objects at one address with different ones were made at the same time,
/// and one of them goes; with equal ones, somebody copied the tags.
pub const RUN: &str = "trueup:run";
/// Remembers which tags the spec has written, so that one whose line is taken out of the spec is told from
/// what somebody else put there: five hex digits for each key, because keys in full would not fit into one
/// value.
pub const WRITTEN: &str = "trueup:written";
/// The prefix of the tags above, which specs may not use.
pub const PREFIX: &str = "trueup:";
/// What EC2 shows as an object's name.
pub const NAME: &str = "Name";

/// The tags that make an object the resource of `topology`.
pub fn ownership(topology: &str, resource: &Resource) -> Record {
    let mut tags = Record::new()
        .with(TOPOLOGY, topology)
        .with(ADDRESS, resource.address.to_string());
    if resource.protect {
        tags.set(PROTECT, "true");
    }
    let read = resource.address.kind.schema().read_on_request(&resource.record);
    if !read.is_empty() {
        tags.set(READ, words(&read));
    }
    let written = written(&resource.record);
    if !written.is_empty() {
        tags.set(WRITTEN, written.into_iter().collect::<String>());
    }
    tags
}

/// The command that gives an object the tags by which it is the resource of a topology, as it is typed.
pub fn command(region: &str, id: &str, topology: &str, address: &Address) -> String {
    format!(
        "aws ec2 create-tags --region {region} --resources {id} --tags Key={TOPOLOGY},Value={topology} Key={ADDRESS},Value={address}"
    )
}

/// The name of an object as EC2 shows it; empty where it has none.
pub fn name(record: &Record) -> &str {
    let name = record.get(TAGS).and_then(|tags| tags.value(NAME)?.as_text());
    name.unwrap_or_default()
}

/// What [`WRITTEN`] remembers of a record's tags. EC2's name is no part of it: every spec has one.
pub fn written(record: &Record) -> BTreeSet<String> {
    let tags = record.get(TAGS).into_iter().flat_map(Record::iter);
    tags.filter(|(key, value)| *key != NAME && **value != Value::Null)
        .map(|(key, _)| digest(key))
        .collect()
}

/// What stands for a key in [`WRITTEN`].
pub fn digest(key: &str) -> String {
    let hash = crate::hash::of(key);
    format!("{:0DIGEST_LENGTH$x}", (hash >> 20) ^ (hash & 0xf_ffff))
}

const DIGEST_LENGTH: usize = 5;

/// The digests in a value of [`WRITTEN`].
fn digests(value: &str) -> BTreeSet<String> {
    let digits: Vec<char> = value.chars().collect();
    digits
        .chunks(DIGEST_LENGTH)
        .map(|digest| digest.iter().collect())
        .collect()
}

/// The value of a tag that is a set of words.
pub fn words(set: &BTreeSet<&str>) -> String {
    set.iter().copied().collect::<Vec<_>>().join(" ")
}

/// Splits an object's tags into whose it is and the tags that a spec may speak of. AWS's own (`aws:`) are
/// dropped.
pub fn split<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Option<Owner>, Record) {
    let (mut topology, mut address, mut run) = (None, None, None);
    let mut standing = Standing::Holds;
    let (mut protect, mut read, mut written) = (false, BTreeSet::new(), BTreeSet::new());
    let mut rest = Record::new();
    for (key, value) in tags {
        match key {
            TOPOLOGY => topology = Some(value.to_owned()),
            ADDRESS => address = Some(value.to_owned()),
            RETIRING => standing = Standing::Retiring(value.to_owned()),
            PROTECT => protect = value == "true",
            RUN => run = Some(value.to_owned()),
            WRITTEN => written = digests(value),
            READ => read = value.split_whitespace().map(str::to_owned).collect(),
            key if key.starts_with("aws:") => {}
            key => rest.set(key.to_owned(), value),
        }
    }
    let owner = match (topology, address) {
        (Some(topology), Some(address)) => Some(Owner {
            topology,
            address,
            standing,
            protect,
            read,
            written,
            run,
        }),
        _ => None,
    };
    (owner, rest)
}
