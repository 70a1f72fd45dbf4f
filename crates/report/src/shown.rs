//! How one value is shown: on one line, harmless to a terminal, long texts that may be secret as a digest.

use trueup_model::schema::Members;
use trueup_model::{Attribute, Kind, Place, Type, Value};

pub use crate::clean::clean;

/// What the table of `kind` says about the attribute, or the field of an attribute, at `path`.
pub fn attribute(kind: Kind, path: &str) -> Option<&'static Attribute> {
    let mut names = path.split('.');
    let mut found = kind.schema().attribute(names.next()?)?;
    for name in names {
        let Type::Object(fields) = found.ty else {
            return None;
        };
        found = fields.iter().find(|field| field.name == name)?;
    }
    Some(found)
}

/// The members of the set at `path`, where that is one. Named values (tags) are not in a table and are none.
pub fn members(kind: Kind, path: &str) -> Option<&'static Members> {
    match attribute(kind, path)?.ty {
        Type::Set(members) => Some(members),
        _ => None,
    }
}

/// The value on one line, as a person would write it in a spec.
pub fn value(value: &Value) -> String {
    match value {
        Value::Text(text) if text.is_empty() || text.trim() != text => format!("\"{}\"", clean(text)),
        Value::Text(text) => clean(text),
        Value::List(list) => format!(
            "[{}]",
            list.iter().map(self::value).collect::<Vec<_>>().join(", ")
        ),
        Value::Map(map) => {
            let fields: Vec<String> = map
                .iter()
                .map(|(name, field)| format!("{}: {}", clean(name), self::value(field)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => clean(&other.to_string()),
    }
}

/// The SHA-256 of a value's text, in hex.
pub fn sha256(value: &Value) -> String {
    let bytes = value
        .as_bytes()
        .map_or_else(|| value.to_string().into_bytes(), <[u8]>::to_vec);
    trueup_model::hash::sha256(&bytes)
}

/// A value that is long and possibly secret: the beginning of its digest, and its length.
pub fn digest(value: &Value) -> String {
    let bytes = value.as_bytes().map_or(0, <[u8]>::len);
    format!("sha256:{}… ({bytes} bytes)", &sha256(value)[..12])
}

/// A place as `file:line`.
pub fn place(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::Record;

    #[test]
    fn values_are_one_harmless_line() {
        assert_eq!(
            value(&Value::text("a\u{1b}[31m\nb\u{202e}")),
            "a\\u{1b}[31m\\nb\\u{202e}"
        );
        assert_eq!(value(&Value::text("")), "\"\"");
        assert_eq!(value(&Value::text(" a")), "\" a\"");
        let nested = Value::List(vec![Value::Map(Record::new().with("a", 1).with("b", "\t"))]);
        assert_eq!(value(&nested), "[{a: 1, b: \"\\t\"}]");
    }

    #[test]
    fn attributes_are_found_by_their_path() {
        let fields = Kind::ALL.iter().flat_map(|kind| {
            kind.schema().attributes.iter().filter_map(move |a| match a.ty {
                Type::Object(fields) => Some((*kind, a.name, fields)),
                _ => None,
            })
        });
        for (kind, name, fields) in fields {
            for field in fields {
                assert_eq!(
                    attribute(kind, &format!("{name}.{}", field.name)).map(|a| a.name),
                    Some(field.name)
                );
            }
        }
        assert!(attribute(Kind::Vpc, "nothing.here").is_none());
    }
}
