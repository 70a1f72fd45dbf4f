//! Classes of equal hosts, and the answers of all pairs of them.
//!
//! Two hosts are equal where no rule, route or group tells them apart. For all pairs the services are cut
//! into atoms that no rule tells apart either, so that a set of services is a few words of bits. What a group
//! lets through for a host is looked up, the way between two subnets is traced once for hosts that it treats
//! alike, and a pair costs a few operations on words.

mod bits;
mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::address::{Family, is_in, number};
use crate::answer::{Answer, answer, ways};
use crate::engine::Engine;
use crate::equivalence::routed_to;
use crate::network::{Assignment, Behind, NOWHERE, Network};
use crate::question::between;
use crate::ranges;
use crate::selector::Selected;
use crate::service::ServiceSet;
use crate::trace::{Check, Step};
use crate::tracer::Start;

use bits::Atoms;
use tables::{Bound, Tables};

/// Hosts that nothing tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its hosts: indices of interfaces, in order. The first one stands for all.
    pub hosts: Vec<usize>,
    /// The subnet they are in.
    pub subnet: usize,
    /// Their security groups.
    pub security_groups: Vec<usize>,
}

impl Class {
    /// The host that stands for all.
    pub fn example(&self) -> usize {
        self.hosts.first().copied().unwrap_or(NOWHERE)
    }
}

/// What the ways of packets depend on, besides security groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Site {
    subnet: usize,
    behind: Behind,
    running: bool,
    check: bool,
    /// An appliance that routes lead to is like no other host.
    appliance: Option<usize>,
    /// The ranges that hold its address.
    signature: Vec<usize>,
    /// Whether it shares its address with a host of another VPC, or has IPv6 as well.
    special: bool,
}

/// What hosts of one class have in common: the site, the groups, the ranges of rules that hold the address,
/// and which addresses have a public one.
type ClassKey = (Site, Vec<usize>, Vec<usize>, Vec<bool>);

/// Distinct ranges that a network speaks of, and which of them hold an address.
struct Ranges(Vec<ipnet::IpNet>);

impl Ranges {
    /// The ranges by which packets are routed, and filtered at the borders of subnets.
    fn of_ways(network: &Network) -> Self {
        let all = ranges::of_routes(network)
            .chain(ranges::of_acls(network))
            .chain(ranges::of_lists(network));
        Self::distinct(all)
    }

    /// The ranges of security groups.
    fn of_groups(network: &Network) -> Self {
        Self::distinct(ranges::of_groups(network))
    }

    fn distinct(all: impl Iterator<Item = ipnet::IpNet>) -> Self {
        let mut all: Vec<ipnet::IpNet> = all.collect();
        all.sort();
        all.dedup();
        Self(all)
    }

    fn holding(&self, address: u128) -> Vec<usize> {
        self.0
            .iter()
            .enumerate()
            .filter(|(_, range)| is_in(address, range))
            .map(|(index, _)| index)
            .collect()
    }
}

/// The classes of a network's hosts, in the order of their first hosts.
pub fn classes(engine: &Engine<'_>) -> Vec<Class> {
    grouped(engine).into_iter().map(|(class, _)| class).collect()
}

fn grouped(engine: &Engine<'_>) -> Vec<(Class, Site)> {
    let network = engine.network;
    let (of_ways, of_groups) = (Ranges::of_ways(network), Ranges::of_groups(network));
    let known =
        |interface: &crate::network::Interface| match interface.addresses.first().map(|own| own.private) {
            Some(Assignment::Known(address)) => Some(number(address)),
            _ => None,
        };
    let mut holders: HashMap<u128, usize> = HashMap::new();
    let all = network
        .interfaces
        .iter()
        .flat_map(|interface| &interface.addresses)
        .map(|own| own.private);
    for private in all.chain(network.nat_gateways.iter().map(|gateway| gateway.private)) {
        if let Assignment::Known(address) = private {
            *holders.entry(number(address)).or_default() += 1;
        }
    }
    let appliances: BTreeSet<usize> = routed_to(network).collect();
    let mut found: HashMap<ClassKey, usize> = HashMap::new();
    let mut classes: Vec<(Class, Site)> = Vec::new();
    for (index, interface) in network.interfaces.iter().enumerate() {
        let address = known(interface);
        let holding = |ranges: &Ranges| address.map(|address| ranges.holding(address)).unwrap_or_default();
        // Where two VPCs use one range, groups cannot tell their hosts apart.
        let shared = address.is_some_and(|address| holders.get(&address).is_some_and(|count| *count > 1));
        let site = Site {
            subnet: interface.subnet,
            behind: interface.behind,
            running: interface.running,
            check: interface.source_dest_check,
            appliance: Some(index).filter(|index| appliances.contains(index)),
            signature: if address.is_some() {
                holding(&of_ways)
            } else {
                vec![NOWHERE]
            },
            special: shared || engine.primary(index, Family::V6).is_some(),
        };
        let mut groups = interface.security_groups.clone();
        groups.sort_unstable();
        let public = interface
            .addresses
            .iter()
            .map(|own| own.public.is_some())
            .collect();
        let next = classes.len();
        let class = *found
            .entry((site.clone(), groups.clone(), holding(&of_groups), public))
            .or_insert(next);
        match classes.get_mut(class) {
            Some((class, _)) => class.hosts.push(index),
            None => classes.push((
                Class {
                    hosts: vec![index],
                    subnet: interface.subnet,
                    security_groups: groups,
                },
                site,
            )),
        }
    }
    classes
}

