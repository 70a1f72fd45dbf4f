//! A process that dies at a call: a connection that burns through, before the call is sent or before its
//! answer comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use trueup_ec2::Transport;

/// When, at a call, the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The call is never sent.
    Before,
    /// The call has its effect, and its answer is never heard.
    After,
}

/// Burns through at a call, counted from when it is lit. What is only asked about has no effect and does not
/// count: who dies there has done nothing yet.
#[derive(Clone, Debug, Default)]
pub struct CrashPoint {
    /// How many calls are left; 0 while it is not lit.
    left: Arc<AtomicUsize>,
    through: Arc<Notify>,
}

impl CrashPoint {
    /// Lights it: it burns through at the call of this number, from 1.
    pub fn arm(&self, call: usize) {
        self.left.store(call, Ordering::SeqCst);
    }

    /// Waits until it is through.
    pub async fn reached(&self) {
        self.through.notified().await;
    }

    /// This way to an EC2 with the crash point in it. What comes after the last call is never sent: the
    /// process is dead.
    pub fn within(&self, transport: Transport, death: Death) -> Transport {
        let crash_point = self.clone();
        Arc::new(move |request| {
            let (crash_point, transport) = (crash_point.clone(), Arc::clone(&transport));
            Box::pin(async move {
                let is_asked = String::from_utf8_lossy(request.body()).contains("&DryRun=true");
                if is_asked || !crash_point.ends_now() {
                    return transport(request).await;
                }
                if death == Death::After {
                    transport(request).await;
                }
                crash_point.through.notify_one();
                std::future::pending().await
            })
        })
    }

    fn ends_now(&self) -> bool {
        self.left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            == Ok(1)
    }
}
