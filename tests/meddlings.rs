//! What somebody may do by hand to each attribute of each kind.

use trueup_model::Plan;

use crate::EVERY_KIND;

/// What somebody does by hand. `{subnet.web}` stands for an id, and `{subnet.web#fact}` for what else is known of the object.
pub struct Meddling {
    /// Whose attribute.
    pub address: &'static str,
    /// The attribute that the plan must name, or the field of one.
    pub attribute: &'static str,
    /// The calls that change it.
    pub calls: &'static [&'static str],
}

const fn meddling(address: &'static str, attribute: &'static str, calls: &'static [&'static str]) -> Meddling {
    Meddling { address, attribute, calls }
}

const STOP: &str = "StopInstances&InstanceId.1={instance.web}";
const START: &str = "StartInstances&InstanceId.1={instance.web}";

/// What EC2 lets people change on what is there.
pub const MEDDLINGS: &[Meddling] = &[
    meddling("vpc.main", "secondary_cidr_blocks", &["AssociateVpcCidrBlock&VpcId={vpc.main}&CidrBlock=10.7.0.0/16"]),
    meddling("vpc.spare", "instance_tenancy", &["ModifyVpcTenancy&VpcId={vpc.spare}&InstanceTenancy=default"]),
    meddling("vpc.spare", "enable_dns_support", &["ModifyVpcAttribute&VpcId={vpc.spare}&EnableDnsSupport.Value=false"]),
    meddling("vpc.main", "enable_dns_hostnames", &["ModifyVpcAttribute&VpcId={vpc.main}&EnableDnsHostnames.Value=false"]),
    meddling("subnet.plain", "map_public_ip_on_launch", &["ModifySubnetAttribute&SubnetId={subnet.plain}&MapPublicIpOnLaunch.Value=true"]),
    meddling("subnet.private", "route_table", &["DisassociateRouteTable&AssociationId={subnet.private#route_table_association}"]),
    meddling(
        "subnet.private",
        "route_table",
        &["ReplaceRouteTableAssociation&AssociationId={subnet.private#route_table_association}&RouteTableId={route_table.public}"],
    ),
    meddling("subnet.plain", "route_table", &["AssociateRouteTable&SubnetId={subnet.plain}&RouteTableId={route_table.public}"]),
    meddling("route_table.private", "routes", &["DeleteRoute&RouteTableId={route_table.private}&DestinationCidrBlock=0.0.0.0/0"]),
    meddling(
        "route_table.private",
        "routes",
        &["CreateRoute&RouteTableId={route_table.private}&DestinationCidrBlock=9.9.9.9/32&NatGatewayId={nat_gateway.main}"],
    ),
    meddling(
        "route_table.private",
        "routes",
        &["ReplaceRoute&RouteTableId={route_table.private}&DestinationCidrBlock=0.0.0.0/0&GatewayId={internet_gateway.main}"],
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
        &["ReplaceNetworkAclAssociation&AssociationId={subnet.private#network_acl_association}\
             &NetworkAclId={subnet.private#default_network_acl}"],
    ),
    meddling(
        "subnet.plain",
        "network_acl",
        &["ReplaceNetworkAclAssociation&AssociationId={subnet.plain#network_acl_association}&NetworkAclId={network_acl.outer}"],
    ),
    meddling("network_acl.inner", "ingress", &["DeleteNetworkAclEntry&NetworkAclId={network_acl.inner}&RuleNumber=90&Egress=false"]),
    meddling(
        "network_acl.inner",
        "ingress",
        &["ReplaceNetworkAclEntry&NetworkAclId={network_acl.inner}&RuleNumber=1000&Egress=false&RuleAction=allow&Protocol=17\
             &PortRange.From=1024&PortRange.To=2048&Ipv6CidrBlock=2001:db8::/32"],
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
        &["RevokeSecurityGroupIngress&GroupId={security_group.db}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=5432\
             &IpPermissions.1.ToPort=5432&IpPermissions.1.Groups.1.GroupId={security_group.web}"],
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
        "instance.web",
        "instance_type",
        &[STOP, "ModifyInstanceAttribute&InstanceId={instance.web}&InstanceType.Value=t3.small", START],
    ),
    meddling(
        "instance.web",
        "security_groups",
        &["ModifyNetworkInterfaceAttribute&NetworkInterfaceId={instance.web#network_interface}&SecurityGroupId.1={security_group.db}"],
    ),
    meddling(
        "instance.db",
        "associate_public_ip_address",
        &["ModifyNetworkInterfaceAttribute&NetworkInterfaceId={instance.db#network_interface}&AssociatePublicIpAddress=true"],
    ),
    meddling("instance.web", "elastic_ip", &["DisassociateAddress&AssociationId={instance.web#elastic_ip_association}"]),
    meddling("instance.db", "elastic_ip", &["AllocateAddress&Domain=vpc", "AssociateAddress&InstanceId={instance.db}&AllocationId={made}"]),
    meddling("instance.web", "user_data", &[STOP, "ModifyInstanceAttribute&InstanceId={instance.web}&UserData.Value=cm0gLXJm", START]),
    meddling(
        "instance.web",
        "iam_instance_profile",
        &["AssociateIamInstanceProfile&InstanceId={instance.web}&IamInstanceProfile.Name=administrator"],
    ),
    meddling("instance.web", "source_dest_check", &["ModifyInstanceAttribute&InstanceId={instance.web}&SourceDestCheck.Value=false"]),
    meddling("instance.web", "monitoring", &["UnmonitorInstances&InstanceId.1={instance.web}"]),
    meddling("instance.db", "monitoring", &["MonitorInstances&InstanceId.1={instance.db}"]),
    meddling(
        "instance.web",
        "disable_api_termination",
        &["ModifyInstanceAttribute&InstanceId={instance.web}&DisableApiTermination.Value=false"],
    ),
    meddling("instance.web", "metadata_options", &["ModifyInstanceMetadataOptions&InstanceId={instance.web}&HttpTokens=optional"]),
    meddling("instance.web", "metadata_options", &["ModifyInstanceMetadataOptions&InstanceId={instance.web}&HttpPutResponseHopLimit=64"]),
    meddling("instance.web", "ebs_optimized", &[STOP, "ModifyInstanceAttribute&InstanceId={instance.web}&EbsOptimized.Value=true", START]),
    meddling("instance.web", "root_volume", &["ModifyVolume&VolumeId={instance.web#root_volume_id}&VolumeType=gp2"]),
    meddling("instance.web", "root_volume", &["ModifyVolume&VolumeId={instance.web#root_volume_id}&Size=40"]),
    meddling(
        "instance.web",
        "root_volume",
        &["ModifyInstanceAttribute&InstanceId={instance.web}&BlockDeviceMapping.1.DeviceName={instance.web#root_device}\
             &BlockDeviceMapping.1.Ebs.DeleteOnTermination=false"],
    ),
    meddling("instance.web", "state", &[STOP]),
    meddling("internet_gateway.spare", "vpc", &["DetachInternetGateway&InternetGatewayId={internet_gateway.spare}&VpcId={vpc.spare}"]),
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
    meddling("vpc_endpoint.s3", "policy", &["ModifyVpcEndpoint&VpcEndpointId={vpc_endpoint.s3}&ResetPolicy=true"]),
];