/// The answers of all pairs of classes.
#[derive(Debug)]
pub struct Matrix<'e, 'a> {
    engine: &'e Engine<'a>,
    /// The classes.
    pub classes: Vec<Class>,
    /// The number of each class's site.
    sites: Vec<usize>,
    /// By the site of the source, then that of the target.
    ways: Vec<Vec<Way>>,
    tables: Tables,
    atoms: Atoms,
}

/// What the way between two sites lets through, without the groups of the two ends.
#[derive(Clone, Debug)]
enum Way {
    /// These, if the groups let them through: allowed, partial, unknown.
    Known([Vec<u64>; 3]),
    /// Nothing.
    Closed,
    /// It depends on the hosts themselves: each pair is asked about.
    Each,
}

/// The answer of one pair, as bits.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'m> {
    atoms: &'m Atoms,
    allowed: &'m [u64],
    partial: &'m [u64],
    unknown: &'m [u64],
}

impl Cell<'_> {
    /// Whether nothing gets through.
    pub fn is_blocked(&self) -> bool {
        [self.allowed, self.partial, self.unknown]
            .iter()
            .all(|set| set.iter().all(|word| *word == 0))
    }

    /// Writes what is equal for equal answers of one matrix.
    pub(crate) fn key(&self, key: &mut Vec<u64>) {
        key.clear();
        [self.allowed, self.partial, self.unknown]
            .iter()
            .for_each(|set| key.extend_from_slice(set));
    }

    /// What gets through, and back.
    pub fn allowed(&self) -> ServiceSet {
        self.atoms.set(self.allowed)
    }

    /// What works for some ports of the client.
    pub fn partial(&self) -> ServiceSet {
        self.atoms.set(self.partial)
    }

    /// What cannot be told.
    pub fn unknown(&self) -> ServiceSet {
        self.atoms.set(self.unknown)
    }
}

impl<'e, 'a> Matrix<'e, 'a> {
    /// Works out what all pairs depend on.
    pub fn new(engine: &'e Engine<'a>) -> Self {
        let grouped = grouped(engine);
        let atoms = Atoms::of(engine.network);
        // A host that stands for its site, and a second one for the way from the site to itself.
        let mut examples: BTreeMap<&Site, Vec<usize>> = BTreeMap::new();
        for (class, site) in &grouped {
            let own = examples.entry(site).or_default();
            own.extend(class.hosts.iter().take(2_usize.saturating_sub(own.len())));
        }
        let numbers: HashMap<&Site, usize> = examples
            .keys()
            .enumerate()
            .map(|(number, site)| (*site, number))
            .collect();
        let sites = grouped
            .iter()
            .map(|(_, site)| numbers.get(site).copied().unwrap_or(NOWHERE))
            .collect();
        let between = |(from, own): (&Site, &[usize]), (to, others): (&Site, &[usize])| {
            let target = if from == to { others.get(1) } else { others.first() };
            match own.first().zip(target) {
                Some((source, target)) if !from.special && !to.special => {
                    way(engine, &atoms, *source, *target)
                }
                _ => Way::Each,
            }
        };
        let from = |(from, own): (&&Site, &Vec<usize>)| {
            examples
                .iter()
                .map(|(to, others)| between((*from, own), (*to, others)))
                .collect()
        };
        let ways = examples.iter().map(from).collect();
        let classes: Vec<Class> = grouped.into_iter().map(|(class, _)| class).collect();
        let tables = Tables::new(engine, &atoms, &classes);
        Self {
            engine,
            classes,
            sites,
            ways,
            tables,
            atoms,
        }
    }

