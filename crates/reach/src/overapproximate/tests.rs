//! What works in two networks overapproximated: all that works in either, and all that works in a state in
//! between.

use super::overapproximate;
use crate::Engine;
use crate::network::{
    AclEntry, AddressPair, Assignment, Destination, EgressOnlyGateway, GroupRule, Interface, InternetGateway,
    Named, Network, NetworkAcl, Origin, Peer, Route, RouteTable, SecurityGroup, Subnet, Target, Vpc,
};
use crate::question::reach_any;
use crate::selector::Selector;
use crate::service::ServiceSet;

fn rule(port: u16, range: &str) -> GroupRule {
    GroupRule {
        services: ServiceSet::tcp(port, port),
        peer: Peer::Range(range.parse().unwrap()),
        source: None,
    }
}

fn entry(number: u32, allow: bool, port: Option<u16>) -> AclEntry {
    let services = port.map_or_else(ServiceSet::all, |port| ServiceSet::tcp(port, port));
    AclEntry {
        number,
        allow,
        services,
        range: "0.0.0.0/0".parse().unwrap(),
        source: None,
    }
}

fn route(range: &str, target: Target) -> Route {
    Route {
        destination: Destination::Range(range.parse().unwrap()),
        target,
        origin: Origin::Static,
        source: None,
    }
}

/// A host in a subnet with a table, an ACL and a group, in that order of their making; two of each are there.
fn network(change: impl FnOnce(&mut Network)) -> Network {
    let mut network = Network::default();
    let own = |name: &str| Named {
        name: name.to_owned(),
        id: Some(format!("id of {name}")),
        source: None,
    };
    network.vpcs.push(Vpc {
        named: own("vpc"),
        ranges: vec!["10.0.0.0/16".parse().unwrap()],
        ..Vpc::default()
    });
    network.internet_gateways.push(InternetGateway {
        named: own("gateway"),
        vpc: Some(0),
        edge_table: None,
    });
    for name in ["one", "two"] {
        network.route_tables.push(RouteTable {
            named: own(name),
            ..RouteTable::default()
        });
        let open = vec![entry(100, true, None)];
        network.network_acls.push(NetworkAcl {
            named: own(name),
            ingress: open.clone(),
            egress: open,
            ..NetworkAcl::default()
        });
        let egress = vec![GroupRule {
            services: ServiceSet::all(),
            peer: Peer::Range("0.0.0.0/0".parse().unwrap()),
            source: None,
        }];
        network.security_groups.push(SecurityGroup {
            named: own(name),
            egress,
            ..SecurityGroup::default()
        });
    }
    network.route_tables[0]
        .routes
        .push(route("0.0.0.0/0", Target::InternetGateway(0)));
    let range = vec!["10.0.1.0/24".parse().unwrap()];
    network.subnets.push(Subnet {
        named: own("subnet"),
        ranges: range,
        route_table: Some(0),
        network_acl: Some(0),
        ..Subnet::default()
    });
    let address = AddressPair {
        private: Assignment::Known("10.0.1.10".parse().unwrap()),
        public: Some(Assignment::Known("34.9.9.9".parse().unwrap())),
    };
    network.interfaces.push(Interface {
        named: own("host"),
        addresses: vec![address],
        security_groups: vec![0],
        source_dest_check: true,
        running: true,
        ..Interface::default()
    });
    change(&mut network);
    network
}

/// What may get from one selector to another in a network.
fn works(network: &Network, from: &str, to: &str) -> String {
    let engine = Engine::new(network);
    let (from, to) = (
        Selector::read(&engine, from).unwrap(),
        Selector::read(&engine, to).unwrap(),
    );
    reach_any(&engine, &from, &to)
        .unwrap()
        .possible()
        .intersect(&ServiceSet::tcp(0, u16::MAX))
        .to_string()
}

/// What may get in from the internet before, in between and after.
fn through(before: impl FnOnce(&mut Network), after: impl FnOnce(&mut Network)) -> [String; 3] {
    let (before, after) = (network(before), network(after));
    let between = overapproximate(&[&before, &after]).unwrap();
    [&before, &between, &after].map(|network| works(network, "internet", "host"))
}

