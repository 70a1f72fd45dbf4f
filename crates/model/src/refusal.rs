//! Refusals: what a plan will not do, which guard says so, and why, as data.

use std::collections::BTreeSet;

use crate::diagnostic::Place;
use crate::outside::Sought;
use crate::reason::{Consent, Guard};
use crate::{Address, Kind};

/// Something that will not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which guard refuses it.
    pub guard: Guard,
    /// Whose change is refused; of an expectation, who asks.
    pub address: String,
    /// Why.
    pub why: Refused,
}

impl Refusal {
    /// A refusal for this reason, which says which guard it is.
    pub fn new(address: &(impl ToString + ?Sized), why: Refused) -> Self {
        Self {
            guard: why.guard(),
            address: address.to_string(),
            why,
        }
    }
}

/// Why something will not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The spec is for another account than the credentials are of.
    WrongAccount {
        /// The spec's.
        wanted: String,
        /// That of the credentials.
        is: String,
    },
    /// The spec is for another region than the one that was read.
    WrongRegion {
        /// The spec's.
        wanted: String,
        /// The one that was read.
        is: String,
    },
    /// The tags of ownership are on something that EC2 made by itself.
    MadeByEc2 {
        /// EC2's id of it.
        id: String,
    },
    /// An object carries the address of another kind.
    WrongTag {
        /// EC2's id of it.
        id: String,
        /// What it is.
        kind: Kind,
        /// What its tag says.
        tag: String,
    },
    /// Several objects carry one address's tags.
    Copies {
        /// EC2's ids of them.
        ids: Vec<String>,
    },
    /// An object that is not the topology's has what only one can have.
    Taken {
        /// EC2's id of it.
        id: String,
        /// What it has.
        has: String,
        /// What is wanted, which that excludes.
        wanted: String,
        /// Whose it is.
        by: TakenBy,
    },
    /// What would be given away or ended is in the hands of something that is not the topology's.
    HeldByOther {
        /// EC2's id of what is held.
        id: String,
        /// What holds it.
        holder: String,
    },
    /// A resource of the spec still names an object by its id whose address left the spec.
    StillNamed {
        /// The resource that names it.
        user: Address,
        /// The object.
        id: String,
    },
    /// The object is protected.
    Protected {
        /// What would be done to it.
        from: Consent,
        /// EC2's id of it.
        id: String,
        /// Whether it is a duplicate, which no spec can unprotect.
        duplicate: bool,
    },
    /// EC2 cannot change it so, and what would take its place would not be the same.
    Unchangeable {
        /// EC2's id of it.
        id: String,
        /// What it cannot.
        how: Unchangeable,
    },
    /// Each of these steps would have to come before the others.
    Circle {
        /// The actions, each with whose step it is.
        steps: Vec<(&'static str, Address)>,
    },
    /// EC2 gave what is wanted to something that stays.
    GivenAway {
        /// What is wanted.
        what: String,
        /// Who has it.
        other: Address,
    },
    /// EC2 refuses a call while something is there that stays.
    Stays {
        /// The EC2 action.
        call: &'static str,
        /// What stays.
        other: Address,
    },
    /// More objects would end than the spec allows.
    TooManyEnds {
        /// Those that would.
        ended: Vec<Address>,
        /// How many may.
        max: u32,
    },
    /// What the spec names of others is not there.
    Absent {
        /// What is looked for.
        sought: Sought,
        /// Where the spec names it.
        named: Mention,
    },
    /// What the spec names of others cannot be used.
    Unusable {
        /// What was found.
        sought: Sought,
        /// EC2's word for the state that it is in.
        state: String,
        /// Where the spec names it.
        named: Mention,
    },
    /// An instance type does not run what it would boot.
    OtherArchitecture {
        /// The type.
        ty: String,
        /// The architectures that it runs.
        runs: BTreeSet<String>,
        /// The image, or the instance that is there.
        image: String,
        /// The architectures that that is for.
        is: BTreeSet<String>,
        /// Where the spec names the type.
        named: Mention,
    },
    /// What the spec names of others is in another VPC than it must be.
    OtherVpc {
        /// EC2's id of it.
        id: String,
        /// The VPC that it is in.
        is_in: String,
        /// The VPC that it would have to be in.
        must: String,
        /// Where the spec names it.
        named: Mention,
    },
    /// Who can talk to whom would not be as the spec wants it, at the end or in between: found on paths
    /// through the network, and explained by what found it.
    Reachability {
        /// Which guard.
        guard: Guard,
        /// What was found, and what to do.
        found: String,
    },
}

