//! The names of AWS's services, as EC2 spells them for endpoints and prefix lists, and as a person does.

use crate::attr::Attr;
use crate::topology::Topology;
use crate::value::{Record, Value};

/// The services that have gateway endpoints, by their short names.
pub const GATEWAY: [&str; 3] = ["s3", "s3express", "dynamodb"];

/// What interface endpoints lead to, by their short names (AWS PrivateLink guide: services that integrate). It is
/// for saying what was meant by a name: there are more, and AWS adds some every month.
pub const INTERFACE: &[&str] = &[
    "access-analyzer",
    "account",
    "acm-pca",
    "airflow.api",
    "airflow.env",
    "airflow.ops",
    "appconfig",
    "appconfigdata",
    "application-autoscaling",
    "appmesh",
    "appmesh-envoy-management",
    "apprunner",
    "apprunner.requests",
    "appstream.api",
    "appstream.streaming",
    "appsync-api",
    "aps",
    "aps-workspaces",
    "athena",
    "auditmanager",
    "autoscaling",
    "autoscaling-plans",
    "backup",
    "backup-gateway",
    "batch",
    "bedrock",
    "bedrock-agent",
    "bedrock-agent-runtime",
    "bedrock-runtime",
    "cassandra",
    "cloudcontrolapi",
    "cloudformation",
    "cloudhsmv2",
    "cloudtrail",
    "codeartifact.api",
    "codeartifact.repositories",
    "codebuild",
    "codecommit",
    "codedeploy",
    "codedeploy-commands-secure",
    "codepipeline",
    "comprehend",
    "config",
    "databrew",
    "datasync",
    "datazone",
    "dms",
    "ds",
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
    "emr-serverless",
    "events",
    "execute-api",
    "fis",
    "fsx",
    "git-codecommit",
    "glue",
    "grafana",
    "grafana-workspace",
    "greengrass",
    "guardduty",
    "guardduty-data",
    "healthlake",
    "identitystore",
    "imagebuilder",
    "inspector-scan",
    "inspector2",
    "iot.credentials",
    "iot.data",
    "iotsitewise.api",
    "iotsitewise.data",
    "kafka",
    "kendra",
    "kinesis-firehose",
    "kinesis-streams",
    "kms",
    "lakeformation",
    "lambda",
    "license-manager",
    "logs",
    "macie2",
    "memory-db",
    "monitoring",
    "mq",
    "neptune-graph",
    "network-firewall",
    "organizations",
    "pca-connector-ad",
    "pi",
    "pipes",
    "polly",
    "ram",
    "rds",
    "rds-data",
    "redshift",
    "redshift-data",
    "redshift-serverless",
    "rekognition",
    "resource-groups",
    "rolesanywhere",
    "rum",
    "s3",
    "s3-outposts",
    "s3tables",
    "sagemaker.api",
    "sagemaker.featurestore-runtime",
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
    "sync-states",
    "synthetics",
    "tagging",
    "textract",
    "transcribe",
    "transcribestreaming",
    "transfer",
    "transfer.server",
    "translate",
    "verifiedpermissions",
    "vpc-lattice",
    "wellarchitected",
    "workspaces",
    "xray",
];

/// The services of China's regions whose interface endpoints have names of that partition; those of the others, and
/// all gateway endpoints, are called as everywhere.
const OF_CHINA: &[&str] = &[
    "account",
    "application-autoscaling",
    "appmesh-envoy-management",
    "athena",
    "autoscaling",
    "awsconnector",
    "backup",
    "batch",
    "cassandra",
    "cloudcontrolapi",
    "cloudformation",
    "codedeploy-commands-secure",
    "databrew",
    "dms",
    "ebs",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "elasticache",
    "elasticbeanstalk",
    "elasticfilesystem",
    "elasticfilesystem-fips",
    "emr-containers",
    "execute-api",
    "fsx",
    "imagebuilder",
    "iot.data",
    "iotsitewise.api",
    "iotsitewise.data",
    "kinesis-streams",
    "lambda",
    "license-manager",
    "monitoring",
    "polly",
    "rds",
    "redshift",
    "redshift-data",
    "s3",
    "sagemaker.api",
    "sagemaker.featurestore-runtime",
    "sagemaker.runtime",
    "securityhub",
    "servicecatalog",
    "sms",
    "sqs",
    "states",
    "sts",
    "sync-states",
    "synthetics",
    "transcribe",
    "transcribestreaming",
    "transfer",
    "workspaces",
    "xray",
];

/// How the names of a partition's services begin: its domain, read from behind.
const VENDORS: [(&str, &str); 6] = [
    ("us-isob-", "gov.sgov.sc2s"),
    ("us-isof-", "gov.ic.hci.csp"),
    ("us-iso-", "gov.ic.c2s"),
    ("eu-isoe-", "uk.adc-e.cloud"),
    ("eusc-", "eu.amazonaws"),
    ("", COMMERCIAL),
];

const COMMERCIAL: &str = "com.amazonaws";
const CHINA: &str = "cn.com.amazonaws";

