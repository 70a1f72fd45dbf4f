//! `flow_log`, live.

use aws_sdk_ec2::operation::create_flow_logs::CreateFlowLogsError;
use aws_sdk_ec2::operation::delete_flow_logs::DeleteFlowLogsError;
use aws_sdk_ec2::types::{
    DestinationFileFormat, DestinationOptionsRequest, DestinationOptionsResponse, FlowLogsResourceType,
    LogDestinationType, TrafficType,
};
use trueup_model::kind::is_id_tail;
use trueup_model::kinds::flow_log::{
    DestinationOptions, FlowLog, action, attr, default_format, default_options, destination, fields,
    resource_of,
};
use trueup_model::{Acted, Attr, Object, Record, Ref, Site, Waiter, fact};

use crate::act::{Task, made_until};
use crate::answer::{Reader, facts, some};
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, list_and_act};
use crate::read::{Found, pages};
use crate::unsuccessful::refused;
use crate::{Ec2, ownership, tags};

/// Flow logs, live.
pub struct FlowLogs;

impl Live for FlowLogs {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("flow-log-id")
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_flow_logs();
    let request = asked!(request, which, set_flow_log_ids, set_filter, 1000);
    pages!(
        ec2,
        "DescribeFlowLogs",
        request,
        flow_logs,
        |log: aws_sdk_ec2::types::FlowLog| {
            found.objects.push(fold(log, &ec2.site)?);
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// What may be logged: by which attribute, how its ids begin, and what it is to EC2.
const RESOURCES: [(Attr<Ref>, &str, &str); 5] = [
    (attr::VPC, "vpc-", "VPC"),
    (attr::SUBNET, "subnet-", "Subnet"),
    (attr::NETWORK_INTERFACE, "eni-", "NetworkInterface"),
    (attr::TRANSIT_GATEWAY, "tgw-", "TransitGateway"),
    (
        attr::TRANSIT_GATEWAY_ATTACHMENT,
        "tgw-attach-",
        "TransitGatewayAttachment",
    ),
];

/// Words of traffic, in small letters.
const TRAFFIC: [&str; 3] = ["accept", "reject", "all"];

fn fold(log: aws_sdk_ec2::types::FlowLog, site: &Site) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let mut typed = FlowLog::default();
    let is_of_transit = fold_resource(&mut reader, &mut typed, some(log.resource_id));
    if !is_of_transit {
        let traffic = log.traffic_type.as_ref().map(TrafficType::as_str);
        let traffic = reader.word(attr::TRAFFIC_TYPE, "trafficType", traffic, &TRAFFIC);
        typed.traffic_type = Some(traffic.to_ascii_lowercase());
    }
    let to = log.log_destination_type.as_ref().map(LogDestinationType::as_str);
    typed.log_destination_type = reader.text(
        attr::LOG_DESTINATION_TYPE,
        "logDestinationType",
        to.map(str::to_owned),
    );
    let role = log.deliver_logs_permission_arn;
    typed.deliver_logs_permission_arn = if typed.log_destination_type == destination::LOG_GROUP {
        Some(reader.text(
            attr::DELIVER_LOGS_PERMISSION_ARN,
            "deliverLogsPermissionArn",
            role,
        ))
    } else {
        some(role)
    };
    fold_destination(
        &mut reader,
        &mut typed,
        (some(log.log_destination), some(log.log_group_name)),
        site,
    );
    typed.deliver_cross_account_role = some(log.deliver_cross_account_role);
    let format = reader.text(attr::LOG_FORMAT, "logFormat", log.log_format);
    let format = (fields::FORMAT.read)(&format).unwrap_or(format);
    typed.log_format = Some(format).filter(|format| format != default_format(is_of_transit));
    typed.max_aggregation_interval = reader
        .always(
            attr::MAX_AGGREGATION_INTERVAL,
            "maxAggregationInterval",
            log.max_aggregation_interval,
        )
        .into();
    typed.destination_options = log
        .destination_options
        .and_then(|options| fold_options(&mut reader, &options));
    let failed = log.deliver_logs_status.as_deref() == Some("FAILED");
    let why = some(log.deliver_logs_error_message).unwrap_or_else(|| "EC2 does not say why".to_owned());
    reader.object(
        "DescribeFlowLogs",
        log.flow_log_id,
        &typed,
        log.tags,
        facts([(fact::DELIVERY_FAILURE, failed.then_some(why))]),
    )
}

/// Reads what is logged, and answers whether that is a transit gateway or an attachment of one. Where it cannot be
/// read, it may be any of them.
fn fold_resource(reader: &mut Reader, typed: &mut FlowLog, id: Option<String>) -> bool {
    let begins = |id: &str, prefix: &str| id.strip_prefix(prefix).is_some_and(is_id_tail);
    let known = id
        .as_deref()
        .and_then(|id| RESOURCES.iter().position(|(_, prefix, _)| begins(id, prefix)));
    let Some(known) = known else {
        let why = id.map_or_else(
            || "EC2 did not say its `resourceId`".to_owned(),
            |id| format!("EC2 says `{id}` as its `resourceId`, which is nothing that is known here"),
        );
        for (attr, ..) in RESOURCES {
            reader.unknown(attr, why.clone());
        }
        return false;
    };
    let all = [
        &mut typed.vpc,
        &mut typed.subnet,
        &mut typed.network_interface,
        &mut typed.transit_gateway,
        &mut typed.transit_gateway_attachment,
    ];
    for (number, field) in all.into_iter().enumerate() {
        if number == known {
            *field = id.clone().map(Ref::Id);
        }
    }
    known >= 3
}

/// Reads where the records go. EC2 says of a log group its name, its ARN or both, as it was told.
fn fold_destination(
    reader: &mut Reader,
    typed: &mut FlowLog,
    (arn, name): (Option<String>, Option<String>),
    site: &Site,
) {
    let arn = arn.map(|arn| (destination::DESTINATION.read)(&arn).unwrap_or(arn));
    if typed.log_destination_type != destination::LOG_GROUP {
        typed.log_destination = Some(reader.text(attr::LOG_DESTINATION, "logDestination", arn));
        return;
    }
    let known = arn.as_deref().and_then(destination::group_of).map(str::to_owned);
    let Some(name) = name.or(known) else {
        reader.missing(attr::LOG_DESTINATION, "logDestination");
        reader.missing(attr::LOG_GROUP_NAME, "logGroupName");
        return;
    };
    let own = || {
        let Site { account, region } = site;
        format!(
            "arn:{}:logs:{region}:{account}:log-group:{name}",
            site.partition()
        )
    };
    typed.log_destination = Some(arn.unwrap_or_else(own));
    typed.log_group_name = Some(name);
}

fn fold_options(reader: &mut Reader, options: &DestinationOptionsResponse) -> Option<DestinationOptions> {
    const OF: Attr<Record> = attr::DESTINATION_OPTIONS;
    let format = options.file_format.as_ref().map(DestinationFileFormat::as_str);
    let options = DestinationOptions {
        file_format: reader.text(OF, "fileFormat", format.map(str::to_owned)),
        hive_compatible_partitions: reader.always(
            OF,
            "hiveCompatiblePartitions",
            options.hive_compatible_partitions,
        ),
        per_hour_partition: reader.always(OF, "perHourPartition", options.per_hour_partition),
    };
    let default = default_options();
    let is_default = default.text(attr::FILE_FORMAT) == options.file_format
        && default.get(attr::HIVE_COMPATIBLE_PARTITIONS) == Some(options.hive_compatible_partitions)
        && default.get(attr::PER_HOUR_PARTITION) == Some(options.per_hour_partition);
    (!is_default).then_some(options)
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => create(task).await,
        action::DELETE => {
            let request = task.ec2.client.delete_flow_logs().flow_log_ids(task.id()?);
            task.end(action::DELETE, request, |request| async move {
                let answer = request.send().await?;
                refused(
                    answer,
                    |answer| answer.unsuccessful(),
                    DeleteFlowLogsError::generic,
                )
            })
            .await?;
            Ok(Acted::default())
        }
        _ => Err(task.unknown_action()),
    }
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let resource = resource_of(task.sets()).and_then(|(attr, resource)| Some((attr, resource.id()?)));
    let Some((attr, id)) = resource else {
        return Err(task.defect("is of nothing"));
    };
    let is = RESOURCES.iter().find(|(known, ..)| known.name == attr.name);
    let is = is.map(|(.., is)| FlowLogsResourceType::from(*is));
    // Of the two spellings of a log group, the one that the spec has.
    let arn = task.text(attr::LOG_DESTINATION);
    let name = task.text(attr::LOG_GROUP_NAME).filter(|_| arn.is_none());
    let traffic = task
        .text(attr::TRAFFIC_TYPE)
        .map(|traffic| traffic.to_ascii_uppercase());
    let interval = task.sets().get(attr::MAX_AGGREGATION_INTERVAL);
    let with = |token: &str| {
        task.ec2
            .client
            .create_flow_logs()
            .client_token(token)
            .resource_ids(id)
            .set_resource_type(is.clone())
            .set_traffic_type(traffic.as_deref().map(TrafficType::from))
            .set_log_destination_type(
                task.text(attr::LOG_DESTINATION_TYPE)
                    .map(|is| LogDestinationType::from(is.as_str())),
            )
            .set_log_destination(arn.clone())
            .set_log_group_name(name.clone())
            .set_deliver_logs_permission_arn(task.text(attr::DELIVER_LOGS_PERMISSION_ARN))
            .set_deliver_cross_account_role(task.text(attr::DELIVER_CROSS_ACCOUNT_ROLE))
            .set_log_format(task.text(attr::LOG_FORMAT))
            .set_max_aggregation_interval(interval.and_then(|seconds| i32::try_from(seconds).ok()))
            .set_destination_options(task.sets().get(attr::DESTINATION_OPTIONS).map(options))
            .tag_specifications(tags::specification_under(task, token))
    };
    let id = ownership::create_with_token(
        task,
        with,
        |request| async move {
            let answer = request.send().await?;
            refused(
                answer,
                |answer| answer.unsuccessful(),
                CreateFlowLogsError::generic,
            )
        },
        |answer| answer.flow_log_ids().first().map(String::as_str),
    )
    .await?;
    Ok(made_until(id, Waiter::SHOWN, None))
}

fn options(options: &Record) -> DestinationOptionsRequest {
    DestinationOptionsRequest::builder()
        .file_format(DestinationFileFormat::from(options.text(attr::FILE_FORMAT)))
        .set_hive_compatible_partitions(options.get(attr::HIVE_COMPATIBLE_PARTITIONS))
        .set_per_hour_partition(options.get(attr::PER_HOUR_PARTITION))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Builder = aws_sdk_ec2::types::builders::FlowLogBuilder;

    fn site() -> Site {
        Site {
            account: "123456789012".into(),
            region: "cn-north-1".into(),
        }
    }

    fn log(resource: &str) -> Builder {
        aws_sdk_ec2::types::FlowLog::builder()
            .flow_log_id("fl-00000001")
            .resource_id(resource)
            .traffic_type(TrafficType::All)
            .log_destination_type(LogDestinationType::CloudWatchLogs)
            .log_group_name("all")
            .deliver_logs_permission_arn("arn:aws-cn:iam::123456789012:role/x")
            .log_format(fields::DEFAULT)
            .max_aggregation_interval(600)
    }

    fn read(builder: Builder) -> Object {
        fold(builder.build(), &site()).unwrap()
    }

    #[test]
    fn both_spellings_of_a_log_group_are_one() {
        let by_name = read(log("vpc-00000001"));
        let arn = "arn:aws-cn:logs:cn-north-1:123456789012:log-group:all";
        let by_arn = read(
            log("vpc-00000001")
                .set_log_group_name(None)
                .log_destination(format!("{arn}:*")),
        );
        assert_eq!(by_name.record, by_arn.record);
        assert_eq!(by_arn.record.text(attr::LOG_DESTINATION), arn);
        assert_eq!(by_arn.record.text(attr::LOG_GROUP_NAME), "all");
    }

    #[test]
    fn what_ec2_writes_by_itself_is_nothing() {
        let options = DestinationOptionsResponse::builder()
            .file_format(DestinationFileFormat::PlainText)
            .hive_compatible_partitions(false)
            .per_hour_partition(false)
            .build();
        let object = read(log("subnet-00000001").destination_options(options));
        assert!(!object.record.has(attr::LOG_FORMAT) && !object.record.has(attr::DESTINATION_OPTIONS));
        assert!(object.unread.is_empty(), "{:?}", object.unread);
        let transit = read(log("tgw-attach-00000001").log_format(fields::DEFAULT_OF_TRANSIT));
        assert!(!transit.record.has(attr::LOG_FORMAT) && !transit.record.has(attr::TRAFFIC_TYPE));
        assert!(transit.record.has(attr::TRANSIT_GATEWAY_ATTACHMENT));
    }

    #[test]
    fn what_is_logged_that_nobody_knows_is_unknown_whatever_it_is() {
        for resource in [Some("nat-00000001"), None] {
            let object = read(log("vpc-00000001").set_resource_id(resource.map(str::to_owned)));
            for (attr, ..) in RESOURCES {
                assert!(
                    object.unread.contains_key(attr.name) && !object.record.has(attr),
                    "{attr}"
                );
            }
        }
    }

    #[test]
    fn a_delivery_that_fails_is_a_fact() {
        let object = read(
            log("eni-00000001")
                .deliver_logs_status("FAILED")
                .deliver_logs_error_message("Access error"),
        );
        assert_eq!(object.facts.text(fact::DELIVERY_FAILURE), "Access error");
        let object = read(log("eni-00000001").deliver_logs_status("SUCCESS"));
        assert!(!object.facts.has(fact::DELIVERY_FAILURE));
    }
}
