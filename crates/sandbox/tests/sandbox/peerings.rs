//! Peering connections: what EC2 takes and refuses, what it tells only later, and what outlives one.

use std::time::Duration;

use trueup_sandbox::Behaviour;

use crate::harness::{Cloud, TCP, first, refused_with};

async fn vpc(cloud: &Cloud, cidr: &str) -> String {
    cloud.get(&format!("CreateVpc&CidrBlock={cidr}"), "vpcId").await
}

async fn asked(cloud: &Cloud, one: &str, other: &str) -> String {
    let call = format!("CreateVpcPeeringConnection&VpcId={one}&PeerVpcId={other}");
    cloud.get(&call, "vpcPeeringConnectionId").await
}

async fn state(cloud: &Cloud, id: &str) -> String {
    let call = format!("DescribeVpcPeeringConnections&VpcPeeringConnectionId.1={id}");
    cloud.get(&call, "code").await
}

#[tokio::test]
async fn requests_that_ec2_refuses() {
    let cloud = Cloud::new();
    let (one, other) = (vpc(&cloud, "10.0.0.0/16").await, vpc(&cloud, "10.1.0.0/16").await);
    let id = asked(&cloud, &one, &other).await;
    let far = cloud
        .get(
            &format!("CreateVpcPeeringConnection&VpcId={one}&PeerVpcId=vpc-0123456789abcdef0&PeerOwnerId=210987654321"),
            "vpcPeeringConnectionId",
        )
        .await;
    let names = [
        ("one", one.as_str()),
        ("other", &other),
        ("id", &id),
        ("far", &far),
    ];
    let cases = [
        ("CreateVpcPeeringConnection&VpcId={one}", "MissingParameter"),
        (
            "CreateVpcPeeringConnection&VpcId={one}&PeerVpcId={one}",
            "InvalidParameterValue",
        ),
        (
            "CreateVpcPeeringConnection&VpcId={one}&PeerVpcId=vpc-0123456789abcdef0",
            "InvalidVpcID.NotFound",
        ),
        (
            "CreateVpcPeeringConnection&VpcId={one}&PeerVpcId={other}&PeerOwnerId=1",
            "InvalidParameterValue",
        ),
        (
            "CreateVpcPeeringConnection&VpcId={one}&PeerVpcId={other}&PeerRegion=moon",
            "InvalidParameterValue",
        ),
        (
            "AcceptVpcPeeringConnection&VpcPeeringConnectionId={far}",
            "OperationNotPermitted",
        ),
        (
            "RejectVpcPeeringConnection&VpcPeeringConnectionId={far}",
            "OperationNotPermitted",
        ),
        (
            "AcceptVpcPeeringConnection&VpcPeeringConnectionId=pcx-0123456789abcdef0",
            "InvalidVpcPeeringConnectionID.NotFound",
        ),
        (
            "ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId={id}",
            "MissingParameter",
        ),
        (
            "ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId={id}&RequesterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true",
            "OperationNotPermitted",
        ),
        (
            "DescribeVpcPeeringConnections&Filter.1.Name=colour&Filter.1.Value.1=red",
            "InvalidParameterValue",
        ),
    ];
    refused_with(&cloud, &names, &cases).await;
    cloud
        .ok(&format!("AcceptVpcPeeringConnection&VpcPeeringConnectionId={id}"))
        .await;
    let cases = [
        (
            "AcceptVpcPeeringConnection&VpcPeeringConnectionId={id}",
            "InvalidStateTransition",
        ),
        (
            "ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId={id}&RequesterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true",
            "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled",
        ),
    ];
    refused_with(&cloud, &names, &cases).await;
}

#[tokio::test(start_paused = true)]
async fn it_passes_its_states_in_time() {
    let cloud = Cloud::behaving(Behaviour::Realistic);
    let (one, other) = (vpc(&cloud, "10.0.0.0/16").await, vpc(&cloud, "10.1.0.0/16").await);
    let near = vpc(&cloud, "10.0.4.0/24").await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (id, doomed) = (
        asked(&cloud, &one, &other).await,
        asked(&cloud, &one, &near).await,
    );
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(state(&cloud, &id).await, "pending-acceptance");
    assert_eq!(state(&cloud, &doomed).await, "failed");
    let accepted = cloud
        .ok(&format!("AcceptVpcPeeringConnection&VpcPeeringConnectionId={id}"))
        .await;
    assert_eq!(first(&accepted, "code").as_deref(), Some("provisioning"));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(state(&cloud, &id).await, "active");
    cloud
        .ok(&format!("DeleteVpcPeeringConnection&VpcPeeringConnectionId={id}"))
        .await;
    assert_eq!(state(&cloud, &id).await, "deleting");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(state(&cloud, &id).await, "deleted");
    tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
    let gone = format!("DescribeVpcPeeringConnections&VpcPeeringConnectionId.1={id}");
    assert_eq!(cloud.code(&gone).await, "InvalidVpcPeeringConnectionID.NotFound");
    // What nobody accepts in seven days expires, and cannot be deleted.
    let late = asked(&cloud, &one, &other).await;
    tokio::time::sleep(Duration::from_secs(7 * 24 * 3600 + 60)).await;
    assert_eq!(state(&cloud, &late).await, "expired");
    let delete = format!("DeleteVpcPeeringConnection&VpcPeeringConnectionId={late}");
    assert_eq!(cloud.code(&delete).await, "InvalidStateTransition");
}

