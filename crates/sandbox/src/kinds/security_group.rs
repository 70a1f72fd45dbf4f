//! Security groups. Their rules have a file of their own.

use serde::{Deserialize, Serialize};

use super::security_group_rule::{Rule, Source, write_permissions};
use super::vpc::Vpc;
use super::{Kind, tag};
use crate::call::{ACCOUNT, Answer, Call, Listing, arn};
use crate::state::Region;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::USUAL;
use crate::wire::{Fault, Xml};

/// A security group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// Its VPC.
    pub vpc: String,
    /// Its name, unique in the VPC whatever its case.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its rules, of both directions.
    pub rules: Vec<Rule>,
}

/// The index key of a name in a VPC.
fn name_key(vpc: &str, name: &str) -> String {
    format!("group {vpc} {}", name.to_lowercase())
}

impl Row for SecurityGroup {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.vpc);
        add(&name_key(&self.vpc, &self.name));
        for rule in &self.rules {
            add(&rule.id);
            match &rule.source {
                Source::Group(id) | Source::List(id) => add(id),
                Source::V4(_) | Source::V6(_) => {}
            }
        }
    }
}

type See<'a, 'b> = &'a Seen<'b, SecurityGroup>;

fn rules(seen: See<'_, '_>, egress: bool, add: &mut dyn FnMut(&str), value: fn(&Rule) -> Option<String>) {
    for text in seen
        .row
        .rules
        .iter()
        .filter(|rule| rule.egress == egress)
        .filter_map(value)
    {
        add(&text);
    }
}

fn v4(rule: &Rule) -> Option<String> {
    match &rule.source {
        Source::V4(net) => Some(net.to_string()),
        _ => None,
    }
}

fn v6(rule: &Rule) -> Option<String> {
    match &rule.source {
        Source::V6(net) => Some(net.to_string()),
        _ => None,
    }
}

fn list(rule: &Rule) -> Option<String> {
    match &rule.source {
        Source::List(id) => Some(id.clone()),
        _ => None,
    }
}

fn group(rule: &Rule) -> Option<String> {
    match &rule.source {
        Source::Group(id) => Some(id.clone()),
        _ => None,
    }
}

fn group_names(seen: See<'_, '_>, egress: bool, add: &mut dyn FnMut(&str)) {
    for rule in seen.row.rules.iter().filter(|rule| rule.egress == egress) {
        if let Some(row) = group(rule).and_then(|id| seen.region.security_groups.get(&id)) {
            add(&row.name);
        }
    }
}

fn from_port(rule: &Rule) -> Option<String> {
    rule.from.map(|port| port.to_string())
}

fn to_port(rule: &Rule) -> Option<String> {
    rule.to.map(|port| port.to_string())
}

impl Kind for SecurityGroup {
    const PREFIX: &'static str = "sg";
    const RESOURCE: &'static str = "security-group";
    const NOUN: &'static str = "security group";
    const NOT_FOUND: &'static str = "InvalidGroup.NotFound";
    const MALFORMED: &'static str = "InvalidGroupId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![SecurityGroup:
        "group-id" => |seen, add| add(seen.id),
        "group-name" => |seen, add| add(&seen.row.name),
        "description" => |seen, add| add(&seen.row.description),
        "vpc-id" => |seen, add| add(&seen.row.vpc),
        "owner-id" => |_, add| add(ACCOUNT),
        "ip-permission.cidr" => |seen, add| rules(seen, false, add, v4),
        "ip-permission.ipv6-cidr" => |seen, add| rules(seen, false, add, v6),
        "ip-permission.from-port" => |seen, add| rules(seen, false, add, from_port),
        "ip-permission.to-port" => |seen, add| rules(seen, false, add, to_port),
        "ip-permission.group-id" => |seen, add| rules(seen, false, add, group),
        "ip-permission.group-name" => |seen, add| group_names(seen, false, add),
        "ip-permission.prefix-list-id" => |seen, add| rules(seen, false, add, list),
        "ip-permission.protocol" => |seen, add| rules(seen, false, add, |rule| Some(rule.protocol.clone())),
        "ip-permission.user-id" => |seen, add| rules(seen, false, add, |rule| group(rule).map(|_| ACCOUNT.to_owned())),
        "egress.ip-permission.cidr" => |seen, add| rules(seen, true, add, v4),
        "egress.ip-permission.ipv6-cidr" => |seen, add| rules(seen, true, add, v6),
        "egress.ip-permission.from-port" => |seen, add| rules(seen, true, add, from_port),
        "egress.ip-permission.to-port" => |seen, add| rules(seen, true, add, to_port),
        "egress.ip-permission.group-id" => |seen, add| rules(seen, true, add, group),
        "egress.ip-permission.group-name" => |seen, add| group_names(seen, true, add),
        "egress.ip-permission.prefix-list-id" => |seen, add| rules(seen, true, add, list),
        "egress.ip-permission.protocol" => |seen, add| rules(seen, true, add, |rule| Some(rule.protocol.clone())),
        "egress.ip-permission.user-id" => |seen, add| rules(seen, true, add, |rule| group(rule).map(|_| ACCOUNT.to_owned())),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.security_groups
    }
}

