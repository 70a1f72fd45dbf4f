//! Every kind and every attribute, from spec to network and back, on the sandbox.

use trueup_model::Disruption;
use trueup_tests::{World, paused, topology};

const SEED: &str = include_str!("../specs/gateway-endpoint.yaml");
const NAT: &str = include_str!("../specs/nat-gateway.yaml");

#[test]
fn the_seed_is_applied_is_stable_and_is_destroyed() {
    paused(async {
        let world = World::new().await;
        let seed = topology(SEED);
        let plan = world.apply(&seed).await;
        assert_eq!(plan.summary().create, 13);
        let before: u64 = world.ec2.calls().values().sum();
        world.plan(&seed).await;
        let calls = world.ec2.calls().values().sum::<u64>() - before;
        assert!(calls <= 16, "a plan of the seed takes {calls} calls");
        assert_eq!(world.destroy(&seed).await.summary().delete, 13);
    });
}

#[test]
fn the_nat_gateway_is_applied_is_stable_and_is_destroyed() {
    paused(async {
        let world = World::new().await;
        let nat = topology(&NAT.replace("    protect: true\n", ""));
        world.apply(&nat).await;
        world.destroy(&nat).await;
    });
}

#[test]
fn a_stop_says_which_public_address_it_costs() {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(SEED)).await;
        let plan = world.plan(&topology(&SEED.replace("t2.micro", "t3.micro"))).await;
        let losses = |address: &str| {
            let change = plan.changes.iter().find(|change| change.address.to_string() == address);
            change.map(|change| (change.disruption, change.losses.len()))
        };
        assert_eq!(losses("instance.bastion"), Some((Disruption::AddressLost, 1)));
        assert_eq!(losses("instance.private-host"), Some((Disruption::Outage, 0)));
    });
}
