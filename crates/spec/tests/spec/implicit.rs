//! What EC2 makes with a VPC, as the VPC declares it.

use trueup_model::{Kind, Ref, Topology};
use trueup_spec::abridge;

use crate::common::read;

fn topology(text: &str) -> Topology {
    let parsed = read(text);
    parsed
        .topology
        .unwrap_or_else(|| panic!("{:?}", parsed.diagnostics))
}

/// A VPC with these keys, and what else there is.
fn spec(keys: &str, rest: &str) -> String {
    format!("topology: t\nregion: us-west-2\nvpc:\n  main:\n    cidr_block: 10.0.0.0/16\n{keys}{rest}")
}

fn record(topology: &Topology, address: &str) -> String {
    topology.resources[&address.parse().unwrap()]
        .record
        .without(&["tags"])
        .to_string()
}

#[test]
fn empty_is_nothing_in_either_direction() {
    let keys =
        "    default_security_group: empty\n    default_network_acl: empty\n    main_route_table: empty\n";
    let topology = topology(&spec(keys, ""));
    assert_eq!(
        record(&topology, "security_group.main.default"),
        "{description: default VPC security group, egress: [], group_name: default, ingress: [], vpc: vpc.main}"
    );
    assert_eq!(
        record(&topology, "network_acl.main.default"),
        "{egress: [], ingress: [], vpc: vpc.main}"
    );
    assert_eq!(
        record(&topology, "route_table.main.main"),
        "{routes: [], vpc: vpc.main}"
    );
    assert!(
        topology
            .resources
            .values()
            .filter(|resource| resource.implicit)
            .count()
            == 3
    );
}

#[test]
fn what_is_left_out_and_what_is_unmanaged_is_no_resource() {
    for keys in ["", "    default_security_group: unmanaged\n"] {
        assert_eq!(topology(&spec(keys, "")).resources.len(), 1);
    }
    // The name is free then.
    let rest = "security_group: {main.default: {description: Mine}}\n";
    let topology = topology(&spec("    default_security_group: unmanaged\n", rest));
    assert!(!topology.resources[&"security_group.main.default".parse().unwrap()].implicit);
}

#[test]
fn what_it_holds_is_read_as_that_of_its_kind() {
    let keys = "    default_security_group:\n      ingress: [{protocol: tcp, port: [80, 443], security_group: main.default}]\n";
    let topology = topology(&spec(keys, ""));
    let group = &topology.resources[&"security_group.main.default".parse().unwrap()];
    // One rule for each port, and what goes out is as EC2 has it.
    assert_eq!(group.record.value("ingress").unwrap().as_list().len(), 2);
    assert_eq!(group.record.value("egress").unwrap().as_list().len(), 1);
    assert_eq!(
        (group.place("ingress[1]").line, group.place("egress").line),
        (7, 6)
    );
    assert_eq!(
        group.record.value("tags").unwrap().to_string(),
        "{Name: t-main.default}"
    );
}

#[test]
fn others_refer_to_it_by_its_name() {
    let keys = "    default_security_group: empty\n    main_route_table: empty\n";
    let rest = "subnet: {a: {cidr_block: 10.0.0.0/24, route_table: main.main}}\nsecurity_group: {web: {description: W, ingress: [{protocol: all, security_group: main.default}]}}\ninstance:\n  alone: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: a, security_groups: [main.default]}\n  both: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: a, security_groups: [main.default, web]}\n";
    let topology = topology(&spec(keys, rest));
    let groups = |name: &str| {
        let host = &topology.resources[&format!("instance.{name}").parse().unwrap()];
        host.record.value("security_groups").unwrap().as_list().len()
    };
    // Who is in the default group alone is as who names none: so it is read from EC2.
    assert_eq!((groups("alone"), groups("both")), (0, 2));
    let table = topology
        .of(Kind::Subnet)
        .next()
        .unwrap()
        .record
        .value("route_table")
        .cloned();
    assert_eq!(
        table,
        Some(Ref::Name("route_table.main.main".parse().unwrap()).into())
    );
}

#[test]
fn it_is_written_at_its_vpc() {
    let keys = "    default_security_group: empty\n    default_network_acl:\n      ingress: [{rule_number: 100, action: allow, protocol: all, cidr: 10.0.0.0/16}]\n      tags: {team: network}\n    main_route_table: empty\n";
    let topology = topology(&spec(keys, ""));
    let vpc = topology.of(Kind::Vpc).next().unwrap();
    assert_eq!(
        abridge(vpc, &topology).to_string(),
        "{cidr_block: 10.0.0.0/16, default_network_acl: {ingress: [{action: allow, cidr: 10.0.0.0/16, protocol: all, rule_number: 100}], \
         tags: {team: network}}, default_security_group: empty, main_route_table: empty}"
    );
}

const KEYS: &str =
    "    default_security_group: empty\n    default_network_acl: empty\n    main_route_table: empty\n";

bad! {
    a_word_that_is_none: &spec("    default_security_group: emtpy\n    default_network_acl: closed\n    main_route_table: 7\n", "");
    a_key_that_is_none: &spec("    defautl_security_group: empty\n", "");
    nothing_and_a_list: &spec("    default_security_group:\n    default_network_acl: []\n", "");
    what_is_ec2s: &spec("    default_security_group: {group_name: x, description: X, vpc: main, protect: true, ingress: []}\n    main_route_table: {vpc: main}\n", "");
    the_name_of_another_resource: &spec(KEYS, "security_group: {main.default: {description: Mine}}\nroute_table: {main.main: }\n");
    names_of_what_nobody_declares: &spec("", "subnet: {a: {cidr_block: 10.0.0.0/24, route_table: main.main, network_acl: other.default}}\n");
    references_in_it: &spec("    default_security_group: {ingress: [{protocol: tcp, port: 22, security_group: wbe}]}\n", "security_group: {web: {description: W}}\n");
    a_route_of_another_vpc: &spec("    main_route_table: {routes: [{destination: 0.0.0.0/0, internet_gateway: g}]}\n", "  other: {cidr_block: 10.1.0.0/16}\ninternet_gateway: {g: {vpc: other}}\n");
    an_acl_that_shuts_subnets_off: &spec("    default_network_acl: empty\n", "subnet: {a: {cidr_block: 10.0.0.0/24}, b: {cidr_block: 10.0.1.0/24, network_acl: own}, c: {cidr_block: 10.0.2.0/24, network_acl: main.default}}\nnetwork_acl: {own: }\n");
    a_vpc_whose_name_is_too_long: &format!("topology: t\nvpc: {{{}: {{cidr_block: 10.0.0.0/16, default_security_group: empty}}}}\n", "x".repeat(122));
}
