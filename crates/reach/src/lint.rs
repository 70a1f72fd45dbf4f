//! Lints: what a network says and never does.

mod removal;

use trueup_model::{Diagnostic, Place};

use crate::address::{AddressSet, Family, bounds};
use crate::answer::ask;
use crate::engine::Engine;
use crate::filter::Direction;
use crate::interval::IntervalSet;
use crate::lookup::is_forbidden;
use crate::network::{
    AclEntry, AddressPair, Destination, GroupRule, Named, NetworkOrigin as Origin, Peer, Target,
};
use crate::packet_end::{Listed, Match, Owner, PacketEnd};
use crate::partition::partition;
use crate::question::between;
use crate::selector::Selected;
use crate::service::ServiceSet;
use crate::tracer::Start;

pub use removal::Removal;

/// A lint. Where its help advises to take something away, it says what.
#[derive(Clone, Debug)]
pub struct Lint {
    /// What is reported.
    pub diagnostic: Diagnostic,
    /// What its help advises to take away: with it goes nothing that works, and nothing opens.
    pub removal: Option<Removal>,
}

impl Lint {
    /// Advice that takes nothing away.
    fn new(diagnostic: Diagnostic, help: impl Into<String>) -> Self {
        Self {
            diagnostic: diagnostic.help(help),
            removal: None,
        }
    }

    /// Advice to take something away, or to do something else.
    fn removing(diagnostic: Diagnostic, help: impl Into<String>, removal: Removal) -> Self {
        Self {
            removal: Some(removal),
            ..Self::new(diagnostic, help)
        }
    }
}

/// What a network says and never does, as warnings with the places of the spec.
pub fn lint(engine: &Engine<'_>) -> Vec<Diagnostic> {
    lints(engine).into_iter().map(|lint| lint.diagnostic).collect()
}

/// The same, with what they advise to take away.
pub fn lints(engine: &Engine<'_>) -> Vec<Lint> {
    let mut out = Vec::new();
    shadowed_entries(engine, &mut out);
    useless_rules(engine, &mut out);
    implied_rules(engine, &mut out);
    dead_routes(engine, &mut out);
    lost_public_addresses(engine, &mut out);
    stranded_nat_gateways(engine, &mut out);
    unanswered(engine, &mut out);
    out
}

fn at(diagnostic: Diagnostic, place: Option<&Place>, named: &Named) -> Diagnostic {
    match place.or(named.source.as_ref()) {
        Some(place) => diagnostic.at(place.clone(), ""),
        None => diagnostic,
    }
}

/// Entries of a network ACL behind others that decide about all that they match.
fn shadowed_entries(engine: &Engine<'_>, out: &mut Vec<Lint>) {
    for (index, acl) in engine.network.network_acls.iter().enumerate() {
        for (direction, entries) in [
            (Direction::Ingress, &acl.ingress),
            (Direction::Egress, &acl.egress),
        ] {
            let mut ordered: Vec<&AclEntry> = entries.iter().collect();
            ordered.sort_by_key(|entry| entry.number);
            for (place, entry) in ordered.iter().enumerate() {
                let Some(by) = ordered.get(..place).and_then(|before| shadowing(before, entry)) else {
                    continue;
                };
                let message = format!(
                    "entry {} of {} {} never decides: entry {} comes before it and is about all of it",
                    entry.number,
                    acl.named.name,
                    direction.as_str(),
                    by.number
                );
                let diagnostic = at(
                    Diagnostic::warning("shadowed-acl-entry", message),
                    entry.source.as_ref(),
                    &acl.named,
                );
                let diagnostic = by
                    .source
                    .iter()
                    .fold(diagnostic, |d, place| d.at(place.clone(), "decides before it"));
                let help = match (entry.allow, by.allow) {
                    (true, false) => "remove it: with a lower number it would allow what is denied now",
                    (true, true) => "remove it",
                    (false, _) => "give it a lower number, or remove it",
                };
                let removal = Removal::Entry {
                    acl: index,
                    direction,
                    number: entry.number,
                };
                out.push(Lint::removing(diagnostic, help, removal));
            }
        }
    }
}

