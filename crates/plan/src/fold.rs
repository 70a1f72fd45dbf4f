//! Fold: whose is each live object, and which ids are names.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroUsize;

use trueup_model::attr::Attr;
use trueup_model::room::Lists;
use trueup_model::{
    Address, Follow, Kind, Live, Object, Observed, Record, Ref, Refusal, Refused, Resource, Standing,
    Topology, Type, Value, View,
};

use crate::difference::Difference;
use crate::implicit;

/// What is wanted and what is there in one language: every reference to a resource of ours is its name.
#[derive(Debug, Default)]
pub struct Folded {
    /// The topology's name.
    pub topology: String,
    /// How many hosts that do the same work may be out of service at a time.
    pub at_once: usize,
    /// What is wanted.
    pub wanted: BTreeMap<Address, Resource>,
    /// The live objects, ours and others', references to ours as names.
    pub objects: Vec<Object>,
    /// The object that holds each address: an index into `objects`.
    pub holder: BTreeMap<Address, usize>,
    /// Retiring objects of ours by the address they had.
    pub retiring: BTreeMap<Address, Vec<usize>>,
    /// Objects of ours that carry no tags: by id.
    pub lost: BTreeSet<String>,
    /// What is known of prefix lists.
    pub lists: Lists,
    /// Addresses that are refused, with what depends on them.
    pub frozen: BTreeSet<Address>,
    /// Why.
    pub refused: Vec<Refusal>,
    /// Kinds that could not be read.
    pub unreadable: BTreeSet<Kind>,
}

impl Folded {
    /// The object that holds an address.
    pub fn live(&self, address: &Address) -> Option<&Object> {
        self.holder.get(address).map(|&index| &self.objects[index])
    }

    /// What hooks may look at.
    pub fn view(&self) -> View<'_> {
        let held = self.holder.iter().map(|(address, &index)| (address, index, true));
        let retiring = self
            .retiring
            .iter()
            .flat_map(|(address, all)| all.iter().map(move |&index| (address, index, false)));
        let live = held.chain(retiring).map(|(address, index, holds)| {
            let object = &self.objects[index];
            (
                object.id.as_str(),
                Live {
                    address,
                    id: &object.id,
                    record: &object.record,
                    holds,
                },
            )
        });
        View {
            wanted: self
                .wanted
                .iter()
                .map(|(address, resource)| (address, &resource.record))
                .collect(),
            live: live.collect(),
            holders: self
                .holder
                .iter()
                .map(|(address, &index)| (address, self.objects[index].id.as_str()))
                .collect(),
        }
    }
}

/// Finds the holder of each address and turns ids of ours into names, on both sides.
pub fn fold(topology: &Topology, observed: &Observed) -> Folded {
    let mut folded = Folded {
        topology: topology.name.clone(),
        at_once: topology.at_once.map_or(1, NonZeroUsize::get),
        unreadable: observed.unreadable.keys().copied().collect(),
        objects: observed.objects.clone(),
        lost: observed.lost.clone(),
        lists: observed.lists.clone(),
        ..Folded::default()
    };
    claim(&mut folded);
    resume(&mut folded, topology);
    implicit::claim(&mut folded, topology);
    implicit::retire(&mut folded, topology);
    folded.wanted = topology.resources.clone();
    keep(&mut folded);
    let names = Names::new(&folded);
    for object in &mut folded.objects {
        object.record = names.fold(object.kind, &object.record);
    }
    for (address, resource) in &mut folded.wanted {
        resource.record = names.fold(address.kind, &resource.record);
    }
    freeze_dependants(&mut folded);
    folded
}

/// What is there as a plan takes it: what retires and has no successor holds its address again, and of what
/// was made twice one retires.
pub fn held<'o>(topology: &Topology, observed: &'o Observed) -> Cow<'o, Observed> {
    let own = || {
        observed
            .objects
            .iter()
            .filter(|object| object.is_of(&topology.name))
    };
    let claims: BTreeSet<&str> = own().filter_map(|object| object.claim(&topology.name)).collect();
    if own().count() == claims.len() {
        return Cow::Borrowed(observed);
    }
    let mut folded = Folded {
        topology: topology.name.clone(),
        objects: observed.objects.clone(),
        ..Folded::default()
    };
    claim(&mut folded);
    resume(&mut folded, topology);
    for &index in folded.holder.values() {
        if let Some(owner) = &mut folded.objects[index].owner {
            owner.standing = Standing::Holds;
        }
    }
    Cow::Owned(Observed {
        objects: folded.objects,
        ..observed.clone()
    })
}

