//! Objects outside a topology that its spec names by their ids.

/// What a look at such an object found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// It is there and can be used.
    There,
    /// It is there, in a state in which it cannot be used: EC2's word for that.
    Unusable(String),
    /// There is no such object in this account and region.
    Absent,
    /// It could not be looked up: why.
    Unknown(String),
}
