//! What may know what: the edges between crates, who knows the SDK, and where kinds live.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use trueup_model::Kind;

use super::{files, none, root, sources, text};

/// Which of our crates a crate may know, as `docs/design.md` has it.
const MAY_KNOW: [(&str, &[&str]); 10] = [
    ("model", &[]),
    ("sandbox", &[]),
    ("spec", &["model"]),
    ("plan", &["model"]),
    ("reach", &["model"]),
    ("engine", &["model"]),
    ("ec2", &["model"]),
    ("report", &["model"]),
    (
        "cli",
        &[
            "model", "spec", "plan", "reach", "engine", "ec2", "report", "sandbox",
        ],
    ),
    // Pure crates alone, so that the commands of developers build in seconds.
    ("xtask", &["model", "spec"]),
];

/// The crates that only compute: they know neither the SDK nor a runtime.
const PURE: [&str; 6] = ["model", "spec", "plan", "reach", "report", "xtask"];

/// The packages that a crate depends on, dev-dependencies included, by the keys of its `Cargo.toml`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = table.ends_with("dependencies");
            if let Some((_, package)) = table.split_once("dependencies.") {
                found.insert(package.to_owned());
            }
        } else if inside && let Some((key, _)) = line.split_once('=') {
            found.insert(key.trim().split('.').next().unwrap_or_default().to_owned());
        }
    }
    found
}

fn manifests() -> BTreeMap<String, BTreeSet<String>> {
    let folders = std::fs::read_dir(root().join("crates")).unwrap_or_else(|error| panic!("{error}"));
    let names = folders.map(|entry| {
        entry
            .unwrap_or_else(|error| panic!("{error}"))
            .file_name()
            .to_string_lossy()
            .into_owned()
    });
    names
        .map(|name| {
            let manifest = text(&Path::new("crates").join(&name).join("Cargo.toml"));
            (name, dependencies(&manifest))
        })
        .collect()
}

#[test]
fn crates_know_only_what_the_design_says() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_KNOW.into_iter().collect();
    let mut complaints = Vec::new();
    for (name, dependencies) in manifests() {
        let Some(may) = allowed.get(name.as_str()) else {
            complaints.push(format!(
                "{name} is a new crate: say in tests/cases/tidy/crates.rs and docs/design.md what it may know"
            ));
            continue;
        };
        let ours = dependencies
            .iter()
            .filter_map(|dependency| dependency.strip_prefix("trueup-"));
        complaints.extend(
            ours.filter(|known| !may.contains(known))
                .map(|known| format!("{name} knows {known}")),
        );
    }
    none("a crate knows more of ours than it may", &complaints);
}

#[test]
fn pure_crates_know_no_runtime_and_no_sdk() {
    let impure = |dependency: &&String| {
        dependency.starts_with("aws-")
            || ["tokio", "hyper", "hyper-util", "futures-util"].contains(&dependency.as_str())
    };
    let manifests = manifests();
    let complaints: Vec<String> = PURE
        .into_iter()
        .flat_map(|name| {
            manifests[name]
                .iter()
                .filter(impure)
                .map(move |dependency| format!("{name} depends on {dependency}"))
        })
        .collect();
    none("a pure crate only computes", &complaints);
}

#[test]
fn only_one_crate_knows_the_sdk() {
    let mut complaints: Vec<String> = manifests()
        .into_iter()
        .filter(|(name, _)| name != "ec2")
        .flat_map(|(name, known)| {
            known
                .into_iter()
                .filter(|d| d.starts_with("aws-"))
                .map(move |d| format!("{name} depends on {d}"))
        })
        .collect();
    let tests = dependencies(&text(Path::new("tests/Cargo.toml")));
    complaints.extend(
        tests
            .into_iter()
            .filter(|known| known.starts_with("aws-"))
            .map(|known| format!("tests depends on {known}")),
    );
    // Spelled in two parts, for this file is searched too.
    let sdk = ["aws", "sdk"].join("_");
    let named = sources()
        .into_iter()
        .filter(|path| !path.starts_with("crates/ec2") && text(path).contains(&sdk));
    complaints.extend(named.map(|path| format!("{} names {sdk}", path.display())));
    none("only crates/ec2 knows the SDK", &complaints);
}

/// The files and folders of a folder of kinds, without `.rs`.
fn kinds_in(folder: &str) -> BTreeSet<String> {
    let depth = Path::new(folder).components().count();
    let top = |path: &Path| {
        path.components().nth(depth).map(|part| {
            part.as_os_str()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_owned()
        })
    };
    files(folder, "rs")
        .iter()
        .filter_map(|path| top(path))
        .filter(|name| name != "mod")
        .collect()
}

#[test]
fn a_kind_is_the_same_file_name_wherever_it_lives() {
    let all: BTreeSet<String> = Kind::ALL.into_iter().map(|kind| kind.to_string()).collect();
    assert_eq!(
        kinds_in("crates/model/src/kinds"),
        all,
        "crates/model/src/kinds is not the list of kinds"
    );
    assert_eq!(
        kinds_in("crates/ec2/src/kinds"),
        all,
        "crates/ec2/src/kinds is not the list of kinds"
    );
    // The sandbox also has what EC2 has around them.
    let sandbox = kinds_in("crates/sandbox/src/kinds");
    none(
        "the sandbox lacks a kind",
        &all.difference(&sandbox).cloned().collect::<Vec<_>>(),
    );
}

#[test]
fn dependencies_are_read_in_every_spelling() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = \"1\"\n[dev-dependencies]\nc = { path = \"c\" }\n\
                    [target.'cfg(unix)'.dependencies]\nd = \"1\"\n[dependencies.e]\nversion = \"1\"\n[features]\nf = []\n";
    assert_eq!(
        dependencies(manifest),
        ["a", "b", "c", "d", "e"].map(str::to_owned).into()
    );
}
