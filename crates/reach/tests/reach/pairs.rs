//! All pairs at once say what each pair says by itself, for every host of every class.

use fastrand::Rng;
use trueup_reach::network::{Assignment, GroupRule, Interface, Named, Peer, SecurityGroup, Subnet, Vpc};
use trueup_reach::{AddressPair, Network, ServiceSet};
use trueup_reach::{Engine, Matrix, Selected, between, classes};

use crate::common::world::{net, network};

#[test]
fn the_matrix_says_what_each_pair_says() {
    let (mut compared, mut open, mut merged) = (0, 0, 0);
    for seed in 0..150 {
        let mut rng = Rng::with_seed(seed);
        let mut net = network(&mut rng);
        // More hosts that are alike: twins of what is there.
        for index in 0..net.interfaces.len() {
            let mut twin = net.interfaces[index].clone();
            let trueup_reach::network::Assignment::Known(std::net::IpAddr::V4(address)) =
                twin.addresses[0].private
            else {
                continue;
            };
            let next = std::net::IpAddr::from(std::net::Ipv4Addr::from(u32::from(address) + 120));
            twin.addresses = vec![trueup_reach::AddressPair {
                private: trueup_reach::network::Assignment::Known(next),
                public: None,
            }];
            net.interfaces.push(twin);
        }
        // In some networks EC2 has yet to choose addresses.
        for interface in net.interfaces.iter_mut().filter(|_| seed % 3 == 0) {
            if rng.bool() {
                interface.addresses[0].private = trueup_reach::network::Assignment::Unassigned;
            }
        }
        let engine = Engine::new(&net);
        let matrix = Matrix::new(&engine);
        assert_eq!(matrix.classes, classes(&engine));
        merged += net.interfaces.len() - matrix.classes.len();
        matrix.each(|from, to, cell| {
            let (sources, targets) = (&matrix.classes[from].hosts, &matrix.classes[to].hosts);
            for source in sources {
                for target in targets {
                    if from == to && (source == target) != (sources.len() == 1) {
                        continue;
                    }
                    let own = between(
                        &engine,
                        &Selected::Interface(*source),
                        &Selected::Interface(*target),
                    );
                    let all = (own.allowed, own.partial, own.unknown);
                    assert_eq!(
                        all,
                        (cell.allowed(), cell.partial(), cell.unknown()),
                        "seed {seed}: {source} -> {target} {sources:?} {targets:?} {:?} {:?}",
                        own.assumptions,
                        own.via
                    );
                    compared += 1;
                }
            }
            open += usize::from(!cell.is_blocked());
        });
    }
    assert!(
        compared > 10_000 && open > 1000 && merged > 50,
        "{compared} {open} {merged}"
    );
}

#[test]
fn every_rule_of_a_long_group_counts() {
    let mut network = Network::default();
    network.vpcs.push(Vpc {
        ranges: vec![net("10.0.0.0/16")],
        ..Vpc::default()
    });
    network.subnets.push(Subnet {
        ranges: vec![net("10.0.1.0/24")],
        ..Subnet::default()
    });
    let rule = |services, range: &str| GroupRule {
        services,
        peer: Peer::Range(net(range)),
        source: None,
    };
    // The last one is the only one that is about the other host.
    let mut ingress: Vec<GroupRule> = (1..400)
        .map(|port| rule(ServiceSet::tcp(port, port), "192.0.2.0/24"))
        .collect();
    ingress.push(rule(ServiceSet::tcp(443, 443), "10.0.1.10/32"));
    let egress = vec![rule(ServiceSet::all(), "0.0.0.0/0")];
    network.security_groups.push(SecurityGroup {
        ingress,
        egress,
        ..SecurityGroup::default()
    });
    for (number, name) in [(10, "host-a"), (11, "host-b")] {
        let address = std::net::Ipv4Addr::new(10, 0, 1, number).into();
        let addresses = vec![AddressPair {
            private: Assignment::Known(address),
            public: None,
        }];
        let named = Named::new(name);
        network.interfaces.push(Interface {
            named,
            addresses,
            security_groups: vec![0],
            running: true,
            ..Interface::default()
        });
    }
    let engine = Engine::new(&network);
    let matrix = Matrix::new(&engine);
    let mut open = Vec::new();
    matrix.each(|from, to, cell| {
        if from != to {
            open.push((matrix.classes[from].hosts[0], cell.allowed().to_string()));
        }
    });
    assert_eq!(open, [(0, "tcp/443".to_owned()), (1, "nothing".to_owned())]);
}
