//! Exposure that nobody asked for: what the internet newly reaches and no `can` of the spec lets it reach.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Demand, Level, Refusal, Topology};

use crate::address::{AddressSet, number, of_range, ranges};
use crate::change::{Change, End, Row, Shift, merged, part_of_internet};
use crate::engine::Engine;
use crate::party::Party;
use crate::review::ROWS_MAX;
use crate::service::ServiceSet;

/// Names, or expectations, that a sentence has at most.
const NAMES_MAX: usize = 3;

/// Refusals of what the internet newly reaches and no expectation says that it can.
pub fn exposures(engine: &Engine<'_>, topology: &Topology, found: &[Change]) -> Vec<Refusal> {
    let allowances = allowances(engine, topology);
    let left: Vec<Change> = found.iter().filter(|change| change.is_exposure()).flat_map(|change| undeclared(change, &allowances)).collect();
    merged(&left).iter().take(ROWS_MAX).map(refusal).collect()
}

/// What an expectation lets the internet reach.
struct Allowance {
    /// From where; none is from everywhere.
    from: Option<AddressSet>,
    names: BTreeSet<String>,
    over: ServiceSet,
}

fn allowances(engine: &Engine<'_>, topology: &Topology) -> Vec<Allowance> {
    let cans = topology.expect.iter().filter(|expectation| expectation.demand == Demand::Can);
    cans.filter_map(|expectation| {
        let from = match Party::read(engine, &expectation.from).ok()? {
            Party::Internet => None,
            Party::Range(range) => Some(of_range(&range)),
            Party::Address(address) => Some(AddressSet::span(number(address), number(address) + 1)),
            _ => return None,
        };
        let hosts = Party::read(engine, &expectation.to).ok()?.interfaces(engine);
        let names = hosts.into_iter().map(|host| engine.network.interfaces[host].named.name.clone()).collect();
        // Without services it only says that something works, and not what may.
        let over = ServiceSet::read(expectation.over.as_deref()?).ok()?;
        Some(Allowance { from, names, over })
    })
    .collect()
}

/// What of an exposure no allowance declares. Each takes away its services for its addresses, so that several may declare it together.
fn undeclared(change: &Change, allowances: &[Allowance]) -> Vec<Change> {
    let (End::Outside(name, family, set), End::Hosts(names)) = (&change.from, &change.to) else { return Vec::new() };
    let mut left: BTreeMap<(AddressSet, ServiceSet), BTreeSet<String>> = BTreeMap::new();
    for host in names {
        let own = allowances.iter().filter(|allowance| allowance.names.contains(host));
        let parts = own.fold(vec![(set.clone(), change.shift.over.clone())], less);
        // Addresses for which the same is left are one part, however they were cut.
        let mut by_services: BTreeMap<ServiceSet, AddressSet> = BTreeMap::new();
        for (addresses, over) in parts {
            let all = by_services.entry(over).or_default();
            *all = all.union(&addresses);
        }
        for (over, addresses) in by_services {
            left.entry((addresses, over)).or_default().insert(host.clone());
        }
    }
    let each = left.into_iter().map(|((addresses, over), hosts)| {
        let name = if addresses == *set { name.clone() } else { part_of_internet(&addresses) };
        let to = End::Hosts(hosts.into_iter().collect());
        Change { from: End::Outside(name, *family, addresses), to, shift: Shift { over, ..change.shift.clone() } }
    });
    each.collect()
}

/// Addresses with services, less what an allowance declares.
fn less(parts: Vec<(AddressSet, ServiceSet)>, allowance: &Allowance) -> Vec<(AddressSet, ServiceSet)> {
    let cut = |(addresses, over): (AddressSet, ServiceSet)| {
        let (inside, beyond) = match &allowance.from {
            Some(from) => (addresses.intersect(from), addresses.subtract(from)),
            None => (addresses, AddressSet::none()),
        };
        [(inside, over.subtract(&allowance.over)), (beyond, over)]
    };
    parts.into_iter().flat_map(cut).filter(|(addresses, over)| !addresses.is_empty() && !over.is_empty()).collect()
}

fn refusal(row: &Row) -> Refusal {
    let told = &row.told;
    let verb = if told.after == Level::Unknown { "may become" } else { "becomes" };
    let hosts = some(&told.to);
    let from = if told.from.iter().any(|from| from == "internet") { "the internet".to_owned() } else { some(&told.from) };
    let why = format!("{} {verb} reachable from {from}, and no `expect` says that it can: close it, or expect {}", told.over, wanted(row));
    Refusal { guard: "exposure", address: hosts, why }
}

/// The expectations that would declare it.
fn wanted(row: &Row) -> String {
    let mut parties: Vec<String> = Vec::new();
    for from in &row.from {
        let End::Outside(name, _, set) = from else { continue };
        let own = if name == "internet" {
            vec![name.clone()]
        } else {
            ranges(set, NAMES_MAX + 1).iter().map(|range| format!("cidr/{range}")).collect()
        };
        parties.extend(own.into_iter().filter(|party| !parties.contains(party)).collect::<Vec<_>>());
    }
    let member = |host: &String, from: &String| format!("`{{from: {from}, can: {host}, over: '{}'}}`", row.told.over);
    let all: Vec<String> = row.told.to.iter().flat_map(|host| parties.iter().map(|from| member(host, from))).take(NAMES_MAX + 1).collect();
    let shown = all[..all.len().min(NAMES_MAX)].join(" and ");
    if all.len() > NAMES_MAX { format!("{shown} and so on") } else { shown }
}

/// The first of several names, and how many more there are.
pub(crate) fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let first = names[..names.len() - more].join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}
