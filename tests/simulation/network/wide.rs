//! A draw over every attribute of every kind: from the tables where it can be, from a small stock where a
//! value has a form.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use trueup_model::{Attribute, Kind, Type};

use super::Network;
use crate::OTHER_KEY;

/// Each attribute is drawn in one of so many resources.
const DRAWN_ONE_IN: usize = 3;

const PRIMARY: [&str; 8] = [
    "10.0.0.0/16",
    "10.7.0.0/16",
    "172.16.0.0/20",
    "172.31.0.0/16",
    "192.168.64.0/18",
    "100.64.0.0/16",
    "198.19.0.0/24",
    "203.0.113.0/24",
];
const SECONDARY: [&str; 8] = [
    "10.1.0.0/16",
    "10.9.0.0/20",
    "10.0.64.0/18",
    "172.20.0.0/16",
    "192.168.0.0/20",
    "100.65.0.0/20",
    "198.19.4.0/22",
    "198.51.100.0/24",
];
const DESTINATIONS: [&str; 12] = [
    "0.0.0.0/0",
    "192.0.2.0/24",
    "10.0.0.0/8",
    "10.0.1.0/24",
    "169.254.0.0/16",
    "169.254.169.254/32",
    "172.16.0.0/12",
    "203.0.113.7/32",
    "::/0",
    "64:ff9b::/96",
    "aws/s3",
    "aws/dynamodb",
];
const TYPES: [&str; 8] = [
    "t2.micro",
    "t2.nano",
    "t3.small",
    "t3a.medium",
    "m5.large",
    "c7i.2xlarge",
    "r6id.xlarge",
    "m7i-flex.large",
];
const TEXTS: [&str; 6] = [
    "a",
    "Web & DB (prod)",
    "x_y-z.1:2/3#4@5",
    "#!/bin/sh\necho one\n",
    "Zürich → Genève 🗻",
    "  two  blanks  ",
];
/// Servers in an order that is not theirs.
const SERVERS: [&str; 5] = [
    "AmazonProvidedDNS",
    "10.0.0.3",
    "2001:DB8::2",
    "10.0.0.2",
    "fd00:ec2::123",
];
/// Where records of traffic go.
const BUCKETS: [&str; 3] = [
    "arn:aws:s3:::abc",
    "arn:aws:s3:::my.logs/a/b=c/",
    "arn:aws:s3:::my-logs/",
];
const STREAMS: [&str; 3] = [
    "arn:aws:firehose:us-west-2:123456789012:deliverystream/x",
    "arn:aws:firehose:eu-west-1:210987654321:deliverystream/y_1.z",
    "arn:aws:s3:::my-logs/c",
];
const FORMATS: [&str; 3] = [
    "${version}",
    "${action}  ${vpc-id}\n${traffic-path}",
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}",
];
/// What a security group's texts may be made of.
const GROUP_TEXTS: [&str; 4] = ["a", "Web & DB (prod)=1;{x}!$*", "a/b:c#d,e@f[g]+h", "0"];

/// What fits only each other, and is drawn with the resource: which of them an endpoint has depends on its type.
const DRAWN_TOGETHER: [(Kind, &str); 19] = [
    (Kind::Volume, "instance"),
    (Kind::Volume, "device_name"),
    (Kind::Volume, "availability_zone"),
    (Kind::Volume, "size"),
    (Kind::Volume, "volume_type"),
    (Kind::Volume, "iops"),
    (Kind::Volume, "throughput"),
    (Kind::Volume, "multi_attach_enabled"),
    (Kind::VpcPeeringConnection, "accept"),
    (Kind::VpcPeeringConnection, "requester_peering_connection_options"),
    (Kind::VpcPeeringConnection, "accepter_peering_connection_options"),
    (Kind::VpcEndpoint, "type"),
    (Kind::VpcEndpoint, "subnets"),
    (Kind::VpcEndpoint, "subnet"),
    (Kind::VpcEndpoint, "route_tables"),
    (Kind::VpcEndpoint, "security_groups"),
    (Kind::VpcEndpoint, "private_dns_enabled"),
    (Kind::VpcEndpoint, "ip_address_type"),
    (Kind::VpcEndpoint, "dns_options"),
];

