//! The chains of reasons of a plan, drawn together: one edited line and everything that it causes.

use trueup_model::Plan;

/// A reason and what follows from it.
#[derive(Debug, Default, PartialEq)]
struct Cause<'a> {
    reason: &'a str,
    effects: Vec<Cause<'a>>,
}

/// The reasons of all changes as a drawn tree, a line each; chains that begin alike are drawn once.
pub fn tree(plan: &Plan) -> Vec<String> {
    let mut root = Cause::default();
    for change in &plan.changes {
        let mut node = &mut root;
        for reason in &change.because {
            let index = node
                .effects
                .iter()
                .position(|effect| effect.reason == reason)
                .unwrap_or_else(|| {
                    node.effects.push(Cause {
                        reason,
                        effects: Vec::new(),
                    });
                    node.effects.len() - 1
                });
            node = &mut node.effects[index];
        }
    }
    let mut lines = Vec::new();
    for cause in &root.effects {
        lines.push(cause.reason.to_owned());
        draw(cause, "", &mut lines);
    }
    lines
}

fn draw(cause: &Cause<'_>, margin: &str, lines: &mut Vec<String>) {
    for (index, effect) in cause.effects.iter().enumerate() {
        let last = index + 1 == cause.effects.len();
        lines.push(format!(
            "{margin}{}{}",
            if last { "└─ " } else { "├─ " },
            effect.reason
        ));
        draw(
            effect,
            &format!("{margin}{}", if last { "   " } else { "│  " }),
            lines,
        );
    }
}
