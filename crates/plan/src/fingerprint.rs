//! The fingerprint of a plan: what a reviewer approves and `--expect` checks.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use trueup_model::{Plan, Twin};

/// `sha256:` and the digest of canonical JSON of topology, account, region, changes and steps, and of the
/// twin where there is one; that it is a teardown where it is one. Live ids are in it; lines of the spec,
/// diagnostics and versions are not.
pub fn of(plan: &Plan) -> String {
    let mut document = json!({
        "topology": plan.topology,
        "account": plan.account,
        "region": plan.region,
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
    });
    if plan.teardown {
        document["teardown"] = true.into();
    }
    if let Some(twin) = &plan.twin {
        // Who approved a network did not approve a second one.
        document["twin"] = match twin {
            Twin::Topology(name) => json!({"topology": name}),
            Twin::Untagged(all) => {
                json!({"untagged": all.values().map(|untagged| &untagged.id).collect::<Vec<_>>()})
            }
            Twin::Regions(regions) => json!({"regions": regions.keys().collect::<Vec<_>>()}),
        };
    }
    format!("sha256:{}", hex(&document.to_string()))
}

/// Eight hex digits that depend on a text.
pub fn short(text: &str) -> String {
    hex(text).chars().take(8).collect()
}

fn hex(text: &str) -> String {
    let digits = Sha256::digest(text.as_bytes())
        .into_iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

fn change(change: &trueup_model::Change) -> Json {
    let attributes = change
        .attributes
        .iter()
        .map(|a| json!({"path": a.path, "member": a.member, "before": a.before, "after": a.after, "effect": a.effect}));
    json!({
        "address": change.address,
        "action": change.action,
        "id": change.id,
        "order": change.order,
        "disruption": change.disruption,
        "attributes": attributes.collect::<Vec<_>>(),
    })
}

fn step(step: &trueup_model::Step) -> Json {
    json!({
        "number": step.number,
        "action": step.action,
        "address": step.address,
        "target": step.target,
        "call": step.call.action,
        "ownership": step.ownership,
        "sets": step.call.sets,
        "unsets": step.call.unsets,
        "after": step.after,
    })
}
