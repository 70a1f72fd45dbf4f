//! `route_table`, live.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, RouteOrigin, RouteState};
use trueup_model::kinds::route_table::{REDIRECTED, Route, RouteTable};
use trueup_model::net::RANGE;
use trueup_model::{Acted, Object, Record, Ref, Settled, Value, Wait};

use crate::act::{Task, made, wait};
use crate::answer::{facts, object, reference, some};
use crate::call::Purpose;
use crate::classify::Class;
use crate::failure::Failure;
use crate::kinds::{Seen, portions, settled, subnet};
use crate::read::{Found, pages};
use crate::{Ec2, filter, ownership, prefix_list, tags};

pub async fn read(ec2: &Ec2, filters: Option<Vec<Filter>>) -> Result<Found, Failure> {
    let mut found = Found::default();
    // EC2 gives no more route tables than these at a time.
    let request = ec2.client.describe_route_tables().max_results(100).set_filters(filters);
    pages!(ec2, "DescribeRouteTables", request, route_tables, |table: aws_sdk_ec2::types::RouteTable| {
        let object = fold(table, &mut found)?;
        found.objects.push(object);
        Ok::<_, Failure>(())
    });
    Ok(found)
}

fn fold(table: aws_sdk_ec2::types::RouteTable, found: &mut Found) -> Result<Object, Failure> {
    let blackholes: Vec<Value> = table.routes().iter().filter(|route| is_declared(route)).filter_map(blackhole).collect();
    let id = some(table.route_table_id).unwrap_or_default();
    let mut main = false;
    for association in table.associations.unwrap_or_default() {
        let state = association.association_state.and_then(|state| state.state);
        if state.is_some_and(|state| !matches!(state.as_str(), "associated" | "associating")) {
            continue;
        }
        main |= association.main == Some(true);
        if let Some(subnet) = some(association.subnet_id) {
            found.links.tables.insert(subnet, (id.clone(), association.route_table_association_id.unwrap_or_default()));
        }
    }
    let routes: Vec<_> = table.routes.unwrap_or_default().into_iter().filter(is_declared).collect();
    // A route that the table came with and that leads elsewhere is a local one that somebody redirected.
    let is_local = |route: &&aws_sdk_ec2::types::Route| route.origin == Some(RouteOrigin::CreateRouteTable);
    let redirected: Vec<Value> = routes.iter().filter(is_local).map(|live| route(live.clone()).destination.into()).collect();
    let typed = RouteTable { vpc: Ref::Id(table.vpc_id.unwrap_or_default()), routes: routes.into_iter().map(route).collect() };
    let mut object = object(Some(id), &typed, table.tags, facts([]))?;
    if !redirected.is_empty() {
        object.facts.set(REDIRECTED, redirected);
    }
    object.implicit = main;
    object.facts.set_option("blackholes", Some(blackholes).filter(|all| !all.is_empty()));
    Ok(object)
}

/// Whether a route is one that somebody declared: local routes, those that a gateway propagates and those of gateway endpoints
/// are EC2's.
fn is_declared(route: &aws_sdk_ec2::types::Route) -> bool {
    let gateway = route.gateway_id().unwrap_or_default();
    let origin = route.origin().map(|origin| origin.as_str());
    let local = matches!(gateway, "local" | "VpcLattice");
    let propagated = matches!(origin, Some("EnableVgwRoutePropagation" | "Advertisement"));
    let endpoint = route.destination_prefix_list_id().is_some_and(|id| !id.is_empty()) && gateway.starts_with("vpce-");
    !local && !propagated && !endpoint
}

fn route(route: aws_sdk_ec2::types::Route) -> Route {
    let range = some(route.destination_cidr_block).or(some(route.destination_ipv6_cidr_block));
    let destination = match range {
        Some(range) => (RANGE.read)(&range).unwrap_or(range),
        None => some(route.destination_prefix_list_id).unwrap_or_default(),
    };
    let nat = reference(route.nat_gateway_id);
    // Whatever leads to a gateway of some sort is told by the form of its id.
    let gateway = |prefix: &str| route.gateway_id.clone().filter(|id| id.starts_with(prefix));
    Route {
        destination,
        local_target: None,
        internet_gateway: gateway("igw-").map(Ref::Id),
        vpc_endpoint: gateway("vpce-").map(Ref::Id),
        vpn_gateway: gateway("vgw-"),
        // The interface of a NAT gateway is the gateway's.
        network_interface: some(route.network_interface_id).filter(|_| nat.is_none()),
        nat_gateway: nat,
        egress_only_internet_gateway: some(route.egress_only_internet_gateway_id),
        transit_gateway: some(route.transit_gateway_id),
        vpc_peering_connection: some(route.vpc_peering_connection_id),
    }
}