/// Reads the ownership tags of every object.
fn claim(folded: &mut Folded) {
    let mut claims: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
    for (index, object) in folded.objects.iter().enumerate() {
        let Some(owner) = object
            .owner
            .as_ref()
            // guard: ownership
            .filter(|owner| owner.topology == folded.topology && owner.standing != Standing::Implicit)
        else {
            continue;
        };
        match object.address(&folded.topology) {
            Some(address) if object.implicit => {
                let id = object.id.clone();
                folded
                    .refused
                    .push(Refusal::new(&address, Refused::MadeByEc2 { id }));
                folded.frozen.insert(address);
            }
            None => {
                let why = Refused::WrongTag {
                    id: object.id.clone(),
                    kind: object.kind,
                    tag: owner.address.clone(),
                };
                folded.refused.push(Refusal::new(&owner.address, why));
                folded.frozen.extend(owner.address.parse::<Address>());
            }
            Some(address) if !owner.standing.holds() => {
                folded.retiring.entry(address).or_default().push(index);
            }
            Some(address) => claims.entry(address).or_default().push(index),
        }
    }
    let mut redundant: BTreeSet<String> = BTreeSet::new();
    // By kind: what holds others comes first, and those follow it.
    for (address, holders) in claims {
        if let Some(kept) = settled(folded, &holders, &redundant) {
            for doubled in holders.into_iter().filter(|index| *index != kept) {
                if let Some(owner) = &mut folded.objects[doubled].owner {
                    owner.standing = Standing::Duplicate;
                }
                redundant.insert(folded.objects[doubled].id.clone());
                folded.retiring.entry(address.clone()).or_default().push(doubled);
            }
            folded.holder.insert(address, kept);
        } else {
            let ids = holders
                .iter()
                .map(|&index| folded.objects[index].id.clone())
                .collect();
            folded
                .refused
                .push(Refusal::new(&address, Refused::Copies { ids }));
            folded.frozen.insert(address);
        }
    }
}

/// Which of the objects with one address's tags holds it. Of several that different runs made at the same
/// time, the one that is in nothing that goes itself (`redundant`), and then the one that most refers to and is
/// referred to; the others go. None where some are copies: nobody knows which.
///
/// Two runs that did not see each other have each made a VPC and a subnet in it:
///
/// ```text
/// vpc.main    vpc-1 (run A)              vpc-2 (run B)              each is used by one: the smaller id
/// subnet.a    subnet-1 in vpc-1          subnet-2 in vpc-2          subnet-2 is in what goes: subnet-1
/// ```
///
/// Addresses come in the order in which kinds hold each other, so the VPC is chosen before what is in it, and
/// what stays is never half of the one and half of the other.
fn settled(folded: &Folded, holders: &[usize], redundant: &BTreeSet<String>) -> Option<usize> {
    let object = |index: usize| &folded.objects[index];
    let runs: BTreeSet<&str> = holders
        .iter()
        .filter_map(|&index| object(index).owner.as_ref()?.run.as_deref())
        .collect();
    if holders.len() > 1 && runs.len() < holders.len() {
        return None;
    }
    let uses = |id: &str| {
        let users = folded.objects.iter().filter(|user| {
            user.record
                .refs()
                .into_iter()
                .any(|reference| reference.id() == Some(id))
        });
        users.count()
    };
    let rank = |index: usize| {
        let Object { id, record, .. } = object(index);
        let goes = record
            .refs()
            .into_iter()
            .filter(|reference| reference.id().is_some_and(|id| redundant.contains(id)))
            .count();
        (Reverse(goes), uses(id), record.refs().len(), Reverse(id))
    };
    if let [only] = holders {
        Some(*only)
    } else {
        // guard: settling doubles
        holders.iter().copied().max_by_key(|&index| rank(index))
    }
}

/// A retiring object whose successor was never made holds its address again: either the spec matches it after
/// all and the mark comes off, or its replacement goes on. Of several, the one that differs least.
fn resume(folded: &mut Folded, topology: &Topology) {
    for (address, retiring) in &mut folded.retiring {
        let free = !folded.holder.contains_key(address) && !folded.frozen.contains(address);
        let Some(wanted) = topology.resources.get(address).filter(|_| free) else {
            continue;
        };
        // References are ids on the one side and names on the other: only plain values are compared here.
        let plain = |record: &Record| record.filter(|_, value| value.as_ref().is_none());
        let differs = |index: usize| {
            let live = plain(&folded.objects[index].record);
            Difference::new(address.kind, live, plain(&wanted.record))
                .attributes
                .len()
        };
        if let Some(best) = (0..retiring.len()).min_by_key(|&at| differs(retiring[at])) {
            folded.holder.insert(address.clone(), retiring.remove(best));
        }
    }
}

