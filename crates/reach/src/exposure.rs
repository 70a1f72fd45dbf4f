//! Exposure that nobody asked for: what the internet newly reaches and no `can` of the spec lets it reach.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::expect::{INTERNET_V4, INTERNET_V6};
use trueup_model::reachability::internet;
use trueup_model::{Demand, Diagnostic, Guard, Level, OpenedGroup, Refusal, Refused, Topology};

use crate::address::{AddressSet, Family, number, of_range, public};
use crate::change::{Change, End, ROWS_MAX, Row, Shift, merged};
use crate::engine::Engine;
use crate::network::{GroupRule, Named, Peer};
use crate::selector::Selector;
use crate::service::ServiceSet;

/// Names, or expectations, that a sentence has at most.
const NAMES_MAX: usize = 3;

/// Refusals of what the internet newly reaches and no expectation says that it can.
pub fn exposures(engine: &Engine<'_>, topology: &Topology, found: &[Change]) -> Vec<Refusal> {
    let allowances = allowances(engine, topology);
    let left: Vec<Change> = found
        .iter()
        .filter(|change| change.is_exposure())
        .flat_map(|change| undeclared(change, &allowances))
        .collect();
    merged(&left)
        .iter()
        .take(ROWS_MAX)
        .map(|row| refusal(engine, row))
        .collect()
}

/// What is reported of groups that come to let in more of the internet.
#[derive(Default)]
pub struct Opened {
    pub groups: Vec<OpenedGroup>,
    pub diagnostics: Vec<Diagnostic>,
    pub refused: Vec<Refusal>,
}

/// Groups of the topology that come to let in more of the internet, though nobody who is known carries them:
/// a load balancer or a database may, now or later. With `deny`, refusals of those whose users could not be
/// looked up.
pub fn opened(before: &Engine<'_>, after: &Engine<'_>, deny: bool) -> Opened {
    let network = after.network;
    let carried = |group: usize| {
        network
            .interfaces
            .iter()
            .any(|interface| interface.security_groups.contains(&group))
    };
    let unread = network.unread_interfaces.as_ref();
    let mut opened = Opened::default();
    for (index, group) in network.security_groups.iter().enumerate() {
        let Some(place) = group
            .named
            .source
            .as_ref()
            .filter(|_| unread.is_some() || !carried(index))
        else {
            continue;
        };
        let old = before
            .network
            .security_groups
            .iter()
            .find(|old| old.named.name == group.named.name);
        let old: Vec<Allowance> = old
            .into_iter()
            .flat_map(|old| &old.ingress)
            .filter_map(allowance)
            .collect();
        let parts = group
            .ingress
            .iter()
            .filter_map(allowance)
            .filter_map(|rule| Some((rule.from?, rule.over)));
        let left = parts.flat_map(|part| old.iter().fold(vec![part], less));
        let over = left.fold(ServiceSet::none(), |all, (_, over)| all.union(&over));
        if over.is_empty() {
            continue;
        }
        let (group, over) = (group.named.name.clone(), over.in_words());
        let opens = format!("{group} comes to let in {over} from the internet or more of it");
        let diagnostic = match unread {
            Some(why) => {
                let message = format!(
                    "{opens}, and who carries it is not known: network interfaces could not be read ({why})"
                );
                opened
                    .refused
                    .extend(deny.then(|| refused(&group, message.clone())));
                Diagnostic::warning("group-opens", message)
                    .help("let the credentials call ec2:DescribeNetworkInterfaces")
            }
            None => Diagnostic::note("group-opens", format!("{opens}; no interface carries it now")),
        };
        opened.diagnostics.push(diagnostic.at(place.clone(), ""));
        opened.groups.push(OpenedGroup {
            group,
            over,
            users_known: unread.is_none(),
        });
    }
    opened
}

/// What a rule lets in from the internet.
fn allowance(rule: &GroupRule) -> Option<Allowance> {
    let Peer::Range(range) = &rule.peer else {
        return None;
    };
    let from = of_range(range).intersect(&public(Family::of_range(range)));
    (!from.is_empty()).then(|| Allowance {
        from: Some(from),
        names: BTreeSet::new(),
        over: rule.services.clone(),
    })
}

/// What an expectation lets the internet reach.
struct Allowance {
    /// From where; none is from everywhere.
    from: Option<AddressSet>,
    names: BTreeSet<String>,
    over: ServiceSet,
}

fn allowances(engine: &Engine<'_>, topology: &Topology) -> Vec<Allowance> {
    let cans = topology
        .expect
        .iter()
        .filter(|expectation| expectation.demand == Demand::Can);
    cans.filter_map(|expectation| {
        let from = match Selector::read(engine, &expectation.from).ok()? {
            Selector::Internet => None,
            Selector::InternetOver(family) => Some(public(family)),
            Selector::Range(range) => Some(of_range(&range)),
            Selector::Address(address) => Some(AddressSet::span(number(address), number(address) + 1)),
            _ => return None,
        };
        let hosts = Selector::read(engine, &expectation.to).ok()?.interfaces(engine);
        let names = hosts
            .into_iter()
            .map(|host| engine.network.interfaces[host].named.name.clone())
            .collect();
        // Without services it only says that something works, and not what may.
        let over = ServiceSet::read(expectation.over.as_deref()?).ok()?;
        Some(Allowance { from, names, over })
    })
    .collect()
}

