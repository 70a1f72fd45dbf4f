//! The engine: a network with what is looked up often, and the packet ends of its addresses.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use crate::address::{AddressSet, ByFamily, Family, number, of_ranges, public};
use crate::equivalence::host_classes;
use crate::forwarding_rules::ForwardingRules;
use crate::free::free_in;
use crate::interval::IntervalSet;
use crate::network::{Assignment, NOWHERE, Network, PrefixList, Target, is_stand_in};
use crate::packet_end::{Addresses, Listed, Match, Owner, PacketEnd};
use crate::partition::internet;

/// The ports that clients send from unless something else is said: what Linux uses.
pub const CLIENT_PORTS: (u16, u16) = (32768, 60999);

/// A network, ready to be asked.
#[derive(Clone, Debug)]
pub struct Engine<'a> {
    /// The network.
    pub network: &'a Network,
    /// The first and last port that clients send from: answers must come back to all of them.
    pub client_ports: (u16, u16),
    pub(crate) forwarding_rules: ForwardingRules,
    known: Arc<Known>,
}

/// What is looked up often, worked out once for a network.
#[derive(Debug)]
struct Known {
    holders: HashMap<(usize, u128), Owner>,
    publics: HashMap<u128, Owner>,
    lists: Vec<Option<AddressSet>>,
    services: AddressSet,
    fresh: Arc<AddressSet>,
    gateways: Vec<Option<usize>>,
    /// The VPCs that something leads out of that is not modelled: a peering, a transit gateway.
    ajar: BTreeSet<usize>,
    /// What EC2 may still give out in subnets in which somebody waits for it.
    free: HashMap<(usize, Family), Arc<AddressSet>>,
    members: Vec<AddressSet>,
    /// The addresses of interfaces that carry a group which is not known.
    strays: AddressSet,
    internet: ByFamily<OnceLock<Vec<PacketEnd>>>,
    host_classes: OnceLock<Vec<usize>>,
}

/// A network with what its engine has worked out.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    network: Network,
    known: Arc<Known>,
}

impl Ready {
    pub fn new(network: Network) -> Self {
        Self {
            known: Arc::new(Known::of(&network)),
            network,
        }
    }

    pub fn engine(&self) -> Engine<'_> {
        Engine {
            network: &self.network,
            client_ports: CLIENT_PORTS,
            forwarding_rules: ForwardingRules::default(),
            known: self.known.clone(),
        }
    }
}

impl<'a> Engine<'a> {
    /// An engine over a network.
    pub fn new(network: &'a Network) -> Self {
        Self::with_forwarding_rules(network, ForwardingRules::default())
    }

    /// An engine in which not all forwarding rules hold, for tests.
    #[doc(hidden)]
    pub fn with_forwarding_rules(network: &'a Network, forwarding_rules: ForwardingRules) -> Self {
        Self {
            network,
            client_ports: CLIENT_PORTS,
            forwarding_rules,
            known: Arc::new(Known::of(network)),
        }
    }

    /// The number of each interface's class: what nothing tells apart has one number.
    pub(crate) fn host_classes(&self) -> &[usize] {
        self.known.host_classes.get_or_init(|| host_classes(self.network))
    }

    /// The number of an interface's class.
    pub(crate) fn host_class_of(&self, interface: usize) -> usize {
        self.host_classes().get(interface).copied().unwrap_or(NOWHERE)
    }

    /// The internet of a family, in pieces that the network does not tell apart.
    pub fn internet(&self, family: Family) -> &[PacketEnd] {
        self.known.internet.of(family).get_or_init(|| {
            let taken = self.owned_publics().union(self.service_addresses());
            internet(self.network, family, &taken)
        })
    }

    /// Who holds an address inside a VPC.
    pub(crate) fn holder(&self, vpc: usize, number: u128) -> Option<Owner> {
        self.known.holders.get(&(vpc, number)).copied()
    }

