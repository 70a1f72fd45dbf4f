//! The story of a private host that needs S3, on the spec and on the live network, before and after the
//! endpoint.

use serde_json::json;
use trueup_reach::fill::{Lists, observed, topology};
use trueup_reach::{Code, Engine, Explanation, Network, Selector, ServiceSet, Verdict, explain, reach};

use crate::common::spec::{endpoint, live, seed, spec};

fn verdict(network: &Network, from: &str, to: &str, over: &str) -> Verdict {
    let engine = Engine::new(network);
    let (from, to) = (
        Selector::read(&engine, from).unwrap(),
        Selector::read(&engine, to).unwrap(),
    );
    let over = (!over.is_empty()).then(|| ServiceSet::read(over).unwrap());
    reach(&engine, &from, &to).unwrap().verdict(over.as_ref())
}

fn explained(network: &Network, from: &str, to: &str, over: &str) -> Explanation {
    let engine = Engine::new(network);
    let (from, to) = (
        Selector::read(&engine, from).unwrap(),
        Selector::read(&engine, to).unwrap(),
    );
    explain(&engine, &from, &to, Some(&ServiceSet::read(over).unwrap())).unwrap()
}

/// The spec's network, the same with S3's addresses known, and the live one.
fn networks(resources: &[(&str, serde_json::Value)]) -> [Network; 3] {
    let wanted = spec(resources);
    let ranges = ["52.216.0.0/15", "3.5.76.0/22"]
        .map(|range| range.parse().unwrap())
        .to_vec();
    let lists = Lists::from([("com.amazonaws.us-west-2.s3".to_owned(), ranges)]);
    [
        topology(&wanted, &Lists::new()),
        topology(&wanted, &lists),
        observed(&live(&wanted), "test", &lists),
    ]
}

#[test]
fn before_the_endpoint_the_private_host_reaches_nothing_but_the_bastion() {
    for network in networks(&seed()) {
        for (from, to, over, expected) in [
            ("instance.private-host", "internet", "", Verdict::Blocked),
            ("instance.private-host", "internet", "icmp", Verdict::Blocked),
            ("instance.private-host", "s3", "tcp/443", Verdict::Blocked),
            // The bastion's rule admits 0.0.0.0/0, and that is the private host too.
            (
                "instance.private-host",
                "instance.bastion",
                "tcp/22",
                Verdict::Allowed,
            ),
            (
                "instance.private-host",
                "instance.bastion",
                "icmp",
                Verdict::Blocked,
            ),
            (
                "instance.bastion",
                "instance.private-host",
                "tcp/22",
                Verdict::Allowed,
            ),
            (
                "instance.bastion",
                "instance.private-host",
                "tcp/443",
                Verdict::Blocked,
            ),
            ("internet", "instance.bastion", "tcp/22", Verdict::Allowed),
            ("internet", "instance.bastion", "tcp/23", Verdict::Blocked),
            ("internet", "instance.private-host", "tcp/22", Verdict::Blocked),
            ("instance.bastion", "internet", "tcp/443", Verdict::Allowed),
            ("instance.bastion", "s3", "tcp/443", Verdict::Allowed),
        ] {
            assert_eq!(
                verdict(&network, from, to, over),
                expected,
                "{from} -> {to} {over}"
            );
        }
    }
}

#[test]
fn with_the_endpoint_s3_works_and_the_internet_still_does_not() {
    let mut resources = seed();
    resources.push(endpoint());
    for network in networks(&resources) {
        assert_eq!(
            verdict(&network, "instance.private-host", "s3", "tcp/443"),
            Verdict::Allowed
        );
        assert_eq!(
            verdict(&network, "instance.private-host", "s3", "icmp"),
            Verdict::Allowed
        );
        assert_eq!(
            verdict(&network, "instance.private-host", "s3", "udp/53"),
            Verdict::Blocked
        );
        assert_eq!(
            verdict(&network, "instance.private-host", "internet", ""),
            Verdict::Blocked
        );
        assert_eq!(
            verdict(&network, "instance.private-host", "dynamodb", "tcp/443"),
            Verdict::Blocked
        );
        let engine = Engine::new(&network);
        let s3 = Selector::read(&engine, "s3").unwrap();
        let via = |from: &str| {
            reach(&engine, &Selector::read(&engine, from).unwrap(), &s3)
                .unwrap()
                .via
        };
        assert!(via("instance.private-host").contains("vpc_endpoint.s3"));
        // The bastion's table has no such route: it goes through the internet gateway.
        assert_eq!(
            via("instance.bastion").into_iter().collect::<Vec<_>>(),
            ["internet_gateway.main"]
        );
    }
}

