//! Records: one resource's attributes as ordered plain data, whatever its kind.
//!
//! Diff, graph, engine and report handle records and never name an attribute.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::attr::{Attr, Form, Key, Spelled};
use crate::fields::{FieldName, Fields};
use crate::{Address, Ref};

/// One value of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Declared to be absent; only tags can say that.
    Null,
    /// A switch.
    Bool(bool),
    /// A number; the attribute's documentation gives its unit.
    Int(i64),
    /// Text, in canonical form: a range is masked, a port range is `from-to`.
    Text(String),
    /// What is no text: user data that is compressed.
    Bytes(Vec<u8>),
    /// A reference to another resource.
    Ref(Ref),
    /// What is known only after apply: the id of a resource that this plan creates. Only plans hold it.
    Unknown(Address),
    /// A list, in its order; sets are sorted.
    List(Vec<Value>),
    /// Named values.
    Map(Record),
}

impl Value {
    /// Text from anything that becomes a string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Bytes as a value: text where they are text.
    pub fn data(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Bytes(error.into_bytes()), Self::Text)
    }

    /// The bytes of a text, or of what is none.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text, where this is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The switch, where this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, where this is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The reference, where this is one.
    pub fn as_ref(&self) -> Option<&Ref> {
        match self {
            Self::Ref(reference) => Some(reference),
            _ => None,
        }
    }

    /// The members, where this is a list.
    pub fn as_set(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The list, where this is one; anything else is an empty list.
    pub fn as_list(&self) -> &[Value] {
        self.as_set().unwrap_or_default()
    }

    /// The map, where this is one.
    pub fn as_map(&self) -> Option<&Record> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Calls `visit` with every reference in this value.
    pub fn each_ref<'a>(&'a self, visit: &mut dyn FnMut(&'a Ref)) {
        match self {
            Self::Ref(reference) => visit(reference),
            Self::List(list) => list.iter().for_each(|value| value.each_ref(visit)),
            Self::Map(map) => map.each_ref(visit),
            _ => {}
        }
    }

    /// Whether there is a reference in this value.
    fn has_refs(&self) -> bool {
        match self {
            Self::Ref(_) => true,
            Self::List(list) => list.iter().any(Value::has_refs),
            Self::Map(map) => map.iter().any(|(_, value)| value.has_refs()),
            _ => false,
        }
    }

    /// This value with every reference put through `change`.
    pub fn map_refs(&self, change: &dyn Fn(&Ref) -> Value) -> Self {
        match self {
            Self::Ref(reference) => change(reference),
            Self::List(list) => Self::List(list.iter().map(|value| value.map_refs(change)).collect()),
            Self::Map(map) => Self::Map(map.map_refs(change)),
            other => other.clone(),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<Ref> for Value {
    fn from(value: Ref) -> Self {
        Self::Ref(value)
    }
}

/// Bytes that are no text, in a form that no two share.
fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold("hex:".to_owned(), |mut hex, byte| {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Prints on one line, as a person would write it in a spec.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Bytes(bytes) => f.write_str(&hex(bytes)),
            Self::Ref(reference) => reference.fmt(f),
            Self::Unknown(address) => write!(f, "{address} (new)"),
            Self::List(list) => {
                f.write_str("[")?;
                for (index, value) in list.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Map(map) => map.fmt(f),
        }
    }
}

/// A reference is its text, what is unknown is `{"unknown": address}`; the rest is plain JSON.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_str(&hex(bytes)),
            Self::Ref(reference) => reference.serialize(serializer),
            Self::Unknown(address) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("unknown", address)?;
                map.end()
            }
            Self::List(list) => serializer.collect_seq(list),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

/// Named values in the order of their names. A clone shares them until one of the two changes: a plan clones
/// records at every turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record(Arc<Fields>);

impl Record {
    /// A record without attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// What an attribute is, where it is set.
    pub fn get<T: Form + ?Sized>(&self, attr: Attr<T>) -> Option<T::Read<'_>> {
        self.value(attr.name).and_then(T::read)
    }

    /// The value of a name that is data.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Whether something is set, whatever it is.
    pub fn has(&self, name: impl AsRef<str>) -> bool {
        self.0.get(name.as_ref()).is_some()
    }

    /// Sets something, replacing what was there.
    pub fn set<V: Into<Value>>(&mut self, key: impl Key<V>, value: V) {
        Arc::make_mut(&mut self.0).insert(key.name(), value.into());
    }

    /// Sets something where there is a value, and removes it where there is none.
    pub fn set_option<V: Into<Value>>(&mut self, key: impl Key<V>, value: Option<V>) {
        match value {
            Some(value) => self.set(key, value),
            None => drop(self.remove(key.name())),
        }
    }

    /// This record with something set: for building one in an expression.
    #[must_use]
    pub fn with<V: Into<Value>>(mut self, key: impl Key<V>, value: V) -> Self {
        self.set(key, value);
        self
    }

    /// Takes something out.
    pub fn remove(&mut self, name: impl AsRef<str>) -> Option<Value> {
        if self.has(&name) {
            Arc::make_mut(&mut self.0).remove(name.as_ref())
        } else {
            None
        }
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The attributes in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Sets all that another record sets.
    pub fn set_all(&mut self, other: &Record) {
        let own = Arc::make_mut(&mut self.0);
        other
            .0
            .iter()
            .for_each(|(name, value)| own.insert(name.clone(), value.clone()));
    }

    /// The attributes of which this holds.
    #[must_use]
    pub fn filter(&self, mut is_meant: impl FnMut(&str, &Value) -> bool) -> Self {
        let all = self.0.iter().filter(|(name, value)| is_meant(name, value));
        Self(Arc::new(all.cloned().collect()))
    }

    /// The attributes of `names` only.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        self.filter(|name, _| names.contains(&name))
    }

    /// All attributes but those of `names`.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        self.filter(|name, _| !names.contains(&name))
    }

    /// A text, or the empty one.
    pub fn text<T: Spelled + ?Sized>(&self, attr: Attr<T>) -> &str {
        self.value(attr.name).and_then(Value::as_text).unwrap_or_default()
    }

    /// The members of a set; none where it is absent.
    pub fn list(&self, attr: Attr<[Value]>) -> &[Value] {
        self.get(attr).unwrap_or_default()
    }

    /// The members of a set that are records.
    pub fn records(&self, attr: Attr<[Value]>) -> impl Iterator<Item = &Record> {
        self.list(attr).iter().filter_map(Value::as_map)
    }

    /// The members of a set that are references.
    pub fn references(&self, attr: Attr<[Value]>) -> impl Iterator<Item = &Ref> {
        self.list(attr).iter().filter_map(Value::as_ref)
    }

    /// Calls `visit` with every reference in this record.
    pub fn each_ref<'a>(&'a self, visit: &mut dyn FnMut(&'a Ref)) {
        self.0.iter().for_each(|(_, value)| value.each_ref(visit));
    }

    /// Every reference in this record, in order.
    pub fn refs(&self) -> Vec<&Ref> {
        let mut refs = Vec::new();
        self.each_ref(&mut |reference| refs.push(reference));
        refs
    }

    /// This record with every reference put through `change`.
    #[must_use]
    pub fn map_refs(&self, change: &dyn Fn(&Ref) -> Value) -> Self {
        if !self.iter().any(|(_, value)| value.has_refs()) {
            return self.clone();
        }
        let changed = self
            .0
            .iter()
            .map(|(name, value)| (name.clone(), value.map_refs(change)));
        Self(Arc::new(changed.collect()))
    }
}

/// Of values with the same name the last one counts.
impl<N: Into<FieldName>> FromIterator<(N, Value)> for Record {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value));
        Self(Arc::new(pairs.collect()))
    }
}

impl From<Record> for Value {
    fn from(record: Record) -> Self {
        Self::Map(record)
    }
}

impl From<Vec<Value>> for Value {
    fn from(list: Vec<Value>) -> Self {
        Self::List(list)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            write!(f, "{}{name}: {value}", if index == 0 { "" } else { ", " })?;
        }
        f.write_str("}")
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