/// The entry that takes the last of what another one matches away from it, where nothing is left.
fn shadowing<'a>(before: &[&'a AclEntry], entry: &AclEntry) -> Option<&'a AclEntry> {
    // Rectangles of services and addresses, cut by each entry before.
    let mut left: Vec<(ServiceSet, IntervalSet<u128>)> =
        vec![(entry.services.clone(), crate::address::of_range(&entry.range))];
    for other in before {
        let (from, to) = bounds(&other.range);
        let range = IntervalSet::span(from, to);
        if Family::of_range(&other.range) != Family::of_range(&entry.range) {
            continue;
        }
        left = left
            .into_iter()
            .flat_map(|(services, addresses)| {
                let both = services.intersect(&other.services);
                let outside = (both, addresses.subtract(&range));
                [(services.subtract(&other.services), addresses), outside]
            })
            .filter(|(services, addresses)| !services.is_empty() && !addresses.is_empty())
            .collect();
        if left.is_empty() {
            return Some(other);
        }
    }
    None
}

/// What a spec alone does not tell.
const LOOK_LIVE: &str =
    "`trueup reach --live` tells whether something else carries it, such as a load balancer or a database";

/// Rules of security groups that no packet can match: nobody carries the group, or the group they name, or it
/// is out of reach.
fn useless_rules(engine: &Engine<'_>, out: &mut Vec<Lint>) {
    let network = engine.network;
    let carried = |group: usize| {
        network
            .interfaces
            .iter()
            .any(|interface| interface.security_groups.contains(&group))
    };
    for (index, group) in network.security_groups.iter().enumerate() {
        if !carried(index) {
            // Groups of others and those that EC2 makes are seen as well.
            let is_ours = group
                .named
                .id
                .as_ref()
                .map_or(group.named.source.is_some(), |id| *id != group.named.name);
            out.push(match network.origin {
                _ if !is_ours || network.unread_interfaces.is_some() => continue,
                Origin::Spec => {
                    let message = format!("{} is on no instance of this spec", group.named.name);
                    let diagnostic = Diagnostic::note("unused-security-group", message);
                    Lint::new(at(diagnostic, None, &group.named), LOOK_LIVE)
                }
                Origin::Read => {
                    let message = format!(
                        "{} is on no interface, so its rules do nothing now",
                        group.named.name
                    );
                    let diagnostic = Diagnostic::warning("unused-security-group", message);
                    let help = "use it, or remove it if nothing is to use it";
                    Lint::removing(at(diagnostic, None, &group.named), help, Removal::Group(index))
                }
            });
            continue;
        }
        for (direction, place, rule) in both_sides(&group.ingress, &group.egress) {
            let Peer::Group(other) = rule.peer else { continue };
            let name = &network.security_groups[other].named.name;
            let why = if !carried(other) {
                if network.unread_interfaces.is_some() {
                    continue;
                }
                if network.origin == Origin::Spec {
                    let message = format!(
                        "an {} rule of {} matches no instance of this spec: none carries {name}",
                        direction.as_str(),
                        group.named.name
                    );
                    let diagnostic = at(
                        Diagnostic::note("rule-never-matches", message),
                        rule.source.as_ref(),
                        &group.named,
                    );
                    out.push(Lint::new(diagnostic, LOOK_LIVE));
                    continue;
                }
                format!("no interface carries {name}")
            } else if engine.is_visible(group.vpc, network.security_groups[other].vpc) == Match::No {
                format!("{name} is in a VPC that is not peered with this one in this region")
            } else {
                continue;
            };
            let message = format!(
                "an {} rule of {} can never match: {why}",
                direction.as_str(),
                group.named.name
            );
            let diagnostic = at(
                Diagnostic::warning("rule-never-matches", message),
                rule.source.as_ref(),
                &group.named,
            );
            let removal = Removal::Rule {
                group: index,
                direction,
                place,
            };
            let help = "name a group that hosts carry, or remove it";
            out.push(Lint::removing(diagnostic, help, removal));
        }
    }
}

