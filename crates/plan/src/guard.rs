//! Guards: what must not be done, whatever the spec says.

use std::collections::BTreeMap;

use trueup_model::{Action, Address, Change, Claim, Guard, Object, Observed, Plan, Refusal, Topology, tags};

use crate::fold::Folded;
use crate::verdict::Verdict;

/// Refuses a topology that belongs to another account or region.
pub fn place(topology: &Topology, observed: &Observed) -> Vec<Refusal> {
    let mut refused = Vec::new();
    let mut compare = |guard, wanted: &Option<String>, is: &str, what: &str, remedy: &str| {
        if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != is) {
            let why = format!("the spec is for {what} {wanted}, and this is {what} {is}: {remedy}");
            refused.push(Refusal {
                guard,
                address: topology.name.clone(),
                why,
            });
        }
    };
    compare(
        Guard::Account,
        &topology.account,
        &observed.account,
        "account",
        "use credentials of that account, or correct `account:`",
    );
    compare(
        Guard::Region,
        &topology.region,
        &observed.region,
        "region",
        "leave --region out, or correct `region:`",
    );
    refused
}

/// Refuses a plan that ends more objects than the topology allows: what nobody meant deletes more than what
/// somebody did.
pub fn budget(topology: &Topology, plan: &Plan) -> Option<Refusal> {
    const NAMED_MAX: usize = 5;
    let max = topology.max_deletes?;
    let ends = |change: &&Change| matches!(change.action, Action::Delete | Action::Replace);
    let ended: Vec<String> = plan
        .changes
        .iter()
        .filter(ends)
        .map(|change| change.address.to_string())
        .collect();
    if ended.len() <= usize::try_from(max).unwrap_or(usize::MAX) {
        return None;
    }
    let more = ended
        .len()
        .checked_sub(NAMED_MAX)
        .filter(|more| *more > 0)
        .map(|more| format!(" and {more} more"))
        .unwrap_or_default();
    let why = format!(
        "the plan ends {} object{} ({}{more}), and `max_deletes` is {max}: if that is meant, raise it, or give --max-deletes {0}",
        ended.len(),
        if ended.len() == 1 { "" } else { "s" },
        ended[..ended.len().min(NAMED_MAX)].join(", ")
    );
    Some(Refusal {
        guard: Guard::MaxDeletes,
        address: topology.name.clone(),
        why,
    })
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
    let why = format!(
        "{} is associated with {holder}, which is not of this topology, and nothing is taken from others: take it off there, or change the spec",
        object.id
    );
    plan.refused.push(Refusal {
        guard: Guard::InUse,
        address: verdict.address.to_string(),
        why,
    });
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
                let why = why(verdict, &claim, held, object, plan);
                plan.refused.push(Refusal {
                    guard: Guard::Foreign,
                    address: verdict.address.to_string(),
                    why,
                });
                return false;
            }
        }
        true
    }
}

/// Whose it is what an object holds, and what can be done about it.
fn why(verdict: &Verdict<'_>, wanted: &Claim, held: &Claim, object: &Object, plan: &Plan) -> String {
    let Object { id, kind, owner, .. } = object;
    let holds = match held.what == wanted.what {
        true => format!("{id} has {} already", held.what),
        false => format!(
            "{id} has {} already, so nothing else can have {}",
            held.what, wanted.what
        ),
    };
    match owner {
        Some(owner) => format!(
            "{holds}, and belongs to topology `{}`: it is never touched. Change the spec, or remove that object yourself",
            owner.topology
        ),
        None if *kind == verdict.address.kind && verdict.object.is_none() && !object.implicit => {
            let command = tags::command(&plan.region, id, &plan.topology, &verdict.address);
            format!(
                "{holds}, and carries no topology's tags: it is never touched. If it is {}, give it its tags: `{command}`; otherwise change \
                 the spec, or remove that object yourself",
                verdict.address
            )
        }
        None => format!(
            "{holds}, and carries no topology's tags: it is never touched. Change the spec, or remove that object yourself"
        ),
    }
}