fn write(x: &mut Xml, seen: &Seen<'_, SecurityGroup>) {
    let row = seen.row;
    x.text("groupId", seen.id);
    x.text("groupName", &row.name);
    x.text("groupDescription", &row.description);
    x.text("ownerId", ACCOUNT);
    x.text("vpcId", &row.vpc);
    x.text("securityGroupArn", arn(seen.region, "security-group", seen.id));
    write_permissions(x, "ipPermissions", row.rules.iter().filter(|rule| !rule.egress));
    write_permissions(
        x,
        "ipPermissionsEgress",
        row.rules.iter().filter(|rule| rule.egress),
    );
    tag::write_if_any(x, seen.region, seen.id);
}

/// The default group of a new VPC: everything from itself, everything out.
pub fn make_default(call: &mut Call<'_>, vpc: &str) {
    let id = call.new_id("sg");
    let inside = Rule::all(call.new_id("sgr"), false, Source::Group(id.clone()));
    let outside = Rule::all(call.new_id("sgr"), true, Source::anywhere());
    call.region.security_groups.insert(
        id,
        SecurityGroup {
            vpc: vpc.to_owned(),
            name: "default".into(),
            description: "default VPC security group".into(),
            rules: vec![inside, outside],
        },
    );
}

/// The VPC has an IPv6 range: its default group lets everything out, unless somebody has changed what goes out.
pub fn open_ipv6(call: &mut Call<'_>, vpc: &str) {
    let Some(id) = default_of(call.region, vpc) else {
        return;
    };
    let is_untouched = call.region.security_groups.get(&id).is_some_and(|group| {
        let out: Vec<&Rule> = group.rules.iter().filter(|rule| rule.egress).collect();
        matches!(out[..], [rule] if rule.same(&Rule::all(String::new(), true, Source::anywhere())))
    });
    if is_untouched {
        let rule = Rule::all(call.new_id("sgr"), true, Source::anywhere_ipv6());
        call.region
            .security_groups
            .update(&id, |group| group.rules.push(rule));
    }
}

/// The group of this name in a VPC, whatever its case.
pub fn by_name<'r>(region: &'r Region, vpc: &str, name: &str) -> Option<(&'r String, &'r SecurityGroup)> {
    region.security_groups.owner_of(&name_key(vpc, name))
}

/// The default group of a VPC.
pub fn default_of(region: &Region, vpc: &str) -> Option<String> {
    by_name(region, vpc, "default").map(|(id, _)| id.clone())
}

/// The region's default VPC.
pub fn default_vpc(region: &Region) -> Option<&String> {
    region
        .vpcs
        .iter()
        .find(|(_, vpc)| vpc.is_default)
        .map(|(id, _)| id)
}

/// The group that a request names by `GroupId`, or by `GroupName` in the default VPC.
pub fn named(call: &Call<'_>) -> Result<String, Fault> {
    let p = call.params;
    let name = p.filled("GroupName");
    if let Some(id) = p.filled("GroupId") {
        call.find::<SecurityGroup>(id)?;
        return Ok(id.to_owned());
    }
    let name = name.ok_or_else(|| {
        Fault::new(
            "MissingParameter",
            "The request must contain the parameter groupName or groupId",
        )
    })?;
    default_vpc(call.region)
        .and_then(|vpc| by_name(call.region, vpc, name))
        .map(|(id, _)| id.clone())
        .ok_or_else(|| {
            Fault::new(
                "InvalidGroup.NotFound",
                format!("The security group '{name}' does not exist in default VPC"),
            )
        })
}

/// Checks a group's or rule's text: up to 255 of the characters that EC2 takes.
pub fn check_text(text: &str, parameter: &str) -> Answer {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    if text.len() > 255 || !text.chars().all(allowed) {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "Value ({text}) for parameter {parameter} is invalid. Character sets beyond ASCII are not supported, \
                 and at most 255 of a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{{}}!$* are allowed."
            ),
        ));
    }
    Ok(())
}

