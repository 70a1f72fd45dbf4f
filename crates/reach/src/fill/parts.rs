//! What the fillers share: finding parts by what others call them, and reading rules.

use std::collections::BTreeMap;

use crate::address::Family;
use crate::network::{Behind, Named, Network, PrefixList};
use crate::service::ServiceSet;

/// Parts of one sort by what they are called.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<String, usize>);

impl Index {
    pub fn put(&mut self, name: impl Into<String>, index: usize) {
        self.0.insert(name.into(), index);
    }

    pub fn get(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }
}

/// The prefix list of this name or id; one that nobody has described is put in with unknown entries.
pub(super) fn list(network: &mut Network, lists: &mut Index, name: &str) -> usize {
    if let Some(index) = lists.get(name) {
        return index;
    }
    let index = network.prefix_lists.len();
    // Lists of AWS's gateway services hold addresses that are nobody else's; of others nothing is known.
    let is_service = name.starts_with("com.amazonaws.");
    network.prefix_lists.push(PrefixList {
        named: Named::new(name),
        is_service,
        entries: None,
    });
    lists.put(name, index);
    index
}

/// What is behind an interface, by its type as EC2 says it; none where it is a part of something that is
/// looked at by itself.
pub(super) fn behind(kind: &str, attached: bool, has_groups: bool) -> Option<Behind> {
    Some(match kind {
        "nat_gateway" | "natGateway" | "transit_gateway" => return None,
        "vpc_endpoint" => Behind::Endpoint,
        // Instances, and what takes packets as they do: load balancers, databases, containers.
        "interface" | "efa" | "efa-only" | "trunk" | "branch" | "" if !attached => Behind::Nothing,
        "interface" | "efa" | "efa-only" | "trunk" | "branch" | "" => Behind::Host,
        "network_load_balancer" | "load_balancer" if has_groups => Behind::Host,
        _ => Behind::Service,
    })
}

/// The services of a protocol by name or number, with EC2's two numbers: ports, or an ICMP type and code.
pub(super) fn services(protocol: &str, from: Option<i64>, to: Option<i64>) -> ServiceSet {
    let port =
        |value: Option<i64>, open: u16| value.and_then(|value| u16::try_from(value).ok()).unwrap_or(open);
    let byte = |value: Option<i64>| value.and_then(|value| u8::try_from(value).ok());
    match protocol {
        "-1" | "all" | "" => ServiceSet::all(),
        "tcp" | "6" => ServiceSet::tcp(port(from, 0), port(to, u16::MAX)),
        "udp" | "17" => ServiceSet::udp(port(from, 0), port(to, u16::MAX)),
        "icmp" | "1" => ServiceSet::icmp(Family::V4, byte(from), byte(to)),
        "icmpv6" | "58" => ServiceSet::icmp(Family::V6, byte(from), byte(to)),
        number => number
            .parse()
            .map_or_else(|_| ServiceSet::none(), ServiceSet::protocol),
    }
}
