//! What apply and destroy have in common: plan, consent, carry out, read again.

use std::cell::RefCell;
use std::io::BufRead;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::oneshot;
use trueup_model::{Event, Finding, Outcome, Plan, Reachability, Status};

use super::propose::propose;
use crate::consent::{ConsentFlags, Decision, decide, explain, reply};
use crate::error::Error;
use crate::exit::{Exit, Signal};
use crate::io::Io;
use crate::print::{self, Progress};
use crate::session::Session;

/// EC2 shows a change only after a while; the closing read is repeated after these waits before a difference
/// counts.
const CLOSING_WAITS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
];

/// How often the terminal is told that time goes by.
const TICK: Duration = Duration::from_secs(1);

/// What the network is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// What the spec says.
    Apply,
    /// Nothing of the topology's.
    Destroy,
}

impl Goal {
    fn plan(self, session: &Session, observed: &trueup_model::Observed) -> Plan {
        match self {
            Self::Apply => trueup_plan::plan(&session.topology, observed),
            Self::Destroy => trueup_plan::destroy(&session.topology, observed),
        }
    }

    fn question(self, plan: &Plan) -> String {
        let stakes = trueup_report::text::stakes(plan)
            .map(|stakes| format!("This {stakes}. "))
            .unwrap_or_default();
        match self {
            Self::Apply => format!("{stakes}Carry out this plan? Only `yes` counts:"),
            Self::Destroy => {
                format!(
                    "{stakes}Delete all of topology {} in {} (account {})? Only `yes` counts:",
                    plan.topology, plan.site.region, plan.site.account
                )
            }
        }
    }

    fn nothing(self, plan: &Plan) -> String {
        match self {
            Self::Apply => format!(
                "Nothing to do: topology {} is as the spec wants it.",
                plan.topology
            ),
            Self::Destroy => format!(
                "Nothing to do: nothing in {} belongs to topology {}.",
                plan.site.region, plan.topology
            ),
        }
    }

    fn approval(self) -> &'static str {
        match self {
            Self::Apply => {
                "give --auto-approve (with --allow for what cannot be undone), or --expect with the plan's fingerprint"
            }
            Self::Destroy => {
                "give --auto-approve with --allow delete, or --expect with the fingerprint of `trueup plan --destroy`"
            }
        }
    }
}

/// Reads, plans, and does it if that is agreed to.
///
/// `again` is the command that goes on where this one ends early.
pub async fn change(
    session: &mut Session,
    io: &mut Io<'_>,
    goal: Goal,
    said: ConsentFlags<'_>,
    again: &str,
) -> Result<Exit, Error> {
    let observed = match goal {
        Goal::Apply => session.observe_to_build().await?,
        Goal::Destroy => session.observe().await?,
    };
    let plan = match goal {
        Goal::Apply => propose(session, &observed, said.deny_exposure).await?,
        Goal::Destroy => goal.plan(session, &observed),
    };
    drop(observed);
    let decision = decide(&plan, said);
    if decision == Decision::Nothing {
        print::note(&mut io.stderr, &goal.nothing(&plan));
        return Ok(Exit::OK);
    }
    print::plan(io, &plan, false);
    if matches!(decision, Decision::Go | Decision::Ask) {
        crate::keys::check(&plan, &session.source.files)?;
    }
    let told = match decision {
        Decision::Nothing | Decision::Go => None,
        Decision::Ask if ask(session, io, &goal.question(&plan)).await? => None,
        Decision::Ask => Some("not approved: nothing was done".to_owned()),
        Decision::Guarded => Some("a guard refused, so nothing was done".to_owned()),
        Decision::FingerprintMismatch => Some(format!(
            "this plan is another than the one that was approved, so nothing was done; its fingerprint is {}",
            plan.fingerprint
        )),
        Decision::Missing(missing) => Some(explain(&missing, &plan.fingerprint)),
        Decision::Incomplete => {
            print::error(
                &mut io.stderr,
                "not everything could be read, so nothing was done",
            );
            return Ok(Exit {
                incomplete: true,
                ..Exit::OK
            });
        }
        Decision::Unapproved => return Err(Error::Unapproved(goal.approval())),
    };
    if let Some(why) = told {
        print::error(&mut io.stderr, &why);
        return Ok(Exit::REFUSED);
    }
    carry_out(session, io, goal, &plan, again).await
}

/// Asks at the terminal, again where the answer is neither yes nor no. The end of the input is a no.
async fn ask(session: &mut Session, io: &mut Io<'_>, question: &str) -> Result<bool, Error> {
    print::question(&mut io.stderr, question);
    let mut reader = (io.stdin)();
    loop {
        let answer = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            let read = reader.read_line(&mut line);
            (reader, read.map(|bytes| (bytes > 0).then_some(line)))
        });
        let Ok((back, line)) = session.signals.or(answer).await? else {
            return Ok(false);
        };
        reader = back;
        match line
            .map_err(|source| Error::System {
                what: "read the answer",
                source,
            })?
            .as_deref()
            .map(reply)
        {
            Some(Some(yes)) => return Ok(yes),
            Some(None) => print::question(&mut io.stderr, "Write `yes` to carry it out, or `no`:"),
            None => return Ok(false),
        }
    }
}