fn both_sides<'a>(
    ingress: &'a [GroupRule],
    egress: &'a [GroupRule],
) -> impl Iterator<Item = (Direction, usize, &'a GroupRule)> {
    let side = |direction, rules: &'a [GroupRule]| {
        let placed = rules.iter().enumerate();
        placed.map(move |(place, rule)| (direction, place, rule))
    };
    side(Direction::Ingress, ingress).chain(side(Direction::Egress, egress))
}

/// Rules that another rule of the same group implies.
fn implied_rules(engine: &Engine<'_>, out: &mut Vec<Lint>) {
    for (number, group) in engine.network.security_groups.iter().enumerate() {
        for (direction, rules) in [
            (Direction::Ingress, &group.ingress),
            (Direction::Egress, &group.egress),
        ] {
            for (index, rule) in rules.iter().enumerate() {
                let implies = |(other, by): (usize, &GroupRule)| {
                    let same = by.peer == rule.peer && by.services == rule.services;
                    let wider = match (&by.peer, &rule.peer) {
                        (Peer::Range(wide), Peer::Range(narrow)) => wide.contains(narrow),
                        (wide, narrow) => wide == narrow,
                    };
                    other != index
                        && wider
                        && by.services.is_superset(&rule.services)
                        && (!same || other < index)
                };
                if rules.iter().enumerate().any(implies) {
                    let message = format!(
                        "an {} rule of {} adds nothing: another one allows all of it",
                        direction.as_str(),
                        group.named.name
                    );
                    let diagnostic = at(
                        Diagnostic::note("implied-rule", message),
                        rule.source.as_ref(),
                        &group.named,
                    );
                    let removal = Removal::Rule {
                        group: number,
                        direction,
                        place: index,
                    };
                    out.push(Lint::removing(diagnostic, "remove it", removal));
                }
            }
        }
    }
}

/// Routes that EC2 drops packets on, or refuses.
fn dead_routes(engine: &Engine<'_>, out: &mut Vec<Lint>) {
    for (table, own) in engine.network.route_tables.iter().enumerate() {
        for (index, route) in own.routes.iter().enumerate() {
            if let Target::Blackhole(name) = &route.target {
                let message = format!(
                    "a route of {} drops what it matches: {name} is gone or not ready",
                    own.named.name
                );
                let diagnostic = at(
                    Diagnostic::warning("blackhole-route", message),
                    route.source.as_ref(),
                    &own.named,
                );
                let help = "point it at something that is there";
                out.push(if is_last(engine, table, index) {
                    let removal = Removal::Route { table, place: index };
                    Lint::removing(diagnostic, format!("{help}, or remove it"), removal)
                } else {
                    Lint::new(
                        diagnostic,
                        format!("{help}: without it, another route may take what it drops"),
                    )
                });
            } else if let Destination::Range(range) = &route.destination
                && is_forbidden(
                    engine,
                    table,
                    index,
                    &PacketEnd::one(bounds(range).0, Owner::Unresolved),
                )
            {
                let message = format!(
                    "EC2 refuses the route to {range} in {}: it lies inside the VPC's ranges",
                    own.named.name
                );
                let diagnostic = at(
                    Diagnostic::warning("forbidden-route", message),
                    route.source.as_ref(),
                    &own.named,
                );
                let help = "a route inside the VPC is for a whole subnet, and leads to an appliance or a NAT gateway";
                out.push(Lint::new(diagnostic, help));
            }
        }
    }
}

