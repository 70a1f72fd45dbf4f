//! IPv6: ranges of VPCs and subnets, addresses of interfaces, routes, and what EC2 opens by itself.

use trueup_sandbox::Behaviour;

use crate::harness::{Cloud, all, first, refused_with};

/// A VPC with a range of Amazon's, and the beginning of that.
async fn vpc(cloud: &Cloud) -> (String, String) {
    let created = cloud
        .ok("CreateVpc&CidrBlock=10.0.0.0/16&AmazonProvidedIpv6CidrBlock=true")
        .await;
    let id = first(&created, "vpcId").unwrap();
    // Amazon tells the range once it is given.
    assert!(
        created.contains("<ipv6Pool>Amazon</ipv6Pool>") && created.contains("<state>associating</state>"),
        "{created}"
    );
    assert_eq!(first(&created, "ipv6CidrBlock").as_deref(), Some(""));
    let range = cloud
        .get(&format!("DescribeVpcs&VpcId.1={id}"), "ipv6CidrBlock")
        .await;
    let start = range.strip_suffix("00::/56").unwrap().to_owned();
    assert!(start.starts_with("2600:1f14:"), "{range}");
    (id, start)
}

/// A subnet with a range of 64 bits.
async fn subnet(cloud: &Cloud, vpc: &str, start: &str) -> String {
    let query = format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.1.0/24&Ipv6CidrBlock={start}01::/64");
    let created = cloud.ok(&query).await;
    assert_eq!(
        first(&created, "ipv6CidrBlock"),
        Some(format!("{start}01::/64")),
        "{created}"
    );
    assert!(
        created.contains("<ipv6CidrBlockState><state>associating</state>"),
        "{created}"
    );
    first(&created, "subnetId").unwrap()
}

