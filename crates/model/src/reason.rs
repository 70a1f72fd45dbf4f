//! Reasons as data: why a plan does, does not, or must be allowed to do something. The sentences are made
//! where plans are drawn; whoever decides or compares looks at these.

use std::collections::BTreeSet;

use crate::code::codes;
use crate::diagnostic::Place;
use crate::{Address, MemberKey};

/// A rule about what must not be done, whatever the spec says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    /// The spec is for another account.
    Account,
    /// The spec is for another region.
    Region,
    /// Several objects carry one address's tags, and nobody knows which is the copy.
    DoubleClaim,
    /// What is not the topology's is never touched, nor is what it holds taken.
    Foreign,
    /// What is named by its id, and is not this topology's, must be there.
    Outside,
    /// What is protected is not deleted, replaced or stopped.
    Protected,
    /// What EC2 cannot change, and what holds data, is not replaced for that.
    Unchangeable,
    /// What something else still uses stays.
    InUse,
    /// No order of the steps is one that EC2 takes.
    Order,
    /// More would end than the spec allows.
    MaxDeletes,
    /// What the spec expects must hold.
    Expect,
    /// The internet may reach no more than is expected.
    Exposure,
}

codes!(Guard {
    Account => "account",
    Region => "region",
    DoubleClaim => "double_claim",
    Foreign => "foreign",
    Outside => "outside",
    Protected => "protected",
    Unchangeable => "unchangeable",
    InUse => "in_use",
    Order => "order",
    MaxDeletes => "max_deletes",
    Expect => "expect",
    Exposure => "exposure",
});

/// Something that needs consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// An object goes, or something of one that nothing brings back.
    Delete,
    /// An object goes and another takes its address.
    Replace,
    /// An object is stopped, for a while or until further notice.
    Stop,
    /// A network, or a part of one, is built beside what looks like it and does not carry the topology's
    /// tags.
    Second,
    /// EC2's own protection against termination is lifted, so that an object can go.
    Unprotect,
    /// An object that was made for a resource and lost its tags gets them back.
    Reclaim,
}

codes!(Consent {
    Delete => "delete",
    Replace => "replace",
    Stop => "stop",
    Second => "second",
    Unprotect => "unprotect",
    Reclaim => "reclaim",
});

/// One link of the chain from an edited line to what it causes: this attribute differs, and so something
/// happens to its resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The resource.
    pub address: Address,
    /// Its attribute.
    pub attribute: String,
    /// Where that stands in the spec.
    pub place: Place,
    /// Why it costs more than a change in place, as the table of the kind says; none where it follows in
    /// place.
    pub reason: Option<&'static str>,
}

/// Why the old object of a replacement must go before the new one is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// Both need something that only one can have: this.
    OnlyOne(String),
    /// The steps for these would wait for each other otherwise.
    Circle(BTreeSet<Address>),
    /// This, which it depends on, goes first itself.
    DependsOn(Address),
}

impl Constraint {
    /// The word for it in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OnlyOne(_) => "only_one",
            Self::Circle(_) => "circle",
            Self::DependsOn(_) => "depends_on",
        }
    }
}

