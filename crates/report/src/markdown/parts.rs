//! The parts of a comment around its changes: title, what is at stake, warnings, what is lost, who can talk
//! to whom, the command.

use std::collections::BTreeSet;

use trueup_model::{Change, Disruption, Plan, ReachChange, Reachability, Severity, Status, Summary};

use super::details::{id, losses};
use super::escape::{code, prose, sentence};
use super::fit::paragraph;
use crate::reach;
use crate::reasons;
use crate::shown;
use crate::stakes;
use crate::words;

/// Things of one sort that are reported one by one; there are never so many that a person would not read
/// them.
const TOLD_MAX: usize = 20;
/// Resources that are named for each sort of disruption.
const NAMED_MAX: usize = 5;
/// What is at stake and stands in the title.
const TITLE_MAX: usize = 3;

/// How much of the parts is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// The first of many things of one sort.
    Some,
    /// How many things there are of each sort.
    Counts,
}

impl Extent {
    /// Things of one sort that are reported.
    fn most(self) -> usize {
        match self {
            Self::Whole => usize::MAX,
            Self::Some => TOLD_MAX,
            Self::Counts => 0,
        }
    }
}

/// Writes the parts.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    pub plan: &'a Plan,
    pub spec: &'a str,
}

impl Parts<'_> {
    /// All that stands above the changes.
    pub fn head(self, extent: Extent) -> String {
        let mut out = self.title();
        paragraph(&mut out, &self.place());
        paragraph(&mut out, &quote(&self.troubles(extent)));
        paragraph(&mut out, &quote(&self.warnings(extent)));
        if !self.plan.is_empty() {
            paragraph(&mut out, &self.disruption());
            paragraph(&mut out, &self.turns(extent));
            paragraph(&mut out, &quote(&self.losses(extent)));
            paragraph(&mut out, &quote(&self.renamed(extent)));
            paragraph(&mut out, &quote(&self.consent(extent)));
        }
        paragraph(&mut out, &self.reachability(extent));
        out
    }

    /// The hidden line by which a comment is found again, and the title: the worst first, then counts.
    pub fn title(self) -> String {
        let plan = self.plan;
        let key: String = format!("{}/{}/{}", plan.site.account, plan.site.region, plan.topology)
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "._-/".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let teardown = plan.teardown.then(|| "TEARDOWN".to_owned());
        let refused = (!plan.refused.is_empty()).then(|| format!("{} REFUSED", plan.refused.len()));
        let stakes: Vec<String> = stakes::clauses(plan)
            .iter()
            .take(TITLE_MAX)
            .map(|clause| prose(clause))
            .collect();
        let counts = if plan.is_empty() {
            "nothing to do".to_owned()
        } else {
            counts(&plan.summary())
        };
        let facts: Vec<String> = teardown.into_iter().chain(refused).chain(stakes).collect();
        let told = if facts.is_empty() {
            counts
        } else {
            format!("{} · {counts}", facts.join(", "))
        };
        format!(
            "<!-- trueup:{key} -->\n### Trueup {}: {told}\n",
            code(&plan.topology)
        )
    }

    fn place(self) -> String {
        let plan = self.plan;
        let read = if plan.is_complete() {
            "every kind read"
        } else {
            "**not everything read**"
        };
        let kept = plan.kept.len();
        format!(
            "Account {} · {} · {read} · {kept} unchanged",
            code(&plan.site.account),
            code(&plan.site.region)
        )
    }

    /// What could not be read, and what is refused: loud, because a plan without it is not the whole.
    fn troubles(self, extent: Extent) -> Vec<String> {
        let plan = self.plan;
        let unreadable = plan.unreadable.iter().map(|(kind, why)| {
            let kind = code(kind.as_str());
            format!(
                "**Not read: {kind}.** {} Nothing of it is changed, and nothing that depends on it.",
                sentence(why)
            )
        });
        let mut lines: Vec<String> = unreadable.collect();
        let unread = plan.unread.iter().map(|unread| {
            let what = code(&format!("{} of {}", unread.attribute, unread.address));
            format!(
                "**Not read: {what}.** {} Nothing is changed because of it.",
                sentence(&unread.why)
            )
        });
        lines.extend(told(extent, unread, "attributes that could not be read"));
        let refused = plan.refused.iter().map(|r| {
            format!(
                "**Refused** ({}): {}: {}",
                r.guard.code(),
                code(&r.address),
                prose(&reasons::refusal(plan, r))
            )
        });
        lines.extend(told(extent, refused, "refusals"));
        lines
    }

    /// What may go wrong, before anything that folds: a quota that is exceeded is no footnote.
    fn warnings(self, extent: Extent) -> Vec<String> {
        let diagnostics = reasons::diagnostics(self.plan);
        let warnings = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity != Severity::Note);
        let lines = warnings.map(|diagnostic| {
            let word = if diagnostic.severity == Severity::Error {
                "Error"
            } else {
                "Warning"
            };
            format!("**{word}:** {}", remark(diagnostic))
        });
        let nowhere = self.plan.blackholes.iter().map(|blackhole| {
            format!(
                "**Warning:** {}: {}",
                code(&blackhole.address.to_string()),
                prose(&words::blackhole(blackhole))
            )
        });
        told(extent, lines.chain(nowhere), "warnings")
    }

    /// What else there is to say about the spec.
    pub fn notes(self, extent: Extent) -> String {
        let diagnostics = reasons::diagnostics(self.plan);
        let notes = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Note);
        let lines: Vec<String> = told(
            extent,
            notes.map(|note| format!("note: {}", remark(note))),
            "notes",
        );
        lines
            .iter()
            .map(|line| format!("- {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// What users of the network feel, the worst first.
    fn disruption(self) -> String {
        let mut sorts: Vec<(Disruption, &'static str, Vec<&Change>)> = Vec::new();
        for change in self
            .plan
            .changes
            .iter()
            .filter(|change| change.disruption != Disruption::None)
        {
            let words = words::disruption(change);
            match sorts.iter_mut().find(|(_, other, _)| *other == words) {
                Some((_, _, changes)) => changes.push(change),
                None => sorts.push((change.disruption, words, vec![change])),
            }
        }
        sorts.sort_by_key(|(disruption, ..)| std::cmp::Reverse(*disruption));
        let told = sorts.iter().map(|(_, words, changes)| {
            let named: Vec<String> = changes
                .iter()
                .take(NAMED_MAX)
                .map(|change| code(&change.address.to_string()))
                .collect();
            let more = changes.len() - named.len();
            let more = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            format!("{words}: {}{more}", named.join(", "))
        });
        let told: Vec<String> = told.collect();
        format!(
            "**Disruption:** {}.",
            if told.is_empty() {
                "none".to_owned()
            } else {
                told.join("; ")
            }
        )
    }

    /// Hosts that do the same work, and how many of them are out of service at a time.
    fn turns(self, extent: Extent) -> String {
        let turns = self
            .plan
            .turns
            .iter()
            .map(|turns| prose(&words::turns(self.plan, turns)));
        let told = told(extent, turns, "groups of hosts");
        if told.is_empty() {
            String::new()
        } else {
            format!("**Turns:** {}.", told.join("; "))
        }
    }

    fn losses(self, extent: Extent) -> Vec<String> {
        let lossy = self
            .plan
            .changes
            .iter()
            .filter(|change| !change.losses.is_empty());
        let lines = lossy.map(|change| {
            format!(
                "**Lost for ever** with {}{}: {}",
                code(&change.address.to_string()),
                id(change),
                losses(change)
            )
        });
        // Each change says it again for itself.
        let extent = if extent == Extent::Whole {
            Extent::Some
        } else {
            extent
        };
        told(extent, lines, "resources that lose something for ever")
    }

    /// What goes and comes again under another name, and how it would stay.
    fn renamed(self, extent: Extent) -> Vec<String> {
        let lines = self
            .plan
            .renamed
            .iter()
            .map(|renamed| format!("**Renamed?** {}", prose(&words::renamed(self.plan, renamed))));
        told(extent, lines, "resources that may only have been renamed")
    }

    fn consent(self, extent: Extent) -> Vec<String> {
        let needs: Vec<String> = self
            .plan
            .changes
            .iter()
            .flat_map(|change| words::consents(self.plan, change))
            .collect();
        if needs.is_empty() {
            return Vec::new();
        }
        // Where they are many, what allows all of a sort.
        let sorts: BTreeSet<&str> = needs.iter().filter_map(|need| need.split(':').next()).collect();
        let many = needs.len() > TOLD_MAX || extent == Extent::Counts;
        let told: Vec<&str> = if many {
            sorts.into_iter().collect()
        } else {
            needs.iter().map(String::as_str).collect()
        };
        let flags = code(
            &told
                .iter()
                .map(|need| format!("--allow {need}"))
                .collect::<Vec<_>>()
                .join(" "),
        );
        let flags = if many {
            format!("{flags} ({})", words::count(needs.len(), "consent"))
        } else {
            flags
        };
        let command = self.command();
        vec![format!(
            "**An unattended {command} refuses this** (exit 3) without {flags}, or `--expect` with the fingerprint below."
        )]
    }

    /// What changes for who can talk to whom, what the internet newly reaches first and loud.
    fn reachability(self, extent: Extent) -> String {
        let Some(reachability) = &self.plan.reachability else {
            return String::new();
        };
        let mut lines = changes(reachability, extent);
        let unchanged = lines.is_empty() && reachability.untold.is_none() && !self.plan.is_empty();
        if let Some(why) = &reachability.untold {
            lines.push(format!("- What changes is not told, because {}", sentence(why)));
        }
        lines.extend(reach::public(reachability).map(|public| format!("- **Public:** {}", prose(&public))));
        let sources = if extent == Extent::Counts {
            Vec::new()
        } else {
            reach::sources(reachability, TOLD_MAX)
        };
        lines.extend(
            sources
                .iter()
                .map(|source| format!("- **Source address:** {}", prose(source))),
        );
        if let Some(barrier) = &reachability.barrier {
            lines.push(format!("- **Barrier:** {}", prose(&reach::barrier(barrier))));
            if extent != Extent::Counts {
                lines.extend(
                    reach::gaps(barrier, reach::PROSE_ON)
                        .iter()
                        .map(|gap| format!("  - {}", prose(gap))),
                );
            }
        }
        if extent != Extent::Counts {
            lines.extend(
                reach::meanwhile(reachability, reach::PROSE_ON)
                    .iter()
                    .map(|gap| format!("- **Gap:** {}", prose(gap))),
            );
        }
        let doubtful = reachability
            .findings
            .iter()
            .filter(|finding| finding.status == Status::Warned);
        let doubtful = doubtful.map(|finding| {
            let word = if finding.says_nothing {
                "Says nothing"
            } else {
                "Cannot be told"
            };
            format!(
                "- **{word}:** {}: {}",
                prose(&finding.expectation),
                prose(&finding.why)
            )
        });
        lines.extend(told(
            extent,
            doubtful,
            "expectations that do not hold for certain",
        ));
        let counts = reach::counts(&reachability.findings).map(|counts| format!("{}.", prose(&counts)));
        let heading = match reachability.hosts {
            Some(0) if lines.is_empty() => {
                "**Reachability:** no hosts are known, so nothing can be told of who talks to whom."
                    .to_owned()
            }
            Some(0) => "**Reachability:** no hosts are known.".to_owned(),
            Some(hosts) if unchanged => {
                format!("**Reachability:** unchanged between the hosts that are known ({hosts}).")
            }
            None if unchanged => "**Reachability:** unchanged between the hosts that are known.".to_owned(),
            _ => "**Reachability**".to_owned(),
        };
        match (lines.is_empty(), counts) {
            (true, None) => {
                if unchanged && reachability.hosts.is_some() {
                    heading
                } else {
                    String::new()
                }
            }
            (true, Some(counts)) if unchanged => format!("{heading} {counts}"),
            (true, Some(counts)) => counts,
            (false, counts) => {
                let counts = counts.map(|counts| format!("\n\n{counts}")).unwrap_or_default();
                format!("{heading}\n\n{}{counts}", lines.join("\n"))
            }
        }
    }

    /// What carries the plan out.
    fn command(self) -> &'static str {
        if self.plan.teardown { "destroy" } else { "apply" }
    }

    /// What was looked at, and the command that does exactly this.
    pub fn foot(self) -> String {
        let summary = self.plan.summary();
        let guard = |number: usize, words: &str, none: &str| {
            if number == 0 {
                none.to_owned()
            } else {
                format!("{number} {words}")
            }
        };
        let refused = guard(self.plan.refused.len(), "refused", "nothing refused");
        let replaced = guard(summary.replace, "replaced", "nothing is replaced");
        let deleted = guard(summary.delete, "deleted", "nothing is deleted");
        let guards = format!("Guards: {refused} · {replaced} · {deleted}");
        if self.plan.is_empty() || !self.plan.refused.is_empty() {
            return guards;
        }
        let command = format!(
            "trueup {} {} --expect {}",
            self.command(),
            self.spec,
            self.plan.fingerprint
        );
        format!("{guards}\n\n{}", code(&command))
    }
}

/// The changes as a list, and how many are left out.
fn changes(reachability: &Reachability, extent: Extent) -> Vec<String> {
    let line = |change: &ReachChange| {
        let loud = if change.exposure { "**Exposure:** " } else { "" };
        let because = reach::because(change);
        let because = if because.is_empty() {
            because
        } else {
            format!(" ({})", prose(&because))
        };
        format!(
            "- {loud}{}{because}",
            prose(&reach::sentence(change, reach::PROSE))
        )
    };
    let number = reachability.changes.len() + reachability.more;
    if extent == Extent::Counts {
        return if number == 0 {
            Vec::new()
        } else {
            vec![format!(
                "- {} to who can talk to whom",
                words::count(number, "change")
            )]
        };
    }
    let mut lines: Vec<String> = reachability.changes.iter().take(TOLD_MAX).map(line).collect();
    let more = number - lines.len();
    lines.extend((more > 0).then(|| format!("- and {more} more")));
    lines
}

/// A remark about the spec, with its place.
fn remark(diagnostic: &trueup_model::Diagnostic) -> String {
    let place = diagnostic.place().filter(|place| !place.file.is_empty());
    let place = place
        .map(|place| format!(" ({})", code(&shown::place(place))))
        .unwrap_or_default();
    format!("{}{place}", prose(&diagnostic.message))
}

/// `2 to REPLACE, 1 to change`: what loses something stands first, and loud.
fn counts(summary: &Summary) -> String {
    let parts = [
        (summary.replace, "REPLACE"),
        (summary.delete, "DELETE"),
        (summary.create, "create"),
        (summary.update, "change"),
        (summary.adopt, "adopt"),
        (summary.forget, "forget"),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} to {what}"))
        .collect();
    told.join(", ")
}

/// The first of `items`, and how many more there are.
fn told(extent: Extent, items: impl Iterator<Item = String>, what: &str) -> Vec<String> {
    let mut told = Vec::new();
    let mut more = 0;
    for item in items {
        if told.len() < extent.most() {
            told.push(item);
        } else {
            more += 1;
        }
    }
    if more > 0 {
        told.push(if told.is_empty() {
            format!("{more} {what}")
        } else {
            format!("and {more} more {what}")
        });
    }
    told
}

/// Lines as a quote. Two spaces at the end keep them apart.
fn quote(lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| format!("> {line}"))
        .collect::<Vec<_>>()
        .join("  \n")
}
