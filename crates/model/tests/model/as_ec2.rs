//! What EC2 makes of each text that a spec has: what it keeps, what it takes off or folds, what it refuses,
//! and where that is written. A format keeps what EC2 keeps, and refuses what EC2 would change behind a
//! spec's back.

use std::collections::BTreeMap;

use trueup_model::net::Format;
use trueup_model::{Attribute, Kind, Type, expect};

/// One format, by its words.
struct Row {
    what: &'static str,
    /// Where AWS says so.
    source: &'static str,
    /// As it is written, and as EC2 answers it.
    kept: &'static [(&'static str, &'static str)],
    /// What EC2 refuses, or keeps otherwise than it was given.
    refused: &'static [&'static str],
}

/// Formats that EC2 never sees.
const OURS: [&str; 4] = [
    "a path relative to the spec",
    "a party: instance.x, subnet.x, security_group.x, vpc_endpoint.x, internet, s3, dynamodb, aws/ssm, cidr/10.0.0.0/8, tag/key=value, an id or an address",
    "a gateway, endpoint or peering connection, such as vpc_endpoint.s3, or its id",
    "services such as tcp/443, udp/53, tcp/8000-8080, icmp or all, several with commas",
];

/// An id of these letters.
macro_rules! id {
    ($what:literal, $good:literal, $short:literal) => {
        Row {
            what: $what,
            source: "EC2 user guide, Resource IDs: the prefix, and 8 or 17 hex digits in lower case",
            kept: &[($good, $good)],
            refused: &[
                $short,
                concat!($good, "0"),
                concat!(" ", $good),
                concat!($good, "\n"),
            ],
        }
    };
}

