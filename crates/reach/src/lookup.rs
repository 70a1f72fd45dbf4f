//! Route selection: which route of a table a packet takes.

use crate::address::Family;
use crate::engine::Engine;
use crate::forwarding_rules::ForwardingRule;
use crate::network::{Destination, Origin, Target};
use crate::packet_end::{Match, PacketEnd};

/// What a table says about a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chosen {
    /// The VPC's local route.
    Local,
    /// This route of the table.
    Route(usize),
    /// Nothing.
    Nothing,
}

/// A route that may take a packet: whether it matches, the least and the most its prefix may have, its rank
/// among equals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contender<T> {
    pub matches: Match,
    pub least: u8,
    pub most: u8,
    pub rank: u8,
    pub what: T,
}

impl<T> Contender<T> {
    fn surely_beats(&self, other: &Self) -> bool {
        let exact = self.least == self.most && other.least == other.most;
        self.matches == Match::Yes
            && (self.least > other.most || (exact && self.least == other.least && self.rank < other.rank))
    }
}

/// What may win: longest prefix first, then the lower rank. More than one where it cannot be told.
pub(crate) fn winners<T: Copy + Ord>(contenders: &[Contender<T>], nothing: T) -> Vec<T> {
    let able = contenders.iter().filter(|one| one.matches != Match::No);
    let mut winners: Vec<T> = able
        .clone()
        .filter(|one| !able.clone().any(|other| other.surely_beats(one)))
        .map(|contender| contender.what)
        .collect();
    if !able.clone().any(|contender| contender.matches == Match::Yes) {
        winners.push(nothing);
    }
    winners.sort();
    winners.dedup();
    winners
}

const LOCAL_RANK: u8 = 1;

/// The prefix of a VPC's range is between these two, IPv4 or IPv6.
const LOCAL_LEAST: u8 = 16;
const LOCAL_MOST: u8 = 64;

/// The rank of a route among those with equal prefixes: static, local, by prefix list, propagated.
fn rank(engine: &Engine<'_>, destination: &Destination, origin: Origin) -> u8 {
    let rank = match (destination, origin) {
        (Destination::Range(_), Origin::Static) => 0,
        (Destination::List(_), Origin::Static) => 2,
        (_, Origin::DirectConnect) => 3,
        (_, Origin::VpnStatic) => 4,
        (_, Origin::VpnBgp) => 5,
    };
    if engine
        .forwarding_rules
        .hold(ForwardingRule::StaticBeforeListBeforePropagated)
    {
        rank
    } else {
        7 - rank
    }
}

/// What a table says about where a packet goes; more than one thing where that cannot be told.
pub(crate) fn lookup(engine: &Engine<'_>, table: usize, target: &PacketEnd) -> Vec<Chosen> {
    let table = &engine.network.route_tables[table];
    let vpc = &engine.network.vpcs[table.vpc];
    let ranges = &vpc.ranges;
    let local_first = target.is_in_any(ranges) == Match::Yes
        && engine
            .forwarding_rules
            .hold(ForwardingRule::LocalBeforePropagated);
    let mut contenders = Vec::with_capacity(table.routes.len() + 1);
    let mut add = |matches, least: u8, most: u8, rank, what| {
        let inverted = !engine.forwarding_rules.hold(ForwardingRule::LongestPrefixWins);
        let (least, most) = if inverted {
            (128 - most, 128 - least)
        } else {
            (least, most)
        };
        contenders.push(Contender {
            matches,
            least,
            most,
            rank,
            what,
        });
    };
    // What may be missing leaves the packet to whatever else there is.
    let at_most = |matches: Match, unsure: bool| {
        if unsure {
            matches.min(Match::Perhaps)
        } else {
            matches
        }
    };
    for range in ranges {
        let matches = at_most(target.is_in(range), vpc.unsure_ranges.contains(range));
        add(
            matches,
            range.prefix_len(),
            range.prefix_len(),
            LOCAL_RANK,
            Chosen::Local,
        );
    }
    if vpc.unread.ranges {
        // A subnet is in one of its VPC's ranges, and of what is not in a subnet it is not known.
        let own = engine
            .network
            .subnets
            .iter()
            .filter(|subnet| subnet.vpc == table.vpc)
            .flat_map(|subnet| &subnet.ranges);
        own.for_each(|range| {
            add(
                target.is_in(range),
                LOCAL_LEAST.min(range.prefix_len()),
                range.prefix_len(),
                LOCAL_RANK,
                Chosen::Local,
            );
        });
        add(Match::Perhaps, LOCAL_LEAST, LOCAL_MOST, LOCAL_RANK, Chosen::Local);
    }
    for (index, route) in table.routes.iter().enumerate() {
        if route.origin != Origin::Static && local_first {
            continue;
        }
        if matches!(route.target, Target::Blackhole(_))
            && !engine
                .forwarding_rules
                .hold(ForwardingRule::BlackholeDoesNotFallThrough)
        {
            continue;
        }
        let rank = rank(engine, &route.destination, route.origin);
        let unsure = table.unsure.contains(&index);
        match &route.destination {
            Destination::Range(range) => {
                add(
                    at_most(target.is_in(range), unsure),
                    range.prefix_len(),
                    range.prefix_len(),
                    rank,
                    Chosen::Route(index),
                );
            }
            Destination::List(list) => {
                for (matches, least, most) in engine.listed_prefixes(target, *list) {
                    add(at_most(matches, unsure), least, most, rank, Chosen::Route(index));
                }
            }
        }
    }
    winners(&contenders, Chosen::Nothing)
}

/// Whether EC2 would refuse a route: one inside the VPC's ranges may only be for a whole subnet (or take the
/// place of the local route), and only lead to an appliance or a NAT gateway.
pub(crate) fn is_forbidden(engine: &Engine<'_>, table: usize, route: usize, target: &PacketEnd) -> bool {
    let table = &engine.network.route_tables[table];
    let vpc = &engine.network.vpcs[table.vpc];
    let route = table.route(route);
    if route.origin != Origin::Static
        || matches!(route.target, Target::Blackhole(_))
        || !engine
            .forwarding_rules
            .hold(ForwardingRule::RoutesInsideLocalAreForbidden)
    {
        return false;
    }
    let leads_inside = match &route.target {
        Target::NatGateway(_) | Target::Interface(_) => true,
        Target::Other(id) => id.starts_with("vpce-"),
        _ => false,
    };
    let is_local = |range: &ipnet::IpNet| {
        vpc.ranges
            .iter()
            .any(|local| Family::of_range(local) == Family::of_range(range) && local.contains(range))
    };
    match &route.destination {
        Destination::Range(range) if is_local(range) => {
            let subnets = engine
                .network
                .subnets
                .iter()
                .filter(|subnet| subnet.vpc == table.vpc);
            let whole = vpc.ranges.contains(range)
                || subnets.flat_map(|subnet| &subnet.ranges).any(|own| own == range);
            !(whole && leads_inside)
        }
        Destination::List(list) => {
            let entries = engine.network.prefix_lists[*list].entries.iter().flatten();
            entries
                .into_iter()
                .any(|range| is_local(range) && target.is_in(range) != Match::No)
        }
        Destination::Range(_) => false,
    }
}
