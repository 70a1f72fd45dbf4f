//! Two processes on one network at the same time, and a person who changes it meanwhile: one set of objects
//! remains, nobody else's object goes, and each process ends and says what became of every step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::sleep;
use trueup_model::{Event, Kind, Topology};
use trueup_sandbox::{Behaviour, Options, Sandbox};
use trueup_tests::filled;
use trueup_tests::meddlings::{MEDDLINGS, Meddling, network};
use trueup_tests::{EVERY_KIND, World, holders, one_each, paused, topology};

/// How much later the second one comes: at the same moment, within a call of the first, and at every stage of
/// its run.
const LATER_MILLIS: [u64; 16] = [
    0, 10, 30, 90, 200, 500, 1000, 1500, 2000, 3000, 5000, 9000, 20_000, 45_000, 100_000, 200_000,
];

/// With so many draws of when EC2 shows to others what is new.
const SEEDS: u64 = 4;

/// After so long EC2 shows everything to everybody, and what goes is gone.
const SETTLED: Duration = Duration::from_secs(3600);

/// What a process is there for.
#[derive(Clone, Copy, Debug)]
enum Aim {
    Apply,
    Destroy,
}

/// A process: it comes so much later, plans, and carries its plan out to an end that accounts for every step.
/// What failed.
async fn run(world: &World, wanted: &Topology, aim: Aim, later: Duration) -> Vec<String> {
    sleep(later).await;
    let process = world.again(|transport| transport).await;
    let observed = process.observe(wanted).await;
    let plan = match aim {
        Aim::Apply => trueup_plan::plan(wanted, &observed),
        Aim::Destroy => trueup_plan::destroy(wanted, &observed),
    };
    assert!(plan.refused.is_empty(), "{later:?}: {:?}", plan.refused);
    let mut failures = Vec::new();
    let mut note = |event| {
        if let Event::StepFailed { message, .. } = event {
            failures.push(message);
        }
    };
    let outcome = trueup_engine::apply(
        &plan,
        &process.ec2,
        &trueup_engine::Options::default(),
        std::future::pending(),
        &mut note,
    )
    .await;
    assert_eq!(
        outcome.done.len() + outcome.failed.len() + outcome.skipped.len(),
        plan.steps.len(),
        "a step is not accounted for"
    );
    assert_eq!(outcome.failed.len(), failures.len(), "a failure is not told");
    failures
}

/// A region where others have something already: that as well. Each `seed` shows what is made to others at
/// other times.
async fn among_others(wanted: &Topology, seed: u64) -> (World, BTreeMap<String, usize>) {
    let options = Options {
        behaviour: Behaviour::Realistic,
        seed,
        ..Options::default()
    };
    let world = World::over(&Arc::new(Sandbox::new(options))).await;
    world.call("CreateVpc&CidrBlock=172.20.0.0/16").await;
    world.call("CreateInternetGateway").await;
    world.call("AllocateAddress&Domain=vpc").await;
    sleep(SETTLED).await;
    let others = holders(&world.observe(wanted).await);
    // EC2's own set of DHCP options is there as well, where a spec speaks of such sets.
    let made = others.keys().filter(|other| !other.starts_with("dopt-"));
    assert_eq!(made.count(), 3, "{others:?}");
    (world, others)
}

/// Each resource has one object and nothing else is ours, and what others had is there.
async fn is_one_set(world: &World, wanted: &Topology, others: &BTreeMap<String, usize>, when: Duration) {
    sleep(SETTLED).await;
    let mut expected = one_each(wanted);
    expected.extend(others.clone());
    let mut live = holders(&world.observe(wanted).await);
    // Others may have made something since.
    live.retain(|holder, _| expected.contains_key(holder) || holder.contains('.'));
    assert_eq!(live, expected, "{when:?}");
}

