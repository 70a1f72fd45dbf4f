//! Abridge: the inverse of completing, which gives what a person would write.

use trueup_model::attr::TAGS;
use trueup_model::implicit::{ALL, EMPTY};
use trueup_model::schema::none;
use trueup_model::{Attribute, Implicit, Kind, Record, Ref, Resource, Topology, Type, Value, tags};

use crate::decode::may_be_sole;

/// What has to be written of a resource so that it is read as it is here, in a spec that has no tags on
/// everything: without defaults, the only VPC and what follows from its name. It is what an export has to
/// write. What EC2 makes with a VPC is written there, and nowhere else.
pub fn abridge(resource: &Resource, topology: &Topology) -> Record {
    let (address, attributes) = (&resource.address, resource.address.kind.schema().attributes);
    let mut record = resource.record.clone();
    address.kind.rules().abridge(&mut record, address, topology);
    let vpcs: Vec<&Resource> = topology.of(Kind::Vpc).take(2).collect();
    for attribute in attributes.iter().filter(|attribute| may_be_sole(attribute)) {
        let vpc = record
            .value(attribute.name)
            .and_then(Value::as_ref)
            .and_then(Ref::address);
        if let [sole] = vpcs[..]
            && vpc == Some(&sole.address)
        {
            record.remove(attribute.name);
        }
    }
    strip(&mut record, attributes);
    if let Some(Value::Map(mut own)) = record.remove(TAGS) {
        let name = crate::tags::name(&topology.name, address.name.as_str());
        if own.value(tags::NAME) == Some(&name.into()) {
            own.remove(tags::NAME);
        }
        if !own.is_empty() {
            record.set(TAGS, own);
        }
    }
    for implicit in ALL.iter().filter(|_| address.kind == Kind::Vpc) {
        let declared = implicit.of(&address.name).ok();
        let declared = declared.and_then(|address| topology.resources.get(&address));
        if let Some(declared) = declared.filter(|declared| declared.implicit) {
            record.set(implicit.key, content(implicit, declared, topology));
        }
    }
    record
}

/// What a VPC says of something that EC2 makes with it.
fn content(implicit: &Implicit, resource: &Resource, topology: &Topology) -> Value {
    let mut record = abridge(resource, topology).without(&implicit.unsaid());
    let sets = implicit
        .attributes()
        .filter(|attribute| matches!(attribute.ty, Type::Set(_)));
    let is_empty = |attribute: &Attribute| resource.record.value(attribute.name) == Some(&none());
    if sets.clone().all(is_empty) && !record.has(TAGS) {
        return Value::text(EMPTY);
    }
    // A mapping that says nothing is a key without a value.
    if record.is_empty() {
        let all = sets.filter_map(|attribute| {
            let value = resource.record.value(attribute.name)?;
            Some((attribute.name.to_owned(), value.clone()))
        });
        record = all.collect();
    }
    record.into()
}

/// Takes out what is as it would be if it were left out.
fn strip(record: &mut Record, attributes: &[Attribute]) {
    for attribute in attributes {
        let value = record.value(attribute.name).cloned();
        if value.is_some() && value == attribute.default_value() {
            record.remove(attribute.name);
        } else if let (Type::Object(fields), Some(Value::Map(mut map))) = (&attribute.ty, value) {
            strip(&mut map, fields);
            // A mapping of nothing is another thing than none.
            if !map.is_empty() {
                record.set(attribute.name, map);
            }
        }
    }
}
