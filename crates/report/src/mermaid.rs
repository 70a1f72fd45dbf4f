//! Diagrams in Mermaid, as GitHub draws them: what needs what, and who can talk to whom.

use std::collections::BTreeMap;
use std::fmt::Write;

use trueup_model::{Ref, Topology};

use crate::shown::clean;

/// One flow: from, to, and what of it works.
pub type Flow = (String, String, String);

/// A topology with an arrow from each resource to what it refers to; the resources of a kind are drawn alike.
pub fn dependencies(topology: &Topology) -> String {
    let mut drawing = Drawing::default();
    for (address, resource) in &topology.resources {
        let from = drawing.node(&address.to_string());
        for reference in resource.record.refs() {
            let to = match reference {
                Ref::Name(other) => drawing.node(&other.to_string()),
                Ref::Id(id) => drawing.node(id),
            };
            drawing.arrow(&from, &to, "");
        }
    }
    drawing.out
}

/// Who can talk to whom, with an arrow for each flow.
pub fn flows(flows: &[Flow]) -> String {
    let mut drawing = Drawing::default();
    for (from, to, what) in flows {
        let (from, to) = (drawing.node(from), drawing.node(to));
        drawing.arrow(&from, &to, what);
    }
    drawing.out
}

/// A diagram on its way.
struct Drawing {
    out: String,
    nodes: BTreeMap<String, String>,
    arrows: std::collections::BTreeSet<String>,
}

impl Default for Drawing {
    fn default() -> Self {
        Self {
            out: "flowchart LR\n".to_owned(),
            nodes: BTreeMap::new(),
            arrows: std::collections::BTreeSet::new(),
        }
    }
}

impl Drawing {
    /// The node of a name; it is drawn where it is met first.
    fn node(&mut self, name: &str) -> String {
        if let Some(node) = self.nodes.get(name) {
            return node.clone();
        }
        let node = format!("n{}", self.nodes.len());
        let _ = writeln!(self.out, "  {node}[\"{}\"]", text(name));
        self.nodes.insert(name.to_owned(), node.clone());
        node
    }

    fn arrow(&mut self, from: &str, to: &str, what: &str) {
        let label = if what.is_empty() {
            String::new()
        } else {
            format!("|\"{}\"|", text(what))
        };
        let arrow = format!("  {from} -->{label} {to}\n");
        if self.arrows.insert(arrow.clone()) {
            self.out.push_str(&arrow);
        }
    }
}

/// Text that cannot end its quotes or be taken for markup.
fn text(text: &str) -> String {
    let mut out = String::new();
    for c in clean(text).chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '#' => out.push_str("#35;"),
            '`' => out.push('\''),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_share_their_nodes_and_cannot_break_out() {
        let own = |from: &str, to: &str, what: &str| (from.to_owned(), to.to_owned(), what.to_owned());
        let drawn = flows(&[
            own("internet", "instance.a", "tcp/22"),
            own("instance.a", "s3", "all"),
            own("x\"] --> y", "s3", ""),
        ]);
        let expected = "flowchart LR\n  n0[\"internet\"]\n  n1[\"instance.a\"]\n  n0 -->|\"tcp/22\"| n1\n  n2[\"s3\"]\n  n1 -->|\"all\"| n2\n  \
                        n3[\"x#quot;] --#gt; y\"]\n  n3 --> n2\n";
        assert_eq!(drawn, expected);
    }
}
