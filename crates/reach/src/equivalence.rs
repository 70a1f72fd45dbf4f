//! Equivalence: which hosts nothing tells apart by any of their addresses, so that one pair of them stands
//! for all that are like it.
//!
//! [`mod@crate::classes`] looks at primary IPv4 addresses, which is what a matrix is about. Here every
//! address counts.

use std::collections::{BTreeSet, HashMap};

use ipnet::{IpNet, Ipv4Net};

use crate::address::{Family, bounds, is_in, number};
use crate::network::{Assignment, Behind, Endpoint, Interface, NOWHERE, Network, Target};
use crate::ranges;

/// What a question about a host depends on.
#[derive(PartialEq, Eq, Hash)]
struct ClassKey {
    subnet: usize,
    behind: Behind,
    running: bool,
    check: bool,
    /// One that is like no other.
    alone: Option<usize>,
    security_groups: Vec<usize>,
    /// The marks of its addresses, each with that of the public one in its place; none is an IPv4 address
    /// that is not known, and nowhere an IPv6 one.
    addresses: Vec<(Option<usize>, Option<Option<usize>>)>,
}

/// The number of each interface's class: those of one class are told apart by nothing.
pub(crate) fn host_classes(network: &Network) -> Vec<usize> {
    let mut marks = Marks::of(network);
    let (appliances, shared) = (appliances(network), shared(network));
    let mut numbers: HashMap<ClassKey, usize> = HashMap::new();
    let mut number_of = |(index, interface): (usize, &Interface)| {
        let mut mark = |assigned: Assignment| match assigned {
            Assignment::Known(address) => Some(marks.of_address(number(address))),
            Assignment::Unassigned => None,
            Assignment::UnassignedV6 => Some(NOWHERE),
        };
        let addresses = interface
            .addresses
            .iter()
            .map(|own| (mark(own.private), own.public.map(&mut mark)))
            .collect();
        let is_alone =
            appliances.contains(&index) || known(interface).any(|address| shared.contains(&address));
        let mut security_groups = interface.security_groups.clone();
        security_groups.sort_unstable();
        let key = ClassKey {
            subnet: interface.subnet,
            behind: interface.behind,
            running: interface.running,
            check: interface.source_dest_check,
            alone: Some(index).filter(|_| is_alone),
            security_groups,
            addresses,
        };
        let next = numbers.len();
        *numbers.entry(key).or_insert(next)
    };
    network
        .interfaces
        .iter()
        .enumerate()
        .map(&mut number_of)
        .collect()
}

/// The addresses of an interface that are known, private and public.
fn known(interface: &Interface) -> impl Iterator<Item = u128> {
    let all = interface
        .addresses
        .iter()
        .flat_map(|own| [Some(own.private), own.public])
        .flatten();
    all.filter_map(|assigned| {
        if let Assignment::Known(address) = assigned {
            Some(number(address))
        } else {
            None
        }
    })
}

/// The interfaces that routes lead to.
pub(crate) fn routed_to(network: &Network) -> impl Iterator<Item = usize> {
    let targets = network
        .route_tables
        .iter()
        .flat_map(|table| &table.routes)
        .map(|route| &route.target);
    targets.filter_map(|target| {
        if let Target::Interface(index) = target {
            Some(*index)
        } else {
            None
        }
    })
}

/// The interfaces that something of the network leads to by itself.
fn appliances(network: &Network) -> BTreeSet<usize> {
    let of_endpoints = network.endpoints.iter().flat_map(Endpoint::interfaces);
    routed_to(network).chain(of_endpoints.copied()).collect()
}

/// The addresses that more than one has: where two VPCs use one range, groups cannot tell their hosts apart.
fn shared(network: &Network) -> BTreeSet<u128> {
    let gateways = network
        .nat_gateways
        .iter()
        .flat_map(|gateway| [Some(gateway.private), gateway.public])
        .flatten();
    let gateways = gateways.filter_map(|assigned| {
        if let Assignment::Known(address) = assigned {
            Some(number(address))
        } else {
            None
        }
    });
    let mut once = BTreeSet::new();
    network
        .interfaces
        .iter()
        .flat_map(known)
        .chain(gateways)
        .filter(|address| !once.insert(*address))
        .collect()
}

/// Marks of addresses: equal where every range of the network holds both, or neither.
struct Marks {
    ranges: Vec<IpNet>,
    /// Where a range begins or ends: addresses with no edge between them are alike.
    edges: Vec<u128>,
    /// By the number of edges before an address.
    known: HashMap<usize, usize>,
    numbers: HashMap<(Family, Vec<usize>), usize>,
}

impl Marks {
    fn of(network: &Network) -> Self {
        let spoken_of = ranges::of_routes(network)
            .chain(ranges::of_groups(network))
            .chain(ranges::of_acls(network));
        let own = ranges::of_vpcs(network).chain(
            network
                .subnets
                .iter()
                .flat_map(|subnet| subnet.ranges.iter().copied()),
        );
        let mut ranges: Vec<IpNet> = spoken_of.chain(ranges::of_lists(network)).chain(own).collect();
        ranges.sort();
        ranges.dedup();
        // The families meet somewhere on the line of addresses.
        let families = bounds(&IpNet::V4(Ipv4Net::default()));
        let mut edges: Vec<u128> = ranges
            .iter()
            .map(bounds)
            .chain([families])
            .flat_map(|(from, to)| [from, to])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        Self {
            ranges,
            edges,
            known: HashMap::new(),
            numbers: HashMap::new(),
        }
    }

