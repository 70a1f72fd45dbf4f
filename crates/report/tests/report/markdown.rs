//! The comment on a pull request.

use crate::sample;

use trueup_model::{Action, Cause, Disruption, Kind, Loss, Note, Plan, Refusal, Refused, StepAction};
use trueup_report::markdown;

const LIMIT: usize = 65_536;

#[test]
fn nothing() {
    insta::assert_snapshot!(markdown::plan(
        &sample::nothing(),
        "specs/gateway-endpoint.yaml",
        LIMIT
    ));
}

#[test]
fn a_replacement() {
    insta::assert_snapshot!(markdown::plan(
        &sample::replacement(),
        "specs/gateway-endpoint.yaml",
        LIMIT
    ));
}

#[test]
fn everything() {
    let text = markdown::plan(&sample::everything(), "specs/gateway-endpoint.yaml", LIMIT);
    assert!(
        !text.contains("hunter") && text.contains("# 2 lines removed, 2 lines added"),
        "user data is a digest"
    );
    check(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn each_extent() {
    let mut plan = sample::everything();
    plan.steps = (1..40)
        .map(|number| sample::step(number, StepAction::Create, "subnet.extra", "CreateSubnet", &[]))
        .collect();
    let mut seen: Vec<String> = Vec::new();
    for limit in (0..8_192).rev().step_by(25) {
        let text = markdown::plan(&plan, "specs/gateway-endpoint.yaml", limit);
        assert!(text.len() <= limit);
        if seen.last() != Some(&text) {
            seen.push(text);
        }
    }
    let shortened: Vec<&str> = seen
        .iter()
        .map(|text| text.lines().find(|line| line.contains("Shortened")).unwrap_or(""))
        .collect();
    let tight = seen.iter().find(|text| text.contains("only counted")).unwrap();
    insta::assert_snapshot!(format!("{}\n\n{tight}", shortened.join("\n")));
    for text in &seen {
        check(text);
    }
}

/// Fences, details and table rows close what they open, and nothing of others stands outside of code and
/// escapes.
fn check(text: &str) {
    let (mut fence, mut depth) = (None::<usize>, 0_i32);
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            Some(_) => {}
            // What follows an opening fence has no backticks; with them it is a code span.
            None if ticks >= 3 && !line[ticks..].contains('`') => fence = Some(ticks),
            None => {
                if line.starts_with('|') {
                    let bars = line.replace("\\|", "").matches('|').count();
                    assert_eq!(bars, 5, "{line}");
                }
                // A line of HTML is not read as Markdown.
                let line = &if line.contains("<summary>") {
                    without_elements(line)
                } else {
                    without_code(line)
                };
                depth += line.matches("<details").count() as i32 - line.matches("</details>").count() as i32;
                assert!((0..=1).contains(&depth), "{text}");
                assert_eq!(
                    line.matches("<summary>").count(),
                    line.matches("</summary>").count(),
                    "{line}"
                );
                let outside = line.replace("<code>@</code>", "");
                assert!(!outside.contains('@') && !outside.contains("<img"), "{line}");
            }
        }
    }
    assert!(fence.is_none() && depth == 0, "{text}");
}

/// The line without its `<code>` elements.
fn without_elements(line: &str) -> String {
    let parts = line.split("<code>").enumerate();
    parts
        .map(|(n, part)| {
            if n == 0 {
                part
            } else {
                part.split_once("</code>").unwrap().1
            }
        })
        .collect()
}

