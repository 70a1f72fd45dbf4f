//! What EC2 refuses about instances, addresses, endpoints, keys, lists, ACLs and tags, with the exact codes.

use crate::harness::{Cloud, TCP, all, refused_with};

#[tokio::test]
async fn what_is_used_cannot_be_deleted() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    cloud.gateway(&vpc).await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let group = cloud.group(&vpc, "a").await;
    let instance = cloud
        .instance(&subnet, &format!("&SecurityGroupId.1={group}"))
        .await;
    let address = cloud.get("AllocateAddress", "allocationId").await;
    let association = cloud
        .get(
            &format!("AssociateAddress&AllocationId={address}&InstanceId={instance}"),
            "associationId",
        )
        .await;
    let eni = cloud.get("DescribeNetworkInterfaces", "networkInterfaceId").await;
    let attachment = cloud.get("DescribeNetworkInterfaces", "attachmentId").await;
    let volume = cloud.get("DescribeVolumes", "volumeId").await;
    refused_with(
        &cloud,
        &[
            ("s", &subnet),
            ("g", &group),
            ("a", &address),
            ("i", &instance),
            ("e", &eni),
            ("at", &attachment),
            ("v", &volume),
        ],
        &[
            ("DeleteSubnet&SubnetId={s}", "DependencyViolation"),
            ("DeleteSecurityGroup&GroupId={g}", "DependencyViolation"),
            ("ReleaseAddress&AllocationId={a}", "InvalidIPAddress.InUse"),
            (
                "DeleteNetworkInterface&NetworkInterfaceId={e}",
                "InvalidParameterValue",
            ),
            (
                "DetachNetworkInterface&AttachmentId={at}",
                "OperationNotPermitted",
            ),
            ("DeleteVolume&VolumeId={v}", "VolumeInUse"),
            ("DetachVolume&VolumeId={v}", "OperationNotPermitted"),
            ("ModifyVolume&VolumeId={v}&Size=1", "InvalidParameterValue"),
            (
                "ModifyVolume&VolumeId={v}&VolumeType=gp9",
                "InvalidParameterValue",
            ),
        ],
    )
    .await;
    cloud
        .ok(&format!("DisassociateAddress&AssociationId={association}"))
        .await;
    cloud.ok(&format!("ReleaseAddress&AllocationId={address}")).await;
}

#[tokio::test]
async fn addresses_move_only_when_allowed() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let (one, two) = (
        cloud.instance(&subnet, "").await,
        cloud.instance(&subnet, "").await,
    );
    let address = cloud.get("AllocateAddress", "allocationId").await;
    let associate = format!("AssociateAddress&AllocationId={address}");
    assert_eq!(
        cloud.code(&format!("{associate}&InstanceId={one}")).await,
        "Gateway.NotAttached"
    );
    cloud.gateway(&vpc).await;
    let first = cloud
        .get(&format!("{associate}&InstanceId={one}"), "associationId")
        .await;
    assert_eq!(
        cloud
            .get(&format!("{associate}&InstanceId={one}"), "associationId")
            .await,
        first
    );
    let query = format!("{associate}&InstanceId={two}&AllowReassociation=false");
    assert_eq!(cloud.code(&query).await, "Resource.AlreadyAssociated");
    assert_ne!(
        cloud
            .get(&format!("{associate}&InstanceId={two}"), "associationId")
            .await,
        first
    );
}

