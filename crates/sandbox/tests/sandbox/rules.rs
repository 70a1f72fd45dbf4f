//! What EC2 refuses, with the exact code of each refusal.

use crate::harness::{self, Cloud, all, refused, refused_with};

#[tokio::test]
async fn requests_are_checked() {
    let cloud = Cloud::new();
    refused(
        &cloud,
        &[
            ("CreateUnicorn", "InvalidAction"),
            ("", "MissingAction"),
            ("GetCallerIdentity", "InvalidAction"),
            ("CreateVpc", "MissingParameter"),
            ("CreateVpc&CidrBlock=10.0.0.0/16&Colour=red", "UnknownParameter"),
            (
                "CreateVpc&CidrBlock=10.0.0.0/16&DryRun=maybe",
                "InvalidParameterValue",
            ),
            ("CreateVpc&CidrBlock=10.0.0.0/16&DryRun=true", "DryRunOperation"),
            (
                "DescribeVpcs&Filter.1.Name=colour&Filter.1.Value.1=red",
                "InvalidParameterValue",
            ),
            ("DescribeVpcs&Filter.1.Name=vpc-id", "InvalidParameterValue"),
            ("DescribeVpcs&MaxResults=4", "InvalidParameterValue"),
            ("DescribeVpcs&MaxResults=1001", "InvalidParameterValue"),
            ("DescribeRouteTables&MaxResults=101", "InvalidParameterValue"),
            (
                "DescribeManagedPrefixLists&MaxResults=101",
                "InvalidParameterValue",
            ),
            ("DescribeVpcs&NextToken=nonsense", "InvalidNextToken"),
            (
                "ModifyVpcAttribute&VpcId=vpc-12345678&DryRun=true",
                "InvalidVpcID.NotFound",
            ),
        ],
    )
    .await;
    assert_eq!(
        all(&cloud.ok("DescribeVpcs").await, "vpcId").len(),
        1,
        "a dry run and a refused parameter change nothing"
    );
}

