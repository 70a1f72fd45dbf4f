//! What an explanation says has to change is changed, and then it works.

#[path = "common/world.rs"]
#[expect(dead_code, reason = "other tests use the addresses outside")]
mod world;

use fastrand::Rng;
use trueup_reach::network::{AclEntry, Assigned, Destination, GroupRule, Named, NetworkAcl, Origin, Peer, Route, Target};
use trueup_reach::{Blocker, Code, Engine, Network, Party, ServiceSet, Verdict, explain, reach};
use world::{net, network};

fn everywhere(services: &ServiceSet) -> GroupRule {
    GroupRule { services: services.clone(), peer: Peer::Range(net("0.0.0.0/0")), source: None }
}

/// Does what a blocker says; `None` where this test does not know how.
fn apply(network: &mut Network, blocker: &Blocker) -> Option<()> {
    let host = |network: &Network| network.interfaces.iter().position(|host| host.named.name == blocker.component);
    let services = blocker.services.clone()?;
    match blocker.code {
        Code::SecurityGroup => {
            let group = *network.interfaces[host(network)?].security_groups.first()?;
            let group = &mut network.security_groups[group];
            let rules = if blocker.detail.contains(" from ") { &mut group.ingress } else { &mut group.egress };
            rules.push(everywhere(&services));
        }
        Code::NetworkAcl => {
            let subnet = network.subnets.iter().position(|subnet| subnet.named.name == blocker.component)?;
            let own = network.acl_of(subnet).map(|acl| network.network_acls[acl].clone()).unwrap_or_default();
            let mut acl = NetworkAcl { named: Named::new("mended"), ..own };
            let entry = AclEntry { number: 0, allow: true, services, range: net("0.0.0.0/0"), source: None };
            if blocker.detail.starts_with("ingress") {
                acl.ingress.push(entry);
            } else {
                acl.egress.push(entry);
            }
            network.subnets[subnet].network_acl = Some(network.network_acls.len());
            network.network_acls.push(acl);
        }
        Code::NoPublicAddress => {
            let host = host(network)?;
            let number = u8::try_from(host).ok()?;
            network.interfaces[host].addresses[0].public = Some(Assigned::Known(std::net::Ipv4Addr::new(46, 0, 0, number).into()));
        }
        Code::NoRoute | Code::RouteTarget | Code::Blackhole => {
            let table = network.route_tables.iter().position(|table| table.named.name == blocker.component)?;
            if blocker.fix.starts_with("remove the route") {
                let address: std::net::IpAddr = blocker.fix.split([' ', ':']).find_map(|word| word.parse().ok())?;
                // Shorter ones than the VPC's own range do not take its place.
                let holds = |range: &ipnet::IpNet| range.contains(&address) && range.prefix_len() >= 16;
                let lists = network.prefix_lists.clone();
                network.route_tables[table].routes.retain(|route| match &route.destination {
                    Destination::Range(range) => !holds(range),
                    Destination::List(list) => !lists[*list].entries.iter().flatten().any(holds),
                });
                return Some(());
            }
            let name = blocker.fix.rsplit_once("-> ")?.1.split(" instead of ").next()?.to_owned();
            let targets = (0..network.internet_gateways.len()).map(Target::InternetGateway);
            let targets = targets.chain((0..network.nat_gateways.len()).map(Target::NatGateway));
            let targets = targets.chain((0..network.peerings.len()).map(Target::Peering));
            let mut targets = targets.chain((0..network.transit_gateways.len()).map(Target::TransitGateway));
            let target = targets.find(|target| network.name_of(target) == name)?;
            let range =
                blocker.fix.split(' ').find(|word| word.contains('.') && word.parse::<std::net::IpAddr>().is_ok() || word.contains('/'))?;
            let range = range.parse().or_else(|_| format!("{range}/32").parse()).ok()?;
            let route = Route { destination: Destination::Range(range), target, origin: Origin::Static, source: None };
            let routes = &mut network.route_tables[table].routes;
            routes.retain(|other| other.destination != route.destination);
            routes.push(route);
        }
        _ => return None,
    }
    Some(())
}

fn networks() -> u64 {
    std::env::var("REACH_NETWORKS").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

#[test]
fn what_is_mended_works() {
    let (mut mended, mut told) = (0, 0);
    for seed in 0..networks() {
        let mut rng = Rng::with_seed(seed);
        let before = network(&mut rng);
        for _ in 0..4 {
            let (from, to) = (rng.usize(..before.interfaces.len()), rng.usize(..before.interfaces.len()));
            let (from, mut to) = (Party::Named(format!("host-{from}")), Party::Named(format!("host-{to}")));
            if rng.u8(..3) == 0 {
                to = Party::Address("8.8.8.8".parse().unwrap());
            }
            let over = ServiceSet::tcp(443, 443);
            let engine = Engine::new(&before);
            let told_now = explain(&engine, &from, &to, Some(&over)).unwrap();
            if !matches!(told_now.verdict, Verdict::Blocked | Verdict::Partial) || told_now.blockers.is_empty() {
                continue;
            }
            told += 1;
            let mut after = before.clone();
            if told_now.blockers.iter().try_for_each(|blocker| apply(&mut after, blocker)).is_none() {
                continue;
            }
            let engine = Engine::new(&after);
            let verdict = reach(&engine, &from, &to).unwrap().verdict(Some(&over));
            // Where EC2 picks one of several ways and does not say which, only one of them was mended.
            if matches!(verdict, Verdict::Unknown | Verdict::Invalid) {
                continue;
            }
            mended += 1;
            if verdict != Verdict::Allowed {
                panic!("seed {seed}: {told_now}\nand then {}", explain(&engine, &from, &to, Some(&over)).unwrap());
            }
        }
    }
    assert!(mended * 3 > told && mended > 200, "{mended} of {told}");
}
