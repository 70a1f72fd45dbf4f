//! A whole journey in one process: a spec's text, a plan, the engine, and the SDK over a sandbox.

#![expect(dead_code, reason = "every test binary uses a part of it")]

use std::collections::BTreeMap;
use std::sync::Arc;

use trueup_ec2::{Connect, Ec2, ReplyLost, Transport};
use trueup_model::rules::Files;
use trueup_model::{Cloud, Event, Observed, Outcome, Plan, Topology};
use trueup_sandbox::{Behaviour, Options, Sandbox};

/// Files that are not there.
pub struct NoFiles;

impl Files for NoFiles {
    fn text(&self, path: &str) -> Result<String, String> {
        Err(format!("{path} is not there"))
    }

    fn public_key(&self, _path: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

/// Public keys that EC2 takes.
pub const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVhGwVMZ0wKcwJ1E3MKZvvn6GEsXfCVVx5qVzMzNhV";
pub const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHn8eQzpPWYIuDDWzYZeFEFUWjmzXwCCPHXOAkJSYAPM";

/// A sandbox of this behaviour.
pub fn sandbox(behaviour: Behaviour, seed: u64) -> Arc<Sandbox> {
    Arc::new(Sandbox::new(Options { behaviour, seed, ..Options::default() }))
}

/// The way into a sandbox.
pub fn transport(sandbox: &Arc<Sandbox>) -> Transport {
    let sandbox = Arc::clone(sandbox);
    Arc::new(move |request| {
        let sandbox = Arc::clone(&sandbox);
        Box::pin(async move {
            let mut response = sandbox.handle(request).await;
            if response.extensions().get::<trueup_sandbox::ReplyLost>().is_some() {
                response.extensions_mut().insert(ReplyLost);
            }
            response
        })
    })
}

/// Connects to a sandbox.
pub async fn connect(sandbox: &Arc<Sandbox>) -> Ec2 {
    Ec2::connect(Connect { transport: Some(transport(sandbox)), ..Connect::default() }).await.expect("the sandbox answers")
}

/// The topology of a spec that must be right.
pub fn topology(text: &str) -> Topology {
    let parsed = trueup_spec::parse("test.yaml", text, &trueup_spec::Options { region: Some("us-west-2"), files: &NoFiles });
    let Some(topology) = parsed.topology else { panic!("{:#?}", parsed.diagnostics) };
    topology
}

/// What is there, for this topology.
pub async fn observe(ec2: &Ec2, topology: &Topology) -> Observed {
    let observed = ec2.observe(&trueup_plan::scope(topology)).await.expect("the sandbox can be read");
    assert_eq!(observed.unreadable, BTreeMap::new());
    observed
}

/// The plan that makes the cloud true to the topology.
pub async fn plan(ec2: &Ec2, topology: &Topology) -> Plan {
    trueup_plan::plan(topology, &observe(ec2, topology).await)
}

/// What is told about a plan that should be empty.
pub fn told(plan: &Plan) -> String {
    let mut text = String::new();
    for refusal in &plan.refused {
        text += &format!("refused {}: {}\n", refusal.address, refusal.why);
    }
    for change in &plan.changes {
        text += &format!("{:?} {}\n", change.action, change.address);
        for attribute in &change.attributes {
            text += &format!("  {} {:?}: {:?} -> {:?}\n", attribute.path, attribute.member, attribute.before, attribute.after);
        }
    }
    text
}

/// Runs a plan and says which step failed.
pub async fn run(ec2: &Ec2, plan: &Plan) -> Outcome {
    assert!(plan.refused.is_empty(), "{}", told(plan));
    let mut failures = Vec::new();
    let mut sink = |event: Event| {
        if let Event::StepFailed { step, message, .. } = event {
            failures.push(format!("{} {}: {message}", step.call, step.address));
        }
    };
    let outcome = trueup_engine::apply(plan, ec2, &trueup_engine::Options::default(), std::future::pending(), &mut sink).await;
    assert!(outcome.is_success(), "{failures:#?}");
    outcome
}

/// Applies a spec and makes sure that nothing is left to do. Answers what was done, as `action call`.
pub async fn apply(ec2: &Ec2, text: &str) -> Vec<String> {
    let topology = topology(text);
    let plan = plan(ec2, &topology).await;
    run(ec2, &plan).await;
    let again = self::plan(ec2, &topology).await;
    assert!(again.changes.is_empty() && again.refused.is_empty(), "after an apply there is still:\n{}", told(&again));
    plan.steps.iter().map(|step| step.call.action.to_owned()).collect()
}

/// Deletes what a spec made, and makes sure that nothing of it is left.
pub async fn destroy(ec2: &Ec2, text: &str) {
    let topology = topology(text);
    let plan = trueup_plan::destroy(&topology, &observe(ec2, &topology).await);
    run(ec2, &plan).await;
    let left = observe(ec2, &topology).await;
    let ours: Vec<_> = left.objects.iter().filter(|object| object.owner.is_some()).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
