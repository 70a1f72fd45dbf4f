//! Which of a replacement's two objects comes first.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::rules::make;
use trueup_model::{Action, Address, Claim, Constraint, Object, Order};

use crate::verdict::{Judged, Verdict};

/// Decides which of a replacement's two objects comes first: the new one, unless both need something that
/// only one can have, or what it stands in goes first itself.
pub fn order(judged: &mut [Judged<'_>]) {
    for verdict in each(judged).filter(|verdict| verdict.action == Action::Replace) {
        verdict.order = Some(Order::CreateFirst);
        let held = verdict.gives_up();
        if let Some(claim) = verdict
            .takes()
            .iter()
            .find(|claim| held.iter().any(|held| held.clashes(claim)))
        {
            delete_first(verdict, Constraint::OnlyOne(claim.what.clone()));
        }
    }
    spread(judged);
    succeed(judged);
}

/// A new resource that wants what an object that goes still has is made as its successor, where the kind
/// knows how: a security group that got another address in the spec, and that instances use.
fn succeed(judged: &mut [Judged<'_>]) {
    let mut held: BTreeMap<String, Vec<(Claim, &Object)>> = BTreeMap::new();
    for verdict in all(judged).filter(|verdict| verdict.action == Action::Delete) {
        for claim in verdict.gives_up() {
            held.entry(claim.space.clone())
                .or_default()
                .extend(verdict.object.map(|object| (claim, object)));
        }
    }
    for verdict in each(judged).filter(|verdict| verdict.action == Action::Create) {
        let clash = |claim: &Claim| {
            held.get(&claim.space)?
                .iter()
                .find(|(held, _)| held.clashes(claim))
                .map(|(_, object)| *object)
        };
        let old = verdict
            .takes()
            .iter()
            .find_map(clash)
            .filter(|old| old.kind == verdict.address.kind);
        if let (Some(old), Some(resource)) = (old, verdict.resource) {
            verdict.calls = make(resource, verdict.home, Some(old));
        }
    }
}

/// Breaks a circle of steps: what would be created first in it is deleted first. Whether that changed
/// anything.
pub fn give_way(judged: &mut [Judged<'_>], circle: &BTreeSet<Address>) -> bool {
    let mut gave = false;
    for verdict in each(judged)
        .filter(|verdict| verdict.order == Some(Order::CreateFirst) && circle.contains(&verdict.address))
    {
        delete_first(verdict, Constraint::Circle(circle.clone()));
        gave = true;
    }
    spread(judged);
    gave
}

fn delete_first(verdict: &mut Verdict<'_>, constraint: Constraint) {
    verdict.order = Some(Order::DeleteFirst);
    verdict.constraint = Some(constraint);
    // The old one is not kept beside its successor: it needs no mark, and the new one no other name.
    verdict.tag_calls.clear();
    verdict.calls = verdict
        .resource
        .map(|resource| make(resource, verdict.home, None))
        .unwrap_or_default();
}

/// What stands in something that goes first goes first as well.
fn spread(judged: &mut [Judged<'_>]) {
    let first = |verdict: &&Verdict<'_>| verdict.order == Some(Order::DeleteFirst);
    let ids = |verdict: &Verdict<'_>| {
        verdict
            .object
            .map(|object| (object.id.clone(), verdict.address.clone()))
    };
    let mut first: BTreeMap<String, Address> = all(judged).filter(first).filter_map(ids).collect();
    let mut grown = !first.is_empty();
    while grown {
        grown = false;
        for verdict in each(judged).filter(|verdict| verdict.order == Some(Order::CreateFirst)) {
            let ends = verdict.ends.iter().flat_map(|call| call.unsets.refs());
            let Some(stands_in) = ends.filter_map(|r| r.id()).find_map(|id| first.get(id)).cloned() else {
                continue;
            };
            delete_first(verdict, Constraint::DependsOn(stands_in));
            first.extend(ids(verdict));
            grown = true;
        }
    }
}

fn all<'j, 'a>(judged: &'j [Judged<'a>]) -> impl Iterator<Item = &'j Verdict<'a>> {
    judged.iter().map(|judged| &judged.verdict)
}

fn each<'j, 'a>(judged: &'j mut [Judged<'a>]) -> impl Iterator<Item = &'j mut Verdict<'a>> {
    judged.iter_mut().map(|judged| &mut judged.verdict)
}
