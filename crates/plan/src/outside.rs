//! What is outside the topology: what a plan is about to use must be there, or its steps fail half-way.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::kind::is_outside_id;
use trueup_model::outside::ARCHITECTURE;
use trueup_model::{
    Address, Diagnostic, Kind, Mention, Object, Observed, Outside, Place, Plan, Record, Ref, Refusal,
    Refused, Role, Sought, Topology, Value, Zone,
};

/// Something outside the topology that a step uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    /// Whose step it is.
    address: Address,
    /// What it is.
    sought: Sought,
}

/// What a plan uses and the bulk read did not show: somebody must look for it before anything is made.
pub fn unlisted(plan: &Plan, topology: &Topology, observed: &Observed) -> BTreeSet<Sought> {
    uses(plan, topology, observed)
        .into_iter()
        .map(|one| one.sought)
        .collect()
}

/// Refuses a plan that uses what was looked for and is not there, or what is in another VPC than it must be,
/// and tells what could not be looked for.
pub fn check(plan: &mut Plan, topology: &Topology, observed: &Observed, looked: &BTreeMap<Sought, Outside>) {
    refuse_strangers(plan, topology, observed);
    refuse_architectures(plan, topology, observed, looked);
    for Use { address, sought } in uses(plan, topology, observed) {
        let state = match looked.get(&sought) {
            None | Some(Outside::There(_)) => continue,
            Some(Outside::Unknown(why)) => {
                let message = format!("whether {} is not known: {why}", question(&sought));
                let warning = Diagnostic::warning("outside", message)
                    .help("if it is not, the apply stops at the step that uses it");
                let (_, place) = place(topology, &address, sought.text());
                plan.diagnostics.push(
                    place
                        .into_iter()
                        .fold(warning, |warning, place| warning.at(place, "")),
                );
                continue;
            }
            Some(Outside::Absent) => None,
            Some(Outside::Unusable(state)) => Some(state.clone()),
        };
        let named = mention(topology, &address, sought.text());
        let why = match state {
            None => Refused::Absent { sought, named },
            Some(state) => Refused::Unusable { sought, state, named },
        };
        plan.refused.push(Refusal::new(&address, why));
    }
}

/// What is not known of something that could not be looked up.
fn question(sought: &Sought) -> String {
    match sought {
        Sought::InstanceType { .. } => format!("EC2 offers {sought}"),
        _ => format!("{sought} is there"),
    }
}

/// Refuses an instance type that does not run what it is to boot: the image of a launch, or that of the
/// instance that is there. What EC2 does not say of either is no reason.
fn refuse_architectures(
    plan: &mut Plan,
    topology: &Topology,
    observed: &Observed,
    looked: &BTreeMap<Sought, Outside>,
) {
    let of = |sought: &Sought| match looked.get(sought) {
        Some(Outside::There(of)) if !of.is_empty() => Some(of),
        _ => None,
    };
    let held: BTreeMap<&str, &Object> = observed
        .objects
        .iter()
        .filter_map(|object| Some((object.claim(&topology.name)?, object)))
        .collect();
    let launched: BTreeSet<Address> = plan
        .steps
        .iter()
        .filter(|step| step.call.role() == Role::Create)
        .map(|step| step.address.clone())
        .collect();
    let mut used: BTreeMap<Address, Vec<Sought>> = BTreeMap::new();
    for one in uses(plan, topology, observed) {
        used.entry(one.address).or_default().push(one.sought);
    }
    for (address, used) in used {
        let is_type = |sought: &&Sought| matches!(sought, Sought::InstanceType { .. });
        let looked_at = |sought| of(sought).map(|of| (sought.text().to_owned(), of.clone()));
        let image = used
            .iter()
            .filter(|sought| !is_type(sought))
            .find_map(looked_at)
            .or_else(|| {
                let object = held
                    .get(address.to_string().as_str())
                    .filter(|_| !launched.contains(&address))?;
                let of = object.facts.get(ARCHITECTURE)?.to_owned();
                Some((object.id.clone(), BTreeSet::from([of])))
            });
        let ty = used.iter().filter(is_type).find_map(looked_at);
        let (Some((image, is)), Some((ty, runs))) = (image, ty) else {
            continue;
        };
        if is.is_disjoint(&runs) {
            let named = mention(topology, &address, &ty);
            let why = Refused::OtherArchitecture {
                ty,
                runs,
                image,
                is,
                named,
            };
            plan.refused.push(Refusal::new(&address, why));
        }
    }
}

