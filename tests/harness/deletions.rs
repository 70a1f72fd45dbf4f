//! What somebody deletes by hand, and what no spec has anything to say of.

/// What somebody deletes by hand, where EC2 lets them: whose object, and the calls.
pub const DELETIONS: &[(&str, &[&str])] = &[
    ("vpc.idle", &["DeleteVpc&VpcId={vpc.idle}"]),
    (
        "dhcp_options.idle",
        &["DeleteDhcpOptions&DhcpOptionsId={dhcp_options.idle}"],
    ),
    ("subnet.plain", &["DeleteSubnet&SubnetId={subnet.plain}"]),
    (
        "internet_gateway.spare",
        &[
            "DetachInternetGateway&InternetGatewayId={internet_gateway.spare}&VpcId={vpc.spare}",
            "DeleteInternetGateway&InternetGatewayId={internet_gateway.spare}",
        ],
    ),
    (
        "egress_only_internet_gateway.main",
        &["DeleteEgressOnlyInternetGateway&EgressOnlyInternetGatewayId={egress_only_internet_gateway.main}"],
    ),
    (
        "elastic_ip.idle",
        &["ReleaseAddress&AllocationId={elastic_ip.idle}"],
    ),
    (
        "nat_gateway.main",
        &["DeleteNatGateway&NatGatewayId={nat_gateway.main}"],
    ),
    (
        "route_table.idle",
        &["DeleteRouteTable&RouteTableId={route_table.idle}"],
    ),
    (
        "network_acl.outer",
        &["DeleteNetworkAcl&NetworkAclId={network_acl.outer}"],
    ),
    (
        "security_group.idle",
        &["DeleteSecurityGroup&GroupId={security_group.idle}"],
    ),
    ("key_pair.ops", &["DeleteKeyPair&KeyPairId={key_pair.ops}"]),
    ("instance.db", &["TerminateInstances&InstanceId.1={instance.db}"]),
    ("volume.idle", &["DeleteVolume&VolumeId={volume.idle}"]),
    (
        "vpc_peering_connection.spare",
        &["DeleteVpcPeeringConnection&VpcPeeringConnectionId={vpc_peering_connection.spare}"],
    ),
    (
        "vpc_endpoint.s3",
        &["DeleteVpcEndpoints&VpcEndpointId.1={vpc_endpoint.s3}"],
    ),
    (
        "flow_log.archive",
        &["DeleteFlowLogs&FlowLogId.1={flow_log.archive}"],
    ),
];

/// The calls of EC2 that change something, and that no spec has anything to say of: why.
pub const ELSEWHERE: &[(&str, &str)] = &[
    (
        "AcceptVpcPeeringConnection",
        "what somebody else accepts is what its spec waits for, and nothing takes it back",
    ),
    (
        "AttachInternetGateway",
        "EC2 attaches one to a VPC; one that is spare is put back where it was by `DetachInternetGateway`'s row",
    ),
    (
        "AttachNetworkInterface",
        "no attribute speaks of further interfaces",
    ),
    ("CreateDhcpOptions", MAKES),
    ("CreateEgressOnlyInternetGateway", MAKES),
    ("CreateFlowLogs", MAKES),
    ("CreateInternetGateway", MAKES),
    ("CreateKeyPair", MAKES),
    ("CreateManagedPrefixList", MAKES),
    ("CreateNatGateway", MAKES),
    ("CreateNetworkAcl", MAKES),
    ("CreateNetworkInterface", MAKES),
    ("CreateRouteTable", MAKES),
    ("CreateSecurityGroup", MAKES),
    ("CreateSubnet", MAKES),
    ("CreateTags", "tags are tried for every kind"),
    ("CreateVolume", MAKES),
    ("CreateVpc", MAKES),
    ("CreateVpcEndpoint", MAKES),
    ("CreateVpcPeeringConnection", MAKES),
    ("DeleteManagedPrefixList", OTHERS),
    ("DeleteNetworkInterface", "EC2 does not delete one that is in use"),
    ("DeleteTags", "tags are tried for every kind"),
    ("DetachNetworkInterface", "EC2 does not detach the first one"),
    ("DisableVpcClassicLink", RETIRED),
    ("EnableVpcClassicLink", RETIRED),
    ("ImportKeyPair", MAKES),
    (
        "ModifyInstanceCreditSpecification",
        "no attribute speaks of CPU credits",
    ),
    ("ModifyManagedPrefixList", OTHERS),
    ("RebootInstances", "changes nothing that stays"),
    (
        "RejectVpcPeeringConnection",
        "of what waits for somebody else alone, which is tried by itself",
    ),
    ("RunInstances", MAKES),
    ("CreateVpcBlockPublicAccessExclusion", ACCOUNTS),
    ("DeleteVpcBlockPublicAccessExclusion", ACCOUNTS),
    ("ModifyVpcBlockPublicAccessExclusion", ACCOUNTS),
    ("ModifyVpcBlockPublicAccessOptions", ACCOUNTS),
];
const MAKES: &str =
    "makes what is nobody's: `drift --unmanaged` tells it where it is in a VPC of the topology";
const ACCOUNTS: &str =
    "of the account's, and no attribute's: `tests/cases/public_access.rs` tries what reach makes of it";
const OTHERS: &str = "of what others have: plans look up what they use of it";
const RETIRED: &str = "EC2 has retired it";
