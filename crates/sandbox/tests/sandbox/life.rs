//! What EC2 does by itself: implicit objects, states over time, client tokens, regions, throttling, bad luck.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::time::advance;
use trueup_sandbox::{Behaviour, Options, ReplyLost, Sandbox};

use crate::harness::{Cloud, all, first};

fn of_vpc(action: &str, vpc: &str) -> String {
    format!("{action}&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}")
}

#[tokio::test]
async fn a_region_starts_with_a_default_vpc() {
    let cloud = Cloud::new();
    assert_eq!(cloud.get("DescribeVpcs", "isDefault").await, "true");
    let mut subnets = all(&cloud.ok("DescribeSubnets").await, "cidrBlock");
    subnets.sort();
    assert_eq!(
        subnets,
        [
            "172.31.0.0/20",
            "172.31.16.0/20",
            "172.31.32.0/20",
            "172.31.48.0/20"
        ]
    );
    let table = cloud.ok("DescribeRouteTables").await;
    assert_eq!(
        all(&table, "destinationCidrBlock"),
        ["172.31.0.0/16", "0.0.0.0/0"]
    );
    assert_eq!(all(&table, "state"), ["active", "active", "associated"]);
    assert_eq!(cloud.get("DescribeDhcpOptions", "key").await, "domain-name");
}

#[tokio::test]
async fn a_vpc_comes_with_table_acl_and_group() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    assert_eq!(
        cloud.get(&of_vpc("DescribeRouteTables", &vpc), "gatewayId").await,
        "local"
    );
    let acl = cloud.ok(&of_vpc("DescribeNetworkAcls", &vpc)).await;
    assert_eq!(all(&acl, "ruleNumber"), ["100", "32767", "100", "32767"]);
    assert_eq!(all(&acl, "ruleAction"), ["allow", "deny", "allow", "deny"]);
    let group = cloud.ok(&of_vpc("DescribeSecurityGroups", &vpc)).await;
    assert_eq!(all(&group, "groupName"), ["default"]);
    assert_eq!(all(&group, "groupId").len(), 2, "it lets its own members in");
    assert_eq!(all(&group, "cidrIp"), ["0.0.0.0/0"]);
    cloud
        .ok(&format!(
            "AssociateVpcCidrBlock&VpcId={vpc}&CidrBlock=10.1.0.0/16"
        ))
        .await;
    assert_eq!(
        all(&cloud.ok(&of_vpc("DescribeRouteTables", &vpc)).await, "gatewayId"),
        ["local", "local"]
    );
    cloud.ok(&format!("DeleteVpc&VpcId={vpc}")).await;
    for action in [
        "DescribeRouteTables",
        "DescribeNetworkAcls",
        "DescribeSecurityGroups",
    ] {
        assert!(
            !cloud.ok(&of_vpc(action, &vpc)).await.contains("<item>"),
            "{action}"
        );
    }
}

#[tokio::test]
async fn regions_are_apart_and_named_by_the_signature() {
    let cloud = Cloud::new();
    cloud.vpc().await;
    let ask = async |region: &str| {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential=AKIA/20260101/{region}/ec2/aws4_request, SignedHeaders=host, Signature=x"
        );
        let body = Bytes::from_static(b"Action=DescribeVpcs&Version=2016-11-15");
        let request = Request::post("http://localhost/")
            .header("authorization", header)
            .body(body)
            .unwrap();
        let response = cloud.sandbox.handle(request).await;
        String::from_utf8(response.body().to_vec()).unwrap()
    };
    assert_eq!(all(&ask("us-west-2").await, "vpcId").len(), 2);
    assert_eq!(all(&ask("eu-west-1").await, "vpcId").len(), 1);
    assert_eq!(first(&ask("mars-1").await, "Code").unwrap(), "AuthFailure");
    let presigned = Request::get(
        "http://localhost/?Action=DescribeVpcs&Version=2016-11-15&X-Amz-Credential=AKIA%2F20260101%2Feu-west-1%2Fec2%2Faws4_request",
    );
    let response = cloud.sandbox.handle(presigned.body(Bytes::new()).unwrap()).await;
    assert_eq!(all(&String::from_utf8_lossy(response.body()), "vpcId").len(), 1);
}

#[tokio::test]
async fn sts_answers_on_the_same_endpoint() {
    let sandbox = Sandbox::new(Options::default());
    let body = Bytes::from_static(b"Action=GetCallerIdentity&Version=2011-06-15");
    let response = sandbox
        .handle(Request::post("http://localhost/").body(body).unwrap())
        .await;
    assert_eq!(
        first(&String::from_utf8_lossy(response.body()), "Account").unwrap(),
        "123456789012"
    );
    let body = Bytes::from_static(b"Action=AssumeRole&Version=2011-06-15");
    let response = sandbox
        .handle(Request::post("http://localhost/").body(body).unwrap())
        .await;
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(
        text.starts_with("<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code>"),
        "{text}"
    );
}

