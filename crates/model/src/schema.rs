//! The table of a kind: what attributes it has, how each is written, and what changing it costs.
//!
//! One table per kind is the source of the spec's reading, the JSON Schema, the documentation page and the
//! diff. The typed struct beside it says the same in Rust's types; a test holds the two together.

mod attribute;
mod types;

use std::collections::BTreeSet;

use crate::attr::Attr;
pub use crate::members::{Differences, Members};
use crate::value::{Record, Value};
use crate::{Kind, Ref};
pub use attribute::{Attribute, ChangedBy, Cost, Effect, Omitted, none, resets};
pub use types::{Follow, Type};

/// All that is declared about a kind's attributes.
#[derive(Debug)]
pub struct Schema {
    /// Whose table this is.
    pub kind: Kind,
    /// The kind's part of an ARN, such as `subnet`.
    pub arn_type: &'static str,
    /// EC2's own name of the resource type, for `TagSpecifications`.
    pub tag_type: &'static str,
    /// What it is, in a paragraph.
    pub doc: &'static str,
    /// A piece of a spec that shows it, for the documentation page: YAML from the kind's key on.
    pub example: &'static str,
    /// What else a user should know: order, what EC2 does by itself, what is lost. A sentence or two each.
    pub notes: &'static [&'static str],
    /// The attributes in the order in which a person writes them.
    pub attributes: &'static [Attribute],
    /// Whether expectations mean these objects by their tags.
    pub selected_by_tags: bool,
    /// How many every account may have.
    pub quota: Quota,
}

/// How many of a kind every account may have; a quota can be raised. Source: *Amazon VPC quotas* and *Amazon EC2
/// endpoints and quotas*.
#[derive(Clone, Copy, Debug)]
pub enum Quota {
    /// As many as there is room for.
    Unlimited,
    /// So many in a region.
    Region(usize),
    /// So many in a VPC.
    Vpc(usize),
    /// Another one for each of these parts of the kind.
    Each(&'static [Portion]),
}

/// A part of a kind that has a quota of its own.
#[derive(Debug)]
pub struct Portion {
    /// What those are, in the plural.
    pub what: &'static str,
    /// Whether a record is one of them.
    pub is: fn(&Record) -> bool,
    /// How many there may be.
    pub quota: Quota,
}

impl Schema {
    /// The attribute called `name`.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The values of all attributes that are left out of a spec and have one default value.
    pub fn defaults(&self) -> Record {
        self.attributes
            .iter()
            .filter_map(|a| Some((a.name.to_owned(), a.default_value()?)))
            .collect()
    }

    /// The attributes of a record that are read only on request, because that costs a call for each object,
    /// and that are set to something else than EC2's default.
    pub fn read_on_request(&self, record: &Record) -> BTreeSet<&'static str> {
        let unlisted = self
            .attributes
            .iter()
            .filter(|attribute| attribute.when_seen && !attribute.is_auto());
        let set = unlisted.filter(|attribute| {
            record
                .value(attribute.name)
                .is_some_and(|value| Some(value) != attribute.default_value().as_ref())
        });
        set.map(|attribute| attribute.name).collect()
    }

    /// Whether EC2 keeps what an attribute of this name refers to from being deleted.
    pub fn holds(&self, name: &str) -> bool {
        self.attribute(name).is_none_or(|attribute| attribute.holds)
    }

    /// Whether the object comes under what an attribute of this name refers to.
    pub fn joins(&self, name: &str) -> bool {
        self.attribute(name).is_some_and(|attribute| attribute.joins)
    }

    /// Whether an attribute of this name has a say in which packets pass, or in whom an expectation means.
    pub fn is_felt(&self, name: &str) -> bool {
        match self.attribute(name) {
            Some(attribute) => attribute.is_felt,
            None => name != "tags" || self.selected_by_tags,
        }
    }

    /// Writes a list into a record; where the attribute is a set, the members in their order.
    pub fn set_list(&self, record: &mut Record, set: Attr<[Value]>, mut list: Vec<Value>) {
        if let Some(Type::Set(members)) = self.attribute(set.name).map(|attribute| &attribute.ty) {
            members.sort(&mut list);
        }
        record.set(set, list);
    }

    /// The references of a record that must stay in the VPC of the resource, each with the path of its attribute.
    pub fn in_own_vpc<'r>(&self, record: &'r Record) -> Vec<(String, &'r Ref)> {
        let mut found = Vec::new();
        for attribute in self.attributes {
            let name = attribute.name;
            match (&attribute.ty, record.value(name)) {
                (Type::Ref(..), Some(Value::Ref(reference))) if attribute.own_vpc => {
                    found.push((name.to_owned(), reference));
                }
                (Type::Set(members), Some(Value::List(list))) => {
                    for (index, member) in list.iter().enumerate() {
                        match (&members.ty, member) {
                            (Type::Ref(..), Value::Ref(reference)) if attribute.own_vpc => {
                                found.push((format!("{name}[{index}]"), reference));
                            }
                            (Type::Object(fields), Value::Map(member)) => {
                                let own = fields.iter().filter(|field| field.own_vpc);
                                found.extend(own.filter_map(|field| {
                                    let reference = member.value(field.name)?.as_ref()?;
                                    Some((format!("{name}[{index}].{}", field.name), reference))
                                }));
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The names of the attributes in which `wanted` differs from `live`.
    pub fn differing(&self, wanted: &Record, live: &Record) -> BTreeSet<&'static str> {
        let differs = |a: &&Attribute| a.differs(wanted.value(a.name), live.value(a.name));
        self.attributes.iter().filter(differs).map(|a| a.name).collect()
    }
}
