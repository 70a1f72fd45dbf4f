//! `flow_log`: records of the traffic of a VPC, a subnet, an interface or a transit gateway.

pub mod destination;
pub mod fields;
mod table;

pub use table::attr;

use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::attr::TAGS;
use crate::call::{Call, Claim, Exclusive};
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::observed::Object;
use crate::reason::Note;
use crate::room::Lists;
use crate::rules::{Context, Rules};
use crate::topology::Topology;
use crate::value::Record;
use crate::{Address, Attr, Kind, Ref, fact};

/// A flow log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct FlowLog {
    pub vpc: Option<Ref>,
    pub subnet: Option<Ref>,
    pub network_interface: Option<Ref>,
    pub transit_gateway: Option<Ref>,
    pub transit_gateway_attachment: Option<Ref>,
    pub traffic_type: Option<String>,
    pub log_destination_type: String,
    pub log_destination: Option<String>,
    pub log_group_name: Option<String>,
    pub deliver_logs_permission_arn: Option<String>,
    pub deliver_cross_account_role: Option<String>,
    /// `None` is EC2's default: all fields that it writes unasked.
    pub log_format: Option<String>,
    pub max_aggregation_interval: i64,
    /// `None` is EC2's default: text, one folder for each day.
    pub destination_options: Option<DestinationOptions>,
}

/// How records are laid down in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct DestinationOptions {
    pub file_format: String,
    pub hive_compatible_partitions: bool,
    pub per_hour_partition: bool,
}

impl Typed for FlowLog {
    const KIND: Kind = Kind::FlowLog;
}

actions! {
    CREATE = create "CreateFlowLogs" under_token;
    DELETE = delete "DeleteFlowLogs";
}

/// What may be logged: a flow log is of one of them.
pub const RESOURCES: [Attr<Ref>; 5] = [
    attr::VPC,
    attr::SUBNET,
    attr::NETWORK_INTERFACE,
    attr::TRANSIT_GATEWAY,
    attr::TRANSIT_GATEWAY_ATTACHMENT,
];

/// All that a flow log is.
pub static DEF: KindDef = KindDef {
    schema: &table::SCHEMA,
    rules: &FlowLogRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: false,
};

/// What a flow log is.
#[derive(Debug)]
struct FlowLogRules;

static DELIVERY: Exclusive = Exclusive {
    attribute: attr::TRAFFIC_TYPE.name,
    code: "flow-log-twice",
    help: "EC2 takes one flow log of a resource for each kind of traffic and destination: remove one, or give it \
           another `traffic_type` or destination",
};

impl Rules for FlowLogRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        check_resource(record, context);
        settle_destination(record, context);
        check_roles(record, context);
        settle_options(record, context);
        settle_interval(record, context);
        settle_format(record);
    }

    fn abridge(&self, record: &mut Record, _address: &Address, _topology: &Topology) {
        record.remove(attr::LOG_DESTINATION_TYPE);
        if record.has(attr::LOG_DESTINATION) {
            record.remove(attr::LOG_GROUP_NAME);
        }
    }

    /// EC2 may have learned fields since this was written: only what is nearly one is an error.
    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::FlowLog) {
            let place = || resource.place(attr::LOG_FORMAT);
            for field in fields::fields(resource.record.text(attr::LOG_FORMAT)) {
                let message = || format!("flow log records have no field `{field}`");
                if fields::is_known(field) {
                    continue;
                }
                out.push(match fields::nearly(field) {
                    Some(near) => Diagnostic::error("flow-log-field", message())
                        .at(place(), "")
                        .help(format!("did you mean `${{{near}}}`?")),
                    None => Diagnostic::warning("flow-log-field", message())
                        .at(place(), "not known here")
                        .help("where EC2 has no such field either, the apply stops at this flow log"),
                });
            }
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.without(&[TAGS.name]))
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        let (Some((_, resource)), Some(to)) = (resource_of(sets), delivered_to(sets)) else {
            return Vec::new();
        };
        let traffic = sets.get(attr::TRAFFIC_TYPE).unwrap_or("all");
        let what = format!("a flow log of {resource} with `{traffic}` traffic to {to}");
        vec![Claim::text(
            &DELIVERY,
            format!("flow logs of {resource}"),
            format!("{traffic} to {to}"),
            what,
        )]
    }

    fn home<'r>(&self, record: &'r Record) -> Option<&'r Ref> {
        record.get(attr::VPC).or_else(|| record.get(attr::SUBNET))
    }

    fn notes(&self, _record: &Record, object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        let failure = object.and_then(|object| object.facts.get(fact::DELIVERY_FAILURE));
        failure
            .map(|why| Note::NotDelivered { why: why.to_owned() })
            .into_iter()
            .collect()
    }
}