const ROWS: &[Row] = &[
    Row {
        what: "text",
        source: "EC2 API reference, RunInstances: UserData is base64 of bytes, all of which EC2 keeps",
        kept: &[(" #!/bin/sh\n", " #!/bin/sh\n"), ("", ""), ("é\0", "é\0")],
        refused: &[],
    },
    Row {
        what: "an IPv4 range between /16 and /28",
        source: "EC2 API reference, CreateVpc: host bits are cleared (100.68.0.18/18 becomes 100.68.0.0/18); VPC user guide, VPC CIDR blocks",
        kept: &[("10.0.0.0/16", "10.0.0.0/16")],
        refused: &[
            "10.0.0.1/16",
            "010.0.0.0/16",
            "10.0.0.0/16 ",
            "10.0.0.0/15",
            "10.0.0.0/29",
            "10.0.0.0",
            "::/64",
        ],
    },
    Row {
        what: "`amazon`, or an IPv6 range such as 2001:db8:1::/56",
        source: "EC2 API reference, AssociateVpcCidrBlock: AmazonProvidedIpv6CidrBlock, Ipv6CidrBlock; VPC user guide, VPC CIDR blocks: /44 to /60 in steps of /4",
        kept: &[
            ("amazon", "amazon"),
            ("2001:DB8:0:0100::/56", "2001:db8:0:100::/56"),
            ("2001:db8::/44", "2001:db8::/44"),
        ],
        refused: &[
            "",
            "Amazon",
            "2001:db8::/43",
            "2001:db8::/58",
            "2001:db8::/64",
            "2001:db8::1/56",
            "10.0.0.0/16",
        ],
    },
    Row {
        what: "a number from 0 to 255, or an IPv6 range such as 2001:db8:1:5::/64",
        source: "EC2 API reference, AssociateSubnetCidrBlock: Ipv6CidrBlock; VPC user guide, Subnet CIDR blocks: /44 to /64 in steps of /4, and a VPC's is a /56",
        kept: &[
            ("0", "0"),
            ("255", "255"),
            ("2001:DB8::/64", "2001:db8::/64"),
            ("2001:db8::/56", "2001:db8::/56"),
        ],
        refused: &[
            "",
            "256",
            "05",
            "-1",
            "a",
            "2001:db8::/65",
            "2001:db8::/62",
            "2001:db8::1/64",
            "10.0.0.0/24",
        ],
    },
    Row {
        what: "the id of an address pool such as ipv6pool-ec2-0123456789abcdef0",
        source: "EC2 API reference, AssociateVpcCidrBlock: Ipv6Pool",
        kept: &[("ipv6pool-ec2-0123456789abcdef0", "ipv6pool-ec2-0123456789abcdef0")],
        refused: &["", "Amazon", "ipv6pool-ec2-1", "ipv4pool-ec2-0123456789abcdef0"],
    },
    Row {
        what: "an IPv4 or IPv6 range such as 10.0.0.0/16",
        source: "EC2 API reference, AuthorizeSecurityGroupIngress and CreateNetworkAclEntry: host bits are cleared; IPv6 is answered in short form",
        kept: &[
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("2001:DB8:0:0::/64", "2001:db8::/64"),
            ("::/0", "::/0"),
        ],
        refused: &["10.0.0.1/8", "2001:db8::1/64", "10.0.0.0/33", " ::/0", "0.0.0.0"],
    },
    Row {
        what: "an IPv4 address such as 10.0.0.10",
        source: "EC2 API reference, RunInstances: PrivateIpAddress",
        kept: &[("10.0.0.10", "10.0.0.10")],
        refused: &["10.0.0.010", "10.0.0", "10.0.0.256", "10.0.0.10 ", "::1"],
    },
    Row {
        what: "an IPv6 address such as 2001:db8:1:5::10",
        source: "EC2 API reference, AssignIpv6Addresses: Ipv6Addresses; IPv6 is answered in short form",
        kept: &[
            ("2001:db8:1:5::10", "2001:db8:1:5::10"),
            ("2001:DB8:0001:5:0:0:0:10", "2001:db8:1:5::10"),
        ],
        refused: &[
            "",
            "10.0.0.10",
            "2001:db8::1/128",
            "2001:db8:::1",
            "2001:db8::g",
            " ::1",
        ],
    },
    Row {
        what: "a port, or a range of ports such as 8000-8080",
        source: "EC2 API reference, IpPermission: FromPort and ToPort are numbers",
        kept: &[
            ("22", "22"),
            ("8000-8080", "8000-8080"),
            ("8000 - 8080", "8000-8080"),
            ("80-80", "80"),
        ],
        refused: &["022", "65536", "90-80", "-1", "+22", "22 ", "http"],
    },
    Row {
        what: "a protocol: tcp, udp, icmp, icmpv6, all, or a number from 0 to 255",
        source: "EC2 API reference, IpPermission: a number that has a name is answered by it",
        kept: &[
            ("6", "tcp"),
            ("17", "udp"),
            ("1", "icmp"),
            ("58", "icmpv6"),
            ("50", "50"),
            ("all", "all"),
        ],
        refused: &["TCP", "-1", "256", "006", "tcp ", "sctp"],
    },
    Row {
        what: "a description of at most 255 characters that EC2 allows",
        source: "EC2 API reference, CreateSecurityGroup and IpRange: up to 255 of these characters; spaces at the end are not kept as they are",
        kept: &[
            ("a b", "a b"),
            ("._-:/()#,@[]+=&;{}!$*", "._-:/()#,@[]+=&;{}!$*"),
            ("UPPER", "UPPER"),
        ],
        refused: &[
            "", " a", "a ", "a\tb", "a\nb", "ä", "a%", "it's", "a\u{a0}b", "“a”",
        ],
    },
    Row {
        what: "a group name of at most 250 characters that EC2 allows",
        source: "EC2 API reference, CreateSecurityGroup: never `sg-…`, unique whatever the case; VPC user guide, security groups: spaces at the end \
                 of a name are taken off when it is saved",
        kept: &[("a b", "a b"), ("Web", "Web"), ("x-sg-", "x-sg-")],
        refused: &[
            "", "web ", " web", "sg-web", "SG-web", "default", "Default", "ä", "a\tb", "web#12af",
        ],
    },
    Row {
        what: "a key name of 1 to 255 ASCII characters",
        source: "EC2 API reference, CreateKeyPair: up to 255 ASCII characters; EC2 user guide, Create a key pair: no spaces at its ends",
        kept: &[("a b", "a b"), ("Key", "Key"), ("!\"'%~", "!\"'%~")],
        refused: &["", " k", "k ", "ключ", "a\tb", "a\nb", "a\u{7f}"],
    },
    Row {
        what: "a public key in OpenSSH's form: ssh-ed25519 AAAA…",
        source: "EC2 user guide, Requirements for key pairs: ED25519 and RSA in OpenSSH's format; DescribeKeyPairs answers its own comment",
        kept: &[(
            "\tssh-ed25519  AAAAC3NzaC1lZDI1NTE5AAAAIGPVhGwVMZ0wKcwJ1E3MKZvvn6GEsXfCVVx5qVzMzNhV me@here\n",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVhGwVMZ0wKcwJ1E3MKZvvn6GEsXfCVVx5qVzMzNhV",
        )],
        refused: &[
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA",
            "-----BEGIN",
        ],
    },
    Row {
        what: "the id of an image, such as ami-003634241a8fcdec0",
        source: "EC2 user guide, Resource IDs",
        kept: &[
            ("ami-003634241a8fcdec0", "ami-003634241a8fcdec0"),
            ("ami-12345678", "ami-12345678"),
        ],
        refused: &[
            "ami-1234567",
            "AMI-12345678",
            "ami-003634241A8FCDEC0",
            "ami-12345678 ",
        ],
    },
    Row {
        what: "an instance type such as t2.micro",
        source: "EC2 API reference, RunInstances: InstanceType is one of its words, in lower case",
        kept: &[("t2.micro", "t2.micro"), ("u-6tb1.metal", "u-6tb1.metal")],
        refused: &["T2.micro", "t2", "t2.micro ", "t2 .micro", ".micro"],
    },
    Row {
        what: "the name of an instance profile, or its ARN",
        source: "IAM API reference, InstanceProfile: 1 to 128 of letters, digits and _+=,.@-, in their case; a path is no part of the name",
        kept: &[
            ("Web", "Web"),
            ("arn:aws:iam::123456789012:instance-profile/path/web", "web"),
            ("_+=,.@-", "_+=,.@-"),
        ],
        refused: &[
            "",
            "web ",
            "a b",
            "ä",
            "path/web",
            "arn:aws:iam::123456789012:role/web",
        ],
    },
    Row {
        what: "an availability zone such as us-west-2a",
        source: "EC2 user guide, Regions and Zones: names of zones, local zones and Wavelength Zones",
        kept: &[
            ("us-west-2a", "us-west-2a"),
            ("us-west-2-lax-1b", "us-west-2-lax-1b"),
            ("us-east-1-wl1-bos-wlz-1", "us-east-1-wl1-bos-wlz-1"),
        ],
        refused: &["us-west-2", "US-WEST-2A", "usw2-az1", "us-west-2a ", "a"],
    },
    Row {
        what: "the id of an availability zone such as usw2-az1",
        source: "EC2 user guide, AZ IDs",
        kept: &[
            ("usw2-az1", "usw2-az1"),
            ("usw2-lax1-az1", "usw2-lax1-az1"),
            ("usw2-wl1-las-wlz1", "usw2-wl1-las-wlz1"),
        ],
        refused: &["us-west-2a", "USW2-AZ1", "usw2-az", "-az1", "usw2-az1 "],
    },
    Row {
        what: "a range such as 0.0.0.0/0, or a prefix list such as aws/s3",
        source: "EC2 API reference, CreateRoute: host bits are cleared; DestinationPrefixListId",
        kept: &[
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::/0", "::/0"),
            ("aws/s3", "aws/s3"),
            ("pl-12345678", "pl-12345678"),
        ],
        refused: &["10.0.0.1/8", "aws/", "aws/S3", "pl-1", "s3", "0.0.0.0/0 "],
    },
    Row {
        what: "a prefix list: an id such as pl-…, or aws/s3",
        source: "EC2 API reference, PrefixListId",
        kept: &[
            ("aws/s3", "aws/s3"),
            ("pl-12345678", "pl-12345678"),
            ("com.amazonaws.us-west-2.s3", "com.amazonaws.us-west-2.s3"),
        ],
        refused: &["aws/", "aws/S3", "pl-1", "s3", "aws/s3 "],
    },
    Row {
        what: "a service such as s3 or ssm, or its full name",
        source: "EC2 API reference, CreateVpcEndpoint: ServiceName",
        kept: &[
            ("s3", "s3"),
            ("com.amazonaws.us-west-2.s3", "com.amazonaws.us-west-2.s3"),
        ],
        refused: &["", "S3", "s3 ", "aws/s3"],
    },
    Row {
        what: "a domain name such as corp.example",
        source: "EC2 API reference, CreateDhcpOptions: domain-name; some Linux systems accept several with spaces between them",
        kept: &[("corp.example", "corp.example"), ("A.b-c._d e", "A.b-c._d e")],
        refused: &["", ".", "a.", " a", "a  b", "ä", "a,b"],
    },
    Row {
        what: "an address such as 10.0.0.2, or AmazonProvidedDNS",
        source: "EC2 API reference, CreateDhcpOptions: domain-name-servers; IPv6 is answered in short form",
        kept: &[
            ("AmazonProvidedDNS", "AmazonProvidedDNS"),
            ("10.0.0.2", "10.0.0.2"),
            ("2001:DB8:0::1", "2001:db8::1"),
        ],
        refused: &["", "amazonprovideddns", "10.0.0", "10.0.0.2/32", "dns.example"],
    },
    Row {
        what: "an IPv4 or IPv6 address such as 169.254.169.123",
        source: "EC2 API reference, CreateDhcpOptions: ntp-servers; IPv6 is answered in short form",
        kept: &[
            ("169.254.169.123", "169.254.169.123"),
            ("FD00:EC2::123", "fd00:ec2::123"),
        ],
        refused: &["", "AmazonProvidedDNS", "time.example", "10.0.0.010"],
    },
    Row {
        what: "the ARN of a log group, a bucket or a delivery stream, such as arn:aws:s3:::my-logs",
        source: "EC2 API reference, CreateFlowLogs: LogDestination; CloudWatch Logs answers the ARN of a group with `:*` behind it, and EC2 takes \
                 the slash behind a folder for nothing",
        kept: &[
            (
                "arn:aws:logs:us-west-2:123456789012:log-group:/vpc/Flow_1.a#b-c:*",
                "arn:aws:logs:us-west-2:123456789012:log-group:/vpc/Flow_1.a#b-c",
            ),
            ("arn:aws-cn:s3:::my-logs", "arn:aws-cn:s3:::my-logs"),
            (
                "arn:aws-us-gov:s3:::my-logs/a/b/",
                "arn:aws-us-gov:s3:::my-logs/a/b",
            ),
            (
                "arn:aws:firehose:us-west-2:123456789012:deliverystream/x",
                "arn:aws:firehose:us-west-2:123456789012:deliverystream/x",
            ),
        ],
        refused: &[
            "",
            "my-logs",
            "arn:aws:s3:::My-logs",
            "arn:aws:s3:::my-logs/a b",
            "arn:aws:s3:us-west-2::my-logs",
            "arn:aws:logs:us-west-2:12345678901:log-group:x",
            "arn:aws:logs:us-west-2:123456789012:log-group:x:log-stream:y",
            "arn:aws:sqs:us-west-2:123456789012:x",
        ],
    },
    Row {
        what: "the name of a log group: 1 to 512 letters, digits and _-/.#",
        source: "CloudWatch Logs API reference, CreateLogGroup: logGroupName",
        kept: &[("/vpc/Flow_1.a#b-c", "/vpc/Flow_1.a#b-c")],
        refused: &["", "a b", "a:b", "ä", "a*"],
    },
    Row {
        what: "the ARN of a role such as arn:aws:iam::123456789012:role/flow-logs",
        source: "EC2 API reference, CreateFlowLogs: DeliverLogsPermissionArn; IAM user guide, IAM ARNs",
        kept: &[
            (
                "arn:aws:iam::123456789012:role/path/Flow+logs",
                "arn:aws:iam::123456789012:role/path/Flow+logs",
            ),
            (
                "arn:aws-cn:iam::123456789012:role/x",
                "arn:aws-cn:iam::123456789012:role/x",
            ),
        ],
        refused: &[
            "",
            "flow-logs",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:iam::123456789012:role/x ",
        ],
    },
    Row {
        what: "fields in their order, such as ${version} ${srcaddr} ${dstaddr} ${action}",
        source: "EC2 API reference, CreateFlowLogs: LogFormat, `${field-id}` with spaces between them",
        kept: &[
            ("${version} ${action}", "${version} ${action}"),
            ("${version}\n  ${action}\n", "${version} ${action}"),
        ],
        refused: &[
            "",
            " ",
            "version",
            "${version},${action}",
            "${version}${action}",
            "$${version}",
            "${Version}",
        ],
    },
    Row {
        what: "the ARN or the id of a KMS key, such as 1234abcd-12ab-34cd-56ef-1234567890ab",
        source: "EC2 API reference, CreateVolume: KmsKeyId; KMS developer guide, Key identifiers. An alias is taken too, and answered as the \
                 key that it means then",
        kept: &[
            (
                "1234abcd-12ab-34cd-56ef-1234567890ab",
                "1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
            (
                "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
                "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
            ),
        ],
        refused: &[
            "",
            "alias/data",
            "1234abcd",
            "arn:aws:kms:us-west-2:123456789012:alias/data",
            "arn:aws:kms:us-west-2:12345678901:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:iam::123456789012:role/x",
        ],
    },
    Row {
        what: "a device such as /dev/sdf",
        source: "EC2 user guide, Device names for volumes: those of Xen and of Windows; /dev/sda1 and /dev/xvda are the root's",
        kept: &[
            ("/dev/sdf", "/dev/sdf"),
            ("/dev/sdf15", "/dev/sdf15"),
            ("/dev/xvdba", "/dev/xvdba"),
            ("xvdf", "xvdf"),
        ],
        refused: &[
            "",
            "sdf",
            "/dev/sd",
            "/dev/sdf16",
            "/dev/sdf0",
            "/dev/sda1",
            "/dev/xvda",
            "/dev/nvme1n1",
        ],
    },
    id!(
        "the id of a snapshot, such as snap-0123456789abcdef0",
        "snap-12345678",
        "snap-1"
    ),
    id!(
        "an EC2 id such as tgw-attach-0123456789abcdef0",
        "tgw-attach-12345678",
        "tgw-attach-1"
    ),
    id!("an EC2 id such as eni-0123456789abcdef0", "eni-12345678", "eni-1"),
    id!("an EC2 id such as tgw-0123456789abcdef0", "tgw-12345678", "tgw-1"),
    Row {
        what: "the account's 12 digits in quotes, as `aws sts get-caller-identity` tells them",
        source: "AWS account management reference, View AWS account identifiers: 12 digits, with zeros in front",
        kept: &[("123456789012", "123456789012"), ("000000000001", "000000000001")],
        refused: &[
            "",
            "12345678901",
            "1234567890123",
            "1234-5678-9012",
            "o-abcdefghij",
        ],
    },
    Row {
        what: "a region, such as us-west-2",
        source: "EC2 API reference, DescribeRegions: regionName",
        kept: &[("us-west-2", "us-west-2"), ("us-gov-east-1", "us-gov-east-1")],
        refused: &["", "us-west-2a", "US-WEST-2", "us-west", "usw2-az1"],
    },
    id!("an EC2 id such as vgw-0123456789abcdef0", "vgw-12345678", "vgw-1"),
];

fn formats(table: &[Attribute], all: &mut BTreeMap<&'static str, &'static Format>) {
    table.iter().for_each(|attribute| of_type(&attribute.ty, all));
}

fn of_type(ty: &Type, all: &mut BTreeMap<&'static str, &'static Format>) {
    match ty {
        Type::Text(format) | Type::Id(format) => drop(all.insert(format.what, format)),
        Type::Object(table) => formats(table, all),
        Type::Set(members) => of_type(&members.ty, all),
        Type::OneOrMany(inner) => of_type(inner, all),
        Type::Bool | Type::Int(..) | Type::Choice(_) | Type::Ref(..) | Type::Tags | Type::Policy => {}
    }
}

#[test]
fn each_format_keeps_what_ec2_keeps() {
    let mut all = BTreeMap::new();
    Kind::ALL
        .into_iter()
        .for_each(|kind| formats(kind.schema().attributes, &mut all));
    formats(expect::FIELDS, &mut all);
    let mut faults = Vec::new();
    for (what, format) in &all {
        if OURS.contains(what) {
            continue;
        }
        let Some(row) = ROWS.iter().find(|row| row.what == *what) else {
            faults.push(format!("{what}: what does EC2 make of it? It has no row"));
            continue;
        };
        for (written, kept) in row.kept {
            let read = (format.read)(written);
            if read.as_deref() != Ok(*kept) {
                faults.push(format!(
                    "{what}: {written:?} is read as {read:?} and not {kept:?} ({})",
                    row.source
                ));
            }
        }
        for text in row.refused {
            if let Ok(read) = (format.read)(text) {
                faults.push(format!("{what}: {text:?} is taken as {read:?} ({})", row.source));
            }
        }
    }
    let known = |what: &str| all.contains_key(what);
    faults.extend(
        ROWS.iter()
            .map(|row| row.what)
            .chain(OURS)
            .filter(|what| !known(what))
            .map(|what| format!("{what}: there is no such format")),
    );
    assert!(faults.is_empty(), "{faults:#?}");
}
