//! Asking before anything is done: whether EC2 would take the calls of a plan that stops or ends something.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use trueup_model::{Act, Cloud, CloudError, Consent, Plan, Role};

use crate::known::Known;
use crate::run::resolve;

/// What a plan's calls would meet, by the number of the step: only what they would meet for good. Nothing is
/// asked of a plan that stops and ends nothing: there, what was done before a failure stands, and the next
/// run goes on from it.
pub async fn refused<C: Cloud>(plan: &Plan, cloud: &C) -> Vec<(usize, CloudError)> {
    let acts = acts(plan);
    let asked = join_all(acts.iter().map(|act| cloud.rehearse(act))).await;
    acts.iter()
        .zip(asked)
        .filter_map(|(act, answer)| Some((act.step, answer.err()?)))
        .collect()
}

/// The calls that can be asked in full before the first one is made: all that they refer to is there. Of
/// those that end an object one of each sort is asked, because of an end little more can be asked than
/// whether it is permitted.
fn acts(plan: &Plan) -> Vec<Act> {
    if !plan.changes.iter().any(|change| {
        matches!(
            plan.consent(change),
            Some(Consent::Stop | Consent::Replace | Consent::Delete)
        )
    }) {
        return Vec::new();
    }
    let known = Known::new(plan);
    let mut ends = BTreeSet::new();
    let asked = plan
        .steps
        .iter()
        .filter(|step| step.call.role != Role::Delete || ends.insert(step.call.action));
    let complete = asked.filter_map(|step| {
        let act = resolve(plan, &known, step).ok()?;
        (step.call.role == Role::Create || act.target.is_some()).then_some(act)
    });
    complete.collect()
}
