//! What each security group lets through for each class of hosts.

use std::collections::{BTreeMap, HashMap};

use super::Class;
use super::bits::Atoms;
use crate::address::Family;
use crate::engine::Engine;
use crate::filter::rule_matches;
use crate::network::{GroupRule, Peer};
use crate::packet_end::{Match, PacketEnd};

/// For each group, each direction and each class: which set of services.
#[derive(Debug)]
pub(super) struct Tables {
    words: usize,
    /// What is surely let through, then what surely or perhaps is.
    numbers: [Numbers; 2],
    /// The sets, one after another.
    sets: Vec<u64>,
    classes: usize,
    inexact: Vec<bool>,
}

/// By direction, then `group * classes + class`: the set's number.
#[derive(Debug, Default)]
struct Numbers {
    egress: Vec<u32>,
    ingress: Vec<u32>,
}

/// Which of the two bounds.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Sure,
    Perhaps,
}

impl Tables {
    pub fn new(engine: &Engine<'_>, atoms: &Atoms, classes: &[Class]) -> Self {
        let packet_ends: Vec<Option<PacketEnd>> = classes
            .iter()
            .map(|class| {
                engine
                    .primary(class.example(), Family::V4)
                    .and_then(|owner| engine.packet_end(owner))
            })
            .collect();
        let is_unknown = |group: &usize| engine.network.security_groups.known(*group).is_none();
        let inexact = classes
            .iter()
            .map(|class| class.security_groups.iter().any(is_unknown))
            .collect();
        let mut known = Known {
            engine,
            packet_ends: &packet_ends,
            matches: HashMap::new(),
            inexact,
        };
        let mut interned = Interned::default();
        let (mut sure, mut perhaps) = (Numbers::default(), Numbers::default());
        for group in &engine.network.security_groups {
            let directions = [
                (&group.egress, &mut sure.egress, &mut perhaps.egress),
                (&group.ingress, &mut sure.ingress, &mut perhaps.ingress),
            ];
            for (rules, sure, perhaps) in directions {
                let parts: Vec<Vec<u64>> = rules.iter().map(|rule| atoms.bits(&rule.services)).collect();
                for (numbers, (row, trails)) in [sure, perhaps].into_iter().zip(known.rows(group.vpc, rules))
                {
                    let mut seen: Vec<Option<u32>> = vec![None; trails.count()];
                    let mut number = |trail: usize| {
                        interned.number(
                            trails.rules(trail).filter_map(|rule| parts.get(rule)),
                            atoms.words(),
                        )
                    };
                    numbers.extend(row.into_iter().map(|trail| match seen.get_mut(trail) {
                        Some(seen) => *seen.get_or_insert_with(|| number(trail)),
                        None => number(trail),
                    }));
                }
            }
        }
        let numbers = [sure, perhaps];
        Self {
            words: atoms.words(),
            numbers,
            sets: interned.sets,
            classes: classes.len(),
            inexact: known.inexact,
        }
    }

    /// Whether every rule surely is, or surely is not, about both classes.
    pub fn is_exact(&self, from: usize, to: usize) -> bool {
        [from, to]
            .iter()
            .all(|class| self.inexact.get(*class) == Some(&false))
    }

    /// What the groups of one class let out to another, and those of the other let in.
    pub fn through(
        &self,
        bound: Bound,
        (from, out): (usize, &[usize]),
        (to, into): (usize, &[usize]),
        bits: &mut [u64],
    ) {
        let [sure, perhaps] = &self.numbers;
        // A group that is not known lets through nothing surely, and perhaps anything.
        let (Numbers { egress, ingress }, not_known) = match bound {
            Bound::Sure => (sure, 0),
            Bound::Perhaps => (perhaps, u64::MAX),
        };
        let word_of = |numbers: &[u32], group: usize, class: usize, word: usize| {
            let number = numbers.get(group.saturating_mul(self.classes).saturating_add(class));
            number
                .and_then(|number| self.sets.get(*number as usize * self.words + word))
                .copied()
                .unwrap_or(not_known)
        };
        for (word, bits) in bits.iter_mut().enumerate() {
            let out = out
                .iter()
                .fold(0, |all, group| all | word_of(egress, *group, to, word));
            *bits = into
                .iter()
                .fold(0, |all, group| all | word_of(ingress, *group, from, word))
                & out;
        }
    }
}

