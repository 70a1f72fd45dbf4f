//! What a flow log is asked to do: of what, where to, which fields, how often. All of it is checked before anything
//! is made.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::kinds::partition;
use crate::wire::{Fault, Node};

/// The fields of version 2, which EC2 writes where nobody says which.
const FIELDS: [&str; 14] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

/// Further fields of interfaces' traffic.
const FURTHER: [&str; 28] = [
    "vpc-id",
    "subnet-id",
    "instance-id",
    "tcp-flags",
    "type",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "region",
    "az-id",
    "sublocation-type",
    "sublocation-id",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
    "traffic-path",
    "ecs-cluster-arn",
    "ecs-cluster-name",
    "ecs-container-instance-arn",
    "ecs-container-instance-id",
    "ecs-container-id",
    "ecs-second-container-id",
    "ecs-service-name",
    "ecs-task-definition-arn",
    "ecs-task-arn",
    "ecs-task-id",
    "reject-reason",
    "resource-id",
    "encryption-status",
];

/// What a flow log may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceType {
    /// All interfaces of a VPC.
    Vpc,
    /// All interfaces of a subnet.
    Subnet,
    /// One interface.
    NetworkInterface,
    /// A transit gateway.
    TransitGateway,
    /// An attachment of one.
    TransitGatewayAttachment,
}

impl ResourceType {
    /// The type of this name.
    pub fn named(name: &str) -> Result<Self, Fault> {
        Ok(match name {
            "VPC" => Self::Vpc,
            "Subnet" => Self::Subnet,
            "NetworkInterface" => Self::NetworkInterface,
            "TransitGateway" => Self::TransitGateway,
            "TransitGatewayAttachment" => Self::TransitGatewayAttachment,
            other => return Err(Fault::invalid(other, "resourceType", "it is no type of resource")),
        })
    }

    /// Whether it is about a transit gateway.
    pub fn is_of_transit(self) -> bool {
        matches!(self, Self::TransitGateway | Self::TransitGatewayAttachment)
    }
}

/// How records are laid down in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// `plain-text` or `parquet`.
    pub file_format: String,
    /// Whether folders are named as Hive wants them.
    pub hive: bool,
    /// Whether each hour has its folder.
    pub per_hour: bool,
}

/// Where records go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// `cloud-watch-logs`, `s3` or `kinesis-data-firehose`.
    pub kind: String,
    /// Its ARN, where it was given by that.
    pub arn: Option<String>,
    /// The name of a log group that was given by that.
    pub name: Option<String>,
    /// The role that writes there.
    pub role: Option<String>,
    /// The role that writes to another account.
    pub cross_account_role: Option<String>,
    /// Of a bucket.
    pub options: Option<Options>,
}

impl Destination {
    /// The name of the log group.
    pub fn group(&self) -> Option<&str> {
        let of_arn = || {
            let (_, name) = self.arn.as_deref()?.split_once(":log-group:")?;
            Some(name.trim_end_matches(":*"))
        };
        self.name.as_deref().or_else(of_arn)
    }

    /// Whether it is the same place.
    pub fn is_that_of(&self, other: &Self) -> bool {
        let bare = |to: &Self| to.arn.as_deref().map(|arn| arn.trim_end_matches('/').to_owned());
        match (self.group(), other.group()) {
            (None, None) => bare(self) == bare(other),
            (own, others) => own == others,
        }
    }

    /// Whether nothing can be written there.
    pub fn is_denied(&self) -> bool {
        self.role.as_ref().is_some_and(|role| role.ends_with("/denied"))
    }
}

fn wrong(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameter", message)
}

/// Reads which traffic is logged.
pub fn traffic(p: &Node, of: ResourceType) -> Result<Option<String>, Fault> {
    match (of.is_of_transit(), p.filled("TrafficType")) {
        (true, Some(_)) => Err(wrong(
            "TrafficType is not supported for Transit Gateway resource types",
        )),
        (true, None) => Ok(None),
        (false, None) => Err(Fault::missing("TrafficType")),
        (false, Some(traffic)) if ["ACCEPT", "REJECT", "ALL"].contains(&traffic) => {
            Ok(Some(traffic.to_owned()))
        }
        (false, Some(other)) => Err(Fault::invalid(
            other,
            "trafficType",
            "it must be ACCEPT, REJECT or ALL",
        )),
    }
}

/// Reads where the records go.
pub fn read(call: &Call<'_>) -> Result<Destination, Fault> {
    let p = call.params;
    let kind = p.filled("LogDestinationType").unwrap_or("cloud-watch-logs");
    let (arn, name) = (p.filled("LogDestination"), p.filled("LogGroupName"));
    let own = partition::of(&call.region.name).name;
    match (arn, name) {
        (Some(_), Some(_)) => {
            return Err(wrong(
                "Please only provide LogGroupName or only provide LogDestination.",
            ));
        }
        (None, None) => {
            return Err(wrong(
                "LogDestination can't be empty if LogGroupName is not provided.",
            ));
        }
        (None, Some(_)) if kind != "cloud-watch-logs" => {
            return Err(wrong(
                "LogDestination type must be cloud-watch-logs if LogGroupName is provided.",
            ));
        }
        (None, Some(name)) => check_group(name)?,
        (Some(arn), None) => check_arn(arn, kind, own)?,
    }
    let role = p.filled("DeliverLogsPermissionArn");
    let cross = p.filled("DeliverCrossAccountRole");
    for role in role.iter().chain(&cross) {
        check_role(role, own)?;
    }
    match (kind, role) {
        ("cloud-watch-logs", None) => {
            return Err(wrong(
                "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.",
            ));
        }
        ("s3", Some(_)) => {
            return Err(wrong(
                "DeliverLogsPermissionArn is not applicable for s3 delivery.",
            ));
        }
        _ => {}
    }
    if cross.is_some() && kind != "kinesis-data-firehose" {
        return Err(wrong(format!(
            "DeliverCrossAccountRole is not applicable for {kind} delivery."
        )));
    }
    Ok(Destination {
        kind: kind.to_owned(),
        arn: arn.map(str::to_owned),
        name: name.map(str::to_owned),
        role: role.map(str::to_owned),
        cross_account_role: cross.map(str::to_owned),
        options: options(p, kind)?,
    })
}

