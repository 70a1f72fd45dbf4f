//! Every edit of a spec, there and back: it takes the calls that it should take, and nothing is left to do
//! after it.

use trueup_model::{Action, Event, Kind};
use trueup_sandbox::Behaviour;
use trueup_tests::edit_list::{
    Edit, edits_in_place, edits_of_resources, edits_that_replace, edits_with_a_stop,
};
use trueup_tests::flips::{Flip, flips};
use trueup_tests::{EVERY_KIND, World, calls_of, paused, topology};

#[test]
fn every_kind_is_made_read_back_and_deleted() {
    for behaviour in [Behaviour::Instant, Behaviour::Realistic] {
        paused(async {
            let world = World::with(behaviour).await;
            let topology = topology(EVERY_KIND);
            world.apply(&topology).await;
            let observed = world.observe(&topology).await;
            for kind in Kind::ALL {
                assert!(
                    observed
                        .objects
                        .iter()
                        .any(|object| object.kind == kind && object.owner.is_some()),
                    "{kind}"
                );
            }
            world.destroy(&topology).await;
        });
    }
}

/// Applies each edit and takes it back, on one network.
fn try_edits(edits: Vec<Edit>, exactly: bool) {
    paused(async {
        let world = World::new().await;
        let base = EVERY_KIND;
        world.apply(&topology(base)).await;
        for edit in edits {
            let edited = edit.of(base);
            let Edit { from, to, calls, .. } = edit;
            let edited = edited.unwrap_or_else(|| panic!("{from} is not in the network"));
            let done = world.apply(&topology(&edited)).await;
            if exactly && !calls.is_empty() {
                assert_eq!(calls_of(&done), calls, "{from} -> {to}");
            }
            for call in calls {
                assert!(
                    calls_of(&done).contains(call),
                    "{from} -> {to}: {call} is not in {:?}",
                    calls_of(&done)
                );
            }
            let back = world.apply(&topology(base)).await;
            if exactly {
                assert_eq!(
                    back.is_empty(),
                    done.is_empty(),
                    "{from} -> {to} and back: {:?}",
                    calls_of(&back)
                );
            }
        }
        world.destroy(&topology(base)).await;
    });
}

#[test]
fn what_changes_in_place_changes_by_its_own_call_and_back() {
    try_edits(edits_in_place(), true);
}

#[test]
fn what_the_tables_say_changes_in_place_changes_alone_and_back() {
    paused(async {
        let world = World::new().await;
        let base = topology(EVERY_KIND);
        world.apply(&base).await;
        let flips = flips(&base);
        assert!(flips.len() >= 4, "the tables know the values of hardly anything");
        for Flip {
            address,
            attribute,
            edited,
        } in flips
        {
            // On the way back it is drift: somebody else has changed it.
            for wanted in [&edited, &base] {
                let plan = world.apply(wanted).await;
                let [change] = &plan.changes[..] else {
                    panic!("{address}.{attribute}: {:#?}", plan.changes)
                };
                let paths: Vec<&str> = change
                    .attributes
                    .iter()
                    .map(|changed| changed.path.as_str())
                    .collect();
                assert_eq!(
                    (&change.address, change.action, &paths[..]),
                    (&address, Action::Update, &[attribute][..])
                );
            }
        }
        world.destroy(&base).await;
    });
}

#[test]
fn what_needs_a_stop_is_stopped_and_started() {
    try_edits(edits_with_a_stop(), false);
}

#[test]
fn what_cannot_change_is_replaced() {
    try_edits(edits_that_replace(), false);
}

#[test]
fn an_instance_profile_is_given_swapped_and_taken() {
    let with = |profile: &str| {
        topology(&EVERY_KIND.replace(
            "    security_groups: [db]",
            &format!("    security_groups: [db]{profile}"),
        ))
    };
    paused(async {
        let world = World::new().await;
        world.apply(&with("")).await;
        assert_eq!(
            calls_of(&world.apply(&with("\n    iam_instance_profile: web")).await),
            ["AssociateIamInstanceProfile"]
        );
        assert_eq!(
            calls_of(&world.apply(&with("\n    iam_instance_profile: db")).await),
            ["ReplaceIamInstanceProfileAssociation"]
        );
        assert_eq!(
            calls_of(&world.apply(&with("")).await),
            ["DisassociateIamInstanceProfile"]
        );
    });
}

