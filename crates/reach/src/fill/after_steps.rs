//! The network while a plan is carried out: what is there after some of its steps, in the terms of
//! [`mod@super::after_plan`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trueup_model::attr::{ELASTIC_IP, TAGS};
use trueup_model::kinds::instance;
use trueup_model::schema::{Cost, Effect, Members};
use trueup_model::{
    Address, Kind, MemberKey, Object, Observed, Plan, Record, Ref, Role, Step, Topology, Type, Value, ipv6,
    tags,
};

use super::after_plan::{Turnover, World, along, claims, ends_with_its_vpc, open_ipv6, without_public};
use super::observed::near;

/// The steps of a plan, as far as they leave something to see.
#[derive(Clone, Debug)]
pub struct AfterSteps<'a> {
    world: World<'a>,
    /// The objects that hold addresses now.
    holders: BTreeMap<Address, String>,
    /// Where each object is among those that are there now.
    places: HashMap<&'a str, usize>,
}

/// What is there at a time.
struct Snapshot {
    /// Those that are gone leave their place empty.
    objects: Vec<Option<Object>>,
    /// Where the new ones are.
    new: HashMap<String, usize>,
}

impl Snapshot {
    fn push(&mut self, object: Object) {
        self.new.insert(object.id.clone(), self.objects.len());
        self.objects.push(Some(object));
    }
}

impl<'a> AfterSteps<'a> {
    /// The steps of a plan for what was observed.
    pub fn new(topology: &'a Topology, observed: &'a Observed, plan: &Plan) -> Self {
        let changes: Vec<_> = plan.changes.iter().collect();
        let places = observed
            .objects
            .iter()
            .enumerate()
            .map(|(place, object)| (object.id.as_str(), place))
            .collect();
        let turnover = Turnover::of(topology, &changes);
        // What goes with its VPC gives its address to what comes with the next one.
        let stays = observed
            .objects
            .iter()
            .filter(|object| !turnover.takes_along(object));
        Self {
            world: World::new(topology, observed, &turnover),
            holders: claims(topology, stays),
            places,
        }
    }

