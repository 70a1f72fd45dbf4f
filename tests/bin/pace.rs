//! `pace SPEC…` applies each spec to a fresh sandbox that behaves realistically, on a paused clock, and
//! prints how long that takes beside the least that it could take, and how long a plan of it takes where EC2
//! is far away: `name TAB bound TAB time TAB plan TAB round trips`, in seconds. Equal specs give equal lines.
//!
//! The bound is the longer of two: the longest chain of steps by the time that EC2 takes for each, and for
//! each action the time until EC2's documented token bucket has let all its calls through, from when the
//! first of them can be made to the end of what comes after the last of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trueup_ec2::Connect;
use trueup_model::{Event, Plan, Role, Step};
use trueup_sandbox::{Behaviour, DEFAULT_REGION, Options, Sandbox};
use trueup_tests::far::asked;
use trueup_tests::{SHOWN_AFTER, World, paused, topology};

fn main() -> ExitCode {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let name = Path::new(&path)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let (bound, time) = paused(pace(&text));
        let plan = paused(asked(&text));
        let _ = writeln!(
            std::io::stdout(),
            "{name}\t{:.3}\t{:.3}\t{:.3}\t{:.3}",
            bound.as_secs_f64(),
            time.as_secs_f64(),
            plan.time.as_secs_f64(),
            plan.round_trips(),
        );
    }
    ExitCode::SUCCESS
}

async fn pace(text: &str) -> (Duration, Duration) {
    let sandbox = Arc::new(Sandbox::new(Options {
        behaviour: Behaviour::Realistic,
        ..Options::default()
    }));
    let connect = Connect {
        request_rate: Some(1.0),
        shown_after: Some(SHOWN_AFTER),
        ..Connect::default()
    };
    let world = World::over(&sandbox).await.connecting(connect).await;
    let plan = world.plan(&topology(text)).await;
    let start = Instant::now();
    let events = world.run(&plan).await;
    let time = start.elapsed();
    let ids = events.into_iter().filter_map(|event| match event {
        Event::StepDone {
            step, id: Some(id), ..
        } => Some((step.number, id)),
        _ => None,
    });
    let ids = ids.collect();
    let bound = bound(&plan, &ids, &sandbox.latencies(DEFAULT_REGION));
    (bound, time)
}

/// The least time that the plan could take. What a create makes can be used when EC2 has done with it and
/// shows it; what changes it takes no time.
fn bound(plan: &Plan, ids: &BTreeMap<usize, String>, latencies: &BTreeMap<String, Duration>) -> Duration {
    let took = |step: &Step| {
        let latency = ids
            .get(&step.number)
            .filter(|_| step.call.role() == Role::Create)
            .and_then(|id| latencies.get(id));
        latency.copied().unwrap_or_default()
    };
    let numbers = || plan.steps.iter().map(|step| (step.number, Duration::ZERO));
    // When each step can start, and how long it takes from there to the end of what comes after it.
    let (mut starts, mut rests): (BTreeMap<usize, Duration>, BTreeMap<usize, Duration>) =
        (numbers().collect(), numbers().collect());
    for step in &plan.steps {
        let end = starts[&step.number] + took(step);
        for later in plan
            .steps
            .iter()
            .filter(|later| later.after.contains(&step.number))
        {
            let start = starts.entry(later.number).or_default();
            *start = end.max(*start);
        }
    }
    for step in plan.steps.iter().rev() {
        let rest = rests[&step.number] + took(step);
        rests.insert(step.number, rest);
        for before in &step.after {
            let after = rests.entry(*before).or_default();
            *after = rest.max(*after);
        }
    }
    let chain = plan
        .steps
        .iter()
        .map(|step| starts[&step.number] + rests[&step.number])
        .max();
    let mut actions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for step in &plan.steps {
        actions
            .entry(step.call.action.name)
            .or_default()
            .push(step.number);
    }
    let through = |(action, steps): (&str, Vec<usize>)| {
        let (size, refill) = trueup_sandbox::bucket_of(action);
        let calls = Duration::from_secs_f64((steps.len() as f64 - size).max(0.0) / refill);
        let least = |times: &BTreeMap<usize, Duration>| {
            steps.iter().map(|step| times[step]).min().unwrap_or_default()
        };
        least(&starts) + calls + least(&rests)
    };
    actions
        .into_iter()
        .map(through)
        .max()
        .max(chain)
        .unwrap_or_default()
}
