//! What is reported while a plan runs, and when it has ended.

use crate::sample;

use std::time::Duration;

use trueup_model::{Event, Outcome, Plan, StepAction, StepRef};
use trueup_report::text::{self, Failures, LiveRegion};
use trueup_report::{Clean, Style};

fn step(plan: &Plan, number: usize) -> StepRef {
    let step = &plan.steps[number - 1];
    StepRef {
        number,
        address: step.address.clone(),
        action: step.action,
        call: step.call.action,
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A run of which one step fails.
fn events(plan: &Plan) -> Vec<Event> {
    let outcome = Outcome {
        done: vec![1, 2],
        failed: vec![3],
        skipped: vec![4, 5],
        ..Outcome::default()
    };
    vec![
        Event::Started { steps: 5 },
        Event::StepStarted { step: step(plan, 1) },
        Event::StepDone { step: step(plan, 1), id: Some("subnet-0693d03c424d9996f".into()), elapsed: seconds(0.31) },
        Event::StepStarted { step: step(plan, 2) },
        Event::Retrying { step: step(plan, 2), why: "RequestLimitExceeded".into(), elapsed: seconds(4.0) },
        Event::StepDone { step: step(plan, 2), id: Some("subnet-0ccccccccccccccc0".into()), elapsed: seconds(12.0) },
        Event::StepStarted { step: step(plan, 3) },
        Event::Waiting { step: step(plan, 3), what: "i-0ccccccccccccccc0 is pending, wanted running".into(), elapsed: seconds(200.0) },
        Event::StepFailed {
            step: step(plan, 3),
            code: "InsufficientInstanceCapacity".into(),
            message: "We currently do not have sufficient t2.micro capacity\nin the Availability Zone you requested".into(),
            elapsed: seconds(201.0),
        },
        Event::StepSkipped { step: step(plan, 4), because: Some("instance.private-host".parse().unwrap()) },
        Event::StepSkipped { step: step(plan, 5), because: None },
        Event::Stopping { running: 1, left: 1 },
        Event::Finished { outcome },
    ]
}

#[test]
fn each_event_is_a_line() {
    let plan = sample::replacement();
    let mut out = Clean::default();
    for event in events(&plan) {
        let before = out.lines().count();
        text::event(&mut out, &event, &plan, Style::default()).unwrap();
        let lines = usize::from(!matches!(
            event,
            Event::Finished { .. } | Event::StepSkipped { because: None, .. }
        ));
        assert_eq!(out.lines().count(), before + lines, "{out}");
    }
    insta::assert_snapshot!(out);
}

fn outcome(plan: &Plan, outcome: &Outcome, failures: &Failures) -> String {
    let mut out = Clean::default();
    text::outcome(
        &mut out,
        plan,
        outcome,
        failures,
        "trueup apply gateway-endpoint.yaml",
        Style::default(),
    )
    .unwrap();
    out.to_string()
}

#[test]
fn an_end_names_what_is_done_and_what_is_not() {
    let plan = sample::replacement();
    let mut failures = Failures::default();
    events(&plan).iter().for_each(|event| failures.hear(event));
    let ended = Outcome {
        done: vec![1, 2],
        failed: vec![3],
        skipped: vec![4, 5],
        ..Outcome::default()
    };
    insta::assert_snapshot!(outcome(&plan, &ended, &failures));
}

#[test]
fn a_good_end_and_a_stop() {
    let plan = sample::replacement();
    let good = Outcome {
        done: vec![1, 2, 3, 4, 5],
        ..Outcome::default()
    };
    assert_eq!(
        outcome(&plan, &good, &Failures::default()),
        "Done: 2 replaced, 1 changed (5 steps).\n"
    );
    let mut failures = Failures::default();
    failures.hear(&Event::StepSkipped {
        step: step(&plan, 5),
        because: None,
    });
    let stopped = Outcome {
        done: vec![1, 2, 3, 4],
        skipped: vec![5],
        stopped: true,
        ..Outcome::default()
    };
    insta::assert_snapshot!(outcome(&plan, &stopped, &failures), @r"
    Stopped: 4 steps done, 0 failed, 1 skipped
      done: instance.private-host
      done in part: subnet.private
      not started: subnet.private
    Run this again; it goes on from here: trueup apply gateway-endpoint.yaml
    ");
}

/// What a stop leaves half-way did not fail, and there is nothing to mend.
#[test]
fn what_is_under_way_when_a_run_is_stopped_has_not_failed() {
    let plan = sample::replacement();
    let mut failures = Failures::default();
    let why = "i-0ccccccccccccccc0 is pending, and was not waited for until it is running, because the run ended before";
    let pending = Event::StepPending {
        step: step(&plan, 3),
        why: why.into(),
        elapsed: seconds(4.0),
    };
    let mut out = Clean::default();
    text::event(&mut out, &pending, &plan, Style::default()).unwrap();
    assert_eq!(
        &*out,
        format!("[3/5] instance.private-host: RunInstances not through (4.0 s): {why}\n")
    );
    failures.hear(&pending);
    (4..=5).for_each(|number| {
        failures.hear(&Event::StepSkipped {
            step: step(&plan, number),
            because: None,
        });
    });
    let stopped = Outcome {
        done: vec![1, 2],
        pending: vec![3],
        skipped: vec![4, 5],
        stopped: true,
        ..Outcome::default()
    };
    assert!(!stopped.is_success());
    insta::assert_snapshot!(outcome(&plan, &stopped, &failures), @r"
    Stopped: 2 steps done, 0 failed, 1 not through, 2 skipped
      done in part: subnet.private
      not through: instance.private-host RunInstances
          i-0ccccccccccccccc0 is pending, and was not waited for until it is running, because the run ended before
      not started: subnet.private, instance.private-host
    Run this again; it goes on from here: trueup apply gateway-endpoint.yaml
    ");
}

/// A terminal that understands what the live region sends.
#[derive(Default)]
struct Terminal {
    lines: Vec<String>,
}

impl Terminal {
    fn show(&mut self, sent: &str) {
        let mut rest = sent;
        while let Some((text, after)) = rest.split_once("\u{1b}[") {
            self.write(text);
            let (up, after) = after.split_once("A\r\u{1b}[J").unwrap();
            let up: usize = up.parse().unwrap();
            assert!(up <= self.lines.len(), "goes above what was written");
            self.lines.truncate(self.lines.len() - up);
            rest = after;
        }
        self.write(rest);
    }

    fn write(&mut self, text: &str) {
        assert!(text.is_empty() || text.ends_with('\n'));
        self.lines.extend(text.lines().map(str::to_owned));
    }
}

#[test]
fn the_live_region_leaves_only_what_stays() {
    let plan = sample::replacement();
    let style = Style {
        width: Some(60),
        ..Style::default()
    };
    let (mut live, mut terminal) = (LiveRegion::default(), Terminal::default());
    let mut pictures = String::new();
    for (at, event) in events(&plan).iter().enumerate() {
        let now = Duration::from_secs(at as u64);
        terminal.show(&live.hear(event, &plan, now, style));
        terminal.show(&live.tick(now + Duration::from_millis(500), style));
        if at == 3 || at == 7 {
            pictures += &format!("{}\n---\n", terminal.lines.join("\n"));
        }
    }
    pictures += &terminal.lines.join("\n");
    insta::assert_snapshot!(pictures);
}

#[test]
fn the_live_region_fits_the_terminal() {
    let mut plan = sample::replacement();
    plan.steps = (1..=40)
        .map(|n| {
            sample::step(
                n,
                StepAction::Create,
                "security_group.网络".replace("网络", "a").as_str(),
                "X",
                &[],
            )
        })
        .collect();
    let style = Style {
        width: Some(20),
        ..Style::default()
    };
    let mut live = LiveRegion::default();
    let started = std::iter::once(Event::Started { steps: 40 });
    let mut last = Clean::default();
    for event in started.chain((1..=40).map(|number| Event::StepStarted {
        step: step(&plan, number),
    })) {
        last = live.hear(&event, &plan, Duration::ZERO, style);
    }
    let region = last.split("\u{1b}[J").last().unwrap();
    assert_eq!(region.lines().count(), 9, "{region}");
    assert!(region.lines().all(|line| line.chars().count() < 20), "{region}");
    assert!(region.ends_with("0/40 done, 40 runn…\n"), "{region}");
}

#[test]
fn errors_and_sentences_wrap_between_words() {
    let style = Style {
        width: Some(40),
        ..Style::default()
    };
    let mut out = Clean::default();
    text::note(
        &mut out,
        "Checked: the network is as the spec wants it, and what it expects holds.",
        style,
    )
    .unwrap();
    text::error(
        &mut out,
        "this plan needs more consent; nothing was done. Add:\n  --allow delete:subnet.a\nor not",
        style,
    )
    .unwrap();
    insta::assert_snapshot!(out, @r"
    Checked: the network is as the spec
      wants it, and what it expects holds.
    error: this plan needs more consent;
      nothing was done. Add:
      --allow delete:subnet.a
    or not
    ");
}