#[test]
fn resources_that_go_and_others_in_their_place() {
    try_edits(edits_of_resources(), false);
}

/// The next number of a sequence that is the same in each run.
fn next(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap_or_default()
}

#[test]
fn any_edits_together_apply_in_one_go_without_a_refusal_on_the_way() {
    let lists = [
        edits_in_place(),
        edits_with_a_stop(),
        edits_that_replace(),
        edits_of_resources(),
    ];
    let edits: Vec<Edit> = lists.into_iter().flatten().collect();
    let mut state = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1);
    for round in 0..8 {
        paused(async {
            let world = World::new().await;
            for step in 0..6 {
                let mut text = EVERY_KIND.to_owned();
                let mut done = Vec::new();
                for _ in 0..=next(&mut state) % 8 {
                    let edit = &edits[next(&mut state) % edits.len()];
                    if let Some(edited) = edit.of(&text) {
                        text = edited;
                        done.push((edit.from, &edit.to));
                    }
                }
                let wanted = trueup_tests::parsed(&text);
                let Ok(wanted) = wanted else { continue };
                let plan = world.plan(&wanted).await;
                assert!(
                    plan.refused.is_empty(),
                    "{round}.{step} {done:?}: {:?}",
                    plan.refused
                );
                let events = world.run(&plan).await;
                let retried = events
                    .iter()
                    .find(|event| matches!(event, Event::Retrying { .. }));
                assert!(retried.is_none(), "{round}.{step} {done:?}: {retried:?}");
                let again = world.plan(&wanted).await;
                assert!(again.is_empty(), "{round}.{step} {done:?}: {:#?}", again.changes);
            }
        });
    }
}

/// The network with several edits at once.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(EVERY_KIND.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in the network");
        text.replace(from, to)
    })
}

#[test]
fn renaming_and_swapping_what_others_stand_in_is_done_in_one_go() {
    let cases: [&[(&str, &str)]; 8] = [
        // What an instance needs of its subnet is waited for, whenever the subnet's tags change.
        &[
            ("ipv6_cidr_block: 16", "ipv6_cidr_block: 17"),
            ("team: network", "team: core"),
        ],
        // A subnet with an instance in it gets another name, and with it another address in the plan.
        &[
            (
                "  private:\n    cidr_block: 10.0.2.0/24",
                "  inner:\n    cidr_block: 10.0.2.0/24",
            ),
            ("subnet: private", "subnet: inner"),
            ("subnets: [public, private]", "subnets: [public, inner]"),
        ],
        // Two subnets swap their ranges.
        &[
            ("cidr_block: 10.0.1.0/24", "cidr_block: SWAP"),
            ("cidr_block: 10.0.2.0/24", "cidr_block: 10.0.1.0/24"),
            ("cidr_block: SWAP", "cidr_block: 10.0.2.0/24"),
            ("10.0.1.10", "10.0.2.10"),
        ],
        // A group that is in use gets another name in the spec, and keeps the one in EC2.
        &[
            (
                "  db:\n    description: Database",
                "  database:\n    group_name: db\n    description: Database",
            ),
            ("security_group: db}", "security_group: database}"),
            ("security_groups: [db]", "security_groups: [database]"),
        ],
        // The Elastic IP addresses of an instance and a NAT gateway change places.
        &[
            ("elastic_ip: nat}", "elastic_ip: SWAP}"),
            ("elastic_ip: web\n", "elastic_ip: nat\n"),
            ("elastic_ip: SWAP}", "elastic_ip: web}"),
        ],
        // An ACL that a subnet is in gets another name.
        &[
            ("  inner:\n", "  core:\n"),
            ("network_acl: inner", "network_acl: core"),
        ],
        // Two ACLs change names: what is in them changes places.
        &[
            ("  inner:\n", "  SWAP:\n"),
            ("  outer:\n", "  inner:\n"),
            ("  SWAP:\n", "  outer:\n"),
        ],
        // A group that is in use gets another description, and is another group.
        &[("description: Web", "description: Front")],
    ];
    for edits in cases {
        there_and_back(EVERY_KIND, &edited(edits));
    }
}

/// Goes from one network to another and back, each in one go and without a refusal on the way.
fn there_and_back(one: &str, other: &str) {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(one)).await;
        for text in [other, one] {
            let wanted = topology(text);
            let events = world.run(&world.plan(&wanted).await).await;
            let retried = events
                .iter()
                .find(|event| matches!(event, Event::Retrying { .. }));
            assert!(retried.is_none(), "{text}: {retried:?}");
            let again = world.plan(&wanted).await;
            assert!(again.is_empty(), "{text}: {:#?}", again.changes);
        }
        world.destroy(&topology(one)).await;
    });
}

