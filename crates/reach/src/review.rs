//! The review of a plan: what it does to who can talk to whom, and what of that the spec does not allow.

use std::collections::BTreeSet;

use trueup_model::{Demand, Observed, Plan, ReachChange, Reachability, Refusal, Topology};

use crate::address::{AddressSet, of_range};
use crate::change::{Change, End, Row, causes, changes, merged, undeclared};
use crate::engine::Engine;
use crate::fill::{Lists, observed as live_network, planned};
use crate::findings;
use crate::interval::IntervalSet;
use crate::party::Party;
use crate::service::ServiceSet;

/// Rows that are told at most; what is beyond is counted.
const ROWS_MAX: usize = 100;
/// Names that a sentence has at most.
const NAMES_MAX: usize = 3;

/// Writes into a plan what it does to who can talk to whom and how the spec's expectations fare, and refuses it where they do not
/// hold; with `deny_exposure` also where the internet would reach something new that no expectation says it can.
pub fn review(plan: &mut Plan, topology: &Topology, observed: &Observed, deny_exposure: bool) {
    let mut told = Reachability { findings: findings::wanted(topology), ..Reachability::default() };
    plan.refused.extend(told.findings.iter().filter(|finding| finding.is_failure()).map(|finding| {
        let place = &finding.place;
        let help = finding.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        let why = format!("{}:{}: it is expected that {}: {}{help}", place.file, place.line, finding.expectation, finding.why);
        Refusal { guard: "expect", address: finding.from.clone(), why }
    }));
    // Elsewhere nothing was read.
    let elsewhere = plan.refused.iter().any(|refusal| matches!(refusal.guard, "account" | "region"));
    if !plan.is_complete() || elsewhere {
        told.untold = Some("not everything was read".to_owned());
    } else if !plan.is_empty() {
        let after = planned(topology, observed, plan, None);
        let name = &topology.name;
        let (before, after) = (live_network(observed, name, &Lists::new()), live_network(&after, name, &Lists::new()));
        let (old, new) = (Engine::new(&before), Engine::new(&after));
        let found = changes(&old, &new);
        if deny_exposure {
            plan.refused.extend(exposures(&new, topology, &found));
        }
        let rows = merged(&found);
        told.more = rows.len().saturating_sub(ROWS_MAX);
        let mut causes = causes(topology, observed, plan, (&before, &after));
        let mut tell = |row: Row| {
            let because: BTreeSet<String> = row.examples.iter().flat_map(|change| causes.of(change)).collect();
            ReachChange { because: because.into_iter().collect(), ..row.told }
        };
        told.changes = rows.into_iter().take(ROWS_MAX).map(&mut tell).collect();
    }
    plan.reachability = Some(told);
}

/// Refusals of what the internet newly reaches and no expectation says that it can.
fn exposures(engine: &Engine<'_>, topology: &Topology, found: &[Change]) -> Vec<Refusal> {
    let allowances: Vec<Allowance> = topology
        .expect
        .iter()
        .filter_map(|expectation| {
            (expectation.demand == Demand::Can).then_some(())?;
            let from = match Party::read(engine, &expectation.from).ok()? {
                Party::Internet => None,
                Party::Range(range) => Some(of_range(&range)),
                Party::Address(address) => Some(IntervalSet::of([(crate::address::number(address), crate::address::number(address) + 1)])),
                _ => return None,
            };
            let hosts = Party::read(engine, &expectation.to).ok()?.interfaces(engine);
            let names = hosts.into_iter().map(|host| engine.network.interfaces[host].named.name.clone()).collect();
            let over = match &expectation.over {
                Some(over) => ServiceSet::read(over).ok()?,
                None => ServiceSet::all(),
            };
            Some(Allowance { from, names, over })
        })
        .collect();
    let declared = |name: &str, set: &AddressSet| {
        let meant = allowances.iter().filter(|allowance| {
            allowance.names.iter().any(|own| own == name) && allowance.from.as_ref().is_none_or(|from| from.is_superset(set))
        });
        meant.fold(ServiceSet::none(), |all, allowance| all.union(&allowance.over))
    };
    let left = undeclared(found, &declared);
    let refusal = |row: &Row| {
        let told = &row.told;
        let verb = if told.after == trueup_model::Level::Unknown { "may become" } else { "becomes" };
        let hosts = some(&told.to);
        let from = if told.from.iter().any(|from| from == "internet") { "the internet".to_owned() } else { some(&told.from) };
        let member = match (row.examples.first().map(|change| &change.from), told.to.first()) {
            (Some(End::Outside(name, ..)), Some(host)) => {
                let from = if name.parse::<ipnet::IpNet>().is_ok() { format!("cidr/{name}") } else { "internet".to_owned() };
                format!("{{from: {from}, can: {host}, over: '{}'}}", told.over)
            }
            _ => String::new(),
        };
        let why = format!("{} {verb} reachable from {from}, and no `expect` says that it can: close it, or expect `{member}`", told.over);
        Refusal { guard: "exposure", address: hosts, why }
    };
    merged(&left).iter().take(ROWS_MAX).map(refusal).collect()
}

/// What an expectation lets the internet reach.
struct Allowance {
    /// From where; none is from everywhere.
    from: Option<AddressSet>,
    names: Vec<String>,
    over: ServiceSet,
}

/// The first of several names, and how many more there are.
fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let first = names[..names.len() - more].join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}
