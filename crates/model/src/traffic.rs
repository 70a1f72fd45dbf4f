//! What a rule says of the traffic that it matches: protocol, port, ICMP type and code. Security groups and
//! network ACLs say it alike.

use ipnet::IpNet;

use crate::attr::{CIDR, ICMP_CODE, ICMP_TYPE, PORT, PROTOCOL};
use crate::rules::Context;
use crate::value::{Record, Value};

/// Notes what does not go together in the rule at `path`.
pub fn check(rule: &Record, path: &str, context: &mut Context<'_>) {
    let protocol = rule.text(PROTOCOL);
    let ported = matches!(protocol, "tcp" | "udp");
    if ported && !rule.has(PORT) {
        context.problem(
            path,
            "rule-port",
            format!("a rule for {protocol} needs a `port`"),
            "write `port: 22`, `port: 8000-8080`, or `port: 0-65535` for all",
        );
    }
    if !ported && !protocol.is_empty() && rule.has(PORT) {
        context.problem(
            format!("{path}.port"),
            "rule-port",
            format!("a rule for {protocol} has no port"),
            "remove `port`, or use protocol tcp or udp",
        );
    }
    let icmp = matches!(protocol, "icmp" | "icmpv6");
    if !icmp && (rule.has(ICMP_TYPE) || rule.has(ICMP_CODE)) {
        context.problem(
            path,
            "rule-icmp",
            format!("a rule for {protocol} has no ICMP type or code"),
            "remove them, or use protocol icmp or icmpv6",
        );
    }
    check_family(rule, path, context);
    let is_open = |number| matches!(rule.get(number), None | Some(-1));
    if !is_open(ICMP_CODE) && is_open(ICMP_TYPE) {
        context.problem(
            path,
            "rule-icmp",
            "an `icmp_code` needs an `icmp_type`",
            "give the type, or remove the code",
        );
    }
}

/// The range's family, where it is a range.
pub fn family(range: &str) -> Option<&'static str> {
    range
        .parse::<IpNet>()
        .ok()
        .map(|range| if range.network().is_ipv4() { "IPv4" } else { "IPv6" })
}

/// Each family has an ICMP of its own: with a range of the other one a rule matches nothing, and an entry of
/// a network ACL loses its type and code as well.
fn check_family(rule: &Record, path: &str, context: &mut Context<'_>) {
    let protocol = rule.text(PROTOCOL);
    let (own, other) = match protocol {
        "icmp" => ("IPv4", "icmpv6"),
        "icmpv6" => ("IPv6", "icmp"),
        _ => return,
    };
    let ranges = match rule.value(CIDR.name) {
        Some(Value::List(list)) => &list[..],
        range => range.map(std::slice::from_ref).unwrap_or_default(),
    };
    let strange = ranges
        .iter()
        .filter_map(Value::as_text)
        .find_map(|range| Some((range, family(range).filter(|family| *family != own)?)));
    if let Some((range, family)) = strange {
        let message = format!("{protocol} is of {own}, and {range} is a range of {family}");
        context.problem(
            format!("{path}.cidr"),
            "rule-family",
            message,
            format!("use protocol {other}, or a range of {own}"),
        );
    }
}

/// What it matches, as users read it: `tcp/22`, `icmp/8:0`, `all`.
pub fn words(rule: &Record) -> String {
    let mut words = rule.text(PROTOCOL).to_owned();
    if let Some(port) = rule.get(PORT) {
        words = format!("{words}/{port}");
    }
    if let Some(icmp) = rule.get(ICMP_TYPE) {
        let code = rule
            .get(ICMP_CODE)
            .map_or(String::new(), |code| format!(":{code}"));
        words = format!("{words}/{icmp}{code}");
    }
    words
}

/// The rule as EC2's answers are read: where every ICMP type or code is meant EC2 says -1, and a spec leaves
/// it out; ports are of tcp and udp only.
#[must_use]
pub fn canonical(mut rule: Record) -> Record {
    for name in [ICMP_TYPE, ICMP_CODE] {
        if rule.get(name) == Some(-1) {
            rule.remove(name);
        }
    }
    if !matches!(rule.text(PROTOCOL), "tcp" | "udp") {
        rule.remove(PORT);
    }
    rule
}
