//! What is called on the way to EC2: reads change nothing, and a run makes no change that its plan did not announce.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trueup_ec2::Transport;
use trueup_model::Plan;

/// The calls that finish a step whose own call may have happened already, or that EC2 wants in its place.
const STAND_INS: [(&str, &str); 7] = [
    ("ReplaceRoute", "CreateRoute"),
    ("ModifyNetworkInterfaceAttribute", "ModifyInstanceAttribute"),
    ("DisassociateRouteTable", "DeleteRouteTable"),
    ("AssociateRouteTable", "ReplaceRouteTableAssociation"),
    // What somebody else made at the same time takes the place of what this run made.
    ("DeleteVpc", "CreateVpc"),
    ("DeleteInternetGateway", "CreateInternetGateway"),
    ("ReleaseAddress", "AllocateAddress"),
];

/// Looks at every call.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    announced: Option<BTreeSet<&'static str>>,
    complaint: Option<String>,
}

impl Watch {
    /// This way to an EC2, watched.
    pub fn within(watch: &Arc<Self>, transport: Transport) -> Transport {
        let watch = Arc::clone(watch);
        Arc::new(move |request| {
            let text = String::from_utf8_lossy(request.body());
            watch.look(text.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or_default());
            transport(request)
        })
    }

    /// Until now only reads were right; from now on what this plan announces is.
    pub fn expect(&self, plan: &Plan) {
        self.seen().announced = Some(plan.steps.iter().map(|step| step.call.action).collect());
    }

    /// What was not right.
    ///
    /// # Errors
    /// The first such thing.
    pub fn complaint(&self) -> Result<(), String> {
        self.seen().complaint.take().map_or(Ok(()), Err)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, action: &str) {
        if action.starts_with("Describe") || action.starts_with("Get") {
            return;
        }
        let mut seen = self.seen();
        let is_announced = |action: &str| seen.announced.as_ref().is_some_and(|announced| announced.contains(action));
        let announced = is_announced(action) || STAND_INS.iter().any(|(stand_in, of)| *stand_in == action && is_announced(of));
        if seen.announced.is_none() {
            seen.complaint.get_or_insert_with(|| format!("a plan calls {action}"));
        } else if !announced {
            seen.complaint.get_or_insert_with(|| format!("{action} is called, and the plan does not announce it"));
        }
    }
}
