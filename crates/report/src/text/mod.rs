//! What a terminal shows.

mod diagnostics;
mod drift;
mod event;
mod live;
mod outcome;
mod plan;
mod reach;
mod show;

use std::fmt;

use trueup_model::{Finding, Plan, Site};

pub use diagnostics::diagnostics;
pub use drift::drift;
pub use event::event;
pub use live::LiveRegion;
pub use outcome::{Failures, outcome};
pub use plan::{PlanOptions, plan};
pub use show::show;

pub(crate) use drift::drifted;
pub(crate) use show::{Shown, shown};

use crate::clean::Clean;
use crate::style::{Page, Paint, Piece, Style};
use crate::words;

/// Writes the expectations that do not hold, or not for certain, and how many do.
pub fn findings(out: &mut Clean, findings: &[Finding], style: Style) -> fmt::Result {
    let mut page = Page::new(out, style);
    for finding in findings.iter().filter(|finding| !finding.why.is_empty()) {
        reach::finding(&mut page, finding)?;
    }
    match crate::reach::counts(findings) {
        Some(counts) => page.line(0, 0, &[(Paint::Strong, &counts)]),
        None => Ok(()),
    }
}

/// Writes why a command does not do what it is for. Of a message of several lines each is wrapped by itself.
pub fn error(out: &mut Clean, message: &str, style: Style) -> fmt::Result {
    let mut page = Page::new(out, style);
    for (number, line) in message.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let lead: &[Piece<'_>] = if number == 0 {
            &[(Paint::Error, "error"), (Paint::Plain, ": ")]
        } else {
            &[]
        };
        page.line(
            indent,
            indent + 2,
            &[lead, &[(Paint::Plain, line.trim_start())]].concat(),
        )?;
    }
    Ok(())
}

/// Writes a sentence that is neither a heading nor an error.
pub fn note(out: &mut Clean, sentence: &str, style: Style) -> fmt::Result {
    Page::new(out, style).line(0, 2, &[(Paint::Plain, sentence)])
}

/// Writes a question, behind which the answer is typed.
pub fn question(out: &mut Clean, sentence: &str, style: Style) -> fmt::Result {
    note(out, sentence, style)?;
    let line = out.raw();
    line.truncate(line.trim_end().len());
    line.push(' ');
    Ok(())
}

/// What a plan puts at stake, as a clause: `deletes 31 resources, loses 4 volumes for ever`; none where that
/// is nothing.
pub fn stakes(plan: &Plan) -> Option<String> {
    let clauses = crate::stakes::clauses(plan);
    (!clauses.is_empty()).then(|| clauses.join(", "))
}

/// What a read waits for. EC2's own words may be in it.
pub fn waiting(words: &str) -> String {
    crate::shown::clean(words)
}

/// Whose network this is, and where.
fn head(page: &mut Page<'_>, topology: &str, site: &Site) -> fmt::Result {
    let name = format!("{topology} ");
    let place = format!("(account {}, {})", site.account, site.region);
    page.line(0, 2, &[(Paint::Strong, &name), (Paint::Dim, &place)])
}

/// What is known to be missing from a plan: what could not be read, and what is refused.
fn troubles(page: &mut Page<'_>, plan: &Plan) -> fmt::Result {
    for (kind, why) in &plan.unreadable {
        let kind = format!("{kind}: ");
        let why = format!(
            "{}. Nothing of it and nothing that depends on it is changed.",
            why.trim_end_matches('.')
        );
        page.line(
            0,
            4,
            &[
                (Paint::Delete, "NOT READ "),
                (Paint::Strong, &kind),
                (Paint::Plain, &why),
            ],
        )?;
    }
    for unread in &plan.unread {
        let what = format!("{} {}: ", unread.address, unread.attribute);
        let why = format!(
            "{}. Nothing is changed because of it.",
            unread.why.trim_end_matches('.')
        );
        page.line(
            0,
            4,
            &[
                (Paint::Delete, "NOT READ "),
                (Paint::Strong, &what),
                (Paint::Plain, &why),
            ],
        )?;
    }
    for refusal in &plan.refused {
        let address = format!("{} ", refusal.address);
        let guard = format!("({}): ", refusal.guard.code());
        page.line(
            0,
            4,
            &[
                (Paint::Delete, "REFUSED "),
                (Paint::Strong, &address),
                (Paint::Dim, &guard),
                (Paint::Plain, &crate::reasons::refusal(plan, refusal)),
            ],
        )?;
    }
    if plan.is_complete() && plan.refused.is_empty() {
        Ok(())
    } else {
        page.blank()
    }
}

/// The routes that lead nowhere and stay so, a line each.
fn blackholes(page: &mut Page<'_>, plan: &Plan) -> fmt::Result {
    for blackhole in &plan.blackholes {
        let (address, id) = (blackhole.address.to_string(), format!(" ({}): ", blackhole.id));
        let place = Some(&blackhole.place).filter(|place| !place.file.is_empty());
        let place = place
            .map(|place| format!("   {}", crate::shown::place(place)))
            .unwrap_or_default();
        let told = words::blackhole(blackhole);
        page.line(
            0,
            4,
            &[
                (Paint::Strong, &address),
                (Paint::Dim, &id),
                (Paint::Delete, &told),
                (Paint::Dim, &place),
            ],
        )?;
    }
    Ok(())
}

/// The remarks that came with a plan, a line each.
fn remarks(page: &mut Page<'_>, plan: &Plan) -> fmt::Result {
    let diagnostics = crate::reasons::diagnostics(plan);
    for diagnostic in &diagnostics {
        let severity = format!("{}: ", words::severity(diagnostic.severity));
        let place = diagnostic.place().filter(|place| !place.file.is_empty());
        let place = place
            .map(|place| format!(" ({})", crate::shown::place(place)))
            .unwrap_or_default();
        page.line(
            0,
            4,
            &[
                (Paint::Update, &severity),
                (Paint::Plain, &diagnostic.message),
                (Paint::Dim, &place),
            ],
        )?;
        if let Some(help) = &diagnostic.help {
            page.line(4, 4, &[(Paint::Dim, "help: "), (Paint::Plain, help)])?;
        }
    }
    if diagnostics.is_empty() {
        Ok(())
    } else {
        page.blank()
    }
}
