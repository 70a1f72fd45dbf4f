//! Whose an object is, as people meet it: a second environment beside the first, a network that was there
//! before, tags that are gone.

use std::time::Duration;

use tokio::time::sleep;
use trueup_model::{Kind, Topology};
use trueup_sandbox::Behaviour;
use trueup_tests::trial::{Sandbox, Trial, create_tags};
use trueup_tests::{World, paused, topology};

/// A small network, with names and ranges that can be told apart from another one's.
fn spec(topology: &str, net: &str) -> String {
    format!(
        "topology: {topology}\nregion: us-west-2\nvpc: {{main: {{cidr_block: {net}.0.0/16}}}}\n\
         subnet: {{a: {{cidr_block: {net}.1.0/24, route_table: private}}, b: {{cidr_block: {net}.2.0/24, route_table: private}}}}\n\
         route_table: {{private: }}\nsecurity_group: {{web: {{description: Web}}}}\n\
         key_pair: {{ops: {{public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVhGwVMZ0wKcwJ1E3MKZvvn6GEsXfCVVx5qVzMzNhV}}}}\n"
    )
}

/// The first id in a text that starts so.
fn id_in(text: &str, prefix: &str) -> String {
    let start = text
        .find(prefix)
        .unwrap_or_else(|| panic!("no {prefix} in {text}"));
    text[start..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect()
}

/// The commands that a text proposes, between backquotes.
fn proposed(text: &str) -> Vec<&str> {
    text.split('`')
        .filter(|part| part.starts_with("aws ec2 create-tags "))
        .collect()
}

#[test]
fn a_second_environment_with_the_same_names_is_applied_beside_the_first() {
    let trial = Trial::of_the_seed();
    trial.write("production.yaml", spec("production", "10.31"));
    trial.write("staging.yaml", spec("staging", "10.32"));
    for file in ["production.yaml", "staging.yaml"] {
        let applied = trial.see(&format!("apply --sandbox --auto-approve {file}"));
        assert!(
            applied.ends_with("[exit 0]\n") && !applied.contains("warning"),
            "{applied}"
        );
    }
    let plan = trial.see("plan --sandbox production.yaml");
    assert!(plan.contains("Nothing to do"), "{plan}");
}

#[test]
fn a_vpc_that_lost_its_tags_is_not_built_twice_and_the_command_that_is_told_gives_them_back() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    trial.write("net.yaml", spec("net", "10.40"));
    let at = format!("--endpoint-url http://{} net.yaml", sandbox.address);
    let applied = trial.see(&format!("apply --auto-approve {at}"));
    assert!(applied.ends_with("[exit 0]\n"), "{applied}");
    let vpc = id_in(&trial.see(&format!("show {at}")), "vpc-0");
    sandbox.call(&format!(
        "DeleteTags&ResourceId.1={vpc}&Tag.1.Key=trueup:topology&Tag.2.Key=trueup:address"
    ));

    let plan = trial.see(&format!("plan {at}"));
    assert!(
        plan.contains("carries no topology's tags")
            && plan.contains(&vpc)
            && plan.contains("second:vpc.main"),
        "{plan}"
    );
    let refused = trial.see(&format!(
        "apply --auto-approve --allow replace --allow delete {at}"
    ));
    assert!(
        refused.ends_with("[exit 3]\n") && refused.contains("--allow second:vpc.main"),
        "{refused}"
    );

    let commands = proposed(&plan);
    assert_eq!(commands.len(), 1, "{plan}");
    create_tags(&sandbox, commands[0]);
    let plan = trial.see(&format!("plan {at}"));
    assert!(plan.contains("Nothing to do"), "{plan}");
}

#[test]
fn a_group_of_others_in_the_way_is_adopted_by_the_command_that_the_refusal_tells() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    trial.write("net.yaml", spec("net", "10.40"));
    let at = format!("--endpoint-url http://{} net.yaml", sandbox.address);
    trial.see(&format!("apply --auto-approve {at}"));
    let group = id_in(&trial.see(&format!("show {at}")), "sg-0");
    sandbox.call(&format!(
        "DeleteTags&ResourceId.1={group}&Tag.1.Key=trueup:topology&Tag.2.Key=trueup:address"
    ));
    let refused = trial.see(&format!("plan {at}"));
    assert!(
        refused.contains("REFUSED security_group.web (foreign)") && refused.ends_with("[exit 3]\n"),
        "{refused}"
    );
    create_tags(&sandbox, proposed(&refused)[0]);
    let plan = trial.see(&format!("plan {at}"));
    assert!(plan.contains("Nothing to do"), "{plan}");
}

