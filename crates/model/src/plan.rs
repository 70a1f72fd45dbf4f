//! A plan: complete data about what will be done, why, and in which order. Whoever runs it makes no choices.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::Serialize;

use crate::call::Call;
use crate::code::codes;
use crate::diagnostic::{Diagnostic, Place};
use crate::observed::Object;
use crate::reachability::Reachability;
use crate::reason::{Cause, Consent, Note, StepReason};
use crate::refusal::Refusal;
use crate::schema::Effect;
use crate::stake::Loss;
use crate::value::{Record, Value};
use crate::{Address, Kind, MemberKey, Site};

/// What makes an observed network true to a topology.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The topology's name.
    pub topology: String,
    /// Where that is.
    pub site: Site,
    /// Whether it ends all that the topology owns, whatever the spec wants: then `destroy` carries it out,
    /// and not `apply`.
    pub teardown: bool,
    /// `sha256:…` over topology, account, region, changes and steps: what a reviewer approves.
    pub fingerprint: String,
    /// Kinds that could not be read, with the reason; their resources are left alone.
    pub unreadable: BTreeMap<Kind, String>,
    /// Attributes of our objects that could not be read and would have to be known; nothing is done because
    /// of them.
    pub unread: Vec<Unread>,
    /// What differs, in the order of the addresses.
    pub changes: Vec<Change>,
    /// What is as it should be.
    pub kept: Vec<Address>,
    /// What there is to say about what is as it should be.
    pub remarks: Vec<Remark>,
    /// What will be done, numbered from 1 in an order that respects every dependency.
    pub steps: Vec<Step>,
    /// Hosts that do the same work and are stopped or replaced, and how many of them are out of service at a
    /// time.
    pub turns: Vec<Turns>,
    /// Routes of ours that lead nowhere, as EC2 says, and that the plan leaves as they are: the spec wants
    /// them so.
    pub blackholes: Vec<Blackhole>,
    /// What will not be done, and which guard refused it.
    pub refused: Vec<Refusal>,
    /// Problems of the spec and remarks of the planner.
    pub diagnostics: Vec<Diagnostic>,
    /// What it does to who can talk to whom. It follows from the topology and what was observed, so it is not
    /// in the fingerprint.
    pub reachability: Option<Reachability>,
    /// Where this topology, or a part of it, seems to be already, though nothing of that belongs to it: to
    /// build it needs consent.
    pub existing: Option<ExistingElsewhere>,
    /// What it deletes, and creates again just so at another address. It follows from the changes, so it is
    /// not in the fingerprint.
    pub renamed: Vec<Renamed>,
    /// The live objects that the steps act on, by id, as they were observed.
    pub objects: BTreeMap<String, Object>,
}

/// A remark about a resource that is as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The resource.
    pub address: Address,
    /// What there is to say.
    pub note: Note,
    /// Where the resource stands in the spec.
    pub place: Place,
}

/// An attribute of a live object that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Whose object it is.
    pub address: Address,
    /// The object.
    pub id: String,
    /// The attribute.
    pub attribute: String,
    /// What EC2 did not say, or said that is not known.
    pub why: String,
}

/// Where a topology, or a part of it, seems to be already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExistingElsewhere {
    /// Here, as another topology that has most of its resources, while nothing belongs to this one: perhaps
    /// its earlier name.
    Topology(String),
    /// In other regions, where so many objects carry its tags, while nothing does here.
    Regions(BTreeMap<String, usize>),
    /// Here, as objects that carry no topology's tags, by the addresses that they seem to have.
    Untagged(BTreeMap<Address, Untagged>),
}

/// An object without tags that is like what a plan would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untagged {
    /// Its id.
    pub id: String,
    /// What it has in common with that.
    pub by: Likeness,
}

/// What an object has in common with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// A range of addresses.
    Range(IpNet),
    /// The tag `Name`.
    Name(String),
    /// A resource of the topology that is there leads to it, where the spec has it lead to the resource.
    UsedBy(Address),
}

