//! IPv6: out by an internet gateway, which lets in as well, and by an egress-only one, which does not.

use trueup_reach::network::{
    AddressPair, Assignment, Destination, EgressOnlyGateway, GroupRule, Interface, InternetGateway, Named,
    Origin, Peer, Route, RouteTable, SecurityGroup, Subnet, Target, Vpc,
};
use trueup_reach::{Code, Engine, Network, Opens, Selector, ServiceSet, Verdict, explain, reach};

/// A host with an IPv6 address only, whose group lets everything in and out, beside an internet gateway and
/// an egress-only one; where its table leads.
fn network(target: Option<Target>) -> Network {
    let mut network = Network::default();
    let ranges = vec!["10.0.0.0/16".parse().unwrap(), "2600:1f14::/56".parse().unwrap()];
    network.vpcs.push(Vpc {
        ranges,
        main_table: Some(0),
        ..Vpc::default()
    });
    let route = |target| Route {
        destination: Destination::Range("::/0".parse().unwrap()),
        target,
        origin: Origin::Static,
        source: None,
    };
    network.route_tables.push(RouteTable {
        named: Named::new("table"),
        routes: target.into_iter().map(route).collect(),
        ..RouteTable::default()
    });
    network.subnets.push(Subnet {
        ranges: vec!["10.0.1.0/24".parse().unwrap(), "2600:1f14::/64".parse().unwrap()],
        ..Subnet::default()
    });
    network.internet_gateways.push(InternetGateway {
        named: Named::new("igw"),
        vpc: Some(0),
        edge_table: None,
    });
    network.egress_only_gateways.push(EgressOnlyGateway {
        named: Named::new("eigw"),
        vpc: 0,
    });
    let all = vec![GroupRule {
        services: ServiceSet::all(),
        peer: Peer::Range("::/0".parse().unwrap()),
        source: None,
    }];
    network.security_groups.push(SecurityGroup {
        ingress: all.clone(),
        egress: all,
        ..SecurityGroup::default()
    });
    network.interfaces.push(Interface {
        named: Named::new("host"),
        addresses: vec![AddressPair {
            private: Assignment::Known("2600:1f14::10".parse().unwrap()),
            public: None,
        }],
        security_groups: vec![0],
        source_dest_check: true,
        running: true,
        ..Interface::default()
    });
    network
}

/// Whether the host gets out, and whether the internet gets in.
fn ways(network: &Network) -> [Verdict; 2] {
    let engine = Engine::new(network);
    let (host, internet) = (Selector::read(&engine, "host").unwrap(), Selector::Internet);
    let over = ServiceSet::tcp(443, 443);
    [(&host, &internet), (&internet, &host)].map(|(from, to)| {
        let answer = reach(&engine, from, to).unwrap();
        // The IPv4 internet is asked about too, and nobody here has an address of it.
        match answer.verdict(Some(&over)) {
            Verdict::Partial => Verdict::Allowed,
            other => other,
        }
    })
}

#[test]
fn an_egress_only_gateway_lets_nobody_in() {
    assert_eq!(ways(&network(None)), [Verdict::Blocked, Verdict::Blocked]);
    let both = network(Some(Target::InternetGateway(0)));
    assert_eq!(ways(&both), [Verdict::Allowed, Verdict::Allowed]);
    let out = network(Some(Target::EgressOnlyGateway(0)));
    assert_eq!(ways(&out), [Verdict::Allowed, Verdict::Blocked]);
}

#[test]
fn the_way_out_that_is_proposed_first_lets_nobody_in() {
    let network = network(None);
    let engine = Engine::new(&network);
    let (host, outside) = (
        Selector::read(&engine, "host").unwrap(),
        Selector::Address("2606:4700::1111".parse().unwrap()),
    );
    let over = ServiceSet::tcp(443, 443);
    let told = explain(&engine, &host, &outside, Some(&over)).unwrap();
    let proposals = std::iter::once(&told.blockers).chain(&told.alternatives);
    let proposals: Vec<_> = proposals
        .flatten()
        .filter_map(|blocker| blocker.proposal.as_ref())
        .collect();
    assert_eq!(told.blockers[0].code, Code::NoRoute, "{told}");
    let fixes: Vec<&str> = proposals.iter().map(|proposal| proposal.fix()).collect();
    assert_eq!(
        fixes,
        ["add a route: ::/0 -> eigw", "add a route: ::/0 -> igw"],
        "{told}"
    );
    let exposes = |opens: &Opens| matches!(opens, Opens::Known { exposes: true, .. });
    assert!(
        !exposes(proposals[0].opens()) && exposes(proposals[1].opens()),
        "{told}"
    );
    // And it is so.
    let mut mended = network.clone();
    proposals[0].edit().unwrap().apply(&mut mended);
    assert_eq!(ways(&mended), [Verdict::Allowed, Verdict::Blocked]);
}

/// The network with a host whose address EC2 has yet to choose, and another one whose group lets in a range.
fn unassigned(target: Target, range: &str) -> Network {
    let mut network = network(Some(target));
    network.interfaces[0].addresses[0].private = Assignment::UnassignedV6;
    let rule = GroupRule {
        services: ServiceSet::all(),
        peer: Peer::Range(range.parse().unwrap()),
        source: None,
    };
    network.security_groups.push(SecurityGroup {
        ingress: vec![rule],
        ..SecurityGroup::default()
    });
    let other = Interface {
        named: Named::new("other"),
        security_groups: vec![1],
        ..network.interfaces[0].clone()
    };
    network.interfaces.push(other);
    network
}

#[test]
fn an_address_that_ec2_has_yet_to_choose_is_one_of_the_subnets() {
    let half = "2600:1f14::/65";
    let both = unassigned(Target::InternetGateway(0), half);
    assert_eq!(ways(&both), [Verdict::Allowed, Verdict::Allowed]);
    let out = unassigned(Target::EgressOnlyGateway(0), half);
    assert_eq!(ways(&out), [Verdict::Allowed, Verdict::Blocked]);
    let ranges = [
        ("2600:1f14::/64", Verdict::Allowed),
        (half, Verdict::Unknown),
        ("2600:1f14:0:1::/64", Verdict::Blocked),
    ];
    for (range, expected) in ranges {
        let network = unassigned(Target::EgressOnlyGateway(0), range);
        let engine = Engine::new(&network);
        let [from, to] = ["host", "other"].map(|name| Selector::read(&engine, name).unwrap());
        let answer = reach(&engine, &from, &to).unwrap();
        assert_eq!(
            answer.verdict(Some(&ServiceSet::tcp(443, 443))),
            expected,
            "{range}"
        );
    }
}
