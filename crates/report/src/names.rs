//! Whose an id is: where a change lets go of an object of ours, it is called by its address, and not by its
//! id alone.

use std::collections::BTreeMap;

use trueup_model::schema::Members;
use trueup_model::{Address, AttributeChange, MemberKey, Plan, Ref, Value};

use crate::shown;

/// The addresses of the topology's live objects, by id.
#[derive(Debug, Default)]
pub struct Names<'a> {
    addresses: BTreeMap<&'a str, Address>,
}

impl<'a> Names<'a> {
    /// Those of the objects that a plan knows.
    pub fn of(plan: &'a Plan) -> Self {
        let named = plan
            .objects
            .iter()
            .filter_map(|(id, object)| Some((id.as_str(), object.address(&plan.topology)?)));
        Self {
            addresses: named.collect(),
        }
    }

    /// The value on one line, ids of ours with their addresses.
    pub fn value(&self, value: &Value) -> String {
        shown::value(&value.map_refs(
            &|reference| match reference.id().and_then(|id| self.addresses.get(id)) {
                Some(address) => Value::text(format!("{address} ({reference})")),
                None => Value::Ref(reference.clone()),
            },
        ))
    }

    /// The key of a member in the same way; what is known only after apply is said to be new.
    pub fn key(&self, members: &Members, attribute: &AttributeChange, key: &MemberKey) -> String {
        let Some(value) = attribute.after.as_ref().or(attribute.before.as_ref()) else {
            return key.to_string();
        };
        let own = members.key(value);
        let named = members.key(&value.map_refs(&|reference| {
            match reference.id().and_then(|id| self.addresses.get(id)) {
                Some(address) => Value::Ref(Ref::Name(address.clone())),
                None => Value::Ref(reference.clone()),
            }
        }));
        if named != own {
            let mut ids = Vec::new();
            value.each_ref(&mut |reference| {
                ids.extend(reference.id().filter(|id| self.addresses.contains_key(id)));
            });
            return format!("{named} ({})", ids.join(", "));
        }
        // A reference may be what a member holds, and no part of its key.
        if is_unknown(&own.value()) {
            format!("{key} (new)")
        } else {
            key.to_string()
        }
    }
}

/// Whether it holds the id of what the plan makes.
fn is_unknown(value: &Value) -> bool {
    match value {
        Value::Unknown(_) => true,
        Value::List(list) => list.iter().any(is_unknown),
        Value::Map(map) => map.iter().any(|(_, value)| is_unknown(value)),
        _ => false,
    }
}
