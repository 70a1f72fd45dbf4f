//! What EC2 makes with a VPC, where the VPC declares it: from nothing to nothing.

use trueup_model::{Action, Kind, Object, Plan, Refused, Step, StepAction, Topology};
use trueup_reach::fill::after_plan;
use trueup_tests::{World, paused, topology};

const CLOSED: &str = include_str!("../../specs/closed-defaults.yaml");
const HEAD: &str = "topology: mine\nregion: us-west-2\n";
const ALL_EMPTY: &str = "default_security_group: empty, default_network_acl: empty, main_route_table: empty";

/// A VPC with these keys, and what else there is.
fn spec(keys: &str, rest: &str) -> Topology {
    let comma = if keys.is_empty() { "" } else { ", " };
    topology(&format!(
        "{HEAD}vpc:\n  main: {{cidr_block: 10.0.0.0/16{comma}{keys}}}\n{rest}"
    ))
}

/// What EC2 made of a kind with the only VPC that has something.
async fn made(world: &World, wanted: &Topology, kind: Kind) -> Object {
    let observed = world.observe(wanted).await;
    let vpc = observed
        .objects
        .iter()
        .find(|object| object.kind == Kind::Vpc && object.is_of(&wanted.name));
    let vpc = vpc.unwrap().id.clone();
    let in_vpc = |object: &&Object| {
        object.kind == kind && object.implicit && object.record.value("vpc").unwrap().to_string() == vpc
    };
    observed.objects.iter().find(in_vpc).unwrap().clone()
}

/// The calls of a plan for what EC2 made, but those for tags.
fn calls(plan: &Plan) -> Vec<&'static str> {
    let made = plan.steps.iter().filter(|step| {
        let name = step.address.name.as_str();
        name.ends_with(".default") || name.ends_with(".main")
    });
    let calls = made.map(|step| step.call.action.name);
    calls.filter(|name| !name.ends_with("Tags")).collect()
}

#[test]
fn the_example_is_applied_is_stable_and_is_destroyed() {
    paused(async {
        let world = World::new().await;
        let closed = topology(CLOSED);
        let plan = world.apply(&closed).await;
        assert_eq!((plan.summary().create, plan.summary().update), (9, 3));
        for kind in [Kind::SecurityGroup, Kind::NetworkAcl, Kind::RouteTable] {
            let made = made(&world, &closed, kind).await;
            let tags = world
                .call(&format!(
                    "DescribeTags&Filter.1.Name=resource-id&Filter.1.Value.1={}",
                    made.id
                ))
                .await;
            assert!(
                tags.contains("closed-defaults-main.") && !tags.contains("trueup:"),
                "{tags}"
            );
        }
        let gone = world.destroy(&closed).await.summary();
        assert_eq!((gone.delete, gone.update), (9, 0));
    });
}

#[test]
fn what_is_changed_by_hand_is_seen_and_put_back() {
    paused(async {
        let world = World::new().await;
        let wanted = spec(ALL_EMPTY, "internet_gateway: {main: }\n");
        world.apply(&wanted).await;
        let group = made(&world, &wanted, Kind::SecurityGroup).await.id;
        let acl = made(&world, &wanted, Kind::NetworkAcl).await.id;
        let table = made(&world, &wanted, Kind::RouteTable).await.id;
        let observed = world.observe(&wanted).await;
        let gateway = observed
            .objects
            .iter()
            .find(|object| object.kind == Kind::InternetGateway)
            .unwrap();
        for call in [
            format!(
                "AuthorizeSecurityGroupIngress&GroupId={group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
            ),
            format!(
                "CreateNetworkAclEntry&NetworkAclId={acl}&RuleNumber=7&Protocol=-1&RuleAction=allow&Egress=false&CidrBlock=0.0.0.0/0"
            ),
            format!(
                "CreateRoute&RouteTableId={table}&DestinationCidrBlock=0.0.0.0/0&GatewayId={}",
                gateway.id
            ),
            format!("CreateTags&ResourceId.1={group}&Tag.1.Key=Name&Tag.1.Value=other"),
        ] {
            world.call(&call).await;
        }
        let plan = world.plan(&wanted).await;
        let told: Vec<String> = plan
            .changes
            .iter()
            .flat_map(|change| {
                change
                    .attributes
                    .iter()
                    .map(|what| format!("{} {}", change.address, what.path))
            })
            .collect();
        assert_eq!(
            told,
            [
                "route_table.main.main routes",
                "network_acl.main.default ingress",
                "security_group.main.default ingress",
                "security_group.main.default tags"
            ]
        );
        assert!(plan.steps.iter().all(|step| step.action == StepAction::Update));
        world.apply(&wanted).await;
    });
}

