//! What a kind must say about itself: the seam between the pure middle, which names no attribute, and the
//! kinds' files.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::action::{ApiAction, Role};
use crate::attr::{Attr, TAGS, VPC};
use crate::call::{Call, Claim, Needs};
use crate::diagnostic::Diagnostic;
pub use crate::files::Files;
use crate::kinds::vpc;
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::refusal::Unchangeable;
use crate::room::{Lists, NO_LISTS};
use crate::schema::{ChangedBy, Effect, Type};
use crate::stake::Loss;
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};
use crate::{Address, Implicit, Kind, Ref, Site, Sought, Zone, ipv6, tags};

/// What a resource is in: its VPC, or its subnet.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// What it is to be; of what is not this topology's, what it is.
    pub record: &'a Record,
    /// What is live of it, where that stays.
    pub live: Option<&'a Object>,
    /// What is live of what it is in itself, where that stays.
    pub around: Option<&'a Object>,
}

impl<'a> Home<'a> {
    /// Whether it has, or is to have, an IPv6 range.
    pub fn has_ipv6(&self) -> bool {
        !self.record.text(ipv6::BLOCK).is_empty()
    }

    /// The live VPC that is to get an IPv6 range that it does not have.
    pub fn gets_ipv6(&self) -> Option<&'a Object> {
        self.live.filter(|live| vpc::gets_ipv6(live, self.record))
    }
}

/// A kind's attributes, checks and calls.
pub trait Rules: Sync {
    /// Rewrites a record as a person wrote it into its canonical form: shorthands expanded, files read, names
    /// completed.
    fn normalise(&self, _record: &mut Record, _context: &mut Context<'_>) {}

    /// Rewrites a canonical record of the resource `address` as a person would write it: what
    /// [`Rules::normalise`] would make of that is the record again.
    fn abridge(&self, _record: &mut Record, _address: &Address, _topology: &Topology) {}

    /// Checks all resources of this kind: what EC2 would refuse is an error, what an account may have raised
    /// a warning.
    fn check(&self, _topology: &Topology, _out: &mut Vec<Diagnostic>) {}

    /// What a live object keeps where the spec leaves it open: written into what is wanted of it. `says`
    /// tells whether the spec itself has a line for an attribute.
    fn keep(&self, _wanted: &mut Record, _live: &Record, _says: &dyn Fn(&str) -> bool) {}

    /// The ranges of addresses that a resource is.
    fn ranges(&self, _record: &Record) -> Vec<IpNet> {
        Vec::new()
    }

    /// The calls before the object is there, where there are any.
    fn prepare(&self, _record: &Record) -> Vec<Call> {
        Vec::new()
    }

    /// The call that makes the object. `replaced` is the object whose successor it is, while that one still
    /// lives.
    fn create(&self, record: &Record, replaced: Option<&Object>) -> Call;

    /// Writes into what an object is by default what EC2 gives this one, which it makes by itself with a VPC:
    /// a default group, a default network ACL. `own` is what it is called, and `ipv6` whether the VPC has an
    /// IPv6 range.
    fn implicit(&self, _own: &Ref, _ipv6: bool, _record: &mut Record) {}

    /// The calls that change a live object in place (or by stop and start), in their order: those that the
    /// table says, in its order.
    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        update.calls()
    }

    /// The calls that end an object, in their order. The last has [`Role::Delete`].
    fn delete(&self, object: &Object) -> Vec<Call> {
        let delete = object
            .kind
            .def()
            .actions
            .iter()
            .find(|action| action.role == Role::Delete);
        delete
            .map(|delete| delete.unsetting(object.record.clone()))
            .into_iter()
            .collect()
    }

    /// What a call that sets this record takes that only one object can have.
    fn claims(&self, _address: &Address, _sets: &Record) -> Vec<Claim> {
        Vec::new()
    }

    /// The spaces of claims in which EC2 chooses for this call: whoever claims something certain there comes
    /// first, lest EC2 give it away.
    fn takes_any(&self, _call: &Call) -> Vec<String> {
        Vec::new()
    }

