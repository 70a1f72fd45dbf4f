//! Flow logs: what EC2 takes, refuses and lists, and what outlives a VPC.

use std::time::Duration;

use crate::harness::{Cloud, all, first, refused_with};

const ROLE: &str = "DeliverLogsPermissionArn=arn:aws:iam::123456789012:role/flow-logs";

fn of_vpc(vpc: &str, more: &str) -> String {
    format!("CreateFlowLogs&ResourceType=VPC&ResourceId.1={vpc}&TrafficType=ALL{more}")
}

#[tokio::test]
async fn requests_that_ec2_refuses() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let cases = [
        (
            "CreateFlowLogs&ResourceType=VPC&TrafficType=ALL",
            "MissingParameter",
        ),
        (
            "CreateFlowLogs&ResourceType=Planet&ResourceId.1={vpc}&TrafficType=ALL",
            "InvalidParameterValue",
        ),
        (
            "CreateFlowLogs&ResourceType=Subnet&ResourceId.1={vpc}&TrafficType=ALL&LogGroupName=x&{role}",
            "InvalidSubnetId.Malformed",
        ),
        (
            "CreateFlowLogs&ResourceType=VPC&ResourceId.1={vpc}&LogGroupName=x&{role}",
            "MissingParameter",
        ),
        ("{of}", "InvalidParameter"),
        ("{of}&LogGroupName=x", "InvalidParameter"),
        (
            "{of}&LogGroupName=x&LogDestination=arn:aws:s3:::abc&{role}",
            "InvalidParameter",
        ),
        ("{of}&LogGroupName=x&LogDestinationType=s3", "InvalidParameter"),
        ("{of}&LogDestination=arn:aws:s3:::abc&{role}", "InvalidParameter"),
        (
            "{of}&LogDestinationType=s3&LogDestination=arn:aws:s3:::abc&{role}",
            "InvalidParameter",
        ),
        (
            "{of}&LogDestinationType=s3&LogDestination=arn:aws-cn:s3:::abc",
            "InvalidParameter",
        ),
        (
            "{of}&LogDestinationType=s3&LogDestination=arn:aws:s3:::abc/AWSLogs/x",
            "InvalidParameter",
        ),
        (
            "{of}&LogGroupName=x&{role}&MaxAggregationInterval=300",
            "InvalidParameter",
        ),
        (
            "{of}&LogGroupName=x&{role}&LogFormat=${vpc-idd}",
            "InvalidParameter",
        ),
        (
            "{of}&LogGroupName=x&{role}&DestinationOptions.FileFormat=parquet",
            "InvalidParameter",
        ),
        (
            "{of}&LogGroupName=x&{role}&DeliverCrossAccountRole=arn:aws:iam::123456789012:role/x",
            "InvalidParameter",
        ),
        (
            "CreateFlowLogs&ResourceType=TransitGateway&ResourceId.1=tgw-12345678&TrafficType=ALL&LogGroupName=x&{role}",
            "InvalidParameter",
        ),
        (
            "CreateFlowLogs&ResourceType=TransitGateway&ResourceId.1=tgw-12345678&LogGroupName=x&{role}",
            "InvalidTransitGatewayID.NotFound",
        ),
        (
            "DescribeFlowLogs&FlowLogId.1=fl-00000000000000000",
            "InvalidFlowLogId.NotFound",
        ),
        ("DeleteFlowLogs&FlowLogId.1=nonsense", "InvalidParameterValue"),
        ("DeleteFlowLogs", "MissingParameter"),
    ];
    let of = of_vpc(&vpc, "");
    refused_with(&cloud, &[("of", &of), ("vpc", &vpc), ("role", ROLE)], &cases).await;
}

#[tokio::test]
async fn what_was_not_done_is_listed_beside_what_was() {
    let cloud = Cloud::new();
    let (one, other) = (cloud.vpc().await, cloud.vpc().await);
    let log = format!("&LogGroupName=x&{ROLE}");
    let id = cloud.get(&of_vpc(&one, &log), "item").await;
    let body = cloud
        .ok(&of_vpc(&one, &format!("&ResourceId.2={other}{log}")))
        .await;
    assert_eq!(
        first(&body, "code").as_deref(),
        Some("FlowLogAlreadyExists"),
        "{body}"
    );
    assert_eq!(first(&body, "resourceId"), Some(one.clone()));
    // The same group by its ARN is the same place.
    let arn = "&LogDestination=arn:aws:logs:us-west-2:123456789012:log-group:x:*";
    let body = cloud.ok(&of_vpc(&one, &format!("{arn}&{ROLE}"))).await;
    assert!(body.contains("FlowLogAlreadyExists"), "{body}");
    let other_traffic = of_vpc(&one, &log).replace("TrafficType=ALL", "TrafficType=REJECT");
    assert!(!cloud.ok(&other_traffic).await.contains("FlowLogAlreadyExists"));
    let body = cloud
        .ok(&format!(
            "DeleteFlowLogs&FlowLogId.1={id}&FlowLogId.2=fl-00000000000000000"
        ))
        .await;
    assert_eq!(all(&body, "code"), ["InvalidFlowLogId.NotFound"]);
    assert_eq!(
        cloud.code(&format!("DescribeFlowLogs&FlowLogId.1={id}")).await,
        "InvalidFlowLogId.NotFound"
    );
}

#[tokio::test]
async fn a_token_repeats_what_was_made_and_nothing_else() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let log = format!("&LogGroupName=x&{ROLE}");
    let id = cloud.get(&of_vpc(&vpc, &log), "item").await;
    let token = of_vpc(&vpc, &format!("{log}&ClientToken=t"));
    assert!(cloud.ok(&token).await.contains("FlowLogAlreadyExists"));
    cloud.ok(&format!("DeleteFlowLogs&FlowLogId.1={id}")).await;
    let made = cloud.get(&token, "item").await;
    assert_eq!(cloud.get(&token, "item").await, made);
}

#[tokio::test(start_paused = true)]
async fn a_flow_log_outlives_its_vpc_for_some_minutes() {
    let cloud = Cloud::new();
    let vpc = cloud.vpc().await;
    let id = cloud
        .get(&of_vpc(&vpc, &format!("&LogGroupName=x&{ROLE}")), "item")
        .await;
    cloud.ok(&format!("DeleteVpc&VpcId={vpc}")).await;
    let describe = format!("DescribeFlowLogs&FlowLogId.1={id}");
    assert_eq!(cloud.get(&describe, "resourceId").await, vpc);
    tokio::time::advance(Duration::from_secs(11 * 60)).await;
    assert_eq!(cloud.code(&describe).await, "InvalidFlowLogId.NotFound");
}
