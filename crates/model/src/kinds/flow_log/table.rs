//! The table of `flow_log`.

use super::destination;
use super::fields;
use crate::Kind;
use crate::attr::attributes;
use crate::kind::is_id_tail;
use crate::kinds::route_table;
use crate::net::{Complaint, Format, id_tail};
use crate::schema::{Attribute, Follow, Quota, Schema, Type};

attributes! {
    [VPC, SUBNET];
    NETWORK_INTERFACE: Ref = "network_interface";
    TRANSIT_GATEWAY: Ref = "transit_gateway";
    TRANSIT_GATEWAY_ATTACHMENT: Ref = "transit_gateway_attachment";
    TRAFFIC_TYPE: str = "traffic_type";
    LOG_DESTINATION_TYPE: str = "log_destination_type";
    LOG_DESTINATION: str = "log_destination";
    LOG_GROUP_NAME: str = "log_group_name";
    DELIVER_LOGS_PERMISSION_ARN: str = "deliver_logs_permission_arn";
    DELIVER_CROSS_ACCOUNT_ROLE: str = "deliver_cross_account_role";
    LOG_FORMAT: str = "log_format";
    MAX_AGGREGATION_INTERVAL: i64 = "max_aggregation_interval";
    DESTINATION_OPTIONS: Record = "destination_options";
    FILE_FORMAT: str = "file_format";
    HIVE_COMPATIBLE_PARTITIONS: bool = "hive_compatible_partitions";
    PER_HOUR_PARTITION: bool = "per_hour_partition";
}

static ATTACHMENT: Format = Format {
    what: "an EC2 id such as tgw-attach-0123456789abcdef0",
    pattern: concat!("^tgw-attach-", id_tail!(), "$"),
    number: false,
    read: |text| match text.strip_prefix("tgw-attach-") {
        Some(tail) if is_id_tail(tail) => Ok(text.to_owned()),
        _ => Err(Complaint::new(format!(
            "`{text}` is not an EC2 id: `tgw-attach-` and 8 or 17 hex digits"
        ))),
    },
};

const LIFE: &str = "EC2 changes nothing about a flow log";

pub(super) static OPTIONS: [Attribute; 3] = [
    Attribute::new(
        attr::FILE_FORMAT,
        Type::Choice(&["plain-text", "parquet"]),
        "What the files are.",
    )
    .default(|| "plain-text".into())
    .replace(LIFE),
    Attribute::new(
        attr::HIVE_COMPATIBLE_PARTITIONS,
        Type::Bool,
        "Whether folders are named as Hive wants them: `year=2026`.",
    )
    .default(|| false.into())
    .replace(LIFE),
    Attribute::new(
        attr::PER_HOUR_PARTITION,
        Type::Bool,
        "Whether each hour has a folder of its own.",
    )
    .default(|| false.into())
    .replace(LIFE),
];

pub(super) static SCHEMA: Schema = Schema {
    kind: Kind::FlowLog,
    arn_type: "vpc-flow-log",
    tag_type: "vpc-flow-log",
    doc: "Records of the traffic of a VPC, a subnet, a network interface or a transit gateway, in a log group, a \
          bucket or a delivery stream. EC2 changes nothing about a flow log but its tags: everything else \
          replaces it.",
    example: "\
flow_log:
  rejects:
    vpc: main
    traffic_type: reject
    log_group_name: rejects
    deliver_logs_permission_arn: arn:aws:iam::123456789012:role/flow-logs
",
    notes: &[
        "It is of exactly one of `vpc`, `subnet`, `network_interface`, `transit_gateway` and \
         `transit_gateway_attachment`.",
        "A log group is given by its name, or by its ARN as `log_destination`: the same one in either spelling is \
         no difference. What sort of destination it is follows from that, so `log_destination_type` may be left out.",
        "Who may write there is the business of IAM and of the bucket's policy. Where nobody may, EC2 makes the flow \
         log all the same and tells later that it delivers nothing: plans and `drift` then say why, as a remark, and \
         change nothing.",
        "EC2 takes one flow log of a resource for each kind of traffic and destination, so a replacement that \
         keeps the three deletes the old one first: what passes in between is not recorded. Records that were \
         delivered stay where they are.",
        "A flow log keeps nothing there: EC2 deletes the VPC all the same, and its flow logs some time after it.",
    ],
    attributes: &ATTRIBUTES,
    selected_by_tags: false,
    quota: Quota::Unlimited,
};

static ATTRIBUTES: [Attribute; 14] = [
    Attribute::new(
        attr::VPC,
        Type::Ref(Kind::Vpc, Follow::Id),
        "Log all interfaces of this VPC.",
    )
    .loose()
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::SUBNET,
        Type::Ref(Kind::Subnet, Follow::Id),
        "Log all interfaces of this subnet.",
    )
    .loose()
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::NETWORK_INTERFACE,
        Type::Id(&route_table::ENI),
        "Log this network interface, by its id.",
    )
    .loose()
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::TRANSIT_GATEWAY,
        Type::Id(&route_table::TGW),
        "Log this transit gateway, by its id.",
    )
    .loose()
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::TRANSIT_GATEWAY_ATTACHMENT,
        Type::Id(&ATTACHMENT),
        "Log this attachment of a transit gateway, by its id.",
    )
    .loose()
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::TRAFFIC_TYPE,
        Type::Choice(&["accept", "reject", "all"]),
        "Which traffic is logged. Required, but for transit gateways, of which all is.",
    )
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::LOG_DESTINATION_TYPE,
        Type::Choice(&destination::TYPES),
        "What sort of destination it is.",
    )
    .absent("what `log_destination` or `log_group_name` is")
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::LOG_DESTINATION,
        Type::Text(&destination::DESTINATION),
        "Where the records go, by ARN: a log group, a bucket with or without a folder, or a delivery stream.",
    )
    .auto()
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::LOG_GROUP_NAME,
        Type::Text(&destination::GROUP_NAME),
        "The log group that the records go to, by its name; EC2 makes it where it is not there.",
    )
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::DELIVER_LOGS_PERMISSION_ARN,
        Type::Text(&destination::ROLE),
        "The role that writes to the destination: required for a log group, and none for a bucket.",
    )
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::DELIVER_CROSS_ACCOUNT_ROLE,
        Type::Text(&destination::ROLE),
        "The role that writes to a delivery stream of another account.",
    )
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::LOG_FORMAT,
        Type::Text(&fields::FORMAT),
        "The fields of a record, in their order.",
    )
    .absent("EC2's default: those of version 2, and all there are of a transit gateway")
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::MAX_AGGREGATION_INTERVAL,
        Type::Int(60, 600),
        "For how many seconds at most a record sums up a flow: 60 or 600. Of a transit gateway it is 60.",
    )
    .default(|| 600.into())
    .unfelt()
    .replace(LIFE),
    Attribute::new(
        attr::DESTINATION_OPTIONS,
        Type::Object(&OPTIONS),
        "How the records are laid down in a bucket.",
    )
    .absent("as plain text, in a folder for each day")
    .unfelt()
    .replace(LIFE),
];
