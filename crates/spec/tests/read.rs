//! Reading specs: what they come to, and what is said about bad ones.

use std::collections::BTreeMap;
use std::fmt::Write;

use trueup_model::{Diagnostic, Files};
use trueup_spec::{Options, Parsed, parse};

/// Files that exist only here.
#[derive(Default)]
struct Memory(BTreeMap<&'static str, &'static str>);

impl Files for Memory {
    fn text(&self, path: &str) -> Result<String, String> {
        self.0.get(path).map(|text| (*text).to_owned()).ok_or_else(|| format!("{path}: no such file"))
    }

    fn public_key(&self, path: &str) -> Result<Option<String>, String> {
        Ok(self.0.get(path).map(|text| (*text).to_owned()))
    }
}

fn read(text: &str) -> Parsed {
    parse("spec.yaml", text, &Options { region: Some("us-west-2"), files: &Memory::default() })
}

/// Diagnostics as text: the place, the message, the labels, the help.
fn told(diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let place = diagnostic.place().map(|place| format!("{}:{}: ", place.line, place.column)).unwrap_or_default();
        let _ = writeln!(out, "{place}{:?}[{}]: {}", diagnostic.severity, diagnostic.code, diagnostic.message);
        for label in diagnostic.labels.iter().filter(|label| !label.text.is_empty()) {
            let _ = writeln!(out, "  {}:{}: {}", label.place.line, label.place.column, label.text);
        }
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    out
}

#[test]
fn the_examples_are_right() {
    for name in ["gateway-endpoint", "nat-gateway", "endpoint-policy"] {
        let path = format!("{}/../../specs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let policy = include_str!("../../../specs/endpoint-policy.dynamodb.json");
        let files = Memory(BTreeMap::from([("endpoint-policy.dynamodb.json", policy)]));
        let text = std::fs::read_to_string(&path).unwrap();
        let parsed = parse(&path, &text, &Options { region: None, files: &files });
        assert_eq!(told(&parsed.diagnostics), "", "{name}");
        assert_eq!(parsed.topology.unwrap().name, name);
    }
}

#[test]
fn the_seed_is_read_canonically() {
    let text = include_str!("../../../specs/gateway-endpoint.yaml");
    let topology = read(text).topology.unwrap();
    let mut out = String::new();
    for resource in topology.resources.values() {
        writeln!(out, "{} {}", resource.address, resource.record.without(&["tags"])).unwrap();
    }
    insta::assert_snapshot!(out);
}

#[test]
fn shorthands_stand_for_many_rules() {
    let parsed = read(
        "topology: t\nvpc: {main: {cidr_block: 10.0.0.0/16}}\nsecurity_group:\n  web:\n    description: Web\n    ingress:\n      - {protocol: tcp, port: [80, 443], cidr: [10.0.0.0/8, \"fd00::/8\"]}\n",
    );
    let topology = parsed.topology.unwrap_or_else(|| panic!("{}", told(&parsed.diagnostics)));
    let group = &topology.resources[&"security_group.web".parse().unwrap()];
    assert_eq!(group.record.list("ingress").len(), 4);
    assert_eq!(group.record.list("egress").len(), 1);
}

macro_rules! bad {
    ($($name:ident: $text:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let parsed = read($text);
                insta::assert_snapshot!(told(&parsed.diagnostics));
            }
        )*
    };
}

const VPC: &str = "vpc: {main: {cidr_block: 10.0.0.0/16}}\n";

fn with_vpc(rest: &str) -> String {
    format!("topology: t\n{VPC}{rest}")
}

