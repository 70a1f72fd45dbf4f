//! What goes before what, what is gone for a while, and what a plan says about it: seen at the sandbox, call
//! by call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use trueup_ec2::Transport;
use trueup_model::Note;
use trueup_sandbox::Behaviour;
use trueup_tests::trial::Trial;
use trueup_tests::{World, calls_of, paused, topology};

const PROTECTED: &str = "topology: t
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
subnet: {a: {cidr_block: 10.0.1.0/24}}
instance: {x: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: a, disable_api_termination: true}}
";

#[test]
fn what_ec2_protects_from_termination_goes_only_with_a_consent_of_its_own() {
    let trial = Trial::of_the_seed();
    trial.write("t.yaml", PROTECTED);
    trial.see("apply --sandbox --auto-approve t.yaml");
    let refused = trial.see("destroy --sandbox --auto-approve --allow delete t.yaml");
    assert!(
        refused.contains("--allow unprotect:instance.x") && refused.ends_with("[exit 3]\n"),
        "{refused}"
    );
    assert!(
        refused.contains("protection lifted: EC2 refuses to end it while `disable_api_termination` is on"),
        "{refused}"
    );
    // To replace it is another consent.
    trial.write("t.yaml", PROTECTED.replace("10.0.1.0/24", "10.0.2.0/24"));
    let refused = trial.see("apply --sandbox --auto-approve --allow replace t.yaml");
    assert!(
        refused.contains("--allow unprotect:instance.x") && refused.ends_with("[exit 3]\n"),
        "{refused}"
    );
    let replaced =
        trial.see("apply --sandbox --auto-approve --allow replace --allow unprotect:instance.x t.yaml");
    assert!(replaced.ends_with("[exit 0]\n"), "{replaced}");
    let destroyed = trial.see("destroy --sandbox --auto-approve --allow delete --allow unprotect t.yaml");
    assert!(destroyed.ends_with("[exit 0]\n"), "{destroyed}");
}

#[test]
fn a_tag_whose_line_was_taken_out_is_told_until_null_takes_it_away() {
    let trial = Trial::of_the_seed();
    let spec = "topology: t\nregion: us-west-2\ntags: {env: prod, team: network}\nvpc: {main: {cidr_block: 10.0.0.0/16}}\n";
    trial.write("t.yaml", spec);
    trial.see("apply --sandbox --auto-approve t.yaml");
    let silent = trial.see("plan --sandbox t.yaml");
    assert!(!silent.contains("note"), "{silent}");
    trial.write("t.yaml", spec.replace(", team: network", ""));
    let told = trial.see("plan --sandbox t.yaml");
    assert!(
        told.contains("tag `team` of vpc.main is no longer in the spec, and stays")
            && told.contains("Nothing to do"),
        "{told}"
    );
    trial.write("t.yaml", spec.replace("team: network", "team: null"));
    trial.see("apply --sandbox --auto-approve t.yaml");
    trial.write("t.yaml", spec.replace(", team: network", ""));
    let silent = trial.see("plan --sandbox t.yaml");
    assert!(
        silent.contains("Nothing to do") && !silent.contains("note"),
        "{silent}"
    );
}

const HOSTS: &str = "topology: t
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
subnet: {a: {cidr_block: 10.0.1.0/24}}
security_group: {app: {description: App}}
instance:
  app-a: {image: ami-003634241a8fcdec0, instance_type: t3.small, subnet: a, security_groups: [app]}
  app-b: {image: ami-003634241a8fcdec0, instance_type: t3.small, subnet: a, security_groups: [app]}
  app-c: {image: ami-003634241a8fcdec0, instance_type: t3.small, subnet: a, security_groups: [app]}
";

/// The same way to an EC2; what `look` answers in XML before each call that changes something is kept.
fn looking(transport: Transport, look: &'static str, seen: &Arc<Mutex<Vec<(String, String)>>>) -> Transport {
    let seen = Arc::clone(seen);
    Arc::new(move |request| {
        let (transport, seen) = (Arc::clone(&transport), Arc::clone(&seen));
        Box::pin(async move {
            let body = String::from_utf8_lossy(request.body()).into_owned();
            let action = body
                .split("Action=")
                .nth(1)
                .and_then(|rest| rest.split('&').next())
                .unwrap_or_default()
                .to_owned();
            let only_asks =
                action.starts_with("Describe") || action.starts_with("Get") || body.contains("&DryRun=true");
            if !only_asks {
                let (head, _) = request.clone().into_parts();
                let ask = http::Request::from_parts(head, format!("Action={look}&Version=2016-11-15").into());
                let answer = transport(ask).await;
                seen.lock()
                    .unwrap()
                    .push((action, String::from_utf8_lossy(answer.body()).into_owned()));
            }
            transport(request).await
        })
    })
}

/// What is seen before each call of an apply of `after` on the network of `before`.
fn seen(before: &str, after: &str, at_once: usize, look: &'static str) -> Vec<(String, String)> {
    let seen = Arc::default();
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        world.apply(&topology(before)).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let wanted = trueup_model::Topology {
            at_once: std::num::NonZeroUsize::new(at_once),
            ..topology(after)
        };
        world
            .again(|transport| looking(transport, look, &seen))
            .await
            .apply(&wanted)
            .await;
    });
    Arc::try_unwrap(seen).unwrap().into_inner().unwrap()
}