#[tokio::test]
async fn two_vpcs_have_one() {
    let cloud = Cloud::new();
    let (one, other) = (vpc(&cloud, "10.0.0.0/16").await, vpc(&cloud, "10.1.0.0/16").await);
    let id = asked(&cloud, &one, &other).await;
    assert_eq!(asked(&cloud, &one, &other).await, id);
    let back = asked(&cloud, &other, &one).await;
    assert_ne!(back, id);
    cloud
        .ok(&format!("AcceptVpcPeeringConnection&VpcPeeringConnectionId={id}"))
        .await;
    let accept = format!("AcceptVpcPeeringConnection&VpcPeeringConnectionId={back}");
    assert_eq!(cloud.code(&accept).await, "VpcPeeringConnectionAlreadyExists");
    for (name, value, count) in [
        ("requester-vpc-info.vpc-id", one.as_str(), 1),
        ("accepter-vpc-info.vpc-id", &one, 1),
        ("status-code", "active", 1),
        ("requester-vpc-info.cidr-block", "10.1.0.0/16", 1),
        ("accepter-vpc-info.owner-id", "123456789012", 2),
        ("vpc-peering-connection-id", &id, 1),
        ("status-message", "Active", 1),
    ] {
        let found = cloud
            .ok(&format!(
                "DescribeVpcPeeringConnections&Filter.1.Name={name}&Filter.1.Value.1={value}"
            ))
            .await;
        assert_eq!(
            found.matches("<vpcPeeringConnectionId>").count(),
            count,
            "{name}: {found}"
        );
    }
}

#[tokio::test]
async fn routes_and_rules_lead_over_it_while_it_is_active() {
    let cloud = Cloud::new();
    let (one, other) = (vpc(&cloud, "10.0.0.0/16").await, vpc(&cloud, "10.1.0.0/16").await);
    let third = vpc(&cloud, "10.2.0.0/16").await;
    let (web, db) = (cloud.group(&one, "web").await, cloud.group(&other, "db").await);
    let names = cloud.ok(&format!("CreateRouteTable&VpcId={one}")).await;
    let table = first(&names, "routeTableId").unwrap();
    let elsewhere = cloud
        .get(&format!("CreateRouteTable&VpcId={third}"), "routeTableId")
        .await;
    let id = asked(&cloud, &one, &other).await;
    let route = |table: &str| {
        format!(
            "CreateRoute&RouteTableId={table}&DestinationCidrBlock=10.1.0.0/16&VpcPeeringConnectionId={id}"
        )
    };
    let rule = |action: &str| format!("{action}&GroupId={db}&{TCP}&IpPermissions.1.Groups.1.GroupId={web}");
    let states = format!("DescribeRouteTables&RouteTableId.1={table}");
    cloud.ok(&route(&table)).await;
    assert_eq!(cloud.code(&route(&elsewhere)).await, "InvalidParameterValue");
    assert!(cloud.ok(&states).await.contains("<state>blackhole</state>"));
    assert_eq!(
        cloud.code(&rule("AuthorizeSecurityGroupIngress")).await,
        "InvalidGroup.NotFound"
    );
    cloud
        .ok(&format!("AcceptVpcPeeringConnection&VpcPeeringConnectionId={id}"))
        .await;
    assert!(!cloud.ok(&states).await.contains("<state>blackhole</state>"));
    cloud.ok(&rule("AuthorizeSecurityGroupIngress")).await;
    // Both stay when it goes, and can be taken away.
    cloud
        .ok(&format!("DeleteVpcPeeringConnection&VpcPeeringConnectionId={id}"))
        .await;
    assert!(cloud.ok(&states).await.contains("<state>blackhole</state>"));
    cloud.ok(&rule("RevokeSecurityGroupIngress")).await;
}

#[tokio::test(start_paused = true)]
async fn it_goes_with_either_vpc() {
    let cloud = Cloud::new();
    let (one, other) = (vpc(&cloud, "10.0.0.0/16").await, vpc(&cloud, "10.1.0.0/16").await);
    let id = asked(&cloud, &one, &other).await;
    cloud
        .ok(&format!("AcceptVpcPeeringConnection&VpcPeeringConnectionId={id}"))
        .await;
    cloud.ok(&format!("DeleteVpc&VpcId={other}")).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(state(&cloud, &id).await, "deleted");
}
