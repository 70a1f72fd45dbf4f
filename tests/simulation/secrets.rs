//! The private keys of a simulation: written into their files, and to be found nowhere else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use trueup_cli::Beside;
use trueup_model::Files;

/// Shorter pieces of a key may be anywhere by chance.
const RUN_MIN: usize = 16;

/// The folder of the key files, and what is in them.
#[derive(Debug)]
pub struct Secrets {
    folder: tempfile::TempDir,
    /// By file: what is only in the private half.
    known: Mutex<Vec<(String, String)>>,
}

impl Secrets {
    /// A folder without keys. In memory where the system has such a place: the files are many and short-lived.
    pub fn new() -> Self {
        let shared = Path::new("/dev/shm");
        let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
        Self { folder: folder.unwrap_or_else(|error| panic!("no folder for key files: {error}")), known: Mutex::default() }
    }

    /// Where the key files are.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Learns what was written since the last time. How many files there are.
    pub fn learn(&self) -> usize {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names: BTreeSet<String> = known.iter().map(|(name, _)| name.clone()).collect();
        for entry in std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            // The first two lines hold the public half. What is not a letter or a digit is written in many ways.
            let lines = text.lines().filter(|line| !line.starts_with('-')).skip(2);
            let runs = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric())).filter(|run| run.len() >= RUN_MIN);
            if names.insert(name.clone()) {
                known.extend(runs.map(|run| (name.clone(), run.to_owned())));
            }
        }
        names.len()
    }

    /// The file whose private half is in a text.
    pub fn told_in(&self, text: &str) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(_, secret)| text.contains(secret.as_str())).map(|(name, _)| name.clone())
    }
}

impl Files for Secrets {
    fn text(&self, path: &str) -> Result<String, String> {
        Beside { folder: self.folder() }.text(path)
    }

    fn public_key(&self, path: &str) -> Result<Option<String>, String> {
        Beside { folder: self.folder() }.public_key(path)
    }
}
