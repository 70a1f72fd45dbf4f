//! The table of limits: values that are just right and values that are just past them, with EC2's own call
//! for each.

use base64::Engine as _;
use serde_json::{Value as Json, json};

use super::POOL;
use super::dhcp::dhcp;
use super::endpoints::endpoints;
use super::hosts::{hosts, metadata, volumes};
use super::logs::logs;
use super::peers::peers;
use super::volumes::volumes as own_volumes;

/// The limits of one attribute.
pub struct Row {
    /// The attribute, such as `instance.root_volume.size`; `egress` is as `ingress`.
    pub of: &'static str,
    /// What `validate` takes and EC2 does.
    pub at: Vec<Case>,
    /// What neither takes.
    pub past: Vec<Case>,
}

/// A spec and the call that asks EC2 for the same.
pub struct Case {
    /// What is laid over the base: attributes by address.
    pub spec: Json,
    /// The call, with `{address}` for ids of the base.
    pub query: String,
}

const GROUP: &str = "GroupId={security_group.main}&IpPermissions.1";
const ENTRY: &str = "CreateNetworkAclEntry&NetworkAclId={network_acl.main}&Egress=false";

/// A row whose cases differ in one value, which stands for `$` in both.
pub fn row(of: &'static str, spec: &Json, query: &str, at: &[Json], past: &[Json]) -> Row {
    let case = |value: &Json| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        Case {
            spec: put(spec, value),
            query: query.replace('$', &text),
        }
    };
    Row {
        of,
        at: at.iter().map(case).collect(),
        past: past.iter().map(case).collect(),
    }
}

/// A row whose cases differ in more than one value: a piece of a spec and the end of the call for each.
pub fn mixed(of: &'static str, spec: &Json, query: &str, at: &[(Json, &str)], past: &[(Json, &str)]) -> Row {
    let case = |(value, end): &(Json, &str)| Case {
        spec: put(spec, value),
        query: format!("{query}{end}"),
    };
    Row {
        of,
        at: at.iter().map(case).collect(),
        past: past.iter().map(case).collect(),
    }
}

/// A piece of a spec with a value in the place of `$`.
pub fn put(spec: &Json, value: &Json) -> Json {
    match spec {
        Json::String(text) if text == "$" => value.clone(),
        Json::Array(list) => list.iter().map(|one| put(one, value)).collect(),
        Json::Object(fields) => fields
            .iter()
            .map(|(name, one)| (name.clone(), put(one, value)))
            .collect(),
        other => other.clone(),
    }
}

/// Texts as values.
pub fn texts(all: &[&str]) -> Vec<Json> {
    all.iter().map(|text| json!(text)).collect()
}

