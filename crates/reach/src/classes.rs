//! Classes of equal hosts, and the answers of all pairs of them.
//!
//! Two hosts are equal where no rule, route or group tells them apart. For all pairs the services are cut into atoms that no rule
//! tells apart either, so that a set of services is a few words of bits. What a group lets through for a host is looked up, the
//! way between two subnets is walked once for hosts that it treats alike, and a pair costs a few operations on words.

mod bits;
mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::address::{Family, is_in, number};
use crate::answer::{Answer, answer, ways};
use crate::engine::Engine;
use crate::likeness::routed_to;
use crate::network::{Assigned, Behind, Network};
use crate::party::{Member, between};
use crate::ranges;
use crate::service::ServiceSet;
use crate::trip::{Check, Step};
use crate::walk::Start;

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

/// What hosts of one class have in common: the site, the groups, the ranges of rules that hold the address, and which addresses have
/// a public one.
type Likeness = (Site, Vec<usize>, Vec<usize>, Vec<bool>);

/// Distinct ranges that a network speaks of, and which of them hold an address.
struct Ranges(Vec<ipnet::IpNet>);

impl Ranges {
    /// The ranges by which packets are routed, and filtered at the borders of subnets.
    fn of_ways(network: &Network) -> Self {
        let all = ranges::of_routes(network).chain(ranges::of_acls(network)).chain(ranges::of_lists(network));
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
        self.0.iter().enumerate().filter(|(_, range)| is_in(address, range)).map(|(index, _)| index).collect()
    }
}

/// The classes of a network's hosts, in the order of their first hosts.
pub fn classes(engine: &Engine<'_>) -> Vec<Class> {
    grouped(engine).into_iter().map(|(class, _)| class).collect()
}

fn grouped(engine: &Engine<'_>) -> Vec<(Class, Site)> {
    let network = engine.network;
    let (of_ways, of_groups) = (Ranges::of_ways(network), Ranges::of_groups(network));
    let known = |interface: &crate::network::Interface| match interface.addresses.first().map(|own| own.private) {
        Some(Assigned::Known(address)) => Some(number(address)),
        _ => None,
    };
    let mut holders: HashMap<u128, usize> = HashMap::new();
    let all = network.interfaces.iter().flat_map(|interface| &interface.addresses).map(|own| own.private);
    for private in all.chain(network.nat_gateways.iter().map(|gateway| gateway.private)) {
        if let Assigned::Known(address) = private {
            *holders.entry(number(address)).or_default() += 1;
        }
    }
    let appliances: BTreeSet<usize> = routed_to(network).collect();
    let mut found: HashMap<Likeness, usize> = HashMap::new();
    let mut classes: Vec<(Class, Site)> = Vec::new();
    for (index, interface) in network.interfaces.iter().enumerate() {
        let address = known(interface);
        let holding = |ranges: &Ranges| address.map(|address| ranges.holding(address)).unwrap_or_default();
        // Where two VPCs use one range, groups cannot tell their hosts apart.
        let shared = address.is_some_and(|address| holders[&address] > 1);
        let site = Site {
            subnet: interface.subnet,
            behind: interface.behind,
            running: interface.running,
            check: interface.source_dest_check,
            appliance: Some(index).filter(|index| appliances.contains(index)),
            signature: if address.is_some() { holding(&of_ways) } else { vec![usize::MAX] },
            special: shared || engine.primary(index, Family::V6).is_some(),
        };
        let mut groups = interface.security_groups.clone();
        groups.sort_unstable();
        let public = interface.addresses.iter().map(|own| own.public.is_some()).collect();
        let class = *found.entry((site.clone(), groups.clone(), holding(&of_groups), public)).or_insert_with(|| {
            classes.push((Class { hosts: Vec::new(), subnet: interface.subnet, security_groups: groups }, site));
            classes.len() - 1
        });
        classes[class].0.hosts.push(index);
    }
    classes
}

/// The answers of all pairs of classes.
#[derive(Debug)]
pub struct Matrix<'e, 'a> {
    engine: &'e Engine<'a>,
    /// The classes.
    pub classes: Vec<Class>,
    sites: Vec<usize>,
    /// By the site of the source, then that of the target.
    ways: Vec<Way>,
    kinds: usize,
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
    sets: [&'m [u64]; 3],
}

impl Cell<'_> {
    /// Whether nothing gets through.
    pub fn is_blocked(&self) -> bool {
        self.sets.iter().all(|set| set.iter().all(|word| *word == 0))
    }

    /// Writes what is equal for equal answers of one matrix.
    pub(crate) fn key(&self, key: &mut Vec<u64>) {
        key.clear();
        self.sets.iter().for_each(|set| key.extend_from_slice(set));
    }

    /// What gets through, and back.
    pub fn allowed(&self) -> ServiceSet {
        self.atoms.set(self.sets[0])
    }

    /// What works for some ports of the client.
    pub fn partial(&self) -> ServiceSet {
        self.atoms.set(self.sets[1])
    }

    /// What cannot be told.
    pub fn unknown(&self) -> ServiceSet {
        self.atoms.set(self.sets[2])
    }
}

