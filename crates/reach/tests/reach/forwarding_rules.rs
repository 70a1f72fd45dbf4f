//! Laws that hold whatever the network: what adding, removing, splitting and reordering may change.

use std::net::IpAddr;

use fastrand::Rng;
use ipnet::IpNet;
use trueup_reach::address::number;
use trueup_reach::network::{AclEntry, Assignment, Destination, GroupRule, Peer, Target};
use trueup_reach::packet_end::{Owner, PacketEnd};
use trueup_reach::{Answer, Engine, Network, ServiceSet, Start, ask};

use crate::common::world::{OUTSIDE, SERVICE, net, network, services};

const NETWORKS: u64 = 250;

/// Some questions about a network: from each host to others, to public addresses, to the internet and the
/// service, and in.
fn questions(rng: &mut Rng, net: &Network) -> Vec<(Option<usize>, IpAddr, IpAddr)> {
    let known = |assigned: Assignment| {
        if let Assignment::Known(address) = assigned {
            Some(address)
        } else {
            None
        }
    };
    let all: Vec<IpAddr> = net
        .interfaces
        .iter()
        .flat_map(|host| &host.addresses)
        .filter_map(|own| known(own.private))
        .collect();
    let publics: Vec<IpAddr> = net
        .interfaces
        .iter()
        .flat_map(|host| &host.addresses)
        .filter_map(|own| own.public.and_then(known))
        .collect();
    let mut questions = Vec::new();
    for _ in 0..10 {
        let host = rng.usize(..net.interfaces.len());
        let Some(source) = known(net.interfaces[host].addresses[0].private) else {
            continue;
        };
        let mut targets = vec![
            all[rng.usize(..all.len())],
            OUTSIDE[rng.usize(..4)].parse().unwrap(),
            SERVICE[0].parse().unwrap(),
        ];
        targets.extend(publics.get(rng.usize(..publics.len().max(1))));
        questions.extend(
            targets
                .into_iter()
                .filter(|target| target.is_ipv4())
                .map(|target| (Some(host), source, target)),
        );
    }
    questions.extend(
        publics
            .iter()
            .map(|public| (None, OUTSIDE[1].parse().unwrap(), *public)),
    );
    questions
}

fn answer(net: &Network, (from, source, target): (Option<usize>, IpAddr, IpAddr)) -> Answer {
    let engine = Engine::new(net);
    let start = match from {
        Some(host) => Start::Interface(host, engine.packet_end(Owner::Interface(host, 0)).unwrap()),
        None => Start::Outside(PacketEnd::one(number(source), Owner::Outside)),
    };
    let mut answer = ask(
        &engine,
        &start,
        &PacketEnd::one(number(target), Owner::Unresolved),
    );
    answer.assumptions.clear();
    answer.via.clear();
    answer
}

/// Changes random networks, compares the answers before and after, and counts those that differ; `false` from
/// `change` is a network that has no such thing.
fn compare(
    change: impl Fn(&mut Rng, &mut Network) -> bool,
    holds: impl Fn(&Answer, &Answer) -> bool,
) -> usize {
    let mut changed = 0;
    for seed in 0..NETWORKS {
        let mut rng = Rng::with_seed(seed);
        let before = network(&mut rng);
        let mut after = before.clone();
        if !change(&mut rng, &mut after) {
            continue;
        }
        for question in questions(&mut rng, &before) {
            let (old, new) = (answer(&before, question), answer(&after, question));
            assert!(
                holds(&old, &new),
                "seed {seed}: {question:?}\nbefore {old:?}\nafter {new:?}"
            );
            changed += usize::from(old != new);
        }
    }
    changed
}

fn same(old: &Answer, new: &Answer) -> bool {
    old == new
}

fn reached(answer: &Answer) -> ServiceSet {
    answer.allowed.union(&answer.partial)
}

fn no_less(old: &Answer, new: &Answer) -> bool {
    new.allowed.is_superset(&old.allowed) && new.possible().is_superset(&reached(old))
}

fn no_more(old: &Answer, new: &Answer) -> bool {
    old.allowed.is_superset(&new.allowed) && old.possible().is_superset(&reached(new))
}

fn random_range(rng: &mut Rng) -> IpNet {
    net([
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.0.1.0/24",
        "203.0.113.0/25",
        "44.0.0.0/24",
        "10.1.0.0/16",
    ][rng.usize(..6)])
}

