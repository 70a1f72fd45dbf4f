//! Attributes: what is said about unknown, missing and ill-written ones.

use std::collections::BTreeMap;
use trueup_model::attr::{EGRESS, INGRESS};
use trueup_spec::{Options, parse};

use crate::common::{Memory, read, told};

const VPC: &str = "topology: t\nregion: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16}}\n";

fn with_vpc(rest: &str) -> String {
    format!("{VPC}{rest}")
}

bad! {
    unknown: &with_vpc("subnet: {a: {cidr_blok: 10.1.0.0/24, colour: red}}\nsecurity_group: {g: {description: G, ingress: [{protocl: tcp, port: 22, cidr: 10.0.0.0/8, nme: x}]}}\n");
    words_of_other_tools: "topology: t\nregion: us-west-2\nvpc: {main: {cidr: 10.0.0.0/16}}\nigw: {gw: }\nroute_table: {r: {routes: [{destination_cidr_block: 0.0.0.0/0, igw: gw}, {destination: 10.9.0.0/16, gateway_id: igw-1}]}}\nsubnet: {a: {cidr: 10.0.0.0/24, az: us-west-2a, public_ip: true, name: front}}\nsecurity_group: {g: {description: G, ingress: [{ip_protocol: tcp, from_port: 22, to_port: 22, cidr_blocks: [10.0.0.0/8]}, {protocol: tcp, port: 80, source_security_group: g}, {protocol: tcp, port: 81, self: true}]}}\nelastic_ip: {e: }\nnat_gateway: {n: {subnet_id: a, eip: e}}\n";
    misspelt_beside_the_right_one: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, cidr_blocks: 10.0.0.0/24}}\n");
    missing: &with_vpc("subnet: {a: {}, b: }\ninstance: {c: {subnet: a}}\nroute_table: {r: {routes: [{internet_gateway: g}]}}\ninternet_gateway: {g: }\n");
    no_value: &with_vpc("subnet: {a: {cidr_block: , map_public_ip_on_launch: ~}}\nroute_table: {r: {routes: }}\n");
    switches: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16, enable_dns_support: yes, enable_dns_hostnames: \"true\"}, b: {cidr_block: 10.1.0.0/16, enable_dns_support: 1, enable_dns_hostnames: [true]}}\n";
    numbers: &with_vpc("instance: {i: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: subnet-0123456789abcdef0, root_volume: {size: 0, iops: \"3000\", throughput: 1.5, type: gp4}}}\n");
    text: "topology: t\nvpc: {a: {cidr_block: 10}, b: {cidr_block: {c: d}}, c: {cidr_block: true}}\nsecurity_group: {g: {vpc: a, description: 2024}, h: {vpc: a, description: [x]}}\n";
    long_text: &with_vpc(&format!("security_group: {{g: {{description: {}}}, h: {{description: \"{}\"}}}}\n", "x".repeat(256), "long | line ".repeat(20)));
    choices: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16, instance_tenancy: dedicatd}, b: {cidr_block: 10.1.0.0/16, instance_tenancy: shared}, c: {cidr_block: 10.2.0.0/16, instance_tenancy: [default]}}\n";
    ranges: "topology: t\nvpc: {a: {cidr_block: 10.0.0.5/16}, b: {cidr_block: 10.0.0.0/8}, c: {cidr_block: 010.0.0.0/16}, d: {cidr_block: 10.0.0.0}, e: {cidr_block: \"fd00::/64\"}, f: {cidr_block: ten}}\n";
    lists: &with_vpc("vpc_endpoint: {s3: {service: s3, route_tables: r}}\nroute_table: {r: {routes: {destination: 0.0.0.0/0}}}\nsecurity_group: {g: {description: G, ingress: all, egress: [tcp, 22]}}\n");
    twice_in_a_list: &with_vpc("vpc_endpoint: {s3: {service: s3, route_tables: [r, q, r]}}\nroute_table: {r: , q: }\n");
    ports: &with_vpc("security_group:\n  g:\n    description: G\n    ingress:\n      - {protocol: tcp, port: [22, 70000, x], cidr: 10.0.0.0/8}\n      - {protocol: TCP, port: 90-80, cidr: [10.0.0.0/8, 10.0.0.1]}\n      - {protocol: -1, cidr: 0.0.0.0/0}\n      - {protocol: udp, port: [], cidr: 0.0.0.0/0}\n");
    policies: &with_vpc("vpc_endpoint:\n  a: {service: s3, policy: allow}\n  b: {service: s3, policy: {Version: 2012-10-17}}\n  c: {service: s3, policy: {Statement: {Effect: , Action: \"*\"}}}\n  d: {service: s3, policy: {Statement: []}, policy_file: x.json}\n  e: {service: s3, policy_file: nowhere.json}\n");
    rules: &with_vpc("security_group:\n  g:\n    description: G\n    ingress:\n      - {protocol: tcp, cidr: 0.0.0.0/0}\n      - {protocol: all, port: 22, cidr: 0.0.0.0/0}\n      - {protocol: tcp, port: 22}\n      - {protocol: tcp, port: 22, cidr: 10.0.0.0/8, security_group: g}\n      - {protocol: udp, port: 53, cidr: 10.0.0.0/8}\n      - {protocol: udp, port: 53, cidr: 10.0.0.0/8, description: Again}\n      - {protocol: tcp, port: 1, cidr: 10.0.0.0/8, icmp_type: 8}\n      - {protocol: icmp, icmp_code: 0, cidr: 10.0.0.0/8}\n");
    bare_ranges: &with_vpc("security_group:\n  g:\n    description: G\n    ingress:\n      - {protocol: tcp, port: 22, cidr: ::/0}\n      - protocol: tcp\n        port: 23\n        cidr: ::/0\n        descrption: x\n");
    a_bad_member_keeps_the_others_in_their_places: &with_vpc("security_group:\n  g:\n    description: G\n    ingress:\n      - nonsense\n      - {protocol: tcp, cidr: 0.0.0.0/0}\n      - {protocol: tcp, port: 22, cidr: nowhere}\nroute_table:\n  r:\n    routes:\n      - 3\n      - {destination: 0.0.0.0/0}\n      - {destination: 10.9.0.0/16, internet_gateway: [x]}\n");
    routes: &with_vpc("route_table:\n  r:\n    routes:\n      - {destination: 0.0.0.0/0, internet_gateway: g}\n      - {destination: 0.0.0.0/0, transit_gateway: tgw-0123456789abcdef0}\n      - {destination: 10.9.0.0/16}\n      - {destination: 10.8.0.0/16, internet_gateway: g, transit_gateway: tgw-1}\n      - {destination: 10.0.0.0/16, internet_gateway: g}\n      - {destination: nowhere, vpn_gateway: igw-0123456789abcdef0}\ninternet_gateway: {g: }\n");
    entries: &with_vpc("network_acl:\n  a:\n    ingress:\n      - {rule_number: 100, action: allow, protocol: tcp, cidr: 0.0.0.0/0}\n      - {rule_number: 100, action: deny, protocol: udp, port: 53, cidr: 10.0.0.5/8}\n      - {rule_number: 0, action: reject, protocol: all, cidr: 0.0.0.0/0}\n      - {rule_number: 32767, action: deny, protocol: all, port: 22, cidr: 0.0.0.0/0}\n      - {rule_number: 110, action: allow, protocol: tcp, port: 90-80, cidr: 10.0.0.0/8}\n      - {rule_number: 120, action: allow, protocol: tcp, port: 22, icmp_type: 8, cidr: 10.0.0.0/8}\n      - {rule_number: 130, action: allow, protocol: icmp, icmp_code: 0, cidr: 10.0.0.0/8}\n      - {rule_number: 135, action: allow, protocol: icmp, icmp_type: -1, icmp_code: 3, cidr: 10.0.0.0/8}\n      - {rule_number: 140, action: allow, protocol: icmp, cidr: \"::/0\"}\n      - {rule_number: 150, action: allow, protocol: icmpv6, icmp_type: 128, cidr: 10.0.0.0/8}\n      - {rule_number: 160, action: allow, protocol: tcp, port: [80, 443], cidr: [10.0.0.0/8]}\n      - {action: allow, protocol: all}\n    egress:\n      - {rule_number: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}\n      - {rule_number: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}\n");
    keys: "topology: t\nkey_pair: {a: {}, b: {private_key_file: x.pem, public_key: nonsense}, c: {public_key_file: missing.pub}, d: {public_key: ssh-dss AAAA}, e: {key_type: rsa, public_key_file: e.pub}, f: {private_key_fil: f.pem}, g: {key_name: ' x', private_key_file: ''}, h: {public_key_file: ~/.ssh/id.pub}}\n";
    instances: &with_vpc("subnet: {s: {cidr_block: 10.0.0.0/24}}\ninstance:\n  a: {image: ami-1, instance_type: t2.micro, subnet: s, user_data: x, user_data_file: y}\n  b: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: s, private_ip_address: 10.0.0.300, state: terminated}\n");
    words: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, availability_zone: \"\"}, b: {cidr_block: 10.0.1.0/24, availability_zone: us-east-1a}, c: {cidr_block: 10.0.2.0/24, availability_zone: usw2-az1}}\ninstance: {i: {image: ami-003634241a8fcdec0, instance_type: \"\", subnet: a}}\nvpc_endpoint: {e: {service: \"\"}, f: {service: S3 bucket}}\n");
}