impl<'e, 'a> Matrix<'e, 'a> {
    /// Works out what all pairs depend on.
    pub fn new(engine: &'e Engine<'a>) -> Self {
        let grouped = grouped(engine);
        let atoms = Atoms::of(engine.network);
        let distinct: BTreeSet<&Site> = grouped.iter().map(|(_, site)| site).collect();
        let numbers: BTreeMap<&Site, usize> = distinct.iter().enumerate().map(|(number, site)| (*site, number)).collect();
        let sites: Vec<usize> = grouped.iter().map(|(_, site)| numbers[site]).collect();
        let special: Vec<bool> = distinct.iter().map(|site| site.special).collect();
        // A host that stands for its site, and a second one for the way from the site to itself.
        let mut examples: Vec<Vec<usize>> = vec![Vec::new(); special.len()];
        for ((class, _), site) in grouped.iter().zip(&sites) {
            let missing = 2_usize.saturating_sub(examples[*site].len());
            examples[*site].extend(class.hosts.iter().take(missing));
        }
        let kinds = special.len();
        let mut ways = Vec::with_capacity(kinds * kinds);
        for from in 0..kinds {
            for to in 0..kinds {
                let target = if from == to { examples[to].get(1) } else { examples[to].first() };
                ways.push(match target {
                    Some(target) if !special[from] && !special[to] => way(engine, &atoms, examples[from][0], *target),
                    _ => Way::Each,
                });
            }
        }
        let classes: Vec<Class> = grouped.into_iter().map(|(class, _)| class).collect();
        let tables = Tables::new(engine, &atoms, &classes);
        Self { engine, classes, sites, ways, kinds, tables, atoms }
    }

    /// Calls `visit` with each ordered pair of classes and its answer. A class and itself are two hosts of it, or one and itself.
    pub fn each(&self, mut visit: impl FnMut(usize, usize, Cell<'_>)) {
        let empty = || vec![0; self.atoms.words()];
        let (mut sure, mut perhaps, mut sets) = (empty(), empty(), [empty(), empty(), empty()]);
        for from in 0..self.classes.len() {
            let source = &self.classes[from];
            for to in 0..self.classes.len() {
                let (out, into) = ((from, &source.security_groups[..]), (to, &self.classes[to].security_groups[..]));
                match &self.ways[self.sites[from] * self.kinds + self.sites[to]] {
                    Way::Closed => sets.iter_mut().for_each(|set| set.fill(0)),
                    Way::Known(masks) if from != to || source.hosts.len() > 1 => {
                        self.tables.through(Bound::Sure, out, into, &mut sure);
                        let exact = self.tables.is_exact(from, to);
                        if !exact {
                            self.tables.through(Bound::Perhaps, out, into, &mut perhaps);
                        }
                        combine(&sure, if exact { &sure } else { &perhaps }, masks, &mut sets);
                    }
                    _ => {
                        let answer = self.ask(from, to);
                        for (set, services) in sets.iter_mut().zip([&answer.allowed, &answer.partial, &answer.unknown]) {
                            set.clone_from(&self.atoms.bits(services));
                        }
                    }
                }
                visit(from, to, Cell { atoms: &self.atoms, sets: [&sets[0], &sets[1], &sets[2]] });
            }
        }
    }

    fn ask(&self, from: usize, to: usize) -> Answer {
        let source = self.classes[from].hosts[0];
        let target = if from == to { *self.classes[to].hosts.get(1).unwrap_or(&source) } else { self.classes[to].hosts[0] };
        between(self.engine, &Member::Interface(source), &Member::Interface(target))
    }
}

/// What a way and the groups at its ends let through: allowed, partial, unknown.
fn combine(sure: &[u64], perhaps: &[u64], masks: &[Vec<u64>; 3], sets: &mut [Vec<u64>; 3]) {
    for word in 0..sure.len() {
        let [allowed, partial, unknown] = [masks[0][word], masks[1][word], masks[2][word]];
        sets[0][word] = allowed & sure[word];
        sets[1][word] = partial & sure[word];
        sets[2][word] = (allowed | partial | unknown) & perhaps[word] & !sets[0][word] & !sets[1][word];
    }
}

/// The way between two hosts, without their groups. It is the same for all hosts of their sites where the groups of the two ends
/// are asked about the two ends, and no other groups are asked.
fn way(engine: &Engine<'_>, atoms: &Atoms, source: usize, target: usize) -> Way {
    let spot = |interface| engine.primary(interface, Family::V4).and_then(|owner| engine.spot(owner));
    let (Some(from), Some(to)) = (spot(source), spot(target)) else { return Way::Each };
    let Some(mut all) = ways(engine, &Start::Interface(source, from.clone()), &to) else { return Way::Each };
    let (Some(way), true) = (all.pop(), all.is_empty()) else { return Way::Each };
    let mut walked = way.walked;
    let plain = |step: &Step| match &step.check {
        Check::Groups { interface, peer, references, .. } => {
            *references && ((*interface == source && peer.at == to.at) || (*interface == target && peer.at == from.at))
        }
        _ => true,
    };
    if !walked.log.steps.iter().all(plain) {
        return Way::Each;
    }
    let is_filter = |step: &Step| matches!(step.check, Check::Groups { .. });
    let removed = walked.log.steps[..walked.there].iter().filter(|step| is_filter(step)).count();
    walked.there -= removed;
    walked.log.steps.retain(|step| !is_filter(step));
    let open = answer(engine, &walked, Family::V4);
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