/// What a route is for that leads nowhere, and where it leads, as EC2 has it.
fn blackhole(live: &aws_sdk_ec2::types::Route) -> Option<Value> {
    let is_one = live.state().is_some_and(|state| *state == RouteState::Blackhole);
    let targets = [
        live.nat_gateway_id(),
        live.gateway_id(),
        live.network_interface_id(),
        live.transit_gateway_id(),
        live.vpc_peering_connection_id(),
        live.egress_only_internet_gateway_id(),
    ];
    let target = targets.into_iter().flatten().find(|id| !id.is_empty()).unwrap_or_default();
    is_one.then(|| Record::new().with("destination", route(live.clone()).destination).with("target", target).into())
}

pub async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        "CreateRouteTable" => create(task).await,
        "CreateRoute" => create_route(task).await,
        "ReplaceRoute" => {
            replace_route(task).await?;
            Ok(Acted::default())
        }
        "DeleteRoute" => delete_route(task).await,
        "DeleteRouteTable" => delete(task).await,
        _ => Err(task.unknown_action()),
    }
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let with = |token: &str| {
        let request = task.ec2.client.create_route_table().client_token(token);
        request.set_vpc_id(task.set_id("vpc")).tag_specifications(tags::specification_under(task, token))
    };
    let id = ownership::create_once(task, with, |request| request.send(), |answer| answer.route_table()?.route_table_id()).await?;
    Ok(Acted { wait: wait(&id, "available"), ..made(id) })
}

/// A route table has no states: it is there once it is shown.
pub async fn settle(ec2: &Ec2, waits: &[Wait]) -> Result<Vec<Settled>, Failure> {
    let mut seen = BTreeMap::new();
    for ids in portions(waits) {
        let request = ec2.client.describe_route_tables().filters(filter::of("route-table-id", ids));
        pages!(ec2, "DescribeRouteTables", request, route_tables, |table: aws_sdk_ec2::types::RouteTable| {
            seen.insert(table.route_table_id.unwrap_or_default(), Seen::shown());
            Ok::<_, Failure>(())
        });
    }
    Ok(settled(waits, seen))
}

async fn delete(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: &str = "DeleteRouteTable";
    let request = task.ec2.client.delete_route_table().route_table_id(task.id()?);
    match task.end_as(Purpose::TryDelete, ACTION, request.clone(), |request| request.send()).await {
        Err(failure) if failure.class == Class::Dependency => {
            release(task).await?;
            task.end(ACTION, request, |request| request.send()).await?;
        }
        ended => {
            ended?;
        }
    }
    Ok(Acted::default())
}

/// Takes the table off subnets that are not there any more. EC2 does it with the subnet, if not at once; moto never does.
async fn release(task: &Task<'_>) -> Result<(), Failure> {
    let found = read(task.ec2, Some(vec![filter::of("route-table-id", [task.id()?])])).await?;
    for gone in subnet::gone(task.ec2, found.links.tables.keys()).await? {
        let (_, association) = &found.links.tables[gone];
        let request = task.ec2.client.disassociate_route_table().association_id(association);
        task.end("DisassociateRouteTable", request, |request| request.send()).await?;
    }
    Ok(())
}

/// The one route of a record.
fn only<'a>(task: &Task<'_>, record: &'a Record) -> Result<&'a Record, Failure> {
    record.list("routes").first().and_then(Value::as_map).ok_or_else(|| task.defect("names no route"))
}

/// What a route is for, as EC2 takes it: an IPv4 range, an IPv6 range, or a prefix list.
#[derive(Default)]
struct Destination {
    ipv4: Option<String>,
    ipv6: Option<String>,
    prefix_list: Option<String>,
}

async fn destination(task: &Task<'_>, route: &Record) -> Result<Destination, Failure> {
    let text = route.text("destination");
    let range = text.parse::<ipnet::IpNet>();
    Ok(match range {
        Ok(ipnet::IpNet::V4(_)) => Destination { ipv4: Some(text.to_owned()), ..Destination::default() },
        Ok(ipnet::IpNet::V6(_)) => Destination { ipv6: Some(text.to_owned()), ..Destination::default() },
        Err(_) => Destination { prefix_list: Some(prefix_list::id(task.ec2, text).await?), ..Destination::default() },
    })
}

fn target(route: &Record, name: &str) -> Option<String> {
    match route.get(name)? {
        Value::Ref(reference) => reference.id().map(str::to_owned),
        other => other.as_text().map(str::to_owned),
    }
}

/// A request about one route of the step's table: the builders of the three actions have no trait in common.
macro_rules! with_destination {
    ($request:expr, $task:expr, $route:expr) => {{
        let destination = destination($task, $route).await?;
        $request
            .route_table_id($task.id()?)
            .set_destination_cidr_block(destination.ipv4)
            .set_destination_ipv6_cidr_block(destination.ipv6)
            .set_destination_prefix_list_id(destination.prefix_list)
    }};
}

