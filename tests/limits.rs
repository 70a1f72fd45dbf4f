//! The client keeps within EC2's documented request limits by itself, says when it waits for them, and leaves others the share that it
//! is told to leave.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trueup_ec2::{Connect, Ec2};
use trueup_engine::Options;
use trueup_model::{Cloud, Event};
use trueup_sandbox::{Behaviour, Sandbox};
use trueup_tests::{World, paused, topology};

/// EC2 takes four endpoints at once, and then one every 3.3 seconds.
const ENDPOINTS: usize = 10;

fn spec() -> String {
    let vpcs: String = (0..ENDPOINTS).map(|n| format!("  v{n}: {{cidr_block: 10.{n}.0.0/16}}\n")).collect();
    let endpoints: String = (0..ENDPOINTS).map(|n| format!("  e{n}: {{vpc: v{n}, service: s3}}\n")).collect();
    format!("topology: limits\nregion: us-west-2\nvpc:\n{vpcs}vpc_endpoint:\n{endpoints}")
}

/// How long an apply takes that uses this share of the limits, and what it says on the way.
fn apply(request_rate: f64) -> (Duration, Vec<String>) {
    paused(async {
        let behaviour = Behaviour::Realistic;
        let sandbox = Arc::new(Sandbox::new(trueup_sandbox::Options { behaviour, ..trueup_sandbox::Options::default() }));
        let transport = Some(World::over(&sandbox).await.transport());
        let connect = Connect { transport, request_rate: Some(request_rate), ..Connect::default() };
        let ec2 = Ec2::connect(connect).await.unwrap();
        let topology = topology(&spec());
        let observed = ec2.observe(&trueup_plan::scope(&topology)).await.unwrap();
        let plan = trueup_plan::plan(&topology, &observed);
        let start = Instant::now();
        let mut told = Vec::new();
        let mut sink = |event| match event {
            Event::Retrying { why, .. } => told.push(why),
            Event::StepFailed { message, .. } => panic!("{message}"),
            _ => {}
        };
        let outcome = trueup_engine::apply(&plan, &ec2, &Options::default(), std::future::pending(), &mut sink).await;
        assert!(outcome.is_success());
        (start.elapsed(), told)
    })
}

#[test]
fn limits_are_kept_and_waits_for_them_are_told() {
    let (whole, told) = apply(1.0);
    let (half, told_of_half) = apply(0.5);
    for why in told.iter().chain(&told_of_half) {
        assert!(why.starts_with("CreateVpcEndpoint waits ") && why.ends_with(" s to stay within EC2's request limits"), "{why}");
    }
    // Six that have to wait, of which the first is through before that is worth a word.
    assert!((4..=6).contains(&told.len()), "{told:?}");
    let through = |size: f64, refill: f64| Duration::from_secs_f64((ENDPOINTS as f64 - size) / refill);
    assert!(whole >= through(4.0, 0.3), "{whole:?}");
    assert!(half >= through(2.0, 0.15), "{half:?}");
}

#[test]
fn a_client_that_knows_no_limits_is_taught_them() {
    let (_, told) = apply(1000.0);
    assert!(told.iter().any(|why| why.contains("RequestLimitExceeded")), "{told:?}");
}