#[test]
fn two_applies_at_once_leave_one_set() {
    let wanted = topology(EVERY_KIND);
    for (seed, later) in
        (0..SEEDS).flat_map(|seed| LATER_MILLIS.map(|millis| (seed, Duration::from_millis(millis))))
    {
        paused(async {
            let (world, others) = among_others(&wanted, seed).await;
            let apply = |later| run(&world, &wanted, Aim::Apply, later);
            let (first, second) = join(apply(Duration::ZERO), apply(later)).await;
            // One of them may meet a part that the other one has just added, and leaves the rest to it.
            assert!(
                first.is_empty() || second.is_empty(),
                "{later:?}: {first:#?} {second:#?}"
            );
            // Nobody heals anything before.
            is_one_set(&world, &wanted, &others, later).await;
            let rest = world.plan(&wanted).await;
            assert!(
                rest.is_empty() && rest.refused.is_empty(),
                "{later:?}: {:#?} {:?}",
                rest.changes,
                rest.refused
            );
        });
    }
}

#[test]
fn an_apply_while_a_destroy_runs_and_a_destroy_while_an_apply_runs_both_end() {
    let wanted = topology(EVERY_KIND);
    for (first, second) in [(Aim::Destroy, Aim::Apply), (Aim::Apply, Aim::Destroy)] {
        for (seed, later) in (0..).zip(LATER_MILLIS.map(Duration::from_millis)) {
            paused(async {
                let (world, others) = among_others(&wanted, seed).await;
                if matches!(first, Aim::Destroy) {
                    world.apply(&wanted).await;
                }
                join(
                    run(&world, &wanted, first, Duration::ZERO),
                    run(&world, &wanted, second, later),
                )
                .await;
                sleep(SETTLED).await;
                let left = holders(&world.observe(&wanted).await);
                let doubled: Vec<_> = left.iter().filter(|(_, count)| **count > 1).collect();
                assert!(doubled.is_empty(), "{first:?}, {later:?}: {doubled:?}");
                // Whoever has the last word has the network.
                world.apply(&wanted).await;
                is_one_set(&world, &wanted, &others, later).await;
            });
        }
    }
}

#[test]
fn what_another_run_made_with_what_somebody_deleted_since_is_taken() {
    let wanted = topology(concat!(
        "topology: t\nregion: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16}}\nroute_table: {main: {vpc: main}}\n",
        "vpc_endpoint: {s3: {vpc: main, service: s3, route_tables: [main]}}\n",
    ));
    paused(async {
        let (world, others) = among_others(&wanted, 0).await;
        let late = world.again(|transport| transport).await;
        let plan = late.plan(&wanted).await;
        let made = world.apply(&wanted).await;
        assert!(!made.is_empty());
        let tables = world
            .observe(&wanted)
            .await
            .objects
            .into_iter()
            .filter(|object| object.kind == Kind::RouteTable);
        for table in tables.filter(|table| table.owner.is_some()) {
            world
                .call(&format!("DeleteRouteTable&RouteTableId={}", table.id))
                .await;
        }
        // Its table is another one, and so would be its endpoint.
        late.run(&plan).await;
        is_one_set(&world, &wanted, &others, SETTLED).await;
        // The endpoint is the other run's, which knew another table.
        let rest = world.plan(&wanted).await;
        let rest: Vec<String> = rest
            .changes
            .iter()
            .map(|change| change.address.to_string())
            .collect();
        assert_eq!(rest, ["vpc_endpoint.s3"]);
        world.apply(&wanted).await;
    });
}

#[test]
fn what_somebody_changes_during_an_apply_is_met_and_then_repaired() {
    let before = topology(&network());
    let after = topology(
        &network()
            .replace("10.50.", "10.60.")
            .replace("t3.micro", "t3.small"),
    );
    for (seed, Meddling { calls, .. }) in (0..).zip(MEDDLINGS) {
        paused(async {
            let (world, others) = among_others(&after, seed).await;
            world.apply(&before).await;
            let live = world.plan(&before).await;
            let later = Duration::from_millis(LATER_MILLIS[seed as usize % LATER_MILLIS.len()]);
            let hand = async {
                sleep(later).await;
                let mut answer = String::new();
                for call in *calls {
                    // What is refused meanwhile did not happen.
                    answer = world
                        .try_call(&filled(call, &live, &answer))
                        .await
                        .unwrap_or_default();
                }
            };
            join(run(&world, &after, Aim::Apply, Duration::ZERO), hand).await;
            sleep(SETTLED).await;
            world.apply(&after).await;
            is_one_set(&world, &after, &others, later).await;
        });
    }
}