#[tokio::test]
async fn ranges_come_and_go_with_their_local_routes() {
    let cloud = Cloud::new();
    let (id, start) = vpc(&cloud).await;
    let vpcs = format!("DescribeVpcs&VpcId.1={id}");
    let routes = format!("DescribeRouteTables&Filter.1.Name=vpc-id&Filter.1.Value.1={id}");
    let local = |body: &str| all(body, "destinationIpv6CidrBlock");
    assert_eq!(local(&cloud.ok(&routes).await), [format!("{start}00::/56")]);
    let subnet_id = subnet(&cloud, &id, &start).await;
    let subnets = cloud.ok(&format!("DescribeSubnets&SubnetId.1={subnet_id}")).await;
    let association = all(&subnets, "associationId").remove(0);
    assert!(
        association.starts_with("subnet-cidr-assoc-") && subnets.contains("<state>associated</state>"),
        "{subnets}"
    );
    let of_vpc = all(&cloud.ok(&vpcs).await, "associationId").remove(1);
    refused_with(
        &cloud,
        &[("vpc", &id), ("subnet", &subnet_id), ("start", &start), ("of_vpc", &of_vpc)],
        &[
            ("DisassociateVpcCidrBlock&AssociationId={of_vpc}", "InvalidCidrBlock.InUse"),
            ("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.2.0/24&Ipv6CidrBlock={start}01::/64", "InvalidSubnet.Conflict"),
            ("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.2.0/24&Ipv6CidrBlock={start}02::/65", "InvalidSubnet.Range"),
            ("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.2.0/24&Ipv6CidrBlock=2001:db8::/64", "InvalidSubnet.Range"),
            ("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.1.0/24&Ipv6CidrBlock={start}02::/64", "InvalidSubnet.Conflict"),
            ("AssociateSubnetCidrBlock&SubnetId={subnet}&Ipv6CidrBlock={start}02::/64", "CidrLimitExceeded"),
            ("DisassociateSubnetCidrBlock&AssociationId=subnet-cidr-assoc-12345678", "InvalidSubnetCidrBlockAssociationID.NotFound"),
            ("DisassociateSubnetCidrBlock&AssociationId=x&DryRun=true", "InvalidSubnetCidrBlockAssociationID.NotFound"),
            ("AssociateVpcCidrBlock&VpcId={vpc}&AmazonProvidedIpv6CidrBlock=true&CidrBlock=10.9.0.0/16", "InvalidParameterCombination"),
            ("AssociateVpcCidrBlock&VpcId={vpc}&Ipv6CidrBlock=2001:db8::/56", "MissingParameter"),
            ("AssociateVpcCidrBlock&VpcId={vpc}&Ipv6Pool=mine", "InvalidIpv6PoolID.NotFound"),
            ("AssociateVpcCidrBlock&VpcId={vpc}&Ipv6Pool=ipv6pool-ec2-0123456789abcdef0&Ipv6CidrBlock=2001:db8::/62", "InvalidVpc.Range"),
        ],
    )
    .await;
    cloud
        .ok(&format!(
            "DisassociateSubnetCidrBlock&AssociationId={association}"
        ))
        .await;
    cloud
        .ok(&format!(
            "AssociateSubnetCidrBlock&SubnetId={subnet_id}&Ipv6CidrBlock={start}02::/64"
        ))
        .await;
    let filter =
        format!("Filter.1.Name=ipv6-cidr-block-association.ipv6-cidr-block&Filter.1.Value.1={start}02::/64");
    assert_eq!(
        cloud.get(&format!("DescribeSubnets&{filter}"), "subnetId").await,
        subnet_id
    );
    cloud.ok(&format!("DeleteSubnet&SubnetId={subnet_id}")).await;
    cloud
        .ok(&format!("DisassociateVpcCidrBlock&AssociationId={of_vpc}"))
        .await;
    assert_eq!(local(&cloud.ok(&routes).await), [""; 0]);
    // A range that the account has brought.
    let own = "Ipv6Pool=ipv6pool-ec2-0123456789abcdef0&Ipv6CidrBlock=2001:db8:12:3400::/56";
    let associated = cloud.ok(&format!("AssociateVpcCidrBlock&VpcId={id}&{own}")).await;
    assert!(
        associated.contains("<ipv6CidrBlockAssociation>")
            && associated.contains("<ipSource>byoip</ipSource>"),
        "{associated}"
    );
    assert_eq!(local(&cloud.ok(&routes).await), ["2001:db8:12:3400::/56"]);
    assert_eq!(
        cloud
            .code(&format!("CreateVpc&CidrBlock=10.1.0.0/16&{own}"))
            .await,
        "InvalidCidrBlock.InUse"
    );
}

#[tokio::test]
async fn ranges_take_their_time() {
    let cloud = Cloud::behaving(Behaviour::Realistic);
    let id = cloud
        .get(
            "CreateVpc&CidrBlock=10.0.0.0/16&AmazonProvidedIpv6CidrBlock=true",
            "vpcId",
        )
        .await;
    let mut seen = Vec::new();
    for _ in 0..40 {
        let (status, body) = cloud.ask(&format!("DescribeVpcs&VpcId.1={id}")).await;
        if status == 200 {
            let state = body
                .split("<ipv6CidrBlockState>")
                .nth(1)
                .and_then(|rest| first(rest, "state"));
            let range = first(&body, "ipv6CidrBlock").is_some_and(|range| !range.is_empty());
            seen.push((state.unwrap_or_default(), range));
        }
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        if seen.last().is_some_and(|(state, _)| state == "associated") {
            break;
        }
    }
    assert!(seen.contains(&("associating".into(), false)), "{seen:?}");
    assert_eq!(seen.last(), Some(&("associated".into(), true)), "{seen:?}");
}