#[test]
fn a_typo_in_an_id_of_others_costs_a_second_and_makes_nothing() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{} net.yaml", sandbox.address);
    let ids = |gateway: &str, group: &str| {
        let text = spec("net", "10.40").replace(
            "{private: }",
            &format!("{{private: {{routes: [{{destination: 10.0.0.0/8, {gateway}}}]}}}}"),
        );
        text.replace(
            "{description: Web}",
            &format!(
                "{{description: Web, ingress: [{{protocol: tcp, port: 443, security_group: {group}}}]}}"
            ),
        )
    };
    trial.write(
        "net.yaml",
        ids("transit_gateway: tgw-0123456789abcdef0", "sg-0aaaaaaaaaaaaaaaa"),
    );
    for command in ["plan", "apply --auto-approve"] {
        let start = std::time::Instant::now();
        let refused = trial.see(&format!("{command} {at}"));
        assert!(refused.ends_with("[exit 3]\n"), "{refused}");
        for told in [
            "there is no tgw-0123456789abcdef0",
            "there is no sg-0aaaaaaaaaaaaaaaa",
            "(net.yaml:5)",
            "(net.yaml:6)",
        ] {
            assert!(refused.contains(told), "{told}: {refused}");
        }
        assert!(
            start.elapsed() < std::time::Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
    }
    assert!(
        !sandbox.call("DescribeVpcs").contains("10.40.0.0/16"),
        "something was made"
    );

    // What is there is used: an interface and a group of others.
    let vpc = id_in(&sandbox.call("CreateVpc&CidrBlock=10.99.0.0/16"), "vpc-");
    let subnet = id_in(
        &sandbox.call(&format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.99.1.0/24")),
        "subnet-",
    );
    let gateway = id_in(
        &sandbox.call(&format!("CreateEgressOnlyInternetGateway&VpcId={vpc}")),
        "eigw-",
    );
    let interface = id_in(
        &sandbox.call(&format!("CreateNetworkInterface&SubnetId={subnet}")),
        "eni-",
    );
    for target in [
        format!("network_interface: {interface}"),
        format!("egress_only_internet_gateway: {gateway}"),
    ] {
        // An egress-only gateway carries IPv6 alone.
        let text = ids(&target, "web");
        trial.write(
            "net.yaml",
            if target.contains("eigw-") {
                text.replace("10.0.0.0/8", "::/0")
            } else {
                text
            },
        );
        let plan = trial.see(&format!("plan {at}"));
        assert!(
            plan.ends_with("[exit 0]\n") && !plan.contains("warning"),
            "{plan}"
        );
    }
}

#[test]
fn an_image_or_a_type_that_is_not_there_makes_nothing_and_stops_nothing() {
    let trial = Trial::of_the_seed();
    let host = |image: &str, ty: &str, tag: &str| {
        let subnet =
            format!("subnet: {{a: {{cidr_block: 10.41.1.0/24, availability_zone: us-west-2a{tag}}}}}");
        let launch = format!("image: {image}, instance_type: {ty}, subnet: a");
        let text = format!(
            "topology: net\nregion: us-west-2\nvpc: {{main: {{cidr_block: 10.41.0.0/16}}}}\n{subnet}\n"
        );
        trial.write("net.yaml", text + &format!("instance:\n  host: {{{launch}}}\n"));
    };
    let (image, ty) = ("ami-003634241a8fcdec0", "t3.micro");
    let refused = |command: &str, why: &str| {
        let seen = trial.see(&format!("{command} --sandbox net.yaml"));
        assert!(
            seen.contains(why) && seen.ends_with("[exit 3]\n") && !seen.contains("RunInstances "),
            "{why}: {seen}"
        );
        assert!(seen.contains("net.yaml:6"), "{seen}");
    };
    host("ami-00000000000000000", "t3.huge", "");
    for why in [
        "there is no ami-00000000000000000 in us-west-2",
        "EC2 offers no t3.huge in us-west-2a",
    ] {
        refused("plan", why);
        refused("apply --auto-approve", why);
    }
    host(image, ty, "");
    let applied = trial.see("apply --auto-approve --sandbox net.yaml");
    assert!(applied.ends_with("[exit 0]\n"), "{applied}");
    let calls = |command: &str| {
        trial.see(&format!("{command} --call-report calls.json --sandbox net.yaml"));
        let text = std::fs::read_to_string(trial.folder.path().join("calls.json")).unwrap();
        serde_json::from_str::<std::collections::BTreeMap<String, u64>>(&text).unwrap()
    };
    let (of_types, of_images) = ("DescribeInstanceTypeOfferings", "DescribeImages");
    // What launches nothing asks no more than it did.
    let kept = calls("plan");
    host(image, ty, ", tags: {team: net}");
    let tagged = calls("plan");
    assert!(
        !tagged.contains_key(of_types) && !tagged.contains_key(of_images) && tagged == kept,
        "{tagged:?}"
    );
    host(image, "t3.huge", "");
    refused(
        "apply --auto-approve --allow stop",
        "EC2 offers no t3.huge in us-west-2a",
    );
    let changed = calls("plan");
    assert_eq!(
        (changed.get(of_types), changed.get(of_images)),
        (Some(&2), None),
        "it is looked for twice before it counts as absent"
    );
    // One that no list of the sandbox has.
    host(image, "m7i.large", "");
    assert!(trial.see("plan --sandbox net.yaml").ends_with("[exit 0]\n"));
    assert_eq!(calls("plan").get(of_types), Some(&1));
}

#[test]
fn a_type_of_another_architecture_than_the_image_makes_nothing_and_stops_nothing() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let at = format!("--endpoint-url http://{} net.yaml", sandbox.address);
    let image = |architecture: &str| {
        let filters = format!("Filter.1.Name=architecture&Filter.1.Value.1={architecture}");
        id_in(&sandbox.call(&format!("DescribeImages&{filters}")), "ami-")
    };
    let host = |image: &str, ty: &str| {
        let text = "topology: net\nregion: us-west-2\nvpc: {main: {cidr_block: 10.41.0.0/16}}\n\
                    subnet: {a: {cidr_block: 10.41.1.0/24}}\ninstance:\n  host: {subnet: a, image: ";
        trial.write("net.yaml", format!("{text}{image}, instance_type: {ty}}}\n"));
    };
    let (arm, intel) = (image("arm64"), image("x86_64"));
    let refused = |command: &str, why: &str| {
        let seen = trial.see(&format!("{command} {at}"));
        assert!(
            seen.contains(why) && seen.contains("net.yaml:6") && seen.ends_with("[exit 3]\n"),
            "{why}: {seen}"
        );
    };
    host(&arm, "t3.micro");
    refused(
        "plan",
        &format!("t3.micro runs x86_64 and not arm64, which {arm} is"),
    );
    host(&intel, "t3.micro");
    let applied = trial.see(&format!("apply --auto-approve {at}"));
    assert!(applied.ends_with("[exit 0]\n"), "{applied}");
    // The type of a host that is there, and its image with the type.
    host(&intel, "t4g.micro");
    refused(
        "apply --auto-approve --allow stop",
        "t4g.micro runs arm64 and not x86_64, which i-",
    );
    host(&arm, "t4g.micro");
    let applied = trial.see(&format!("apply --auto-approve --allow replace {at}"));
    assert!(applied.ends_with("[exit 0]\n"), "{applied}");
}

