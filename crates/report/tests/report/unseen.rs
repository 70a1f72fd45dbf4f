//! Whatever comes from outside, nothing that nobody sees reaches a terminal, a comment or another program.

use std::collections::BTreeMap;
use std::time::Duration;

use trueup_model::{
    Action, ApiAction, Barrier, Cause, Constraint, Diagnostic, Event, Finding, Interrupted, Kind, Level,
    Loss, Note, Observed, Outcome, Place, Plan, ReachChange, Reachability, Record, Refusal, Refused, Status,
    StepAction, StepReason, StepRef, Topology,
};
use trueup_report::text::{self, Failures, LiveRegion, PlanOptions};
use trueup_report::{Clean, Style, is_hidden, json, markdown, mermaid};

use crate::sample;

/// Every character that nobody sees, between letters, with what may follow to make an order of a terminal of
/// it.
fn dirt() -> String {
    let hidden = (0..=0x10_ffff)
        .filter_map(char::from_u32)
        .filter(|c| is_hidden(*c));
    hidden.flat_map(|c| ['a', c, '3', '1', 'm']).collect()
}

/// The text without the colours of [`Style`] and without what moves the cursor of a live region.
fn without_ours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        out.push_str(
            rest.strip_prefix("A\r")
                .or(rest.strip_prefix(['m', 'J']))
                .unwrap_or_else(|| panic!("{part}")),
        );
    }
    out
}

fn check(what: &str, text: &str) {
    assert!(!text.is_empty(), "{what} says nothing");
    let plain = without_ours(text);
    let seen = plain.chars().find(|c| is_hidden(*c) && *c != '\n');
    assert_eq!(seen.map(|c| c.escape_unicode().to_string()), None, "in {what}");
}

fn dirty(dirt: &str) -> Plan {
    let own = || dirt.to_owned();
    let mut change = sample::change(
        Action::Update,
        "security_group.a",
        Some(dirt),
        vec![
            sample::attribute(
                Kind::SecurityGroup,
                "description",
                Some(dirt.into()),
                Some(format!("{dirt}b").into()),
            ),
            sample::member(
                "ingress",
                dirt,
                Some(sample::rule("22", dirt, Some(dirt))),
                Some(sample::rule("22", dirt, None)),
            ),
            sample::member("tags", dirt, None, Some(dirt.into())),
        ],
    );
    change.because = vec![Cause {
        place: place(dirt),
        attribute: own(),
        ..sample::cause("vpc.a", "", 1, "")
    }];
    change.notes = notes(dirt);
    change.losses = vec![Loss::RootVolume { id: own(), gib: None }];
    change.source = Some(place(dirt));
    let data = sample::attribute(
        Kind::Instance,
        "user_data",
        Some(dirt.into()),
        Some(format!("{dirt}\n{dirt}").into()),
    );
    let policy = |text: &str| sample::policy(&serde_json::json!({"Statement": [{"Action": text}]}));
    let policy = sample::attribute(
        Kind::VpcEndpoint,
        "policy",
        Some(policy(dirt)),
        Some(policy("s3:*")),
    );
    let reach = ReachChange {
        from: vec![own()],
        to: vec![own()],
        over: own(),
        before: Level::Blocked,
        after: Level::Allowed,
        ranges: Vec::new(),
        so_far: Vec::new(),
        exposure: true,
        because: vec![own()],
    };
    let finding = Finding {
        expectation: own(),
        status: Status::Failed,
        says_nothing: false,
        why: own(),
        because: Vec::new(),
        help: Some(own()),
        from: own(),
        place: place(dirt),
    };
    let mut step = sample::step(1, StepAction::Create, "subnet.extra", "CreateSubnet", &[]);
    (step.why, step.source) = (vec![StepReason::OnlyOne(own())], Some(place(dirt)));
    let mut plan = Plan {
        topology: own(),
        site: trueup_model::Site {
            account: own(),
            region: own(),
        },
        fingerprint: own(),
        unreadable: BTreeMap::from([(Kind::Vpc, own())]),
        changes: vec![
            change,
            sample::change(Action::Update, "instance.a", Some("i-1"), vec![data]),
            sample::change(Action::Replace, "vpc_endpoint.a", Some("vpce-1"), vec![policy]),
            sample::change(Action::Delete, "vpc.a", Some(dirt), Vec::new()),
        ],
        steps: vec![step],
        refused: vec![Refusal::new(&own(), Refused::Copies { ids: vec![own()] })],
        diagnostics: vec![
            Diagnostic::warning("code", own())
                .at(place(dirt), own())
                .help(own()),
        ],
        ..sample::nothing()
    };
    let barrier = Barrier {
        expectations: vec![own()],
        waits: true,
        gaps: vec![reach.clone()],
        more: 1,
    };
    plan.reachability = Some(Reachability {
        changes: vec![reach.clone()],
        untold: Some(own()),
        findings: vec![finding],
        barrier: Some(barrier),
        more: 2,
        gaps: vec![reach],
        interrupted: vec![Interrupted {
            expectation: own(),
            place: place(dirt),
            because: vec![own()],
        }],
        ..Reachability::default()
    });
    plan
}

