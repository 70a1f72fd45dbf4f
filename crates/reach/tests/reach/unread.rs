//! What is outside a spec, could not be read or could not be understood is not known: no answer is firm
//! because of it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use trueup_model::{
    Action, Change, Demand, Disruption, Expectation, Guard, Kind, Observed, Plan, Status, Topology, Value,
};
use trueup_reach::fill::{Lists, observed, topology};
use trueup_reach::{Engine, Network, Selector, ServiceSet, Verdict, findings, reach, review};

use crate::common::spec::{endpoint, live, seed, spec};

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

fn wanted(resources: &[(&str, Json)]) -> Network {
    topology(&spec(resources), &Lists::new())
}

fn host(subnet: &str, groups: &[&str]) -> Json {
    json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": subnet, "security_groups": groups})
}

fn open_group(vpc: &str) -> Json {
    json!({"vpc": vpc, "description": "All", "ingress": [{"protocol": "all", "cidr": "0.0.0.0/0"}],
           "egress": [{"protocol": "all", "cidr": "0.0.0.0/0"}]})
}

/// Two hosts that let everything in, in two subnets of a VPC of others.
fn in_a_shared_vpc() -> Vec<(&'static str, Json)> {
    const VPC: &str = "vpc-0123456789abcdef0";
    let subnet = |range: &str| json!({"vpc": VPC, "cidr_block": range, "route_table": "route_table.t"});
    vec![
        ("route_table.t", json!({"vpc": VPC})),
        ("subnet.a", subnet("10.0.1.0/24")),
        ("subnet.b", subnet("10.0.2.0/24")),
        ("security_group.open", open_group(VPC)),
        ("instance.a", host("subnet.a", &["security_group.open"])),
        ("instance.b", host("subnet.b", &["security_group.open"])),
    ]
}

#[test]
fn hosts_in_a_vpc_of_others_are_not_known_to_be_apart() {
    let network = wanted(&in_a_shared_vpc());
    assert_eq!(
        verdict(&network, "instance.a", "instance.b", "tcp/22"),
        Verdict::Unknown
    );
    assert_eq!(
        verdict(&network, "internet", "instance.a", "tcp/22"),
        Verdict::Blocked,
        "it has no public address"
    );
    let mut expecting = spec(&in_a_shared_vpc());
    expecting
        .expect
        .push(Expectation::new("instance.a", Demand::Cannot, "instance.b"));
    assert_eq!(findings::wanted(&expecting)[0].status, Status::Unknown);
}

#[test]
fn a_host_whose_group_is_of_others_may_be_open_to_all() {
    let mut resources = seed();
    resources.retain(|(address, _)| *address != "instance.bastion");
    let mut bastion = host("subnet.public", &["sg-0123456789abcdef0"]);
    bastion["associate_public_ip_address"] = json!(true);
    resources.push(("instance.bastion", bastion));
    let network = wanted(&resources);
    assert_eq!(
        verdict(&network, "internet", "instance.bastion", "tcp/22"),
        Verdict::Unknown
    );
    assert_eq!(
        verdict(&network, "instance.bastion", "internet", "tcp/22"),
        Verdict::Unknown
    );
    // Who carries it is known, whatever its rules are.
    resources[7].1["ingress"][0]["security_group"] = json!("sg-0123456789abcdef0");
    resources.retain(|(address, _)| *address != "security_group.bastion-sg");
    let network = wanted(&resources);
    assert_eq!(
        verdict(&network, "internet", "instance.private-host", "tcp/22"),
        Verdict::Blocked
    );
    assert_eq!(
        verdict(&network, "instance.bastion", "instance.private-host", "tcp/22"),
        Verdict::Unknown
    );
}

#[test]
fn a_subnet_of_others_may_be_anywhere() {
    let mut resources = seed();
    resources.retain(|(address, _)| *address != "instance.private-host");
    resources.push((
        "instance.private-host",
        host("subnet-0123456789abcdef0", &["security_group.private-sg"]),
    ));
    let network = wanted(&resources);
    for (from, to) in [
        ("instance.bastion", "instance.private-host"),
        ("instance.private-host", "instance.bastion"),
    ] {
        assert_eq!(
            verdict(&network, from, to, "tcp/22"),
            Verdict::Unknown,
            "{from} {to}"
        );
    }
    resources[7].1["ingress"] = json!([{"protocol": "all", "cidr": "0.0.0.0/0"}]);
    let network = wanted(&resources);
    assert_eq!(
        verdict(&network, "internet", "instance.private-host", "tcp/22"),
        Verdict::Unknown
    );
}

