//! The ranges that a network speaks of: what tells one address from another.

use ipnet::IpNet;

use crate::network::{Destination, Network, Peer};

/// The destinations of routes, transit gateways' included.
pub(crate) fn of_routes(network: &Network) -> impl Iterator<Item = IpNet> {
    let routes = network.route_tables.iter().flat_map(|table| &table.routes);
    let ranges = routes.filter_map(|route| {
        if let Destination::Range(range) = route.destination {
            Some(range)
        } else {
            None
        }
    });
    let transit = network
        .transit_gateways
        .iter()
        .flat_map(|gateway| &gateway.route_tables)
        .flat_map(|table| &table.routes);
    ranges.chain(transit.map(|route| route.range))
}

/// What entries of network ACLs match.
pub(crate) fn of_acls(network: &Network) -> impl Iterator<Item = IpNet> {
    network
        .network_acls
        .iter()
        .flat_map(|acl| acl.ingress.iter().chain(&acl.egress))
        .map(|entry| entry.range)
}

/// What rules of security groups are about.
pub(crate) fn of_groups(network: &Network) -> impl Iterator<Item = IpNet> {
    let rules = network
        .security_groups
        .iter()
        .flat_map(|group| group.ingress.iter().chain(&group.egress));
    rules.filter_map(|rule| {
        if let Peer::Range(range) = rule.peer {
            Some(range)
        } else {
            None
        }
    })
}

/// The known entries of prefix lists.
pub(crate) fn of_lists(network: &Network) -> impl Iterator<Item = IpNet> {
    network
        .prefix_lists
        .iter()
        .flat_map(|list| list.entries.iter().flatten().copied())
}

/// What VPCs have, as far as it is known: where it is not, its subnets have some of it.
pub(crate) fn of_vpcs(network: &Network) -> impl Iterator<Item = IpNet> {
    let is_unread = |vpc: usize| network.vpcs.known(vpc).is_some_and(|vpc| vpc.unread.ranges);
    let subnets = network
        .subnets
        .iter()
        .filter(move |subnet| is_unread(subnet.vpc))
        .flat_map(|subnet| &subnet.ranges);
    network
        .vpcs
        .iter()
        .flat_map(|vpc| &vpc.ranges)
        .chain(subnets)
        .copied()
}
