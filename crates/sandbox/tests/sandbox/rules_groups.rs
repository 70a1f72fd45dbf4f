//! What EC2 refuses of security groups and their rules.

use crate::harness::{Cloud, TCP, all, refused_with};

#[tokio::test]
async fn group_names_are_checked() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let group = cloud.group(&vpc, "web").await;
    let query = format!(
        "DescribeSecurityGroups&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}&Filter.2.Name=group-name&Filter.2.Value.1=default"
    );
    let default = cloud.get(&query, "groupId").await;
    refused_with(
        &cloud,
        &[
            ("v", &vpc),
            ("g", &group),
            ("d", &default),
            ("long", &"x".repeat(256)),
        ],
        &[
            (
                "CreateSecurityGroup&VpcId={v}&GroupName=WEB&GroupDescription=x",
                "InvalidGroup.Duplicate",
            ),
            (
                "CreateSecurityGroup&VpcId={v}&GroupName=default&GroupDescription=x",
                "InvalidGroup.Reserved",
            ),
            (
                "CreateSecurityGroup&VpcId={v}&GroupName=sg-web&GroupDescription=x",
                "InvalidParameterValue",
            ),
            (
                "CreateSecurityGroup&VpcId={v}&GroupName={long}&GroupDescription=x",
                "InvalidParameterValue",
            ),
            (
                "CreateSecurityGroup&VpcId={v}&GroupName=a&GroupDescription=%C3%A9",
                "InvalidParameterValue",
            ),
            ("CreateSecurityGroup&VpcId={v}&GroupName=a", "MissingParameter"),
            (
                "CreateSecurityGroup&VpcId=vpc-12345678&GroupName=a&GroupDescription=x",
                "InvalidVpcID.NotFound",
            ),
            ("DeleteSecurityGroup&GroupId={d}", "CannotDelete"),
            ("DeleteVpc&VpcId={v}", "DependencyViolation"),
        ],
    )
    .await;
}

#[tokio::test]
async fn rules_apply_wholly_or_not_at_all() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let (group, other) = (cloud.group(&vpc, "a").await, cloud.group(&vpc, "b").await);
    let authorize = format!("AuthorizeSecurityGroupIngress&GroupId={group}&{TCP}");
    cloud
        .ok(&format!(
            "{authorize}&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8"
        ))
        .await;
    cloud
        .ok(&format!(
            "AuthorizeSecurityGroupIngress&GroupId={other}&{TCP}&IpPermissions.1.Groups.1.GroupId={group}"
        ))
        .await;
    refused_with(
        &cloud,
        &[("authorize", &authorize), ("g", &group), ("tcp", TCP)],
        &[
            (
                "{authorize}&IpPermissions.1.IpRanges.1.CidrIp=1.0.0.0/8&IpPermissions.1.IpRanges.2.CidrIp=10.9.9.9/8",
                "InvalidPermission.Duplicate",
            ),
            (
                "{authorize}&IpPermissions.1.IpRanges.1.CidrIp=1.0.0.0/8&IpPermissions.1.IpRanges.2.CidrIp=1.2.0.0/8",
                "InvalidParameterValue",
            ),
            ("{authorize}", "MissingParameter"),
            ("{authorize}&IpPermissions.1.Groups.1.GroupId=sg-12345678", "InvalidGroup.NotFound"),
            ("{authorize}&IpPermissions.1.PrefixListIds.1.PrefixListId=pl-12345678", "InvalidPrefixListID.NotFound"),
            (
                "AuthorizeSecurityGroupIngress&GroupId={g}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.IpRanges.1.CidrIp=1.0.0.0/8",
                "InvalidParameterValue",
            ),
            (
                "AuthorizeSecurityGroupIngress&GroupId={g}&IpPermissions.1.IpProtocol=gre&IpPermissions.1.IpRanges.1.CidrIp=1.0.0.0/8",
                "InvalidParameterValue",
            ),
            (
                "AuthorizeSecurityGroupIngress&GroupId={g}&IpPermissions.1.IpProtocol=udp&IpPermissions.1.FromPort=9&IpPermissions.1.ToPort=8&IpPermissions.1.IpRanges.1.CidrIp=1.0.0.0/8",
                "InvalidParameterValue",
            ),
            (
                "RevokeSecurityGroupIngress&GroupId={g}&{tcp}&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8&IpPermissions.1.IpRanges.2.CidrIp=9.0.0.0/8",
                "InvalidPermission.NotFound",
            ),
            ("RevokeSecurityGroupIngress&GroupId={g}&SecurityGroupRuleId.1=sgr-12345678", "InvalidSecurityGroupRuleId.NotFound"),
            ("RevokeSecurityGroupIngress&GroupId={g}&SecurityGroupRuleId.1=foo", "InvalidSecurityGroupRuleId.Malformed"),
            ("DeleteSecurityGroup&GroupId={g}", "DependencyViolation"),
        ],
    )
    .await;
    let rules = cloud
        .ok(&format!(
            "DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1={group}"
        ))
        .await;
    let mut ranges = all(&rules, "cidrIpv4");
    ranges.sort();
    assert_eq!(
        ranges,
        ["0.0.0.0/0", "10.0.0.0/8"],
        "refused calls left nothing behind"
    );
}

#[tokio::test]
async fn in_a_default_vpc_unknown_permissions_are_listed() {
    let cloud = Cloud::new();
    let group = cloud
        .get("CreateSecurityGroup&GroupName=a&GroupDescription=x", "groupId")
        .await;
    let revoked = cloud
        .ok(&format!(
            "RevokeSecurityGroupIngress&GroupId={group}&{TCP}&IpPermissions.1.IpRanges.1.CidrIp=9.0.0.0/8"
        ))
        .await;
    assert!(revoked.contains("<unknownIpPermissionSet><item>"), "{revoked}");
}

#[tokio::test]
async fn a_rule_keeps_its_kind_of_source() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let group = cloud.group(&vpc, "a").await;
    let rule = cloud
        .get(
            &format!("AuthorizeSecurityGroupIngress&GroupId={group}&{TCP}&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8"),
            "securityGroupRuleId",
        )
        .await;
    let modify = format!(
        "ModifySecurityGroupRules&GroupId={group}&SecurityGroupRule.1.SecurityGroupRuleId={rule}&SecurityGroupRule.1.SecurityGroupRule.IpProtocol=tcp&SecurityGroupRule.1.SecurityGroupRule.FromPort=23&SecurityGroupRule.1.SecurityGroupRule.ToPort=23"
    );
    let to_group = format!("{modify}&SecurityGroupRule.1.SecurityGroupRule.ReferencedGroupId={group}");
    assert_eq!(cloud.code(&to_group).await, "InvalidParameterValue");
    assert_eq!(cloud.code(&modify).await, "InvalidParameterCombination");
    cloud
        .ok(&format!(
            "{modify}&SecurityGroupRule.1.SecurityGroupRule.CidrIpv4=11.0.0.0/8"
        ))
        .await;
    let rules = cloud
        .ok(&format!(
            "DescribeSecurityGroupRules&SecurityGroupRuleId.1={rule}"
        ))
        .await;
    assert_eq!(
        (all(&rules, "cidrIpv4"), all(&rules, "fromPort")),
        (vec!["11.0.0.0/8".into()], vec!["23".into()])
    );
}