#[test]
fn an_instance_that_lost_its_tags_is_adopted_and_not_told_as_created() {
    let trial = Trial::of_the_seed();
    let sandbox = Sandbox::serve(trial.folder.path());
    let host = "instance: {x: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: a, security_groups: [web]}}\n";
    trial.write("net.yaml", spec("net", "10.40") + host);
    let at = format!("--endpoint-url http://{} net.yaml", sandbox.address);
    trial.see(&format!("apply --auto-approve {at}"));
    let instance = id_in(&trial.see(&format!("show {at}")), "i-0");
    for _ in 0..2 {
        sandbox.call(&format!("DeleteTags&ResourceId.1={instance}&Tag.1.Key=trueup:topology&Tag.2.Key=trueup:address&Tag.3.Key=Name"));
        let plan = trial.see(&format!("plan {at}"));
        assert!(
            plan.contains(&format!("adopt instance.x ({instance})")) && plan.contains("0 to create"),
            "{plan}"
        );
        let refused = trial.see(&format!("apply --auto-approve {at}"));
        assert!(
            refused.ends_with("[exit 3]\n") && refused.contains("--allow reclaim:instance.x"),
            "{refused}"
        );
        let applied = trial.see(&format!("apply --auto-approve --allow reclaim {at}"));
        assert!(
            applied.ends_with("[exit 0]\n") && applied.contains("Done: 1 adopted (1 step)"),
            "{applied}"
        );
    }
    let plan = trial.see(&format!("plan {at}"));
    assert!(
        plan.contains("Nothing to do")
            && sandbox.call("DescribeInstances").matches("<instanceId>").count() == 1,
        "{plan}"
    );
}

