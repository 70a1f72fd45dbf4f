//! Expectations about the network of a private host.

use serde_json::json;
use trueup_model::{Demand, Expectation, Status};
use trueup_reach::fill::{Lists, observed, topology};
use trueup_reach::{Checked, Engine, check};

use crate::common::spec::{endpoint, live, seed, spec};

fn expect(from: &str, demand: Demand, to: &str, over: &str) -> Expectation {
    Expectation {
        over: (!over.is_empty()).then(|| over.to_owned()),
        ..Expectation::new(from, demand, to)
    }
}

fn checked(policy: Option<serde_json::Value>, expectation: &Expectation) -> Checked {
    let mut resources = seed();
    let (address, mut attributes) = endpoint();
    if let Some(policy) = policy {
        attributes["policy"] = policy;
    }
    resources.push((address, attributes));
    let wanted = spec(&resources);
    let (offline, live) = (
        topology(&wanted, &Lists::new()),
        observed(&live(&wanted), "test", &Lists::new()),
    );
    let one = check(&Engine::new(&offline), expectation).unwrap();
    // What holds on the spec holds on what an apply leaves.
    assert_eq!(
        one.status,
        check(&Engine::new(&live), expectation).unwrap().status
    );
    one
}

fn status(expectation: &Expectation) -> Status {
    checked(None, expectation).status
}

#[test]
fn can_and_cannot() {
    use Demand::{Can, Cannot};
    for (from, demand, to, over, expected) in [
        ("instance.private-host", Can, "s3", "", Status::Passed),
        ("instance.private-host", Can, "s3", "udp/53", Status::Failed),
        ("instance.private-host", Cannot, "internet", "", Status::Passed),
        ("instance.bastion", Cannot, "internet", "", Status::Failed),
        ("internet", Can, "instance.bastion", "tcp/22", Status::Passed),
        ("internet", Cannot, "instance.bastion", "", Status::Failed),
        ("internet", Cannot, "instance.bastion", "udp/all", Status::Passed),
        ("internet", Cannot, "subnet.private", "", Status::Passed),
        (
            "security_group.bastion-sg",
            Can,
            "security_group.private-sg",
            "tcp/22",
            Status::Passed,
        ),
        (
            "cidr/198.51.100.0/24",
            Can,
            "instance.bastion",
            "tcp/22",
            Status::Passed,
        ),
        ("instance.private-host", Cannot, "s3", "", Status::Failed),
    ] {
        assert_eq!(
            status(&expect(from, demand, to, over)),
            expected,
            "{from} {demand:?} {to} {over}"
        );
    }
}

#[test]
fn only_except_and_via() {
    let mut open = expect("internet", Demand::Can, "instance.bastion", "tcp/22");
    open.only = true;
    assert_eq!(status(&open), Status::Passed);
    open.over = Some("tcp/20-22".to_owned());
    assert_eq!(status(&open), Status::Failed);

    let mut closed = expect("internet", Demand::Cannot, "instance.bastion", "");
    closed.except = Some("tcp/22".to_owned());
    assert_eq!(status(&closed), Status::Passed);

    let mut way = expect("instance.private-host", Demand::Can, "s3", "");
    way.via = Some("vpc_endpoint.s3".to_owned());
    assert_eq!(status(&way), Status::Passed);
    way.from = "instance.bastion".to_owned();
    let failed = checked(None, &way);
    assert_eq!(failed.status, Status::Failed);
    assert_eq!(
        failed.why,
        "it goes through internet_gateway.main, and not always through vpc_endpoint.s3"
    );
}

#[test]
fn a_policy_for_one_bucket_breaks_listing_all() {
    let one = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}]});
    let mut list = expect("instance.private-host", Demand::Can, "s3", "");
    assert_eq!(
        checked(Some(one.clone()), &list).status,
        Status::Passed,
        "the network itself allows it"
    );
    list.action = Some("s3:ListAllMyBuckets".to_owned());
    let failed = checked(Some(one), &list);
    assert_eq!(failed.status, Status::Failed);
    assert!(
        failed.why.contains("permits only s3:* on arn:aws:s3:::b"),
        "{}",
        failed.why
    );
    assert_eq!(status(&list), Status::Passed);
}

#[test]
fn what_cannot_be_told_fails_unless_it_may_warn() {
    let mut literal = expect("instance.private-host", Demand::Cannot, "52.216.1.1", "");
    assert_eq!(status(&literal), Status::Unknown);
    literal.warn_on_unknown = true;
    assert_eq!(status(&literal), Status::Warned);
}

#[test]
fn a_party_that_is_nothing_is_an_error() {
    let network = topology(&spec(&seed()), &Lists::new());
    let engine = Engine::new(&network);
    assert!(check(&engine, &expect("instance.nobody", Demand::Can, "s3", "")).is_err());
}