#[test]
fn shorthands_stand_for_many_rules() {
    let text = with_vpc(
        "security_group: {web: {description: Web, ingress: [{protocol: tcp, port: [80, \"443\"], cidr: [10.0.0.0/8, \"fd00::/8\"]}]}}\n",
    );
    let parsed = read(&text);
    let topology = parsed
        .topology
        .unwrap_or_else(|| panic!("{}", told(&text, &parsed.diagnostics)));
    let group = &topology.resources[&"security_group.web".parse().unwrap()];
    assert_eq!(group.record.list(INGRESS).len(), 4);
    assert_eq!(group.record.list(EGRESS).len(), 1);
    assert_eq!(
        group
            .record
            .text(trueup_model::kinds::security_group::attr::GROUP_NAME),
        "web"
    );
}

#[test]
fn entries_are_in_the_order_of_their_numbers() {
    let text = with_vpc(
        "network_acl:\n  a:\n    ingress:\n      - {rule_number: 1000, action: deny, protocol: all, cidr: 10.0.0.0/8}\n      - {rule_number: 90, action: allow, protocol: 6, port: 22, cidr: 2001:DB8:0::/48}\n      - {rule_number: 100, action: allow, protocol: icmp, icmp_type: 8, icmp_code: -1, cidr: 0.0.0.0/0}\n",
    );
    let parsed = read(&text);
    let topology = parsed
        .topology
        .unwrap_or_else(|| panic!("{}", told(&text, &parsed.diagnostics)));
    let acl = &topology.resources[&"network_acl.a".parse().unwrap()];
    assert_eq!(
        acl.record.value("ingress").unwrap().to_string(),
        "[{action: allow, cidr: 2001:db8::/48, port: 22, protocol: tcp, rule_number: 90}, {action: allow, cidr: 0.0.0.0/0, \
         icmp_type: 8, protocol: icmp, rule_number: 100}, {action: deny, cidr: 10.0.0.0/8, protocol: all, rule_number: 1000}]"
    );
    assert!(acl.record.list(EGRESS).is_empty());
}

