//! The head, kinds, names and tags: what is said about bad ones, and what right ones come to.

use trueup_model::Value;
use trueup_spec::{Options, parse};

use crate::common::{Memory, read, told};

bad! {
    no_topology: "vpc: {main: {cidr_block: 10.0.0.0/16}}\n";
    misspelt_head: "topolgy: t\nregon: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16}}\n";
    head_of_wrong_types: "topology: [t]\naccount: {a: b}\nregion: 7\ntags: [a]\n";
    head_without_values: "topology:\naccount:\nregion:\ntags:\n";
    head_values_of_other_forms: "topology: t\nmax_deletes: '3'\nexpect:\n";
    account_as_a_number: "topology: t\naccount: 123456789012\n";
    account_with_leading_zeros: "topology: t\naccount: 012345678901\n";
    account_with_dashes: "topology: t\naccount: 1234-5678-9012\n";
    account_of_no_form: "topology: t\naccount: \"12345\"\n";
    region_of_no_form: "topology: t\nregion: Oregon\n";
    region_that_is_a_zone: "topology: t\nregion: us-west-2a\n";
    unknown_kind: "topology: t\noutputs: []\nsubent: {a: {}}\nsecurity_groups: {}\n";
    kind_of_a_list: "topology: t\nvpc:\n  - main\ninternet_gateway: main\nsubnet: {a: {vpc: main, cidr_block: 10.0.0.0/24}}\n";
    resource_of_wrong_type: "topology: t\nvpc: {main: 10.0.0.0/16, other: [a], third:\n    - b\n  }\n";
    names: "topology: Bad Name\nvpc: {vpc-0123456789abcdef0: {cidr_block: 10.0.0.0/16}, Main: {cidr_block: 10.1.0.0/16}, -x: {cidr_block: 10.2.0.0/16}}\nsubnet: {a: {vpc: Main, cidr_block: 10.1.0.0/24}}\n";
    long_name: &format!("topology: t\nelastic_ip: {{{}: }}\n", "x".repeat(129));
    tag_keys: "topology: t\ntags: {'aws:x': y, 'AWS:y': z, '': w}\nelastic_ip: {e: {tags: {'trueup:protect': true, 'trueup:topology': t}}}\n";
    tag_values: "topology: t\ntags: {team: [a, b], owner: {name: x}}\nelastic_ip: {e: {tags: text, protect: sure}, f: {tags: , protect: }}\n";
    long_tags: &format!("topology: t\nelastic_ip: {{e: {{tags: {{{}: x, y: {}}}}}}}\n", "k".repeat(129), "v".repeat(257));
    too_many_tags: &format!("topology: t\ntags: {{{}}}\nelastic_ip: {{e: {{tags: {{a: b}}}}, f: {{tags: {{k0: null}}}}}}\n", (0..43).map(|n| format!("k{n}: v")).collect::<Vec<_>>().join(", "));
    default_name_too_long: &format!("topology: {}\nelastic_ip: {{{}: }}\n", "t".repeat(128), "e".repeat(128));
}

fn topology(text: &str) -> trueup_model::Topology {
    let parsed = read(text);
    parsed
        .topology
        .unwrap_or_else(|| panic!("{}", told(text, &parsed.diagnostics)))
}

#[test]
fn tags_are_those_of_the_head_under_those_of_the_resource() {
    let text = "topology: net\ntags: {team: network, cost: 007, on: true, ratio: 1.10}\nelastic_ip:\n  a:\n  b: {tags: {team: null, Name: mine, cost: 'x'}}\n";
    let topology = topology(text);
    let tags = |name: &str| {
        topology.resources[&name.parse().unwrap()]
            .record
            .value("tags")
            .unwrap()
            .to_string()
    };
    assert_eq!(
        tags("elastic_ip.a"),
        "{Name: net-a, cost: 007, on: true, ratio: 1.10, team: network}"
    );
    assert_eq!(
        tags("elastic_ip.b"),
        "{Name: mine, cost: x, on: true, ratio: 1.10, team: null}"
    );
    let removed = topology.resources[&"elastic_ip.b".parse().unwrap()]
        .record
        .value("tags")
        .unwrap()
        .as_map()
        .unwrap()
        .value("team")
        .cloned();
    assert_eq!(removed, Some(Value::Null));
}

#[test]
fn the_head_is_kept_and_anchors_are_ignored() {
    let topology = topology(
        "x-anything: {goes: [here]}\ntopology: t\naccount: '012345678901'\nregion: us-gov-east-1\nelastic_ip: {e: {protect: true}, f: }\nsubnet:\n",
    );
    assert_eq!(
        (topology.name.as_str(), topology.account.as_deref()),
        ("t", Some("012345678901"))
    );
    assert_eq!(topology.region.as_deref(), Some("us-gov-east-1"));
    assert!(topology.resources[&"elastic_ip.e".parse().unwrap()].protect);
    assert!(!topology.resources[&"elastic_ip.f".parse().unwrap()].protect);
    assert_eq!(topology.places["region"].line, 4);
    assert_eq!(topology.resources.len(), 2);
}

#[test]
fn the_region_of_the_options_is_for_specs_without_one() {
    let files = Memory::default();
    let region = |text: &str| {
        parse(
            "s",
            text,
            &Options {
                region: Some("eu-west-1"),
                files: &files,
            },
        )
        .topology
        .unwrap()
        .region
        .unwrap()
    };
    assert_eq!(region("topology: t\n"), "eu-west-1");
    assert_eq!(region("topology: t\nregion: us-west-2\n"), "us-west-2");
}

#[test]
fn names_may_be_spelled_with_digits_alone() {
    let topology =
        topology("topology: 2024\nvpc: {1: {cidr_block: 10.0.0.0/16}}\ninternet_gateway: {true: {vpc: 1}}\n");
    assert_eq!(topology.name, "2024");
    assert_eq!(self::topology("topology: on\n").name, "on");
    assert_eq!(
        topology.resources[&"internet_gateway.true".parse().unwrap()]
            .record
            .get(trueup_model::attr::VPC)
            .unwrap()
            .to_string(),
        "vpc.1"
    );
}

#[test]
fn every_diagnostic_comes_once_and_in_order() {
    let text = "topology: t\nregion: x\nvpc: {b: {cidr_block: 1, nope: 2}, a: {nope: 1}}\nsubnet: {z: {}}\n";
    let places: Vec<_> = read(text)
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.place().unwrap().clone())
        .collect();
    assert!(places.is_sorted());
    assert_eq!(places.len(), 7, "{}", told(text, &read(text).diagnostics));
}
