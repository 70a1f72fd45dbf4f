//! Rules of security groups: authorise, revoke, modify, describe. One object per source; a rule's description
//! is no part of its identity; a call applies wholly or not at all.

use std::collections::BTreeMap;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::security_group::{SecurityGroup, named};
use super::security_group_permission::{described, read_modified, read_rules};
use super::{prefix_list, tag, yes};
use crate::call::{ACCOUNT, Answer, Call, arn, has_form};
use crate::state::Region;
use crate::state::region::Tags;
use crate::state::table::Row;
use crate::wire::filter::{Field, Filters, Seen, fields};
use crate::wire::page::{Page, USUAL};
use crate::wire::{Fault, Xml};

/// The most rules of one direction that AWS grants to a group.
const RULES_LIMIT: usize = 1000;

/// Where packets of a rule come from, or go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// An IPv4 range.
    V4(Ipv4Net),
    /// An IPv6 range.
    V6(Ipv6Net),
    /// The members of a group.
    Group(String),
    /// A prefix list.
    List(String),
}

impl Source {
    /// `0.0.0.0/0`.
    pub fn anywhere() -> Self {
        Self::V4(Ipv4Net::default())
    }

    /// `::/0`.
    pub fn anywhere_ipv6() -> Self {
        Self::V6(Ipv6Net::default())
    }

    fn text(&self) -> String {
        match self {
            Self::V4(net) => net.to_string(),
            Self::V6(net) => net.to_string(),
            Self::Group(id) | Self::List(id) => id.clone(),
        }
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `sgr-…`.
    pub id: String,
    /// Its direction.
    pub egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `-1` or a number.
    pub protocol: String,
    /// The first port or the ICMP type; nothing stands for all.
    pub from: Option<i32>,
    /// The last port or the ICMP code; nothing stands for all.
    pub to: Option<i32>,
    /// The other side.
    pub source: Source,
    /// What it is for.
    pub description: Option<String>,
}

impl Rule {
    /// A rule for all traffic.
    pub fn all(id: String, egress: bool, source: Source) -> Self {
        Self {
            id,
            egress,
            protocol: "-1".into(),
            from: None,
            to: None,
            source,
            description: None,
        }
    }

    /// Whether two rules are one to EC2: the description does not count.
    pub fn same(&self, other: &Self) -> bool {
        self.egress == other.egress
            && self.protocol == other.protocol
            && self.from == other.from
            && self.to == other.to
            && self.source == other.source
    }

    fn said(&self) -> String {
        let port = |port: Option<i32>| port.map_or_else(|| "-1".to_owned(), |port| port.to_string());
        let protocol = if self.protocol == "-1" {
            "ALL".to_owned()
        } else {
            self.protocol.to_uppercase()
        };
        format!(
            "the specified rule \"peer: {}, {protocol}, from port: {}, to port: {}, ALLOW\"",
            self.source.text(),
            port(self.from),
            port(self.to)
        )
    }
}

/// A rule as its list call and its filters see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Placed {
    group: String,
    rule: Rule,
}

impl Row for Placed {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

const FIELDS: &[Field<Placed>] = fields![Placed:
    "security-group-rule-id" => |seen, add| add(seen.id),
    "group-id" => |seen, add| add(&seen.row.group),
    "is-egress" => |seen, add| add(yes(seen.row.rule.egress)),
];

/// The members of a rule as rule calls answer them: absent ports read -1.
fn write_rule(x: &mut Xml, region: &Region, group: &str, rule: &Rule) {
    x.text("securityGroupRuleId", &rule.id);
    x.text("groupId", group);
    x.text("groupOwnerId", ACCOUNT);
    x.text("isEgress", rule.egress);
    x.text("ipProtocol", &rule.protocol);
    x.text("fromPort", rule.from.unwrap_or(-1));
    x.text("toPort", rule.to.unwrap_or(-1));
    match &rule.source {
        Source::V4(net) => x.text("cidrIpv4", net),
        Source::V6(net) => x.text("cidrIpv6", net),
        Source::List(id) => x.text("prefixListId", id),
        Source::Group(id) => x.element("referencedGroupInfo", |x| {
            x.text("groupId", id);
            x.text("userId", ACCOUNT);
        }),
    }
    x.maybe("description", rule.description.as_ref());
    tag::write(x, region, &rule.id);
    x.text(
        "securityGroupRuleArn",
        arn(region, "security-group-rule", &rule.id),
    );
}

/// Protocol and ports, by which group calls bundle rules.
type Key<'r> = (&'r str, Option<i32>, Option<i32>);