    /// Whether somebody who may be in a VPC has an address, or EC2 may yet give it to somebody there.
    pub(crate) fn may_be_held(&self, vpc: usize, addresses: &AddressSet) -> bool {
        let vpcs = self
            .network
            .vpcs
            .iter()
            .enumerate()
            .filter(|(_, vpc)| vpc.unread.identity);
        let anywhere: Vec<usize> = vpcs.map(|(other, _)| other).collect();
        let mut held =
            self.known.holders.keys().filter(|(own, number)| {
                (*own == vpc || anywhere.contains(own)) && addresses.contains(*number)
            });
        if held.next().is_some() {
            return true;
        }
        let is_here = |own: usize| own == vpc || anywhere.contains(&own);
        self.known
            .free
            .iter()
            .any(|((subnet, _), free)| is_here(self.network.subnets[*subnet].vpc) && free.overlaps(addresses))
    }

    /// Who is reached at an address from the internet.
    pub fn public_owner(&self, number: u128) -> Option<Owner> {
        self.known.publics.get(&number).copied()
    }

    /// The public addresses that are somebody's here.
    pub(crate) fn owned_publics(&self) -> AddressSet {
        IntervalSet::of(self.known.publics.keys().map(|number| (*number, number + 1)))
    }

    /// The known addresses of AWS's services.
    pub(crate) fn service_addresses(&self) -> &AddressSet {
        &self.known.services
    }

    /// Whether a private address is one of an interface that carries a group. Where two VPCs use one range,
    /// EC2 cannot tell their hosts apart either: a group stands for addresses.
    pub(crate) fn is_member(&self, group: usize, packet_end: &PacketEnd) -> Match {
        let carries = |index: usize| self.network.interfaces[index].security_groups.contains(&group);
        let is_one = match (packet_end.owner, &packet_end.at) {
            (Owner::Public(index, _), _)
                if !self
                    .forwarding_rules
                    .hold(crate::forwarding_rules::ForwardingRule::PublicSourceIsNoGroupMember) =>
            {
                carries(index)
            }
            (Owner::Public(..) | Owner::NatPublic(_), _) => return Match::No,
            (_, Addresses::One(number)) => self
                .known
                .members
                .get(group)
                .is_some_and(|members| members.contains(*number)),
            (Owner::Interface(index, _), Addresses::Among(_)) => carries(index),
            _ => return Match::No,
        };
        match is_one {
            true => Match::Yes,
            false if self.is_stray(packet_end) || self.network.security_groups.known(group).is_none() => {
                Match::Perhaps
            }
            false => Match::No,
        }
    }

    /// Whether a private address is one of an interface of whose groups not all are known.
    pub(crate) fn is_stray(&self, packet_end: &PacketEnd) -> bool {
        match (packet_end.owner, &packet_end.at) {
            (Owner::Public(..) | Owner::NatPublic(_), _) => false,
            (_, Addresses::One(number)) => self.known.strays.contains(*number),
            (Owner::Interface(index, _), Addresses::Among(_)) => {
                has_strays(self.network, &self.network.interfaces[index])
            }
            _ => false,
        }
    }

    /// The internet gateway of a VPC.
    pub(crate) fn gateway_of(&self, vpc: usize) -> Option<usize> {
        self.known.gateways.get(vpc).copied().flatten()
    }