#[tokio::test]
async fn what_ec2_made_opens_for_ipv6_unless_it_was_changed() {
    let cloud = Cloud::new();
    let (id, _) = vpc(&cloud).await;
    let of = |what: &str, vpc: &str| format!("{what}&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}");
    let acls = cloud.ok(&of("DescribeNetworkAcls", &id)).await;
    assert_eq!(
        all(&acls, "ruleNumber"),
        ["100", "101", "32767", "32768", "100", "101", "32767", "32768"]
    );
    assert_eq!(all(&acls, "ipv6CidrBlock"), ["::/0"; 4]);
    let groups = cloud.ok(&of("DescribeSecurityGroups", &id)).await;
    assert_eq!(all(&groups, "cidrIpv6"), ["::/0"]);
    // What is made in it then.
    let group = cloud.group(&id, "web").await;
    let rules = cloud
        .ok(&format!(
            "DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1={group}"
        ))
        .await;
    assert_eq!(
        (all(&rules, "cidrIpv4"), all(&rules, "cidrIpv6")),
        (vec!["0.0.0.0/0".to_owned()], vec!["::/0".to_owned()])
    );
    let acl = cloud.ok(&format!("CreateNetworkAcl&VpcId={id}")).await;
    assert_eq!(all(&acl, "ruleNumber"), ["32767", "32768", "32767", "32768"]);

    // A VPC that gets its range later, with an ACL and a group that somebody has changed.
    let old = cloud.vpc().await;
    let acl = cloud.get(&of("DescribeNetworkAcls", &old), "networkAclId").await;
    cloud
        .ok(&format!(
            "DeleteNetworkAclEntry&NetworkAclId={acl}&Egress=false&RuleNumber=100"
        ))
        .await;
    let default = cloud.get(&of("DescribeSecurityGroups", &old), "groupId").await;
    cloud
        .ok(&format!(
            "RevokeSecurityGroupEgress&GroupId={default}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
        ))
        .await;
    let made = cloud.group(&old, "made").await;
    cloud
        .ok(&format!(
            "AssociateVpcCidrBlock&VpcId={old}&AmazonProvidedIpv6CidrBlock=true"
        ))
        .await;
    let acls = cloud.ok(&of("DescribeNetworkAcls", &old)).await;
    assert_eq!(
        all(&acls, "ruleNumber"),
        ["100", "101", "32767", "32768", "32767", "32768"],
        "only what goes out was as it was made"
    );
    let groups = cloud.ok(&of("DescribeSecurityGroups", &old)).await;
    assert!(
        groups.contains(&made) && all(&groups, "cidrIpv6").is_empty(),
        "{groups}"
    );
}

