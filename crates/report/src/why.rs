//! The chains of reasons of a plan, drawn together: one edited line and everything that it causes.

use trueup_model::{Cause, Plan};

use crate::reasons;

/// A reason and what follows from it; the root has none.
#[derive(Debug, Default)]
struct Node<'a> {
    reason: Option<&'a Cause>,
    effects: Vec<Node<'a>>,
}

impl Node<'_> {
    fn words(&self) -> String {
        self.reason.map(reasons::cause).unwrap_or_default()
    }
}

/// The reasons of all changes as a drawn tree, a line each; chains that begin alike are drawn once.
pub fn tree(plan: &Plan) -> Vec<String> {
    let mut root = Node::default();
    for change in &plan.changes {
        let mut node = &mut root;
        for reason in &change.because {
            let index = node
                .effects
                .iter()
                .position(|effect| effect.reason == Some(reason))
                .unwrap_or_else(|| {
                    node.effects.push(Node {
                        reason: Some(reason),
                        effects: Vec::new(),
                    });
                    node.effects.len() - 1
                });
            node = &mut node.effects[index];
        }
    }
    let mut lines = Vec::new();
    for cause in &root.effects {
        lines.push(cause.words());
        draw(cause, "", &mut lines);
    }
    lines
}

fn draw(cause: &Node<'_>, margin: &str, lines: &mut Vec<String>) {
    for (index, effect) in cause.effects.iter().enumerate() {
        let last = index + 1 == cause.effects.len();
        lines.push(format!(
            "{margin}{}{}",
            if last { "└─ " } else { "├─ " },
            effect.words()
        ));
        draw(
            effect,
            &format!("{margin}{}", if last { "   " } else { "│  " }),
            lines,
        );
    }
}