fn check_group(name: &str) -> Result<(), Fault> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte);
    if (1..=512).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Fault::invalid(
            name,
            "logGroupName",
            "it is no name of a log group",
        ))
    }
}

fn check_arn(arn: &str, kind: &str, own: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let invalid = |why: &str| Err(wrong(format!("LogDestination: {arn} is invalid: {why}")));
    let ["arn", partition, service, region, account, resource] = parts[..] else {
        return invalid("it is no ARN");
    };
    if partition != own {
        return invalid("it is of another partition");
    }
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    match (kind, service) {
        ("cloud-watch-logs", "logs") if !region.is_empty() && is_account => check_group(
            resource
                .strip_prefix("log-group:")
                .unwrap_or(":")
                .trim_end_matches(":*"),
        ),
        ("s3", "s3") if region.is_empty() && account.is_empty() => {
            let mut parts = resource.split('/');
            let name = parts.next().unwrap_or_default();
            let inner =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
            if !(3..=63).contains(&name.len()) || !name.bytes().all(inner) {
                return invalid("it is no bucket");
            }
            if parts.any(|folder| folder == "AWSLogs") {
                return invalid("AWSLogs is reserved");
            }
            if resource.contains(' ') {
                return invalid("a folder has no spaces");
            }
            Ok(())
        }
        ("kinesis-data-firehose", "firehose") if !region.is_empty() && is_account => {
            if resource
                .strip_prefix("deliverystream/")
                .is_some_and(|name| (1..=64).contains(&name.len()))
            {
                Ok(())
            } else {
                invalid("it is no delivery stream")
            }
        }
        ("cloud-watch-logs" | "s3" | "kinesis-data-firehose", _) => {
            invalid(&format!("it is nothing that {kind} delivers to"))
        }
        _ => Err(Fault::invalid(
            kind,
            "logDestinationType",
            "it is no type of destination",
        )),
    }
}

fn check_role(role: &str, own: &str) -> Result<(), Fault> {
    let rest = role.strip_prefix(&format!("arn:{own}:iam::"));
    let is_role = rest
        .and_then(|rest| rest.split_once(":role/"))
        .is_some_and(|(account, name)| {
            account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_graphic())
        });
    if is_role {
        Ok(())
    } else {
        Err(wrong(format!("{role} is no ARN of a role")))
    }
}

/// Reads how records are laid down. EC2 shows it of every bucket.
fn options(p: &Node, kind: &str) -> Result<Option<Options>, Fault> {
    let given = p.child("DestinationOptions");
    if kind != "s3" {
        return match given {
            Some(_) => Err(wrong("DestinationOptions are only applicable for s3 delivery.")),
            None => Ok(None),
        };
    }
    let file_format = given
        .and_then(|given| given.filled("FileFormat"))
        .unwrap_or("plain-text");
    if !["plain-text", "parquet"].contains(&file_format) {
        return Err(Fault::invalid(
            file_format,
            "fileFormat",
            "it must be plain-text or parquet",
        ));
    }
    let flag = |name: &str| -> Result<bool, Fault> {
        let flag = given.map_or(Ok(None), |given| given.flag(name))?;
        Ok(flag.unwrap_or(false))
    };
    Ok(Some(Options {
        file_format: file_format.to_owned(),
        hive: flag("HiveCompatiblePartitions")?,
        per_hour: flag("PerHourPartition")?,
    }))
}

/// Reads the fields of a record.
pub fn format(p: &Node, of: ResourceType) -> Result<String, Fault> {
    let Some(format) = p.filled("LogFormat") else {
        let fields: Vec<String> = FIELDS.iter().map(|field| format!("${{{field}}}")).collect();
        return Ok(fields.join(" "));
    };
    let name = |word: &str| word.strip_prefix("${")?.strip_suffix('}').map(str::to_owned);
    for word in format.split(' ') {
        let known = name(word).is_some_and(|name| {
            FIELDS.contains(&name.as_str()) || FURTHER.contains(&name.as_str()) || of.is_of_transit()
        });
        if !known {
            return Err(wrong(format!("Unknown fields provided: {word}")));
        }
    }
    Ok(format.to_owned())
}

/// Reads for how long a record sums up a flow.
pub fn interval(p: &Node, of: ResourceType) -> Result<u32, Fault> {
    let interval = p.number("MaxAggregationInterval")?;
    match (of.is_of_transit(), interval) {
        (true, None | Some(60)) => Ok(60),
        (false, None) => Ok(600),
        (false, Some(seconds @ (60 | 600))) => Ok(seconds),
        _ => Err(wrong("Invalid Flow Log Max Aggregation Interval")),
    }
}
