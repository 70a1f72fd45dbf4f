//! What only the whole plan decides about a change: which object of a replacement comes first, and what that
//! is felt as.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Action, Address, Change, Disruption, Note, Object, Order, Role, Value};

use crate::verdict::{Judged, Verdict};

/// The changes in the order of their addresses, with what only the whole plan decides: which object of a
/// replacement comes first, and what that is felt as.
pub fn finish(judged: Vec<Judged<'_>>) -> Vec<Change> {
    let moved = moved(&judged);
    let complete = |Judged { verdict, mut change }: Judged<'_>| {
        complete(&mut change, &verdict, moved.contains(&verdict.address));
        change
    };
    let mut changes: Vec<Change> = judged.into_iter().map(complete).collect();
    changes.sort_by(|a, b| (&a.address, a.action, &a.id).cmp(&(&b.address, b.action, &b.id)));
    changes
}

/// What goes and is left by its users before that: each of them has something else in its place.
fn moved(judged: &[Judged<'_>]) -> BTreeSet<Address> {
    let (gone, staying): (Vec<&Change>, Vec<&Change>) = judged
        .iter()
        .map(|judged| &judged.change)
        .partition(|change| change.action == Action::Delete);
    let gone: BTreeSet<&Address> = gone.into_iter().map(|change| &change.address).collect();
    let mut left: BTreeMap<&Address, bool> = BTreeMap::new();
    for attribute in staying.into_iter().flat_map(|change| &change.attributes) {
        let Some(before) = &attribute.before else { continue };
        before.each_ref(&mut |reference| {
            if let Some(address) = reference.address().filter(|address| gone.contains(address)) {
                *left.entry(address).or_insert(true) &= attribute.after.is_some();
            }
        });
    }
    left.into_iter()
        .filter(|(_, moves)| *moves)
        .map(|(address, _)| address.clone())
        .collect()
}

/// What a successor is made with instead of what the spec says, because the old one still has that.
fn differently_named(verdict: &Verdict<'_>) -> Option<Note> {
    let wanted = &verdict.resource?.record;
    let create = verdict.calls.iter().find(|call| call.role() == Role::Create)?;
    let differs = |(name, value): &(&str, &Value)| {
        value
            .as_text()
            .zip(wanted.value(name))
            .is_some_and(|(text, wanted)| wanted.as_text() != Some(text))
    };
    let (name, value) = create.sets.iter().find(differs)?;
    Some(Note::OtherName {
        attribute: name.to_owned(),
        name: value.as_text().unwrap_or_default().to_owned(),
        taken: wanted.value(name)?.as_text()?.to_owned(),
    })
}

/// Puts into a change what its verdict says in the end.
fn complete(change: &mut Change, verdict: &Verdict<'_>, moved: bool) {
    let rules = change.address.kind.rules();
    change.order = verdict.order;
    change
        .notes
        .extend(verdict.constraint.clone().map(Note::DeleteFirst));
    change.notes.extend(differently_named(verdict));
    let is_felt = |object: &Object| rules.loss_disruption(object) >= Disruption::Outage;
    if verdict.order == Some(Order::DeleteFirst) && verdict.object.is_some_and(is_felt) {
        change.notes.push(Note::NotBroughtBack);
    }
    let schema = change.address.kind.schema();
    let in_place = change.attributes.iter().filter_map(|change| {
        let attribute = schema.attribute(change.path.split('.').next()?)?;
        Some((attribute.disrupts)(
            change.before.as_ref(),
            change.after.as_ref(),
        ))
    });
    change.disruption = match (change.action, verdict.object) {
        (Action::Create | Action::Adopt, _) | (_, None) => Disruption::None,
        (Action::Update, _) if !change.losses.is_empty() => Disruption::AddressLost,
        (Action::Update, _) => in_place.max().unwrap_or_default(),
        (_, Some(object)) => match (rules.loss_disruption(object), verdict.order) {
            // The successor is there before the old one goes: only what is open breaks.
            (Disruption::Outage, Some(Order::CreateFirst)) => Disruption::Reset,
            // Without a successor nothing works again, unless its users have gone to another one before.
            (Disruption::Reset | Disruption::Gap | Disruption::Outage, None) => {
                if moved {
                    Disruption::Reset
                } else {
                    Disruption::Outage
                }
            }
            (disruption, _) => disruption,
        },
    };
}
