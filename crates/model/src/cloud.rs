//! The one seam for effects: what a plan is made from and run against.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use thiserror::Error;

use crate::observed::{Object, Observed};
use crate::value::{Record, Value};
use crate::{Address, ApiAction, Kind, Ref, Waiter};

/// A live EC2, or a stand-in for one.
pub trait Cloud {
    /// Reads everything, in one bulk read. A kind that cannot be read is in [`Observed::unreadable`]; an
    /// error here means that nothing can be known at all (no credentials, no connection).
    fn observe(&self, scope: &Scope) -> impl Future<Output = Result<Observed, CloudError>>;

    /// Makes one mutating call. Repeats by itself what EC2 is known to refuse for a while; `retrying` hears
    /// why.
    fn act(&self, act: &Act, retrying: &dyn Fn(&str)) -> impl Future<Output = Result<Acted, CloudError>>;

    /// Asks whether EC2 would take a call, and does not make it. An error is a refusal that the call would
    /// meet later too; where nothing can be asked, or what is in the way may pass, there is none. That there
    /// is none promises nothing: EC2 checks the permission, and little else.
    fn rehearse(&self, act: &Act) -> impl Future<Output = Result<(), CloudError>> {
        let _ = act;
        std::future::ready(Ok(()))
    }

    /// Whether a call that EC2 refuses for a while is given up at once instead of being repeated, and one
    /// that waits for its turn is not made: so while a run is being stopped. Calls that are under way end
    /// with their answer.
    fn give_up_repeats(&self, now: bool) {
        let _ = now;
    }

    /// Looks once at all objects of `kind` that are waited for, in one call where EC2 has one. Answers in the
    /// order of `waits`.
    fn settle(&self, kind: Kind, waits: &[Wait]) -> impl Future<Output = Result<Vec<Settled>, CloudError>>;
}

/// What a bulk read is for.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The topology whose objects are ours.
    pub topology: String,
    /// The attributes that the spec declares, by address: those that cost a call each are read only here.
    pub declared: BTreeMap<Address, BTreeSet<String>>,
    /// What it declares of what EC2 makes with its VPCs: no tags tell that one of these is ours.
    pub implicit: BTreeSet<Address>,
    /// Whether the spec names a prefix list by its id: what it may hold is read then.
    pub names_lists: bool,
}

impl Scope {
    /// Whether the spec declares an attribute of an object.
    pub fn declares(&self, object: &Object, name: &str) -> bool {
        object
            .address(&self.topology)
            .and_then(|address| self.declared.get(&address))
            .is_some_and(|declared| declared.contains(name))
    }
}

/// One step with every reference resolved: what a cloud carries out.
#[derive(Clone, Debug)]
pub struct Act {
    /// The step's number.
    pub step: usize,
    /// The topology, for ownership tags and client tokens.
    pub topology: String,
    /// Whose step it is.
    pub address: Address,
    /// The EC2 action.
    pub action: ApiAction,
    /// The object it acts on; none for a create.
    pub target: Option<Target>,
    /// What it establishes.
    pub sets: Resolved,
    /// What it takes away.
    pub unsets: Resolved,
    /// The tags of ownership that a create writes.
    pub ownership: Record,
    /// The id of the object that a create replaces: a look for what the create made must not take that one
    /// for it.
    pub replaces: Option<String>,
}

/// A live object that a step acts on.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// EC2's id.
    pub id: String,
    /// What is known about it that is not in its record.
    pub facts: Record,
}

/// A record without names: every reference in it is what EC2 calls the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved(Record);

impl Resolved {
    /// Resolves every name in `record`; the address that is not known yet is the error.
    pub fn new(record: &Record, known: &dyn Fn(&Address) -> Option<String>) -> Result<Self, Address> {
        let mut missing = None;
        record.each_ref(&mut |reference| {
            if let Ref::Name(address) = reference
                && known(address).is_none()
            {
                missing.get_or_insert_with(|| address.clone());
            }
        });
        match missing {
            Some(address) => Err(address),
            None => Ok(Self(record.map_refs(&|reference| match reference {
                Ref::Name(address) => Value::Ref(Ref::Id(known(address).unwrap_or_default())),
                Ref::Id(id) => Value::Ref(Ref::Id(id.clone())),
            }))),
        }
    }

    /// The attributes.
    pub fn record(&self) -> &Record {
        &self.0
    }
}

/// What a call came to.
#[derive(Clone, Debug, Default)]
pub struct Acted {
    /// The id of what it made.
    pub id: Option<String>,
    /// What it learned about the object, on top of what was known.
    pub facts: Record,
    /// What must be waited for before the step is through.
    pub wait: Option<Wait>,
}

/// An object on its way to a state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// EC2's id.
    pub id: String,
    /// What is waited for.
    pub until: Waiter,
}

/// What one look at an object on its way found.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// Not there yet: the state it is in, in EC2's words.
    Pending(String),
    /// There; these facts are new.
    Done(Record),
    /// It will never get there: why.
    Failed(String),
    /// It is gone or never was: the act that made it is to be carried out again, and makes another.
    Lost(String),
}

/// Why a cloud did not do something.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct CloudError {
    /// What sort of failure.
    pub class: ErrorClass,
    /// EC2's error code, or the empty text.
    pub code: String,
    /// What went wrong, with EC2's own words, and what to do where that is known.
    pub message: String,
}

/// What sort of failure, as far as anyone but the cloud must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// No credentials, or credentials that are not valid (any more).
    Credentials,
    /// The endpoint cannot be reached or does not answer.
    Connection,
    /// These credentials may not do this.
    Denied,
    /// EC2 refused it: the request or the state of the network does not allow it.
    Refused,
    /// EC2 asked for patience longer than we have it.
    Throttled,
    /// It was not sent, or not tried again, because the run is being ended.
    Stopped,
}