#[test]
fn a_party_without_hosts_reaches_nothing_and_that_is_reported() {
    let network = topology(&spec(&seed()), &Lists::new());
    let engine = Engine::new(&network);
    let fared = |demand| check(&engine, &expect("tag/tier=web", demand, "s3", "")).unwrap();
    assert_eq!(
        (fared(Demand::Cannot).status, fared(Demand::Can).status),
        (Status::Passed, Status::Failed)
    );
    assert!(fared(Demand::Cannot).is_empty);
    assert_eq!(fared(Demand::Can).why, "tag/tier=web has no hosts");
}

#[test]
fn cannot_looks_at_every_address() {
    // The bastion lets in what comes from the outside of the other host's public address, and nothing
    // private.
    let mut resources = seed();
    let odd = json!({"protocol": "tcp", "port": "80", "cidr": "34.0.0.0/8"});
    resources
        .retain(|(address, _)| !matches!(*address, "security_group.bastion-sg" | "instance.private-host"));
    resources.push((
        "security_group.bastion-sg",
        json!({"vpc": "vpc.main", "description": "Bastion", "ingress": [odd]}),
    ));
    resources.push((
        "instance.other",
        json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "subnet.public",
               "security_groups": ["security_group.private-sg"], "associate_public_ip_address": true}),
    ));
    let network = observed(&live(&spec(&resources)), "test", &Lists::new());
    let engine = Engine::new(&network);
    let failed = check(
        &engine,
        &expect("instance.other", Demand::Cannot, "instance.bastion", ""),
    )
    .unwrap();
    assert_eq!(
        (failed.status, failed.services.to_string()),
        (Status::Failed, "tcp/80".to_owned())
    );
    // By its private address it does not work, and that is what `can` is about.
    assert_eq!(
        check(
            &engine,
            &expect("instance.other", Demand::Can, "instance.bastion", "tcp/80")
        )
        .unwrap()
        .status,
        Status::Failed
    );
}

#[test]
fn an_address_that_nobody_has_is_an_answer() {
    let network = topology(&spec(&seed()), &Lists::new());
    let engine = Engine::new(&network);
    let asked = |from: &str, to: &str| {
        let read = |text: &str| trueup_reach::Selector::read(&engine, text).unwrap();
        trueup_reach::explain(&engine, &read(from), &read(to), None)
    };
    let nowhere = asked("instance.private-host", "cidr/10.9.9.9/32").unwrap();
    assert_eq!(nowhere.verdict, trueup_reach::Verdict::Blocked);
    assert!(nowhere.to_string().contains("route_table.private"), "{nowhere}");
    assert!(
        asked("instance.bastion", "cidr/10.9.9.9/32")
            .unwrap()
            .to_string()
            .contains("internet_gateway.main")
    );
    // Selectors are called by their names, in errors too.
    let error = asked("internet", "cidr/10.0.1.0/24")
        .map(|_| ())
        .and(asked("cidr/10.9.9.9/32", "instance.bastion").map(|_| ()));
    assert_eq!(
        error.unwrap_err().to_string(),
        "`cidr/10.9.9.9/32` has no hosts: nobody who is known is in it, or has it"
    );
    let mut empty = seed();
    empty.retain(|(address, _)| *address != "instance.private-host");
    let network = topology(&spec(&empty), &Lists::new());
    let engine = Engine::new(&network);
    let selector = trueup_reach::Selector::read(&engine, "subnet.private").unwrap();
    let internet = trueup_reach::Selector::read(&engine, "internet").unwrap();
    let error = trueup_reach::explain(&engine, &internet, &selector, None).unwrap_err();
    assert!(
        error.to_string().starts_with("`subnet.private` has no hosts"),
        "{error}"
    );
}

#[test]
fn what_is_about_nobody_says_nothing() {
    let mut empty = seed();
    empty.retain(|(address, _)| *address != "instance.private-host");
    let mut wanted = spec(&empty);
    for to in ["subnet.private", "cidr/10.0.2.77/32", "instance.bastion"] {
        wanted
            .expect
            .push(expect("instance.bastion", Demand::Cannot, to, "udp/53"));
    }
    wanted
        .expect
        .push(expect("internet", Demand::Cannot, "subnet.private", ""));
    let said: Vec<(Status, bool)> = trueup_reach::findings::wanted(&wanted)
        .iter()
        .map(|finding| (finding.status, finding.says_nothing))
        .collect();
    assert_eq!(
        (said[0], said[1], said[3]),
        (
            (Status::Warned, true),
            (Status::Warned, true),
            (Status::Warned, true)
        ),
        "{said:?}"
    );
    let live: Vec<bool> = trueup_reach::findings::live(&wanted, &live(&wanted))
        .iter()
        .map(|finding| finding.says_nothing)
        .collect();
    assert!(live[3]);
}