#[test]
fn declaring_it_later_changes_it_and_taking_that_back_leaves_it() {
    paused(async {
        let world = World::new().await;
        let (plain, empty) = (spec("", ""), spec(ALL_EMPTY, ""));
        world.apply(&plain).await;
        let before = made(&world, &plain, Kind::SecurityGroup).await;
        let plan = world.apply(&empty).await;
        assert_eq!((plan.summary().update, plan.summary().create), (3, 0));
        assert_eq!(
            calls(&plan),
            [
                "DeleteNetworkAclEntry",
                "DeleteNetworkAclEntry",
                "RevokeSecurityGroupIngress",
                "RevokeSecurityGroupEgress"
            ]
        );
        assert!(plan.changes.iter().all(|change| change.id.is_some()));
        assert!(world.plan(&plain).await.is_empty());
        let after = made(&world, &plain, Kind::SecurityGroup).await;
        assert_eq!(
            (before.id, after.record.value("ingress").unwrap().as_list().len()),
            (after.id, 0)
        );
    });
}

#[test]
fn what_ec2_gives_a_newborn_one_is_known() {
    let of_ec2 = "default_security_group: {ingress: [{protocol: all, security_group: main.default}]}, default_network_acl: {ingress: \
                  [{rule_number: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}IPV6], egress: [{rule_number: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}IPV6]}, main_route_table: empty";
    let ipv6 = ", {rule_number: 101, action: allow, protocol: all, cidr: \"::/0\"}";
    for (range, entry) in [("", ""), (", ipv6_cidr_block: amazon", ipv6)] {
        paused(async {
            let found = [
                "DescribeRouteTables",
                "DescribeNetworkAcls",
                "DescribeSecurityGroups",
            ];
            let same = spec(&format!("{}{range}", of_ec2.replace("IPV6", entry)), "");
            assert_eq!(calls(&World::new().await.apply(&same).await), found);
            World::new()
                .await
                .apply(&spec(&format!("{ALL_EMPTY}{range}"), ""))
                .await;
        });
    }
}

#[test]
fn with_another_vpc_comes_another_one() {
    paused(async {
        let world = World::new().await;
        let rest = "security_group: {web: {description: W}}\n";
        let keys = "default_security_group: {ingress: [{protocol: tcp, port: 22, security_group: web}], egress: []}, main_route_table: empty";
        let wanted = spec(keys, rest);
        world.apply(&wanted).await;
        let before = made(&world, &wanted, Kind::SecurityGroup).await.id;
        let moved = format!("{HEAD}vpc:\n  main: {{cidr_block: 10.1.0.0/16, {keys}}}\n{rest}");
        let moved = topology(&moved);
        let plan = world.apply(&moved).await;
        let replaced = plan
            .changes
            .iter()
            .filter(|change| change.action == Action::Replace);
        let replaced: Vec<String> = replaced.map(|change| change.address.to_string()).collect();
        assert_eq!(replaced, ["vpc.main", "security_group.web"]);
        assert_ne!(made(&world, &moved, Kind::SecurityGroup).await.id, before);
    });
}

#[test]
fn a_group_that_it_names_can_be_destroyed() {
    paused(async {
        let world = World::new().await;
        let keys = "default_security_group: {ingress: [{protocol: tcp, port: 22, security_group: web}]}";
        let wanted = spec(keys, "security_group: {web: {description: W}}\n");
        world.apply(&wanted).await;
        let plan = world.destroy(&wanted).await;
        assert_eq!(calls(&plan), ["RevokeSecurityGroupIngress"]);
    });
}

#[test]
fn what_refers_to_it_is_stable() {
    paused(async {
        let world = World::new().await;
        let keys = "default_security_group: empty, default_network_acl: {ingress: [{rule_number: 1, action: allow, protocol: all, cidr: 0.0.0.0/0}], egress: [{rule_number: 1, action: allow, protocol: all, cidr: 0.0.0.0/0}]}, main_route_table: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}";
        let rest = "internet_gateway: {main: }\n\
             subnet: {a: {cidr_block: 10.0.1.0/24, route_table: main.main, network_acl: main.default}, b: {cidr_block: 10.0.2.0/24}}\n\
             security_group: {web: {description: W, ingress: [{protocol: tcp, port: 22, security_group: main.default}]}}\n\
             vpc_endpoint: {s3: {service: s3, route_tables: [main.main]}}\n\
             instance:\n  \
               one: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: a, security_groups: [main.default]}\n  \
               two: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: b, security_groups: [main.default, web]}\n";
        let wanted = spec(keys, rest);
        world.apply(&wanted).await;
        world.destroy(&wanted).await;
    });
}

