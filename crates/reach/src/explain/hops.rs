//! Hops: the steps of a trace with the rules that decided.

use serde::Serialize;
use trueup_model::Place;

use super::{Edit, Proposal};
use crate::code::Code;
use crate::engine::Engine;
use crate::filter::{Direction, entries, rule_matches};
use crate::network::{AclEntry, GroupRule, Peer};
use crate::packet_end::{Match, PacketEnd};
use crate::policy::access;
use crate::service::ServiceSet;
use crate::trace::{Check, Failure, Passed, Step, needed};
use crate::tracer::{End, Traced};

/// One step of a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// What sort of thing is passed: `interface`, `subnet`, `route_table`, `gateway`, `end`.
    pub kind: &'static str,
    /// Its name.
    pub component: String,
    /// EC2's id of it, where it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The rule that decided, in words; none where no rule matched.
    pub rule: Option<String>,
    /// What came of it: `allow`, `partial`, `deny`, `unknown`, `pass`, `end`.
    pub result: &'static str,
    /// Where the rule, or else the component, is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
}

/// The hops of a trace, there and back, as far as the wanted services get.
pub(super) fn hops(engine: &Engine<'_>, traced: &Traced, wanted: &ServiceSet) -> (Vec<Hop>, Vec<Hop>) {
    let (forth, home) = traced.halves();
    let describe = |steps: &[Step]| {
        let mut hops = Vec::new();
        for step in steps {
            let hop = hop(engine, step, wanted);
            let ends = hop.result == "deny";
            hops.push(hop);
            if ends {
                break;
            }
        }
        hops
    };
    let mut there = describe(forth);
    let denied = there.last().is_some_and(|hop| hop.result == "deny");
    if !denied && let Ok(end) = traced.forward {
        there.push(arrival(engine, end));
    }
    let back = if denied { Vec::new() } else { describe(home) };
    (there, back)
}

fn arrival(engine: &Engine<'_>, end: End) -> Hop {
    let component = match end {
        End::Interface(index, _) => engine.network.interfaces[index].named.name.clone(),
        End::Outside => "internet".to_owned(),
        End::Imagined(_) => "a service of AWS".to_owned(),
        End::Service(endpoint) => engine.network.endpoints[endpoint].service.clone(),
        End::Amazon => "Amazon's DNS, metadata or time server".to_owned(),
    };
    Hop {
        kind: "end",
        component,
        id: None,
        rule: None,
        result: "end",
        source: None,
    }
}

fn hop(engine: &Engine<'_>, step: &Step, wanted: &ServiceSet) -> Hop {
    let network = engine.network;
    let needed = needed(engine, wanted, step.role);
    let bounds = step.bounds(engine);
    let result = if bounds.sure.is_superset(&needed) {
        "allow"
    } else if !bounds.perhaps.overlaps(&needed) {
        "deny"
    } else if bounds.sure.overlaps(&needed) {
        "partial"
    } else {
        "unknown"
    };
    let (kind, at, rule, source) = match &step.check {
        Check::Groups {
            interface,
            direction,
            peer,
            references,
        } => {
            let rules = rules_for(engine, *interface, *direction, peer, *references, &needed);
            let text = rules
                .first()
                .map(|(group, rule)| group_rule(engine, *group, *direction, rule));
            let source = rules.first().and_then(|(_, rule)| rule.source.clone());
            ("interface", &network.interfaces[*interface].named, text, source)
        }
        Check::Tracked { interface } => (
            "interface",
            &network.interfaces[*interface].named,
            Some("an answer to a flow that its groups remember".to_owned()),
            None,
        ),
        Check::Acl {
            subnet,
            direction,
            peer,
        } => {
            let decided = deciding(engine, *subnet, *direction, peer, &needed);
            let acl = network.acl_of(*subnet).map(|acl| &network.network_acls[acl]);
            let text = match (acl, decided.first()) {
                (None, _) => "the default network ACL allows everything".to_owned(),
                (Some(acl), Some(entry)) => format!("{} {}", acl.named.name, acl_rule(*direction, entry)),
                (Some(acl), None) if acl.unread => format!("{}, whose entries are not known", acl.named.name),
                (Some(acl), None) => format!("{} {} *: deny", acl.named.name, direction.as_str()),
            };
            (
                "subnet",
                &network.subnets[*subnet].named,
                Some(text),
                decided.first().and_then(|entry| entry.source.clone()),
            )
        }
        Check::Table { table, route, target } => {
            let (number, table) = (*table, &network.route_tables[*table]);
            let (text, source) = match *route {
                Some(index) => (
                    self::route(engine, number, index),
                    table.route(index).source.clone(),
                ),
                None => {
                    let own = network.vpcs[table.vpc]
                        .ranges
                        .iter()
                        .find(|range| target.is_in(range) != Match::No);
                    (
                        format!("{} -> local", own.map(ToString::to_string).unwrap_or_default()),
                        None,
                    )
                }
            };
            ("route_table", &table.named, Some(text), source)
        }
        Check::Gate { at, services, .. } => {
            let policy = network
                .endpoints
                .iter()
                .find(|endpoint| endpoint.named == *at)
                .map(|endpoint| &endpoint.policy);
            let policy = policy
                .map(|policy| format!("; policy: {}", access(policy.as_ref(), "*", "*")))
                .unwrap_or_default();
            ("gateway", at, Some(format!("carries {services}{policy}")), None)
        }
        Check::Pass { at, does } => ("gateway", at, Some(does.clone()), None),
    };
    let result = if matches!(
        step.check,
        Check::Pass { .. } | Check::Tracked { .. } | Check::Table { .. }
    ) {
        "pass"
    } else {
        result
    };
    let source = source.or_else(|| super::place_of(at));
    Hop {
        kind,
        component: at.name.clone(),
        id: at.id.clone(),
        rule,
        result,
        source,
    }
}

/// A route of a table, in words.
pub(crate) fn route(engine: &Engine<'_>, table: usize, route: usize) -> String {
    let route = engine.network.route_tables[table].route(route);
    format!(
        "{} -> {}",
        engine.network.name_of_destination(&route.destination),
        engine.network.name_of(&route.target)
    )
}

fn peer_text(engine: &Engine<'_>, peer: &Peer) -> String {
    match peer {
        Peer::Range(range) => range.to_string(),
        Peer::List(list) => engine.network.prefix_lists[*list].named.name.clone(),
        Peer::Group(group) => engine.network.security_groups[*group].named.name.clone(),
        Peer::Stranger(id) => id.clone(),
        Peer::Unread => "nobody knows whom".to_owned(),
    }
}

fn group_rule(engine: &Engine<'_>, group: usize, direction: Direction, rule: &GroupRule) -> String {
    let name = &engine.network.security_groups[group].named.name;
    let arrow = if direction == Direction::Ingress {
        "from"
    } else {
        "to"
    };
    format!(
        "{name} {}: {} {arrow} {}",
        direction.as_str(),
        rule.services,
        peer_text(engine, &rule.peer)
    )
}

fn acl_rule(direction: Direction, entry: &AclEntry) -> String {
    let verb = if entry.allow { "allow" } else { "deny" };
    format!(
        "{} {}: {verb} {} {}",
        direction.as_str(),
        entry.number,
        entry.services,
        entry.range
    )
}

/// The rules of an interface's groups that are about a peer and some of the services.
fn rules_for<'a>(
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
fn deciding<'a>(
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
            let edit = super::edit::peers(engine, peer).map(|peers| {
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
            let edit = network.acl_of(*subnet).zip(super::edit::ranges(engine, peer));
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
