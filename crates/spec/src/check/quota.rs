//! What an account may have of a kind unless its quota was raised: the tables say how many, and one check serves
//! all kinds. More is no error, because quotas are raised; but who finds out in the middle of an apply has half
//! a network.

use std::collections::BTreeMap;

use trueup_model::schema::Quota;
use trueup_model::{Diagnostic, Kind, Resource, Topology};

/// Warns where the topology has more of a kind than every account may have.
pub fn check(topology: &Topology, out: &mut Vec<Diagnostic>) {
    for kind in Kind::ALL {
        let all: Vec<&Resource> = topology.of(kind).collect();
        match kind.schema().quota {
            Quota::Each(portions) => {
                for portion in portions {
                    let those = all.iter().filter(|resource| (portion.is)(&resource.record));
                    of_quota(portion.quota, portion.what, those.copied().collect(), out);
                }
            }
            quota => of_quota(quota, &kind.plural(), all, out),
        }
        for attribute in kind.schema().attributes {
            let Some(granted) = attribute.granted else {
                continue;
            };
            for resource in topology.of(kind) {
                let members = resource
                    .record
                    .value(attribute.name)
                    .map_or(0, |set| set.as_list().len());
                if members > granted {
                    let (address, noun) = (&resource.address, attribute.name.replace('_', " "));
                    let message = format!(
                        "{address} has {members} {noun}; an account's quota is {granted} unless it was raised"
                    );
                    out.push(Diagnostic::warning("quota", message).at(resource.place(attribute.name), ""));
                }
            }
        }
    }
}

/// Warns where there are more of these, which are called so, than a quota grants.
fn of_quota(quota: Quota, what: &str, all: Vec<&Resource>, out: &mut Vec<Diagnostic>) {
    match quota {
        Quota::Unlimited | Quota::Each(_) => {}
        Quota::Region(granted) => over("the topology", " for a region", granted, what, &all, out),
        Quota::Vpc(granted) => {
            let mut by_vpc: BTreeMap<_, Vec<&Resource>> = BTreeMap::new();
            for resource in all {
                if let Some(vpc) = resource.address.kind.rules().home(&resource.record) {
                    by_vpc.entry(vpc).or_default().push(resource);
                }
            }
            for (vpc, all) in by_vpc {
                over(&vpc.to_string(), "", granted, what, &all, out);
            }
        }
    }
}

/// Warns at the first that is one too many.
fn over(whose: &str, of: &str, granted: usize, what: &str, all: &[&Resource], out: &mut Vec<Diagnostic>) {
    if let Some(first) = all.get(granted) {
        let message = format!(
            "{whose} has {} {what}; an account's quota{of} is {granted} unless it was raised",
            all.len(),
        );
        out.push(Diagnostic::warning("quota", message).at(first.place.clone(), "one too many"));
    }
}
