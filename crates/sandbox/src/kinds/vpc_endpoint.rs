//! VPC endpoints: gateway endpoints with their routes, interface endpoints with their interfaces.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::route_table::RouteTable;
use super::vpc::Vpc;
use super::vpc_endpoint_place::{add_subnets, add_tables, change_groups, remove_subnets, remove_tables};
use super::{Kind, endpoint_service, network_interface, partition, security_group, tag};
use crate::call::{ACCOUNT, Answer, Call, Listing};
use crate::due::{self, What};
use crate::state::clock::{MINUTE, SECOND, stamp};
use crate::state::table::{Row, Table};
use crate::state::{Millis, Region};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::Limits;
use crate::wire::{Fault, Xml};

/// The longest policy, in characters.
const POLICY_LIMIT: usize = 20_480;
/// What an endpoint allows that nobody gave a policy.
const FULL_ACCESS: &str = "{\"Version\":\"2008-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}";

/// A VPC endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VpcEndpoint {
    /// Its VPC.
    pub vpc: String,
    /// The service's full name.
    pub service: String,
    /// `Gateway` or `Interface`.
    pub kind: String,
    /// `pending`, `available`, `deleting` or `deleted`.
    pub state: String,
    /// Its policy.
    pub policy: String,
    /// The tables with its route.
    pub route_tables: Vec<String>,
    /// The subnets with its interfaces.
    pub subnets: Vec<String>,
    /// The groups of its interfaces.
    pub groups: Vec<String>,
    /// Its interfaces.
    pub interfaces: Vec<String>,
    /// Whether the service's usual name leads to it.
    pub private_dns: bool,
    /// When it was made.
    pub created: Millis,
}

impl Row for VpcEndpoint {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.vpc);
        let lists = [&self.route_tables, &self.subnets, &self.groups, &self.interfaces];
        lists.into_iter().flatten().for_each(|id| add(id));
    }
}

impl Kind for VpcEndpoint {
    const PREFIX: &'static str = "vpce";
    const RESOURCE: &'static str = "vpc-endpoint";
    const NOUN: &'static str = "Vpc Endpoint Id";
    const NOT_FOUND: &'static str = "InvalidVpcEndpointId.NotFound";
    const MALFORMED: &'static str = "InvalidVpcEndpointId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![VpcEndpoint:
        "vpc-endpoint-id" => |seen, add| add(seen.id),
        "vpc-endpoint-state" => |seen, add| add(&seen.row.state),
        "vpc-endpoint-type" => |seen, add| add(&seen.row.kind),
        "vpc-id" => |seen, add| add(&seen.row.vpc),
        "service-name" => |seen, add| add(&seen.row.service),
        "service-region" => |seen, add| add(&seen.region.name),
        "ip-address-type" => |_, add| add("ipv4"),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.vpc_endpoints
    }
}

fn write(x: &mut Xml, seen: &Seen<'_, VpcEndpoint>) {
    let row = seen.row;
    x.text("vpcEndpointId", seen.id);
    x.text("vpcEndpointType", &row.kind);
    x.text("vpcId", &row.vpc);
    x.text("serviceName", &row.service);
    x.text("state", &row.state);
    x.text("policyDocument", &row.policy);
    x.texts("routeTableIdSet", &row.route_tables);
    x.texts("subnetIdSet", &row.subnets);
    security_group::write_set(x, seen.region, &row.groups);
    if row.kind == "Interface" {
        x.text("ipAddressType", "ipv4");
        x.element("dnsOptions", |x| x.text("dnsRecordIpType", "ipv4"));
    }
    x.text("privateDnsEnabled", row.private_dns);
    x.text("requesterManaged", false);
    x.texts("networkInterfaceIdSet", &row.interfaces);
    let names: Vec<String> = if row.kind == "Interface" {
        dns_names(seen)
    } else {
        Vec::new()
    };
    x.set("dnsEntrySet", names, |x, name| {
        x.text("dnsName", name);
        x.text("hostedZoneId", "Z1YSA3EXCYUU9Z");
    });
    x.text("creationTimestamp", stamp(row.created));
    tag::write(x, seen.region, seen.id);
    x.text("ownerId", ACCOUNT);
    x.text("serviceRegion", &seen.region.name);
}

