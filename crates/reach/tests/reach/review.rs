//! What a plan does to who can talk to whom, on the network of a private host and a bastion.

mod exposure;

use serde_json::{Value as Json, json};
use trueup_model::{
    Action, Change, Demand, Disruption, Expectation, Guard, Level, Plan, ReachChange, Refusal, Refused,
    Status, Topology,
};
use trueup_reach::{BeforeAfter, review};

use crate::common::spec::{endpoint, live, seed, spec};

type Resources = Vec<(&'static str, Json)>;

/// What was found on the paths through the network.
fn found(refusal: &Refusal) -> &str {
    match &refusal.why {
        Refused::Reachability { found, .. } => found,
        other => panic!("{other:?}"),
    }
}

/// The plan between two specs, as far as reach looks at it.
fn plan(before: &Topology, after: &Topology) -> Plan {
    let ids: std::collections::BTreeMap<String, String> = live(before)
        .objects
        .into_iter()
        .filter_map(|object| Some((object.owner?.address, object.id)))
        .collect();
    let addresses: std::collections::BTreeSet<_> =
        before.resources.keys().chain(after.resources.keys()).collect();
    let change = |address: &trueup_model::Address| {
        let action = match (before.resources.get(address), after.resources.get(address)) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            (Some(old), Some(new)) if old.record != new.record => Action::Update,
            _ => return None,
        };
        Some(Change {
            address: address.clone(),
            action,
            id: ids.get(&address.to_string()).cloned(),
            because: Vec::new(),
            order: None,
            disruption: Disruption::None,
            lifts: None,
            losses: Vec::new(),
            notes: Vec::new(),
            source: None,
            attributes: Vec::new(),
        })
    };
    Plan {
        changes: addresses.into_iter().filter_map(change).collect(),
        ..Plan::default()
    }
}

fn reviewed(before: &Resources, after: &Resources, expect: &[Expectation], deny: bool) -> Plan {
    let (before, mut after) = (spec(before), spec(after));
    after.expect = expect.to_vec();
    let mut plan = plan(&before, &after);
    let observed = live(&before);
    let networks = BeforeAfter::of(&plan, &after, &observed);
    review(&mut plan, &after, &observed, networks.as_ref(), deny);
    plan
}

fn reported(plan: &Plan) -> Vec<String> {
    let row = |row: &ReachChange| {
        let mark = if row.exposure { "! " } else { "" };
        let pair = format!("{mark}{} -> {}", row.from.join(" "), row.to.join(" "));
        format!(
            "{pair}  {}  {} -> {}  because {}",
            row.over,
            row.before.as_str(),
            row.after.as_str(),
            row.because.join(" ")
        )
    };
    plan.reachability
        .as_ref()
        .unwrap()
        .changes
        .iter()
        .map(row)
        .collect()
}

fn changed(before: &Resources, after: &Resources) -> Vec<String> {
    reported(&reviewed(before, after, &[], false))
}

/// The seed with other attributes at one address.
fn with(address: &'static str, attributes: Json) -> Resources {
    let mut resources = seed();
    resources.retain(|(other, _)| *other != address);
    resources.push((address, attributes));
    resources
}

fn bastion_group(rules: &Json) -> Resources {
    with(
        "security_group.bastion-sg",
        json!({"vpc": "vpc.main", "description": "Bastion", "ingress": rules}),
    )
}

fn expects(from: &str, demand: Demand, to: &str, over: Option<&str>) -> Expectation {
    Expectation {
        over: over.map(str::to_owned),
        place: trueup_model::Place {
            file: "net.yaml".into(),
            line: 30,
            ..Default::default()
        },
        ..Expectation::new(from, demand, to)
    }
}

const OPEN: &str = "0.0.0.0/0";

fn rule(port: &str, cidr: &str) -> Json {
    json!({"protocol": "tcp", "port": port, "cidr": cidr})
}

