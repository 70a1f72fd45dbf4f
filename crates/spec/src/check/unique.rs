//! What only one object can have: the claims by which the kinds order their calls say it, and one check serves
//! them all.

use std::collections::BTreeMap;

use ipnet::IpNet;
use trueup_model::call::{Claim, Taken};
use trueup_model::{Diagnostic, Resource, Topology};

/// A claim, and whose it is.
type Claimed<'a> = (Claim, &'a Resource);

/// Tells what two resources would both have.
pub fn check(topology: &Topology, out: &mut Vec<Diagnostic>) {
    let mut names: BTreeMap<(String, String), Claimed<'_>> = BTreeMap::new();
    let mut ranges: BTreeMap<String, Vec<(IpNet, Claimed<'_>)>> = BTreeMap::new();
    for resource in topology.resources.values() {
        let rules = resource.address.kind.rules();
        for claim in rules.claims(&resource.address, &resource.record) {
            match &claim.taken {
                Taken::Range(range) => {
                    let space = ranges.entry(claim.space.clone()).or_default();
                    space.push((*range, (claim, resource)));
                }
                Taken::Text(text) => {
                    let key = (claim.space.clone(), text.clone());
                    let claimed = (claim, resource);
                    if let Some(first) = names.get(&key) {
                        out.extend(twice(first, &claimed));
                    } else {
                        names.insert(key, claimed);
                    }
                }
            }
        }
    }
    for mut space in ranges.into_values() {
        // Sorted by start and then from wide to narrow, a range overlaps an earlier one exactly if it overlaps
        // the one that reaches furthest: 10.0.0.0/16, 10.0.1.0/24 (inside it), 10.1.0.0/24 (the next furthest).
        space.sort_by_key(|(range, (_, resource))| (range.network(), range.prefix_len(), &resource.address));
        let mut furthest: Option<&(IpNet, Claimed<'_>)> = None;
        for this in &space {
            match furthest {
                Some((range, first)) if range.contains(&this.0) => out.extend(twice(first, &this.1)),
                _ => furthest = Some(this),
            }
        }
    }
}

/// That two resources claim the same; none where it is one resource, whose own checks know better what is wrong.
fn twice((first, earlier): &Claimed<'_>, (claim, resource): &Claimed<'_>) -> Option<Diagnostic> {
    let message = match claim.taken {
        Taken::Range(_) if claim.taken != first.taken => format!(
            "{} ({}) and {} ({}) overlap",
            resource.address, claim.what, earlier.address, first.what
        ),
        _ => format!(
            "{} and {} both claim {}",
            earlier.address, resource.address, claim.what
        ),
    };
    (earlier.address != resource.address).then(|| {
        Diagnostic::error(claim.of.code, message)
            .at(resource.place(claim.of.attribute), "the second one")
            .at(earlier.place(first.of.attribute), "the first one")
            .help(claim.of.help)
    })
}
