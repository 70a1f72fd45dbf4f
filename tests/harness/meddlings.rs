//! What somebody may do by hand to each attribute of each kind.

use trueup_model::Kind;

use crate::EVERY_KIND;
use crate::kinds::with_last;

/// What somebody does by hand. `{subnet.web}` stands for an id, and `{subnet.web#fact}` for what else is
/// known of the object.
pub struct Meddling {
    /// Whose attribute.
    pub address: &'static str,
    /// The attribute that the plan must name, or the field of one.
    pub attribute: &'static str,
    /// The calls that change it.
    pub calls: &'static [&'static str],
}

const fn meddling(
    address: &'static str,
    attribute: &'static str,
    calls: &'static [&'static str],
) -> Meddling {
    Meddling {
        address,
        attribute,
        calls,
    }
}

const STOP: &str = "StopInstances&InstanceId.1={instance.web}";
const START: &str = "StartInstances&InstanceId.1={instance.web}";
const PROFILE_OF_IDLE: &str =
    "DescribeIamInstanceProfileAssociations&Filter.1.Name=instance-id&Filter.1.Value.1={instance.idle}";

/// What EC2 lets people change on what is there.
pub const MEDDLINGS: &[Meddling] = &[
    meddling(
        "vpc.main",
        "secondary_cidr_blocks",
        &["AssociateVpcCidrBlock&VpcId={vpc.main}&CidrBlock=10.7.0.0/16"],
    ),
    meddling(
        "vpc.spare",
        "secondary_cidr_blocks",
        &["DisassociateVpcCidrBlock&AssociationId={vpc.spare#association of 10.51.0.0/16}"],
    ),
    meddling(
        "vpc.main",
        "ipv6_cidr_block",
        &["AssociateVpcCidrBlock&VpcId={vpc.main}&AmazonProvidedIpv6CidrBlock=true"],
    ),
    meddling(
        "vpc.idle",
        "ipv6_cidr_block",
        &["DisassociateVpcCidrBlock&AssociationId={vpc.idle#association of 2001:db8:70::/56}"],
    ),
    meddling(
        "vpc.spare",
        "instance_tenancy",
        &["ModifyVpcTenancy&VpcId={vpc.spare}&InstanceTenancy=default"],
    ),
    meddling(
        "vpc.idle",
        "enable_dns_support",
        &["ModifyVpcAttribute&VpcId={vpc.idle}&EnableDnsSupport.Value=false"],
    ),
    meddling(
        "vpc.main",
        "enable_dns_hostnames",
        &["ModifyVpcAttribute&VpcId={vpc.main}&EnableDnsHostnames.Value=false"],
    ),
    meddling(
        "vpc.main",
        "dhcp_options",
        &["AssociateDhcpOptions&VpcId={vpc.main}&DhcpOptionsId=default"],
    ),
    meddling(
        "vpc_peering_connection.spare",
        "requester_peering_connection_options",
        &[
            "ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId={vpc_peering_connection.spare}\
             &RequesterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=false",
        ],
    ),
    meddling(
        "vpc_peering_connection.spare",
        "accepter_peering_connection_options",
        &[
            "ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId={vpc_peering_connection.spare}\
             &AccepterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true",
        ],
    ),
    meddling(
        "subnet.plain",
        "map_public_ip_on_launch",
        &["ModifySubnetAttribute&SubnetId={subnet.plain}&MapPublicIpOnLaunch.Value=true"],
    ),
    meddling(
        "subnet.public",
        "assign_ipv6_address_on_creation",
        &["ModifySubnetAttribute&SubnetId={subnet.public}&AssignIpv6AddressOnCreation.Value=false"],
    ),
    meddling(
        "subnet.plain",
        "ipv6_cidr_block",
        &[
            "DescribeSubnets&SubnetId.1={subnet.plain}",
            "DisassociateSubnetCidrBlock&AssociationId={answer#associationId}",
        ],
    ),
    meddling(
        "subnet.idle",
        "ipv6_cidr_block",
        &["AssociateSubnetCidrBlock&SubnetId={subnet.idle}&Ipv6CidrBlock=2001:db8:50:7::/64"],
    ),
    meddling(
        "subnet.private",
        "route_table",
        &["DisassociateRouteTable&AssociationId={subnet.private#route_table_association}"],
    ),
    meddling(
        "subnet.private",
        "route_table",
        &[
            "ReplaceRouteTableAssociation&AssociationId={subnet.private#route_table_association}&RouteTableId={route_table.public}",
        ],
    ),
    meddling(
        "subnet.plain",
        "route_table",
        &["AssociateRouteTable&SubnetId={subnet.plain}&RouteTableId={route_table.public}"],
    ),
    meddling(
        "route_table.private",
        "routes",
        &["DeleteRoute&RouteTableId={route_table.private}&DestinationCidrBlock=0.0.0.0/0"],
    ),
    meddling(
        "route_table.private",
        "routes",
        &[
            "CreateRoute&RouteTableId={route_table.private}&DestinationCidrBlock=9.9.9.9/32&NatGatewayId={nat_gateway.main}",
        ],
    ),
    meddling(
        "route_table.private",
        "routes",
        &[
            "ReplaceRoute&RouteTableId={route_table.private}&DestinationCidrBlock=0.0.0.0/0&GatewayId={internet_gateway.main}",
        ],
    ),
    meddling(
        "route_table.private",
        "routes",
        &[
            "ReplaceRoute&RouteTableId={route_table.private}&DestinationCidrBlock=10.0.0.0/16&NetworkInterfaceId={instance.db#network_interface}",
        ],
    ),
    meddling(
        "subnet.private",
        "network_acl",
        &[
            "ReplaceNetworkAclAssociation&AssociationId={subnet.private#network_acl_association}\
             &NetworkAclId={subnet.private#default_network_acl}",
        ],
    ),
    meddling(
        "subnet.plain",
        "network_acl",
        &[
            "ReplaceNetworkAclAssociation&AssociationId={subnet.plain#network_acl_association}&NetworkAclId={network_acl.outer}",
        ],
    ),
    meddling(
        "network_acl.inner",
        "ingress",
        &["DeleteNetworkAclEntry&NetworkAclId={network_acl.inner}&RuleNumber=90&Egress=false"],
    ),
    meddling(
        "network_acl.inner",
        "ingress",
        &[
            "ReplaceNetworkAclEntry&NetworkAclId={network_acl.inner}&RuleNumber=1000&Egress=false&RuleAction=allow&Protocol=17\
             &PortRange.From=1024&PortRange.To=2048&Ipv6CidrBlock=2001:db8::/32",
        ],
    ),
    meddling(
        "network_acl.outer",
        "egress",
        &[
            "CreateNetworkAclEntry&NetworkAclId={network_acl.outer}&RuleNumber=1&Egress=true&RuleAction=allow&Protocol=-1&CidrBlock=0.0.0.0/0",
        ],
    ),
    meddling(
        "security_group.web",
        "ingress",
        &[
            "AuthorizeSecurityGroupIngress&GroupId={security_group.web}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0",
        ],
    ),
    meddling(
        "security_group.db",
        "ingress",
        &[
            "RevokeSecurityGroupIngress&GroupId={security_group.db}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=5432\
             &IpPermissions.1.ToPort=5432&IpPermissions.1.Groups.1.GroupId={security_group.web}",
        ],
    ),
    meddling(
        "security_group.db",
        "ingress",
        &[
            "UpdateSecurityGroupRuleDescriptionsIngress&GroupId={security_group.db}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=5432\
             &IpPermissions.1.ToPort=5432&IpPermissions.1.Groups.1.GroupId={security_group.web}&IpPermissions.1.Groups.1.Description=mine",
        ],
    ),
    meddling(
        "security_group.db",
        "egress",
        &[
            "RevokeSecurityGroupEgress&GroupId={security_group.db}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0",
        ],
    ),
    meddling(
        "security_group.idle",
        "egress",
        &[
            "DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1={security_group.idle}",
            "ModifySecurityGroupRules&GroupId={security_group.idle}&SecurityGroupRule.1.SecurityGroupRuleId={answer#securityGroupRuleId}\
             &SecurityGroupRule.1.SecurityGroupRule.IpProtocol=tcp&SecurityGroupRule.1.SecurityGroupRule.FromPort=22\
             &SecurityGroupRule.1.SecurityGroupRule.ToPort=22&SecurityGroupRule.1.SecurityGroupRule.CidrIpv4=192.0.2.0/24",
        ],
    ),
    meddling(
        "security_group.web",
        "egress",
        &[
            "AuthorizeSecurityGroupEgress&GroupId={security_group.web}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0",
        ],
    ),
    meddling(
        "security_group.web",
        "egress",
        &[
            "UpdateSecurityGroupRuleDescriptionsEgress&GroupId={security_group.web}&IpPermissions.1.IpProtocol=-1\
             &IpPermissions.1.Groups.1.GroupId={security_group.db}&IpPermissions.1.Groups.1.Description=mine",
        ],
    ),
    meddling(
        "instance.web",
        "instance_type",
        &[
            STOP,
            "ModifyInstanceAttribute&InstanceId={instance.web}&InstanceType.Value=t3.small",
            START,
        ],
    ),
    meddling(
        "instance.web",
        "security_groups",
        &[
            "ModifyNetworkInterfaceAttribute&NetworkInterfaceId={instance.web#network_interface}&SecurityGroupId.1={security_group.db}",
        ],
    ),
    meddling(
        "instance.db",
        "associate_public_ip_address",
        &[
            "ModifyNetworkInterfaceAttribute&NetworkInterfaceId={instance.db#network_interface}&AssociatePublicIpAddress=true",
        ],
    ),
    meddling(
        "instance.web",
        "ipv6_address_count",
        &[
            "UnassignIpv6Addresses&NetworkInterfaceId={instance.web#network_interface}&Ipv6Addresses.1={instance.web#ipv6}",
        ],
    ),
    meddling(
        "instance.six",
        "ipv6_addresses",
        &[
            "UnassignIpv6Addresses&NetworkInterfaceId={instance.six#network_interface}&Ipv6Addresses.1=2001:db8:50:8::10",
        ],
    ),
    meddling(
        "instance.six",
        "ipv6_addresses",
        &["AssignIpv6Addresses&NetworkInterfaceId={instance.six#network_interface}&Ipv6AddressCount=1"],
    ),
    meddling(
        "instance.web",
        "elastic_ip",
        &["DisassociateAddress&AssociationId={instance.web#elastic_ip_association}"],
    ),
    meddling(
        "instance.db",
        "elastic_ip",
        &[
            "AllocateAddress&Domain=vpc",
            "AssociateAddress&InstanceId={instance.db}&AllocationId={answer#allocationId}",
        ],
    ),
    meddling(
        "instance.web",
        "user_data",
        &[
            STOP,
            "ModifyInstanceAttribute&InstanceId={instance.web}&UserData.Value=cm0gLXJm",
            START,
        ],
    ),
    meddling(
        "instance.web",
        "iam_instance_profile",
        &["AssociateIamInstanceProfile&InstanceId={instance.web}&IamInstanceProfile.Name=administrator"],
    ),
    meddling(
        "instance.idle",
        "iam_instance_profile",
        &[
            PROFILE_OF_IDLE,
            "DisassociateIamInstanceProfile&AssociationId={answer#associationId}",
        ],
    ),
    meddling(
        "instance.idle",
        "iam_instance_profile",
        &[
            PROFILE_OF_IDLE,
            "ReplaceIamInstanceProfileAssociation&AssociationId={answer#associationId}&IamInstanceProfile.Name=administrator",
        ],
    ),
    meddling(
        "instance.web",
        "source_dest_check",
        &["ModifyInstanceAttribute&InstanceId={instance.web}&SourceDestCheck.Value=false"],
    ),
    meddling(
        "instance.web",
        "monitoring",
        &["UnmonitorInstances&InstanceId.1={instance.web}"],
    ),
    meddling(
        "instance.db",
        "monitoring",
        &["MonitorInstances&InstanceId.1={instance.db}"],
    ),
    meddling(
        "instance.web",
        "disable_api_termination",
        &["ModifyInstanceAttribute&InstanceId={instance.web}&DisableApiTermination.Value=false"],
    ),
    meddling(
        "instance.web",
        "metadata_options",
        &["ModifyInstanceMetadataOptions&InstanceId={instance.web}&HttpTokens=optional"],
    ),
    meddling(
        "instance.web",
        "metadata_options",
        &["ModifyInstanceMetadataOptions&InstanceId={instance.web}&HttpPutResponseHopLimit=64"],
    ),
    meddling(
        "instance.web",
        "ebs_optimized",
        &[
            STOP,
            "ModifyInstanceAttribute&InstanceId={instance.web}&EbsOptimized.Value=true",
            START,
        ],
    ),
    meddling(
        "instance.web",
        "root_volume",
        &["ModifyVolume&VolumeId={instance.web#root_volume_id}&VolumeType=gp2"],
    ),
    meddling(
        "instance.web",
        "root_volume",
        &["ModifyVolume&VolumeId={instance.web#root_volume_id}&Size=40"],
    ),
    meddling(
        "instance.web",
        "root_volume",
        &[
            "ModifyInstanceAttribute&InstanceId={instance.web}&BlockDeviceMapping.1.DeviceName={instance.web#root_device}\
             &BlockDeviceMapping.1.Ebs.DeleteOnTermination=false",
        ],
    ),
    meddling(
        "instance.idle",
        "root_volume",
        &["ModifyVolume&VolumeId={instance.idle#root_volume_id}&Iops=4000"],
    ),
    meddling(
        "instance.idle",
        "root_volume",
        &["ModifyVolume&VolumeId={instance.idle#root_volume_id}&Throughput=250"],
    ),
    meddling(
        "volume.data",
        "iops",
        &["ModifyVolume&VolumeId={volume.data}&Iops=5000"],
    ),
    meddling(
        "volume.data",
        "throughput",
        &["ModifyVolume&VolumeId={volume.data}&Throughput=500"],
    ),
    meddling(
        "volume.data",
        "instance",
        &["DetachVolume&VolumeId={volume.data}&InstanceId={instance.web}&Device=/dev/sdf"],
    ),
    meddling(
        "volume.idle",
        "instance",
        &["AttachVolume&VolumeId={volume.idle}&InstanceId={instance.web}&Device=/dev/sdh"],
    ),
    meddling(
        "volume.data",
        "device_name",
        &[
            "DetachVolume&VolumeId={volume.data}&InstanceId={instance.web}&Device=/dev/sdf",
            "AttachVolume&VolumeId={volume.data}&InstanceId={instance.web}&Device=/dev/sdg",
        ],
    ),
    meddling(
        "volume.shared",
        "multi_attach_enabled",
        &["ModifyVolume&VolumeId={volume.shared}&MultiAttachEnabled=false"],
    ),
    meddling(
        "volume.idle",
        "volume_type",
        &["ModifyVolume&VolumeId={volume.idle}&VolumeType=st1"],
    ),
    meddling("instance.web", "state", &[STOP]),
    meddling(
        "instance.idle",
        "state",
        &["StartInstances&InstanceId.1={instance.idle}"],
    ),
    meddling(
        "instance.web",
        "security_groups",
        &[
            "ModifyInstanceAttribute&InstanceId={instance.web}&GroupId.1={security_group.web}&GroupId.2={security_group.db}",
        ],
    ),
    meddling(
        "instance.web",
        "source_dest_check",
        &[
            "ModifyNetworkInterfaceAttribute&NetworkInterfaceId={instance.web#network_interface}&SourceDestCheck.Value=false",
        ],
    ),
    meddling(
        "internet_gateway.spare",
        "vpc",
        &["DetachInternetGateway&InternetGatewayId={internet_gateway.spare}&VpcId={vpc.spare}"],
    ),
    meddling(
        "vpc_endpoint.s3",
        "route_tables",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.s3}&RemoveRouteTableId.1={route_table.private}"],
    ),
    meddling(
        "vpc_endpoint.s3",
        "route_tables",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.s3}&AddRouteTableId.1={route_table.public}"],
    ),
    meddling(
        "vpc_endpoint.s3",
        "policy",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.s3}&ResetPolicy=true"],
    ),
    meddling(
        "vpc_endpoint.s3",
        "policy",
        &[
            "ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.s3}&PolicyDocument=%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Principal%22%3A%22*%22\
             %2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D",
        ],
    ),
    meddling(
        "vpc_endpoint.ssm",
        "subnets",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.ssm}&RemoveSubnetId.1={subnet.private}"],
    ),
    meddling(
        "vpc_endpoint.sqs",
        "subnets",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.sqs}&RemoveSubnetId.1={subnet.dual}"],
    ),
    meddling(
        "vpc_endpoint.ssm",
        "security_groups",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.ssm}&AddSecurityGroupId.1={security_group.db}"],
    ),
    meddling(
        "vpc_endpoint.sqs",
        "security_groups",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.sqs}&AddSecurityGroupId.1={security_group.db}"],
    ),
    meddling(
        "vpc_endpoint.ssm",
        "private_dns_enabled",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.ssm}&PrivateDnsEnabled=true"],
    ),
    meddling(
        "vpc_endpoint.sqs",
        "ip_address_type",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.sqs}&IpAddressType=ipv4"],
    ),
    meddling(
        "vpc_endpoint.sqs",
        "dns_options",
        &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.sqs}&DnsOptions.DnsRecordIpType=dualstack"],
    ),
];

