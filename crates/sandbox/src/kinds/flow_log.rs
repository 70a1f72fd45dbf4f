//! Flow logs: what EC2 refuses about the request, what it lists as unsuccessful, and what it tells only later. The
//! sandbox has no buckets, log groups and roles: every well-formed one exists, and a role called `denied` may
//! write nowhere.

use serde::{Deserialize, Serialize};

use super::flow_log_destination::{self as destination, Destination, ResourceType};
use super::network_interface::NetworkInterface;
use super::subnet::Subnet;
use super::vpc::Vpc;
use super::{Kind, tag};
use crate::call::{Answer, Call, Listing};
use crate::due::What;
use crate::state::clock::{MINUTE, stamp};
use crate::state::table::{Row, Table};
use crate::state::{Millis, Region};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Xml};

/// So many resources at most in one call.
const RESOURCES_LIMIT: usize = 1000;

/// A flow log; but for its tags it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLog {
    /// What is logged.
    pub resource: String,
    /// `ACCEPT`, `REJECT` or `ALL`; nothing of a transit gateway.
    pub traffic: Option<String>,
    /// Where the records go.
    pub destination: Destination,
    /// The fields of a record.
    pub format: String,
    /// For how many seconds a record sums up a flow.
    pub interval: u32,
    /// When it was made.
    pub created: Millis,
}

impl Row for FlowLog {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.resource);
    }
}

impl Kind for FlowLog {
    const PREFIX: &'static str = "fl";
    const RESOURCE: &'static str = "vpc-flow-log";
    const NOUN: &'static str = "flow log ID";
    const NOT_FOUND: &'static str = "InvalidFlowLogId.NotFound";
    const MALFORMED: &'static str = "InvalidParameterValue";
    const FIELDS: &'static [Field<Self>] = fields![FlowLog:
        "deliver-log-status" => |seen, add| add(status(seen.row)),
        "log-destination-type" => |seen, add| add(&seen.row.destination.kind),
        "flow-log-id" => |seen, add| add(seen.id),
        "log-group-name" => |seen, add| seen.row.destination.group().into_iter().for_each(add),
        "resource-id" => |seen, add| add(&seen.row.resource),
        "traffic-type" => |seen, add| seen.row.traffic.iter().for_each(|traffic| add(traffic)),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.flow_logs
    }

    fn not_found(id: &str) -> Fault {
        Fault::new(
            Self::NOT_FOUND,
            format!("These flow log ids in the input list are not found: [TotalCount: 1] {id}"),
        )
    }
}

/// How the delivery is doing.
fn status(row: &FlowLog) -> &'static str {
    if row.destination.is_denied() {
        "FAILED"
    } else {
        "SUCCESS"
    }
}

fn write(x: &mut Xml, seen: &Seen<'_, FlowLog>) {
    let (row, to) = (seen.row, &seen.row.destination);
    x.text("flowLogId", seen.id);
    x.text("creationTime", stamp(row.created));
    x.text("flowLogStatus", "ACTIVE");
    x.text("deliverLogsStatus", status(row));
    if to.is_denied() {
        x.text("deliverLogsErrorMessage", "Access error");
    }
    x.text("resourceId", &row.resource);
    x.maybe("trafficType", row.traffic.as_ref());
    x.text("logDestinationType", &to.kind);
    x.maybe("logDestination", to.arn.as_ref());
    x.maybe("logGroupName", to.group());
    x.maybe("deliverLogsPermissionArn", to.role.as_ref());
    x.maybe("deliverCrossAccountRole", to.cross_account_role.as_ref());
    x.text("logFormat", &row.format);
    x.text("maxAggregationInterval", row.interval);
    if let Some(options) = &to.options {
        x.element("destinationOptions", |x| {
            x.text("fileFormat", &options.file_format);
            x.text("hiveCompatiblePartitions", options.hive);
            x.text("perHourPartition", options.per_hour);
        });
    }
    tag::write(x, seen.region, seen.id);
}

/// What was not done, as EC2 lists it.
struct Refused {
    resource: String,
    fault: Fault,
}

fn write_refused(x: &mut Xml, refused: Vec<Refused>) {
    x.set("unsuccessful", refused, |x, Refused { resource, fault }| {
        x.element("error", |x| {
            x.text("code", &fault.code);
            x.text("message", &fault.message);
        });
        x.text("resourceId", resource);
    });
}

