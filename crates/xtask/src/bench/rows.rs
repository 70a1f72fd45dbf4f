//! The figures: what each must reach, and how it is taken.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::fill::fill;
use super::process::{Needed, measure, middle};
use super::server::Server;
use super::{Run, Trueup};
use crate::topologies::{OBJECTS_10000, OBJECTS_100000, RESOURCES_134, RESOURCES_1420};
use crate::{Failure, cargo, run, target, tell};

/// One figure.
#[derive(Debug)]
pub struct Row {
    /// What is measured.
    figure: String,
    /// What it must reach; empty where nothing is promised.
    reach: String,
    /// What it is.
    measured: String,
    /// Whether it reaches that; `None` where nothing is promised.
    pub ok: Option<bool>,
}

/// How often what takes a moment is run: the value in the middle counts.
const MANY: usize = 21;
const FEW: usize = 5;

/// A plan that fails if there is something to do.
const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];
const APPLY: [&str; 2] = ["apply", "--auto-approve"];

/// So much more an object may cost in a topology of ten times as many.
const RATIO_MAX: f64 = 1.3;
/// So many bytes an object may take at the peak of a plan.
const EACH_MAX: f64 = 16e3;

const MIB: f64 = 1024.0 * 1024.0;

impl Row {
    fn time(figure: &str, time: Duration, below: Duration) -> Self {
        Self::new(
            figure,
            &format!("under {}", shown(below)),
            &shown(time),
            Some(time < below),
        )
    }

    fn memory(figure: &str, needed: &[Needed], below: f64) -> Self {
        let most = most(needed);
        // The bound is in MB, and so is what is compared with it.
        let megabytes = most as f64 / 1e6;
        let measured = format!("{megabytes:.0} MB ({:.0} MiB)", most as f64 / MIB);
        Self::new(
            figure,
            &format!("under {below:.0} MB"),
            &measured,
            Some(megabytes < below),
        )
    }

    /// What one object costs among ten times as many.
    fn for_each(figure: &str, measured: f64, before: f64) -> Self {
        let ratio = measured / before;
        Self::new(
            figure,
            &format!("at most {RATIO_MAX} × that of 10,000"),
            &format!("{ratio:.2}"),
            Some(ratio <= RATIO_MAX),
        )
    }

    fn calls(figure: &str, calls: u64, most: u64) -> Self {
        Self::new(
            figure,
            &format!("at most {most}"),
            &calls.to_string(),
            Some(calls <= most),
        )
    }

    fn told(figure: &str, measured: &str) -> Self {
        Self::new(figure, "", measured, None)
    }

