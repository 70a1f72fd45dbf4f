//! What developers and CI run: `cargo xtask COMMAND`. One module per command; each gets the words after its
//! name.

mod bench;
mod docs;
mod labs;
mod mutants;
mod python;
mod simulate;
mod spoil;
mod test;
mod topologies;

use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A command, its line in the usage and what runs it.
struct Task {
    name: &'static str,
    help: &'static str,
    run: fn(&[OsString]) -> Result<(), Failure>,
}

/// The commands, in the order of the usage.
const TASKS: &[Task] = &[
    Task {
        name: "test",
        help: "runs every test, interoperation included; further words go to `cargo test`",
        run: test::run_words,
    },
    Task {
        name: "docs",
        help: "writes the pages of the kinds and the JSON Schema; --check only says what is stale",
        run: docs::run_words,
    },
    Task {
        name: "simulate",
        help: "runs random networks in trouble: --seeds N [--first S], or --seed S for one of them again",
        run: simulate::run_words,
    },
    Task {
        name: "spoil",
        help: "spoils EC2's answers in every way: --all, --draw N --seed S, or --number K for one of them again",
        run: spoil::run_words,
    },
    Task {
        name: "mutants",
        help: "takes each guard away in turn: the simulation must miss it",
        run: mutants::run_words,
    },
    Task {
        name: "labs",
        help: "holds answers about reachability against probes of real networks in a folder",
        run: labs::run_words,
    },
    Task {
        name: "bench",
        help: "measures what Trueup promises, against the sandbox and moto",
        run: bench::run_words,
    },
];

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let Some(task) = words
        .first()
        .and_then(|name| TASKS.iter().find(|task| *name == *task.name))
    else {
        tell("usage: cargo xtask COMMAND\n");
        for Task { name, help, .. } in TASKS {
            tell(&format!("  {name:<8} {help}"));
        }
        return ExitCode::FAILURE;
    };
    match (task.run)(&words[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&format!("xtask {}: {failure}", task.name));
            ExitCode::FAILURE
        }
    }
}

/// Why a command failed.
#[derive(Debug)]
struct Failure(String);

impl Failure {
    /// A failure that `why` tells.
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// A failure to do `what` with the file at `path`.
    fn of(what: &str, path: &Path, error: &std::io::Error) -> Self {
        Self(format!("cannot {what} {}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says something on standard error. Where nobody listens, the command goes on.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The folder of the workspace.
fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

/// Where cargo builds, and we beside it.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The cargo that runs us, in the folder of the workspace.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command whose output is for the user, and fails as it does.
fn run(command: &mut Command) -> Result<(), Failure> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let shown = words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("`{shown}` ended with {status}"))),
        Err(error) => Err(Failure::new(format!("cannot run `{shown}`: {error}"))),
    }
}
