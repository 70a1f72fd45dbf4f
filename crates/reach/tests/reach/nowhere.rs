//! A place that no list has, wherever a network refers to one: what is there is not known, so no answer ends
//! in the middle, and none is firmer than it was.

use fastrand::Rng;
use trueup_reach::network::{Destination, NOWHERE, Peer, Target};
use trueup_reach::{Answer, Engine, Network, Selector, ServiceSet, explain, lint, reach, summary};

use crate::common::world::network;

/// Every reference of a network that is not the home of a part: those are what an answer is asked by.
fn references(net: &mut Network) -> Vec<&mut usize> {
    let mut all: Vec<&mut usize> = Vec::new();
    for vpc in &mut net.vpcs {
        all.extend(vpc.main_table.iter_mut().chain(&mut vpc.default_acl));
    }
    for subnet in &mut net.subnets {
        all.extend(subnet.route_table.iter_mut().chain(&mut subnet.network_acl));
    }
    for route in net.route_tables.iter_mut().flat_map(|table| &mut table.routes) {
        if let Destination::List(list) = &mut route.destination {
            all.push(list);
        }
        match &mut route.target {
            Target::InternetGateway(index)
            | Target::NatGateway(index)
            | Target::Endpoint(index)
            | Target::Peering(index)
            | Target::TransitGateway(index)
            | Target::EgressOnlyGateway(index)
            | Target::Interface(index) => all.push(index),
            Target::Blackhole(_) | Target::Other(_) => {}
        }
    }
    for rule in net
        .security_groups
        .iter_mut()
        .flat_map(|group| group.ingress.iter_mut().chain(&mut group.egress))
    {
        if let Peer::List(index) | Peer::Group(index) = &mut rule.peer {
            all.push(index);
        }
    }
    for interface in &mut net.interfaces {
        all.extend(&mut interface.security_groups);
    }
    for gateway in &mut net.transit_gateways {
        for attachment in &mut gateway.attachments {
            all.extend(attachment.subnets.iter_mut().chain(&mut attachment.route_table));
        }
        for route in gateway
            .route_tables
            .iter_mut()
            .flat_map(|table| &mut table.routes)
        {
            all.extend(&mut route.attachment);
        }
    }
    all
}

/// The references by which parts are in others.
fn homes(net: &mut Network) -> Vec<&mut usize> {
    let mut all: Vec<&mut usize> = Vec::new();
    all.extend(net.subnets.iter_mut().map(|subnet| &mut subnet.vpc));
    all.extend(net.route_tables.iter_mut().map(|table| &mut table.vpc));
    all.extend(net.network_acls.iter_mut().map(|acl| &mut acl.vpc));
    all.extend(net.security_groups.iter_mut().map(|group| &mut group.vpc));
    all.extend(net.interfaces.iter_mut().map(|interface| &mut interface.subnet));
    for gateway in &mut net.nat_gateways {
        all.push(&mut gateway.vpc);
        all.extend(&mut gateway.subnet);
    }
    all.extend(
        net.internet_gateways
            .iter_mut()
            .filter_map(|gateway| gateway.vpc.as_mut()),
    );
    all.extend(net.endpoints.iter_mut().map(|endpoint| &mut endpoint.vpc));
    all.extend(
        net.egress_only_gateways
            .iter_mut()
            .map(|gateway| &mut gateway.vpc),
    );
    all.extend(
        net.peerings
            .iter_mut()
            .flat_map(|peering| &mut peering.vpcs)
            .flatten(),
    );
    all.extend(
        net.transit_gateways
            .iter_mut()
            .flat_map(|gateway| &mut gateway.attachments)
            .filter_map(|one| one.vpc.as_mut()),
    );
    all
}

/// One of them leads nowhere, or just past the end of its list.
fn lose(rng: &mut Rng, mut references: Vec<&mut usize>) {
    if let Some(count) = Some(references.len()).filter(|count| *count > 0) {
        *references[rng.usize(..count)] = if rng.bool() { NOWHERE } else { 1000 };
    }
}

/// What is said for certain: what works, what works in part, what does not.
fn firm(answer: &Answer) -> [ServiceSet; 3] {
    let blocked = answer.asked.subtract(&answer.possible());
    [&answer.allowed, &answer.partial, &blocked].map(|set| set.intersect(&ServiceSet::conversations()))
}

fn selectors(net: &Network) -> Vec<Selector> {
    let hosts = (0..net.interfaces.len()).map(|host| Selector::Named(format!("host-{host}")));
    hosts
        .chain([
            Selector::Internet,
            Selector::Service("s3".to_owned()),
            Selector::Address("8.8.8.8".parse().unwrap()),
        ])
        .collect()
}

fn networks() -> u64 {
    std::env::var("REACH_NETWORKS")
        .ok()
        .and_then(|text| text.parse::<u64>().ok())
        .map_or(200, |all| all / 10)
}

#[test]
fn a_reference_that_leads_nowhere_makes_no_answer_firmer() {
    let mut softened = 0;
    for seed in 0..networks() {
        let mut rng = Rng::with_seed(seed);
        let before = network(&mut rng);
        let mut after = before.clone();
        lose(&mut rng, references(&mut after));
        let (old, new) = (Engine::new(&before), Engine::new(&after));
        for (from, to) in selectors(&before)
            .iter()
            .flat_map(|from| selectors(&before).into_iter().map(move |to| (from, to)))
        {
            let (Ok(one), Ok(other)) = (reach(&old, from, &to), reach(&new, from, &to)) else {
                continue;
            };
            // What EC2 would refuse is said of nothing else.
            if one.invalid || other.invalid {
                continue;
            }
            softened += usize::from(!other.unknown.subtract(&one.unknown).is_empty());
            for ((name, sure), still) in ["allowed", "partial", "blocked"]
                .into_iter()
                .zip(firm(&other))
                .zip(firm(&one))
            {
                let more = sure.subtract(&still);
                assert!(
                    more.is_empty(),
                    "seed {seed}: {from} -> {to}: {more} is {name}, and it was not; {other:?}"
                );
            }
        }
    }
    assert!(softened > 100, "{softened} answers became unknown");
}

#[test]
fn whatever_leads_nowhere_ends_no_answer() {
    for seed in 0..networks() {
        let mut rng = Rng::with_seed(seed);
        let mut net = network(&mut rng);
        for _ in 0..3 {
            lose(&mut rng, homes(&mut net));
            lose(&mut rng, references(&mut net));
        }
        let engine = Engine::new(&net);
        summary(&engine);
        lint(&engine);
        let all = selectors(&net);
        for _ in 0..12 {
            let (from, to) = (&all[rng.usize(..all.len())], all[rng.usize(..all.len())].clone());
            if let Ok(reported) = explain(&engine, from, &to, None) {
                assert!(!reported.to_string().is_empty());
            }
        }
    }
}
