//! Where a network is.

/// One account in one region: what is read and changed with one set of credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The account: 12 digits.
    pub account: String,
    /// The region, such as `us-west-2`.
    pub region: String,
}
