//! Guards: what must not be done, whatever the spec says.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Action, Address, Change, Claim, Object, Observed, Plan, Refusal, Topology, Twin};

use crate::fold::Folded;
use crate::judge::Verdict;

/// Refuses a topology that belongs to another account or region.
pub fn place(topology: &Topology, observed: &Observed) -> Vec<Refusal> {
    let mut refused = Vec::new();
    let mut compare = |guard, wanted: &Option<String>, is: &str, what: &str, remedy: &str| {
        if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != is) {
            let why = format!("the spec is for {what} {wanted}, and this is {what} {is}: {remedy}");
            refused.push(Refusal { guard, address: topology.name.clone(), why });
        }
    };
    compare("account", &topology.account, &observed.account, "account", "use credentials of that account, or correct `account:`");
    compare("region", &topology.region, &observed.region, "region", "leave --region out, or correct `region:`");
    refused
}

/// Refuses a plan that ends more objects than the topology allows: what nobody meant deletes more than what somebody did.
pub fn budget(topology: &Topology, plan: &Plan) -> Option<Refusal> {
    const NAMED_MAX: usize = 5;
    let max = topology.max_deletes?;
    let ends = |change: &&Change| matches!(change.action, Action::Delete | Action::Replace);
    let ended: Vec<String> = plan.changes.iter().filter(ends).map(|change| change.address.to_string()).collect();
    if ended.len() <= usize::try_from(max).unwrap_or(usize::MAX) {
        return None;
    }
    let more = ended.len().checked_sub(NAMED_MAX).filter(|more| *more > 0).map(|more| format!(" and {more} more")).unwrap_or_default();
    let why = format!(
        "the plan ends {} object{} ({}{more}), and `max_deletes` is {max}: if that is meant, raise it, or give --max-deletes {0}",
        ended.len(),
        if ended.len() == 1 { "" } else { "s" },
        ended[..ended.len().min(NAMED_MAX)].join(", ")
    );
    Some(Refusal { guard: "max_deletes", address: topology.name.clone(), why })
}

/// Where a topology lives of which nothing is here: as another one that has most of its addresses, or in another region. Its name or
/// its region may have been changed by mistake.
pub fn twin(topology: &Topology, observed: &Observed) -> Option<Twin> {
    let owned = |name: &str| observed.objects.iter().any(|object| object.owner.as_ref().is_some_and(|owner| owner.topology == name));
    if owned(&topology.name) {
        return None;
    }
    renamed(topology, observed).map(Twin::Topology).or_else(|| {
        let elsewhere = Some(&observed.elsewhere).filter(|elsewhere| !elsewhere.is_empty());
        elsewhere.cloned().map(Twin::Regions)
    })
}

/// The topology that has most of this one's addresses.
fn renamed(topology: &Topology, observed: &Observed) -> Option<String> {
    let mut shared: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let addresses: BTreeSet<String> = topology.resources.keys().map(ToString::to_string).collect();
    for owner in observed.objects.iter().filter_map(|object| object.owner.as_ref()).filter(|owner| addresses.contains(&owner.address)) {
        shared.entry(&owner.topology).or_default().insert(&owner.address);
    }
    // Two networks may both have a vpc.main; hardly half of everything.
    let (name, shared) = shared.into_iter().max_by_key(|(_, shared)| shared.len())?;
    (shared.len() >= 2 && shared.len() * 2 >= addresses.len()).then(|| name.to_owned())
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
        for object in folded.objects.iter().filter(|object| object.owner.as_ref().is_none_or(|owner| owner.topology != folded.topology)) {
            // Of no resource of ours: the address only serves as a name in claims.
            let Ok(address) = Address::new(object.kind, "foreign") else { continue };
            for call in object.kind.rules().delete(object) {
                for claim in object.kind.rules().claims(&address, &call.unsets) {
                    held.entry(claim.space.clone()).or_default().push((claim, object));
                }
            }
        }
        Self { held }
    }

    /// Whether nothing that a verdict takes is held by an object of others; refuses it in the plan where something is.
    pub fn allows(&self, verdict: &Verdict<'_>, plan: &mut Plan) -> bool {
        for claim in verdict.takes() {
            let clash = self.held.get(&claim.space).and_then(|held| held.iter().find(|(held, _)| held.clashes(&claim)));
            if let Some((_, object)) = clash {
                let whose = match &object.owner {
                    Some(owner) => format!("belongs to topology `{}`", owner.topology),
                    None => "does not carry this topology's tags".to_owned(),
                };
                let why = format!(
                    "{} has {} already and {whose}: it is never touched. Change the spec, or remove that object yourself",
                    object.id, claim.what
                );
                plan.refused.push(Refusal { guard: "foreign", address: verdict.address.to_string(), why });
                return false;
            }
        }
        true
    }
}
