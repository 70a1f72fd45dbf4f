//! The engine and the tracer of single packets agree, on random networks, at every edge of the intervals that
//! rules speak of.
//!
//! A few hundred networks by default; with `REACH_NETWORKS=10000` as many as it says, as CI does. A failure
//! prints its seed; `REACH_SEED` runs one again.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fastrand::Rng;
use trueup_reach::address::{Family, number};
use trueup_reach::network::Assignment;
use trueup_reach::packet_end::{Owner, PacketEnd};
use trueup_reach::{Answer, Engine, ForwardingRule, ForwardingRules, Network, ServiceSet, Start, ask};

use crate::common::tracer::{Fate, Load, Tracer};
use crate::common::world::{OUTSIDE, SERVICE, network};

/// A question: from an interface's address or the internet, to an address.
#[derive(Clone, Copy, Debug)]
struct Question {
    from: Option<usize>,
    source: IpAddr,
    target: IpAddr,
}

fn known(assigned: Option<Assignment>) -> Option<IpAddr> {
    if let Some(Assignment::Known(address)) = assigned {
        Some(address)
    } else {
        None
    }
}

fn pick<T: Clone>(rng: &mut Rng, list: &[T]) -> Option<T> {
    list.get(rng.usize(..list.len().max(1))).cloned()
}

fn question(rng: &mut Rng, net: &Network) -> Option<Question> {
    let from = rng.usize(..net.interfaces.len());
    let outside = pick(rng, &OUTSIDE)?.parse().ok()?;
    let publics: Vec<IpAddr> = net
        .interfaces
        .iter()
        .flat_map(|i| &i.addresses)
        .filter_map(|own| known(own.public))
        .collect();
    let privates: Vec<IpAddr> = net
        .interfaces
        .iter()
        .flat_map(|i| &i.addresses)
        .filter_map(|own| known(Some(own.private)))
        .collect();
    let own = &net.interfaces[from].addresses;
    if rng.u8(..6) == 0 {
        let v6: Vec<IpAddr> = privates.iter().copied().filter(IpAddr::is_ipv6).collect();
        let nats: Vec<IpAddr> = net
            .nat_gateways
            .iter()
            .filter_map(|nat| known(nat.public))
            .collect();
        let (target, outside) = match rng.u8(..6) {
            0 => (pick(rng, &nats)?, outside),
            1 => (pick(rng, &v6)?, "2600::9".parse().ok()?),
            _ => (pick(rng, &publics)?, outside),
        };
        return Some(Question {
            from: None,
            source: outside,
            target,
        });
    }
    let target = match rng.u8(..14) {
        0..6 => pick(rng, &privates)?,
        6..8 => pick(rng, &publics)?,
        8..10 => outside,
        10 => pick(rng, &SERVICE)?.parse().ok()?,
        11 => known(pick(rng, &Vec::from_iter(&net.nat_gateways)).map(|nat| nat.private))?,
        12 => [
            "169.254.169.9",
            "169.254.169.253",
            "10.0.0.2",
            "10.9.9.9",
            "10.0.1.77",
        ][rng.usize(..5)]
        .parse()
        .ok()?,
        _ => "2600::9".parse().ok()?,
    };
    let same: Vec<IpAddr> = own
        .iter()
        .filter_map(|own| known(Some(own.private)))
        .filter(|a| a.is_ipv4() == target.is_ipv4())
        .collect();
    Some(Question {
        from: Some(from),
        source: pick(rng, &same)?,
        target,
    })
}

fn answer(net: &Network, forwarding_rules: ForwardingRules, question: Question) -> Answer {
    let engine = Engine::with_forwarding_rules(net, forwarding_rules);
    let start = match question.from {
        Some(host) => {
            let place = net.interfaces[host]
                .addresses
                .iter()
                .position(|own| own.private == Assignment::Known(question.source))
                .unwrap();
            Start::Interface(host, engine.packet_end(Owner::Interface(host, place)).unwrap())
        }
        None => Start::Outside(PacketEnd::one(number(question.source), Owner::Outside)),
    };
    ask(
        &engine,
        &start,
        &PacketEnd::one(number(question.target), Owner::Unresolved),
    )
}

const CLIENT_PORTS: [u16; 5] = [32768, 40000, 40001, 50000, 60999];
const NAT_PORTS: [u16; 8] = [1024, 32767, 32768, 40000, 40001, 60999, 61000, 65535];

/// A service, what carries it from a client's port, and the port (or type, or protocol).
type Sample = (ServiceSet, fn(u16, u16) -> Load, u16);