#[tokio::test]
async fn launches_are_checked() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/28").await;
    let run = format!("RunInstances&MinCount=1&MaxCount=1&SubnetId={subnet}");
    let good = format!("{run}&ImageId=ami-0d6621c01e8c2de2c&InstanceType=t2.micro");
    refused_with(
        &cloud,
        &[("run", &run), ("good", &good), ("s", &subnet)],
        &[
            ("{run}&ImageId=ami-00000000&InstanceType=t2.micro", "InvalidAMIID.NotFound"),
            ("{run}&ImageId=ami-0d6621c01e8c2de2c&InstanceType=t2.huge", "InvalidParameterValue"),
            ("{run}&ImageId=ami-0d6621c01e8c2de2c&InstanceType=t4g.micro", "InvalidParameterValue"),
            ("{good}&KeyName=nobody", "InvalidKeyPair.NotFound"),
            ("{good}&SecurityGroupId.1=sg-12345678", "InvalidGroup.NotFound"),
            ("{good}&UserData=%21%21", "InvalidUserData.Malformed"),
            ("{good}&PrivateIpAddress=10.0.1.3", "InvalidParameterValue"),
            ("{good}&PrivateIpAddress=10.0.2.9", "InvalidParameterValue"),
            ("{good}&EbsOptimized=true", "Unsupported"),
            ("{good}&NetworkInterface.1.DeviceIndex=0", "InvalidParameterCombination"),
            ("{good}&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=a", "InvalidParameterValue"),
            ("{good}&BlockDeviceMapping.1.DeviceName=/dev/xvda&BlockDeviceMapping.1.Ebs.VolumeSize=1", "InvalidBlockDeviceMapping"),
            ("{good}&MetadataOptions.HttpPutResponseHopLimit=65", "InvalidParameterValue"),
            ("{good}&MetadataOptions.HttpEndpoint=disabled&MetadataOptions.HttpTokens=required", "InvalidParameterCombination"),
            (
                "RunInstances&MinCount=12&MaxCount=12&ImageId=ami-0d6621c01e8c2de2c&InstanceType=t2.micro&SubnetId={s}",
                "InsufficientFreeAddressesInSubnet",
            ),
        ],
    )
    .await;
    assert!(
        cloud.ok("DescribeInstances").await.contains("<reservationSet/>"),
        "nothing was launched"
    );
    let most = cloud
        .ok(&format!("RunInstances&MinCount=1&MaxCount=20&ImageId=ami-0d6621c01e8c2de2c&InstanceType=t2.micro&SubnetId={subnet}"))
        .await;
    assert_eq!(all(&most, "instanceId").len(), 11, "a /28 has 11 addresses");
    assert_eq!(cloud.code(&good).await, "InsufficientFreeAddressesInSubnet");
}

#[tokio::test]
async fn instances_change_in_the_right_state() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let id = cloud.instance(&subnet, "").await;
    let modify = format!("ModifyInstanceAttribute&InstanceId={id}");
    refused_with(
        &cloud,
        &[("m", &modify), ("i", &id)],
        &[
            ("{m}&InstanceType.Value=t2.small", "IncorrectInstanceState"),
            ("{m}&UserData.Value=aGVsbG8%3D", "IncorrectInstanceState"),
            ("{m}&EbsOptimized.Value=true", "IncorrectInstanceState"),
            ("{m}", "InvalidParameterCombination"),
            (
                "{m}&DisableApiTermination.Value=true&SourceDestCheck.Value=false",
                "InvalidParameterCombination",
            ),
            (
                "{m}&InstanceInitiatedShutdownBehavior.Value=explode",
                "InvalidParameterValue",
            ),
            ("{m}&GroupId.1=sg-12345678", "InvalidGroup.NotFound"),
            (
                "DescribeInstanceAttribute&InstanceId={i}&Attribute=colour",
                "InvalidParameterValue",
            ),
            (
                "ModifyInstanceMetadataOptions&InstanceId={i}&HttpEndpoint=disabled&HttpTokens=required",
                "InvalidParameterCombination",
            ),
            (
                "DisassociateIamInstanceProfile&AssociationId=iip-assoc-1",
                "NoSuchAssociation",
            ),
        ],
    )
    .await;
    cloud
        .ok(&format!("{modify}&DisableApiTermination.Value=true"))
        .await;
    cloud.ok(&format!("{modify}&DisableApiStop.Value=true")).await;
    let (stop, terminate) = (
        format!("StopInstances&InstanceId.1={id}"),
        format!("TerminateInstances&InstanceId.1={id}"),
    );
    assert_eq!(cloud.code(&stop).await, "OperationNotPermitted");
    assert_eq!(cloud.code(&terminate).await, "OperationNotPermitted");
    cloud.ok(&format!("{modify}&DisableApiStop.Value=false")).await;
    cloud.ok(&stop).await;
    cloud.ok(&format!("{modify}&InstanceType.Value=t2.small")).await;
    assert_eq!(
        cloud
            .code(&format!("{modify}&InstanceType.Value=t4g.small"))
            .await,
        "InvalidInstanceAttributeValue"
    );
    assert_eq!(
        cloud.code(&format!("RebootInstances&InstanceId.1={id}")).await,
        "IncorrectInstanceState"
    );
    cloud
        .ok(&format!("{modify}&DisableApiTermination.Value=false"))
        .await;
    cloud.ok(&terminate).await;
    assert_eq!(
        cloud.code(&format!("StartInstances&InstanceId.1={id}")).await,
        "IncorrectInstanceState"
    );
    assert_eq!(cloud.code(&stop).await, "IncorrectInstanceState");
    assert_eq!(
        cloud.code(&format!("{modify}&SourceDestCheck.Value=true")).await,
        "IncorrectInstanceState"
    );
    cloud.ok(&terminate).await;
}

