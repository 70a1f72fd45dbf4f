//! What each security group lets through for each class of hosts.

use std::collections::{BTreeMap, HashMap};

use super::Class;
use super::bits::Atoms;
use crate::address::Family;
use crate::engine::Engine;
use crate::filter::{Direction, rule_matches};
use crate::network::{GroupRule, Peer};
use crate::service::ServiceSet;
use crate::spot::{Match, Spot};

/// For each group, each direction and each class: which set of services.
#[derive(Debug)]
pub(super) struct Tables {
    words: usize,
    /// By direction, then `group * classes + class`: the set's number.
    numbers: [Vec<u32>; 2],
    /// The sets, one after another.
    sets: Vec<u64>,
    classes: usize,
    inexact: Vec<bool>,
}

impl Tables {
    pub fn new(engine: &Engine<'_>, atoms: &Atoms, classes: &[Class]) -> Self {
        let spots: Vec<Option<Spot>> =
            classes.iter().map(|class| engine.primary(class.hosts[0], Family::V4).and_then(|owner| engine.spot(owner))).collect();
        let mut known = Known { engine, spots: &spots, matches: HashMap::new(), inexact: vec![false; classes.len()] };
        let mut interned: BTreeMap<Vec<u64>, u32> = BTreeMap::new();
        let mut sets = Vec::new();
        let mut numbers = [Vec::new(), Vec::new()];
        for (direction, numbers) in [Direction::Egress, Direction::Ingress].into_iter().zip(&mut numbers) {
            for group in &engine.network.security_groups {
                let rules = if direction == Direction::Ingress { &group.ingress } else { &group.egress };
                let row = known.row(group.vpc, rules);
                let mut seen: HashMap<u128, u32> = HashMap::new();
                let parts: Vec<&ServiceSet> = rules.iter().map(|rule| &rule.services).collect();
                for mask in row {
                    let number = *seen.entry(mask).or_insert_with(|| {
                        let chosen = parts.iter().enumerate().filter(|(index, _)| mask & (1 << index) != 0);
                        let set = chosen.fold(ServiceSet::none(), |all, (_, part)| all.union(part));
                        let bits = atoms.bits(&set);
                        let next = u32::try_from(interned.len()).unwrap_or(u32::MAX);
                        *interned.entry(bits).or_insert_with_key(|bits| {
                            sets.extend_from_slice(bits);
                            next
                        })
                    });
                    numbers.push(number);
                }
            }
        }
        let inexact = known.inexact;
        Self { words: atoms.words(), numbers, sets, classes: classes.len(), inexact }
    }

    /// Whether every rule surely is, or surely is not, about a class.
    pub fn is_exact(&self, class: usize) -> bool {
        !self.inexact[class]
    }

    fn set(&self, direction: usize, group: usize, class: usize) -> &[u64] {
        let number = self.numbers[direction][group * self.classes + class] as usize;
        &self.sets[number * self.words..(number + 1) * self.words]
    }

    /// Adds what groups let out to a class.
    pub fn egress(&self, groups: &[usize], to: usize, out: &mut [u64]) {
        for &group in groups {
            out.iter_mut().zip(self.set(0, group, to)).for_each(|(out, word)| *out |= word);
        }
    }

    /// What groups let in from a class, of what was let out and what the way lets through.
    pub fn ingress(&self, groups: &[usize], from: usize, egress: &[u64], through: &mut [Vec<u64>; 3], masks: &[Vec<u64>; 3]) {
        for word in 0..self.words {
            let number = |group: &usize| self.numbers[1][group * self.classes + from] as usize;
            let open = groups.iter().fold(0, |all, group| all | self.sets[number(group) * self.words + word]) & egress[word];
            for (through, mask) in through.iter_mut().zip(masks) {
                through[word] = open & mask[word];
            }
        }
    }
}

/// Which rules are about which classes.
struct Known<'e, 'a> {
    engine: &'e Engine<'a>,
    spots: &'e [Option<Spot>],
    /// By the VPC of the rule and its peer: the classes it is about.
    matches: HashMap<(usize, PeerKey), Vec<usize>>,
    inexact: Vec<bool>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum PeerKey {
    Range(ipnet::IpNet),
    List(usize),
    Group(usize),
    Stranger(String),
}

impl Known<'_, '_> {
    /// For each class, the rules that are about it, as bits. A group has at most 128 rules here; EC2's quota is lower.
    fn row(&mut self, vpc: usize, rules: &[GroupRule]) -> Vec<u128> {
        let mut row = vec![0_u128; self.spots.len()];
        for (index, rule) in rules.iter().enumerate() {
            if index >= 128 {
                self.inexact.fill(true);
                break;
            }
            for class in self.about(vpc, rule) {
                row[*class] |= 1 << index;
            }
        }
        row
    }

    fn about(&mut self, vpc: usize, rule: &GroupRule) -> &[usize] {
        let key = match &rule.peer {
            Peer::Range(range) => PeerKey::Range(*range),
            Peer::List(list) => PeerKey::List(*list),
            Peer::Group(group) => PeerKey::Group(*group),
            Peer::Stranger(id) => PeerKey::Stranger(id.clone()),
        };
        let (engine, spots, inexact) = (self.engine, self.spots, &mut self.inexact);
        self.matches.entry((vpc, key)).or_insert_with(|| {
            let mut about = Vec::new();
            for (class, spot) in spots.iter().enumerate() {
                match spot.as_ref().map_or(Match::No, |spot| rule_matches(engine, vpc, rule, spot, true)) {
                    Match::Yes => about.push(class),
                    Match::Perhaps => inexact[class] = true,
                    Match::No => {}
                }
            }
            about
        })
    }
}
