//! The only crate that knows the EC2 SDK: it connects, calls, reads and acts.
//!
//! [`Ec2`] is a live EC2 behind the engine's seam, [`Cloud`]. The journey of a call: a kind's file builds the
//! request, [`call`] passes it through a token bucket, makes it, classifies what came back, repeats what is
//! known to pass, and counts it. Reading folds EC2's answers into the spec's own language, one file per kind.

mod act;
mod answer;
mod association;
mod bucket;
mod call;
mod cidr_block;
mod classify;
mod connect;
mod endpoint;
mod failure;
mod filter;
mod holders;
mod image;
mod kinds;
mod ownership;
mod prefix_list;
mod read;
mod rehearsal;
mod reply;
mod retry;
mod session_state;
mod tags;
mod token;
mod transport;
mod unsuccessful;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use trueup_model::{
    Act, Acted, Cloud, CloudError, Kind, Object, Observed, Outside, Scope, Settled, Site, Sought, Wait,
};

pub use connect::Connect;
pub use endpoint::{Endpoint, Service};
pub use transport::{ReplyLost, Transport};
pub use waiting::Waiting;

use call::Caller;
use session_state::SessionState;

/// A live EC2: one account and region, reached with one set of credentials.
pub struct Ec2 {
    client: aws_sdk_ec2::Client,
    caller: Arc<Caller>,
    session: Arc<SessionState>,
    shown_after: Duration,
    heeds_dry_run: bool,
    site: Site,
}

impl Ec2 {
    /// Connects, and asks STS (`GetCallerIdentity`) whose credentials these are.
    ///
    /// # Errors
    /// `Credentials` where there are none or they are not valid, `Connection` where nothing answers,
    /// `Refused` where no region is known.
    pub async fn connect(connect: Connect) -> Result<Self, CloudError> {
        connect::connect(connect).await
    }

    /// Where that is: what is read and changed.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Where EC2 is asked.
    pub fn endpoint(&self) -> &Endpoint {
        self.caller.endpoint()
    }

    /// The instances in the topology's VPCs that are not the topology's: one `DescribeInstances`, which no
    /// plan needs.
    pub async fn others(&self, scope: &Scope, observed: &Observed) -> Result<Vec<Object>, CloudError> {
        Ok(read::others(self, scope, observed).await?)
    }

    /// Where a topology lives of which nothing was observed here: by region, how many objects carry its tags
    /// (`DescribeRegions`, `DescribeTags`). A region that these credentials may not read, or that does not
    /// answer, says nothing.
    pub async fn elsewhere(&self, scope: &Scope, observed: &Observed) -> BTreeMap<String, usize> {
        self.caller
            .told(read::elsewhere(self, scope, &observed.objects))
            .await
    }

    /// What there is of these, which no bulk read shows (`DescribeImages`, `DescribeInstanceTypeOfferings`,
    /// `DescribeInstanceTypes`, `DescribeTransitGateways`, …).
    pub async fn outside(&self, sought: &BTreeSet<Sought>) -> BTreeMap<Sought, Outside> {
        read::outside(self, sought).await
    }

    /// The objects that creates equal to these made before and that carry no topology's tags any more
    /// (`DescribeInstances`): EC2 would answer with them, and make nothing.
    pub async fn lost(&self, creates: &[Act]) -> Vec<Object> {
        read::lost(self, creates).await
    }

    /// How many calls were made so far, by action, repeats included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.caller.counts()
    }
}

impl std::fmt::Debug for Ec2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ec2")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl Cloud for Ec2 {
    async fn observe(&self, scope: &Scope) -> Result<Observed, CloudError> {
        self.caller.told(read::observe(self, scope)).await
    }

    async fn act(&self, act: &Act, retrying: &dyn Fn(&str)) -> Result<Acted, CloudError> {
        act::act(self, act, retrying).await
    }

    async fn rehearse(&self, act: &Act) -> Result<(), CloudError> {
        rehearsal::rehearse(self, act).await
    }

    fn give_up_repeats(&self, now: bool) {
        self.caller.give_up_repeats(now);
    }

    async fn settle(&self, kind: Kind, waits: &[Wait]) -> Result<Vec<Settled>, CloudError> {
        let settled = kinds::settle(self, kind, waits).await?;
        // guard: answers that are repeated
        if !kind.has_token() {
            return Ok(settled);
        }
        Ok(waits
            .iter()
            .zip(settled)
            .map(|(wait, settled)| ownership::repeated(self, kind, wait, settled))
            .collect())
    }
}
