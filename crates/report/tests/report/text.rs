//! What a terminal shows of plans and drift.

use crate::sample;

use trueup_model::{Action, Kind, Plan, Value};
use trueup_report::text::{self, PlanOptions};
use trueup_report::{Clean, Style, json};

fn plan(plan: &Plan, options: PlanOptions) -> String {
    let mut out = Clean::default();
    text::plan(&mut out, plan, &options).unwrap();
    out.to_string()
}

fn drift(plan: &Plan) -> String {
    let mut out = Clean::default();
    text::drift(&mut out, plan, &[], Style::default()).unwrap();
    out.to_string()
}

#[test]
fn a_plan_without_changes_is_one_line() {
    insta::assert_snapshot!(plan(&sample::nothing(), PlanOptions::default()), @"Nothing to do: the network is as the spec wants it.");
}

#[test]
fn a_replacement() {
    insta::assert_snapshot!(plan(
        &sample::replacement(),
        PlanOptions {
            steps: true,
            ..PlanOptions::default()
        }
    ));
}

#[test]
fn everything() {
    let text = plan(&sample::everything(), PlanOptions::default());
    assert!(!text.contains('\u{1b}'), "text of others steers the terminal");
    insta::assert_snapshot!(text);
}

#[test]
fn user_data_is_a_digest_and_a_number_of_lines_unless_the_terminal_may_show_it() {
    let hidden = plan(&sample::everything(), PlanOptions::default()) + &drift(&sample::everything());
    assert!(
        !hidden.contains("hunter") && !hidden.contains("/bin/sh"),
        "{hidden}"
    );
    assert_eq!(
        hidden.matches("2 lines removed, 2 lines added").count(),
        2,
        "{hidden}"
    );
    let style = Style {
        secrets: true,
        ..Style::default()
    };
    let mut out = Clean::default();
    text::drift(&mut out, &sample::everything(), &[], style).unwrap();
    for text in [
        plan(
            &sample::everything(),
            PlanOptions {
                style,
                ..PlanOptions::default()
            },
        ),
        out.to_string(),
    ] {
        assert!(
            text.contains("- TOKEN=hunter2") && text.contains("+ TOKEN=hunter3"),
            "{text}"
        );
    }
}

#[test]
fn narrow() {
    let options = PlanOptions {
        style: Style {
            width: Some(60),
            ..Style::default()
        },
        steps: true,
    };
    insta::assert_snapshot!(plan(&sample::replacement(), options));
}

#[test]
fn colour() {
    let options = PlanOptions {
        style: Style {
            color: true,
            ..Style::default()
        },
        steps: true,
    };
    let text = plan(&sample::replacement(), options);
    // Without its colours it is the plain text.
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(
        plain,
        plan(
            &sample::replacement(),
            PlanOptions {
                steps: true,
                ..PlanOptions::default()
            }
        )
    );
    insta::assert_snapshot!(text.replace('\u{1b}', "^"));
}

#[test]
fn a_plan_that_is_not_the_whole_says_so_even_without_changes() {
    let mut plan_ = sample::nothing();
    plan_.unreadable.insert(Kind::Vpc, "UnauthorizedOperation".into());
    let text = plan(&plan_, PlanOptions::default());
    assert!(
        text.contains("NOT READ vpc: UnauthorizedOperation.")
            && text.contains("2 unchanged; vpc was not read\n"),
        "{text}"
    );
    assert!(!text.contains("Nothing to do"), "{text}");
    let drift = drift(&plan_);
    assert!(
        drift.contains("NOT READ vpc")
            && drift.ends_with("Drift: 0 of 2 resources differ; vpc was not read\n"),
        "{drift}"
    );
}

#[test]
fn drift_of_everything() {
    insta::assert_snapshot!(drift(&sample::everything()));
}

#[test]
fn no_drift_is_one_line() {
    insta::assert_snapshot!(drift(&sample::nothing()), @"gateway-endpoint: no drift, 2 resources as the spec wants them.");
}

#[test]
fn what_only_follows_from_a_replacement_is_no_drift() {
    let text = drift(&sample::replacement());
    assert!(
        text.contains(
            "subnet.private (subnet-0693d03c424d9996f): cidr_block: spec 10.0.20.0/24, live 10.0.2.0/24"
        ),
        "{text}"
    );
    assert!(!text.contains("instance.private-host"), "{text}");
    // A member under the old id and under the new name is one and the same; another group is drift.
    let old = sample::id("sg-0aaaaaaaaaaaaaaa0");
    let other = sample::id("sg-0bbbbbbbbbbbbbbb0");
    let groups = vec![
        sample::member("security_groups", "sg-0aaaaaaaaaaaaaaa0", Some(old), None),
        sample::member(
            "security_groups",
            "security_group.a",
            None,
            Some(sample::new("security_group.a")),
        ),
        sample::member("security_groups", "sg-0bbbbbbbbbbbbbbb0", Some(other), None),
    ];
    let description = sample::attribute(
        Kind::SecurityGroup,
        "description",
        Some("a".into()),
        Some("b".into()),
    );
    let changes = vec![
        sample::change(
            Action::Replace,
            "security_group.a",
            Some("sg-0aaaaaaaaaaaaaaa0"),
            vec![description],
        ),
        sample::change(Action::Update, "instance.a", Some("i-0aaaaaaaaaaaaaaa0"), groups),
    ];
    let plan = Plan {
        changes,
        ..sample::nothing()
    };
    let text = drift(&plan);
    assert!(
        text.contains("security_groups sg-0bbbbbbbbbbbbbbb0: not in the spec, live"),
        "{text}"
    );
    assert!(
        !text.contains("security_groups security_group.a") && !text.contains("security_groups sg-0aaa"),
        "{text}"
    );
    assert_eq!(
        json::drift(&plan, None)["drift"][1]["attributes"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// Bytes, such as gzip, have no lines: their digests and lengths say all there is to say.
#[test]
fn user_data_that_is_bytes_has_no_lines() {
    let bytes = |last: u8| Some(Value::data(vec![0x1f, 0x8b, 0x08, 0xff, last]));
    for (before, after) in [
        (bytes(1), bytes(2)),
        (Some("#!/bin/sh\n".into()), bytes(2)),
        (bytes(1), None),
    ] {
        let user_data = sample::attribute(Kind::Instance, "user_data", before.clone(), after.clone());
        let changes = vec![sample::change(
            Action::Update,
            "instance.a",
            Some("i-1"),
            vec![user_data],
        )];
        let plan = Plan {
            changes,
            ..sample::nothing()
        };
        let mut text = Clean::default();
        text::plan(&mut text, &plan, &PlanOptions::default()).unwrap();
        let markdown = trueup_report::markdown::plan(&plan, sample::SPEC, 65536);
        for told in [&*text, &markdown] {
            assert!(
                told.contains("sha256:") && told.contains(" bytes)") && !told.contains(" removed"),
                "{told}"
            );
        }
        let attribute = &trueup_report::json::plan(&plan)["changes"][0]["attributes"][0];
        assert!(
            attribute.get("lines").is_none() && attribute["before"]["sha256"].is_string(),
            "{attribute:#}"
        );
    }
}
