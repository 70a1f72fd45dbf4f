//! Bad answers of EC2's as a person meets them: told while they last, bounded, and never taken for the
//! network.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use trueup_ec2::{Connect, Ec2, Transport};
use trueup_model::{Cloud, Kind, Plan, Topology};
use trueup_report::text::drift;
use trueup_report::{Clean, Style};
use trueup_tests::trial::Trial;
use trueup_tests::{World, paused, topology};

const SEED: &str = include_str!("../../specs/gateway-endpoint.yaml");

/// A transport that puts something else in the place of an action's answers.
pub fn instead(
    inner: Transport,
    action: &'static str,
    change: fn(http::Response<Bytes>) -> http::Response<Bytes>,
) -> Transport {
    Arc::new(move |request: http::Request<Bytes>| {
        let inner = Arc::clone(&inner);
        Box::pin(async move {
            let is_it = String::from_utf8_lossy(request.body()).contains(&format!("Action={action}&"));
            let answer = inner(request).await;
            if is_it { change(answer) } else { answer }
        })
    })
}

/// What is planned for the seed, which is there, over a way to it; and what was reported while it was read.
async fn planned(seed: &Topology, way: Transport) -> (Plan, Vec<String>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let waiting: trueup_ec2::Waiting = Arc::new(move |text: &str| {
        hears
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(text.to_owned());
    });
    let ec2 = Ec2::connect(Connect {
        transport: Some(way),
        waiting: Some(waiting),
        ..Connect::default()
    })
    .await
    .unwrap();
    let observed = ec2.observe(&trueup_plan::scope(seed)).await.unwrap();
    let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (trueup_plan::plan(seed, &observed), told)
}

fn text(plan: &Plan) -> String {
    let mut text = Clean::default();
    drift(&mut text, plan, &[], Style::default()).unwrap();
    text.to_string()
}

#[test]
fn a_throttled_read_is_told_while_it_lasts_and_in_the_last_line() {
    paused(async {
        let world = World::new().await;
        let seed = topology(SEED);
        world.apply(&seed).await;
        let way = instead(world.transport(), "DescribeInstances", |_| {
            let body = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors>\
                        <RequestID>1</RequestID></Response>";
            http::Response::builder().status(503).body(body.into()).unwrap()
        });
        let (plan, told) = planned(&seed, way).await;
        assert!(told.len() >= 3, "{told:?}");
        assert_eq!(
            told[0],
            "still reading after 5 s: DescribeInstances: Request limit exceeded. (RequestLimitExceeded): EC2's request limits refill with time"
        );
        assert!(plan.is_empty() && !plan.is_complete());
        let last = text(&plan).lines().last().unwrap_or_default().to_owned();
        assert_eq!(last, "Drift: 0 of 11 resources differ; instance was not read");
    });
}

#[test]
fn an_answer_that_ends_early_is_not_believed() {
    paused(async {
        let world = World::new().await;
        let seed = topology(SEED);
        world.apply(&seed).await;
        let way = instead(world.transport(), "DescribeVpcs", |answer| {
            answer.map(|body| {
                let id = String::from_utf8_lossy(&body)
                    .find("<tagSet>")
                    .unwrap_or_default();
                body.slice(..id)
            })
        });
        let (plan, _) = planned(&seed, way).await;
        assert!(plan.is_empty(), "{:?}", plan.changes);
        let why = &plan.unreadable[&Kind::Vpc];
        assert!(
            why.contains("DescribeVpcs cannot be used: it ends early"),
            "{why}"
        );
    });
}

#[test]
fn what_is_listed_without_its_tags_is_unknown_and_not_absent() {
    paused(async {
        let world = World::new().await;
        let seed = topology(SEED);
        world.apply(&seed).await;
        for action in [
            "DescribeVpcs",
            "DescribeRouteTables",
            "DescribeInternetGateways",
            "DescribeSecurityGroups",
            "DescribeKeyPairs",
        ] {
            let way = instead(world.transport(), action, |answer| {
                answer.map(|body| {
                    let text = String::from_utf8_lossy(&body)
                        .replace("<tagSet>", "<!--")
                        .replace("</tagSet>", "-->");
                    text.into()
                })
            });
            let (plan, _) = planned(&seed, way).await;
            assert!(
                plan.is_empty() && !plan.is_complete(),
                "{action}: {:?}",
                plan.changes
            );
            assert!(
                plan.unreadable
                    .values()
                    .any(|why| why.contains("without this topology's tags")),
                "{action}: {:?}",
                plan.unreadable
            );
        }
    });
}

#[test]
fn a_body_without_an_end_ends_with_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\n\r\n<?xml version=\"1.0\"?><GetCallerIdentityResponse>";
            let _ = stream.write_all(head.as_bytes());
            // Until nobody listens any more.
            while stream.write_all(&[b' '; 65_536]).is_ok() {}
        }
    });
    let seen = Trial::of_the_seed().see(&format!("plan --endpoint-url {url} seed.yaml"));
    assert!(
        seen.contains("has more than 64 MiB and no end") && seen.ends_with("[exit 1]\n"),
        "{seen}"
    );
}