    fn of_address(&mut self, address: u128) -> usize {
        let piece = self.edges.partition_point(|edge| *edge <= address);
        let (ranges, numbers) = (&self.ranges, &mut self.numbers);
        *self.known.entry(piece).or_insert_with(|| {
            let holding = ranges
                .iter()
                .enumerate()
                .filter(|(_, range)| is_in(address, range))
                .map(|(index, _)| index)
                .collect();
            let next = numbers.len();
            *numbers
                .entry((Family::of(crate::address::address(address)), holding))
                .or_insert(next)
        })
    }
}

/// A host of a selector with the number of its class. Two hosts of one class are alike, and still two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostClass {
    pub host: usize,
    pub number: usize,
}

/// The places of the pairs that stand for all pairs of two hosts: of pairs that are alike the first one, all
/// in the order of the selectors. `None` in a selector is like nothing else in it; a host and itself are no
/// pair.
pub(crate) fn pairs(
    sources: &[Option<HostClass>],
    targets: &[Option<HostClass>],
) -> impl Iterator<Item = (usize, usize)> {
    // How many of its class are before it, and who is first and second.
    let mut firsts: HashMap<usize, Vec<(usize, usize)>> = HashMap::new();
    let mut few: Vec<(usize, Option<HostClass>)> = Vec::new();
    for (place, target) in targets.iter().enumerate() {
        let Some(own) = target else {
            few.push((place, None));
            continue;
        };
        let hosts = firsts.entry(own.number).or_default();
        if hosts.len() < 2 {
            hosts.push((place, own.host));
            few.push((place, *target));
        }
    }
    let mut seen: HashMap<usize, (usize, usize)> = HashMap::new();
    let mut plan: Vec<(usize, Option<HostClass>, bool)> = Vec::new();
    for (place, source) in sources.iter().enumerate() {
        let Some(own) = source else {
            plan.push((place, None, true));
            continue;
        };
        let (count, first) = seen.entry(own.number).or_insert((0, own.host));
        *count += 1;
        // The second one is asked only where the first one had but itself.
        let only = firsts
            .get(&own.number)
            .is_some_and(|hosts| matches!(hosts[..], [(_, host)] if host == *first));
        match *count {
            1 => plan.push((place, *source, true)),
            2 if only => plan.push((place, *source, false)),
            _ => {}
        }
    }
    plan.into_iter().flat_map(move |(place, source, is_first)| {
        let counts = |(target, own): &&(usize, Option<HostClass>)| {
            let Some(own) = own else { return is_first };
            let is_own = source.is_some_and(|source| source.number == own.number);
            if !is_own && !is_first {
                return false;
            }
            let is_self = |host: usize| source.is_some_and(|source| source.host == host);
            // Of two that are alike the first one stands for both, unless it is the source itself.
            match firsts.get(&own.number).and_then(|hosts| hosts.first()) {
                Some((first, host)) if first == target => !is_self(*host),
                Some((_, host)) => is_self(*host),
                None => false,
            }
        };
        few.iter()
            .filter(counts)
            .map(|(target, _)| (place, *target))
            .collect::<Vec<_>>()
    })
}

/// Whether an answer's assumptions name a host or one of its addresses, so that they are not those of its
/// like.
pub(crate) fn is_named(network: &Network, assumptions: &BTreeSet<String>, host: usize) -> bool {
    let interface = &network.interfaces[host];
    let names = || {
        known(interface)
            .map(|address| crate::address::address(address).to_string())
            .chain([interface.named.name.clone()])
    };
    !assumptions.is_empty() && names().any(|name| assumptions.iter().any(|sentence| sentence.contains(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs by looking at all of them.
    fn slow(sources: &[Option<HostClass>], targets: &[Option<HostClass>]) -> Vec<(usize, usize)> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for (i, source) in sources.iter().enumerate() {
            for (j, target) in targets.iter().enumerate() {
                let key = |own: &Option<HostClass>, place: usize| {
                    own.map_or((true, place), |own| (false, own.number))
                };
                let is_self = source.is_some() && source.map(|own| own.host) == target.map(|own| own.host);
                if !is_self && seen.insert((key(source, i), key(target, j))) {
                    found.push((i, j));
                }
            }
        }
        found
    }

    #[test]
    fn the_first_of_the_pairs_that_are_alike_stand_for_all() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let numbers: Vec<usize> = (0..6).map(|_| rng.usize(..3)).collect();
            let mut selector = || {
                let mut hosts: Vec<Option<HostClass>> = (0..6)
                    .map(|host| {
                        Some(HostClass {
                            host,
                            number: numbers[host],
                        })
                    })
                    .collect();
                hosts.retain(|_| rng.bool());
                hosts.extend((0..rng.usize(..3)).map(|_| None));
                hosts
            };
            let (sources, targets) = (selector(), selector());
            assert_eq!(
                pairs(&sources, &targets).collect::<Vec<_>>(),
                slow(&sources, &targets),
                "{sources:?} {targets:?}"
            );
        }
    }
}