/// What EC2 cannot do to what is there, and that nobody replaces for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchangeable {
    /// A volume is to be smaller.
    Shrinks {
        /// GiB that it has.
        from: i64,
        /// GiB that it is to have.
        to: i64,
    },
    /// Whether several instances can have a volume is to change, and its type does not allow that.
    MultiAttach {
        /// What it is to be.
        on: bool,
        /// The type that it has.
        ty: String,
    },
}

/// Whose it is what is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenBy {
    /// Another topology's.
    Topology(String),
    /// No topology's.
    Nobody {
        /// Whether it could be the resource itself, without its tags.
        perhaps_lost: bool,
    },
}

/// Where a spec names something outside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The address and the attribute: `route_table.a.routes[0].transit_gateway`.
    pub path: String,
    /// Where that stands.
    pub place: Option<Place>,
}

impl Refused {
    /// Which guard refuses for this reason.
    pub const fn guard(&self) -> Guard {
        match self {
            Self::WrongAccount { .. } => Guard::Account,
            Self::WrongRegion { .. } => Guard::Region,
            Self::MadeByEc2 { .. } | Self::WrongTag { .. } | Self::Taken { .. } => Guard::Foreign,
            Self::Copies { .. } => Guard::DoubleClaim,
            Self::HeldByOther { .. } | Self::StillNamed { .. } => Guard::InUse,
            Self::Protected { .. } => Guard::Protected,
            Self::Unchangeable { .. } => Guard::Unchangeable,
            Self::Circle { .. } | Self::GivenAway { .. } | Self::Stays { .. } => Guard::Order,
            Self::TooManyEnds { .. } => Guard::MaxDeletes,
            Self::Absent { .. }
            | Self::Unusable { .. }
            | Self::OtherArchitecture { .. }
            | Self::OtherVpc { .. } => Guard::Outside,
            Self::Reachability { guard, .. } => *guard,
        }
    }

    /// The word for it in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongAccount { .. } => "wrong_account",
            Self::WrongRegion { .. } => "wrong_region",
            Self::MadeByEc2 { .. } => "made_by_ec2",
            Self::WrongTag { .. } => "wrong_tag",
            Self::Copies { .. } => "copies",
            Self::Taken { .. } => "taken",
            Self::HeldByOther { .. } => "held_by_other",
            Self::StillNamed { .. } => "still_named",
            Self::Protected { duplicate: false, .. } => "protected",
            Self::Protected { duplicate: true, .. } => "protected_duplicate",
            Self::Unchangeable {
                how: Unchangeable::Shrinks { .. },
                ..
            } => "shrinks",
            Self::Unchangeable {
                how: Unchangeable::MultiAttach { .. },
                ..
            } => "multi_attach_fixed",
            Self::Circle { .. } => "circle",
            Self::GivenAway { .. } => "given_away",
            Self::Stays { .. } => "stays",
            Self::TooManyEnds { .. } => "too_many_ends",
            Self::Absent { .. } => "absent",
            Self::Unusable { .. } => "unusable",
            Self::OtherArchitecture { .. } => "other_architecture",
            Self::OtherVpc { .. } => "other_vpc",
            Self::Reachability { .. } => "reachability",
        }
    }
}
