//! What EC2 has: one file per kind, with its rows, its filters and its actions.

pub mod account;
pub mod block_public_access;
pub mod default_vpc;
pub mod dhcp_options;
pub mod egress_only_internet_gateway;
pub mod elastic_ip;
pub mod endpoint_service;
pub mod flow_log;
pub mod flow_log_destination;
pub mod image;
pub mod instance;
pub mod instance_attribute;
pub mod instance_filter;
pub mod instance_launch;
pub mod instance_network;
pub mod instance_profile;
pub mod instance_state;
pub mod instance_type;
pub mod interface_ipv6;
pub mod internet_gateway;
pub mod ipv6;
pub mod key_pair;
pub mod nat_gateway;
pub mod network_acl;
pub mod network_interface;
pub mod network_interface_attribute;
pub mod partition;
pub mod prefix_list;
pub mod range;
pub mod route;
pub mod route_association;
pub mod route_table;
pub mod security_group;
pub mod security_group_permission;
pub mod security_group_rule;
pub mod sts;
pub mod subnet;
pub mod subnet_ipv6;
pub mod tag;
pub mod volume;
pub mod volume_attachment;
pub mod volume_shape;
pub mod vpc;
pub mod vpc_endpoint;
pub mod vpc_endpoint_options;
pub mod vpc_endpoint_place;
pub mod vpc_ipv6;
pub mod vpc_peering_connection;
pub mod zone;

use crate::state::Region;
use crate::state::table::{Row, Table};
use crate::wire::Fault;
use crate::wire::filter::Field;

/// What look-ups and list calls need to know about a kind.
pub trait Kind: Row + 'static {
    /// The prefix of its ids, without the hyphen.
    const PREFIX: &'static str;
    /// What EC2 calls it where it is tagged.
    const RESOURCE: &'static str;
    /// How messages name its ids.
    const NOUN: &'static str;
    /// The error code for an id that does not exist.
    const NOT_FOUND: &'static str;
    /// The error code for text that is no id of the kind.
    const MALFORMED: &'static str;
    /// Its filters; tag filters come by themselves.
    const FIELDS: &'static [Field<Self>];

    /// Names of filters of EC2 for what no object here has: they are taken, and nothing passes them.
    const NEVER: &'static [&'static str] = &[];

    /// Where a region keeps it.
    fn table(region: &Region) -> &Table<Self>;

    /// The refusal of an unknown id.
    fn not_found(id: &str) -> Fault {
        Fault::new(
            Self::NOT_FOUND,
            format!("The {} '{id}' does not exist", Self::NOUN),
        )
    }

    /// The refusal of text that is no id.
    fn malformed(id: &str) -> Fault {
        Fault::new(
            Self::MALFORMED,
            format!("Invalid id: \"{id}\" (expecting \"{}-...\")", Self::PREFIX),
        )
    }
}

/// `true` and `false` as filters compare them.
pub(crate) fn yes(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
