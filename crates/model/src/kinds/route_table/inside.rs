//! Routes to what is in the VPC itself: beside EC2's local routes, few are possible.

use ipnet::IpNet;

use super::attr;
use crate::call::Call;
use crate::diagnostic::Diagnostic;
use crate::kinds::{subnet, vpc, vpc_endpoint, vpc_peering_connection};
use crate::rules::{After, View};
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};
use crate::{Kind, Ref};

/// What may be the target of a route that is more specific than a local one ("Routes" of the VPC user guide's
/// route tables).
const TARGETS: [&str; 3] = [
    attr::NAT_GATEWAY.name,
    attr::NETWORK_INTERFACE.name,
    attr::VPC_ENDPOINT.name,
];

/// Checks one route against the ranges of its VPC and the endpoints that put routes of their own into its
/// table.
pub fn check(
    resource: &Resource,
    path: &str,
    route: &Record,
    topology: &Topology,
    out: &mut Vec<Diagnostic>,
) {
    check_endpoints(resource, path, route, topology, out);
    check_peering(resource, path, route, topology, out);
    let own = vpc::of(&resource.record);
    let Some(vpc) = topology.follow(own) else { return };
    let destination = route.text(attr::DESTINATION);
    let Ok(range) = destination.parse::<IpNet>() else {
        return;
    };
    let Some(local) = vpc::ranges(&vpc.record)
        .into_iter()
        .find(|local| local.contains(&range))
    else {
        return;
    };
    let at = |diagnostic: Diagnostic| {
        diagnostic.at(
            resource.place(format!("{path}.{}", attr::DESTINATION)),
            "EC2 refuses this route",
        )
    };
    if local == range {
        let message = format!(
            "{destination} is a range of {}: its local route is EC2's",
            vpc.address
        );
        out.push(at(Diagnostic::error("route-local", message)).help("remove the route"));
    } else if !TARGETS.iter().any(|target| route.has(target)) {
        let message = format!(
            "{destination} is inside {local} of {}: EC2 routes it itself",
            vpc.address
        );
        let help = "remove the route: inside the VPC only a NAT gateway, a network interface or a \
         Gateway Load Balancer endpoint can be a target";
        out.push(at(Diagnostic::error("route-inside", message)).help(help));
    } else if !topology.of(Kind::Subnet).any(|subnet| {
        vpc::of(&subnet.record) == own && subnet.record.text(subnet::attr::CIDR_BLOCK) == destination
    }) {
        let message = format!(
            "{destination} is inside {local} of {}, and is not the range of a subnet",
            vpc.address
        );
        out.push(
            at(Diagnostic::error("route-inside", message))
                .help("inside its VPC a route leads to the whole range of one subnet"),
        );
    }
}

/// An endpoint puts the route of its service's prefix list into its tables, where a second one has no place;
/// and it is no target.
fn check_endpoints(
    resource: &Resource,
    path: &str,
    route: &Record,
    topology: &Topology,
    out: &mut Vec<Diagnostic>,
) {
    let destination = route.text(attr::DESTINATION);
    let serves = |endpoint: &&Resource| {
        let is_own = |table: &Value| table.as_ref().and_then(Ref::address) == Some(&resource.address);
        endpoint.record.text(vpc_endpoint::attr::SERVICE) == destination
            && endpoint
                .record
                .list(vpc_endpoint::attr::ROUTE_TABLES)
                .iter()
                .any(is_own)
    };
    if let Some(endpoint) = topology.of(Kind::VpcEndpoint).find(serves) {
        let message = format!(
            "{} puts its own route to {destination} into {}",
            endpoint.address, resource.address
        );
        out.push(
            Diagnostic::error("route-of-endpoint", message)
                .at(
                    resource.place(format!("{path}.{}", attr::DESTINATION)),
                    "the same destination",
                )
                .at(
                    endpoint.place(vpc_endpoint::attr::ROUTE_TABLES),
                    "the table is one of the endpoint's",
                )
                .help("remove the route, or take the table out of the endpoint's `route_tables`"),
        );
    }
    if let Some(endpoint) = topology.follow(route.get(attr::VPC_ENDPOINT)) {
        let message = format!(
            "{} is a {} endpoint, and no target of routes",
            endpoint.address,
            vpc_endpoint::kind(&endpoint.record)
        );
        out.push(
            Diagnostic::error("route-target", message)
                .at(
                    resource.place(format!("{path}.{}", attr::VPC_ENDPOINT)),
                    "EC2 refuses this target",
                )
                .help("remove the route: a gateway endpoint puts its own routes into its `route_tables`"),
        );
    }
}

