//! Turns: hosts that do the same work are stopped and replaced one after the other, so that the others go on
//! meanwhile, and so that what goes wrong with the first one is seen before the next one's turn.

use std::collections::{BTreeMap, HashMap};

use trueup_model::{Action, Address, Order, StepAction, StepReason, Turns};

use super::Lowering;
use crate::graph::{Graph, Why};

/// One host, from the step that takes it out of service to the one that has it back.
#[derive(Clone, Copy, Debug)]
struct Turn<'v> {
    address: &'v Address,
    begin: usize,
    end: usize,
}

/// Hosts that do the same work, in the order of their turns.
#[derive(Debug, Default)]
pub(super) struct PeerGroup<'v>(Vec<Turn<'v>>);

impl<'v> Lowering<'v> {
    /// Has like hosts wait for each other: at most `at_once` of them are out of service at a time, unless
    /// something else demands it.
    pub(super) fn turns(&mut self, at_once: usize) -> Vec<PeerGroup<'v>> {
        let peer_groups = self.peer_groups();
        for PeerGroup(turns) in &peer_groups {
            // The hosts share so many lanes, and in each of them one waits for the other.
            for (earlier, later) in turns.iter().zip(turns.iter().skip(at_once)) {
                let why = StepReason::Turn(earlier.address.clone());
                self.graph.edge(earlier.end, later.begin, Why::Turn, Some(why));
            }
        }
        peer_groups
    }

    /// The hosts that have turns, together with those that they share something with.
    fn peer_groups(&self) -> Vec<PeerGroup<'v>> {
        let mut turns: BTreeMap<&'v Address, Turn<'v>> = BTreeMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let verdict = node.verdict;
            let is_out = match (verdict.action, verdict.order) {
                (Action::Update, _) => verdict
                    .address
                    .kind
                    .rules()
                    .is_downtime(&verdict.calls, node.call),
                (Action::Replace, Some(Order::DeleteFirst)) => true,
                (Action::Replace, _) => node.action == StepAction::Create,
                _ => false,
            };
            if is_out {
                let turn = Turn {
                    address: &verdict.address,
                    begin: index,
                    end: index,
                };
                turns
                    .entry(&verdict.address)
                    .and_modify(|turn| turn.end = index)
                    .or_insert(turn);
            }
        }
        let words = self.words(&turns);
        let mut sets = Sets::new(turns.len());
        for alike in words.values() {
            alike.windows(2).for_each(|pair| sets.join(pair[0], pair[1]));
        }
        let mut peer_groups: BTreeMap<usize, PeerGroup<'v>> = BTreeMap::new();
        for (number, turn) in turns.into_values().enumerate() {
            peer_groups.entry(sets.first(number)).or_default().0.push(turn);
        }
        peer_groups
            .into_values()
            .filter(|group| group.0.len() > 1)
            .collect()
    }

    /// By each word that hosts may share, the numbers of those that have it.
    fn words(&self, turns: &BTreeMap<&'v Address, Turn<'v>>) -> HashMap<String, Vec<usize>> {
        let mut words: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, turn) in turns.values().enumerate() {
            let Some(resource) = self.nodes[turn.begin].verdict.resource else {
                continue;
            };
            for word in turn.address.kind.rules().peers(turn.address, &resource.record) {
                words.entry(word).or_default().push(number);
            }
        }
        words
    }
}

impl PeerGroup<'_> {
    /// How many of its hosts may be out of service at a time, once circles have given way.
    pub(super) fn note(&self, graph: &Graph, at_once: usize) -> Turns {
        let waits = |(earlier, later): &(&Turn<'_>, &Turn<'_>)| graph.has(earlier.end, later.begin);
        let waiting = self
            .0
            .iter()
            .zip(self.0.iter().skip(at_once))
            .filter(waits)
            .count();
        Turns {
            hosts: self.0.iter().map(|turn| turn.address.clone()).collect(),
            at_once: self.0.len() - waiting,
        }
    }
}

/// Numbers in disjoint sets, each known by its smallest.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn first(&mut self, mut number: usize) -> usize {
        while self.0[number] != number {
            self.0[number] = self.0[self.0[number]];
            number = self.0[number];
        }
        number
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other)] = one.min(other);
    }
}