    /// What must have happened before `call` that no reference of it says.
    fn after(&self, _address: &Address, _call: &Call, _record: &Record, _view: &View<'_>) -> Vec<After> {
        Vec::new()
    }

    /// The attribute by which EC2 itself refuses to end this object, where that is on. Lifting it needs a
    /// consent of its own.
    fn lifts(&self, _object: &Object) -> Option<&'static str> {
        None
    }

    /// The ids of what goes with this object when it goes, and that others may refer to: an instance's
    /// interface and root volume.
    fn along(&self, _object: &Object) -> Vec<String> {
        Vec::new()
    }

    /// The routes of this object that lead nowhere, as EC2 says: the destination of each, and the id of where
    /// it leads.
    fn blackholes(&self, _object: &Object) -> Vec<(String, String)> {
        Vec::new()
    }

    /// What is lost for ever when this object goes: addresses, volumes.
    fn losses(&self, _object: &Object) -> Vec<Loss> {
        Vec::new()
    }

    /// What is lost for ever when this object changes and stays the same object. `effect` is the worst of
    /// what changes.
    fn losses_by_update(&self, _object: &Object, _update: &Update<'_>, _effect: Effect) -> Vec<Loss> {
        Vec::new()
    }

    /// What of an update EC2 cannot do, where nothing is replaced for it unasked: what is there holds data.
    fn refuses(&self, _update: &Update<'_>) -> Option<Unchangeable> {
        None
    }

    /// What has an object of ours that only one thing can have, and is not of its topology: while it has,
    /// nothing else gets it, and EC2 does not end it.
    fn held_by(&self, _object: &Object) -> Option<String> {
        None
    }

    /// What users of the network feel when the object goes or is replaced.
    fn loss_disruption(&self, _object: &Object) -> Disruption {
        Disruption::None
    }

    /// What EC2 calls the resource, where references follow the name.
    fn ec2_name(&self, _record: &Record) -> Option<String> {
        None
    }

    /// What a record uses of what no spec declares: transit gateways, images, instance types.
    fn outside(&self, _record: &Record) -> Vec<Sought> {
        Vec::new()
    }

    /// What a record refers to and is in another account or region than `site`: nobody can look for it here.
    fn elsewhere<'r>(&self, _record: &'r Record, _site: &Site) -> Option<&'r Ref> {
        None
    }

    /// The zone that a record says its object is in.
    fn zone(&self, _record: &Record) -> Option<Zone> {
        None
    }

    /// What says in which VPC a resource is: the VPC itself, or what it is in.
    fn home<'r>(&self, record: &'r Record) -> Option<&'r Ref> {
        record.get(VPC)
    }

    /// The attributes of which the home decides what they mean, by its attribute of the same name: where that
    /// is not known, neither are they.
    fn by_home(&self) -> &'static [&'static str] {
        &[]
    }

    /// What an object shares with those that do the same work, in words: they are stopped and replaced one
    /// after the other.
    fn peers(&self, _address: &Address, _record: &Record) -> Vec<String> {
        Vec::new()
    }

    /// Whether the object goes out of service by this one of the calls of an update, or is back in it.
    fn is_downtime(&self, _calls: &[Call], _call: &Call) -> bool {
        false
    }

    /// Whether EC2 takes two calls of one object in either order: that of [`Rules::update`] is a preference
    /// then.
    fn commute(&self, _earlier: &Call, _later: &Call) -> bool {
        false
    }

    /// What is wanted of this live object, or of a new one, where what a spec leaves out or leaves to EC2
    /// means what EC2 makes of it there; none where that is what the record says.
    fn fitted(
        &self,
        _resource: &Resource,
        _object: Option<&Object>,
        _home: Option<Home<'_>>,
    ) -> Option<Record> {
        None
    }

    /// What EC2 gives a new object beyond its defaults, for what the new object is in: written into what it
    /// is right after [`Rules::create`].
    fn initial_state(&self, _born: &mut Record, _home: Home<'_>) {}

    /// Remarks about a live object that is compared with this record, for the reader of a plan; `lists` is
    /// what is known of prefix lists.
    fn notes(&self, _record: &Record, _object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        Vec::new()
    }
}

