//! Where flow logs go: a log group, a bucket or a delivery stream, by its ARN, and the roles that write there.

use crate::net::{Complaint, Format};

/// The types of destinations, in EC2's words.
pub const TYPES: [&str; 3] = [LOG_GROUP, BUCKET, STREAM];
/// A log group of CloudWatch Logs.
pub const LOG_GROUP: &str = "cloud-watch-logs";
/// A bucket of S3.
pub const BUCKET: &str = "s3";
/// A delivery stream of Firehose.
pub const STREAM: &str = "kinesis-data-firehose";

/// The pattern of what an ARN begins with, in every partition.
macro_rules! arn {
    () => {
        "arn:aws(-[a-z]+)*:"
    };
}

/// The pattern of a region and an account in an ARN.
macro_rules! owner {
    () => {
        ":[a-z0-9-]+:[0-9]{12}:"
    };
}

/// A destination, spelled as EC2 has it: without `:*` behind a log group and `/` behind a bucket's folder.
pub static DESTINATION: Format = Format {
    what: "the ARN of a log group, a bucket or a delivery stream, such as arn:aws:s3:::my-logs",
    pattern: concat!(
        "^",
        arn!(),
        "(logs",
        owner!(),
        "log-group:[A-Za-z0-9_./#-]{1,512}(:[*])?|s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[!-~]*)?|firehose",
        owner!(),
        "deliverystream/[A-Za-z0-9_.-]{1,64})$"
    ),
    number: false,
    read: |text| {
        let arn = Arn::of(text).ok_or_else(|| {
            Complaint::new(format!(
                "`{text}` is not the ARN of a log group, a bucket or a delivery stream"
            ))
        })?;
        match arn.service {
            "logs" if arn.has_owner() => {
                let name = arn.resource.strip_prefix("log-group:").unwrap_or_default();
                (name_of_group(name.strip_suffix(":*").unwrap_or(name)))?;
                Ok(text.strip_suffix(":*").unwrap_or(text).to_owned())
            }
            "s3" if arn.region.is_empty() && arn.account.is_empty() => bucket(text, arn.resource),
            "firehose" if arn.has_owner() => stream(text, arn.resource),
            "logs" | "firehose" => Err(Complaint::new(format!(
                "`{text}` lacks a region or an account of 12 digits"
            ))),
            "s3" => Err(Complaint::new(format!(
                "`{text}` has a region or an account, and the ARN of a bucket has neither"
            ))),
            service => Err(Complaint::new(format!(
                "`{text}` is of `{service}`: flow logs go to a log group (`logs`), a bucket (`s3`) or a delivery \
                 stream (`firehose`)"
            ))),
        }
    },
};

/// The name of a log group.
pub static GROUP_NAME: Format = Format {
    what: "the name of a log group: 1 to 512 letters, digits and _-/.#",
    pattern: "^[A-Za-z0-9_./#-]{1,512}$",
    number: true,
    read: name_of_group,
};

/// A role by its ARN.
pub static ROLE: Format = Format {
    what: "the ARN of a role such as arn:aws:iam::123456789012:role/flow-logs",
    pattern: concat!("^", arn!(), "iam::[0-9]{12}:role/[!-~]{1,576}$"),
    number: false,
    read: |text| {
        let is_role = |arn: Arn<'_>| {
            let path = arn.resource.strip_prefix("role/").unwrap_or_default();
            arn.service == "iam"
                && arn.region.is_empty()
                && arn.has_account()
                && (1..=576).contains(&path.len())
                && is_printed(path)
        };
        if Arn::of(text).is_some_and(is_role) {
            Ok(text.to_owned())
        } else {
            Err(Complaint::new(format!("`{text}` is not the ARN of a role")))
        }
    },
};

/// The parts of an ARN.
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next();
        let (arn, partition) = (next()?, next()?);
        let rest = partition.strip_prefix("aws")?;
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_partition = rest.is_empty() || rest.strip_prefix('-')?.split('-').all(is_word);
        (arn == "arn" && is_partition).then_some(())?;
        Some(Self {
            service: next()?,
            region: next()?,
            account: next()?,
            resource: next()?,
        })
    }

    fn has_account(&self) -> bool {
        self.account.len() == 12 && self.account.bytes().all(|byte| byte.is_ascii_digit())
    }

    fn has_owner(&self) -> bool {
        crate::net::is_word(self.region, "-") && self.has_account()
    }
}

