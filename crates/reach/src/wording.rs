//! Routes and rules in words.

use crate::engine::Engine;
use crate::filter::Direction;
use crate::network::{AclEntry, GroupRule, Peer};

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

/// A rule of a group, in words.
pub(crate) fn group_rule(
    engine: &Engine<'_>,
    group: usize,
    direction: Direction,
    rule: &GroupRule,
) -> String {
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

/// An entry of a network ACL, in words.
pub(crate) fn acl_rule(direction: Direction, entry: &AclEntry) -> String {
    let verb = if entry.allow { "allow" } else { "deny" };
    format!(
        "{} {}: {verb} {} {}",
        direction.as_str(),
        entry.number,
        entry.services,
        entry.range
    )
}
