//! A plan for a person: what is lost first, one line for each attribute, counts at the end.

use std::fmt::{self, Write};

use trueup_model::{Action, Change, Disruption, Plan, StepAction};

use super::reach::reachability;
use super::{blackholes, head as whose, remarks, troubles};
use crate::alike::{Block, blocks};
use crate::clean::Clean;
use crate::difference;
use crate::lines::{Line, LineKind, Long};
use crate::names::Names;
use crate::reasons;
use crate::shown;
use crate::stakes;
use crate::style::{Page, Paint, Piece, Style, pad, widest};
use crate::words;

/// What to show of a plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanOptions {
    /// Colour and width.
    pub style: Style,
    /// Whether to list the steps.
    pub steps: bool,
}

/// A plan of more changes says at its beginning too how many there are.
const LONG: usize = 40;

/// Columns that the names of attributes are aligned in at most.
const NAME_WIDTH_MAX: usize = 28;

/// Writes a plan.
pub fn plan(out: &mut Clean, plan: &Plan, options: &PlanOptions) -> fmt::Result {
    let mut page = Page::new(out, options.style);
    remarks(&mut page, plan)?;
    blackholes(&mut page, plan)?;
    if plan.is_empty() && plan.refused.is_empty() && plan.is_complete() {
        return page.line(0, 0, &[(Paint::Create, &words::nothing(plan))]);
    }
    whose(&mut page, &plan.topology, &plan.site)?;
    if plan.teardown {
        page.line(
            0,
            2,
            &[(Paint::Delete, "Teardown: "), (Paint::Plain, words::TEARDOWN)],
        )?;
    }
    page.blank()?;
    troubles(&mut page, plan)?;
    at_stake(&mut page, plan)?;
    let names = Names::of(plan);
    for block in blocks(plan, &names) {
        self::block(&mut page, &block, &names)?;
        page.blank()?;
    }
    for turns in &plan.turns {
        page.line(
            0,
            4,
            &[
                (Paint::Update, "Turns: "),
                (Paint::Plain, &words::turns(plan, turns)),
            ],
        )?;
    }
    if !plan.turns.is_empty() {
        page.blank()?;
    }
    if options.steps && !plan.steps.is_empty() {
        steps(&mut page, plan)?;
        page.blank()?;
    }
    if let Some(told) = &plan.reachability {
        reachability(&mut page, told)?;
    }
    page.line(0, 6, &[(Paint::Strong, &counts(plan))])?;
    page.line(
        0,
        0,
        &[(Paint::Dim, "Fingerprint: "), (Paint::Plain, &plan.fingerprint)],
    )
}

/// `Plan: 2 to replace, 0 to create, 1 to change, 0 to delete, 11 unchanged`.
fn counts(plan: &Plan) -> String {
    let summary = plan.summary();
    let mut text = format!(
        "Plan: {} to replace, {} to create, {} to change, {} to delete, {} unchanged",
        summary.replace, summary.create, summary.update, summary.delete, summary.keep
    );
    for (number, what) in [
        (summary.adopt, "to adopt"),
        (summary.forget, "to forget"),
        (plan.refused.len(), "refused"),
    ] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    if let Some(unread) = words::unread(plan) {
        let _ = write!(text, "; {unread}");
    }
    text
}

/// What must be known first, and where much follows how much that is.
fn at_stake(page: &mut Page<'_>, plan: &Plan) -> fmt::Result {
    let clauses = stakes::clauses(plan);
    if !clauses.is_empty() {
        page.line(
            0,
            4,
            &[
                (Paint::Delete, "At stake: "),
                (Paint::Strong, &clauses.join(", ")),
            ],
        )?;
    }
    for renamed in &plan.renamed {
        page.line(
            0,
            4,
            &[
                (Paint::Update, "Renamed? "),
                (Paint::Plain, &words::renamed(plan, renamed)),
            ],
        )?;
    }
    let is_long = plan.changes.len() > LONG;
    if is_long {
        page.line(0, 6, &[(Paint::Strong, &counts(plan))])?;
    }
    if !clauses.is_empty() || !plan.renamed.is_empty() || is_long {
        page.blank()
    } else {
        Ok(())
    }
}

