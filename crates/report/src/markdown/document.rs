//! The parts of the comment, and which of them are there at which extent.

use std::fmt::Write;

use trueup_model::{Action, Change, Disruption, Plan, ReachChange, Summary};

use super::escape::{cell, code, fenced, html, prose};
use crate::difference;
use crate::lines::{self, Line, What};
use crate::reach;
use crate::shown::{self, clean};
use crate::why;
use crate::words;

/// Things of one sort that are told one by one; there are never so many that a person would not read them.
const TOLD_MAX: usize = 20;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// Everything.
    Full,
    /// Not the steps.
    NoSteps,
    /// Neither the steps nor what new resources are like.
    NoCreates,
    /// So many rows of a table of the changes.
    Table { rows: usize },
    /// Counts.
    Counts,
    /// The title.
    Title,
}

/// One comment.
pub struct Document<'a> {
    plan: &'a Plan,
    spec: &'a str,
    extent: Extent,
    /// What is longer than this is not wanted.
    bytes_max: usize,
    out: String,
}

impl<'a> Document<'a> {
    /// A comment that is not written yet.
    pub fn new(plan: &'a Plan, spec: &'a str, extent: Extent, bytes_max: usize) -> Self {
        Self { plan, spec, extent, bytes_max, out: String::new() }
    }

    /// Writes it; none where it becomes too long.
    pub fn write(mut self) -> Option<String> {
        self.all();
        (self.out.len() <= self.bytes_max).then_some(self.out)
    }

    fn all(&mut self) {
        self.title();
        if self.extent == Extent::Title {
            return;
        }
        self.place();
        self.troubles();
        if !self.plan.is_empty() {
            self.disruption();
            self.losses();
            self.consent();
        }
        self.reachability();
        self.shortened();
        if !self.plan.is_empty() {
            match self.extent {
                Extent::Table { rows } => self.table(rows),
                Extent::Full | Extent::NoSteps | Extent::NoCreates => {
                    self.why();
                    for change in words::sorted(self.plan) {
                        if self.out.len() > self.bytes_max {
                            return;
                        }
                        self.details(change);
                    }
                }
                Extent::Counts | Extent::Title => {}
            }
        }
        if self.extent == Extent::Full {
            self.steps();
        }
        if self.extent <= Extent::NoCreates {
            self.remarks();
        }
        self.footer();
    }

    /// A paragraph, with an empty line before it and after it.
    fn paragraph(&mut self, text: &str) {
        self.gap();
        self.out.push_str(text);
        self.gap();
    }

    /// Ends a paragraph.
    fn gap(&mut self) {
        while !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn title(&mut self) {
        let plan = self.plan;
        let key: String = format!("{}/{}/{}", plan.account, plan.region, plan.topology)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "._-/".contains(c) { c } else { '_' })
            .collect();
        let counts = match (plan.is_empty(), plan.refused.len()) {
            (true, 0) => "nothing to do".to_owned(),
            (true, refused) => format!("nothing to do, {refused} REFUSED"),
            (false, 0) => counts(&plan.summary()),
            (false, refused) => format!("{}, {refused} REFUSED", counts(&plan.summary())),
        };
        let teardown = if plan.teardown { "TEARDOWN, " } else { "" };
        let _ = writeln!(self.out, "<!-- trueup:{key} -->\n### Trueup {}: {teardown}{counts}", code(&plan.topology));
        self.gap();
    }

    fn place(&mut self) {
        let plan = self.plan;
        let read = if plan.is_complete() { "every kind read" } else { "**not everything read**" };
        let kept = plan.kept.len();
        self.paragraph(&format!("Account {} · {} · {read} · {kept} unchanged", code(&plan.account), code(&plan.region)));
    }

    /// What could not be read, and what is refused: loud, because a plan without it is not the whole.
    fn troubles(&mut self) {
        let plan = self.plan;
        let mut lines = Vec::new();
        for (kind, why) in &plan.unreadable {
            lines.push(format!(
                "> **Not read: {}.** {} Nothing of it is changed, and nothing that depends on it.",
                code(kind.as_str()),
                sentence(why)
            ));
        }
        let unread = plan.unread.iter().map(|unread| {
            let what = code(&format!("{} of {}", unread.attribute, unread.address));
            format!("> **Not read: {what}.** {} Nothing is changed because of it.", sentence(&unread.why))
        });
        lines.extend(self.told(unread, "attributes that could not be read"));
        let refused = plan.refused.iter().map(|r| format!("> **Refused** ({}): {}: {}", r.guard, code(&r.address), prose(&r.why)));
        lines.extend(self.told(refused, "refusals"));
        self.quote(&lines);
    }