/// Loads at every edge of what the rules speak of, from a client's port.
fn loads(v4: bool) -> Vec<Sample> {
    let mut loads: Vec<Sample> = Vec::new();
    for port in [
        0, 21, 22, 23, 79, 80, 443, 444, 1023, 1024, 32767, 32768, 40000, 40001, 65535,
    ] {
        loads.push((ServiceSet::tcp(port, port), Load::Tcp, port));
    }
    for port in [0, 52, 53, 54, 40000, 40001, 65535] {
        loads.push((ServiceSet::udp(port, port), Load::Udp, port));
    }
    let family = if v4 { Family::V4 } else { Family::V6 };
    let icmp: [u8; 4] = if v4 { [8, 0, 13, 3] } else { [128, 129, 1, 2] };
    for ty in icmp {
        loads.push((
            ServiceSet::icmp(family, Some(ty), Some(0)),
            |_, ty| Load::Icmp(u8::try_from(ty).unwrap(), 0),
            u16::from(ty),
        ));
    }
    for number in [50_u8, 51] {
        loads.push((
            ServiceSet::protocol(number),
            |_, number| Load::Other(u8::try_from(number).unwrap()),
            u16::from(number),
        ));
    }
    loads
}

/// What the answer says of a service.
fn word(answer: &Answer, service: &ServiceSet) -> &'static str {
    if answer.invalid {
        "refused"
    } else if answer.allowed.is_superset(service) {
        "allowed"
    } else if answer.partial.is_superset(service) {
        "partial"
    } else if answer.unknown.is_superset(service) {
        "unknown"
    } else {
        "blocked"
    }
}

/// What the tracer says, trying the client's ports and the ports that NAT gateways may pick.
fn traced(net: &Network, question: Question, load: fn(u16, u16) -> Load, port: u16) -> Vec<Fate> {
    let mut fates = Vec::new();
    let ported = matches!(load(0, 0), Load::Tcp(..) | Load::Udp(..));
    for nat_port in NAT_PORTS {
        let tracer = Tracer {
            net,
            nat_port,
            translated: false.into(),
        };
        for client in CLIENT_PORTS {
            fates.push(tracer.trace(
                question.from,
                question.source,
                question.target,
                load(client, port),
            ));
            if !ported {
                break;
            }
        }
        // Where no NAT gateway is on the way, its port makes no difference.
        if !tracer.translated.get() || !ported {
            break;
        }
    }
    fates
}

fn summary(fates: &[Fate]) -> Vec<&'static str> {
    let has = |fate| fates.contains(&fate);
    if has(Fate::Refused) {
        vec!["refused"]
    } else if has(Fate::Tie) {
        vec!["unknown", "blocked", "allowed", "partial", "refused"]
    } else if has(Fate::Unsure) {
        vec!["unknown"]
    } else if !has(Fate::Arrives) {
        vec!["blocked"]
    } else if has(Fate::Dies) {
        vec!["partial"]
    } else {
        vec!["allowed"]
    }
}

/// The first thing about which the two disagree, and what they agreed about.
fn disagreement(
    seed: u64,
    forwarding_rules: ForwardingRules,
    tally: &mut BTreeMap<&'static str, usize>,
) -> Option<String> {
    let mut rng = Rng::with_seed(seed);
    let net = network(&mut rng);
    for _ in 0..12 {
        let Some(question) = question(&mut rng, &net) else {
            continue;
        };
        let answer = answer(&net, forwarding_rules, question);
        for (service, load, port) in loads(question.target.is_ipv4()) {
            let fates = traced(&net, question, load, port);
            let (ours, theirs) = (word(&answer, &service), summary(&fates));
            // A refused network is refused whatever the service; the tracer may stop at a filter first, and
            // does not walk the way back of what has no answer.
            let silent = !service.overlaps(&ServiceSet::conversations());
            let agree = theirs.contains(&ours) || (ours == "refused" && (silent || theirs == ["blocked"]));
            *tally.entry(ours).or_default() += 1;
            if !agree {
                return Some(format!(
                    "REACH_SEED={seed}: {question:?} {service}: the engine says {ours}, the tracer {theirs:?}"
                ));
            }
        }
    }
    None
}

fn networks(default: u64) -> u64 {
    std::env::var("REACH_NETWORKS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn engine_and_tracer_agree() {
    let mut tally = BTreeMap::new();
    if let Some(seed) = std::env::var("REACH_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
    {
        assert_eq!(disagreement(seed, ForwardingRules::default(), &mut tally), None);
        return;
    }
    for seed in 0..networks(300) {
        assert_eq!(disagreement(seed, ForwardingRules::default(), &mut tally), None);
    }
    // A test in which everything is blocked would agree as well.
    for word in ["allowed", "partial", "blocked", "unknown", "refused"] {
        assert!(tally.get(word).is_some_and(|count| *count > 20), "{tally:?}");
    }
    assert!(tally["allowed"] * 8 > tally["blocked"], "{tally:?}");
}

#[test]
fn every_law_matters() {
    let mut silent = Vec::new();
    for forwarding_rule in ForwardingRule::ALL {
        let mut tally = BTreeMap::new();
        let caught = (0..networks(3000)).find(|seed| {
            disagreement(*seed, ForwardingRules::without(forwarding_rule), &mut tally).is_some()
        });
        silent.extend(caught.is_none().then_some(forwarding_rule));
    }
    assert_eq!(silent, [], "nothing notices when these do not hold");
}