/// A route whose target is gone or not ready: EC2 drops what it matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blackhole {
    /// Whose route.
    pub address: Address,
    /// EC2's id of what has it.
    pub id: String,
    /// What the route is for.
    pub destination: String,
    /// EC2's id of where it leads.
    pub target: String,
    /// Where the resource stands in the spec.
    #[serde(rename = "source")]
    pub place: Place,
}

/// Hosts that do the same work and are all stopped or replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turns {
    /// Which, in the order of their turns.
    pub hosts: Vec<Address>,
    /// How many of them are out of service, or are being replaced, at a time.
    pub at_once: usize,
}

/// What goes at one address and comes at another, equal to it and to nothing else: it was probably only
/// renamed in the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// The address whose object is deleted.
    pub from: Address,
    /// The address that is made.
    pub to: Address,
    /// The object. With the tags of its new address it would stay.
    pub id: String,
    /// What the spec would have to say of it then, because it follows from the name and EC2 cannot change it:
    /// attributes and values.
    pub keep: BTreeMap<&'static str, String>,
}

/// What happens to one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// A new object.
    Create,
    /// The object changes and stays the same object.
    Update,
    /// A new object takes the address of the old one.
    Replace,
    /// The object goes.
    Delete,
    /// An existing object becomes ours: it gets its tags back.
    Adopt,
    /// Reserved: an object stops being ours.
    Forget,
}

codes!(Action {
    Create => "create",
    Update => "update",
    Replace => "replace",
    Delete => "delete",
    Adopt => "adopt",
    Forget => "forget",
});

/// What users of the network feel. Later ones are worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disruption {
    /// Nothing.
    #[default]
    None,
    /// Open connections break; new ones work.
    Reset,
    /// Seconds without service.
    Gap,
    /// No service until the change is through.
    Outage,
    /// An address is gone for ever.
    AddressLost,
    /// Data is gone for ever.
    DataLost,
}

codes!(Disruption {
    None => "none",
    Reset => "reset",
    Gap => "gap",
    Outage => "outage",
    AddressLost => "address_lost",
    DataLost => "data_lost",
});

/// Which of a replacement's two objects comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The new one is made before the old one goes.
    CreateFirst,
    /// The old one goes first: both cannot exist at a time.
    DeleteFirst,
}

codes!(Order {
    CreateFirst => "create_first",
    DeleteFirst => "delete_first",
});

/// What differs at one address, and what will be done about it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// What happens to it.
    pub action: Action,
    /// EC2's id of what is there.
    pub id: Option<String>,
    /// Why, as a chain that starts at the edited line: never empty for a replacement.
    pub because: Vec<Cause>,
    /// For a replacement, which comes first.
    pub order: Option<Order>,
    /// What users of the network feel.
    pub disruption: Disruption,
    /// The attribute by which EC2 itself refuses to end the object, where that is on and is lifted so that
    /// the object can go.
    pub lifts: Option<&'static str>,
    /// What is lost for ever.
    pub losses: Vec<Loss>,
    /// Remarks for the reader: what does not happen by itself, what a key file means.
    pub notes: Vec<Note>,
    /// Where the resource stands in the spec; none where the spec does not have it.
    pub source: Option<Place>,
    /// What differs, attribute by attribute and member by member.
    pub attributes: Vec<AttributeChange>,
}

/// One attribute, or one member of a set, that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeChange {
    /// The attribute: `cidr_block`, `root_volume.size`, `tags`.
    pub path: String,
    /// The member's key, where the attribute is a set.
    pub member: Option<MemberKey>,
    /// What is there.
    pub before: Option<Value>,
    /// What is wanted; [`Value::Unknown`] for the id of what this plan makes.
    pub after: Option<Value>,
    /// What the change costs.
    pub effect: Effect,
    /// Why it costs more than a change in place; empty where it does not.
    pub reason: &'static str,
    /// Where it stands in the spec.
    pub place: Option<Place>,
}

