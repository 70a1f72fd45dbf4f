//! `pace SPEC…` applies each spec to a fresh sandbox that behaves realistically, on a paused clock, and prints how long that takes
//! beside the least that it could take: `name TAB bound TAB time`, in seconds. Equal specs give equal lines.
//!
//! The bound is the longer of two: the longest chain of steps by the time that EC2 takes for each, and for each action the time
//! until EC2's documented token bucket has let all its calls through.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trueup_ec2::Connect;
use trueup_model::{Event, Plan, Role};
use trueup_sandbox::{Behaviour, DEFAULT_REGION, Options, Sandbox};
use trueup_tests::{World, paused, topology};

/// What EC2 may take to show a new object to everybody.
const SHOWN_AFTER: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let name = Path::new(&path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (bound, time) = paused(pace(&text));
        let _ = writeln!(std::io::stdout(), "{name}\t{:.3}\t{:.3}", bound.as_secs_f64(), time.as_secs_f64());
    }
    ExitCode::SUCCESS
}

async fn pace(text: &str) -> (Duration, Duration) {
    let sandbox = Arc::new(Sandbox::new(Options { behaviour: Behaviour::Realistic, ..Options::default() }));
    let connect = Connect { request_rate: Some(1.0), shown_after: Some(SHOWN_AFTER), ..Connect::default() };
    let world = World::over(&sandbox).await.connecting(connect).await;
    let plan = world.plan(&topology(text)).await;
    let start = Instant::now();
    let events = world.run(&plan).await;
    let time = start.elapsed();
    let ids = events.into_iter().filter_map(|event| match event {
        Event::StepDone { step, id: Some(id), .. } => Some((step.number, id)),
        _ => None,
    });
    let ids = ids.collect();
    let bound = chain(&plan, &ids, &sandbox.latencies(DEFAULT_REGION)).max(buckets(&plan));
    (bound, time)
}

/// The longest chain of steps. What a create makes can be used when EC2 has done with it and shows it; what changes it takes no time.
fn chain(plan: &Plan, ids: &BTreeMap<usize, String>, latencies: &BTreeMap<String, Duration>) -> Duration {
    let mut ends: BTreeMap<usize, Duration> = BTreeMap::new();
    for step in &plan.steps {
        let start = step.after.iter().filter_map(|before| ends.get(before)).max().copied().unwrap_or_default();
        let latency = ids.get(&step.number).filter(|_| step.call.role == Role::Create).and_then(|id| latencies.get(id));
        ends.insert(step.number, start + latency.copied().unwrap_or_default());
    }
    ends.into_values().max().unwrap_or_default()
}

/// The time until the slowest bucket has let its calls through.
fn buckets(plan: &Plan) -> Duration {
    let mut calls: BTreeMap<&str, u32> = BTreeMap::new();
    for step in &plan.steps {
        *calls.entry(step.call.action).or_default() += 1;
    }
    let through = |(action, calls): (&str, u32)| {
        let (size, refill) = trueup_sandbox::bucket_of(action);
        Duration::from_secs_f64((f64::from(calls) - size).max(0.0) / refill)
    };
    calls.into_iter().map(through).max().unwrap_or_default()
}
