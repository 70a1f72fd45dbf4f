//! What stands in the topology's VPCs and is nobody's: no plan touches it, and whoever watches a network
//! wants to know of it.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::attr::Attr;
use trueup_model::unmanaged::{Thing, Unmanaged};
use trueup_model::{Address, Kind, Object, Observed, Ref, Topology, Type, Value, tags};

/// All that is in VPCs of the topology and carries no topology's tags: objects in the order of kind and id,
/// then interfaces. What EC2 made by itself is EC2's; what it holds beyond that is reported member by member.
pub fn unmanaged(topology: &Topology, observed: &Observed) -> Vec<Unmanaged> {
    let places = places(topology, observed);
    // What the spec uses by its id is known to whoever wrote the spec.
    let named: BTreeSet<&str> = topology
        .resources
        .values()
        .flat_map(|resource| resource.record.refs())
        .filter_map(Ref::id)
        .collect();
    let mut found = Vec::new();
    for object in observed
        .objects
        .iter()
        .filter(|object| object.owner.is_none() && !named.contains(object.id.as_str()))
    {
        let Some(vpc) = places.of(object) else { continue };
        let told = |what: Thing| Unmanaged {
            vpc: vpc.clone(),
            id: object.id.clone(),
            name: name(object),
            what,
        };
        if object.implicit {
            found.extend(beyond(object).map(told));
        } else {
            found.push(told(Thing::Object(object.kind)));
        }
    }
    found.extend(interfaces(observed, &places).filter(|thing| !named.contains(thing.id.as_str())));
    found
}

/// The interfaces in VPCs of ours that are not of an object that was read: those of an instance, of a NAT
/// gateway and of an endpoint come and go with it.
fn interfaces<'a>(observed: &'a Observed, places: &'a Places<'a>) -> impl Iterator<Item = Unmanaged> + 'a {
    // EC2 names their types as the kinds are named.
    let alone = observed.interfaces.known().iter().filter(|interface| {
        interface.instance.is_none()
            && !Kind::ALL
                .iter()
                .any(|kind| kind.as_str() == interface.interface_type)
    });
    alone.filter_map(|interface| {
        let vpc = places.vpcs.get(interface.vpc.as_str())?.clone();
        Some(Unmanaged {
            vpc,
            id: interface.id.clone(),
            name: None,
            what: Thing::Interface(interface.what()),
        })
    })
}

/// The VPCs of a topology, and the subnets in them, whosever they are.
struct Places<'a> {
    vpcs: BTreeMap<&'a str, Address>,
    subnets: BTreeMap<&'a str, &'a str>,
}

fn places<'a>(topology: &Topology, observed: &'a Observed) -> Places<'a> {
    let of_kind = |kind: Kind| observed.objects.iter().filter(move |object| object.kind == kind);
    let vpcs = of_kind(Kind::Vpc).filter_map(|vpc| Some((vpc.id.as_str(), vpc.address(&topology.name)?)));
    let subnets =
        of_kind(Kind::Subnet).filter_map(|subnet| Some((subnet.id.as_str(), refers(subnet, Kind::Vpc)?)));
    Places {
        vpcs: vpcs.collect(),
        subnets: subnets.collect(),
    }
}

impl Places<'_> {
    /// The VPC of ours that an object is in: it says so itself, or its subnet does.
    fn of(&self, object: &Object) -> Option<&Address> {
        let of_subnet = || self.subnets.get(refers(object, Kind::Subnet)?).copied();
        self.vpcs.get(refers(object, Kind::Vpc).or_else(of_subnet)?)
    }
}

/// The id of the one object of another kind that an object is in.
fn refers(object: &Object, kind: Kind) -> Option<&str> {
    let attribute = object
        .kind
        .schema()
        .attributes
        .iter()
        .find(|attribute| matches!(attribute.ty, Type::Ref(to, _) if to == kind))?;
    object.record.get(Attr::<Ref>::new(attribute.name))?.id()
}

/// What an object that EC2 made holds beyond what EC2 gave it.
fn beyond(object: &Object) -> impl Iterator<Item = Thing> {
    let mut given = object.kind.schema().defaults();
    // Whether its VPC has an IPv6 range by now is no matter: what it may have been given is EC2's.
    object
        .kind
        .rules()
        .implicit(&Ref::Id(object.id.clone()), true, &mut given);
    let sets = object
        .kind
        .schema()
        .attributes
        .iter()
        .filter_map(|attribute| match &attribute.ty {
            Type::Set(members) => Some((attribute.name, *members)),
            _ => None,
        });
    sets.flat_map(move |(attribute, members)| {
        let set = Attr::new(attribute);
        let differences = members.compare(given.list(set), object.record.list(set));
        let beyond = differences
            .added
            .into_iter()
            .chain(differences.altered.into_iter().map(|(_, now)| now));
        let thing = |value: &Value| Thing::Member {
            of: object.kind,
            attribute,
            key: members.key(value),
            value: value.clone(),
        };
        beyond.map(thing).collect::<Vec<_>>()
    })
}

/// The object's `Name` tag.
fn name(object: &Object) -> Option<String> {
    Some(tags::name(&object.record).to_owned()).filter(|name| !name.is_empty())
}
