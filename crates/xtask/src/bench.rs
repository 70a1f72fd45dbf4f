//! `bench`: measures what Trueup promises about calls, time and memory, and says which promises hold.
//!
//! The released binary is run as a user runs it, against a sandbox in another process and, where it is
//! installed, against moto. Nothing is measured inside the program itself but the calls, which it counts for
//! `--call-report`.

mod fill;
mod pace;
mod process;
mod rows;
mod server;

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use process::{Needed, measure};
use server::Server;

use crate::{Failure, cargo, root, run, target};

/// The parts, each of which can be measured alone.
const PARTS: [&str; 6] = ["validate", "reach", "sandbox", "large", "pace", "moto"];

/// Builds the binary, measures, and fails if a figure is missed. Without words it measures all parts.
pub fn run_words(words: &[OsString]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    if let Some(word) = words.iter().find(|word| !PARTS.contains(word)) {
        let why = format!("`{word}` is none of its parts, which are {}", PARTS.join(", "));
        return Err(Failure::new(why));
    }
    let is_meant = |part: &str| words.is_empty() || words.contains(&part);
    run(cargo().args(["build", "--release", "--package", "trueup-cli", "--locked"]))?;
    let trueup = Trueup::new(target().join("release/trueup"))?;
    say(&format!(
        "profile release (the SDK at opt-level 0); {}",
        machine()
    ));
    let mut rows = Vec::new();
    for part in PARTS.into_iter().filter(|part| is_meant(part)) {
        rows.extend(match part {
            "validate" => rows::offline(&trueup)?,
            "reach" => rows::reach(&trueup)?,
            "sandbox" => rows::sandbox(&trueup)?,
            "large" => rows::large(&trueup)?,
            "pace" => pace::rows(&trueup)?,
            _ => match server::moto_program() {
                Some(moto) => rows::moto(&trueup, &moto)?,
                None => {
                    say(
                        "moto is not installed: its rows are skipped; `cargo xtask test` installs it into target/python",
                    );
                    Vec::new()
                }
            },
        });
    }
    say(&rows::table(&rows));
    let missed = rows.iter().filter(|row| row.ok == Some(false)).count();
    if missed == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!("{missed} figures are missed")))
    }
}

/// A line of result. Where nobody reads it, measuring goes on.
fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// What the figures were taken on.
fn machine() -> String {
    let cores = std::thread::available_parallelism()
        .map_or_else(|_| "an unknown number of".to_owned(), |cores| cores.to_string());
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    format!(
        "{cores} cores{}",
        model.map(|model| format!(" ({model})")).unwrap_or_default()
    )
}

/// The binary, with a folder for specs and reports.
struct Trueup {
    program: PathBuf,
    folder: tempfile::TempDir,
}

/// What a run came to.
struct Run {
    needed: Needed,
    /// How many calls it made, STS included.
    calls: u64,
}

impl Trueup {
    fn new(program: PathBuf) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::of("make", Path::new("a temporary folder"), &error))?;
        Ok(Self { program, folder })
    }

    /// Puts a spec into the folder.
    fn spec(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.folder.path().join(name);
        fs::write(&path, text).map_err(|error| Failure::of("write", &path, &error))?;
        Ok(path)
    }

    /// The spec of the seed topology.
    fn seed(&self) -> Result<PathBuf, Failure> {
        let path = root().join("specs/gateway-endpoint.yaml");
        let text = fs::read_to_string(&path).map_err(|error| Failure::of("read", &path, &error))?;
        self.spec("gateway-endpoint.yaml", &text)
    }

    /// A command with none of the user's own settings.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().current_dir(self.folder.path()).envs([
            ("AWS_ACCESS_KEY_ID", "measured"),
            ("AWS_SECRET_ACCESS_KEY", "measured"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]);
        command
    }

    /// Reads and checks a spec.
    fn validate(&self, spec: &Path) -> Result<Needed, Failure> {
        measure(self.command().arg("validate").arg(spec))
    }

    /// Tells who can talk to whom on a spec.
    fn reach(&self, spec: &Path) -> Result<Needed, Failure> {
        measure(self.command().arg("reach").arg(spec))
    }

    /// Runs a command about a spec against a server; it must succeed.
    fn against(&self, server: &Server, words: &[&str], spec: &Path) -> Result<Run, Failure> {
        let report = self.folder.path().join("calls.json");
        let mut command = self.command();
        command
            .args(words)
            .arg(spec)
            .args(["--endpoint-url", &server.url])
            .arg("--call-report")
            .arg(&report);
        let needed = measure(&mut command)?;
        let text = fs::read_to_string(&report).map_err(|error| Failure::of("read", &report, &error))?;
        let calls = serde_json::from_str::<std::collections::BTreeMap<String, u64>>(&text);
        let calls = calls
            .map_err(|error| Failure::new(format!("the report of calls is of another form: {error}")))?;
        Ok(Run {
            needed,
            calls: calls.values().sum(),
        })
    }
}
