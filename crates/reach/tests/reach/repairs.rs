//! What an explanation says has to change is changed, and then it works; whatever else works then that did
//! not, the explanation has told.

use std::collections::BTreeMap;

use fastrand::Rng;
use trueup_reach::{Answer, Blocker, Code, Engine, Network, Party, ServiceSet, Verdict, explain, reach};

use crate::common::world::network;

/// Does what blockers say; `None` where one of them has no form.
fn mended(network: &Network, blockers: &[Blocker]) -> Option<Network> {
    let mut after = network.clone();
    for blocker in blockers {
        blocker.edit.as_ref()?.apply(&mut after);
    }
    Some(after)
}

fn networks() -> u64 {
    std::env::var("REACH_NETWORKS")
        .ok()
        .and_then(|text| text.parse::<u64>().ok())
        .map_or(120, |all| all / 10)
}

/// What is asked about in a network: two hosts, or a host and an address, or a host from the internet.
fn question(rng: &mut Rng, network: &Network) -> (Party, Party) {
    let mut host = || Party::Named(format!("host-{}", rng.usize(..network.interfaces.len())));
    let (from, to) = (host(), host());
    match rng.u8(..6) {
        0 => (from, Party::Address("8.8.8.8".parse().unwrap())),
        1 => (Party::Internet, to),
        2 => (from, Party::Internet),
        _ => (from, to),
    }
}

/// All pairs of hosts, the internet and a service, with what works.
fn everything(network: &Network) -> BTreeMap<(String, String), Answer> {
    let engine = Engine::new(network);
    let hosts: Vec<Party> = network
        .interfaces
        .iter()
        .map(|host| Party::Named(host.named.name.clone()))
        .collect();
    let mut pairs: Vec<(Party, Party)> = Vec::new();
    for from in &hosts {
        pairs.extend(
            hosts
                .iter()
                .filter(|to| *to != from)
                .map(|to| (from.clone(), to.clone())),
        );
        pairs.extend([
            (from.clone(), Party::Internet),
            (from.clone(), Party::Service("s3".to_owned())),
            (Party::Internet, from.clone()),
        ]);
    }
    let asked = pairs
        .iter()
        .filter_map(|(from, to)| Some(((from.to_string(), to.to_string()), reach(&engine, from, to).ok()?)));
    asked.collect()
}

/// The pairs of which more surely works than before, without what was asked for.
fn opened(
    before: &Network,
    after: &Network,
    (from, to): &(Party, Party),
    over: &ServiceSet,
) -> Vec<(String, String, ServiceSet)> {
    let (old, new) = (everything(before), everything(after));
    let more = new.into_iter().filter_map(|((source, target), answer)| {
        let known = old.get(&(source.clone(), target.clone()))?;
        let more = answer
            .allowed
            .subtract(&known.possible())
            .intersect(&ServiceSet::conversations());
        let is_asked = (&source, &target) == (&from.to_string(), &to.to_string());
        let is_out = target == "internet" || target == "s3";
        let more = match is_asked {
            true if is_out => ServiceSet::none(),
            true => more.subtract(over),
            false => more,
        };
        (!more.is_empty()).then_some((source, target, more))
    });
    more.collect()
}

#[test]
fn what_is_mended_works_and_what_else_it_opens_is_told() {
    let (mut count, mut told, mut silent) = (0, 0, 0);
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..networks() {
        let mut rng = Rng::with_seed(seed);
        let before = network(&mut rng);
        for _ in 0..4 {
            let asked = question(&mut rng, &before);
            let over = ServiceSet::tcp(443, 443);
            let engine = Engine::new(&before);
            let Ok(explained) = explain(&engine, &asked.0, &asked.1, Some(&over)) else {
                continue;
            };
            if !matches!(explained.verdict, Verdict::Blocked | Verdict::Partial)
                || explained.blockers.is_empty()
            {
                continue;
            }
            for repair in std::iter::once(&explained.blockers).chain(&explained.alternatives) {
                if repair.iter().all(|blocker| blocker.fix.is_empty()) {
                    continue;
                }
                told += 1;
                let Some(after) = mended(&before, repair) else {
                    continue;
                };
                let engine = Engine::new(&after);
                let verdict = reach(&engine, &asked.0, &asked.1).unwrap().verdict(Some(&over));
                // Where EC2 picks one of several ways and does not say which, only one of them was mended;
                // and of the pieces of the internet the first one is explained.
                let is_whole = !matches!((&asked.0, &asked.1), (Party::Internet, _) | (_, Party::Internet));
                if matches!(verdict, Verdict::Unknown | Verdict::Invalid)
                    || (!is_whole && verdict != Verdict::Allowed)
                {
                    continue;
                }
                count += 1;
                repair
                    .iter()
                    .for_each(|blocker| *tried.entry(blocker.code.as_str()).or_default() += 1);
                assert_eq!(
                    verdict,
                    Verdict::Allowed,
                    "seed {seed}: {explained}\nand then {}",
                    explain(&engine, &asked.0, &asked.1, Some(&over)).unwrap()
                );
                let lines: Vec<&String> = repair.iter().flat_map(|blocker| &blocker.opens).collect();
                for (from, to, over) in opened(&before, &after, &asked, &over) {
                    assert!(
                        is_told(&lines, &from, &to),
                        "seed {seed}: {explained}\nand {over} from {from} to {to}"
                    );
                }
                let is_told = !lines.is_empty();
                silent += usize::from(!is_told);
            }
            // Nothing that exposes more comes before what does not.
            let exposes = |repair: &[Blocker]| repair.iter().any(|blocker| blocker.exposes);
            assert!(
                !exposes(&explained.blockers) || explained.alternatives.iter().all(|other| exposes(other)),
                "{explained}"
            );
        }
    }
    assert!(count * 3 > told && count > 100, "{count} of {told}");
    assert!(silent > 10, "{silent} of {count} open nothing else");
    for code in [
        Code::SecurityGroup,
        Code::NetworkAcl,
        Code::NoPublicAddress,
        Code::NoRoute,
        Code::RouteTarget,
        Code::Blackhole,
    ] {
        assert!(tried.contains_key(code.as_str()), "{tried:?}");
    }
}

/// Whether lines tell of a pair; where they are cut, it may be among the others. A part of the internet goes
/// by its ranges.
fn is_told(lines: &[&String], from: &str, to: &str) -> bool {
    let names = |line: &String, name: &str| line.split([' ', ',']).any(|word| word == name);
    let is_it = |line: &&&String| {
        line.ends_with(" more") || ((from == "internet" || names(line, from)) && names(line, to))
    };
    lines
        .iter()
        .any(|line| is_it(&line) || (line.contains(" more to ") && names(line, to)))
}