bad! {
    empty_file: "";
    only_a_comment: "# nothing\n";
    a_scalar: "hello";
    a_list: "- a\n- b\n";
    not_yaml: "topology: [unclosed\nvpc: {";
    tabs: "topology: t\nvpc:\n\tmain:\n";
    two_documents: "topology: t\n---\ntopology: u\n";
    no_topology: "vpc: {main: {cidr_block: 10.0.0.0/16}}\n";
    deep: &format!("topology: {}", "[".repeat(10_000));
    unknown_kind: "topology: t\nsubent: {a: {}}\nbucket: {}\n";
    unknown_attribute: &with_vpc("subnet: {a: {cidr_blok: 10.0.0.0/24, colour: red}}\n");
    missing_attributes: &with_vpc("subnet: {a: {}}\ninstance: {b: {subnet: a}}\n");
    wrong_types: "topology: t\naccount: 123456789012\nregion: [x]\nvpc: {main: {cidr_block: 10, enable_dns_support: yes, instance_tenancy: shared}, other: 3, third: {cidr_block: [a]}}\n";
    bad_ranges: "topology: t\nvpc: {a: {cidr_block: 10.0.0.5/16}, b: {cidr_block: 10.0.0.0/8}, c: {cidr_block: 010.0.0.0/16}, d: {cidr_block: 10.0.0.0}}\n";
    outside_and_overlap: &with_vpc("subnet:\n  a: {cidr_block: 10.1.0.0/24}\n  b: {cidr_block: 10.0.0.0/23}\n  c: {cidr_block: 10.0.1.0/24}\n");
    vpc_overlap: "topology: t\nvpc: {main: {cidr_block: 10.0.0.0/16, secondary_cidr_blocks: [10.0.128.0/20]}}\n";
    doubled_keys: "topology: t\nvpc:\n  main: {cidr_block: 10.0.0.0/16, cidr_block: 10.1.0.0/16}\n  main: {}\nvpc: {}\n";
    references: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, route_table: privat}}\nroute_table: {private: {}}\ninternet_gateway: {g: {vpc: igw-0123456789abcdef0}, h: {vpc: private}}\n");
    circle: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, route_table: r}}\nroute_table: {r: {routes: [{destination: 0.0.0.0/0, nat_gateway: n}]}}\nnat_gateway: {n: {subnet: a, connectivity_type: private}}\n");
    rules: &with_vpc("security_group:\n  g:\n    description: G\n    ingress:\n      - {protocol: tcp, cidr: 0.0.0.0/0}\n      - {protocol: TCP, port: 22, cidr: 0.0.0.0/0}\n      - {protocol: tcp, port: 70000, cidr: 0.0.0.0/0}\n      - {protocol: all, port: 22, cidr: 0.0.0.0/0}\n      - {protocol: tcp, port: 22}\n      - {protocol: tcp, port: 22, cidr: 10.0.0.0/8, security_group: g}\n      - {protocol: udp, port: 53, cidr: 10.0.0.0/8}\n      - {protocol: udp, port: 53, cidr: 10.0.0.0/8}\n");
    routes: &with_vpc("vpc_endpoint: {}\nroute_table:\n  r:\n    routes:\n      - {destination: 0.0.0.0/0, internet_gateway: g}\n      - {destination: 0.0.0.0/0, transit_gateway: tgw-0123456789abcdef0}\n      - {destination: 10.9.0.0/16}\n      - {destination: 10.8.0.0/16, internet_gateway: g, transit_gateway: tgw-0123456789abcdef0}\n      - {destination: 10.0.0.0/16, internet_gateway: g}\ninternet_gateway: {g: }\n");
    gateways: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\ninternet_gateway: {one: {vpc: a}, two: {vpc: a}}\nroute_table: {r: {vpc: b, routes: [{destination: 0.0.0.0/0, internet_gateway: one}]}}\nsubnet: {s: {vpc: b, cidr_block: 10.1.0.0/24}}\nelastic_ip: {e: }\nnat_gateway: {n: {subnet: s, elastic_ip: e}, m: {subnet: s}}\n";
    group_names: &with_vpc("security_group:\n  a: {description: A, group_name: Web}\n  b: {description: B, group_name: web}\n  c: {description: 'C|D', group_name: sg-x}\n  default: {description: D}\n");
    names: "topology: Bad Name\nvpc: {vpc-0123456789abcdef0: {cidr_block: 10.0.0.0/16}, Main: {cidr_block: 10.0.0.0/16}}\n";
    keys: "topology: t\nkey_pair: {a: {}, b: {private_key_file: x.pem, public_key: nonsense}, c: {public_key_file: missing.pub}, d: {public_key: ssh-dss AAAA}}\n";
    tags: "topology: t\ntags: {'aws:x': y, 'trueup:topology': z}\nvpc: {main: {cidr_block: 10.0.0.0/16, tags: [a], protect: sure}}\n";
    sole_vpc: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\ninternet_gateway: {g: }\n";
    no_value: &with_vpc("subnet: {a: {cidr_block: , map_public_ip_on_launch: }}\n");
    quotas: &with_vpc(&format!("security_group:\n  g:\n    description: G\n    ingress:\n      - {{protocol: tcp, port: [{}], cidr: 10.0.0.0/8}}\n", (1..=61).map(|n| n.to_string()).collect::<Vec<_>>().join(", ")));
}

#[test]
fn a_bomb_ends_quickly() {
    let mut text = String::from("topology: t\nx-a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (name, before) in ["b", "c", "d", "e", "f", "g", "h", "i"].into_iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"]) {
        let uses = vec![format!("*{before}"); 10].join(", ");
        writeln!(text, "x-{name}: &{name} [{uses}]").unwrap();
    }
    let parsed = read(&text);
    assert!(parsed.topology.is_none());
    assert_eq!(parsed.diagnostics[0].code, "too-large", "{}", told(&parsed.diagnostics));
}

#[test]
fn too_much_is_refused_unread() {
    let parsed = read(&"#".repeat(trueup_spec::BYTES_MAX + 1));
    assert_eq!(parsed.diagnostics[0].code, "too-large");
}

#[test]
fn no_text_makes_the_reader_fall_over() {
    let seed = include_str!("../../../specs/gateway-endpoint.yaml");
    for cut in (0..seed.len()).step_by(7).filter(|cut| seed.is_char_boundary(*cut)) {
        read(&seed[..cut]);
        read(&seed[cut..]);
    }
}

#[test]
fn the_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema.json");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let current = format!("{}\n", serde_json::to_string_pretty(&trueup_spec::json_schema()).unwrap());
    assert!(written == current, "docs/schema.json is stale: run `cargo xtask docs`");
}
