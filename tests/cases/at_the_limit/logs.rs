//! The rows of flow logs.

use serde_json::{Value as Json, json};

use super::rows::{Case, Row, mixed, row, texts};

const CREATE: &str = "CreateFlowLogs&ResourceType=VPC&ResourceId.1={vpc.main}";
const ROLE: &str = "arn:aws:iam::123456789012:role/flow-logs";
const STREAM: &str = "arn:aws:firehose:us-west-2:123456789012:deliverystream/x";

/// A flow log with this beside its VPC.
fn log(fields: &Json) -> Json {
    let mut all = json!({"vpc": "main", "traffic_type": "all"});
    for (name, value) in fields.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    json!({"flow_log.x": all})
}

/// One that goes to a log group.
fn to_group(fields: &Json) -> Json {
    let mut all = json!({"log_group_name": "x", "deliver_logs_permission_arn": ROLE});
    for (name, value) in fields.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    log(&all)
}

/// The limits of a flow log.
pub fn logs() -> Vec<Row> {
    let all = format!("{CREATE}&TrafficType=ALL");
    let group = format!("{all}&LogGroupName=x&DeliverLogsPermissionArn={ROLE}");
    let bucket = |name: &str| format!("arn:aws:s3:::{name}");
    vec![
        mixed(
            "flow_log.traffic_type",
            &to_group(&json!({"traffic_type": "$"})),
            &format!("{CREATE}&LogGroupName=x&DeliverLogsPermissionArn={ROLE}&TrafficType="),
            &[
                (json!("accept"), "ACCEPT"),
                (json!("reject"), "REJECT"),
                (json!("all"), "ALL"),
            ],
            &[(json!("some"), "SOME")],
        ),
        types(&all),
        row(
            "flow_log.log_destination",
            &log(&json!({"log_destination": "$"})),
            &format!("{all}&LogDestinationType=s3&LogDestination=$"),
            &[
                json!(bucket("abc")),
                json!(bucket(&"a".repeat(63))),
                json!(bucket("my.logs/a/b=c/")),
            ],
            &[
                json!(bucket("ab")),
                json!(bucket(&"a".repeat(64))),
                json!(bucket("My-logs")),
                json!(bucket("my-logs/AWSLogs")),
                json!(bucket("my-logs/a b")),
                json!("my-logs"),
            ],
        ),
        row(
            "flow_log.log_group_name",
            &to_group(&json!({"log_group_name": "$"})),
            &format!("{all}&DeliverLogsPermissionArn={ROLE}&LogGroupName=$"),
            &[json!("a"), json!("a".repeat(512)), json!("/vpc/Flow_logs-1.a#b")],
            &[json!(""), json!("a".repeat(513)), json!("a b"), json!("a:*")],
        ),
        row(
            "flow_log.deliver_logs_permission_arn",
            &to_group(&json!({"deliver_logs_permission_arn": "$"})),
            &format!("{all}&LogGroupName=x&DeliverLogsPermissionArn=$"),
            &texts(&[ROLE, "arn:aws:iam::210987654321:role/path/Flow+logs"]),
            &texts(&[
                "",
                "flow-logs",
                "arn:aws:iam::1:role/x",
                "arn:aws:iam::123456789012:role/",
            ]),
        ),
        row(
            "flow_log.deliver_cross_account_role",
            &log(&json!({"log_destination": STREAM, "deliver_cross_account_role": "$"})),
            &format!(
                "{all}&LogDestinationType=kinesis-data-firehose&LogDestination={STREAM}&DeliverCrossAccountRole=$"
            ),
            &texts(&[ROLE]),
            &texts(&["flow-logs", "arn:aws:iam::1:role/x"]),
        ),
        row(
            "flow_log.log_format",
            &to_group(&json!({"log_format": "$"})),
            &format!("{group}&LogFormat=$"),
            &texts(&["${version}", "${action} ${vpc-id} ${traffic-path}"]),
            &texts(&["${vpc-idd}", "version", "${version},${action}"]),
        ),
        row(
            "flow_log.max_aggregation_interval",
            &to_group(&json!({"max_aggregation_interval": "$"})),
            &format!("{group}&MaxAggregationInterval=$"),
            &[json!(60), json!(600)],
            &[json!(59), json!(300), json!(601)],
        ),
        row(
            "flow_log.destination_options.file_format",
            &log(&json!({"log_destination": bucket("my-logs"), "destination_options": {"file_format": "$"}})),
            &format!(
                "{all}&LogDestinationType=s3&LogDestination={}&DestinationOptions.FileFormat=$",
                bucket("my-logs")
            ),
            &texts(&["plain-text", "parquet"]),
            &texts(&["csv"]),
        ),
    ]
}

/// Each type with a destination of its own, and one with that of another.
fn types(all: &str) -> Row {
    let case = |is: &str, arn: &str| {
        let mut fields = json!({"log_destination_type": is, "log_destination": arn});
        let mut query = format!("{all}&LogDestinationType={is}&LogDestination={arn}");
        if is == "cloud-watch-logs" {
            fields["deliver_logs_permission_arn"] = json!(ROLE);
            query += &format!("&DeliverLogsPermissionArn={ROLE}");
        }
        Case {
            spec: log(&fields),
            query,
        }
    };
    let (group, bucket) = (
        "arn:aws:logs:us-west-2:123456789012:log-group:x",
        "arn:aws:s3:::my-logs",
    );
    Row {
        of: "flow_log.log_destination_type",
        at: vec![
            case("cloud-watch-logs", group),
            case("s3", bucket),
            case("kinesis-data-firehose", STREAM),
        ],
        past: vec![
            case("cloud-watch-logs", bucket),
            case("s3", group),
            case("kinesis-data-firehose", bucket),
            case("tape", bucket),
        ],
    }
}