#[test]
fn members_are_found_where_the_spec_has_them() {
    let text = with_vpc(
        "network_acl:
  a:
    ingress:
      - {rule_number: 200, action: deny, protocol: all, cidr: 10.0.0.0/8}
      - {rule_number: 90, action: allow, protocol: all, cidr: 10.0.0.0/8}
security_group:
  g:
    description: G
    ingress:
      - {protocol: udp, port: 53, cidr: 10.0.0.0/8}
      - {protocol: tcp, port: [443, 22], cidr: 10.0.0.0/8}
route_table:
  r:
    routes:
      - {destination: 9.0.0.0/8, internet_gateway: i}
      - {destination: 0.0.0.0/0, internet_gateway: i}
internet_gateway: {i: }
",
    );
    let topology = read(&text).topology.unwrap();
    let lines = |address: &str, paths: &[&str]| {
        let resource = &topology.resources[&address.parse().unwrap()];
        paths
            .iter()
            .map(|path| resource.place(path).line)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        lines(
            "network_acl.a",
            &["ingress", "ingress[0]", "ingress[1]", "ingress[0].action"]
        ),
        [6, 8, 7, 8]
    );
    // What stands for several rules is the place of each.
    assert_eq!(
        lines(
            "security_group.g",
            &["ingress[0]", "ingress[1].port", "ingress[2]"]
        ),
        [14, 14, 13]
    );
    assert_eq!(
        lines("route_table.r", &["routes[0].destination", "routes[1]"]),
        [19, 18]
    );
}