/// What another part of the plan must have done first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum After {
    /// All that the plan does to make or change this resource.
    Ready(Address),
    /// The end of this live object of an address: its id.
    Gone(Address, String),
    /// The step that changes this attribute of an address, or the end of its live object.
    Changed(Address, String, &'static str),
    /// The step that takes the member with this one's key out of a set of a live object, or its end.
    Without(Address, String, &'static str, Value),
}

/// A change in place of one live object.
#[derive(Debug)]
pub struct Update<'a> {
    /// What it is.
    pub kind: Kind,
    /// What is there.
    pub before: &'a Record,
    /// What is wanted.
    pub after: &'a Record,
    /// The attributes that differ.
    pub changed: BTreeSet<&'static str>,
    /// Whether the object was only just made by this plan.
    pub just_created: bool,
    /// What is known of prefix lists.
    pub lists: &'a Lists,
}

impl<'a> Update<'a> {
    /// The update that brings `before` to `after`.
    pub fn new(kind: Kind, before: &'a Record, after: &'a Record, just_created: bool) -> Self {
        Self {
            kind,
            before,
            after,
            changed: kind.schema().differing(after, before),
            just_created,
            lists: &NO_LISTS,
        }
    }

    /// The same, where this is known of prefix lists.
    #[must_use]
    pub fn knowing(mut self, lists: &'a Lists) -> Self {
        self.lists = lists;
        self
    }

    /// Whether this attribute differs.
    pub fn has(&self, name: impl AsRef<str>) -> bool {
        self.changed.contains(name.as_ref())
    }

    /// The calls that the kind's table says for what differs.
    pub fn calls(&self) -> Vec<Call> {
        let attributes = self.kind.schema().attributes.iter();
        attributes
            .flat_map(|attribute| match attribute.changed_by {
                ChangedBy::Rules => Vec::new(),
                ChangedBy::Set(action) => self.set(attribute.name, action).into_iter().collect(),
                ChangedBy::Attach(give, swap, take) => self.attach(attribute.name, give, swap, take),
            })
            .collect()
    }

    /// A call that sets `name` to its new value and takes its old one away, where it differs.
    pub fn set(&self, name: impl AsRef<str>, action: ApiAction) -> Option<Call> {
        let name = name.as_ref();
        self.has(name).then(|| {
            action
                .setting(self.after.only(&[name]))
                .unsetting(self.before.only(&[name]))
        })
    }

    /// The calls for a reference or a value of which an object has at most one: one action to give it, one to
    /// swap it in one call where EC2 has that, one to take it.
    pub fn attach(
        &self,
        name: impl AsRef<str>,
        give: ApiAction,
        swap: Option<ApiAction>,
        take: ApiAction,
    ) -> Vec<Call> {
        let name = name.as_ref();
        if !self.has(name) {
            return Vec::new();
        }
        let (old, new) = (self.before.only(&[name]), self.after.only(&[name]));
        match (old.is_empty(), new.is_empty(), swap) {
            (false, false, Some(swap)) => vec![swap.setting(new).unsetting(old)],
            (false, false, None) => vec![take.unsetting(old), give.setting(new)],
            (true, false, _) => vec![give.setting(new)],
            (false, true, _) => vec![take.unsetting(old)],
            (true, true, _) => Vec::new(),
        }
    }

    /// How the members of a set differ.
    pub fn members(&self, set: Attr<[Value]>) -> crate::schema::Differences<'a> {
        match self.kind.schema().attribute(set.name).map(|a| &a.ty) {
            Some(Type::Set(members)) if self.has(set) => {
                members.compare(self.before.list(set), self.after.list(set))
            }
            _ => crate::schema::Differences::default(),
        }
    }
}

/// One call for some members of a set.
pub fn members_record(set: Attr<[Value]>, members: &[&Value]) -> Record {
    Record::new().with(set, members.iter().map(|&m| m.clone()).collect::<Vec<_>>())
}

