//! `cargo xtask labs FOLDER`: holds answers about reachability against probes of real AWS networks. The data
//! is no part of the project; where the folder is missing, the check says that it was skipped.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::{Failure, cargo, run, tell};

/// Compares every network in the folder: each has `aws_configs` and `probes.jsonl`.
pub fn run_words(words: &[OsString]) -> Result<(), Failure> {
    let [folder] = words else {
        return Err(Failure::new("it takes the folder of the networks"));
    };
    let folder = PathBuf::from(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        tell(&format!("skipped: there is no folder {}", folder.display()));
        return Ok(());
    };
    let mut networks: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("probes.jsonl").is_file())
        .collect();
    networks.sort();
    if networks.is_empty() {
        return Err(Failure::new(format!(
            "{} holds no network with probes",
            folder.display()
        )));
    }
    // Relative paths are of the folder that the command was started in.
    let networks = networks
        .into_iter()
        .map(|path| std::path::absolute(&path).unwrap_or(path));
    run(cargo()
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            "trueup-reach",
            "--example",
            "probes",
            "--",
        ])
        .args(networks))
}
