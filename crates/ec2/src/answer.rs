//! What all kinds share in reading EC2's answers.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Tag;
use trueup_model::json::Typed;
use trueup_model::{Object, Record, Ref, Value, tags};

use crate::failure::Failure;

/// A text that is there: some endpoints answer an empty text for what is absent.
pub fn some(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// An id that is there.
pub fn reference(id: Option<String>) -> Option<Ref> {
    some(id).map(Ref::Id)
}

/// An object of kind `T` as EC2 answered it. Its tags are split into whose it is and what a spec may speak of.
pub fn object<T: Typed>(id: Option<String>, typed: &T, tags: Option<Vec<Tag>>, facts: Record) -> Result<Object, Failure> {
    let defect = |why: String| Failure::invalid("Describe", why);
    let id = some(id).ok_or_else(|| defect(format!("EC2 answered a {} without an id", T::KIND)))?;
    let mut record = typed.to_record().map_err(|error| defect(crate::failure::chain(&error)))?;
    let tags = tags.unwrap_or_default();
    let pairs = tags.iter().filter_map(|tag| Some((tag.key.as_deref()?, tag.value.as_deref().unwrap_or_default())));
    let (owner, rest) = tags::split(pairs);
    record.set("tags", rest);
    Ok(Object { kind: T::KIND, id, record, facts, owner, implicit: false, unread: BTreeMap::new() })
}

/// Facts from those that are there.
pub fn facts<const N: usize>(pairs: [(&str, Option<String>); N]) -> Record {
    pairs.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::Text(some(text)?)))).collect()
}
