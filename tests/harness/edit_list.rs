//! Edits of the spec of every kind.

use trueup_model::Kind;

use crate::kinds::edited;
use crate::{OTHER_KEY, PUBLIC_KEY};

/// An edit of the network: what is replaced in the part of a kind by what, and the calls that it takes, in the
/// order of the steps.
pub struct Edit {
    /// Whose part; nothing is what stands before all kinds.
    pub kind: Option<Kind>,
    /// The text that is replaced.
    pub from: &'static str,
    /// What is written in its place.
    pub to: String,
    /// The calls.
    pub calls: &'static [&'static str],
}

impl Edit {
    /// The spec with this edit; nothing where it has no such text.
    #[must_use]
    pub fn of(&self, text: &str) -> Option<String> {
        edited(text, self.kind, self.from, &self.to)
    }
}

fn edit(
    kind: impl Into<Option<Kind>>,
    from: &'static str,
    to: impl Into<String>,
    calls: &'static [&'static str],
) -> Edit {
    Edit {
        kind: kind.into(),
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
            Kind::Vpc,
            "[10.1.0.0/16]",
            "[10.1.0.0/16, 10.2.0.0/16]",
            &["AssociateVpcCidrBlock"],
        ),
        edit(
            Kind::Vpc,
            "enable_dns_hostnames: true",
            "enable_dns_hostnames: false",
            &["ModifyVpcAttribute"],
        ),
        edit(
            Kind::Vpc,
            "\n    dhcp_options: corp",
            "",
            &["AssociateDhcpOptions"],
        ),
        edit(
            Kind::Subnet,
            "map_public_ip_on_launch: true",
            "map_public_ip_on_launch: false",
            &["ModifySubnetAttribute"],
        ),
        edit(
            Kind::Subnet,
            "usw2-az2\n    route_table: private",
            "usw2-az2\n    route_table: public",
            &["ReplaceRouteTableAssociation"],
        ),
        edit(
            Kind::Subnet,
            "usw2-az2\n    route_table: private",
            "usw2-az2",
            &["DisassociateRouteTable"],
        ),
        edit(
            Kind::Subnet,
            "cidr_block: 10.1.3.0/24",
            "cidr_block: 10.1.3.0/24\n    route_table: private",
            &["AssociateRouteTable"],
        ),
        edit(
            Kind::Subnet,
            "ipv6_cidr_block: 3",
            "ipv6_cidr_block: 17",
            &["DisassociateSubnetCidrBlock", "AssociateSubnetCidrBlock"],
        ),
        edit(
            Kind::Subnet,
            "\n    ipv6_cidr_block: 3",
            "",
            &["DisassociateSubnetCidrBlock"],
        ),
        edit(
            Kind::Subnet,
            "cidr_block: 10.0.2.0/24",
            "cidr_block: 10.0.2.0/24\n    ipv6_cidr_block: 2",
            &["AssociateSubnetCidrBlock"],
        ),
        edit(
            Kind::Subnet,
            "\n    assign_ipv6_address_on_creation: true",
            "",
            &["ModifySubnetAttribute"],
        ),
        // The subnet's own addresses and the instance's go before the range does.
        edit(
            Kind::Subnet,
            "ipv6_cidr_block: 16",
            "ipv6_cidr_block: 17",
            &[
                "ModifySubnetAttribute",
                "UnassignIpv6Addresses",
                "DisassociateSubnetCidrBlock",
                "AssociateSubnetCidrBlock",
                "ModifySubnetAttribute",
                "AssignIpv6Addresses",
            ],
        ),
        edit(
            Kind::Instance,
            "ipv6_address_count: 1",
            "ipv6_address_count: 2",
            &["AssignIpv6Addresses"],
        ),
        edit(
            Kind::Instance,
            "ipv6_address_count: 1",
            "ipv6_addresses: []",
            &["UnassignIpv6Addresses"],
        ),
        edit(
            Kind::RouteTable,
            "0.0.0.0/0, nat_gateway: main",
            "0.0.0.0/0, internet_gateway: main",
            &["ReplaceRoute"],
        ),
        edit(
            Kind::RouteTable,
            "0.0.0.0/0, nat_gateway: main",
            "10.9.0.0/16, nat_gateway: main",
            &["CreateRoute", "DeleteRoute"],
        ),
        edit(
            Kind::Subnet,
            "network_acl: inner",
            "network_acl: outer",
            &["ReplaceNetworkAclAssociation"],
        ),
        edit(
            Kind::Subnet,
            "\n    network_acl: inner",
            "",
            &["ReplaceNetworkAclAssociation"],
        ),
        edit(
            Kind::Subnet,
            "cidr_block: 10.1.3.0/24",
            "cidr_block: 10.1.3.0/24\n    network_acl: outer",
            &["ReplaceNetworkAclAssociation"],
        ),
        edit(
            Kind::NetworkAcl,
            "action: deny, protocol: tcp",
            "action: allow, protocol: tcp",
            &["ReplaceNetworkAclEntry"],
        ),
        edit(
            Kind::NetworkAcl,
            "rule_number: 90",
            "rule_number: 95",
            &["CreateNetworkAclEntry", "DeleteNetworkAclEntry"],
        ),
        edit(
            Kind::NetworkAcl,
            "allow, protocol: icmp, icmp_type: 8",
            "allow, protocol: icmp, icmp_type: 3, icmp_code: 4",
            &["ReplaceNetworkAclEntry"],
        ),
        edit(
            Kind::NetworkAcl,
            "protocol: 47",
            "protocol: all",
            &["ReplaceNetworkAclEntry"],
        ),
        edit(
            Kind::SecurityGroup,
            "port: 5432",
            "port: 5433",
            &["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"],
        ),
        edit(
            Kind::SecurityGroup,
            "description: web",
            "description: www",
            &["UpdateSecurityGroupRuleDescriptionsIngress"],
        ),
        edit(
            Kind::SecurityGroup,
            ", description: web}",
            "}",
            &["UpdateSecurityGroupRuleDescriptionsIngress"],
        ),
        edit(
            Kind::SecurityGroup,
            "443, prefix_list: aws/s3",
            "443, cidr: 10.0.0.0/8",
            &["AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress"],
        ),
        edit(
            Kind::Instance,
            "security_groups: [db]",
            "security_groups: [db, web]",
            &["ModifyNetworkInterfaceAttribute"],
        ),
        edit(
            Kind::Instance,
            "\n    security_groups: [db]",
            "",
            &["ModifyNetworkInterfaceAttribute"],
        ),
        edit(
            Kind::Instance,
            "security_groups: [db]",
            "security_groups: [db]\n    source_dest_check: false",
            &["ModifyInstanceAttribute"],
        ),
        edit(
            Kind::Instance,
            "    disable_api_termination: true\n",
            "    disable_api_termination: false\n",
            &["ModifyInstanceAttribute"],
        ),
        edit(
            Kind::Instance,
            "    disable_api_termination: true\n",
            "",
            &["ModifyInstanceAttribute"],
        ),
        edit(
            Kind::Instance,
            "    monitoring: true\n",
            "",
            &["UnmonitorInstances"],
        ),
        edit(
            Kind::Instance,
            "http_put_response_hop_limit: 2",
            "http_put_response_hop_limit: 3",
            &["ModifyInstanceMetadataOptions"],
        ),
        edit(Kind::Instance, "size: 20", "size: 30", &["ModifyVolume"]),
        edit(
            Kind::Volume,
            "iops: 4000\n    throughput: 250",
            "iops: 5000",
            &["ModifyVolume"],
        ),
        edit(
            Kind::Volume,
            "volume_type: gp3\n    iops: 4000\n    throughput: 250",
            "volume_type: io1\n    iops: 400",
            &["ModifyVolume"],
        ),
        edit(
            Kind::Volume,
            "volume_type: gp3\n    iops: 4000\n    throughput: 250",
            "volume_type: gp2",
            &["ModifyVolume"],
        ),
        edit(
            Kind::Volume,
            "\n    instance: web\n    device_name: /dev/sdf",
            "",
            &["DetachVolume"],
        ),
        edit(
            Kind::Volume,
            "device_name: /dev/sdf",
            "device_name: /dev/sdg",
            &["DetachVolume", "AttachVolume"],
        ),
        edit(
            Kind::Volume,
            "\n    multi_attach_enabled: true",
            "",
            &["ModifyVolume"],
        ),
        edit(
            Kind::Instance,
            "delete_on_termination: true",
            "delete_on_termination: false",
            &["ModifyInstanceAttribute"],
        ),
        edit(
            Kind::Instance,
            "    elastic_ip: web\n",
            "",
            &["DisassociateAddress"],
        ),
        edit(
            Kind::VpcEndpoint,
            "route_tables: [private]",
            "route_tables: [public]",
            &["ModifyVpcEndpoint", "ModifyVpcEndpoint"],
        ),
        edit(
            Kind::VpcEndpoint,
            "s3:GetObject",
            "s3:PutObject",
            &["ModifyVpcEndpoint"],
        ),
        edit(
            Kind::VpcEndpoint,
            "subnets: [public, private]",
            "subnets: [private]",
            &["ModifyVpcEndpoint"],
        ),
        // One subnet in a zone: what goes, goes first.
        edit(
            Kind::VpcEndpoint,
            "subnets: [dual]",
            "subnets: [public]",
            &["ModifyVpcEndpoint", "ModifyVpcEndpoint"],
        ),
        edit(
            Kind::VpcEndpoint,
            "security_groups: [web]",
            "security_groups: [web, db]",
            &["ModifyVpcEndpoint"],
        ),
        edit(
            Kind::VpcEndpoint,
            "    security_groups: [web]\n",
            "",
            &["ModifyVpcEndpoint"],
        ),
        edit(
            Kind::VpcEndpoint,
            "private_dns_enabled: false",
            "private_dns_enabled: true",
            &["ModifyVpcEndpoint"],
        ),
        edit(
            Kind::VpcEndpoint,
            "dns_record_ip_type: ipv4",
            "dns_record_ip_type: service-defined",
            &["ModifyVpcEndpoint"],
        ),
        edit(None, "team: network", "team: core", &[]),
    ]
}