    /// The packet end of an address that is somebody's. `None` where the owner has no such address.
    pub fn packet_end(&self, owner: Owner) -> Option<PacketEnd> {
        let network = self.network;
        let (assigned, subnet) = match owner {
            Owner::Interface(index, place) => {
                let interface = network.interfaces.known(index)?;
                (interface.addresses.get(place)?.private, Some(interface.subnet))
            }
            Owner::Public(index, place) => (
                network.interfaces.known(index)?.addresses.get(place)?.public?,
                None,
            ),
            Owner::Nat(index) => (
                network.nat_gateways.known(index)?.private,
                network.nat_gateways[index].subnet,
            ),
            Owner::NatPublic(index) => (network.nat_gateways.known(index)?.public?, None),
            Owner::Outside | Owner::Unresolved => return None,
        };
        Some(match (assigned, subnet) {
            (Assignment::Known(address), _) => PacketEnd::one(number(address), owner),
            (Assignment::Unassigned, None) => PacketEnd {
                family: Family::V4,
                at: Addresses::Among(self.known.fresh.clone()),
                owner,
                listed: Listed::Never,
            },
            (Assignment::UnassignedV6, None) => {
                PacketEnd::among(Family::V6, public(Family::V6), owner, Listed::Never)
            }
            (Assignment::Unassigned | Assignment::UnassignedV6, Some(subnet)) => {
                let family = if assigned == Assignment::Unassigned {
                    Family::V4
                } else {
                    Family::V6
                };
                let free = self
                    .known
                    .free
                    .get(&(subnet, family))
                    .cloned()
                    .unwrap_or_default();
                PacketEnd {
                    family,
                    at: Addresses::Among(free),
                    owner,
                    listed: Listed::Never,
                }
            }
        })
    }

    /// What a packet end is called where it is reported: its address, or what is known instead.
    pub(crate) fn describe(&self, packet_end: &PacketEnd) -> String {
        let network = self.network;
        let yet = |subnet: usize| {
            let ranges: Vec<String> = network.subnets[subnet]
                .ranges
                .iter()
                .filter(|range| Family::of_range(range) == packet_end.family && !is_stand_in(range))
                .map(ToString::to_string)
                .collect();
            if ranges.is_empty() {
                format!("an address of {}", network.subnets[subnet].named.name)
            } else {
                format!("an address of {}", ranges.join(" "))
            }
        };
        match (&packet_end.at, packet_end.owner, packet_end.listed) {
            (Addresses::One(_), ..) => packet_end.to_string(),
            (_, _, Listed::In(list)) => network.prefix_lists[list].named.name.clone(),
            (_, Owner::Interface(index, _), _) => yet(network.interfaces[index].subnet),
            (_, Owner::Nat(index), _) => network.nat_gateways[index]
                .subnet
                .map_or_else(|| packet_end.to_string(), yet),
            (_, Owner::Public(index, _), _) => {
                format!("the public address of {}", network.interfaces[index].named.name)
            }
            (_, Owner::NatPublic(index), _) => {
                format!("the public address of {}", network.nat_gateways[index].named.name)
            }
            // Pieces of the internet that take many ranges to tell are most of it.
            (Addresses::Among(set), ..) if crate::address::ranges(set, 4).len() > 3 => {
                "the internet".to_owned()
            }
            _ => packet_end.to_string(),
        }
    }

    /// The primary address of an interface in a family.
    pub fn primary(&self, interface: usize, family: Family) -> Option<Owner> {
        let is = |own: &crate::network::AddressPair| match own.private {
            Assignment::Known(address) => Family::of(address) == family,
            Assignment::Unassigned => family == Family::V4,
            Assignment::UnassignedV6 => family == Family::V6,
        };
        let place = self
            .network
            .interfaces
            .known(interface)?
            .addresses
            .iter()
            .position(is)?;
        Some(Owner::Interface(interface, place))
    }

    /// The public IPv4 addresses of an interface.
    pub fn publics_of(&self, interface: usize) -> Vec<Owner> {
        let addresses = self
            .network
            .interfaces
            .known(interface)
            .map_or(&[][..], |interface| &interface.addresses);
        let public = addresses
            .iter()
            .enumerate()
            .filter(|(_, own)| own.public.is_some());
        public.map(|(place, _)| Owner::Public(interface, place)).collect()
    }

    /// Whether a packet end is in a prefix list.
    pub(crate) fn is_listed(&self, packet_end: &PacketEnd, list: usize) -> Match {
        let service = self.network.prefix_lists[list].is_service;
        if service && matches!(packet_end.owner, Owner::Interface(..) | Owner::Nat(_)) {
            return Match::No;
        }
        match (
            self.known.lists.get(list).and_then(Option::as_ref),
            packet_end.listed,
        ) {
            (_, Listed::In(own)) if own == list => Match::Yes,
            (_, Listed::In(_)) if service => Match::No,
            (_, Listed::Never) if service && matches!(packet_end.at, Addresses::Among(_)) => Match::No,
            (Some(entries), _) => packet_end.is_among(entries),
            (None, Listed::Never) if service => Match::No,
            (None, _) if service && packet_end.is_among(&public(packet_end.family)) == Match::No => Match::No,
            (None, _) => Match::Perhaps,
        }
    }

