//! Runs of small plans over a scripted cloud, on a paused clock.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use trueup_engine::{Options, apply};
use trueup_model::{
    Act, Acted, Action, ApiAction, Change, Cloud, CloudError, Disruption, ErrorClass, Event, Kind, Observed,
    Outcome, Plan, Record, Ref, Scope, Settled, Step, StepAction, Value, Wait, Waiter,
};

/// A cloud in which every act takes a second, and what is said about an address happens to it.
#[derive(Default)]
struct Script {
    failing: Vec<&'static str>,
    /// Whether what fails does so because the credentials have expired.
    expired: bool,
    /// Addresses whose objects take so many looks to settle.
    slow: BTreeMap<&'static str, u32>,
    looks: RefCell<Vec<usize>>,
    acting: Cell<usize>,
    acting_max: Cell<usize>,
    acts: RefCell<Vec<String>>,
    left: RefCell<BTreeMap<String, u32>>,
    /// How many times what is made turns out not to be there.
    lost: Cell<u32>,
    /// Addresses whose calls would be refused.
    refusing: Vec<&'static str>,
    /// Addresses whose requests would be refused, and not for a permission.
    wrong: Vec<&'static str>,
    /// What was asked about.
    rehearsed: RefCell<Vec<String>>,
    /// What was said about repeats.
    given_up: RefCell<Vec<bool>>,
}

impl Cloud for Script {
    async fn observe(&self, _: &Scope) -> Result<Observed, CloudError> {
        Ok(Observed::default())
    }

    async fn act(&self, act: &Act, retrying: &dyn Fn(&str)) -> Result<Acted, CloudError> {
        self.acting.set(self.acting.get() + 1);
        self.acting_max.set(self.acting_max.get().max(self.acting.get()));
        let address = act.address.to_string();
        if self.failing.contains(&address.as_str()) {
            retrying("asked to wait");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.acting.set(self.acting.get() - 1);
        self.acts
            .borrow_mut()
            .push(format!("{} {} {}", act.action, address, act.sets.record()));
        if self.failing.contains(&address.as_str()) {
            let class = if self.expired {
                ErrorClass::Credentials
            } else {
                ErrorClass::Refused
            };
            return Err(CloudError {
                class,
                code: "Nope".into(),
                message: "no".into(),
            });
        }
        let id = format!("id-{}", act.step);
        let wait = self.slow.get(address.as_str()).map(|looks| {
            self.left.borrow_mut().insert(id.clone(), *looks);
            Wait {
                id: id.clone(),
                until: Waiter::until("available", 10),
            }
        });
        Ok(Acted {
            id: Some(id),
            facts: Record::new(),
            wait,
        })
    }

    async fn rehearse(&self, act: &Act) -> Result<(), CloudError> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let address = act.address.to_string();
        self.rehearsed
            .borrow_mut()
            .push(format!("{} {address}", act.action));
        let refused = |class, message: &str| CloudError {
            class,
            code: "Nope".into(),
            message: message.into(),
        };
        if self.refusing.contains(&address.as_str()) {
            Err(refused(ErrorClass::Denied, "you may not."))
        } else if self.wrong.contains(&address.as_str()) {
            Err(refused(ErrorClass::Refused, "it is wrong."))
        } else {
            Ok(())
        }
    }

    fn give_up_repeats(&self, now: bool) {
        self.given_up.borrow_mut().push(now);
    }

    async fn settle(&self, _: Kind, waits: &[Wait]) -> Result<Vec<Settled>, CloudError> {
        self.looks.borrow_mut().push(waits.len());
        if let Some(lost) = self.lost.get().checked_sub(1) {
            self.lost.set(lost);
            return Ok(waits
                .iter()
                .map(|wait| Settled::Lost(format!("{} is not there", wait.id)))
                .collect());
        }
        let mut left = self.left.borrow_mut();
        let look = |wait: &Wait| match left.get_mut(&wait.id) {
            Some(0) | None => Settled::Done(Record::new()),
            Some(looks) => {
                *looks -= 1;
                Settled::Pending("pending".into())
            }
        };
        Ok(waits.iter().map(look).collect())
    }
}

