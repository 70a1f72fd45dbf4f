//! The client keeps within EC2's documented request limits by itself, says when it waits for them, leaves
//! others the share that it is told to leave, and asks for many things at once.

use std::time::Duration;

use tokio::time::Instant;
use trueup_ec2::Connect;
use trueup_model::{Cloud, Event, Kind, Settled, Wait};
use trueup_sandbox::Behaviour;
use trueup_tests::{World, paused, topology};

/// EC2 takes four endpoints at once, and then one every 3.3 seconds.
const ENDPOINTS: usize = 10;

fn spec() -> String {
    let vpcs: String = (0..ENDPOINTS)
        .map(|n| format!("  v{n}: {{cidr_block: 10.{n}.0.0/16}}\n"))
        .collect();
    let endpoints: String = (0..ENDPOINTS)
        .map(|n| format!("  e{n}: {{vpc: v{n}, service: s3}}\n"))
        .collect();
    format!("topology: limits\nregion: us-west-2\nvpc:\n{vpcs}vpc_endpoint:\n{endpoints}")
}

/// How long an apply takes that uses this share of the limits, and what it says on the way.
fn apply(request_rate: f64) -> (Duration, Vec<String>) {
    paused(async {
        let connect = Connect {
            request_rate: Some(request_rate),
            ..Connect::default()
        };
        let world = World::with(Behaviour::Realistic).await.connecting(connect).await;
        let plan = world.plan(&topology(&spec())).await;
        let start = Instant::now();
        let events = world.run(&plan).await;
        let told = events.into_iter().filter_map(|event| match event {
            Event::Retrying { why, .. } => Some(why),
            _ => None,
        });
        (start.elapsed(), told.collect())
    })
}

#[test]
fn limits_are_kept_and_waits_for_them_are_told() {
    let (whole, told) = apply(1.0);
    let (half, told_of_half) = apply(0.5);
    for why in told.iter().chain(&told_of_half) {
        assert!(
            why.starts_with("CreateVpcEndpoint waits ")
                && why.ends_with(" s to stay within EC2's request limits"),
            "{why}"
        );
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
    assert!(
        told.iter().any(|why| why.contains("RequestLimitExceeded")),
        "{told:?}"
    );
}

#[test]
fn one_look_finds_those_that_are_there_whatever_is_not() {
    paused(async {
        let world = World::new().await;
        let spec = "topology: looks\nregion: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16}}\nnetwork_acl: {a: {}, b: {}}\n\
                    vpc_endpoint: {s3: {service: s3}, db: {service: dynamodb}}\n";
        world.apply(&topology(spec)).await;
        let observed = world.observe(&topology(spec)).await;
        for (kind, missing) in [
            (Kind::NetworkAcl, "acl-0123456789abcdef0"),
            (Kind::VpcEndpoint, "vpce-0123456789abcdef0"),
        ] {
            let ids = observed
                .objects
                .iter()
                .filter(|object| object.kind == kind && object.owner.is_some())
                .map(|object| object.id.clone());
            let waits = |ids: &[String]| {
                ids.iter()
                    .map(|id| Wait {
                        id: id.clone(),
                        until: trueup_model::Waiter::until("available", 10),
                    })
                    .collect::<Vec<_>>()
            };
            let all: Vec<String> = ids.chain([missing.to_owned()]).collect();
            let settled = world.ec2.settle(kind, &waits(&all)).await.unwrap();
            let done = |settled: &Settled| matches!(settled, Settled::Done(_));
            assert_eq!(
                settled.iter().map(done).collect::<Vec<_>>(),
                [true, true, false],
                "{settled:?}"
            );
            let settled = world.ec2.settle(kind, &waits(&all[2..])).await.unwrap();
            assert!(matches!(&settled[..], [Settled::Pending(_)]), "{settled:?}");
        }
    });
}
