//! Random networks, small and nasty: every sort of part, in every sort of trouble.

mod filters;
mod routes;

use std::net::{IpAddr, Ipv4Addr};

use fastrand::Rng;
use ipnet::IpNet;
use trueup_reach::ServiceSet;
use trueup_reach::network::{
    AddressPair, Assignment, Attachment, Behind, Destination, EgressOnlyGateway, Endpoint, EndpointKind,
    GroupRule, Interface, InternetGateway, Named, NatGateway, Network, Origin, Peer, Peering, PrefixList,
    PublicAccess, Route, RouteTable, SecurityGroup, Subnet, Target, TransitGateway, TransitRoute,
    TransitTable, Vpc,
};

use filters::{fill_acls, fill_groups};
use routes::routes;

/// Addresses that are nobody's here: plain ones, and those of the service.
pub const OUTSIDE: [&str; 4] = ["198.51.100.7", "203.0.113.9", "203.0.113.200", "8.8.8.8"];
pub const SERVICE: [&str; 2] = ["52.216.1.1", "54.231.0.9"];

pub fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn known(text: &str) -> Assignment {
    Assignment::Known(text.parse().unwrap())
}

/// The services that rules speak of.
pub fn services(rng: &mut Rng) -> ServiceSet {
    let texts = [
        "all",
        "all",
        "all",
        "tcp/all",
        "tcp/22",
        "tcp/80-443",
        "tcp/1024-65535",
        "tcp/32768-40000",
        "tcp/0-1023",
        "udp/all",
        "udp/53",
        "icmp/all",
        "icmp/8",
        "icmp/0",
        "50",
        "icmpv6/all",
        "udp/40001-65535",
    ];
    ServiceSet::read(texts[rng.usize(..texts.len())]).unwrap()
}

/// A random network.
pub fn network(rng: &mut Rng) -> Network {
    let mut net = Network::default();
    let vpcs = rng.usize(1..4);
    for vpc in 0..vpcs {
        add_vpc(rng, &mut net, vpc);
    }
    for (name, entries) in [
        ("com.amazonaws.eu-1.s3", vec!["52.216.0.0/15", "54.231.0.0/17"]),
        ("pl-office", vec!["203.0.113.0/25", "10.0.1.0/24"]),
        ("pl-more", vec!["203.0.113.0/25", "198.51.100.0/24"]),
    ] {
        let entries = Some(entries.into_iter().map(self::net).collect());
        net.prefix_lists.push(PrefixList {
            named: Named::new(name),
            is_service: name.ends_with("s3"),
            entries,
        });
    }
    for vpc in 0..vpcs {
        for group in 0..2 {
            net.security_groups.push(SecurityGroup {
                named: Named::new(format!("sg-{vpc}-{group}")),
                vpc,
                ..SecurityGroup::default()
            });
        }
    }
    for subnet in 0..net.subnets.len() {
        for _ in 0..rng.usize(1..4) {
            add_host(rng, &mut net, subnet);
        }
    }
    add_gateways(rng, &mut net);
    add_joints(rng, &mut net);
    for vpc in 0..vpcs {
        for table in 0..rng.usize(1..4) {
            net.route_tables.push(RouteTable {
                named: Named::new(format!("rtb-{vpc}-{table}")),
                vpc,
                ..RouteTable::default()
            });
            let index = net.route_tables.len() - 1;
            net.route_tables[index].routes = routes(rng, &net, vpc);
            net.vpcs[vpc].main_table = Some(index);
        }
    }
    for subnet in 0..net.subnets.len() {
        let vpc = net.subnets[subnet].vpc;
        let tables: Vec<usize> = (0..net.route_tables.len())
            .filter(|table| net.route_tables[*table].vpc == vpc)
            .collect();
        net.subnets[subnet].route_table = Some(tables[rng.usize(..tables.len())]).filter(|_| rng.u8(..4) > 0);
    }
    fill_groups(rng, &mut net);
    fill_acls(rng, &mut net);
    if rng.u8(..5) == 0 {
        inspect(rng, &mut net);
    }
    if rng.u8(..4) == 0 {
        forget(rng, &mut net);
    }
    net
}

/// Of some parts nobody knows more than that they are there.
fn forget(rng: &mut Rng, net: &mut Network) {
    let mut is_lost = || rng.u8(..5) == 0;
    for group in &mut net.security_groups {
        if is_lost() {
            *group = SecurityGroup::unread(group.named.clone(), group.vpc);
        }
    }
    net.route_tables
        .iter_mut()
        .for_each(|table| table.unread = is_lost());
    net.network_acls.iter_mut().for_each(|acl| acl.unread = is_lost());
    for vpc in &mut net.vpcs {
        (vpc.unread.gateway, vpc.unread.hosts) = (is_lost(), is_lost());
    }
}

