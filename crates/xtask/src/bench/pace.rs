//! How long an apply takes of EC2's own time, beside the least that it could take, and how many answers a plan
//! waits for one after the other: on a paused clock, so that it is the same every time. `tests/bin/pace.rs`
//! does the work.

use super::Trueup;
use super::rows::Row;
use crate::topologies::RESOURCES_1420;
use crate::{Failure, cargo, root};

/// So much longer than the bound an apply may take.
const RATIO_MAX: f64 = 1.15;

/// So many answers a plan may wait for one after the other.
const ROUND_TRIPS_MAX: f64 = 4.0;

/// The figures of the seed, of a production topology and of a large one.
pub fn rows(trueup: &Trueup) -> Result<Vec<Row>, Failure> {
    let large = trueup.spec("1,420.yaml", &RESOURCES_1420.spec())?;
    let specs = root().join("specs");
    let paths = [
        specs.join("gateway-endpoint.yaml"),
        specs.join("production.yaml"),
        large,
    ];
    let mut command = cargo();
    command
        .args([
            "run",
            "--release",
            "--locked",
            "--quiet",
            "--package",
            "trueup-tests",
            "--bin",
            "pace",
            "--",
        ])
        .args(paths);
    let output = command
        .output()
        .map_err(|error| Failure::new(format!("cannot run pace: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(Failure::new(format!(
            "pace ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    let rows: Vec<[Row; 2]> = text.lines().map(both).collect::<Result<_, _>>()?;
    Ok(rows.into_iter().flatten().collect())
}

/// The figures of one spec.
fn both(line: &str) -> Result<[Row; 2], Failure> {
    let strange = || Failure::new(format!("pace says `{line}`"));
    let [name, numbers @ ..] = &line.split('\t').collect::<Vec<_>>()[..] else {
        return Err(strange());
    };
    let numbers: Result<Vec<f64>, _> = numbers.iter().map(|text| text.parse()).collect();
    let [bound, time, plan, round_trips] = numbers.map_err(|_| strange())?[..] else {
        return Err(strange());
    };
    Ok([
        Row::new(
            &format!("apply: {name}, EC2's time"),
            &format!("at most {RATIO_MAX} × bound"),
            &format!("{:.2} ({time:.1} s of {bound:.1} s)", time / bound),
            Some(time <= bound * RATIO_MAX),
        ),
        Row::new(
            &format!("plan: {name}, round trips"),
            &format!("at most {ROUND_TRIPS_MAX}"),
            &format!("{round_trips:.1} ({plan:.2} s at 150 ms)"),
            Some(round_trips <= ROUND_TRIPS_MAX),
        ),
    ])
}
