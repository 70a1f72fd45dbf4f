//! Complete: what may be left out is filled in, and each kind writes its records canonically.

use std::collections::BTreeMap;
use std::sync::Arc;

use trueup_model::{
    Address, Attribute, Context, Diagnostic, Files, Kind, Ref, Resource, Topology, Type, Value,
};

use crate::decode::may_be_sole;
use crate::document::Document;
use crate::draft::{Draft, Notes};
use crate::implicit;
use crate::members::{self, Origins};
use crate::names::Names;
use crate::problems::Problems;
use crate::tags;

/// A topology with what decoding noted about those of its resources that are not right.
#[derive(Debug)]
pub struct Completed {
    pub topology: Topology,
    pub notes: BTreeMap<Address, Notes>,
    /// From where in the spec the members of sets come that are in another order now.
    origins: BTreeMap<Address, Origins>,
}

impl Completed {
    /// Until now members are found where the spec has them, by their old numbers; from now on by their
    /// numbers in the records.
    pub fn settle_places(&mut self) {
        for (address, origins) in std::mem::take(&mut self.origins) {
            if let Some(resource) = self.topology.resources.get_mut(&address) {
                members::settle(Arc::make_mut(&mut resource.places), &origins);
            }
        }
    }
}

/// Makes every record canonical and whole.
pub fn complete(
    document: Document,
    region: Option<&str>,
    files: &dyn Files,
    problems: &mut Problems,
) -> Completed {
    let Document {
        head,
        expect,
        places,
        drafts,
        names,
    } = document;
    let text = |key: &str| head.value(key).and_then(Value::as_text);
    let max_deletes = head.value("max_deletes").and_then(Value::as_int);
    let mut topology = Topology {
        name: text("topology").unwrap_or_default().to_owned(),
        account: text("account").map(str::to_owned),
        region: text("region").or(region).map(str::to_owned),
        max_deletes: max_deletes.and_then(|most| most.try_into().ok()),
        at_once: None,
        resources: BTreeMap::new(),
        expect,
        places,
    };
    let (mut all_notes, mut all_origins) = (BTreeMap::new(), BTreeMap::new());
    for draft in drafts {
        let Draft {
            address,
            place,
            mut record,
            mut notes,
            implicit,
        } = draft;
        let own_tags = record.remove("tags");
        let protect = record.remove("protect").and_then(|protect| protect.as_bool());
        let mut resource = Resource {
            address: address.clone(),
            record,
            implicit: implicit.is_some(),
            protect: protect.unwrap_or_default(),
            place,
            places: Arc::new(std::mem::take(&mut notes.places)),
        };
        if let Some(vpc) = implicit {
            implicit::fill(&mut resource, vpc);
        }
        fill_vpc(&mut resource, &mut notes, &names, problems);
        let mut context = Context {
            topology: &topology.name,
            region: topology.region.as_deref(),
            address: &address,
            files,
            problems: Vec::new(),
            origins: Origins::new(),
        };
        address.kind.rules().normalise(&mut resource.record, &mut context);
        let Context {
            problems: told,
            origins,
            ..
        } = context;
        for problem in told {
            // One mistake is reported once: what follows from it is not.
            if !notes.touches(&problem.path) {
                let diagnostic = Diagnostic::error(problem.code, problem.message)
                    .at(resource.place(&problem.path), "")
                    .help(problem.help);
                problems.push(diagnostic);
                notes.broken.insert(problem.path);
            }
        }
        let origins = members::order(&mut resource.record, address.kind.schema().attributes, origins);
        fill(&mut resource.record, address.kind.schema().attributes);
        let tags = [head.value("tags"), own_tags.as_ref()];
        let all = tags::all(&topology.name, address.name.as_str(), tags);
        if let Some(diagnostic) = tags::check(&address.to_string(), &all, resource.place("tags")) {
            problems.push(diagnostic);
        }
        resource.record.set("tags", all);
        all_notes.insert(address.clone(), notes);
        if !origins.is_empty() {
            all_origins.insert(address.clone(), origins);
        }
        topology.resources.insert(address, resource);
    }
    Completed {
        topology,
        notes: all_notes,
        origins: all_origins,
    }
}

/// The only VPC of a topology need not be named.
fn fill_vpc(resource: &mut Resource, notes: &mut Notes, names: &Names, problems: &mut Problems) {
    for attribute in resource
        .address
        .kind
        .schema()
        .attributes
        .iter()
        .filter(|attribute| may_be_sole(attribute))
    {
        if resource.record.has(attribute.name) || names.unreadable.contains(&Kind::Vpc) {
            continue;
        }
        let mut vpcs = names.of(Kind::Vpc);
        let sole = match (vpcs.next(), vpcs.next()) {
            (Some(sole), None) => Some(sole),
            _ => None,
        };
        if let Some(sole) = sole {
            if let Ok(address) = Address::new(Kind::Vpc, sole) {
                resource.record.set(attribute.name, Ref::Name(address));
            }
        } else if !notes.spoils(attribute.name) {
            let help = match names.of(Kind::Vpc).count() {
                0 => "declare a `vpc`, or give the id of one (`vpc-…`)".to_owned(),
                count => format!(
                    "the topology has {count} VPCs, so say which: {}",
                    names.list(Kind::Vpc)
                ),
            };
            let diagnostic = Diagnostic::error(
                "missing",
                format!("{} has no `{}`", resource.address, attribute.name),
            )
            .at(resource.place.clone(), format!("needs `{}`", attribute.name))
            .help(help);
            problems.push(diagnostic);
            notes.broken.insert(attribute.name.to_owned());
        }
    }
}

/// Defaults where nothing is given.
fn fill(record: &mut trueup_model::Record, attributes: &[Attribute]) {
    for attribute in attributes {
        if let (None, Some(default)) = (record.value(attribute.name), attribute.default_value()) {
            record.set(attribute.name, default);
        }
        if let (Type::Object(fields), Some(Value::Map(map))) = (&attribute.ty, record.value(attribute.name)) {
            let mut map = map.clone();
            fill(&mut map, fields);
            record.set(attribute.name, map);
        }
    }
}
