//! IPv6 ranges of VPCs and subnets, and what EC2 opens for them: from nothing to nothing.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use trueup_model::{Cloud, Consent, Loss, Plan, Refused, Topology};
use trueup_sandbox::{Options, Sandbox};
use trueup_tests::{World, paused, topology};

use crate::bad_answers::instead;

const HEAD: &str = "topology: six\nregion: us-west-2\n";
const OWN: &str = "ipv6_cidr_block: \"2001:db8:7:100::/56\", ipv6_pool: ipv6pool-ec2-0123456789abcdef0";

/// A VPC with a range, or none, two subnets in it with theirs, and two groups.
fn spec(vpc: &str, a: &str, b: &str) -> Topology {
    let range = |range: &str| match range {
        "" => String::new(),
        range => format!(", ipv6_cidr_block: \"{range}\""),
    };
    let comma = if vpc.is_empty() { "" } else { ", " };
    topology(&format!(
        "{HEAD}vpc:\n  main: {{cidr_block: 10.0.0.0/16{comma}{vpc}}}\n\
         subnet:\n  a: {{cidr_block: 10.0.1.0/24{}}}\n  b: {{cidr_block: 10.0.2.0/24{}}}\n\
         security_group:\n  open: {{description: Open}}\n  shut: {{description: Shut, egress: []}}\n",
        range(a),
        range(b)
    ))
}

/// The calls of a plan, each with the address that it is about.
fn calls(plan: &Plan) -> Vec<String> {
    let call = |step: &trueup_model::Step| format!("{} {}", step.address, step.call.action);
    plan.steps.iter().map(call).collect()
}