/// A plan of creations: address, what it refers to, the steps before it.
fn plan(steps: &[(&str, Option<&str>, &[usize])]) -> Plan {
    let step = |(index, (address, refers, after)): (usize, &(&str, Option<&str>, &[usize]))| Step {
        number: index + 1,
        action: StepAction::Create,
        address: address.parse().unwrap(),
        target: None,
        replaces: None,
        ownership: Record::new(),
        call: ApiAction::create("Create").setting(
            refers
                .iter()
                .map(|to| ("to".to_owned(), Value::Ref(Ref::Name(to.parse().unwrap()))))
                .collect(),
        ),
        after: after.to_vec(),
        yields: Vec::new(),
        why: Vec::new(),
        source: None,
    };
    Plan {
        topology: "t".into(),
        steps: steps.iter().enumerate().map(step).collect(),
        ..Plan::default()
    }
}

fn run(
    plan: &Plan,
    cloud: &Script,
    parallelism: usize,
    stop_after: Option<Duration>,
) -> (Outcome, Vec<Event>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut events = Vec::new();
        let stop = async {
            match stop_after {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
        };
        let outcome = apply(plan, cloud, &Options { parallelism }, stop, &mut |event| {
            events.push(event);
        })
        .await;
        (outcome, events)
    })
}

#[test]
fn ids_reach_the_steps_that_refer_to_them() {
    let cloud = Script::default();
    let (outcome, events) = run(
        &plan(&[("vpc.main", None, &[]), ("subnet.a", Some("vpc.main"), &[1])]),
        &cloud,
        10,
        None,
    );
    assert!(outcome.is_success());
    assert_eq!(
        cloud.acts.take(),
        ["Create vpc.main {}", "Create subnet.a {to: id-1}"]
    );
    assert!(matches!(events.first(), Some(Event::Started { steps: 2 })));
    assert!(matches!(events.last(), Some(Event::Finished { .. })));
}

#[test]
fn no_more_acts_run_at_a_time_than_allowed() {
    let steps: Vec<(String, Option<&str>, &[usize])> =
        (0..9).map(|n| (format!("vpc.v{n}"), None, &[][..])).collect();
    let steps: Vec<(&str, Option<&str>, &[usize])> =
        steps.iter().map(|(a, r, b)| (a.as_str(), *r, *b)).collect();
    let cloud = Script::default();
    run(&plan(&steps), &cloud, 3, None);
    assert_eq!(cloud.acting_max.get(), 3);
}

#[test]
fn a_failure_skips_what_depends_on_it_and_says_so() {
    let cloud = Script {
        failing: vec!["vpc.a"],
        ..Script::default()
    };
    let steps: &[(&str, Option<&str>, &[usize])] = &[
        ("vpc.a", None, &[]),
        ("vpc.b", None, &[]),
        ("subnet.a", Some("vpc.a"), &[1]),
        ("subnet.b", Some("vpc.b"), &[2]),
    ];
    let (outcome, events) = run(&plan(steps), &cloud, 10, None);
    assert_eq!(
        (outcome.done, outcome.failed, outcome.skipped),
        (vec![2, 4], vec![1], vec![3])
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::StepFailed { code, .. } if code == "Nope"))
    );
    assert!(
        events.iter().any(|event| matches!(event, Event::StepSkipped { because: Some(address), .. } if address.to_string() == "vpc.a"))
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Retrying { why, .. } if why == "asked to wait"))
    );
}

#[test]
fn expired_credentials_end_the_run_and_everything_is_told() {
    let slow = BTreeMap::from([("vpc.slow", u32::MAX)]);
    let cloud = Script {
        failing: vec!["vpc.late"],
        expired: true,
        slow,
        ..Script::default()
    };
    let steps: &[(&str, Option<&str>, &[usize])] = &[
        ("vpc.done", None, &[]),
        ("vpc.slow", None, &[]),
        ("vpc.late", None, &[1]),
        ("vpc.other", None, &[3]),
        ("vpc.next", None, &[2]),
    ];
    let (outcome, events) = run(&plan(steps), &cloud, 10, None);
    assert_eq!(
        (outcome.done, outcome.failed, outcome.skipped),
        (vec![1], vec![3], vec![4, 5])
    );
    assert_eq!(outcome.pending, [2], "what is waited for did not fail");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::StepFailed { step, .. } if step.number == 3))
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::StepPending { step, .. } if step.number == 2))
    );
}

#[test]
fn one_look_asks_for_all_objects_of_a_kind() {
    let cloud = Script {
        slow: BTreeMap::from([("vpc.a", 3), ("vpc.b", 3), ("vpc.c", 3)]),
        ..Script::default()
    };
    let (outcome, _) = run(
        &plan(&[("vpc.a", None, &[]), ("vpc.b", None, &[]), ("vpc.c", None, &[])]),
        &cloud,
        10,
        None,
    );
    assert!(outcome.is_success());
    assert_eq!(cloud.looks.take(), [3, 3, 3, 3]);
}

