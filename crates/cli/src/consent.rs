//! Whether an apply or a destroy may begin: a pure decision over the plan and what the user said.

use std::fmt::Write;

use trueup_model::Plan;
use trueup_plan::consent::{Allow, Need, missing};

use crate::args::Consents;
use crate::io::Io;

/// What the user said on the command line.
#[derive(Clone, Copy, Debug)]
pub struct ConsentFlags<'a> {
    /// `--auto-approve`.
    pub auto_approve: bool,
    /// `--allow`.
    pub allow: &'a [Allow],
    /// `--expect`.
    pub expect: Option<&'a str>,
    /// `--deny-exposure`.
    pub deny_exposure: bool,
    /// Whether there is a terminal to ask at.
    pub terminal: bool,
}

impl<'a> ConsentFlags<'a> {
    /// What these consents say, with a terminal where there is one.
    pub fn of(consents: &'a Consents, deny_exposure: bool, io: &Io<'_>) -> Self {
        Self {
            auto_approve: consents.auto_approve,
            allow: &consents.allow,
            expect: consents.expect.as_ref().map(|fingerprint| fingerprint.0.as_str()),
            deny_exposure,
            terminal: io.stdin_is_terminal && io.stderr.is_terminal,
        }
    }
}

/// What follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is nothing to do.
    Nothing,
    /// It may begin.
    Go,
    /// Ask at the terminal.
    Ask,
    /// A guard refused something: nothing may be done.
    Guarded,
    /// The plan is another than the one that was approved.
    FingerprintMismatch,
    /// Something could not be read: nothing may be done.
    Incomplete,
    /// These consents are missing.
    Missing(Vec<Need>),
    /// Nobody approved, and there is nobody to ask.
    Unapproved,
}

/// Decides whether `plan` may be carried out.
pub fn decide(plan: &Plan, said: ConsentFlags<'_>) -> Decision {
    if !plan.refused.is_empty() {
        return Decision::Guarded;
    }
    if !plan.is_complete() {
        return Decision::Incomplete;
    }
    if let Some(expected) = said.expect {
        return match (expected == plan.fingerprint, plan.is_empty()) {
            (false, _) => Decision::FingerprintMismatch,
            (true, true) => Decision::Nothing,
            (true, false) => Decision::Go,
        };
    }
    if plan.is_empty() {
        return Decision::Nothing;
    }
    if said.auto_approve {
        let missing = missing(plan, said.allow);
        return if missing.is_empty() {
            Decision::Go
        } else {
            Decision::Missing(missing)
        };
    }
    if said.terminal {
        Decision::Ask
    } else {
        Decision::Unapproved
    }
}

/// What an answer at the terminal says: yes, no, or neither.
pub fn reply(line: &str) -> Option<bool> {
    match line.trim() {
        "yes" => Some(true),
        "no" | "n" => Some(false),
        _ => None,
    }
}