/// A NAT gateway with what it needs.
const NAT: &str = "topology: n\nregion: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16}}\ninternet_gateway: {main: }\nelastic_ip: {nat: }\n\
                   route_table: {out: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}}\n\
                   subnet: {a: {cidr_block: 10.0.1.0/24, route_table: out}}\nnat_gateway: {main: {subnet: a, elastic_ip: nat}}\n";

/// A realistic network of this topology, and the id of its only object of a kind.
async fn applied(wanted: &Topology, kind: Kind) -> (World, String) {
    let world = World::with(Behaviour::Realistic).await;
    world.apply(wanted).await;
    let id = ours(&world, wanted, kind).await;
    (world, id)
}

/// The id of the topology's only object of a kind.
async fn ours(world: &World, wanted: &Topology, kind: Kind) -> String {
    let objects = world.observe(wanted).await.objects;
    let mut ours = objects
        .into_iter()
        .filter(|object| object.kind == kind && object.owner.is_some());
    ours.next().unwrap_or_else(|| panic!("no {kind}")).id
}

#[test]
fn an_address_that_a_deleting_gateway_still_holds_is_waited_for() {
    let wanted = topology(NAT);
    paused(async {
        let (world, old) = applied(&wanted, Kind::NatGateway).await;
        world.call(&format!("DeleteNatGateway&NatGatewayId={old}")).await;
        // Another process, while the old one is still on its way out.
        let next = world.again(|transport| transport).await;
        let events = next.run(&next.plan(&wanted).await).await;
        let told = format!("{events:?}");
        assert!(
            told.contains(&format!("is still held by {old}, which is being deleted")),
            "{told}"
        );
        assert!(
            !world
                .call("DescribeNatGateways")
                .await
                .contains("<state>failed</state>")
        );
        assert_ne!(ours(&world, &wanted, Kind::NatGateway).await, old);
    });
}

#[test]
fn a_gateway_that_somebody_deleted_is_made_anew_under_another_token() {
    let wanted = topology(NAT);
    for later in [Duration::from_secs(600), Duration::from_secs(2 * 3600)] {
        paused(async {
            let (world, old) = applied(&wanted, Kind::NatGateway).await;
            world.call(&format!("DeleteNatGateway&NatGatewayId={old}")).await;
            sleep(later).await;
            let next = world.again(|transport| transport).await;
            next.apply(&wanted).await;
            assert_ne!(ours(&world, &wanted, Kind::NatGateway).await, old, "{later:?}");
            assert!(
                !world
                    .call("DescribeNatGateways")
                    .await
                    .contains("<state>failed</state>")
            );
        });
    }
}

#[test]
fn what_lost_its_tags_and_comes_back_under_our_token_is_told_as_what_it_is() {
    for (text, kind) in [
        (
            "route_table: {t: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}}\ninternet_gateway: {main: }\n",
            Kind::RouteTable,
        ),
        ("network_acl: {a: {}}\n", Kind::NetworkAcl),
    ] {
        let wanted = topology(&format!(
            "topology: n\nregion: us-west-2\nvpc: {{main: {{cidr_block: 10.0.0.0/16}}}}\n{text}"
        ));
        paused(async {
            let (world, id) = applied(&wanted, kind).await;
            world
                .call(&format!(
                    "DeleteTags&ResourceId.1={id}&Tag.1.Key=trueup:topology&Tag.2.Key=trueup:address"
                ))
                .await;
            let next = world.again(|transport| transport).await;
            let start = tokio::time::Instant::now();
            let failed = next.try_run(&next.plan(&wanted).await).await.unwrap_err();
            assert!(
                failed.contains(&format!(
                    "EC2 answers with {id}, which was made by an equal call before"
                )),
                "{failed}"
            );
            assert!(
                failed.contains(&format!(
                    "--resources {id} --tags Key=trueup:topology,Value=n Key=trueup:address,Value={kind}."
                )),
                "{failed}"
            );
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "{kind}: after {:?}",
                start.elapsed()
            );
            let address = if kind == Kind::RouteTable {
                "route_table.t"
            } else {
                "network_acl.a"
            };
            world
                .call(&format!(
                    "CreateTags&ResourceId.1={id}&Tag.1.Key=trueup:topology&Tag.1.Value=n&Tag.2.Key=trueup:address&Tag.2.Value={address}"
                ))
                .await;
            let rest = world.again(|transport| transport).await.plan(&wanted).await;
            assert!(rest.is_empty(), "{:?}", rest.changes);
        });
    }
}
