//! How far away EC2 may be: what a plan asks, and how often it waits for an answer before it asks on.

use trueup_model::{Action, Kind};
use trueup_tests::far::asked;
use trueup_tests::{World, paused, topology};

const SEED: &str = include_str!("../../specs/gateway-endpoint.yaml");
const PRODUCTION: &str = include_str!("../../specs/production.yaml");

#[test]
fn a_plan_of_the_seed_waits_for_three_answers() {
    paused(async {
        let asked = asked(SEED).await;
        assert!(asked.calls <= 16 && asked.round_trips() < 3.1, "{asked:?}");
    });
}

#[test]
fn a_plan_of_production_waits_for_no_more() {
    paused(async {
        let asked = asked(PRODUCTION).await;
        assert!(asked.round_trips() < 3.1, "{asked:?}");
    });
}

const GATEWAY: &str = "\
topology: out
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
egress_only_internet_gateway: {main: }
route_table: {out: {routes: [{destination: \"::/0\", egress_only_internet_gateway: main}]}}
";

/// How often a kind was listed that is read only where something speaks of it.
fn listed(world: &World) -> u64 {
    let calls = world.ec2.calls();
    calls
        .get("DescribeEgressOnlyInternetGateways")
        .copied()
        .unwrap_or_default()
}

#[test]
fn a_kind_that_nothing_speaks_of_costs_no_call() {
    paused(async {
        let world = World::new().await;
        let seed = topology(SEED);
        world.apply(&seed).await;
        assert_eq!(listed(&world), 0);
    });
}

#[test]
fn what_left_the_spec_is_found_by_its_tags_and_by_the_route_that_leads_there() {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(GATEWAY)).await;
        let without = GATEWAY.replace("egress_only_internet_gateway: {main: }\n", "");
        let without = without.replace(
            "{out: {routes: [{destination: \"::/0\", egress_only_internet_gateway: main}]}}",
            "{out: }",
        );
        let plan = world.plan(&topology(&without)).await;
        let deletes = plan
            .changes
            .iter()
            .filter(|change| change.action == Action::Delete);
        let kinds: Vec<Kind> = deletes.map(|change| change.address.kind).collect();
        assert_eq!(kinds, [Kind::EgressOnlyInternetGateway]);
        // One of others is read where a route of ours leads to it.
        let id = world.observe(&topology(GATEWAY)).await;
        let id = id
            .objects
            .iter()
            .find(|object| object.kind == Kind::EgressOnlyInternetGateway)
            .unwrap()
            .id
            .clone();
        for key in ["trueup:topology", "trueup:address"] {
            world
                .call(&format!("DeleteTags&ResourceId.1={id}&Tag.1.Key={key}"))
                .await;
        }
        let by_id = without.replace(
            "{out: }",
            &format!("{{out: {{routes: [{{destination: \"::/0\", egress_only_internet_gateway: {id}}}]}}}}"),
        );
        let observed = world.observe(&topology(&by_id)).await;
        assert!(observed.objects.iter().any(|object| object.id == id));
    });
}
