//! The services that a VPC endpoint can lead to.

use serde::{Deserialize, Serialize};

use super::{partition, zone};
use crate::call::{Answer, Call};
use crate::state::ids::mix;
use crate::state::table::Row;
use crate::wire::filter::{Field, Filters, Seen, fields};
use crate::wire::page::{Limits, Page};
use crate::wire::{Fault, Xml};

/// A service of one type: S3 and DynamoDB have an entry for each of their two.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Service {
    /// `com.amazonaws.us-west-2.s3`.
    pub name: String,
    /// `Gateway` or `Interface`.
    pub kind: String,
    /// The name that private DNS gives it.
    pub private_dns: Option<String>,
}

impl Row for Service {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

/// What interface endpoints lead to, by the last part of the name.
const INTERFACES: &[&str] = &[
    "athena",
    "autoscaling",
    "cloudformation",
    "dynamodb",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "elasticloadbalancing",
    "events",
    "execute-api",
    "kinesis-streams",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "states",
    "sts",
    "xray",
];

/// The services of a region, by name and type.
pub fn services(region: &str) -> Vec<Service> {
    let mut all: Vec<Service> = ["dynamodb", "s3", "s3express"]
        .into_iter()
        .map(|short| Service {
            name: format!("com.amazonaws.{region}.{short}"),
            kind: "Gateway".into(),
            private_dns: None,
        })
        .collect();
    let suffix = partition::of(region).suffix;
    let vendor = if suffix == "amazonaws.com.cn" {
        "cn.com.amazonaws"
    } else {
        "com.amazonaws"
    };
    all.extend(INTERFACES.iter().map(|short| Service {
        name: format!("{vendor}.{region}.{short}"),
        kind: "Interface".into(),
        private_dns: Some(match *short {
            "ecr.api" => format!("api.ecr.{region}.{suffix}"),
            "ecr.dkr" => format!("*.dkr.ecr.{region}.{suffix}"),
            "kinesis-streams" => format!("kinesis.{region}.{suffix}"),
            "execute-api" => format!("*.execute-api.{region}.{suffix}"),
            "s3" => format!("*.s3.{region}.{suffix}"),
            short => format!("{short}.{region}.{suffix}"),
        }),
    }));
    all.sort_by(|a, b| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
    all
}

const FIELDS: &[Field<Service>] = fields![Service:
    "owner" => |_, add| add("amazon"),
    "service-name" => |seen, add| add(&seen.row.name),
    "service-region" => |seen, add| add(&seen.region.name),
    "service-type" => |seen, add| add(&seen.row.kind),
    "supported-ip-address-types" => |_, add| add("ipv4"),
];

/// `DescribeVpcEndpointServices`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let names = call.params.texts("ServiceName");
    let regions = call.params.texts("ServiceRegion");
    let filters = Filters::read(call.params)?.bind(FIELDS)?;
    let page = Page::read(
        call.params,
        call.action,
        Limits {
            min: 1,
            max: 1000,
            exclusive: false,
        },
        false,
    )?;
    let region = &*call.region;
    if let Some(other) = regions.iter().find(|other| **other != region.name) {
        return Err(Fault::invalid(
            other,
            "serviceRegion",
            "the sandbox has no cross-Region endpoints",
        ));
    }
    let all = services(&region.name);
    if let Some(unknown) = names
        .iter()
        .find(|name| !all.iter().any(|service| service.name == **name))
    {
        return Err(Fault::new(
            "InvalidServiceName",
            format!("The Vpc Endpoint Service '{unknown}' does not exist"),
        ));
    }
    let key = |service: &Service| format!("{}\t{}", service.name, service.kind);
    let found: Vec<(String, &Service)> = all
        .iter()
        .map(|service| (key(service), service))
        .filter(|(key, service)| {
            (names.is_empty() || names.contains(&service.name.as_str()))
                && page.after.as_ref().is_none_or(|after| key > after)
                && filters.holds(&Seen {
                    id: key,
                    row: *service,
                    region,
                })
        })
        .collect();
    let (found, next) = page.cut(call.action, found, |(key, _)| key);
    let mut only: Vec<&str> = found.iter().map(|(_, service)| service.name.as_str()).collect();
    only.dedup();
    x.texts("serviceNameSet", only);
    let zones = zone::zones(&region.name);
    x.set("serviceDetailSet", found, |x, (key, service)| {
        let number = key.bytes().fold(7_u64, |sum, byte| mix(sum ^ u64::from(byte)));
        x.text("serviceName", &service.name);
        x.text("serviceId", format_args!("vpce-svc-0{number:016x}"));
        x.set("serviceType", [&service.kind], |x, kind| {
            x.text("serviceType", kind);
        });
        x.text("serviceRegion", &region.name);
        x.texts("availabilityZoneIdSet", zones.iter().map(|zone| &zone.id));
        x.texts("availabilityZoneSet", zones.iter().map(|zone| &zone.name));
        x.text("owner", "amazon");
        let short = service
            .name
            .rsplit_once(&format!("{}.", region.name))
            .map_or("", |(_, short)| short);
        let base = if service.kind == "Gateway" { "" } else { "vpce." };
        let suffix = partition::of(&region.name).suffix;
        x.texts(
            "baseEndpointDnsNameSet",
            [format!("{short}.{}.{base}{suffix}", region.name)],
        );
        if let Some(name) = &service.private_dns {
            x.text("privateDnsName", name);
            x.set("privateDnsNameSet", [name], |x, name| {
                x.text("privateDnsName", name);
            });
            x.text("privateDnsNameVerificationState", "verified");
        }
        x.text("vpcEndpointPolicySupported", true);
        x.text("acceptanceRequired", false);
        x.text("managesVpcEndpoints", false);
        x.set("tagSet", [(); 0], |_, ()| {});
        x.texts("supportedIpAddressTypeSet", ["ipv4"]);
    });
    x.maybe("nextToken", next);
    Ok(())
}