/// Puts an appliance between the first two subnets of the first VPC that has three, both ways.
fn inspect(rng: &mut Rng, net: &mut Network) {
    let of = |vpc: usize| {
        (0..net.subnets.len())
            .filter(|subnet| net.subnets[*subnet].vpc == vpc)
            .collect::<Vec<_>>()
    };
    let Some(three) = (0..net.vpcs.len()).map(of).find(|subnets| subnets.len() > 2) else {
        return;
    };
    let Some(appliance) = net
        .interfaces
        .iter()
        .position(|interface| interface.subnet == three[2])
    else {
        return;
    };
    let interface = &mut net.interfaces[appliance];
    (interface.source_dest_check, interface.running, interface.behind) = (false, true, Behind::Host);
    // Behind it groups may let nobody in but their own.
    for group in 0..net.security_groups.len() {
        if rng.bool() && !net.interfaces[appliance].security_groups.contains(&group) {
            net.security_groups[group].ingress = vec![GroupRule {
                services: ServiceSet::all(),
                peer: Peer::Group(group),
                source: None,
            }];
        }
    }
    for (from, to) in [(three[0], three[1]), (three[1], three[0])] {
        let (vpc, destination) = (
            net.subnets[from].vpc,
            Destination::Range(net.subnets[to].ranges[0]),
        );
        let route = Route {
            destination,
            target: Target::Interface(appliance),
            origin: Origin::Static,
            source: None,
        };
        net.subnets[from].route_table = Some(net.route_tables.len());
        net.route_tables.push(RouteTable {
            named: Named::new(format!("rtb-{from}-inspected")),
            vpc,
            routes: vec![route],
            ..RouteTable::default()
        });
    }
}

/// What tells the luck of exclusions from that of all else.
const EXCLUSIONS: u64 = 0x6578_636c_7564_6564;

fn add_vpc(rng: &mut Rng, net: &mut Network, vpc: usize) {
    // Now and then two VPCs use one range.
    let block = if vpc == 2 && rng.u8(..8) == 0 { 1 } else { vpc };
    let mut ranges = vec![self::net(&format!("10.{block}.0.0/16"))];
    let v6 = rng.bool();
    if v6 {
        ranges.push(self::net(&format!("2001:db8:{vpc}::/56")));
    }
    let public_access = match rng.u8(..20) {
        0 => PublicAccess::BlockIngress,
        1 => PublicAccess::BlockBidirectional,
        _ => PublicAccess::Open,
    };
    let region = if rng.u8(..2) == 0 { "us-1" } else { "eu-1" }.to_owned();
    net.vpcs.push(Vpc {
        named: Named::new(format!("vpc-{vpc}")),
        ranges,
        region,
        public_access,
        ..Vpc::default()
    });
    for index in 1..=rng.usize(2..4) {
        let mut ranges = vec![self::net(&format!("10.{block}.{index}.0/24"))];
        if v6 {
            ranges.push(self::net(&format!("2001:db8:{vpc}:{index}::/64")));
        }
        let zone = Some(["a", "b"][rng.usize(..2)].to_owned());
        // An exclusion lets more through than the VPC's mode, and there may be one that lets less through. It is
        // drawn by luck of its own, so that the networks of all seeds are else what they were.
        let public_access = match Rng::with_seed(rng.get_seed() ^ EXCLUSIONS).u8(..20) {
            0 => Some(PublicAccess::BlockIngress),
            1 => Some(PublicAccess::BlockBidirectional),
            2 => Some(PublicAccess::Open),
            _ => None,
        };
        net.subnets.push(Subnet {
            named: Named::new(format!("subnet-{vpc}-{index}")),
            vpc,
            ranges,
            zone,
            public_access,
            ..Subnet::default()
        });
    }
}

fn add_host(rng: &mut Rng, net: &mut Network, subnet: usize) {
    let index = net.interfaces.len();
    let place = &net.subnets[subnet];
    let host = |range: &IpNet, number: u32| match range.network() {
        IpAddr::V4(address) => IpAddr::from(Ipv4Addr::from(u32::from(address) + number)),
        IpAddr::V6(address) => {
            IpAddr::from(std::net::Ipv6Addr::from(u128::from(address) + u128::from(number)))
        }
    };
    let number = 10 + u32::try_from(index).unwrap();
    let public = rng.bool().then(|| known(&format!("44.0.0.{number}")));
    let mut addresses = vec![AddressPair {
        private: Assignment::Known(host(&place.ranges[0], number)),
        public,
    }];
    if rng.u8(..6) == 0 {
        addresses.push(AddressPair {
            private: Assignment::Known(host(&place.ranges[0], number + 100)),
            public: Some(known(&format!("44.0.1.{number}"))),
        });
    }
    if let Some(range) = place.ranges.get(1).filter(|_| rng.bool()) {
        addresses.push(AddressPair {
            private: Assignment::Known(host(range, number)),
            public: None,
        });
    }
    let groups = (0..net.security_groups.len()).filter(|group| net.security_groups[*group].vpc == place.vpc);
    let security_groups: Vec<usize> = groups.filter(|_| rng.u8(..3) > 0).collect();
    let behind = match rng.u8(..24) {
        0 => Behind::Endpoint,
        1 => Behind::Service,
        _ => Behind::Host,
    };
    net.interfaces.push(Interface {
        named: Named::new(format!("host-{index}")),
        subnet,
        behind,
        addresses,
        security_groups,
        source_dest_check: rng.u8(..4) > 0,
        running: rng.u8(..16) > 0,
        ..Interface::default()
    });
}

