//! `docs`: writes the page of each kind, their index and the JSON Schema from the kinds' tables.

mod calls;
mod page;
mod samples;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use trueup_model::Kind;

use crate::print::{complain, say};

/// The files that are made from the tables: path in the repository, and contents.
fn files() -> Vec<(PathBuf, String)> {
    let kinds = Path::new("docs/kinds");
    let mut files: Vec<(PathBuf, String)> = Kind::ALL.into_iter().map(|kind| (kinds.join(format!("{kind}.md")), page::of(kind))).collect();
    files.push((kinds.join("README.md"), page::index()));
    files.push((PathBuf::from("docs/schema.json"), format!("{:#}\n", trueup_spec::json_schema())));
    files
}

/// The repository that this was built from.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What is stale: files that differ from what the tables say, and pages of kinds that are no more.
fn stale() -> Vec<PathBuf> {
    let files = files();
    let is_current = |(path, text): &&(PathBuf, String)| std::fs::read_to_string(root().join(path)).is_ok_and(|there| there == *text);
    let mut stale: Vec<PathBuf> = files.iter().filter(|file| !is_current(file)).map(|(path, _)| path.clone()).collect();
    let pages = std::fs::read_dir(root().join("docs/kinds")).into_iter().flatten().flatten();
    let there = pages.map(|page| Path::new("docs/kinds").join(page.file_name()));
    stale.extend(there.filter(|page| !files.iter().any(|(path, _)| path == page)));
    stale
}

/// Writes what is stale, and says what it wrote.
pub fn write() -> ExitCode {
    let stale = stale();
    for (path, text) in files().into_iter().filter(|(path, _)| stale.contains(path)) {
        let file = root().join(&path);
        let written = std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).and_then(|()| std::fs::write(&file, text));
        if let Err(error) = written {
            complain(&format!("{}: {error}", path.display()));
            return ExitCode::FAILURE;
        }
        say(&path.display().to_string());
    }
    // What is left belongs to no kind; deleting it is for a person to do.
    let left: Vec<PathBuf> = self::stale();
    left.iter().for_each(|path| complain(&format!("{} belongs to no kind: delete it", path.display())));
    if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says which files are stale, and fails if there are any.
pub fn check() -> ExitCode {
    let stale = stale();
    for path in &stale {
        complain(&format!("{} is not current: run `cargo xtask docs`", path.display()));
    }
    if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_current() {
        let stale = stale();
        assert!(stale.is_empty(), "run `cargo xtask docs`: {stale:?} are not current");
    }

    /// What the examples refer to, by kind.
    const AROUND: [(Kind, &str); 8] = [
        (Kind::Vpc, "vpc: {main: {cidr_block: 10.0.0.0/16}}\n"),
        (
            Kind::Subnet,
            "subnet: {public: {cidr_block: 10.0.1.0/24, route_table: public}, private: {cidr_block: 10.0.2.0/24, route_table: private}}\n",
        ),
        (Kind::InternetGateway, "internet_gateway: {main: }\n"),
        (Kind::ElasticIp, "elastic_ip: {nat: }\n"),
        (Kind::NatGateway, "nat_gateway: {main: {subnet: public, elastic_ip: nat}}\n"),
        (Kind::RouteTable, "route_table: {public: , private: }\n"),
        (Kind::SecurityGroup, "security_group: {web: {description: Web servers}}\n"),
        (Kind::KeyPair, "key_pair: {ops: {private_key_file: ops.pem}}\n"),
    ];

    struct NoFiles;

    impl trueup_model::Files for NoFiles {
        fn text(&self, path: &str) -> Result<String, String> {
            Err(format!("{path}: there are no files here"))
        }

        fn public_key(&self, _path: &str) -> Result<Option<String>, String> {
            Ok(None)
        }
    }

    #[test]
    fn every_example_is_a_right_spec_of_its_kind() {
        for kind in Kind::ALL {
            let around: String = AROUND.into_iter().filter(|(other, _)| *other != kind).map(|(_, text)| text).collect();
            let text = format!("topology: example\nregion: us-west-2\n{around}{}", kind.schema().example);
            let parsed = trueup_spec::parse("example.yaml", &text, &trueup_spec::Options { region: None, files: &NoFiles });
            let told: Vec<_> = parsed.diagnostics.iter().map(|diagnostic| (&diagnostic.message, diagnostic.place())).collect();
            assert!(told.is_empty(), "the example of {kind}: {told:?}\n{text}");
            let topology = parsed.topology.unwrap_or_else(|| panic!("the example of {kind} is no topology"));
            assert!(topology.of(kind).next().is_some(), "the example of {kind} shows none");
        }
    }
}
