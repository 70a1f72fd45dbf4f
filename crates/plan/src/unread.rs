//! What of our objects could not be read: it is compared with nothing, and a plan that would have to know it
//! is not whole.

use trueup_model::{Kind, Object, Record, Resource, Type, Unread};

use crate::fold::Folded;

/// What could not be read of our objects, in the order of the addresses.
pub fn of(folded: &Folded) -> Vec<Unread> {
    let held = folded
        .holder
        .iter()
        .map(|(address, &index)| (address, index, folded.wanted.get(address)));
    let retiring = folded
        .retiring
        .iter()
        .flat_map(|(address, all)| all.iter().map(move |&index| (address, index, None)));
    let mut all = Vec::new();
    for (address, index, wanted) in held.chain(retiring) {
        let object = &folded.objects[index];
        for (attribute, why) in object
            .unread
            .iter()
            .filter(|(name, _)| counts(object, wanted, name))
        {
            all.push(Unread {
                address: address.clone(),
                id: object.id.clone(),
                attribute: attribute.clone(),
                why: why.clone(),
            });
        }
    }
    all.sort_by(|a, b| (&a.address, &a.id, &a.attribute).cmp(&(&b.address, &b.id, &b.attribute)));
    all
}

/// Whether a plan must know this attribute: what the spec leaves to EC2 is compared with nothing.
fn counts(object: &Object, wanted: Option<&Resource>, name: &str) -> bool {
    let left_to_ec2 = |wanted: &Resource| wanted.record.value(name).is_none();
    let auto = object
        .kind
        .schema()
        .attribute(name)
        .is_some_and(|attribute| attribute.is_auto());
    !(auto && wanted.is_some_and(left_to_ec2))
}

/// Whether anything of an object that counts could not be read.
pub fn is_partly_known(object: &Object, wanted: Option<&Resource>) -> bool {
    object.unread.keys().any(|name| counts(object, wanted, name))
}

/// A record, of either side, without what could not be read of the object.
pub fn without(object: &Object, record: Record) -> Record {
    if object.unread.is_empty() {
        return record;
    }
    record.without(&object.unread.keys().map(String::as_str).collect::<Vec<_>>())
}

/// Every kind that a value of this type may refer to.
pub fn kinds_of(ty: &Type) -> Vec<Kind> {
    match ty {
        Type::Ref(kind, _) => vec![*kind],
        Type::Set(members) => kinds_of(&members.ty),
        Type::OneOrMany(inner) => kinds_of(inner),
        Type::Object(fields) => fields.iter().flat_map(|field| kinds_of(&field.ty)).collect(),
        _ => Vec::new(),
    }
}
