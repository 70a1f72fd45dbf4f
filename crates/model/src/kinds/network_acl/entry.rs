//! An ACL's entries: their fields, what EC2 takes of them, and what tells two of them apart.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::attr;
use crate::attr::{Attr, Form};
use crate::net::{PORTS, PROTOCOL, Ports, RANGE};
use crate::room::Counts;
use crate::rules::Context;
use crate::schema::{Attribute, Type};
use crate::traffic;
use crate::value::{Record, Value};

/// One entry: its place in the order, what it matches, and what happens to that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct Entry {
    pub rule_number: i64,
    pub action: String,
    pub protocol: String,
    pub port: Option<Ports>,
    pub icmp_type: Option<i64>,
    pub icmp_code: Option<i64>,
    pub cidr: String,
}

/// The largest number of an entry. EC2 keeps those above for its own last ones.
pub const NUMBER_MAX: i64 = 32766;

/// The fields of an entry as a spec writes it.
pub static FIELDS: [Attribute; 7] = [
    Attribute::new(
        attr::RULE_NUMBER,
        Type::Int(1, NUMBER_MAX),
        "Its place: lower numbers are looked at first.",
    )
    .required(),
    Attribute::new(
        attr::ACTION,
        Type::Choice(&["allow", "deny"]),
        "What happens to what it matches.",
    )
    .required(),
    Attribute::new(
        attr::PROTOCOL,
        Type::Text(&PROTOCOL),
        "`tcp`, `udp`, `icmp`, `icmpv6`, `all`, or a number.",
    )
    .required(),
    Attribute::new(
        attr::PORT,
        Type::Text(&PORTS),
        "The port that packets go to, or a range such as `1024-65535`. Required for tcp and udp.",
    ),
    Attribute::new(attr::ICMP_TYPE, Type::Int(-1, 255), "The ICMP type.").absent("every type"),
    Attribute::new(attr::ICMP_CODE, Type::Int(-1, 255), "The ICMP code.").absent("every code"),
    Attribute::new(
        attr::CIDR,
        Type::Text(&RANGE),
        "Who is on the other side: an IPv4 or IPv6 range.",
    )
    .required(),
];

/// The entries that EC2 gives a default ACL; the one for IPv6 where its VPC has such ranges.
pub fn allow_all(ipv6: bool) -> Vec<Value> {
    let entry = |number: i64, cidr: &str| {
        let entry = Record::new()
            .with(attr::RULE_NUMBER, number)
            .with(attr::ACTION, "allow");
        entry.with(attr::PROTOCOL, "all").with(attr::CIDR, cidr).into()
    };
    let of_ipv6 = ipv6.then(|| entry(101, "::/0"));
    std::iter::once(entry(100, "0.0.0.0/0")).chain(of_ipv6).collect()
}

/// An entry's number; 0 where there is none.
pub fn number(entry: &Value) -> i64 {
    field(entry, attr::RULE_NUMBER).unwrap_or_default()
}

/// What tells two entries of a direction apart.
pub const KEY: [&str; 1] = [attr::RULE_NUMBER.name];

/// How that reads.
pub fn key(entry: &Value) -> String {
    number(entry).to_string()
}

/// What an entry does, as users read it: `deny tcp/22 198.51.100.0/24`.
pub fn words(entry: &Value) -> String {
    let Some(entry) = entry.as_map() else {
        return String::new();
    };
    format!(
        "{} {} {}",
        entry.text(attr::ACTION),
        traffic::words(entry),
        entry.text(attr::CIDR)
    )
}

/// Whether it lets through what it matches.
pub fn allows(entry: &Value) -> bool {
    field(entry, attr::ACTION) == Some("allow")
}

fn field<T: Form + ?Sized>(entry: &Value, field: Attr<T>) -> Option<T::Read<'_>> {
    entry.as_map()?.get(field)
}

/// How much of an ACL an entry takes.
pub fn weight(entry: &Value) -> Counts {
    match field(entry, attr::CIDR) {
        Some(IpNet::V6(_)) => Counts { v4: 0, v6: 1 },
        _ => Counts { v4: 1, v6: 0 },
    }
}

/// The entries as EC2 has them.
pub fn canonical(entries: Vec<Value>, direction: Attr<[Value]>, context: &mut Context<'_>) -> Value {
    let mut seen: BTreeMap<i64, usize> = BTreeMap::new();
    let (mut canonical, mut origins) = (Vec::new(), Vec::new());
    for (index, entry) in entries.into_iter().enumerate() {
        let number = number(&entry);
        let Value::Map(entry) = entry else { continue };
        let path = format!("{direction}[{index}]");
        traffic::check(&entry, &path, context);
        if entry.has(attr::RULE_NUMBER)
            && let Some(first) = seen.insert(number, index)
        {
            let message = format!("two {direction} entries have number {number}");
            let help = format!(
                "a number stands for one entry in each direction: give this one or \
                 {direction}[{first}] another"
            );
            context.problem(
                format!("{path}.{}", attr::RULE_NUMBER),
                "rule-number-twice",
                message,
                help,
            );
        }
        canonical.push(Value::Map(traffic::canonical(entry)));
        origins.push(index);
    }
    context.origins.insert(direction.into(), origins);
    Value::List(canonical)
}
