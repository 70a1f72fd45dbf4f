//! Permissions as requests write them: protocols, ports and sources, read and checked.

use super::security_group::{SecurityGroup, by_name, check_text, default_vpc};
use super::security_group_rule::{Rule, Source};
use super::{Kind, prefix_list, range, vpc_peering_connection};
use crate::call::{Answer, Call};
use crate::wire::{Fault, Node};

fn protocol(text: &str) -> Result<String, Fault> {
    let name = match text.to_ascii_lowercase().as_str() {
        "tcp" | "6" => "tcp",
        "udp" | "17" => "udp",
        "icmp" | "1" => "icmp",
        "icmpv6" | "58" => "icmpv6",
        "-1" | "all" => "-1",
        other => {
            let number: Option<u8> = other.parse().ok();
            return number.map(|number| number.to_string()).ok_or_else(|| {
                Fault::new(
                    "InvalidParameterValue",
                    format!("Invalid value '{text}' for IP protocol. Unknown protocol."),
                )
            });
        }
    };
    Ok(name.to_owned())
}

type Ports = (Option<i32>, Option<i32>);

fn ports(protocol: &str, from: Option<i32>, to: Option<i32>) -> Result<Ports, Fault> {
    let invalid = |message: String| Err(Fault::new("InvalidParameterValue", message));
    match protocol {
        "tcp" | "udp" => match (from, to) {
            (Some(from), Some(to)) if (0..=65535).contains(&from) && from <= to && to <= 65535 => {
                Ok((Some(from), Some(to)))
            }
            (Some(from), Some(to)) => invalid(format!("Invalid TCP/UDP port range ({from}:{to})")),
            _ => invalid(
                "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.".into(),
            ),
        },
        "icmp" | "icmpv6" => match (from, to) {
            (None, None) if protocol == "icmpv6" => Ok((Some(-1), Some(-1))),
            (Some(kind), Some(code)) => {
                let in_range = (-1..=255).contains(&kind) && (-1..=255).contains(&code);
                if in_range && (kind != -1 || code == -1) {
                    Ok((Some(kind), Some(code)))
                } else {
                    invalid(format!("ICMP code ({code}) is not valid with ICMP type ({kind})"))
                }
            }
            _ => invalid(
                "Invalid value 'Must specify both from and to ports with ICMP.' for portRange.".into(),
            ),
        },
        _ => Ok((None, None)),
    }
}

/// The group that a permission names.
fn source_group(call: &Call<'_>, pair: &Node, vpc: &str) -> Result<String, Fault> {
    let (id, name) = (pair.filled("GroupId"), pair.filled("GroupName"));
    for ignored in ["UserId", "VpcId", "VpcPeeringConnectionId", "PeeringStatus"] {
        // What EC2 answers about a group comes back with it; only the id says which group it is.
        let _ = pair.text(ignored);
    }
    let found = match (id, name) {
        (Some(id), _) => Some((id.to_owned(), &call.find::<SecurityGroup>(id)?.vpc)),
        (None, Some(name)) => default_vpc(call.region)
            .and_then(|vpc| by_name(call.region, vpc, name))
            .map(|(id, row)| (id.clone(), &row.vpc)),
        (None, None) => return Err(Fault::missing("groupId")),
    };
    let wanted = id.or(name).unwrap_or_default();
    match found {
        // What names a group of a VPC that is peered no more stays, and can be taken away.
        Some((id, theirs))
            if theirs == vpc
                || call.action.starts_with("Revoke")
                || vpc_peering_connection::is_active_between(call.region, vpc, theirs) =>
        {
            Ok(id)
        }
        _ => Err(Fault::new(
            "InvalidGroup.NotFound",
            format!("The security group '{wanted}' does not exist in VPC '{vpc}'"),
        )),
    }
}

/// The description that a member of a request gives.
pub fn described(node: &Node) -> Result<Option<String>, Fault> {
    let Some(text) = node.filled("Description") else {
        return Ok(None);
    };
    check_text(text, "description")?;
    Ok(Some(text.to_owned()))
}

/// The rules of `IpPermissions`, or of the older flat parameters, without ids.
pub fn read_rules(call: &Call<'_>, vpc: &str, egress: bool) -> Result<Vec<Rule>, Fault> {
    let p = call.params;
    let permissions = p.list("IpPermissions");
    let mut rules = Vec::new();
    if permissions.is_empty() && p.has("IpProtocol") {
        read_flat(call, p, egress, &mut rules)?;
    }
    for permission in permissions {
        read_permission(call, permission, vpc, egress, &mut rules)?;
    }
    if rules.is_empty() {
        return Err(Fault::missing("ipPermissions"));
    }
    for (at, rule) in rules.iter().enumerate() {
        if rules[..at].iter().any(|other| other.same(rule)) {
            return Err(Fault::new(
                "InvalidParameterValue",
                "The same permission must not appear multiple times",
            ));
        }
    }
    Ok(rules)
}