/// Rules as group calls answer them: one permission for each protocol and port range.
pub fn write_permissions<'r>(x: &mut Xml, set: &str, rules: impl Iterator<Item = &'r Rule>) {
    let mut grouped: BTreeMap<Key<'_>, Vec<&Rule>> = BTreeMap::new();
    for rule in rules {
        grouped
            .entry((&rule.protocol, rule.from, rule.to))
            .or_default()
            .push(rule);
    }
    x.set(set, grouped, |x, ((protocol, from, to), rules)| {
        x.text("ipProtocol", protocol);
        x.maybe("fromPort", from);
        x.maybe("toPort", to);
        let of = |wanted: fn(&Source) -> bool| rules.iter().filter(move |rule| wanted(&rule.source));
        x.set("groups", of(|s| matches!(s, Source::Group(_))), |x, rule| {
            x.text("userId", ACCOUNT);
            x.text("groupId", rule.source.text());
            x.maybe("description", rule.description.as_ref());
        });
        x.set("ipRanges", of(|s| matches!(s, Source::V4(_))), |x, rule| {
            x.text("cidrIp", rule.source.text());
            x.maybe("description", rule.description.as_ref());
        });
        x.set("ipv6Ranges", of(|s| matches!(s, Source::V6(_))), |x, rule| {
            x.text("cidrIpv6", rule.source.text());
            x.maybe("description", rule.description.as_ref());
        });
        x.set(
            "prefixListIds",
            of(|s| matches!(s, Source::List(_))),
            |x, rule| {
                x.text("prefixListId", rule.source.text());
                x.maybe("description", rule.description.as_ref());
            },
        );
    });
}

/// `AuthorizeSecurityGroupIngress`.
pub fn authorize_ingress(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    authorize(call, x, false)
}

/// `AuthorizeSecurityGroupEgress`.
pub fn authorize_egress(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    authorize(call, x, true)
}

/// A rule with a customer's prefix list counts as all that the list may hold.
fn weight(call: &Call<'_>, rule: &Rule) -> usize {
    match &rule.source {
        Source::List(id) => prefix_list::find(call, id)
            .ok()
            .and_then(|list| list.max_entries)
            .map_or(1, |most| most as usize),
        _ => 1,
    }
}

fn authorize(call: &mut Call<'_>, x: &mut Xml, egress: bool) -> Answer {
    let id = named(call)?;
    let group = call.find::<SecurityGroup>(&id)?.clone();
    let mut rules = read_rules(call, &group.vpc, egress)?;
    if let Some(rule) = rules
        .iter()
        .find(|rule| group.rules.iter().any(|have| have.same(rule)))
    {
        return Err(Fault::new(
            "InvalidPermission.Duplicate",
            format!("{} already exists", rule.said()),
        ));
    }
    let have = group.rules.iter().filter(|rule| rule.egress == egress);
    if have.chain(&rules).map(|rule| weight(call, rule)).sum::<usize>() > RULES_LIMIT {
        return Err(Fault::new(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        ));
    }
    let tags: Tags = call.tags_for("security-group-rule", &["security-group-rule"])?;
    for rule in &mut rules {
        rule.id = call.new_id("sgr");
        call.tag(&rule.id, tags.clone());
    }
    call.region
        .security_groups
        .update(&id, |group| group.rules.extend(rules.iter().cloned()));
    x.done();
    x.set("securityGroupRuleSet", &rules, |x, rule| {
        write_rule(x, call.region, &id, rule);
    });
    Ok(())
}

