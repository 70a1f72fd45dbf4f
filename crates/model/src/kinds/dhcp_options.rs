//! `dhcp_options`: what instances learn from DHCP.

pub mod formats;

use serde::{Deserialize, Serialize};

use crate::Kind;
use crate::action::actions;
use crate::attr::{Attr, TAGS, attributes};
use crate::call::Call;
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::net::IPV4;
use crate::observed::Object;
use crate::rules::{Context, Rules};
use crate::schema::{Attribute, Quota, Schema, Type};
use crate::topology::Topology;
use crate::value::{Record, Value};

/// A set of DHCP options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct DhcpOptions {
    pub domain_name: Option<String>,
    pub domain_name_servers: Option<Servers>,
    pub ntp_servers: Option<Servers>,
    pub netbios_name_servers: Option<Servers>,
    pub netbios_node_type: Option<i64>,
    pub ipv6_address_preferred_lease_time: Option<i64>,
}

/// Servers in their order: who asks begins with the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Servers {
    /// A spec's shorthand for a list of one.
    One(String),
    /// A list, as records have it.
    Many(Vec<String>),
}

impl Typed for DhcpOptions {
    const KIND: Kind = Kind::DhcpOptions;
}

attributes! {
    DOMAIN_NAME: str = "domain_name";
    DOMAIN_NAME_SERVERS: Value = "domain_name_servers";
    NTP_SERVERS: Value = "ntp_servers";
    NETBIOS_NAME_SERVERS: Value = "netbios_name_servers";
    NETBIOS_NODE_TYPE: i64 = "netbios_node_type";
    IPV6_ADDRESS_PREFERRED_LEASE_TIME: i64 = "ipv6_address_preferred_lease_time";
}

actions! {
    CREATE = create "CreateDhcpOptions";
    DELETE = delete "DeleteDhcpOptions";
}

const LIFE: &str = "a set of DHCP options never changes";

static DNS_SERVERS: Type = Type::Text(&formats::DNS_SERVER);
static TIME_SERVERS: Type = Type::Text(&formats::SERVER);
static NETBIOS_SERVERS: Type = Type::Text(&IPV4);

static SCHEMA: Schema = Schema {
    kind: Kind::DhcpOptions,
    arn_type: "dhcp-options",
    tag_type: "dhcp-options",
    doc: "What instances learn from DHCP: the domain that completes names, and the servers for names and for time. \
          VPCs name their set by `dhcp_options`.",
    example: "\
dhcp_options:
  corp:
    domain_name: corp.example
    domain_name_servers: [10.0.0.53, 10.0.1.53]
    ntp_servers: [169.254.169.123]
",
    notes: &[
        "EC2 changes nothing about a set but its tags: another one is made, its VPCs are given that one, and the old \
         one is deleted.",
        "Servers stay in the order in which they are written: hosts ask the first one first.",
        "Instances learn of another set when they renew their lease, within hours and without a restart.",
        "Who writes no set at all has EC2's own: names of the region, and Amazon's DNS server.",
    ],
    attributes: &[
        Attribute::new(
            attr::DOMAIN_NAME,
            Type::Text(&formats::DOMAIN),
            "The domain that completes names without one.",
        )
        .unfelt()
        .replace(LIFE),
        Attribute::new(
            attr::DOMAIN_NAME_SERVERS,
            Type::OneOrMany(&DNS_SERVERS),
            "The DNS servers: `AmazonProvidedDNS`, or the addresses of up to four over IPv4 and four over IPv6.",
        )
        .unfelt()
        .replace(LIFE),
        Attribute::new(
            attr::NTP_SERVERS,
            Type::OneOrMany(&TIME_SERVERS),
            "The time servers: up to four over IPv4 and four over IPv6.",
        )
        .unfelt()
        .replace(LIFE),
        Attribute::new(
            attr::NETBIOS_NAME_SERVERS,
            Type::OneOrMany(&NETBIOS_SERVERS),
            "The NetBIOS name servers, up to four.",
        )
        .unfelt()
        .replace(LIFE),
        Attribute::new(
            attr::NETBIOS_NODE_TYPE,
            Type::Int(1, 8),
            "How NetBIOS names are resolved: 1, 2, 4 or 8. EC2 recommends 2, which asks the servers alone.",
        )
        .unfelt()
        .replace(LIFE),
        Attribute::new(
            attr::IPV6_ADDRESS_PREFERRED_LEASE_TIME,
            Type::Int(140, 2_147_483_647),
            "How many seconds an IPv6 address is preferred before its lease is renewed.",
        )
        .absent("EC2's 140")
        .unfelt()
        .replace(LIFE),
    ],
    selected_by_tags: false,
    quota: Quota::Unlimited,
};