/// How many hosts are not running, at most, when the next one is stopped.
fn down(at_once: usize) -> usize {
    let seen = seen(
        HOSTS,
        &HOSTS.replace("t3.small", "t3.large"),
        at_once,
        "DescribeInstances",
    );
    let stops: Vec<&String> = seen
        .iter()
        .filter(|(action, _)| action == "StopInstances")
        .map(|(_, answer)| answer)
        .collect();
    assert_eq!(stops.len(), 3);
    let running = |answer: &&String| answer.matches("<name>running</name>").count();
    stops.iter().map(|answer| 3 - running(answer)).max().unwrap()
}

#[test]
fn a_host_is_stopped_when_the_one_before_it_runs_again() {
    assert_eq!(down(1), 0);
    assert!(down(3) > 0);
}

#[test]
fn a_subnet_that_moves_with_its_endpoint_has_it_all_the_time() {
    let spec = |table: &str| {
        format!(
            "topology: t\nregion: us-west-2\nvpc: {{main: {{cidr_block: 10.0.0.0/16}}}}\nroute_table: {{a: , b: }}\n\
             subnet: {{x: {{cidr_block: 10.0.1.0/24, route_table: {table}}}}}\n\
             vpc_endpoint: {{s3: {{service: s3, route_tables: [{table}]}}}}\n"
        )
    };
    const ITS_TABLE: &str =
        "DescribeRouteTables&Filter.1.Name=association.subnet-id&Filter.1.Value.1=subnet-*";
    let seen = seen(&spec("a"), &spec("b"), 1, ITS_TABLE);
    let actions: Vec<&str> = seen.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "ModifyVpcEndpoint",
            "ReplaceRouteTableAssociation",
            "ModifyVpcEndpoint"
        ]
    );
    for (action, answer) in &seen {
        assert!(answer.contains("<gatewayId>vpce-"), "{action}: {answer}");
    }
}

/// The same way to an EC2 whose groups take no more than 60 ingress rules.
fn with_quota(transport: Transport) -> Transport {
    let have = Arc::new(Mutex::new(60_usize));
    Arc::new(move |request| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let rules = body.matches(".CidrIp=").count();
        let mut have = have.lock().unwrap();
        if body.contains("Action=RevokeSecurityGroupIngress&") {
            *have -= rules;
        } else if body.contains("Action=AuthorizeSecurityGroupIngress&") {
            *have += rules;
        }
        if *have <= 60 {
            return transport(request);
        }
        let body = "<Response><Errors><Error><Code>RulesPerSecurityGroupLimitExceeded</Code><Message>Too many.</Message></Error></Errors></Response>";
        let mut response = http::Response::new(bytes::Bytes::from(body));
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        Box::pin(async { response })
    })
}

#[test]
fn a_group_at_its_quota_exchanges_its_rules() {
    let spec = |first: usize| {
        let rules: String = (first..first + 60)
            .map(|port| format!("      - {{protocol: tcp, port: {port}, cidr: 10.0.0.0/8}}\n"))
            .collect();
        format!(
            "topology: t\nregion: us-west-2\nvpc: {{main: {{cidr_block: 10.0.0.0/16}}}}\n\
             security_group:\n  web:\n    description: Web\n    ingress:\n{rules}"
        )
    };
    paused(async {
        let world = World::new().await;
        world.apply(&topology(&spec(1000))).await;
        let plan = world.again(with_quota).await.apply(&topology(&spec(1025))).await;
        assert!(
            matches!(&plan.changes[0].notes[0], Note::NoRoom { late: 25, what, .. } if what == "ingress rules"),
            "{:?}",
            plan.changes[0].notes
        );
    });
}

#[test]
fn a_route_whose_target_is_gone_is_told_though_it_is_as_the_spec_wants_it() {
    let spec = |more: &str| {
        HOSTS.replace(
            "subnet: {a: {cidr_block: 10.0.1.0/24}}",
            &format!("subnet: {{a: {{cidr_block: 10.0.1.0/24}}}}\n{more}"),
        )
    };
    paused(async {
        let world = World::new().await;
        world.apply(&topology(&spec(""))).await;
        let observed = world.observe(&topology(&spec(""))).await;
        let host = observed
            .objects
            .iter()
            .find(|object| object.id.starts_with("i-"))
            .unwrap();
        let route = format!(
            "{{destination: 192.168.0.0/16, network_interface: {}}}",
            host.facts.text(trueup_model::fact::NETWORK_INTERFACE)
        );
        let wanted = topology(&spec(&format!("route_table: {{out: {{routes: [{route}]}}}}\n")));
        world.apply(&wanted).await;
        assert!(world.plan(&wanted).await.blackholes.is_empty());
        world
            .call(&format!("TerminateInstances&InstanceId.1={}", host.id))
            .await;
        world.apply(&wanted).await;
        let plan = world.plan(&wanted).await;
        let told: Vec<String> = plan
            .blackholes
            .iter()
            .map(|hole| format!("{} {}", hole.address, hole.destination))
            .collect();
        assert!(plan.is_empty(), "{:?}", plan.changes);
        assert_eq!(told, ["route_table.out 192.168.0.0/16"]);
        let mut text = trueup_report::Clean::default();
        trueup_report::text::drift(&mut text, &plan, &[], trueup_report::Style::default()).unwrap();
        assert!(
            text.to_string().contains("leads nowhere") && !text.to_string().contains("no drift"),
            "{text}"
        );
    });
}

