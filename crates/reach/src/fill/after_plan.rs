//! The network that a plan leaves, in the terms of the one that is live: what stays keeps its id, its
//! addresses and its neighbours.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trueup_model::attr::{Attr, ELASTIC_IP, SUBNET, VPC};
use trueup_model::kinds::{instance, route_table, subnet, vpc};
use trueup_model::rules::{newborn, opened};
use trueup_model::schema::Omitted;
use trueup_model::{
    Action, Address, Change, Home, Kind, Loss, Object, Observed, Owner, Plan, Record, Ref, Resource,
    Standing, Topology, Value, fact,
};

use super::observed::near;

/// What will be there when a plan is carried out, but for the change at the address `without`. What is yet to
/// be made goes by its address in the place of an id and has no facts.
pub fn after_plan(
    topology: &Topology,
    observed: &Observed,
    plan: &Plan,
    without: Option<&Address>,
) -> Observed {
    let changes: Vec<&Change> = plan
        .changes
        .iter()
        .filter(|change| Some(&change.address) != without)
        .collect();
    let turnover = Turnover::of(topology, &changes);
    let world = World::new(topology, observed, &turnover);
    let Turnover { gone, made } = turnover;
    // What the plan leaves alone is as the spec has it already, and is reported in the spec's order.
    let is_left_out = |address: &Address| Some(address) == without;
    let wanted = |object: &Object| {
        topology
            .resources
            .get(&object.address(&topology.name)?)
            .filter(|wanted| !is_left_out(&wanted.address))
    };
    let own = |object: &Object| object.claim(&topology.name).and_then(|_| wanted(object));
    // An instance that is stopped, or that gets or gives back an Elastic IP address, gets another public
    // address.
    let loses = |change: &&&Change| {
        change
            .losses
            .iter()
            .any(|loss| matches!(loss, Loss::PublicAddress { .. }))
    };
    let losers: BTreeSet<&str> = changes
        .iter()
        .filter(loses)
        .filter_map(|change| change.id.as_deref())
        .collect();
    let updated = |object: &Object, resource: &Resource| {
        let updated = world.updated(object, resource);
        let is_other = losers.contains(object.id.as_str())
            || updated.record.get(ELASTIC_IP) != object.record.get(ELASTIC_IP);
        if is_other {
            without_public(updated)
        } else {
            updated
        }
    };
    let stays = |object: &&Object| !gone.contains(object.id.as_str()) && !ends_with_its_vpc(object, &gone);
    let mut objects: Vec<Object> = observed
        .objects
        .iter()
        .filter(stays)
        .map(|object| own(object).map_or_else(|| object.clone(), |resource| updated(object, resource)))
        .collect();
    // What the spec declares is as it says.
    let live_vpcs = observed.objects.iter().filter(|object| object.kind == Kind::Vpc);
    for vpc in live_vpcs.filter(|vpc| own(vpc).is_some_and(|wanted| vpc::gets_ipv6(vpc, &wanted.record))) {
        let undeclared = objects.iter_mut().filter(|object| own(object).is_none());
        undeclared.for_each(|object| open_ipv6(object, &vpc.id));
    }
    for resource in made {
        objects.push(world.made(&resource.address, world.fitted(resource, None)));
        objects.extend(world.undeclared_table(&resource.address));
    }
    let along = along(observed, |id| gone.contains(id));
    let interfaces = near(observed, &topology.name).without(|id| gone.contains(id) || along.contains(id));
    Observed {
        objects,
        interfaces,
        elsewhere: BTreeMap::new(),
        ..observed.clone()
    }
}

/// An object whose public address will be another than the one that was seen.
pub(super) fn without_public(object: Object) -> Object {
    Object {
        facts: object.facts.without(&[fact::PUBLIC_IP.name]),
        ..object
    }
}

/// What a plan ends and what it makes.
pub(super) struct Turnover<'p, 't> {
    /// By id.
    gone: BTreeSet<&'p str>,
    made: Vec<&'t Resource>,
}

impl<'p, 't> Turnover<'p, 't> {
    pub fn of(topology: &'t Topology, changes: &[&'p Change]) -> Self {
        let is = |wanted: [Action; 2]| {
            changes
                .iter()
                .filter(move |change| wanted.contains(&change.action))
        };
        let gone = is([Action::Delete, Action::Replace])
            .filter_map(|change| change.id.as_deref())
            .collect();
        let new = is([Action::Create, Action::Replace]).chain(
            // What EC2 makes with a new VPC, and the spec declares.
            changes
                .iter()
                .filter(|change| change.action == Action::Update && change.id.is_none()),
        );
        let made = new
            .filter_map(|change| topology.resources.get(&change.address))
            .collect();
        Self { gone, made }
    }

    /// Whether an object goes with the VPC that EC2 made it with.
    pub fn takes_along(&self, object: &Object) -> bool {
        ends_with_its_vpc(object, &self.gone)
    }
}