/// Whether no other route of a table may take what one of them matches.
fn is_last(engine: &Engine<'_>, table: usize, index: usize) -> bool {
    let network = engine.network;
    let own = &network.route_tables[table];
    let addresses = |destination: &Destination| match destination {
        Destination::Range(range) => Some(crate::address::of_range(range)),
        Destination::List(list) => {
            let entries = network.prefix_lists[*list].entries.as_ref();
            entries.map(crate::address::of_ranges)
        }
    };
    let taken = addresses(&own.route(index).destination);
    let others = own.routes.iter().enumerate().filter(|(place, _)| *place != index);
    let others = others.map(|(_, route)| addresses(&route.destination));
    let local = network.vpcs[own.vpc]
        .ranges
        .iter()
        .map(|range| Some(crate::address::of_range(range)));
    let mut others = others.chain(local);
    others.all(|other| matches!((&taken, other), (Some(taken), Some(other)) if !taken.overlaps(&other)))
}

/// Public addresses of hosts whose subnet has no way out by an internet gateway.
fn lost_public_addresses(engine: &Engine<'_>, out: &mut Vec<Lint>) {
    for (host, interface) in engine.network.interfaces.iter().enumerate() {
        let public = interface
            .addresses
            .iter()
            .any(|own: &AddressPair| own.public.is_some());
        if !public || leads_out(engine, interface.subnet) || is_answering(engine, host) {
            continue;
        }
        let subnet = &engine.network.subnets[interface.subnet].named;
        let message = format!(
            "{} has a public address, and {} has no route to an internet gateway",
            interface.named.name, subnet.name
        );
        let diagnostic = at(
            Diagnostic::warning("public-address-without-route", message),
            None,
            &interface.named,
        );
        let diagnostic = subnet
            .source
            .iter()
            .fold(diagnostic, |d, place| d.at(place.clone(), "its subnet"));
        out.push(if is_anybody(engine, host) {
            let help = format!(
                "take the public address away: a route to an internet gateway would open all of {}",
                subnet.name
            );
            Lint::removing(diagnostic, help, Removal::PublicAddresses(host))
        } else {
            let help = "a rule, a route or a list tells the public address from all others of the internet: take it \
                        out of there before the host gives it up, because it is somebody else's then";
            Lint::new(diagnostic, help)
        });
    }
}

/// Whether the network treats the public addresses of a host as it treats others that are the internet's: whoever
/// gets them next can do nothing then that nobody could before.
fn is_anybody(engine: &Engine<'_>, host: usize) -> bool {
    let publics = engine.publics_of(host).into_iter();
    let ends = publics.filter_map(|public| engine.packet_end(public));
    let given_up = ends.fold(AddressSet::none(), |all, end| all.union(&end.set()));
    let internet = engine.internet(Family::V4).iter();
    let all = internet.fold(given_up.clone(), |all, piece| all.union(&piece.set()));
    let pieces = partition(engine.network, Family::V4, &all, Listed::Never);
    let mut like = pieces
        .iter()
        .map(PacketEnd::set)
        .filter(|piece| piece.overlaps(&given_up));
    like.all(|piece| !piece.subtract(&given_up).is_empty())
}

/// Whether a host may answer the internet all the same, such as by way of an appliance.
fn is_answering(engine: &Engine<'_>, host: usize) -> bool {
    let targets = engine.publics_of(host).into_iter();
    let mut targets = targets.filter_map(|public| engine.packet_end(public));
    targets.any(|target| {
        engine.internet(Family::V4).iter().any(|piece| {
            let answer = ask(engine, &Start::Outside(piece.clone()), &target);
            answer.possible().overlaps(&ServiceSet::conversations())
        })
    })
}

