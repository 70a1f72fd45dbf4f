//! What an explanation says has to change is changed, and then it works; whatever else works then that did
//! not, the explanation has reported.

use std::collections::BTreeMap;

use fastrand::Rng;
use trueup_reach::network::Assignment;
use trueup_reach::{
    Answer, Blocker, Code, Engine, Network, Opens, Selector, ServiceSet, Unformed, Verdict, explain, reach,
};

use crate::common::world::network;

/// Does what blockers say; `None` where one of them has no form.
fn mended(network: &Network, blockers: &[Blocker]) -> Option<Network> {
    let mut after = network.clone();
    for blocker in blockers {
        blocker.proposal.as_ref()?.edit()?.apply(&mut after);
    }
    Some(after)
}

fn networks() -> u64 {
    std::env::var("REACH_NETWORKS")
        .ok()
        .and_then(|text| text.parse::<u64>().ok())
        .map_or(120, |all| all / 10)
}

/// Some public addresses are still to be chosen by EC2.
fn unassign(rng: &mut Rng, network: &mut Network) {
    let addresses = network.interfaces.iter_mut().flat_map(|host| &mut host.addresses);
    let public = addresses.filter_map(|own| own.public.as_mut());
    public
        .filter(|_| rng.bool())
        .for_each(|public| *public = Assignment::Unassigned);
}

/// What is asked about in a network: two hosts, or a host and an address, or a host from the internet,
/// or by its public address.
fn question(rng: &mut Rng, network: &Network) -> (Selector, Selector) {
    let mut host = || Selector::Named(format!("host-{}", rng.usize(..network.interfaces.len())));
    let (from, to) = (host(), host());
    let known = network.interfaces.iter().flat_map(|host| &host.addresses);
    let public: Vec<_> = known
        .filter_map(|own| match own.public {
            Some(Assignment::Known(address)) => Some(address),
            _ => None,
        })
        .collect();
    match rng.u8(..7) {
        3 if !public.is_empty() => (from, Selector::Address(public[rng.usize(..public.len())])),
        0 => (from, Selector::Address("8.8.8.8".parse().unwrap())),
        1 => (Selector::Internet, to),
        2 => (from, Selector::Internet),
        _ => (from, to),
    }
}

/// All pairs of hosts, the internet and a service, with what works.
fn everything(network: &Network) -> BTreeMap<(String, String), Answer> {
    let engine = Engine::new(network);
    let hosts: Vec<Selector> = network
        .interfaces
        .iter()
        .map(|host| Selector::Named(host.named.name.clone()))
        .collect();
    let mut pairs: Vec<(Selector, Selector)> = Vec::new();
    for from in &hosts {
        pairs.extend(
            hosts
                .iter()
                .filter(|to| *to != from)
                .map(|to| (from.clone(), to.clone())),
        );
        pairs.extend([
            (from.clone(), Selector::Internet),
            (from.clone(), Selector::Service("s3".to_owned())),
            (Selector::Internet, from.clone()),
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
    (from, to): &(Selector, Selector),
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
        let more = if is_asked { more.subtract(over) } else { more };
        (!more.is_empty()).then_some((source, target, more))
    });
    more.collect()
}

/// Whether what a blocker proposes is known to open something to the internet.
fn is_exposing(blocker: &Blocker) -> bool {
    let opens = blocker.proposal.as_ref().map(|proposal| proposal.opens());
    matches!(opens, Some(Opens::Known { exposes: true, .. }))
}

/// All that is reported of what a repair opens.
fn lines(repair: &[Blocker]) -> Vec<String> {
    let proposals = repair.iter().filter_map(|blocker| blocker.proposal.as_ref());
    proposals.flat_map(|proposal| proposal.opens().lines()).collect()
}

/// Why parts of a repair cannot be applied; of each of these it is reported that what it opens is not known,
/// and of each other one it is known.
fn without_form(repair: &[Blocker]) -> Vec<Unformed> {
    let proposals = repair.iter().filter_map(|blocker| blocker.proposal.as_ref());
    let why = proposals.filter_map(|proposal| match (proposal.opens(), proposal.edit()) {
        (Opens::Unknown(why), None) => {
            assert!(
                proposal
                    .to_string()
                    .contains("opens as well: not worked out, because")
            );
            Some(*why)
        }
        (Opens::Known { .. }, Some(_)) => None,
        other => panic!("{other:?}"),
    });
    why.collect()
}

#[test]
fn what_is_mended_works_and_what_else_it_opens_is_reported() {
    let (mut count, mut reported, mut silent) = (0, 0, 0);
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unformed = Vec::new();
    for seed in 0..networks() {
        let mut rng = Rng::with_seed(seed);
        let mut before = network(&mut rng);
        if seed % 3 == 0 {
            unassign(&mut rng, &mut before);
        }
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
                if repair.iter().all(|blocker| blocker.proposal.is_none()) {
                    continue;
                }
                reported += 1;
                let Some(after) = mended(&before, repair) else {
                    unformed.extend(without_form(repair));
                    continue;
                };
                let engine = Engine::new(&after);
                let verdict = reach(&engine, &asked.0, &asked.1).unwrap().verdict(Some(&over));
                // Where EC2 picks one of several ways and does not say which, only one of them was mended;
                // and of the pieces of the internet the first one is explained.
                let is_whole = !matches!(
                    (&asked.0, &asked.1),
                    (Selector::Internet, _) | (_, Selector::Internet)
                );
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
                let lines = lines(repair);
                for (from, to, over) in opened(&before, &after, &asked, &over) {
                    assert!(
                        is_reported(&lines, &from, &to),
                        "seed {seed}: {explained}\nand {over} from {from} to {to}"
                    );
                }
                let is_reported = !lines.is_empty();
                silent += usize::from(!is_reported);
            }
            // Nothing that exposes more comes before what does not.
            let exposes = |repair: &[Blocker]| repair.iter().any(is_exposing);
            assert!(
                !exposes(&explained.blockers) || explained.alternatives.iter().all(|other| exposes(other)),
                "{explained}"
            );
        }
    }
    assert!(count * 3 > reported && count > 100, "{count} of {reported}");
    for why in [Unformed::Addresses, Unformed::Subnet] {
        assert!(unformed.contains(&why), "{unformed:?}");
    }
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
fn is_reported(lines: &[String], from: &str, to: &str) -> bool {
    let names = |line: &String, name: &str| line.split([' ', ',']).any(|word| word == name);
    let is_it = |line: &&String| {
        line.ends_with(" more") || ((from == "internet" || names(line, from)) && names(line, to))
    };
    lines
        .iter()
        .any(|line| is_it(&line) || (line.contains(" more to ") && names(line, to)))
}