fn nothing() -> String {
    ServiceSet::none().to_string()
}

#[test]
fn rules_of_either_count_together() {
    let admits = |port: u16| {
        move |network: &mut Network| network.security_groups[0].ingress.push(rule(port, "0.0.0.0/0"))
    };
    assert_eq!(
        through(admits(22), admits(443)),
        ["tcp/22", "tcp/22, tcp/443", "tcp/443"]
    );
}

#[test]
fn a_host_carries_the_groups_of_either() {
    let carries = |group: usize| {
        move |network: &mut Network| {
            network.security_groups[0].ingress.push(rule(22, "0.0.0.0/0"));
            network.security_groups[1].ingress.push(rule(443, "0.0.0.0/0"));
            network.interfaces[0].security_groups = vec![group];
        }
    };
    assert_eq!(
        through(carries(0), carries(1)),
        ["tcp/22", "tcp/22, tcp/443", "tcp/443"]
    );
}

#[test]
fn a_more_specific_route_that_goes_leaves_its_packets_to_the_others() {
    // Before, answers to everybody are led astray; after, there is no way out at all. With the one gone
    // first, all works.
    let admits = |network: &mut Network| network.security_groups[0].ingress.push(rule(22, "0.0.0.0/0"));
    let astray = |network: &mut Network| {
        admits(network);
        for half in ["0.0.0.0/1", "128.0.0.0/1"] {
            network.route_tables[0]
                .routes
                .push(route(half, Target::Blackhole("gone".to_owned())));
        }
    };
    let without = |network: &mut Network| {
        admits(network);
        network.route_tables[0].routes.clear();
    };
    assert_eq!(
        through(astray, without),
        [nothing(), "tcp/22".to_owned(), nothing()]
    );
}

#[test]
fn an_entry_that_denies_counts_only_where_it_stays() {
    let admits = |network: &mut Network| {
        network.security_groups[0]
            .ingress
            .extend([rule(22, "0.0.0.0/0"), rule(443, "0.0.0.0/0")]);
    };
    let denies = |entries: Vec<AclEntry>| {
        move |network: &mut Network| {
            admits(network);
            network.network_acls[0].ingress.splice(0..0, entries);
        }
    };
    // The one that stays holds, also where others come and go; one that only gets another number may be
    // missing for a moment.
    let both = || vec![entry(90, false, Some(22)), entry(91, false, Some(443))];
    assert_eq!(
        through(denies(both()), denies(vec![entry(90, false, Some(22))])),
        [nothing(), "tcp/443".to_owned(), "tcp/443".to_owned()]
    );
    let moved = vec![entry(90, false, Some(22)), entry(92, false, Some(443))];
    assert_eq!(
        through(denies(both()), denies(moved)),
        [nothing(), "tcp/443".to_owned(), nothing()]
    );
}

#[test]
fn a_subnet_that_changes_its_table_or_its_acl_has_both() {
    let admits = |network: &mut Network| network.security_groups[0].ingress.push(rule(22, "0.0.0.0/0"));
    let uses = |table: usize, acl: usize| {
        move |network: &mut Network| {
            admits(network);
            network.network_acls[1].ingress = vec![entry(100, true, Some(80))];
            (network.subnets[0].route_table, network.subnets[0].network_acl) = (Some(table), Some(acl));
        }
    };
    // The table with a way out and the ACL with a way in are the subnet's one after the other.
    assert_eq!(
        through(uses(0, 1), uses(1, 0)),
        [nothing(), "tcp/22".to_owned(), nothing()]
    );
    assert_eq!(through(uses(1, 0), uses(1, 1)), [nothing(), nothing(), nothing()]);
}

#[test]
fn a_subnet_that_leaves_every_acl_is_open() {
    let uses = |acl: Option<usize>, table: usize| {
        move |network: &mut Network| {
            network.security_groups[0].ingress.push(rule(22, "0.0.0.0/0"));
            network.network_acls[0].ingress = Vec::new();
            (network.subnets[0].route_table, network.subnets[0].network_acl) = (Some(table), acl);
        }
    };
    assert_eq!(
        through(uses(Some(0), 0), uses(None, 1)),
        [nothing(), "tcp/22".to_owned(), nothing()]
    );
}

