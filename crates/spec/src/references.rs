//! References: no resource may need itself, by however many others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use trueup_model::{Address, Diagnostic, Topology};

use crate::draft::Notes;
use crate::problems::Problems;

/// How many circles are reported; whoever has more has one mistake in many places.
const CIRCLES_MAX: usize = 20;

/// Who needs whom, with the attribute that says so.
type Graph<'a> = BTreeMap<&'a Address, Vec<(&'a Address, &'a str)>>;

/// Tells every circle once, as a path of names from its smallest one. Attributes that are set after the
/// create are no part of one.
pub fn circles(topology: &Topology, notes: &BTreeMap<Address, Notes>, problems: &mut Problems) {
    let mut graph: Graph<'_> = BTreeMap::new();
    for (address, notes) in notes {
        let needs = notes
            .uses
            .iter()
            .filter(|used| !used.later && notes_have(topology, &used.to));
        graph.insert(
            address,
            needs.map(|used| (&used.to, used.path.as_str())).collect(),
        );
    }
    for _ in 0..CIRCLES_MAX {
        prune(&mut graph);
        let Some(start) = graph.keys().find_map(|start| shortest(start, &graph)) else {
            return;
        };
        problems.push(tell(&start, topology));
        // What is reported is taken out, so that the next round finds another.
        for (from, to, path) in &start {
            if let Some(edges) = graph.get_mut(from) {
                edges.retain(|edge| edge != &(*to, *path));
            }
        }
    }
}

fn notes_have(topology: &Topology, address: &Address) -> bool {
    topology.resources.contains_key(address)
}

/// Takes out again and again what needs nothing or is needed by nothing: what is left is in circles or
/// between them.
fn prune(graph: &mut Graph<'_>) {
    strip(graph);
    let mut turned: Graph<'_> = graph.keys().map(|address| (*address, Vec::new())).collect();
    for (from, edges) in graph.iter() {
        for (to, path) in edges {
            turned.entry(to).or_default().push((from, path));
        }
    }
    strip(&mut turned);
    graph.retain(|address, _| turned.contains_key(address));
    for edges in graph.values_mut() {
        edges.retain(|(to, _)| turned.contains_key(to));
    }
}

/// Takes out again and again what has no edges, with the edges to it.
fn strip(graph: &mut Graph<'_>) {
    let mut users: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    let mut left: BTreeMap<&Address, usize> = BTreeMap::new();
    for (from, edges) in graph.iter() {
        left.insert(from, edges.len());
        for (to, _) in edges {
            users.entry(to).or_default().push(from);
        }
    }
    let mut free: Vec<&Address> = left
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(address, _)| *address)
        .collect();
    let mut gone: BTreeSet<&Address> = BTreeSet::new();
    while let Some(address) = free.pop() {
        gone.insert(address);
        for user in users.get(address).into_iter().flatten() {
            if let Some(count) = left.get_mut(user) {
                *count -= 1;
                if *count == 0 {
                    free.push(user);
                }
            }
        }
    }
    graph.retain(|address, _| !gone.contains(address));
    for edges in graph.values_mut() {
        edges.retain(|(to, _)| !gone.contains(to));
    }
}

type Edge<'a> = (&'a Address, &'a Address, &'a str);

/// The shortest circle through `start`, breadth first.
fn shortest<'a>(start: &'a Address, graph: &Graph<'a>) -> Option<Vec<Edge<'a>>> {
    let mut reached: BTreeMap<&Address, Edge<'a>> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(from) = queue.pop_front() {
        for (to, path) in &graph[from] {
            if reached.contains_key(to) {
                continue;
            }
            reached.insert(to, (from, to, path));
            if *to == start {
                let mut circle = vec![reached[start]];
                while let Some(first) = circle
                    .last()
                    .map(|(from, ..)| *from)
                    .filter(|from| *from != start)
                {
                    circle.push(reached[first]);
                }
                circle.reverse();
                return Some(circle);
            }
            queue.push_back(to);
        }
    }
    None
}

fn tell(circle: &[Edge<'_>], topology: &Topology) -> Diagnostic {
    let names: Vec<String> = circle.iter().map(|(from, ..)| from.to_string()).collect();
    let message = format!(
        "these need each other in a circle: {} → {}",
        names.join(" → "),
        names[0]
    );
    let diagnostic = circle.iter().fold(
        Diagnostic::error("cycle", message),
        |diagnostic, (from, to, path)| {
            diagnostic.at(
                topology.resources[*from].place(path),
                format!("{from} needs {to}"),
            )
        },
    );
    diagnostic.help("none of them can be made first: break the circle at one of these places")
}