/// The live text of an attribute.
async fn live(world: &World, wanted: &Topology, address: &str, attribute: &str) -> String {
    let observed = world.observe(wanted).await;
    let object = observed
        .objects
        .iter()
        .find(|object| object.address(&wanted.name).map(|own| own.to_string()).as_deref() == Some(address));
    let object = object.unwrap_or_else(|| panic!("{address} is not there"));
    object
        .record
        .value(attribute)
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn on_sandbox(test: impl AsyncFnOnce(World)) {
    paused(async {
        test(World::over(&Arc::new(Sandbox::new(Options::default()))).await).await;
    });
}

#[test]
fn a_range_of_amazons_comes_and_goes_with_those_of_its_subnets() {
    on_sandbox(async |world| {
        let (none, amazon) = (spec("", "", ""), spec("ipv6_cidr_block: amazon", "0", "255"));
        world.apply(&none).await;
        let plan = world.plan(&amazon).await;
        let come = [
            "vpc.main AssociateVpcCidrBlock",
            "subnet.a AssociateSubnetCidrBlock",
            "subnet.b AssociateSubnetCidrBlock",
        ];
        assert_eq!(calls(&plan), come);
        assert!(trueup_plan::consent::needs(&plan).is_empty());
        world.apply(&amazon).await;
        let vpc = live(&world, &amazon, "vpc.main", "ipv6_cidr_block").await;
        let head = vpc
            .strip_suffix("00::/56")
            .unwrap_or_else(|| panic!("{vpc} is no /56"));
        assert_eq!(
            live(&world, &amazon, "subnet.a", "ipv6_cidr_block").await,
            format!("{head}00::/64")
        );
        assert_eq!(
            live(&world, &amazon, "subnet.b", "ipv6_cidr_block").await,
            format!("{head}ff::/64")
        );

        let plan = world.plan(&none).await;
        let go = [
            "subnet.a DisassociateSubnetCidrBlock",
            "subnet.b DisassociateSubnetCidrBlock",
            "vpc.main DisassociateVpcCidrBlock",
        ];
        assert_eq!(calls(&plan), go);
        let needs = trueup_plan::consent::needs(&plan);
        let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
        assert_eq!(needs, ["delete:vpc.main"]);
        let losses: Vec<&Loss> = plan.changes.iter().flat_map(|change| &change.losses).collect();
        assert_eq!(losses, [&Loss::Ipv6Range { range: vpc }]);
        world.apply(&none).await;
        assert!(world.plan(&none).await.is_empty());
    });
}

#[test]
fn numbers_that_change_hands_are_given_up_before_they_are_taken() {
    on_sandbox(async |world| {
        let amazon = |a: &str, b: &str| spec("ipv6_cidr_block: amazon", a, b);
        world.apply(&amazon("1", "2")).await;
        let before = live(&world, &amazon("1", "2"), "subnet.a", "ipv6_cidr_block").await;
        world.apply(&amazon("2", "1")).await;
        assert_eq!(
            live(&world, &amazon("2", "1"), "subnet.b", "ipv6_cidr_block").await,
            before
        );
        // What a subnet gives up, a new one takes.
        let third = topology(&format!(
            "{HEAD}vpc:\n  main: {{cidr_block: 10.0.0.0/16, ipv6_cidr_block: amazon}}\n\
             subnet:\n  a: {{cidr_block: 10.0.1.0/24, ipv6_cidr_block: 3}}\n  b: {{cidr_block: 10.0.2.0/24}}\n  \
             c: {{cidr_block: 10.0.3.0/24, ipv6_cidr_block: 2}}\n"
        ));
        world.apply(&third).await;
        assert!(world.plan(&third).await.is_empty());
    });
}

#[test]
fn a_range_of_ones_own_takes_the_place_of_amazons_and_another_vpc_gets_its_number_anew() {
    on_sandbox(async |world| {
        let amazon = spec("ipv6_cidr_block: amazon", "7", "");
        let own = spec(OWN, "2001:db8:7:107::/64", "2001:db8:7:1ff::/64");
        world.apply(&amazon).await;
        let plan = world.plan(&own).await;
        let needs: Vec<Consent> = trueup_plan::consent::needs(&plan)
            .into_iter()
            .map(|need| need.what)
            .collect();
        assert_eq!(needs, [Consent::Delete]);
        for wanted in [&own, &amazon, &own] {
            world.apply(wanted).await;
            assert!(world.plan(wanted).await.is_empty());
        }
        // Another VPC: what was known of the range of the first one counts no more.
        let moved = topology(&format!(
            "{HEAD}vpc:\n  main: {{cidr_block: 10.1.0.0/16, ipv6_cidr_block: amazon}}\n\
             subnet:\n  a: {{cidr_block: 10.1.1.0/24, ipv6_cidr_block: 7}}\n"
        ));
        world.apply(&amazon).await;
        let before = live(&world, &amazon, "subnet.a", "ipv6_cidr_block").await;
        world.apply(&moved).await;
        let after = live(&world, &moved, "subnet.a", "ipv6_cidr_block").await;
        assert!(before != after && after.ends_with("07::/64"), "{before} {after}");
    });
}

#[test]
fn a_new_group_lets_out_what_its_spec_says_whether_its_vpc_has_ipv6_or_not() {
    on_sandbox(async |world| {
        let groups = [
            ("", "[{cidr: 0.0.0.0/0, protocol: all}]"),
            (
                "ipv6_cidr_block: amazon",
                "[{cidr: 0.0.0.0/0, protocol: all}, {cidr: ::/0, protocol: all}]",
            ),
        ];
        for (vpc, open) in groups {
            let wanted = spec(vpc, "", "");
            world.apply(&wanted).await;
            assert_eq!(live(&world, &wanted, "security_group.open", "egress").await, open);
            assert_eq!(live(&world, &wanted, "security_group.shut", "egress").await, "[]");
            assert!(world.plan(&wanted).await.is_empty());
            world.destroy(&wanted).await;
        }
    });
}

#[test]
fn a_number_in_a_range_that_was_not_read_is_not_known() {
    on_sandbox(async |world| {
        let wanted = spec("ipv6_cidr_block: amazon", "0", "255");
        world.apply(&wanted).await;
        let spoilt: [fn(Response<Bytes>) -> Response<Bytes>; 2] = [
            |answer| answer.map(|body| body.slice(..body.len() / 2)),
            |answer| {
                answer.map(|body| {
                    let text = String::from_utf8_lossy(&body);
                    text.replace("ipv6CidrBlock>", "another>").into()
                })
            },
        ];
        for spoil in spoilt {
            let world = world.again(|inner| instead(inner, "DescribeVpcs", spoil)).await;
            let observed = world.ec2.observe(&trueup_plan::scope(&wanted)).await.unwrap();
            let plan = trueup_plan::plan(&wanted, &observed);
            assert!(plan.steps.is_empty() && !plan.is_complete(), "{:?}", calls(&plan));
        }
    });
}

/// The network with instances in its subnets, each of which says this of its addresses.
fn with_hosts(vpc: &str, subnets: [&str; 2], hosts: &[(&str, &str, &str)]) -> Topology {
    let [a, b] = subnets.map(|more| {
        if more.is_empty() {
            String::new()
        } else {
            format!(", {more}")
        }
    });
    let comma = if vpc.is_empty() { "" } else { ", " };
    let hosts: String = hosts
        .iter()
        .map(|(name, subnet, says)| {
            let comma = if says.is_empty() { "" } else { ", " };
            format!(
                "  {name}: {{image: ami-003634241a8fcdec0, instance_type: t3.small, subnet: {subnet}{comma}{says}}}\n"
            )
        })
        .collect();
    topology(&format!(
        "{HEAD}vpc:\n  main: {{cidr_block: 10.0.0.0/16{comma}{vpc}}}\n\
         subnet:\n  a: {{cidr_block: 10.0.1.0/24{a}}}\n  b: {{cidr_block: 10.0.2.0/24{b}}}\ninstance:\n{hosts}"
    ))
}

/// The addresses of an instance.
async fn addresses(world: &World, wanted: &Topology, address: &str) -> Vec<String> {
    let text = live(world, wanted, address, "ipv6_addresses").await;
    let list = text.trim_matches(['[', ']']).split(", ");
    list.filter(|address| !address.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The addresses that a plan gives up.
fn lost(plan: &Plan) -> Vec<String> {
    let losses = plan.changes.iter().flat_map(|change| &change.losses);
    losses
        .filter_map(|loss| match loss {
            Loss::Ipv6Address { address } => Some(address.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn addresses_go_before_the_range_does_and_come_after_it_came() {
    on_sandbox(async |world| {
        let amazon = |number: u8, host: &str| {
            let subnet = format!("ipv6_cidr_block: {number}, assign_ipv6_address_on_creation: true");
            with_hosts("ipv6_cidr_block: amazon", [&subnet, ""], &[("x", "a", host)])
        };
        for (says, count) in [("ipv6_address_count: 2", 2), ("", 1)] {
            let (old, new) = (amazon(7, says), amazon(8, says));
            world.apply(&old).await;
            let before = addresses(&world, &old, "instance.x").await;
            assert_eq!(before.len(), count, "{before:?}");
            let plan = world.plan(&new).await;
            let steps = [
                "subnet.a ModifySubnetAttribute",
                "instance.x UnassignIpv6Addresses",
                "subnet.a DisassociateSubnetCidrBlock",
                "subnet.a AssociateSubnetCidrBlock",
                "subnet.a ModifySubnetAttribute",
                "instance.x AssignIpv6Addresses",
            ];
            assert_eq!(calls(&plan), steps);
            assert_eq!(lost(&plan), before);
            assert!(trueup_plan::consent::needs(&plan).is_empty());
            world.apply(&new).await;
            let after = addresses(&world, &new, "instance.x").await;
            assert_eq!(after.len(), count, "{after:?}");
            let range = live(&world, &new, "subnet.a", "ipv6_cidr_block").await;
            let head = range.strip_suffix(":/64").unwrap();
            assert!(
                after.iter().all(|address| address.starts_with(head)),
                "{range}: {after:?}"
            );
            world.destroy(&new).await;
        }
    });
}

#[test]
fn without_a_range_there_are_no_addresses_though_nobody_asked_for_them() {
    on_sandbox(async |world| {
        let subnet = "ipv6_cidr_block: 7, assign_ipv6_address_on_creation: true";
        let six = with_hosts("ipv6_cidr_block: amazon", [subnet, ""], &[("x", "a", "")]);
        let four = with_hosts("", ["", ""], &[("x", "a", "")]);
        world.apply(&six).await;
        let before = addresses(&world, &six, "instance.x").await;
        let plan = world.plan(&four).await;
        assert_eq!(
            calls(&plan),
            [
                "subnet.a ModifySubnetAttribute",
                "instance.x UnassignIpv6Addresses",
                "subnet.a DisassociateSubnetCidrBlock",
                "vpc.main DisassociateVpcCidrBlock",
            ]
        );
        assert_eq!(lost(&plan), before);
        world.apply(&four).await;
        // What is there then gets none by itself.
        world.apply(&six).await;
        assert_eq!(addresses(&world, &six, "instance.x").await, [""; 0]);
        // A range of one's own in the place of Amazon's: the number was of another range, though it is the same.
        let counted =
            |vpc: &str, subnet: &str| with_hosts(vpc, [subnet, ""], &[("x", "a", "ipv6_address_count: 1")]);
        let (amazon, own) = (
            counted("ipv6_cidr_block: amazon", "ipv6_cidr_block: 7"),
            counted(OWN, "ipv6_cidr_block: \"2001:db8:7:107::/64\""),
        );
        for wanted in [&amazon, &own, &amazon] {
            world.apply(wanted).await;
            assert_eq!(addresses(&world, wanted, "instance.x").await.len(), 1);
            assert!(world.plan(wanted).await.is_empty());
        }
    });
}

#[test]
fn certain_addresses_change_hands_and_any_others_are_counted() {
    on_sandbox(async |world| {
        let range = "ipv6_cidr_block: \"2001:db8:7:101::/64\"";
        let wanted = |x: &str, y: &str| with_hosts(OWN, [range, ""], &[("x", "a", x), ("y", "a", y)]);
        let certain = |last: &[&str]| {
            let each: Vec<String> = last
                .iter()
                .map(|last| format!("\"2001:db8:7:101::{last}\""))
                .collect();
            format!("ipv6_addresses: [{}]", each.join(", "))
        };
        world
            .apply(&wanted(&certain(&["a", "b"]), &certain(&["c"])))
            .await;
        let swapped = wanted(&certain(&["b", "c"]), &certain(&["a", "d"]));
        let plan = world.plan(&swapped).await;
        let unassigns = calls(&plan).into_iter().take(2).collect::<Vec<_>>();
        assert_eq!(
            unassigns,
            [
                "instance.x UnassignIpv6Addresses",
                "instance.y UnassignIpv6Addresses"
            ],
            "{:?}",
            calls(&plan)
        );
        world.apply(&swapped).await;
        let own = |last: &[&str]| -> Vec<String> {
            last.iter()
                .map(|last| format!("2001:db8:7:101::{last}"))
                .collect()
        };
        assert_eq!(addresses(&world, &swapped, "instance.x").await, own(&["b", "c"]));
        assert_eq!(addresses(&world, &swapped, "instance.y").await, own(&["a", "d"]));
        // Counted, those that are there stay as far as they count.
        let counted = wanted("ipv6_address_count: 1", "ipv6_address_count: 3");
        let plan = world.plan(&counted).await;
        assert_eq!(
            calls(&plan),
            [
                "instance.x UnassignIpv6Addresses",
                "instance.y AssignIpv6Addresses"
            ]
        );
        assert_eq!(lost(&plan), own(&["c"]));
        world.apply(&counted).await;
        assert_eq!(addresses(&world, &counted, "instance.x").await, own(&["b"]));
        assert_eq!(addresses(&world, &counted, "instance.y").await.len(), 3);
        // What EC2 has given to the one, and stays there, the other cannot have.
        let given = addresses(&world, &counted, "instance.y").await;
        let other = given
            .iter()
            .find(|address| !own(&["a", "d"]).contains(address))
            .unwrap();
        let plan = world
            .plan(&wanted(
                &format!("ipv6_addresses: [\"{other}\"]"),
                "ipv6_address_count: 3",
            ))
            .await;
        let why: Vec<&Refused> = plan.refused.iter().map(|refusal| &refusal.why).collect();
        assert!(
            matches!(why[..], [Refused::GivenAway { what, .. }] if what.starts_with(other.as_str())),
            "{why:?}"
        );
        // A new instance takes what an old one gives up, and one that goes takes its own with it.
        let third = with_hosts(
            OWN,
            [range, ""],
            &[("y", "a", &certain(&["d"])), ("z", "a", &certain(&["b", "a"]))],
        );
        let plan = world.plan(&third).await;
        assert_eq!(lost(&plan).len(), 3, "{:?}", plan.changes);
        world.apply(&third).await;
        assert_eq!(addresses(&world, &third, "instance.z").await, own(&["a", "b"]));
        world.destroy(&third).await;
    });
}

#[test]
fn addresses_whose_answer_was_lost_are_asked_for_once() {
    on_sandbox(async |world| {
        let wanted = |count: u8| {
            let says = format!("ipv6_address_count: {count}");
            with_hosts(
                "ipv6_cidr_block: amazon",
                ["ipv6_cidr_block: 1", ""],
                &[("x", "a", &says)],
            )
        };
        world.apply(&wanted(1)).await;
        let spoilt = world
            .again(|inner| {
                instead(inner, "AssignIpv6Addresses", |answer| {
                    answer.map(|body| body.slice(..body.len() / 2))
                })
            })
            .await;
        spoilt.apply(&wanted(4)).await;
        assert_eq!(addresses(&world, &wanted(4), "instance.x").await.len(), 4);
    });
}
