//! Who can talk to whom, for a person: what a plan changes, and which expectations do not hold.

use std::fmt;

use trueup_model::{Finding, Reachability, Status};

use crate::reach;
use crate::shown;
use crate::style::{Page, Paint};
use crate::words;

/// Changes that are reported at most.
const TOLD_MAX: usize = 20;

/// What changes and how the expectations fare; nothing where there is nothing to tell.
pub fn reachability(page: &mut Page<'_>, told: &Reachability) -> fmt::Result {
    changes(page, told, "Reachability")?;
    let public = reach::public(told);
    if let Some(public) = &public {
        page.line(0, 4, &[(Paint::Update, "Public: "), (Paint::Plain, public)])?;
    }
    let sources = reach::sources(told, TOLD_MAX);
    for source in &sources {
        page.line(
            0,
            4,
            &[(Paint::Update, "Source address: "), (Paint::Plain, source)],
        )?;
    }
    if let Some(barrier) = &told.barrier {
        page.line(
            0,
            4,
            &[
                (Paint::Update, "Barrier: "),
                (Paint::Plain, &reach::barrier(barrier)),
            ],
        )?;
        for gap in reach::gaps(barrier, reach::COLUMNS) {
            page.line(2, 6, &[(Paint::Dim, "gap: "), (Paint::Plain, &gap)])?;
        }
    }
    let gaps = reach::meanwhile(told, reach::COLUMNS);
    for gap in &gaps {
        page.line(0, 4, &[(Paint::Update, "Gap: "), (Paint::Plain, gap)])?;
    }
    if let Some(counts) = reach::counts(&told.findings) {
        page.line(0, 4, &[(Paint::Strong, &counts)])?;
    }
    for finding in told
        .findings
        .iter()
        .filter(|finding| finding.status == Status::Warned)
    {
        self::finding(page, finding)?;
    }
    let is_any = !told.changes.is_empty()
        || told.untold.is_some()
        || !gaps.is_empty()
        || !sources.is_empty()
        || public.is_some();
    if is_any || told.barrier.is_some() || !told.findings.is_empty() {
        page.blank()
    } else {
        Ok(())
    }
}

/// What changes, under this heading.
pub fn changes(page: &mut Page<'_>, told: &Reachability, heading: &str) -> fmt::Result {
    let number = told.changes.len() + told.more;
    if number > 0 {
        page.line(
            0,
            0,
            &[(
                Paint::Strong,
                &format!("{heading}: {}", words::count(number, "change")),
            )],
        )?;
    }
    for change in told.changes.iter().take(TOLD_MAX) {
        let sign = format!("{} ", reach::sign(change));
        let paint = match reach::sign(change) {
            "!" => Paint::Replace,
            "+" => Paint::Create,
            _ => Paint::Delete,
        };
        let (sentence, because) = (
            reach::sentence(change, reach::COLUMNS),
            format!("   {}", reach::because(change)),
        );
        page.line(
            2,
            6,
            &[
                (paint, &sign),
                (Paint::Plain, &sentence),
                (Paint::Dim, because.trim_end()),
            ],
        )?;
    }
    let more = number - told.changes.len().min(TOLD_MAX);
    if more > 0 {
        page.line(
            2,
            6,
            &[(Paint::Dim, &format!("and {more} more; --format json lists them"))],
        )?;
    }
    if let Some(why) = &told.untold {
        page.line(
            0,
            4,
            &[
                (Paint::Update, &format!("{heading}: ")),
                (Paint::Plain, &format!("what changes is not told, because {why}")),
            ],
        )?;
    }
    Ok(())
}

/// An expectation that does not hold, or not for certain.
pub fn finding(page: &mut Page<'_>, finding: &Finding) -> fmt::Result {
    let paint = if finding.is_failure() {
        Paint::Delete
    } else {
        Paint::Update
    };
    let place = Some(&finding.place).filter(|place| !place.file.is_empty());
    let place = place
        .map(|place| format!("   {}", shown::place(place)))
        .unwrap_or_default();
    let expectation = format!("{}: ", finding.expectation);
    page.line(
        0,
        4,
        &[
            (paint, "expected: "),
            (Paint::Strong, &expectation),
            (Paint::Plain, &finding.why),
            (Paint::Dim, &place),
        ],
    )?;
    match &finding.help {
        Some(help) => page.line(4, 8, &[(Paint::Dim, "help: "), (Paint::Plain, help)]),
        None => Ok(()),
    }
}