#[test]
fn a_subnet_whose_acl_goes_is_in_the_default_one_again() {
    const WITH: &str = "
topology: acls
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
subnet: {one: {cidr_block: 10.0.1.0/24, network_acl: own}, two: {cidr_block: 10.0.2.0/24, network_acl: own}}
network_acl: {own: {ingress: [{rule_number: 1, action: allow, protocol: all, cidr: 0.0.0.0/0}]}}
";
    let without = WITH
        .replace(", network_acl: own", "")
        .split("network_acl: {own")
        .next()
        .unwrap()
        .to_owned();
    there_and_back(WITH, &without);
    paused(async {
        let world = World::new().await;
        world.apply(&topology(WITH)).await;
        let done = world.apply(&topology(&without)).await;
        assert_eq!(
            calls_of(&done),
            [
                "ReplaceNetworkAclAssociation",
                "ReplaceNetworkAclAssociation",
                "DeleteNetworkAcl"
            ]
        );
        // A spec may also name the default ACL, by its id.
        let live = world.observe(&topology(&without)).await;
        let subnet = live
            .objects
            .iter()
            .find(|object| object.kind == Kind::Subnet && object.owner.is_some())
            .unwrap();
        let default = subnet
            .facts
            .text(trueup_model::Attr::<str>::new("default_network_acl"));
        let named =
            topology(&without.replace("10.0.1.0/24", &format!("10.0.1.0/24, network_acl: {default}")));
        assert!(world.plan(&named).await.is_empty());
        world.apply(&topology(WITH)).await;
        assert_eq!(calls_of(&world.apply(&topology(&without)).await).len(), 3);
    });
}

#[test]
fn what_only_one_can_have_changes_hands_in_one_go() {
    const ENDPOINTS: &str = "
topology: hands
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
route_table: {a: , b: , c: }
vpc_endpoint:
  one: {service: s3, route_tables: [a]}
  two: {service: s3, route_tables: [b, c]}
";
    there_and_back(
        ENDPOINTS,
        &ENDPOINTS.replace("[a]", "[a, c]").replace("[b, c]", "[b]"),
    );
    there_and_back(
        ENDPOINTS,
        &ENDPOINTS.replace("[a]", "[b, c]").replace(
            "two: {service: s3, route_tables: [b, c]}",
            "two: {service: s3, route_tables: [a]}",
        ),
    );
    const RANGES: &str = "
topology: ranges
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16, secondary_cidr_blocks: [10.1.0.0/20]}}
subnet: {one: {cidr_block: 10.0.1.0/24}}
";
    there_and_back(RANGES, &RANGES.replace("10.1.0.0/20", "10.1.0.0/16"));
    // A subnet moves to a new range while the one that it leaves goes, and DNS changes too.
    let moved = RANGES
        .replace("10.1.0.0/20", "10.2.0.0/20")
        .replace("10.2.0.0/20]", "10.2.0.0/20], enable_dns_hostnames: true");
    there_and_back(
        &RANGES.replace("10.0.1.0/24", "10.1.1.0/24"),
        &moved.replace("10.0.1.0/24", "10.2.1.0/24"),
    );
}

#[test]
fn what_ec2_would_refuse_for_something_that_stays_is_refused_by_the_plan() {
    const PUBLIC: &str = "
topology: stays
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
subnet: {one: {cidr_block: 10.0.1.0/24}}
internet_gateway: {main: }
instance:
  web: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: one, associate_public_ip_address: true}
";
    paused(async {
        let world = World::new().await;
        world.apply(&topology(PUBLIC)).await;
        let plan = world
            .plan(&topology(&PUBLIC.replace("internet_gateway: {main: }\n", "")))
            .await;
        let why: Vec<_> = plan
            .refused
            .iter()
            .map(|refusal| {
                (
                    refusal.guard.code(),
                    refusal.address.as_str(),
                    trueup_report::reasons::refusal(&plan, refusal),
                )
            })
            .collect();
        let expected = "EC2 refuses DetachInternetGateway while instance.web is there, and instance.web stays: change or remove it as well";
        assert_eq!(why, [("order", "internet_gateway.main", expected.to_owned())]);
    });
}
