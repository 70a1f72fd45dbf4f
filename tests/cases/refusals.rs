//! Every class of refusal on the wire: what EC2 says to one action, for how long it is repeated, and how the
//! step ends.

mod rehearsed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use trueup_ec2::Transport;
use trueup_engine::Options;
use trueup_model::{Event, Outcome, Plan};
use trueup_sandbox::Behaviour;
use trueup_tests::{PUBLIC_KEY, World, paused, topology};

const SPEC: &str = "topology: refused
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
internet_gateway: {main: {}}
route_table: {out: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}}
subnet: {a: {cidr_block: 10.0.1.0/24, route_table: out}}
elastic_ip: {n: {}}
nat_gateway: {n: {subnet: a, elastic_ip: n}}
security_group: {web: {description: Web, ingress: [{protocol: tcp, port: 80, cidr: 10.0.0.0/8}], egress: []}}
key_pair: {k: {public_key: KEY}}
instance: {host: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: a, security_groups: [web], key_pair: k}}
vpc_endpoint: {s3: {service: s3, route_tables: [out]}}
";

/// What is refused.
#[derive(Clone, Copy)]
struct Refused {
    action: &'static str,
    status: u16,
    code: &'static str,
    /// So many of its calls, from the first one on.
    times: usize,
}

/// How the step of a refused action ends.
enum End {
    /// It is done, having been told to be repeated so often at least.
    Done { retries: usize },
    /// It fails after so many seconds, and says this.
    Fails {
        after: std::ops::RangeInclusive<u64>,
        says: &'static str,
    },
}

const ALWAYS: usize = usize::MAX;
/// Refusals that are not waited out.
const AT_ONCE: std::ops::RangeInclusive<u64> = 0..=3;
/// What has a client token is asked for again as after a lost reply: seconds, and never as long as what is on
/// its way is waited for.
const UNDER_A_TOKEN: std::ops::RangeInclusive<u64> = 0..=20;

fn refused(action: &'static str, status: u16, code: &'static str, times: usize) -> Refused {
    Refused {
        action,
        status,
        code,
        times,
    }
}

/// The same way to an EC2, on which calls are refused; `calls` counts those that might be.
fn refusing(transport: Transport, refused: Refused, calls: &Arc<AtomicUsize>) -> Transport {
    let calls = Arc::clone(calls);
    Arc::new(move |request| {
        let asks = format!("Action={}&", refused.action);
        let is_it = String::from_utf8_lossy(request.body()).contains(&asks);
        if !is_it || calls.fetch_add(1, Ordering::SeqCst) >= refused.times {
            return transport(request);
        }
        let body = format!(
            "<Response><Errors><Error><Code>{}</Code><Message>Not now.</Message></Error></Errors><RequestID>r</RequestID></Response>",
            refused.code
        );
        let mut response = http::Response::new(bytes::Bytes::from(body));
        *response.status_mut() = http::StatusCode::from_u16(refused.status).unwrap();
        if refused.code.is_empty() {
            response.extensions_mut().insert(trueup_ec2::ReplyLost);
        }
        Box::pin(async { response })
    })
}

/// Runs a plan to its end, whatever that is.
async fn run(world: &World, plan: &Plan) -> (Outcome, Vec<Event>) {
    let mut events = Vec::new();
    let mut sink = |event| events.push(event);
    let outcome = trueup_engine::apply(
        plan,
        &world.ec2,
        &Options::default(),
        std::future::pending(),
        &mut sink,
    )
    .await;
    (outcome, events)
}

/// The spec, and an edit of it: another tag, and no route.
fn specs() -> (String, String) {
    let spec = SPEC.replace("KEY", &format!("\"{PUBLIC_KEY}\""));
    let edited = spec
        .replace("[{destination: 0.0.0.0/0, internet_gateway: main}]", "[]")
        .replace("elastic_ip: {n: {}}", EDITED_TAGS);
    (spec, edited)
}

const EDITED_TAGS: &str = "elastic_ip: {n: {tags: {use: edited}}}";

