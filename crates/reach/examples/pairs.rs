//! All pairs of a made-up network: `cargo run --release --example pairs -- HOSTS SUBNETS GROUPS`.
//!
//! Three groups a host, ten rules a group, a tenth of the rules by group reference, one rule in fifty for a
//! single host. `later` as a fourth argument leaves the hosts' addresses to EC2. Prints the time and how many
//! pairs have something open.
//!
//! `groups` as an argument asks something else: a network in which half of the hosts are in one group and
//! half in another, and the time that `security_group.web cannot security_group.db` takes.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use fastrand::Rng;
use trueup_model::{Demand, Expectation};
use trueup_reach::network::{
    Assignment, GroupRule, Interface, Named, Peer, Route, RouteTable, SecurityGroup, Subnet, Vpc,
};
use trueup_reach::network::{Destination, InternetGateway, Origin, Target};
use trueup_reach::{AddressPair, Engine, Matrix, Network, ServiceSet, check};

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let mut next = |default: usize| numbers.next().unwrap_or(default);
    let (hosts, subnets, groups) = (next(5000), next(200), next(300));
    if std::env::args().any(|argument| argument == "groups") {
        return between_groups(hosts, subnets);
    }
    let mut network = network(hosts, subnets, groups)?;
    if std::env::args().any(|argument| argument == "later") {
        network
            .interfaces
            .iter_mut()
            .for_each(|interface| interface.addresses[0].private = Assignment::Unassigned);
    }
    let begin = Instant::now();
    let engine = Engine::new(&network);
    let matrix = Matrix::new(&engine);
    let ready = begin.elapsed();
    let (mut open, mut all) = (0_usize, 0_usize);
    matrix.each(|from, to, cell| {
        let pairs = matrix.classes[from].hosts.len() * matrix.classes[to].hosts.len();
        all += pairs;
        open += if cell.is_blocked() { 0 } else { pairs };
    });
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} classes, {all} pairs, {open} with something open",
        matrix.classes.len()
    )?;
    writeln!(out, "ready after {ready:?}, done after {:?}", begin.elapsed())?;
    Ok(())
}

/// Two groups, each with half of the hosts of every subnet.
fn between_groups(hosts: usize, subnets: usize) -> Result<(), Box<dyn Error>> {
    let mut network = network(hosts, subnets, 2)?;
    for (group, name) in ["web", "db"].into_iter().enumerate() {
        network.security_groups[group].named = Named::new(format!("security_group.{name}"));
    }
    for (host, interface) in network.interfaces.iter_mut().enumerate() {
        interface.security_groups = vec![host / subnets % 2];
    }
    let expectation = Expectation::new("security_group.web", Demand::Cannot, "security_group.db");
    let begin = Instant::now();
    let found = check(&Engine::new(&network), &expectation)?;
    writeln!(
        std::io::stdout().lock(),
        "{:?} after {:?}: {}",
        found.status,
        begin.elapsed(),
        found.why
    )?;
    Ok(())
}

fn network(hosts: usize, subnets: usize, groups: usize) -> Result<Network, Box<dyn Error>> {
    let mut rng = Rng::with_seed(7);
    let mut net = Network::default();
    net.vpcs.push(Vpc {
        named: Named::new("vpc.main"),
        ranges: vec!["10.0.0.0/8".parse()?],
        main_table: Some(0),
        ..Vpc::default()
    });
    net.internet_gateways.push(InternetGateway {
        named: Named::new("internet_gateway.main"),
        vpc: Some(0),
        edge_table: None,
    });
    let default = Route {
        destination: Destination::Range("0.0.0.0/0".parse()?),
        target: Target::InternetGateway(0),
        origin: Origin::Static,
        source: None,
    };
    net.route_tables.push(RouteTable {
        named: Named::new("route_table.main"),
        vpc: 0,
        routes: vec![default],
        ..RouteTable::default()
    });
    for subnet in 0..subnets {
        let range = format!("10.{}.{}.0/24", subnet / 250, subnet % 250).parse()?;
        net.subnets.push(Subnet {
            named: Named::new(format!("subnet.s{subnet}")),
            vpc: 0,
            ranges: vec![range],
            ..Subnet::default()
        });
    }
    for group in 0..groups {
        net.security_groups.push(SecurityGroup {
            named: Named::new(format!("security_group.g{group}")),
            vpc: 0,
            ..SecurityGroup::default()
        });
    }
    for host in 0..hosts {
        let subnet = host % subnets;
        let address = format!("10.{}.{}.{}", subnet / 250, subnet % 250, 4 + host / subnets).parse()?;
        net.interfaces.push(Interface {
            named: Named::new(format!("instance.h{host}")),
            subnet,
            addresses: vec![AddressPair {
                private: Assignment::Known(address),
                public: None,
            }],
            security_groups: (0..3).map(|_| rng.usize(..groups)).collect(),
            source_dest_check: true,
            running: true,
            ..Interface::default()
        });
    }
    let ports = [22, 80, 443, 3306, 5432, 6379, 8080, 8443, 9090, 9200];
    for group in 0..groups {
        for _ in 0..10 {
            let port = ports[rng.usize(..ports.len())];
            let subnet = &net.subnets[rng.usize(..subnets)];
            let host = &net.interfaces[rng.usize(..hosts)].addresses[0].private;
            let peer = match (rng.u8(..50), rng.u8(..10), host) {
                (0, _, Assignment::Known(address)) => Peer::Range((*address).into()),
                (_, 0, _) => Peer::Group(rng.usize(..groups)),
                _ => Peer::Range(subnet.ranges[0]),
            };
            net.security_groups[group].ingress.push(GroupRule {
                services: ServiceSet::tcp(port, port),
                peer,
                source: None,
            });
        }
        let everywhere = Peer::Range("0.0.0.0/0".parse()?);
        net.security_groups[group].egress.push(GroupRule {
            services: ServiceSet::all(),
            peer: everywhere,
            source: None,
        });
    }
    Ok(net)
}
