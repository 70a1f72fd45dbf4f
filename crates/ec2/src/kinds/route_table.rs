//! `route_table`, live.

use aws_sdk_ec2::operation::delete_route_table::builders::DeleteRouteTableFluentBuilder;
use aws_sdk_ec2::types::{RouteOrigin, RouteState};
use trueup_model::kinds::route_table::{Route, RouteTable, action, attr};
use trueup_model::kinds::subnet::action::DISASSOCIATE_ROUTE_TABLE;
use trueup_model::net::RANGE;
use trueup_model::{Acted, Attr, Kind, Object, Record, Ref, Value, Waiter, fact};

use crate::act::{Task, made_until};
use crate::answer::{Reader, needed, needed_id, needed_text, reference, some};
use crate::classify::Class;
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, find, find_implicit, has_member, list_and_act};
use crate::read::{Found, pages};
use crate::{Ec2, association, ownership, prefix_list, tags};

/// Route tables, live.
pub struct RouteTables;

impl Live for RouteTables {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("route-table-id")
    }

    fn prefix_lists(&self) -> Option<prefix_list::Spoken> {
        Some((&[ROUTES], attr::DESTINATION))
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    // EC2 gives no more route tables than these at a time.
    let request = ec2.client.describe_route_tables();
    let request = asked!(request, which, set_route_table_ids, set_filters, 100);
    pages!(
        ec2,
        "DescribeRouteTables",
        request,
        route_tables,
        |table: aws_sdk_ec2::types::RouteTable| {
            let object = fold(table, &mut found)?;
            found.objects.push(object);
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// In which states of an association it holds, and in which it does not.
const HOLDS: [(&str, bool); 5] = [
    ("associating", true),
    ("associated", true),
    ("disassociating", false),
    ("disassociated", false),
    ("failed", false),
];

fn fold(table: aws_sdk_ec2::types::RouteTable, found: &mut Found) -> Result<Object, Failure> {
    const ACTION: &str = "DescribeRouteTables";
    let mut reader = Reader::default();
    let id = needed_id(ACTION, "routeTableId", Kind::RouteTable, table.route_table_id)?;
    let mut implicit = false;
    for association in needed(ACTION, "associationSet", table.associations)? {
        // Without a state it is one from before there were any.
        let state = association
            .association_state
            .map_or_else(|| Some("associated".into()), |state| state.state);
        let state = needed(ACTION, "associationState", state)?;
        let holds = HOLDS.iter().find(|(word, _)| *word == state.as_str());
        let (_, holds) = holds.ok_or_else(|| {
            Failure::invalid(
                ACTION,
                format!("EC2 says `{state}` as the state of an association of {id}"),
            )
        })?;
        let main = needed(ACTION, "main", association.main)?;
        let subnet = match some(association.subnet_id) {
            // The main one is of no subnet, and one of a gateway is not either.
            None if main || some(association.gateway_id).is_some() => None,
            subnet => Some(needed_id(ACTION, "subnetId", Kind::Subnet, subnet)?),
        };
        if !holds {
            continue;
        }
        implicit |= main;
        if let Some(subnet) = subnet {
            let association = needed_text(
                ACTION,
                "routeTableAssociationId",
                association.route_table_association_id,
            )?;
            found.links.tables.insert(subnet, (id.clone(), association));
        }
    }
    let vpc = reader.id(attr::VPC, "vpcId", table.vpc_id);
    let live = reader.always(ROUTES, "routeSet", table.routes);
    let is_local = |route: &aws_sdk_ec2::types::Route| route.origin() == Some(&RouteOrigin::CreateRouteTable);
    // Every table has the routes that come with it, wherever they lead by now.
    if live.is_empty() {
        reader.unknown(ROUTES, "EC2 did not say its local routes".to_owned());
    }
    let (mut routes, mut redirected, mut blackholes) = (Vec::new(), Vec::<Value>::new(), Vec::<Value>::new());
    for route in live {
        let (local, hole) = (is_local(&route), blackhole(&route));
        let Some(route) = declared(route, &mut reader) else {
            continue;
        };
        // A route that the table came with and that leads elsewhere is a local one that somebody redirected.
        redirected.extend(local.then(|| route.destination.clone().into()));
        blackholes.extend(hole.map(|target| {
            Record::new()
                .with(attr::DESTINATION, route.destination.as_str())
                .with(fact::TARGET, target)
                .into()
        }));
        routes.push(route);
    }
    let mut object = reader.object(
        ACTION,
        Some(id),
        &RouteTable { vpc, routes },
        table.tags,
        Record::new(),
    )?;
    if !redirected.is_empty() {
        object.facts.set(fact::REDIRECTED, redirected);
    }
    object.implicit = implicit;
    object
        .facts
        .set_option(fact::BLACKHOLES, Some(blackholes).filter(|all| !all.is_empty()));
    Ok(object)
}

const ROUTES: Attr<[Value]> = attr::ROUTES;

/// A route, where somebody declared it: local routes, those that a gateway propagates and those of gateway
/// endpoints are EC2's.
fn declared(route: aws_sdk_ec2::types::Route, reader: &mut Reader) -> Option<Route> {
    let gateway = route.gateway_id().unwrap_or_default();
    let origin = route.origin().map(|origin| origin.as_str());
    let origin = reader.word(
        ROUTES,
        "origin",
        origin,
        &[
            "CreateRouteTable",
            "CreateRoute",
            "EnableVgwRoutePropagation",
            "Advertisement",
        ],
    );
    let local = matches!(gateway, "local" | "VpcLattice");
    let propagated = matches!(origin.as_str(), "EnableVgwRoutePropagation" | "Advertisement");
    let endpoint = route
        .destination_prefix_list_id()
        .is_some_and(|id| !id.is_empty())
        && gateway.starts_with("vpce-");
    (!local && !propagated && !endpoint).then(|| self::route(route, reader))
}

fn route(route: aws_sdk_ec2::types::Route, reader: &mut Reader) -> Route {
    let range = some(route.destination_cidr_block).or(some(route.destination_ipv6_cidr_block));
    let destination = match range {
        Some(range) => (RANGE.read)(&range).unwrap_or(range),
        None => reader.text(ROUTES, "destinationCidrBlock", route.destination_prefix_list_id),
    };
    let nat = reference(route.nat_gateway_id);
    // Whatever leads to a gateway of some sort is known by the form of its id.
    let gateway = |prefix: &str| route.gateway_id.clone().filter(|id| id.starts_with(prefix));
    // What leads elsewhere leads nowhere that a spec can say.
    let elsewhere = [
        route.carrier_gateway_id,
        route.local_gateway_id,
        route.core_network_arn,
        route.odb_network_arn,
        route.instance_id,
    ]
    .into_iter()
    .find_map(some);
    let route = Route {
        destination,
        local_target: None,
        internet_gateway: gateway("igw-").map(Ref::Id),
        vpc_endpoint: gateway("vpce-").map(Ref::Id),
        vpn_gateway: gateway("vgw-").map(Ref::Id),
        // The interface of a NAT gateway is the gateway's.
        network_interface: reference(route.network_interface_id).filter(|_| nat.is_none()),
        nat_gateway: nat,
        egress_only_internet_gateway: reference(route.egress_only_internet_gateway_id),
        transit_gateway: reference(route.transit_gateway_id),
        vpc_peering_connection: reference(route.vpc_peering_connection_id),
    };
    if elsewhere.is_none()
        && route
            == (Route {
                destination: route.destination.clone(),
                ..Route::default()
            })
    {
        reader.unknown(
            ROUTES,
            format!("EC2 did not say where the route to {} leads", route.destination),
        );
    }
    route
}

/// Where a route leads that leads nowhere, as EC2 has it.
fn blackhole(live: &aws_sdk_ec2::types::Route) -> Option<String> {
    let is_one = live.state().is_some_and(|state| *state == RouteState::Blackhole);
    let targets = [
        live.nat_gateway_id(),
        live.gateway_id(),
        live.network_interface_id(),
        live.transit_gateway_id(),
        live.vpc_peering_connection_id(),
        live.egress_only_internet_gateway_id(),
    ];
    let target = targets
        .into_iter()
        .flatten()
        .find(|id| !id.is_empty())
        .unwrap_or_default();
    is_one.then(|| target.to_owned())
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => create(task).await,
        action::FIND => find_implicit(task).await,
        action::CREATE_ROUTE => create_route(task).await,
        action::REPLACE_ROUTE => {
            replace_route(task).await?;
            Ok(Acted::default())
        }
        action::DELETE_ROUTE => delete_route(task).await,
        action::DELETE => delete(task).await,
        _ => Err(task.unknown_action()),
    }
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let with = |token: &str| {
        let request = task.ec2.client.create_route_table().client_token(token);
        request
            .set_vpc_id(task.set_id(attr::VPC))
            .tag_specifications(tags::specification_under(task, token))
    };
    let id = ownership::create_with_token(
        task,
        with,
        |request| request.send(),
        |answer| answer.route_table()?.route_table_id(),
    )
    .await?;
    Ok(made_until(id, Waiter::SHOWN, None))
}

async fn delete(task: &Task<'_>) -> Result<Acted, Failure> {
    let request = task.ec2.client.delete_route_table().route_table_id(task.id()?);
    let send = |request: DeleteRouteTableFluentBuilder| request.send();
    association::end_released(task, action::DELETE, request, send, async |task| {
        release(task).await
    })
    .await?;
    Ok(Acted::default())
}

/// Takes the table off subnets that are not there any more.
async fn release(task: &Task<'_>) -> Result<(), Failure> {
    let found = find(task.ec2, Kind::RouteTable, &[task.id()?.to_owned()]).await?;
    for gone in association::gone(task.ec2, found.links.tables.keys()).await? {
        let (_, association) = &found.links.tables[&gone];
        let request = task
            .ec2
            .client
            .disassociate_route_table()
            .association_id(association);
        task.end(DISASSOCIATE_ROUTE_TABLE, request, |request| request.send())
            .await?;
    }
    Ok(())
}

/// The one route of a record.
fn only<'a>(task: &Task<'_>, record: &'a Record) -> Result<&'a Record, Failure> {
    record
        .list(attr::ROUTES)
        .first()
        .and_then(Value::as_map)
        .ok_or_else(|| task.defect("names no route"))
}

/// What a route is for, as EC2 takes it: an IPv4 range, an IPv6 range, or a prefix list.
#[derive(Default)]
struct Destination {
    ipv4: Option<String>,
    ipv6: Option<String>,
    prefix_list: Option<String>,
}

async fn destination(task: &Task<'_>, route: &Record) -> Result<Destination, Failure> {
    let text = route.text(attr::DESTINATION);
    let range = text.parse::<ipnet::IpNet>();
    Ok(match range {
        Ok(ipnet::IpNet::V4(_)) => Destination {
            ipv4: Some(text.to_owned()),
            ..Destination::default()
        },
        Ok(ipnet::IpNet::V6(_)) => Destination {
            ipv6: Some(text.to_owned()),
            ..Destination::default()
        },
        Err(_) => Destination {
            prefix_list: Some(prefix_list::id(task.ec2, text).await?),
            ..Destination::default()
        },
    })
}

fn target(route: &Record, attribute: Attr<Ref>) -> Option<String> {
    route.get(attribute)?.id().map(str::to_owned)
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
            .set_gateway_id(target($route, attr::INTERNET_GATEWAY).or(target($route, attr::VPN_GATEWAY)))
            .set_nat_gateway_id(target($route, attr::NAT_GATEWAY))
            .set_vpc_endpoint_id(target($route, attr::VPC_ENDPOINT))
            .set_egress_only_internet_gateway_id(target($route, attr::EGRESS_ONLY_INTERNET_GATEWAY))
            .set_network_interface_id(target($route, attr::NETWORK_INTERFACE))
            .set_transit_gateway_id(target($route, attr::TRANSIT_GATEWAY))
            .set_vpc_peering_connection_id(target($route, attr::VPC_PEERING_CONNECTION))
    };
}

async fn create_route(task: &Task<'_>) -> Result<Acted, Failure> {
    let route = only(task, task.sets())?;
    let request = with_target!(
        with_destination!(task.ec2.client.create_route(), task, route),
        route
    );
    match task
        .call(action::CREATE_ROUTE, request, |request| request.send())
        .await
    {
        Ok(_) => {}
        // The first attempt may have made it, and its answer was lost: to make sure of the target.
        Err(failure) if failure.maybe_done && failure.class == Class::Duplicate => {
            replace_route(task).await?;
        }
        // Another run that does the same was first.
        Err(failure) if failure.class == Class::Duplicate => {
            let list = destination(task, route).await?.prefix_list;
            let mut wanted = route.clone();
            if let Some(list) = list {
                wanted.set(attr::DESTINATION, list);
            }
            if !has_member(task, ROUTES, &wanted).await? {
                return Err(failure);
            }
        }
        Err(failure) => return Err(failure),
    }
    Ok(Acted::default())
}

async fn replace_route(task: &Task<'_>) -> Result<(), Failure> {
    let route = only(task, task.sets())?;
    let request = with_target!(
        with_destination!(task.ec2.client.replace_route(), task, route),
        route
    );
    let request = request.set_local_target(route.get(attr::LOCAL_TARGET));
    task.call(action::REPLACE_ROUTE, request, |request| request.send())
        .await?;
    Ok(())
}

async fn delete_route(task: &Task<'_>) -> Result<Acted, Failure> {
    let request = with_destination!(task.ec2.client.delete_route(), task, only(task, task.unsets())?);
    task.end(action::DELETE_ROUTE, request, |request| request.send())
        .await?;
    Ok(Acted::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::RouteTableAssociation;

    type Builder = aws_sdk_ec2::types::builders::RouteBuilder;

    fn to(destination: &str) -> Builder {
        made().destination_cidr_block(destination)
    }

    fn made() -> Builder {
        aws_sdk_ec2::types::Route::builder().origin(RouteOrigin::CreateRoute)
    }

    #[test]
    fn routes_that_are_ec2s_own_are_left_out() {
        let table = aws_sdk_ec2::types::RouteTable::builder()
            .route_table_id("rtb-00000001")
            .vpc_id("vpc-00000001")
            .set_associations(Some(Vec::new()))
            .routes(
                to("10.0.0.0/16")
                    .gateway_id("local")
                    .origin(RouteOrigin::CreateRouteTable)
                    .build(),
            )
            .routes(
                to("0.0.0.0/0")
                    .gateway_id("igw-00000001")
                    .origin(RouteOrigin::CreateRoute)
                    .build(),
            )
            .routes(
                to("192.168.0.0/16")
                    .gateway_id("vgw-00000001")
                    .origin(RouteOrigin::EnableVgwRoutePropagation)
                    .build(),
            )
            .routes(
                made()
                    .destination_prefix_list_id("pl-00000001")
                    .gateway_id("vpce-00000001")
                    .build(),
            )
            .routes(
                to("172.16.0.0/12")
                    .nat_gateway_id("nat-00000001")
                    .network_interface_id("eni-00000001")
                    .build(),
            )
            .routes(
                made()
                    .destination_ipv6_cidr_block("2001:DB8:0::/48")
                    .gateway_id("vgw-00000001")
                    .build(),
            );
        let record = fold(table.build(), &mut Found::default()).unwrap().record;
        let routes = record.value(attr::ROUTES.name).unwrap().to_string();
        assert_eq!(
            routes,
            "[{destination: 0.0.0.0/0, internet_gateway: igw-00000001}, {destination: 172.16.0.0/12, nat_gateway: nat-00000001}, \
             {destination: 2001:db8::/48, vpn_gateway: vgw-00000001}]"
        );
    }

    #[test]
    fn a_local_route_that_leads_elsewhere_is_told_as_redirected() {
        let table = aws_sdk_ec2::types::RouteTable::builder()
            .route_table_id("rtb-00000001")
            .set_associations(Some(Vec::new()))
            .routes(
                to("10.0.0.0/16")
                    .network_interface_id("eni-00000001")
                    .origin(RouteOrigin::CreateRouteTable)
                    .build(),
            )
            .routes(
                to("10.0.1.0/24")
                    .network_interface_id("eni-00000001")
                    .origin(RouteOrigin::CreateRoute)
                    .build(),
            );
        let object = fold(table.build(), &mut Found::default()).unwrap();
        assert_eq!(
            object.facts.value(fact::REDIRECTED.name).unwrap().to_string(),
            "[10.0.0.0/16]"
        );
        assert_eq!(object.record.list(attr::ROUTES).len(), 2);
    }

    #[test]
    fn a_route_that_leads_nowhere_known_is_not_read() {
        let told = |route: Builder| {
            let table = aws_sdk_ec2::types::RouteTable::builder()
                .route_table_id("rtb-00000001")
                .set_associations(Some(Vec::new()));
            let local = to("10.0.0.0/16")
                .gateway_id("local")
                .origin(RouteOrigin::CreateRouteTable)
                .build();
            let object = fold(
                table.routes(local).routes(route.build()).build(),
                &mut Found::default(),
            )
            .unwrap();
            object.record.has(attr::ROUTES)
        };
        assert!(told(to("0.0.0.0/0").gateway_id("igw-00000001")));
        assert!(
            !told(to("0.0.0.0/0"))
                && !told(to("0.0.0.0/0").gateway_id("zzz"))
                && !told(to("0.0.0.0/99").gateway_id("igw-00000001"))
        );
        assert!(!told(made().gateway_id("igw-00000001")));
        // A word for where it comes from that nobody knows: perhaps it is EC2's own.
        assert!(!told(
            to("0.0.0.0/0")
                .gateway_id("igw-00000001")
                .origin(RouteOrigin::from("zzz"))
        ));
        // To what a spec has no word for: told, so that it is seen.
        assert!(told(to("0.0.0.0/0").carrier_gateway_id("cagw-00000001")));
    }

    #[test]
    fn an_association_that_is_not_whole_is_an_error() {
        let read = |association: RouteTableAssociation| {
            let table = aws_sdk_ec2::types::RouteTable::builder()
                .route_table_id("rtb-00000001")
                .associations(association);
            fold(table.build(), &mut Found::default()).is_ok()
        };
        let base = || RouteTableAssociation::builder().route_table_association_id("rtbassoc-1");
        assert!(
            read(base().main(true).build()) && read(base().main(false).subnet_id("subnet-00000001").build())
        );
        assert!(!read(base().subnet_id("subnet-00000001").build()) && !read(base().main(false).build()));
        assert!(!read(base().main(false).subnet_id("zzz").build()));
    }

    #[test]
    fn a_main_table_is_implicit_and_associations_tell_about_subnets() {
        let table = aws_sdk_ec2::types::RouteTable::builder()
            .route_table_id("rtb-00000001")
            .associations(RouteTableAssociation::builder().main(true).build())
            .associations(
                RouteTableAssociation::builder()
                    .main(false)
                    .subnet_id("subnet-00000001")
                    .route_table_association_id("rtbassoc-1")
                    .build(),
            );
        let mut found = Found::default();
        assert!(fold(table.build(), &mut found).unwrap().implicit);
        assert_eq!(
            found.links.tables["subnet-00000001"],
            ("rtb-00000001".to_owned(), "rtbassoc-1".to_owned())
        );
    }
}