    /// A figure in words.
    pub fn new(figure: &str, reach: &str, measured: &str, ok: Option<bool>) -> Self {
        Self {
            figure: figure.to_owned(),
            reach: reach.to_owned(),
            measured: measured.to_owned(),
            ok,
        }
    }
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.1 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

/// What needs no EC2.
pub fn offline(trueup: &Trueup) -> Result<Vec<Row>, Failure> {
    tell("validate");
    let seed = trueup.seed()?;
    let large = trueup.spec("objects-10000.yaml", &OBJECTS_10000.spec())?;
    let time = |spec: &Path, times: usize| -> Result<Duration, Failure> {
        let runs = (0..times)
            .map(|_| trueup.validate(spec))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(middle(&runs, |run| run.time))
    };
    Ok(vec![
        Row::time(
            "validate: seed, time",
            time(&seed, MANY)?,
            Duration::from_millis(20),
        ),
        Row::time(
            "validate: 10,000 objects, time",
            time(&large, FEW)?,
            Duration::from_secs(1),
        ),
    ])
}

/// What is promised about who can talk to whom. `crates/reach/examples/pairs.rs` makes up the large network.
pub fn reach(trueup: &Trueup) -> Result<Vec<Row>, Failure> {
    tell("reach");
    let seed = trueup.seed()?;
    let matrices = (0..MANY)
        .map(|_| trueup.reach(&seed))
        .collect::<Result<Vec<_>, _>>()?;
    run(cargo().args([
        "build",
        "--release",
        "--locked",
        "--package",
        "trueup-reach",
        "--example",
        "pairs",
    ]))?;
    let pairs = target().join("release/examples/pairs");
    let large = (0..FEW)
        .map(|_| measure(&mut Command::new(&pairs)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(vec![
        Row::time(
            "reach: seed, time",
            middle(&matrices, |run| run.time),
            Duration::from_millis(10),
        ),
        Row::time(
            "reach: all pairs of 5,000 hosts, time",
            middle(&large, |run| run.time),
            Duration::from_secs(2),
        ),
        Row::memory("reach: all pairs of 5,000 hosts, peak memory", &large, 300.0),
    ])
}

/// What is promised on the sandbox.
pub fn sandbox(trueup: &Trueup) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let seed = trueup.seed()?;
    let fresh = || Server::sandbox(&trueup.program);
    {
        tell("sandbox: seed");
        let server = fresh()?;
        trueup.against(&server, &APPLY, &seed)?;
        let plans = plans(trueup, &server, &seed, MANY)?;
        rows.push(Row::calls("plan: seed, calls", plans.calls, 16));
        rows.push(Row::told("plan: seed, time", &shown(plans.time())));
    }
    {
        tell("sandbox: 1,420 resources");
        let server = fresh()?;
        let spec = trueup.spec("resources-1420.yaml", &RESOURCES_1420.spec())?;
        let apply = trueup.against(&server, &APPLY, &spec)?;
        let plans = plans(trueup, &server, &spec, FEW)?;
        rows.push(Row::calls("plan: 1,420, calls", plans.calls, 40));
        rows.push(Row::time(
            "plan: 1,420, time",
            plans.time(),
            Duration::from_secs(1),
        ));
        rows.push(Row::memory("plan: 1,420, peak memory", &plans.needed, 120.0));
        rows.push(Row::calls("apply: 1,420, calls", apply.calls, 1_199));
        rows.push(Row::told("apply: 1,420, time", &shown(apply.needed.time)));
        rows.push(Row::told(
            "apply: 1,420, peak memory",
            &format!("{:.0} MB", apply.needed.memory as f64 / 1e6),
        ));
    }
    Ok(rows)
}

/// What is promised of large topologies on the sandbox: what an object costs where there are ten times as many.
pub fn large(trueup: &Trueup) -> Result<Vec<Row>, Failure> {
    tell("sandbox: 10,000 objects, which takes a minute");
    let smaller = {
        let server = Server::sandbox(&trueup.program)?;
        let spec = trueup.spec("objects-10000.yaml", &OBJECTS_10000.spec())?;
        trueup.against(&server, &APPLY, &spec)?;
        plans(trueup, &server, &spec, FEW)?
    };
    tell("sandbox: 100,000 objects, which takes some minutes");
    let larger = {
        let server = Server::sandbox(&trueup.program)?;
        let spec = trueup.spec("objects-100000.yaml", &OBJECTS_100000.spec())?;
        fill(&server.url, &OBJECTS_100000.topology()?)?;
        plans(trueup, &server, &spec, FEW)?
    };
    let (few, many) = (OBJECTS_10000.objects(), OBJECTS_100000.objects());
    let cpu = middle(&larger.needed, |run| run.cpu);
    let before = middle(&smaller.needed, |run| run.cpu);
    let (most, least) = (most(&larger.needed) as f64, most(&smaller.needed) as f64);
    let memory = Row::new(
        "plan: 100,000 objects, peak memory, for each",
        &format!("under {:.0} kB", EACH_MAX / 1e3),
        &format!(
            "{:.1} kB ({:.0} MB, {:.0} MiB in all)",
            most / many as f64 / 1e3,
            most / 1e6,
            most / MIB
        ),
        Some(most / (many as f64) < EACH_MAX),
    );
    Ok(vec![
        Row::time("plan: 10,000 objects, CPU", before, Duration::from_secs(4)),
        Row::memory("plan: 10,000 objects, peak memory", &smaller.needed, 400.0),
        Row::told("plan: 10,000 objects, calls", &smaller.calls.to_string()),
        Row::told("plan: 100,000 objects, CPU", &shown(cpu)),
        Row::for_each(
            "plan: 100,000 objects, CPU, for each",
            cpu.as_secs_f64() / many as f64,
            before.as_secs_f64() / few as f64,
        ),
        memory,
        Row::for_each(
            "plan: 100,000 objects, peak memory, for each",
            most / many as f64,
            least / few as f64,
        ),
        Row::told("plan: 100,000 objects, calls", &larger.calls.to_string()),
    ])
}

/// The most memory of some runs, in bytes.
fn most(runs: &[Needed]) -> u64 {
    runs.iter().map(|run| run.memory).max().unwrap_or_default()
}

/// What is promised on moto: a plan in a fifth of the time that Terraform takes there.
pub fn moto(trueup: &Trueup, program: &Path) -> Result<Vec<Row>, Failure> {
    let cases = [
        ("seed", trueup.seed()?, Duration::from_secs(9)),
        (
            "134",
            trueup.spec("resources-134.yaml", &RESOURCES_134.spec())?,
            Duration::from_secs(8),
        ),
        (
            "1,420",
            trueup.spec("resources-1420.yaml", &RESOURCES_1420.spec())?,
            Duration::from_secs(25),
        ),
    ];
    let mut rows = Vec::new();
    for (name, spec, terraform) in cases {
        tell(&format!("moto: {name}"));
        let server = Server::moto(program)?;
        let apply = trueup.against(&server, &APPLY, &spec)?;
        let plans = plans(trueup, &server, &spec, FEW)?;
        rows.push(Row::time(
            &format!("moto, plan: {name}, time"),
            plans.time(),
            terraform / 5,
        ));
        rows.push(Row::told(
            &format!("moto, plan: {name}, calls"),
            &plans.calls.to_string(),
        ));
        rows.push(Row::told(
            &format!("moto, apply: {name}, time"),
            &shown(apply.needed.time),
        ));
    }
    Ok(rows)
}

/// Several plans of one spec.
struct Plans {
    calls: u64,
    needed: Vec<Needed>,
}

impl Plans {
    fn time(&self) -> Duration {
        middle(&self.needed, |run| run.time)
    }
}

fn plans(trueup: &Trueup, server: &Server, spec: &Path, times: usize) -> Result<Plans, Failure> {
    let runs = (0..times)
        .map(|_| trueup.against(server, &PLAN, spec))
        .collect::<Result<Vec<Run>, _>>()?;
    let calls = runs.iter().map(|run| run.calls).max().unwrap_or_default();
    Ok(Plans {
        calls,
        needed: runs.into_iter().map(|run| run.needed).collect(),
    })
}

/// The rows as a table of Markdown, its columns aligned.
pub fn table(rows: &[Row]) -> String {
    let head = ["figure", "to reach", "measured", "ok"].map(str::to_owned);
    let mut cells = vec![head];
    cells.extend(rows.iter().map(|row| {
        let ok = row.ok.map_or("", |ok| if ok { "yes" } else { "NO" });
        [
            row.figure.clone(),
            row.reach.clone(),
            row.measured.clone(),
            ok.to_owned(),
        ]
    }));
    let widths: Vec<usize> = (0..4)
        .map(|column| {
            cells
                .iter()
                .map(|row| row[column].len())
                .max()
                .unwrap_or_default()
        })
        .collect();
    let line = |row: &[String; 4]| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("| {} |", cells.join(" | "))
    };
    let mut lines: Vec<String> = cells.iter().map(line).collect();
    lines.insert(
        1,
        format!(
            "|{}|",
            widths
                .iter()
                .map(|width| "-".repeat(width + 2))
                .collect::<Vec<_>>()
                .join("|")
        ),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_is_missed_is_told() {
        let rows = [
            Row::time("a", Duration::from_millis(20), Duration::from_millis(20)),
            Row::calls("b", 16, 16),
            Row::told("c", "7"),
            Row::memory(
                "d",
                &[Needed {
                    time: Duration::ZERO,
                    cpu: Duration::ZERO,
                    memory: 120_000_001,
                }],
                120.0,
            ),
        ];
        assert_eq!(
            rows.iter().map(|row| row.ok).collect::<Vec<_>>(),
            [Some(false), Some(true), None, Some(false)]
        );
        let table = table(&rows);
        assert!(
            table.contains("| a      | under 20.0 ms | 20.0 ms          | NO  |"),
            "{table}"
        );
    }
}