    fn disruption(&mut self) {
        let worst = self.plan.changes.iter().filter(|change| change.disruption != Disruption::None);
        let told =
            self.told(worst.map(|change| format!("{}: {}", code(&change.address.to_string()), words::disruption(change))), "resources");
        let text = if told.is_empty() { "none".to_owned() } else { told.join("; ") };
        self.paragraph(&format!("**Disruption:** {text}."));
        let turns = self.told(self.plan.turns.iter().map(|turns| prose(&words::turns(self.plan, turns))), "groups of hosts");
        if !turns.is_empty() {
            self.paragraph(&format!("**Turns:** {}.", turns.join("; ")));
        }
    }

    fn losses(&mut self) {
        let lossy = self.plan.changes.iter().filter(|change| !change.losses.is_empty());
        let lines = self.told(
            lossy.map(|change| {
                let losses: Vec<String> = change.losses.iter().map(|loss| prose(&loss.to_string())).collect();
                format!("> **Lost for ever** with {}{}: {}", code(&change.address.to_string()), id(change), losses.join(", "))
            }),
            "resources that lose something for ever",
        );
        self.quote(&lines);
    }

    fn consent(&mut self) {
        let needs: Vec<String> = self.plan.changes.iter().flat_map(|change| words::consents(self.plan, change)).collect();
        if needs.is_empty() {
            return;
        }
        let flags = if needs.len() > TOLD_MAX || self.extent >= Extent::Counts {
            words::count(needs.len(), "consent")
        } else {
            code(&needs.iter().map(|need| format!("--allow {need}")).collect::<Vec<_>>().join(" "))
        };
        let text = format!(
            "> **An unattended {} refuses this** (exit 3) without {flags}, or `--expect` with the fingerprint below.",
            self.command()
        );
        self.quote(&[text]);
    }

    /// What changes for who can talk to whom, what the internet newly reaches first and loud.
    fn reachability(&mut self) {
        let Some(told) = &self.plan.reachability else { return };
        let line = |change: &ReachChange| {
            let loud = if change.exposure { "**Exposure:** " } else { "" };
            let because = reach::because(change);
            let because = if because.is_empty() { because } else { format!(" ({})", prose(&because)) };
            format!("- {loud}{}{because}", prose(&reach::sentence(change)))
        };
        let number = told.changes.len() + told.more;
        let mut lines = match self.extent {
            Extent::Counts | Extent::Title if number > 0 => vec![format!("{} to who can talk to whom", words::count(number, "change"))],
            _ => told.changes.iter().take(TOLD_MAX).map(line).collect(),
        };
        let more = number - told.changes.len().min(TOLD_MAX);
        if more > 0 && self.extent < Extent::Counts {
            lines.push(format!("- and {more} more"));
        }
        if let Some(why) = &told.untold {
            lines.push(format!("What changes is not told, because {}", sentence(why)));
        }
        if let Some(barrier) = &told.barrier {
            lines.push(format!("- **Barrier:** {}", prose(&reach::barrier(barrier))));
            if self.extent < Extent::Counts {
                lines.extend(reach::gaps(barrier).iter().map(|gap| format!("  - {}", prose(gap))));
            }
        }
        lines.extend(reach::counts(&told.findings).map(|counts| format!("{}{counts}.", if lines.is_empty() { "" } else { "\n" })));
        if !lines.is_empty() {
            self.paragraph(&format!("**Reachability**\n\n{}", lines.join("\n")));
        }
    }

