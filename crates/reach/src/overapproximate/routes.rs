//! Route tables of several networks overapproximated: all routes that there are at any time, and which of
//! them may be missing.

use super::join::{Place, Versions};
use super::of_subnet;
use crate::network::{Named, Route, RouteTable};

/// A table of one network or of several.
pub(super) fn table(versions: &Versions<'_>, places: &[Place]) -> Option<RouteTable> {
    let all_routes: Vec<Vec<Route>> = places.iter().map(|version| routes(versions, *version)).collect();
    let own = versions.own(places, |network| &network.route_tables);
    let (version, first) = *own.first()?;
    let vpc = versions.vpcs.at(version, Some(first.vpc))?;
    let unread = is_unread(versions, places);
    Some(RouteTable {
        named: first.named.clone(),
        vpc,
        unread,
        ..any_of(&all_routes)
    })
}

/// What a subnet is routed by that has had one table and gets another; `None` is no table.
pub(super) fn of_any<'s>(
    versions: &Versions<'_>,
    subnet: &Named,
    vpc: usize,
    sources: impl Iterator<Item = Option<&'s [Place]>>,
) -> Option<RouteTable> {
    let mut unread = false;
    let all_routes = sources.flat_map(|source| match source {
        Some(places) => {
            unread |= is_unread(versions, places);
            places.iter().map(|version| routes(versions, *version)).collect()
        }
        None => vec![Vec::new()],
    });
    let all_routes: Vec<Vec<Route>> = all_routes.collect();
    Some(RouteTable {
        named: of_subnet("route tables", subnet),
        vpc,
        unread,
        ..any_of(&all_routes)
    })
}

fn is_unread(versions: &Versions<'_>, places: &[Place]) -> bool {
    versions
        .own(places, |network| &network.route_tables)
        .iter()
        .any(|(_, table)| table.unread)
}

/// The routes of a table of one version, in the terms of the overapproximation.
fn routes(versions: &Versions<'_>, place: Place) -> Vec<Route> {
    let route = |version: usize, route: &Route| Route {
        destination: versions.destination(version, &route.destination),
        target: versions.target(version, &route.target),
        ..route.clone()
    };
    let own = versions.own(&[place], |network| &network.route_tables);
    own.iter()
        .flat_map(|(version, table)| table.routes.iter().map(|one| route(*version, one)))
        .collect()
}

/// The routes of all versions. One that is not in each of them may be missing, and then a less specific one
/// takes its packets.
fn any_of(all_routes: &[Vec<Route>]) -> RouteTable {
    let same =
        |a: &Route, b: &Route| a.destination == b.destination && a.target == b.target && a.origin == b.origin;
    let mut overapproximate = RouteTable::default();
    for route in all_routes.iter().flatten() {
        if overapproximate.routes.iter().any(|other| same(route, other)) {
            continue;
        }
        if !all_routes
            .iter()
            .all(|version| version.iter().any(|other| same(route, other)))
        {
            overapproximate.unsure.insert(overapproximate.routes.len());
        }
        overapproximate.routes.push(route.clone());
    }
    overapproximate
}
