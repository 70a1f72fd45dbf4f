//! Sets of DHCP options: which set a VPC has, and whose that is.

use trueup_model::{Object, Plan};
use trueup_tests::{World, paused, topology};

const SPEC: &str = include_str!("../../specs/dhcp-options.yaml");

fn calls(plan: &Plan) -> Vec<String> {
    let call = |step: &trueup_model::Step| format!("{} {}", step.address, step.call.action);
    plan.steps.iter().map(call).collect()
}

/// The id of the object at an address.
async fn id(world: &World, address: &str) -> String {
    let observed = world.observe(&topology(SPEC)).await;
    let is_it = |object: &&Object| {
        object
            .owner
            .as_ref()
            .is_some_and(|owner| owner.address == address)
    };
    observed.objects.iter().find(is_it).unwrap().id.clone()
}

#[test]
fn the_example_is_applied_is_stable_and_is_destroyed() {
    paused(async {
        let world = World::new().await;
        let spec = topology(SPEC);
        assert_eq!(world.apply(&spec).await.summary().create, 4);
        assert_eq!(world.destroy(&spec).await.summary().delete, 4);
    });
}

#[test]
fn another_set_is_made_and_given_before_the_old_one_goes() {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(SPEC)).await;
        let other = topology(&SPEC.replace("10.0.0.53, 10.1.0.53", "10.1.0.53, 10.0.0.53"));
        let plan = world.apply(&other).await;
        assert_eq!(
            calls(&plan),
            [
                // It is marked as the one that goes.
                "dhcp_options.corp CreateTags",
                "dhcp_options.corp CreateDhcpOptions",
                "vpc.branch AssociateDhcpOptions",
                "vpc.main AssociateDhcpOptions",
                "dhcp_options.corp DeleteDhcpOptions",
            ]
        );
    });
}

#[test]
fn a_set_that_leaves_the_spec_leaves_its_vpcs_first() {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(SPEC)).await;
        let without = SPEC.replace("\n    dhcp_options: corp", "");
        let (head, tail) = without.split_once("dhcp_options:\n  corp:").unwrap();
        let without = format!("{head}{}", &tail[tail.find("vpc:").unwrap()..]);
        let plan = world.apply(&topology(&without)).await;
        assert_eq!(
            calls(&plan).last().unwrap(),
            "dhcp_options.corp DeleteDhcpOptions"
        );
        assert_eq!(calls(&plan).len(), 3);
    });
}

/// Without a word of the spec a VPC keeps what others gave it, and gives back what is the topology's.
#[test]
fn a_vpc_without_a_set_in_its_spec_keeps_that_of_others() {
    paused(async {
        let world = World::new().await;
        let spec = topology(SPEC);
        world.apply(&spec).await;
        let made = world
            .call("CreateDhcpOptions&DhcpConfiguration.1.Key=domain-name&DhcpConfiguration.1.Value.1=others.example")
            .await;
        let (_, rest) = made.split_once("<dhcpOptionsId>").unwrap();
        let others = rest.split('<').next().unwrap();
        let lab = id(&world, "vpc.lab").await;
        let associate =
            |set: &str, vpc: &str| format!("AssociateDhcpOptions&DhcpOptionsId={set}&VpcId={vpc}");
        world.call(&associate(others, &lab)).await;
        assert!(world.plan(&spec).await.is_empty());
        let ours = id(&world, "dhcp_options.corp").await;
        world.call(&associate(&ours, &lab)).await;
        assert_eq!(calls(&world.plan(&spec).await), ["vpc.lab AssociateDhcpOptions"]);
        // What the spec says is put back, whoever has changed it.
        let main = id(&world, "vpc.main").await;
        world.call(&associate(others, &main)).await;
        world.call(&associate("default", &lab)).await;
        let plan = world.apply(&spec).await;
        assert_eq!(calls(&plan), ["vpc.main AssociateDhcpOptions"]);
        // One of others is named by its id.
        let by_id = SPEC.replace("10.2.0.0/16", &format!("10.2.0.0/16\n    dhcp_options: {others}"));
        let plan = world.apply(&topology(&by_id)).await;
        assert_eq!(calls(&plan), ["vpc.lab AssociateDhcpOptions"]);
    });
}