    /// Says what was left out.
    fn shortened(&mut self) {
        let left_out = match self.extent {
            Extent::Full | Extent::Title => return,
            Extent::NoSteps => "the steps are left out".to_owned(),
            Extent::NoCreates => "the steps and the attributes of new resources are left out".to_owned(),
            Extent::Table { rows } if rows < self.plan.changes.len() => {
                format!("only the first {} listed", if rows == 1 { "change is".to_owned() } else { format!("{rows} changes are") })
            }
            Extent::Table { .. } => "the changes are only listed".to_owned(),
            Extent::Counts => "only counts are left".to_owned(),
        };
        let destroy = if self.plan.teardown { " --destroy" } else { "" };
        let all = code(&format!("trueup plan{destroy} {}", self.spec));
        self.quote(&[format!("> **Shortened** to fit into a comment: {left_out}. {all} shows everything.")]);
    }

    fn why(&mut self) {
        let tree: Vec<String> = why::tree(self.plan).iter().map(|line| clean(line)).collect();
        if !tree.is_empty() {
            let block = fenced("", &tree);
            self.paragraph(&format!("**Why**\n{block}"));
        }
    }

    fn details(&mut self, change: &Change) {
        let dangerous = matches!(change.action, Action::Replace | Action::Delete | Action::Forget);
        let place = change.source.as_ref().map(|place| format!(" · line {}", place.line)).unwrap_or_default();
        let summary = format!(
            "{} {} {}{}{place}",
            words::sign(change.action),
            words::verb(change.action),
            html(&change.address.to_string()),
            change.id.as_ref().map(|id| format!(" · {}", html(id))).unwrap_or_default(),
        );
        let open = if dangerous { "<details open>" } else { "<details>" };
        let _ = writeln!(self.out, "{open}<summary>{summary}</summary>");
        self.gap();
        let hidden = self.extent == Extent::NoCreates && change.action == Action::Create;
        let lines: Vec<String> = lines::of(change).iter().flat_map(|line| drawn(line, change.action)).collect();
        if !lines.is_empty() && !hidden {
            self.paragraph(&fenced("diff", &lines));
        }
        let mut after = Vec::new();
        if change.action == Action::Delete && !self.plan.teardown {
            after.push("It carries this topology's tags, and the spec does not want it.".to_owned());
        }
        if change.disruption != Disruption::None {
            after.push(format!("Disruption: {}.", words::disruption(change)));
        }
        after.extend(words::lifts(change).map(|lifts| sentence(&lifts)));
        if let Some(order) = change.order {
            after.push(format!("Order: {}.", words::order(order)));
        }
        after.extend(change.notes.iter().map(|note| sentence(note)));
        if !after.is_empty() {
            self.paragraph(&after.join(" "));
        }
        self.out.push_str("</details>\n");
    }

    fn table(&mut self, rows: usize) {
        self.out.push_str("| | resource | id | disruption |\n|---|---|---|---|\n");
        for change in words::sorted(self.plan).into_iter().take(rows) {
            let id = change.id.as_ref().map(|id| cell(id)).unwrap_or_default();
            let (address, disruption) = (cell(&change.address.to_string()), words::disruption(change));
            let _ = writeln!(
                self.out,
                "| {} {} | {address} | {id} | {disruption} |",
                cell(words::sign(change.action)),
                words::verb(change.action)
            );
        }
        self.out.push('\n');
    }

    fn steps(&mut self) {
        let steps = &self.plan.steps;
        if steps.is_empty() {
            return;
        }
        let _ = writeln!(self.out, "<details><summary>{}, in order</summary>", words::count(steps.len(), "step"));
        self.gap();
        for step in steps {
            let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
            let after = if after.is_empty() { String::new() } else { format!(", after {}", after.join(", ")) };
            let why: String = step.why.iter().map(|why| format!("; {}", prose(why))).collect();
            let _ = writeln!(self.out, "{}. {} {}{after}{why}", step.number, code(&step.address.to_string()), step.call.action);
        }
        self.gap();
        self.out.push_str("</details>\n");
    }

    fn remarks(&mut self) {
        let remarks = self.plan.diagnostics.iter().map(|diagnostic| {
            let place = diagnostic.place().filter(|place| !place.file.is_empty());
            let place = place.map(|place| format!(" ({})", code(&shown::place(place)))).unwrap_or_default();
            format!("- {}: {}{place}", words::severity(diagnostic.severity), prose(&diagnostic.message))
        });
        let lines = self.told(remarks, "remarks");
        if !lines.is_empty() {
            self.paragraph(&lines.join("\n"));
        }
    }

