//! What AWS takes, the sandbox takes: any region, any image, any instance type.

use bytes::Bytes;
use http::Request;

use crate::harness::{Cloud, all, first};

/// Asks as if from a region.
async fn ask_in(cloud: &Cloud, region: &str, query: &str) -> (u16, String) {
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/ec2/aws4_request, SignedHeaders=host, Signature=0"
    );
    let body = Bytes::from(format!("Action={query}&Version=2016-11-15"));
    let request = Request::post("http://localhost/")
        .header("authorization", credential)
        .body(body)
        .unwrap();
    let response = cloud.sandbox.handle(request).await;
    (
        response.status().as_u16(),
        String::from_utf8(response.body().to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn every_partition_has_its_regions_zones_lists_and_services() {
    let cloud = Cloud::new();
    let places = [
        ("eu-south-2", "eus2-az1", "ec2.eu-south-2.amazonaws.com"),
        ("ap-southeast-7", "apse7-az1", "ec2.ap-southeast-7.amazonaws.com"),
        ("cn-north-1", "cnn1-az1", "ec2.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "usgw1-az1", "ec2.us-gov-west-1.amazonaws.com"),
        ("us-iso-east-1", "usie1-az1", "ec2.us-iso-east-1.c2s.ic.gov"),
        ("eusc-de-east-1", "euscde1-az1", "ec2.eusc-de-east-1.amazonaws.eu"),
    ];
    for (region, zone, host) in places {
        let (_, zones) = ask_in(&cloud, region, "DescribeAvailabilityZones").await;
        assert!(
            all(&zones, "zoneId").contains(&zone.to_owned()),
            "{region}: {zones}"
        );
        let (_, regions) = ask_in(&cloud, region, "DescribeRegions").await;
        assert!(
            all(&regions, "regionEndpoint").contains(&host.to_owned()),
            "{region}: {regions}"
        );
        let (_, lists) = ask_in(&cloud, region, "DescribeManagedPrefixLists").await;
        assert!(
            all(&lists, "prefixListName").contains(&format!("com.amazonaws.{region}.s3")),
            "{region}: {lists}"
        );
        let (_, vpc) = ask_in(&cloud, region, "CreateVpc&CidrBlock=10.0.0.0/16").await;
        let vpc = first(&vpc, "vpcId").unwrap();
        let endpoint = format!("CreateVpcEndpoint&VpcId={vpc}&ServiceName=com.amazonaws.{region}.s3");
        let (status, answer) = ask_in(&cloud, region, &endpoint).await;
        assert_eq!(status, 200, "{region}: {answer}");
    }
    let (_, regions) = ask_in(&cloud, "cn-north-1", "DescribeRegions").await;
    assert_eq!(
        all(&regions, "regionName"),
        ["cn-north-1", "cn-northwest-1"],
        "a partition knows its own regions only"
    );
    let (_, lists) = ask_in(&cloud, "cn-north-1", "DescribeManagedPrefixLists").await;
    assert!(
        lists.contains("<prefixListArn>arn:aws-cn:ec2:cn-north-1:"),
        "{lists}"
    );
    let (status, answer) = ask_in(&cloud, "us-north-7", "DescribeVpcs").await;
    assert!(status == 401 || answer.contains("AuthFailure"), "{answer}");
}

#[tokio::test]
async fn an_image_of_ones_own_boots_on_every_type() {
    let cloud = Cloud::new();
    let subnet = cloud.subnet(&cloud.vpc().await, "10.0.1.0/24").await;
    for (image, kind) in [
        ("ami-0123456789abcdef0", "m7i-flex.2xlarge"),
        ("ami-12345678", "c7gd.medium"),
        ("ami-12345678", "t3.2xlarge"),
    ] {
        let run = format!(
            "RunInstances&MinCount=1&MaxCount=1&SubnetId={subnet}&ImageId={image}&InstanceType={kind}"
        );
        let answer = cloud.ok(&run).await;
        assert_eq!(first(&answer, "imageId").as_deref(), Some(image));
        let described = cloud.ok(&format!("DescribeImages&ImageId.1={image}")).await;
        assert_eq!(all(&described, "imageId"), [image]);
    }
    let all_images = cloud.ok("DescribeImages").await;
    assert!(!all_images.contains("ami-12345678"), "lists show what is public");
}

#[tokio::test]
async fn instance_types_are_taken_by_family_and_size() {
    let cloud = Cloud::new();
    let types = [
        ("r8g.xlarge", "arm64", 4, 32_768),
        ("c7i.4xlarge", "x86_64", 16, 32_768),
        ("x2gd.medium", "arm64", 1, 16_384),
        ("g4dn.xlarge", "x86_64", 4, 16_384),
        ("m7g.metal", "arm64", 96, 393_216),
        ("is4gen.2xlarge", "arm64", 8, 49_152),
        ("m5.metal", "x86_64", 96, 393_216),
    ];
    for (name, architecture, vcpus, memory) in types {
        let answer = cloud
            .ok(&format!("DescribeInstanceTypes&InstanceType.1={name}"))
            .await;
        assert_eq!(all(&answer, "instanceType"), [name]);
        assert!(
            answer.contains(&format!("<item>{architecture}</item>")),
            "{name}: {answer}"
        );
        assert!(
            answer.contains(&format!("<defaultVCpus>{vcpus}</defaultVCpus>")),
            "{name}: {answer}"
        );
        assert!(
            answer.contains(&format!("<sizeInMiB>{memory}</sizeInMiB>")),
            "{name}: {answer}"
        );
    }
    for name in [
        "t3.4xlarge",
        "m5.nano",
        "m5.huge",
        "q7.large",
        "m99.large",
        "m5x.large",
        "m5",
        "large",
    ] {
        let code = cloud
            .code(&format!("DescribeInstanceTypes&InstanceType.1={name}"))
            .await;
        assert_eq!(code, "InvalidInstanceType", "{name}");
    }
}
