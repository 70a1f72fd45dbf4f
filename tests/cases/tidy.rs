//! The house is kept in order: rules about the repository itself that no compiler holds.

mod crates;
mod diffs;
mod effects;
mod links;
mod modules;
mod names;
mod specs;

use std::path::{Path, PathBuf};

/// The top of the repository.
fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .unwrap_or_else(|| panic!("{} has no parent", tests.display()))
        .to_owned()
}

/// All files below a folder of the repository that end like this, by their paths in it, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.unwrap_or_else(|error| panic!("{error}")).path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path.strip_prefix(root()).map(Path::to_owned).unwrap_or(path));
            }
        }
    }
    assert!(
        !found.is_empty(),
        "{folder} has no .{extension} file: what is checked has moved"
    );
    found.sort();
    found
}

/// The text of a file of the repository.
fn text(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All of our Rust.
fn sources() -> Vec<PathBuf> {
    let mut sources = files("crates", "rs");
    sources.extend(files("tests", "rs"));
    sources
}

/// Fails with every complaint at once.
fn none(what: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{what}:\n  {}", complaints.join("\n  "));
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent = sources()
        .into_iter()
        .filter(|path| !text(path).starts_with("//! "));
    none(
        "a file opens with `//!`: what it is for",
        &silent.map(|path| path.display().to_string()).collect::<Vec<_>>(),
    );
}

#[test]
fn no_source_file_is_longer_than_a_person_reads() {
    let long = sources()
        .into_iter()
        .map(|path| (text(&path).lines().count(), path))
        .filter(|(lines, _)| *lines >= 600);
    none(
        "a file has less than 600 lines: split it where it has two subjects",
        &long
            .map(|(lines, path)| format!("{}: {lines}", path.display()))
            .collect::<Vec<_>>(),
    );
}
