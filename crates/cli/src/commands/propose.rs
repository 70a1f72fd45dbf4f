//! The plan that plan and apply show: what makes the network true to the spec, what that does to who can talk
//! to whom, and in which order, where one that EC2 takes would open for a moment what the spec forbids; and
//! what does not work in between.

use trueup_model::{Observed, Plan, Topology};
use trueup_reach::{BeforeAfter, Transition};

use crate::error::Error;
use crate::session::Session;

/// Plans, reviews, and looks for what is there and lost its tags, and for what the plan uses of others. With
/// `deny_exposure` a plan is refused by which the internet reaches something that no expectation says it can.
pub async fn propose(session: &mut Session, observed: &Observed, deny_exposure: bool) -> Result<Plan, Error> {
    let mut plan = reviewed(&session.topology, observed, deny_exposure);
    if let Some(observed) = session.look_for_lost(&plan, observed).await? {
        plan = reviewed(&session.topology, &observed, deny_exposure);
    }
    session.look_outside(&mut plan, observed).await?;
    Ok(plan)
}

/// Plans and reviews.
fn reviewed(topology: &Topology, observed: &Observed, deny_exposure: bool) -> Plan {
    let mut plan = trueup_plan::plan(topology, observed);
    let observed = &*trueup_plan::held(topology, observed);
    let networks = BeforeAfter::of(&plan, topology, observed);
    let transition = networks
        .as_ref()
        .and_then(|networks| Transition::of(&plan, topology, observed, networks));
    let ordered = transition
        .as_ref()
        .map(|transition| trueup_plan::barrier(&mut plan, &|steps| transition.is_fine(steps)));
    trueup_reach::review(&mut plan, topology, observed, networks.as_ref(), deny_exposure);
    match (&transition, ordered) {
        (Some(transition), Some(Ok(waiting))) => transition.announce(&mut plan, &waiting),
        // Where it is refused anyhow, the order is not what is wrong.
        (Some(transition), Some(Err(stuck))) if plan.refused.is_empty() => {
            transition.refuse(&mut plan, &stuck);
        }
        _ => {}
    }
    if let Some(networks) = &networks {
        trueup_reach::report_gaps(&mut plan, topology, observed, networks);
    }
    plan
}