#[tokio::test]
async fn one_unknown_instance_fails_all() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let id = cloud.instance(&subnet, "").await;
    let query = format!("TerminateInstances&InstanceId.1={id}&InstanceId.2=i-12345678");
    assert_eq!(cloud.code(&query).await, "InvalidInstanceID.NotFound");
    assert!(
        cloud
            .ok("DescribeInstances")
            .await
            .contains("<name>running</name>")
    );
}

#[tokio::test]
async fn endpoints_fit_their_service() {
    let cloud = Cloud::new();
    let (vpc, other) = (
        cloud.vpc().await,
        cloud.get("CreateVpc&CidrBlock=10.1.0.0/16", "vpcId").await,
    );
    let table = cloud
        .get(&format!("CreateRouteTable&VpcId={vpc}"), "routeTableId")
        .await;
    let foreign = cloud
        .get(&format!("CreateRouteTable&VpcId={other}"), "routeTableId")
        .await;
    let (a, b) = (
        cloud.subnet(&vpc, "10.0.1.0/24").await,
        cloud.subnet(&vpc, "10.0.2.0/24").await,
    );
    let s3 = format!("CreateVpcEndpoint&VpcId={vpc}&ServiceName=com.amazonaws.us-west-2.s3");
    let ssm = format!(
        "CreateVpcEndpoint&VpcId={vpc}&ServiceName=com.amazonaws.us-west-2.ssm&VpcEndpointType=Interface"
    );
    let id = cloud
        .get(&format!("{s3}&RouteTableId.1={table}"), "vpcEndpointId")
        .await;
    refused_with(
        &cloud,
        &[
            ("s3", &s3),
            ("ssm", &ssm),
            ("v", &vpc),
            ("t", &table),
            ("f", &foreign),
            ("a", &a),
            ("b", &b),
            ("id", &id),
        ],
        &[
            ("{s3}&RouteTableId.1={t}", "RouteAlreadyExists"),
            ("{s3}&RouteTableId.1={f}", "InvalidParameter"),
            ("{s3}&PolicyDocument=nonsense", "InvalidPolicyDocument"),
            ("{s3}&PolicyDocument=%7B%7D", "InvalidPolicyDocument"),
            (
                "CreateVpcEndpoint&VpcId={v}&ServiceName=com.amazonaws.us-west-2.unicorn",
                "InvalidServiceName",
            ),
            (
                "CreateVpcEndpoint&VpcId={v}&ServiceName=com.amazonaws.us-west-2.ssm",
                "InvalidParameter",
            ),
            ("{ssm}&SubnetId.1={a}", "InvalidParameter"),
            (
                "{ssm}&PrivateDnsEnabled=false&SubnetId.1={a}&SubnetId.2={b}",
                "DuplicateSubnetsInSameZone",
            ),
            (
                "ModifyVpcEndpoint&VpcEndpointId={id}&AddSubnetId.1={a}",
                "InvalidParameter",
            ),
            (
                "DeleteVpcEndpoints&VpcEndpointId.1=foo",
                "InvalidVpcEndpointId.Malformed",
            ),
            (
                "DeleteRoute&RouteTableId={t}&DestinationPrefixListId=pl-68a54001",
                "InvalidParameterValue",
            ),
            ("DeleteVpc&VpcId={v}", "DependencyViolation"),
        ],
    )
    .await;
}