#[tokio::test]
async fn calls_are_counted() {
    let cloud = Cloud::new();
    cloud.vpc().await;
    cloud.ok("DescribeVpcs").await;
    cloud.ok("DescribeVpcs").await;
    let calls: Vec<(String, u64)> = cloud.sandbox.calls().into_iter().collect();
    assert_eq!(calls, [("CreateVpc".into(), 1), ("DescribeVpcs".into(), 2)]);
}

#[tokio::test]
async fn a_token_repeats_the_answer() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let id = cloud.instance(&subnet, "&ClientToken=one").await;
    assert_eq!(cloud.instance(&subnet, "&ClientToken=one").await, id);
    assert_ne!(cloud.instance(&subnet, "&ClientToken=two").await, id);
    let run = format!(
        "RunInstances&ImageId=ami-0d6621c01e8c2de2c&InstanceType=t2.micro&MinCount=1&MaxCount=1&SubnetId={subnet}"
    );
    assert_eq!(
        cloud
            .code(&format!("{run}&Monitoring.Enabled=true&ClientToken=one"))
            .await,
        "IdempotentParameterMismatch"
    );
    assert_eq!(
        cloud.code(&format!("{run}&ClientToken={}", "x".repeat(65))).await,
        "InvalidClientToken"
    );
    cloud.ok(&format!("TerminateInstances&InstanceId.1={id}")).await;
    assert_eq!(
        cloud.code(&format!("{run}&ClientToken=one")).await,
        "IdempotentInstanceTerminated"
    );
}

#[tokio::test]
async fn a_dry_run_reports_and_changes_nothing() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    cloud.subnet(&vpc, "10.0.1.0/24").await;
    for (query, code) in [
        (format!("DeleteVpc&VpcId={vpc}&DryRun=true"), "DryRunOperation"),
        (
            "DeleteVpc&VpcId=vpc-12345678&DryRun=true".into(),
            "InvalidVpcID.NotFound",
        ),
        (
            format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.2.0/24&DryRun=true"),
            "DryRunOperation",
        ),
        (
            format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.1.0/24&DryRun=true"),
            "DryRunOperation",
        ),
    ] {
        let (status, body) = cloud.ask(&query).await;
        assert_eq!(first(&body, "Code").as_deref(), Some(code), "{query}");
        assert_eq!(status == 412, code == "DryRunOperation", "{query}");
    }
    assert_eq!(
        all(&cloud.ok(&of_vpc("DescribeSubnets", &vpc)).await, "subnetId").len(),
        1
    );
}

#[tokio::test]
async fn pages_cover_everything_once() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    for n in 0..13 {
        cloud.subnet(&vpc, &format!("10.0.{n}.0/24")).await;
    }
    let mut seen = Vec::new();
    let mut token = String::new();
    for page in 0.. {
        let body = cloud
            .ok(&format!(
                "{}&MaxResults=5{token}",
                of_vpc("DescribeSubnets", &vpc)
            ))
            .await;
        seen.extend(all(&body, "subnetId"));
        match first(&body, "nextToken") {
            Some(next) => token = format!("&NextToken={next}"),
            None => {
                assert_eq!(page, 2);
                break;
            }
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 13);
}

#[tokio::test]
async fn a_page_of_tags_may_end_within_those_of_one_object() {
    let cloud = Cloud::new();
    for _ in 0..4 {
        let vpc = cloud.vpc().await;
        let tags: String = (1..=3)
            .map(|n| format!("&Tag.{n}.Key=k{n}&Tag.{n}.Value=v"))
            .collect();
        cloud.ok(&format!("CreateTags&ResourceId.1={vpc}{tags}")).await;
    }
    let filter = "&Filter.1.Name=value&Filter.1.Value.1=v";
    let pairs = |body: &str| -> Vec<(String, String)> {
        let ids = all(body, "resourceId").into_iter();
        ids.zip(all(body, "key")).collect()
    };
    let whole = pairs(&cloud.ok(&format!("DescribeTags{filter}")).await);
    let (mut paged, mut token) = (Vec::new(), Some(String::new()));
    while let Some(next) = token {
        let body = cloud
            .ok(&format!("DescribeTags{filter}&MaxResults=5{next}"))
            .await;
        paged.extend(pairs(&body));
        token = first(&body, "nextToken").map(|token| format!("&NextToken={token}"));
    }
    assert_eq!(whole.len(), 12);
    assert_eq!(paged, whole);
}

