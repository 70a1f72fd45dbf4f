//! The table of `instance`.

use super::ipv6;
use crate::Kind;
use crate::attr::attributes;
use crate::net::{Complaint, Format, IPV4, PATH, TEXT, id_tail, is_word, without_edges};
use crate::plan::Disruption;
use crate::schema::{Attribute, Effect, Follow, Members, Quota, Schema, Type, none, resets};
use crate::value::Value;

static IMAGE: Format = Format {
    what: "the id of an image, such as ami-003634241a8fcdec0",
    pattern: concat!("^ami-", id_tail!(), "$"),
    number: false,
    read: |text| match text.strip_prefix("ami-") {
        Some(tail) if crate::kind::is_id_tail(tail) => Ok(text.to_owned()),
        _ => Err(Complaint::new(format!(
            "`{text}` is not the id of an image: `ami-` and 8 or 17 hex digits"
        ))),
    },
};

static INSTANCE_TYPE: Format = Format {
    what: "an instance type such as t2.micro",
    pattern: r"^[a-z0-9-]+\.[a-z0-9-]+$",
    number: false,
    read: |text| match text.split_once('.') {
        Some((family, size)) if is_word(family, "-") && is_word(size, "-") => Ok(text.to_owned()),
        _ => Err(Complaint::new(format!("`{text}` is not an instance type"))),
    },
};