#[test]
fn a_rule_more_never_takes_away() {
    let add = |rng: &mut Rng, net: &mut Network| {
        let group = rng.usize(..net.security_groups.len());
        let rule = GroupRule {
            services: services(rng),
            peer: Peer::Range(random_range(rng)),
            source: None,
        };
        if rng.bool() {
            net.security_groups[group].ingress.push(rule);
        } else {
            net.security_groups[group].egress.push(rule);
        }
        true
    };
    assert!(
        compare(add, no_less) > 20,
        "a change that changes nothing shows nothing"
    );
}

#[test]
fn a_denial_more_never_adds() {
    let deny = |rng: &mut Rng, net: &mut Network| {
        if net.network_acls.is_empty() {
            return false;
        }
        let acl = rng.usize(..net.network_acls.len());
        let entry = AclEntry {
            number: rng.u32(..60),
            allow: false,
            services: services(rng),
            range: random_range(rng),
            source: None,
        };
        if rng.bool() {
            net.network_acls[acl].ingress.push(entry);
        } else {
            net.network_acls[acl].egress.push(entry);
        }
        true
    };
    assert!(
        compare(deny, no_more) > 20,
        "a change that changes nothing shows nothing"
    );
}

#[test]
fn a_route_less_adds_only_by_exposing_a_shorter_one() {
    let all = net("0.0.0.0/0");
    let cut = |rng: &mut Rng, net: &mut Network| {
        let table = rng.usize(..net.route_tables.len());
        let routes = &mut net.route_tables[table].routes;
        let before = routes.len();
        routes.retain(|route| route.destination != Destination::Range(all));
        routes.len() < before
    };
    assert!(
        compare(cut, no_more) > 20,
        "a change that changes nothing shows nothing"
    );
}

#[test]
fn halves_are_the_whole() {
    let halves = |range: &IpNet| range.subnets(range.prefix_len() + 1).unwrap().collect::<Vec<_>>();
    let split = |_: &mut Rng, net: &mut Network| {
        for group in &mut net.security_groups {
            for rules in [&mut group.ingress, &mut group.egress] {
                *rules = rules
                    .iter()
                    .flat_map(|rule| match &rule.peer {
                        Peer::Range(range) if range.prefix_len() < 32 => halves(range)
                            .into_iter()
                            .map(|half| GroupRule {
                                peer: Peer::Range(half),
                                ..rule.clone()
                            })
                            .collect(),
                        _ => vec![rule.clone()],
                    })
                    .collect();
            }
        }
        for acl in &mut net.network_acls {
            for entries in [&mut acl.ingress, &mut acl.egress] {
                *entries = entries
                    .iter()
                    .flat_map(|entry| {
                        let parts = if entry.range.prefix_len() < 32 {
                            halves(&entry.range)
                        } else {
                            vec![entry.range]
                        };
                        parts.into_iter().zip([0, 1]).map(|(range, more)| AclEntry {
                            range,
                            number: entry.number * 2 + more,
                            ..entry.clone()
                        })
                    })
                    .collect();
            }
        }
        true
    };
    assert_eq!(compare(split, same), 0);
}

#[test]
fn order_and_names_do_not_matter() {
    let shuffle = |rng: &mut Rng, net: &mut Network| {
        for group in &mut net.security_groups {
            rng.shuffle(&mut group.ingress);
            rng.shuffle(&mut group.egress);
            group.named.name.push_str("-renamed");
        }
        for acl in &mut net.network_acls {
            rng.shuffle(&mut acl.ingress);
            acl.ingress
                .iter_mut()
                .chain(&mut acl.egress)
                .for_each(|entry| entry.number = entry.number * 3 + 7);
        }
        for table in &mut net.route_tables {
            rng.shuffle(&mut table.routes);
        }
        for interface in &mut net.interfaces {
            rng.shuffle(&mut interface.security_groups);
        }
        net.peerings.iter_mut().for_each(|peering| peering.vpcs.reverse());
        true
    };
    assert_eq!(compare(shuffle, same), 0);
}

#[test]
fn a_target_that_goes_takes_its_routes_along() {
    let end = |rng: &mut Rng, net: &mut Network| {
        let routes: Vec<_> = net
            .route_tables
            .iter_mut()
            .flat_map(|table| &mut table.routes)
            .collect();
        let count = routes.len();
        if count == 0 {
            return false;
        }
        let chosen = rng.usize(..count);
        for (index, route) in routes.into_iter().enumerate() {
            if index == chosen {
                route.target = Target::Blackhole("gone".to_owned());
            }
        }
        true
    };
    // A refused route that leads nowhere is not refused any more, and nothing gets through it either.
    let changed = compare(end, |old, new| old.invalid || no_more(old, new));
    assert!(changed > 20, "{changed}");
}