/// Services whose names have another beginning than their region's others.
const AWS_VENDORS: [&str; 2] = ["aws.api", "aws.sagemaker"];

/// Whether a service is written as EC2 does, such as `com.amazonaws.us-west-2.ssm`, and not in short.
pub fn is_full(name: &str) -> bool {
    short_of(name).is_some()
}

/// The full name of a service that is written `ssm`, in a region. `is_interface` is whether an interface endpoint
/// leads to it: in China the two sorts have two names.
pub fn full(short: &str, region: &str, is_interface: bool) -> String {
    let vendor = if region.starts_with("cn-") && is_interface && OF_CHINA.contains(&short) {
        CHINA
    } else {
        let of_region = VENDORS.iter().find(|(prefix, _)| region.starts_with(prefix));
        of_region.map_or(COMMERCIAL, |(_, vendor)| vendor)
    };
    format!("{vendor}.{region}.{short}")
}

/// What a full name says behind the vendor: the region and the rest.
fn short_of(full: &str) -> Option<(&str, &str)> {
    let vendors = VENDORS.iter().map(|(_, vendor)| *vendor);
    let mut all = std::iter::once(CHINA).chain(vendors).chain(AWS_VENDORS);
    let rest = all.find_map(|vendor| full.strip_prefix(vendor)?.strip_prefix('.'))?;
    rest.split_once('.')
}

/// What a service is called in its region: `ssm` of `com.amazonaws.us-west-2.ssm`.
pub fn short(full: &str) -> &str {
    short_of(full).map_or(full, |(_, short)| short)
}

/// The region that a full name says; none where it says none, such as that of a service of somebody else.
pub fn region(full: &str) -> Option<&str> {
    let (region, _) = short_of(full)?;
    let is_region = region.rsplit_once('-').is_some_and(|(rest, number)| {
        rest.contains('-') && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
    });
    Some(region).filter(|_| is_region)
}

/// Whether AWS runs a service, and not somebody who offers one to others.
pub fn is_of_aws(full: &str) -> bool {
    short_of(full).is_some_and(|(region, _)| region != "vpce")
}

/// What a prefix list of a service is called among those of the topology's region.
fn in_region<'t>(full: &'t str, topology: &Topology) -> Option<&'t str> {
    let short = full.strip_prefix("com.amazonaws.")?;
    let short = short
        .strip_prefix(topology.region.as_deref()?)?
        .strip_prefix('.')?;
    Some(short).filter(|short| !short.contains('.'))
}

/// Writes the prefix lists of the region's services, in a field of a record's members, as a person would.
pub fn shorten_lists(record: &mut Record, set: Attr<[Value]>, field: Attr<str>, topology: &Topology) {
    let Some(Value::List(mut members)) = record.remove(set) else {
        return;
    };
    for member in &mut members {
        if let Value::Map(fields) = member
            && let Some(short) = in_region(fields.text(field), topology)
        {
            let short = format!("aws/{short}");
            fields.set(field, short);
        }
    }
    record.set(set, members);
}

/// The full name of a prefix list that is written `aws/s3`; other spellings stay as they are.
pub fn prefix_list_name(text: &str, region: Option<&str>) -> String {
    match (text.strip_prefix("aws/"), region) {
        (Some(service), Some(region)) => format!("com.amazonaws.{region}.{service}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_and_read_in_every_partition() {
        for (short, region, is_interface, name) in [
            ("ssm", "us-west-2", true, "com.amazonaws.us-west-2.ssm"),
            (
                "ecr.api",
                "us-gov-west-1",
                true,
                "com.amazonaws.us-gov-west-1.ecr.api",
            ),
            ("ec2", "cn-north-1", true, "cn.com.amazonaws.cn-north-1.ec2"),
            ("s3", "cn-north-1", true, "cn.com.amazonaws.cn-north-1.s3"),
            ("s3", "cn-north-1", false, "com.amazonaws.cn-north-1.s3"),
            ("ssm", "cn-northwest-1", true, "com.amazonaws.cn-northwest-1.ssm"),
            ("ec2", "us-iso-east-1", true, "gov.ic.c2s.us-iso-east-1.ec2"),
            ("ec2", "us-isob-east-1", true, "gov.sgov.sc2s.us-isob-east-1.ec2"),
        ] {
            let full = full(short, region, is_interface);
            assert_eq!(full, name);
            assert!(is_full(&full) && is_of_aws(&full) && !is_full(short));
            assert_eq!((self::short(&full), self::region(&full)), (short, Some(region)));
        }
        let offered = "com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0";
        assert!(is_full(offered) && !is_of_aws(offered) && region(offered).is_none());
        assert!(!is_full("ecr.api"));
        assert_eq!(short("aws.api.us-east-1.freetier"), "freetier");
    }

    #[test]
    fn the_lists_are_in_order_and_say_nothing_twice() {
        for list in [INTERFACE, OF_CHINA] {
            assert!(list.is_sorted_by(|a, b| a < b));
        }
    }
}
