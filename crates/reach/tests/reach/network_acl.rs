//! Network ACLs of a spec and of what is live: they stand between subnets, and forget who asked.

use serde_json::{Value as Json, json};
use trueup_model::{Kind, Object, Observed, Record, Ref, Topology, json as from_json};
use trueup_reach::fill::{Lists, observed, topology};
use trueup_reach::{Engine, Explanation, Network, Selector, ServiceSet, Verdict, explain};

use crate::common::spec::{live, seed, spec};

fn explained(network: &Network, from: &str, to: &str, over: &str) -> Explanation {
    let engine = Engine::new(network);
    let (from, to) = (
        Selector::read(&engine, from).unwrap(),
        Selector::read(&engine, to).unwrap(),
    );
    explain(&engine, &from, &to, Some(&ServiceSet::read(over).unwrap())).unwrap()
}

/// The seed with an ACL around the private subnet.
fn guarded(ingress: &Json, egress: &Json) -> Topology {
    let mut resources = seed();
    let subnet = resources
        .iter_mut()
        .find(|(address, _)| *address == "subnet.private")
        .unwrap();
    subnet.1["network_acl"] = json!("network_acl.inner");
    resources.push((
        "network_acl.inner",
        json!({"vpc": "vpc.main", "ingress": ingress, "egress": egress}),
    ));
    spec(&resources)
}

fn ssh(number: usize, action: &str, port: &str, range: &str) -> Json {
    json!({"rule_number": number, "action": action, "protocol": "tcp", "port": port, "cidr": range})
}

/// The network that a spec wants, and the one that applying it leaves.
fn networks(wanted: &Topology) -> [Network; 2] {
    [
        topology(wanted, &Lists::new()),
        observed(&live(wanted), "test", &Lists::new()),
    ]
}

const OVER: [&str; 3] = ["instance.bastion", "instance.private-host", "tcp/22"];

fn verdict(network: &Network) -> Explanation {
    explained(network, OVER[0], OVER[1], OVER[2])
}

#[test]
fn the_first_entry_that_matches_decides() {
    let answers = ssh(100, "allow", "1024-65535", "10.0.0.0/16");
    let allowed = json!([
        ssh(1000, "deny", "22", "10.0.0.0/8"),
        ssh(90, "allow", "22", "10.0.1.0/24")
    ]);
    let denied = json!([
        ssh(1000, "allow", "22", "10.0.0.0/8"),
        ssh(90, "deny", "22", "10.0.1.0/24")
    ]);
    for network in networks(&guarded(&allowed, &json!([answers]))) {
        let reported = verdict(&network);
        assert_eq!(reported.verdict, Verdict::Allowed, "{reported}");
        assert!(
            reported.to_string().contains("network_acl.inner ingress 90"),
            "{reported}"
        );
    }
    for network in networks(&guarded(&denied, &json!([answers]))) {
        let reported = verdict(&network);
        assert_eq!(reported.verdict, Verdict::Blocked, "{reported}");
        assert_eq!(
            (reported.blockers[0].code.as_str(), reported.blockers[0].aws_code),
            ("network_acl", Some("SUBNET_ACL_RESTRICTION"))
        );
    }
}

#[test]
fn answers_must_be_let_out_and_what_none_matches_is_denied() {
    let all = ssh(100, "allow", "22", "0.0.0.0/0");
    for network in networks(&guarded(
        &json!([all]),
        &json!([ssh(100, "allow", "443", "0.0.0.0/0")]),
    )) {
        assert_eq!(verdict(&network).verdict, Verdict::Blocked);
    }
    // Clients of Linux use the ports up to 60999.
    for network in networks(&guarded(
        &json!([all]),
        &json!([ssh(100, "allow", "1024-50000", "0.0.0.0/0")]),
    )) {
        assert_eq!(verdict(&network).verdict, Verdict::Partial);
    }
}

#[test]
fn a_default_acl_is_what_it_is_where_it_is_live() {
    let wanted = spec(&seed());
    let with = |entries: Json| {
        let mut there: Observed = live(&wanted);
        let vpc = there
            .objects
            .iter()
            .find(|object| object.kind == Kind::Vpc)
            .unwrap()
            .id
            .clone();
        let schema = Kind::NetworkAcl.schema();
        let record: Record = from_json::record(
            &json!({"ingress": entries, "egress": [ssh(1, "allow", "0-65535", "0.0.0.0/0")]}),
            schema.attributes,
        );
        let record = record.with("vpc", Ref::Id(vpc));
        let id = "acl-00000001".to_owned();
        there.objects.push(Object {
            kind: Kind::NetworkAcl,
            id,
            record,
            facts: Record::new(),
            owner: None,
            implicit: true,
            unread: Default::default(),
        });
        observed(&there, "test", &Lists::new())
    };
    assert_eq!(
        verdict(&with(json!([ssh(1, "allow", "0-65535", "0.0.0.0/0")]))).verdict,
        Verdict::Allowed
    );
    let reported = verdict(&with(json!([])));
    assert_eq!(reported.verdict, Verdict::Blocked, "{reported}");
    // In a spec it is as EC2 makes it.
    assert_eq!(
        verdict(&topology(&wanted, &Lists::new())).verdict,
        Verdict::Allowed
    );
}

#[test]
fn of_an_acl_outside_the_spec_nothing_is_certain() {
    let mut wanted = spec(&seed());
    let subnet = wanted
        .resources
        .values_mut()
        .find(|resource| resource.address.to_string() == "subnet.private")
        .unwrap();
    subnet
        .record
        .set("network_acl", Ref::Id("acl-0123456789abcdef0".into()));
    let reported = verdict(&topology(&wanted, &Lists::new()));
    assert_eq!(reported.verdict, Verdict::Unknown);
    assert!(
        reported
            .assumptions
            .iter()
            .any(|text| text
                .starts_with("acl-0123456789abcdef0 is outside the spec, so nothing is known of it")),
        "{reported}"
    );
}
