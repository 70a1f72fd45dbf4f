//! A sandbox in process, and the journey from a topology to a network and back.

use std::sync::Arc;

use trueup_ec2::{Connect, Ec2, Transport};
use trueup_engine::Options;
use trueup_model::{Cloud, Event, Observed, Outcome, Plan, Topology};
use trueup_sandbox::{Behaviour, Sandbox};

use crate::{SHOWN_AFTER, over_http};

/// A simulated EC2 with a connection to it.
pub struct World {
    /// The connection.
    pub ec2: Ec2,
    transport: Transport,
    /// Whether what answers is the sandbox, which heeds `DryRun` as EC2 does.
    is_sandbox: bool,
}

impl World {
    /// A fresh sandbox where everything is done at once.
    pub async fn new() -> Self {
        Self::with(Behaviour::Instant).await
    }

    /// A fresh sandbox of this behaviour.
    pub async fn with(behaviour: Behaviour) -> Self {
        Self::over(&Arc::new(Sandbox::new(trueup_sandbox::Options {
            behaviour,
            ..trueup_sandbox::Options::default()
        })))
        .await
    }

    /// This sandbox.
    pub async fn over(sandbox: &Arc<Sandbox>) -> Self {
        Self::behind(transport(sandbox), true).await
    }

    /// What answers at a URL.
    pub async fn at(url: &str) -> Self {
        Self::behind(over_http::transport(url), false).await
    }

    /// Another process on the same network, whose way there goes through `wrap`. Like one at AWS it gives EC2
    /// a moment to show what it made to others.
    pub async fn again(&self, wrap: impl FnOnce(Transport) -> Transport) -> Self {
        Self::by(
            wrap(Arc::clone(&self.transport)),
            Connect {
                shown_after: Some(SHOWN_AFTER),
                ..Connect::default()
            },
            self.is_sandbox,
        )
        .await
    }

    /// The way there.
    pub fn transport(&self) -> Transport {
        Arc::clone(&self.transport)
    }

    /// Another process, in another region of the same account.
    pub async fn in_region(&self, region: &str) -> Self {
        self.connecting(Connect {
            region: Some(region.to_owned()),
            ..Connect::default()
        })
        .await
    }

    async fn behind(transport: Transport, is_sandbox: bool) -> Self {
        Self::by(transport, Connect::default(), is_sandbox).await
    }

    /// Another process on the same network, which connects so.
    pub async fn connecting(&self, connect: Connect) -> Self {
        Self::by(Arc::clone(&self.transport), connect, self.is_sandbox).await
    }

    async fn by(transport: Transport, connect: Connect, is_sandbox: bool) -> Self {
        let connect = Connect {
            transport: Some(Arc::clone(&transport)),
            heeds_dry_run: is_sandbox.then_some(true),
            ..connect
        };
        let ec2 = Ec2::connect(connect)
            .await
            .unwrap_or_else(|error| panic!("no connection: {error}"));
        Self {
            ec2,
            transport,
            is_sandbox,
        }
    }

    /// Sends a call of somebody else, such as `DeleteTags&ResourceId.1=vpc-1&Tag.1.Key=Name`; it must
    /// succeed.
    pub async fn call(&self, query: &str) -> String {
        self.try_call(query)
            .await
            .unwrap_or_else(|refused| panic!("{query}: {refused}"))
    }

    /// Sends a call of somebody else; a refusal is the error.
    pub async fn try_call(&self, query: &str) -> Result<String, String> {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let body = format!("Action={query}&Version=2016-11-15");
        let credential = "AWS4-HMAC-SHA256 Credential=test/20260101/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=0";
        let request =
            http::Request::post("https://ec2.us-west-2.amazonaws.com/").header("content-type", form);
        let request = request.header("authorization", credential).body(body.into());
        let request = request.unwrap_or_else(|error| panic!("{query}: {error}"));
        let response = (self.transport)(request).await;
        let text = String::from_utf8_lossy(response.body()).into_owned();
        if response.status().is_success() {
            Ok(text)
        } else {
            Err(text)
        }
    }

    /// What makes the network true to the topology.
    pub async fn plan(&self, topology: &Topology) -> Plan {
        let observed = self.observe(topology).await;
        trueup_plan::plan(topology, &observed)
    }

    /// What is there.
    pub async fn observe(&self, topology: &Topology) -> Observed {
        let observed = self
            .ec2
            .observe(&trueup_plan::scope(topology))
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(observed.unreadable.is_empty(), "{:?}", observed.unreadable);
        observed
    }

    /// Carries out a plan, which must succeed.
    pub async fn run(&self, plan: &Plan) -> Vec<Event> {
        self.try_run(plan)
            .await
            .unwrap_or_else(|failed| panic!("{failed}"))
    }

    /// Carries out a plan; what failed is the error.
    pub async fn try_run(&self, plan: &Plan) -> Result<Vec<Event>, String> {
        assert!(plan.refused.is_empty(), "{:?}", plan.refused);
        let mut events = Vec::new();
        let outcome: Outcome = trueup_engine::apply(
            plan,
            &self.ec2,
            &Options::default(),
            std::future::pending(),
            &mut |event| events.push(event),
        )
        .await;
        if outcome.is_success() {
            return Ok(events);
        }
        Err(format!(
            "{:#?}",
            events
                .iter()
                .filter(|event| matches!(event, Event::StepFailed { .. }))
                .collect::<Vec<_>>()
        ))
    }

    /// Makes the network true to the topology; the plan after it must be empty.
    pub async fn apply(&self, topology: &Topology) -> Plan {
        self.try_apply(topology)
            .await
            .unwrap_or_else(|failed| panic!("{failed}"))
    }

    /// Makes the network true to the topology; what failed, or is left to do, is the error.
    pub async fn try_apply(&self, topology: &Topology) -> Result<Plan, String> {
        let plan = self.plan(topology).await;
        self.try_run(&plan).await?;
        let again = self.plan(topology).await;
        if again.is_empty() && again.refused.is_empty() {
            return Ok(plan);
        }
        Err(format!(
            "a plan straight after an apply is not empty: {:#?} {:?}",
            again.changes, again.refused
        ))
    }

    /// Deletes what the topology owns; nothing of it may be left.
    pub async fn destroy(&self, topology: &Topology) -> Plan {
        let plan = trueup_plan::destroy(topology, &self.observe(topology).await);
        self.run(&plan).await;
        let left = self.observe(topology).await;
        let ours: Vec<_> = left
            .objects
            .iter()
            .filter(|object| object.owner.is_some())
            .collect();
        assert!(ours.is_empty(), "a destroy left {ours:#?}");
        plan
    }
}

/// The way into a sandbox without a socket.
pub(crate) fn transport(sandbox: &Arc<Sandbox>) -> Transport {
    let sandbox = Arc::clone(sandbox);
    Arc::new(move |request| {
        let sandbox = Arc::clone(&sandbox);
        Box::pin(async move {
            let mut response = sandbox.handle(request).await;
            if response.extensions().get::<trueup_sandbox::ReplyLost>().is_some() {
                response.extensions_mut().insert(trueup_ec2::ReplyLost);
            }
            response
        })
    })
}