/// What a flow log is of: the attribute that says it, and what that is.
pub fn resource_of(record: &Record) -> Option<(Attr<Ref>, &Ref)> {
    RESOURCES
        .into_iter()
        .find_map(|attr| Some((attr, record.get(attr)?)))
}

/// Whether it is a transit gateway, or an attachment of one, that is logged.
fn is_of_transit(record: &Record) -> bool {
    record.has(attr::TRANSIT_GATEWAY) || record.has(attr::TRANSIT_GATEWAY_ATTACHMENT)
}

/// The destination as both spellings of a log group have it.
fn delivered_to(record: &Record) -> Option<String> {
    record
        .get(attr::LOG_GROUP_NAME)
        .map(|name| format!("log group {name}"))
        .or_else(|| record.get(attr::LOG_DESTINATION).map(str::to_owned))
}

/// The format that EC2 writes by default of what is logged: saying it is as good as saying nothing.
pub fn default_format(is_of_transit: bool) -> &'static str {
    if is_of_transit {
        fields::DEFAULT_OF_TRANSIT
    } else {
        fields::DEFAULT
    }
}

/// How EC2 lays records down in a bucket where nobody says how.
pub fn default_options() -> Record {
    table::OPTIONS
        .iter()
        .filter_map(|option| Some((option.name, option.default_value()?)))
        .collect()
}

fn check_resource(record: &Record, context: &mut Context<'_>) {
    let named: Vec<&str> = RESOURCES
        .iter()
        .filter(|attr| record.has(attr))
        .map(|attr| attr.name)
        .collect();
    match named[..] {
        [] => context.problem(
            "",
            "flow-log-resource",
            format!("{} does not say whose traffic it logs", context.address),
            "name one of `vpc`, `subnet`, `network_interface`, `transit_gateway` and `transit_gateway_attachment`",
        ),
        [_] => {}
        [first, second, ..] => context.problem(
            second,
            "flow-log-resource",
            format!("a flow log is of one resource, and this names `{first}` and `{second}`"),
            "keep one of them, and declare another `flow_log` for the other",
        ),
    }
    match (is_of_transit(record), record.has(attr::TRAFFIC_TYPE)) {
        (true, true) => context.problem(
            attr::TRAFFIC_TYPE,
            "flow-log-traffic",
            "of a transit gateway EC2 logs all traffic, and takes no `traffic_type`",
            "leave `traffic_type` out",
        ),
        (false, false) if !named.is_empty() => context.problem(
            attr::TRAFFIC_TYPE,
            "flow-log-traffic",
            format!("{} has no `traffic_type`", context.address),
            "say which traffic is logged: `accept`, `reject` or `all`",
        ),
        _ => {}
    }
}

/// Settles what sort of destination it is, and the name of a log group.
fn settle_destination(record: &mut Record, context: &mut Context<'_>) {
    let arn = record.get(attr::LOG_DESTINATION).map(str::to_owned);
    let is = match (&arn, record.has(attr::LOG_GROUP_NAME)) {
        (Some(_), true) => {
            let help = "keep `log_destination` or `log_group_name`, not both";
            return context.problem(
                attr::LOG_GROUP_NAME,
                "flow-log-destination",
                "the destination is given twice",
                help,
            );
        }
        (None, false) => {
            return context.problem(
                "",
                "flow-log-destination",
                format!("{} does not say where its records go", context.address),
                "give `log_group_name`, or a log group, a bucket or a delivery stream by its ARN as `log_destination`",
            );
        }
        (None, true) => destination::LOG_GROUP,
        (Some(arn), false) => match destination::type_of(arn) {
            Some(is) => is,
            None => return,
        },
    };
    let says = record.get(attr::LOG_DESTINATION_TYPE).unwrap_or(is);
    if says != is {
        let message = format!("the destination is {}, and not `{says}`", destination::word(is));
        let help = format!("write `{is}`, or leave `log_destination_type` out");
        context.problem(attr::LOG_DESTINATION_TYPE, "flow-log-destination", message, help);
    }
    record.set(attr::LOG_DESTINATION_TYPE, is);
    let Some(arn) = arn else { return };
    if let Some(name) = destination::group_of(&arn) {
        record.set(attr::LOG_GROUP_NAME, name);
    }
    if destination::is_in_reserved_folder(&arn) {
        context.problem(
            attr::LOG_DESTINATION,
            "flow-log-destination",
            "EC2 keeps the folder `AWSLogs` for itself, and makes it in the one that is given",
            "name another folder, or the bucket alone",
        );
    }
}

