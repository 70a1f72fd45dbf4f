//! Edits of the spec of every kind.

use crate::{EVERY_KIND, OTHER_KEY, PUBLIC_KEY};

/// An edit of the network: what is replaced in its text by what, and the calls that it takes, in the order of
/// the steps.
pub struct Edit {
    /// The text that is replaced.
    pub from: &'static str,
    /// What is written in its place.
    pub to: String,
    /// The calls.
    pub calls: &'static [&'static str],
}

fn edit(from: &'static str, to: impl Into<String>, calls: &'static [&'static str]) -> Edit {
    Edit {
        from,
        to: to.into(),
        calls,
    }
}

/// What changes while it is in use.
#[must_use]
pub fn edits_in_place() -> Vec<Edit> {
    vec![
        edit(
            "[10.1.0.0/16]",
            "[10.1.0.0/16, 10.2.0.0/16]",
            &["AssociateVpcCidrBlock"],
        ),
        edit(
            "enable_dns_hostnames: true",
            "enable_dns_hostnames: false",
            &["ModifyVpcAttribute"],
        ),
        edit(
            "map_public_ip_on_launch: true",
            "map_public_ip_on_launch: false",
            &["ModifySubnetAttribute"],
        ),
        edit(
            "usw2-az2\n    route_table: private",
            "usw2-az2\n    route_table: public",
            &["ReplaceRouteTableAssociation"],
        ),
        edit(
            "usw2-az2\n    route_table: private",
            "usw2-az2",
            &["DisassociateRouteTable"],
        ),
        edit(
            "cidr_block: 10.1.3.0/24",
            "cidr_block: 10.1.3.0/24\n    route_table: private",
            &["AssociateRouteTable"],
        ),
        edit(
            "0.0.0.0/0, nat_gateway: main",
            "0.0.0.0/0, internet_gateway: main",
            &["ReplaceRoute"],
        ),
        edit(
            "0.0.0.0/0, nat_gateway: main",
            "10.9.0.0/16, nat_gateway: main",
            &["CreateRoute", "DeleteRoute"],
        ),
        edit(
            "network_acl: inner",
            "network_acl: outer",
            &["ReplaceNetworkAclAssociation"],
        ),
        edit("\n    network_acl: inner", "", &["ReplaceNetworkAclAssociation"]),
        edit(
            "cidr_block: 10.1.3.0/24",
            "cidr_block: 10.1.3.0/24\n    network_acl: outer",
            &["ReplaceNetworkAclAssociation"],
        ),
        edit(
            "action: deny, protocol: tcp",
            "action: allow, protocol: tcp",
            &["ReplaceNetworkAclEntry"],
        ),
        edit(
            "rule_number: 90",
            "rule_number: 95",
            &["CreateNetworkAclEntry", "DeleteNetworkAclEntry"],
        ),
        edit(
            "allow, protocol: icmp, icmp_type: 8",
            "allow, protocol: icmp, icmp_type: 3, icmp_code: 4",
            &["ReplaceNetworkAclEntry"],
        ),
        edit("protocol: 47", "protocol: all", &["ReplaceNetworkAclEntry"]),
        edit(
            "port: 5432",
            "port: 5433",
            &["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"],
        ),
        edit(
            "description: web",
            "description: www",
            &["UpdateSecurityGroupRuleDescriptionsIngress"],
        ),
        edit(
            ", description: web}",
            "}",
            &["UpdateSecurityGroupRuleDescriptionsIngress"],
        ),
        edit(
            "443, prefix_list: aws/s3",
            "443, cidr: 10.0.0.0/8",
            &["AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress"],
        ),
        edit(
            "security_groups: [db]",
            "security_groups: [db, web]",
            &["ModifyNetworkInterfaceAttribute"],
        ),
        edit(
            "\n    security_groups: [db]",
            "",
            &["ModifyNetworkInterfaceAttribute"],
        ),
        edit(
            "security_groups: [db]",
            "security_groups: [db]\n    source_dest_check: false",
            &["ModifyInstanceAttribute"],
        ),
        edit(
            "    disable_api_termination: true\n",
            "    disable_api_termination: false\n",
            &["ModifyInstanceAttribute"],
        ),
        edit(
            "    disable_api_termination: true\n",
            "",
            &["ModifyInstanceAttribute"],
        ),
        edit("    monitoring: true\n", "", &["UnmonitorInstances"]),
        edit(
            "http_put_response_hop_limit: 2",
            "http_put_response_hop_limit: 3",
            &["ModifyInstanceMetadataOptions"],
        ),
        edit("size: 20", "size: 30", &["ModifyVolume"]),
        edit(
            "delete_on_termination: true",
            "delete_on_termination: false",
            &["ModifyInstanceAttribute"],
        ),
        edit("    elastic_ip: web\n", "", &["DisassociateAddress"]),
        edit(
            "route_tables: [private]",
            "route_tables: [public]",
            &["ModifyVpcEndpoint", "ModifyVpcEndpoint"],
        ),
        edit("s3:GetObject", "s3:PutObject", &["ModifyVpcEndpoint"]),
        edit("team: network", "team: core", &[]),
    ]
}

/// What an instance is stopped for, or which stops it.
#[must_use]
pub fn edits_with_a_stop() -> Vec<Edit> {
    const CHANGE: &[&str] = &["StopInstances", "ModifyInstanceAttribute", "StartInstances"];
    vec![
        edit("ebs_optimized: false", "ebs_optimized: true", CHANGE),
        edit("echo hello", "echo world", CHANGE),
        edit(
            "    security_groups: [db]",
            "    security_groups: [db]\n    state: stopped",
            &["StopInstances"],
        ),
    ]
}

/// What cannot change.
#[must_use]
pub fn edits_that_replace() -> Vec<Edit> {
    vec![
        // An address far from those that EC2 gives by itself.
        edit("10.0.1.10", "10.0.1.111", &["RunInstances", "TerminateInstances"]),
        edit(
            "description: Database",
            "description: Data",
            &["CreateSecurityGroup", "DeleteSecurityGroup"],
        ),
        edit(PUBLIC_KEY, OTHER_KEY, &["ImportKeyPair", "DeleteKeyPair"]),
        edit("10.1.3.0/24", "10.1.4.0/24", &["CreateSubnet", "DeleteSubnet"]),
        edit(
            "elastic_ip: nat}",
            "elastic_ip: nat, private_ip_address: 10.0.1.77}",
            &["CreateNatGateway", "DeleteNatGateway"],
        ),
    ]
}

/// What takes resources away, gives them other names, or replaces what all others are in.
#[must_use]
pub fn edits_of_resources() -> Vec<Edit> {
    let (_, endpoint) = EVERY_KIND
        .split_once("vpc_endpoint:\n")
        .unwrap_or_else(|| panic!("the network has no endpoint"));
    let endpoint: &'static str = endpoint;
    vec![
        edit(
            "cidr_block: 10.0.0.0/16",
            "cidr_block: 10.0.0.0/17",
            &["CreateVpc", "DeleteVpc"],
        ),
        edit("  plain:\n", "  other:\n", &["DeleteSubnet", "CreateSubnet"]),
        edit("  plain:\n    cidr_block: 10.1.3.0/24\n", "", &["DeleteSubnet"]),
        edit(
            "  outer:\n",
            "  other:\n",
            &["CreateNetworkAcl", "CreateNetworkAclEntry", "DeleteNetworkAcl"],
        ),
        edit(
            endpoint,
            "  s4:\n    service: s3\n    route_tables: [private]\n",
            &["DeleteVpcEndpoints", "CreateVpcEndpoint"],
        ),
        edit(
            "    route_tables: [private]\n",
            "    route_tables: [private, public]\n",
            &["ModifyVpcEndpoint"],
        ),
        edit(
            "  main: {subnet: public, elastic_ip: nat}",
            "  main: {subnet: plain, elastic_ip: nat}",
            &["DeleteNatGateway", "CreateNatGateway"],
        ),
        edit("    key_pair: ops\n", "", &["RunInstances", "TerminateInstances"]),
        edit(
            "{public_key: ",
            "{key_name: operators, public_key: ",
            &["ImportKeyPair", "DeleteKeyPair"],
        ),
        edit(
            "    subnet: private\n",
            "    subnet: plain\n",
            &["RunInstances", "TerminateInstances"],
        ),
    ]
}
