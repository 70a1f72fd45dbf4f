//! What EC2 says to a dry run that it would refuse, before anything is stopped or ended.

use std::sync::{Arc, Mutex};

use trueup_ec2::Transport;
use trueup_model::Event;
use trueup_tests::{World, paused, topology};

use super::{ALWAYS, Refused, refused, refusing, run, specs};

/// The same way to an EC2, on which every call that changes something is written down: its action, and
/// whether it was a dry run.
fn listening(transport: Transport, heard: &Arc<Mutex<Vec<(String, bool)>>>) -> Transport {
    let heard = Arc::clone(heard);
    Arc::new(move |request| {
        let asked = String::from_utf8_lossy(request.body()).into_owned();
        let action = asked
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .unwrap_or_default();
        let dry = asked.contains("&DryRun=true");
        assert!(
            !(dry && asked.contains("ClientToken=")),
            "a dry run uses a token: {asked}"
        );
        if !action.starts_with("Describe") && !action.starts_with("Get") {
            heard.lock().unwrap().push((action.to_owned(), dry));
        }
        transport(request)
    })
}

/// What of `edited` is refused, and that nothing was done then: the message that says so.
async fn nothing_is_done(world: World, spec: &str, edited: &str, refused: Refused) -> String {
    world.apply(&topology(spec)).await;
    let calls = Arc::default();
    let heard = Arc::default();
    let way = |transport| listening(refusing(transport, refused, &calls), &heard);
    let world = world.again(way).await;
    let plan = world.plan(&topology(edited)).await;
    let (outcome, events) = run(&world, &plan).await;
    assert_eq!(
        (outcome.done.len(), outcome.failed.len()),
        (0, 1),
        "{}",
        refused.action
    );
    assert_eq!(outcome.skipped.len() + 1, plan.steps.len());
    let told = events.iter().find_map(|event| match event {
        Event::StepFailed { step, message, .. } => Some((step.call, message)),
        _ => None,
    });
    let (call, message) = told.unwrap();
    assert!(
        call.name == refused.action && message.ends_with("so nothing was done"),
        "{message}"
    );
    assert!(
        heard.lock().unwrap().iter().all(|(_, dry)| *dry),
        "something was done"
    );
    assert!(
        world.plan(&topology(spec)).await.is_empty(),
        "it is not as it was"
    );
    message.clone()
}

fn denied(action: &'static str) -> Refused {
    refused(action, 403, "UnauthorizedOperation", ALWAYS)
}

#[test]
fn what_ec2_says_that_it_would_refuse_ends_the_run_before_anything_is_stopped_or_ended() {
    let image = ("ami-003634241a8fcdec0", "ami-0d6621c01e8c2de2c");
    for (edit, refused, permission) in [
        (
            ("t3.micro", "t3.small"),
            denied("ModifyInstanceAttribute"),
            "`ec2:ModifyInstanceAttribute`",
        ),
        (
            ("t3.micro", "t3.small"),
            denied("StartInstances"),
            "`ec2:StartInstances`",
        ),
        (image, denied("RunInstances"), "`ec2:RunInstances`"),
        (image, denied("TerminateInstances"), "`ec2:TerminateInstances`"),
        (
            image,
            refused("RunInstances", 400, "InvalidParameterValue", ALWAYS),
            "Not now. (InvalidParameterValue)",
        ),
    ] {
        let spec = specs().0;
        let edited = spec.replace(edit.0, edit.1);
        let message = paused(async { nothing_is_done(World::new().await, &spec, &edited, refused).await });
        assert!(message.contains(permission), "{message}");
    }
}

/// A network without a host, and edits that replace its subnet, its NAT gateway, or a group.
const REPLACED: &str = "topology: replaced
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
internet_gateway: {main: {}}
route_table: {out: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}}
subnet:
  a: {cidr_block: 10.0.1.0/24, route_table: out}
  b: {cidr_block: 10.0.2.0/24, route_table: out}
elastic_ip: {n: {}}
nat_gateway: {n: {subnet: a, elastic_ip: n}}
security_group: {web: {description: Web, ingress: [{protocol: tcp, port: 80, cidr: 10.0.0.0/8}], egress: []}}
";

