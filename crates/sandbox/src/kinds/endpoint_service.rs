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

impl Service {
    /// The last part of its name, with the dot before it.
    pub fn short(&self) -> &str {
        self.name.rfind('.').map_or(&self.name, |at| &self.name[at..])
    }
}

impl Row for Service {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

/// What interface endpoints lead to, by the end of the name.
const INTERFACES: &[&str] = &[
    "access-analyzer",
    "acm-pca",
    "appconfig",
    "application-autoscaling",
    "appmesh-envoy-management",
    "appsync-api",
    "aps-workspaces",
    "athena",
    "autoscaling",
    "autoscaling-plans",
    "backup",
    "batch",
    "bedrock",
    "bedrock-runtime",
    "cassandra",
    "cloudformation",
    "cloudtrail",
    "codeartifact.api",
    "codeartifact.repositories",
    "codebuild",
    "codecommit",
    "codedeploy",
    "codepipeline",
    "config",
    "datasync",
    "dms",
    "dynamodb",
    "ebs",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "eks",
    "eks-auth",
    "elasticache",
    "elasticbeanstalk",
    "elasticbeanstalk-health",
    "elasticfilesystem",
    "elasticloadbalancing",
    "elasticmapreduce",
    "email-smtp",
    "emr-containers",
    "events",
    "execute-api",
    "fsx",
    "git-codecommit",
    "glue",
    "guardduty",
    "guardduty-data",
    "imagebuilder",
    "inspector2",
    "iot.data",
    "kafka",
    "kinesis-firehose",
    "kinesis-streams",
    "kms",
    "lakeformation",
    "lambda",
    "license-manager",
    "logs",
    "macie2",
    "monitoring",
    "network-firewall",
    "organizations",
    "pipes",
    "polly",
    "ram",
    "rds",
    "rds-data",
    "redshift",
    "redshift-data",
    "rekognition",
    "resource-groups",
    "s3",
    "sagemaker.api",
    "sagemaker.runtime",
    "schemas",
    "secretsmanager",
    "securityhub",
    "servicecatalog",
    "servicediscovery",
    "sms",
    "sns",
    "sqs",
    "ssm",
    "ssm-contacts",
    "ssm-incidents",
    "ssmmessages",
    "states",
    "storagegateway",
    "sts",
    "swf",
    "synthetics",
    "tagging",
    "textract",
    "transcribe",
    "transfer",
    "transfer.server",
    "translate",
    "workspaces",
    "xray",
];

/// Those of them that China's regions call as everywhere: the others' names have that partition's beginning.
const USUAL_IN_CHINA: &[&str] = &[
    "ec2messages",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "elasticloadbalancing",
    "events",
    "kms",
    "logs",
    "secretsmanager",
    "sns",
    "ssm",
    "ssmmessages",
];

/// How the name of a service begins.
fn vendor(suffix: &str, short: &str) -> String {
    match suffix {
        "amazonaws.com" => "com.amazonaws".to_owned(),
        "amazonaws.com.cn" if USUAL_IN_CHINA.contains(&short) => "com.amazonaws".to_owned(),
        "amazonaws.com.cn" => "cn.com.amazonaws".to_owned(),
        suffix => suffix.split('.').rev().collect::<Vec<_>>().join("."),
    }
}

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
    all.extend(INTERFACES.iter().map(|short| Service {
        name: format!("{}.{region}.{short}", vendor(suffix, short)),
        kind: "Interface".into(),
        private_dns: Some(match *short {
            "ecr.api" => format!("api.ecr.{region}.{suffix}"),
            "ecr.dkr" => format!("*.dkr.ecr.{region}.{suffix}"),
            "kinesis-streams" => format!("kinesis.{region}.{suffix}"),
            "execute-api" => format!("*.execute-api.{region}.{suffix}"),
            "s3" => format!("*.s3.{region}.{suffix}"),
            "sagemaker.api" => format!("api.sagemaker.{region}.{suffix}"),
            "sagemaker.runtime" => format!("runtime.sagemaker.{region}.{suffix}"),
            "iot.data" => format!("data.iot.{region}.{suffix}"),
            "transfer.server" | "email-smtp" => format!("*.{short}.{region}.{suffix}"),
            short => format!("{short}.{region}.{suffix}"),
        }),
    }));
    all.sort_by(|a, b| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
    all
}

/// The families of addresses at which a service answers.
fn addresses(service: &Service) -> &'static [&'static str] {
    if service.kind == "Gateway" {
        &["ipv4"]
    } else {
        &["ipv4", "ipv6"]
    }
}

const FIELDS: &[Field<Service>] = fields![Service:
    "owner" => |_, add| add("amazon"),
    "service-name" => |seen, add| add(&seen.row.name),
    "service-region" => |seen, add| add(&seen.region.name),
    "service-type" => |seen, add| add(&seen.row.kind),
    "supported-ip-address-types" => |seen, add| addresses(seen.row).iter().for_each(|ty| add(ty)),
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
        x.texts("supportedIpAddressTypeSet", addresses(service));
    });
    x.maybe("nextToken", next);
    Ok(())
}
