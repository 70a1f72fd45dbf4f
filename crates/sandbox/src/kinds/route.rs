//! Routes: `CreateRoute`, `ReplaceRoute`, `DeleteRoute`, and whether a route's target is still there.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::egress_only_internet_gateway::EgressOnlyGateway;
use super::instance::Instance;
use super::internet_gateway::InternetGateway;
use super::network_interface::NetworkInterface;
use super::route_table::{Destination, RouteTable};
use super::vpc_peering_connection::Peering;
use super::{Kind, prefix_list, range};
use crate::call::{ACCOUNT, Answer, Call, has_form};
use crate::state::Region;
use crate::wire::{Fault, Node, Xml};

/// The greatest number of routes that AWS grants to a table.
const ROUTES_LIMIT: usize = 1000;

/// What a route sends its packets to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// The VPC itself.
    Local,
    /// An internet gateway.
    Internet(String),
    /// A NAT gateway.
    Nat(String),
    /// An egress-only internet gateway.
    EgressOnly(String),
    /// A network interface.
    Interface(String),
    /// A peering connection.
    Peering(String),
    /// A gateway endpoint; EC2 makes these routes itself.
    Endpoint(String),
}

impl Target {
    /// The target's id, but for `local`.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Local => None,
            Self::Internet(id)
            | Self::Nat(id)
            | Self::EgressOnly(id)
            | Self::Interface(id)
            | Self::Peering(id)
            | Self::Endpoint(id) => Some(id),
        }
    }
}

/// One route.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Route {
    /// Its key in the table.
    pub destination: Destination,
    /// Its target.
    pub target: Target,
    /// Whether the table came with it.
    pub implicit: bool,
}

impl Route {
    /// The local route of a range.
    pub fn local(destination: Destination) -> Self {
        Self {
            destination,
            target: Target::Local,
            implicit: true,
        }
    }

    /// Whether its target is the VPC itself.
    pub fn is_local(&self) -> bool {
        self.target == Target::Local
    }

    /// Whether the table came with it; its target may have been replaced since.
    pub fn is_implicit(&self) -> bool {
        self.implicit
    }

    /// `CreateRouteTable` or `CreateRoute`.
    pub fn origin(&self) -> &'static str {
        if self.implicit {
            "CreateRouteTable"
        } else {
            "CreateRoute"
        }
    }
}

/// `active`, or `blackhole` where the target is gone, detached or off.
pub fn state(region: &Region, vpc: &str, route: &Route) -> &'static str {
    let works = match &route.target {
        Target::Local => true,
        Target::Internet(id) => region
            .internet_gateways
            .get(id)
            .is_some_and(|row| row.vpc.as_deref() == Some(vpc)),
        Target::Nat(id) => region
            .nat_gateways
            .get(id)
            .is_some_and(|row| matches!(row.state.as_str(), "pending" | "preparing" | "available")),
        Target::EgressOnly(id) => region.egress_only_gateways.contains(id),
        Target::Interface(id) => region.network_interfaces.get(id).is_some_and(|eni| {
            eni.attachment.as_ref().is_some_and(|attachment| {
                attachment
                    .instance
                    .as_ref()
                    .is_none_or(|instance| region.instances.get(instance).is_some_and(Instance::is_running))
            })
        }),
        Target::Peering(id) => region
            .vpc_peering_connections
            .get(id)
            .is_some_and(|peering| peering.state == "active"),
        Target::Endpoint(id) => region.vpc_endpoints.contains(id),
    };
    if works { "active" } else { "blackhole" }
}

/// How a target is written: the elements with their values.
pub fn target_elements(region: &Region, target: &Target) -> Vec<(&'static str, String)> {
    match target {
        Target::Local => vec![("gatewayId", "local".to_owned())],
        Target::Internet(id) | Target::Endpoint(id) => vec![("gatewayId", id.clone())],
        Target::Nat(id) => vec![("natGatewayId", id.clone())],
        Target::EgressOnly(id) => vec![("egressOnlyInternetGatewayId", id.clone())],
        Target::Peering(id) => vec![("vpcPeeringConnectionId", id.clone())],
        Target::Interface(id) => {
            let mut elements = vec![("networkInterfaceId", id.clone())];
            let instance = region
                .network_interfaces
                .get(id)
                .and_then(|eni| eni.attachment.as_ref())
                .and_then(|attachment| attachment.instance.clone());
            if let Some(instance) = instance {
                elements.push(("instanceId", instance));
                elements.push(("instanceOwnerId", ACCOUNT.to_owned()));
            }
            elements
        }
    }
}

/// The members of a route.
pub fn write(x: &mut Xml, region: &Region, vpc: &str, route: &Route) {
    match &route.destination {
        Destination::V4(net) => x.text("destinationCidrBlock", net),
        Destination::V6(net) => x.text("destinationIpv6CidrBlock", net),
        Destination::List(id) => x.text("destinationPrefixListId", id),
    }
    for (element, id) in target_elements(region, &route.target) {
        x.text(element, id);
    }
    x.text("origin", route.origin());
    x.text("state", state(region, vpc, route));
}