#[tokio::test]
async fn keys_and_lists_are_checked() {
    let cloud = Cloud::new();
    let key = "c3NoLWVkMjU1MTkgQUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSUhXNGIwYVNyYU4rK21LaEI2OVBha2hKUWQxbWFMSEw5WC82eVdTUzVPais%3D";
    cloud
        .ok(&format!("ImportKeyPair&KeyName=a&PublicKeyMaterial={key}"))
        .await;
    refused_with(
        &cloud,
        &[("key", key)],
        &[
            (
                "ImportKeyPair&KeyName=a&PublicKeyMaterial={key}",
                "InvalidKeyPair.Duplicate",
            ),
            (
                "CreateKeyPair&KeyName=a&KeyType=ed25519",
                "InvalidKeyPair.Duplicate",
            ),
            (
                "ImportKeyPair&KeyName=b&PublicKeyMaterial=bm9uc2Vuc2U%3D",
                "InvalidKey.Format",
            ),
            ("CreateKeyPair&KeyName=b&KeyType=dsa", "InvalidParameterValue"),
            (
                "ModifyManagedPrefixList&PrefixListId=pl-68a54001&PrefixListName=x",
                "UnauthorizedOperation",
            ),
            (
                "CreateManagedPrefixList&PrefixListName=com.amazonaws.x&MaxEntries=1&AddressFamily=IPv4",
                "InvalidParameterValue",
            ),
        ],
    )
    .await;
    let list = cloud
        .get(
            "CreateManagedPrefixList&PrefixListName=x&MaxEntries=1&AddressFamily=IPv4",
            "prefixListId",
        )
        .await;
    let modify = format!("ModifyManagedPrefixList&PrefixListId={list}&AddEntry.1.Cidr=10.0.0.0/8");
    assert_eq!(cloud.code(&modify).await, "MissingParameter");
    assert_eq!(
        cloud.code(&format!("{modify}&CurrentVersion=7")).await,
        "PrefixListVersionMismatch"
    );
    cloud.ok(&format!("{modify}&CurrentVersion=1")).await;
    let vpc = cloud.vpc().await;
    let group = cloud.group(&vpc, "a").await;
    cloud.ok(&format!("AuthorizeSecurityGroupIngress&GroupId={group}&{TCP}&IpPermissions.1.PrefixListIds.1.PrefixListId={list}")).await;
    assert_eq!(
        cloud
            .code(&format!("DeleteManagedPrefixList&PrefixListId={list}"))
            .await,
        "DependencyViolation"
    );
}