#[test]
fn a_literal_address_and_an_unknown_list_cannot_be_told_apart() {
    let mut resources = seed();
    resources.push(endpoint());
    let [unknown, known, _] = networks(&resources);
    assert_eq!(
        verdict(&unknown, "instance.private-host", "52.216.1.1", "tcp/443"),
        Verdict::Unknown
    );
    assert_eq!(
        verdict(&known, "instance.private-host", "52.216.1.1", "tcp/443"),
        Verdict::Allowed
    );
    assert_eq!(
        verdict(&known, "instance.private-host", "8.8.8.8", "tcp/443"),
        Verdict::Blocked
    );
}

#[test]
fn an_address_that_ec2_has_yet_to_choose_may_matter() {
    let mut resources = seed();
    let half = json!({"protocol": "tcp", "port": "22", "cidr": "10.0.2.0/25"});
    resources.retain(|(address, _)| *address != "security_group.bastion-sg");
    resources.push((
        "security_group.bastion-sg",
        json!({"vpc": "vpc.main", "description": "Bastion", "ingress": [half]}),
    ));
    let [offline, _, live] = networks(&resources);
    assert_eq!(
        verdict(&offline, "instance.private-host", "instance.bastion", "tcp/22"),
        Verdict::Unknown
    );
    assert_eq!(
        verdict(&live, "instance.private-host", "instance.bastion", "tcp/22"),
        Verdict::Allowed
    );
}

#[test]
fn an_explanation_names_every_change() {
    let [network, ..] = networks(&seed());
    let reported = explained(&network, "instance.private-host", "internet", "tcp/443");
    assert_eq!(reported.verdict, Verdict::Blocked);
    let codes: Vec<&str> = reported
        .blockers
        .iter()
        .map(|blocker| blocker.code.as_str())
        .collect();
    assert_eq!(codes, ["no_route", "no_public_address"], "{reported}");
    assert_eq!(reported.blockers[0].aws_code, Some("NO_ROUTE_TO_DESTINATION"));
    assert_eq!(
        reported.blockers[0].source.as_ref().map(|place| place.line),
        Some(6)
    );

    // S3 is one change away, and the internet gateway would take two.
    let reported = explained(&network, "instance.private-host", "s3", "tcp/443");
    let fixes: Vec<&str> = reported.blockers.iter().map(|blocker| blocker.fix()).collect();
    assert_eq!(
        fixes,
        [
            "add a gateway endpoint for com.amazonaws.us-west-2.s3, with this route table in its `route_tables`"
        ],
        "{reported}"
    );
    assert_eq!(reported.alternatives.len(), 1, "{reported}");

    let reported = explained(&network, "internet", "instance.private-host", "tcp/22");
    let codes: Vec<&str> = reported
        .blockers
        .iter()
        .map(|blocker| blocker.code.as_str())
        .collect();
    assert_eq!(codes, ["not_public", "security_group", "no_route"], "{reported}");
    assert_eq!(reported.blockers[1].detail, "tcp/22 from the internet");

    let reported = explained(&network, "instance.private-host", "instance.bastion", "icmp");
    assert_eq!(reported.blockers.len(), 1, "{reported}");
    assert_eq!(reported.blockers[0].code.as_str(), "security_group");
    assert_eq!(
        reported.blockers[0].matched,
        ["security_group.bastion-sg ingress: tcp/22 from 0.0.0.0/0"]
    );

    let json = serde_json::to_value(&reported).unwrap();
    for field in [
        "from",
        "to",
        "over",
        "verdict",
        "forward",
        "return",
        "blockers",
        "assumptions",
    ] {
        assert!(json.get(field).is_some(), "{json:#}");
    }
    assert_eq!(json["over"], "icmp/8/0, icmpv6/128/0");
}

#[test]
fn an_explanation_shows_each_hop() {
    let mut resources = seed();
    resources.push(endpoint());
    let [network, ..] = networks(&resources);
    let reported = explained(&network, "instance.private-host", "s3", "tcp/443").to_string();
    let expected = "\
ALLOWED  instance.private-host -> s3 tcp/443
 forward
  1 interface instance.private-host   security_group.private-sg egress: all to 0.0.0.0/0        allow
  2 subnet subnet.private             the default network ACL allows everything                 allow
  3 route table route_table.private   com.amazonaws.us-west-2.s3 -> vpc_endpoint.s3
  4 gateway vpc_endpoint.s3           carries tcp/all, icmp/8/0; policy: full access            allow
  5 end com.amazonaws.us-west-2.s3
 return
  6 subnet subnet.private             the default network ACL allows everything                 allow
  7 interface instance.private-host   an answer to a flow that its groups remember
";
    assert_eq!(reported, expected);
}