/// What nothing else of the network needs, so that EC2 lets people delete it, an instance that is stopped, and one
/// with an address of its own.
const MORE: [(Kind, &str, &str); 10] = [
    (Kind::Volume, "idle", "{availability_zone: us-west-2a, size: 125}"),
    (Kind::DhcpOptions, "idle", "{domain_name: idle.example}"),
    (Kind::Subnet, "idle", "{vpc: spare, cidr_block: 10.50.1.0/24}"),
    (
        Kind::Subnet,
        "six",
        "{vpc: spare, cidr_block: 10.50.2.0/24, ipv6_cidr_block: \"2001:db8:50:8::/64\"}",
    ),
    (
        Kind::VpcPeeringConnection,
        "spare",
        "{vpc: main, peer_vpc: spare, accept: true, requester_peering_connection_options: {allow_dns_resolution_from_remote_vpc: true}}",
    ),
    (Kind::ElasticIp, "idle", "{}"),
    (Kind::RouteTable, "idle", "{vpc: main}"),
    (
        Kind::SecurityGroup,
        "idle",
        "{vpc: main, description: Idle, egress: [{protocol: all, cidr: 0.0.0.0/0}]}",
    ),
    (
        Kind::Instance,
        "six",
        "{image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: six, ipv6_addresses: [\"2001:db8:50:8::10\"]}",
    ),
    (
        Kind::Instance,
        "idle",
        "{image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: private, security_groups: [db], state: stopped, \
         associate_public_ip_address: false, iam_instance_profile: web, root_volume: {size: 8, type: gp3, iops: 3000, throughput: 125}}",
    ),
];

