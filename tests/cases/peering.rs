//! Peering connections: who accepts, what EC2 tells only later, and which of two comes first.

use std::time::Duration;

use trueup_model::{Action, Note, Plan, Refusal, Refused};
use trueup_reach::fill::{Lists, observed as live, topology as wanted};
use trueup_reach::{Engine, Selector, ServiceSet, Verdict, reach};
use trueup_sandbox::Behaviour;
use trueup_tests::{World, calls_of, filled, paused, topology};

const SPEC: &str = include_str!("../../specs/peering.yaml");

/// Two VPCs, a peering connection of them with this, and a route and a rule over it.
fn two(peering: &str) -> String {
    format!(
        "topology: t\naccount: '123456789012'\nregion: us-west-2\nvpc:\n  a: {{cidr_block: 10.0.0.0/16, enable_dns_hostnames: true}}\n  \
         b: {{cidr_block: 10.1.0.0/16, enable_dns_hostnames: true}}\nvpc_peering_connection:\n  ab: {{{peering}}}\nroute_table:\n  \
         a: {{vpc: a, routes: [{{destination: 10.1.0.0/16, vpc_peering_connection: ab}}]}}\n"
    )
}

fn notes(plan: &Plan) -> Vec<&Note> {
    let changed = plan.changes.iter().flat_map(|change| &change.notes);
    changed
        .chain(plan.remarks.iter().map(|remark| &remark.note))
        .collect()
}

/// The id of what a plan knows by this address.
fn id(plan: &Plan, address: &str) -> String {
    filled(&format!("{{{address}}}"), plan, "")
}

#[test]
fn the_example_is_applied_is_stable_and_is_destroyed() {
    for behaviour in [Behaviour::Instant, Behaviour::Realistic] {
        paused(async {
            let world = World::with(behaviour).await;
            let spec = topology(SPEC);
            world.apply(&spec).await;
            let plan = world.plan(&spec).await;
            assert!(plan.is_empty());
            assert_eq!(notes(&plan), [&Note::PeerAwaitsAcceptance]);
            assert_eq!(plan.blackholes.len(), 1, "{:?}", plan.blackholes);
            world.destroy(&spec).await;
        });
    }
}

#[test]
fn what_is_live_is_reached_as_the_spec_wants() {
    let spec = topology(SPEC);
    let observed = paused(async {
        let world = World::new().await;
        world.apply(&spec).await;
        world.observe(&spec).await
    });
    for network in [
        wanted(&spec, &Lists::new()),
        live(&observed, &spec.name, &Lists::new()),
    ] {
        let engine = Engine::new(&network);
        let verdict = |from: &str, to: &str, over: &str| {
            let (from, to) = (
                Selector::read(&engine, from).unwrap(),
                Selector::read(&engine, to).unwrap(),
            );
            let answer = reach(&engine, &from, &to).unwrap();
            answer.verdict(Some(&ServiceSet::read(over).unwrap()))
        };
        assert_eq!(
            verdict("instance.app", "instance.database", "tcp/5432"),
            Verdict::Allowed
        );
        assert_eq!(
            verdict("instance.app", "instance.database", "tcp/22"),
            Verdict::Blocked
        );
        assert_eq!(verdict("instance.app", "internet", "tcp/443"), Verdict::Blocked);
    }
}

#[test]
fn a_request_that_nobody_accepts_is_no_failure_and_is_accepted_by_a_line() {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        let options = "requester_peering_connection_options: {allow_dns_resolution_from_remote_vpc: true}";
        let asked = topology(&two(&format!("vpc: a, peer_vpc: b, {options}")));
        let first = world.apply(&asked).await;
        assert!(notes(&first).contains(&&Note::PeerAwaitsAcceptance));
        assert!(!calls_of(&first).contains(&"ModifyVpcPeeringConnectionOptions"));
        // Once it is accepted, by a line here or by somebody, what the spec says of it is done.
        let accepted = topology(&two(&format!("vpc: a, peer_vpc: b, accept: true, {options}")));
        let plan = world.apply(&accepted).await;
        assert_eq!(
            calls_of(&plan),
            ["AcceptVpcPeeringConnection", "ModifyVpcPeeringConnectionOptions"]
        );
        assert!(notes(&plan).is_empty(), "{:?}", notes(&plan));
        // What was accepted stays so.
        assert!(world.plan(&asked).await.is_empty());
        world.destroy(&asked).await;
    });
}