/// The network with a second VPC, whose gateway nothing needs.
#[must_use]
pub fn network() -> String {
    let spared = EVERY_KIND
        .replace("internet_gateway:\n  main:\n", "internet_gateway:\n  main: {vpc: main}\n  spare: {vpc: spare}\n")
        .replace("vpc:\n  main:\n", "vpc:\n  spare: {cidr_block: 10.50.0.0/16, instance_tenancy: dedicated}\n  main:\n");
    // With two VPCs, each resource says which is its own.
    let own = [
        ("subnet", &["public", "private", "plain"][..]),
        ("route_table", &["public", "private"]),
        ("network_acl", &["inner", "outer"]),
        ("security_group", &["web", "db"]),
    ];
    let mut text = spared.replace("  s3:\n", "  s3:\n    vpc: main\n");
    for (kind, names) in own {
        let (head, tail) = text.split_once(&format!("\n{kind}:\n")).unwrap_or_else(|| panic!("no {kind} in the network"));
        let mut tail = tail.to_owned();
        for name in names {
            tail = tail.replacen(&format!("  {name}:\n"), &format!("  {name}:\n    vpc: main\n"), 1);
        }
        text = format!("{head}\n{kind}:\n{tail}");
    }
    text
}

/// A call with ids in place of addresses; `{made}` is the id in the last answer.
///
/// # Panics
/// Where an address is not there.
#[must_use]
pub fn filled(call: &str, plan: &Plan, answer: &str) -> String {
    let mut text = String::new();
    let mut rest = call;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or_else(|| panic!("{call}: a brace is not closed"));
        text.push_str(before);
        text.push_str(&value(name, plan, answer));
        rest = after;
    }
    text + rest
}

fn value(name: &str, plan: &Plan, answer: &str) -> String {
    if name == "made" {
        let id = answer.split_once("<allocationId>").and_then(|(_, rest)| rest.split_once('<'));
        return id.unwrap_or_else(|| panic!("no id in {answer}")).0.to_owned();
    }
    let (address, fact) = name.split_once('#').unwrap_or((name, ""));
    let mut objects = plan.objects.values();
    let object = objects.find(|object| object.owner.as_ref().is_some_and(|owner| owner.address == address));
    let object = object.unwrap_or_else(|| panic!("{address} is not there"));
    if fact.is_empty() { object.id.clone() } else { object.facts.text(fact).to_owned() }
}
