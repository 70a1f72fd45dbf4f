//! What is there: the live objects of a region in the spec's own language.

use std::collections::{BTreeMap, BTreeSet};

use crate::room::Lists;
use crate::value::Record;
use crate::{Address, Interfaces, Kind, Site};

/// Everything that one bulk read found.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Where that was.
    pub site: Site,
    /// The live objects, ours and others', in the order of kind and id. Ghosts (terminated instances, deleted
    /// gateways) are left out.
    pub objects: Vec<Object>,
    /// Kinds that could not be read, with the reason. Their objects are unknown, not absent.
    pub unreadable: BTreeMap<Kind, String>,
    /// Objects that carry no topology's tags any more and are the topology's all the same, as their owner
    /// here says: EC2 keeps the client token that they were made under. By id.
    pub lost: BTreeSet<String>,
    /// How many entries the prefix lists of customers may hold, where something of ours or the spec names one
    /// by its id.
    pub lists: Lists,
    /// The network interfaces, of instances and of everything else.
    pub interfaces: Interfaces,
    /// Where nothing of the topology is here, and it is to be built: how many objects with its tags there are
    /// in which other region.
    pub elsewhere: BTreeMap<String, usize>,
}

/// One live object.
#[derive(Clone, Debug)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// EC2's id.
    pub id: String,
    /// Its attributes, `tags` included (without `aws:` and ownership tags). References are ids here; planning
    /// turns those of ours into names.
    pub record: Record,
    /// What is needed to act on it or to explain it, and is never compared: association ids, addresses,
    /// states.
    pub facts: Record,
    /// Whose it is, by its tags.
    pub owner: Option<Owner>,
    /// Whether EC2 made it by itself: a main route table, a default group, the default VPC and what is in it.
    pub implicit: bool,
    /// What of it could not be read, with the reason: EC2 did not say it, or said what is not known. Such an
    /// attribute (`state`, for kinds whose table has none) is not in the record: it is unknown, not absent.
    pub unread: BTreeMap<String, String>,
}

/// What an object's ownership tags say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `trueup:topology`.
    pub topology: String,
    /// `trueup:address`, as written there.
    pub address: String,
    /// Whether it has its address still: `trueup:retiring` says that it does not.
    pub standing: Standing,
    /// `trueup:protect`.
    pub protect: bool,
    /// `trueup:read`.
    pub read: BTreeSet<String>,
    /// `trueup:written`, the digest of each key.
    pub written: BTreeSet<String>,
    /// `trueup:run`.
    pub run: Option<String>,
}

/// What an object is to the address in its tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It claims the address.
    #[default]
    Holds,
    /// It had the address, and a successor is being made: the value of its tag, which says by which
    /// replacement.
    Retiring(String),
    /// EC2 made it with a VPC of the topology, whose spec declares it. No tag says so: whoever reads finds it out.
    Implicit,
    /// Another run made an object for the same address at the same time, and that one has it. No tag says so:
    /// planning finds it out.
    Duplicate,
}

impl Standing {
    /// Whether it claims the address.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Holds | Self::Implicit)
    }
}

impl Object {
    /// Whether its tags are those of `topology`, whatever address they name.
    pub fn is_of(&self, topology: &str) -> bool {
        self.owner
            .as_ref()
            .is_some_and(|owner| owner.topology == topology)
    }

    /// The address that this object claims in `topology`: that of its tags, unless it is retiring.
    pub fn claim(&self, topology: &str) -> Option<&str> {
        let owner = self
            .owner
            .as_ref()
            // guard: ownership
            .filter(|owner| owner.topology == topology && owner.standing.holds())?;
        Some(&owner.address)
    }

    /// What this object is to its address; none where no topology's tags are on it.
    pub fn standing(&self) -> Option<&Standing> {
        self.owner.as_ref().map(|owner| &owner.standing)
    }

    /// The address that the tags name, where they are those of `topology`, retiring or not, and the kinds
    /// agree.
    pub fn address(&self, topology: &str) -> Option<Address> {
        // guard: ownership
        let owner = self.owner.as_ref().filter(|owner| owner.topology == topology)?;
        owner
            .address
            .parse()
            .ok()
            .filter(|address: &Address| address.kind == self.kind)
    }
}
