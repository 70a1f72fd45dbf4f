//! What a lint advises to take away is taken away, and then everything works that did, and nothing else does.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use trueup_reach::network::{Named, Target};
use trueup_reach::{Answer, Engine, Network, Removal, Selector, ServiceSet, lints, reach};

use crate::common::world::network;

fn networks() -> u64 {
    let all = std::env::var("REACH_NETWORKS").ok();
    all.and_then(|text| text.parse::<u64>().ok())
        .map_or(150, |all| all / 10)
}

/// What works and is answered, or may be, between all pairs of hosts and with the internet and a service; and
/// what gets there without an answer, where that counts. Which gateway it goes by and what it rests on may
/// change with what is taken away.
fn everything(network: &Network, one_way: bool) -> BTreeMap<(String, String), Answer> {
    let engine = Engine::new(network);
    let answered = ServiceSet::conversations();
    let mut selectors = vec![Selector::Internet, Selector::Service("s3".to_owned())];
    let hosts = network.interfaces.iter();
    selectors.extend(hosts.map(|host| Selector::Named(host.named.name.clone())));
    let pairs = selectors
        .iter()
        .flat_map(|from| selectors.iter().map(move |to| (from, to)));
    let answers = pairs.filter(|(from, to)| from != to).filter_map(|(from, to)| {
        let answer = reach(&engine, from, to).ok()?;
        let reported = Answer {
            allowed: answer.allowed.intersect(&answered),
            partial: answer.partial.intersect(&answered),
            unknown: answer.unknown.intersect(&answered),
            one_way: if one_way {
                answer.one_way
            } else {
                ServiceSet::none()
            },
            ..Answer::default()
        };
        Some(((from.to_string(), to.to_string()), reported))
    });
    answers.collect()
}

/// Gives the groups ids, because only groups of a topology are reported to be unused, and leaves one on
/// nobody. Now and then a target of routes is gone.
fn prepare(rng: &mut Rng, network: &mut Network) {
    let spare = rng.usize(..network.security_groups.len());
    for group in &mut network.security_groups {
        let id = Some(format!("id of {}", group.named.name));
        group.named = Named {
            id,
            ..group.named.clone()
        };
    }
    if rng.bool() {
        for host in &mut network.interfaces {
            host.security_groups.retain(|group| *group != spare);
        }
    }
    let routes = network
        .route_tables
        .iter_mut()
        .flat_map(|table| &mut table.routes);
    for route in routes.filter(|_| rng.u8(..8) == 0) {
        route.target = Target::Blackhole("gone".to_owned());
    }
}

#[test]
fn what_a_lint_takes_away_nobody_misses() {
    let mut tried: BTreeSet<&str> = BTreeSet::new();
    for seed in 0..networks() {
        let mut rng = Rng::with_seed(seed);
        let mut before = network(&mut rng);
        prepare(&mut rng, &mut before);
        let known = [false, true].map(|one_way| everything(&before, one_way));
        for lint in lints(&Engine::new(&before)) {
            let help = lint.diagnostic.help.clone().unwrap_or_default();
            let takes = help.contains("remove it") || help.contains("take the public address away");
            assert_eq!(takes, lint.removal.is_some(), "{help}");
            let Some(removal) = lint.removal else { continue };
            let mut after = before.clone();
            removal.apply(&mut after);
            tried.insert(lint.diagnostic.code);
            // Where no answer gets out, what comes in without one is all that an address is good for.
            let one_way = !matches!(removal, Removal::PublicAddresses(_));
            for (pair, answer) in everything(&after, one_way) {
                assert_eq!(
                    known[usize::from(one_way)].get(&pair),
                    Some(&answer),
                    "seed {seed}: {pair:?} after {}: {help}",
                    lint.diagnostic.message
                );
            }
        }
    }
    let all = [
        "blackhole-route",
        "implied-rule",
        "public-address-without-route",
        "rule-never-matches",
        "shadowed-acl-entry",
        "unused-security-group",
    ];
    assert_eq!(tried, all.into());
}