/// All rows.
pub fn rows() -> Vec<Row> {
    [
        networks(),
        routing(),
        filters(),
        groups(),
        hosts(),
        volumes(),
        metadata(),
        dhcp(),
        endpoints(),
        logs(),
        own_volumes(),
        peers(),
        others(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn networks() -> Vec<Row> {
    let vpc = json!({"vpc.x": {"cidr_block": "$"}});
    let second = json!({"vpc.main": {"secondary_cidr_blocks": ["$"]}});
    let subnet = json!({"subnet.x": {"cidr_block": "$"}});
    let in_zone = |name: &str| json!({"subnet.x": {"cidr_block": "10.0.1.0/24", name: "$"}});
    vec![
        row(
            "vpc.cidr_block",
            &vpc,
            "CreateVpc&CidrBlock=$",
            &texts(&[
                "10.1.0.0/16",
                "10.1.0.0/28",
                "1.0.0.0/16",
                "223.255.0.0/16",
                "100.64.0.0/16",
                "172.31.0.0/16",
            ]),
            &texts(&[
                "10.0.0.0/15",
                "10.1.0.0/29",
                "0.1.0.0/16",
                "127.0.0.0/16",
                "169.254.0.0/16",
                "224.0.0.0/16",
                "255.255.0.0/16",
            ]),
        ),
        row(
            "vpc.ipv6_cidr_block",
            &json!({"vpc.main": {"ipv6_cidr_block": "$", "ipv6_pool": POOL}}),
            "AssociateVpcCidrBlock&VpcId={vpc.main}&Ipv6Pool=ipv6pool-ec2-0123456789abcdef0&Ipv6CidrBlock=$",
            &texts(&["2001:db8:100::/44", "2001:db8:100::/56", "2001:db8:100::/60"]),
            &texts(&[
                "2001:db8:100::/40",
                "2001:db8:100::/58",
                "2001:db8:100::/64",
                "10.2.0.0/16",
            ]),
        ),
        row(
            "vpc.ipv6_pool",
            &json!({"vpc.main": {"ipv6_cidr_block": "2001:db8:100::/56", "ipv6_pool": "$"}}),
            "AssociateVpcCidrBlock&VpcId={vpc.main}&Ipv6CidrBlock=2001:db8:100::/56&Ipv6Pool=$",
            &texts(&[POOL, "ipv6pool-ec2-01234567"]),
            &texts(&["ipv6pool-ec2-1", "ipv4pool-ec2-0123456789abcdef0"]),
        ),
        row(
            "subnet.ipv6_cidr_block",
            &json!({"subnet.x": {"vpc": "other", "cidr_block": "10.9.1.0/24", "ipv6_cidr_block": "$"}}),
            "CreateSubnet&VpcId={vpc.other}&CidrBlock=10.9.1.0/24&Ipv6CidrBlock=$",
            &texts(&["2001:db8::/44", "2001:db8::/60", "2001:db8:f:ffff::/64"]),
            &texts(&[
                "2001:db8::/62",
                "2001:db8::/65",
                "2001:db8:10::/64",
                "10.9.1.0/24",
            ]),
        ),
        row(
            "vpc.secondary_cidr_blocks",
            &second,
            "AssociateVpcCidrBlock&VpcId={vpc.main}&CidrBlock=$",
            &texts(&[
                "10.2.0.0/16",
                "10.1.0.0/16",
                "10.2.0.0/28",
                "100.64.0.0/16",
                "1.0.0.0/16",
            ]),
            &texts(&[
                "10.2.0.0/15",
                "10.2.0.0/29",
                "172.16.0.0/16",
                "192.168.0.0/16",
                "198.19.0.0/16",
                "169.254.0.0/16",
                "10.0.9.0/24",
            ]),
        ),
        row(
            "vpc.instance_tenancy",
            &json!({"vpc.x": {"cidr_block": "10.1.0.0/16", "instance_tenancy": "$"}}),
            "CreateVpc&CidrBlock=10.1.0.0/16&InstanceTenancy=$",
            &texts(&["default", "dedicated"]),
            &texts(&["shared"]),
        ),
        row(
            "subnet.cidr_block",
            &subnet,
            "CreateSubnet&VpcId={vpc.main}&CidrBlock=$",
            &texts(&["10.0.1.0/28", "10.0.128.0/17"]),
            &texts(&[
                "10.0.1.0/29",
                "10.1.0.0/24",
                "10.0.0.0/15",
                "10.0.0.0/28",
                "10.0.0.0/23",
            ]),
        ),
        row(
            "subnet.cidr_block",
            &json!({"vpc.x": {"cidr_block": "10.9.0.0/16"}, "subnet.x": {"vpc": "x", "cidr_block": "$"}}),
            "CreateSubnet&VpcId={vpc.other}&CidrBlock=$",
            &texts(&["10.9.0.0/16"]),
            &[],
        ),
        row(
            "subnet.availability_zone",
            &in_zone("availability_zone"),
            "CreateSubnet&VpcId={vpc.main}&CidrBlock=10.0.1.0/24&AvailabilityZone=$",
            &texts(&["us-west-2a", "us-west-2d"]),
            &texts(&["us-east-1a", "usw2-az1", "us-west-2"]),
        ),
        row(
            "subnet.availability_zone_id",
            &in_zone("availability_zone_id"),
            "CreateSubnet&VpcId={vpc.main}&CidrBlock=10.0.1.0/24&AvailabilityZoneId=$",
            &texts(&["usw2-az1", "usw2-az4"]),
            &texts(&["us-west-2a", "usw2"]),
        ),
        mixed(
            "nat_gateway.connectivity_type",
            &json!({"elastic_ip.x": {}, "nat_gateway.x": "$"}),
            "CreateNatGateway&SubnetId={subnet.main}",
            &[
                (
                    json!({"subnet": "main", "connectivity_type": "public", "elastic_ip": "x"}),
                    "&AllocationId={elastic_ip.main}",
                ),
                (
                    json!({"subnet": "main", "connectivity_type": "private"}),
                    "&ConnectivityType=private",
                ),
            ],
            &[
                (
                    json!({"subnet": "main", "connectivity_type": "public"}),
                    "&ConnectivityType=public",
                ),
                (
                    json!({"subnet": "main", "connectivity_type": "hybrid"}),
                    "&ConnectivityType=hybrid",
                ),
                (
                    json!({"subnet": "main", "connectivity_type": "private", "elastic_ip": "x"}),
                    "&ConnectivityType=private&AllocationId={elastic_ip.main}",
                ),
            ],
        ),
        row(
            "nat_gateway.private_ip_address",
            &json!({"nat_gateway.x": {"subnet": "main", "connectivity_type": "private", "private_ip_address": "$"}}),
            "CreateNatGateway&SubnetId={subnet.main}&ConnectivityType=private&PrivateIpAddress=$",
            &texts(&["10.0.0.4", "10.0.0.254"]),
            &texts(&["10.0.0.3", "10.0.0.0", "10.0.0.255", "10.0.1.4", "10.0.0.256"]),
        ),
    ]
}

fn routing() -> Vec<Row> {
    vec![row(
        "route_table.routes.destination",
        &json!({"route_table.main": {"routes": [{"destination": "$", "internet_gateway": "main"}]}}),
        "CreateRoute&RouteTableId={route_table.main}&GatewayId={internet_gateway.main}&DestinationCidrBlock=$",
        &texts(&[
            "0.0.0.0/0",
            "10.1.0.0/16",
            "1.2.3.4/32",
            "10.0.0.0/8",
            "169.254.172.0/22",
        ]),
        &texts(&[
            "10.0.0.0/16",
            "10.0.5.0/24",
            "169.254.168.0/22",
            "169.254.169.254/32",
            "1.2.3.4/33",
            "1.2.3.256/32",
        ]),
    )]
}

fn filters() -> Vec<Row> {
    let entry = |fields: Json| {
        let mut all = json!({"rule_number": 100, "action": "allow", "protocol": "tcp", "port": "22", "cidr": "10.0.0.0/8"});
        for (name, value) in fields.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        if all["protocol"] != "tcp" {
            all.as_object_mut().expect("an entry").remove("port");
        }
        json!({"network_acl.main": {"ingress": [all]}})
    };
    let tcp = format!("{ENTRY}&RuleNumber=100&RuleAction=allow&Protocol=6&CidrBlock=10.0.0.0/8");
    let icmp = format!("{ENTRY}&RuleNumber=100&RuleAction=allow&Protocol=1&CidrBlock=10.0.0.0/8");
    let plain = format!(
        "{ENTRY}&RuleNumber=100&RuleAction=allow&CidrBlock=10.0.0.0/8&PortRange.From=1&PortRange.To=2&Icmp.Type=8&Icmp.Code=0"
    );
    vec![
        row(
            "network_acl.ingress.rule_number",
            &entry(json!({"rule_number": "$"})),
            &format!("{ENTRY}&RuleAction=allow&Protocol=-1&CidrBlock=10.0.0.0/8&RuleNumber=$"),
            &[json!(1), json!(32766)],
            &[json!(0), json!(32767)],
        ),
        row(
            "network_acl.ingress.action",
            &entry(json!({"action": "$"})),
            &format!("{ENTRY}&RuleNumber=100&Protocol=-1&CidrBlock=10.0.0.0/8&RuleAction=$"),
            &texts(&["allow", "deny"]),
            &texts(&["drop"]),
        ),
        mixed(
            "network_acl.ingress.protocol",
            &entry(json!({"protocol": "$"})),
            &plain,
            &[
                (json!("all"), "&Protocol=-1"),
                (json!("icmp"), "&Protocol=1"),
                (json!("0"), "&Protocol=0"),
                (json!("255"), "&Protocol=255"),
            ],
            &[
                (json!("256"), "&Protocol=256"),
                (json!("-2"), "&Protocol=-2"),
                (json!("sctp"), "&Protocol=sctp"),
            ],
        ),
        mixed(
            "network_acl.ingress.port",
            &entry(json!({"port": "$"})),
            &tcp,
            &[
                (json!(0), "&PortRange.From=0&PortRange.To=0"),
                (json!("65535"), "&PortRange.From=65535&PortRange.To=65535"),
            ],
            &[
                (json!(65536), "&PortRange.From=65536&PortRange.To=65536"),
                (json!("0-65536"), "&PortRange.From=0&PortRange.To=65536"),
                (json!("2-1"), "&PortRange.From=2&PortRange.To=1"),
                (json!("-1"), "&PortRange.From=-1&PortRange.To=-1"),
            ],
        ),
        row(
            "network_acl.ingress.icmp_type",
            &entry(json!({"protocol": "icmp", "icmp_type": "$"})),
            &format!("{icmp}&Icmp.Code=-1&Icmp.Type=$"),
            &[json!(-1), json!(0), json!(255)],
            &[json!(-2), json!(256)],
        ),
        row(
            "network_acl.ingress.icmp_code",
            &entry(json!({"protocol": "icmp", "icmp_type": 3, "icmp_code": "$"})),
            &format!("{icmp}&Icmp.Type=3&Icmp.Code=$"),
            &[json!(-1), json!(0), json!(255)],
            &[json!(-2), json!(256)],
        ),
        row(
            "network_acl.ingress.cidr",
            &entry(json!({"cidr": "$"})),
            &format!("{ENTRY}&RuleNumber=100&RuleAction=allow&Protocol=-1&CidrBlock=$"),
            &texts(&["0.0.0.0/0", "255.255.255.255/32"]),
            &texts(&["10.0.0.0/33", "10.0.0.256/32"]),
        ),
    ]
}

fn groups() -> Vec<Row> {
    let rule = |fields: Json| {
        let mut all = json!({"protocol": "tcp", "port": "22", "cidr": "10.0.0.0/8"});
        for (name, value) in fields.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        if all["protocol"] != "tcp" {
            all.as_object_mut().expect("a rule").remove("port");
        }
        json!({"security_group.main": {"ingress": [all]}})
    };
    let named = |name: &str, value: &str| json!({"security_group.x": {"description": "x", name: value}});
    let authorize = format!("AuthorizeSecurityGroupIngress&{GROUP}");
    let permission = format!("{authorize}.IpRanges.1.CidrIp=10.0.0.0/8&IpPermissions.1");
    let (long, longer) = ("x".repeat(255), "x".repeat(256));
    vec![
        row(
            "security_group.group_name",
            &named("group_name", "$"),
            "CreateSecurityGroup&VpcId={vpc.main}&GroupDescription=x&GroupName=$",
            &texts(&["x", "a b", "._-:/()#,@[]+=&;{}!$*", &"x".repeat(250)]),
            &texts(&["", "sg-x", "default", "a%b", "a\"b", "ä", "a\tb", &longer]),
        ),
        row(
            "security_group.description",
            &named("description", "$"),
            "CreateSecurityGroup&VpcId={vpc.main}&GroupName=x&GroupDescription=$",
            &texts(&["x", "._-:/()#,@[]+=&;{}!$*", &long]),
            &texts(&["", "a%b", "a'b", "a?b", "ä", "a\nb", &longer]),
        ),
        row(
            "security_group.ingress.description",
            &rule(json!({"description": "$"})),
            &format!(
                "{permission}.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&IpPermissions.1.IpRanges.1.Description=$"
            ),
            &texts(&["x", &long]),
            &texts(&["a%b", "a'b", "ä", &longer]),
        ),
        mixed(
            "security_group.ingress.protocol",
            &rule(json!({"protocol": "$"})),
            &format!("{permission}.IpProtocol="),
            &[
                (json!("all"), "-1"),
                (
                    json!("icmp"),
                    "icmp&IpPermissions.1.FromPort=-1&IpPermissions.1.ToPort=-1",
                ),
                (json!("0"), "0"),
                (json!("255"), "255"),
            ],
            &[
                (json!("256"), "256"),
                (json!("-2"), "-2"),
                (json!("sctp"), "sctp"),
            ],
        ),
        mixed(
            "security_group.ingress.port",
            &rule(json!({"port": "$"})),
            &format!("{permission}.IpProtocol=tcp"),
            &[
                (json!(0), "&IpPermissions.1.FromPort=0&IpPermissions.1.ToPort=0"),
                (
                    json!("65535"),
                    "&IpPermissions.1.FromPort=65535&IpPermissions.1.ToPort=65535",
                ),
            ],
            &[
                (
                    json!(65536),
                    "&IpPermissions.1.FromPort=65536&IpPermissions.1.ToPort=65536",
                ),
                (
                    json!("0-65536"),
                    "&IpPermissions.1.FromPort=0&IpPermissions.1.ToPort=65536",
                ),
                (
                    json!("2-1"),
                    "&IpPermissions.1.FromPort=2&IpPermissions.1.ToPort=1",
                ),
                (
                    json!("-2"),
                    "&IpPermissions.1.FromPort=-2&IpPermissions.1.ToPort=-2",
                ),
            ],
        ),
        row(
            "security_group.ingress.icmp_type",
            &rule(json!({"protocol": "icmp", "icmp_type": "$"})),
            &format!("{permission}.IpProtocol=icmp&IpPermissions.1.ToPort=-1&IpPermissions.1.FromPort=$"),
            &[json!(-1), json!(0), json!(255)],
            &[json!(-2), json!(256)],
        ),
        row(
            "security_group.ingress.icmp_code",
            &rule(json!({"protocol": "icmp", "icmp_type": 3, "icmp_code": "$"})),
            &format!("{permission}.IpProtocol=icmp&IpPermissions.1.FromPort=3&IpPermissions.1.ToPort=$"),
            &[json!(-1), json!(0), json!(255)],
            &[json!(-2), json!(256)],
        ),
        row(
            "security_group.ingress.cidr",
            &rule(json!({"cidr": "$"})),
            &format!("{authorize}.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=$"),
            &texts(&["0.0.0.0/0", "255.255.255.255/32"]),
            &texts(&["10.0.0.0/33", "10.0.0.256/32"]),
        ),
        mixed(
            "security_group.ingress.prefix_list",
            &json!({"security_group.main": {"ingress": [{"protocol": "tcp", "port": 22, "prefix_list": "$"}]}}),
            &format!(
                "{authorize}.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&IpPermissions.1.PrefixListIds.1.PrefixListId="
            ),
            &[(json!("aws/s3"), "pl-68a54001")],
            &[(json!("pl-1"), "pl-1"), (json!("s3"), "s3")],
        ),
    ]
}

fn others() -> Vec<Row> {
    let key = |of: &'static str, spec: Json, query: &str, at: &[Json], past: &[Json]| {
        row(of, &spec, query, at, past)
    };
    let material = form_urlencoded::byte_serialize(
        base64::engine::general_purpose::STANDARD
            .encode(trueup_tests::PUBLIC_KEY)
            .as_bytes(),
    )
    .collect::<String>();
    let tagged = |key: &str, value: &str| {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let query = format!(
            "CreateTags&ResourceId.1={{vpc.main}}&Tag.1.Key={}&Tag.1.Value={}",
            encode(key),
            encode(value)
        );
        Case {
            spec: json!({"vpc.main": {"tags": {key: value}}}),
            query,
        }
    };
    vec![
        key(
            "key_pair.key_name",
            json!({"key_pair.x": {"public_key": trueup_tests::PUBLIC_KEY, "key_name": "$"}}),
            &format!("ImportKeyPair&PublicKeyMaterial={material}&KeyName=$"),
            &texts(&["x", "a b", "!~", &"x".repeat(255)]),
            &texts(&["", "ä", " x", "x ", &"x".repeat(256)]),
        ),
        mixed(
            "key_pair.public_key",
            &json!({"key_pair.x": {"public_key": "$"}}),
            "ImportKeyPair&KeyName=y",
            &[(
                json!(trueup_tests::PUBLIC_KEY),
                &format!("&PublicKeyMaterial={material}"),
            )],
            &[(
                json!("ssh-ed25519 AAAA"),
                "&PublicKeyMaterial=c3NoLWVkMjU1MTkgQUFBQQ%3D%3D",
            )],
        ),
        Row {
            of: "tags",
            at: vec![
                tagged(&"k".repeat(128), "v"),
                tagged("ключ", "значение"),
                tagged(" k ", " v "),
                tagged("k", &"😀".repeat(256)),
                tagged("k", ""),
                tagged("k%?'\"", "<&>"),
            ],
            past: vec![
                tagged(&"k".repeat(129), "v"),
                tagged("", "v"),
                tagged("aws:k", "v"),
                tagged("AWS:k", "v"),
                tagged("k", &"v".repeat(257)),
            ],
        },
    ]
}