#[test]
fn what_turns_out_not_to_be_there_is_made_again_a_few_times() {
    let make = |lost| {
        let cloud = Script {
            slow: BTreeMap::from([("vpc.a", 0)]),
            lost: Cell::new(lost),
            ..Script::default()
        };
        let (outcome, events) = run(&plan(&[("vpc.a", None, &[])]), &cloud, 10, None);
        let told = events
            .iter()
            .filter(|event| matches!(event, Event::Retrying { why, .. } if why.contains("made again")))
            .count();
        (outcome.is_success(), cloud.acts.take().len(), told)
    };
    assert_eq!(make(2), (true, 3, 2));
    assert_eq!(make(99), (false, 41, 40));
}

#[test]
fn a_long_wait_is_told_and_one_without_end_fails() {
    let cloud = Script {
        slow: BTreeMap::from([("vpc.a", u32::MAX)]),
        ..Script::default()
    };
    let (outcome, events) = run(
        &plan(&[("vpc.a", None, &[]), ("subnet.a", Some("vpc.a"), &[1])]),
        &cloud,
        10,
        None,
    );
    assert_eq!((outcome.failed, outcome.skipped), (vec![1], vec![2]));
    let told =
        events.iter().filter(|event| matches!(event, Event::Waiting { what, .. } if what == "id-1 is pending, wanted available")).count();
    assert!(told > 10, "{told}");
}

#[test]
fn a_retry_is_told_while_the_act_is_under_way() {
    let cloud = Script {
        failing: vec!["vpc.a"],
        ..Script::default()
    };
    let (_, events) = run(&plan(&[("vpc.a", None, &[])]), &cloud, 10, None);
    assert!(
        events.iter().any(|event| matches!(event, Event::Retrying { why, elapsed, .. } if why == "asked to wait" && elapsed.is_zero())),
        "{events:?}"
    );
}

#[test]
fn a_stop_lets_calls_end_and_starts_repeats_and_waits_for_nothing() {
    // In the call, while what it made is waited for, and while a look is under way.
    for stop_after in [500, 1_200, 4_000] {
        let cloud = Script {
            slow: BTreeMap::from([("vpc.a", 10_000)]),
            ..Script::default()
        };
        let steps = [
            ("vpc.a", None, &[] as &[usize]),
            ("subnet.a", Some("vpc.a"), &[1]),
        ];
        let (outcome, events) = run(&plan(&steps), &cloud, 10, Some(Duration::from_millis(stop_after)));
        assert_eq!((outcome.done, outcome.failed), (vec![], vec![]), "nothing failed");
        assert_eq!(
            (outcome.pending, outcome.skipped, outcome.stopped),
            (vec![1], vec![2], true)
        );
        assert!(
            events
                .iter()
                .any(|event| matches!(event, Event::Stopping { running: 1, left: 1 }))
        );
        let told = events.iter().find_map(|event| match event {
            Event::StepPending { why, elapsed, .. } => Some((why.as_str(), *elapsed)),
            _ => None,
        });
        let (message, elapsed) = told.unwrap();
        assert!(
            message.starts_with("id-1") && message.contains("was not waited for until it is available"),
            "{message}"
        );
        assert!(
            elapsed <= Duration::from_millis(stop_after.max(1_000)),
            "{elapsed:?}"
        );
        assert_eq!(cloud.given_up.borrow().as_slice(), [true, false]);
    }
}

#[test]
fn equal_runs_tell_equal_stories() {
    let story = || {
        let cloud = Script {
            failing: vec!["vpc.b"],
            slow: BTreeMap::from([("vpc.a", 2)]),
            ..Script::default()
        };
        run(
            &plan(&[
                ("vpc.a", None, &[]),
                ("vpc.b", None, &[]),
                ("subnet.a", Some("vpc.a"), &[1]),
            ]),
            &cloud,
            2,
            None,
        )
        .1
    };
    assert_eq!(story(), story());
}