/// What an instance is stopped for, or which stops it.
#[must_use]
pub fn edits_with_a_stop() -> Vec<Edit> {
    const CHANGE: &[&str] = &["StopInstances", "ModifyInstanceAttribute", "StartInstances"];
    vec![
        edit(
            Kind::Instance,
            "ebs_optimized: false",
            "ebs_optimized: true",
            CHANGE,
        ),
        edit(Kind::Instance, "echo hello", "echo world", CHANGE),
        edit(
            Kind::Instance,
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
        edit(
            Kind::Instance,
            "10.0.1.10",
            "10.0.1.111",
            &["RunInstances", "TerminateInstances"],
        ),
        edit(
            Kind::SecurityGroup,
            "description: Database",
            "description: Data",
            &["CreateSecurityGroup", "DeleteSecurityGroup"],
        ),
        edit(
            Kind::KeyPair,
            PUBLIC_KEY,
            OTHER_KEY,
            &["ImportKeyPair", "DeleteKeyPair"],
        ),
        edit(
            Kind::Subnet,
            "10.1.3.0/24",
            "10.1.4.0/24",
            &["CreateSubnet", "DeleteSubnet"],
        ),
        edit(
            Kind::NatGateway,
            "elastic_ip: nat}",
            "elastic_ip: nat, private_ip_address: 10.0.1.77}",
            &["CreateNatGateway", "DeleteNatGateway"],
        ),
        edit(
            Kind::VpcEndpoint,
            "    subnet: private\n",
            "    subnet: public\n",
            &["CreateVpcEndpoint", "DeleteVpcEndpoints"],
        ),
        edit(
            Kind::Volume,
            "us-west-2b",
            "us-west-2c",
            &["CreateVolume", "DeleteVolume"],
        ),
        edit(
            Kind::Volume,
            "encrypted: true",
            "encrypted: false",
            &["CreateVolume", "DeleteVolume"],
        ),
        edit(
            Kind::Volume,
            "snap-0123456789abcdef0",
            "snap-0123456789abcdef1",
            &["CreateVolume", "DeleteVolume"],
        ),
        edit(
            Kind::Volume,
            "key/1234abcd-",
            "key/4321abcd-",
            &["CreateVolume", "DeleteVolume"],
        ),
        edit(
            Kind::DhcpOptions,
            "domain_name: corp.example",
            "domain_name: more.example",
            &["CreateDhcpOptions", "AssociateDhcpOptions", "DeleteDhcpOptions"],
        ),
        edit(
            Kind::DhcpOptions,
            "10.0.0.54, 10.0.0.53",
            "10.0.0.53, 10.0.0.54",
            &["CreateDhcpOptions", "AssociateDhcpOptions", "DeleteDhcpOptions"],
        ),
        edit(
            Kind::VpcPeeringConnection,
            "vpc-0123456789abcdef0",
            "vpc-0123456789abcdef1",
            &["CreateVpcPeeringConnection", "DeleteVpcPeeringConnection"],
        ),
        // The same pair: EC2 would answer the old one.
        edit(
            Kind::VpcPeeringConnection,
            "peer_region: eu-west-1",
            "peer_region: eu-west-2",
            &["DeleteVpcPeeringConnection", "CreateVpcPeeringConnection"],
        ),
        edit(
            Kind::FlowLog,
            "traffic_type: reject",
            "traffic_type: accept",
            &["CreateFlowLogs", "DeleteFlowLogs"],
        ),
        // The same traffic to the same place: the old one goes first.
        edit(
            Kind::FlowLog,
            "max_aggregation_interval: 60",
            "max_aggregation_interval: 600",
            &["DeleteFlowLogs", "CreateFlowLogs"],
        ),
    ]
}

/// What takes resources away, gives them other names, or replaces what all others are in.
#[must_use]
pub fn edits_of_resources() -> Vec<Edit> {
    let endpoints = include_str!("../kinds/vpc_endpoint.yaml").trim_start_matches("vpc_endpoint:\n");
    let endpoint = endpoints.split_inclusive("  ssm:\n").next().unwrap_or_default();
    let endpoint = endpoint.trim_end_matches("  ssm:\n");
    vec![
        edit(
            Kind::Vpc,
            "cidr_block: 10.0.0.0/16",
            "cidr_block: 10.0.0.0/17",
            &["CreateVpc", "DeleteVpc"],
        ),
        edit(
            Kind::Subnet,
            "  plain:\n",
            "  other:\n",
            &["DeleteSubnet", "CreateSubnet"],
        ),
        edit(
            Kind::Subnet,
            "  plain:\n    cidr_block: 10.1.3.0/24\n    ipv6_cidr_block: 3\n",
            "",
            &["DeleteSubnet"],
        ),
        edit(
            Kind::NetworkAcl,
            "  outer:\n",
            "  other:\n",
            &["CreateNetworkAcl", "CreateNetworkAclEntry", "DeleteNetworkAcl"],
        ),
        edit(
            Kind::VpcEndpoint,
            endpoint,
            "  s4:\n    service: s3\n    route_tables: [private]\n",
            &["DeleteVpcEndpoints", "CreateVpcEndpoint"],
        ),
        edit(
            Kind::VpcEndpoint,
            "    route_tables: [private]\n",
            "    route_tables: [private, public]\n",
            &["ModifyVpcEndpoint"],
        ),
        edit(
            Kind::NatGateway,
            "  main: {subnet: public, elastic_ip: nat}",
            "  main: {subnet: plain, elastic_ip: nat}",
            &["DeleteNatGateway", "CreateNatGateway"],
        ),
        edit(
            Kind::Volume,
            "  shared:\n",
            "  other:\n",
            &["CreateVolume", "DeleteVolume"],
        ),
        edit(
            Kind::Instance,
            "    key_pair: ops\n",
            "",
            &["RunInstances", "TerminateInstances"],
        ),
        edit(
            Kind::KeyPair,
            "{public_key: ",
            "{key_name: operators, public_key: ",
            &["ImportKeyPair", "DeleteKeyPair"],
        ),
        edit(
            Kind::Instance,
            "    subnet: private\n",
            "    subnet: plain\n",
            &["RunInstances", "TerminateInstances"],
        ),
    ]
}
