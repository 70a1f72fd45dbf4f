//! Tags on their way to EC2: with a create, and by themselves.

use aws_sdk_ec2::types::{Tag, TagSpecification};
use trueup_model::attr::TAGS;
use trueup_model::tags;
pub use trueup_model::tags::action;
use trueup_model::{Acted, Kind, Record, Value};

use crate::act::Task;
use crate::failure::Failure;

/// The tags that a create writes: those of ownership, those of the spec, and which run made it.
pub fn specification(task: &Task<'_>) -> TagSpecification {
    specified(task, task.ec2.session.run())
}

/// The same under a client token: equal calls, whichever process makes them, make one object, and must be
/// equal in everything.
pub fn specification_under(task: &Task<'_>, token: &str) -> TagSpecification {
    specified(task, token.get(..16).unwrap_or(token))
}

fn specified(task: &Task<'_>, run: &str) -> TagSpecification {
    let mut tags = task.act.ownership.clone().with(tags::RUN, run);
    if let Some(own) = task.sets().get(TAGS) {
        tags.set_all(own);
    }
    let kind: Kind = task.act.address.kind;
    TagSpecification::builder()
        .resource_type(kind.schema().tag_type.into())
        .set_tags(Some(list(&tags)))
        .build()
}

fn list(tags: &Record) -> Vec<Tag> {
    let written = tags.iter().filter(|(_, value)| **value != Value::Null);
    written
        .map(|(key, value)| Tag::builder().key(key).value(value.to_string()).build())
        .collect()
}

/// `CreateTags`: writes the tags of `sets`.
pub async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let tags = task.sets().get(TAGS).map(list).unwrap_or_default();
    if !tags.is_empty() {
        let request = task
            .ec2
            .client
            .create_tags()
            .resources(task.id()?)
            .set_tags(Some(tags));
        task.call(action::CREATE, request, |request| request.send())
            .await?;
    }
    Ok(Acted::default())
}

/// `DeleteTags`: takes the keys of `unsets` away, whatever their values.
pub async fn delete(task: &Task<'_>) -> Result<Acted, Failure> {
    let tags = task.unsets().get(TAGS);
    let keys: Vec<Tag> = tags
        .into_iter()
        .flat_map(Record::iter)
        .map(|(key, _)| Tag::builder().key(key).build())
        .collect();
    // Without any key EC2 would take all of them.
    if !keys.is_empty() {
        let request = task
            .ec2
            .client
            .delete_tags()
            .resources(task.id()?)
            .set_tags(Some(keys));
        task.call(action::DELETE, request, |request| request.send())
            .await?;
    }
    Ok(Acted::default())
}
