//! `cargo xtask mutants`: takes each guard of the product away in turn and shows that the simulation notices.
//!
//! A guard is marked in the product by a comment, and that is all that the product knows of this: a copy of
//! the workspace gets every mutant at once, each behind a question to the environment, so that one build
//! serves them all. A mark without a mutant is an error, and so is a mutant without a mark or without its
//! expression.

mod marks;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::simulate::PROFILE;
use crate::{Failure, cargo, root, run, target, tell};

/// Asks for a mutant by its name.
const VARIABLE: &str = "TRUEUP_MUTANT";
/// A guard is noticed missing within so many seeds.
const SEEDS: &str = "2000";

/// The version of the product's packages, and of the mutants'.
const VERSION: &str = concat!("version = \"", env!("CARGO_PKG_VERSION"), "\"");
const MUTANT_VERSION: &str = concat!("version = \"", env!("CARGO_PKG_VERSION"), "-mutant\"");

/// A guard of the product, marked there with `// guard: NAME`, and what takes its place.
struct Mutant {
    name: &'static str,
    /// The expression below the mark.
    expression: &'static str,
    instead: &'static str,
}

const fn mutant(name: &'static str, expression: &'static str, instead: &'static str) -> Mutant {
    Mutant {
        name,
        expression,
        instead,
    }
}

/// Every guard that the simulation must miss. Several marks with one name are one mutant.
const MUTANTS: &[Mutant] = &[
    // Whose an object is.
    mutant("ownership", "owner.topology == topology", "true"),
    mutant("ownership", "owner.topology == folded.topology", "true"),
    // What is new is not shown everywhere at once.
    mutant("visibility of what is referred to", "300", "0"),
    mutant("visibility of what is referred to", "10", "0"),
    mutant(
        "visibility of what was made",
        "ec2.session.recently_created().iter().any(|(kind, id)| !shown(kind, id))",
        "{ let _ = &shown; false }",
    ),
    // A create that is repeated makes nothing twice.
    mutant(
        "deterministic token",
        "token(task.act, counter)",
        "format!(\"{}{}-{counter}\", task.ec2.session.run(), jitter_seed(&task.act.address.to_string()))",
    ),
    mutant(
        "look before a repeat",
        "look_up(task, &failure, own).await?",
        "None::<Object>",
    ),
    mutant("answers that are repeated", "!kind.has_token()", "true"),
    // Two runs at once.
    mutant(
        "being alone",
        "holders(task).await?.into_iter().find(|object| object.id != made.id)",
        "None::<Object>",
    ),
    mutant(
        "what another run made meanwhile",
        "task.ec2.session.has_lost()",
        "false",
    ),
    mutant(
        "settling doubles",
        "holders.iter().copied().max_by_key(|&index| rank(index))",
        "None",
    ),
    // The order of EC2.
    mutant(
        "order of references",
        "self.created.get(address)",
        "None::<&usize>",
    ),
    mutant("order of claims", "held.clashes(&claim)", "false"),
    mutant(
        "order of releases",
        "id.and_then(|id| ends.get(id))",
        "None::<&usize>",
    ),
    mutant(
        "order of hooks",
        "step.filter(|_| other != address)",
        "None::<usize>",
    ),
    // What must not be done.
    mutant(
        "budget",
        "guard::budget(topology, &plan)",
        "None::<trueup_model::Refusal>",
    ),
    mutant(
        "protection",
        "object.owner.as_ref().is_some_and(|owner| owner.protect)",
        "false",
    ),
    // What could not be read is not absent: a read that fails is noted, and what lists leave out is found by
    // its tags all the same.
    mutant(
        "reads that fail",
        "self.kinds.entry(kind).or_insert(error.message)",
        "Box::leak(Box::default())",
    ),
    mutant(
        "reads that fail",
        "consistency::confirm(ec2, missing, &mut unreadable).await?",
        "{ drop(missing); true }",
    ),
    mutant(
        "lists that are not whole",
        "kind_of(id).filter(|kind| wants_more(*kind))",
        "None::<Kind>",
    ),
    // No private key leaves its file.
    mutant(
        "private keys",
        "read(&self.base, &file).map_err(|error| local(&error))?",
        "self.base.read(&file).map(|key| String::from_utf8_lossy(&key).into_owned()).unwrap_or_default()",
    ),
];

