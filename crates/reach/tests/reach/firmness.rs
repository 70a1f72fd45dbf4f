//! Less is known of what a spec names by an id only: of random specs, parts are replaced by ids, and no
//! answer may become firmer.
//!
//! A few hundred specs by default; with `REACH_NETWORKS=10000` as many as it says, as CI does. A failure
//! prints its seed; `REACH_SEED` runs one again.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value as Json, json};
use trueup_model::{Address, Kind};
use trueup_reach::fill::{Lists, topology};
use trueup_reach::{Answer, Engine, Network, Selector, ServiceSet, reach};

use crate::common::spec::spec;

type Resources = BTreeMap<String, Json>;

/// The kinds that may be of others.
const OUTSIDE: [Kind; 8] = [
    Kind::Vpc,
    Kind::Subnet,
    Kind::InternetGateway,
    Kind::ElasticIp,
    Kind::NatGateway,
    Kind::RouteTable,
    Kind::NetworkAcl,
    Kind::SecurityGroup,
];

fn pick<T: Copy>(rng: &mut Rng, list: &[T]) -> T {
    list[rng.usize(..list.len())]
}

fn peer(rng: &mut Rng, groups: &[String]) -> (&'static str, String) {
    match rng.u8(..4) {
        0 => (
            "security_group",
            pick(rng, &groups.iter().collect::<Vec<_>>()).clone(),
        ),
        1 => ("cidr", "10.0.0.0/16".to_owned()),
        2 => ("cidr", "10.0.2.0/24".to_owned()),
        _ => ("cidr", "0.0.0.0/0".to_owned()),
    }
}

fn rules(rng: &mut Rng, groups: &[String]) -> Json {
    let rule = |rng: &mut Rng| {
        let (field, whom) = peer(rng, groups);
        match rng.u8(..3) {
            0 => json!({"protocol": "all", field: whom}),
            1 => json!({"protocol": "tcp", "port": "22", field: whom}),
            _ => json!({"protocol": "udp", "port": "53", field: whom}),
        }
    };
    (0..rng.usize(1..4)).map(|_| rule(rng)).collect()
}

fn entries(rng: &mut Rng) -> Json {
    let entry = |number: usize, rng: &mut Rng| {
        json!({"rule_number": number * 10, "protocol": pick(rng, &["all", "all", "udp"]), "action": pick(rng, &["allow", "allow", "allow", "deny"]),
               "cidr": pick(rng, &["0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24"])})
    };
    (1..rng.usize(2..5)).map(|number| entry(number, rng)).collect()
}

/// A VPC or two, each with two or three subnets and all that may be in them.
fn resources(rng: &mut Rng) -> Resources {
    let mut all = Resources::new();
    for vpc in 0..rng.usize(1..3) {
        let own = format!("vpc.{vpc}");
        all.insert(own.clone(), json!({"cidr_block": format!("10.{vpc}.0.0/16")}));
        all.insert(format!("internet_gateway.{vpc}"), json!({"vpc": own}));
        let groups: Vec<String> = (0..2)
            .map(|group| format!("security_group.{vpc}-{group}"))
            .collect();
        for group in &groups {
            let attributes = json!({"vpc": own, "description": "Any", "ingress": rules(rng, &groups), "egress": rules(rng, &groups)});
            all.insert(group.clone(), attributes);
        }
        all.insert(
            format!("network_acl.{vpc}"),
            json!({"vpc": own, "ingress": entries(rng), "egress": entries(rng)}),
        );
        all.insert(format!("elastic_ip.{vpc}"), json!({}));
        let nat = format!("nat_gateway.{vpc}");
        let elastic_ip = format!("elastic_ip.{vpc}");
        all.insert(nat.clone(), json!({"subnet": format!("subnet.{vpc}-1"), "elastic_ip": elastic_ip, "connectivity_type": "public"}));
        for table in 0..2 {
            let default = match rng.u8(..4) {
                0 => json!([]),
                1 => json!([{"destination": "0.0.0.0/0", "nat_gateway": nat}]),
                _ => {
                    json!([{"destination": "0.0.0.0/0", "internet_gateway": format!("internet_gateway.{vpc}")}])
                }
            };
            all.insert(
                format!("route_table.{vpc}-{table}"),
                json!({"vpc": own, "routes": default}),
            );
        }
        if rng.bool() {
            let attributes = json!({"vpc": own, "service": "com.amazonaws.us-west-2.s3", "route_tables": [format!("route_table.{vpc}-0")]});
            all.insert(format!("vpc_endpoint.{vpc}"), attributes);
        }
        for subnet in 1..rng.usize(3..5) {
            let mut attributes = json!({"vpc": own, "cidr_block": format!("10.{vpc}.{subnet}.0/24"), "map_public_ip_on_launch": rng.bool()});
            if rng.u8(..4) > 0 {
                attributes["route_table"] = json!(format!("route_table.{vpc}-{}", rng.u8(..2)));
            }
            if rng.u8(..3) == 0 {
                attributes["network_acl"] = json!(format!("network_acl.{vpc}"));
            }
            all.insert(format!("subnet.{vpc}-{subnet}"), attributes);
            let groups: Vec<&String> = groups.iter().filter(|_| rng.u8(..3) > 0).collect();
            let mut host = json!({"image": "ami-1", "instance_type": "t2.micro", "subnet": format!("subnet.{vpc}-{subnet}"), "security_groups": groups});
            if rng.u8(..3) == 0 {
                host["associate_public_ip_address"] = json!(rng.bool());
            }
            if rng.u8(..4) == 0 {
                host["private_ip_address"] = json!(format!("10.{vpc}.{subnet}.20"));
            }
            all.insert(format!("instance.{vpc}-{subnet}"), host);
        }
    }
    all
}