#[tokio::test]
async fn network_acls_are_checked() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let filter = format!("DescribeNetworkAcls&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}");
    let default = cloud.get(&filter, "networkAclId").await;
    let association = cloud.get(&filter, "networkAclAssociationId").await;
    let acl = cloud
        .get(&format!("CreateNetworkAcl&VpcId={vpc}"), "networkAclId")
        .await;
    let entry =
        format!("CreateNetworkAclEntry&NetworkAclId={acl}&Egress=false&RuleAction=allow&CidrBlock=0.0.0.0/0");
    cloud.ok(&format!("{entry}&RuleNumber=100&Protocol=-1")).await;
    refused_with(
        &cloud,
        &[("e", &entry), ("acl", &acl), ("d", &default)],
        &[
            ("{e}&RuleNumber=100&Protocol=-1", "NetworkAclEntryAlreadyExists"),
            ("{e}&RuleNumber=32767&Protocol=-1", "InvalidParameterValue"),
            ("{e}&RuleNumber=101&Protocol=6", "MissingParameter"),
            ("{e}&RuleNumber=101&Protocol=1", "MissingParameter"),
            ("DeleteNetworkAclEntry&NetworkAclId={acl}&Egress=false&RuleNumber=7", "InvalidNetworkAclEntry.NotFound"),
            ("DeleteNetworkAclEntry&NetworkAclId={acl}&Egress=false&RuleNumber=32767", "InvalidParameterValue"),
            (
                "ReplaceNetworkAclEntry&NetworkAclId={acl}&Egress=true&RuleNumber=7&RuleAction=deny&Protocol=-1&CidrBlock=0.0.0.0/0",
                "InvalidNetworkAclEntry.NotFound",
            ),
            ("DeleteNetworkAcl&NetworkAclId={d}", "InvalidParameterValue"),
        ],
    )
    .await;
    // IPv4 and IPv6 are counted apart, and each with the last entry, which is EC2's.
    for number in 101..139 {
        cloud
            .ok(&format!("{entry}&RuleNumber={number}&Protocol=-1"))
            .await;
    }
    assert_eq!(
        cloud.code(&format!("{entry}&RuleNumber=139&Protocol=-1")).await,
        "NetworkAclEntryLimitExceeded"
    );
    let other = entry.replace("CidrBlock=0.0.0.0/0", "Ipv6CidrBlock=::/0");
    cloud.ok(&format!("{other}&RuleNumber=139&Protocol=-1")).await;
    cloud
        .ok(&format!(
            "{}&RuleNumber=100&Protocol=-1",
            entry.replace("Egress=false", "Egress=true")
        ))
        .await;
    // Host bits are EC2's to clear, protocols are numbers, and ports are of tcp and udp only.
    let loose = entry
        .replace("CreateNetworkAclEntry", "ReplaceNetworkAclEntry")
        .replace("0.0.0.0/0", "10.1.2.3/8");
    cloud
        .ok(&format!(
            "{loose}&RuleNumber=100&Protocol=50&PortRange.From=1&PortRange.To=2"
        ))
        .await;
    let shown = cloud
        .ok(&format!("DescribeNetworkAcls&NetworkAclId.1={acl}"))
        .await;
    assert!(
        shown.contains("<cidrBlock>10.0.0.0/8</cidrBlock>") && !shown.contains("portRange"),
        "{shown}"
    );
    // An ACL of another VPC is not taken, and a subnet that has moved goes by a new association.
    let far = cloud
        .get(
            &format!("CreateNetworkAcl&VpcId={}", cloud.vpc().await),
            "networkAclId",
        )
        .await;
    let to =
        |acl: &str| format!("ReplaceNetworkAclAssociation&AssociationId={association}&NetworkAclId={acl}");
    assert_eq!(cloud.code(&to(&far)).await, "InvalidParameterValue");
    cloud.ok(&to(&acl)).await;
    assert_eq!(cloud.code(&to(&acl)).await, "InvalidAssociationID.NotFound");
    assert_eq!(
        cloud.code(&format!("DeleteNetworkAcl&NetworkAclId={acl}")).await,
        "DependencyViolation"
    );
    cloud.ok(&format!("DeleteSubnet&SubnetId={subnet}")).await;
    cloud.ok(&format!("DeleteNetworkAcl&NetworkAclId={acl}")).await;
}

