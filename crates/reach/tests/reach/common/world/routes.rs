//! The routes of random networks.

use fastrand::Rng;
use ipnet::IpNet;
use trueup_reach::network::{Destination, Network, Origin, Route, Target};

use super::net as net_of;

pub(super) fn routes(rng: &mut Rng, net: &Network, vpc: usize) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    let mut add = |destination, target, origin| {
        if !routes
            .iter()
            .any(|route| route.destination == destination && route.origin == origin)
        {
            routes.push(Route {
                destination,
                target,
                origin,
                source: None,
            });
        }
    };
    let range = |text: &str| Destination::Range(net_of(text));
    let own = |index: usize| Some(index);
    let igw = net
        .internet_gateways
        .iter()
        .position(|gateway| gateway.vpc == own(vpc))
        .map(Target::InternetGateway);
    let eigw = net
        .egress_only_gateways
        .iter()
        .position(|gateway| gateway.vpc == vpc)
        .map(Target::EgressOnlyGateway);
    let nats: Vec<Target> = (0..net.nat_gateways.len())
        .filter(|nat| net.nat_gateways[*nat].vpc == vpc)
        .map(Target::NatGateway)
        .collect();
    let hosts: Vec<Target> = (0..net.interfaces.len())
        .filter(|host| {
            net.vpc_of(*host) == vpc && (!net.interfaces[*host].source_dest_check || rng.u8(..6) == 0)
        })
        .map(Target::Interface)
        .collect();
    let default = match rng.u8(..12) {
        0..5 => igw.clone(),
        5..9 => any(rng, &nats),
        9 => any(rng, &hosts),
        10 => Some(Target::Blackhole("nat-gone".to_owned())),
        _ => None,
    };
    if let Some(target) = default {
        add(range("0.0.0.0/0"), target, Origin::Static);
    }
    if let Some(target) = [igw.clone(), eigw][rng.usize(..2)].clone() {
        add(range("::/0"), target, Origin::Static);
    }
    if rng.bool() {
        add(Destination::List(0), Target::Endpoint(vpc), Origin::Static);
    }
    for (index, peering) in net
        .peerings
        .iter()
        .enumerate()
        .filter(|(_, peering)| peering.vpcs.contains(&Some(vpc)))
    {
        let other = peering
            .vpcs
            .iter()
            .flatten()
            .find(|other| **other != vpc)
            .copied()
            .unwrap_or(vpc);
        if rng.u8(..3) > 0 {
            for own in &net.vpcs[other].ranges {
                add(Destination::Range(*own), Target::Peering(index), Origin::Static);
            }
        }
    }
    for other in (0..net.vpcs.len()).filter(|other| *other != vpc) {
        if rng.bool() {
            add(
                Destination::Range(net.vpcs[other].ranges[0]),
                Target::TransitGateway(0),
                Origin::Static,
            );
        }
    }
    routes.extend(odd_routes(rng, net, vpc, &igw, &nats, &hosts));
    let mut seen: Vec<(Destination, Origin)> = Vec::new();
    routes.retain(|route| {
        let key = (route.destination.clone(), route.origin);
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
    routes
}

/// Any thing of a list.
fn any(rng: &mut Rng, targets: &[Target]) -> Option<Target> {
    targets.get(rng.usize(..targets.len().max(1))).cloned()
}

/// Routes that nobody would make on purpose.
fn odd_routes(
    rng: &mut Rng,
    net: &Network,
    vpc: usize,
    igw: &Option<Target>,
    nats: &[Target],
    hosts: &[Target],
) -> Vec<Route> {
    let mut routes = Vec::new();
    let mut add = |destination, target, origin| {
        routes.push(Route {
            destination,
            target,
            origin,
            source: None,
        });
    };
    let range = |text: &str| Destination::Range(net_of(text));
    // An appliance between two subnets.
    let own: Vec<IpNet> = net
        .subnets
        .iter()
        .filter(|subnet| subnet.vpc == vpc)
        .map(|subnet| subnet.ranges[0])
        .collect();
    if let Some(target) = any(rng, hosts).filter(|_| rng.u8(..3) == 0) {
        add(
            Destination::Range(own[rng.usize(..own.len())]),
            target,
            Origin::Static,
        );
    }
    let joints: Vec<Target> = (0..net.peerings.len()).map(Target::Peering).collect();
    for _ in 0..rng.usize(..3) {
        let targets = [
            igw.clone(),
            any(rng, nats),
            any(rng, hosts),
            Some(Target::Blackhole("gone".to_owned())),
            Some(Target::TransitGateway(0)),
            any(rng, &joints),
        ];
        let Some(target) = targets[rng.usize(..targets.len())].clone() else {
            continue;
        };
        let subnet = &net.subnets[rng.usize(..net.subnets.len())];
        let destinations = [
            range("203.0.113.0/25"),
            range("198.51.100.0/24"),
            range("52.216.1.0/24"),
            range("52.216.0.0/15"),
            range("10.0.0.0/8"),
            range("10.0.0.0/14"),
            Destination::Range(subnet.ranges[0]),
            Destination::List(1),
            Destination::List(2),
            range("10.0.1.0/25"),
            range("203.0.113.0/24"),
        ];
        let origin = [
            Origin::Static,
            Origin::Static,
            Origin::Static,
            Origin::VpnBgp,
            Origin::DirectConnect,
        ][rng.usize(..5)];
        let destination = destinations[rng.usize(..destinations.len())].clone();
        if matches!(destination, Destination::List(_)) && origin != Origin::Static {
            continue;
        }
        add(destination, target, origin);
    }
    routes
}
