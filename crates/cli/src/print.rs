//! Everything that is said, by way of the reporters.

use std::time::Instant;

use serde_json::Value as Json;
use trueup_model::unmanaged::Unmanaged;
use trueup_model::{Diagnostic, Event, Finding, Observed, Outcome, Plan, Topology};
use trueup_report::Clean;
use trueup_report::text::{self, Failures, LiveRegion, PlanOptions};

use crate::error::Error;
use crate::exit::Exit;
use crate::io::{Io, Stream};
use crate::source::Source;

/// Says why a command does not do what it is for.
pub fn error(stream: &mut Stream<'_>, message: &str) {
    stream.report(|out, style| text::error(out, message, style));
}

/// Asks something; the answer is typed behind it.
pub fn question(stream: &mut Stream<'_>, sentence: &str) {
    stream.report(|out, style| text::question(out, sentence, style));
}

/// Says a sentence.
pub fn note(stream: &mut Stream<'_>, sentence: &str) {
    stream.line(sentence);
}

/// Says why a command does not do what it is for, about a spec where that is not clear: in words, and as a
/// document where programs read. How the command ends.
pub fn failed(io: &mut Io<'_>, spec: Option<&str>, failure: &Error, json: bool) -> Exit {
    let message = failure.message();
    if !failure.is_told() {
        let about = spec
            .map(|spec| format!("{spec}: "))
            .filter(|about| !message.starts_with(about.as_str()))
            .unwrap_or_default();
        error(&mut io.stderr, &format!("{about}{message}"));
    }
    if json {
        let mut document =
            trueup_report::json::failure(failure.class(), failure.code(), &message, failure.diagnostics());
        if let Some(spec) = spec {
            document["spec"] = spec.into();
        }
        self::json(&mut io.stdout, &document);
    }
    failure.exit()
}

/// Says what is wrong with specs, with excerpts of them.
pub fn diagnostics(stream: &mut Stream<'_>, diagnostics: &[Diagnostic], sources: &[Source]) {
    let text_of = |name: &str| {
        sources
            .iter()
            .find(|source| source.name == name)
            .map(|source| source.text.clone())
    };
    stream.report(|out, style| text::diagnostics(out, diagnostics, &text_of, style));
}

/// Prints a document.
pub fn json(stream: &mut Stream<'_>, document: &Json) {
    stream.write(&Clean::json(document));
}

/// Prints a plan, and in it what the planner remarks; what there is to say about the spec is reported
/// already.
pub fn plan(io: &mut Io<'_>, plan: &Plan, steps: bool) {
    io.stdout
        .report(|out, style| text::plan(out, plan, &PlanOptions { style, steps }));
}

/// Lets user data be shown where that was asked for and only a person sees it; else says why it is not.
pub fn show_user_data(io: &mut Io<'_>, asked: bool, text: bool) {
    io.stdout.secrets = asked && text && io.stdout.is_terminal;
    if asked && !io.stdout.secrets {
        let why = if text {
            "standard output is no terminal"
        } else {
            "only text for a terminal shows it"
        };
        note(
            &mut io.stderr,
            &format!("User data is not shown: {why}, and it may hold secrets."),
        );
    }
}

/// Prints what differs, as seen from the cloud.
pub fn drift(io: &mut Io<'_>, plan: &Plan, unmanaged: &[Unmanaged]) {
    io.stdout
        .report(|out, style| text::drift(out, plan, unmanaged, style));
}

/// Prints which expectations do not hold, and how many do.
pub fn findings(io: &mut Io<'_>, findings: &[Finding]) {
    io.stdout
        .report(|out, style| text::findings(out, findings, style));
}

/// Prints what is live.
pub fn show(io: &mut Io<'_>, topology: &Topology, observed: &Observed) {
    io.stdout
        .report(|out, style| text::show(out, topology, observed, style));
}

/// Says what a closing check still finds.
pub fn remaining(io: &mut Io<'_>, plan: &Plan) {
    io.stderr.report(|out, style| text::drift(out, plan, &[], style));
}

/// Says how a run ended: done, failed, skipped, and the command that goes on.
pub fn outcome(io: &mut Io<'_>, plan: &Plan, outcome: &Outcome, failures: &Failures, again: &str) {
    io.stderr
        .report(|out, style| text::outcome(out, plan, outcome, failures, again, style));
}

/// Tells what happens while a plan runs: a line for each event, and on a terminal what is under way below
/// them.
pub struct Progress<'a, 'io> {
    plan: &'a Plan,
    stream: &'a mut Stream<'io>,
    live: Option<LiveRegion>,
    started: Instant,
    /// What failed and why, for the end.
    pub failures: Failures,
}

impl<'a, 'io> Progress<'a, 'io> {
    /// Nothing has happened yet.
    pub fn new(plan: &'a Plan, stream: &'a mut Stream<'io>) -> Self {
        let live = stream.is_terminal.then(LiveRegion::default);
        Self {
            plan,
            stream,
            live,
            started: Instant::now(),
            failures: Failures::default(),
        }
    }

    /// Tells one event.
    pub fn tell(&mut self, event: &Event) {
        self.failures.hear(event);
        match &mut self.live {
            Some(live) => {
                let text = live.hear(event, self.plan, self.started.elapsed(), self.stream.style());
                self.stream.write(&text);
            }
            None => self
                .stream
                .report(|out, style| text::event(out, event, self.plan, style)),
        }
    }

    /// Time went by.
    pub fn tick(&mut self) {
        if let Some(live) = &mut self.live {
            let text = live.tick(self.started.elapsed(), self.stream.style());
            self.stream.write(&text);
        }
    }

    /// Nothing more will be reported: what is under way is taken off the terminal.
    pub fn end(mut self) -> Failures {
        if let Some(live) = &mut self.live {
            let text = live.clear();
            self.stream.write(&text);
        }
        self.failures
    }
}
