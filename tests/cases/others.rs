//! What others hold: it is named, nothing is taken from them, and nothing is tried again that EC2 has refused
//! for good.

use trueup_engine::Options;
use trueup_model::{Event, Plan, Refused};
use trueup_tests::{World, paused, topology};

const SPEC: &str = "topology: ours
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
internet_gateway: {main: {}}
route_table: {out: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}}
subnet: {a: {cidr_block: 10.0.1.0/24, route_table: out}}
security_group: {web: {description: Web}, db: {description: Database}}
elastic_ip: {n: {}}
";

/// What failed of a run, each with the seconds that it took.
async fn failures(world: &World, plan: &Plan) -> Vec<(String, u64, String)> {
    let mut events = Vec::new();
    trueup_engine::apply(
        plan,
        &world.ec2,
        &Options::default(),
        std::future::pending(),
        &mut |event| events.push(event),
    )
    .await;
    let failed = events.into_iter().filter_map(|event| match event {
        Event::StepFailed {
            step,
            message,
            elapsed,
            ..
        } => Some((step.address.to_string(), elapsed.as_secs(), message)),
        _ => None,
    });
    failed.collect()
}

/// The id of our object at an address.
fn id(plan: &Plan, address: &str) -> String {
    let object = plan.objects.values().find(|object| {
        object
            .owner
            .as_ref()
            .is_some_and(|owner| owner.address == address)
    });
    object.unwrap_or_else(|| panic!("no {address}")).id.clone()
}

/// What an answer says first in an element.
fn element(answer: &str, name: &str) -> String {
    let text = answer
        .split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once('<'));
    text.unwrap_or_else(|| panic!("no {name} in {answer}"))
        .0
        .to_owned()
}

/// An interface of somebody else in our subnet, with our group.
async fn interface(world: &World, plan: &Plan, description: &str) -> String {
    let (subnet, group) = (id(plan, "subnet.a"), id(plan, "security_group.web"));
    let call = format!(
        "CreateNetworkInterface&SubnetId={subnet}&SecurityGroupId.1={group}&Description={description}"
    );
    element(&world.call(&call).await, "networkInterfaceId")
}

#[test]
fn what_keeps_a_subnet_and_a_group_from_being_deleted_is_named_within_a_minute() {
    paused(async {
        let world = World::new().await;
        let wanted = topology(SPEC);
        world.apply(&wanted).await;
        let live = world.plan(&wanted).await;
        let interface = interface(&world, &live, "ELB%20app/alb/123").await;
        let rule = "IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupId";
        let other = world
            .call(&format!(
                "CreateSecurityGroup&GroupName=other&GroupDescription=o&VpcId={}",
                id(&live, "vpc.main")
            ))
            .await;
        let other = element(&other, "groupId");
        world
            .call(&format!(
                "AuthorizeSecurityGroupIngress&GroupId={other}&{rule}={}",
                id(&live, "security_group.db")
            ))
            .await;
        let failed = failures(
            &world,
            &trueup_plan::destroy(&wanted, &world.observe(&wanted).await),
        )
        .await;
        let named = format!("network interface {interface} (\"ELB app/alb/123\", attached to nothing)");
        for (address, holder) in [
            ("subnet.a", &named),
            ("security_group.web", &named),
            (
                "security_group.db",
                &format!("an ingress rule of security group {other} (other) names it"),
            ),
        ] {
            let (_, after, message) = failed
                .iter()
                .find(|(failed, ..)| failed == address)
                .unwrap_or_else(|| panic!("{address}: {failed:?}"));
            assert!(
                message.contains(holder.as_str()) && message.contains("DependencyViolation") && *after <= 60,
                "{after} s: {message}"
            );
        }
        // Once it is let go of, it goes.
        world
            .call(&format!("DeleteNetworkInterface&NetworkInterfaceId={interface}"))
            .await;
        world.call(&format!("DeleteSecurityGroup&GroupId={other}")).await;
        world.destroy(&wanted).await;
    });
}

