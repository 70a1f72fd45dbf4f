//! The types of a table: how a value is written, and when two of them are the same.

use super::{Attribute, Members};
use crate::net::Format;
use crate::value::{Record, Value};
use crate::{Kind, Ref};

/// How an attribute is written.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number within these bounds, both included.
    Int(i64, i64),
    /// Text of this form.
    Text(&'static Format),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A resource of this kind: its name, or an EC2 id.
    Ref(Kind, Follow),
    /// An object of a kind that no spec declares: its id, of this form.
    Id(&'static Format),
    /// Named fields.
    Object(&'static [Attribute]),
    /// An unordered collection whose members are told apart by a key.
    Set(&'static Members),
    /// A value of this type, or a list of them that stands for as many members.
    OneOrMany(&'static Type),
    /// Tag keys and values; `null` asks for the key to be absent.
    Tags,
    /// An IAM policy document.
    Policy,
}

/// What a reference follows when the resource it names is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// The id: a successor is another resource.
    Id,
    /// The name: a successor of the same name is as good.
    Name,
}

impl Type {
    /// Whether `wanted` differs from `live` under this type's idea of sameness.
    pub fn differs(&self, wanted: &Value, live: Option<&Value>) -> bool {
        match (self, wanted, live) {
            (Self::Tags, Value::Map(wanted), live) => {
                let live = live.and_then(Value::as_map);
                wanted.iter().any(|(key, value)| match value {
                    Value::Null => live.is_some_and(|live| live.value(key).is_some()),
                    value => live.and_then(|live| live.value(key)) != Some(value),
                })
            }
            (Self::Object(fields), Value::Map(wanted), live) => {
                let empty = Record::new();
                let live = live.and_then(Value::as_map).unwrap_or(&empty);
                fields
                    .iter()
                    .any(|field| field.differs(wanted.value(field.name), live.value(field.name)))
            }
            (Self::Set(members), Value::List(wanted), live) => {
                let live = live.map_or(&[][..], Value::as_list);
                members.by_key(wanted) != members.by_key(live)
            }
            (Self::Policy, wanted, Some(live)) => {
                let canonical = |value: &Value| {
                    serde_json::to_value(value)
                        .map(|json| crate::policy::canonical(&json))
                        .ok()
                };
                wanted != live && canonical(wanted) != canonical(live)
            }
            (_, wanted, live) => live != Some(wanted),
        }
    }

    /// Why a live value is not one of this type; none where it is.
    pub(super) fn misfit(&self, live: &Value) -> Option<String> {
        match (self, live) {
            (Self::Int(least, most), Value::Int(number)) if (least..=most).contains(&number) => None,
            (Self::Int(least, most), other) => {
                Some(format!("`{other}` is not a number from {least} to {most}"))
            }
            (Self::Text(format), Value::Text(text)) => {
                (format.read)(text).err().map(|complaint| complaint.message)
            }
            (Self::Choice(words), other) => {
                let known = other.as_text().is_some_and(|word| words.contains(&word));
                (!known).then(|| format!("`{other}` is not {}", words.join(" or ")))
            }
            (Self::Ref(kind, Follow::Id), Value::Ref(Ref::Id(id))) if !kind.is_id(id) => {
                Some(format!("`{id}` is not an id of kind {kind}"))
            }
            (Self::Id(format), Value::Ref(Ref::Id(id))) => {
                (format.read)(id).err().map(|complaint| complaint.message)
            }
            (Self::Object(fields), Value::Map(map)) => fields.iter().find_map(|field| {
                Some(format!(
                    "{} of it: {}",
                    field.name,
                    field.misfit(map.value(field.name)?)?
                ))
            }),
            (Self::Set(members), Value::List(list)) => {
                list.iter().find_map(|member| members.ty.misfit(member))
            }
            (Self::OneOrMany(one), Value::List(list)) => list.iter().find_map(|member| one.misfit(member)),
            (Self::OneOrMany(one), one_value) => one.misfit(one_value),
            _ => None,
        }
    }
}