fn place(file: &str) -> Place {
    Place {
        file: file.into(),
        line: 1,
        column: 1,
        start: 0,
        end: 1,
    }
}

fn styles() -> [Style; 3] {
    [
        Style::default(),
        Style {
            color: true,
            ..Style::default()
        },
        Style {
            color: true,
            width: Some(60),
            ..Style::default()
        },
    ]
}

#[test]
fn no_plan_shows_what_nobody_sees() {
    let plan = dirty(&dirt());
    for style in styles() {
        let mut out = Clean::default();
        text::plan(
            &mut out,
            &plan,
            &PlanOptions {
                style: Style {
                    secrets: true,
                    ..style
                },
                steps: true,
            },
        )
        .unwrap();
        check("a plan", &out);
        let mut out = Clean::default();
        text::drift(
            &mut out,
            &plan,
            &[],
            Style {
                secrets: true,
                ..style
            },
        )
        .unwrap();
        check("drift", &out);
        let mut out = Clean::default();
        text::findings(&mut out, &plan.reachability.as_ref().unwrap().findings, style).unwrap();
        check("findings", &out);
        let mut out = Clean::default();
        text::error(&mut out, &dirt(), style).unwrap();
        text::note(&mut out, &dirt(), style).unwrap();
        text::question(&mut out, &dirt(), style).unwrap();
        check("an error", &out);
    }
    check("a comment", &markdown::plan(&plan, &dirt(), usize::MAX));
    check("a plan for programs", &Clean::json(&json::plan(&plan)));
    check("drift for programs", &Clean::json_line(&json::drift(&plan, None)));
    check("a diagram", &mermaid::flows(&[(dirt(), dirt(), dirt())]));
}

#[test]
fn nothing_that_is_live_shows_what_nobody_sees() {
    let own = dirt;
    let facts = Record::new().with("public_ip", own()).with("private_ip", own());
    let mut object = crate::show::object(Kind::Vpc, &own(), "vpc.a", facts);
    object.owner.as_mut().unwrap().topology = own();
    let observed = Observed {
        site: trueup_model::Site {
            account: own(),
            region: own(),
        },
        objects: vec![object],
        unreadable: BTreeMap::from([(Kind::Subnet, own())]),
        ..Observed::default()
    };
    let topology = Topology {
        name: own(),
        ..Topology::default()
    };
    for style in styles() {
        let mut out = Clean::default();
        text::show(&mut out, &topology, &observed, style).unwrap();
        assert!(out.contains("vpc.a"), "{out}");
        check("what is live", &out);
    }
    check(
        "what is live, for programs",
        &Clean::json(&json::show(&topology, &observed)),
    );
}