/// Whether a subnet's table leads anything to an internet gateway, such as a service's addresses only.
fn leads_out(engine: &Engine<'_>, subnet: usize) -> bool {
    let Some(table) = engine.network.table_of(subnet) else {
        return true;
    };
    let own = &engine.network.route_tables[table];
    if own.unread {
        return true;
    }
    own.routes.iter().any(|route| {
        let is_v4 = match &route.destination {
            Destination::Range(range) => Family::of_range(range) == Family::V4,
            Destination::List(_) => true,
        };
        is_v4 && matches!(route.target, Target::InternetGateway(_) | Target::Other(_))
    })
}

/// What is looked at before a plan or in a check of a spec: public NAT gateways that serve nobody.
pub fn stranded(engine: &Engine<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    stranded_nat_gateways(engine, &mut out);
    out.into_iter().map(|lint| lint.diagnostic).collect()
}

/// Public NAT gateways in subnets without a way out.
fn stranded_nat_gateways(engine: &Engine<'_>, out: &mut Vec<Lint>) {
    for gateway in &engine.network.nat_gateways {
        let Some(subnet) = gateway
            .subnet
            .filter(|subnet| gateway.public.is_some() && !leads_out(engine, *subnet))
        else {
            continue;
        };
        let subnet = &engine.network.subnets[subnet].named;
        let message = format!(
            "{} has no way out: {} has no route to an internet gateway",
            gateway.named.name, subnet.name
        );
        let diagnostic = at(
            Diagnostic::warning("nat-gateway-without-route", message),
            None,
            &gateway.named,
        );
        let diagnostic = subnet
            .source
            .iter()
            .fold(diagnostic, |d, place| d.at(place.clone(), "its subnet"));
        let help = "put it into a subnet whose table routes 0.0.0.0/0 to the internet gateway";
        out.push(Lint::new(diagnostic, help));
    }
}

/// Hosts that take packets whose answers do not come back: from the internet, and from hosts of other
/// subnets.
fn unanswered(engine: &Engine<'_>, out: &mut Vec<Lint>) {
    let classes = crate::classes::classes(engine);
    let hosts: Vec<usize> = classes.iter().map(crate::classes::Class::example).collect();
    for &host in &hosts {
        let named = &engine.network.interfaces[host].named;
        let mut lost = ServiceSet::none();
        for public in engine.publics_of(host) {
            let Some(target) = engine.packet_end(public) else {
                continue;
            };
            for piece in engine.internet(Family::V4) {
                let answer = ask(engine, &Start::Outside(piece.clone()), &target);
                lost = lost.union(&answer.one_way.intersect(&tcp()));
            }
        }
        if !lost.is_empty() {
            let message = format!(
                "{} takes {lost} from the internet, and the answers do not come back",
                named.name
            );
            let diagnostic = at(Diagnostic::warning("return-blocked", message), None, named);
            out.push(Lint::new(diagnostic, LET_OUT));
        }
    }
    // Between hosts the pairs grow with the square of the classes: past this many it costs too long for a
    // lint.
    const CLASSES_MAX: usize = 200;
    if hosts.len() > CLASSES_MAX || engine.network.network_acls.is_empty() && engine.network.vpcs.len() < 2 {
        return;
    }
    for &to in &hosts {
        let named = &engine.network.interfaces[to].named;
        let lossy = hosts.iter().filter(|from| **from != to).find_map(|from| {
            let answer = between(engine, &Selected::Interface(*from), &Selected::Interface(to));
            let lost = answer.one_way.union(&answer.partial).intersect(&tcp());
            (!lost.is_empty()).then_some((from, lost))
        });
        if let Some((from, lost)) = lossy {
            let from = &engine.network.interfaces[*from].named.name;
            let message = format!(
                "{} takes {lost} from {from}, and the answers come back in part or not at all",
                named.name
            );
            let diagnostic = at(Diagnostic::warning("return-blocked", message), None, named);
            out.push(Lint::new(diagnostic, LET_OUT));
        }
    }
}

const LET_OUT: &str = "let the answers out: a route, and the client's ports in the network ACL";

fn tcp() -> ServiceSet {
    ServiceSet::tcp(0, u16::MAX)
}
