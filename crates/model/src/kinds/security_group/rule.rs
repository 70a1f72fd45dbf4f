//! A security group's rules: their fields, their shorthands, and what tells two of them apart.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::DESCRIPTION;
use super::attr;
use crate::attr::Attr;
use crate::kinds::route_table::{self, list};
use crate::kinds::vpc_endpoint;
use crate::net::{Format, PORTS, PROTOCOL, Ports, RANGE};
use crate::room::{self, Counts, Lists};
use crate::rules::Context;
use crate::schema::{Attribute, Follow, Type};
use crate::traffic;
use crate::value::{Record, Value};
use crate::{Kind, Ref};

/// One rule: a protocol, its ports or ICMP type, and one source (for egress: destination).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct Rule {
    pub protocol: String,
    pub port: Option<Ports>,
    pub icmp_type: Option<i64>,
    pub icmp_code: Option<i64>,
    pub cidr: Option<String>,
    pub security_group: Option<Ref>,
    pub prefix_list: Option<String>,
    pub description: Option<String>,
}

static PREFIX_LIST: Format = Format {
    what: "a prefix list: an id such as pl-…, or aws/s3",
    pattern: concat!("^(", list!(), ")$"),
    number: false,
    read: route_table::prefix_list,
};

/// The fields of a rule as a spec writes it.
pub static FIELDS: [Attribute; 8] = [
    Attribute::new(
        attr::PROTOCOL,
        Type::Text(&PROTOCOL),
        "`tcp`, `udp`, `icmp`, `icmpv6`, `all`, or a number.",
    )
    .required(),
    Attribute::new(
        attr::PORT,
        Type::OneOrMany(&Type::Text(&PORTS)),
        "A port or a range such as `8000-8080`; a list stands for that many rules. Required for tcp \
         and udp.",
    ),
    Attribute::new(attr::ICMP_TYPE, Type::Int(-1, 255), "The ICMP type.").absent("every type"),
    Attribute::new(attr::ICMP_CODE, Type::Int(-1, 255), "The ICMP code.").absent("every code"),
    Attribute::new(
        attr::CIDR,
        Type::OneOrMany(&Type::Text(&RANGE)),
        "Source: an IPv4 or IPv6 range; a list stands for that many rules.",
    ),
    Attribute::new(
        attr::SECURITY_GROUP,
        Type::Ref(Kind::SecurityGroup, Follow::Id),
        "Source: whatever has this security group.",
    ),
    Attribute::new(
        attr::PREFIX_LIST,
        Type::Text(&PREFIX_LIST),
        "Source: the ranges of this prefix list.",
    ),
    Attribute::new(
        attr::DESCRIPTION,
        Type::Text(&DESCRIPTION),
        "What the rule is for.",
    )
    .wider_live(),
];

/// What EC2 lets out by itself.
pub fn allow_all() -> Value {
    Record::new()
        .with(attr::PROTOCOL, "all")
        .with(attr::CIDR, "0.0.0.0/0")
        .into()
}

/// What EC2 lets out besides where the VPC has an IPv6 range.
pub fn allow_all_ipv6() -> Value {
    Record::new()
        .with(attr::PROTOCOL, "all")
        .with(attr::CIDR, "::/0")
        .into()
}

/// How much of a group a rule takes: a reference counts as a rule of each family, and a prefix list as all
/// that it may hold.
pub fn weight(rule: &Value, lists: &Lists) -> Counts {
    let Some(rule) = rule.as_map() else {
        return Counts::default();
    };
    match rule.get(attr::CIDR) {
        Some(IpNet::V4(_)) => Counts { v4: 1, v6: 0 },
        Some(IpNet::V6(_)) => Counts { v4: 0, v6: 1 },
        None => Counts::both(room::of_list(rule.text(attr::PREFIX_LIST), lists)),
    }
}

/// What tells two rules of a group apart: protocol, ports and source; the description is not part of it.
pub const KEY: [&str; 7] = [
    attr::PROTOCOL.name,
    attr::PORT.name,
    attr::ICMP_TYPE.name,
    attr::ICMP_CODE.name,
    attr::CIDR.name,
    attr::SECURITY_GROUP.name,
    attr::PREFIX_LIST.name,
];

/// What a rule has one of.
const SOURCES: [&str; 3] = [attr::CIDR.name, attr::SECURITY_GROUP.name, attr::PREFIX_LIST.name];

/// How that reads.
pub fn key(rule: &Value) -> String {
    let Some(rule) = rule.as_map() else {
        return String::new();
    };
    let mut key = traffic::words(rule);
    for source in SOURCES {
        if let Some(value) = rule.value(source) {
            key = match value {
                Value::Ref(reference) => format!("{key} {reference}"),
                value => format!("{key} {source} {value}"),
            };
        }
    }
    key
}

/// The rules as EC2 has them: lists of ports and ranges multiplied out, every rule once.
pub fn expand(rules: Vec<Value>, direction: Attr<[Value]>, context: &mut Context<'_>) -> Value {
    let (mut expanded, mut origins) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for (index, rule) in rules.into_iter().enumerate() {
        let Value::Map(rule) = rule else { continue };
        let path = format!("{direction}[{index}]");
        check(&rule, &path, context);
        for rule in multiply(canonical(rule, context.region)) {
            let rule = Value::Map(rule);
            let key = key(&rule);
            if seen.contains(&key) {
                context.problem(
                    &path,
                    "rule-twice",
                    format!("the rule `{key}` stands here twice"),
                    "remove one: EC2 refuses a rule that is there already",
                );
            } else {
                seen.insert(key);
                expanded.push(rule);
                origins.push(index);
            }
        }
    }
    context.origins.insert(direction.into(), origins);
    Value::List(expanded)
}

fn canonical(mut rule: Record, region: Option<&str>) -> Record {
    if let Some(name) = rule.get(attr::PREFIX_LIST) {
        rule.set(
            attr::PREFIX_LIST,
            vpc_endpoint::service::prefix_list_name(name, region),
        );
    }
    traffic::canonical(rule)
}

fn multiply(rule: Record) -> Vec<Record> {
    [attr::PORT.name, attr::CIDR.name]
        .into_iter()
        .fold(vec![rule], |rules, name| {
            rules
                .into_iter()
                .flat_map(|rule| match rule.value(name) {
                    Some(Value::List(values)) => values
                        .iter()
                        .map(|value| rule.clone().with(name, value.clone()))
                        .collect(),
                    _ => vec![rule],
                })
                .collect()
        })
}

fn check(rule: &Record, path: &str, context: &mut Context<'_>) {
    traffic::check(rule, path, context);
    let sources = SOURCES.iter().filter(|source| rule.has(source)).count();
    if sources != 1 {
        let message = if sources == 0 {
            "a rule needs a source"
        } else {
            "a rule has one source, and this one has several"
        };
        context.problem(
            path,
            "rule-source",
            message,
            "give one of `cidr`, `security_group` and `prefix_list`",
        );
    }
}