#[test]
fn the_endpoint_opens_s3_and_nothing_else() {
    let mut after = seed();
    after.push(endpoint());
    assert_eq!(
        changed(&seed(), &after),
        ["instance.private-host -> s3  tcp/all, icmp/8/0  blocked -> allowed  because vpc_endpoint.s3"]
    );
    // And back.
    assert_eq!(
        changed(&after, &seed()),
        ["instance.private-host -> s3  tcp/all, icmp/8/0  allowed -> blocked  because vpc_endpoint.s3"]
    );
}

#[test]
fn what_the_internet_newly_reaches_comes_first() {
    let after = bastion_group(&json!([rule("22", OPEN), rule("3389", OPEN)]));
    assert_eq!(
        changed(&seed(), &after),
        [
            "! internet -> instance.bastion  tcp/3389  blocked -> allowed  because security_group.bastion-sg",
            "instance.private-host -> instance.bastion  tcp/3389  blocked -> allowed  because security_group.bastion-sg",
        ]
    );
}

#[test]
fn only_what_is_needed_is_a_reason() {
    // A route alone opens nothing for a host without a public address, and with one the route is what was
    // missing.
    let mut before = with(
        "instance.private-host",
        json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "subnet.private",
               "security_groups": ["security_group.private-sg"], "associate_public_ip_address": true}),
    );
    let mut after = before.clone();
    let route = json!({"destination": OPEN, "internet_gateway": "internet_gateway.main"});
    after.retain(|(address, _)| !matches!(*address, "route_table.private" | "internet_gateway.main"));
    after.push((
        "route_table.private",
        json!({"vpc": "vpc.main", "routes": [route]}),
    ));
    after.push((
        "internet_gateway.main",
        json!({"vpc": "vpc.main", "tags": {"a": "b"}}),
    ));
    let rows = changed(&before, &after);
    assert_eq!(
        rows,
        [
            "instance.private-host -> dynamodb internet s3  all  blocked -> allowed  because route_table.private"
        ]
    );
    // Both are needed: rule and route, where the host had neither.
    before.retain(|(address, _)| *address != "security_group.private-sg");
    before.push((
        "security_group.private-sg",
        json!({"vpc": "vpc.main", "description": "Private", "egress": []}),
    ));
    let rows = changed(&before, &after);
    assert!(
        rows.iter()
            .any(|row| row.ends_with("because route_table.private security_group.private-sg")),
        "{rows:#?}"
    );
}

#[test]
fn what_has_nothing_to_do_with_the_ends_is_no_reason() {
    let spare = (1..=45).map(|number| (&*format!("elastic_ip.e{number}").leak(), json!({})));
    let mut after = bastion_group(&json!([rule("22", OPEN), rule("3389", OPEN)]));
    // A gateway of another VPC, and more addresses that nobody has than are tried.
    after.push(("vpc.other", json!({"cidr_block": "10.9.0.0/16"})));
    after.push(("internet_gateway.other", json!({"vpc": "vpc.other"})));
    after.extend(spare.clone());
    let rows = changed(&seed(), &after);
    assert!(
        rows.len() == 2
            && rows
                .iter()
                .all(|row| row.ends_with("because security_group.bastion-sg")),
        "{rows:#?}"
    );
    // An address that an end gets comes with the change of that end.
    let mut host = json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "subnet.public",
                          "security_groups": ["security_group.bastion-sg"], "associate_public_ip_address": false});
    let before = with("instance.bastion", host.clone());
    host["elastic_ip"] = "elastic_ip.e7".into();
    let mut after = with("instance.bastion", host);
    after.extend(spare);
    let rows = changed(&before, &after);
    assert_eq!(
        rows[0],
        "! internet -> instance.bastion  tcp/22  blocked -> allowed  because instance.bastion"
    );
}