fn block(page: &mut Page<'_>, block: &Block<'_>, names: &Names<'_>) -> fmt::Result {
    let first = block.first();
    if block.changes.len() == 1 {
        head(page, first)?;
    } else {
        let alike = if first.action == Action::Delete {
            ""
        } else {
            " alike"
        };
        let action = format!("{} {} ", words::sign(first.action), words::verb(first.action));
        let number = format!("{}{alike}", words::count(block.changes.len(), "resource"));
        page.line(
            0,
            4,
            &[(words::paint(first.action), &action), (Paint::Strong, &number)],
        )?;
    }
    let lines = block.lines(names);
    let width = widest(
        lines
            .iter()
            .filter(|line| line.kind == LineKind::Attribute)
            .map(|line| line.name.as_str()),
    )
    .min(NAME_WIDTH_MAX);
    for line in lines.iter() {
        self::line(page, line, width)?;
    }
    if let [only] = block.changes[..] {
        because(page, only)?;
        return consequences(page, only);
    }
    if first.action != Action::Delete {
        shared(page, first, 4)?;
    }
    for change in &block.changes {
        member(page, change)?;
    }
    Ok(())
}

/// A resource by itself.
fn head(page: &mut Page<'_>, change: &Change) -> fmt::Result {
    let action = format!("{} {} ", words::sign(change.action), words::verb(change.action));
    let [id, place] = id_and_place(change);
    let address = change.address.to_string();
    page.line(
        0,
        4,
        &[
            (words::paint(change.action), &action),
            (Paint::Strong, &address),
            (Paint::Plain, &id),
            (Paint::Dim, &place),
        ],
    )
}

/// One of several that are reported together, with what is its own.
fn member(page: &mut Page<'_>, change: &Change) -> fmt::Result {
    let [id, place] = id_and_place(change);
    let address = change.address.to_string();
    page.line(
        4,
        8,
        &[
            (Paint::Strong, &address),
            (Paint::Plain, &id),
            (Paint::Dim, &place),
        ],
    )?;
    if change.action == Action::Delete {
        shared(page, change, 8)?;
    }
    lost(page, change, 8)
}

fn id_and_place(change: &Change) -> [String; 2] {
    let id = change
        .id
        .as_ref()
        .map(|id| format!(" ({id})"))
        .unwrap_or_default();
    let place = change.source.as_ref().filter(|place| !place.file.is_empty());
    [
        id,
        place
            .map(|place| format!("   {}", shown::place(place)))
            .unwrap_or_default(),
    ]
}

fn line(page: &mut Page<'_>, line: &Line, width: usize) -> fmt::Result {
    let (sign, paint) = match line.kind {
        LineKind::Attribute => ("", Paint::Plain),
        LineKind::Added => ("+ ", Paint::Create),
        LineKind::Removed => ("- ", Paint::Delete),
        LineKind::Altered => ("~ ", Paint::Update),
    };
    let name = match line.kind {
        LineKind::Attribute => pad(&format!("{}:", line.name), width + 1),
        _ if line.before.is_some() || line.after.is_some() => format!("{}:", line.name),
        _ => line.name.clone(),
    };
    let mut pieces: Vec<Piece<'_>> = vec![(paint, sign), (Paint::Plain, &name)];
    if let Some(before) = &line.before {
        pieces.extend([(Paint::Plain, " "), (Paint::Delete, before.as_str())]);
    }
    let arrow = line.kind == LineKind::Attribute && line.before.is_some() || line.kind == LineKind::Altered;
    if arrow {
        pieces.push((Paint::Dim, " ->"));
    }
    if let Some(after) = line.after.as_deref().or(arrow.then_some("none")) {
        pieces.extend([(Paint::Plain, " "), (Paint::Create, after)]);
    }
    let remark = line.remark.as_ref().map(|remark| format!("   # {remark}"));
    if let Some(remark) = &remark {
        pieces.push((Paint::Replace, remark));
    }
    page.line(4, 8, &pieces)?;
    line.long.as_ref().map_or(Ok(()), |texts| long(page, texts))
}

