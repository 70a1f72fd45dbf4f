//! The kinds: one file each, with the kind's struct, its table, its checks and its calls.

pub mod elastic_ip;
pub mod instance;
pub mod internet_gateway;
pub mod key_pair;
pub mod nat_gateway;
pub mod network_acl;
pub mod route_table;
pub mod security_group;
pub mod subnet;
pub mod vpc;
pub mod vpc_endpoint;