/// A plan that replaces a host: two more that are new, one of which refers to what is not there yet, and two
/// that go.
fn replacing() -> Plan {
    let mut plan = plan(&[
        ("subnet.new", None, &[]),
        ("instance.a", None, &[]),
        ("instance.b", Some("subnet.new"), &[1]),
        ("instance.a", None, &[2]),
        ("instance.c", None, &[3]),
    ]);
    for (number, id) in [(4, "i-a"), (5, "i-c")] {
        let step = &mut plan.steps[number - 1];
        (step.action, step.target, step.call) = (
            StepAction::Delete,
            Some(id.into()),
            ApiAction::delete("Terminate").call(),
        );
    }
    plan.changes.push(Change {
        address: "instance.a".parse().unwrap(),
        action: Action::Replace,
        id: Some("i-a".into()),
        because: Vec::new(),
        order: None,
        disruption: Disruption::DataLost,
        lifts: None,
        losses: Vec::new(),
        notes: Vec::new(),
        source: None,
        attributes: Vec::new(),
    });
    plan
}

#[test]
fn what_can_be_asked_in_full_is_asked_before_anything_ends() {
    let cloud = Script::default();
    let (outcome, _) = run(&replacing(), &cloud, 10, None);
    assert!(outcome.is_success());
    assert_eq!(
        cloud.rehearsed.take(),
        ["Create subnet.new", "Create instance.a", "Terminate instance.a"],
        "of the ends one of a sort"
    );
    // A plan that ends nothing is not rehearsed.
    run(
        &Plan {
            changes: Vec::new(),
            ..replacing()
        },
        &cloud,
        10,
        None,
    );
    assert!(cloud.rehearsed.take().is_empty());
}

#[test]
fn of_what_says_the_same_one_is_asked_and_of_what_differs_so_many() {
    let mut plan = replacing();
    for number in 6..36_i64 {
        let size = Value::Int(number.max(12));
        plan.steps.push(Step {
            number: number.try_into().unwrap(),
            target: Some(format!("i-{number}")),
            call: ApiAction::modify("Modify").setting(Record::new().with("size", size)),
            ..plan.steps[1].clone()
        });
    }
    let cloud = Script::default();
    run(&plan, &cloud, 10, None);
    let asked = cloud.rehearsed.take();
    let modify = asked.iter().filter(|asked| asked.starts_with("Modify"));
    assert_eq!(modify.count(), 10);
    plan.steps.truncate(12);
    run(&plan, &cloud, 10, None);
    let asked = cloud.rehearsed.take();
    let modify = asked.iter().filter(|asked| asked.starts_with("Modify"));
    assert_eq!(modify.count(), 1, "all of them say the same");
}

#[test]
fn what_is_wrong_until_the_plan_mends_it_is_not_told() {
    let refused = |changed: &str, after: &[usize]| {
        let mut plan = Plan {
            changes: replacing().changes,
            ..plan(&[(changed, None, &[]), ("subnet.a", None, after)])
        };
        plan.steps[0].target = Some("an-id".into());
        plan.steps[0].call = ApiAction::modify("Associate").call();
        let vpc = Value::Ref(Ref::Name("vpc.main".parse().unwrap()));
        plan.steps[1].call.unsets = Record::new().with("vpc", vpc);
        let cloud = Script {
            wrong: vec!["subnet.a"],
            ..Script::default()
        };
        run(&plan, &cloud, 10, None).0.failed
    };
    assert_eq!(refused("vpc.main", &[1]), [0; 0]);
    // Nothing that the plan does before changes what it is about.
    assert_eq!(refused("route_table.out", &[1]), [2]);
    assert_eq!(refused("vpc.main", &[]), [2]);
}

#[test]
fn what_would_be_refused_ends_the_run_before_its_first_step() {
    let cloud = Script {
        refusing: vec!["instance.a"],
        ..Script::default()
    };
    let (outcome, events) = run(&replacing(), &cloud, 10, None);
    assert_eq!(
        (outcome.done, outcome.failed, outcome.skipped),
        (vec![], vec![2, 4], vec![1, 3, 5])
    );
    assert!(cloud.acts.take().is_empty() && !outcome.stopped);
    let told = |event: &Event| matches!(event, Event::StepFailed { message, .. } if message.starts_with("you may not. EC2 was asked"));
    assert_eq!(events.iter().filter(|event| told(event)).count(), 2);
    assert!(matches!(events.last(), Some(Event::Finished { .. })));
    // Whoever stops it meanwhile has nothing done either.
    let (outcome, _) = run(
        &replacing(),
        &Script::default(),
        10,
        Some(Duration::from_millis(500)),
    );
    assert!(outcome.stopped && outcome.done.is_empty() && outcome.skipped.len() == 5);
}