/// The same with where the route leads.
macro_rules! with_target {
    ($request:expr, $route:expr) => {
        $request
            .set_gateway_id(target($route, "internet_gateway").or(target($route, "vpn_gateway")))
            .set_nat_gateway_id(target($route, "nat_gateway"))
            .set_vpc_endpoint_id(target($route, "vpc_endpoint"))
            .set_egress_only_internet_gateway_id(target($route, "egress_only_internet_gateway"))
            .set_network_interface_id(target($route, "network_interface"))
            .set_transit_gateway_id(target($route, "transit_gateway"))
            .set_vpc_peering_connection_id(target($route, "vpc_peering_connection"))
    };
}

async fn create_route(task: &Task<'_>) -> Result<Acted, Failure> {
    let route = only(task, task.sets())?;
    let request = with_target!(with_destination!(task.ec2.client.create_route(), task, route), route);
    match task.call("CreateRoute", request, |request| request.send()).await {
        Ok(_) => {}
        // The first attempt may have made it, and its answer was lost: to make sure of the target.
        Err(failure) if failure.maybe_done && failure.class == Class::Duplicate => replace_route(task).await?,
        Err(failure) => return Err(failure),
    }
    Ok(Acted::default())
}

async fn replace_route(task: &Task<'_>) -> Result<(), Failure> {
    let route = only(task, task.sets())?;
    let request = with_target!(with_destination!(task.ec2.client.replace_route(), task, route), route);
    let request = request.set_local_target(route.get("local_target").and_then(Value::as_bool));
    task.call("ReplaceRoute", request, |request| request.send()).await?;
    Ok(())
}

async fn delete_route(task: &Task<'_>) -> Result<Acted, Failure> {
    let request = with_destination!(task.ec2.client.delete_route(), task, only(task, task.unsets())?);
    task.end("DeleteRoute", request, |request| request.send()).await?;
    Ok(Acted::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::RouteTableAssociation;

    type Builder = aws_sdk_ec2::types::builders::RouteBuilder;

    fn to(destination: &str) -> Builder {
        aws_sdk_ec2::types::Route::builder().destination_cidr_block(destination)
    }

    #[test]
    fn routes_that_are_ec2s_own_are_left_out() {
        let table = aws_sdk_ec2::types::RouteTable::builder()
            .route_table_id("rtb-1")
            .vpc_id("vpc-1")
            .routes(to("10.0.0.0/16").gateway_id("local").origin(RouteOrigin::CreateRouteTable).build())
            .routes(to("0.0.0.0/0").gateway_id("igw-1").origin(RouteOrigin::CreateRoute).build())
            .routes(to("192.168.0.0/16").gateway_id("vgw-1").origin(RouteOrigin::EnableVgwRoutePropagation).build())
            .routes(Builder::default().destination_prefix_list_id("pl-1").gateway_id("vpce-1").build())
            .routes(to("172.16.0.0/12").nat_gateway_id("nat-1").network_interface_id("eni-1").build())
            .routes(Builder::default().destination_ipv6_cidr_block("2001:DB8:0::/48").gateway_id("vgw-1").build());
        let record = fold(table.build(), &mut Found::default()).unwrap().record;
        let routes = record.get("routes").unwrap().to_string();
        assert_eq!(
            routes,
            "[{destination: 0.0.0.0/0, internet_gateway: igw-1}, {destination: 172.16.0.0/12, nat_gateway: nat-1}, \
             {destination: 2001:db8::/48, vpn_gateway: vgw-1}]"
        );
    }

    #[test]
    fn a_local_route_that_leads_elsewhere_is_told_as_redirected() {
        let table = aws_sdk_ec2::types::RouteTable::builder()
            .route_table_id("rtb-1")
            .routes(to("10.0.0.0/16").network_interface_id("eni-1").origin(RouteOrigin::CreateRouteTable).build())
            .routes(to("10.0.1.0/24").network_interface_id("eni-1").origin(RouteOrigin::CreateRoute).build());
        let object = fold(table.build(), &mut Found::default()).unwrap();
        assert_eq!(object.facts.get(REDIRECTED).unwrap().to_string(), "[10.0.0.0/16]");
        assert_eq!(object.record.list("routes").len(), 2);
    }

    #[test]
    fn a_main_table_is_implicit_and_associations_tell_about_subnets() {
        let table = aws_sdk_ec2::types::RouteTable::builder()
            .route_table_id("rtb-1")
            .associations(RouteTableAssociation::builder().main(true).build())
            .associations(RouteTableAssociation::builder().subnet_id("subnet-1").route_table_association_id("rtbassoc-1").build());
        let mut found = Found::default();
        assert!(fold(table.build(), &mut found).unwrap().implicit);
        assert_eq!(found.links.tables["subnet-1"], ("rtb-1".to_owned(), "rtbassoc-1".to_owned()));
    }
}