/// One mutating call, or one local act.
#[derive(Clone, Debug)]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// What it does for its address.
    pub action: StepAction,
    /// Whose step it is.
    pub address: Address,
    /// The object it acts on: its id, or none where an earlier step of this plan makes it (or this one does).
    pub target: Option<String>,
    /// For a create that replaces: the id of the object whose place is taken.
    pub replaces: Option<String>,
    /// For the call that makes the object: the tags of ownership that it writes.
    pub ownership: Record,
    /// The call.
    pub call: Call,
    /// The numbers of the steps that must be done before.
    pub after: Vec<usize>,
    /// Those of them that EC2 does not demand, and that a barrier may undo: they keep up what works, or have
    /// like hosts take turns.
    pub yields: Vec<usize>,
    /// For an order that no reference explains: the constraints.
    pub why: Vec<StepReason>,
    /// Where the resource stands in the spec.
    pub source: Option<Place>,
}

/// What a step does for its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepAction {
    /// Makes the object or completes a new one.
    Create,
    /// Changes a live object.
    Update,
    /// Marks a live object as on its way out, or takes the mark off.
    Retire,
    /// Ends a live object.
    Delete,
}

codes!(StepAction {
    Create => "create",
    Update => "update",
    Retire => "retire",
    Delete => "delete",
});

/// How many addresses have which action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the actions, documented there")]
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub replace: usize,
    pub delete: usize,
    pub adopt: usize,
    pub forget: usize,
    pub keep: usize,
}

impl Plan {
    /// How many addresses have which action.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            keep: self.kept.len(),
            ..Summary::default()
        };
        for change in &self.changes {
            *match change.action {
                Action::Create => &mut summary.create,
                Action::Update => &mut summary.update,
                Action::Replace => &mut summary.replace,
                Action::Delete => &mut summary.delete,
                Action::Adopt => &mut summary.adopt,
                Action::Forget => &mut summary.forget,
            } += 1;
        }
        summary
    }

    /// All that a change needs consent to: what [`Plan::consent`] says, and that EC2's own
    /// protection is lifted where it is.
    pub fn consents(&self, change: &Change) -> impl Iterator<Item = Consent> {
        self.consent(change)
            .into_iter()
            .chain(change.lifts.map(|_| Consent::Unprotect))
    }

    /// What a change needs consent to by its action. What an interrupted
    /// replacement left over goes by the consent to that replacement.
    pub fn consent(&self, change: &Change) -> Option<Consent> {
        match change.action {
            Action::Delete if self.is_left_over(change) => Some(Consent::Replace),
            Action::Delete => Some(Consent::Delete),
            Action::Adopt => Some(Consent::Reclaim),
            Action::Replace => Some(Consent::Replace),
            Action::Update if change.effect() == Effect::Stop => Some(Consent::Stop),
            Action::Update
                if change
                    .losses
                    .iter()
                    .any(|loss| matches!(loss, Loss::Ipv6Range { .. })) =>
            {
                Some(Consent::Delete)
            }
            _ => None,
        }
    }

    /// Whether the object that a change is about has a successor, or will have one.
    fn is_left_over(&self, change: &Change) -> bool {
        let object = change.id.as_ref().and_then(|id| self.objects.get(id));
        let retiring = object
            .and_then(Object::standing)
            .is_some_and(|standing| !standing.holds());
        let goes_on = |other: &Change| other.address == change.address && other.action != Action::Delete;
        retiring && (self.kept.contains(&change.address) || self.changes.iter().any(goes_on))
    }

    /// Whether every kind could be read, and of our objects all that counts.
    pub fn is_complete(&self) -> bool {
        self.unreadable.is_empty() && self.unread.is_empty()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl Step {
    /// Whether this step takes back what another one of the same object did, and nothing else: a start after
    /// a stop. It is carried out even where a step between the two fails.
    pub fn takes_back(&self, earlier: &Self) -> bool {
        let (back, there) = (&self.call, &earlier.call);
        let same = (&self.address, &self.target) == (&earlier.address, &earlier.target)
            && self.number > earlier.number;
        same && !back.sets.is_empty() && back.sets == there.unsets && back.unsets == there.sets
    }
}

impl Change {
    /// The worst effect among its attributes.
    pub fn effect(&self) -> Effect {
        crate::rules::worst(self.attributes.iter().map(|attribute| attribute.effect))
    }
}
