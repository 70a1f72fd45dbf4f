//! Guards: what must not be done, whatever the spec says.

use std::collections::BTreeMap;

use trueup_model::{Action, Address, Change, Claim, Object, Plan, Refusal, Refused, Site, TakenBy, Topology};

use crate::fold::Folded;
use crate::verdict::Verdict;

/// Refuses a topology that belongs to another account or region.
pub fn place(topology: &Topology, site: &Site) -> Vec<Refusal> {
    let differs = |wanted: &Option<String>, is: &str| wanted.clone().filter(|wanted| wanted != is);
    let account = differs(&topology.account, &site.account).map(|wanted| Refused::WrongAccount {
        wanted,
        is: site.account.clone(),
    });
    let region = differs(&topology.region, &site.region).map(|wanted| Refused::WrongRegion {
        wanted,
        is: site.region.clone(),
    });
    let refused = account.into_iter().chain(region);
    refused.map(|why| Refusal::new(&topology.name, why)).collect()
}

/// Refuses a plan that ends more objects than the topology allows: what nobody meant deletes more than what
/// somebody did.
pub fn budget(topology: &Topology, plan: &Plan) -> Option<Refusal> {
    let max = topology.max_deletes?;
    let ends = |change: &&Change| matches!(change.action, Action::Delete | Action::Replace);
    let ended: Vec<Address> = plan
        .changes
        .iter()
        .filter(ends)
        .map(|change| change.address.clone())
        .collect();
    (ended.len() > usize::try_from(max).unwrap_or(usize::MAX))
        .then(|| Refusal::new(&topology.name, Refused::TooManyEnds { ended, max }))
}

/// Whether nothing that a verdict gives to its object, or ends, is in the hands of somebody else; refuses it
/// in the plan where something is.
pub fn is_free(folded: &Folded, verdict: &Verdict<'_>, plan: &mut Plan) -> bool {
    let given = verdict
        .calls
        .iter()
        .flat_map(|call| call.sets.refs())
        .filter_map(|reference| folded.live(reference.address()?));
    let ended = verdict.object.filter(|_| !verdict.ends.is_empty());
    let held = given
        .chain(ended)
        .find_map(|object| Some((object, object.kind.rules().held_by(object)?)));
    let Some((object, holder)) = held else { return true };
    let why = Refused::HeldByOther {
        id: object.id.clone(),
        holder,
    };
    plan.refused.push(Refusal::new(&verdict.address, why));
    false
}

/// What objects of others hold that only one object can have.
#[derive(Debug)]
pub struct Foreign<'a> {
    held: BTreeMap<String, Vec<(Claim, &'a Object)>>,
}

impl<'a> Foreign<'a> {
    /// Looks at everything that does not carry the topology's tags.
    pub fn new(folded: &'a Folded) -> Self {
        let mut held: BTreeMap<String, Vec<(Claim, &Object)>> = BTreeMap::new();
        for object in folded
            .objects
            .iter()
            .filter(|object| !object.is_of(&folded.topology))
        {
            // Of no resource of ours: the address only serves as a name in claims.
            let Ok(address) = Address::new(object.kind, "foreign") else {
                continue;
            };
            for call in object.kind.rules().delete(object) {
                for claim in object.kind.rules().claims(&address, &call.unsets) {
                    held.entry(claim.space.clone()).or_default().push((claim, object));
                }
            }
        }
        Self { held }
    }

    /// Whether nothing that a verdict takes is held by an object of others; refuses it in the plan where
    /// something is.
    pub fn allows(&self, verdict: &Verdict<'_>, plan: &mut Plan) -> bool {
        for claim in verdict.takes() {
            let clash = self
                .held
                .get(&claim.space)
                .and_then(|held| held.iter().find(|(held, _)| held.clashes(&claim)));
            if let Some((held, object)) = clash {
                let why = Refused::Taken {
                    id: object.id.clone(),
                    has: held.what.clone(),
                    wanted: claim.what.clone(),
                    by: whose(verdict, object),
                };
                plan.refused.push(Refusal::new(&verdict.address, why));
                return false;
            }
        }
        true
    }
}

/// Whose it is what an object holds.
fn whose(verdict: &Verdict<'_>, object: &Object) -> TakenBy {
    match &object.owner {
        Some(owner) => TakenBy::Topology(owner.topology.clone()),
        None => TakenBy::Nobody {
            perhaps_lost: object.kind == verdict.address.kind && verdict.object.is_none() && !object.implicit,
        },
    }
}