/// The name of an instance profile; of an ARN, its last part: what stands before that is a path, which EC2
/// does not ask for.
static PROFILE: Format = Format {
    what: "the name of an instance profile, or its ARN",
    pattern: "^(arn:aws[a-z-]*:iam::[0-9]{12}:instance-profile/([!-~]*/)?)?[A-Za-z0-9_+=,.@-]{1,128}$",
    number: false,
    read: |text| {
        without_edges(text, "profile's name")?;
        let (head, name) = text
            .rsplit_once('/')
            .map_or((None, text), |(head, name)| (Some(head), name));
        if head.is_some_and(|head| !is_profile_arn(head)) {
            return Err(Complaint::new(format!(
                "`{text}` is neither the name of an instance profile nor its ARN"
            )));
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        match name.chars().find(|c| !legal(*c)) {
            Some(bad) => Err(Complaint::new(format!(
                "IAM does not allow `{bad}` in the name of an instance profile: letters, digits and _+=,.@-"
            ))),
            None if (1..=128).contains(&name.len()) => Ok(name.to_owned()),
            None => Err(Complaint::new(format!(
                "the name of an instance profile has 1 to 128 characters, and this has {}",
                name.len()
            ))),
        }
    },
};

/// Whether this is what stands before the last part of a profile's ARN.
fn is_profile_arn(head: &str) -> bool {
    let parts: Vec<&str> = head.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts[..] else {
        return false;
    };
    let path = resource
        .strip_prefix("instance-profile")
        .filter(|path| path.is_empty() || path.starts_with('/'));
    partition
        .strip_prefix("aws")
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && path.is_some_and(|path| path.chars().all(|c| c.is_ascii_graphic()))
}

attributes! {
    [SUBNET, ELASTIC_IP, PRIVATE_IP_ADDRESS];
    IMAGE: str = "image";
    INSTANCE_TYPE: str = "instance_type";
    SECURITY_GROUPS: [Value] = "security_groups";
    KEY_PAIR: Ref = "key_pair";
    ASSOCIATE_PUBLIC_IP_ADDRESS: bool = "associate_public_ip_address";
    IPV6_ADDRESS_COUNT: i64 = "ipv6_address_count";
    IPV6_ADDRESSES: [Value] = "ipv6_addresses";
    USER_DATA: Value = "user_data";
    USER_DATA_FILE: str = "user_data_file";
    IAM_INSTANCE_PROFILE: str = "iam_instance_profile";
    SOURCE_DEST_CHECK: bool = "source_dest_check";
    MONITORING: bool = "monitoring";
    DISABLE_API_TERMINATION: bool = "disable_api_termination";
    METADATA_OPTIONS: Record = "metadata_options";
    EBS_OPTIMIZED: bool = "ebs_optimized";
    ROOT_VOLUME: Record = "root_volume";
    STATE: str = "state";
    HTTP_ENDPOINT: str = "http_endpoint";
    HTTP_TOKENS: str = "http_tokens";
    HTTP_PUT_RESPONSE_HOP_LIMIT: i64 = "http_put_response_hop_limit";
    INSTANCE_METADATA_TAGS: str = "instance_metadata_tags";
    SIZE: i64 = "size";
    TYPE: str = "type";
    IOPS: i64 = "iops";
    THROUGHPUT: i64 = "throughput";
    ENCRYPTED: bool = "encrypted";
    DELETE_ON_TERMINATION: bool = "delete_on_termination";
}

static IPV6_ADDRESSES: Members = Members::plain(Type::Text(&crate::ipv6::ADDRESS));

static GROUPS: Members = Members::plain(Type::Ref(Kind::SecurityGroup, Follow::Id));

static METADATA_OPTIONS: [Attribute; 4] = [
    Attribute::new(
        attr::HTTP_ENDPOINT,
        Type::Choice(&["enabled", "disabled"]),
        "Whether the metadata service answers.",
    )
    .auto(),
    Attribute::new(
        attr::HTTP_TOKENS,
        Type::Choice(&["optional", "required"]),
        "`required` is IMDSv2 only.",
    )
    .auto(),
    Attribute::new(
        attr::HTTP_PUT_RESPONSE_HOP_LIMIT,
        Type::Int(1, 64),
        "How many hops an answer may travel.",
    )
    .auto(),
    Attribute::new(
        attr::INSTANCE_METADATA_TAGS,
        Type::Choice(&["enabled", "disabled"]),
        "Whether the instance can read its tags.",
    )
    .auto(),
];

static ROOT_VOLUME: [Attribute; 6] = [
    Attribute::new(attr::SIZE, Type::Int(1, 65_536), "GiB. It grows in place.")
        .auto()
        .by(
            size_effect,
            "a \
     volume cannot shrink",
        ),
    Attribute::new(
        attr::TYPE,
        Type::Choice(&["gp2", "gp3", "io1", "io2", "standard"]),
        "EC2's volume type.",
    )
    .refuses(&[
        ("st1", "EC2 boots from no HDD volume"),
        ("sc1", "EC2 boots from no HDD volume"),
    ])
    .auto(),
    Attribute::new(
        attr::IOPS,
        Type::Int(100, 256_000),
        "I/O operations a second. Required for io1 and io2; gp3 has 3,000 without; the others have \
         none to choose.",
    )
    .auto(),
    Attribute::new(attr::THROUGHPUT, Type::Int(125, 2_000), "MiB/s: gp3 alone.").auto(),
    Attribute::new(attr::ENCRYPTED, Type::Bool, "Whether it is encrypted.")
        .auto()
        .replace(
            "a volume's \
     encryption is fixed when it is made",
        ),
    Attribute::new(
        attr::DELETE_ON_TERMINATION,
        Type::Bool,
        "Whether it goes with the instance.",
    )
    .auto(),
];

fn size_effect(before: Option<&Value>, after: Option<&Value>) -> Effect {
    if after < before {
        Effect::Replace
    } else {
        Effect::InPlace
    }
}

fn root_volume_effect(before: Option<&Value>, after: Option<&Value>) -> Effect {
    let (Some(before), Some(after)) = (before.and_then(Value::as_map), after.and_then(Value::as_map)) else {
        return Effect::InPlace;
    };
    let differing = ROOT_VOLUME
        .iter()
        .filter(|field| field.differs(after.value(field.name), before.value(field.name)));
    crate::rules::worst(
        differing.map(|field| field.effect(before.value(field.name), after.value(field.name))),
    )
}

fn state_effect(_before: Option<&Value>, after: Option<&Value>) -> Effect {
    if after.and_then(Value::as_text) == Some("stopped") {
        Effect::Stop
    } else {
        Effect::InPlace
    }
}

fn stops(_before: Option<&Value>, after: Option<&Value>) -> Disruption {
    match after.and_then(Value::as_text) {
        Some("stopped") => Disruption::Outage,
        _ => Disruption::None,
    }
}

pub(super) static SCHEMA: Schema = Schema {
    kind: Kind::Instance,
    arn_type: "instance",
    tag_type: "instance",
    doc: "A virtual machine in a subnet. Replacing one loses its private address and what its root \
     volume holds; plans say which.",
    example: "\
instance:
  web:
    image: ami-003634241a8fcdec0
    instance_type: t2.micro
    subnet: public
    associate_public_ip_address: true
    security_groups: [web]
    key_pair: ops
    metadata_options: {http_tokens: required}
    root_volume: {size: 20, type: gp3}
",
    notes: &[
        "A stop takes away the public address that EC2 gave at launch; the next start brings another. \
         An Elastic IP address stays. Plans name the address that a stop or a replacement would \
         cost.",
        "What may only change while the instance is stopped is changed between one stop and one start, \
         all of it together.",
        "User data is shown as a digest and a number of lines, because it may hold secrets; \
         `--show-user-data` shows at a terminal how it differs. EC2 does not show it in its list \
         of instances, so it is read, at one call for each instance, only where a spec gives it.",
        "An instance that somebody stopped is started again, unless the spec says `state: stopped`. \
         One that was terminated is made anew.",
        "A key pair is followed by its name: a new key under that name does not replace the instance.",
        "EC2 keeps a subnet's IPv6 range while an instance has an address of it: where the range goes or \
         changes, its instances' addresses go first, and as many come of the new one. An IPv6 address stays over a \
         stop; one of EC2's choice that is given up does not come back.",
        "The root volume grows in place; the file system on it is yours to grow. EC2 limits how often \
         in a day a volume may change.",
    ],
    attributes: &[
        Attribute::new(attr::IMAGE, Type::Text(&IMAGE), "The image (AMI) it boots from.")
            .unfelt()
            .required()
            .replace("an instance keeps its image for life"),
        Attribute::new(
            attr::INSTANCE_TYPE,
            Type::Text(&INSTANCE_TYPE),
            "EC2's instance type, such as \
         `t2.micro`.",
        )
        .disrupts(|_, _| Disruption::Outage)
        .unfelt()
        .required()
        .stop("EC2 changes the type of a stopped instance only"),
        Attribute::new(
            attr::SUBNET,
            Type::Ref(Kind::Subnet, Follow::Id),
            "The subnet it is in.",
        )
        .required()
        .replace("an instance cannot move to another subnet"),
        Attribute::new(attr::SECURITY_GROUPS, Type::Set(&GROUPS), "Its security groups.")
            .in_own_vpc()
            .granted(5)
            .joining()
            .disrupts(resets)
            .absent(
                "the \
         VPC's default group",
            )
            .default(none),
        Attribute::new(
            attr::KEY_PAIR,
            Type::Ref(Kind::KeyPair, Follow::Name),
            "The key pair it is \
         launched with.",
        )
        .unfelt()
        .replace("the key is put in at the first boot"),
        Attribute::new(
            attr::ASSOCIATE_PUBLIC_IP_ADDRESS,
            Type::Bool,
            "Whether its primary interface has a public address of EC2's choice, which changes with \
             each start. Compared only while that can be seen: not of a stopped instance, nor \
             beside an Elastic IP address.",
        )
        .auto()
        .when_seen(),
        Attribute::new(
            attr::ELASTIC_IP,
            Type::Ref(Kind::ElasticIp, Follow::Id),
            "The Elastic IP address \
         it is reached by.",
        )
        .disrupts(resets),
        Attribute::new(
            attr::PRIVATE_IP_ADDRESS,
            Type::Text(&IPV4),
            "Its address in the subnet.",
        )
        .auto()
        .replace("an instance keeps its primary address for life"),
        Attribute::new(
            attr::IPV6_ADDRESS_COUNT,
            Type::Int(0, 50),
            "How many IPv6 addresses of the subnet's range its primary interface has, of EC2's choice. Left out \
             like `ipv6_addresses`, they are what the subnet gives at launch, and not compared.",
        )
        .auto(),
        Attribute::new(
            attr::IPV6_ADDRESSES,
            Type::Set(&IPV6_ADDRESSES),
            "The IPv6 addresses that its primary interface has, all of the subnet's range.",
        )
        .disrupts(ipv6::breaks)
        .auto(),
        Attribute::new(
            attr::USER_DATA,
            Type::Text(&TEXT),
            "What the image runs at its first boot, at most 16 KiB. Changing it stops and starts the \
             instance; the script does not run again by itself.",
        )
        .disrupts(|_, _| Disruption::Outage)
        .unfelt()
        .auto()
        .stop("EC2 changes the user data of a stopped instance only")
        .when_seen()
        .digest(),
        Attribute::new(
            attr::USER_DATA_FILE,
            Type::Text(&PATH),
            "A file with the user data, as text or as \
         bytes: what is compressed goes as it is.",
        )
        .unfelt()
        .input(),
        Attribute::new(
            attr::IAM_INSTANCE_PROFILE,
            Type::Text(&PROFILE),
            "The instance profile whose role \
         it has, by name or ARN.",
        )
        .unfelt(),
        Attribute::new(
            attr::SOURCE_DEST_CHECK,
            Type::Bool,
            "Whether it may only send and receive packets \
         of its own addresses.",
        )
        .default(|| true.into()),
        Attribute::new(
            attr::MONITORING,
            Type::Bool,
            "Whether CloudWatch reads it every minute.",
        )
        .unfelt()
        .default(|| false.into()),
        Attribute::new(
            attr::DISABLE_API_TERMINATION,
            Type::Bool,
            "Whether EC2 refuses to terminate it. Reading this costs one call for each instance, so it \
             is read only where a spec gives it or once did.",
        )
        .unfelt()
        .default(|| false.into())
        .when_seen(),
        Attribute::new(
            attr::METADATA_OPTIONS,
            Type::Object(&METADATA_OPTIONS),
            "How it reads its own \
         metadata; what is left out stays.",
        )
        .unfelt()
        .auto(),
        Attribute::new(
            attr::EBS_OPTIMIZED,
            Type::Bool,
            "Whether it has bandwidth of its own to its volumes.",
        )
        .disrupts(|_, _| Disruption::Outage)
        .unfelt()
        .auto()
        .stop("EC2 changes this of a stopped instance only"),
        Attribute::new(
            attr::ROOT_VOLUME,
            Type::Object(&ROOT_VOLUME),
            "The volume it boots from; what is \
         left out is the image's choice.",
        )
        .unfelt()
        .auto()
        .by(root_volume_effect, "this of a root volume is fixed at launch"),
        Attribute::new(
            attr::STATE,
            Type::Choice(&["running", "stopped"]),
            "Whether it runs. One that \
         somebody stopped is started again.",
        )
        .disrupts(stops)
        .default(|| "running".into())
        .by(state_effect, "the spec wants it stopped"),
    ],
    selected_by_tags: true,
    quota: Quota::Unlimited,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_its_name_as_iam_takes_it() {
        assert_eq!(
            (PROFILE.read)("arn:aws:iam::123456789012:instance-profile/path/web").unwrap(),
            "web"
        );
        assert_eq!((PROFILE.read)("a+b=c,d.e@f-g_h").unwrap(), "a+b=c,d.e@f-g_h");
        assert_eq!(
            (PROFILE.read)("web ").unwrap_err().instead.as_deref(),
            Some("web")
        );
        for refused in [
            "",
            "a b",
            "büro",
            "path/",
            "path/web",
            "/web",
            "arn:aws:iam::1:instance-profile/web",
            &"x".repeat(129),
        ] {
            assert!((PROFILE.read)(refused).is_err(), "{refused:?}");
        }
    }
}
