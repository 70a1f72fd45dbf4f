//! One network made twice: by the commands of the article that the seed models, and by Trueup from the seed.

use std::fs;

use crate::programs::{Programs, Server, output};

/// The article's commands.
pub const ARTICLE: &str = include_str!("../interop/article.sh");
/// The seed.
pub const SEED: &str = include_str!("../../specs/gateway-endpoint.yaml");

/// What the article's commands leave, by the AWS CLI. `options` are those of the dump.
///
/// # Panics
/// Where a command fails.
pub fn by_hand(programs: &Programs, server: &Server, article: &str, options: &[&str]) -> String {
    let folder = folder();
    output(
        programs
            .command("bash", &server.url, folder.path())
            .args(["-c", article]),
        0,
    );
    for key in ["bastion-key.pem", "private-host-key.pem"] {
        assert!(
            fs::read_to_string(folder.path().join(key)).is_ok_and(|text| text.contains("PRIVATE KEY")),
            "{key} is no key"
        );
    }
    dump(programs, server, options)
}

/// What Trueup makes of the seed. `options` are those of the dump.
///
/// # Panics
/// Where the apply fails, or a key file is none.
pub fn by_trueup(programs: &Programs, server: &Server, options: &[&str]) -> String {
    let folder = folder();
    let spec = folder.path().join("gateway-endpoint.yaml");
    fs::write(&spec, SEED).unwrap_or_else(|error| panic!("{}: {error}", spec.display()));
    output(
        programs.trueup(&server.url, folder.path()).args([
            "apply",
            "--auto-approve",
            "gateway-endpoint.yaml",
        ]),
        0,
    );
    for key in ["bastion-key.pem", "private-host-key.pem"] {
        let public = output(
            programs
                .command("ssh-keygen", &server.url, folder.path())
                .args(["-y", "-f", key]),
            0,
        );
        assert!(public.starts_with("ssh-ed25519 "), "{key}: {public}");
    }
    dump(programs, server, options)
}

/// The whole network as `interop/network.py` prints it: equal networks are equal texts.
///
/// # Panics
/// Where it cannot be read.
#[must_use]
pub fn dump(programs: &Programs, server: &Server, options: &[&str]) -> String {
    let folder = folder();
    output(
        programs
            .python("network.py", &server.url, folder.path())
            .args(options),
        0,
    )
}

/// Compares two dumps.
///
/// # Panics
/// Where they differ, with the lines that do.
pub fn assert_same(by_hand: &str, by_trueup: &str) {
    let difference = similar::TextDiff::from_lines(by_hand, by_trueup)
        .unified_diff()
        .context_radius(12)
        .header("by hand", "by trueup")
        .to_string();
    assert!(difference.is_empty(), "the networks differ:\n{difference}");
}

/// A folder that goes with its value.
#[must_use]
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"))
}