/// A VPC with a second range, and a route table with some routes; and a VPC of others' addresses, which has
/// nothing to do with it.
fn ranges(second: &str, routes: &str) -> trueup_model::Topology {
    topology(&format!(
        "topology: t
region: us-west-2
vpc:
  main: {{cidr_block: 10.0.0.0/16, secondary_cidr_blocks: [{second}]}}
  like: {{cidr_block: 10.5.0.0/16}}
subnet: {{like: {{vpc: like, cidr_block: 10.5.1.0/24}}}}
internet_gateway: {{main: {{vpc: main}}}}
route_table:
  main: {{vpc: main, routes: [{{destination: 0.0.0.0/0, internet_gateway: main}}{routes}]}}
"
    ))
}

#[test]
fn a_range_and_a_route_into_it_take_turns() {
    paused(async {
        const ROUTES: &str = ", {destination: 10.5.1.0/24, internet_gateway: main}, {destination: 10.5.0.0/16, internet_gateway: main}";
        for behaviour in [Behaviour::Instant, Behaviour::Realistic] {
            let world = World::with(behaviour).await;
            let (routed, ranged) = (ranges("", ROUTES), ranges("10.5.0.0/16", ""));
            world.apply(&routed).await;
            let order = |plan: &trueup_model::Plan| {
                plan.steps
                    .iter()
                    .map(|step| step.call.action.name)
                    .collect::<Vec<_>>()
            };
            // EC2 refuses a range that a route leads to, and a route to a part of a range.
            let there = world.apply(&ranged).await;
            assert_eq!(
                order(&there),
                ["DeleteRoute", "DeleteRoute", "AssociateVpcCidrBlock"]
            );
            assert_eq!(there.steps[2].after, [1, 2]);
            let back = world.apply(&routed).await;
            assert_eq!(
                order(&back),
                ["DisassociateVpcCidrBlock", "CreateRoute", "CreateRoute"]
            );
            let why = back.steps[2].why.first().map(trueup_report::reasons::step);
            assert_eq!(
                why,
                Some(
                    "EC2 refuses CreateRoute while 10.5.0.0/16 is in vpc.main.secondary_cidr_blocks"
                        .to_owned()
                )
            );
            // Both at once: a range goes where a route comes, and another comes where a route goes.
            let (one, other) = (
                ranges(
                    "10.5.0.0/16",
                    ", {destination: 10.6.1.0/24, internet_gateway: main}",
                ),
                ranges(
                    "10.6.0.0/16",
                    ", {destination: 10.5.1.0/24, internet_gateway: main}",
                ),
            );
            world.apply(&one).await;
            world.apply(&other).await;
            world.apply(&one).await;
        }
    });
}

#[test]
fn a_customers_prefix_list_takes_the_room_of_all_that_it_may_hold() {
    paused(async {
        let world = World::new().await;
        let made = world
            .call("CreateManagedPrefixList&PrefixListName=office&MaxEntries=50&AddressFamily=IPv4")
            .await;
        let list = made
            .split("<prefixListId>")
            .nth(1)
            .and_then(|rest| rest.split('<').next())
            .unwrap();
        let group = |rules: &str| {
            topology(&format!(
                "topology: t\nregion: us-west-2\nvpc: {{main: {{cidr_block: 10.0.0.0/16}}}}\n\
                 security_group: {{web: {{description: Web, ingress: [{rules}]}}}}\n"
            ))
        };
        let ports = group(
            "{protocol: tcp, port: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20], cidr: 10.0.0.0/8}",
        );
        world.apply(&ports).await;
        let listed = group(&format!("{{protocol: tcp, port: 443, prefix_list: {list}}}"));
        let plan = world.plan(&listed).await;
        let order = calls_of(&plan);
        assert_eq!(
            order,
            [
                "RevokeSecurityGroupIngress",
                "AuthorizeSecurityGroupIngress",
                "RevokeSecurityGroupIngress"
            ]
        );
        assert!(
            matches!(&plan.changes[0].notes[0], Note::NoRoom { late: 1, what, .. } if what == "ingress rules"),
            "{:?}",
            plan.changes[0].notes
        );
        world.run(&plan).await;
        // On the way back it is the list that makes room.
        let plan = world.plan(&ports).await;
        let order = calls_of(&plan);
        assert_eq!(
            order,
            [
                "AuthorizeSecurityGroupIngress",
                "RevokeSecurityGroupIngress",
                "AuthorizeSecurityGroupIngress"
            ]
        );
        world.run(&plan).await;
    });
}