/// What to add to the command line for consents that are missing.
pub fn explain(missing: &[Need], fingerprint: &str) -> String {
    let mut text =
        "this plan needs more consent than --auto-approve; nothing was done. Add what you agree to:\n"
            .to_owned();
    for need in missing {
        let _ = writeln!(text, "  --allow {need}");
    }
    let _ = write!(text, "or approve exactly this plan: --expect {fingerprint}");
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trueup_model::{Action, Change, Disruption, Kind, Refusal, Refused};

    use super::*;

    fn plan(actions: &[Action]) -> Plan {
        let change = |(index, action): (usize, &Action)| Change {
            address: format!("subnet.s{index}").parse().unwrap(),
            action: *action,
            id: None,
            because: Vec::new(),
            order: None,
            disruption: Disruption::None,
            lifts: None,
            losses: Vec::new(),
            notes: Vec::new(),
            source: None,
            attributes: Vec::new(),
        };
        let changes = actions.iter().enumerate().map(change).collect();
        Plan {
            changes,
            fingerprint: "sha256:1".to_owned(),
            ..Plan::default()
        }
    }

    const NOTHING: ConsentFlags<'_> = ConsentFlags {
        auto_approve: false,
        allow: &[],
        expect: None,
        deny_exposure: false,
        terminal: false,
    };

    #[test]
    fn auto_approve_is_consent_to_what_loses_nothing() {
        let said = ConsentFlags {
            auto_approve: true,
            ..NOTHING
        };
        assert_eq!(
            decide(&plan(&[Action::Create, Action::Update]), said),
            Decision::Go
        );
        let risky = plan(&[Action::Create, Action::Delete, Action::Replace]);
        let Decision::Missing(missing) = decide(&risky, said) else {
            panic!("it must not go")
        };
        assert_eq!(
            missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["delete:subnet.s1", "replace:subnet.s2"]
        );
        let text = explain(&missing, "sha256:1");
        assert!(
            text.contains("--allow delete:subnet.s1\n") && text.contains("--expect sha256:1"),
            "{text}"
        );
        let allow = ["delete".parse().unwrap(), "replace:subnet.s2".parse().unwrap()];
        assert_eq!(
            decide(
                &risky,
                ConsentFlags {
                    allow: &allow,
                    ..said
                }
            ),
            Decision::Go
        );
        assert!(matches!(
            decide(
                &risky,
                ConsentFlags {
                    allow: &allow[1..],
                    ..said
                }
            ),
            Decision::Missing(_)
        ));
    }

    #[test]
    fn the_fingerprint_is_approval_of_exactly_one_plan() {
        let risky = plan(&[Action::Delete]);
        assert_eq!(
            decide(
                &risky,
                ConsentFlags {
                    expect: Some("sha256:1"),
                    ..NOTHING
                }
            ),
            Decision::Go
        );
        assert_eq!(
            decide(
                &risky,
                ConsentFlags {
                    expect: Some("sha256:2"),
                    auto_approve: true,
                    ..NOTHING
                }
            ),
            Decision::FingerprintMismatch
        );
        assert_eq!(
            decide(
                &plan(&[]),
                ConsentFlags {
                    expect: Some("sha256:2"),
                    ..NOTHING
                }
            ),
            Decision::FingerprintMismatch
        );
        assert_eq!(
            decide(
                &plan(&[]),
                ConsentFlags {
                    expect: Some("sha256:1"),
                    ..NOTHING
                }
            ),
            Decision::Nothing
        );
    }

    #[test]
    fn only_yes_is_a_yes_and_what_is_neither_ends_nothing() {
        assert_eq!(
            [" yes\n", "no\n", "n", "y\n", "Yes", "", "sure"].map(reply),
            [Some(true), Some(false), Some(false), None, None, None, None]
        );
    }

    #[test]
    fn without_approval_it_asks_or_ends() {
        assert_eq!(decide(&plan(&[Action::Create]), NOTHING), Decision::Unapproved);
        assert_eq!(
            decide(
                &plan(&[Action::Delete]),
                ConsentFlags {
                    terminal: true,
                    ..NOTHING
                }
            ),
            Decision::Ask
        );
        assert_eq!(decide(&plan(&[]), NOTHING), Decision::Nothing);
        let allow = ["delete".parse().unwrap()];
        assert_eq!(
            decide(
                &plan(&[Action::Delete]),
                ConsentFlags {
                    allow: &allow,
                    ..NOTHING
                }
            ),
            Decision::Unapproved
        );
    }

    #[test]
    fn guards_and_gaps_come_before_every_consent() {
        let said = ConsentFlags {
            auto_approve: true,
            expect: Some("sha256:1"),
            ..NOTHING
        };
        let mut plan = plan(&[Action::Create]);
        plan.unreadable = BTreeMap::from([(Kind::Subnet, "denied".to_owned())]);
        assert_eq!(decide(&plan, said), Decision::Incomplete);
        let why = Refused::Protected {
            from: trueup_model::Consent::Delete,
            id: "subnet-1".into(),
            duplicate: false,
        };
        plan.refused.push(Refusal::new("subnet.a", why));
        assert_eq!(decide(&plan, said), Decision::Guarded);
        plan.changes.clear();
        assert_eq!(decide(&plan, said), Decision::Guarded);
    }
}
