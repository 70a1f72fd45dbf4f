//! Every kind and every attribute, from spec to network and back, on the sandbox.

use trueup_model::{Disruption, Topology};
use trueup_reach::fill::{Lists, observed as live, topology as wanted};
use trueup_reach::{Engine, Selector, ServiceSet, reach};
use trueup_tests::{EVERY_KIND, World, paused, topology};

const SEED: &str = include_str!("../../specs/gateway-endpoint.yaml");
const NAT: &str = include_str!("../../specs/nat-gateway.yaml");
const DUAL_STACK: &str = include_str!("../../specs/dual-stack.yaml");
const INTERFACES: &str = include_str!("../../specs/interface-endpoints.yaml");

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
fn both_families_are_applied_are_stable_and_are_destroyed() {
    paused(async {
        let world = World::new().await;
        let both = topology(DUAL_STACK);
        world.apply(&both).await;
        assert!(world.plan(&both).await.is_empty());
        world.destroy(&both).await;
    });
}

#[test]
fn interface_endpoints_are_applied_are_stable_and_are_destroyed() {
    paused(async {
        let world = World::new().await;
        let endpoints = topology(INTERFACES);
        world.apply(&endpoints).await;
        assert!(world.plan(&endpoints).await.is_empty());
        world.destroy(&endpoints).await;
    });
}

#[test]
fn what_is_live_reaches_what_its_spec_wants() {
    let mut works = 0;
    for spec in [
        SEED,
        NAT,
        include_str!("../../specs/network-acl.yaml"),
        include_str!("../../specs/closed-defaults.yaml"),
        include_str!("../../specs/production.yaml"),
        DUAL_STACK,
        INTERFACES,
        EVERY_KIND,
    ] {
        let topology = topology(spec);
        let observed = paused(async {
            let world = World::new().await;
            world.apply(&topology).await;
            world.observe(&topology).await
        });
        let (wanted, live) = (
            wanted(&topology, &Lists::new()),
            live(&observed, &topology.name, &Lists::new()),
        );
        works += same_reach(&topology, &Engine::new(&wanted), &Engine::new(&live));
    }
    assert!(works > 20, "{works} questions of which something works");
}

/// Holds the answers about all pairs against each other. What the spec leaves open, such as an address that
/// EC2 chooses, is known on the live network. Answers how many of the questions something works for.
fn same_reach(topology: &Topology, wanted: &Engine<'_>, live: &Engine<'_>) -> usize {
    let hosts = wanted
        .network
        .interfaces
        .iter()
        .map(|interface| interface.named.name.clone());
    let selectors: Vec<String> = hosts
        .chain(["internet", "s3", "dynamodb"].map(str::to_owned))
        .collect();
    let mut works = 0;
    for (from, to) in selectors
        .iter()
        .flat_map(|from| selectors.iter().map(move |to| (from, to)))
        .filter(|(from, to)| from != to)
    {
        let answer = |engine: &Engine<'_>| {
            let selector = |name: &str| {
                Selector::read(engine, name).unwrap_or_else(|error| panic!("{}: {error}", topology.name))
            };
            reach(engine, &selector(from), &selector(to))
                .unwrap_or_else(|error| panic!("{}: {error}", topology.name))
        };
        let (wanted, live) = (answer(wanted), answer(live));
        let sets = |answer: &trueup_reach::Answer, but: &ServiceSet| {
            [&answer.allowed, &answer.partial, &answer.unknown].map(|set| set.subtract(but).to_string())
        };
        let open = &wanted.unknown;
        assert_eq!(
            sets(&live, open),
            sets(&wanted, open),
            "{}: {from} -> {to}",
            topology.name
        );
        works += usize::from(!wanted.allowed.is_empty());
    }
    works
}

#[test]
fn a_stop_says_which_public_address_it_costs() {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(SEED)).await;
        let plan = world.plan(&topology(&SEED.replace("t2.micro", "t3.micro"))).await;
        let losses = |address: &str| {
            let change = plan
                .changes
                .iter()
                .find(|change| change.address.to_string() == address);
            change.map(|change| (change.disruption, change.losses.len()))
        };
        assert_eq!(losses("instance.bastion"), Some((Disruption::AddressLost, 1)));
        assert_eq!(losses("instance.private-host"), Some((Disruption::Outage, 0)));
    });
}
