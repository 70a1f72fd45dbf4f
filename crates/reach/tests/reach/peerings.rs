//! Peering connections of specs and of what is live: what passes, and what nobody knows.

use serde_json::{Value as Json, json};
use trueup_model::{Observed, Record};
use trueup_reach::fill::{Lists, observed, topology};
use trueup_reach::{Code, Engine, Network, Selector, ServiceSet, Verdict, explain, reach};

use crate::common::spec::{live, spec};

type Resources = Vec<(&'static str, Json)>;

/// Three VPCs, of which the first is peered with each of the others; a host in each, and in the second one a way
/// to the internet.
fn joined() -> Resources {
    let host = |subnet: &str, group: &str| {
        json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": format!("subnet.{subnet}"),
               "security_groups": [format!("security_group.{group}")]})
    };
    let everything = json!([{"protocol": "all", "cidr": "0.0.0.0/0"}]);
    let group = |vpc: &str, ingress: Json| json!({"vpc": format!("vpc.{vpc}"), "description": "x", "ingress": ingress, "egress": everything});
    let over = |range: &str, peering: &str| json!({"destination": range, "vpc_peering_connection": format!("vpc_peering_connection.{peering}")});
    vec![
        ("vpc.a", json!({"cidr_block": "10.0.0.0/16"})),
        ("vpc.b", json!({"cidr_block": "10.1.0.0/16"})),
        ("vpc.c", json!({"cidr_block": "10.2.0.0/16"})),
        (
            "vpc_peering_connection.ab",
            json!({"vpc": "vpc.a", "peer_vpc": "vpc.b", "accept": true}),
        ),
        (
            "vpc_peering_connection.ca",
            json!({"vpc": "vpc.c", "peer_vpc": "vpc.a", "accept": true}),
        ),
        ("internet_gateway.b", json!({"vpc": "vpc.b"})),
        (
            "route_table.a",
            json!({"vpc": "vpc.a", "routes": [over("0.0.0.0/0", "ab"), over("10.2.0.0/16", "ca")]}),
        ),
        (
            "route_table.b",
            json!({"vpc": "vpc.b", "routes": [over("10.0.0.0/8", "ab"), {"destination": "0.0.0.0/0", "internet_gateway": "internet_gateway.b"}]}),
        ),
        (
            "route_table.c",
            json!({"vpc": "vpc.c", "routes": [over("10.0.0.0/8", "ca")]}),
        ),
        (
            "subnet.a",
            json!({"vpc": "vpc.a", "cidr_block": "10.0.1.0/24", "route_table": "route_table.a"}),
        ),
        (
            "subnet.b",
            json!({"vpc": "vpc.b", "cidr_block": "10.1.1.0/24", "route_table": "route_table.b"}),
        ),
        (
            "subnet.c",
            json!({"vpc": "vpc.c", "cidr_block": "10.2.1.0/24", "route_table": "route_table.c"}),
        ),
        ("security_group.a", group("a", json!([]))),
        (
            "security_group.b",
            group(
                "b",
                json!([{"protocol": "tcp", "port": "443", "security_group": "security_group.a"},
                       {"protocol": "tcp", "port": "80", "security_group": "security_group.c"}]),
            ),
        ),
        ("security_group.c", group("c", everything.clone())),
        ("instance.a", host("a", "a")),
        ("instance.b", host("b", "b")),
        ("instance.c", host("c", "c")),
    ]
}

/// The network of a spec, and that of what is live once it was applied.
fn networks(resources: &[(&str, Json)]) -> [Network; 2] {
    let wanted = spec(resources);
    [
        topology(&wanted, &Lists::new()),
        observed(&live(&wanted), "test", &Lists::new()),
    ]
}

fn verdict(network: &Network, from: &str, to: &str, over: &str) -> Verdict {
    let engine = Engine::new(network);
    let [from, to] = [from, to].map(|name| Selector::read(&engine, name).unwrap());
    let over = ServiceSet::read(over).unwrap();
    reach(&engine, &from, &to).unwrap().verdict(Some(&over))
}

