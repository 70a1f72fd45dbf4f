//! `spoil --all` tries every spoiling on all cores; `spoil --draw N --seed S` tries some; `spoil --number K`
//! tries one again.

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use trueup_tests::spoiling::{Spoilings, Trial};

/// Most of a trial is making and dropping small texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often progress is reported.
const TOLD_EVERY: Duration = Duration::from_secs(10);

const USAGE: &str =
    "usage: spoil --all [--journey WORDS]\n       spoil --draw N --seed S\n       spoil --number K";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        words
            .iter()
            .position(|word| word == name)
            .and_then(|at| words.get(at + 1))
    };
    let number = |name: &str| value(name).and_then(|word| word.parse::<usize>().ok());
    let spoilings = Spoilings::find();
    let all = spoilings.trials();
    let chosen: Vec<&Trial> = match (
        number("--number"),
        number("--draw"),
        words.first().map(String::as_str),
    ) {
        (Some(one), ..) => all.iter().filter(|trial| trial.number == one).collect(),
        (None, Some(count), _) => drawn(all, count, number("--seed").unwrap_or_default()),
        (None, None, Some("--all")) => all
            .iter()
            .filter(|trial| value("--journey").is_none_or(|words| trial.to_string().contains(words.as_str())))
            .collect(),
        _ => {
            say(USAGE);
            return ExitCode::FAILURE;
        }
    };
    say(&format!("{} of {} spoilings", chosen.len(), all.len()));
    attempt_all(&spoilings, &chosen)
}

/// So many of them, each once.
fn drawn(all: &[Trial], count: usize, seed: usize) -> Vec<&Trial> {
    let mut random = fastrand::Rng::with_seed(seed as u64);
    let numbers: BTreeSet<usize> = random.choose_multiple(0..all.len(), count).into_iter().collect();
    numbers.into_iter().filter_map(|number| all.get(number)).collect()
}

fn attempt_all(spoilings: &Spoilings, chosen: &[&Trial]) -> ExitCode {
    let start = Instant::now();
    let (next, wrong) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let told = Mutex::new(start);
    let rate = |done: usize| {
        let a_second = Duration::from_secs(done as u64).div_duration_f64(start.elapsed());
        format!(
            "{done} of {} tried, {a_second:.1} a second, {} wrong",
            chosen.len(),
            wrong.load(Ordering::Relaxed)
        )
    };
    let work = || {
        while let Some(trial) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(why) = attempt(spoilings, trial) {
                wrong.fetch_add(1, Ordering::Relaxed);
                say(&format!(
                    "{why}\n  again: cargo xtask spoil --number {}",
                    trial.number
                ));
            }
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.elapsed() > TOLD_EVERY {
                *told = Instant::now();
                say(&rate(next.load(Ordering::Relaxed).min(chosen.len())));
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    say(&rate(chosen.len()));
    if wrong.load(Ordering::Relaxed) == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs one; a panic is wrong like anything else.
fn attempt(spoilings: &Spoilings, trial: &Trial) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| spoilings.attempt(trial)))
        .unwrap_or_else(|_| Err(format!("{trial}\n  it panics")))
}

fn say(text: &str) {
    // Where nobody listens, the trials run on.
    let _ = writeln!(std::io::stdout(), "{text}");
}