    /// The service of AWS that a packet end surely belongs to, by its prefix list.
    pub(crate) fn is_service(&self, packet_end: &PacketEnd) -> Option<usize> {
        let services = self
            .network
            .prefix_lists
            .iter()
            .enumerate()
            .filter(|(_, list)| list.is_service);
        services
            .map(|(index, _)| index)
            .find(|index| self.is_listed(packet_end, *index) == Match::Yes)
    }

    /// The family's shortest and longest prefix among a list's entries that may hold the packet end, with
    /// whether one surely does.
    pub(crate) fn listed_prefixes(&self, packet_end: &PacketEnd, list: usize) -> Vec<(Match, u8, u8)> {
        match &self.network.prefix_lists[list].entries {
            Some(entries) if self.is_listed(packet_end, list) != Match::No => {
                let each = entries
                    .iter()
                    .map(|range| (packet_end.is_in(range), range.prefix_len(), range.prefix_len()));
                let mut each: Vec<_> = each.filter(|(matches, ..)| *matches != Match::No).collect();
                // Several entries may hold a set of addresses together.
                if each.iter().all(|(matches, ..)| *matches != Match::Yes)
                    && self.is_listed(packet_end, list) == Match::Yes
                {
                    let lengths = || each.iter().map(|(_, length, _)| *length);
                    let (least, most) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
                    each = vec![(Match::Yes, least, most)];
                }
                each
            }
            Some(_) => Vec::new(),
            // The entries of AWS's lists are between these; a default route is always shorter.
            None => match self.is_listed(packet_end, list) {
                Match::No => Vec::new(),
                matches => vec![(matches, 8, if packet_end.family == Family::V4 { 32 } else { 128 })],
            },
        }
    }

    /// Whether a rule in a group of one VPC may speak of a group of another.
    pub(crate) fn is_visible(&self, own: usize, other: usize) -> Match {
        let network = self.network;
        let regional = |a: usize, b: usize| {
            !self
                .forwarding_rules
                .hold(crate::forwarding_rules::ForwardingRule::GroupsSpanRegionalPeeringOnly)
                || network.vpcs[a].region == network.vpcs[b].region
        };
        let peered = |a, b| {
            network
                .peerings
                .iter()
                .any(|p| p.active && (p.vpcs == [Some(a), Some(b)] || p.vpcs == [Some(b), Some(a)]))
        };
        let attached = |vpc: usize| {
            move |gateway: &&crate::network::TransitGateway| {
                gateway.group_references
                    && gateway
                        .attachments
                        .iter()
                        .any(|attachment| attachment.vpc == Some(vpc))
            }
        };
        if own == other
            || (regional(own, other) && peered(own, other))
            || network
                .transit_gateways
                .iter()
                .filter(attached(own))
                .any(|gateway| attached(other)(&gateway))
        {
            Match::Yes
        } else if self.known.ajar.contains(&own)
            || network.vpcs[own].unread.identity
            || network.vpcs[other].unread.identity
        {
            Match::Perhaps
        } else {
            Match::No
        }
    }
}