/// What is live of the seed and of a VPC of others, with what EC2 says in its lists.
fn beside_a_foreign_vpc() -> (Topology, Observed) {
    let mut resources = seed();
    resources.push(endpoint());
    resources.extend(in_a_shared_vpc().into_iter().map(|(address, mut attributes)| {
        let foreign = |json: &mut Json| {
            if *json == json!("vpc-0123456789abcdef0") {
                *json = json!("vpc.theirs");
            }
        };
        attributes.as_object_mut().unwrap().values_mut().for_each(foreign);
        (address, attributes)
    }));
    resources.push(("vpc.theirs", json!({"cidr_block": "10.0.0.0/16"})));
    let wanted = spec(&resources);
    let mut seen = live(&wanted);
    let vpc = seen
        .objects
        .iter_mut()
        .find(|object| object.claim("test") == Some("vpc.theirs"))
        .unwrap();
    vpc.owner = None;
    vpc.record.remove("enable_dns_support");
    vpc.record.remove("enable_dns_hostnames");
    (wanted, seen)
}

#[test]
fn a_live_vpc_of_others_is_there_with_its_ranges() {
    let (_, seen) = beside_a_foreign_vpc();
    let network = observed(&seen, "test", &Lists::new());
    assert_eq!(network.gaps, [""; 0]);
    assert_eq!(
        verdict(&network, "instance.a", "instance.b", "tcp/22"),
        Verdict::Allowed
    );
}

/// Each way of not knowing a part of a live network, and the answers that rest on it.
#[test]
fn what_could_not_be_understood_is_reported_and_makes_no_answer_firm() {
    let asked = [
        ("internet", "instance.bastion", "tcp/22"),
        ("instance.bastion", "instance.private-host", "tcp/22"),
    ];
    for (claim, attribute, number) in [
        ("vpc.main", "instance_tenancy", 1),
        ("subnet.private", "map_public_ip_on_launch", 1),
        ("security_group.bastion-sg", "description", 0),
        ("route_table.public", "routes", 0),
        ("instance.bastion", "image", 0),
    ] {
        let (_, mut seen) = beside_a_foreign_vpc();
        let object = seen
            .objects
            .iter_mut()
            .find(|object| object.claim("test") == Some(claim))
            .unwrap();
        object
            .record
            .set(attribute, Value::Map(trueup_model::Record::new()));
        let network = observed(&seen, "test", &Lists::new());
        assert!(
            network.gaps.iter().any(|gap| gap.contains(claim)),
            "{claim}: {:?}",
            network.gaps
        );
        let (from, to, over) = asked[number];
        assert_eq!(
            verdict(&network, from, to, over),
            Verdict::Unknown,
            "{claim} {attribute}"
        );
    }
}

#[test]
fn an_attribute_that_could_not_be_read_counts_where_packets_feel_it() {
    for (attribute, expected) in [("security_groups", Verdict::Unknown), ("image", Verdict::Allowed)] {
        let (_, mut seen) = beside_a_foreign_vpc();
        let object = seen
            .objects
            .iter_mut()
            .find(|object| object.claim("test") == Some("instance.bastion"))
            .unwrap();
        object.record.remove(attribute);
        object
            .unread
            .insert(attribute.to_owned(), "EC2 did not say it".to_owned());
        let network = observed(&seen, "test", &Lists::new());
        assert_eq!(
            verdict(&network, "internet", "instance.bastion", "tcp/22"),
            expected,
            "{attribute}"
        );
    }
}