#[tokio::test]
async fn filters_choose() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let tagged = "&TagSpecification.1.ResourceType=subnet&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value";
    cloud
        .ok(&format!(
            "CreateSubnet&VpcId={vpc}&CidrBlock=10.0.1.0/24&AvailabilityZone=us-west-2a{tagged}=web-1"
        ))
        .await;
    cloud
        .ok(&format!(
            "CreateSubnet&VpcId={vpc}&CidrBlock=10.0.2.0/24&AvailabilityZone=us-west-2b{tagged}=web-2"
        ))
        .await;
    cloud
        .ok(&format!(
            "CreateSubnet&VpcId={vpc}&CidrBlock=10.0.3.0/24&AvailabilityZone=us-west-2b{tagged}=db*"
        ))
        .await;
    for (filters, expected) in [
        (
            "Filter.1.Name=tag:Name&Filter.1.Value.1=web-*",
            vec!["10.0.1.0/24", "10.0.2.0/24"],
        ),
        (
            "Filter.1.Name=tag:Name&Filter.1.Value.1=web-?&Filter.2.Name=availability-zone&Filter.2.Value.1=us-west-2b",
            vec!["10.0.2.0/24"],
        ),
        (
            "Filter.1.Name=tag:Name&Filter.1.Value.1=web-1&Filter.1.Value.2=db%5C*",
            vec!["10.0.1.0/24", "10.0.3.0/24"],
        ),
        ("Filter.1.Name=tag:name&Filter.1.Value.1=web-1", vec![]),
        (
            "Filter.1.Name=tag-key&Filter.1.Value.1=Name",
            vec!["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"],
        ),
        (
            "Filter.1.Name=cidr-block&Filter.1.Value.1=10.0.3.0/24",
            vec!["10.0.3.0/24"],
        ),
    ] {
        let mut ranges = all(
            &cloud.ok(&format!("DescribeSubnets&{filters}")).await,
            "cidrBlock",
        );
        ranges.sort();
        assert_eq!(ranges, expected, "{filters}");
    }
}

#[tokio::test]
async fn a_public_address_lasts_while_the_instance_runs() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    cloud.gateway(&vpc).await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    cloud
        .ok(&format!(
            "ModifySubnetAttribute&SubnetId={subnet}&MapPublicIpOnLaunch.Value=true"
        ))
        .await;
    let id = cloud.instance(&subnet, "").await;
    let address = async || {
        first(
            &cloud.ok(&format!("DescribeInstances&InstanceId.1={id}")).await,
            "ipAddress",
        )
    };
    let before = address().await.unwrap();
    cloud.ok(&format!("StopInstances&InstanceId.1={id}")).await;
    assert_eq!(address().await, None);
    cloud.ok(&format!("StartInstances&InstanceId.1={id}")).await;
    let after = address().await.unwrap();
    assert_ne!(before, after);
    let elastic = cloud.ok("AllocateAddress").await;
    let (allocation, ip) = (
        first(&elastic, "allocationId").unwrap(),
        first(&elastic, "publicIp").unwrap(),
    );
    let association = cloud
        .get(
            &format!("AssociateAddress&AllocationId={allocation}&InstanceId={id}"),
            "associationId",
        )
        .await;
    assert_eq!(address().await, Some(ip), "an elastic address takes its place");
    cloud
        .ok(&format!("DisassociateAddress&AssociationId={association}"))
        .await;
    assert!(
        address().await.is_some_and(|ip| ip != after),
        "without it EC2 gives another one"
    );
}

#[tokio::test]
async fn a_made_key_pair_is_a_pair() {
    let cloud = Cloud::new();
    for (kind, armour) in [
        ("ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----"),
        ("rsa", "-----BEGIN RSA PRIVATE KEY-----"),
    ] {
        let material = cloud
            .get(
                &format!("CreateKeyPair&KeyName={kind}&KeyType={kind}"),
                "keyMaterial",
            )
            .await;
        assert!(material.starts_with(armour), "{material}");
        let described = cloud
            .ok(&format!(
                "DescribeKeyPairs&KeyName.1={kind}&IncludePublicKey=true"
            ))
            .await;
        let public = ssh_key::PublicKey::from_openssh(&first(&described, "publicKey").unwrap()).unwrap();
        assert_eq!(first(&described, "keyType").unwrap(), kind);
        let fingerprint = first(&described, "keyFingerprint").unwrap();
        if kind == "ed25519" {
            let private = ssh_key::PrivateKey::from_openssh(&material).unwrap();
            assert_eq!(private.public_key().key_data(), public.key_data());
            assert_eq!(fingerprint.len(), 44, "base64 of SHA-256");
        } else {
            use rsa::pkcs1::DecodeRsaPrivateKey;
            let private = rsa::RsaPrivateKey::from_pkcs1_pem(&material).unwrap();
            let expected = ssh_key::public::RsaPublicKey::try_from(private.to_public_key()).unwrap();
            assert_eq!(ssh_key::public::KeyData::from(expected), *public.key_data());
            assert_eq!(fingerprint.len(), 59, "SHA-1 with colons");
        }
    }
}

