//! Route tables of several networks mixed: all routes that there are at any time, and which of them may be
//! missing.

use super::join::{Place, Sides};
use super::of_subnet;
use crate::network::{Named, Route, RouteTable};

/// A table of one network or of several.
pub(super) fn table(sides: &Sides<'_>, places: &[Place]) -> Option<RouteTable> {
    let versions: Vec<Vec<Route>> = places.iter().map(|version| routes(sides, *version)).collect();
    let own = sides.own(places, |network| &network.route_tables);
    let (side, first) = *own.first()?;
    let vpc = sides.vpcs.at(side, Some(first.vpc))?;
    let unread = is_unread(sides, places);
    Some(RouteTable {
        named: first.named.clone(),
        vpc,
        unread,
        ..mix(&versions)
    })
}

/// What a subnet is routed by that has had one table and gets another; `None` is no table.
pub(super) fn of_any<'s>(
    sides: &Sides<'_>,
    subnet: &Named,
    vpc: usize,
    sources: impl Iterator<Item = Option<&'s [Place]>>,
) -> Option<RouteTable> {
    let mut unread = false;
    let versions = sources.flat_map(|source| match source {
        Some(places) => {
            unread |= is_unread(sides, places);
            places.iter().map(|version| routes(sides, *version)).collect()
        }
        None => vec![Vec::new()],
    });
    let versions: Vec<Vec<Route>> = versions.collect();
    Some(RouteTable {
        named: of_subnet("route tables", subnet),
        vpc,
        unread,
        ..mix(&versions)
    })
}

fn is_unread(sides: &Sides<'_>, places: &[Place]) -> bool {
    sides
        .own(places, |network| &network.route_tables)
        .iter()
        .any(|(_, table)| table.unread)
}

/// The routes of a table of one side, in the terms of the mixed network.
fn routes(sides: &Sides<'_>, place: Place) -> Vec<Route> {
    let route = |side: usize, route: &Route| Route {
        destination: sides.destination(side, &route.destination),
        target: sides.target(side, &route.target),
        ..route.clone()
    };
    let own = sides.own(&[place], |network| &network.route_tables);
    own.iter()
        .flat_map(|(side, table)| table.routes.iter().map(|one| route(*side, one)))
        .collect()
}

/// The routes of all versions. One that is not in each of them may be missing, and then a less specific one
/// takes its packets.
fn mix(versions: &[Vec<Route>]) -> RouteTable {
    let same =
        |a: &Route, b: &Route| a.destination == b.destination && a.target == b.target && a.origin == b.origin;
    let mut mixed = RouteTable::default();
    for route in versions.iter().flatten() {
        if mixed.routes.iter().any(|other| same(route, other)) {
            continue;
        }
        if !versions
            .iter()
            .all(|version| version.iter().any(|other| same(route, other)))
        {
            mixed.unsure.insert(mixed.routes.len());
        }
        mixed.routes.push(route.clone());
    }
    mixed
}
