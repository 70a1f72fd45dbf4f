//! The example specs: each one is right, and editors find the schema that helps to edit it.

use std::path::{Path, PathBuf};

use super::{files, none, root, text};

/// The files beside a spec. Private keys are never among the examples: they are made when a spec is applied.
struct Beside(PathBuf);

impl trueup_model::Files for Beside {
    fn text(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|error| format!("{path}: {error}"))
    }

    fn public_key(&self, _path: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

#[test]
fn every_example_is_right() {
    let mut complaints = Vec::new();
    for path in files("specs", "yaml") {
        let beside = Beside(root().join("specs"));
        let name = path.display().to_string();
        let parsed = trueup_spec::parse(
            &name,
            &text(&path),
            &trueup_spec::Options {
                region: None,
                files: &beside,
            },
        );
        complaints.extend(
            parsed
                .diagnostics
                .iter()
                .map(|diagnostic| format!("{name}: {}", diagnostic.message)),
        );
        assert!(
            parsed.topology.is_some() || !parsed.diagnostics.is_empty(),
            "{name} is refused without a word"
        );
    }
    none("an example is neither wrong nor worth a warning", &complaints);
}

#[test]
fn editors_find_the_schema_of_every_example() {
    const MODELINE: &str = "# yaml-language-server: $schema=";
    let schema = root()
        .join("docs/schema.json")
        .canonicalize()
        .unwrap_or_else(|error| panic!("docs/schema.json: {error}"));
    let leads = |path: &Path| {
        let text = text(path);
        let target = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix(MODELINE))
            .map(str::to_owned);
        target.is_some_and(|target| {
            root()
                .join("specs")
                .join(target)
                .canonicalize()
                .is_ok_and(|found| found == schema)
        })
    };
    let lost = files("specs", "yaml")
        .into_iter()
        .filter(|path| !leads(path))
        .map(|path| path.display().to_string());
    none(
        &format!("the first line is `{MODELINE}…` with the way to docs/schema.json"),
        &lost.collect::<Vec<_>>(),
    );
}
