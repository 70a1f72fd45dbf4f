//! Edits: what a repair does to a network.

use ipnet::IpNet;

use crate::address::Family;
use crate::engine::Engine;
use crate::filter::Direction;
use crate::network::{
    AclEntry, Assignment, Destination, Endpoint, EndpointKind, GroupRule, InternetGateway, Named, Network,
    Origin, Peer, Route, SecurityGroup, Target, is_stand_in,
};
use crate::packet_end::{Addresses, Listed, Match, Owner, PacketEnd};
use crate::service::ServiceSet;

/// One change of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A security group gets rules.
    Allow {
        /// Which group.
        group: usize,
        /// Which way.
        direction: Direction,
        /// For these services.
        services: ServiceSet,
        /// For each of these.
        peers: Vec<Peer>,
    },
    /// A host gets a security group of its own, with rules.
    AllowAlone {
        /// Which host.
        interface: usize,
        /// Which way.
        direction: Direction,
        /// For these services.
        services: ServiceSet,
        /// For each of these.
        peers: Vec<Peer>,
    },
    /// A network ACL gets entries.
    Admit {
        /// Which ACL.
        acl: usize,
        /// Which way.
        direction: Direction,
        /// For these services.
        services: ServiceSet,
        /// For each of these.
        ranges: Vec<IpNet>,
        /// Before the entry of this number; behind all of them where there is none.
        before: Option<u32>,
    },
    /// A host gets a public address.
    Publish(usize),
    /// A table gets a route, in the place of the one to the same destination.
    Route {
        /// Which table.
        table: usize,
        /// What for.
        destination: Destination,
        /// Where to; nothing is the internet gateway of the table's VPC, which may have to be made.
        target: Option<Target>,
    },
    /// A table loses the routes that keep packets to a target from the local route.
    Unroute {
        /// Which table.
        table: usize,
        /// To whom.
        target: PacketEnd,
    },
    /// A VPC gets an internet gateway.
    Gateway(usize),
    /// A table leads to a service by a gateway endpoint, which may have to be made.
    Endpoint {
        /// Which table.
        table: usize,
        /// The service's prefix list.
        list: usize,
    },
    /// A subnet joins an attachment of a transit gateway.
    Attach {
        /// Which gateway.
        gateway: usize,
        /// Which of its attachments.
        attachment: usize,
        /// Which subnet.
        subnet: usize,
    },
    /// A NAT gateway is put into another subnet.
    Move {
        /// Which one.
        nat: usize,
        /// Where to.
        subnet: usize,
    },
}

impl Edit {
    /// Changes the network.
    pub fn apply(&self, network: &mut Network) {
        match self {
            Self::Allow {
                group,
                direction,
                services,
                peers,
            } => allow(network, *group, *direction, services, peers),
            Self::AllowAlone {
                interface,
                direction,
                services,
                peers,
            } => {
                let group = SecurityGroup {
                    named: Named::new("a new security group"),
                    vpc: network.vpc_of(*interface),
                    ..SecurityGroup::default()
                };
                network.security_groups.push(group);
                let group = network.security_groups.len() - 1;
                network.interfaces[*interface].security_groups.push(group);
                allow(network, group, *direction, services, peers);
            }
            Self::Admit {
                acl,
                direction,
                services,
                ranges,
                before,
            } => {
                let acl = &mut network.network_acls[*acl];
                let entries = if *direction == Direction::Ingress {
                    &mut acl.ingress
                } else {
                    &mut acl.egress
                };
                let last = entries.iter().map(|entry| entry.number).max().unwrap_or_default();
                let entry = |range: &IpNet| AclEntry {
                    number: before.unwrap_or(last + 1),
                    allow: true,
                    services: services.clone(),
                    range: *range,
                    source: None,
                };
                // Of two entries of one number the first one counts here, which is as good as a number
                // between two others.
                entries.splice(0..0, ranges.iter().map(entry));
            }
            Self::Publish(interface) => {
                if let Some(first) = network.interfaces[*interface].addresses.first_mut() {
                    first.public = first.public.or(Some(Assignment::Unassigned));
                }
            }
            Self::Route {
                table,
                destination,
                target,
            } => {
                let vpc = network.route_tables[*table].vpc;
                let target = target
                    .clone()
                    .unwrap_or_else(|| Target::InternetGateway(gateway(network, vpc)));
                route(network, *table, destination.clone(), target);
            }
            Self::Unroute { table, target } => {
                let vpc = network.route_tables[*table].vpc;
                let local = network.vpcs[vpc]
                    .ranges
                    .iter()
                    .filter(|range| target.is_in(range) != Match::No);
                let local = local.map(IpNet::prefix_len).max().unwrap_or_default();
                let holds = |range: &IpNet| target.is_in(range) != Match::No && range.prefix_len() >= local;
                let lists: Vec<bool> = network
                    .prefix_lists
                    .iter()
                    .map(|list| list.entries.iter().flatten().any(holds))
                    .collect();
                network.route_tables[*table]
                    .routes
                    .retain(|route| match &route.destination {
                        Destination::Range(range) => !holds(range),
                        Destination::List(list) => lists.get(*list) != Some(&true),
                    });
            }
            Self::Gateway(vpc) => {
                gateway(network, *vpc);
            }
            Self::Endpoint { table, list } => {
                let vpc = network.route_tables[*table].vpc;
                let service = network.prefix_lists[*list].named.name.clone();
                let is_it = |own: &Endpoint| {
                    own.vpc == vpc && own.service == service && own.kind == EndpointKind::Gateway
                };
                let place = network.endpoints.iter().position(is_it).unwrap_or_else(|| {
                    let named = Named::new("a new gateway endpoint");
                    network.endpoints.push(Endpoint {
                        named,
                        vpc,
                        service,
                        available: true,
                        ..Endpoint::default()
                    });
                    network.endpoints.len() - 1
                });
                route(network, *table, Destination::List(*list), Target::Endpoint(place));
            }
            Self::Attach {
                gateway,
                attachment,
                subnet,
            } => {
                network.transit_gateways[*gateway].attachments[*attachment]
                    .subnets
                    .push(*subnet);
            }
            Self::Move { nat, subnet } => network.nat_gateways[*nat].subnet = Some(*subnet),
        }
    }
}