/// The line without its code spans.
fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        if rest[..at].ends_with('\\') {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        out.push_str(&rest[..at]);
        let ticks = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let fence = "`".repeat(ticks);
        let tail = &rest[at + ticks..];
        let end = tail
            .match_indices(&fence)
            .find(|(end, _)| !tail[end + ticks..].starts_with('`') && !tail[..*end].ends_with('`'));
        match end {
            Some((end, _)) => rest = &tail[end + ticks..],
            None => {
                out.push_str(&fence);
                rest = tail;
            }
        }
    }
    out + rest
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn text(&mut self) -> String {
        const PARTS: [&str; 16] = [
            "a",
            "`",
            "```",
            "````diff\n",
            "</details>",
            "<details>",
            "|",
            "\n",
            "@all",
            "#12",
            "<img src=x>",
            "**",
            "-->",
            "网",
            "\u{202e}",
            " ",
        ];
        (0..self.roll(9)).map(|_| PARTS[self.roll(PARTS.len())]).collect()
    }

    fn plan(&mut self) -> Plan {
        let size = [0, 1, 3, 40, 400][self.roll(5)];
        let mut plan = Plan {
            topology: "x".repeat(1 + self.roll(128)),
            ..sample::nothing()
        };
        for number in 0..size {
            let action = [Action::Create, Action::Update, Action::Replace, Action::Delete][self.roll(4)];
            let id = (action != Action::Create).then(|| format!("sg-{number:08x}{}", self.text()));
            let mut attributes = vec![
                sample::attribute(Kind::SecurityGroup, "description", None, Some(self.text().into())),
                sample::member(
                    "ingress",
                    &self.text(),
                    Some(sample::rule("22", &self.text(), Some(&self.text()))),
                    None,
                ),
                sample::member("tags", &self.text(), None, Some(self.text().into())),
            ];
            attributes.truncate(self.roll(4));
            let mut change = sample::change(
                action,
                &format!("security_group.g{number}"),
                id.as_deref(),
                attributes,
            );
            change.because = (0..self.roll(3))
                .map(|_| Cause {
                    attribute: self.text(),
                    ..sample::cause("vpc.a", "", 1, "EC2 cannot change it")
                })
                .collect();
            change.losses = (0..self.roll(3))
                .map(|_| Loss::PublicAddress { address: self.text() })
                .collect();
            change.notes = (0..self.roll(3))
                .map(|_| Note::KeyFileWritten { file: self.text() })
                .collect();
            change.disruption = if self.roll(2) == 0 {
                Disruption::None
            } else {
                Disruption::DataLost
            };
            plan.changes.push(change);
            plan.steps.push(sample::step(
                number + 1,
                StepAction::Create,
                "vpc.a",
                "CreateVpc",
                &[],
            ));
        }
        for _ in 0..self.roll(30) {
            plan.refused.push(Refusal::new(
                &self.text(),
                Refused::Copies {
                    ids: vec![self.text()],
                },
            ));
        }
        if self.roll(3) == 0 {
            plan.unreadable.insert(Kind::Vpc, self.text());
        }
        plan
    }
}

#[test]
fn no_plan_is_too_long_and_none_breaks_the_markup() {
    let mut dice = Dice(7);
    let (mut full, mut cut) = (0, 0);
    for _ in 0..150 {
        let plan = dice.plan();
        let limit = [100, 400, 700, 2_000, 10_000, LIMIT][dice.roll(6)];
        let spec = format!("specs/{}.yaml", dice.text());
        let text = markdown::plan(&plan, &spec, limit);
        assert!(text.len() <= limit, "{} > {limit}", text.len());
        assert_eq!(text, markdown::plan(&plan, &spec, limit));
        check(&text);
        if text.contains("Shortened") {
            cut += 1;
        } else {
            full += 1;
        }
    }
    assert!(full > 25 && cut > 25, "{full} {cut}");
}

#[test]
fn a_plan_of_ten_thousand_changes_is_cut_and_not_lost() {
    let mut plan = sample::nothing();
    plan.changes = (0..10_000)
        .map(|n| {
            let range = sample::attribute(
                Kind::Subnet,
                "cidr_block",
                None,
                Some(format!("10.0.{n}.0/24").into()),
            );
            sample::change(Action::Create, &format!("subnet.s{n}"), None, vec![range])
        })
        .collect();
    let text = markdown::plan(&plan, "big.yaml", LIMIT);
    assert!(text.len() > LIMIT / 2 && text.len() <= LIMIT, "{}", text.len());
    assert!(
        text.contains("10000 to create") && text.contains("are only counted"),
        "{}",
        &text[..400]
    );
    assert!(text.contains("--expect sha256:"));
    check(&text);
}
