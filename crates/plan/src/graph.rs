//! The graph of steps: nodes, and edges with the reason for each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use petgraph::Direction::Incoming;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use trueup_model::StepReason;

/// Why one step comes before another. Later ones give way first where they close a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// EC2 refuses any other order.
    Must,
    /// The later step uses what the earlier one completes.
    Ready,
    /// The earlier step lets go of what the later one deletes.
    Release,
    /// The same, where EC2 would delete it all the same: a route to it leads nowhere for a while.
    Loose,
    /// The earlier step makes what the successor needs of what the later one ends: the gap between the two
    /// stays short.
    Gap,
    /// The later step takes away what the earlier one leaves, or moves to what the earlier one makes: what
    /// works is to work in between.
    Keep,
    /// The earlier step has a host back that does the same work as the one that the later step takes out of
    /// service.
    Turn,
}

impl Why {
    /// Whether EC2 has no say in it.
    pub fn yields(self) -> bool {
        matches!(self, Self::Keep | Self::Turn)
    }
}

/// What comes directly before a step: its number, why, and the reason where no reference is it.
pub type Before<'a> = (usize, Why, Option<&'a StepReason>);

/// Steps by number, from 0, and what comes before what.
#[derive(Debug, Default)]
pub struct Graph {
    edges: BTreeMap<(usize, usize), (Why, Option<StepReason>)>,
}

impl Graph {
    /// `before` comes before `after`; `reason` says why, where no reference does.
    pub fn edge(&mut self, before: usize, after: usize, why: Why, reason: Option<StepReason>) {
        if before == after {
            return;
        }
        let entry = self.edges.entry((before, after)).or_insert((why, None));
        entry.0 = entry.0.min(why);
        if entry.1.is_none() {
            entry.1 = reason;
        }
    }

    /// Breaks circles by the fixed rule of [`Why`], weakest first. What is left over is a circle that nothing
    /// may break.
    ///
    /// A NAT gateway is replaced and keeps its Elastic IP address, so the old one goes first:
    ///
    /// ```text
    /// DeleteNatGateway ──must──> CreateNatGateway     only one can have the address
    /// CreateNatGateway ──must──> ReplaceRoute         the route leads to the new one
    /// ReplaceRoute ──loose──> DeleteNatGateway        the route lets go of the old one
    /// ```
    ///
    /// All three are in a circle. It has nothing of `Turn`, `Keep` and `Gap`; at `Loose` its edges of that
    /// strength go, and only within the circle: what comes before and after it stays ordered. So the route
    /// leads nowhere for a moment, which EC2 allows and the plan says. All circles of a round give way
    /// together, so the outcome does not follow from the order in which edges were found.
    pub fn break_cycles(&mut self, nodes: usize) -> Result<(), Vec<usize>> {
        for weakest in [
            Why::Turn,
            Why::Keep,
            Why::Gap,
            Why::Loose,
            Why::Release,
            Why::Ready,
        ] {
            for circle in self.cycles(nodes) {
                self.edges
                    .retain(|(a, b), (why, _)| *why < weakest || !(circle.contains(a) && circle.contains(b)));
            }
        }
        self.cycles(nodes).into_iter().next().map_or(Ok(()), Err)
    }

    fn cycles(&self, nodes: usize) -> Vec<Vec<usize>> {
        let mut circles = tarjan_scc(&self.all(nodes));
        circles.retain(|circle| circle.len() > 1);
        for circle in &mut circles {
            circle.sort_unstable();
        }
        circles.sort();
        circles
    }

    /// All nodes and edges, without the reasons.
    fn all(&self, nodes: usize) -> DiGraphMap<usize, ()> {
        let mut graph = DiGraphMap::with_capacity(nodes, self.edges.len());
        for node in 0..nodes {
            graph.add_node(node);
        }
        for (before, after) in self.edges.keys() {
            graph.add_edge(*before, *after, ());
        }
        graph
    }

    /// The nodes in an order that respects every edge; of those that could be next, the one whose key is
    /// smallest. Nodes on a circle, and what comes after them, are left out.
    ///
    /// Any such order is right for EC2. Petgraph's own `toposort` takes the one that follows from how the graph
    /// was built; a plan is the same whatever its edges were found in, and reads in the order of the spec.
    pub fn order<K: Ord>(&self, keys: &[K]) -> Vec<usize> {
        let graph = self.all(keys.len());
        let key = |node: usize| keys.get(node).map(|key| Reverse((key, node)));
        let mut waits: BTreeMap<usize, usize> = graph
            .nodes()
            .map(|node| (node, graph.neighbors_directed(node, Incoming).count()))
            .collect();
        let free = waits.iter().filter(|(_, before)| **before == 0);
        let mut ready: BinaryHeap<_> = free.filter_map(|(node, _)| key(*node)).collect();
        let mut ordered = Vec::with_capacity(keys.len());
        while let Some(Reverse((_, node))) = ready.pop() {
            ordered.push(node);
            for next in graph.neighbors(node) {
                if let Some(before) = waits.get_mut(&next) {
                    *before -= 1;
                    if *before == 0 {
                        ready.extend(key(next));
                    }
                }
            }
        }
        ordered
    }

    /// What comes directly before a node.
    pub fn before(&self) -> BTreeMap<usize, Vec<Before<'_>>> {
        let mut before: BTreeMap<usize, Vec<Before<'_>>> = BTreeMap::new();
        for ((a, b), (why, reason)) in &self.edges {
            before.entry(*b).or_default().push((*a, *why, reason.as_ref()));
        }
        before
    }

    /// Whether one node comes directly before another.
    pub fn has(&self, before: usize, after: usize) -> bool {
        self.edges.contains_key(&(before, after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_give_way_where_they_may_the_weakest_first() {
        for (stronger, weaker) in [
            (Why::Ready, Why::Release),
            (Why::Release, Why::Loose),
            (Why::Loose, Why::Gap),
            (Why::Gap, Why::Keep),
            (Why::Keep, Why::Turn),
        ] {
            let mut graph = Graph::default();
            graph.edge(0, 1, Why::Must, None);
            graph.edge(1, 2, stronger, None);
            graph.edge(2, 0, weaker, None);
            assert_eq!(graph.break_cycles(3), Ok(()));
            assert_eq!(
                graph.order(&["a", "b", "c"]),
                [0, 1, 2],
                "{stronger:?} {weaker:?}"
            );
        }
    }

    #[test]
    fn a_circle_of_musts_is_told() {
        let mut graph = Graph::default();
        graph.edge(0, 1, Why::Must, None);
        graph.edge(1, 0, Why::Must, None);
        assert_eq!(graph.break_cycles(2), Err(vec![0, 1]));
    }
}
