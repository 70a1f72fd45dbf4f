//! Where a VPC endpoint is: in route tables, or with an interface in each of some subnets.

use super::interface_ipv6::{self, Wanted6};
use super::network_interface::{self, Attachment, New};
use super::route::{Route, Target};
use super::route_table::{Destination, RouteTable};
use super::subnet::Subnet;
use super::vpc_endpoint::VpcEndpoint;
use super::{prefix_list, security_group};
use crate::call::{Answer, Call};
use crate::state::Region;
use crate::wire::Fault;

/// The service that owns the interfaces of endpoints.
const REQUESTER: &str = "727180483921";

/// Adds the endpoint's route to tables of its VPC.
pub fn add_tables(call: &mut Call<'_>, id: &str, row: &mut VpcEndpoint, tables: &[&str]) -> Answer {
    let Some(list) = prefix_list::of_service(&call.region.name, &row.service) else {
        return Ok(());
    };
    let destination = Destination::List(list);
    for table in tables {
        let have = call.find::<RouteTable>(table)?;
        if have.vpc != row.vpc {
            return Err(Fault::new(
                "InvalidParameter",
                format!("Route table {table} does not belong to VPC {}", row.vpc),
            ));
        }
        if row.route_tables.iter().any(|have| have == table) {
            continue;
        }
        if have.routes.iter().any(|route| route.destination == destination) {
            return Err(Fault::new(
                "RouteAlreadyExists",
                format!(
                    "route table {table} already has a route with destination-prefix-list-id {destination}"
                ),
            ));
        }
        let route = Route {
            destination: destination.clone(),
            target: Target::Endpoint(id.to_owned()),
            implicit: false,
        };
        call.region
            .route_tables
            .update(table, |table| table.routes.push(route));
        row.route_tables.push((*table).to_owned());
    }
    Ok(())
}

/// Takes the endpoint's route from these tables.
pub fn remove_tables(region: &mut Region, id: &str, tables: &[String]) {
    for table in tables {
        region.route_tables.update(table, |table| {
            table.routes.retain(|route| route.target.id() != Some(id));
        });
    }
}

/// Adds an interface in each subnet: one to a zone.
pub fn add_subnets(call: &mut Call<'_>, id: &str, row: &mut VpcEndpoint, subnets: &[&str]) -> Answer {
    for subnet in subnets {
        let new = call.find::<Subnet>(subnet)?.clone();
        check_families(row, subnet)?;
        if new.vpc != row.vpc {
            return Err(Fault::new(
                "InvalidParameter",
                format!("Subnet {subnet} does not belong to VPC {}", row.vpc),
            ));
        }
        if row.subnets.iter().any(|have| have == subnet) {
            continue;
        }
        let same = row
            .subnets
            .iter()
            .filter_map(|have| call.region.subnets.get(have))
            .any(|have| have.zone == new.zone);
        if same {
            return Err(Fault::new(
                "DuplicateSubnetsInSameZone",
                format!("Found another VPC endpoint subnet in the availability zone of {subnet}"),
            ));
        }
        let interface = New {
            subnet,
            groups: row.groups.clone(),
            address: None,
            ipv6: wanted(row),
            description: format!("VPC Endpoint Interface {id}"),
            kind: if row.kind == "Interface" {
                "vpc_endpoint"
            } else {
                "gateway_load_balancer_endpoint"
            },
            requester: Some(REQUESTER),
        };
        let interface = network_interface::make(call, interface)?;
        let attachment = Attachment::to_service(call);
        call.region.network_interfaces.update(&interface, |eni| {
            eni.attachment = Some(attachment);
            eni.source_dest_check = true;
        });
        row.subnets.push((*subnet).to_owned());
        row.interfaces.push(interface);
    }
    Ok(())
}

/// Endpoints without IPv4 addresses are in subnets that have none either, and every subnet here has some.
fn check_families(row: &VpcEndpoint, subnet: &str) -> Answer {
    if row.options.addresses == "ipv6" {
        return Err(Fault::new(
            "InvalidParameter",
            format!("The IP address type ipv6 needs IPv6-only subnets, and {subnet} has an IPv4 CIDR block"),
        ));
    }
    Ok(())
}

/// The IPv6 addresses of each interface of an endpoint.
fn wanted(row: &VpcEndpoint) -> Wanted6 {
    Wanted6::Count(u32::from(row.options.addresses != "ipv4"))
}

/// Gives the interfaces of an endpoint the addresses that it is to have now, and no others.
pub fn readdress(call: &mut Call<'_>, row: &VpcEndpoint) -> Answer {
    for eni in &row.interfaces {
        let subnet = call
            .region
            .network_interfaces
            .get(eni)
            .map(|eni| eni.subnet.clone());
        check_families(row, &subnet.unwrap_or_default())?;
        let Some(have) = call.region.network_interfaces.get(eni) else {
            continue;
        };
        let ipv6 = if have.ipv6.is_empty() || row.options.addresses == "ipv4" {
            let subnet = have.subnet.clone();
            interface_ipv6::take(call, &subnet, &wanted(row))?
        } else {
            have.ipv6.clone()
        };
        call.region.network_interfaces.update(eni, |eni| eni.ipv6 = ipv6);
    }
    Ok(())
}

/// Takes the interfaces of these subnets away.
pub fn remove_subnets(call: &mut Call<'_>, row: &mut VpcEndpoint, subnets: &[&str]) {
    row.subnets.retain(|have| !subnets.contains(&have.as_str()));
    let (stay, go): (Vec<String>, Vec<String>) =
        std::mem::take(&mut row.interfaces).into_iter().partition(|eni| {
            call.region
                .network_interfaces
                .get(eni)
                .is_some_and(|eni| !subnets.contains(&eni.subnet.as_str()))
        });
    row.interfaces = stay;
    for eni in go {
        network_interface::drop(call.region, &eni);
    }
}

/// Other security groups for the endpoint and its interfaces.
pub fn change_groups(call: &mut Call<'_>, row: &mut VpcEndpoint, added: &[&str], removed: &[&str]) -> Answer {
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let kept: Vec<String> = row
        .groups
        .iter()
        .filter(|have| !removed.contains(&have.as_str()))
        .cloned()
        .collect();
    let wanted: Vec<&str> = kept
        .iter()
        .map(String::as_str)
        .chain(added.iter().copied())
        .collect();
    if wanted.is_empty() {
        return Err(Fault::new(
            "InvalidParameter",
            "An interface endpoint needs at least one security group",
        ));
    }
    row.groups = security_group::for_interface(call, &wanted, &row.vpc)?;
    for eni in &row.interfaces {
        call.region
            .network_interfaces
            .update(eni, |eni| eni.groups.clone_from(&row.groups));
    }
    Ok(())
}