fn destination(call: &Call<'_>) -> Result<Destination, Fault> {
    let p = call.params;
    let v4 = p.filled("DestinationCidrBlock");
    let v6 = p.filled("DestinationIpv6CidrBlock");
    let list = p.filled("DestinationPrefixListId");
    match (v4, v6, list) {
        (Some(text), None, None) => Ok(Destination::V4(range::v4(text, "destinationCidrBlock")?)),
        (None, Some(text), None) => Ok(Destination::V6(range::v6(text, "destinationIpv6CidrBlock")?)),
        (None, None, Some(id)) => {
            prefix_list::find(call, id)?;
            Ok(Destination::List(id.to_owned()))
        }
        (None, None, None) => Err(Fault::missing("destinationCidrBlock")),
        _ => Err(Fault::combination(
            "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock, destinationPrefixListId",
        )),
    }
}

/// The parameters that name a target; those of kinds that the sandbox does not have name unknown ids.
const TARGETS: [&str; 10] = [
    "GatewayId",
    "NatGatewayId",
    "EgressOnlyInternetGatewayId",
    "InstanceId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "VpcEndpointId",
    "LocalGatewayId",
    "CarrierGatewayId",
];

fn target(call: &Call<'_>, table: &str, vpc: &str, destination: &Destination) -> Result<Target, Fault> {
    let p: &Node = call.params;
    let given: Vec<(&str, &str)> = TARGETS
        .iter()
        .filter_map(|name| Some((*name, p.filled(name)?)))
        .collect();
    let local = p.flag("LocalTarget")? == Some(true);
    let (name, id) = match (given.as_slice(), local) {
        ([], true) => return Ok(Target::Local),
        ([one], false) => *one,
        ([], false) => {
            return Err(Fault::new(
                "MissingParameter",
                "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId, carrierGatewayId, vpcEndpointId, instanceId",
            ));
        }
        _ => return Err(Fault::combination("The request must contain exactly one target")),
    };
    let elsewhere = |noun: &str| {
        Fault::new(
            "InvalidParameterValue",
            format!("route table {table} and {noun} {id} belong to different networks"),
        )
    };
    let (target, ours) = match name {
        "GatewayId" if has_form(id, "igw") => {
            let gateway = call.find::<InternetGateway>(id)?;
            (
                Target::Internet(id.to_owned()),
                gateway.vpc.as_deref() == Some(vpc),
            )
        }
        "NatGatewayId" => {
            let nat = call
                .region
                .nat_gateways
                .get(id)
                .filter(|nat| nat.state != "deleted" && call.region.shows(id));
            let nat = nat.ok_or_else(|| {
                Fault::new(
                    "InvalidNatGatewayID.NotFound",
                    format!("The natGateway ID '{id}' does not exist"),
                )
            })?;
            if matches!(destination, Destination::V6(net) if net.to_string() != "64:ff9b::/96") {
                return Err(Fault::new(
                    "InvalidParameterValue",
                    format!("The destination {destination} is not supported for a NAT gateway"),
                ));
            }
            (Target::Nat(id.to_owned()), nat.vpc == vpc)
        }
        "EgressOnlyInternetGatewayId" => {
            let gateway = call.find::<EgressOnlyGateway>(id).map_err(|_| {
                Fault::new(
                    "InvalidGatewayID.NotFound",
                    format!("The gateway ID '{id}' does not exist"),
                )
            })?;
            if matches!(destination, Destination::V4(_)) {
                return Err(Fault::new(
                    "InvalidParameterValue",
                    "An egress-only internet gateway takes IPv6 destinations alone",
                ));
            }
            (Target::EgressOnly(id.to_owned()), gateway.vpc == vpc)
        }
        "NetworkInterfaceId" => {
            let eni = call.find::<NetworkInterface>(id)?;
            (Target::Interface(id.to_owned()), eni.vpc == vpc)
        }
        "InstanceId" => instance_target(call, id, vpc)?,
        "VpcPeeringConnectionId" => {
            let peering = call.find::<Peering>(id)?;
            let ours = [&peering.requester, &peering.accepter];
            let is_over = matches!(
                peering.state.as_str(),
                "deleted" | "deleting" | "rejected" | "failed" | "expired"
            );
            if is_over {
                return Err(Peering::not_found(id));
            }
            (
                Target::Peering(id.to_owned()),
                ours.iter().any(|side| side.vpc == vpc),
            )
        }
        other => return Err(unknown_target(other, id)),
    };
    if ours {
        Ok(target)
    } else {
        Err(elsewhere("network gateway"))
    }
}

fn instance_target(call: &Call<'_>, id: &str, vpc: &str) -> Result<(Target, bool), Fault> {
    call.find::<Instance>(id)?;
    let mut interfaces = call.region.network_interfaces.referring(id);
    match (interfaces.next(), interfaces.next()) {
        (Some((eni, row)), None) => Ok((Target::Interface(eni.clone()), row.vpc == vpc)),
        (Some(_), Some(_)) => Err(Fault::new(
            "InvalidInstanceID",
            format!(
                "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID for the operation instead."
            ),
        )),
        (None, _) => Err(Instance::not_found(id)),
    }
}