/// The network with a second VPC, whose gateway nothing needs, and with what is idle.
#[must_use]
pub fn network() -> String {
    let spared =
        EVERY_KIND.replace("internet_gateway:\n  main:\n", "internet_gateway:\n  main: {vpc: main}\n  spare: {vpc: spare}\n").replace(
            "vpc:\n  main:\n",
            "vpc:\n  idle: {cidr_block: 10.70.0.0/16, ipv6_cidr_block: \"2001:db8:70::/56\", ipv6_pool: ipv6pool-ec2-0123456789abcdef0}\n  spare: {cidr_block: 10.50.0.0/16, secondary_cidr_blocks: [10.51.0.0/16], instance_tenancy: dedicated, enable_dns_hostnames: true, \
             ipv6_cidr_block: \"2001:db8:50::/56\", ipv6_pool: ipv6pool-ec2-0123456789abcdef0}\n  main:\n",
        );
    // With two VPCs, each resource says which is its own.
    let own = [
        ("subnet", &["public", "private", "plain", "dual"][..]),
        ("route_table", &["public", "private"]),
        ("network_acl", &["inner", "outer"]),
        ("security_group", &["web", "db"]),
    ];
    let mut text = spared;
    for endpoint in ["s3", "ssm", "sqs", "appliances"] {
        text = text.replace(
            &format!("  {endpoint}:\n"),
            &format!("  {endpoint}:\n    vpc: main\n"),
        );
    }
    for (kind, name, more) in MORE {
        text = with_last(&text, kind, &format!("  {name}: {more}\n"));
    }
    for (kind, names) in own {
        let (head, tail) = text
            .split_once(&format!("\n{kind}:\n"))
            .unwrap_or_else(|| panic!("no {kind} in the network"));
        let mut tail = tail.to_owned();
        for name in names {
            tail = tail.replacen(&format!("  {name}:\n"), &format!("  {name}:\n    vpc: main\n"), 1);
        }
        text = format!("{head}\n{kind}:\n{tail}");
    }
    text
}