#[tokio::test]
async fn tags_are_checked() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let tag = format!("CreateTags&ResourceId.1={vpc}");
    let many: String = (0..51)
        .map(|n| format!("&Tag.{}.Key=k{n}&Tag.{}.Value=v", n + 1, n + 1))
        .collect();
    refused_with(
        &cloud,
        &[("t", &tag), ("many", &many), ("long", &"x".repeat(257)), ("key", &"x".repeat(129))],
        &[
            ("{t}&Tag.1.Key=aws:x&Tag.1.Value=y", "InvalidParameterValue"),
            ("{t}&Tag.1.Key={key}&Tag.1.Value=y", "InvalidParameterValue"),
            ("{t}&Tag.1.Key=a&Tag.1.Value={long}", "InvalidParameterValue"),
            ("{t}&Tag.1.Key=a&Tag.1.Value=1&Tag.2.Key=a&Tag.2.Value=2", "InvalidParameterValue"),
            ("{t}{many}", "TagLimitExceeded"),
            ("{t}", "MissingParameter"),
            ("{t}&ResourceId.2=vpc-12345678&Tag.1.Key=a&Tag.1.Value=1", "InvalidVpcID.NotFound"),
            (
                "CreateVpc&CidrBlock=10.0.0.0/16&TagSpecification.1.ResourceType=subnet&TagSpecification.1.Tag.1.Key=a",
                "InvalidParameterValue",
            ),
        ],
    )
    .await;
    assert!(
        cloud.ok("DescribeTags").await.contains("<tagSet/>"),
        "refused calls tagged nothing"
    );
    cloud
        .ok(&format!(
            "{tag}&Tag.1.Key=a&Tag.1.Value=1&Tag.2.Key=b&Tag.2.Value=2"
        ))
        .await;
    cloud
        .ok(&format!(
            "DeleteTags&ResourceId.1={vpc}&Tag.1.Key=a&Tag.1.Value=other"
        ))
        .await;
    cloud
        .ok(&format!("DeleteTags&ResourceId.1={vpc}&Tag.1.Key=b"))
        .await;
    assert_eq!(all(&cloud.ok("DescribeTags").await, "key"), ["a"]);
}

#[tokio::test]
async fn a_public_address_comes_and_goes_with_its_attribute() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    cloud.gateway(&vpc).await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let instance = cloud.instance(&subnet, "").await;
    let eni = cloud.get("DescribeNetworkInterfaces", "networkInterfaceId").await;
    let set = format!("ModifyNetworkInterfaceAttribute&NetworkInterfaceId={eni}&AssociatePublicIpAddress=");
    let public = async || cloud.ok("DescribeInstances").await.contains("<ipAddress>");
    assert!(!public().await);
    cloud.ok(&format!("{set}true")).await;
    assert!(public().await);
    // It is taken back while the instance is stopped, and another one is given at the start.
    cloud.ok(&format!("StopInstances&InstanceId.1={instance}")).await;
    assert!(!public().await);
    cloud.ok(&format!("StartInstances&InstanceId.1={instance}")).await;
    assert!(public().await);
    cloud.ok(&format!("{set}false")).await;
    assert!(!public().await);
    assert_eq!(
        cloud.code(&format!("{set}true&Description.Value=two")).await,
        "InvalidParameterCombination"
    );
}

#[tokio::test]
async fn names_are_kept_without_the_spaces_at_their_end() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    cloud
        .ok(&format!(
            "CreateSecurityGroup&GroupName=web%20&GroupDescription=d&VpcId={vpc}"
        ))
        .await;
    assert!(
        cloud
            .ok("DescribeSecurityGroups")
            .await
            .contains("<groupName>web</groupName>")
    );
    assert_eq!(
        cloud
            .code(&format!(
                "CreateSecurityGroup&GroupName=web&GroupDescription=d&VpcId={vpc}"
            ))
            .await,
        "InvalidGroup.Duplicate"
    );
}

#[tokio::test]
async fn tags_that_an_instance_may_read_have_keys_for_it() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let instance = cloud.instance(&subnet, "").await;
    let tag = |key: &str| format!("CreateTags&ResourceId.1={instance}&Tag.1.Key={key}&Tag.1.Value=x");
    let readable = format!("ModifyInstanceMetadataOptions&InstanceId={instance}&InstanceMetadataTags=");
    cloud.ok(&tag("a/b")).await;
    assert_eq!(
        cloud.code(&format!("{readable}enabled")).await,
        "InvalidParameterValue"
    );
    cloud
        .ok(&format!("DeleteTags&ResourceId.1={instance}&Tag.1.Key=a/b"))
        .await;
    cloud.ok(&format!("{readable}enabled")).await;
    for key in ["a/b", "a%20b", "_index"] {
        assert_eq!(cloud.code(&tag(key)).await, "InvalidParameterValue", "{key}");
    }
    cloud.ok(&tag("a.b:c")).await;
}