/// A remark about a change, or about what is as it should be: what does not happen by itself, what a key file
/// means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Why the old object goes first.
    DeleteFirst(Constraint),
    /// It is what EC2 makes with this VPC, and is called so.
    Implicit {
        /// EC2's name of it.
        noun: &'static str,
        /// The VPC.
        vpc: Address,
    },
    /// It goes with its VPC, and lets go of the groups that go as well.
    LetsGo {
        /// EC2's name of it.
        noun: &'static str,
        /// The VPC.
        vpc: String,
    },
    /// Where EC2 refuses the new object, nothing brings back the old one, which users feel.
    NotBroughtBack,
    /// The successor has another name at EC2, because the old one still has the wanted one.
    OtherName {
        /// The attribute.
        attribute: String,
        /// What it is from now on.
        name: String,
        /// What the spec says.
        taken: String,
    },
    /// Two runs made it at the same time, and the other one is used more.
    Duplicate,
    /// An earlier replacement left it over.
    LeftOver,
    /// It lost its tags, and gets them back.
    Reclaimed {
        /// The object.
        id: String,
    },
    /// The key is live and its file is not here.
    KeyFileAbsent {
        /// The file.
        file: String,
    },
    /// The private key will be in this file.
    KeyFileWritten {
        /// The file.
        file: String,
    },
    /// Something of others has the address.
    AddressHeld {
        /// The public address.
        address: String,
        /// EC2's id of it.
        id: String,
        /// What has it.
        holder: String,
    },
    /// A direction of an ACL is at its quota.
    AclFull {
        /// `ingress` or `egress`.
        direction: &'static str,
        /// How many entries every account may have.
        quota: usize,
    },
    /// New members find no room beside the old ones.
    NoRoom {
        /// How many come late.
        late: usize,
        /// What they are.
        what: String,
        /// How many every account may have.
        quota: usize,
        /// How many go at a time.
        portion: usize,
    },
    /// The owner of an endpoint's service has yet to accept it.
    AwaitsAcceptance,
    /// The owner of the peer has yet to accept a peering connection.
    PeerAwaitsAcceptance,
    /// EC2 assigns so many IPv6 addresses of its choice.
    AddressesAssigned(usize),
    /// User data runs at the first boot only.
    FirstBootOnly,
    /// Where EC2 has no room for the new type, the instance stays stopped.
    StaysStopped,
    /// A volume is taken from an instance that may use it.
    UnmountFirst {
        /// What EC2 calls it there.
        device: String,
        /// EC2's id of the instance.
        instance: String,
    },
    /// Nothing can be read from a volume any more.
    VolumeFailed {
        /// EC2's id of it.
        id: String,
    },
    /// EC2 does not deliver what it records.
    NotDelivered {
        /// Why, in EC2's words.
        why: String,
    },
}

impl Note {
    /// The word for it in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DeleteFirst(_) => "delete_first",
            Self::Implicit { .. } => "implicit",
            Self::LetsGo { .. } => "lets_go",
            Self::NotBroughtBack => "not_brought_back",
            Self::OtherName { .. } => "other_name",
            Self::Duplicate => "duplicate",
            Self::LeftOver => "left_over",
            Self::Reclaimed { .. } => "reclaimed",
            Self::KeyFileAbsent { .. } => "key_file_absent",
            Self::KeyFileWritten { .. } => "key_file_written",
            Self::AddressHeld { .. } => "address_held",
            Self::AclFull { .. } => "acl_full",
            Self::NoRoom { .. } => "no_room",
            Self::AwaitsAcceptance => "awaits_acceptance",
            Self::PeerAwaitsAcceptance => "peer_awaits_acceptance",
            Self::AddressesAssigned(_) => "addresses_assigned",
            Self::FirstBootOnly => "first_boot_only",
            Self::StaysStopped => "stays_stopped",
            Self::UnmountFirst { .. } => "unmount_first",
            Self::VolumeFailed { .. } => "volume_failed",
            Self::NotDelivered { .. } => "not_delivered",
        }
    }
}

/// Why a step waits for another one, where no reference between the two says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepReason {
    /// The call needs all of this resource.
    Needs {
        /// The EC2 action.
        call: &'static str,
        /// The resource.
        other: Address,
    },
    /// EC2 refuses the call while this is there.
    WhileThere {
        /// The EC2 action.
        call: &'static str,
        /// What is there.
        other: Address,
    },
    /// The call waits until this attribute has changed.
    UntilChanged {
        /// The EC2 action.
        call: &'static str,
        /// Whose attribute.
        other: Address,
        /// Which.
        attribute: &'static str,
    },
    /// EC2 refuses the call while this member is in a set.
    WhileMember {
        /// The EC2 action.
        call: &'static str,
        /// Which member.
        member: MemberKey,
        /// Whose set.
        other: Address,
        /// Which.
        attribute: &'static str,
    },
    /// Only one at a time can have this.
    OnlyOne(String),
    /// This resource takes what EC2 could give away.
    TakenFirst {
        /// Who takes it.
        by: Address,
        /// What.
        what: String,
    },
    /// What works before and after is to work in between.
    Continuity,
    /// This host, which does the same work, is back before.
    Turn(Address),
    /// Done earlier, it might open for a moment what is expected to be closed.
    Barrier,
}