/// `CreateSecurityGroup`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let name = p.required("GroupName")?;
    let description = p.required("GroupDescription")?;
    let vpc = match p.filled("VpcId") {
        Some(id) => {
            call.find::<Vpc>(id)?;
            id.to_owned()
        }
        None => default_vpc(call.region)
            .cloned()
            .ok_or_else(|| Fault::new("VPCIdNotSpecified", "No default VPC for this user"))?,
    };
    check_text(name, "GroupName")?;
    // EC2 keeps a name without the spaces at its end.
    let name = name.trim_end();
    check_text(description, "GroupDescription")?;
    if name.eq_ignore_ascii_case("default") {
        return Err(Fault::new(
            "InvalidGroup.Reserved",
            "The security group 'default' is reserved",
        ));
    }
    if name.to_ascii_lowercase().starts_with("sg-") {
        return Err(Fault::new(
            "InvalidParameterValue",
            "Invalid value for groupName: it cannot begin with 'sg-'",
        ));
    }
    if by_name(call.region, &vpc, name).is_some() {
        return Err(Fault::new(
            "InvalidGroup.Duplicate",
            format!("The security group '{name}' already exists for VPC '{vpc}'"),
        ));
    }
    let tags = call.tags_for("security-group", &["security-group"])?;
    let id = call.new_id("sg");
    let mut rules = vec![Rule::all(call.new_id("sgr"), true, Source::anywhere())];
    let home = call.region.vpcs.get(&vpc);
    if home.is_some_and(|home| home.ipv6_ranges().next().is_some()) {
        rules.push(Rule::all(call.new_id("sgr"), true, Source::anywhere_ipv6()));
    }
    let row = SecurityGroup {
        vpc,
        name: name.to_owned(),
        description: description.to_owned(),
        rules,
    };
    call.region.security_groups.insert(&id, row);
    call.tag(&id, tags);
    x.text("groupId", &id);
    tag::write(x, call.region, &id);
    x.text("securityGroupArn", arn(call.region, "security-group", &id));
    Ok(())
}

/// `DescribeSecurityGroups`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let names = call.params.texts("GroupName");
    for name in &names {
        let known = default_vpc(call.region).and_then(|vpc| by_name(call.region, vpc, name));
        if known.is_none_or(|(_, row)| row.name != *name) {
            return Err(Fault::new(
                "InvalidGroup.NotFound",
                format!("The security group '{name}' does not exist"),
            ));
        }
    }
    let vpc = default_vpc(call.region).cloned();
    let listing = Listing {
        ids: "GroupId",
        set: "securityGroupInfo",
        pages: Some(USUAL),
    };
    let (page, next) = call.select::<SecurityGroup>(&listing, |row| {
        names.is_empty() || (names.contains(&row.name.as_str()) && Some(&row.vpc) == vpc.as_ref())
    })?;
    x.set(listing.set, page, |x, seen| write(x, &seen));
    x.maybe("nextToken", next);
    Ok(())
}

/// `DeleteSecurityGroup`: not the default one, nor one that an interface uses or another group's rule names.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = named(call)?;
    let row = call.find::<SecurityGroup>(&id)?.clone();
    if row.name == "default" {
        return Err(Fault::new(
            "CannotDelete",
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user"),
        ));
    }
    let region = &mut *call.region;
    let used = region.network_interfaces.owner_of(&id).is_some()
        || region
            .vpc_endpoints
            .referring(&id)
            .any(|(_, endpoint)| endpoint.state != "deleted")
        || region
            .security_groups
            .referring(&id)
            .any(|(other, _)| *other != id);
    if used {
        return Err(Fault::new(
            "DependencyViolation",
            format!("resource {id} has a dependent object"),
        ));
    }
    region.security_groups.remove(&id);
    region.tags.remove(&id);
    for rule in &row.rules {
        region.tags.remove(&rule.id);
    }
    x.done();
    x.text("groupId", id);
    Ok(())
}

/// `DescribeSecurityGroupReferences`: no VPC here is peered, so no other VPC can refer to a group.
pub fn references(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    for id in call.params.texts("GroupId") {
        call.find::<SecurityGroup>(id)?;
    }
    x.set("securityGroupReferenceSet", [(); 0], |_, ()| {});
    Ok(())
}

/// Groups of a VPC as a request names them, at least one: those given, or the VPC's default one.
pub fn for_interface(call: &Call<'_>, ids: &[&str], vpc: &str) -> Result<Vec<String>, Fault> {
    /// The most that AWS grants to an interface.
    const LIMIT: usize = 16;
    let mut groups: Vec<String> = Vec::new();
    for id in ids {
        let group = call.find::<SecurityGroup>(id)?;
        if group.vpc != vpc {
            return Err(Fault::new(
                "InvalidParameter",
                format!("Security group {id} and subnet belong to different networks."),
            ));
        }
        if !groups.iter().any(|have| have == id) {
            groups.push((*id).to_owned());
        }
    }
    if groups.is_empty() {
        groups.extend(default_of(call.region, vpc));
    }
    if groups.len() > LIMIT {
        return Err(Fault::new(
            "SecurityGroupsPerInterfaceLimitExceeded",
            format!("The maximum number of security groups per interface has been reached ({LIMIT})"),
        ));
    }
    Ok(groups)
}

/// `<groupSet>` with ids and names.
pub fn write_set(x: &mut Xml, region: &Region, groups: &[String]) {
    x.set("groupSet", groups, |x, id| {
        x.text("groupId", id);
        if let Some(group) = region.security_groups.get(id) {
            x.text("groupName", &group.name);
        }
    });
}