/// The same with a resource named by an id wherever it is spoken of.
fn without(resources: &Resources, gone: &str, number: usize) -> Resources {
    let address: Address = gone.parse().unwrap();
    let id = json!(format!("{}0123456789abcde{number:02x}", address.kind.id_prefix()));
    fn replace(json: &mut Json, from: &str, to: &Json) {
        match json {
            Json::String(text) if text == from => *json = to.clone(),
            Json::Array(list) => list.iter_mut().for_each(|item| replace(item, from, to)),
            Json::Object(fields) => fields.values_mut().for_each(|item| replace(item, from, to)),
            _ => {}
        }
    }
    let mut left = resources.clone();
    left.remove(gone);
    left.values_mut()
        .for_each(|attributes| replace(attributes, gone, &id));
    left
}

fn network(resources: &Resources) -> Network {
    let list: Vec<(&str, Json)> = resources
        .iter()
        .map(|(address, attributes)| (address.as_str(), attributes.clone()))
        .collect();
    topology(&spec(&list), &Lists::new())
}

/// What is said for certain: what works, what works in part, what does not.
fn firm(answer: &Answer) -> [ServiceSet; 3] {
    let answered = ServiceSet::conversations();
    let blocked = answer.asked.subtract(&answer.possible());
    [&answer.allowed, &answer.partial, &blocked].map(|set| set.intersect(&answered))
}

/// The first answer that is firmer, and how many answers became unknown.
fn firmer(seed: u64, softened: &mut usize) -> Option<String> {
    let mut rng = Rng::with_seed(seed);
    let before = resources(&mut rng);
    let mut after = before.clone();
    let mut gone = Vec::new();
    for _ in 0..rng.usize(1..4) {
        let able: Vec<String> = after
            .keys()
            .filter(|address| OUTSIDE.contains(&address.parse::<Address>().unwrap().kind))
            .cloned()
            .collect();
        let Some(one) = able.get(rng.usize(..able.len().max(1))) else {
            break;
        };
        after = without(&after, one, gone.len());
        gone.push(one.clone());
    }
    let (old, new) = (network(&before), network(&after));
    let (old, new) = (Engine::new(&old), Engine::new(&new));
    let hosts: Vec<&String> = before
        .keys()
        .filter(|address| address.starts_with("instance."))
        .collect();
    let mut pairs: Vec<(&str, &str)> = hosts
        .iter()
        .flat_map(|from| hosts.iter().map(move |to| (from.as_str(), to.as_str())))
        .collect();
    pairs.extend(hosts.iter().flat_map(|host| {
        [
            ("internet", host.as_str()),
            (host.as_str(), "internet"),
            (host.as_str(), "s3"),
        ]
    }));
    pairs.extend(hosts.iter().map(|host| (host.as_str(), "10.0.1.20")));
    for (from, to) in pairs {
        let ask = |engine: &Engine<'_>| {
            let selector = |text: &str| Selector::read(engine, text).unwrap();
            reach(engine, &selector(from), &selector(to)).ok()
        };
        let (Some(one), Some(other)) = (ask(&old), ask(&new)) else {
            continue;
        };
        *softened += usize::from(!other.unknown.subtract(&one.unknown).is_empty());
        let names = ["allowed", "partial", "blocked"];
        for ((name, sure), still) in names.into_iter().zip(firm(&other)).zip(firm(&one)) {
            if !still.is_superset(&sure) {
                return Some(format!(
                    "REACH_SEED={seed}: without {gone:?}, {from} -> {to} {} is {name}, and it was not",
                    sure.subtract(&still)
                ));
            }
        }
    }
    None
}

#[test]
fn no_answer_becomes_firmer_where_parts_are_of_others() {
    let mut softened = 0;
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("REACH_SEED") {
        assert_eq!(firmer(seed, &mut softened), None);
        return;
    }
    let count = number("REACH_NETWORKS").unwrap_or(400);
    for seed in 0..count {
        assert_eq!(firmer(seed, &mut softened), None);
    }
    assert!(
        softened > usize::try_from(count).unwrap(),
        "{softened} answers became unknown"
    );
}