/// `CreateFlowLogs`: one for each resource.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let resources = p.texts("ResourceId");
    if resources.is_empty() {
        return Err(Fault::missing("ResourceId"));
    }
    let of = ResourceType::named(p.required("ResourceType")?)?;
    let most = if of.is_of_transit() { 25 } else { RESOURCES_LIMIT };
    if resources.len() > most {
        return Err(Fault::invalid(
            &resources.len().to_string(),
            "resourceIds",
            "there are too many of them",
        ));
    }
    let traffic = destination::traffic(p, of)?;
    let to = destination::read(call)?;
    let format = destination::format(p, of)?;
    let interval = destination::interval(p, of)?;
    for resource in &resources {
        find(call, of, resource)?;
    }
    let tags = call.tags_for("vpc-flow-log", &["vpc-flow-log"])?;
    let (mut made, mut refused) = (Vec::new(), Vec::new());
    for resource in resources {
        let row = FlowLog {
            resource: resource.to_owned(),
            traffic: traffic.clone(),
            destination: to.clone(),
            format: format.clone(),
            interval,
            created: call.now,
        };
        let fault = if call.goes_wrong(8) {
            Some(Fault::new("InternalError", "An internal error has occurred"))
        } else {
            is_there(call.region, &row).then(already_there)
        };
        if let Some(fault) = fault {
            let resource = resource.to_owned();
            refused.push(Refused { resource, fault });
            continue;
        }
        let id = call.new_id("fl");
        call.tag(&id, tags.clone());
        call.region.flow_logs.insert(&id, row);
        made.push(id);
    }
    x.maybe("clientToken", p.text("ClientToken"));
    x.texts("flowLogIdSet", &made);
    write_refused(x, refused);
    Ok(())
}

/// Looks for what is to be logged.
fn find(call: &Call<'_>, of: ResourceType, id: &str) -> Answer {
    match of {
        ResourceType::Vpc => call.find::<Vpc>(id).map(drop),
        ResourceType::Subnet => call.find::<Subnet>(id).map(drop),
        ResourceType::NetworkInterface => call.find::<NetworkInterface>(id).map(drop),
        // The sandbox has none of these.
        ResourceType::TransitGateway => Err(Fault::new(
            "InvalidTransitGatewayID.NotFound",
            format!("Transit Gateway {id} was not found"),
        )),
        ResourceType::TransitGatewayAttachment => Err(Fault::new(
            "InvalidTransitGatewayAttachmentID.NotFound",
            format!("Transit Gateway Attachment {id} was not found"),
        )),
    }
}

/// Whether the same traffic of the same resource goes there already.
fn is_there(region: &Region, row: &FlowLog) -> bool {
    let mut all = region.flow_logs.referring(&row.resource);
    all.any(|(_, have)| have.traffic == row.traffic && have.destination.is_that_of(&row.destination))
}

fn already_there() -> Fault {
    Fault::new(
        "FlowLogAlreadyExists",
        "Error. There is an existing Flow Log with the same configuration and log destination.",
    )
}

/// `DescribeFlowLogs`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    call.describe(
        x,
        &Listing {
            ids: "FlowLogId",
            set: "flowLogSet",
            pages: Some(USUAL),
        },
        write,
    )
}

/// `DeleteFlowLogs`: what fails is listed, not refused.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let ids = call.params.texts("FlowLogId");
    if ids.is_empty() {
        return Err(Fault::missing("FlowLogId"));
    }
    let mut refused = Vec::new();
    for id in ids {
        let fault = if call.goes_wrong(8) {
            Fault::new("InternalError", "An internal error has occurred")
        } else {
            match call.find::<FlowLog>(id) {
                Ok(_) => {
                    forget(call, id);
                    continue;
                }
                Err(fault) if fault.code == FlowLog::MALFORMED => return Err(fault),
                Err(fault) => fault,
            }
        };
        let resource = id.to_owned();
        refused.push(Refused { resource, fault });
    }
    write_refused(x, refused);
    Ok(())
}

fn forget(call: &mut Call<'_>, id: &str) {
    crate::due::cancel(call, id);
    call.region.flow_logs.remove(id);
    call.region.tags.remove(id);
}

/// A VPC is gone: some time after it EC2 takes its flow logs away.
pub fn outlived(call: &mut Call<'_>, vpc: &str) {
    let at = call.now + 10 * MINUTE;
    for id in call.region.flow_logs.referring_ids(vpc) {
        call.at(at, What::Forgotten, &id);
    }
}
