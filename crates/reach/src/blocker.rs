//! What holds a packet up at a filter, and what would let it through.

use crate::code::Code;
use crate::edit::Edit;
use crate::engine::Engine;
use crate::filter::{Direction, entries, rule_matches};
use crate::network::{AclEntry, GroupRule};
use crate::packet_end::{Match, PacketEnd};
use crate::proposal::Proposal;
use crate::service::ServiceSet;
use crate::trace::{Check, Failure, Passed, Step};
use crate::wording::{acl_rule, group_rule};

/// What a filter that holds up needed services says about it; `None` for what is no filter.
pub(crate) fn blocker(engine: &Engine<'_>, step: &Step, needed: &ServiceSet) -> Option<Passed> {
    let network = engine.network;
    let describe = |peer: &PacketEnd| engine.describe(peer);
    let is_unread = |group: &usize| network.security_groups[*group].is_unread();
    let (code, at, proposal, detail, source, matched) = match &step.check {
        // Of what is not known nobody says that it denies, or what to change in it.
        Check::Groups { interface, .. }
            if network.interfaces[*interface]
                .security_groups
                .iter()
                .any(is_unread) =>
        {
            return None;
        }
        Check::Acl { subnet, .. }
            if network
                .acl_of(*subnet)
                .is_some_and(|acl| network.network_acls[acl].unread) =>
        {
            return None;
        }
        Check::Groups {
            interface,
            direction,
            peer,
            references,
        } => {
            let host = &network.interfaces[*interface];
            let arrow = if *direction == Direction::Ingress {
                "from"
            } else {
                "to"
            };
            // In the group that the fewest carry: whoever carries it is let through as well.
            let carriers = |group: usize| {
                network
                    .interfaces
                    .iter()
                    .filter(|other| other.security_groups.contains(&group))
                    .count()
            };
            let narrowest = host
                .security_groups
                .iter()
                .copied()
                .min_by_key(|group| carriers(*group));
            let name = narrowest.map_or("a security group of its own", |group| {
                network.security_groups[group].named.name.as_str()
            });
            let fix = format!("allow {needed} {arrow} {} in {name}", describe(peer));
            let edit = crate::edit::peers(engine, peer).map(|peers| {
                let (direction, services) = (*direction, needed.clone());
                match narrowest {
                    Some(group) => Edit::Allow {
                        group,
                        direction,
                        services,
                        peers,
                    },
                    None => Edit::AllowAlone {
                        interface: *interface,
                        direction,
                        services,
                        peers,
                    },
                }
            });
            let near = near_rules(engine, *interface, *direction, peer, *references, needed);
            let place = narrowest.and_then(|group| network.security_groups[group].named.source.clone());
            (
                Code::SecurityGroup,
                &host.named,
                Proposal::new(fix, edit),
                format!("{needed} {arrow} {}", describe(peer)),
                place,
                near,
            )
        }
        Check::Acl {
            subnet,
            direction,
            peer,
        } => {
            let place = &network.subnets[*subnet].named;
            let acl = network
                .acl_of(*subnet)
                .map(|acl| &network.network_acls[acl].named);
            let name = acl.map_or("the network ACL", |acl| acl.name.as_str());
            let decided = deciding(engine, *subnet, *direction, peer, needed);
            let deny = decided.iter().find(|entry| !entry.allow);
            let fix = match deny {
                Some(entry) => format!(
                    "allow {needed} {} in {name} {} before entry {}",
                    describe(peer),
                    direction.as_str(),
                    entry.number
                ),
                None => format!(
                    "allow {needed} {} in {name} {}",
                    describe(peer),
                    direction.as_str()
                ),
            };
            let edit = network.acl_of(*subnet).zip(crate::edit::ranges(engine, peer));
            let before = deny.map(|entry| entry.number);
            let edit = edit.map(|(acl, ranges)| Edit::Admit {
                acl,
                direction: *direction,
                services: needed.clone(),
                ranges,
                before,
            });
            let source = deny
                .and_then(|entry| entry.source.clone())
                .or_else(|| acl.and_then(|acl| acl.source.clone()));
            let matched = shadows(engine, *subnet, *direction, peer, needed, &decided);
            (
                Code::NetworkAcl,
                place,
                Proposal::new(fix, edit),
                format!("{} {needed} {}", direction.as_str(), describe(peer)),
                source,
                matched,
            )
        }
        _ => return None,
    };
    let failure = Failure {
        code,
        at: at.clone(),
        detail,
    };
    let source = source.or_else(|| at.source.clone());
    Some(Passed {
        failure,
        proposal,
        step: 0,
        back: false,
        role: step.role,
        source,
        matched,
    })
}