/// Where the spec leaves something open, what is there keeps what it has.
fn keep(folded: &mut Folded) {
    for (address, resource) in &mut folded.wanted {
        if let Some(&index) = folded.holder.get(address) {
            let is_implicit = resource.implicit;
            let Resource { record, places, .. } = resource;
            // What EC2 says of what it makes, and cannot change, is as it says.
            for attribute in address.kind.schema().attributes.iter().filter(|_| is_implicit) {
                let says = folded.objects[index].record.value(attribute.name);
                if attribute.is_fixed() && !matches!(attribute.ty, Type::Ref(..)) {
                    record.set_option(attribute.name, says.cloned());
                }
            }
            address
                .kind
                .rules()
                .keep(record, &folded.objects[index].record, &|name| {
                    places.contains_key(name)
                });
        }
    }
}

/// What depends on a refused address is refused with it.
fn freeze_dependants(folded: &mut Folded) {
    loop {
        let more: Vec<Address> = folded
            .wanted
            .iter()
            .filter(|(address, resource)| {
                !folded.frozen.contains(address)
                    && resource
                        .record
                        .refs()
                        .iter()
                        .filter_map(|r| r.address())
                        .any(|to| folded.frozen.contains(to))
            })
            .map(|(address, _)| address.clone())
            .collect();
        if more.is_empty() {
            return;
        }
        folded.frozen.extend(more);
    }
}

/// What is called what: ids of ours by name, and EC2 names for references that follow the name.
struct Names {
    by_id: HashMap<String, Address>,
    by_ec2_name: HashMap<(Kind, String), Address>,
    ec2_name_of_id: HashMap<String, String>,
}

impl Names {
    fn new(folded: &Folded) -> Self {
        let ec2_name = |kind: Kind, record: &Record| kind.rules().ec2_name(record);
        // A name that its holder is about to lose is not the one that the spec's users of the holder mean.
        let keeps = |address: &Address, record: &Record| {
            let wanted = folded.wanted.get(address);
            wanted
                .is_none_or(|wanted| ec2_name(address.kind, &wanted.record) == ec2_name(address.kind, record))
        };
        let held = folded
            .holder
            .iter()
            .map(|(address, &index)| (address, &folded.objects[index].record));
        let held = held.filter(|(address, record)| keeps(address, record));
        let wanted = folded
            .wanted
            .iter()
            .map(|(address, resource)| (address, &resource.record));
        let named = held.chain(wanted).filter_map(|(address, record)| {
            Some(((address.kind, ec2_name(address.kind, record)?), address.clone()))
        });
        let of_id = folded
            .objects
            .iter()
            .filter_map(|object| Some((object.id.clone(), ec2_name(object.kind, &object.record)?)));
        Self {
            by_id: folded
                .holder
                .iter()
                .map(|(address, &index)| (folded.objects[index].id.clone(), address.clone()))
                .collect(),
            by_ec2_name: named.collect(),
            ec2_name_of_id: of_id.collect(),
        }
    }

    fn fold(&self, kind: Kind, record: &Record) -> Record {
        let by_id = |reference: &Ref| match reference {
            Ref::Id(id) => Value::Ref(
                self.by_id
                    .get(id)
                    .map_or_else(|| reference.clone(), |address| Ref::Name(address.clone())),
            ),
            Ref::Name(_) => Value::Ref(reference.clone()),
        };
        let mut out = record.map_refs(&by_id);
        for attribute in kind.schema().attributes {
            if let (Type::Ref(to, Follow::Name), Some(Ref::Id(text))) =
                (&attribute.ty, record.get(Attr::<Ref>::new(attribute.name)))
            {
                let name = self.ec2_name_of_id.get(text).unwrap_or(text).clone();
                let folded = self
                    .by_ec2_name
                    .get(&(*to, name.clone()))
                    .map_or(Ref::Id(name), |address| Ref::Name(address.clone()));
                out.set(attribute.name, folded);
            }
            // The members of a set are in the order of their keys, and some keys may have just changed.
            if let Some(Value::List(list)) = out
                .value(attribute.name)
                .filter(|value| Some(*value) != record.value(attribute.name))
            {
                let list = list.clone();
                kind.schema().set_list(&mut out, Attr::new(attribute.name), list);
            }
        }
        out
    }
}

/// A record in which references to these addresses are the ids of what holds them now: their successors are
/// others.
pub fn unfold(kind: Kind, record: &Record, replaced: &BTreeMap<Address, String>) -> Record {
    if replaced.is_empty() {
        return record.clone();
    }
    let by_name: Vec<&str> = kind
        .schema()
        .attributes
        .iter()
        .filter(|a| matches!(a.ty, Type::Ref(_, Follow::Name)))
        .map(|a| a.name)
        .collect();
    let mut out = record.map_refs(&|reference| {
        let id = reference.address().and_then(|address| replaced.get(address));
        Value::Ref(id.map_or_else(|| reference.clone(), |id| Ref::Id(id.clone())))
    });
    for name in by_name {
        out.set_option(name, record.value(name).cloned());
    }
    out
}
