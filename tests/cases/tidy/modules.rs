//! No file is forgotten: a source that no module names is compiled by nobody, and tests in it are not run. The
//! tests of a crate are one program, which is linked once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{files, none, root, sources, text};

/// Where programs and crates begin.
fn is_root(path: &Path) -> bool {
    let program = |folder: &Path| {
        folder == Path::new("tests/bin") || folder.ends_with("examples") || is_tests_of_a_crate(folder)
    };
    path.ends_with("main.rs") || path.ends_with("lib.rs") || path.parent().is_some_and(program)
}

/// Whether cargo finds a program of tests in each file of this folder.
fn is_tests_of_a_crate(folder: &Path) -> bool {
    folder.ends_with("tests")
        && folder
            .parent()
            .is_some_and(|of| root().join(of).join("Cargo.toml").exists())
}

/// The files that may name the module of this one.
fn parents(path: &Path) -> Vec<PathBuf> {
    let module = if path.ends_with("mod.rs") {
        path.parent().unwrap_or(path)
    } else {
        path
    };
    let folder = module.parent().unwrap_or(Path::new(""));
    ["mod.rs", "main.rs", "lib.rs"]
        .map(|name| folder.join(name))
        .into_iter()
        .chain([folder.with_extension("rs")])
        .filter(|parent| parent != path)
        .collect()
}

/// Whether a text declares this module.
fn names(text: &str, module: &str) -> bool {
    text.lines()
        .filter_map(|line| line.trim().strip_suffix(';'))
        .any(|line| {
            let mut words = line.split_whitespace().rev();
            words.next() == Some(module) && words.next() == Some("mod")
        })
}

#[test]
fn every_source_file_is_named_by_its_module() {
    let forgotten = sources()
        .into_iter()
        .filter(|path| !is_root(path))
        .filter(|path| {
            let module = if path.ends_with("mod.rs") {
                path.parent().unwrap_or(path)
            } else {
                path
            };
            let module = module
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let mut parents = parents(path)
                .into_iter()
                .filter(|parent| root().join(parent).exists());
            !parents.any(|parent| names(&text(&parent), &module))
        });
    none(
        "no `mod` names these files",
        &forgotten
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_tests_of_a_crate_are_one_program() {
    let mut programs: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for path in files("crates", "rs") {
        let folder = path
            .ancestors()
            .skip(1)
            .find(|folder| is_tests_of_a_crate(folder));
        let Some(folder) = folder else { continue };
        if is_root(&path) {
            programs
                .entry(folder.to_owned())
                .or_default()
                .push(path.display().to_string());
        }
    }
    let several = programs.values().filter(|programs| programs.len() > 1);
    none(
        "put these into one program, with a main.rs that names them",
        &several.map(|programs| programs.join(", ")).collect::<Vec<_>>(),
    );
}

#[test]
fn modules_are_found_in_every_spelling() {
    assert!(
        names("mod a;\n", "a") && names("    pub(crate) mod a;\n", "a") && !names("mod ab;\nuse a;\n", "a")
    );
    let of = |path: &str| parents(Path::new(path));
    assert!(of("crates/x/src/a/b.rs").contains(&PathBuf::from("crates/x/src/a.rs")));
    assert!(of("crates/x/src/a/mod.rs").contains(&PathBuf::from("crates/x/src/lib.rs")));
    assert!(
        is_root(Path::new("crates/engine/tests/apply.rs")) && !is_root(Path::new("tests/harness/trial.rs"))
    );
}