/// `RevokeSecurityGroupIngress`.
pub fn revoke_ingress(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    revoke(call, x, false)
}

/// `RevokeSecurityGroupEgress`.
pub fn revoke_egress(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    revoke(call, x, true)
}

/// The rule of a group with this id.
fn rule_by_id<'g>(group: &'g SecurityGroup, id: &str) -> Result<&'g Rule, Fault> {
    if !has_form(id, "sgr") {
        return Err(Fault::new(
            "InvalidSecurityGroupRuleId.Malformed",
            format!("The security group rule ID '{id}' is malformed"),
        ));
    }
    group
        .rules
        .iter()
        .find(|rule| rule.id == id)
        .ok_or_else(|| not_found(id))
}

/// The refusal of the id of a rule that is not there.
pub fn not_found(id: &str) -> Fault {
    Fault::new(
        "InvalidSecurityGroupRuleId.NotFound",
        format!("The security group rule ID '{id}' does not exist"),
    )
}

fn revoke(call: &mut Call<'_>, x: &mut Xml, egress: bool) -> Answer {
    let id = named(call)?;
    let group = call.find::<SecurityGroup>(&id)?.clone();
    let ids = call.params.texts("SecurityGroupRuleId");
    let mut doomed: Vec<Rule> = Vec::new();
    let mut unknown: Vec<Rule> = Vec::new();
    if ids.is_empty() {
        for rule in read_rules(call, &group.vpc, egress)? {
            match group.rules.iter().find(|have| have.same(&rule)) {
                Some(have) => doomed.push(have.clone()),
                None => unknown.push(rule),
            }
        }
    } else {
        if call.params.has("IpPermissions") {
            return Err(Fault::combination(
                "The parameters ipPermissions and securityGroupRuleIds cannot be used together",
            ));
        }
        for rule in ids {
            let rule = rule_by_id(&group, rule)?;
            if rule.egress != egress {
                return Err(Fault::new(
                    "InvalidSecurityGroupRuleId.NotFound",
                    format!("The security group rule '{}' is of the other direction", rule.id),
                ));
            }
            doomed.push(rule.clone());
        }
    }
    let in_default = call.region.vpcs.get(&group.vpc).is_some_and(|vpc| vpc.is_default);
    if let Some(rule) = unknown.first().filter(|_| !in_default) {
        return Err(Fault::new(
            "InvalidPermission.NotFound",
            format!("{} does not exist in this security group", rule.said()),
        ));
    }
    call.region.security_groups.update(&id, |group| {
        group
            .rules
            .retain(|rule| !doomed.iter().any(|gone| gone.id == rule.id));
    });
    for rule in &doomed {
        call.region.tags.remove(&rule.id);
    }
    x.done();
    if !unknown.is_empty() {
        write_permissions(x, "unknownIpPermissionSet", unknown.iter());
    }
    x.set("revokedSecurityGroupRuleSet", &doomed, |x, rule| {
        write_revoked(x, &id, rule);
    });
    Ok(())
}

fn write_revoked(x: &mut Xml, group: &str, rule: &Rule) {
    x.text("securityGroupRuleId", &rule.id);
    x.text("groupId", group);
    x.text("isEgress", rule.egress);
    x.text("ipProtocol", &rule.protocol);
    x.text("fromPort", rule.from.unwrap_or(-1));
    x.text("toPort", rule.to.unwrap_or(-1));
    match &rule.source {
        Source::V4(net) => x.text("cidrIpv4", net),
        Source::V6(net) => x.text("cidrIpv6", net),
        Source::List(id) => x.text("prefixListId", id),
        Source::Group(id) => x.text("referencedGroupId", id),
    }
    x.maybe("description", rule.description.as_ref());
}

/// `UpdateSecurityGroupRuleDescriptionsIngress`.
pub fn describe_ingress_anew(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    describe_anew(call, x, false)
}

/// `UpdateSecurityGroupRuleDescriptionsEgress`.
pub fn describe_egress_anew(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    describe_anew(call, x, true)
}

