//! The members of a set: what tells them apart, in which order they are, and how two sets differ.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use crate::schema::Type;
use crate::value::{Record, Value};

/// The members of a set.
#[derive(Debug)]
pub struct Members {
    /// What each one is.
    pub ty: Type,
    /// The fields that tell members apart, in the order in which members are compared; none where a member is
    /// a plain value, which tells itself apart.
    pub key: &'static [&'static str],
    /// How a key reads, from a member or from nothing but those fields: `tcp/22 cidr 0.0.0.0/0`.
    pub key_words: fn(&Value) -> String,
    /// What a member is besides its key, in words; none where its fields say it.
    pub words: Option<fn(&Value) -> String>,
    /// One of them as a spec may have it, for messages; empty where its type says enough.
    pub example: &'static str,
}

/// What tells one member of a set apart from the others: data, so that a nicer wording is another text and
/// the same key.
#[derive(Clone)]
pub struct MemberKey {
    /// The fields of the key that the member has, in their order; of a plain value itself, under no name.
    fields: Vec<(&'static str, Value)>,
    words: fn(&Value) -> String,
}

impl MemberKey {
    /// The key of a member that is a plain value, or of a tag.
    pub fn plain(value: Value) -> Self {
        Self {
            fields: vec![("", value)],
            words: Value::to_string,
        }
    }

    /// Whether this text is all there is to it.
    pub fn is_text(&self, text: &str) -> bool {
        matches!(&self.fields[..], [(_, Value::Text(own))] if own == text)
    }

    /// The key as plain data, without how it reads.
    pub fn value(&self) -> Value {
        match &self.fields[..] {
            [("", value)] => value.clone(),
            fields => Value::Map(
                fields
                    .iter()
                    .map(|(name, value)| (*name, value.clone()))
                    .collect(),
            ),
        }
    }
}

impl PartialEq for MemberKey {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for MemberKey {}

impl PartialOrd for MemberKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MemberKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.fields.cmp(&other.fields)
    }
}

/// As users read it.
impl fmt::Display for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&(self.words)(&self.value()))
    }
}

impl fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.fields).finish()
    }
}

impl Members {
    /// Members that are plain values.
    pub const fn plain(ty: Type) -> Self {
        Self::keyed(ty, &[], Value::to_string)
    }

    /// Members that these fields tell apart, which read like this.
    pub const fn keyed(ty: Type, key: &'static [&'static str], key_words: fn(&Value) -> String) -> Self {
        Self {
            ty,
            key,
            key_words,
            words: None,
            example: "",
        }
    }

    /// A member is written like this.
    #[must_use]
    pub const fn like(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Members are shown in these words.
    #[must_use]
    pub const fn in_words(mut self, words: fn(&Value) -> String) -> Self {
        self.words = Some(words);
        self
    }

    /// What tells a member apart.
    pub fn key(&self, member: &Value) -> MemberKey {
        let fields = match member.as_map().filter(|_| !self.key.is_empty()) {
            Some(map) => {
                let has = |name: &&'static str| Some((*name, map.value(name)?.clone()));
                self.key.iter().filter_map(has).collect()
            }
            None => vec![("", member.clone())],
        };
        MemberKey {
            fields,
            words: self.key_words,
        }
    }

    /// What a member has besides its key.
    pub fn besides(&self, member: &Record) -> Record {
        member.without(self.key)
    }

    /// Puts members in their order.
    pub fn sort(&self, list: &mut [Value]) {
        list.sort_by_cached_key(|member| self.key(member));
    }

    /// The members by what tells them apart.
    pub(crate) fn by_key<'a>(&self, list: &'a [Value]) -> BTreeMap<MemberKey, &'a Value> {
        list.iter().map(|member| (self.key(member), member)).collect()
    }

    /// What must be added, taken away and altered (old, new) to get from `before` to `after`, each in the
    /// members' order.
    pub fn compare<'a>(&self, before: &'a [Value], after: &'a [Value]) -> Differences<'a> {
        let (old, new) = (self.by_key(before), self.by_key(after));
        let mut differences = Differences::default();
        for (key, value) in &new {
            match old.get(key) {
                None => differences.added.push(value),
                Some(was) if was != value => differences.altered.push((was, value)),
                Some(_) => {}
            }
        }
        differences.removed = old
            .iter()
            .filter(|(key, _)| !new.contains_key(*key))
            .map(|(_, value)| *value)
            .collect();
        differences
    }
}

/// How two sets differ, member by member.
#[derive(Debug, Default, PartialEq)]
pub struct Differences<'a> {
    /// Only in the new set.
    pub added: Vec<&'a Value>,
    /// Only in the old set.
    pub removed: Vec<&'a Value>,
    /// In both under one key, with other contents: old, new.
    pub altered: Vec<(&'a Value, &'a Value)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    /// Every field of a key is one of the members', and a key reads alike from all of a member and from
    /// nothing but its own fields: what is no part of it does not show in it.
    #[test]
    fn keys_are_of_fields_that_there_are() {
        let mut sets = 0;
        for attribute in Kind::ALL.iter().flat_map(|kind| kind.schema().attributes) {
            let Type::Set(members) = attribute.ty else {
                continue;
            };
            sets += 1;
            match members.ty {
                Type::Object(fields) => {
                    assert!(!members.key.is_empty(), "{}", attribute.name);
                    for name in members.key {
                        assert!(fields.iter().any(|field| field.name == *name), "{name}");
                    }
                    let whole: Record = fields
                        .iter()
                        .map(|field| (field.name.to_owned(), Value::text(field.name)))
                        .collect();
                    let whole = Value::Map(whole);
                    assert_eq!(members.key(&whole).to_string(), (members.key_words)(&whole));
                }
                _ => assert!(members.key.is_empty(), "{}", attribute.name),
            }
        }
        assert!(sets > 5, "{sets}");
    }

    #[test]
    fn another_wording_is_the_same_key() {
        let plain = Members::keyed(Type::Tags, &["a"], Value::to_string);
        let nicer = Members::keyed(Type::Tags, &["a"], |_| "nicer".to_owned());
        let member = Value::Map(Record::new().with("a", 1).with("b", 2));
        let (one, other) = (plain.key(&member), nicer.key(&member));
        assert_eq!((&one, one.value()), (&other, other.value()));
        assert_eq!(
            (one.to_string(), other.to_string()),
            ("{a: 1}".into(), "nicer".into())
        );
    }
}
