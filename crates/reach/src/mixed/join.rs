//! The parts of two networks side by side: which part of the one is which of the other.

use std::collections::HashMap;

use crate::network::{Destination, Named, Network, Peer, Target};

/// The parts of one sort of both networks.
pub(super) struct Join {
    /// Of each part, its places in the network before and in the one after.
    pub pairs: Vec<[Option<usize>; 2]>,
    /// Of each side, which part each of its own is.
    of: [Vec<usize>; 2],
}

impl Join {
    fn new<'a>(before: impl Iterator<Item = &'a Named>, after: impl Iterator<Item = &'a Named>) -> Self {
        let mut join = Self { pairs: Vec::new(), of: [Vec::new(), Vec::new()] };
        // What is live goes by its id; what nobody has looked at has a name only.
        let mut known: HashMap<(&str, usize), usize> = HashMap::new();
        let mut add = |side: usize, named: &'a Named, seen: &mut HashMap<&'a str, usize>| {
            let key = named.id.as_deref().unwrap_or(&named.name);
            let count = seen.entry(key).and_modify(|count| *count += 1).or_default();
            let part = *known.entry((key, *count)).or_insert_with(|| {
                join.pairs.push([None, None]);
                join.pairs.len() - 1
            });
            join.pairs[part][side] = Some(join.of[side].len());
            join.of[side].push(part);
        };
        let mut seen = HashMap::new();
        before.for_each(|named| add(0, named, &mut seen));
        seen.clear();
        after.for_each(|named| add(1, named, &mut seen));
        join
    }

    /// Which part one of a side's own is.
    pub fn at(&self, side: usize, index: Option<usize>) -> Option<usize> {
        index.map(|index| self.of[side][index])
    }

    /// All parts, each made from its places.
    pub fn each<T>(&self, make: impl FnMut([Option<usize>; 2]) -> Option<T>) -> Option<Vec<T>> {
        self.pairs.iter().copied().map(make).collect()
    }
}

/// The two networks, with which part of the one is which of the other.
pub(super) struct Sides<'a> {
    pub of: [&'a Network; 2],
    pub vpcs: Join,
    pub subnets: Join,
    pub route_tables: Join,
    pub network_acls: Join,
    pub security_groups: Join,
    pub interfaces: Join,
    pub internet_gateways: Join,
    pub nat_gateways: Join,
    pub endpoints: Join,
    pub prefix_lists: Join,
}

/// The places of a part with the side of each, before first.
pub(super) fn present(pair: [Option<usize>; 2]) -> impl Iterator<Item = (usize, usize)> {
    pair.into_iter().enumerate().filter_map(|(side, index)| Some((side, index?)))
}

/// What all of these are; `None` where they differ.
pub(super) fn agreed<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Option<T> {
    let mut all = all.into_iter();
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

impl<'a> Sides<'a> {
    /// `None` where a network has what is never live here: joints of VPCs.
    pub fn new(before: &'a Network, after: &'a Network) -> Option<Self> {
        let of = [before, after];
        let joined = |network: &&Network| {
            !network.peerings.is_empty() || !network.transit_gateways.is_empty() || !network.egress_only_gateways.is_empty()
        };
        if of.iter().any(joined) {
            return None;
        }
        macro_rules! join {
            ($parts:ident) => {
                Join::new(before.$parts.iter().map(|part| &part.named), after.$parts.iter().map(|part| &part.named))
            };
        }
        Some(Self {
            of,
            vpcs: join!(vpcs),
            subnets: join!(subnets),
            route_tables: join!(route_tables),
            network_acls: join!(network_acls),
            security_groups: join!(security_groups),
            interfaces: join!(interfaces),
            internet_gateways: join!(internet_gateways),
            nat_gateways: join!(nat_gateways),
            endpoints: join!(endpoints),
            prefix_lists: join!(prefix_lists),
        })
    }

    /// Whom a rule of one side is about.
    pub fn peer(&self, side: usize, peer: &Peer) -> Peer {
        match peer {
            Peer::Range(_) | Peer::Stranger(_) => peer.clone(),
            Peer::List(list) => Peer::List(self.prefix_lists.of[side][*list]),
            Peer::Group(group) => Peer::Group(self.security_groups.of[side][*group]),
        }
    }

    /// What a route of one side is for.
    pub fn destination(&self, side: usize, destination: &Destination) -> Destination {
        match destination {
            Destination::Range(_) => destination.clone(),
            Destination::List(list) => Destination::List(self.prefix_lists.of[side][*list]),
        }
    }

    /// Where a route of one side leads.
    pub fn target(&self, side: usize, target: &Target) -> Target {
        match target {
            Target::InternetGateway(index) => Target::InternetGateway(self.internet_gateways.of[side][*index]),
            Target::NatGateway(index) => Target::NatGateway(self.nat_gateways.of[side][*index]),
            Target::Endpoint(index) => Target::Endpoint(self.endpoints.of[side][*index]),
            Target::Interface(index) => Target::Interface(self.interfaces.of[side][*index]),
            Target::Peering(_) | Target::TransitGateway(_) | Target::EgressOnlyGateway(_) | Target::Blackhole(_) | Target::Other(_) => {
                target.clone()
            }
        }
    }
}