fn describe_anew(call: &mut Call<'_>, x: &mut Xml, egress: bool) -> Answer {
    let id = named(call)?;
    let mut group = call.find::<SecurityGroup>(&id)?.clone();
    let by_id = call.params.list("SecurityGroupRuleDescription");
    if by_id.is_empty() {
        for rule in read_rules(call, &group.vpc, egress)? {
            let have = group
                .rules
                .iter_mut()
                .find(|have| have.same(&rule))
                .ok_or_else(|| {
                    Fault::new(
                        "InvalidPermission.NotFound",
                        format!("{} does not exist in this security group", rule.said()),
                    )
                })?;
            have.description = rule.description;
        }
    }
    for member in by_id {
        let rule = rule_by_id(&group, member.required("SecurityGroupRuleId")?)?
            .id
            .clone();
        let description = described(member)?;
        for have in group.rules.iter_mut().filter(|have| have.id == rule) {
            have.description.clone_from(&description);
        }
    }
    call.region.security_groups.insert(id, group);
    x.done();
    Ok(())
}

/// `ModifySecurityGroupRules`: every member replaces its rule wholly; the kind of source stays.
pub fn modify(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("GroupId")?;
    let mut group = call.find::<SecurityGroup>(id)?.clone();
    let members = call.params.list("SecurityGroupRule");
    if members.is_empty() {
        return Err(Fault::missing("SecurityGroupRule"));
    }
    for member in members {
        let old = rule_by_id(&group, member.required("SecurityGroupRuleId")?)?.clone();
        let asked = member
            .child("SecurityGroupRule")
            .ok_or_else(|| Fault::missing("SecurityGroupRule"))?;
        let new = read_modified(call, asked, &old, &group.vpc)?;
        if std::mem::discriminant(&new.source) != std::mem::discriminant(&old.source) {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!(
                    "The source type of the security group rule '{}' cannot be changed",
                    old.id
                ),
            ));
        }
        if group
            .rules
            .iter()
            .any(|have| have.id != old.id && have.same(&new))
        {
            return Err(Fault::new(
                "InvalidPermission.Duplicate",
                format!("{} already exists", new.said()),
            ));
        }
        for have in group.rules.iter_mut().filter(|have| have.id == old.id) {
            *have = new.clone();
        }
    }
    call.region.security_groups.insert(id, group);
    x.done();
    Ok(())
}

/// `DescribeSecurityGroupRules`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let ids = call.params.texts("SecurityGroupRuleId");
    let filters = Filters::read(call.params)?.bind(FIELDS)?;
    let page = Page::read(call.params, call.action, USUAL, !ids.is_empty())?;
    let region = &*call.region;
    for id in &ids {
        let Some((_, group)) = region.security_groups.owner_of(id).filter(|_| region.shows(id)) else {
            return Err(Fault::new(
                if has_form(id, "sgr") {
                    "InvalidSecurityGroupRuleId.NotFound"
                } else {
                    "InvalidSecurityGroupRuleId.Malformed"
                },
                format!("The security group rule ID '{id}' does not exist"),
            ));
        };
        rule_by_id(group, id)?;
    }
    let mut found: Vec<Placed> = Vec::new();
    for (group, row) in region.security_groups.iter() {
        for rule in &row.rules {
            let wanted = (ids.is_empty() && region.shows(&rule.id)) || ids.contains(&rule.id.as_str());
            if !wanted || page.after.as_ref().is_some_and(|after| rule.id <= *after) {
                continue;
            }
            let placed = Placed {
                group: group.clone(),
                rule: rule.clone(),
            };
            if filters.holds(&Seen {
                id: &rule.id,
                row: &placed,
                region,
            }) {
                found.push(placed);
            }
        }
    }
    found.sort_by(|a, b| a.rule.id.cmp(&b.rule.id));
    let (found, next) = page.cut(call.action, found, |placed| &placed.rule.id);
    x.set("securityGroupRuleSet", &found, |x, placed| {
        write_rule(x, region, &placed.group, &placed.rule);
    });
    x.maybe("nextToken", next);
    Ok(())
}
