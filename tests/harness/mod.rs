//! What the end-to-end tests share: a sandbox in process, and the journey from a spec to a network and back.

pub mod crash_point;
pub mod deletions;
pub mod edit_list;
pub mod equivalence;
pub mod far;
mod filled;
pub mod flips;
pub mod kinds;
pub mod meddlings;
pub mod over_http;
pub mod programs;
pub mod settled;
pub mod trial;
mod world;

pub use filled::filled;
pub use kinds::EVERY_KIND;
pub use world::World;
pub(crate) use world::transport;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use trueup_model::{Files, Observed, Plan, Topology};

/// A public key that stands for every key file in the tests.
pub const PUBLIC_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVhGwVMZ0wKcwJ1E3MKZvvn6GEsXfCVVx5qVzMzNhV";

/// Another key.
pub const OTHER_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHn8eQzpPWYIuDDWzYZeFEFUWjmzXwCCPHXOAkJSYAPM";

/// So long a create waits before it looks whether it was the only one: longer than the sandbox takes to show
/// a new object.
pub const SHOWN_AFTER: Duration = Duration::from_secs(2);

/// Key files that all hold the same key, and no other files.
#[derive(Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn text(&self, path: &str) -> Result<String, String> {
        Err(format!("{path}: there are no files here"))
    }

    fn public_key(&self, _path: &str) -> Result<Option<String>, String> {
        Ok(Some(PUBLIC_KEY.to_owned()))
    }
}

/// Reads a spec, with everything there is to say about it.
pub fn read(text: &str) -> trueup_spec::Parsed {
    read_with(text, &NoFiles)
}

/// The same, with these files beside it.
pub fn read_with(text: &str, files: &dyn Files) -> trueup_spec::Parsed {
    trueup_spec::parse(
        "spec.yaml",
        text,
        &trueup_spec::Options {
            region: Some("us-west-2"),
            files,
        },
    )
}

/// Reads a spec; the problems of one that is not right.
pub fn parsed(text: &str) -> Result<Topology, String> {
    parsed_with(text, &NoFiles)
}

/// The same, with these files beside it.
pub fn parsed_with(text: &str, files: &dyn Files) -> Result<Topology, String> {
    let parsed = read_with(text, files);
    let problems: Vec<_> = parsed
        .diagnostics
        .iter()
        .map(|diagnostic| (&diagnostic.message, diagnostic.place()))
        .collect();
    parsed.topology.ok_or_else(|| format!("{problems:#?}"))
}

/// Reads a spec that must be right.
///
/// # Panics
/// Where it is not.
pub fn topology(text: &str) -> Topology {
    parsed(text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The actions of a plan's steps, in their order.
pub fn calls_of(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.call.action.name).collect()
}

/// How many objects each address has; what nobody's topology has is by its id.
pub fn holders(observed: &Observed) -> BTreeMap<String, usize> {
    let mut held = BTreeMap::new();
    let counts = |object: &&trueup_model::Object| !object.implicit || object.owner.is_some();
    for object in observed.objects.iter().filter(counts) {
        let address = object.owner.as_ref().map_or(&object.id, |owner| &owner.address);
        *held.entry(address.clone()).or_default() += 1;
    }
    held
}

/// One object for each resource.
pub fn one_each(topology: &Topology) -> BTreeMap<String, usize> {
    topology
        .resources
        .keys()
        .map(|address| (address.to_string(), 1))
        .collect()
}

/// Runs a test on a paused clock: what takes EC2 minutes takes no time here.
pub fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(test)
}

/// The real `trueup`, which cargo builds two folders above the tests.
///
/// # Panics
/// Where it is not built.
pub fn trueup() -> PathBuf {
    let tests = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    let trueup = tests.ancestors().nth(2).unwrap_or(Path::new(".")).join("trueup");
    assert!(
        trueup.exists(),
        "{} is not built: run `cargo xtask test`, or `cargo build --workspace` before",
        trueup.display()
    );
    trueup
}