/// Sets of services that are kept once.
#[derive(Default)]
struct Interned {
    numbers: BTreeMap<Vec<u64>, u32>,
    sets: Vec<u64>,
}

impl Interned {
    /// The number of the set that several make up.
    fn number<'p>(&mut self, parts: impl Iterator<Item = &'p Vec<u64>>, words: usize) -> u32 {
        let mut bits = vec![0; words];
        for part in parts {
            bits.iter_mut().zip(part).for_each(|(bits, word)| *bits |= word);
        }
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(bits).or_insert_with_key(|bits| {
            self.sets.extend_from_slice(bits);
            next
        })
    }
}

/// Which rules are about which classes.
struct Known<'e, 'a> {
    engine: &'e Engine<'a>,
    packet_ends: &'e [Option<PacketEnd>],
    /// By the VPC of the rule and its peer: the classes it surely is about, and those it perhaps is about.
    matches: HashMap<(usize, PeerKey), [Vec<usize>; 2]>,
    inexact: Vec<bool>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum PeerKey {
    Range(ipnet::IpNet),
    List(usize),
    Group(usize),
    Stranger(String),
    Unread,
}

/// Sets of rules, each as the set without its last rule, and that rule; the first one is empty. Any number of
/// rules costs a class one number, and classes that the same rules are about share a set.
#[derive(Default)]
struct Trails(Vec<(usize, usize)>);

impl Trails {
    /// The empty set.
    const EMPTY: usize = 0;

    fn count(&self) -> usize {
        self.0.len() + 1
    }

    fn push(&mut self, trail: usize, rule: usize) -> usize {
        self.0.push((trail, rule));
        self.0.len()
    }

    /// The rules of a set, the last one first.
    fn rules(&self, trail: usize) -> impl Iterator<Item = usize> {
        let at = |trail: usize| trail.checked_sub(1).and_then(|index| self.0.get(index).copied());
        std::iter::successors(at(trail), move |(before, _)| at(*before)).map(|(_, rule)| rule)
    }
}

impl Known<'_, '_> {
    /// For each class, the rules that surely are about it, and those that surely or perhaps are.
    fn rows(&mut self, vpc: usize, rules: &[GroupRule]) -> [(Vec<usize>, Trails); 2] {
        let mut rows = [(); 2].map(|()| (vec![Trails::EMPTY; self.packet_ends.len()], Trails::default()));
        for (index, rule) in rules.iter().enumerate() {
            let [sure, perhaps] = self.about(vpc, rule);
            let none: &[usize] = &[];
            for ((row, trails), more) in rows.iter_mut().zip([none, perhaps]) {
                let mut grown: HashMap<usize, usize> = HashMap::new();
                for class in sure.iter().chain(more) {
                    if let Some(trail) = row.get_mut(*class) {
                        *trail = *grown
                            .entry(*trail)
                            .or_insert_with_key(|trail| trails.push(*trail, index));
                    }
                }
            }
        }
        rows
    }

    fn about(&mut self, vpc: usize, rule: &GroupRule) -> &[Vec<usize>; 2] {
        let key = match &rule.peer {
            Peer::Range(range) => PeerKey::Range(*range),
            Peer::List(list) => PeerKey::List(*list),
            Peer::Group(group) => PeerKey::Group(*group),
            Peer::Stranger(id) => PeerKey::Stranger(id.clone()),
            Peer::Unread => PeerKey::Unread,
        };
        let (engine, packet_ends, inexact) = (self.engine, self.packet_ends, &mut self.inexact);
        self.matches.entry((vpc, key)).or_insert_with(|| {
            let (mut sure, mut perhaps) = (Vec::new(), Vec::new());
            for ((class, packet_end), inexact) in packet_ends.iter().enumerate().zip(inexact) {
                match packet_end.as_ref().map_or(Match::No, |packet_end| {
                    rule_matches(engine, vpc, rule, packet_end, true)
                }) {
                    Match::Yes => sure.push(class),
                    Match::Perhaps => {
                        perhaps.push(class);
                        *inexact = true;
                    }
                    Match::No => {}
                }
            }
            [sure, perhaps]
        })
    }
}
