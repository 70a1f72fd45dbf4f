//! A question about two selectors is answered by pairs that stand for others as it is by all pairs, one by
//! one.

use std::net::{IpAddr, Ipv4Addr};

use fastrand::Rng;
use trueup_reach::network::{Assignment, Network};
use trueup_reach::{AddressPair, Answer, Engine, Selector, reach, reach_any};

use crate::common::world::network;

/// More hosts that are alike: twins of what is there, of which some have public addresses, and some addresses
/// are EC2's to choose.
fn with_twins(rng: &mut Rng, net: &mut Network) {
    for round in 1..3_u32 {
        for index in 0..net.interfaces.len() {
            let mut twin = net.interfaces[index].clone();
            let Assignment::Known(IpAddr::V4(address)) = twin.addresses[0].private else {
                continue;
            };
            if rng.u8(..3) == 0 {
                continue;
            }
            let next = |address: Ipv4Addr| {
                Assignment::Known(IpAddr::from(Ipv4Addr::from(u32::from(address) + 30 * round)))
            };
            let public = twin.addresses[0].public.map(|public| match public {
                Assignment::Known(IpAddr::V4(public)) => next(public),
                other => other,
            });
            twin.addresses = vec![AddressPair {
                private: next(address),
                public,
            }];
            twin.named.name = format!("{}-{round}", twin.named.name);
            net.interfaces.push(twin);
        }
    }
    for interface in &mut net.interfaces {
        if rng.u8(..5) == 0 {
            interface.addresses[0].private = Assignment::Unassigned;
            interface.addresses[0].public = interface.addresses[0].public.map(|_| Assignment::Unassigned);
        }
    }
}

/// The same by asking about every two hosts by name: the answers in order, put together.
fn one_by_one(engine: &Engine<'_>, from: &Selector, to: &Selector, is_any: bool) -> Option<Answer> {
    let host = |host: &usize| Selector::Named(engine.network.interfaces[*host].named.name.clone());
    let (sources, targets) = (from.interfaces(engine), to.interfaces(engine));
    let others = sources
        .iter()
        .flat_map(|source| targets.iter().map(move |target| (source, target)));
    let others = others.filter(|(source, target)| source != target);
    let answers = others.map(|(source, target)| {
        let (source, target) = (host(source), host(target));
        if is_any {
            reach_any(engine, &source, &target)
        } else {
            reach(engine, &source, &target)
        }
        .unwrap()
    });
    answers.reduce(|all, one| if is_any { all.or(&one) } else { all.and(&one) })
}

#[test]
fn pairs_that_stand_for_others_say_what_all_of_them_say() {
    let (mut compared, mut saved, mut open, mut reported) = (0, 0, 0, 0);
    for seed in 0..40 {
        let mut rng = Rng::with_seed(seed);
        let mut net = network(&mut rng);
        with_twins(&mut rng, &mut net);
        let mut names: Vec<String> = net
            .interfaces
            .iter()
            .map(|host| host.named.name.clone())
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), net.interfaces.len());
        let engine = Engine::new(&net);
        let groups = (0..net.security_groups.len()).map(Selector::Group);
        let selectors: Vec<Selector> = groups
            .chain((0..net.subnets.len()).map(Selector::Subnet))
            .collect();
        for from in &selectors {
            for to in selectors.iter().filter(|_| rng.u8(..3) == 0).collect::<Vec<_>>() {
                for is_any in [false, true] {
                    let Some(mut slow) = one_by_one(&engine, from, to, is_any) else {
                        continue;
                    };
                    let mut fast = if is_any {
                        reach_any(&engine, from, to)
                    } else {
                        reach(&engine, from, to)
                    }
                    .unwrap();
                    if is_any {
                        // What gets there one way is reported of the last of several worlds, which no
                        // question of this sort looks at.
                        (slow.one_way, fast.one_way) = Default::default();
                    }
                    assert_eq!(fast, slow, "seed {seed}: {from} -> {to}, any: {is_any}");
                    compared += 1;
                    saved += usize::from(from.interfaces(&engine).len() > 3);
                    open += usize::from(!fast.possible().is_empty());
                    reported += usize::from(!fast.assumptions.is_empty());
                }
            }
        }
    }
    assert!(
        compared > 600 && saved > 200 && open > 200 && reported > 40,
        "{compared} {saved} {open} {reported}"
    );
}