fn add_gateways(rng: &mut Rng, net: &mut Network) {
    for vpc in 0..net.vpcs.len() {
        if rng.u8(..8) > 0 {
            net.internet_gateways.push(InternetGateway {
                named: Named::new(format!("igw-{vpc}")),
                vpc: Some(vpc),
                edge_table: None,
            });
        }
        if rng.bool() {
            net.egress_only_gateways.push(EgressOnlyGateway {
                named: Named::new(format!("eigw-{vpc}")),
                vpc,
            });
        }
        net.endpoints.push(Endpoint {
            named: Named::new(format!("vpce-{vpc}")),
            vpc,
            service: "com.amazonaws.eu-1.s3".to_owned(),
            kind: EndpointKind::Gateway,
            available: rng.u8(..16) > 0,
            ..Endpoint::default()
        });
    }
    for subnet in 0..net.subnets.len() {
        if rng.u8(..3) == 0 {
            let IpAddr::V4(address) = net.subnets[subnet].ranges[0].network() else {
                continue;
            };
            let regional = rng.u8(..12) == 0;
            net.nat_gateways.push(NatGateway {
                named: Named::new(format!("nat-{subnet}")),
                vpc: net.subnets[subnet].vpc,
                subnet: Some(subnet).filter(|_| !regional),
                private: Assignment::Known(Ipv4Addr::from(u32::from(address) + 250).into()),
                public: Some(known(&format!("45.0.0.{}", subnet + 1))).filter(|_| rng.u8(..5) > 0),
                available: rng.u8(..16) > 0,
            });
        }
    }
}

/// Peerings and transit gateways.
fn add_joints(rng: &mut Rng, net: &mut Network) {
    let vpcs = net.vpcs.len();
    for a in 0..vpcs {
        for b in a + 1..vpcs {
            if rng.u8(..3) > 0 {
                let vpcs = if rng.bool() {
                    [Some(a), Some(b)]
                } else {
                    [Some(b), Some(a)]
                };
                net.peerings.push(Peering {
                    named: Named::new(format!("pcx-{a}-{b}")),
                    vpcs,
                    active: rng.u8(..6) > 0,
                });
            }
        }
    }
    let mut gateway = TransitGateway {
        named: Named::new("tgw"),
        group_references: rng.u8(..3) == 0,
        ..TransitGateway::default()
    };
    for vpc in 0..vpcs {
        let subnets = (0..net.subnets.len())
            .filter(|subnet| net.subnets[*subnet].vpc == vpc && rng.u8(..3) > 0)
            .collect();
        let route_table = Some(rng.usize(..2)).filter(|_| rng.u8(..10) > 0);
        gateway.attachments.push(Attachment {
            named: Named::new(format!("att-{vpc}")),
            vpc: Some(vpc),
            subnets,
            route_table,
            ..Attachment::default()
        });
    }
    gateway.attachments.push(Attachment {
        named: Named::new("att-vpn"),
        ..Attachment::default()
    });
    for table in 0..2 {
        let mut routes = Vec::new();
        for vpc in 0..vpcs {
            let range = net.vpcs[vpc].ranges[0];
            if rng.u8(..5) > 0 {
                routes.push(TransitRoute {
                    range,
                    attachment: Some(vpc),
                    is_static: false,
                });
            }
            if rng.u8(..8) == 0 {
                let attachment = Some(rng.usize(..gateway.attachments.len())).filter(|_| rng.bool());
                let range = if rng.bool() { range } else { self::net("0.0.0.0/0") };
                routes.push(TransitRoute {
                    range,
                    attachment,
                    is_static: true,
                });
            }
        }
        gateway.route_tables.push(TransitTable {
            named: Named::new(format!("tgw-rtb-{table}")),
            routes,
            unread: false,
        });
    }
    net.transit_gateways.push(gateway);
}