#[test]
fn what_keeps_an_internet_gateway_attached_is_named() {
    paused(async {
        let world = World::new().await;
        let wanted = topology(SPEC);
        world.apply(&wanted).await;
        let live = world.plan(&wanted).await;
        let interface = interface(&world, &live, "bastion").await;
        let address = element(&world.call("AllocateAddress&Domain=vpc").await, "allocationId");
        world
            .call(&format!(
                "AssociateAddress&AllocationId={address}&NetworkInterfaceId={interface}"
            ))
            .await;
        let failed = failures(
            &world,
            &world
                .plan(&topology(
                    &SPEC.replace("internet_gateway: {main: {}}\n", "").replace(
                        "routes: [{destination: 0.0.0.0/0, internet_gateway: main}]",
                        "routes: []",
                    ),
                ))
                .await,
        )
        .await;
        let [(address, after, message)] = &failed[..] else {
            panic!("{failed:?}")
        };
        assert_eq!(address, "internet_gateway.main");
        assert!(
            message.contains(&interface) && message.contains("bastion") && *after <= 60,
            "{after} s: {message}"
        );
    });
}

/// Our address, which a stranger has: the interface that has it.
async fn taken(world: &World, live: &Plan) -> String {
    let interface = interface(world, live, "mine").await;
    world
        .call(&format!(
            "AssociateAddress&AllocationId={}&NetworkInterfaceId={interface}",
            id(live, "elastic_ip.n")
        ))
        .await;
    interface
}

#[test]
fn an_address_that_a_stranger_has_is_told_in_the_plan_with_the_stranger() {
    paused(async {
        let world = World::new().await;
        let wanted = topology(SPEC);
        world.apply(&wanted).await;
        let interface = taken(&world, &world.plan(&wanted).await).await;
        // Nothing needs it yet: it is reported, and nothing is done.
        let idle = world.plan(&wanted).await;
        assert!(idle.is_empty() && idle.refused.is_empty(), "{:?}", idle.refused);
        let told: Vec<String> = trueup_report::reasons::diagnostics(&idle)
            .into_iter()
            .map(|diagnostic| diagnostic.message)
            .collect();
        assert!(
            told.iter()
                .any(|note| note.contains("elastic_ip.n") && note.contains(&interface)),
            "{told:?}"
        );
        // What needs it, and what releases it, cannot have it.
        let gateway = format!("{SPEC}nat_gateway: {{n: {{subnet: a, elastic_ip: n}}}}\n");
        for (spec, address) in [
            (&gateway, "nat_gateway.n"),
            (&SPEC.replace("elastic_ip: {n: {}}\n", ""), "elastic_ip.n"),
        ] {
            let plan = world.plan(&topology(spec)).await;
            let [refusal] = &plan.refused[..] else {
                panic!("{:?}", plan.refused)
            };
            assert_eq!(
                (refusal.guard.code(), refusal.address.as_str()),
                ("in_use", address)
            );
            assert!(
                matches!(&refusal.why, Refused::HeldByOther { holder, .. } if holder.contains(&interface)),
                "{refusal:?}"
            );
            assert!(plan.steps.is_empty());
        }
    });
}

#[test]
fn a_nat_gateway_that_ec2_refuses_for_good_is_made_once() {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(SPEC)).await;
        let wanted = topology(&format!(
            "{SPEC}nat_gateway: {{n: {{subnet: a, elastic_ip: n}}}}\n"
        ));
        let plan = world.plan(&wanted).await;
        let interface = taken(&world, &plan).await;
        let failed = failures(&world, &plan).await;
        let [(address, _, message)] = &failed[..] else {
            panic!("{failed:?}")
        };
        assert!(
            address == "nat_gateway.n" && message.contains("already associated"),
            "{message}"
        );
        assert_eq!(world.ec2.calls().get("CreateNatGateway"), Some(&1));
        // The failed one is shown still, and its client token is used up: the next run makes another.
        world
            .call(&format!("DeleteNetworkInterface&NetworkInterfaceId={interface}"))
            .await;
        world.again(|transport| transport).await.apply(&wanted).await;
    });
}