#[test]
fn no_event_shows_what_nobody_sees() {
    let plan = dirty(&dirt());
    let step = || StepRef {
        number: 1,
        address: sample::address("subnet.extra"),
        action: StepAction::Create,
        call: ApiAction::create("CreateSubnet"),
    };
    let elapsed = Duration::from_secs(11);
    let events = [
        Event::Started { steps: 1 },
        Event::StepStarted { step: step() },
        Event::Waiting {
            step: step(),
            what: dirt(),
            elapsed,
        },
        Event::Retrying {
            step: step(),
            why: dirt(),
            elapsed,
        },
        Event::StepDone {
            step: step(),
            id: Some(dirt()),
            elapsed,
        },
        Event::StepFailed {
            step: step(),
            code: dirt(),
            message: dirt(),
            elapsed,
        },
        Event::StepSkipped {
            step: step(),
            because: None,
        },
        Event::Stopping { running: 1, left: 1 },
    ];
    for style in styles() {
        let (mut live, mut failures, mut out) =
            (LiveRegion::default(), Failures::default(), Clean::default());
        for event in &events {
            text::event(&mut out, event, &plan, style).unwrap();
            check("a live region", &live.hear(event, &plan, elapsed, style));
            failures.hear(event);
        }
        let outcome = Outcome {
            failed: vec![1],
            ..Outcome::default()
        };
        text::outcome(&mut out, &plan, &outcome, &failures, &dirt(), style).unwrap();
        check("events", &out);
    }
}

/// The excerpt is of a text with each of these characters before, in and behind what it is about.
#[test]
fn no_excerpt_shows_what_nobody_sees_and_each_still_points_at_its_place() {
    let hidden: Vec<char> = dirt().chars().filter(|c| is_hidden(*c) && *c != '\t').collect();
    let file: String = hidden
        .iter()
        .map(|c| {
            if *c == '\n' {
                "\n".to_owned()
            } else {
                format!("x{c}: <y{c}z> # {c}\r\n")
            }
        })
        .collect();
    let mut diagnostics = Vec::new();
    let mut start = 0;
    for (number, line) in file.split_inclusive('\n').enumerate() {
        if let (Some(from), Some(to)) = (line.find('<'), line.find('>')) {
            let column = line[..from].chars().count() + 1;
            let place = Place {
                file: "a.yaml".into(),
                line: number + 1,
                column,
                start: start + from,
                end: start + to + 1,
            };
            let words = line[from..].to_owned();
            let diagnostic = Diagnostic::error("code", &words)
                .at(place.clone(), &words)
                .help(&words)
                .patch(place, &words);
            diagnostics.push(diagnostic);
        }
        start += line.len();
    }
    assert!(diagnostics.len() > 4_000, "{}", diagnostics.len());
    let chosen: Vec<Diagnostic> = diagnostics
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 97 == 0 || *n < 330)
        .map(|(_, d)| d.clone())
        .collect();
    for style in styles() {
        let mut out = Clean::default();
        text::diagnostics(&mut out, &chosen, &|_| Some(file.clone()), style).unwrap();
        check("excerpts", &out);
    }
    let plain: Vec<Diagnostic> = chosen
        .iter()
        .map(|d| Diagnostic {
            message: "m".into(),
            help: None,
            patch: None,
            ..d.clone()
        })
        .collect();
    for diagnostic in plain {
        let diagnostic = Diagnostic {
            labels: vec![trueup_model::Label {
                text: String::new(),
                ..diagnostic.labels[0].clone()
            }],
            ..diagnostic
        };
        let mut out = Clean::default();
        text::diagnostics(
            &mut out,
            std::slice::from_ref(&diagnostic),
            &|_| Some(file.clone()),
            Style::default(),
        )
        .unwrap();
        let place = &diagnostic.labels[0].place;
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(
            lines[1].trim_start(),
            format!("--> a.yaml:{}:{}", place.line, place.column),
            "{out}"
        );
        let (source, marks) = (lines[3], lines[4]);
        let marked: String = source
            .chars()
            .zip(marks.chars())
            .filter(|(_, mark)| *mark == '^')
            .map(|(c, _)| c)
            .collect();
        assert_eq!(marked, "<y\u{fffd}z>", "{out}");
        assert!(
            out.contains("= note: each \u{fffd} is a character that cannot be seen: U+"),
            "{out}"
        );
    }
}

/// One of each remark that says what somebody else wrote.
fn notes(dirt: &str) -> Vec<Note> {
    let own = || dirt.to_owned();
    vec![
        Note::DeleteFirst(Constraint::OnlyOne(own())),
        Note::OtherName {
            attribute: own(),
            name: own(),
            taken: own(),
        },
        Note::Reclaimed { id: own() },
        Note::KeyFileAbsent { file: own() },
        Note::KeyFileWritten { file: own() },
        Note::AddressHeld {
            address: own(),
            id: own(),
            holder: own(),
        },
    ]
}
