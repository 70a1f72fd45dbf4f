//! How an apply ended: what is done, what failed and why, what was not through or not tried, and what to do
//! next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use trueup_model::{Address, Event, Outcome, Plan, Step};

use super::event::{self, place, said};
use crate::clean::Clean;
use crate::style::{Page, Paint, Style};
use crate::words;

/// What failed and what was skipped, with the reasons, gathered from the events.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    failed: BTreeMap<usize, (String, String)>,
    pending: BTreeMap<usize, String>,
    skipped: BTreeMap<usize, Option<Address>>,
}

impl Failures {
    /// Takes notice of an event.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::StepFailed {
                step, code, message, ..
            } => {
                self.failed.insert(step.number, (code.clone(), message.clone()));
            }
            Event::StepPending { step, why, .. } => {
                self.pending.insert(step.number, why.clone());
            }
            Event::StepSkipped { step, because } => {
                self.skipped.insert(step.number, because.clone());
            }
            _ => {}
        }
    }
}

/// Writes how a run ended; `again` is the command that goes on with it.
pub fn outcome(
    out: &mut Clean,
    plan: &Plan,
    outcome: &Outcome,
    failures: &Failures,
    again: &str,
    style: Style,
) -> fmt::Result {
    let mut page = Page::new(out, style);
    if outcome.is_success() {
        let words = format!("Done: {}.", achieved(plan));
        return page.line(0, 0, &[(Paint::Create, &words)]);
    }
    let how = if outcome.stopped {
        "Stopped"
    } else {
        "Not finished"
    };
    let halfway = if outcome.pending.is_empty() {
        String::new()
    } else {
        format!("{} not through, ", outcome.pending.len())
    };
    let words = format!(
        "{how}: {} done, {} failed, {halfway}{} skipped",
        words::count(outcome.done.len(), "step"),
        outcome.failed.len(),
        outcome.skipped.len()
    );
    page.line(0, 0, &[(Paint::Delete, &words)])?;
    done(&mut page, plan, outcome)?;
    failed(&mut page, plan, outcome, failures)?;
    pending(&mut page, plan, outcome, failures)?;
    skipped(&mut page, plan, outcome, failures)?;
    let next = match (outcome.failed.is_empty(), outcome.stopped) {
        (false, false) => "Mend what failed, then run this again; it goes on from here: ",
        _ => "Run this again; it goes on from here: ",
    };
    page.line(0, 4, &[(Paint::Plain, next), (Paint::Strong, again)])
}

/// `2 replaced, 13 created`: a plan of which every step is through.
fn achieved(plan: &Plan) -> String {
    let summary = plan.summary();
    let counts = [
        (summary.replace, "replaced"),
        (summary.create, "created"),
        (summary.update, "changed"),
        (summary.delete, "deleted"),
        (summary.adopt, "adopted"),
    ];
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    format!("{} ({})", said.join(", "), words::count(plan.steps.len(), "step"))
}

/// The addresses of which every step is through.
fn done(page: &mut Page<'_>, plan: &Plan, outcome: &Outcome) -> fmt::Result {
    let open: BTreeSet<usize> = [&outcome.failed, &outcome.pending, &outcome.skipped]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    let unfinished: BTreeSet<&Address> = plan
        .steps
        .iter()
        .filter(|step| open.contains(&step.number))
        .map(|step| &step.address)
        .collect();
    let all = addresses(plan, &outcome.done);
    let (part, whole): (Vec<&Address>, Vec<&Address>) =
        all.into_iter().partition(|address| unfinished.contains(address));
    if !whole.is_empty() {
        page.line(2, 8, &[(Paint::Create, "done: "), (Paint::Plain, &list(&whole))])?;
    }
    if !part.is_empty() {
        page.line(
            2,
            8,
            &[(Paint::Update, "done in part: "), (Paint::Plain, &list(&part))],
        )?;
    }
    Ok(())
}

fn failed(page: &mut Page<'_>, plan: &Plan, outcome: &Outcome, failures: &Failures) -> fmt::Result {
    for step in steps(plan, &outcome.failed) {
        let address = format!("{} ", step.address);
        let place = place(plan, step.number)
            .map(|place| format!("   {place}"))
            .unwrap_or_default();
        page.line(
            2,
            8,
            &[
                (Paint::Delete, "failed: "),
                (Paint::Strong, &address),
                (Paint::Plain, step.call.action.name),
                (Paint::Dim, &place),
            ],
        )?;
        if let Some((code, message)) = failures.failed.get(&step.number) {
            page.line(6, 8, &[(Paint::Plain, &said(code, message))])?;
        }
    }
    Ok(())
}

/// What EC2 may still be at, and what nobody has asked for again.
fn pending(page: &mut Page<'_>, plan: &Plan, outcome: &Outcome, failures: &Failures) -> fmt::Result {
    for step in steps(plan, &outcome.pending) {
        let address = format!("{} ", step.address);
        page.line(
            2,
            8,
            &[
                (Paint::Update, "not through: "),
                (Paint::Strong, &address),
                (Paint::Plain, step.call.action.name),
            ],
        )?;
        if let Some(why) = failures.pending.get(&step.number) {
            page.line(6, 8, &[(Paint::Plain, why)])?;
        }
    }
    Ok(())
}

/// What was not tried, gathered by the reason.
fn skipped(page: &mut Page<'_>, plan: &Plan, outcome: &Outcome, failures: &Failures) -> fmt::Result {
    let mut reasons: BTreeMap<Option<&Address>, Vec<usize>> = BTreeMap::new();
    for number in &outcome.skipped {
        reasons
            .entry(failures.skipped.get(number).and_then(Option::as_ref))
            .or_default()
            .push(*number);
    }
    for (reason, numbers) in reasons {
        let addresses: Vec<&Address> = addresses(plan, &numbers).into_iter().collect();
        let why = match reason {
            Some(address) => format!("skipped because {}: ", event::failed(address)),
            None => "not started: ".to_owned(),
        };
        page.line(2, 8, &[(Paint::Update, &why), (Paint::Plain, &list(&addresses))])?;
    }
    Ok(())
}

fn steps<'a>(plan: &'a Plan, numbers: &[usize]) -> impl Iterator<Item = &'a Step> {
    let numbers: BTreeSet<usize> = numbers.iter().copied().collect();
    plan.steps
        .iter()
        .filter(move |step| numbers.contains(&step.number))
}

fn addresses<'a>(plan: &'a Plan, numbers: &[usize]) -> BTreeSet<&'a Address> {
    steps(plan, numbers).map(|step| &step.address).collect()
}

fn list(addresses: &[&Address]) -> String {
    addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