/// What of an exposure no allowance declares. Each takes away its services for its addresses, so that several
/// may declare it together.
fn undeclared(change: &Change, allowances: &[Allowance]) -> Vec<Change> {
    let (End::Outside(from), End::Hosts(names)) = (&change.from, &change.to) else {
        return Vec::new();
    };
    let mut left: BTreeMap<(AddressSet, ServiceSet), BTreeSet<String>> = BTreeMap::new();
    for host in names {
        let own = allowances
            .iter()
            .filter(|allowance| allowance.names.contains(host));
        let parts = own.fold(vec![(from.set.clone(), change.shift.over.clone())], less);
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
        let to = End::Hosts(hosts.into_iter().collect());
        Change {
            from: End::Outside(from.part(addresses)),
            to,
            shift: Shift {
                over,
                ..change.shift.clone()
            },
        }
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
    parts
        .into_iter()
        .flat_map(cut)
        .filter(|(addresses, over)| !addresses.is_empty() && !over.is_empty())
        .collect()
}

fn refusal(engine: &Engine<'_>, row: &Row) -> Refusal {
    let reported = &row.reported;
    let verb = if reported.after == Level::Unknown {
        "may become"
    } else {
        "becomes"
    };
    let hosts = some(&reported.to);
    let from = match internet(&reported.from) {
        Some(internet) if reported.so_far.is_empty() => format!("the {internet}"),
        Some(internet) => format!("the whole {internet} (so far: {})", some(&reported.so_far)),
        None => some(&reported.from),
    };
    let why = format!(
        "{} {verb} reachable from {from}, and no `expect` says that it can: close it, or expect {}",
        reported.over,
        wanted(engine, row)
    );
    refused(&hosts, why)
}

fn refused(address: &str, found: String) -> Refusal {
    let guard = Guard::Exposure;
    Refusal::new(address, Refused::Reachability { guard, found })
}

/// The expectations that would declare it.
fn wanted(engine: &Engine<'_>, row: &Row) -> String {
    let mut selectors: Vec<String> = Vec::new();
    for from in &row.from {
        let End::Outside(from) = from else { continue };
        let own = if from.is_whole() {
            vec![whole(engine, row, from.family).to_owned()]
        } else {
            from.ranges()
                .iter()
                .map(|range| format!("cidr/{range}"))
                .collect()
        };
        selectors.extend(
            own.into_iter()
                .filter(|selector| !selectors.contains(selector))
                .collect::<Vec<_>>(),
        );
    }
    // What is not the spec's goes by its id there.
    let others: BTreeMap<&str, &str> = engine
        .network
        .interfaces
        .iter()
        .filter_map(|host| foreign(&host.named))
        .collect();
    let one = |host: &String, from: &String| {
        let to = others.get(host.as_str()).copied().unwrap_or(host);
        format!("`{{from: {from}, can: {to}, over: '{}'}}`", row.reported.over)
    };
    let all: Vec<String> = row
        .reported
        .to
        .iter()
        .flat_map(|host| selectors.iter().map(|from| one(host, from)))
        .take(NAMES_MAX + 1)
        .collect();
    let shown = first(&all, " and ");
    if all.len() > NAMES_MAX {
        format!("{shown} and so on, for {} ranges", selectors.len())
    } else {
        shown
    }
}

/// How a spec names the internet that a row speaks of: by its family, where it speaks of one and the hosts have
/// the other one as well.
fn whole(engine: &Engine<'_>, row: &Row, family: Family) -> &'static str {
    let is_whole = |of: Family| {
        let mut ends = row.from.iter();
        ends.any(|end| matches!(end, End::Outside(end) if end.family == of && end.is_whole()))
    };
    let other = match family {
        Family::V4 => Family::V6,
        Family::V6 => Family::V4,
    };
    let interfaces = engine.network.interfaces.iter();
    let mut hosts = interfaces.filter(|host| row.reported.to.contains(&host.named.name));
    let has_other = hosts.any(|host| host.addresses.iter().any(|pair| pair.private.family() == other));
    match family {
        _ if is_whole(other) || !has_other => "internet",
        Family::V4 => INTERNET_V4,
        Family::V6 => INTERNET_V6,
    }
}

/// The name and the id of what has no address in a spec.
fn foreign(named: &Named) -> Option<(&str, &str)> {
    let id = named.id.as_deref()?;
    named
        .name
        .parse::<trueup_model::Address>()
        .is_err()
        .then_some((&named.name, id))
}

/// The first of several names, and how many more there are.
pub(crate) fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let shown = first(names, ", ");
    if more == 0 {
        shown
    } else {
        format!("{shown} and {more} more")
    }
}

/// As many as are reported.
fn first(all: &[String], between: &str) -> String {
    all.iter()
        .take(NAMES_MAX)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(between)
}