/// Runs the plan and checks what came of it.
async fn carry_out(
    session: &mut Session,
    io: &mut Io<'_>,
    goal: Goal,
    plan: &Plan,
    again: &str,
) -> Result<Exit, Error> {
    let progress = RefCell::new(Progress::new(plan, &mut io.stderr));
    let (outcome, signal) = run(session, plan, &progress).await;
    let failures = progress.into_inner().end();
    let Some(outcome) = outcome else {
        print::error(
            &mut io.stderr,
            &format!(
                "ended at once: steps were under way; run the command again to go on from what is there: {again}"
            ),
        );
        return Ok(Exit {
            signal,
            unfinished: true,
            ..Exit::OK
        });
    };
    print::outcome(io, plan, &outcome, &failures, again);
    let mut exit = Exit {
        signal,
        unfinished: !outcome.is_success(),
        ..Exit::OK
    };
    if outcome.is_success() && signal.is_none() {
        match closing_check(session, io, goal).await {
            Ok(same) => exit.unfinished = !same,
            Err(Error::Ended(signal)) => {
                print::error(
                    &mut io.stderr,
                    "everything was done; the closing check was interrupted",
                );
                exit = Exit {
                    signal: Some(signal),
                    unfinished: true,
                    ..exit
                };
            }
            Err(error) => {
                let why = error.message();
                print::error(
                    &mut io.stderr,
                    &format!("everything was done, and the closing check failed: {why}"),
                );
                exit.unfinished = true;
            }
        }
    }
    Ok(exit)
}

/// Runs the plan. The first signal stops it gently; the second leaves it at once, without an outcome.
async fn run(
    session: &mut Session,
    plan: &Plan,
    progress: &RefCell<Progress<'_, '_>>,
) -> (Option<Outcome>, Option<Signal>) {
    let options = trueup_engine::Options::default();
    let mut sink = |event: Event| progress.borrow_mut().tell(&event);
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        // Where nobody will ever say stop, this never ends.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let (mut stop, mut signal) = (Some(stop), None);
    let mut ticks = tokio::time::interval(TICK);
    let mut run = pin!(trueup_engine::apply(
        plan,
        &session.cloud,
        &options,
        stopped,
        &mut sink
    ));
    loop {
        tokio::select! {
            outcome = &mut run => return (Some(outcome), signal),
            next = session.signals.next() => {
                signal = Some(next);
                match stop.take() {
                    // A run that has just ended needs no stop.
                    Some(stop) => drop(stop.send(())),
                    None => return (None, signal),
                }
            }
            _ = ticks.tick() => progress.borrow_mut().tick(),
        }
    }
}

/// Reads everything again: a second plan must be empty.
async fn closing_check(session: &mut Session, io: &mut Io<'_>, goal: Goal) -> Result<bool, Error> {
    if let Some(topology) = session.reread() {
        session.topology = topology;
    }
    let mut waits = CLOSING_WAITS.iter();
    let plan = loop {
        let observed = session.observe().await?;
        let mut plan = goal.plan(session, &observed);
        let findings = if goal == Goal::Apply {
            trueup_reach::findings::live(&session.topology, &observed)
        } else {
            Vec::new()
        };
        let holds = !findings.iter().any(Finding::is_failure);
        let expected = findings.len();
        let all_hold = findings.iter().all(|finding| finding.status == Status::Passed);
        plan.reachability = Some(Reachability {
            findings,
            ..Reachability::default()
        });
        let is_done = plan.is_empty() && holds && plan.refused.is_empty() && plan.is_complete();
        // What a route leads to may only just have been made.
        if is_done && (plan.blackholes.is_empty() || waits.len() == 0) {
            let checked = match goal {
                Goal::Apply if !all_hold => {
                    "Checked: the network is as the spec wants it, and what it expects holds, but for what says nothing or cannot be told."
                }
                Goal::Apply if expected > 0 => {
                    "Checked: the network is as the spec wants it, and what it expects holds."
                }
                Goal::Apply => "Checked: the network is as the spec wants it.",
                Goal::Destroy => "Checked: nothing of the topology is left.",
            };
            print::note(&mut io.stderr, checked);
            if !plan.blackholes.is_empty() {
                print::remaining(io, &plan);
            }
            return Ok(true);
        }
        match waits.next() {
            Some(wait) => session.signals.or(tokio::time::sleep(*wait)).await?,
            None => break plan,
        }
    };
    print::error(
        &mut io.stderr,
        "everything was done, and reading again still finds differences:",
    );
    print::remaining(io, &plan);
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::{Action, Change, Disruption, Loss};

    #[test]
    fn the_question_says_what_is_at_stake() {
        let mut plan = Plan {
            topology: "net".into(),
            site: trueup_model::Site {
                account: "123456789012".into(),
                region: "us-west-2".into(),
            },
            ..Plan::default()
        };
        assert_eq!(
            Goal::Apply.question(&plan),
            "Carry out this plan? Only `yes` counts:"
        );
        plan.changes = (0..3)
            .map(|number| Change {
                address: format!("instance.i{number}").parse().unwrap(),
                action: Action::Delete,
                id: None,
                because: Vec::new(),
                order: None,
                disruption: Disruption::DataLost,
                lifts: (number == 0).then_some("disable_api_termination"),
                losses: vec![Loss::RootVolume {
                    id: format!("vol-{number}"),
                    gib: None,
                }],
                notes: Vec::new(),
                source: None,
                attributes: Vec::new(),
            })
            .collect();
        let told = "This deletes 3 resources, lifts EC2's own protection from instance.i0, loses 3 volumes for ever. ";
        assert_eq!(
            Goal::Apply.question(&plan),
            format!("{told}Carry out this plan? Only `yes` counts:")
        );
        assert!(Goal::Destroy.question(&plan).starts_with(&format!(
            "{told}Delete all of topology net in us-west-2 (account 123456789012)?"
        )));
    }
}
