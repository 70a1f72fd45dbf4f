//! Before and after a plan: the network that is live and the one that the plan leaves, for all that is asked
//! about both.

use trueup_model::{Guard, Observed, Plan, Topology};

use crate::engine::{Engine, Ready};
use crate::fill::{Lists, after_plan, left, observed as live_network};

/// The networks before and after a plan, with what their engines have worked out.
#[derive(Clone, Debug)]
pub struct BeforeAfter {
    before: Ready,
    after: Ready,
}

impl BeforeAfter {
    /// The two networks of a plan; `None` where it changes nothing, or where too little was read to compare
    /// them.
    pub fn of(plan: &Plan, topology: &Topology, observed: &Observed) -> Option<Self> {
        (!plan.is_empty() && is_read(plan)).then(|| Self::in_any_case(plan, topology, observed))
    }

    /// The two networks of a plan, whatever is known about them: for tests.
    #[doc(hidden)]
    pub fn in_any_case(plan: &Plan, topology: &Topology, observed: &Observed) -> Self {
        let before = Ready::new(live_network(observed, &topology.name, &Lists::new()));
        Self {
            before,
            after: after(plan, topology, observed),
        }
    }

    pub(crate) fn before(&self) -> Engine<'_> {
        self.before.engine()
    }

    pub(crate) fn after(&self) -> Engine<'_> {
        self.after.engine()
    }
}

/// The network that a plan leaves, as far as it is known.
pub(crate) fn after(plan: &Plan, topology: &Topology, observed: &Observed) -> Ready {
    Ready::new(left(&after_plan(topology, observed, plan, None), topology))
}

/// Whether the spec is for another account or region, where nothing was read.
pub(crate) fn is_elsewhere(plan: &Plan) -> bool {
    plan.refused
        .iter()
        .any(|refusal| matches!(refusal.guard, Guard::Account | Guard::Region))
}

/// Whether everything was read. In another account or region than the spec's nothing was.
pub(crate) fn is_read(plan: &Plan) -> bool {
    plan.is_complete() && !is_elsewhere(plan)
}
