//! From records to the kinds' typed structs and back, by way of JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use thiserror::Error;

use crate::attr::TAGS;
use crate::fields::FieldName;
use crate::schema::{Attribute, Type};
use crate::value::{Record, Value};
use crate::{Kind, Ref};

/// A record that is not what the kind's struct expects. The spec's reader checks records before they get
/// here, so this is a defect of Trueup and not of a spec.
#[derive(Debug, Error)]
#[error("a record of kind {kind} does not fit its type")]
pub struct JsonError {
    /// Whose record it was.
    pub kind: Kind,
    /// What serde said.
    #[source]
    pub source: serde_json::Error,
}

/// A kind's struct: what the kind is, in Rust's types.
pub trait Typed: Serialize + DeserializeOwned {
    /// Whose struct this is.
    const KIND: Kind;

    /// Reads a record into the struct.
    fn from_record(record: &Record) -> Result<Self, JsonError> {
        serde_json::to_value(record.without(&[TAGS.name]))
            .and_then(serde_json::from_value)
            .map_err(|source| JsonError {
                kind: Self::KIND,
                source,
            })
    }

    /// Writes the struct into a record, without what is not set.
    fn to_record(&self) -> Result<Record, JsonError> {
        let json = serde_json::to_value(self).map_err(|source| JsonError {
            kind: Self::KIND,
            source,
        })?;
        Ok(record(&json, Self::KIND.schema().attributes))
    }
}

/// The record of a JSON object whose fields are `attributes`.
pub fn record(json: &Json, attributes: &[Attribute]) -> Record {
    let Json::Object(fields) = json else {
        return Record::new();
    };
    fields
        .iter()
        .filter_map(|(name, json)| {
            let attribute = attributes.iter().find(|attribute| attribute.name == name);
            let own = attribute.map_or_else(|| name.clone().into(), |attribute| attribute.name.into());
            let value = value(json, attribute.map(|attribute| &attribute.ty))?;
            Some::<(FieldName, Value)>((own, value))
        })
        .collect()
}

/// The value of a JSON document, read as `ty` where that is known; `null` is no value.
pub fn value(json: &Json, ty: Option<&Type>) -> Option<Value> {
    Some(match (json, ty) {
        (Json::Null, _) => return None,
        (Json::Bool(value), _) => Value::Bool(*value),
        (Json::Number(number), _) => number
            .as_i64()
            .map_or_else(|| Value::Text(number.to_string()), Value::Int),
        (Json::String(text), Some(Type::Ref(..) | Type::Id(_))) => Value::Ref(match text.parse() {
            Ok(address) => Ref::Name(address),
            Err(_) => Ref::Id(text.clone()),
        }),
        (Json::String(text), _) => Value::Text(text.clone()),
        (Json::Array(list), Some(Type::Set(members))) => {
            let mut list: Vec<Value> = list
                .iter()
                .filter_map(|json| value(json, Some(&members.ty)))
                .collect();
            members.sort(&mut list);
            Value::List(list)
        }
        (Json::Array(list), _) => Value::List(list.iter().filter_map(|json| value(json, None)).collect()),
        (json, Some(Type::Object(fields))) => Value::Map(record(json, fields)),
        (Json::Object(fields), _) => Value::Map(
            fields
                .iter()
                .filter_map(|(name, json)| Some((name.clone(), value(json, None)?)))
                .collect(),
        ),
    })
}