#[test]
fn options_are_set_once_somebody_has_accepted() {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        // The sandbox's account that accepts everything.
        let spec = topology(&two(
            "vpc: a, peer_vpc: vpc-0123456789abcdef0, peer_owner_id: '999999999999', \
             requester_peering_connection_options: {allow_dns_resolution_from_remote_vpc: true}",
        ));
        world.apply(&spec).await;
        tokio::time::sleep(Duration::from_secs(120)).await;
        let plan = world.apply(&spec).await;
        assert_eq!(calls_of(&plan), ["ModifyVpcPeeringConnectionOptions"]);
        world.destroy(&spec).await;
    });
}

#[test]
fn what_expires_or_is_rejected_is_asked_for_again() {
    paused(async {
        let world = World::new().await;
        let spec = topology(&two("vpc: a, peer_vpc: b"));
        world.apply(&spec).await;
        let first = id(&world.plan(&spec).await, "vpc_peering_connection.ab");
        world
            .call(&format!(
                "RejectVpcPeeringConnection&VpcPeeringConnectionId={first}"
            ))
            .await;
        let plan = world.apply(&spec).await;
        assert!(calls_of(&plan).contains(&"CreateVpcPeeringConnection"));
        assert!(calls_of(&plan).contains(&"ReplaceRoute"), "{:?}", calls_of(&plan));
        tokio::time::sleep(Duration::from_secs(8 * 24 * 3600)).await;
        let plan = world.apply(&spec).await;
        assert!(calls_of(&plan).contains(&"CreateVpcPeeringConnection"));
        world.destroy(&spec).await;
    });
}

/// EC2 takes the request of VPCs whose ranges overlap, and tells it by a state: only the id says it here.
#[test]
fn overlapping_ranges_fail_with_ec2s_reason() {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        let made = world.call("CreateVpc&CidrBlock=10.0.128.0/17").await;
        let other = made
            .split_once("<vpcId>")
            .and_then(|(_, rest)| rest.split_once('<'))
            .unwrap()
            .0;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let spec = topology(&two(&format!("vpc: a, peer_vpc: {other}, accept: true")));
        let plan = world.plan(&spec).await;
        let failed = world.try_run(&plan).await.unwrap_err();
        assert!(
            failed
                .contains("is failed: Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"),
            "{failed}"
        );
    });
}

/// Of a pair that somebody else has peered EC2 answers theirs, and takes no second one the other way round.
#[test]
fn what_others_have_is_not_taken_for_ours() {
    paused(async {
        let world = World::new().await;
        let vpcs = "topology: t\nregion: us-west-2\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\n";
        let peered = |how: &str| topology(&format!("{vpcs}vpc_peering_connection: {{ab: {{{how}}}}}\n"));
        world.apply(&topology(vpcs)).await;
        let before_a = world.plan(&peered("vpc: a, peer_vpc: b, accept: true")).await;
        let before_b = world.plan(&peered("vpc: b, peer_vpc: a, accept: true")).await;
        let plan = world.plan(&topology(vpcs)).await;
        let made = world
            .call(&filled(
                "CreateVpcPeeringConnection&VpcId={vpc.a}&PeerVpcId={vpc.b}",
                &plan,
                "",
            ))
            .await;
        let theirs = filled("{answer#vpcPeeringConnectionId}", &plan, &made);
        world
            .call(&format!(
                "AcceptVpcPeeringConnection&VpcPeeringConnectionId={theirs}"
            ))
            .await;
        for (how, before, why) in [
            (
                "vpc: a, peer_vpc: b, accept: true",
                before_a,
                "joins these two VPCs already, and is not of this topology",
            ),
            (
                "vpc: b, peer_vpc: a, accept: true",
                before_b,
                "EC2 takes one peering connection between two",
            ),
        ] {
            let refused = world.plan(&peered(how)).await.refused;
            assert!(
                matches!(&refused[..], [Refusal { why: Refused::Taken { id, .. }, .. }] if *id == theirs),
                "{refused:?}"
            );
            // Whoever planned before it was there is told by the apply.
            let failed = world.try_run(&before).await.unwrap_err();
            assert!(failed.contains(why) && failed.contains(&theirs), "{failed}");
        }
        let untouched = world
            .call(&format!(
                "DescribeVpcPeeringConnections&VpcPeeringConnectionId.1={theirs}"
            ))
            .await;
        assert!(
            untouched.contains("<code>active</code>") && !untouched.contains("trueup"),
            "{untouched}"
        );
    });
}

