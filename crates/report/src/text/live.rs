//! A live region at the bottom of a terminal: what is under way, and counts. Pure: events and a time go in,
//! text comes out.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use trueup_model::{Event, Plan};
use unicode_width::UnicodeWidthChar;

use super::event::{event, time};
use crate::clean::Clean;
use crate::shown::clean;
use crate::style::Style;

/// Lines of the region at most, the one with the counts included.
const LINES_MAX: usize = 9;

/// The region as it was last drawn.
#[derive(Debug, Default)]
pub struct LiveRegion {
    total: usize,
    done: usize,
    failed: usize,
    pending: usize,
    skipped: usize,
    /// What runs: its number, what it is, and since when.
    running: BTreeMap<usize, (String, Duration)>,
    drawn: usize,
}

impl LiveRegion {
    /// What a terminal of `style.width` columns must be sent when `event` happens at `now`, a time since any
    /// fixed moment: what stays of it goes up, and the region is drawn again below.
    pub fn hear(&mut self, happened: &Event, plan: &Plan, now: Duration, style: Style) -> Clean {
        let mut out = self.clear();
        let stays = match happened {
            Event::Started { steps } => {
                self.total = *steps;
                false
            }
            Event::StepStarted { step } => {
                self.running
                    .insert(step.number, (format!("{}: {}", step.address, step.call), now));
                false
            }
            Event::Waiting { step, what, .. } => {
                if let Some((line, _)) = self.running.get_mut(&step.number) {
                    *line = format!("{}: {}, {what}", step.address, step.call);
                }
                false
            }
            Event::StepDone { step, .. } => {
                self.running.remove(&step.number);
                self.done += 1;
                true
            }
            Event::StepFailed { step, .. } => {
                self.running.remove(&step.number);
                self.failed += 1;
                true
            }
            Event::StepPending { step, .. } => {
                self.running.remove(&step.number);
                self.pending += 1;
                true
            }
            Event::StepSkipped { because, .. } => {
                self.skipped += 1;
                because.is_some()
            }
            Event::Finished { .. } => {
                self.running.clear();
                self.total = 0;
                false
            }
            Event::Retrying { .. } | Event::PuttingBack { .. } | Event::Stopping { .. } => true,
        };
        if stays {
            // Writing to a string cannot fail.
            let _ = event(&mut out, happened, plan, style);
        }
        out.raw().push_str(&self.draw(now, style));
        out
    }

    /// The region drawn again, because time went by.
    pub fn tick(&mut self, now: Duration, style: Style) -> Clean {
        let mut out = self.clear();
        out.raw().push_str(&self.draw(now, style));
        out
    }

    /// What takes the region off the terminal.
    pub fn clear(&mut self) -> Clean {
        let mut out = Clean::default();
        match std::mem::take(&mut self.drawn) {
            0 => {}
            lines => out.raw().push_str(&format!("\u{1b}[{lines}A\r\u{1b}[J")),
        }
        out
    }

    fn draw(&mut self, now: Duration, style: Style) -> String {
        if self.total == 0 {
            return String::new();
        }
        let width = style.width.unwrap_or(80).saturating_sub(1);
        let mut lines: Vec<String> = self
            .running
            .values()
            .take(LINES_MAX - 1)
            .map(|(what, since)| {
                fit(
                    &clean(&format!("  {what} ({})", time(now.saturating_sub(*since)))),
                    width,
                )
            })
            .collect();
        let mut counts = format!(
            "{}/{} done, {} running",
            self.done,
            self.total,
            self.running.len()
        );
        for (number, what) in [
            (self.failed, "failed"),
            (self.pending, "not through"),
            (self.skipped, "skipped"),
        ] {
            if number > 0 {
                let _ = write!(counts, ", {number} {what}");
            }
        }
        lines.push(fit(&counts, width));
        self.drawn = lines.len();
        lines.iter().fold(String::new(), |out, line| out + line + "\n")
    }
}

/// The text, cut where it would not fit into one line: a line that wraps could not be taken back.
fn fit(text: &str, width: usize) -> String {
    let full: usize = text.chars().map(|c| c.width().unwrap_or(0)).sum();
    if full <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let cut = text.chars().take_while(|c| {
        let columns = c.width().unwrap_or(0);
        let fits = columns <= left;
        left = left.saturating_sub(columns);
        fits
    });
    cut.chain(['…']).collect()
}