/// All that a set of DHCP options is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &DhcpOptionsRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: false,
};

/// What a set of DHCP options is.
#[derive(Debug)]
struct DhcpOptionsRules;

/// EC2 takes so many servers of one family.
const SERVERS_MAX: usize = 4;

impl Rules for DhcpOptionsRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        for list in [
            attr::DOMAIN_NAME_SERVERS,
            attr::NTP_SERVERS,
            attr::NETBIOS_NAME_SERVERS,
        ] {
            if let Some(one @ Value::Text(_)) = record.get(list).cloned() {
                record.set(list, Value::List(vec![one]));
            }
            check_servers(record, list, context);
        }
        if let Some(ty) = record
            .get(attr::NETBIOS_NODE_TYPE)
            .filter(|ty| ![1, 2, 4, 8].contains(ty))
        {
            context.problem(
                attr::NETBIOS_NODE_TYPE,
                "dhcp-node-type",
                format!("there is no NetBIOS node type {ty}"),
                "write 1, 2, 4 or 8",
            );
        }
        if record.is_empty() {
            context.problem(
                "",
                "dhcp-options-empty",
                format!("{} has no option, and EC2 makes no empty set", context.address),
                "give it one, such as `domain_name_servers: AmazonProvidedDNS`",
            );
        }
    }

    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::DhcpOptions) {
            let servers = servers(&resource.record, attr::DOMAIN_NAME_SERVERS);
            if servers.len() > 1 && servers.contains(&formats::AMAZON) {
                let message = format!(
                    "{} has Amazon's DNS server beside others, and they do not answer alike",
                    resource.address
                );
                out.push(
                    Diagnostic::warning("dhcp-servers", message)
                        .at(resource.place(attr::DOMAIN_NAME_SERVERS), "")
                        .help("hosts ask either: keep `AmazonProvidedDNS`, or the addresses"),
                );
            }
            if resource.record.text(attr::DOMAIN_NAME).contains(' ') {
                let message = "several domain names are one text to EC2: Windows and some Linux systems take it for one name";
                out.push(
                    Diagnostic::warning("dhcp-domain", message)
                        .at(resource.place(attr::DOMAIN_NAME), "")
                        .help("write one domain name"),
                );
            }
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.without(&[TAGS.name]))
    }
}

/// The servers of a list, in their order.
pub fn servers(record: &Record, list: Attr<Value>) -> Vec<&str> {
    let all = record.get(list).map_or(&[][..], Value::as_list);
    all.iter().filter_map(Value::as_text).collect()
}

fn check_servers(record: &Record, list: Attr<Value>, context: &mut Context<'_>) {
    let servers = servers(record, list);
    for (is_ipv4, family) in [(true, "IPv4"), (false, "IPv6")] {
        let of_it = servers
            .iter()
            .filter(|server| formats::is_ipv4(server) == is_ipv4);
        let count = of_it.count();
        if count > SERVERS_MAX {
            context.problem(
                list,
                "dhcp-servers",
                format!("`{list}` has {count} servers over {family}, and EC2 takes {SERVERS_MAX}"),
                "keep those that are asked first",
            );
        }
    }
    let twice = servers
        .iter()
        .enumerate()
        .find(|(at, server)| servers[..*at].contains(server));
    if let Some((at, server)) = twice {
        context.problem(
            format!("{list}[{at}]"),
            "dhcp-servers",
            format!("`{list}` has {server} twice"),
            "keep one of them",
        );
    }
}
