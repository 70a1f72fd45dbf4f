//! What a rule says of the traffic that it matches: protocol, port, ICMP type and code. Security groups and
//! network ACLs say it alike.

use ipnet::IpNet;

use crate::rules::Context;
use crate::value::{Record, Value};

/// Notes what does not go together in the rule at `path`.
pub fn check(rule: &Record, path: &str, context: &mut Context<'_>) {
    let protocol = rule.text("protocol");
    let ported = matches!(protocol, "tcp" | "udp");
    if ported && rule.get("port").is_none() {
        context.problem(
            path,
            "rule-port",
            format!("a rule for {protocol} needs a `port`"),
            "write `port: 22`, `port: 8000-8080`, or `port: 0-65535` for all",
        );
    }
    if !ported && !protocol.is_empty() && rule.get("port").is_some() {
        context.problem(
            format!("{path}.port"),
            "rule-port",
            format!("a rule for {protocol} has no port"),
            "remove `port`, or use protocol tcp or udp",
        );
    }
    let icmp = matches!(protocol, "icmp" | "icmpv6");
    if !icmp && (rule.get("icmp_type").is_some() || rule.get("icmp_code").is_some()) {
        context.problem(
            path,
            "rule-icmp",
            format!("a rule for {protocol} has no ICMP type or code"),
            "remove them, or use protocol icmp or icmpv6",
        );
    }
    check_family(rule, path, context);
    let is_open = |name: &str| matches!(rule.get(name), None | Some(Value::Int(-1)));
    if !is_open("icmp_code") && is_open("icmp_type") {
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
    let protocol = rule.text("protocol");
    let (own, other) = match protocol {
        "icmp" => ("IPv4", "icmpv6"),
        "icmpv6" => ("IPv6", "icmp"),
        _ => return,
    };
    let ranges = match rule.get("cidr") {
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
    let mut words = rule.text("protocol").to_owned();
    if let Some(port) = rule.get("port") {
        words = format!("{words}/{port}");
    }
    if let Some(icmp) = rule.get("icmp_type").and_then(Value::as_int) {
        let code = rule
            .get("icmp_code")
            .and_then(Value::as_int)
            .map_or(String::new(), |code| format!(":{code}"));
        words = format!("{words}/{icmp}{code}");
    }
    words
}

/// The rule as EC2's answers are read: where every ICMP type or code is meant EC2 says -1, and a spec leaves
/// it out; ports are of tcp and udp only.
#[must_use]
pub fn canonical(mut rule: Record) -> Record {
    for name in ["icmp_type", "icmp_code"] {
        if rule.get(name) == Some(&Value::Int(-1)) {
            rule.remove(name);
        }
    }
    if !matches!(rule.text("protocol"), "tcp" | "udp") {
        rule.remove("port");
    }
    rule
}