#[test]
fn the_main_table_is_the_one_that_is_main() {
    paused(async {
        let world = World::new().await;
        let wanted = spec(
            "main_route_table: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}",
            "internet_gateway: {main: }\n",
        );
        world.apply(&wanted).await;
        let before = made(&world, &wanted, Kind::RouteTable).await;
        let vpc = before.record.value("vpc").unwrap().to_string();
        let answer = world.call(&format!("CreateRouteTable&VpcId={vpc}")).await;
        let id = |text: &str, prefix: &str| {
            let start = text.find(prefix).unwrap();
            text[start..].split('<').next().unwrap().to_owned()
        };
        let other = id(&answer, "rtb-");
        let answer = world
            .call(&format!("DescribeRouteTables&RouteTableId.1={}", before.id))
            .await;
        let association = id(&answer, "rtbassoc-");
        world
            .call(&format!(
                "ReplaceRouteTableAssociation&AssociationId={association}&RouteTableId={other}"
            ))
            .await;
        let plan = world.apply(&wanted).await;
        assert_eq!(calls(&plan), ["CreateRoute"]);
        assert_eq!(made(&world, &wanted, Kind::RouteTable).await.id, other);
        // EC2 deletes no VPC that has a table beside the main one, and that one is nobody's now.
        world
            .call(&format!("DeleteRouteTable&RouteTableId={}", before.id))
            .await;
        world.destroy(&wanted).await;
    });
}

#[test]
fn what_carries_tags_of_ownership_is_refused() {
    paused(async {
        let world = World::new().await;
        let wanted = spec(ALL_EMPTY, "");
        world.apply(&wanted).await;
        let group = made(&world, &wanted, Kind::SecurityGroup).await.id;
        for (topology, address) in [
            ("mine", "security_group.main.default"),
            ("mine", "security_group.web"),
            ("others", "security_group.x"),
        ] {
            world.call(&format!(
                "CreateTags&ResourceId.1={group}&Tag.1.Key=trueup:topology&Tag.1.Value={topology}&Tag.2.Key=trueup:address&Tag.2.Value={address}"
            )).await;
            let plan = world.plan(&wanted).await;
            let refused = plan
                .refused
                .iter()
                .find(|refusal| refusal.address == "security_group.main.default")
                .unwrap();
            assert_eq!(
                matches!(refused.why, Refused::MadeByEc2 { .. }),
                topology == "mine",
                "{refused:?}"
            );
            assert!(plan.steps.is_empty());
            world
                .call(&format!(
                    "DeleteTags&ResourceId.1={group}&Tag.1.Key=trueup:topology&Tag.2.Key=trueup:address"
                ))
                .await;
        }
        assert!(world.plan(&wanted).await.is_empty());
    });
}

/// Two ways to say of a VPC's defaults what EC2 gives them without IPv6, the second one as far as it goes.
const NARROW: [&str; 2] = [
    "default_security_group: {egress: [{protocol: all, cidr: 0.0.0.0/0}]}, \
     default_network_acl: {egress: [{rule_number: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}], \
     ingress: [{rule_number: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]}",
    "default_security_group: empty, default_network_acl: \
     {ingress: [{rule_number: 101, action: deny, protocol: all, cidr: '2001:db8::/32'}], \
     egress: [{rule_number: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}, \
     {rule_number: 101, action: allow, protocol: all, cidr: '::/0'}]}",
];

/// The IPv6 range of a spec.
const IPV6: &str = "ipv6_cidr_block: amazon";

#[test]
fn what_ec2_opens_for_an_ipv6_range_is_closed_in_the_same_plan() {
    for keys in NARROW {
        paused(async {
            let world = World::new().await;
            world.apply(&spec("", "")).await;
            let wanted = spec(&format!("{IPV6}, {keys}"), "");
            // That a plan after it is empty is what is asked here.
            let plan = world.apply(&wanted).await;
            let comes = |step: &Step| step.call.action.name == "AssociateVpcCidrBlock";
            let comes = plan.steps.iter().find(|step| comes(step)).unwrap().number;
            let made =
                |step: &&Step| step.address.name.as_str() == "main.default" && step.call.sets.has("egress");
            assert!(
                plan.steps
                    .iter()
                    .filter(made)
                    .all(|step| step.after.contains(&comes)),
                "{keys}"
            );
        });
    }
}

#[test]
fn a_plan_for_an_ipv6_range_is_reviewed_with_what_ec2_opens_for_it() {
    paused(async {
        let world = World::new().await;
        world.apply(&spec("", "")).await;
        let wanted = spec(IPV6, "");
        let (observed, plan) = (world.observe(&wanted).await, world.plan(&wanted).await);
        let told = after_plan(&wanted, &observed, &plan, None).objects;
        world.apply(&wanted).await;
        for kind in [Kind::SecurityGroup, Kind::NetworkAcl] {
            let is = made(&world, &wanted, kind).await;
            let told = told.iter().find(|object| object.id == is.id).unwrap();
            assert_eq!(told.record, is.record);
            let before = observed.objects.iter().find(|object| object.id == is.id).unwrap();
            assert_ne!(before.record, is.record);
        }
    });
}
