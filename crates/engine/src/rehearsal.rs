//! Asking before anything is done: whether EC2 would take the calls of a plan that stops or ends something.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use trueup_model::{Act, Address, Cloud, CloudError, Consent, ErrorClass, Plan, Ref, Role, Step};

use crate::known::Known;
use crate::run::resolve;

/// So many calls of one action are asked, where they differ.
const ASKED_MAX: usize = 10;

/// What a plan's calls would meet, by the number of the step: only what they would meet for good. Nothing is
/// asked of a plan that stops and ends nothing: there, what was done before a failure stands, and the next
/// run goes on from it.
pub async fn refused<C: Cloud>(plan: &Plan, cloud: &C) -> Vec<(usize, CloudError)> {
    let asked = asked(plan);
    let answers = join_all(asked.iter().map(|(_, act)| cloud.rehearse(act))).await;
    asked
        .iter()
        .zip(answers)
        .filter_map(|((step, act), answer)| {
            let error = answer.err()?;
            let passes = error.class == ErrorClass::Refused && may_be_mended(plan, step);
            (!passes).then_some((act.step, error))
        })
        .collect()
}

/// The steps whose calls can be asked in full before the first one is made: all that they refer to is there.
/// Of those that end an object one of each sort is asked, because of an end little more can be asked than
/// whether it is permitted; of the others one of those that say the same, and so many of an action.
fn asked(plan: &Plan) -> Vec<(&Step, Act)> {
    if !plan.changes.iter().any(|change| {
        matches!(
            plan.consent(change),
            Some(Consent::Stop | Consent::Replace | Consent::Delete)
        )
    }) {
        return Vec::new();
    }
    let known = Known::new(plan);
    let mut sorts = BTreeSet::new();
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    let complete = plan.steps.iter().filter_map(|step| {
        let act = resolve(plan, &known, step).ok()?;
        (step.call.role() == Role::Create || act.target.is_some()).then_some((step, act))
    });
    complete
        .filter(|(step, _)| {
            let call = &step.call;
            let says = (call.role() != Role::Delete).then(|| (call.sets.clone(), call.unsets.clone()));
            let count = asked.entry(call.action.name).or_default();
            let is_asked = *count < ASKED_MAX && sorts.insert((step.address.kind, call.action, says));
            *count += usize::from(is_asked);
            is_asked
        })
        .collect()
}

/// Whether a step that comes before another one changes what EC2 then says to its request: it changes
/// something that the other one refers to, or gives up what only one object may have. A range that a VPC is
/// given first is one that a subnet can be made in; a gateway that goes leaves the place to another one.
fn may_be_mended(plan: &Plan, step: &Step) -> bool {
    let refers = |step: &Step| -> BTreeSet<Address> {
        let refs = [step.call.sets.refs(), step.call.unsets.refs()].concat();
        refs.into_iter().filter_map(Ref::address).cloned().collect()
    };
    let own = refers(step);
    let takes = step.address.kind.rules().claims(&step.address, &step.call.sets);
    let mut before = BTreeSet::new();
    let mut left = step.after.clone();
    while let Some(number) = left.pop() {
        if let Some(step) = plan.steps.iter().find(|step| step.number == number)
            && before.insert(number)
        {
            left.extend(&step.after);
        }
    }
    let changes = |before: &Step| {
        before.call.role() == Role::Modify
            && (own.contains(&before.address)
                || (before.address.kind == step.address.kind && !refers(before).is_disjoint(&own)))
    };
    let gives_up = |before: &Step| {
        let given = before
            .address
            .kind
            .rules()
            .claims(&before.address, &before.call.unsets);
        given
            .iter()
            .any(|given| takes.iter().any(|taken| taken.clashes(given)))
    };
    plan.steps
        .iter()
        .filter(|other| before.contains(&other.number) && other.address != step.address)
        .any(|other| changes(other) || gives_up(other))
}