/// How long texts differ; of those that may hold secrets only how much, unless the page may show them.
pub(super) fn long(page: &mut Page<'_>, long: &Long) -> fmt::Result {
    if long.private {
        page.line(8, 8, &[(Paint::Dim, &long.counts())])?;
        if !page.shows_secrets() {
            return Ok(());
        }
    }
    for line in difference::lines(&long.before, &long.after) {
        let paint = match line.sign {
            '+' => Paint::Create,
            '-' => Paint::Delete,
            '…' => Paint::Dim,
            _ => Paint::Plain,
        };
        page.raw(8, paint, format!("{} {}", line.sign, line.text).trim_end())?;
    }
    Ok(())
}

/// The chain of reasons, from the edited line to here.
fn because(page: &mut Page<'_>, change: &Change) -> fmt::Result {
    for (depth, reason) in change.because.iter().enumerate() {
        let lead = if depth == 0 {
            "because: ".to_owned()
        } else {
            format!("{:1$}└─ ", "", 9 + 3 * (depth - 1))
        };
        page.line(
            4,
            4 + widest([lead.as_str()]),
            &[(Paint::Dim, &lead), (Paint::Plain, &reasons::cause(reason))],
        )?;
    }
    Ok(())
}

fn consequences(page: &mut Page<'_>, change: &Change) -> fmt::Result {
    shared(page, change, 4)?;
    lost(page, change, 4)
}

/// What several that are reported together have in common.
fn shared(page: &mut Page<'_>, change: &Change, indent: usize) -> fmt::Result {
    if let Some(order) = change.order {
        page.line(
            indent,
            indent + 4,
            &[(Paint::Dim, "order: "), (Paint::Plain, words::order(order))],
        )?;
    }
    if change.disruption != Disruption::None {
        page.line(
            indent,
            indent + 4,
            &[
                (Paint::Dim, "disruption: "),
                (Paint::Update, words::disruption(change)),
            ],
        )?;
    }
    for note in &change.notes {
        page.line(
            indent,
            indent + 4,
            &[(Paint::Dim, "note: "), (Paint::Plain, &reasons::note(note))],
        )?;
    }
    Ok(())
}

/// What is each one's own.
fn lost(page: &mut Page<'_>, change: &Change, indent: usize) -> fmt::Result {
    if let Some(lifts) = words::lifts(change) {
        page.line(
            indent,
            indent + 4,
            &[(Paint::Delete, "protection lifted: "), (Paint::Plain, &lifts)],
        )?;
    }
    for loss in &change.losses {
        page.line(
            indent,
            indent + 4,
            &[
                (Paint::Delete, "lost for ever: "),
                (Paint::Strong, &loss.to_string()),
            ],
        )?;
    }
    Ok(())
}

fn steps(page: &mut Page<'_>, plan: &Plan) -> fmt::Result {
    page.line(0, 0, &[(Paint::Strong, "Steps:")])?;
    let number_width = plan.steps.len().to_string().len();
    let addresses: Vec<String> = plan.steps.iter().map(|step| step.address.to_string()).collect();
    let address_width = widest(addresses.iter().map(String::as_str));
    let call_width = widest(plan.steps.iter().map(|step| step.call.action.name));
    for (step, address) in plan.steps.iter().zip(&addresses) {
        let number = format!("{:>number_width$}  ", step.number);
        let address = pad(address, address_width + 2);
        let after = if step.after.is_empty() {
            step.call.action.name.to_owned()
        } else {
            let numbers: Vec<String> = step.after.iter().map(ToString::to_string).collect();
            format!(
                "{}  after {}",
                pad(step.call.action.name, call_width),
                numbers.join(", ")
            )
        };
        let paint = match step.action {
            StepAction::Create => Paint::Create,
            StepAction::Update | StepAction::Retire => Paint::Update,
            StepAction::Delete => Paint::Delete,
        };
        page.line(
            2,
            number_width + 4,
            &[(Paint::Dim, &number), (paint, &address), (Paint::Plain, &after)],
        )?;
        for why in &step.why {
            page.line(
                number_width + 4,
                number_width + 4,
                &[(Paint::Dim, "because "), (Paint::Dim, &reasons::step(why))],
            )?;
        }
    }
    Ok(())
}
