//! `docs`: writes the page of each kind, their index and the JSON Schema from the kinds' tables.

mod calls;
mod page;
mod samples;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use trueup_model::Kind;

use crate::{Failure, root, tell};

/// The files that are made from the tables: path in the repository, and contents.
fn files() -> Vec<(PathBuf, String)> {
    let kinds = Path::new("docs/kinds");
    let mut files: Vec<(PathBuf, String)> = Kind::ALL
        .into_iter()
        .map(|kind| (kinds.join(format!("{kind}.md")), page::of(kind)))
        .collect();
    files.push((kinds.join("README.md"), page::index()));
    files.push((
        PathBuf::from("docs/schema.json"),
        format!("{:#}\n", trueup_spec::json_schema()),
    ));
    files
}

/// What is stale: files that differ from what the tables say, and pages of kinds that are no more.
fn stale() -> Vec<PathBuf> {
    let files = files();
    let is_current = |(path, text): &&(PathBuf, String)| {
        std::fs::read_to_string(root().join(path)).is_ok_and(|there| there == *text)
    };
    let mut stale: Vec<PathBuf> = files
        .iter()
        .filter(|file| !is_current(file))
        .map(|(path, _)| path.clone())
        .collect();
    let pages = std::fs::read_dir(root().join("docs/kinds"))
        .into_iter()
        .flatten()
        .flatten();
    let there = pages.map(|page| Path::new("docs/kinds").join(page.file_name()));
    stale.extend(there.filter(|page| !files.iter().any(|(path, _)| path == page)));
    stale
}

/// Writes what is stale, or with `--check` fails if anything is.
pub fn run_words(words: &[OsString]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    match words[..] {
        [] => write(),
        ["--check"] => {
            let stale: Vec<String> = stale().iter().map(|path| path.display().to_string()).collect();
            if stale.is_empty() {
                Ok(())
            } else {
                Err(Failure::new(format!(
                    "run `cargo xtask docs`: not current: {}",
                    stale.join(", ")
                )))
            }
        }
        _ => Err(Failure::new("it takes nothing, or `--check`")),
    }
}

fn write() -> Result<(), Failure> {
    let stale = stale();
    for (path, text) in files().into_iter().filter(|(path, _)| stale.contains(path)) {
        let file = root().join(&path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Failure::of("make", folder, &error))?;
        }
        std::fs::write(&file, text).map_err(|error| Failure::of("write", &path, &error))?;
        tell(&format!("wrote {}", path.display()));
    }
    // What is left belongs to no kind; deleting it is for a person to do.
    let left: Vec<String> = self::stale()
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if left.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "delete what belongs to no kind: {}",
            left.join(", ")
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_current() {
        let stale = stale();
        assert!(
            stale.is_empty(),
            "run `cargo xtask docs`: {stale:?} are not current"
        );
    }

    /// What the examples refer to, by kind.
    const AROUND: [(Kind, &str); 10] = [
        (
            Kind::Vpc,
            "vpc: {main: {cidr_block: 10.0.0.0/16, ipv6_cidr_block: amazon, enable_dns_hostnames: true}}\n",
        ),
        (
            Kind::Subnet,
            "subnet: {public: {cidr_block: 10.0.1.0/24, availability_zone: us-west-2a, route_table: public}, private: {cidr_block: 10.0.2.0/24, route_table: private}, \
             private-a: {cidr_block: 10.0.3.0/24, availability_zone: us-west-2a}, private-b: {cidr_block: 10.0.4.0/24, availability_zone: us-west-2b}}\n",
        ),
        (Kind::InternetGateway, "internet_gateway: {main: }\n"),
        (Kind::ElasticIp, "elastic_ip: {nat: }\n"),
        (
            Kind::NatGateway,
            "nat_gateway: {main: {subnet: public, elastic_ip: nat}}\n",
        ),
        (Kind::RouteTable, "route_table: {public: , private: }\n"),
        (Kind::NetworkAcl, "network_acl: {public: }\n"),
        (
            Kind::SecurityGroup,
            "security_group: {web: {description: Web servers}, endpoints: {description: Endpoints}}\n",
        ),
        (
            Kind::Instance,
            "instance: {db: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: public}}\n",
        ),
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
            let around: String = AROUND
                .into_iter()
                .filter(|(other, _)| *other != kind)
                .map(|(_, text)| text)
                .collect();
            let text = format!(
                "topology: example\nregion: us-west-2\n{around}{}",
                kind.schema().example
            );
            let parsed = trueup_spec::parse(
                "example.yaml",
                &text,
                &trueup_spec::Options {
                    region: None,
                    files: &NoFiles,
                },
            );
            let told: Vec<_> = parsed
                .diagnostics
                .iter()
                .map(|diagnostic| (&diagnostic.message, diagnostic.place()))
                .collect();
            assert!(told.is_empty(), "the example of {kind}: {told:?}\n{text}");
            let topology = parsed
                .topology
                .unwrap_or_else(|| panic!("the example of {kind} is no topology"));
            assert!(
                topology.of(kind).next().is_some(),
                "the example of {kind} shows none"
            );
        }
    }
}