#[test]
fn a_kind_that_could_not_be_read_makes_no_answer_firm() {
    let (_, seen) = beside_a_foreign_vpc();
    let expected: BTreeMap<Kind, &str> = [
        (Kind::InternetGateway, "internet instance.bastion"),
        (Kind::SecurityGroup, "internet instance.bastion"),
        (Kind::RouteTable, "instance.bastion internet"),
        (Kind::NetworkAcl, "instance.bastion instance.private-host"),
        (Kind::Vpc, "instance.bastion instance.private-host"),
        (Kind::Subnet, "instance.bastion instance.private-host"),
        (Kind::VpcEndpoint, "instance.private-host s3"),
    ]
    .into();
    for (kind, selectors) in expected {
        let mut seen = seen.clone();
        seen.objects.retain(|object| object.kind != kind);
        seen.unreadable.insert(kind, "not allowed".to_owned());
        // Where EC2 would say it, a public address is known.
        let private = seen
            .objects
            .iter_mut()
            .find(|object| object.claim("test") == Some("instance.private-host"))
            .unwrap();
        private.record.set("associate_public_ip_address", true);
        private.facts.set("public_ip", "34.1.1.1");
        let network = observed(&seen, "test", &Lists::new());
        let (from, to) = selectors.split_once(' ').unwrap();
        assert_eq!(
            verdict(&network, from, to, "tcp/22"),
            Verdict::Unknown,
            "{kind}: {from} -> {to}"
        );
    }
}

#[test]
fn the_expectations_of_a_plan_are_about_the_network_that_it_leaves() {
    // Alone, the spec has no way from the internet to the host: the VPC of others has the gateway.
    let mut resources = in_a_shared_vpc();
    resources.retain(|(address, _)| *address != "route_table.t");
    for (_, attributes) in &mut resources {
        if attributes.get("route_table").is_some() {
            attributes["route_table"] = json!("rtb-0123456789abcdef0");
        }
        if attributes.get("image").is_some() {
            attributes["associate_public_ip_address"] = json!(true);
        }
    }
    let mut wanted = spec(&resources);
    wanted
        .expect
        .push(Expectation::new("internet", Demand::Cannot, "instance.a"));
    let theirs = spec(&[
        ("vpc.x", json!({"cidr_block": "10.0.0.0/16"})),
        ("internet_gateway.x", json!({"vpc": "vpc.x"})),
        (
            "route_table.x",
            json!({"vpc": "vpc.x", "routes": [{"destination": "0.0.0.0/0", "internet_gateway": "internet_gateway.x"}]}),
        ),
    ]);
    let mut seen = live(&theirs);
    let ids: BTreeMap<String, String> = [
        ("rtb-", "rtb-0123456789abcdef0"),
        ("vpc-", "vpc-0123456789abcdef0"),
    ]
    .map(|(a, b)| (a.to_owned(), b.to_owned()))
    .into();
    let renamed = |id: &str| {
        ids.iter()
            .find(|(prefix, _)| id.starts_with(prefix.as_str()))
            .map(|(_, id)| id.clone())
    };
    for object in seen.objects.iter_mut().filter(|object| !object.implicit) {
        object.owner = None;
        object.id = renamed(&object.id).unwrap_or_else(|| object.id.clone());
    }
    for object in &mut seen.objects {
        object.record = object.record.map_refs(&|reference| {
            let id = reference.id().map(str::to_owned).unwrap_or_default();
            Value::Ref(trueup_model::Ref::Id(renamed(&id).unwrap_or(id)))
        });
    }
    let made = |address: &trueup_model::Address| Change {
        address: address.clone(),
        action: Action::Create,
        id: None,
        because: Vec::new(),
        order: None,
        disruption: Disruption::None,
        losses: Vec::new(),
        lifts: None,
        notes: Vec::new(),
        source: None,
        attributes: Vec::new(),
    };
    let mut plan = Plan {
        changes: wanted.resources.keys().map(made).collect(),
        ..Plan::default()
    };
    let networks = trueup_reach::BeforeAfter::of(&plan, &wanted, &seen);
    review(&mut plan, &wanted, &seen, networks.as_ref(), false);
    let reported = plan.reachability.as_ref().unwrap();
    assert_eq!(reported.findings[0].status, Status::Failed, "{reported:?}");
    assert!(
        plan.refused.iter().any(|refusal| refusal.guard == Guard::Expect),
        "{:?}",
        plan.refused
    );
}
