//! What a repair does to a network, and what it opens that nobody asked for: that is reported with it.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::Blocker;
use crate::address::{AddressSet, Family, of_range};
use crate::change::{Change, End, Shift, changes, merged};
use crate::engine::Engine;
use crate::exposure::some;
use crate::filter::Direction;
use crate::network::{
    AclEntry, Assignment, Destination, Endpoint, EndpointKind, GroupRule, InternetGateway, Named, Network,
    Origin, Peer, Route, SecurityGroup, Target,
};
use crate::packet_end::{Addresses, Listed, Match, Owner, PacketEnd};
use crate::selector::{Selected, Selector};
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
pub(super) fn peers(engine: &Engine<'_>, packet_end: &PacketEnd) -> Option<Vec<Peer>> {
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
            .filter(|range| Family::of_range(range) == packet_end.family)
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

/// What was asked for: between whom, and which services.
pub(super) struct Asked<'p> {
    from: &'p Selector,
    to: &'p Selector,
    over: ServiceSet,
    sources: BTreeSet<String>,
    targets: BTreeSet<String>,
    outside: AddressSet,
}

/// How many of the openings are reported.
const TOLD_MAX: usize = 3;

impl<'p> Asked<'p> {
    pub fn of(engine: &Engine<'_>, from: &'p Selector, to: &'p Selector, over: ServiceSet) -> Self {
        let names = |selector: &Selector| {
            let hosts = selector.interfaces(engine).into_iter();
            hosts
                .map(|host| engine.network.interfaces[host].named.name.clone())
                .collect()
        };
        let packet_ends = from.selected(engine).unwrap_or_default();
        let outside = packet_ends.iter().filter_map(|one| {
            if let Selected::Outside(packet_end) = one {
                Some(packet_end.set())
            } else {
                None
            }
        });
        let outside = outside.fold(AddressSet::none(), |all, set| all.union(&set));
        let outside = if let Selector::Range(range) = from {
            outside.union(&of_range(range))
        } else {
            outside
        };
        Self {
            from,
            to,
            over,
            sources: names(from),
            targets: names(to),
            outside,
        }
    }

    /// Writes into a repair what each of its changes opens: beside those before it, because a route may open
    /// nothing and then a public address all that the route has left. A change that has no form says that of
    /// itself, and so the others count as if it came last.
    pub fn report(&self, engine: &Engine<'_>, repair: &mut [Blocker]) {
        let mut before = engine.network.clone();
        for proposal in repair.iter_mut().filter_map(|blocker| blocker.proposal.as_mut()) {
            let Some(edit) = proposal.edit() else { continue };
            let mut after = before.clone();
            edit.apply(&mut after);
            let (mut old, mut new) = (Engine::new(&before), Engine::new(&after));
            (old.client_ports, new.client_ports) = (engine.client_ports, engine.client_ports);
            let opened: Vec<Change> = changes(&old, &new)
                .into_iter()
                .flat_map(|change| self.others(change))
                .collect();
            proposal.looked_at(reported(&opened), opened.iter().any(Change::is_exposure));
            before = after;
        }
    }

    /// What of a change is more than was asked for.
    fn others(&self, change: Change) -> Vec<Change> {
        let Change { from, to, shift } = change;
        if shift.after <= shift.before {
            return Vec::new();
        }
        // What is open between the two besides. Out of the network it is nearly all that there is, and easier
        // to read with what was asked for than without.
        let is_out = matches!(to, End::Internet | End::Service(_));
        let mut left = shift.over.subtract(&self.over);
        if is_out && !left.is_empty() {
            left = shift.over.clone();
        }
        let (own, other) = self.split_from(&from);
        let (asked, beside) = self.split_to(&to);
        let parts = [
            (own.clone(), asked, left),
            (own, beside, shift.over.clone()),
            (other, Some(to), shift.over.clone()),
        ];
        let part = |(from, to, over): (Option<End>, Option<End>, ServiceSet)| {
            (!over.is_empty()).then_some(Change {
                from: from?,
                to: to?,
                shift: Shift {
                    over,
                    ..shift.clone()
                },
            })
        };
        parts
            .into_iter()
            .filter_map(part)
            .filter(|change| !is_self(change))
            .collect()
    }

    /// Of who asks, those who were asked about, and the others.
    fn split_from(&self, end: &End) -> (Option<End>, Option<End>) {
        match end {
            End::Hosts(names) => split(names, &self.sources),
            End::Outside(outside) => {
                let part = |set: AddressSet| (!set.is_empty()).then(|| End::Outside(outside.part(set)));
                (
                    part(outside.set.intersect(&self.outside)),
                    part(outside.set.subtract(&self.outside)),
                )
            }
            End::Internet => (
                Some(End::Internet).filter(|_| *self.from == Selector::Internet),
                None,
            ),
            End::Service(_) => (None, Some(end.clone())),
        }
    }

    fn split_to(&self, end: &End) -> (Option<End>, Option<End>) {
        let is_asked = match end {
            End::Hosts(names) => return split(names, &self.targets),
            End::Internet => *self.to == Selector::Internet,
            End::Service(name) => matches!(self.to, Selector::Service(own) if own == name),
            End::Outside(_) => false,
        };
        if is_asked {
            (Some(end.clone()), None)
        } else {
            (None, Some(end.clone()))
        }
    }
}

/// A host and itself is no pair.
fn is_self(change: &Change) -> bool {
    matches!((&change.from, &change.to), (End::Hosts(from), End::Hosts(to)) if from.len() == 1 && from == to)
}

fn split(names: &[String], asked: &BTreeSet<String>) -> (Option<End>, Option<End>) {
    let (own, others): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| asked.contains(name));
    let end = |names: Vec<String>| (!names.is_empty()).then_some(End::Hosts(names));
    (end(own), end(others))
}

/// What opens, in words: the worst first, and how many more there are.
fn reported(opened: &[Change]) -> Vec<String> {
    let rows = merged(opened);
    let words = |row: &crate::change::Row| {
        format!(
            "{} from {} to {}",
            row.reported.over,
            some(&row.reported.from),
            some(&row.reported.to)
        )
    };
    let mut all: Vec<String> = rows.iter().map(words).collect();
    let more = all.len().saturating_sub(TOLD_MAX);
    all.truncate(TOLD_MAX);
    all.extend((more > 0).then(|| format!("and {more} more")));
    all
}