fn check_roles(record: &Record, context: &mut Context<'_>) {
    let is = record.text(attr::LOG_DESTINATION_TYPE).to_owned();
    match (is.as_str(), record.has(attr::DELIVER_LOGS_PERMISSION_ARN)) {
        (destination::LOG_GROUP, false) => context.problem(
            attr::DELIVER_LOGS_PERMISSION_ARN,
            "flow-log-role",
            format!(
                "{} goes to a log group, and no role writes there",
                context.address
            ),
            "give the ARN of a role that may: `deliver_logs_permission_arn`",
        ),
        (destination::BUCKET, true) => context.problem(
            attr::DELIVER_LOGS_PERMISSION_ARN,
            "flow-log-role",
            "no role writes to a bucket: its policy says that AWS's log delivery may",
            "remove `deliver_logs_permission_arn`",
        ),
        _ => {}
    }
    if !is.is_empty() && is != destination::STREAM && record.has(attr::DELIVER_CROSS_ACCOUNT_ROLE) {
        context.problem(
            attr::DELIVER_CROSS_ACCOUNT_ROLE,
            "flow-log-role",
            format!(
                "a role of another account writes to a delivery stream alone, and the destination is {}",
                destination::word(&is)
            ),
            "remove `deliver_cross_account_role`",
        );
    }
}

/// Fills in what options leave out. Those that are EC2's own are none.
fn settle_options(record: &mut Record, context: &mut Context<'_>) {
    let Some(own) = record.get(attr::DESTINATION_OPTIONS) else {
        return;
    };
    let mut options = default_options();
    options.set_all(own);
    let is = record.text(attr::LOG_DESTINATION_TYPE);
    if !is.is_empty() && is != destination::BUCKET {
        let message = format!(
            "`destination_options` are about the files in a bucket, and the destination is {}",
            destination::word(is)
        );
        context.problem(
            attr::DESTINATION_OPTIONS,
            "flow-log-options",
            message,
            "remove `destination_options`, or name a bucket as `log_destination`",
        );
    }
    if options == default_options() {
        record.remove(attr::DESTINATION_OPTIONS);
    } else {
        record.set(attr::DESTINATION_OPTIONS, options);
    }
}

fn settle_interval(record: &mut Record, context: &mut Context<'_>) {
    match (is_of_transit(record), record.get(attr::MAX_AGGREGATION_INTERVAL)) {
        (true, None) => record.set(attr::MAX_AGGREGATION_INTERVAL, 60),
        (true, Some(60)) | (false, None | Some(60 | 600)) => {}
        (true, Some(seconds)) => context.problem(
            attr::MAX_AGGREGATION_INTERVAL,
            "flow-log-interval",
            format!("a record of a transit gateway sums up 60 seconds, and not {seconds}"),
            "leave `max_aggregation_interval` out",
        ),
        (false, Some(seconds)) => context.problem(
            attr::MAX_AGGREGATION_INTERVAL,
            "flow-log-interval",
            format!("EC2 sums up 60 seconds or 600, and not {seconds}"),
            "write 60 or 600",
        ),
    }
}

fn settle_format(record: &mut Record) {
    if record.text(attr::LOG_FORMAT) == default_format(is_of_transit(record)) {
        record.remove(attr::LOG_FORMAT);
    }
}