/// A private host behind a NAT gateway in the public subnet, which has an ACL of its own.
fn behind_nat() -> Resources {
    let mut resources = seed();
    resources.retain(|(address, _)| {
        !matches!(
            *address,
            "route_table.private" | "subnet.public" | "instance.bastion"
        )
    });
    let all = |allow: &str| json!({"rule_number": 100, "protocol": "all", "action": allow, "cidr": OPEN});
    resources.extend([
        ("network_acl.public", json!({"vpc": "vpc.main", "ingress": [all("allow")], "egress": [all("allow")]})),
        (
            "subnet.public",
            json!({"vpc": "vpc.main", "cidr_block": "10.0.1.0/24", "route_table": "route_table.public", "network_acl": "network_acl.public"}),
        ),
        ("elastic_ip.nat", json!({})),
        ("nat_gateway.a", json!({"subnet": "subnet.public", "elastic_ip": "elastic_ip.nat"})),
        (
            "route_table.private",
            json!({"vpc": "vpc.main", "routes": [{"destination": OPEN, "nat_gateway": "nat_gateway.a"}]}),
        ),
    ]);
    resources
}

#[test]
fn what_is_crossed_on_the_way_is_a_reason() {
    let before = behind_nat();
    let mut after = before.clone();
    let acl = after
        .iter_mut()
        .find(|(address, _)| *address == "network_acl.public")
        .unwrap();
    // The answers to the NAT gateway.
    let deny =
        json!({"rule_number": 50, "protocol": "tcp", "action": "deny", "port": "1024-65535", "cidr": OPEN});
    acl.1["ingress"].as_array_mut().unwrap().push(deny);
    let rows = changed(&before, &after);
    let own = rows
        .iter()
        .find(|row| row.starts_with("instance.private-host -> dynamodb internet"))
        .unwrap();
    assert!(own.ends_with("because network_acl.public"), "{rows:#?}");
    // So is the table by which the gateway gets out, and not what is changed there and does not matter.
    let mut after = before.clone();
    after.retain(|(address, _)| *address != "route_table.public");
    after.push(("route_table.public", json!({"vpc": "vpc.main"})));
    let acl = after
        .iter_mut()
        .find(|(address, _)| *address == "network_acl.public")
        .unwrap();
    acl.1["tags"] = json!({"a": "b"});
    let rows = changed(&before, &after);
    let own = rows
        .iter()
        .find(|row| row.starts_with("instance.private-host -> dynamodb internet"))
        .unwrap();
    assert!(own.ends_with("because route_table.public"), "{rows:#?}");
}

#[test]
fn a_row_names_the_reasons_of_all_its_hosts() {
    const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    // Each in a group of its own, so that no two are alike.
    let hosts = |egress: &Json| -> Resources {
        let group = |name: &str| {
            let address = &*format!("security_group.{name}").leak();
            (
                address,
                json!({"vpc": "vpc.main", "description": name, "ingress": [rule("22", "192.0.2.0/24")], "egress": egress}),
            )
        };
        let host = |name: &str| {
            let host = json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "subnet.public",
                              "security_groups": [format!("security_group.{name}")], "associate_public_ip_address": true});
            (&*format!("instance.{name}").leak(), host)
        };
        seed()
            .into_iter()
            .chain(NAMES.map(group))
            .chain(NAMES.map(host))
            .collect()
    };
    let out = |rows: &[String]| {
        rows.iter()
            .find(|row| row.starts_with("instance.a ") && row.contains("internet"))
            .unwrap()
            .clone()
    };
    let all = |kind: &str| format!("because {}", NAMES.map(|name| format!("{kind}.{name}")).join(" "));
    let open = json!([{"protocol": "all", "cidr": OPEN}]);
    let new = out(&changed(&seed(), &hosts(&open)));
    assert!(new.contains(&all("instance")), "{new}");
    let opened = out(&changed(&hosts(&json!([])), &hosts(&open)));
    assert!(opened.ends_with(&all("security_group")), "{opened}");
}

#[test]
fn a_new_network_is_its_own_reason() {
    let rows = changed(&Vec::new(), &seed());
    assert!(
        rows[0].starts_with(
            "! internet -> instance.bastion  tcp/22  blocked -> allowed  because instance.bastion"
        ),
        "{rows:#?}"
    );
    assert!(
        rows.iter().all(|row| row.contains("blocked -> allowed")),
        "{rows:#?}"
    );
}