/// An apply of everything from nothing, of an edit or of a destroy, whichever makes the call, with this
/// refusal on the way.
async fn meet(refused: Refused) -> (Plan, Outcome, Vec<Event>) {
    let (spec, edited) = specs();
    let (spec, edited) = (topology(&spec), topology(&edited));
    let world = World::with(Behaviour::Realistic).await;
    let edits = ["CreateTags", "DeleteRoute"].contains(&refused.action);
    let ends = !edits
        && ["Delete", "Terminate", "Release", "Detach", "Disassociate"]
            .iter()
            .any(|verb| refused.action.starts_with(verb));
    if ends || edits {
        world.apply(&spec).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let calls = Arc::default();
    let world = world
        .again(|transport| refusing(transport, refused, &calls))
        .await;
    let wanted = if edits { &edited } else { &spec };
    let observed = world.observe(wanted).await;
    let plan = if ends {
        trueup_plan::destroy(wanted, &observed)
    } else {
        trueup_plan::plan(wanted, &observed)
    };
    let (outcome, events) = run(&world, &plan).await;
    assert!(
        calls.load(Ordering::SeqCst) > 0,
        "{} is never called",
        refused.action
    );
    (plan, outcome, events)
}

fn check(refused: Refused, end: &End) {
    let what = format!("{} to {}", refused.code, refused.action);
    let (plan, outcome, events) = paused(meet(refused));
    let told = events
        .iter()
        .filter(|event| matches!(event, Event::Retrying { step, .. } if step.call.name == refused.action))
        .count();
    let failed: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::StepFailed {
                step,
                message,
                elapsed,
                ..
            } => Some((step.call, message.as_str(), elapsed.as_secs())),
            _ => None,
        })
        .collect();
    assert_eq!(
        outcome.done.len() + outcome.failed.len() + outcome.skipped.len(),
        plan.steps.len(),
        "{what}: not all steps are told"
    );
    match end {
        End::Done { retries } => {
            assert!(outcome.is_success(), "{what}: {failed:?}");
            assert!(told >= *retries, "{what}: told {told} times");
        }
        End::Fails { after, says } => {
            let (call, message, seconds) = failed.first().unwrap_or_else(|| panic!("{what}: nothing fails"));
            assert_eq!(call.name, refused.action, "{what}: {failed:?}");
            assert!(after.contains(seconds), "{what}: after {seconds} s");
            assert!(message.contains(says), "{what}: {message}");
        }
    }
}

#[test]
fn too_many_requests_are_waited_out() {
    check(
        refused("CreateVpc", 503, "RequestLimitExceeded", 5),
        &End::Done { retries: 1 },
    );
    check(
        refused("CreateTags", 400, "ThrottlingException", 1),
        &End::Done { retries: 1 },
    );
    check(
        refused("CreateVpc", 503, "RequestLimitExceeded", ALWAYS),
        &End::Fails {
            after: 590..=640,
            says: "Too many requests",
        },
    );
}

#[test]
fn trouble_of_ec2_s_own_passes_or_ends_the_step() {
    // Without a client token, what was maybe made is looked for first.
    check(
        refused("CreateVpc", 500, "InternalError", 3),
        &End::Done { retries: 1 },
    );
    check(
        refused("CreateSubnet", 503, "Unavailable", ALWAYS),
        &End::Fails {
            after: 170..=240,
            says: "Unavailable",
        },
    );
    check(
        refused("CreateNatGateway", 500, "InternalError", 3),
        &End::Done { retries: 1 },
    );
    check(
        refused("AttachInternetGateway", 500, "InternalError", ALWAYS),
        &End::Fails {
            after: 175..=190,
            says: "InternalError",
        },
    );
}

#[test]
fn answers_that_never_come_are_asked_for_again() {
    check(refused("CreateVpc", 504, "", 2), &End::Done { retries: 1 });
    check(refused("CreateRouteTable", 504, "", 2), &End::Done { retries: 1 });
    check(
        refused("CreateRoute", 504, "", ALWAYS),
        &End::Fails {
            after: 175..=190,
            says: "the connection broke",
        },
    );
}

#[test]
fn no_room_no_quota_no_permission_and_wrong_requests_are_final() {
    for (action, status, code, says) in [
        (
            "RunInstances",
            500,
            "InsufficientInstanceCapacity",
            "InsufficientInstanceCapacity",
        ),
        ("CreateVpc", 400, "VpcLimitExceeded", "Ask AWS to raise the quota"),
        (
            "AllocateAddress",
            400,
            "AddressLimitExceeded",
            "Ask AWS to raise the quota",
        ),
        (
            "CreateSubnet",
            403,
            "UnauthorizedOperation",
            "need the permission `ec2:CreateSubnet`",
        ),
        (
            "CreateVpcEndpoint",
            400,
            "InvalidParameterValue",
            "InvalidParameterValue",
        ),
        ("CreateVpc", 400, "SomethingNew", "SomethingNew"),
    ] {
        check(
            refused(action, status, code, ALWAYS),
            &End::Fails { after: AT_ONCE, says },
        );
    }
}