#[test]
fn the_same_pair_the_other_way_round_is_replaced_the_old_one_first() {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        world
            .apply(&topology(&two("vpc: a, peer_vpc: b, accept: true")))
            .await;
        let plan = world
            .apply(&topology(&two("vpc: b, peer_vpc: a, accept: true")))
            .await;
        let calls = calls_of(&plan);
        let at = |name: &str| calls.iter().position(|call| *call == name);
        assert!(
            at("DeleteVpcPeeringConnection") < at("CreateVpcPeeringConnection"),
            "{calls:?}"
        );
    });
}

#[test]
fn rules_over_it_and_vpcs_behind_it_come_and_go_in_order() {
    for behaviour in [Behaviour::Instant, Behaviour::Realistic] {
        paused(async {
            let world = World::with(behaviour).await;
            world.apply(&topology(SPEC)).await;
            // The VPC of the database is replaced, and all that is in it or joins it.
            let other = SPEC
                .replace("10.1.0.0/16\n    enable", "10.2.0.0/16\n    enable")
                .replace("10.1.1.0/24", "10.2.1.0/24")
                .replace("destination: 10.1.0.0/16", "destination: 10.2.0.0/16");
            let plan = world.apply(&topology(&other)).await;
            let replaced = plan
                .changes
                .iter()
                .filter(|change| change.action == Action::Replace)
                .map(|change| change.address.to_string());
            assert!(
                replaced
                    .collect::<Vec<_>>()
                    .contains(&"vpc_peering_connection.app-data".to_owned())
            );
            // Without it there is neither the rule nor the route.
            let text = other.as_str();
            let peering = &text[text.find("  app-data:").unwrap()..text.find("  app-partner:").unwrap()];
            let without = text
                .replace(peering, "")
                .lines()
                .filter(|line| {
                    !line.contains("vpc_peering_connection: app-data")
                        && !line.contains("security_group: app}")
                })
                .collect::<Vec<_>>()
                .join("\n")
                .replace("    ingress:\n    egress", "    egress")
                .replace("    vpc: data\n    routes:\n", "    vpc: data\n");
            let without = without[..without.find("\nexpect:").unwrap()].to_owned() + "\n";
            world.apply(&topology(&without)).await;
            world.destroy(&topology(&without)).await;
        });
    }
}

/// A VPC of others in this region is looked for, and one that is not there is told before anything is made.
#[test]
fn a_peer_is_looked_for_where_it_can_be() {
    paused(async {
        let world = World::new().await;
        let spec = topology(&two(
            "vpc: a, peer_vpc: vpc-0123456789abcdef0, peer_owner_id: '123456789012', peer_region: us-west-2",
        ));
        let far = topology(&two(
            "vpc: a, peer_vpc: vpc-0123456789abcdef0, peer_region: eu-west-1",
        ));
        for (spec, sought) in [(&spec, 1), (&far, 0)] {
            let observed = world.observe(spec).await;
            let plan = trueup_plan::plan(spec, &observed);
            assert_eq!(
                trueup_plan::outside::unlisted(&plan, spec, &observed).len(),
                sought,
                "{:?}",
                plan.site
            );
        }
    });
}