impl Known {
    fn of(network: &Network) -> Self {
        let (mut holders, mut publics) = (HashMap::new(), HashMap::new());
        for (index, interface) in network.interfaces.iter().enumerate() {
            let vpc = network.vpc_of(index);
            for (place, own) in interface.addresses.iter().enumerate() {
                if let Assignment::Known(address) = own.private {
                    holders
                        .entry((vpc, number(address)))
                        .or_insert(Owner::Interface(index, place));
                    if Family::of(address) == Family::V6 {
                        publics
                            .entry(number(address))
                            .or_insert(Owner::Interface(index, place));
                    }
                }
                if let Some(Assignment::Known(address)) = own.public {
                    publics
                        .entry(number(address))
                        .or_insert(Owner::Public(index, place));
                }
            }
        }
        for (index, gateway) in network.nat_gateways.iter().enumerate() {
            if let Assignment::Known(address) = gateway.private {
                holders
                    .entry((gateway.vpc, number(address)))
                    .or_insert(Owner::Nat(index));
            }
            if let Some(Assignment::Known(address)) = gateway.public {
                publics.entry(number(address)).or_insert(Owner::NatPublic(index));
            }
        }
        let lists: Vec<Option<AddressSet>> = network
            .prefix_lists
            .iter()
            .map(|list| list.entries.as_ref().map(of_ranges))
            .collect();
        let is_service = |list: &PrefixList| list.is_service;
        let services = network
            .prefix_lists
            .iter()
            .zip(&lists)
            .filter(|(list, _)| is_service(list));
        let services = services
            .filter_map(|(_, set)| set.clone())
            .fold(AddressSet::none(), |all, set| all.union(&set));
        let known = IntervalSet::of(publics.keys().map(|number| (*number, number + 1)));
        let fresh = Arc::new(public(Family::V4).subtract(&known).subtract(&services));
        let gateways = (0..network.vpcs.len())
            .map(|vpc| network.internet_gateway_of(vpc))
            .collect();
        let leads_on = |table: &crate::network::RouteTable| {
            table.unread
                || table
                    .routes
                    .iter()
                    .any(|route| matches!(route.target, Target::Other(_)))
        };
        let ajar = network
            .route_tables
            .iter()
            .filter(|table| leads_on(table))
            .map(|table| table.vpc)
            .collect();
        let waits = |own: &crate::network::AddressPair| match own.private {
            Assignment::Known(_) => None,
            Assignment::Unassigned => Some(Family::V4),
            Assignment::UnassignedV6 => Some(Family::V6),
        };
        let hosts = network.interfaces.iter().flat_map(|interface| {
            let families = interface.addresses.iter().filter_map(waits);
            families.map(|family| (interface.subnet, family))
        });
        let standing = network
            .nat_gateways
            .iter()
            .filter(|gateway| gateway.private == Assignment::Unassigned)
            .filter_map(|gateway| Some((gateway.subnet?, Family::V4)));
        let waiting: BTreeSet<(usize, Family)> = hosts.chain(standing).collect();
        let known = |interface: &crate::network::Interface| {
            let each = interface.addresses.iter().filter_map(|own| {
                if let Assignment::Known(address) = own.private {
                    Some(number(address))
                } else {
                    None
                }
            });
            each.map(|number| (number, number + 1)).collect::<Vec<_>>()
        };
        let mut members = vec![Vec::new(); network.security_groups.len()];
        for (interface, group) in network
            .interfaces
            .iter()
            .flat_map(|one| one.security_groups.iter().map(move |group| (one, *group)))
        {
            members
                .get_mut(group)
                .into_iter()
                .for_each(|own: &mut Vec<_>| own.extend(known(interface)));
        }
        let members = members.into_iter().map(IntervalSet::of).collect();
        let strays = IntervalSet::of(
            network
                .interfaces
                .iter()
                .filter(|one| has_strays(network, one))
                .flat_map(known),
        );
        let free = waiting
            .into_iter()
            .map(|place| (place, Arc::new(free_in(network, &holders, place))))
            .collect();
        let (internet, host_classes) = Default::default();
        Self {
            holders,
            publics,
            lists,
            services,
            fresh,
            gateways,
            ajar,
            free,
            members,
            strays,
            internet,
            host_classes,
        }
    }
}

/// Whether an interface carries a group that is not known.
fn has_strays(network: &Network, interface: &crate::network::Interface) -> bool {
    interface
        .security_groups
        .iter()
        .any(|group| network.security_groups.known(*group).is_none())
}
