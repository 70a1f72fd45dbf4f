//! What is written of a network is read as that network: what abridging takes out, completing puts in again.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use trueup_model::{Files, Ref, Topology, Value};
use trueup_tests::simulation::network::Network;
use trueup_tests::simulation::secrets::Secrets;
use trueup_tests::{EVERY_KIND, parsed_with, topology};

/// So many random networks.
const SEEDS: u64 = 100;
const RESOURCES: usize = 12;

/// What a spec has for a value: a reference is a bare name there.
fn bare(value: &Value) -> Json {
    match value {
        Value::Ref(Ref::Name(address)) => json!(address.name.as_str()),
        Value::List(list) => list.iter().map(bare).collect(),
        Value::Map(map) => map
            .iter()
            .map(|(name, value)| (name.to_owned(), bare(value)))
            .collect::<Map<_, _>>()
            .into(),
        value => json!(value),
    }
}

/// A spec of this network, abridged.
fn written(topology: &Topology) -> Json {
    let mut spec = json!({"topology": topology.name, "region": topology.region});
    for resource in topology.resources.values().filter(|resource| !resource.implicit) {
        let mut own = bare(&trueup_spec::abridge(resource, topology).into());
        if resource.protect {
            own["protect"] = json!(true);
        }
        spec[resource.address.kind.as_str()][resource.address.name.as_str()] = own;
    }
    spec
}

/// Holds the network that a text means against what is read of it once it is written again.
fn hold(text: &str, files: &dyn Files) {
    let wanted = parsed_with(text, files).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let spec = written(&wanted);
    let again =
        parsed_with(&spec.to_string(), files).unwrap_or_else(|problems| panic!("{problems}\n{spec:#}"));
    assert_eq!(again.resources.len(), wanted.resources.len());
    for (address, resource) in &wanted.resources {
        let read = &again.resources[address];
        assert_eq!(
            (read.record.to_string(), read.protect),
            (resource.record.to_string(), resource.protect),
            "{address} of\n{text}\nwritten as {spec:#}"
        );
    }
}

struct Beside(PathBuf);

impl Files for Beside {
    fn text(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|error| format!("{path}: {error}"))
    }

    fn public_key(&self, _path: &str) -> Result<Option<String>, String> {
        Ok(Some("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA somebody".to_owned()))
    }
}

#[test]
fn every_example_is_read_again_as_it_is_written() {
    let specs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../specs"));
    let beside = Beside(specs.clone());
    let mut count = 0;
    for entry in std::fs::read_dir(specs).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if text.starts_with("topology:") || text.contains("\ntopology:") {
            hold(&text, &beside);
            count += 1;
        }
    }
    assert!(count >= 4, "{count} specs");
}

#[test]
fn every_kind_is_read_again_as_it_is_written() {
    hold(EVERY_KIND, &trueup_tests::NoFiles);
}

#[test]
fn random_networks_are_read_again_as_they_are_written() {
    for seed in 0..SEEDS {
        let secrets = Arc::new(Secrets::empty());
        let network = Network::wide(seed, RESOURCES, &secrets);
        hold(&network.text(), &*secrets);
    }
}

#[test]
fn what_follows_from_the_rest_is_not_written() {
    let spec = json!({
        "topology": "shop", "region": "us-west-2",
        "vpc": {"main": {"cidr_block": "10.0.0.0/16"}},
        "route_table": {"app": {"routes": [{"destination": "10.9.0.0/16", "vpc_peering_connection": "pcx-0123456789abcdef0"}]}},
        "security_group": {"web": {"description": "Web", "egress": [{"protocol": "tcp", "port": "443", "prefix_list": "aws/s3"}]}},
        "vpc_endpoint": {"s3": {"service": "s3", "route_tables": ["app"]}},
    });
    assert_eq!(written(&topology(&spec.to_string())), spec);
}