/// Refuses what steps use in the VPC of their resource and what is in another one.
fn refuse_strangers(plan: &mut Plan, topology: &Topology, observed: &Observed) {
    let objects: BTreeMap<&str, &Object> = observed
        .objects
        .iter()
        .map(|object| (object.id.as_str(), object))
        .collect();
    let held: BTreeMap<&str, &str> = observed
        .objects
        .iter()
        .filter_map(|object| Some((object.claim(&topology.name)?, object.id.as_str())))
        .collect();
    // The VPC of a resource or an object: its id or, before there is one, its address.
    let vpc = |kind: Kind, record: &Record| -> Option<String> {
        let mut home = kind.rules().home(record)?;
        loop {
            let (kind, record) = match home {
                Ref::Id(id) if Kind::Vpc.is_id(id) => return Some(id.clone()),
                Ref::Id(id) => objects
                    .get(id.as_str())
                    .map(|object| (object.kind, &object.record))?,
                Ref::Name(address) if address.kind == Kind::Vpc => {
                    let address = address.to_string();
                    return Some(
                        held.get(address.as_str())
                            .map_or(address.clone(), |id| (*id).to_owned()),
                    );
                }
                Ref::Name(address) => topology
                    .resources
                    .get(address)
                    .map(|resource| (address.kind, &resource.record))?,
            };
            home = kind.rules().home(record)?;
        }
    };
    let mut strangers = BTreeSet::new();
    for step in &plan.steps {
        let beside = step.address.kind.schema().in_own_vpc(&step.call.sets);
        for object in beside
            .into_iter()
            .filter_map(|(_, reference)| reference.id())
            .filter_map(|id| objects.get(id))
        {
            let own = topology
                .resources
                .get(&step.address)
                .and_then(|resource| vpc(step.address.kind, &resource.record));
            if let (Some(own), Some(other)) = (own, vpc(object.kind, &object.record))
                && own != other
                && object.address(&topology.name).is_none()
            {
                strangers.insert((step.address.clone(), object.id.clone(), own, other));
            }
        }
    }
    for (address, id, must, is_in) in strangers {
        let named = mention(topology, &address, &id);
        let why = Refused::OtherVpc {
            id,
            is_in,
            must,
            named,
        };
        plan.refused.push(Refusal::new(&address, why));
    }
}

/// What the steps of a plan use that is neither ours nor was seen.
fn uses(plan: &Plan, topology: &Topology, observed: &Observed) -> BTreeSet<Use> {
    let objects: BTreeMap<&str, &Object> = observed
        .objects
        .iter()
        .map(|object| (object.id.as_str(), object))
        .collect();
    let names: BTreeSet<(Kind, String)> = observed
        .objects
        .iter()
        .filter_map(|object| Some((object.kind, object.kind.rules().ec2_name(&object.record)?)))
        .collect();
    let mut found = BTreeSet::new();
    for step in &plan.steps {
        let kind = step.address.kind;
        let mut note = |sought: Sought| {
            found.insert(Use {
                address: step.address.clone(),
                sought,
            });
        };
        let elsewhere = kind.rules().elsewhere(&step.call.sets, &observed.site);
        let refs = step.call.sets.refs().into_iter();
        for text in refs
            .filter(|reference| Some(*reference) != elsewhere)
            .filter_map(Ref::id)
        {
            let by_id = Kind::ALL.into_iter().find(|kind| kind.is_id(text));
            let of = by_id.unwrap_or(Kind::KeyPair);
            let is_seen = objects.contains_key(text) || names.contains(&(of, text.to_owned()));
            if !is_seen && !plan.unreadable.contains_key(&of) {
                let text = text.to_owned();
                // A key pair may be given by its name.
                note(if by_id.is_some() || is_outside_id(&text) {
                    Sought::Object(text)
                } else {
                    Sought::KeyPair(text)
                });
            }
        }
        for sought in kind
            .rules()
            .outside(&step.call.sets)
            .into_iter()
            .filter(|sought| !objects.contains_key(sought.text()))
        {
            note(match sought {
                Sought::InstanceType {
                    name,
                    zone: Zone::Any,
                } => Sought::InstanceType {
                    name,
                    zone: zone(plan, topology, &objects, &step.address).unwrap_or(Zone::Any),
                },
                sought => sought,
            });
        }
    }
    found
}

/// The zone that a resource is in, or will be: what it is in says so.
fn zone(
    plan: &Plan,
    topology: &Topology,
    objects: &BTreeMap<&str, &Object>,
    address: &Address,
) -> Option<Zone> {
    let resource = topology.resources.get(address)?;
    let live = |object: &Object| object.kind.rules().zone(&object.record);
    match address.kind.rules().home(&resource.record)? {
        Ref::Id(id) => live(objects.get(id.as_str())?),
        Ref::Name(home) => topology
            .resources
            .get(home)
            .and_then(|wanted| home.kind.rules().zone(&wanted.record))
            .or_else(|| {
                // Of what is made anew the zone is EC2's choice.
                let is_made = plan
                    .steps
                    .iter()
                    .any(|step| step.address == *home && step.call.role() == Role::Create);
                let home = home.to_string();
                live(
                    objects
                        .values()
                        .find(|object| !is_made && object.claim(&topology.name) == Some(&home))?,
                )
            }),
    }
}

/// Where the spec names an object outside.
pub(crate) fn place(topology: &Topology, address: &Address, text: &str) -> (String, Option<Place>) {
    let Some(resource) = topology.resources.get(address) else {
        return (address.to_string(), None);
    };
    let path = path(&resource.record, text, "").unwrap_or_default();
    let place = resource.place(&path);
    (
        format!("{address}.{path}").trim_end_matches('.').to_owned(),
        Some(place).filter(|place| !place.file.is_empty()),
    )
}

/// The same, as a refusal has it.
fn mention(topology: &Topology, address: &Address, text: &str) -> Mention {
    let (path, place) = place(topology, address, text);
    Mention { path, place }
}

/// The path of the first value of a record that is this text.
fn path(record: &Record, text: &str, before: &str) -> Option<String> {
    record
        .iter()
        .find_map(|(name, value)| path_in(value, text, format!("{before}{name}")))
}

fn path_in(value: &Value, text: &str, path: String) -> Option<String> {
    match value {
        Value::Text(here) | Value::Ref(Ref::Id(here)) => (here == text).then_some(path),
        Value::List(list) => list
            .iter()
            .enumerate()
            .find_map(|(index, value)| path_in(value, text, format!("{path}[{index}]"))),
        Value::Map(map) => self::path(map, text, &format!("{path}.")),
        _ => None,
    }
}