fn codes(network: &Network, from: &str, to: &str, over: &str) -> Vec<Code> {
    let engine = Engine::new(network);
    let [from, to] = [from, to].map(|name| Selector::read(&engine, name).unwrap());
    let over = ServiceSet::read(over).unwrap();
    let explained = explain(&engine, &from, &to, Some(&over)).unwrap();
    explained.blockers.iter().map(|blocker| blocker.code).collect()
}

fn with(resources: Resources, address: &str, attribute: &str, value: Json) -> Resources {
    let mut resources = resources;
    let (_, found) = resources.iter_mut().find(|(name, _)| *name == address).unwrap();
    found[attribute] = value;
    resources
}

#[test]
fn it_carries_what_its_two_vpcs_send_each_other_and_knows_the_groups_of_both() {
    for network in networks(&joined()) {
        assert_eq!(
            verdict(&network, "instance.a", "instance.b", "tcp/443"),
            Verdict::Allowed
        );
        assert_eq!(
            verdict(&network, "instance.a", "instance.b", "tcp/80"),
            Verdict::Blocked
        );
        assert_eq!(
            verdict(&network, "instance.a", "instance.c", "tcp/1"),
            Verdict::Allowed
        );
        assert_eq!(
            verdict(&network, "instance.b", "instance.a", "tcp/443"),
            Verdict::Blocked
        );
    }
}

#[test]
fn nothing_goes_through_the_peer_to_anywhere_else() {
    for network in networks(&joined()) {
        // Neither to a third VPC nor to the internet, though the peer leads there.
        for (from, to, over) in [
            ("instance.b", "instance.c", "tcp/1"),
            ("instance.c", "instance.b", "tcp/80"),
            ("instance.a", "internet", "tcp/443"),
        ] {
            assert_eq!(verdict(&network, from, to, over), Verdict::Blocked, "{from} {to}");
            assert!(
                codes(&network, from, to, over).contains(&Code::PeeringTransitive),
                "{from} {to}: {:?}",
                codes(&network, from, to, over)
            );
        }
    }
}

#[test]
fn both_sides_need_a_route() {
    let one_way = with(joined(), "route_table.c", "routes", json!([]));
    for network in networks(&one_way) {
        assert_eq!(
            verdict(&network, "instance.a", "instance.c", "tcp/1"),
            Verdict::Blocked
        );
    }
}

#[test]
fn what_is_not_accepted_carries_nothing() {
    let asked = with(joined(), "vpc_peering_connection.ab", "accept", Json::Null);
    for network in networks(&asked) {
        assert_eq!(
            verdict(&network, "instance.a", "instance.b", "tcp/443"),
            Verdict::Blocked
        );
        assert!(codes(&network, "instance.a", "instance.b", "tcp/443").contains(&Code::PeeringInactive));
    }
    // EC2 says that a request to another account waits.
    let far = with(joined(), "vpc_peering_connection.ab", "accept", Json::Null);
    let far = with(
        far,
        "vpc_peering_connection.ab",
        "peer_vpc",
        json!("vpc-0123456789abcdef0"),
    );
    let mut waiting: Observed = live(&spec(&far));
    let peering = waiting
        .objects
        .iter_mut()
        .find(|object| object.id.starts_with("pcx-"));
    peering.unwrap().facts = Record::new().with("state", "pending-acceptance");
    let network = observed(&waiting, "test", &Lists::new());
    assert!(codes(&network, "instance.a", "cidr/10.1.1.9/32", "tcp/443").contains(&Code::PeeringInactive));
}

#[test]
fn of_a_vpc_elsewhere_nothing_is_sure() {
    let far = with(
        joined(),
        "vpc_peering_connection.ab",
        "peer_vpc",
        json!("vpc-0123456789abcdef0"),
    );
    let far = with(far, "vpc_peering_connection.ab", "accept", Json::Null);
    let far: Resources = far
        .into_iter()
        .filter(|(name, _)| !name.ends_with(".b") && *name != "vpc_peering_connection.ca")
        .map(|(name, mut resource)| {
            if name.starts_with("route_table.") {
                let routes = resource["routes"].as_array_mut().unwrap();
                routes.retain(|route| !route.to_string().contains("connection.ca"));
            }
            (name, resource)
        })
        .collect();
    for network in networks(&far) {
        assert_eq!(
            verdict(&network, "instance.a", "cidr/10.1.0.0/16", "tcp/443"),
            Verdict::Unknown
        );
    }
}
