//! `simulate --seeds N [--first S]` runs many seeds on all cores and shrinks what fails, or ends at the first
//! failure where it is given `--until-failure`; `simulate --seed S` runs one again, and less of it: with
//! `--resources N`, `--edits K`, nothing that befalls it in some rounds (`--quiet 0,2`), or `--without
//! faults,meddling,death,stop,concurrent-runs`.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use trueup_tests::simulation::{Scenario, Tally, simulate};

/// Most of a simulation is making and dropping small texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often progress is reported.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// After so many failures it is enough.
const FAILURES_MAX: usize = 5;

const USAGE: &str = "usage: simulate --seeds N [--first S] [--until-failure]\n       simulate --seed S [--resources N] [--edits K] [--quiet ROUND,…] [--without TROUBLE,…]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        words
            .iter()
            .position(|word| word == name)
            .and_then(|at| words.get(at + 1)?.parse::<u64>().ok())
    };
    match (number("--seeds"), words.join(" ").parse::<Scenario>()) {
        (Some(seeds), _) => many(
            number("--first").unwrap_or(0),
            seeds,
            words.iter().any(|word| word == "--until-failure"),
        ),
        (None, Ok(scenario)) if !words.is_empty() => one(&scenario),
        (None, Err(why)) => refuse(&format!("{why}\n{USAGE}")),
        (None, Ok(_)) => refuse(USAGE),
    }
}

fn refuse(why: &str) -> ExitCode {
    say(why);
    ExitCode::FAILURE
}

fn one(scenario: &Scenario) -> ExitCode {
    match attempt(scenario, true) {
        Ok(tally) => {
            say(&format!(
                "{}holds: {} resources, {} calls: {:?}",
                tally.log,
                tally.resources,
                tally.all_calls(),
                tally.calls
            ));
            ExitCode::SUCCESS
        }
        Err(why) => refuse(&why),
    }
}

fn many(first: u64, seeds: u64, until_failure: bool) -> ExitCode {
    let start = Instant::now();
    let failures_max = if until_failure { 1 } else { FAILURES_MAX };
    let (next, done, calls, refused) = (
        AtomicU64::new(0),
        AtomicU64::new(0),
        AtomicU64::new(0),
        AtomicUsize::new(0),
    );
    let failed: Mutex<Vec<u64>> = Mutex::default();
    let told = Mutex::new(start);
    let failures = || failed.lock().unwrap_or_else(PoisonError::into_inner).len();
    let rate = |done: u64| {
        let a_second = Duration::from_secs(done).div_duration_f64(start.elapsed());
        format!("{done} of {seeds} seeds, {a_second:.1} a second")
    };
    let work = || {
        while failures() < failures_max {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= seeds {
                return;
            }
            match attempt(&Scenario::new(first + number), false) {
                Ok(tally) => {
                    calls.fetch_add(tally.all_calls(), Ordering::Relaxed);
                    refused.fetch_add(tally.refused, Ordering::Relaxed);
                }
                Err(_) => failed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(first + number),
            }
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.elapsed() > TOLD_EVERY {
                *told = Instant::now();
                say(&rate(done));
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    let done = done.into_inner();
    say(&format!(
        "{}; {} calls, {} edits refused",
        rate(done),
        calls.into_inner(),
        refused.into_inner()
    ));
    let mut failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.sort_unstable();
    for seed in &failed {
        if until_failure {
            let why = attempt(&Scenario::new(*seed), false).err().unwrap_or_default();
            say(&format!(
                "seed {seed} fails: {}",
                why.lines()
                    .find(|line| !line.starts_with(|c: char| c.is_ascii_digit()))
                    .unwrap_or("it panics")
            ));
            continue;
        }
        let (scenario, why) = smallest(Scenario::new(*seed));
        say(&format!(
            "\nseed {seed} fails. Again, as small as it gets: cargo xtask simulate {scenario}\n{why}"
        ));
    }
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The least of a failing scenario that still fails, and why.
fn smallest(mut scenario: Scenario) -> (Scenario, String) {
    let mut why = attempt(&scenario, false)
        .err()
        .unwrap_or_else(|| "it does not fail again".to_owned());
    while let Some((smaller, because)) = scenario
        .smaller()
        .into_iter()
        .find_map(|smaller| attempt(&smaller, false).err().map(|why| (smaller, why)))
    {
        (scenario, why) = (smaller, because);
    }
    (scenario, why)
}

/// Runs a scenario; a panic is a failure like any other.
fn attempt(scenario: &Scenario, told: bool) -> Result<Tally, String> {
    catch_unwind(AssertUnwindSafe(|| simulate(scenario, told))).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(text.unwrap_or_else(|| "it panics".to_owned()))
    })
}

fn say(text: &str) {
    // Where nobody listens, the seeds run on.
    let _ = writeln!(std::io::stdout(), "{text}");
}