#[test]
fn what_stays_as_it_is_is_not_reported() {
    // A rule for the live address of a host is as exact after a plan about something else.
    let own = json!([rule("22", OPEN), rule("9000", "10.0.2.0/28")]);
    let (before, mut after) = (bastion_group(&own), bastion_group(&own));
    after.push(("elastic_ip.spare", json!({})));
    assert_eq!(changed(&before, &after), [""; 0]);
}

#[test]
fn a_part_of_the_internet_is_named_and_another_part_is_new() {
    let before = bastion_group(&json!([rule("22", "198.51.101.0/24")]));
    let after = bastion_group(&json!([rule("22", "203.0.114.0/24")]));
    assert_eq!(
        changed(&before, &after),
        [
            "! 203.0.114.0/24 -> instance.bastion  tcp/22  blocked -> allowed  because security_group.bastion-sg",
            "198.51.101.0/24 -> instance.bastion  tcp/22  allowed -> blocked  because security_group.bastion-sg",
        ]
    );
}

#[test]
fn hosts_that_are_alike_share_a_row() {
    let host = |name: &'static str| {
        let subnet = json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "subnet.public",
                            "security_groups": ["security_group.bastion-sg"], "associate_public_ip_address": true});
        (name, subnet)
    };
    let names = ["instance.b1", "instance.b2", "instance.b3"];
    let (mut before, mut after) = (
        seed(),
        bastion_group(&json!([rule("22", OPEN), rule("80", OPEN)])),
    );
    before.extend(names.map(host));
    after.extend(names.map(host));
    let plan = reviewed(&before, &after, &[], false);
    let first = &plan.reachability.unwrap().changes[0];
    assert_eq!(
        (first.to.len(), first.over.as_str(), first.after),
        (4, "tcp/80", Level::Allowed)
    );
}

#[test]
fn expectations_that_do_not_hold_refuse_the_plan_and_say_why() {
    let mut after = seed();
    after.push(endpoint());
    let expect = [
        expects("instance.private-host", Demand::Can, "s3", None),
        expects("instance.private-host", Demand::Cannot, "internet", None),
        expects("internet", Demand::Cannot, "instance.bastion", None),
        expects("tag/tier=web", Demand::Cannot, "internet", None),
    ];
    let plan = reviewed(&seed(), &after, &expect, false);
    let findings = plan.reachability.unwrap().findings;
    let statuses: Vec<Status> = findings.iter().map(|finding| finding.status).collect();
    assert_eq!(
        statuses,
        [Status::Passed, Status::Passed, Status::Failed, Status::Warned]
    );
    assert_eq!(findings[2].why, "internet -> instance.bastion works over tcp/22");
    assert!(
        findings[2]
            .help
            .as_ref()
            .unwrap()
            .contains("security_group.bastion-sg ingress: tcp/22 from 0.0.0.0/0"),
        "{findings:#?}"
    );
    let refused: Vec<_> = plan
        .refused
        .iter()
        .map(|refusal| (refusal.guard.code(), refusal.address.as_str()))
        .collect();
    assert_eq!(refused, [("expect", "internet")]);
    assert!(
        found(&plan.refused[0])
            .starts_with("net.yaml:30: it is expected that internet cannot reach instance.bastion: ")
    );
    // Without the endpoint, what would have to change is reported.
    let plan = reviewed(&seed(), &seed(), &expect[..1], false);
    let finding = &plan.reachability.unwrap().findings[0];
    assert_eq!(finding.status, Status::Failed);
    assert!(
        finding.help.as_ref().unwrap().contains("endpoint"),
        "{finding:#?}"
    );
}

#[test]
fn what_was_not_read_is_not_compared() {
    let (before, after) = (spec(&seed()), spec(&bastion_group(&json!([]))));
    let mut plan = plan(&before, &after);
    plan.unreadable
        .insert(trueup_model::Kind::Instance, "denied".into());
    let observed = live(&before);
    let networks = BeforeAfter::of(&plan, &after, &observed);
    review(&mut plan, &after, &observed, networks.as_ref(), true);
    let reported = plan.reachability.unwrap();
    assert_eq!(
        (reported.changes.len(), reported.untold.as_deref()),
        (0, Some("not everything was read"))
    );
}
