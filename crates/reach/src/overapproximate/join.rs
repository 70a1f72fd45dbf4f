//! The parts of several networks side by side: which part of the one is which of the others.

use std::collections::HashMap;

use crate::network::{Destination, NOWHERE, Named, Network, Peer, Table, Target};

/// A network's number, and the place of a part in it.
pub(super) type Place = (usize, usize);

/// The networks in which a part is, with its place there, in their order.
pub(super) type Places = Vec<Place>;

/// The parts of one sort of all networks.
pub(super) struct Join {
    /// Where each part is.
    parts: Vec<Places>,
    /// Of each network, which part each of its own is.
    of: Vec<Vec<usize>>,
}

impl Join {
    fn new(networks: &[&Network], named: impl Fn(&Network) -> Vec<&Named>) -> Self {
        let mut join = Self {
            parts: Vec::new(),
            of: Vec::new(),
        };
        // What is live goes by its id; what nobody has looked at has a name only.
        let mut known: HashMap<(&str, usize), usize> = HashMap::new();
        for (version, network) in networks.iter().enumerate() {
            let mut seen: HashMap<&str, usize> = HashMap::new();
            let mut own = Vec::new();
            for (index, named) in named(network).into_iter().enumerate() {
                let key = named.id.as_deref().unwrap_or(&named.name);
                let count = seen.entry(key).and_modify(|count| *count += 1).or_default();
                let next = join.parts.len();
                let part = *known.entry((key, *count)).or_insert(next);
                match join.parts.get_mut(part) {
                    Some(places) => places.push((version, index)),
                    None => join.parts.push(vec![(version, index)]),
                }
                own.push(part);
            }
            join.of.push(own);
        }
        join
    }

    /// Which part one of a version's own is.
    pub fn at(&self, version: usize, index: Option<usize>) -> Option<usize> {
        Some(*self.of.get(version)?.get(index?)?)
    }

    /// Which part one of a version's own is; what the version does not have is nowhere.
    pub fn of(&self, version: usize, index: usize) -> usize {
        self.at(version, Some(index)).unwrap_or(NOWHERE)
    }

    /// Where a part is.
    pub fn places(&self, part: usize) -> &[Place] {
        self.parts.get(part).map_or(&[], Vec::as_slice)
    }

    /// All parts, each made from its places.
    pub fn each<T>(&self, mut make: impl FnMut(&[Place]) -> Option<T>) -> Option<Table<T>> {
        self.parts.iter().map(|places| make(places)).collect()
    }
}

/// The networks, with which part of the one is which of the others.
pub(super) struct Versions<'a> {
    pub of: Vec<&'a Network>,
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
    pub egress_only_gateways: Join,
    pub peerings: Join,
}

/// What all of these are; `None` where they differ.
pub(super) fn agreed<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Option<T> {
    let mut all = all.into_iter();
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

impl<'a> Versions<'a> {
    /// `None` where a network has what is never live here: transit gateways.
    pub fn new(networks: &[&'a Network]) -> Option<Self> {
        let of = networks.to_vec();
        let joined = |network: &&Network| !network.transit_gateways.is_empty();
        if of.iter().any(joined) {
            return None;
        }
        macro_rules! join {
            ($parts:ident) => {
                Join::new(networks, |network| {
                    network.$parts.iter().map(|part| &part.named).collect()
                })
            };
        }
        Some(Self {
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
            egress_only_gateways: join!(egress_only_gateways),
            peerings: join!(peerings),
            of,
        })
    }

    /// The networks of some places, with their numbers and the places there.
    pub fn at(&self, places: &[Place]) -> impl Iterator<Item = (usize, &'a Network, usize)> {
        places
            .iter()
            .filter_map(|(version, index)| Some((*version, *self.of.get(*version)?, *index)))
    }

    /// The parts at some places, each with its version.
    pub fn own<T>(&self, places: &[Place], of: fn(&Network) -> &Table<T>) -> Vec<(usize, &'a T)> {
        self.at(places)
            .filter_map(|(version, network, index)| Some((version, of(network).known(index)?)))
            .collect()
    }

    /// Whom a rule of one version is about.
    pub fn peer(&self, version: usize, peer: &Peer) -> Peer {
        match peer {
            Peer::Range(_) | Peer::Stranger(_) | Peer::Unread => peer.clone(),
            Peer::List(list) => Peer::List(self.prefix_lists.of(version, *list)),
            Peer::Group(group) => Peer::Group(self.security_groups.of(version, *group)),
        }
    }

    /// What a route of one version is for.
    pub fn destination(&self, version: usize, destination: &Destination) -> Destination {
        match destination {
            Destination::Range(_) => destination.clone(),
            Destination::List(list) => Destination::List(self.prefix_lists.of(version, *list)),
        }
    }

    /// Where a route of one version leads.
    pub fn target(&self, version: usize, target: &Target) -> Target {
        match target {
            Target::InternetGateway(index) => {
                Target::InternetGateway(self.internet_gateways.of(version, *index))
            }
            Target::NatGateway(index) => Target::NatGateway(self.nat_gateways.of(version, *index)),
            Target::Endpoint(index) => Target::Endpoint(self.endpoints.of(version, *index)),
            Target::Interface(index) => Target::Interface(self.interfaces.of(version, *index)),
            Target::EgressOnlyGateway(index) => {
                Target::EgressOnlyGateway(self.egress_only_gateways.of(version, *index))
            }
            Target::Peering(index) => Target::Peering(self.peerings.of(version, *index)),
            Target::TransitGateway(_) | Target::Blackhole(_) | Target::Other(_) => target.clone(),
        }
    }
}