/// Builds the copy, and runs the simulation of each mutant: it must fail.
pub fn run_words(words: &[OsString]) -> Result<(), Failure> {
    let names: BTreeSet<&str> = MUTANTS.iter().map(|mutant| mutant.name).collect();
    let asked: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    if let Some(unknown) = asked.iter().find(|name| !names.contains(*name)) {
        return Err(Failure::new(format!(
            "there is no mutant `{unknown}`; there are: {}",
            Vec::from_iter(names).join(", ")
        )));
    }
    let program = build()?;
    let mut survivors = Vec::new();
    for name in names
        .into_iter()
        .filter(|name| asked.is_empty() || asked.contains(name))
    {
        let said = simulate(&program, Some(name), &["--seeds", SEEDS, "--until-failure"])?;
        tell(&format!(
            "without {name}: {}",
            said.lines().last().unwrap_or_default()
        ));
        match refuting(&said) {
            None => survivors.push(name),
            // With the guard in its place the same seed holds, or it says nothing about the guard.
            Some(seed)
                if refuting(&simulate(
                    &program,
                    None,
                    &["--seeds", "1", "--first", seed, "--until-failure"],
                )?)
                .is_some() =>
            {
                return Err(Failure::new(format!(
                    "seed {seed} fails without any mutant: mend that first"
                )));
            }
            Some(_) => {}
        }
    }
    if survivors.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("nobody misses: {}", survivors.join(", "))))
    }
}

/// What the simulation says, with a mutant or without.
fn simulate(program: &Path, mutant: Option<&str>, words: &[&str]) -> Result<String, Failure> {
    let mut simulate = Command::new(program);
    simulate
        .args(words)
        .env_remove(VARIABLE)
        .envs(mutant.map(|name| (VARIABLE, name)))
        .stdin(Stdio::null());
    let output = simulate
        .output()
        .map_err(|error| Failure::of("run", program, &error))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // It tells a failure by its code and names the seed; anything else is no answer.
    match output.status.code() {
        Some(0) => Ok(said),
        Some(1) if refuting(&said).is_some() => Ok(said),
        _ => Err(Failure::new(format!(
            "the simulation ended with {}: {said}",
            output.status
        ))),
    }
}

/// The seed that fails.
fn refuting(said: &str) -> Option<&str> {
    said.lines().find_map(|line| {
        line.strip_prefix("seed ")?
            .split_once(" fails: ")
            .map(|(seed, _)| seed)
    })
}

/// The simulation with all mutants in it.
fn build() -> Result<PathBuf, Failure> {
    let mutated = marks::with_mutants(&sources()?, MUTANTS)?;
    let tree = target().join("mutants/tree");
    copy(&tree, mutated.keys().map(String::as_str).collect())?;
    for (file, text) in mutated {
        write(&tree.join(file), text)?;
    }
    // Under a version of its own it cannot be taken for the product; what both depend on is built once.
    let manifest = tree.join("Cargo.toml");
    write(
        &manifest,
        read(&root().join("Cargo.toml"))?.replacen(VERSION, MUTANT_VERSION, 1),
    )?;
    let mut build = cargo();
    build
        .args([
            "build",
            "--profile",
            PROFILE,
            "--offline",
            "--quiet",
            "--package",
            "trueup-tests",
            "--bin",
            "simulate",
        ])
        .current_dir(&tree);
    run(build.env("CARGO_TARGET_DIR", target()))?;
    let (built, program) = (
        target().join(PROFILE).join("simulate"),
        target().join("mutants/simulate"),
    );
    std::fs::rename(&built, &program).map_err(|error| Failure::of("move", &built, &error))?;
    Ok(program)
}

/// The product's sources, by their paths in the workspace.
fn sources() -> Result<BTreeMap<String, String>, Failure> {
    let mut sources = BTreeMap::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        let failed = |error| Failure::of("list", &folder, &error);
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let ours = path
                .file_name()
                .is_some_and(|name| name == "xtask" || name == "tests");
            if path.is_dir() && !ours {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap_or(&path);
                sources.insert(name.to_string_lossy().into_owned(), read(&path)?);
            }
        }
    }
    Ok(sources)
}

/// Copies what git knows of, less what is mutated; what is equal keeps its time, so that cargo builds only
/// what changed.
fn copy(tree: &Path, mut mutated: BTreeSet<&str>) -> Result<(), Failure> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    let listed = listed
        .map_err(|error| Failure::new(format!("cannot run git: {error}")))?
        .stdout;
    mutated.insert("Cargo.toml");
    for name in listed
        .split(|byte| *byte == 0)
        .filter_map(|name| std::str::from_utf8(name).ok())
    {
        let from = root().join(name);
        if !name.is_empty() && !mutated.contains(name) && from.is_file() {
            write(
                &tree.join(name),
                &std::fs::read(&from).map_err(|error| Failure::of("read", &from, &error))?,
            )?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::of("read", path, &error))
}

/// Writes a file unless it is there already as it should be.
fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    if std::fs::read(path).is_ok_and(|old| old == text.as_ref()) {
        return Ok(());
    }
    let write = || {
        std::fs::create_dir_all(path.parent().unwrap_or(path))
            .and_then(|()| std::fs::write(path, text.as_ref()))
    };
    write().map_err(|error| Failure::of("write", path, &error))
}
