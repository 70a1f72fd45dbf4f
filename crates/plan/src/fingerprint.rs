//! The fingerprint of a plan: what a reviewer approves and `--expect` checks.

use trueup_model::{Address, Change, ExistingElsewhere, Plan, Record, Ref, Step, Value, canonical};

/// `sha256:` and the digest of topology, account, region, changes and steps, and of what seems to be the
/// topology already; that it is a teardown where it is one. Live ids are in it; lines of the spec, sentences,
/// diagnostics and versions are not, and neither is how anything reads.
pub fn of(plan: &Plan) -> String {
    let mut document = Record::new()
        .with("topology", plan.topology.as_str())
        .with("account", plan.site.account.as_str())
        .with("region", plan.site.region.as_str())
        .with("changes", plan.changes.iter().map(change).collect::<Vec<_>>())
        .with("steps", plan.steps.iter().map(step).collect::<Vec<_>>());
    if plan.teardown {
        document.set("teardown", true);
    }
    if let Some(existing) = &plan.existing {
        // Who approved a network did not approve a second one.
        document.set("existing", self::existing(existing));
    }
    format!("sha256:{}", canonical::sha256(&document.into()))
}

/// Eight hex digits that depend on a value.
pub fn short(value: &Value) -> String {
    canonical::sha256(value).chars().take(8).collect()
}

fn existing(existing: &ExistingElsewhere) -> Record {
    let texts = |texts: &mut dyn Iterator<Item = &String>| texts.map(Value::text).collect::<Vec<_>>();
    match existing {
        ExistingElsewhere::Topology(name) => Record::new().with("topology", name.as_str()),
        ExistingElsewhere::Untagged(all) => {
            Record::new().with("untagged", texts(&mut all.values().map(|untagged| &untagged.id)))
        }
        ExistingElsewhere::Regions(regions) => Record::new().with("regions", texts(&mut regions.keys())),
    }
}

fn change(change: &Change) -> Value {
    let attribute = |attribute: &trueup_model::AttributeChange| {
        let mut record = Record::new()
            .with("path", attribute.path.as_str())
            .with("effect", attribute.effect.code());
        record.set_option("member", attribute.member.as_ref().map(|key| key.value()));
        record.set_option("before", attribute.before.clone());
        record.set_option("after", attribute.after.clone());
        Value::Map(record)
    };
    let mut record = Record::new()
        .with("address", named(&change.address))
        .with("action", change.action.code())
        .with("disruption", change.disruption.code())
        .with(
            "attributes",
            change.attributes.iter().map(attribute).collect::<Vec<_>>(),
        );
    record.set_option("id", change.id.as_deref());
    record.set_option("order", change.order.map(|order| order.code()));
    Value::Map(record)
}

fn step(step: &Step) -> Value {
    let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let mut record = Record::new()
        .with("number", number(step.number))
        .with("action", step.action.code())
        .with("address", named(&step.address))
        .with("call", step.call.action.name)
        .with("ownership", step.ownership.clone())
        .with("sets", step.call.sets.clone())
        .with("unsets", step.call.unsets.clone())
        .with(
            "after",
            step.after
                .iter()
                .map(|before| number(*before))
                .collect::<Vec<_>>(),
        );
    record.set_option("target", step.target.as_deref());
    Value::Map(record)
}

fn named(address: &Address) -> Ref {
    Ref::Name(address.clone())
}