    /// What is wanted.
    pub fn topology(&self) -> &'a Topology {
        self.world.topology
    }

    /// What is there when these steps are done. An object on its way out keeps the name that it had: it is
    /// the same host.
    pub fn after(&self, steps: &[&Step]) -> Observed {
        let observed = self.world.observed;
        let mut snapshot = Snapshot {
            objects: observed.objects.iter().cloned().map(Some).collect(),
            new: HashMap::new(),
        };
        for step in steps {
            self.take(step, &mut snapshot);
        }
        let is_gone = |id: &str| {
            self.places
                .get(id)
                .is_some_and(|place| snapshot.objects.get(*place).is_some_and(Option::is_none))
        };
        let along = along(observed, is_gone);
        let interfaces =
            near(observed, &self.world.topology.name).without(|id| is_gone(id) || along.contains(id));
        let objects = snapshot.objects.into_iter().flatten().collect();
        Observed {
            objects,
            interfaces,
            elsewhere: BTreeMap::new(),
            ..observed.clone()
        }
    }

    fn take(&self, step: &Step, snapshot: &mut Snapshot) {
        let (address, call) = (&step.address, &step.call);
        let id = step.target.clone().unwrap_or_else(|| address.to_string());
        match call.role() {
            Role::Prepare => {}
            // What EC2 makes with a VPC is there with it.
            Role::Create if self.world.is_implicit(address) => {}
            Role::Create => {
                let mut record = address.kind.schema().defaults();
                record.set_all(&call.sets);
                snapshot.push(self.world.made(address, self.world.with_ids(&record)));
                if address.kind == Kind::Vpc {
                    let made = self.world.with_vpc(address);
                    made.into_iter().for_each(|object| snapshot.push(object));
                }
            }
            Role::Modify => {
                if let Some(object) = self.place(&id, snapshot).and_then(Option::as_mut) {
                    self.change(object, &call.sets, &call.unsets);
                }
                if address.kind == Kind::Vpc && call.sets.has(ipv6::BLOCK) {
                    let objects = snapshot.objects.iter_mut().flatten();
                    objects.for_each(|object| open_ipv6(object, &id));
                }
            }
            Role::Delete => {
                if let Some(object) = self.place(&id, snapshot) {
                    *object = None;
                }
                if address.kind == Kind::Vpc {
                    let gone = BTreeSet::from([id.as_str()]);
                    let ends = |object: &mut Option<Object>| {
                        object.take_if(|object| ends_with_its_vpc(object, &gone))
                    };
                    snapshot.objects.iter_mut().for_each(|object| drop(ends(object)));
                }
            }
        }
    }

    fn place<'t>(&self, id: &str, snapshot: &'t mut Snapshot) -> Option<&'t mut Option<Object>> {
        let place = *snapshot.new.get(id).or_else(|| self.places.get(id))?;
        snapshot.objects.get_mut(place)
    }

    fn change(&self, object: &mut Object, sets: &Record, unsets: &Record) {
        // What EC2 cannot change stands in a call only to say more of what it can.
        let is_fixed = |name: &str| {
            let attribute = object.kind.schema().attribute(name);
            attribute.is_some_and(|attribute| matches!(attribute.effect, Cost::Fixed(Effect::Replace)))
        };
        let changed = |record: &Record| {
            let fixed: Vec<&str> = record
                .iter()
                .map(|(name, _)| name)
                .filter(|name| is_fixed(name))
                .collect();
            spoken(&record.without(&fixed))
        };
        let (sets, unsets) = (self.world.with_ids(&changed(sets)), self.held(&changed(unsets)));
        let ty = |name: &str| {
            object
                .kind
                .schema()
                .attribute(name)
                .map(|attribute| &attribute.ty)
        };
        for (name, value) in unsets.iter() {
            let left = match (ty(name), object.record.value(name)) {
                (Some(Type::Set(members)), Some(Value::List(live))) => {
                    Some(without(members, live, value.as_list()))
                }
                (Some(Type::Policy), _) => None,
                (_, Some(Value::Map(live))) => {
                    let names: Vec<&str> = value
                        .as_map()
                        .into_iter()
                        .flat_map(Record::iter)
                        .map(|(name, _)| name)
                        .collect();
                    Some(live.without(&names).into())
                }
                _ => None,
            };
            object.record.set_option(name.to_owned(), left);
        }
        for (name, value) in sets.iter() {
            let all = match (ty(name), object.record.value(name), value) {
                (Some(Type::Set(members)), live, Value::List(new)) => {
                    with(members, live.map_or(&[], Value::as_list), new)
                }
                (Some(Type::Policy), ..) => value.clone(),
                (_, Some(Value::Map(live)), Value::Map(new)) => {
                    let mut both = live.clone();
                    both.set_all(new);
                    both.into()
                }
                _ => value.clone(),
            };
            object.record.set(name.to_owned(), all);
        }
        // Its public address goes with a stop, and with an Elastic IP address that comes or goes.
        let exchanges = [&sets, &unsets].into_iter().any(|record| record.has(ELASTIC_IP));
        if exchanges || (sets.text(instance::attr::STATE) == "stopped" && !object.record.has(ELASTIC_IP)) {
            *object = without_public(object.clone());
        }
        // What a call sets is no more as it was seen.
        let set: Vec<&str> = sets.iter().map(|(name, _)| name).collect();
        object.facts = object.facts.without(&set);
    }

    /// What a call takes away, with the ids that it goes by: those of what is there now.
    fn held(&self, record: &Record) -> Record {
        let live = record.map_refs(&|reference| match reference
            .address()
            .and_then(|address| self.holders.get(address))
        {
            Some(id) => Value::Ref(Ref::Id(id.clone())),
            None => Value::Ref(reference.clone()),
        });
        self.world.with_ids(&live)
    }
}

/// A record without the tags of ownership, of which no spec speaks.
fn spoken(record: &Record) -> Record {
    let Some(all) = record.get(TAGS) else {
        return record.clone();
    };
    let left = all.filter(|key, _| !key.starts_with(tags::PREFIX));
    if left.is_empty() {
        record.without(&[TAGS.name])
    } else {
        record.clone().with(TAGS, left)
    }
}

fn without(members: &Members, live: &[Value], gone: &[Value]) -> Value {
    let gone: BTreeSet<MemberKey> = gone.iter().map(|member| members.key(member)).collect();
    let left = live
        .iter()
        .filter(|member| !gone.contains(&members.key(member)))
        .cloned();
    Value::List(left.collect())
}

fn with(members: &Members, live: &[Value], new: &[Value]) -> Value {
    let Value::List(mut all) = without(members, live, new) else {
        return Value::List(new.to_vec());
    };
    all.extend(new.iter().cloned());
    members.sort(&mut all);
    Value::List(all)
}