/// What goes with the objects that end: their network interfaces.
pub(super) fn along(observed: &Observed, ends: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let ending = observed.objects.iter().filter(|object| ends(&object.id));
    ending
        .flat_map(|object| object.kind.rules().along(object))
        .collect()
}

/// What EC2 made with a VPC goes with it.
pub(super) fn ends_with_its_vpc(object: &Object, gone: &BTreeSet<&str>) -> bool {
    object.implicit && matches!(object.record.get(VPC), Some(Ref::Id(vpc)) if gone.contains(vpc.as_str()))
}

/// What EC2 made with a VPC opens when that gets an IPv6 range.
pub(super) fn open_ipv6(object: &mut Object, vpc: &str) {
    if object.record.get(VPC).and_then(Ref::id) == Some(vpc)
        && let Some(opened) = opened(object)
    {
        object.record = opened;
    }
}

/// What there is while a plan is carried out, and how it is called.
#[derive(Clone, Debug)]
pub(super) struct World<'a> {
    pub topology: &'a Topology,
    pub observed: &'a Observed,
    /// What each address is called.
    ids: BTreeMap<Address, String>,
    /// What there is, by its id.
    by_id: HashMap<&'a str, &'a Object>,
}

impl<'a> World<'a> {
    /// What will be there by what a plan ends and makes.
    pub fn new(topology: &'a Topology, observed: &'a Observed, turnover: &Turnover<'_, '_>) -> Self {
        let stays = observed
            .objects
            .iter()
            .filter(|object| !turnover.gone.contains(object.id.as_str()));
        let mut ids = claims(topology, stays);
        ids.extend(
            turnover
                .made
                .iter()
                .map(|resource| (resource.address.clone(), resource.address.to_string())),
        );
        Self {
            topology,
            observed,
            ids,
            by_id: observed
                .objects
                .iter()
                .map(|object| (object.id.as_str(), object))
                .collect(),
        }
    }

    pub fn with_ids(&self, record: &Record) -> Record {
        record.map_refs(&|reference| match reference {
            Ref::Name(address) => Value::Ref(Ref::Id(
                self.ids
                    .get(address)
                    .cloned()
                    .unwrap_or_else(|| address.to_string()),
            )),
            Ref::Id(_) => Value::Ref(reference.clone()),
        })
    }

    /// Whether EC2 makes by itself what an address has.
    pub fn is_implicit(&self, address: &Address) -> bool {
        self.topology
            .resources
            .get(address)
            .is_some_and(|resource| resource.implicit)
    }

    /// What is wanted of a live object, or of a new one.
    fn fitted(&self, resource: &Resource, object: Option<&Object>) -> Record {
        let fitted = resource
            .address
            .kind
            .rules()
            .fitted(resource, object, self.home(resource));
        self.with_ids(fitted.as_ref().unwrap_or(&resource.record))
    }

