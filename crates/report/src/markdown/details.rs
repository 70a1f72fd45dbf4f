//! Changes in a comment: in full, as a line of a table, and the steps and reasons of all of them.

use std::fmt::Write;

use trueup_model::{Action, Change, Disruption, Plan};

use super::escape::{cell, code, fenced, html, prose, sentence};
use super::fit::paragraph;
use crate::alike::Block;
use crate::difference;
use crate::lines::{Line, LineKind};
use crate::names::Names;
use crate::reasons;
use crate::why;
use crate::words;

/// The first lines of the table that [`Details::row`] is a line of.
pub const TABLE_HEAD: &str = "| | resource | id | disruption |\n|---|---|---|---|\n";

/// Names in a summary and in a line of the table.
const NAMED_MAX: usize = 3;
/// Resources of one block that are named where room is short.
const LISTED_MAX: usize = 20;

/// Draws the changes of a plan.
#[derive(Clone, Copy)]
pub struct Details<'a> {
    pub plan: &'a Plan,
    pub names: &'a Names<'a>,
}

impl Details<'_> {
    /// The chains of reasons.
    pub fn why(&self) -> String {
        let tree: Vec<String> = why::tree(self.plan);
        if tree.is_empty() {
            String::new()
        } else {
            format!("**Why**\n{}", fenced("", &tree))
        }
    }

    /// A block in full; of its resources so many are named.
    pub fn block(&self, block: &Block<'_>, listed_max: usize) -> String {
        self.draw(block, &block.changes, listed_max)
    }

    /// Some changes of a block in full, where room is short.
    pub fn some(&self, block: &Block<'_>, changes: &[&Change]) -> String {
        self.draw(block, changes, LISTED_MAX)
    }

    fn draw(&self, block: &Block<'_>, changes: &[&Change], listed_max: usize) -> String {
        let first = changes[0];
        let open = if block.dangerous {
            "<details open>"
        } else {
            "<details>"
        };
        let mut out = format!("{open}<summary>{}</summary>\n\n", summary(changes));
        let lines: Vec<String> = block
            .lines(self.names)
            .iter()
            .flat_map(|line| drawn(line, first.action))
            .collect();
        if !lines.is_empty() {
            paragraph(&mut out, &fenced("diff", &lines));
        }
        let shared = self.consequences(changes);
        if !shared.is_empty() {
            paragraph(&mut out, &shared.join(" "));
        }
        if changes.len() > 1 {
            paragraph(&mut out, &self.list(changes, listed_max));
        }
        out + "</details>\n"
    }

    /// What changes that are reported together come to, each in a sentence.
    fn consequences(&self, changes: &[&Change]) -> Vec<String> {
        let first = changes[0];
        let mut after = Vec::new();
        if first.action == Action::Delete && !self.plan.teardown {
            after.push(match changes.len() {
                1 => "It carries this topology's tags, and the spec does not want it.".to_owned(),
                _ => "They carry this topology's tags, and the spec does not want them.".to_owned(),
            });
        }
        if !(first.action == Action::Delete && changes.len() > 1) {
            // What is lost is reported by name below.
            if first.disruption != Disruption::None
                && (first.losses.is_empty() || first.disruption < Disruption::AddressLost)
            {
                after.push(format!("Disruption: {}.", words::disruption(first)));
            }
            after.extend(
                changes
                    .iter()
                    .filter_map(|change| words::lifts(change))
                    .map(|lifts| sentence(&lifts)),
            );
            if let Some(order) = first.order {
                after.push(format!("Order: {}.", words::order(order)));
            }
            after.extend(first.notes.iter().map(|note| sentence(&reasons::note(note))));
        }
        if let ([only], false) = (changes, first.losses.is_empty()) {
            after.push(format!("Lost for ever: {}.", losses(only)));
        }
        after
    }

    /// The resources of a block: one below the other where each has something of its own to tell.
    fn list(&self, changes: &[&Change], listed_max: usize) -> String {
        let deleted = changes[0].action == Action::Delete;
        let own = deleted || changes.iter().any(|change| !change.losses.is_empty());
        let shown = &changes[..changes.len().min(listed_max)];
        let more = changes.len() - shown.len();
        let item = |change: &&Change| {
            let mut parts = Vec::new();
            if deleted && change.disruption != Disruption::None && change.losses.is_empty() {
                parts.push(words::disruption(change).to_owned());
            }
            if !change.losses.is_empty() {
                parts.push(format!("lost for ever: {}", losses(change)));
            }
            if deleted {
                parts.extend(words::lifts(change).map(|lifts| prose(&lifts)));
                parts.extend(change.notes.iter().map(|note| prose(&reasons::note(note))));
            }
            let tail = if parts.is_empty() {
                String::new()
            } else {
                format!(": {}", parts.join("; "))
            };
            format!("{}{}{tail}", code(&change.address.to_string()), id(change))
        };
        let items: Vec<String> = shown.iter().map(item).collect();
        match (own, more) {
            (true, 0) => format!("- {}", items.join("\n- ")),
            (true, more) => format!("- {}\n- and {more} more", items.join("\n- ")),
            (false, 0) => items.join(", "),
            (false, more) => format!("{} and {more} more", items.join(", ")),
        }
    }

    /// Changes that are reported together, as a line of the table.
    pub fn row(&self, changes: &[&Change]) -> String {
        let first = changes[0];
        let shown: Vec<String> = changes
            .iter()
            .take(NAMED_MAX)
            .map(|change| cell(&change.address.to_string()))
            .collect();
        let more = changes.len() - shown.len();
        let more = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        let id = first
            .id
            .as_ref()
            .filter(|_| changes.len() == 1)
            .map(|id| cell(id))
            .unwrap_or_default();
        let sign = cell(words::sign(first.action));
        let (verb, disruption) = (words::verb(first.action), words::disruption(first));
        format!(
            "| {sign} {verb} | {}{more} | {id} | {disruption} |\n",
            shown.join(", ")
        )
    }

    /// Every call in its order.
    pub fn steps(&self) -> String {
        let steps = &self.plan.steps;
        if steps.is_empty() {
            return String::new();
        }
        let mut out = format!(
            "<details><summary>{}, in order</summary>\n\n",
            words::count(steps.len(), "step")
        );
        for step in steps {
            let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
            let after = if after.is_empty() {
                String::new()
            } else {
                format!(", after {}", after.join(", "))
            };
            let why: String = step
                .why
                .iter()
                .map(|why| format!("; {}", prose(&reasons::step(why))))
                .collect();
            let _ = writeln!(
                out,
                "{}. {} {}{after}{why}",
                step.number,
                code(&step.address.to_string()),
                step.call.action
            );
        }
        out + "\n</details>\n"
    }
}