fn dns_names(seen: &Seen<'_, VpcEndpoint>) -> Vec<String> {
    let region = &seen.region.name;
    let short = seen
        .row
        .service
        .rsplit_once(&format!("{region}."))
        .map_or("", |(_, short)| short);
    let salt = &seen.id[seen.id.len().saturating_sub(8)..];
    let mut names = vec![format!(
        "{}-{salt}.{short}.{region}.vpce.{}",
        seen.id,
        partition::of(region).suffix
    )];
    if seen.row.private_dns {
        names.extend(private_name(region, &seen.row.service));
    }
    names
}

fn private_name(region: &str, service: &str) -> Option<String> {
    endpoint_service::services(region)
        .into_iter()
        .find(|known| known.name == service && known.kind == "Interface")
        .and_then(|known| known.private_dns)
}

fn check_policy(text: &str) -> Result<String, Fault> {
    let bad = |why: &str| {
        Fault::new(
            "InvalidPolicyDocument",
            format!("The policy document is not valid: {why}"),
        )
    };
    if text.chars().count() > POLICY_LIMIT {
        return Err(bad("it is longer than 20480 characters"));
    }
    let document: Value = serde_json::from_str(text).map_err(|_| bad("it is not JSON"))?;
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.clone(),
        Some(statement @ Value::Object(_)) => vec![statement.clone()],
        _ => return Err(bad("it has no statement")),
    };
    for statement in statements {
        let effect = statement.get("Effect").and_then(Value::as_str);
        if !matches!(effect, Some("Allow" | "Deny")) {
            return Err(bad("a statement has neither the effect Allow nor Deny"));
        }
        let has = |one: &str, other: &str| statement.get(one).is_some() || statement.get(other).is_some();
        if !has("Action", "NotAction") || !has("Resource", "NotResource") || !has("Principal", "NotPrincipal")
        {
            return Err(bad("a statement needs Principal, Action and Resource"));
        }
    }
    Ok(text.to_owned())
}

/// `CreateVpcEndpoint`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let vpc = p.required("VpcId")?;
    call.find::<Vpc>(vpc)?;
    let service = p.required("ServiceName")?;
    let kind = p.filled("VpcEndpointType").unwrap_or("Gateway");
    check_service(call, service, kind)?;
    let policy = p
        .filled("PolicyDocument")
        .map_or(Ok(FULL_ACCESS.to_owned()), check_policy)?;
    let tags = call.tags_for("vpc-endpoint", &["vpc-endpoint"])?;
    let private_dns = p.flag("PrivateDnsEnabled")?;
    check_options(call)?;
    let mut row = VpcEndpoint {
        vpc: vpc.to_owned(),
        service: service.to_owned(),
        kind: kind.to_owned(),
        state: if kind == "Gateway" { "available" } else { "pending" }.into(),
        policy,
        route_tables: Vec::new(),
        subnets: Vec::new(),
        groups: Vec::new(),
        interfaces: Vec::new(),
        private_dns: kind == "Interface" && private_dns.unwrap_or(true),
        created: call.now,
    };
    let id = call.new_id("vpce");
    let (tables, subnets, groups) = (
        p.texts("RouteTableId"),
        p.texts("SubnetId"),
        p.texts("SecurityGroupId"),
    );
    if kind == "Gateway" {
        if !subnets.is_empty() || !groups.is_empty() || private_dns == Some(true) {
            return Err(Fault::new(
                "InvalidParameter",
                "Subnets, security groups and private DNS are not supported for Gateway endpoints",
            ));
        }
        add_tables(call, &id, &mut row, &tables)?;
        if call.goes_wrong(10) {
            row.state = "pending".into();
            call.later(16 * MINUTE, 35 * MINUTE, What::EndpointAvailable, &id);
        }
    } else {
        if !tables.is_empty() {
            return Err(Fault::new(
                "InvalidParameter",
                "Route table IDs are only supported for Gateway type VPC Endpoint.",
            ));
        }
        row.groups = security_group::for_interface(call, &groups, vpc)?;
        if row.private_dns {
            check_private_dns(call, &id, &row)?;
        }
        add_subnets(call, &id, &mut row, &subnets)?;
        call.later(30 * SECOND, 90 * SECOND, What::EndpointAvailable, &id);
    }
    call.tag(&id, tags);
    x.element("vpcEndpoint", |x| {
        write(
            x,
            &Seen {
                id: &id,
                row: &row,
                region: call.region,
            },
        );
    });
    x.maybe("clientToken", p.text("ClientToken"));
    call.region.vpc_endpoints.insert(id, row);
    Ok(())
}