impl Network {
    /// Draws what an attribute of a resource may be, more of it, or something else instead.
    pub(super) fn widen(&mut self, kind: Kind, resource: &mut Value) {
        if resource.get("private_key_file").is_some() {
            // Files are written by the command line, which has tests of its own.
            *resource = json!({"public_key": OTHER_KEY});
        }
        for attribute in kind.schema().attributes {
            if !self.one_in(DRAWN_ONE_IN) || DRAWN_TOGETHER.contains(&(kind, attribute.name)) {
                continue;
            }
            if let Some(value) = self
                .special(kind, attribute, resource)
                .or_else(|| self.of_type(attribute).filter(|_| kind != Kind::FlowLog))
            {
                resource[attribute.name] = value;
            }
        }
        if self.one_in(DRAWN_ONE_IN) {
            let tags: Map<String, Value> = (0..self.rng.usize(0..4))
                .map(|_| (self.any(&TEXTS).trim().to_owned(), json!(*self.any(&TEXTS))))
                .collect();
            resource["tags"] = Value::Object(tags);
        }
    }

    /// What has a form, or depends on something else of the resource.
    fn special(&mut self, kind: Kind, attribute: &Attribute, resource: &Value) -> Option<Value> {
        let text = |name: &str| {
            resource
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Some(match (kind, attribute.name) {
            (Kind::Vpc, "cidr_block") => json!(*self.any(&PRIMARY)),
            (Kind::Vpc, "secondary_cidr_blocks") => {
                json!(
                    (0..self.rng.usize(0..3))
                        .map(|_| *self.any(&SECONDARY))
                        .collect::<BTreeSet<_>>()
                )
            }
            (Kind::Vpc, "ipv6_cidr_block") => match self.rng.usize(0..3) {
                0 => json!(format!("2001:db8:{:x}::/56", self.number())),
                _ => json!("amazon"),
            },
            (Kind::Vpc, "ipv6_pool") if text("ipv6_cidr_block").contains(':') => {
                json!("ipv6pool-ec2-0123456789abcdef0")
            }
            (Kind::Subnet, "ipv6_cidr_block") => {
                let number = self.rng.usize(0..256);
                match self.attribute("vpc", &text("vpc"), "ipv6_cidr_block")? {
                    "amazon" => json!(number),
                    own => json!(own.replace("::/56", &format!(":{number:x}::/64"))),
                }
            }
            (Kind::Subnet, "assign_ipv6_address_on_creation") => {
                json!(resource.get("ipv6_cidr_block").is_some() && self.rng.bool())
            }
            (Kind::Subnet, "cidr_block") => json!(self.range_in(&text("vpc"))?),
            (Kind::Subnet, "availability_zone") if resource.get("availability_zone_id").is_none() => {
                json!(*self.any(&["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"]))
            }
            (Kind::Subnet, "availability_zone_id") if resource.get("availability_zone").is_none() => {
                json!(*self.any(&["usw2-az1", "usw2-az2", "usw2-az3", "usw2-az4"]))
            }
            (Kind::Instance | Kind::NatGateway, "private_ip_address") => {
                json!(self.address_in(&text("subnet"))?)
            }
            (Kind::Instance, "ipv6_address_count") => {
                let some = self.has_ipv6(&text("subnet"));
                json!(if some { self.rng.usize(0..3) } else { 0 })
            }
            (Kind::Instance, "ipv6_addresses") if resource.get("ipv6_address_count").is_none() => {
                let range = self.attribute("subnet", &text("subnet"), "ipv6_cidr_block");
                let range = range.map(str::to_owned).unwrap_or_default();
                let (own, other) = (self.number() + 3, self.number() + 3);
                let all = [own, other].map(|number| range.replace("::/64", &format!("::{number:x}")));
                let count = if range.is_empty() { 0 } else { self.rng.usize(0..3) };
                json!(all[..count])
            }
            (Kind::Instance, "image") => json!(format!("ami-{:017x}", self.rng.u64(1..))),
            (Kind::Instance, "instance_type") => json!(*self.any(&TYPES)),
            (Kind::Instance, "iam_instance_profile") => {
                json!(*self.any(&[
                    "web",
                    "arn:aws:iam::123456789012:instance-profile/path/web",
                    "a+b=c,d.e@f_g-h"
                ]))
            }
            (Kind::Instance, "user_data") => json!(*self.any(&TEXTS)),
            (Kind::Instance, "root_volume") => self.volume(),
            (Kind::SecurityGroup, "group_name" | "description") => json!(*self.any(&GROUP_TEXTS)),
            (Kind::SecurityGroup, "ingress" | "egress") => {
                json!(
                    (0..self.rng.usize(0..5))
                        .map(|_| self.rule(&text("vpc")))
                        .collect::<Vec<_>>()
                )
            }
            (Kind::NetworkAcl, "ingress" | "egress") => {
                let numbers = [1, 2, 100, 110, 32_766];
                let some: Vec<u32> = numbers.into_iter().filter(|_| self.rng.bool()).collect();
                json!(
                    some.into_iter()
                        .map(|number| self.entry(number))
                        .collect::<Vec<_>>()
                )
            }
            (Kind::RouteTable, "routes") => json!(
                (0..self.rng.usize(0..5))
                    .map(|_| self.route(&text("vpc")))
                    .collect::<Option<Vec<_>>>()?
            ),
            (Kind::VpcEndpoint, "service") if text("type").is_empty() => {
                json!(*self.any(&["s3", "s3express", "dynamodb", "com.amazonaws.us-west-2.s3"]))
            }
            (Kind::VpcEndpoint, "policy") if text("type") != "gateway_load_balancer" => self.policy(),
            (Kind::DhcpOptions, "domain_name") => json!(*self.any(&["a", "A.b-c._d e", "corp.example"])),
            (Kind::DhcpOptions, "domain_name_servers") => json!(SERVERS[..self.rng.usize(1..SERVERS.len())]),
            (Kind::DhcpOptions, "ntp_servers") => json!(SERVERS[1..self.rng.usize(2..SERVERS.len())]),
            (Kind::DhcpOptions, "netbios_name_servers") => json!(["10.0.0.9", "10.0.0.8"]),
            (Kind::DhcpOptions, "netbios_node_type") => json!(*self.any(&[1, 2, 4, 8])),
            (Kind::Volume, "kms_key_id") if resource.get("encrypted") != Some(&json!(false)) => {
                json!(*self.any(&[
                    "1234abcd-12ab-34cd-56ef-1234567890ab",
                    "arn:aws:kms:us-west-2:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
                ]))
            }
            (Kind::Volume, "snapshot_id") => json!(format!("snap-{:017x}", self.rng.u64(1..))),
            (Kind::VpcPeeringConnection, "peer_region") if !text("peer_owner_id").is_empty() => {
                json!(*self.any(&["us-west-2", "eu-west-1"]))
            }
            (Kind::FlowLog, name) => return self.of_flow_log(name, resource),
            (Kind::KeyPair, "key_name") => {
                json!(format!("{} {}", self.any(&["key", "a|b", "x#y"]), self.number()))
            }
            _ => return None,
        })
    }

    /// What of a flow log goes together with the rest of it.
    fn of_flow_log(&mut self, name: &str, resource: &Value) -> Option<Value> {
        let has = |name: &str| resource.get(name).and_then(Value::as_str);
        let (arn, group) = (has("log_destination"), has("log_group_name"));
        let is = match arn {
            Some(arn) if arn.contains(":s3:") => "s3",
            Some(arn) if arn.contains(":firehose:") => "kinesis-data-firehose",
            _ => "cloud-watch-logs",
        };
        let role = format!(
            "arn:aws:iam::123456789012:role/{}",
            self.any(&["x", "path/Flow+logs"])
        );
        Some(match name {
            "traffic_type" => json!(*self.any(&["accept", "reject", "all"])),
            "log_destination_type" => json!(is),
            "log_destination" if group.is_none() => {
                let some: &[&str] = if resource.get("destination_options").is_some() {
                    &BUCKETS
                } else {
                    &STREAMS
                };
                json!(*self.any(some))
            }
            "log_group_name" if arn.is_none() => json!(*self.any(&["a", "/vpc/Flow_logs-1.a#b"])),
            "deliver_logs_permission_arn" if is != "s3" => json!(role),
            "deliver_cross_account_role" if is == "kinesis-data-firehose" => json!(role),
            "log_format" => json!(*self.any(&FORMATS)),
            "max_aggregation_interval" => json!(*self.any(&[60, 600])),
            "destination_options" if is == "s3" => json!({
                "file_format": *self.any(&["plain-text", "parquet"]),
                "hive_compatible_partitions": self.rng.bool(),
                "per_hour_partition": self.rng.bool(),
            }),
            _ => return None,
        })
    }

    /// What the table alone says.
    fn of_type(&mut self, attribute: &Attribute) -> Option<Value> {
        if attribute.input {
            return None;
        }
        match &attribute.ty {
            Type::Bool => Some(json!(self.rng.bool())),
            Type::Choice(words) => Some(json!(*self.any(words))),
            Type::Int(least, most) => Some(json!(*self.any(&[*least, *most, (least + most) / 2]))),
            Type::Object(fields) => {
                let mut object = json!({});
                for field in *fields {
                    if let Some(value) = self.of_type(field).filter(|_| self.one_in(2)) {
                        object[field.name] = value;
                    }
                }
                Some(object)
            }
            // What has a form is drawn above, and what refers to something with the resource itself.
            Type::Text(_)
            | Type::Ref(..)
            | Type::Id(_)
            | Type::Set(_)
            | Type::OneOrMany(_)
            | Type::Tags
            | Type::Policy => None,
        }
    }

    /// A range of a VPC, of any length and anywhere in it.
    fn range_in(&mut self, vpc: &str) -> Option<String> {
        let resource = self.spec.get("vpc")?.get(vpc)?;
        let secondary = resource.get("secondary_cidr_blocks").and_then(Value::as_array);
        let ranges: Vec<String> = resource
            .get("cidr_block")
            .into_iter()
            .chain(secondary.into_iter().flatten())
            .filter_map(|range| Some(range.as_str()?.to_owned()))
            .collect();
        let (base, length) = bounds(self.any::<String>(&ranges))?;
        let own = self.rng.u32(length.max(20)..=28);
        Some(format!(
            "{}/{own}",
            std::net::Ipv4Addr::from(base + (self.rng.u32(0..1 << (own - length)) << (32 - own)))
        ))
    }

    /// One of the first addresses that EC2 gives in a subnet.
    fn address_in(&mut self, subnet: &str) -> Option<String> {
        let (base, _) = bounds(self.attribute("subnet", subnet, "cidr_block")?)?;
        Some(std::net::Ipv4Addr::from(base + 3 + self.rng.u32(0..12)).to_string())
    }

    fn volume(&mut self) -> Value {
        let mut volume = json!({});
        let fields = [
            ("size", json!(*self.any(&[8, 20, 100, 1000]))),
            (
                "type",
                json!(*self.any(&["gp2", "gp3", "io1", "io2", "standard"])),
            ),
            ("iops", json!(*self.any(&[100, 3000, 4000, 16_000]))),
            ("throughput", json!(*self.any(&[125, 250, 1000]))),
            ("encrypted", json!(self.rng.bool())),
            ("delete_on_termination", json!(self.rng.bool())),
        ];
        for (name, value) in fields {
            if self.rng.bool() {
                volume[name] = value;
            }
        }
        if volume.get("throughput").is_some() {
            volume["type"] = json!("gp3");
            volume["iops"] = json!(*self.any(&[3000, 4000, 16_000]));
        }
        // How many operations there may be depends on the size, and that of the image nobody knows before.
        if volume.get("iops").is_some() {
            volume["size"] = json!(*self.any(&[100, 1000]));
        }
        volume
    }

    fn protocol(&mut self) -> Value {
        let mut rule = json!({"protocol": *self.any(&["tcp", "udp", "icmp", "icmp", "icmpv6", "all", "50", "6", "0", "255"])});
        match rule["protocol"].as_str() {
            Some("tcp" | "udp" | "6") => {
                rule["port"] = json!(*self.any(&["22", "0", "65535", "0-65535", "1024-2048"]));
            }
            Some("icmp" | "icmpv6") => {
                rule["icmp_type"] = json!(*self.any(&[-1, 0, 8, 255]));
                if rule["icmp_type"] != json!(-1) && self.rng.bool() {
                    rule["icmp_code"] = json!(*self.any(&[-1, 0, 255]));
                }
            }
            _ => {}
        }
        rule
    }

    fn rule(&mut self, vpc: &str) -> Value {
        let mut rule = self.protocol();
        let group = self.one_within("security_group", vpc);
        match (self.rng.usize(0..5), group) {
            (0, Some(group)) => rule["security_group"] = json!(group),
            (1, _) => rule["prefix_list"] = json!(*self.any(&["aws/s3", "aws/dynamodb"])),
            (2, _) => rule["cidr"] = json!(*self.any(&["::/0", "2001:db8::/32", "fd00::/8"])),
            (3, _) => rule["cidr"] = json!(["192.0.2.0/24", "198.51.100.7/32"]),
            _ => rule["cidr"] = json!(*self.any(&["0.0.0.0/0", "10.0.0.0/8", "203.0.113.9/32"])),
        }
        if self.one_in(2) {
            rule["description"] = json!(*self.any(&GROUP_TEXTS));
        }
        rule
    }

    fn entry(&mut self, number: u32) -> Value {
        let mut entry = self.protocol();
        entry["rule_number"] = json!(number);
        entry["action"] = json!(*self.any(&["allow", "deny"]));
        entry["cidr"] = json!(*self.any(&["0.0.0.0/0", "10.0.0.0/8", "::/0", "2001:db8::/32"]));
        entry
    }

    fn route(&mut self, vpc: &str) -> Option<Value> {
        let subnet = self
            .one_within("subnet", vpc)
            .and_then(|subnet| self.attribute("subnet", &subnet, "cidr_block").map(str::to_owned));
        let destination = if let Some(range) = subnet.filter(|_| self.one_in(4)) {
            range
        } else {
            (*self.any(&DESTINATIONS)).to_owned()
        };
        let out = self.one_within("egress_only_internet_gateway", vpc);
        if let Some(gateway) = out.filter(|_| destination.contains(':')) {
            return Some(json!({"destination": destination, "egress_only_internet_gateway": gateway}));
        }
        let gateway = self.one_within("internet_gateway", vpc);
        match (self.rng.bool(), gateway, self.name("nat_gateway")) {
            (true, Some(gateway), _) => {
                Some(json!({"destination": destination, "internet_gateway": gateway}))
            }
            (_, _, Some(nat)) if self.nat_is_in(&nat, vpc) => {
                Some(json!({"destination": destination, "nat_gateway": nat}))
            }
            _ => None,
        }
    }

    fn policy(&mut self) -> Value {
        let statement = json!({
            "Effect": *self.any(&["Allow", "Deny"]),
            *self.any(&["Principal", "NotPrincipal"]): *self.any(&["*", "123456789012"]),
            *self.any(&["Action", "NotAction"]): ["s3:GetObject", "s3:PutObject"],
            *self.any(&["Resource", "NotResource"]): "arn:aws:s3:::b/*",
        });
        match self.rng.usize(0..4) {
            0 => json!({"Statement": statement}),
            1 => {
                json!({"Version": "2012-10-17", "Id": "x", "Statement": [statement, {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})
            }
            2 => json!({"Statement": []}),
            _ => json!({"Version": "2012-10-17", "Statement": [statement]}),
        }
    }
}

/// A range's first address as a number, and its prefix length.
fn bounds(range: &str) -> Option<(u32, u32)> {
    let (base, length) = range.split_once('/')?;
    Some((
        u32::from(base.parse::<std::net::Ipv4Addr>().ok()?),
        length.parse().ok()?,
    ))
}