#[test]
fn files_that_are_no_keys_are_told() {
    let text = "topology: t\nkey_pair: {a: {private_key_file: a.pem}, b: {public_key_file: a.pem}}\n";
    let files = Memory(BTreeMap::from([("a.pem", "not a key")]));
    let parsed = parse(
        "spec.yaml",
        text,
        &Options {
            region: None,
            files: &files,
        },
    );
    insta::assert_snapshot!(told(text, &parsed.diagnostics));
}

#[test]
fn a_policy_is_kept_as_it_is_written() {
    let text = with_vpc(
        "vpc_endpoint: {e: {service: s3, policy: {Version: 2012-10-17, Statement: [{Effect: Deny, Principal: {AWS: [123456789012, 012345678901]}, Action: s3:*, Resource: '*', Condition: {NumericLessThan: {s3:max-keys: 10}, Bool: {aws:SecureTransport: false}}}]}}}\n",
    );
    let parsed = read(&text);
    let topology = parsed
        .topology
        .unwrap_or_else(|| panic!("{}", told(&text, &parsed.diagnostics)));
    let policy = topology.resources[&"vpc_endpoint.e".parse().unwrap()]
        .record
        .value("policy")
        .unwrap();
    insta::assert_snapshot!(serde_json::to_string(policy).unwrap());
}

#[test]
fn what_ec2_would_change_or_could_not_match_is_refused() {
    let group = |text: &str| with_vpc(&format!("security_group: {{g: {text}}}\n"));
    let instance = |text: &str| {
        with_vpc(&format!(
            "subnet: {{s: {{cidr_block: 10.0.0.0/24}}}}\n\
             instance: {{i: {{image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: s, {text}}}}}\n"
        ))
    };
    let readable = "metadata_options: {instance_metadata_tags: enabled}";
    let refused = [
        (group("{description: ' G'}"), "no spaces at its ends"),
        (
            group("{description: G, group_name: 'g '}"),
            "no spaces at its ends",
        ),
        (
            group("{description: G, ingress: [{protocol: all, cidr: 10.0.0.0/8, description: 'x '}]}"),
            "no spaces at its ends",
        ),
        (
            group("{description: G, ingress: [{protocol: icmp, cidr: '::/0'}]}"),
            "icmp is of IPv4, and ::/0 is a range of IPv6",
        ),
        (
            group("{description: G, egress: [{protocol: icmpv6, cidr: ['::/0', 10.0.0.0/8]}]}"),
            "icmpv6 is of IPv6, and 10.0.0.0/8",
        ),
        (instance("iam_instance_profile: 'web '"), "no spaces at its ends"),
        (
            instance(&format!("{readable}, tags: {{cost centre: x}}")),
            "EC2 then refuses the key `cost centre`",
        ),
        (
            instance(&format!("{readable}, tags: {{a/b: x}}")),
            "EC2 then refuses the key `a/b`",
        ),
        (
            instance(&format!("{readable}, tags: {{_index: x}}")),
            "EC2 then refuses the key `_index`",
        ),
    ];
    for (text, why) in refused {
        let parsed = read(&text);
        let said = told(&text, &parsed.diagnostics);
        assert!(parsed.topology.is_none() && said.contains(why), "{text}\n{said}");
    }
    for text in [
        group(
            "{description: G, ingress: [{protocol: icmp, cidr: 10.0.0.0/8}, {protocol: icmpv6, cidr: '::/0'}]}",
        ),
        instance(&format!("{readable}, tags: {{team.a: x, cost centre: null}}")),
        instance("tags: {cost centre: x}"),
    ] {
        let parsed = read(&text);
        assert!(parsed.topology.is_some(), "{}", told(&text, &parsed.diagnostics));
    }
}

#[test]
fn spaces_at_the_ends_of_tags_are_kept_and_told() {
    let text = with_vpc("elastic_ip: {a: {tags: {'team ': x, cost centre: ' 7', plain: x y}}}\n");
    let parsed = read(&text);
    let said = told(&text, &parsed.diagnostics);
    assert!(
        said.contains("the tag key `team ` has spaces")
            && said.contains("the value of the tag `cost centre` has spaces"),
        "{said}"
    );
    assert!(!said.contains("plain"), "{said}");
    let topology = parsed.topology.unwrap();
    let tags = topology
        .of(trueup_model::Kind::ElasticIp)
        .next()
        .unwrap()
        .record
        .value("tags")
        .unwrap()
        .as_map()
        .unwrap();
    assert_eq!(
        (tags.value("team "), tags.value("cost centre")),
        (Some(&"x".into()), Some(&" 7".into()))
    );
}