#[test]
fn what_is_not_there_yet_is_waited_for_and_what_is_gone_is_done() {
    check(
        refused("CreateRoute", 400, "InvalidInternetGatewayID.NotFound", 4),
        &End::Done { retries: 1 },
    );
    let young = End::Fails {
        after: 290..=310,
        says: "NotFound",
    };
    check(
        refused("CreateRoute", 400, "InvalidInternetGatewayID.NotFound", ALWAYS),
        &young,
    );
    check(
        refused("DeleteRoute", 400, "InvalidRoute.NotFound", ALWAYS),
        &End::Done { retries: 0 },
    );
    // The group was made a moment ago: it is not shown yet, and its rule is still there.
    check(
        refused("RevokeSecurityGroupEgress", 400, "InvalidGroup.NotFound", 3),
        &End::Done { retries: 1 },
    );
    check(
        refused(
            "RevokeSecurityGroupEgress",
            400,
            "InvalidPermission.NotFound",
            ALWAYS,
        ),
        &End::Done { retries: 0 },
    );
    check(
        refused("DeleteKeyPair", 400, "InvalidKeyPair.NotFound", ALWAYS),
        &End::Done { retries: 0 },
    );
}

#[test]
fn states_that_pass_and_what_depends_are_waited_for() {
    check(
        refused("AttachInternetGateway", 400, "IncorrectState", 3),
        &End::Done { retries: 1 },
    );
    check(
        refused("AttachInternetGateway", 400, "IncorrectState", ALWAYS),
        &End::Fails {
            after: 235..=250,
            says: "IncorrectState",
        },
    );
    check(
        refused("DeleteSubnet", 400, "DependencyViolation", 3),
        &End::Done { retries: 1 },
    );
    let ending = End::Fails {
        after: 890..=910,
        says: "DependencyViolation",
    };
    check(
        refused("DeleteSubnet", 400, "DependencyViolation", ALWAYS),
        &ending,
    );
}

#[test]
fn what_is_said_to_be_there_already_must_be_there() {
    check(
        refused("CreateSecurityGroup", 400, "InvalidGroup.Duplicate", ALWAYS),
        &End::Fails {
            after: 10..=30,
            says: "Duplicate",
        },
    );
}

#[test]
fn a_client_token_that_is_used_up_makes_way_for_the_next() {
    check(
        refused("CreateNatGateway", 400, "IdempotentParameterMismatch", 2),
        &End::Done { retries: 0 },
    );
    check(
        refused("RunInstances", 400, "IdempotentInstanceTerminated", 1),
        &End::Done { retries: 0 },
    );
}

#[test]
fn expired_credentials_end_the_run_at_once_with_everything_told() {
    for code in ["RequestExpired", "ExpiredToken", "AuthFailure"] {
        let (plan, outcome, events) = paused(meet(refused("CreateSubnet", 400, code, ALWAYS)));
        if code == "AuthFailure" {
            // Without the words about credentials it is a permission that is missing, and other steps go on.
            assert!(!outcome.stopped);
            continue;
        }
        assert!(outcome.stopped && !outcome.done.is_empty(), "{code}: {outcome:?}");
        let told = [&outcome.done, &outcome.failed, &outcome.pending, &outcome.skipped];
        assert_eq!(told.into_iter().map(Vec::len).sum::<usize>(), plan.steps.len());
        let failed = events
            .iter()
            .position(|event| matches!(event, Event::StepFailed { .. }))
            .unwrap();
        assert!(
            matches!(&events[failed], Event::StepFailed { message, .. } if message.contains("aws sso login")),
            "{:?}",
            events[failed]
        );
        assert!(
            !events[failed..]
                .iter()
                .any(|event| matches!(event, Event::StepStarted { .. })),
            "{code}: something starts after the end"
        );
    }
}

