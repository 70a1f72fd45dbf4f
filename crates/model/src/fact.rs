//! Facts: what is known of a live object besides its attributes, to act on it and to explain it. They are never
//! compared.

use crate::Value;
use crate::attr::{Attr, shared};

shared! {
    /// How far it is, in EC2's word.
    STATE: str = "state";
    /// Its public address.
    PUBLIC_IP: str = "public_ip";
    /// Its address in its subnet.
    PRIVATE_IP: str = "private_ip";
    /// Its IPv6 ranges, as a spec says them.
    IPV6: str = "ipv6";
    /// The network interface that it has: an instance its primary one.
    NETWORK_INTERFACE: str = "network_interface";
    /// The network interfaces that it has: an endpoint one in each of its subnets.
    NETWORK_INTERFACES: [Value] = "network_interfaces";
    /// Of an endpoint: the first of its own names, which end with it.
    DNS_NAME: str = "dns_name";
    /// Of an Elastic IP address or a volume: the instance that has it.
    INSTANCE: str = "instance";
    /// Of an Elastic IP address: the association with what has it.
    ASSOCIATION: str = "association";
    /// Of an Elastic IP address or a volume: what has it and is not of its topology.
    HELD_BY: str = "held_by";
    /// Of a security group: its name as EC2 has it, a successor's mark included.
    GROUP_NAME: str = "group_name";
    /// Of a route table: the destinations of the local routes that lead elsewhere than to the VPC itself.
    REDIRECTED: [Value] = "redirected_local_routes";
    /// Of a route table: the routes that lead nowhere.
    BLACKHOLES: [Value] = "blackholes";
    /// Of a route that leads nowhere: where it led.
    TARGET: str = "target";
    /// Of an instance: its root volume.
    ROOT_VOLUME_ID: str = "root_volume_id";
    /// Of a VPC or subnet: what VPC Block Public Access lets through there, in EC2's word.
    INTERNET_GATEWAY_BLOCK_MODE: str = "internet_gateway_block_mode";
    /// Of a VPC: its set of DHCP options, whosever that is.
    DHCP_OPTIONS: str = "dhcp_options_id";
    /// Of a flow log: why EC2 delivers nothing.
    DELIVERY_FAILURE: str = "delivery_failure";
    /// Of an instance: how many GiB that has.
    ROOT_VOLUME_SIZE: i64 = "root_volume_size";
    /// Of an instance: whether that goes with it.
    ROOT_VOLUME_GOES: bool = "root_volume_deleted_on_termination";
}