fn unknown_target(parameter: &str, id: &str) -> Fault {
    let (code, noun) = match parameter {
        "TransitGatewayId" => ("InvalidTransitGatewayID.NotFound", "transitGateway ID"),
        "VpcEndpointId" => ("InvalidVpcEndpointId.NotFound", "VpcEndpoint ID"),
        _ => ("InvalidGatewayID.NotFound", "gateway ID"),
    };
    Fault::new(code, format!("The {noun} '{id}' does not exist"))
}

/// EC2 keeps these ranges for its own services.
fn check_reserved(destination: &Destination) -> Answer {
    let reserved = match destination {
        Destination::V4(net) => "169.254.168.0/22"
            .parse::<Ipv4Net>()
            .is_ok_and(|kept| kept.contains(net)),
        Destination::V6(net) => "fd00:ec2::/32"
            .parse::<Ipv6Net>()
            .is_ok_and(|kept| kept.contains(net)),
        Destination::List(_) => false,
    };
    if reserved {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("The destination CIDR block {destination} is reserved"),
        ));
    }
    Ok(())
}

/// A destination inside the VPC must be a whole subnet and lead to a NAT gateway or an interface.
fn check_inside(call: &Call<'_>, table: &RouteTable, destination: &Destination, target: &Target) -> Answer {
    let is_inside = table
        .routes
        .iter()
        .filter(|route| route.implicit)
        .any(|route| route.destination.contains(destination));
    if !is_inside {
        return Ok(());
    }
    let whole = call
        .region
        .subnets
        .referring(&table.vpc)
        .any(|(_, subnet)| match destination {
            Destination::V4(net) => subnet.net == *net,
            Destination::V6(net) => subnet
                .ipv6
                .iter()
                .any(|range| range.counts() && range.net == *net),
            Destination::List(_) => false,
        });
    if whole && matches!(target, Target::Nat(_) | Target::Interface(_)) {
        return Ok(());
    }
    Err(Fault::new(
        "InvalidParameterValue",
        format!(
            "The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR blocks. \
             This route can target only an interface or an instance."
        ),
    ))
}

/// `CreateRoute`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("RouteTableId")?;
    let table = call.find::<RouteTable>(id)?;
    let destination = destination(call)?;
    check_reserved(&destination)?;
    if call.params.filled("GatewayId") == Some("local") {
        return Err(Fault::new(
            "InvalidGatewayID.NotFound",
            "The gateway ID 'local' does not exist",
        ));
    }
    let target = target(call, id, &table.vpc, &destination)?;
    if table.routes.iter().any(|route| route.destination == destination) {
        return Err(Fault::new(
            "RouteAlreadyExists",
            format!("The route identified by {destination} already exists."),
        ));
    }
    check_inside(call, table, &destination, &target)?;
    if table.routes.len() >= ROUTES_LIMIT {
        return Err(Fault::new(
            "RouteLimitExceeded",
            format!("The maximum number of routes has been reached in {id}"),
        ));
    }
    call.region.route_tables.update(id, |table| {
        table.routes.push(Route {
            destination,
            target,
            implicit: false,
        });
    });
    x.done();
    Ok(())
}

/// `ReplaceRoute`: another target for a destination that is there.
pub fn replace(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("RouteTableId")?;
    let table = call.find::<RouteTable>(id)?;
    let destination = destination(call)?;
    let target = target(call, id, &table.vpc, &destination)?;
    let Some(at) = table
        .routes
        .iter()
        .position(|route| route.destination == destination)
    else {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
            ),
        ));
    };
    let route = &table.routes[at];
    let allowed = match (&route.target, &target) {
        (Target::Endpoint(_), _) => false,
        (_, Target::Local) => route.implicit,
        (_, Target::Interface(_)) => true,
        _ => !route.implicit,
    };
    if !allowed {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("The target of the route '{destination}' cannot be replaced by that"),
        ));
    }
    call.region
        .route_tables
        .update(id, |table| table.routes[at].target = target);
    x.done();
    Ok(())
}

/// `DeleteRoute`.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("RouteTableId")?;
    let table = call.find::<RouteTable>(id)?;
    let destination = destination(call)?;
    let Some(at) = table
        .routes
        .iter()
        .position(|route| route.destination == destination)
    else {
        let key = match destination {
            Destination::V4(_) => "destination-cidr-block",
            Destination::V6(_) => "destination-ipv6-cidr-block",
            Destination::List(_) => "destination-prefix-list-id",
        };
        return Err(Fault::new(
            "InvalidRoute.NotFound",
            format!("no route with {key} {destination} in route table {id}"),
        ));
    };
    let route = &table.routes[at];
    if route.implicit {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("cannot remove local route {destination} in route table {id}"),
        ));
    }
    if matches!(route.target, Target::Endpoint(_)) {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("cannot remove VPC endpoint route {destination} in route table {id}"),
        ));
    }
    call.region
        .route_tables
        .update(id, |table| table.routes.remove(at));
    x.done();
    Ok(())
}
