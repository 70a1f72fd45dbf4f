//! References: every name leads somewhere, and none leads back to where it came from.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Address, Diagnostic, Kind, Ref, Resource, Topology, Value};

use crate::problems::Problems;
use crate::suggest::nearest;

/// Notes unknown references and circles of references.
pub fn check(topology: &Topology, problems: &mut Problems) {
    for resource in topology.resources.values() {
        for (path, to) in edges(resource) {
            if !topology.resources.contains_key(to) {
                problems.push(unknown(topology, resource, &path, to));
            }
        }
    }
    circles(topology, problems);
}

/// Every name that a resource refers to, with the path of the attribute.
fn edges(resource: &Resource) -> Vec<(String, &Address)> {
    let mut edges = Vec::new();
    for (name, value) in resource.record.iter() {
        walk(name.to_owned(), value, &mut edges);
    }
    edges
}

fn walk<'v>(path: String, value: &'v Value, out: &mut Vec<(String, &'v Address)>) {
    match value {
        Value::Ref(Ref::Name(address)) => out.push((path, address)),
        Value::List(list) => list.iter().for_each(|value| walk(path.clone(), value, out)),
        Value::Map(map) => map.iter().for_each(|(name, value)| walk(format!("{path}.{name}"), value, out)),
        _ => {}
    }
}

fn unknown(topology: &Topology, resource: &Resource, path: &str, to: &Address) -> Diagnostic {
    // Records are sorted, so the member is found again by what stands in the text.
    let place = find(resource, path, to);
    let names: Vec<&str> = topology.of(to.kind).map(|resource| resource.address.name.as_str()).collect();
    let diagnostic = Diagnostic::error("unknown-reference", format!("there is no {to}")).at(place.clone(), "unknown");
    if let Some(near) = nearest(to.name.as_str(), names.iter().copied()) {
        return diagnostic.help(format!("did you mean `{near}`?")).patch(place, near);
    }
    let elsewhere = Kind::ALL
        .into_iter()
        .filter_map(|kind| Address::new(kind, to.name.as_str()).ok())
        .find(|address| topology.resources.contains_key(address));
    match (elsewhere, names.is_empty()) {
        (Some(other), _) => diagnostic.help(format!("{other} has that name, and kind {} is wanted here", to.kind)),
        (None, true) => diagnostic.help(format!("the topology has no {}: declare one, or give an EC2 id", to.kind)),
        (None, false) => diagnostic.help(format!("the topology has {}", names.join(", "))),
    }
}

fn find(resource: &Resource, path: &str, to: &Address) -> trueup_model::Place {
    let (head, field) = path.split_once('.').unwrap_or((path, ""));
    let candidates = resource.places.iter().filter(|(other, place)| {
        let inside = other.strip_prefix(head).is_some_and(|rest| rest.is_empty() || rest.starts_with('['));
        inside && (field.is_empty() || other.ends_with(&format!(".{field}"))) && place.end - place.start == to.name.as_str().len()
    });
    let mut places: Vec<_> = candidates.map(|(_, place)| place.clone()).collect();
    if places.len() == 1 { places.remove(0) } else { resource.place(path) }
}

/// Tells each circle once, as a path of names from its smallest one.
fn circles(topology: &Topology, problems: &mut Problems) {
    let mut graph: BTreeMap<&Address, Vec<(String, &Address)>> = BTreeMap::new();
    for resource in topology.resources.values() {
        let schema = resource.address.kind.schema();
        let later = |path: &str| schema.attribute(path.split('.').next().unwrap_or(path)).is_some_and(|attribute| attribute.later);
        let edges = edges(resource).into_iter().filter(|(path, to)| !later(path) && topology.resources.contains_key(*to));
        graph.insert(&resource.address, edges.collect());
    }
    let mut done: BTreeSet<&Address> = BTreeSet::new();
    for start in graph.keys() {
        let mut path: Vec<(&Address, String)> = Vec::new();
        visit(start, &graph, &mut done, &mut path, &mut |circle| {
            let names: Vec<String> = circle.iter().map(|(address, _)| address.to_string()).collect();
            let message = format!("these refer to each other in a circle: {} → {}", names.join(" → "), names[0]);
            let diagnostic = circle.iter().fold(Diagnostic::error("cycle", message), |diagnostic, (address, attribute)| {
                let resource = &topology.resources[*address];
                diagnostic.at(resource.place(attribute), format!("{address} refers to the next by `{attribute}`"))
            });
            problems.push(diagnostic.help("none of them can be made first: break the circle at one of these places"));
        });
    }
}

type Found<'f, 'a> = &'f mut dyn FnMut(&[(&'a Address, String)]);

/// Goes depth first, without recursion of its own depth beyond the number of kinds in a chain.
fn visit<'a>(
    at: &'a Address,
    graph: &BTreeMap<&'a Address, Vec<(String, &'a Address)>>,
    done: &mut BTreeSet<&'a Address>,
    path: &mut Vec<(&'a Address, String)>,
    found: Found<'_, 'a>,
) {
    if done.contains(at) {
        return;
    }
    for (attribute, to) in &graph[at] {
        path.push((at, attribute.clone()));
        match path.iter().position(|(address, _)| address == to) {
            Some(from) => found(&path[from..]),
            None => visit(to, graph, done, path, found),
        }
        path.pop();
    }
    done.insert(at);
}