#[tokio::test]
async fn a_nat_gateway_without_internet_fails_later() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let address = cloud.get("AllocateAddress", "allocationId").await;
    let create = format!("CreateNatGateway&SubnetId={subnet}&AllocationId={address}");
    assert_eq!(cloud.get(&create, "state").await, "pending");
    let failed = cloud.ok("DescribeNatGateways").await;
    assert_eq!(
        (
            first(&failed, "state").unwrap(),
            first(&failed, "failureCode").unwrap()
        ),
        ("failed".into(), "Gateway.NotAttached".into())
    );
    cloud.gateway(&vpc).await;
    let id = cloud.get(&create, "natGatewayId").await;
    let again = cloud.get(&create, "natGatewayId").await;
    let second = cloud
        .ok(&format!("DescribeNatGateways&NatGatewayId.1={again}"))
        .await;
    assert_eq!(
        first(&second, "failureCode").unwrap(),
        "Resource.AlreadyAssociated"
    );
    let eni = cloud.ok("DescribeNetworkInterfaces").await;
    assert_eq!(first(&eni, "interfaceType").unwrap(), "nat_gateway");
    assert_eq!(first(&eni, "requesterManaged").unwrap(), "true");
    let table = cloud
        .get(&format!("CreateRouteTable&VpcId={vpc}"), "routeTableId")
        .await;
    cloud
        .ok(&format!(
            "CreateRoute&RouteTableId={table}&DestinationCidrBlock=0.0.0.0/0&NatGatewayId={id}"
        ))
        .await;
    cloud.ok(&format!("DeleteNatGateway&NatGatewayId={id}")).await;
    let routes = cloud
        .ok(&format!("DescribeRouteTables&RouteTableId.1={table}"))
        .await;
    assert_eq!(all(&routes, "state"), ["active", "blackhole"]);
    cloud.ok(&format!("ReleaseAddress&AllocationId={address}")).await;
    cloud.ok(&format!("DeleteSubnet&SubnetId={subnet}")).await;
}

#[tokio::test(start_paused = true)]
async fn ghosts_stay_for_an_hour() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let id = cloud.instance(&subnet, "").await;
    cloud.ok(&format!("TerminateInstances&InstanceId.1={id}")).await;
    let ghost = cloud.ok("DescribeInstances").await;
    assert!(
        ghost.contains("<name>terminated</name>") && ghost.contains("<networkInterfaceSet/>"),
        "{ghost}"
    );
    assert!(
        !cloud.ok("DescribeVolumes").await.contains("<item>"),
        "the root volume went with it"
    );
    cloud.ok(&format!("DeleteSubnet&SubnetId={subnet}")).await;
    advance(Duration::from_secs(59 * 60)).await;
    cloud.ok(&format!("DescribeInstances&InstanceId.1={id}")).await;
    advance(Duration::from_secs(2 * 60)).await;
    assert_eq!(
        cloud.code(&format!("DescribeInstances&InstanceId.1={id}")).await,
        "InvalidInstanceID.NotFound"
    );
}

/// Asks until the answer is good: new ids may take a moment to show.
async fn patiently(cloud: &Cloud, query: &str, element: &str) -> String {
    for _ in 0..100 {
        let (status, body) = cloud.ask(query).await;
        if status == 200 {
            return first(&body, element).unwrap_or_default();
        }
        let code = first(&body, "Code").unwrap();
        assert!(
            code.ends_with(".NotFound") || code == "RequestLimitExceeded" || code == "NatGatewayNotFound",
            "{query}: {body}"
        );
        advance(Duration::from_millis(300)).await;
    }
    panic!("{query} never came true");
}