/// All calls that make a new object of a resource from nothing, in their order. Tags ride in the create call
/// itself.
pub fn make(resource: &Resource, home: Option<Home<'_>>, replaced: Option<&Object>) -> Vec<Call> {
    let kind = resource.address.kind;
    let rules = kind.rules();
    let fitted = rules.fitted(resource, None, home);
    let record = fitted.as_ref().unwrap_or(&resource.record);
    if let Some(implicit) = kind.implicit().filter(|_| resource.implicit) {
        return find(implicit, &newborn(resource, home), record);
    }
    let mut calls = rules.prepare(record);
    let mut create = rules.create(record, replaced);
    if let Some(tags) = record.get(TAGS) {
        create.sets.set(TAGS, tags.clone());
    }
    calls.push(create);
    let mut born = just_created(kind, record);
    if let Some(home) = home {
        rules.initial_state(&mut born, home);
    }
    if let Some(tags) = record.get(TAGS) {
        born.set(TAGS, tags.clone());
    }
    calls.extend(rules.update(&Update::new(kind, &born, record, true)));
    debug_assert!(calls.iter().all(|call| call.role() != Role::Delete));
    calls
}

/// The calls for what EC2 makes with a VPC: it is found, and made to be as is wanted.
fn find(implicit: &Implicit, born: &Record, record: &Record) -> Vec<Call> {
    let rules = implicit.kind.rules();
    let mut calls = vec![implicit.find.setting(record.only(&[VPC.name]))];
    calls.extend(rules.update(&Update::new(implicit.kind, born, record, true)));
    let tags = record
        .get(TAGS)
        .map(|tags| tags.filter(|_, value| *value != Value::Null));
    if let Some(tags) = tags.filter(|tags| !tags.is_empty()) {
        calls.push(tags::action::CREATE.setting(Record::new().with(TAGS, tags)));
    }
    calls
}

/// What EC2 gives what it makes by itself with a new VPC.
pub fn newborn(resource: &Resource, home: Option<Home<'_>>) -> Record {
    let kind = resource.address.kind;
    let mut born = kind.schema().defaults();
    let ipv6 = home.as_ref().is_some_and(Home::has_ipv6);
    let own = Ref::Name(resource.address.clone());
    kind.rules().implicit(&own, ipv6, &mut born);
    for attribute in kind
        .schema()
        .attributes
        .iter()
        .filter(|attribute| attribute.is_fixed())
    {
        born.set_option(attribute.name, resource.record.value(attribute.name).cloned());
    }
    born
}

/// What EC2 makes of what it made with a VPC as soon as that gets an IPv6 range: what nobody has changed since is
/// as in a new VPC that has one. None where nothing becomes different.
pub fn opened(object: &Object) -> Option<Record> {
    if !object.implicit {
        return None;
    }
    let born = |ipv6| {
        let mut born = object.kind.schema().defaults();
        let own = Ref::Id(object.id.clone());
        object.kind.rules().implicit(&own, ipv6, &mut born);
        born
    };
    let (shut, open) = (born(false), born(true));
    let differing = |record| object.kind.schema().differing(&shut, record);
    let mut record = object.record.clone();
    for name in differing(&open).difference(&differing(&object.record)) {
        record.set_option(*name, open.value(name).cloned());
    }
    (record != object.record).then_some(record)
}

/// What a new object has right after [`Rules::create`]: what that sets, and EC2's defaults. What is still
/// missing is brought about by [`Rules::update`].
pub fn just_created(kind: Kind, record: &Record) -> Record {
    let mut created = kind.schema().defaults();
    created.set_all(&kind.rules().create(record, None).sets);
    created
}

/// A call that sets only what may come after both ends exist.
pub fn later(call: Call) -> Call {
    call.needing(Needs::Exists)
}

/// Whether two calls only change an object, and no attribute is in both.
pub fn are_apart(earlier: &Call, later: &Call) -> bool {
    let names = |call: &Call| {
        call.sets
            .iter()
            .chain(call.unsets.iter())
            .map(|(name, _)| name.to_owned())
            .collect::<BTreeSet<_>>()
    };
    earlier.role() == Role::Modify
        && later.role() == Role::Modify
        && names(earlier).is_disjoint(&names(later))
}