#[test]
fn amazons_own_servers_are_asked_about_by_no_group() {
    let mut resources = seed();
    resources.retain(|(address, _)| *address != "security_group.private-sg");
    resources.push((
        "security_group.private-sg",
        json!({"vpc": "vpc.main", "description": "Private", "egress": []}),
    ));
    for network in networks(&resources) {
        // The metadata server, and the VPC's DNS server.
        for server in ["169.254.169.254", "10.0.0.2"] {
            assert_eq!(
                verdict(&network, "instance.private-host", server, "tcp/80"),
                Verdict::Allowed,
                "{server}"
            );
        }
        assert_eq!(
            verdict(&network, "instance.private-host", "10.0.1.9", "tcp/80"),
            Verdict::Blocked
        );
    }
}

#[test]
fn a_route_table_outside_of_the_spec_is_not_known() {
    let mut resources = seed();
    resources.retain(|(address, _)| *address != "subnet.private");
    resources.push((
        "subnet.private",
        json!({"vpc": "vpc.main", "cidr_block": "10.0.2.0/24", "route_table": "rtb-0123456789abcdef0"}),
    ));
    let network = topology(&spec(&resources), &Lists::new());
    // A route to a whole subnet may lead to an appliance in the place of the local one.
    assert_eq!(
        verdict(&network, "instance.private-host", "instance.bastion", "tcp/22"),
        Verdict::Unknown
    );
    assert_eq!(
        verdict(&network, "instance.private-host", "s3", "tcp/443"),
        Verdict::Unknown
    );
    let reported = explained(&network, "instance.private-host", "s3", "tcp/443");
    assert!(
        reported
            .assumptions
            .contains("the routes of rtb-0123456789abcdef0 are not known"),
        "{:?}",
        reported.assumptions
    );
}

#[test]
fn a_route_that_is_there_is_changed_and_not_added() {
    let mut resources = seed();
    resources.retain(|(address, _)| !matches!(*address, "route_table.private" | "instance.private-host"));
    let nat = json!([{"destination": "0.0.0.0/0", "nat_gateway": "nat_gateway.a"}]);
    resources.extend([
        ("elastic_ip.nat", json!({})),
        (
            "nat_gateway.a",
            json!({"subnet": "subnet.public", "elastic_ip": "elastic_ip.nat"}),
        ),
        ("route_table.private", json!({"vpc": "vpc.main", "routes": nat})),
        (
            "instance.private-host",
            json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "subnet.private",
                   "security_groups": ["security_group.bastion-sg"], "associate_public_ip_address": true}),
        ),
    ]);
    let wanted = spec(&resources);
    let reported = explained(
        &topology(&wanted, &Lists::new()),
        "internet",
        "instance.private-host",
        "tcp/22",
    );
    assert_eq!(reported.verdict, Verdict::Blocked);
    let [blocker] = &reported.blockers[..] else {
        panic!("{reported}")
    };
    assert_eq!(
        (
            blocker.code,
            blocker.component.as_str(),
            blocker.what,
            blocker.detail.as_str(),
            blocker.fix()
        ),
        (
            Code::RouteTarget,
            "route_table.private",
            "the route that matches leads to what cannot carry it",
            "0.0.0.0/0 -> nat_gateway.a",
            "change the route: 0.0.0.0/0 -> internet_gateway.main instead of nat_gateway.a; hosts without a public address then no \
             longer get out by it",
        )
    );
    assert!(reported.alternatives.is_empty(), "{reported}");
    // A route whose target is gone is in the way of another one as well.
    let mut network = topology(&wanted, &Lists::new());
    let table = network
        .route_tables
        .iter_mut()
        .find(|table| table.named.name == "route_table.private")
        .unwrap();
    table.routes[0].target = trueup_reach::network::Target::Blackhole("nat-1".into());
    let reported = explained(&network, "internet", "instance.private-host", "tcp/22");
    assert_eq!(
        reported.blockers[0].fix(),
        "change the route: 0.0.0.0/0 -> internet_gateway.main instead of nat-1"
    );
}

#[test]
fn a_host_that_is_stopped_does_not_run_before_it_has_no_public_address() {
    let mut resources = seed();
    let bastion = resources
        .iter_mut()
        .find(|(address, _)| *address == "instance.bastion")
        .unwrap();
    bastion.1["state"] = json!("stopped");
    let reported = |network: &Network| {
        let reported = explained(network, "internet", "instance.bastion", "tcp/22");
        assert_eq!(reported.verdict, Verdict::Blocked);
        reported
            .blockers
            .iter()
            .map(|blocker| (blocker.code, blocker.detail.clone()))
            .collect::<Vec<_>>()
    };
    let wanted = spec(&resources);
    assert_eq!(
        reported(&topology(&wanted, &Lists::new())),
        [(Code::NotRunning, String::new())]
    );
    // EC2 takes the address away from a host that stops, and it cannot be seen that there was one.
    let mut seen = live(&wanted);
    let host = seen
        .objects
        .iter_mut()
        .find(|object| object.claim("test") == Some("instance.bastion"))
        .unwrap();
    host.record.remove("associate_public_ip_address");
    host.facts = host.facts.without(&["public_ip"]);
    host.facts.set("state", "stopped");
    let both = [
        (Code::NotRunning, String::new()),
        (Code::NotPublic, "EC2 may give it one when it runs".to_owned()),
    ];
    assert_eq!(reported(&observed(&seen, "test", &Lists::new())), both);
    // One that would not have one anyhow.
    let bastion = resources
        .iter_mut()
        .find(|(address, _)| *address == "instance.bastion")
        .unwrap();
    bastion.1["associate_public_ip_address"] = json!(false);
    let both = [
        (Code::NotRunning, String::new()),
        (Code::NotPublic, String::new()),
    ];
    assert_eq!(reported(&topology(&spec(&resources), &Lists::new())), both);
}

