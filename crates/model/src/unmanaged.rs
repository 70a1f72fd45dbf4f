//! What stands in a VPC of ours and is nobody's: no topology has it.

use crate::{Address, Kind, MemberKey, Value};

/// One thing that is nobody's.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmanaged {
    /// The VPC of ours that it is in.
    pub vpc: Address,
    /// EC2's id of it, or of what it is a part of.
    pub id: String,
    /// Its `Name` tag.
    pub name: Option<String>,
    /// What it is.
    pub what: Thing,
}

/// What sort of thing that is nobody's.
#[derive(Clone, Debug, PartialEq)]
pub enum Thing {
    /// An object of a kind that a spec could declare.
    Object(Kind),
    /// A network interface of what is none of these kinds, such as a load balancer, a database or a function;
    /// or of nothing. What it is.
    Interface(String),
    /// A member of an object that EC2 made by itself, beyond those that EC2 gave it: a rule of the default
    /// security group, a route of the main route table, an entry of the default network ACL.
    Member {
        /// What it is a member of.
        of: Kind,
        /// The set.
        attribute: &'static str,
        /// What tells it apart: `tcp/22 cidr 0.0.0.0/0`.
        key: MemberKey,
        /// The member.
        value: Value,
    },
}
