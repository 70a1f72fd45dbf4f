//! Handing over: what works before and after a plan should work in between, so what is new is there before
//! anybody moves to it, and what is old goes after everybody has moved.
//!
//! A subnet moves from one route table to another, and an endpoint with it: the endpoint is added to the new
//! table, the subnet moves, and only then is the endpoint taken from the old one. A host moves to another
//! group, and so does the source of a rule elsewhere: the rule for the new group is there first, and the one
//! for the old group goes last. EC2 demands none of it, so these edges are the first to give way.

use std::collections::{BTreeSet, HashMap};

use trueup_model::rules::touches_packets;
use trueup_model::{Action, Kind, Record, Ref, Role, StepAction, StepReason};

use super::{Lowering, Node};
use crate::graph::Why;

/// Who comes to something, and who leaves it, by step.
#[derive(Default)]
struct Moves {
    joined: HashMap<Ref, Vec<usize>>,
    left: HashMap<Ref, Vec<usize>>,
}

impl Lowering<'_> {
    /// Orders what makes and takes away around who moves.
    pub(super) fn handover(&mut self) {
        let moves = self.moves();
        if moves.joined.is_empty() && moves.left.is_empty() {
            return;
        }
        let joinable: BTreeSet<Kind> = moves
            .joined
            .keys()
            .chain(moves.left.keys())
            .filter_map(kind)
            .collect();
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let (own, call) = (&node.verdict.address, node.call);
            let (given, taken) = (served(own.kind, &call.sets), served(own.kind, &call.unsets));
            let mut edges: Vec<(usize, usize)> = Vec::new();
            for reference in &given {
                edges.extend(
                    moves
                        .joined
                        .get(*reference)
                        .into_iter()
                        .flatten()
                        .map(|mover| (index, *mover)),
                );
            }
            for reference in taken.iter().filter(|reference| !given.contains(reference)) {
                edges.extend(
                    moves
                        .left
                        .get(*reference)
                        .into_iter()
                        .flatten()
                        .map(|mover| (*mover, index)),
                );
            }
            if takes_away(node) && joinable.contains(&own.kind) {
                let left = moves.left.get(&Ref::Name(own.clone()));
                edges.extend(left.into_iter().flatten().map(|mover| (*mover, index)));
            }
            for (before, after) in edges {
                if self.nodes[before].verdict.address != self.nodes[after].verdict.address {
                    self.graph
                        .edge(before, after, Why::Keep, Some(StepReason::Continuity));
                }
            }
        }
    }

    /// The steps by which what is there, or its successor, comes under other tables, ACLs or groups.
    fn moves(&self) -> Moves {
        let mut moves = Moves::default();
        let moving = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| matches!(node.verdict.action, Action::Update | Action::Replace));
        for (index, node) in moving {
            let (sets, unsets) = (joining(node, &node.call.sets), joining(node, &node.call.unsets));
            for reference in sets.iter().filter(|reference| !unsets.contains(reference)) {
                moves.joined.entry((*reference).clone()).or_default().push(index);
            }
            for reference in unsets.iter().filter(|reference| !sets.contains(reference)) {
                moves.left.entry((*reference).clone()).or_default().push(index);
            }
        }
        moves
    }
}

/// Whether a step takes from a live object something that packets feel.
fn takes_away(node: &Node<'_>) -> bool {
    let changes =
        node.action == StepAction::Update && node.call.role() == Role::Modify && !node.call.unsets.is_empty();
    changes && touches_packets(node.verdict.address.kind, node.call)
}

/// What an object comes under, or leaves, by a call.
fn joining<'a>(node: &Node<'a>, record: &'a Record) -> Vec<&'a Ref> {
    let schema = node.verdict.address.kind.schema();
    refs(record, |name| schema.joins(name))
}

/// What a call refers to that its object does not come under: groups as sources, the tables of an endpoint.
fn served(kind: Kind, record: &Record) -> Vec<&Ref> {
    let schema = kind.schema();
    refs(record, |name| !schema.joins(name))
}

fn refs(record: &Record, is_meant: impl Fn(&str) -> bool) -> Vec<&Ref> {
    let mut refs = Vec::new();
    record
        .iter()
        .filter(|(name, _)| is_meant(name))
        .for_each(|(_, value)| value.each_ref(&mut |reference| refs.push(reference)));
    refs
}

/// What an id of ours stands for cannot be told from it, and need not: it is a member's, and so of a kind
/// that has members.
fn kind(reference: &Ref) -> Option<Kind> {
    reference.address().map(|address| address.kind)
}
