//! Which of a replacement's two objects comes first.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::rules::make;
use trueup_model::{Action, Address, After, Call, Order, Record};

use crate::fold::Folded;
use crate::judge::Verdict;

/// Decides which of a replacement's two objects comes first: the new one, unless both need something that only one can have, or
/// what the new one needs waits for the end of the old one, or what it stands in goes first itself.
pub fn order(folded: &Folded, verdicts: &mut [Verdict<'_>]) {
    let in_the_way = in_the_way(folded, verdicts);
    let mut first: BTreeMap<String, Address> = BTreeMap::new();
    let mut go_first = |verdict: &mut Verdict<'_>, constraint: String| {
        verdict.order = Some(Order::DeleteFirst);
        verdict.constraint = Some(constraint);
        first.extend(verdict.object.map(|object| (object.id.clone(), verdict.address.clone())));
    };
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.action == Action::Replace) {
        verdict.order = Some(Order::CreateFirst);
        let rules = verdict.address.kind.rules();
        let claims =
            |records: Vec<&Record>| records.into_iter().flat_map(|record| rules.claims(&verdict.address, record)).collect::<Vec<_>>();
        let taken = claims(verdict.calls.iter().map(|call| &call.sets).collect());
        let held = claims(verdict.ends.iter().map(|call| &call.unsets).collect());
        if let Some(claim) = taken.iter().find(|claim| held.iter().any(|held| held.clashes(claim))) {
            go_first(verdict, format!("the old and the new one both need {}, which only one can have", claim.what));
        } else if let Some(other) = in_the_way.get(&verdict.address) {
            go_first(verdict, format!("the new one needs {other}, which must wait until the old one is gone"));
        }
    }
    let mut grown = !first.is_empty();
    while grown {
        grown = false;
        for verdict in verdicts.iter_mut().filter(|verdict| verdict.order == Some(Order::CreateFirst)) {
            let ends = verdict.ends.iter().flat_map(|call| call.unsets.refs());
            let Some(stands_in) = ends.filter_map(|r| r.id()).find_map(|id| first.get(id)).cloned() else { continue };
            verdict.order = Some(Order::DeleteFirst);
            verdict.constraint = Some(format!("{stands_in}, which it depends on, goes first"));
            first.extend(verdict.object.map(|object| (object.id.clone(), verdict.address.clone())));
            grown = true;
        }
    }
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.order == Some(Order::DeleteFirst)) {
        verdict.marks.clear();
        verdict.calls = make(verdict.address.kind, &verdict.resource.map(|r| r.record.clone()).unwrap_or_default(), None);
    }
}

/// The replacements whose old object is in the way of something that the new one needs: an internet gateway leaves its VPC only
/// when nothing there has a public address, and nothing in the next VPC gets one before it is there.
fn in_the_way(folded: &Folded, verdicts: &[Verdict<'_>]) -> BTreeMap<Address, Address> {
    let view = folded.view();
    let empty = Record::new();
    let demands = |verdict: &Verdict<'_>, calls: &[Call]| -> Vec<After> {
        let record = verdict.resource.map_or(&empty, |resource| &resource.record);
        calls.iter().flat_map(|call| verdict.address.kind.rules().after(call, record, &view)).collect()
    };
    let mut found = BTreeMap::new();
    for verdict in verdicts {
        let gone = demands(verdict, &verdict.calls).into_iter().filter_map(|after| match after {
            After::Gone(address) => Some(address),
            After::Ready(_) => None,
        });
        let gone: BTreeSet<Address> = gone.collect();
        if gone.is_empty() {
            continue;
        }
        for other in verdicts.iter().filter(|other| other.action == Action::Replace && gone.contains(&other.address)) {
            if demands(other, &other.calls).contains(&After::Ready(verdict.address.clone())) {
                found.insert(other.address.clone(), verdict.address.clone());
            }
        }
    }
    found
}