#[test]
fn nothing_of_a_network_is_ended_where_what_takes_its_place_would_be_refused() {
    for (edit, refused) in [
        (("{subnet: a,", "{subnet: b,"), denied("CreateNatGateway")),
        (("{subnet: a,", "{subnet: b,"), denied("DeleteNatGateway")),
        (("10.0.2.0/24", "10.0.3.0/24"), denied("CreateSubnet")),
        (("10.0.2.0/24", "10.0.3.0/24"), denied("DeleteSubnet")),
        (
            ("10.0.2.0/24", "10.0.3.0/24"),
            refused("CreateSubnet", 400, "InvalidParameterValue", ALWAYS),
        ),
        (
            ("description: Web", "description: Of the web"),
            denied("CreateSecurityGroup"),
        ),
    ] {
        let edited = REPLACED.replace(edit.0, edit.1);
        paused(async { nothing_is_done(World::new().await, REPLACED, &edited, refused).await });
    }
}

#[test]
fn a_destroy_that_may_not_end_all_of_it_ends_nothing() {
    for action in [
        "DeleteVpc",
        "DeleteNatGateway",
        "ReleaseAddress",
        "DetachInternetGateway",
    ] {
        paused(async {
            let world = World::new().await;
            world.apply(&topology(REPLACED)).await;
            let (calls, heard) = (Arc::default(), Arc::default());
            let way = |transport| listening(refusing(transport, denied(action), &calls), &heard);
            let world = world.again(way).await;
            let observed = world.observe(&topology(REPLACED)).await;
            let plan = trueup_plan::destroy(&topology(REPLACED), &observed);
            let (outcome, _) = run(&world, &plan).await;
            assert!(outcome.done.is_empty() && outcome.failed.len() == 1, "{action}");
            assert!(heard.lock().unwrap().iter().all(|(_, dry)| *dry), "{action}");
        });
    }
}

#[test]
fn only_a_plan_that_stops_or_ends_something_is_rehearsed_and_what_may_pass_does_not_end_it() {
    paused(async {
        let base = World::new().await;
        let spec = specs().0;
        let (heard, calls) = (Arc::default(), Arc::default());
        // There is no room when it is rehearsed, and there is when it counts.
        let no_room = refused("RunInstances", 500, "InsufficientInstanceCapacity", 1);
        let world = base.again(|transport| listening(transport, &heard)).await;
        let dry = || {
            let all: Vec<(String, bool)> = std::mem::take(&mut *heard.lock().unwrap());
            let mut dry: Vec<String> = all
                .into_iter()
                .filter(|(_, dry)| *dry)
                .map(|(action, _)| action)
                .collect();
            dry.sort_unstable();
            dry
        };
        world.apply(&topology(&spec)).await;
        world.apply(&topology(&specs().1)).await;
        assert_eq!(dry(), [""; 0], "nothing was stopped or ended");
        let typed = specs().1.replace("t3.micro", "t3.small");
        world.apply(&topology(&typed)).await;
        assert_eq!(
            dry(),
            ["ModifyInstanceAttribute", "StartInstances", "StopInstances"]
        );
        let world = base
            .again(|transport| listening(refusing(transport, no_room, &calls), &heard))
            .await;
        let plan = world
            .plan(&topology(
                &typed.replace("ami-003634241a8fcdec0", "ami-0d6621c01e8c2de2c"),
            ))
            .await;
        assert!(run(&world, &plan).await.0.is_success());
        assert_eq!(dry(), ["CreateTags", "RunInstances", "TerminateInstances"]);
    });
}

#[test]
fn what_a_step_before_it_gives_up_is_no_refusal() {
    paused(async {
        let spec = format!("{REPLACED}egress_only_internet_gateway: {{out: {{}}}}\n");
        let world = World::new().await;
        world.apply(&topology(&spec)).await;
        // EC2 has one in a VPC: it says so while the old one is there.
        world
            .apply(&topology(&spec.replace("{out: {}}", "{v6: {}}")))
            .await;
    });
}