#[tokio::test(start_paused = true)]
async fn realistic_states_take_their_time() {
    let cloud = Cloud::behaving(Behaviour::Realistic);
    let vpc = patiently(&cloud, "CreateVpc&CidrBlock=10.0.0.0/16", "vpcId").await;
    let gateway = patiently(&cloud, "CreateInternetGateway", "internetGatewayId").await;
    patiently(
        &cloud,
        &format!("AttachInternetGateway&InternetGatewayId={gateway}&VpcId={vpc}"),
        "return",
    )
    .await;
    let subnet = patiently(
        &cloud,
        &format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.1.0/24"),
        "subnetId",
    )
    .await;
    let address = patiently(&cloud, "AllocateAddress", "allocationId").await;
    let nat = patiently(
        &cloud,
        &format!("CreateNatGateway&SubnetId={subnet}&AllocationId={address}"),
        "natGatewayId",
    )
    .await;
    let state = format!("DescribeNatGateways&NatGatewayId.1={nat}");
    assert_eq!(patiently(&cloud, &state, "state").await, "pending");
    advance(Duration::from_secs(50)).await;
    assert_eq!(patiently(&cloud, &state, "state").await, "pending");
    advance(Duration::from_secs(45)).await;
    assert_eq!(patiently(&cloud, &state, "state").await, "available");
    patiently(
        &cloud,
        &format!("DeleteNatGateway&NatGatewayId={nat}"),
        "natGatewayId",
    )
    .await;
    assert_eq!(
        cloud
            .code(&format!("ReleaseAddress&AllocationId={address}"))
            .await,
        "InvalidIPAddress.InUse"
    );
    assert_eq!(
        cloud.code(&format!("DeleteSubnet&SubnetId={subnet}")).await,
        "DependencyViolation"
    );
    advance(Duration::from_secs(61)).await;
    assert_eq!(patiently(&cloud, &state, "state").await, "deleted");
    cloud.ok(&format!("DeleteSubnet&SubnetId={subnet}")).await;
}

#[tokio::test(start_paused = true)]
async fn realistic_ids_may_not_show_at_once() {
    let cloud = Cloud::behaving(Behaviour::Realistic);
    let mut hidden = [0; 3];
    for _ in 0..60 {
        let tag = "TagSpecification.1.ResourceType=internet-gateway&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v";
        let made = cloud.ok(&format!("CreateInternetGateway&{tag}")).await;
        let id = first(&made, "internetGatewayId").unwrap();
        let by_tag = "DescribeInternetGateways&Filter.1.Name=tag:k&Filter.1.Value.1=v";
        let by_id = format!("DescribeInternetGateways&InternetGatewayId.1={id}");
        let (status, body) = cloud.ask(&by_id).await;
        if status != 200 {
            assert_eq!(first(&body, "Code").unwrap(), "InvalidInternetGatewayID.NotFound");
        }
        let looks = [
            status == 200,
            cloud.ok("DescribeInternetGateways").await.contains(&id),
            cloud.ok(by_tag).await.contains(&id),
        ];
        for (hidden, shown) in hidden.iter_mut().zip(looks) {
            *hidden += usize::from(!shown);
        }
        advance(Duration::from_secs(2)).await;
        cloud.ok(&by_id).await;
        assert!(cloud.ok(by_tag).await.contains(&id));
    }
    assert!(
        hidden.iter().all(|hidden| (1..30).contains(hidden)),
        "by id, in lists, by tag: {hidden:?} of 60 were hidden"
    );
}

#[tokio::test(start_paused = true)]
async fn realistic_requests_are_throttled() {
    let cloud = Cloud::behaving(Behaviour::Realistic);
    for _ in 0..50 {
        cloud.ok("CreateInternetGateway").await;
    }
    let (status, body) = cloud.ask("CreateInternetGateway").await;
    assert_eq!(
        (status, first(&body, "Code").unwrap()),
        (503, "RequestLimitExceeded".into())
    );
    advance(Duration::from_secs(1)).await;
    cloud.ok("CreateInternetGateway").await;
}

#[tokio::test(start_paused = true)]
async fn hostile_luck_follows_the_seed() {
    let run = async |seed| {
        let sandbox = Sandbox::new(Options {
            behaviour: Behaviour::Hostile,
            seed,
            ..Options::default()
        });
        let mut fates = Vec::new();
        for _ in 0..300 {
            let body = Bytes::from_static(b"Action=DescribeKeyPairs&Version=2016-11-15");
            let response = sandbox
                .handle(Request::post("http://localhost/").body(body).unwrap())
                .await;
            fates.push((
                response.status().as_u16(),
                response.extensions().get::<ReplyLost>().is_some(),
            ));
        }
        fates
    };
    let fates = run(5).await;
    assert_eq!(fates, run(5).await);
    assert_ne!(fates, run(6).await);
    for fate in [(200, false), (500, false), (503, false), (504, true)] {
        assert!(fates.contains(&fate), "{fate:?} never happened");
    }
}
