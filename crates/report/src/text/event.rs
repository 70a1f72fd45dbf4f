//! What happens during an apply, a line for each event.

use std::fmt;
use std::time::Duration;

use trueup_model::{Address, Event, Plan, StepRef};

use crate::clean::Clean;
use crate::shown;
use crate::style::{Page, Paint, Piece, Style};
use crate::words;

/// Writes one event; `plan` is the one that runs. The end is reported by [`outcome`](super::outcome) alone.
pub fn event(out: &mut Clean, event: &Event, plan: &Plan, style: Style) -> fmt::Result {
    let mut page = Page::new(out, style);
    match event {
        Event::Started { steps } => page.line(
            0,
            0,
            &[(Paint::Strong, &format!("{} to do", words::count(*steps, "step")))],
        ),
        Event::StepStarted { step } => {
            let call = format!("{} …", step.call);
            about(&mut page, plan, step, &[(Paint::Plain, &call)])
        }
        Event::Waiting { step, what, elapsed } => {
            let waiting = format!("waiting ({}): ", time(*elapsed));
            about(
                &mut page,
                plan,
                step,
                &[(Paint::Dim, &waiting), (Paint::Plain, what)],
            )
        }
        Event::Retrying { step, why, elapsed } => {
            let retrying = format!("trying {} again ({}): ", step.call, time(*elapsed));
            about(
                &mut page,
                plan,
                step,
                &[(Paint::Update, &retrying), (Paint::Plain, why)],
            )
        }
        Event::StepDone { step, id, elapsed } => {
            let id = id.as_ref().map(|id| format!("{id} ")).unwrap_or_default();
            let (call, took) = (format!("{} ", step.call), format!("{id}({})", time(*elapsed)));
            about(
                &mut page,
                plan,
                step,
                &[
                    (Paint::Plain, &call),
                    (Paint::Create, "done "),
                    (Paint::Plain, &took),
                ],
            )
        }
        Event::StepFailed {
            step,
            code,
            message,
            elapsed,
        } => {
            let failed = format!("{} FAILED ({}): ", step.call, time(*elapsed));
            let said = said(code, message);
            let place = place(plan, step.number)
                .map(|place| format!("   {place}"))
                .unwrap_or_default();
            about(
                &mut page,
                plan,
                step,
                &[
                    (Paint::Delete, &failed),
                    (Paint::Plain, &said),
                    (Paint::Dim, &place),
                ],
            )
        }
        Event::StepPending { step, why, elapsed } => {
            let pending = format!("{} not through ({}): ", step.call, time(*elapsed));
            about(
                &mut page,
                plan,
                step,
                &[(Paint::Update, &pending), (Paint::Plain, why)],
            )
        }
        Event::StepSkipped {
            step,
            because: Some(address),
        } => {
            let skipped = format!("{} skipped: ", step.call);
            about(
                &mut page,
                plan,
                step,
                &[(Paint::Update, &skipped), (Paint::Plain, &failed(address))],
            )
        }
        Event::PuttingBack { step, because } => {
            let back = format!("{} all the same, so that it is as it was: ", step.call);
            let why = because.as_ref().map_or_else(|| "stopped".to_owned(), failed);
            about(
                &mut page,
                plan,
                step,
                &[(Paint::Update, &back), (Paint::Plain, &why)],
            )
        }
        Event::Stopping { running, left } => {
            let left = if *left == 0 {
                String::new()
            } else {
                format!(" ({} left)", words::count(*left, "step"))
            };
            let words = format!(
                "stopping: nothing new is started{left} and nothing is repeated; {} under way {} with the answer; stop again to end at once",
                words::count(*running, "step"),
                if *running == 1 { "ends" } else { "end" }
            );
            page.line(0, 0, &[(Paint::Update, &words)])
        }
        // What a stop leaves is reported once, with the stop.
        Event::StepSkipped { because: None, .. } | Event::Finished { .. } => Ok(()),
    }
}

/// `[ 3/14] subnet.public: …`.
fn about(page: &mut Page<'_>, plan: &Plan, step: &StepRef, pieces: &[Piece<'_>]) -> fmt::Result {
    let total = plan.steps.len().to_string();
    let number = format!("[{:>width$}/{total}] ", step.number, width = total.len());
    let address = format!("{}: ", step.address);
    let lead = [(Paint::Dim, number.as_str()), (Paint::Strong, address.as_str())];
    page.line(
        0,
        number.len(),
        &lead.into_iter().chain(pieces.iter().copied()).collect::<Vec<_>>(),
    )
}

/// EC2's error code and message.
pub fn said(code: &str, message: &str) -> String {
    if code.is_empty() || message.contains(code) {
        message.to_owned()
    } else {
        format!("{code}: {message}")
    }
}

/// Why steps are skipped that need what could not be done.
pub fn failed(address: &Address) -> String {
    format!("{address} failed")
}

/// Where the resource of a step stands in the spec.
pub fn place(plan: &Plan, number: usize) -> Option<String> {
    let step = plan.steps.iter().find(|step| step.number == number)?;
    step.source
        .as_ref()
        .filter(|place| !place.file.is_empty())
        .map(shown::place)
}

/// `1.2 s`, `40 s`, `3 min 20 s`.
pub fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", elapsed.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
