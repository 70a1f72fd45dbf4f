//! The security groups and network ACLs of random networks.

use fastrand::Rng;
use ipnet::IpNet;
use trueup_reach::ServiceSet;
use trueup_reach::network::{AclEntry, Assignment, GroupRule, Named, Network, NetworkAcl, Peer};

use super::{net as net_of, services};

/// The ranges that rules speak of.
fn peer_range(rng: &mut Rng, net: &Network) -> IpNet {
    let interface = &net.interfaces[rng.usize(..net.interfaces.len())];
    let own = &interface.addresses[rng.usize(..interface.addresses.len())];
    let single = |assigned: Assignment| {
        if let Assignment::Known(address) = assigned {
            IpNet::from(address)
        } else {
            net_of("0.0.0.0/0")
        }
    };
    match rng.u8(..14) {
        0..5 => net_of("0.0.0.0/0"),
        5 => net_of("::/0"),
        6 => net.vpcs[rng.usize(..net.vpcs.len())].ranges[0],
        7 => net.subnets[rng.usize(..net.subnets.len())].ranges[0],
        8 => single(own.private),
        9 => own.public.map_or_else(|| net_of("44.0.0.0/24"), single),
        10 => net_of("203.0.113.0/25"),
        11 => net_of("52.216.0.0/15"),
        12 => net_of("45.0.0.0/24"),
        _ => net_of("10.0.0.0/8"),
    }
}

pub(super) fn fill_groups(rng: &mut Rng, net: &mut Network) {
    for group in 0..net.security_groups.len() {
        let side = |rng: &mut Rng, open: bool| {
            let mut rules: Vec<GroupRule> = Vec::new();
            if open {
                for range in ["0.0.0.0/0", "::/0"] {
                    rules.push(GroupRule {
                        services: ServiceSet::all(),
                        peer: Peer::Range(net_of(range)),
                        source: None,
                    });
                }
                return rules;
            }
            for _ in 0..rng.usize(..4) {
                let peer = match rng.u8(..8) {
                    0..3 => Peer::Range(peer_range(rng, net)),
                    3 => Peer::List(rng.usize(..net.prefix_lists.len())),
                    4 => Peer::Group(group),
                    _ => Peer::Group(rng.usize(..net.security_groups.len())),
                };
                rules.push(GroupRule {
                    services: services(rng),
                    peer,
                    source: None,
                });
            }
            rules
        };
        let open = (rng.u8(..3) == 0, rng.u8(..3) > 0);
        let (ingress, egress) = (side(rng, open.0), side(rng, open.1));
        net.security_groups[group].ingress = ingress;
        net.security_groups[group].egress = egress;
    }
}

pub(super) fn fill_acls(rng: &mut Rng, net: &mut Network) {
    for subnet in 0..net.subnets.len() {
        if rng.bool() {
            continue;
        }
        let side = |rng: &mut Rng| {
            let mut entries: Vec<AclEntry> = Vec::new();
            if rng.u8(..4) == 0 {
                let ports = [(32768, 40000), (40001, 65535), (1024, 32767)][rng.usize(..3)];
                let services = ServiceSet::tcp(ports.0, ports.1).union(&ServiceSet::udp(ports.0, ports.1));
                entries.push(AclEntry {
                    number: 0,
                    allow: false,
                    services,
                    range: net_of("0.0.0.0/0"),
                    source: None,
                });
            }
            for _ in 0..rng.usize(..3) {
                entries.push(AclEntry {
                    number: 0,
                    allow: rng.bool(),
                    services: services(rng),
                    range: peer_range(rng, net),
                    source: None,
                });
            }
            for range in ["0.0.0.0/0", "::/0"] {
                if rng.u8(..6) > 0 {
                    entries.push(AclEntry {
                        number: 0,
                        allow: true,
                        services: ServiceSet::all(),
                        range: net_of(range),
                        source: None,
                    });
                }
            }
            for (index, entry) in entries.iter_mut().enumerate() {
                entry.number = u32::try_from(index).unwrap() * 10 + 10;
            }
            rng.shuffle(&mut entries);
            entries
        };
        let (ingress, egress) = (side(rng), side(rng));
        let vpc = net.subnets[subnet].vpc;
        let index = net.network_acls.len();
        net.network_acls.push(NetworkAcl {
            named: Named::new(format!("acl-{subnet}")),
            vpc,
            ingress,
            egress,
            unread: false,
        });
        if rng.u8(..8) == 0 {
            net.vpcs[vpc].default_acl = Some(index);
        } else {
            net.subnets[subnet].network_acl = Some(index);
        }
    }
}