fn check_service(call: &Call<'_>, service: &str, kind: &str) -> Answer {
    let known = endpoint_service::services(&call.region.name);
    let kinds: Vec<&str> = known
        .iter()
        .filter(|known| known.name == service)
        .map(|known| known.kind.as_str())
        .collect();
    if kinds.is_empty() {
        return Err(Fault::new(
            "InvalidServiceName",
            format!("The Vpc Endpoint Service '{service}' does not exist"),
        ));
    }
    if !kinds.contains(&kind) {
        return Err(Fault::new(
            "InvalidParameter",
            format!(
                "Endpoint type ({kind}) does not match available service types ([{}]).",
                kinds.join(", ")
            ),
        ));
    }
    Ok(())
}

/// Reads the options that have one simulated value.
fn check_options(call: &Call<'_>) -> Answer {
    let p = call.params;
    let dns = p
        .child("DnsOptions")
        .and_then(|node| node.filled("DnsRecordIpType"));
    for (name, value) in [
        ("ipAddressType", p.filled("IpAddressType")),
        ("dnsRecordIpType", dns),
    ] {
        if let Some(value) = value.filter(|value| !matches!(*value, "ipv4" | "service-defined")) {
            return Err(Fault::invalid(
                value,
                name,
                "the sandbox simulates IPv4 endpoints alone",
            ));
        }
    }
    Ok(())
}

fn check_private_dns(call: &Call<'_>, id: &str, row: &VpcEndpoint) -> Answer {
    let vpc = call.find::<Vpc>(&row.vpc)?;
    if !(vpc.dns_support && vpc.dns_hostnames) {
        return Err(Fault::new(
            "InvalidParameter",
            format!(
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
                row.vpc
            ),
        ));
    }
    let conflict = call
        .region
        .vpc_endpoints
        .referring(&row.vpc)
        .any(|(other, have)| {
            other != id
                && have.service == row.service
                && have.private_dns
                && !matches!(have.state.as_str(), "deleting" | "deleted")
        });
    if conflict {
        return Err(Fault::new(
            "InvalidParameter",
            format!(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {}",
                row.service, row.vpc
            ),
        ));
    }
    Ok(())
}

/// It works now.
pub fn available(call: &mut Call<'_>, id: &str) {
    call.region.vpc_endpoints.update(id, |row| {
        if row.state == "pending" {
            row.state = "available".into();
        }
    });
}

/// `DescribeVpcEndpoints`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let pages = Some(Limits {
        min: 1,
        max: 1000,
        exclusive: false,
    });
    call.describe(
        x,
        &Listing {
            ids: "VpcEndpointId",
            set: "vpcEndpointSet",
            pages,
        },
        write,
    )
}

