//! Live interfaces that are no instances of the spec: they are asked about, reported and counted like hosts.

use serde_json::json;
use trueup_model::{Demand, Expectation, Interfaces, NetworkInterface, Observed, Status, Topology};
use trueup_reach::fill::{Lists, observed};
use trueup_reach::{Engine, Network, Selector, ServiceSet, Verdict, findings, reach};

use crate::common::spec::{live, seed, spec};

/// The seed with a load balancer's group that nobody else carries.
fn seen(attached: bool) -> (Topology, Observed) {
    let mut resources = seed();
    let web = json!([{"protocol": "tcp", "port": "443", "cidr": "0.0.0.0/0"}]);
    let all = json!([{"protocol": "all", "cidr": "0.0.0.0/0"}]);
    resources.push((
        "security_group.alb",
        json!({"vpc": "vpc.main", "description": "ALB", "ingress": web, "egress": all}),
    ));
    let wanted = spec(&resources);
    let mut seen = live(&wanted);
    let id = |address: &str| {
        seen.objects
            .iter()
            .find(|object| object.claim("test") == Some(address))
            .map(|object| object.id.clone())
            .unwrap()
    };
    let bastion = NetworkInterface {
        id: "eni-1".into(),
        instance: Some(id("instance.bastion")),
        ..interface(&id, "10.0.1.99")
    };
    let balancer = NetworkInterface {
        attached,
        ..interface(&id, "10.0.1.77")
    };
    seen.objects
        .iter_mut()
        .filter(|object| object.claim("test") == Some("instance.bastion"))
        .for_each(|bastion| bastion.facts.set("network_interface", "eni-1"));
    seen.interfaces = Interfaces::Read(vec![bastion, balancer]);
    (wanted, seen)
}

fn interface(id: &dyn Fn(&str) -> String, address: &str) -> NetworkInterface {
    NetworkInterface {
        id: "eni-0b".into(),
        vpc: id("vpc.main"),
        subnet: id("subnet.public"),
        addresses: vec![(address.parse().unwrap(), Some("34.7.7.7".parse().unwrap()))],
        groups: vec![id("security_group.alb")],
        interface_type: "interface".into(),
        description: "ELB app/alb/123".into(),
        attached: true,
        source_dest_check: true,
        ..NetworkInterface::default()
    }
}

fn network(seen: &Observed) -> Network {
    observed(seen, "test", &Lists::new())
}

fn verdict(network: &Network, from: &str, to: &str, over: &str) -> Verdict {
    let engine = Engine::new(network);
    let answer = reach(
        &engine,
        &Selector::read(&engine, from).unwrap(),
        &Selector::read(&engine, to).unwrap(),
    )
    .unwrap();
    answer.verdict(Some(&ServiceSet::read(over).unwrap()))
}

#[test]
fn a_load_balancer_is_there_by_its_interface() {
    let network = network(&seen(true).1);
    let names: Vec<&str> = network
        .interfaces
        .iter()
        .map(|interface| interface.named.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "instance.bastion",
            "instance.private-host",
            "interface eni-0b (ELB app/alb/123)"
        ]
    );
    assert_eq!(
        verdict(&network, "internet", "eni-0b", "tcp/443"),
        Verdict::Allowed
    );
    assert_eq!(
        verdict(&network, "internet", "eni-0b", "tcp/80"),
        Verdict::Blocked
    );
    assert_eq!(
        verdict(&network, "internet", "security_group.alb", "tcp/443"),
        Verdict::Allowed
    );
    // The address that it has is not EC2's to give.
    assert_eq!(
        verdict(&network, "instance.bastion", "10.0.1.77", "tcp/443"),
        Verdict::Allowed
    );
}

#[test]
fn what_nothing_is_attached_to_is_not_reported_as_reached() {
    let network = network(&seen(false).1);
    assert_eq!(
        verdict(&network, "internet", "eni-0b", "tcp/443"),
        Verdict::Unknown
    );
    assert_eq!(
        verdict(&network, "internet", "eni-0b", "tcp/80"),
        Verdict::Blocked
    );
}

#[test]
fn an_expectation_about_a_subnet_is_about_all_in_it() {
    let (mut wanted, mut seen) = seen(true);
    wanted
        .expect
        .push(Expectation::new("internet", Demand::Cannot, "security_group.alb"));
    assert_eq!(findings::live(&wanted, &seen)[0].status, Status::Failed);
    // Nobody who is known carries the group, and who else does is not known.
    seen.interfaces = Interfaces::Unread("you are not allowed to".to_owned());
    wanted
        .expect
        .push(Expectation::new("internet", Demand::Cannot, "subnet.private"));
    wanted.expect.push(Expectation::new(
        "internet",
        Demand::Cannot,
        "instance.private-host",
    ));
    let statuses: Vec<Status> = findings::live(&wanted, &seen)
        .iter()
        .map(|finding| finding.status)
        .collect();
    assert_eq!(statuses, [Status::Unknown, Status::Unknown, Status::Passed]);
}