#[test]
fn what_is_blocked_allows_nothing() {
    let mut network = topology(&spec(&seed()), &Lists::new());
    let group = network
        .security_groups
        .iter_mut()
        .find(|group| group.named.name == "security_group.private-sg")
        .unwrap();
    // A message that nobody answers is no conversation.
    group.ingress[0].services = ServiceSet::read("icmp/3").unwrap();
    let engine = Engine::new(&network);
    let (from, to) = ("instance.bastion", "instance.private-host");
    let reported = |from: &str, to: &str, over: Option<&str>| {
        let over = over.map(|over| ServiceSet::read(over).unwrap());
        let reported = explain(
            &engine,
            &Selector::read(&engine, from).unwrap(),
            &Selector::read(&engine, to).unwrap(),
            over.as_ref(),
        )
        .unwrap();
        let services = serde_json::to_value(&reported).unwrap()["services"].clone();
        (
            reported.to_string().lines().next().unwrap().to_owned(),
            services["allowed"].clone(),
        )
    };
    assert_eq!(
        reported(from, to, None),
        (
            "BLOCKED  instance.bastion -> instance.private-host  nothing".to_owned(),
            json!("")
        )
    );
    assert!(trueup_reach::summary(&engine).iter().all(|row| row.to != to));
    assert_eq!(
        reported(from, to, Some("tcp/22")),
        (
            "BLOCKED  instance.bastion -> instance.private-host tcp/22".to_owned(),
            json!("")
        )
    );
    assert_eq!(reported(from, to, Some("icmp/3")).1, json!("icmp/3"));
    // What the one form calls all, the other one does.
    assert_eq!(
        reported(from, "internet", None),
        (
            "ALLOWED  instance.bastion -> internet  all".to_owned(),
            json!("all")
        )
    );
    // Beside what is asked about, other services are not reported.
    assert_eq!(reported("internet", from, Some("tcp/443")).1, json!(""));
}

#[test]
fn a_nat_gateway_in_the_wrong_subnet_is_named_and_its_subnet_is_not_opened() {
    let mut resources = seed();
    resources.retain(|(address, _)| !matches!(*address, "route_table.private"));
    let routes = json!([{"destination": "0.0.0.0/0", "nat_gateway": "nat_gateway.c"}]);
    resources.push((
        "route_table.private",
        json!({"vpc": "vpc.main", "routes": routes}),
    ));
    resources.push(("route_table.database", json!({"vpc": "vpc.main"})));
    resources.push((
        "subnet.database",
        json!({"vpc": "vpc.main", "cidr_block": "10.0.3.0/24", "route_table": "route_table.database"}),
    ));
    resources.push(("elastic_ip.c", json!({})));
    resources.push((
        "nat_gateway.c",
        json!({"subnet": "subnet.database", "elastic_ip": "elastic_ip.c", "connectivity_type": "public"}),
    ));
    let wanted = spec(&resources);
    let network = topology(&wanted, &Lists::new());
    let engine = Engine::new(&network);
    let selector = |text: &str| Selector::read(&engine, text).unwrap();
    let reported = explain(
        &engine,
        &selector("instance.private-host"),
        &selector("internet"),
        None,
    )
    .unwrap();
    let fixes: Vec<&str> = reported
        .blockers
        .iter()
        .chain(reported.alternatives.iter().flatten())
        .map(|blocker| blocker.fix())
        .collect();
    assert_eq!(reported.blockers[0].component, "nat_gateway.c");
    assert_eq!(
        fixes[0],
        "put nat_gateway.c into a subnet whose route table leads to an internet gateway, such as subnet.public"
    );
    assert!(
        !reported
            .blockers
            .iter()
            .any(|blocker| blocker.component == "route_table.database"),
        "{reported}"
    );
    assert_eq!(
        trueup_reach::findings::stranded(&wanted)[0].code,
        "nat-gateway-without-route"
    );
}