#[tokio::test]
async fn ids_are_malformed_or_unknown() {
    let cloud = Cloud::new();
    refused(
        &cloud,
        &[
            ("DescribeVpcs&VpcId.1=foo", "InvalidVpcId.Malformed"),
            ("DescribeVpcs&VpcId.1=vpc-12345678", "InvalidVpcID.NotFound"),
            (
                "DescribeSubnets&SubnetId.1=subnet-12345678",
                "InvalidSubnetID.NotFound",
            ),
            (
                "DescribeInternetGateways&InternetGatewayId.1=igw-12345678",
                "InvalidInternetGatewayID.NotFound",
            ),
            (
                "DescribeNatGateways&NatGatewayId.1=nat-12345678",
                "NatGatewayNotFound",
            ),
            ("DescribeNatGateways&NatGatewayId.1=nat", "NatGatewayMalformed"),
            (
                "DescribeAddresses&AllocationId.1=eipalloc-12345678",
                "InvalidAllocationID.NotFound",
            ),
            ("DescribeAddresses&PublicIp.1=1.2.3.4", "InvalidAddress.NotFound"),
            (
                "DescribeRouteTables&RouteTableId.1=rtb-12345678",
                "InvalidRouteTableID.NotFound",
            ),
            (
                "DescribeSecurityGroups&GroupId.1=sg-12345678",
                "InvalidGroup.NotFound",
            ),
            ("DescribeSecurityGroups&GroupId.1=foo", "InvalidGroupId.Malformed"),
            (
                "DescribeSecurityGroups&GroupName.1=nobody",
                "InvalidGroup.NotFound",
            ),
            (
                "DescribeSecurityGroupRules&SecurityGroupRuleId.1=sgr-12345678",
                "InvalidSecurityGroupRuleId.NotFound",
            ),
            (
                "DescribeNetworkAcls&NetworkAclId.1=acl-12345678",
                "InvalidNetworkAclID.NotFound",
            ),
            ("DescribeKeyPairs&KeyName.1=nobody", "InvalidKeyPair.NotFound"),
            (
                "DescribeInstances&InstanceId.1=i-12345678",
                "InvalidInstanceID.NotFound",
            ),
            (
                "DescribeInstances&InstanceId.1=foo",
                "InvalidInstanceID.Malformed",
            ),
            (
                "DescribeInstances&InstanceId.1=i-12345678&MaxResults=5",
                "InvalidParameterCombination",
            ),
            (
                "DescribeNetworkInterfaces&NetworkInterfaceId.1=eni-12345678",
                "InvalidNetworkInterfaceID.NotFound",
            ),
            (
                "DescribeVolumes&VolumeId.1=vol-12345678",
                "InvalidVolume.NotFound",
            ),
            (
                "DescribeVpcEndpoints&VpcEndpointId.1=vpce-12345678",
                "InvalidVpcEndpointId.NotFound",
            ),
            (
                "DescribeManagedPrefixLists&PrefixListId.1=pl-12345678",
                "InvalidPrefixListID.NotFound",
            ),
            ("DescribeImages&ImageId.1=ami-00000000", "InvalidAMIID.NotFound"),
            ("DescribeImages&ImageId.1=foo", "InvalidAMIID.Malformed"),
            (
                "DescribeVpcEndpointServices&ServiceName.1=com.amazonaws.us-west-2.unicorn",
                "InvalidServiceName",
            ),
            ("DeleteNatGateway&NatGatewayId=nat-12345678", "NatGatewayNotFound"),
            (
                "ReleaseAddress&AllocationId=eipalloc-12345678",
                "InvalidAllocationID.NotFound",
            ),
            (
                "DisassociateRouteTable&AssociationId=rtbassoc-12345678",
                "InvalidAssociationID.NotFound",
            ),
            (
                "DisassociateAddress&AssociationId=eipassoc-12345678",
                "InvalidAssociationID.NotFound",
            ),
            (
                "DisassociateVpcCidrBlock&AssociationId=vpc-cidr-assoc-1",
                "InvalidVpcCidrBlockAssociationID.NotFound",
            ),
            (
                "CreateTags&ResourceId.1=vpc-12345678&Tag.1.Key=a&Tag.1.Value=b",
                "InvalidVpcID.NotFound",
            ),
            (
                "CreateTags&ResourceId.1=unicorn-1&Tag.1.Key=a&Tag.1.Value=b",
                "InvalidID",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn vpc_ranges_follow_the_guide() {
    let cloud = Cloud::new();
    refused(
        &cloud,
        &[
            ("CreateVpc&CidrBlock=10.0.0.0/15", "InvalidVpc.Range"),
            ("CreateVpc&CidrBlock=10.0.0.0/29", "InvalidVpc.Range"),
            ("CreateVpc&CidrBlock=169.254.0.0/16", "InvalidVpc.Range"),
            ("CreateVpc&CidrBlock=10.0.0.0", "InvalidParameterValue"),
            (
                "CreateVpc&CidrBlock=10.0.0.0/16&InstanceTenancy=host",
                "InvalidParameterValue",
            ),
        ],
    )
    .await;
    assert_eq!(
        cloud.get("CreateVpc&CidrBlock=10.5.3.7/16", "cidrBlock").await,
        "10.5.0.0/16",
        "host bits are cleared"
    );
    let vpc = cloud.vpc().await;
    let primary = all(
        &cloud.ok(&format!("DescribeVpcs&VpcId.1={vpc}")).await,
        "associationId",
    )
    .remove(0);
    refused_with(
        &cloud,
        &[("vpc", &vpc), ("primary", &primary)],
        &[
            (
                "AssociateVpcCidrBlock&VpcId={vpc}&CidrBlock=10.0.128.0/20",
                "InvalidVpc.Range",
            ),
            (
                "AssociateVpcCidrBlock&VpcId={vpc}&CidrBlock=172.16.0.0/16",
                "InvalidVpc.Range",
            ),
            (
                "DisassociateVpcCidrBlock&AssociationId={primary}",
                "OperationNotPermitted",
            ),
            (
                "ModifyVpcTenancy&VpcId={vpc}&InstanceTenancy=dedicated",
                "UnsupportedTenancy",
            ),
            ("ModifyVpcAttribute&VpcId={vpc}", "MissingParameter"),
            (
                "ModifyVpcAttribute&VpcId={vpc}&EnableDnsSupport.Value=true&EnableDnsHostnames.Value=true",
                "InvalidParameterCombination",
            ),
        ],
    )
    .await;
    cloud
        .ok(&format!(
            "ModifyVpcAttribute&VpcId={vpc}&EnableDnsSupport.Value=false"
        ))
        .await;
    let query = format!("ModifyVpcAttribute&VpcId={vpc}&EnableDnsHostnames.Value=true");
    assert_eq!(cloud.code(&query).await, "InvalidParameterCombination");
}

#[tokio::test]
async fn subnets_lie_inside_and_apart() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    refused_with(
        &cloud,
        &[("vpc", &vpc), ("subnet", &subnet)],
        &[
            ("CreateSubnet&VpcId={vpc}&CidrBlock=10.1.0.0/24", "InvalidSubnet.Range"),
            ("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.0.0/29", "InvalidSubnet.Range"),
            ("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.1.128/25", "InvalidSubnet.Conflict"),
            ("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.0.0/20", "InvalidSubnet.Conflict"),
            ("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.2.0/24&AvailabilityZone=us-west-2z", "InvalidParameterValue"),
            (
                "CreateSubnet&VpcId={vpc}&CidrBlock=10.0.2.0/24&AvailabilityZone=us-west-2a&AvailabilityZoneId=usw2-az1",
                "InvalidParameterCombination",
            ),
            ("ModifySubnetAttribute&SubnetId={subnet}", "MissingParameter"),
            (
                "ModifySubnetAttribute&SubnetId={subnet}&MapPublicIpOnLaunch.Value=true&EnableResourceNameDnsARecordOnLaunch.Value=true",
                "InvalidParameterCombination",
            ),
            ("ModifySubnetAttribute&SubnetId={subnet}&AssignIpv6AddressOnCreation.Value=true", "InvalidParameterValue"),
            ("DeleteVpc&VpcId={vpc}", "DependencyViolation"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_vpc_has_one_internet_gateway() {
    let cloud = Cloud::new();
    let (vpc, other) = (
        cloud.vpc().await,
        cloud.get("CreateVpc&CidrBlock=10.1.0.0/16", "vpcId").await,
    );
    let gateway = cloud.gateway(&vpc).await;
    let second = cloud.get("CreateInternetGateway", "internetGatewayId").await;
    refused_with(
        &cloud,
        &[
            ("vpc", &vpc),
            ("other", &other),
            ("gateway", &gateway),
            ("second", &second),
        ],
        &[
            (
                "AttachInternetGateway&InternetGatewayId={gateway}&VpcId={other}",
                "Resource.AlreadyAssociated",
            ),
            (
                "AttachInternetGateway&InternetGatewayId={second}&VpcId={vpc}",
                "InvalidParameterValue",
            ),
            (
                "DetachInternetGateway&InternetGatewayId={second}&VpcId={vpc}",
                "Gateway.NotAttached",
            ),
            (
                "DeleteInternetGateway&InternetGatewayId={gateway}",
                "DependencyViolation",
            ),
            ("DeleteVpc&VpcId={vpc}", "DependencyViolation"),
        ],
    )
    .await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    cloud
        .ok(&format!(
            "ModifySubnetAttribute&SubnetId={subnet}&MapPublicIpOnLaunch.Value=true"
        ))
        .await;
    let instance = cloud.instance(&subnet, "").await;
    let detach = format!("DetachInternetGateway&InternetGatewayId={gateway}&VpcId={vpc}");
    assert_eq!(cloud.code(&detach).await, "DependencyViolation");
    cloud
        .ok(&format!("TerminateInstances&InstanceId.1={instance}"))
        .await;
    cloud.ok(&detach).await;
}

#[tokio::test]
async fn routes_have_one_destination_and_a_target_that_exists() {
    let cloud = Cloud::new();
    let (vpc, other) = (
        cloud.vpc().await,
        cloud.get("CreateVpc&CidrBlock=10.1.0.0/16", "vpcId").await,
    );
    let (gateway, elsewhere) = (cloud.gateway(&vpc).await, cloud.gateway(&other).await);
    let table = cloud
        .get(&format!("CreateRouteTable&VpcId={vpc}"), "routeTableId")
        .await;
    cloud
        .ok(&format!(
            "CreateRoute&RouteTableId={table}&DestinationCidrBlock=0.0.0.0/0&GatewayId={gateway}"
        ))
        .await;
    refused_with(
        &cloud,
        &[("t", &table), ("g", &gateway), ("elsewhere", &elsewhere)],
        &[
            ("CreateRoute&RouteTableId={t}&DestinationCidrBlock=0.0.0.0/0&GatewayId={g}", "RouteAlreadyExists"),
            ("CreateRoute&RouteTableId={t}&DestinationCidrBlock=10.0.0.0/16&GatewayId={g}", "RouteAlreadyExists"),
            ("CreateRoute&RouteTableId={t}&DestinationCidrBlock=10.0.4.0/24&GatewayId={g}", "InvalidParameterValue"),
            ("CreateRoute&RouteTableId={t}&DestinationCidrBlock=1.0.0.0/8&GatewayId=local", "InvalidGatewayID.NotFound"),
            ("CreateRoute&RouteTableId={t}&DestinationCidrBlock=1.0.0.0/8&GatewayId=igw-12345678", "InvalidInternetGatewayID.NotFound"),
            ("CreateRoute&RouteTableId={t}&DestinationCidrBlock=1.0.0.0/8&GatewayId={elsewhere}", "InvalidParameterValue"),
            ("CreateRoute&RouteTableId={t}&DestinationCidrBlock=1.0.0.0/8&NatGatewayId=nat-12345678", "InvalidNatGatewayID.NotFound"),
            (
                "CreateRoute&RouteTableId={t}&DestinationCidrBlock=1.0.0.0/8&TransitGatewayId=tgw-12345678",
                "InvalidTransitGatewayID.NotFound",
            ),
            ("CreateRoute&RouteTableId={t}&DestinationCidrBlock=1.0.0.0/8", "MissingParameter"),
            ("CreateRoute&RouteTableId={t}&GatewayId={g}", "MissingParameter"),
            (
                "CreateRoute&RouteTableId={t}&DestinationCidrBlock=1.0.0.0/8&GatewayId={g}&NatGatewayId=nat-12345678",
                "InvalidParameterCombination",
            ),
            ("CreateRoute&RouteTableId={t}&DestinationCidrBlock=169.254.168.0/24&GatewayId={g}", "InvalidParameterValue"),
            ("CreateRoute&RouteTableId={t}&DestinationPrefixListId=pl-12345678&GatewayId={g}", "InvalidPrefixListID.NotFound"),
            ("ReplaceRoute&RouteTableId={t}&DestinationCidrBlock=1.0.0.0/8&GatewayId={g}", "InvalidParameterValue"),
            ("DeleteRoute&RouteTableId={t}&DestinationCidrBlock=1.0.0.0/8", "InvalidRoute.NotFound"),
            ("DeleteRoute&RouteTableId={t}&DestinationCidrBlock=10.0.0.0/16", "InvalidParameterValue"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_subnet_has_one_table() {
    let cloud = Cloud::new();
    let (vpc, other) = (
        cloud.vpc().await,
        cloud.get("CreateVpc&CidrBlock=10.1.0.0/16", "vpcId").await,
    );
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let table = cloud
        .get(&format!("CreateRouteTable&VpcId={vpc}"), "routeTableId")
        .await;
    let second = cloud
        .get(&format!("CreateRouteTable&VpcId={vpc}"), "routeTableId")
        .await;
    let foreign = cloud
        .get(&format!("CreateRouteTable&VpcId={other}"), "routeTableId")
        .await;
    let main = cloud
        .ok(&format!(
            "DescribeRouteTables&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}&Filter.2.Name=association.main&Filter.2.Value.1=true"
        ))
        .await;
    let (main, main_table) = (
        harness::first(&main, "routeTableAssociationId").unwrap(),
        harness::first(&main, "routeTableId").unwrap(),
    );
    let associate = format!("AssociateRouteTable&RouteTableId={table}&SubnetId={subnet}");
    let association = cloud.get(&associate, "associationId").await;
    assert_eq!(
        cloud.get(&associate, "associationId").await,
        association,
        "the same again is the same"
    );
    refused_with(
        &cloud,
        &[
            ("s", &subnet),
            ("t", &table),
            ("second", &second),
            ("foreign", &foreign),
            ("main", &main),
            ("mt", &main_table),
            ("a", &association),
        ],
        &[
            (
                "AssociateRouteTable&RouteTableId={second}&SubnetId={s}",
                "Resource.AlreadyAssociated",
            ),
            (
                "AssociateRouteTable&RouteTableId={foreign}&SubnetId={s}",
                "InvalidParameterValue",
            ),
            (
                "ReplaceRouteTableAssociation&AssociationId={a}&RouteTableId={foreign}",
                "InvalidParameterValue",
            ),
            (
                "DisassociateRouteTable&AssociationId={main}",
                "InvalidParameterValue",
            ),
            ("DeleteRouteTable&RouteTableId={t}", "DependencyViolation"),
            ("DeleteRouteTable&RouteTableId={mt}", "DependencyViolation"),
        ],
    )
    .await;
    let swapped = cloud
        .get(
            &format!("ReplaceRouteTableAssociation&AssociationId={main}&RouteTableId={second}"),
            "newAssociationId",
        )
        .await;
    assert_ne!(swapped, main);
    assert_eq!(
        cloud
            .code(&format!("DeleteRouteTable&RouteTableId={second}"))
            .await,
        "DependencyViolation"
    );
    cloud
        .ok(&format!("DeleteRouteTable&RouteTableId={main_table}"))
        .await;
}