/// A peering connection is a target in the tables of the two VPCs that it joins.
fn check_peering(
    resource: &Resource,
    path: &str,
    route: &Record,
    topology: &Topology,
    out: &mut Vec<Diagnostic>,
) {
    let (Some(own), Some(peering)) = (
        vpc::of(&resource.record),
        topology.follow(route.get(attr::VPC_PEERING_CONNECTION)),
    ) else {
        return;
    };
    let sides: Vec<&Ref> = vpc_peering_connection::sides(&peering.record).collect();
    // A VPC by its id may be any.
    let is_certain = |side: &&Ref| side.address().is_some();
    if own.address().is_none() || sides.contains(&own) || !sides.iter().all(is_certain) {
        return;
    }
    let joined: Vec<String> = sides.iter().map(ToString::to_string).collect();
    let message = format!(
        "{} is in {own}, and {} joins {}",
        resource.address,
        peering.address,
        joined.join(" and ")
    );
    out.push(
        Diagnostic::error("other-vpc", message)
            .at(
                resource.place(format!("{path}.{}", attr::VPC_PEERING_CONNECTION)),
                "a peering connection of other VPCs",
            )
            .help(format!(
                "name one of {own}: a peering connection carries what its two VPCs send each other"
            )),
    );
}

/// The subnets that the routes of a call lead to, and the ranges of the VPC that are in their way: EC2 takes
/// such a route only while the subnet is there, or only when the range is gone.
pub fn after(call: &Call, record: &Record, view: &View<'_>) -> Vec<After> {
    let own = vpc::of(record).map(|vpc| view.named(vpc));
    let routes = call.sets.records(attr::ROUTES);
    let destinations: Vec<&str> = routes.map(|route| route.text(attr::DESTINATION)).collect();
    let leads_to = |subnet: &Record| {
        destinations.contains(&subnet.text(subnet::attr::CIDR_BLOCK))
            && vpc::of(subnet).map(|vpc| view.named(vpc)) == own
    };
    let subnets = view
        .wanted_of(Kind::Subnet)
        .filter(|(_, subnet)| leads_to(subnet))
        .map(|(address, _)| After::Ready(address.clone()));
    subnets
        .chain(leaving(own.as_ref(), &destinations, view))
        .collect()
}

/// The end of each secondary range of the VPC that goes and has one of these destinations in it.
fn leaving(own: Option<&Ref>, destinations: &[&str], view: &View<'_>) -> Vec<After> {
    let Some(address) = own.and_then(Ref::address) else {
        return Vec::new();
    };
    let (Some(live), Some(wanted)) = (vpc::staying(address, view), view.wanted.get(address)) else {
        return Vec::new();
    };
    let stay = vpc::ranges(wanted);
    let goes = vpc::ranges(live.record)
        .into_iter()
        .filter(|range| !stay.contains(range));
    let is_in_the_way = |range: &IpNet| {
        destinations
            .iter()
            .any(|destination| destination.parse().is_ok_and(|part: IpNet| range.contains(&part)))
    };
    let without = |range: IpNet| {
        After::Without(
            address.clone(),
            live.id.to_owned(),
            vpc::attr::SECONDARY_CIDR_BLOCKS.name,
            Value::text(range.to_string()),
        )
    };
    goes.filter(is_in_the_way).map(without).collect()
}