    fn footer(&mut self) {
        let summary = self.plan.summary();
        let guard = |number: usize, words: &str, none: &str| {
            if number == 0 { none.to_owned() } else { format!("{number} {words}") }
        };
        let refused = guard(self.plan.refused.len(), "refused", "nothing refused");
        let replaced = guard(summary.replace, "replaced", "nothing is replaced");
        let deleted = guard(summary.delete, "deleted", "nothing is deleted");
        self.gap();
        let _ = writeln!(self.out, "Guards: {refused} · {replaced} · {deleted}");
        if !self.plan.is_empty() && self.plan.refused.is_empty() {
            let command = format!("trueup {} {} --expect {}", self.command(), self.spec, self.plan.fingerprint);
            let _ = writeln!(self.out, "{}", code(&command));
        }
    }

    /// What carries the plan out.
    fn command(&self) -> &'static str {
        if self.plan.teardown { "destroy" } else { "apply" }
    }

    /// The first of `items`, and how many more there are; none but their number where only counts are shown.
    fn told(&self, items: impl Iterator<Item = String>, what: &str) -> Vec<String> {
        let most = match self.extent {
            Extent::Counts | Extent::Title => 0,
            Extent::Table { .. } => TOLD_MAX,
            _ => usize::MAX,
        };
        let mut told = Vec::new();
        let mut more = 0;
        for item in items {
            if told.len() < most {
                told.push(item);
            } else {
                more += 1;
            }
        }
        if more > 0 {
            let quoted = told.first().is_some_and(|first| first.starts_with('>'));
            let words = if told.is_empty() { format!("{more} {what}") } else { format!("and {more} more {what}") };
            told.push(if quoted { format!("> {words}") } else { words });
        }
        told
    }

    fn quote(&mut self, lines: &[String]) {
        if !lines.is_empty() {
            // Two spaces at the end keep the lines apart.
            let lines: Vec<String> =
                lines.iter().map(|line| if line.starts_with('>') { line.clone() } else { format!("> {line}") }).collect();
            self.paragraph(&lines.join("  \n"));
        }
    }
}

/// `2 to REPLACE, 0 to create, 0 to change, 0 to delete`: what loses something stands first, and loud.
fn counts(summary: &Summary) -> String {
    let mut parts = Vec::new();
    let losing = [(summary.replace, "replace"), (summary.delete, "delete")];
    let loud = losing.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} to {}", what.to_uppercase()));
    parts.extend(loud);
    parts.extend([(summary.create, "create"), (summary.update, "change")].map(|(number, what)| format!("{number} to {what}")));
    parts.extend(losing.iter().filter(|(number, _)| *number == 0).map(|(_, what)| format!("0 to {what}")));
    let reserved = [(summary.adopt, "adopt"), (summary.forget, "forget")];
    parts.extend(reserved.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} to {what}")));
    parts.join(", ")
}

fn id(change: &Change) -> String {
    change.id.as_ref().map(|id| format!(" ({})", code(id))).unwrap_or_default()
}

/// Text as a sentence with a full stop.
fn sentence(text: &str) -> String {
    let text = prose(text.trim_end_matches('.'));
    format!("{text}.")
}

/// One line of a change as lines of a diff, with the sign in the first column.
fn drawn(line: &Line, action: Action) -> Vec<String> {
    let remark = line.remark.as_ref().map(|remark| format!("     # {}", clean(remark))).unwrap_or_default();
    let side = |sign: &str, text: &Option<String>| match text {
        Some(text) => format!("{sign} {}: {text}", line.name),
        None => format!("{sign} {}", line.name),
    };
    let mut lines = match line.what {
        What::Attribute if action == Action::Create => vec![side("+", &line.after)],
        What::Attribute | What::Altered => vec![side("-", &line.before) + &remark, side("+", &line.after)],
        What::Added => vec![side("+", &line.after) + &remark],
        What::Removed => vec![side("-", &line.before) + &remark],
    };
    if let Some(long) = line.long.as_ref().filter(|long| long.private) {
        lines.push(format!("      # {}", long.counts()));
    }
    if let Some(long) = line.long.as_ref().filter(|long| !long.private) {
        lines.extend(
            difference::lines(&long.before, &long.after).iter().map(|line| format!("{}   {}", line.sign, line.text).trim_end().to_owned()),
        );
    }
    lines
}