fn is_printed(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn name_of_group(name: &str) -> Result<String, Complaint> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte);
    if (1..=512).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name.to_owned())
    } else {
        Err(Complaint::new(format!("`{name}` is not the name of a log group")))
    }
}

fn bucket(text: &str, resource: &str) -> Result<String, Complaint> {
    let (name, folder) = resource.split_once('/').unwrap_or((resource, ""));
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_bucket = (3..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with(['.', '-'])
        && !name.ends_with(['.', '-']);
    if !is_bucket {
        return Err(Complaint::new(format!("`{name}` is not the name of a bucket")));
    }
    if !is_printed(folder) {
        return Err(Complaint::new(format!("`{folder}` is not a folder of a bucket")));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn stream(text: &str, resource: &str) -> Result<String, Complaint> {
    if let Some(name) = resource.strip_prefix("deliverystream:") {
        let head = text.strip_suffix(resource).unwrap_or_default();
        return Err(
            Complaint::new(format!("`{text}` has a colon before the stream's name"))
                .instead(format!("{head}deliverystream/{name}")),
        );
    }
    let name = resource.strip_prefix("deliverystream/").unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(Complaint::new(format!(
            "`{text}` is not the ARN of a delivery stream"
        )))
    }
}

/// Of which type a destination is; none of what is no destination.
pub fn type_of(arn: &str) -> Option<&'static str> {
    match Arn::of(arn)?.service {
        "logs" => Some(LOG_GROUP),
        "s3" => Some(BUCKET),
        "firehose" => Some(STREAM),
        _ => None,
    }
}

/// The name of the log group that a destination is; none of a bucket or a stream.
pub fn group_of(arn: &str) -> Option<&str> {
    Arn::of(arn)
        .filter(|arn| arn.service == "logs")?
        .resource
        .strip_prefix("log-group:")
}

/// Whether a destination is in the folder of a bucket that EC2 keeps for itself: it puts its own there.
pub fn is_in_reserved_folder(arn: &str) -> bool {
    let resource = Arn::of(arn)
        .filter(|arn| arn.service == "s3")
        .map_or("", |arn| arn.resource);
    resource.split('/').skip(1).any(|folder| folder == "AWSLogs")
}

/// The word for a destination of this type, in a sentence.
pub fn word(destination_type: &str) -> &'static str {
    match destination_type {
        LOG_GROUP => "a log group",
        BUCKET => "a bucket",
        _ => "a delivery stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_arn_is_told_as_what_it_is() {
        let why = |text: &str| (DESTINATION.read)(text).unwrap_err();
        assert!(why("my-logs").message.contains("not the ARN"));
        assert!(
            why("arn:aws:sqs:us-west-2:123456789012:q")
                .message
                .contains("of `sqs`")
        );
        assert!(
            why("arn:aws:s3::123456789012:my-logs")
                .message
                .contains("neither")
        );
        assert!(why("arn:aws:logs:::log-group:x").message.contains("lacks"));
        assert_eq!(
            why("arn:aws-cn:firehose:cn-north-1:123456789012:deliverystream:x")
                .instead
                .as_deref(),
            Some("arn:aws-cn:firehose:cn-north-1:123456789012:deliverystream/x")
        );
    }

    #[test]
    fn a_destination_says_what_it_is_in_every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-iso-b"] {
            let group = format!("arn:{partition}:logs:us-west-2:123456789012:log-group:/vpc/all:*");
            let group = (DESTINATION.read)(&group).unwrap();
            assert_eq!(
                (type_of(&group), group_of(&group)),
                (Some(LOG_GROUP), Some("/vpc/all"))
            );
            let bucket = (DESTINATION.read)(&format!("arn:{partition}:s3:::my-logs/a/")).unwrap();
            assert_eq!(bucket, format!("arn:{partition}:s3:::my-logs/a"));
            assert_eq!((type_of(&bucket), group_of(&bucket)), (Some(BUCKET), None));
        }
        assert!(is_in_reserved_folder("arn:aws:s3:::my-logs/AWSLogs"));
        assert!(!is_in_reserved_folder("arn:aws:s3:::my-logs/AWSLogs2"));
    }
}