#[tokio::test]
async fn interfaces_have_addresses() {
    let cloud = Cloud::new();
    let (id, start) = vpc(&cloud).await;
    let subnet_id = subnet(&cloud, &id, &start).await;
    let plain = cloud.subnet(&id, "10.0.2.0/24").await;
    let association = cloud
        .get(
            &format!("DescribeSubnets&SubnetId.1={subnet_id}"),
            "associationId",
        )
        .await;
    let addresses = |body: &str| -> Vec<String> {
        let sets = all(body, "ipv6AddressesSet").join("");
        all(&sets, "ipv6Address")
    };
    let none = cloud.instance(&subnet_id, "").await;
    let none = cloud.ok(&format!("DescribeInstances&InstanceId.1={none}")).await;
    assert_eq!(addresses(&none), [""; 0]);
    let on = format!("ModifySubnetAttribute&SubnetId={subnet_id}&AssignIpv6AddressOnCreation.Value=true");
    cloud.ok(&on).await;
    let host = cloud.instance(&subnet_id, "").await;
    let shown = cloud.ok(&format!("DescribeInstances&InstanceId.1={host}")).await;
    let [auto] = &addresses(&shown)[..] else {
        panic!("{shown}")
    };
    assert!(auto.starts_with(&format!("{start}01:")), "{auto}");
    let by = format!("DescribeInstances&Filter.1.Name=ipv6-address&Filter.1.Value.1={auto}");
    assert_eq!(cloud.get(&by, "instanceId").await, host);
    let fixed = format!("{start}01::20");
    let with = format!("&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.SubnetId={subnet_id}");
    let launch = "RunInstances&ImageId=ami-0d6621c01e8c2de2c&InstanceType=t2.micro&MinCount=1&MaxCount=1";
    let one = format!("{launch}{with}&NetworkInterface.1.Ipv6Addresses.1.Ipv6Address={fixed}");
    assert_eq!(addresses(&cloud.ok(&one).await), std::slice::from_ref(&fixed));
    let two = cloud
        .ok(&format!("{launch}&SubnetId={subnet_id}&Ipv6AddressCount=2"))
        .await;
    assert_eq!(addresses(&two).len(), 2, "{two}");
    let interface = cloud
        .get(
            &format!("CreateNetworkInterface&SubnetId={subnet_id}&Ipv6AddressCount=0"),
            "networkInterfaceId",
        )
        .await;
    refused_with(
        &cloud,
        &[
            ("launch", launch),
            ("subnet", &subnet_id),
            ("plain", &plain),
            ("fixed", &fixed),
            ("interface", &interface),
            ("association", &association),
            ("start", &start),
        ],
        &[
            ("{launch}&SubnetId={subnet}&Ipv6Address.1.Ipv6Address={fixed}", "InvalidIPAddress.InUse"),
            ("{launch}&SubnetId={subnet}&Ipv6Address.1.Ipv6Address={start}01::3", "InvalidParameterValue"),
            ("{launch}&SubnetId={subnet}&Ipv6Address.1.Ipv6Address={start}02::20", "InvalidParameterValue"),
            ("{launch}&SubnetId={subnet}&Ipv6Address.1.Ipv6Address={start}01::9&Ipv6AddressCount=1", "InvalidParameterCombination"),
            ("{launch}&SubnetId={plain}&Ipv6AddressCount=1", "InvalidParameterValue"),
            ("{launch}&SubnetId={subnet}&Ipv6AddressCount=3", "InvalidParameterValue"),
            ("{launch}&Ipv6AddressCount=1&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.SubnetId={subnet}", "InvalidParameterCombination"),
            ("AssignIpv6Addresses&NetworkInterfaceId={interface}", "MissingParameter"),
            ("UnassignIpv6Addresses&NetworkInterfaceId={interface}&Ipv6Addresses.1={start}01::77", "InvalidParameterValue"),
            ("DisassociateSubnetCidrBlock&AssociationId={association}", "InvalidCidrBlock.InUse"),
            ("ModifySubnetAttribute&SubnetId={plain}&AssignIpv6AddressOnCreation.Value=true", "InvalidParameterValue"),
        ],
    )
    .await;
    let assigned = cloud
        .ok(&format!(
            "AssignIpv6Addresses&NetworkInterfaceId={interface}&Ipv6Addresses.1={start}01::77&Ipv6Addresses.2={start}01::78"
        ))
        .await;
    assert!(
        assigned.contains(&format!("<item>{start}01::77</item>")),
        "{assigned}"
    );
    cloud
        .ok(&format!(
            "UnassignIpv6Addresses&NetworkInterfaceId={interface}&Ipv6Addresses.1={start}01::77"
        ))
        .await;
    let left = cloud
        .ok(&format!(
            "DescribeNetworkInterfaces&NetworkInterfaceId.1={interface}"
        ))
        .await;
    assert_eq!(addresses(&left), [format!("{start}01::78")]);
    // The range goes once the subnet gives no more addresses, and none is left.
    cloud.ok(&on.replace("=true", "=false")).await;
    let gone = format!("DisassociateSubnetCidrBlock&AssociationId={association}");
    assert_eq!(cloud.code(&gone).await, "InvalidCidrBlock.InUse");
}

