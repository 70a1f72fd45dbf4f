//! How two records of one kind differ, attribute by attribute and member by member.

use std::collections::BTreeSet;

use trueup_model::attr::TAGS;
use trueup_model::schema::Members;
use trueup_model::{
    Address, Attribute, AttributeChange, Effect, Kind, MemberKey, Record, Ref, Resource, Type, Value,
};

/// How what is wanted at one address differs from what is there: asked once, and handed on to whoever needs
/// it.
#[derive(Debug)]
pub struct Difference {
    kind: Kind,
    /// What is there.
    pub before: Record,
    /// What is wanted.
    pub after: Record,
    /// The attributes of the table in which the two differ. Tags are in none.
    pub attributes: BTreeSet<&'static str>,
}

impl Difference {
    /// Compares two records of a kind.
    pub fn new(kind: Kind, before: Record, after: Record) -> Self {
        Self {
            kind,
            attributes: kind.schema().differing(&after, &before),
            before,
            after,
        }
    }

    /// The attributes that differ and whose change costs this.
    pub fn costing(&self, effect: Effect) -> impl Iterator<Item = &'static Attribute> {
        self.table()
            .filter(move |a| a.effect(self.before.value(a.name), self.after.value(a.name)) == effect)
    }

    /// Attribute by attribute and member by member, in the order of the kind's table. `new` are the addresses
    /// whose ids this plan makes.
    pub fn changes(&self, resource: &Resource, new: &BTreeSet<Address>) -> Vec<AttributeChange> {
        let differ = Differ { resource, new };
        let mut changes = Vec::new();
        for attribute in self.table() {
            let (old, wanted) = (
                self.before.value(attribute.name),
                self.after.value(attribute.name),
            );
            differ.attribute(attribute, attribute.name, old, wanted, &mut changes);
        }
        differ.tags(Some(&self.before), &self.after, &mut changes);
        changes
    }

    fn table(&self) -> impl Iterator<Item = &'static Attribute> {
        let attributes = self.kind.schema().attributes.iter();
        attributes.filter(|attribute| self.attributes.contains(attribute.name))
    }
}

/// What a new object has of this record. What is as EC2 makes it needs no words.
pub fn all_new(resource: &Resource, after: &Record, new: &BTreeSet<Address>) -> Vec<AttributeChange> {
    let differ = Differ { resource, new };
    let mut changes = Vec::new();
    for attribute in resource.address.kind.schema().attributes {
        let wanted = after.value(attribute.name);
        if wanted.is_some() && wanted.cloned() != attribute.default_value() {
            differ.attribute(attribute, attribute.name, None, wanted, &mut changes);
        }
    }
    differ.tags(None, after, &mut changes);
    changes
}

struct Differ<'a> {
    resource: &'a Resource,
    new: &'a BTreeSet<Address>,
}

impl Differ<'_> {
    fn attribute(
        &self,
        attribute: &Attribute,
        path: &str,
        old: Option<&Value>,
        new: Option<&Value>,
        out: &mut Vec<AttributeChange>,
    ) {
        match &attribute.ty {
            Type::Set(members) => self.members(attribute, members, old, new, out),
            Type::Object(fields) => {
                let field = |value: Option<&Value>, name: &str| {
                    value
                        .and_then(Value::as_map)
                        .and_then(|map| map.value(name))
                        .cloned()
                };
                for inner in *fields {
                    let (old, new) = (field(old, inner.name), field(new, inner.name));
                    if inner.differs(new.as_ref(), old.as_ref()) {
                        self.attribute(
                            inner,
                            &format!("{path}.{}", inner.name),
                            old.as_ref(),
                            new.as_ref(),
                            out,
                        );
                    }
                }
            }
            _ => out.push(self.change(attribute, path, None, old, new)),
        }
    }

    fn members(
        &self,
        attribute: &Attribute,
        members: &Members,
        old: Option<&Value>,
        new: Option<&Value>,
        out: &mut Vec<AttributeChange>,
    ) {
        let list = |value: Option<&Value>| value.map_or_else(Vec::new, |value| value.as_list().to_vec());
        let (old, new) = (list(old), list(new));
        let differences = members.compare(&old, &new);
        let mut changes: Vec<AttributeChange> = Vec::new();
        let removed = differences.removed.iter().map(|old| (Some(*old), None));
        let altered = differences
            .altered
            .iter()
            .map(|(old, new)| (Some(*old), Some(*new)));
        let added = differences.added.iter().map(|new| (None, Some(*new)));
        for (old, new) in removed.chain(altered).chain(added) {
            let key = new.or(old).map(|member| members.key(member));
            changes.push(self.change(attribute, attribute.name, key, old, new));
        }
        out.extend(changes);
    }

    /// Tags are compared key by key, and only the keys that the spec declares.
    fn tags(&self, before: Option<&Record>, after: &Record, out: &mut Vec<AttributeChange>) {
        let Some(wanted) = after.get(TAGS) else {
            return;
        };
        let live = before.and_then(|before| before.get(TAGS));
        for (key, value) in wanted.iter() {
            let old = live.and_then(|live| live.value(key));
            let new = Some(value).filter(|value| **value != Value::Null);
            if old != new {
                out.push(AttributeChange {
                    path: "tags".to_owned(),
                    member: Some(MemberKey::plain(Value::text(key))),
                    before: old.cloned(),
                    after: new.cloned(),
                    effect: Effect::InPlace,
                    reason: "",
                    place: Some(self.resource.place(format!("{TAGS}.{key}"))),
                });
            }
        }
    }

    fn change(
        &self,
        attribute: &Attribute,
        path: &str,
        member: Option<MemberKey>,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> AttributeChange {
        let effect = attribute.effect(old, new);
        AttributeChange {
            path: path.to_owned(),
            member,
            before: old.cloned(),
            after: new.map(|value| self.unknown(value)),
            effect,
            reason: if effect == Effect::InPlace {
                ""
            } else {
                attribute.reason
            },
            place: Some(self.resource.place(path)),
        }
    }

    /// The id of what this plan makes is known only after apply.
    fn unknown(&self, value: &Value) -> Value {
        value.map_refs(&|reference| match reference {
            Ref::Name(address) if self.new.contains(address) => Value::Unknown(address.clone()),
            other => Value::Ref(other.clone()),
        })
    }
}

/// The addresses whose ids a value waits for.
pub fn unknowns<'v>(value: &'v Value, out: &mut Vec<&'v Address>) {
    match value {
        Value::Unknown(address) => out.push(address),
        Value::List(list) => list.iter().for_each(|value| unknowns(value, out)),
        Value::Map(map) => map.iter().for_each(|(_, value)| unknowns(value, out)),
        _ => {}
    }
}
