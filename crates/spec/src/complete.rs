//! Complete: what may be left out is filled in, and each kind writes its records canonically.

use trueup_model::{Attribute, Context, Diagnostic, Files, Kind, Ref, Topology, Type, Value};

use crate::decode::may_be_sole;
use crate::problems::Problems;

/// Makes every record canonical and whole.
pub fn complete(topology: &mut Topology, files: &dyn Files, problems: &mut Problems) {
    let vpcs: Vec<_> = topology.of(Kind::Vpc).map(|resource| resource.address.clone()).collect();
    let (name, region) = (topology.name.clone(), topology.region.clone());
    for (address, resource) in &mut topology.resources {
        for attribute in address.kind.schema().attributes.iter().filter(|attribute| may_be_sole(attribute)) {
            if resource.record.get(attribute.name).is_some() || resource.places.contains_key(attribute.name) {
                continue;
            }
            match vpcs.as_slice() {
                [only] => resource.record.set(attribute.name, Ref::Name(only.clone())),
                _ => problems.push(no_vpc(attribute, &vpcs, resource)),
            }
        }
        let mut context = Context { topology: &name, region: region.as_deref(), address, files, problems: Vec::new() };
        address.kind.rules().normalise(&mut resource.record, &mut context);
        for problem in context.problems {
            // One mistake is told once: what follows from it is not.
            if problems.spoiled(resource, &problem.path) {
                continue;
            }
            problems.push(Diagnostic::error(problem.code, problem.message).at(resource.place(&problem.path), "").help(problem.help));
        }
        for attribute in address.kind.schema().attributes {
            if let (None, Some(default)) = (resource.record.get(attribute.name), attribute.default_value()) {
                resource.record.set(attribute.name, default);
            }
            sort(attribute, resource);
        }
    }
}

/// The members of a set are in the order of their keys, each once.
fn sort(attribute: &Attribute, resource: &mut trueup_model::Resource) {
    if let (Type::Set(members), Some(Value::List(list))) = (&attribute.ty, resource.record.get(attribute.name)) {
        let mut list = list.clone();
        list.sort_by_cached_key(members.key);
        list.dedup();
        resource.record.set(attribute.name, list);
    }
}

fn no_vpc(attribute: &Attribute, vpcs: &[trueup_model::Address], resource: &trueup_model::Resource) -> Diagnostic {
    let message = format!("{} has no `{}`", resource.address, attribute.name);
    let help = match vpcs.len() {
        0 => "declare a `vpc`, or give the id of one".to_owned(),
        _ => format!(
            "the topology has {} VPCs, so say which: {}",
            vpcs.len(),
            vpcs.iter().map(|vpc| vpc.name.as_str()).collect::<Vec<_>>().join(", ")
        ),
    };
    Diagnostic::error("missing", message).at(resource.place.clone(), format!("needs `{}`", attribute.name)).help(help)
}