/// A group gets a rule for each peer.
fn allow(network: &mut Network, group: usize, way: Direction, services: &ServiceSet, peers: &[Peer]) {
    let group = &mut network.security_groups[group];
    let rules = match way {
        Direction::Ingress => &mut group.ingress,
        Direction::Egress => &mut group.egress,
    };
    rules.extend(peers.iter().map(|peer| GroupRule {
        services: services.clone(),
        peer: peer.clone(),
        source: None,
    }));
}

/// The internet gateway of a VPC, which is made where it has none.
fn gateway(network: &mut Network, vpc: usize) -> usize {
    network.internet_gateway_of(vpc).unwrap_or_else(|| {
        let named = Named::new("a new internet gateway");
        network.internet_gateways.push(InternetGateway {
            named,
            vpc: Some(vpc),
            edge_table: None,
        });
        network.internet_gateways.len() - 1
    })
}

fn route(network: &mut Network, table: usize, destination: Destination, target: Target) {
    let routes = &mut network.route_tables[table].routes;
    routes.retain(|other| other.destination != destination || other.origin != Origin::Static);
    routes.push(Route {
        destination,
        target,
        origin: Origin::Static,
        source: None,
    });
}

/// Whom a rule has to name so that it is about a packet end; `None` where there is no saying yet.
pub(crate) fn peers(engine: &Engine<'_>, packet_end: &PacketEnd) -> Option<Vec<Peer>> {
    match packet_end.listed {
        Listed::In(list) => Some(vec![Peer::List(list)]),
        _ => Some(ranges(engine, packet_end)?.into_iter().map(Peer::Range).collect()),
    }
}

/// The same in ranges.
pub(crate) fn ranges(engine: &Engine<'_>, packet_end: &PacketEnd) -> Option<Vec<IpNet>> {
    const FEW: usize = 3;
    let network = engine.network;
    let of_subnet = |subnet: usize| {
        let own: Vec<IpNet> = network.subnets[subnet]
            .ranges
            .iter()
            .filter(|range| Family::of_range(range) == packet_end.family && !is_stand_in(range))
            .copied()
            .collect();
        Some(own).filter(|own| !own.is_empty())
    };
    match (&packet_end.at, packet_end.owner, packet_end.listed) {
        (_, _, Listed::In(list)) => network.prefix_lists[list].entries.clone(),
        (Addresses::One(_), ..) => Some(crate::address::ranges(&packet_end.set(), 1)),
        (_, Owner::Interface(index, _), _) => of_subnet(network.interfaces[index].subnet),
        (_, Owner::Nat(index), _) => network.nat_gateways[index].subnet.and_then(of_subnet),
        (Addresses::Among(set), Owner::Outside | Owner::Unresolved, _) => {
            let own = crate::address::ranges(set, FEW + 1);
            let everywhere = if packet_end.family == Family::V4 {
                "0.0.0.0/0"
            } else {
                "::/0"
            };
            if own.len() > FEW {
                Some(vec![everywhere.parse().ok()?])
            } else {
                Some(own)
            }
        }
        _ => None,
    }
}
