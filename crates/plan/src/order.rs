//! A stable topological order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The indices of `keys` in an order that respects every edge `(before, after)`; of those that could be next,
/// the smallest key comes first. Nodes on a circle are left out.
pub fn order<K: Ord + Clone>(keys: &[K], edges: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); keys.len()];
    let mut waiting = vec![0_usize; keys.len()];
    for (a, b) in edges {
        after[a].push(b);
        waiting[b] += 1;
    }
    let mut ready: BinaryHeap<Reverse<(K, usize)>> = (0..keys.len())
        .filter(|&node| waiting[node] == 0)
        .map(|node| Reverse((keys[node].clone(), node)))
        .collect();
    let mut ordered = Vec::with_capacity(keys.len());
    while let Some(Reverse((_, node))) = ready.pop() {
        ordered.push(node);
        for &next in &after[node] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.push(Reverse((keys[next].clone(), next)));
            }
        }
    }
    ordered
}