/// What the fold says of changes that are reported together.
fn summary(changes: &[&Change]) -> String {
    let first = changes[0];
    let action = format!("{} {}", words::sign(first.action), words::verb(first.action));
    if let [change] = changes {
        let place = change
            .source
            .as_ref()
            .map(|place| format!(" · line {}", place.line))
            .unwrap_or_default();
        let id = change
            .id
            .as_ref()
            .map(|id| format!(" · {}", html(id)))
            .unwrap_or_default();
        return format!("{action} {}{id}{place}", html(&change.address.to_string()));
    }
    let alike = if first.action == Action::Delete {
        ""
    } else {
        " alike"
    };
    let named: Vec<String> = changes
        .iter()
        .map(|change| html(&change.address.to_string()))
        .collect();
    let names = if named.len() <= NAMED_MAX {
        format!(": {}", named.join(", "))
    } else {
        String::new()
    };
    format!(
        "{action} {}{alike}{names}",
        words::count(changes.len(), "resource")
    )
}

/// What is lost with a change.
pub fn losses(change: &Change) -> String {
    change
        .losses
        .iter()
        .map(|loss| prose(&loss.to_string()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The id of what is there, in brackets.
pub fn id(change: &Change) -> String {
    change
        .id
        .as_ref()
        .map(|id| format!(" ({})", code(id)))
        .unwrap_or_default()
}

/// One line of a change as lines of a diff, with the sign in the first column.
fn drawn(line: &Line, action: Action) -> Vec<String> {
    let remark = line
        .remark
        .as_ref()
        .map(|remark| format!("     # {remark}"))
        .unwrap_or_default();
    let side = |sign: &str, text: &Option<String>| match text {
        Some(text) => format!("{sign} {}: {text}", line.name),
        None => format!("{sign} {}", line.name),
    };
    let mut lines = match line.kind {
        LineKind::Attribute if action == Action::Create => vec![side("+", &line.after)],
        LineKind::Attribute | LineKind::Altered => {
            vec![side("-", &line.before) + &remark, side("+", &line.after)]
        }
        LineKind::Added => vec![side("+", &line.after) + &remark],
        LineKind::Removed => vec![side("-", &line.before) + &remark],
    };
    if let Some(long) = line.long.as_ref().filter(|long| long.private) {
        lines.push(format!("      # {}", long.counts()));
    }
    if let Some(long) = line.long.as_ref().filter(|long| !long.private) {
        lines.extend(
            difference::lines(&long.before, &long.after)
                .iter()
                .map(|line| format!("{}   {}", line.sign, line.text).trim_end().to_owned()),
        );
    }
    lines
}