fn read_flat(call: &Call<'_>, p: &Node, egress: bool, rules: &mut Vec<Rule>) -> Answer {
    let protocol = protocol(p.required("IpProtocol")?)?;
    let (from, to) = ports(&protocol, p.number("FromPort")?, p.number("ToPort")?)?;
    let source = match (p.filled("CidrIp"), p.filled("SourceSecurityGroupName")) {
        (Some(text), None) => Source::V4(range::v4(text, "cidrIp")?),
        (None, Some(name)) => {
            let _ = p.text("SourceSecurityGroupOwnerId");
            let found = default_vpc(call.region).and_then(|vpc| by_name(call.region, vpc, name));
            Source::Group(found.map(|(id, _)| id.clone()).ok_or_else(|| {
                Fault::new(
                    "InvalidGroup.NotFound",
                    format!("The security group '{name}' does not exist"),
                )
            })?)
        }
        _ => return Err(Fault::missing("cidrIp")),
    };
    rules.push(Rule {
        id: String::new(),
        egress,
        protocol,
        from,
        to,
        source,
        description: None,
    });
    Ok(())
}

fn read_permission(
    call: &Call<'_>,
    permission: &Node,
    vpc: &str,
    egress: bool,
    rules: &mut Vec<Rule>,
) -> Answer {
    let protocol = protocol(permission.required("IpProtocol")?)?;
    let (from, to) = ports(
        &protocol,
        permission.number("FromPort")?,
        permission.number("ToPort")?,
    )?;
    let mut sources: Vec<(Source, Option<String>)> = Vec::new();
    for member in permission.list("IpRanges") {
        sources.push((
            Source::V4(range::v4(member.required("CidrIp")?, "cidrIp")?),
            described(member)?,
        ));
    }
    for member in permission.list("Ipv6Ranges") {
        sources.push((
            Source::V6(range::v6(member.required("CidrIpv6")?, "cidrIpv6")?),
            described(member)?,
        ));
    }
    for member in permission.list("Groups") {
        sources.push((
            Source::Group(source_group(call, member, vpc)?),
            described(member)?,
        ));
    }
    for member in permission.list("PrefixListIds") {
        let id = member.required("PrefixListId")?;
        prefix_list::find(call, id)?;
        sources.push((Source::List(id.to_owned()), described(member)?));
    }
    if sources.is_empty() {
        return Err(Fault::missing("ipRanges"));
    }
    rules.extend(sources.into_iter().map(|(source, description)| Rule {
        id: String::new(),
        egress,
        protocol: protocol.clone(),
        from,
        to,
        source,
        description,
    }));
    Ok(())
}

/// The rule that replaces `old`.
pub fn read_modified(call: &Call<'_>, asked: &Node, old: &Rule, vpc: &str) -> Result<Rule, Fault> {
    let protocol = protocol(asked.required("IpProtocol")?)?;
    let (from, to) = ports(&protocol, asked.number("FromPort")?, asked.number("ToPort")?)?;
    let mut sources = Vec::new();
    if let Some(text) = asked.filled("CidrIpv4") {
        sources.push(Source::V4(range::v4(text, "cidrIpv4")?));
    }
    if let Some(text) = asked.filled("CidrIpv6") {
        sources.push(Source::V6(range::v6(text, "cidrIpv6")?));
    }
    if let Some(list) = asked.filled("PrefixListId") {
        prefix_list::find(call, list)?;
        sources.push(Source::List(list.to_owned()));
    }
    if let Some(group) = asked.filled("ReferencedGroupId") {
        let theirs = &call.find::<SecurityGroup>(group)?.vpc;
        if theirs != vpc && !vpc_peering_connection::is_active_between(call.region, vpc, theirs) {
            return Err(SecurityGroup::not_found(group));
        }
        sources.push(Source::Group(group.to_owned()));
    }
    match <[Source; 1]>::try_from(sources) {
        Ok([source]) => Ok(Rule {
            id: old.id.clone(),
            egress: old.egress,
            protocol,
            from,
            to,
            source,
            description: described(asked)?,
        }),
        Err(_) => Err(Fault::combination("A security group rule has exactly one source")),
    }
}