    /// Calls `visit` with each ordered pair of classes and its answer. A class and itself are two hosts of
    /// it, or one and itself.
    pub fn each(&self, mut visit: impl FnMut(usize, usize, Cell<'_>)) {
        let empty = || vec![0; self.atoms.words()];
        let (mut sure, mut perhaps, mut sets) = (empty(), empty(), [empty(), empty(), empty()]);
        for ((from, source), site) in self.classes.iter().enumerate().zip(&self.sites) {
            let ways = self.ways.get(*site).map_or(&[][..], Vec::as_slice);
            for ((to, target), site) in self.classes.iter().enumerate().zip(&self.sites) {
                let (out, into) = (
                    (from, &source.security_groups[..]),
                    (to, &target.security_groups[..]),
                );
                match ways.get(*site) {
                    Some(Way::Closed) => sets.iter_mut().for_each(|set| set.fill(0)),
                    Some(Way::Known(masks)) if from != to || source.hosts.len() > 1 => {
                        self.tables.through(Bound::Sure, out, into, &mut sure);
                        let exact = self.tables.is_exact(from, to);
                        if !exact {
                            self.tables.through(Bound::Perhaps, out, into, &mut perhaps);
                        }
                        combine(&sure, if exact { &sure } else { &perhaps }, masks, &mut sets);
                    }
                    _ => {
                        let answer = self.ask(source, target);
                        for (set, services) in
                            sets.iter_mut()
                                .zip([&answer.allowed, &answer.partial, &answer.unknown])
                        {
                            set.clone_from(&self.atoms.bits(services));
                        }
                    }
                }
                let [allowed, partial, unknown] = &sets;
                visit(
                    from,
                    to,
                    Cell {
                        atoms: &self.atoms,
                        allowed,
                        partial,
                        unknown,
                    },
                );
            }
        }
    }

    fn ask(&self, from: &Class, to: &Class) -> Answer {
        let source = from.example();
        let is_own = to.example() == source;
        let target = if is_own {
            to.hosts.get(1).copied().unwrap_or(source)
        } else {
            to.example()
        };
        between(
            self.engine,
            &Selected::Interface(source),
            &Selected::Interface(target),
        )
    }
}

/// What a way and the groups at its ends let through: allowed, partial, unknown.
fn combine(sure: &[u64], perhaps: &[u64], masks: &[Vec<u64>; 3], sets: &mut [Vec<u64>; 3]) {
    let ([allowed, partial, unknown], [a, p, u]) = (masks, sets);
    let masks = allowed.iter().zip(partial).zip(unknown);
    let out = a.iter_mut().zip(p).zip(u);
    for (((sure, perhaps), ((allowed, partial), unknown)), ((a, p), u)) in
        sure.iter().zip(perhaps).zip(masks).zip(out)
    {
        *a = allowed & sure;
        *p = partial & sure;
        *u = (allowed | partial | unknown) & perhaps & !*a & !*p;
    }
}

/// The way between two hosts, without their groups. It is the same for all hosts of their sites where the
/// groups of the two ends are asked about the two ends, and no other groups are asked.
fn way(engine: &Engine<'_>, atoms: &Atoms, source: usize, target: usize) -> Way {
    let packet_end = |interface| {
        engine
            .primary(interface, Family::V4)
            .and_then(|owner| engine.packet_end(owner))
    };
    let (Some(from), Some(to)) = (packet_end(source), packet_end(target)) else {
        return Way::Each;
    };
    let Some(mut all) = ways(engine, &Start::Interface(source, from.clone()), &to) else {
        return Way::Each;
    };
    let (Some(way), true) = (all.pop(), all.is_empty()) else {
        return Way::Each;
    };
    let mut traced = way.traced;
    let plain = |step: &Step| match &step.check {
        Check::Groups {
            interface,
            peer,
            references,
            ..
        } => {
            *references
                && ((*interface == source && peer.at == to.at)
                    || (*interface == target && peer.at == from.at))
        }
        _ => true,
    };
    if !traced.trace.steps.iter().all(plain) {
        return Way::Each;
    }
    let is_filter = |step: &Step| matches!(step.check, Check::Groups { .. });
    let removed = traced.halves().0.iter().filter(|step| is_filter(step)).count();
    traced.there -= removed;
    traced.trace.steps.retain(|step| !is_filter(step));
    let open = answer(engine, &traced, Family::V4);
    if open.invalid {
        return Way::Each;
    }
    let sets = [&open.allowed, &open.partial, &open.unknown].map(|set| atoms.bits(set));
    let closed = sets.iter().all(|set| set.iter().all(|word| *word == 0));
    match (closed, removed) {
        (true, _) => Way::Closed,
        (false, 2) => Way::Known(sets),
        // The way ends where it cannot be told what happens, before both ends were asked.
        (false, _) => Way::Each,
    }
}