/// The rules that come near: they are about these services or this peer, and not about both.
fn near_rules(
    engine: &Engine<'_>,
    interface: usize,
    direction: Direction,
    peer: &PacketEnd,
    references: bool,
    needed: &ServiceSet,
) -> Vec<String> {
    const SHOWN: usize = 4;
    let near = all_rules(engine, interface, direction).filter(|(group, rule)| {
        let vpc = engine.network.security_groups[*group].vpc;
        rule.services.overlaps(needed) || rule_matches(engine, vpc, rule, peer, references) != Match::No
    });
    near.take(SHOWN)
        .map(|(group, rule)| group_rule(engine, group, direction, rule))
        .collect()
}

/// What decided, and which allowing entries behind it never get a say.
fn shadows(
    engine: &Engine<'_>,
    subnet: usize,
    direction: Direction,
    peer: &PacketEnd,
    needed: &ServiceSet,
    decided: &[&AclEntry],
) -> Vec<String> {
    let mut out: Vec<String> = decided.iter().map(|entry| acl_rule(direction, entry)).collect();
    for deny in decided.iter().filter(|entry| !entry.allow) {
        let later = entries(engine, subnet, direction)
            .unwrap_or_default()
            .into_iter()
            .filter(|entry| entry.number > deny.number);
        let shadowed = later.filter(|e| {
            e.allow
                && e.services.overlaps(needed)
                && e.services.overlaps(&deny.services)
                && peer.is_in(&e.range) != Match::No
        });
        out.extend(
            shadowed
                .take(1)
                .map(|entry| format!("entry {} deny shadows entry {} allow", deny.number, entry.number)),
        );
    }
    out
}

/// The rules of an interface's groups that are about a peer and some of the services.
pub(crate) fn rules_for<'a>(
    engine: &Engine<'a>,
    interface: usize,
    direction: Direction,
    peer: &PacketEnd,
    references: bool,
    services: &ServiceSet,
) -> Vec<(usize, &'a GroupRule)> {
    let matches = |vpc: usize, rule: &GroupRule| {
        rule.services.overlaps(services) && rule_matches(engine, vpc, rule, peer, references) != Match::No
    };
    all_rules(engine, interface, direction)
        .filter(|(group, rule)| matches(engine.network.security_groups[*group].vpc, rule))
        .collect()
}

fn all_rules<'a>(
    engine: &Engine<'a>,
    interface: usize,
    direction: Direction,
) -> impl Iterator<Item = (usize, &'a GroupRule)> + use<'a> {
    let network = engine.network;
    network.interfaces[interface]
        .security_groups
        .iter()
        .flat_map(move |&group| {
            let own = &network.security_groups[group];
            let rules = if direction == Direction::Ingress {
                &own.ingress
            } else {
                &own.egress
            };
            rules.iter().map(move |rule| (group, rule))
        })
}

/// The entries of a subnet's ACL that decide about some of the services, in order.
pub(crate) fn deciding<'a>(
    engine: &Engine<'a>,
    subnet: usize,
    direction: Direction,
    peer: &PacketEnd,
    services: &ServiceSet,
) -> Vec<&'a AclEntry> {
    let mut open = services.clone();
    let mut decided = Vec::new();
    for entry in entries(engine, subnet, direction).unwrap_or_default() {
        if peer.is_in(&entry.range) != Match::No && entry.services.overlaps(&open) {
            decided.push(entry);
            open = open.subtract(&entry.services);
        }
    }
    decided
}