#[test]
fn a_host_has_the_public_addresses_of_either() {
    let has = |address: Option<&'static str>, group: usize| {
        move |network: &mut Network| {
            network.security_groups[0].ingress.push(rule(22, "0.0.0.0/0"));
            network.interfaces[0].addresses[0].public =
                address.map(|address| Assignment::Known(address.parse().unwrap()));
            network.interfaces[0].security_groups = vec![group];
        }
    };
    assert_eq!(
        through(has(None, 0), has(Some("34.9.9.9"), 1)),
        [nothing(), "tcp/22".to_owned(), nothing()]
    );
    let (before, after) = (
        network(has(Some("34.9.9.8"), 0)),
        network(has(Some("34.9.9.9"), 0)),
    );
    assert_eq!(
        overapproximate(&[&before, &after]).unwrap().interfaces[0]
            .addresses
            .len(),
        2
    );
}

#[test]
fn what_is_in_one_network_only_is_there_as_itself() {
    let before = network(|_| {});
    let after = network(|network| {
        let mut host = network.interfaces[0].clone();
        host.named = Named::new("other");
        host.addresses[0] = AddressPair {
            private: Assignment::Unassigned,
            public: None,
        };
        network.interfaces = vec![host].into();
        network.security_groups[0].ingress.push(rule(22, "10.0.0.0/8"));
    });
    let between = overapproximate(&[&before, &after]).unwrap();
    assert_eq!(
        (between.interfaces.len(), works(&between, "host", "other")),
        (2, "tcp/22".to_owned())
    );
}

#[test]
fn a_gateway_that_moves_to_another_vpc_is_more_than_can_be_told() {
    let moved = network(|network| {
        network.vpcs.push(Vpc {
            named: Named::new("second"),
            ..Vpc::default()
        });
        network.internet_gateways[0].vpc = Some(1);
    });
    assert!(overapproximate(&[&network(|_| {}), &moved]).is_none());
    let gone = network(|network| network.internet_gateways[0].vpc = None);
    assert_eq!(
        overapproximate(&[&network(|_| {}), &gone])
            .unwrap()
            .internet_gateways[0]
            .vpc,
        Some(0)
    );
}

#[test]
fn a_route_that_leaves_an_egress_only_gateway_may_let_the_internet_in() {
    // The gateways stand the other way round in the second network, and are the same by their ids.
    let versions = [false, true].map(|is_open| {
        network(|network| {
            network.vpcs[0].ranges.push("2600:1f14::/56".parse().unwrap());
            network.subnets[0].ranges.push("2600:1f14::/64".parse().unwrap());
            network.subnets[0].network_acl = None;
            network.interfaces[0].addresses.push(AddressPair {
                private: Assignment::Known("2600:1f14::10".parse().unwrap()),
                public: None,
            });
            let mut names = ["out only", "another"];
            if is_open {
                names.reverse();
            }
            for name in names {
                network.egress_only_gateways.push(EgressOnlyGateway {
                    named: Named::new(name),
                    vpc: 0,
                });
            }
            let all = rule(443, "::/0");
            network.security_groups[0].ingress.push(all);
            let target = match is_open {
                true => Target::InternetGateway(0),
                false => Target::EgressOnlyGateway(0),
            };
            network.route_tables[0].routes = vec![route("::/0", target)];
        })
    });
    let both = overapproximate(&[&versions[0], &versions[1]]).unwrap();
    let targets = both.route_tables[0]
        .routes
        .iter()
        .map(|route| both.name_of(&route.target));
    assert_eq!(targets.collect::<Vec<_>>(), ["out only", "gateway"]);
    let enters = |network: &Network| {
        let engine = Engine::new(network);
        let host = Selector::read(&engine, "host").unwrap();
        let answer = reach_any(&engine, &Selector::Internet, &host).unwrap();
        answer.possible().overlaps(&ServiceSet::tcp(443, 443))
    };
    assert_eq!(
        [&versions[0], &versions[1], &both].map(enters),
        [false, true, true]
    );
}