#[test]
fn what_lives_in_another_region_is_asked_about() {
    paused(async {
        let spec = topology(&specs().0);
        let world = World::new().await;
        world.apply(&spec).await;
        let moved = trueup_model::Topology {
            region: Some("eu-west-1".into()),
            ..spec.clone()
        };
        let lives = async |region: &str, topology: &trueup_model::Topology| {
            let there = world.in_region(region).await;
            let observed = there.observe(topology).await;
            let elsewhere = there
                .ec2
                .elsewhere(&trueup_plan::scope(topology), &observed)
                .await;
            trueup_plan::plan(
                topology,
                &trueup_model::Observed {
                    elsewhere,
                    ..observed
                },
            )
            .existing
        };
        let Some(trueup_model::ExistingElsewhere::Regions(regions)) = lives("eu-west-1", &moved).await else {
            panic!("it is not found")
        };
        assert_eq!(regions.keys().collect::<Vec<_>>(), ["us-west-2"]);
        assert_eq!(lives("us-west-2", &spec).await, None);
        world.destroy(&spec).await;
        assert_eq!(lives("eu-west-1", &moved).await, None);
    });
}

/// The same way to an EC2, whose answers to the calls of `action` have an empty `id`.
fn nameless(transport: Transport, action: &'static str, id: &'static str) -> Transport {
    Arc::new(move |request| {
        let is_it = String::from_utf8_lossy(request.body()).contains(&format!("Action={action}&"));
        let answer = transport(request);
        Box::pin(async move {
            let answer = answer.await;
            if !is_it || !answer.status().is_success() {
                return answer;
            }
            answer.map(|body| {
                let text = String::from_utf8_lossy(&body).into_owned();
                let (from, to) = (
                    text.find(&format!("<{id}>")).unwrap(),
                    text.find(&format!("</{id}>")).unwrap(),
                );
                bytes::Bytes::from(format!("{}<{id}>{}", &text[..from], &text[to..]))
            })
        })
    })
}

#[test]
fn what_is_made_and_answered_without_its_id_is_found_or_an_error_and_never_waited_for() {
    for (action, id) in [
        ("CreateVpc", "vpcId"),
        ("CreateInternetGateway", "internetGatewayId"),
        ("CreateRouteTable", "routeTableId"),
        ("CreateSubnet", "subnetId"),
        ("AllocateAddress", "allocationId"),
        ("CreateNatGateway", "natGatewayId"),
        ("CreateSecurityGroup", "groupId"),
        ("RunInstances", "instanceId"),
        ("CreateVpcEndpoint", "vpcEndpointId"),
    ] {
        paused(async {
            let spec = topology(&specs().0);
            let world = World::new().await;
            let spoilt = world.again(|transport| nameless(transport, action, id)).await;
            let (outcome, events) = run(&spoilt, &spoilt.plan(&spec).await).await;
            let told = events.iter().find_map(|event| match event {
                Event::StepFailed {
                    step,
                    message,
                    elapsed,
                    ..
                } if step.call.name == action => Some((message.as_str(), elapsed.as_secs())),
                _ => None,
            });
            match told {
                Some((message, seconds)) => {
                    assert!(
                        message.contains("id") && UNDER_A_TOKEN.contains(&seconds),
                        "{action}: {message} after {seconds} s"
                    );
                }
                // An answer without its id is as good as none: what was made was found by its tags or its
                // token.
                None => assert!(
                    outcome.is_success() && world.plan(&spec).await.is_empty(),
                    "{action}: {outcome:?}"
                ),
            }
            let waits = events
                .iter()
                .any(|event| matches!(event, Event::Waiting { what, .. } if what.starts_with(' ')));
            assert!(!waits, "{action}: {events:?}");
            // It is there, and the next run finds it by its tags.
            world.apply(&spec).await;
        });
    }
}

#[test]
fn what_was_stopped_for_a_change_that_ec2_refuses_is_started_again() {
    paused(async {
        let world = World::new().await;
        let spec = specs().0;
        world.apply(&topology(&spec)).await;
        // Of another architecture than the image: EC2 refuses it of the stopped instance.
        let plan = world
            .plan(&topology(&spec.replace("t3.micro", "t4g.micro")))
            .await;
        let (outcome, events) = run(&world, &plan).await;
        let calls = |numbers: &[usize]| {
            numbers
                .iter()
                .map(|number| plan.steps[number - 1].call.action.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (calls(&outcome.done), calls(&outcome.failed)),
            (
                vec!["StopInstances", "StartInstances"],
                vec!["ModifyInstanceAttribute"]
            )
        );
        let back = events
            .iter()
            .filter(|event| matches!(event, Event::PuttingBack { because: Some(_), .. }))
            .count();
        assert_eq!(back, 1);
        assert!(
            world.plan(&topology(&spec)).await.is_empty(),
            "it is not as it was"
        );
    });
}
