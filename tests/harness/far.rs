//! An EC2 that is far away: each answer takes its time, on a paused clock.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use trueup_ec2::Transport;

use super::{World, topology};

/// One way there and back.
const AWAY: Duration = Duration::from_millis(150);

/// The same EC2, far away.
fn far(near: Transport) -> Transport {
    Arc::new(move |request| {
        let near = Arc::clone(&near);
        Box::pin(async move {
            sleep(AWAY).await;
            near(request).await
        })
    })
}

/// What a plan asked, in which nothing was to do.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The calls, STS's included.
    pub calls: u64,
    /// How long it took, where everything but EC2's answers takes no time.
    pub time: Duration,
}

impl Asked {
    /// How many answers it waited for one after the other.
    pub fn round_trips(&self) -> f64 {
        self.time.as_secs_f64() / AWAY.as_secs_f64()
    }
}

/// What a plan asks of this spec, which was applied. The clock must be paused.
pub async fn asked(spec: &str) -> Asked {
    let world = World::new().await;
    let spec = topology(spec);
    world.apply(&spec).await;
    let start = Instant::now();
    let there = world.again(far).await;
    assert!(there.plan(&spec).await.is_empty());
    Asked {
        calls: there.ec2.calls().values().sum(),
        time: start.elapsed(),
    }
}