#[tokio::test]
async fn egress_only_gateways_take_ipv6_alone() {
    let cloud = Cloud::new();
    let (id, start) = vpc(&cloud).await;
    let tags = "TagSpecification.1.ResourceType=egress-only-internet-gateway&TagSpecification.1.Tag.1.Key=Name\
                &TagSpecification.1.Tag.1.Value=out";
    let create = format!("CreateEgressOnlyInternetGateway&VpcId={id}&ClientToken=one&{tags}");
    let gateway = cloud.get(&create, "egressOnlyInternetGatewayId").await;
    assert_eq!(
        cloud.get(&create, "egressOnlyInternetGatewayId").await,
        gateway,
        "by its token"
    );
    let by_tag = "DescribeEgressOnlyInternetGateways&Filter.1.Name=tag:Name&Filter.1.Value.1=out";
    let shown = cloud.ok(by_tag).await;
    assert_eq!(
        first(&shown, "egressOnlyInternetGatewayId"),
        Some(gateway.clone())
    );
    assert!(
        shown.contains("<state>attached</state>") && shown.contains("<key>Name</key>"),
        "{shown}"
    );
    let table = cloud
        .get(&format!("CreateRouteTable&VpcId={id}"), "routeTableId")
        .await;
    let internet = cloud.gateway(&id).await;
    let subnet_id = subnet(&cloud, &id, &start).await;
    let (route, target) = ("RouteTableId={table}", "EgressOnlyInternetGatewayId={gateway}");
    refused_with(
        &cloud,
        &[
            ("target", target),
            ("route", route),
            ("table", &table),
            ("gateway", &gateway),
            ("vpc", &id),
            ("start", &start),
        ],
        &[
            (
                "CreateEgressOnlyInternetGateway&VpcId={vpc}",
                "InvalidParameterValue",
            ),
            (
                "DeleteEgressOnlyInternetGateway&EgressOnlyInternetGatewayId={gateway}&DryRun=true",
                "DryRunOperation",
            ),
            (
                "DescribeEgressOnlyInternetGateways&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}",
                "InvalidParameterValue",
            ),
            (
                "CreateRoute&{route}&DestinationCidrBlock=0.0.0.0/0&{target}",
                "InvalidParameterValue",
            ),
            (
                "CreateRoute&{route}&DestinationIpv6CidrBlock=::/0&EgressOnlyInternetGatewayId=eigw-12345678",
                "InvalidGatewayID.NotFound",
            ),
            (
                "CreateRoute&{route}&DestinationIpv6CidrBlock=fd00:ec2::/64&{target}",
                "InvalidParameterValue",
            ),
            (
                "CreateRoute&{route}&DestinationIpv6CidrBlock={start}01::/64&{target}",
                "InvalidParameterValue",
            ),
            (
                "DeleteRoute&{route}&DestinationIpv6CidrBlock={start}00::/56",
                "InvalidParameterValue",
            ),
            ("DeleteVpc&VpcId={vpc}", "DependencyViolation"),
        ],
    )
    .await;
    let route = |more: &str| format!("CreateRoute&RouteTableId={table}&DestinationIpv6CidrBlock={more}");
    cloud
        .ok(&route(&format!("::/0&EgressOnlyInternetGatewayId={gateway}")))
        .await;
    cloud
        .ok(&route(&format!("2001:db8::/32&GatewayId={internet}")))
        .await;
    let interface = cloud
        .get(
            &format!("CreateNetworkInterface&SubnetId={subnet_id}"),
            "networkInterfaceId",
        )
        .await;
    cloud
        .ok(&route(&format!("{start}01::/64&NetworkInterfaceId={interface}")))
        .await;
    cloud
        .ok(&format!(
            "DeleteEgressOnlyInternetGateway&EgressOnlyInternetGatewayId={gateway}"
        ))
        .await;
    let left = cloud
        .ok(&format!("DescribeRouteTables&RouteTableId.1={table}"))
        .await;
    assert_eq!(
        all(&left, "state")
            .iter()
            .filter(|state| *state == "blackhole")
            .count(),
        2,
        "the gateway is gone, and the interface is attached to nothing: {left}"
    );
}
