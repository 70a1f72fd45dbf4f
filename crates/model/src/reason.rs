//! Reasons as data: why a plan does, does not, or must be allowed to do something. The sentences are made
//! where plans are drawn; whoever decides or compares looks at these.

use crate::code::codes;

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
    InUse => "in_use",
    Order => "order",
    MaxDeletes => "max_deletes",
    Expect => "expect",
    Exposure => "exposure",
});

/// Something that needs consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// An object goes.
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
