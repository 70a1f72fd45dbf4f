//! VPC endpoints: gateway endpoints with their routes, the others with their interfaces.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::route_table::RouteTable;
use super::vpc::Vpc;
use super::vpc_endpoint_options::{self as options, Options};
use super::vpc_endpoint_place::{
    self, add_subnets, add_tables, change_groups, remove_subnets, remove_tables,
};
use super::{Kind, network_interface, partition, security_group, tag};
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
    /// `Gateway`, `Interface` or `GatewayLoadBalancer`.
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
    /// Which addresses its interfaces have, and what its names lead to.
    #[serde(default)]
    pub options: Options,
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
        "ip-address-type" => |seen, add| add(&seen.row.options.addresses),
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
    row.options.write(x, row, &seen.region.name);
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
        names.extend(options::private_name(region, &seen.row.service));
    }
    names
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
    options::check_service(call, service, kind)?;
    let policy = p
        .filled("PolicyDocument")
        .map_or(Ok(FULL_ACCESS.to_owned()), check_policy)?;
    let tags = call.tags_for("vpc-endpoint", &["vpc-endpoint"])?;
    let private_dns = p.flag("PrivateDnsEnabled")?;
    let mut options = Options::default();
    options.change(call, kind)?;
    let has_name = options::private_name(&call.region.name, service).is_some();
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
        private_dns: kind == "Interface" && private_dns.unwrap_or(has_name),
        options,
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
        in_subnets(call, &id, &mut row, (&subnets, &groups), private_dns)?;
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

/// Gives an endpoint that has interfaces its subnets and groups.
fn in_subnets(
    call: &mut Call<'_>,
    id: &str,
    row: &mut VpcEndpoint,
    (subnets, groups): (&[&str], &[&str]),
    private_dns: Option<bool>,
) -> Answer {
    if row.kind == "Interface" {
        row.groups = security_group::for_interface(call, groups, &row.vpc)?;
    } else {
        if !groups.is_empty() || private_dns == Some(true) {
            return Err(Fault::new(
                "InvalidParameter",
                "Security groups and private DNS are not supported for GatewayLoadBalancer endpoints",
            ));
        }
        if subnets.len() != 1 {
            return Err(Fault::new(
                "InvalidParameter",
                "A GatewayLoadBalancer endpoint needs exactly one subnet",
            ));
        }
    }
    options::check_private_dns(call, id, row)?;
    add_subnets(call, id, row, subnets)
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
    let before = row.options.clone();
    row.options.change(call, &row.kind)?;
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
    let fixed = row.kind == "GatewayLoadBalancer" && (for_interfaces || private_dns.is_some());
    let for_gateways = !add_routes.is_empty() || !remove_routes.is_empty();
    if fixed || (gateway && (for_interfaces || private_dns.is_some())) || (!gateway && for_gateways) {
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
    }
    if row.options.addresses != before.addresses {
        vpc_endpoint_place::readdress(call, &row)?;
    }
    if private_dns == Some(true) || row.options.only_inbound != before.only_inbound {
        options::check_private_dns(call, id, &row)?;
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
