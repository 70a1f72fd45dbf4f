//! What reading one kind found.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Object, Waiter};

/// The objects of one kind, and what its answer says about objects of other kinds.
#[derive(Debug, Default)]
pub struct Found {
    /// The objects, without what has ended.
    pub objects: Vec<Object>,
    /// What it says about others.
    pub links: Links,
    /// The ids of what has ended and is shown still, with its tags.
    pub gone: Vec<String>,
    /// Whether something was seen that is going away: it may still be in the way.
    pub deletion_in_flight: bool,
    /// The states that the objects are in, of what has ended too, where the kind has states.
    pub states: Vec<ObservedState>,
}

/// The state that something is in.
#[derive(Clone, Debug, Default)]
pub struct ObservedState {
    /// EC2's id.
    pub id: String,
    /// What this is the state for, where an object is in several; none where it is in one.
    pub respect: Option<Waiter>,
    /// The state, in EC2's words.
    pub state: String,
    /// Why it will never get to another one.
    pub failed: Option<String>,
    /// Whether somebody ended it, so that it may be made again.
    pub ended: bool,
}

impl ObservedState {
    /// Something that is in one state, and may get to another one.
    pub fn new(id: Option<&str>, state: impl Into<String>) -> Self {
        Self {
            id: id.unwrap_or_default().to_owned(),
            state: state.into(),
            ..Self::default()
        }
    }
}

/// What the answer about one kind says about objects of others.
#[derive(Debug, Default)]
pub struct Links {
    /// Of `DescribeRouteTables`: by subnet, the route table and the association.
    pub tables: BTreeMap<String, (String, String)>,
    /// Of `DescribeNetworkAcls`: by subnet, the network ACL and the association.
    pub acls: BTreeMap<String, (String, String)>,
    /// The same: by VPC, its default ACL.
    pub default_acls: BTreeMap<String, String>,
    /// Of `DescribeAddresses`: by instance, the address and the association.
    pub addresses: BTreeMap<String, (String, String)>,
    /// Of `DescribeNatGateways`: the interfaces of those on their way out.
    pub leaving: BTreeSet<String>,
    /// Of `DescribeDhcpOptions`: the topology of each set that is one's.
    pub dhcp_options: BTreeMap<String, String>,
    /// Of `DescribeVpcs`: the default VPC.
    pub default_vpcs: BTreeSet<String>,
}

impl Links {
    /// Adds what another answer says.
    pub fn merge(&mut self, other: Self) {
        self.tables.extend(other.tables);
        self.acls.extend(other.acls);
        self.default_acls.extend(other.default_acls);
        self.addresses.extend(other.addresses);
        self.leaving.extend(other.leaving);
        self.dhcp_options.extend(other.dhcp_options);
        self.default_vpcs.extend(other.default_vpcs);
    }
}