/// Whether a call has a say in which packets pass, or in whom an expectation means.
pub fn touches_packets(kind: Kind, call: &Call) -> bool {
    let schema = kind.schema();
    let attributes = schema.attributes;
    match call.role() {
        Role::Prepare => false,
        Role::Create | Role::Delete => {
            attributes.is_empty() || attributes.iter().any(|attribute| attribute.is_felt)
        }
        Role::Modify => call
            .sets
            .iter()
            .chain(call.unsets.iter())
            .any(|(name, _)| schema.is_felt(name)),
    }
}

/// The worst that the attributes' effects come to.
pub fn worst(effects: impl IntoIterator<Item = Effect>) -> Effect {
    effects.into_iter().max().unwrap_or(Effect::InPlace)
}

/// What a hook may look at: the whole of what is wanted and what is there, by address.
#[derive(Debug, Default)]
pub struct View<'a> {
    /// The spec's records.
    pub wanted: BTreeMap<&'a Address, &'a Record>,
    /// Our live objects by id, references to what holds an address as names.
    pub live: BTreeMap<&'a str, Live<'a>>,
    /// The id of the object that holds each address.
    pub holders: BTreeMap<&'a Address, &'a str>,
}

/// A live object of ours.
#[derive(Clone, Copy, Debug)]
pub struct Live<'a> {
    /// The address that it has or had.
    pub address: &'a Address,
    /// Its id.
    pub id: &'a str,
    /// What it is.
    pub record: &'a Record,
    /// Whether it holds its address still: it is not retiring.
    pub holds: bool,
}

impl<'a> View<'a> {
    /// The wanted resources of `kind`.
    pub fn wanted_of(&self, kind: Kind) -> impl Iterator<Item = (&'a Address, &'a Record)> {
        self.wanted
            .iter()
            .filter(move |(address, _)| address.kind == kind)
            .map(|(a, r)| (*a, *r))
    }

    /// The live objects of `kind`, those on their way out included.
    pub fn live_of(&self, kind: Kind) -> impl Iterator<Item = Live<'a>> {
        self.live
            .values()
            .filter(move |live| live.address.kind == kind)
            .copied()
    }

    /// The reference `attribute` of what `reference` points at, among the wanted resources.
    pub fn wanted_ref(&self, reference: Option<&Ref>, attribute: Attr<Ref>) -> Option<&'a Ref> {
        self.wanted.get(reference?.address()?)?.get(attribute)
    }

    /// The reference by name, where it is an id of ours: in a call, what is being replaced stands by its id.
    pub fn named(&self, reference: &Ref) -> Ref {
        let live = reference
            .id()
            .and_then(|id| self.live.get(id))
            .filter(|live| live.holds);
        live.map_or_else(|| reference.clone(), |live| Ref::Name(live.address.clone()))
    }

    /// The reference `attribute` of what `reference` points at, among the live objects.
    pub fn live_ref(&self, reference: Option<&Ref>, attribute: Attr<Ref>) -> Option<&'a Ref> {
        let id = match reference? {
            Ref::Id(id) => id.as_str(),
            Ref::Name(address) => self.holders.get(address)?,
        };
        self.live.get(id)?.record.get(attribute)
    }
}

/// What normalising a record may look at and complain about.
pub struct Context<'a> {
    /// The topology's name.
    pub topology: &'a str,
    /// The region, where it is known.
    pub region: Option<&'a str>,
    /// Whose record this is.
    pub address: &'a Address,
    /// The files that a spec may point at.
    pub files: &'a dyn Files,
    /// What is wrong, by the path of the attribute as the spec has it.
    pub problems: Vec<Problem>,
    /// By set: from which member of the spec each member comes, where normalising has dropped or multiplied
    /// some.
    pub origins: BTreeMap<String, Vec<usize>>,
}

impl Context<'_> {
    /// Notes that the attribute at `path` is wrong.
    pub fn problem(
        &mut self,
        path: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem {
            path: path.into(),
            code,
            message: message.into(),
            help: help.into(),
        });
    }
}

/// Something wrong with one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The attribute: `routes[1].destination`.
    pub path: String,
    /// Which sort of problem.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}
