//! What a region of a new account has: the default VPC with a subnet in each zone, its gateway and its route.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::internet_gateway::InternetGateway;
use super::route::{Route, Target};
use super::route_table::{self, Destination};
use super::{subnet, vpc, zone};
use crate::call::Call;

/// Fills an empty region.
pub fn make(call: &mut Call<'_>) {
    let Ok(net) = Ipv4Net::new(Ipv4Addr::new(172, 31, 0, 0), 16) else {
        return;
    };
    let id = vpc::make(call, net, "default", true);
    let ranges = net.subnets(20).into_iter().flatten();
    for (zone, range) in zone::zones(&call.region.name).into_iter().zip(ranges) {
        subnet::make(call, &id, range, zone, true);
    }
    let gateway = call.new_id("igw");
    call.region.internet_gateways.insert(
        &gateway,
        InternetGateway {
            vpc: Some(id.clone()),
        },
    );
    if let Some(main) = route_table::main_of(call.region, &id) {
        let route = Route {
            destination: Destination::V4(Ipv4Net::default()),
            target: Target::Internet(gateway),
            implicit: false,
        };
        call.region
            .route_tables
            .update(&main, |table| table.routes.push(route));
    }
    // The region was there long before anyone looked.
    call.region.fresh.clear();
    let vpcs: Vec<String> = call.region.vpcs.iter().map(|(id, _)| id.clone()).collect();
    for id in vpcs {
        vpc::available(call, &id);
    }
    let subnets: Vec<String> = call.region.subnets.iter().map(|(id, _)| id.clone()).collect();
    for id in subnets {
        subnet::available(call, &id);
    }
}