/// `ModifyVpcEndpoint`: several changes in one call.
pub fn modify(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("VpcEndpointId")?;
    let mut row = call.find::<VpcEndpoint>(id)?.clone();
    if matches!(row.state.as_str(), "deleting" | "deleted") {
        return Err(VpcEndpoint::not_found(id));
    }
    check_options(call)?;
    let reset = p.flag("ResetPolicy")? == Some(true);
    match (reset, p.filled("PolicyDocument")) {
        (true, Some(_)) => {
            return Err(Fault::combination(
                "ResetPolicy and PolicyDocument cannot be used together",
            ));
        }
        (true, None) => FULL_ACCESS.clone_into(&mut row.policy),
        (false, Some(text)) => row.policy = check_policy(text)?,
        (false, None) => {}
    }
    let gateway = row.kind == "Gateway";
    let (add_routes, remove_routes) = (p.texts("AddRouteTableId"), p.texts("RemoveRouteTableId"));
    let (subnets, no_subnets) = (p.texts("AddSubnetId"), p.texts("RemoveSubnetId"));
    let (groups, no_groups) = (p.texts("AddSecurityGroupId"), p.texts("RemoveSecurityGroupId"));
    let private_dns = p.flag("PrivateDnsEnabled")?;
    let for_interfaces = [&subnets, &no_subnets, &groups, &no_groups]
        .iter()
        .any(|list| !list.is_empty());
    let for_gateways = !add_routes.is_empty() || !remove_routes.is_empty();
    if (gateway && (for_interfaces || private_dns.is_some())) || (!gateway && for_gateways) {
        return Err(Fault::new(
            "InvalidParameter",
            format!("That change is not supported for {} endpoints", row.kind),
        ));
    }
    for table in &remove_routes {
        call.find::<RouteTable>(table)?;
        row.route_tables.retain(|have| have != table);
    }
    let gone: Vec<String> = remove_routes.iter().map(|table| (*table).to_owned()).collect();
    remove_tables(call.region, id, &gone);
    add_tables(call, id, &mut row, &add_routes)?;
    remove_subnets(call, &mut row, &no_subnets);
    change_groups(call, &mut row, &groups, &no_groups)?;
    add_subnets(call, id, &mut row, &subnets)?;
    if let Some(on) = private_dns {
        row.private_dns = on;
        if on {
            check_private_dns(call, id, &row)?;
        }
    }
    call.region.vpc_endpoints.insert(id, row);
    x.done();
    Ok(())
}

/// `DeleteVpcEndpoints`: what fails is listed, not refused.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let ids = call.params.texts("VpcEndpointId");
    if ids.is_empty() {
        return Err(Fault::missing("VpcEndpointId"));
    }
    let mut failed = Vec::new();
    for id in ids {
        if call.goes_wrong(8) {
            failed.push((id, "InternalError", "An internal error has occurred".to_owned()));
            continue;
        }
        match call.find::<VpcEndpoint>(id).cloned() {
            Ok(row) if !matches!(row.state.as_str(), "deleting" | "deleted") => {
                due::cancel(call, id);
                remove_tables(call.region, id, &row.route_tables);
                call.region
                    .vpc_endpoints
                    .update(id, |row| row.state = "deleting".into());
                let (from, to) = if row.kind == "Gateway" { (3, 10) } else { (20, 90) };
                call.later(from * SECOND, to * SECOND, What::EndpointDeleted, id);
            }
            Ok(row) if row.state == "deleting" => {}
            Err(fault) if fault.code == VpcEndpoint::MALFORMED => return Err(fault),
            _ => failed.push((
                id,
                "InvalidVpcEndpoint.NotFound",
                format!("The Vpc Endpoint Id '{id}' does not exist"),
            )),
        }
    }
    x.set("unsuccessful", failed, |x, (id, code, message)| {
        x.element("error", |x| {
            x.text("code", code);
            x.text("message", message);
        });
        x.text("resourceId", id);
    });
    Ok(())
}

/// It is gone, with its interfaces, and stays visible for some minutes.
pub fn deleted(call: &mut Call<'_>, id: &str) {
    let interfaces = call.region.vpc_endpoints.update(id, |row| {
        row.state = "deleted".into();
        row.route_tables.clear();
        row.subnets.clear();
        row.groups.clear();
        std::mem::take(&mut row.interfaces)
    });
    for eni in interfaces.into_iter().flatten() {
        network_interface::drop(call.region, &eni);
    }
    let at = call.now + 10 * MINUTE;
    call.at(at, What::Forgotten, id);
}