    /// What a resource is in.
    fn home(&self, resource: &Resource) -> Option<Home<'_>> {
        let home = resource.address.kind.rules().home(&resource.record)?;
        let live = self.live(home);
        let wanted = self.topology.follow(Some(home));
        let (kind, record) = match wanted {
            Some(resource) => (resource.address.kind, &resource.record),
            None => live.map(|object| (object.kind, &object.record))?,
        };
        let around = kind.rules().home(record).and_then(|around| self.live(around));
        Some(Home { record, live, around })
    }

    /// What is live of what a reference means, where that stays.
    fn live(&self, reference: &Ref) -> Option<&'a Object> {
        let id = match reference {
            Ref::Name(address) => self.ids.get(address)?,
            Ref::Id(id) => id,
        };
        self.by_id.get(id.as_str()).copied()
    }

    /// A live object as it will be: what the spec leaves to EC2 stays as it is.
    fn updated(&self, object: &Object, resource: &Resource) -> Object {
        let mut record = self.fitted(resource, Some(object));
        for attribute in object.kind.schema().attributes {
            if let (None, Omitted::Auto, Some(live)) = (
                record.value(attribute.name),
                attribute.omitted,
                object.record.value(attribute.name),
            ) {
                record.set(attribute.name, live.clone());
            }
        }
        // Who lists addresses counts none besides.
        if resource.record.has(instance::attr::IPV6_ADDRESSES) {
            record.remove(instance::attr::IPV6_ADDRESS_COUNT);
        }
        // What runs again is not in the state in which it was seen.
        let facts = if record.text(instance::attr::STATE) == "running" {
            object.facts.without(&[fact::STATE.name])
        } else {
            object.facts.clone()
        };
        // What could not be read is not changed, and so is not known afterwards.
        let record = record.without(&object.unread.keys().map(String::as_str).collect::<Vec<_>>());
        Object {
            record,
            facts,
            ..object.clone()
        }
    }

    /// A new object with this record.
    pub fn made(&self, address: &Address, mut record: Record) -> Object {
        let wanted = self.topology.resources.get(address);
        if address.kind == Kind::Instance && !record.has(instance::attr::ASSOCIATE_PUBLIC_IP_ADDRESS) {
            let subnet = wanted.and_then(|resource| resource.record.get(SUBNET));
            record.set(
                instance::attr::ASSOCIATE_PUBLIC_IP_ADDRESS,
                self.switch(subnet, subnet::attr::MAP_PUBLIC_IP_ON_LAUNCH),
            );
        }
        let counted = [
            instance::attr::IPV6_ADDRESSES.name,
            instance::attr::IPV6_ADDRESS_COUNT.name,
        ];
        if address.kind == Kind::Instance && !counted.iter().any(|name| record.has(name)) {
            let subnet = wanted.and_then(|resource| resource.record.get(SUBNET));
            let assigns = self.switch(subnet, subnet::attr::ASSIGN_IPV6_ADDRESS_ON_CREATION);
            record.set(instance::attr::IPV6_ADDRESS_COUNT, i64::from(assigns));
        }
        let owner = Owner {
            topology: self.topology.name.clone(),
            address: address.to_string(),
            standing: Standing::Holds,
            protect: wanted.is_some_and(|resource| resource.protect),
            read: BTreeSet::new(),
            written: BTreeSet::new(),
            run: None,
        };
        let (kind, id) = (address.kind, address.to_string());
        Object {
            kind,
            id,
            record,
            facts: Record::new(),
            owner: Some(owner),
            implicit: wanted.is_some_and(|resource| resource.implicit),
            unread: BTreeMap::new(),
        }
    }

    /// What EC2 makes with a new VPC and is looked at: what the spec declares, as it is born, and the main route
    /// table.
    pub fn with_vpc(&self, vpc: &Address) -> Vec<Object> {
        let of_vpc = |resource: &&Resource| resource.record.get(VPC).and_then(Ref::address) == Some(vpc);
        let declared = self
            .topology
            .resources
            .values()
            .filter(|resource| resource.implicit);
        let born = declared.filter(of_vpc).map(|resource| {
            let home = self.topology.resources.get(vpc).map(|vpc| Home {
                record: &vpc.record,
                live: None,
                around: None,
            });
            self.made(&resource.address, self.with_ids(&newborn(resource, home)))
        });
        born.chain(self.undeclared_table(vpc)).collect()
    }

    /// The main route table that EC2 makes with a new VPC, where the spec does not declare it.
    fn undeclared_table(&self, vpc: &Address) -> Option<Object> {
        let of_vpc = |table: &Resource| table.record.get(VPC).and_then(Ref::address) == Some(vpc);
        let mut tables = self.topology.of(Kind::RouteTable).filter(|table| table.implicit);
        (vpc.kind == Kind::Vpc && !tables.any(of_vpc)).then(|| main_table(vpc))
    }

    /// Whether a switch of a subnet is on: to give public addresses, or IPv6 ones, to instances that do not say
    /// what they want.
    fn switch(&self, subnet: Option<&Ref>, switch: Attr<bool>) -> bool {
        let outside = |id: &str| self.by_id.get(id).map(|object| &object.record);
        let record = match subnet {
            Some(Ref::Id(id)) => outside(id),
            subnet => self.topology.follow(subnet).map(|resource| &resource.record),
        };
        record.and_then(|record| record.get(switch)) == Some(true)
    }
}

/// The ids of the objects that hold addresses.
pub(super) fn claims<'o>(
    topology: &Topology,
    objects: impl Iterator<Item = &'o Object>,
) -> BTreeMap<Address, String> {
    let claim = |object: &Object| Some((object.claim(&topology.name)?.parse().ok()?, object.id.clone()));
    objects.filter_map(claim).collect()
}

/// The main route table that EC2 makes with a VPC.
fn main_table(vpc: &Address) -> Object {
    let record = Record::new()
        .with(VPC, Ref::Id(vpc.to_string()))
        .with(route_table::attr::ROUTES, Vec::new());
    let id = format!("the main route table of {vpc}");
    Object {
        kind: Kind::RouteTable,
        id,
        record,
        facts: Record::new(),
        owner: None,
        implicit: true,
        unread: BTreeMap::new(),
    }
}
