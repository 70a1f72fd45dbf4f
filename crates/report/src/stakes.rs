//! What is at stake in a plan, in the words and the data that all formats share.

use serde_json::{Value as Json, json};
use trueup_model::{Change, Kind, OpenedGroup, Plan, PublicSubnet, ReachChange, Stake};

use crate::reach;
use crate::words;

/// Resources that are called by their names; of more, the number is reported.
const NAMED_MAX: usize = 2;

/// What is at stake, each as a clause that begins with a verb: `stops 3 hosts`. The worst is the first.
pub fn clauses(plan: &Plan) -> Vec<String> {
    plan.stakes().iter().map(|stake| clause(plan, stake)).collect()
}

fn clause(plan: &Plan, stake: &Stake<'_>) -> String {
    match stake {
        Stake::Exposes(changes) => exposes(changes),
        Stake::Opens(groups) => {
            let users = |group: &OpenedGroup| {
                if group.users_known {
                    "no interface carries it now"
                } else {
                    "who carries it is not known"
                }
            };
            match groups {
                [only] => format!(
                    "opens {} of {} to the internet ({})",
                    only.over,
                    only.group,
                    users(only)
                ),
                all => format!(
                    "opens {} to the internet that nobody is known to carry",
                    words::count(all.len(), "security group")
                ),
            }
        }
        Stake::MakesPublic(subnets) => {
            let named = if subnets.len() > NAMED_MAX {
                words::count(subnets.len(), Kind::Subnet.as_str())
            } else {
                names(subnets).join(" and ")
            };
            format!("gives {named} a route to the internet gateway")
        }
        Stake::Deletes(changes) => format!("deletes {}", which(changes, "resource")),
        Stake::Replaces(changes) => format!("replaces {}", which(changes, "resource")),
        Stake::Stops(changes) => format!("stops {}{}", which(changes, "host"), in_turns(plan, changes)),
        Stake::Unprotects(changes) => format!("lifts EC2's own protection from {}", which(changes, "host")),
        Stake::Loses {
            volumes,
            addresses,
            ranges,
        } => {
            let parts = [
                (*volumes, "volume"),
                (*addresses, "public addresses"),
                (*ranges, "IPv6 range"),
            ];
            let told = parts
                .iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, noun)| match (number, noun.strip_suffix("es")) {
                    (1, Some(one)) => format!("1 {one}"),
                    (number, Some(_)) => format!("{number} {noun}"),
                    (number, None) => words::count(*number, noun),
                });
            format!("loses {} for ever", told.collect::<Vec<_>>().join(" and "))
        }
        Stake::Readdresses { subnets, hosts } => {
            let whose =
                [(subnets, Kind::Subnet.as_str()), (hosts, "host")].map(|(names, noun)| match names.len() {
                    0 => String::new(),
                    1..=NAMED_MAX => names.join(" and "),
                    number => words::count(number, noun),
                });
            let whose: Vec<String> = whose.into_iter().filter(|whose| !whose.is_empty()).collect();
            format!("changes the source address of {}", whose.join(" and "))
        }
    }
}

/// The first is the worst: a reader who wants all of them finds them under reachability.
fn exposes(changes: &[&ReachChange]) -> String {
    let Some(first) = changes.first() else {
        return String::new();
    };
    let more = if changes.len() == 1 {
        String::new()
    } else {
        format!(" and {} more", changes.len() - 1)
    };
    format!("{}{more}", reach::exposure(first))
}

/// How many of these hosts at a time, where they all do the same work.
fn in_turns(plan: &Plan, changes: &[&Change]) -> String {
    let turns = plan
        .turns
        .iter()
        .find(|turns| changes.iter().all(|change| turns.hosts.contains(&change.address)));
    turns
        .map(|turns| format!(" {}", words::at_once(turns)))
        .unwrap_or_default()
}

fn names(subnets: &[PublicSubnet]) -> Vec<&str> {
    subnets.iter().map(|public| public.subnet.as_str()).collect()
}

/// The names of a few, or how many there are.
fn which(changes: &[&Change], noun: &str) -> String {
    if changes.len() > NAMED_MAX {
        return words::count(changes.len(), noun);
    }
    changes
        .iter()
        .map(|change| change.address.to_string())
        .collect::<Vec<_>>()
        .join(" and ")
}

/// What is at stake, for programs; the worst is the first.
pub fn json(plan: &Plan) -> Json {
    let addresses = |changes: &[&Change]| {
        changes
            .iter()
            .map(|change| change.address.to_string())
            .collect::<Vec<_>>()
    };
    let stake = |stake: &Stake<'_>| match stake {
        Stake::Exposes(changes) => json!({"what": "exposes", "changes": changes.len()}),
        Stake::Opens(groups) => json!({"what": "opens", "groups": groups}),
        Stake::MakesPublic(subnets) => json!({"what": "makes_public", "subnets": names(subnets)}),
        Stake::Deletes(changes) => json!({"what": "deletes", "addresses": addresses(changes)}),
        Stake::Replaces(changes) => json!({"what": "replaces", "addresses": addresses(changes)}),
        Stake::Stops(changes) => json!({"what": "stops", "addresses": addresses(changes)}),
        Stake::Unprotects(changes) => json!({"what": "unprotects", "addresses": addresses(changes)}),
        Stake::Loses {
            volumes,
            addresses,
            ranges,
        } => {
            json!({"what": "loses", "volumes": volumes, "public_addresses": addresses, "ipv6_ranges": ranges})
        }
        Stake::Readdresses { subnets, hosts } => {
            json!({"what": "readdresses", "subnets": subnets, "hosts": hosts})
        }
    };
    plan.stakes().iter().map(stake).collect()
}
