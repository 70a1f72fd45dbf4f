//! What points at nothing, or will: references by an id to what a plan ends, and routes that EC2 calls black
//! holes.

use crate::world::{live, seed, topology, with};
use serde_json::{Value as Json, json};
use trueup_model::{Kind, Object, Observed, Plan, Record, Topology, Value};
use trueup_plan::plan;

/// The seed with a route to a network interface, by its id.
fn routed() -> Vec<(&'static str, Json)> {
    with(
        seed(),
        "route_table.private",
        "routes",
        json!([{"destination": "0.0.0.0/0", "network_interface": "eni-0000aaaa"}]),
    )
}

fn there(topology: &Topology) -> Observed {
    let mut there = live(topology);
    let host = there
        .objects
        .iter_mut()
        .find(|object| is_of(object, "instance.bastion"))
        .unwrap();
    host.facts.set("network_interface", "eni-0000aaaa");
    there
}

fn is_of(object: &Object, address: &str) -> bool {
    object
        .owner
        .as_ref()
        .is_some_and(|owner| owner.address == address)
}

fn told(plan: &Plan) -> Vec<String> {
    plan.diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code == "dangling")
        .map(|diagnostic| diagnostic.message.clone())
        .collect()
}

#[test]
fn a_route_to_the_interface_of_a_host_that_is_replaced_is_told() {
    let wanted = topology(&with(
        routed(),
        "instance.bastion",
        "image",
        json!("ami-0d6621c01e8c2de2c"),
    ));
    let plan = plan(&wanted, &there(&topology(&routed())));
    assert_eq!(
        told(&plan),
        ["route_table.private names eni-0000aaaa, which goes with this plan: instance.bastion is replaced"]
    );
    assert!(
        plan.diagnostics[0]
            .help
            .as_ref()
            .unwrap()
            .contains("has another one")
    );
    assert_eq!(
        told(&trueup_plan::plan(
            &topology(&routed()),
            &there(&topology(&routed()))
        )),
        [""; 0]
    );
}

#[test]
fn what_the_spec_names_by_its_id_is_told_with_the_name_to_write_instead() {
    let observed = live(&topology(&seed()));
    let table = observed
        .objects
        .iter()
        .find(|object| is_of(object, "route_table.private"))
        .unwrap()
        .id
        .clone();
    let mut resources = with(seed(), "subnet.private", "route_table", json!(table));
    resources.push(("vpc.other", json!({"cidr_block": "10.9.0.0/16"})));
    let resources = with(resources, "route_table.private", "vpc", json!("vpc.other"));
    let plan = plan(
        &topology(&with(resources, "vpc_endpoint.s3", "route_tables", json!([]))),
        &observed,
    );
    assert_eq!(
        told(&plan),
        [format!(
            "subnet.private names {table}, which goes with this plan: route_table.private is replaced"
        )]
    );
    let dangling = plan
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.code == "dangling")
        .unwrap();
    assert_eq!(
        dangling.help.as_deref(),
        Some("write `private` in place of the id: a name follows what takes its place")
    );
}

#[test]
fn what_of_others_points_at_what_goes_is_told() {
    let mut less = seed();
    less.retain(|(address, _)| *address != "internet_gateway.main");
    let less = with(less, "route_table.public", "routes", json!([]));
    let mut observed = live(&topology(&seed()));
    let table = observed
        .objects
        .iter()
        .find(|object| is_of(object, "route_table.public"))
        .unwrap();
    let mut other = Object {
        id: "rtb-0000ffff".into(),
        ..table.clone()
    };
    other
        .owner
        .iter_mut()
        .for_each(|owner| owner.topology = "hub".into());
    observed.objects.push(other);
    let gateway = observed
        .objects
        .iter()
        .find(|object| object.kind == Kind::InternetGateway)
        .unwrap()
        .id
        .clone();
    let plan = plan(&topology(&less), &observed);
    let expected = format!(
        "route_table rtb-0000ffff of topology `hub` refers to {gateway}, which goes with this plan: internet_gateway.main is deleted"
    );
    assert_eq!(told(&plan), [expected]);
}

#[test]
fn a_black_hole_that_the_spec_wants_so_is_told_and_one_that_the_plan_mends_is_not() {
    let mut observed = there(&topology(&routed()));
    let table = observed
        .objects
        .iter_mut()
        .find(|object| is_of(object, "route_table.private"))
        .unwrap();
    let route = Record::new()
        .with("destination", "0.0.0.0/0")
        .with("target", "eni-0000aaaa");
    table.facts.set("blackholes", vec![Value::Map(route)]);
    let same = plan(&topology(&routed()), &observed);
    assert!(same.is_empty());
    let holes: Vec<_> = same
        .blackholes
        .iter()
        .map(|hole| (hole.address.to_string(), hole.target.as_str()))
        .collect();
    assert_eq!(holes, [("route_table.private".to_owned(), "eni-0000aaaa")]);
    let mended = with(
        seed(),
        "route_table.private",
        "routes",
        json!([{"destination": "0.0.0.0/0", "internet_gateway": "internet_gateway.main"}]),
    );
    assert!(plan(&topology(&mended), &observed).blackholes.is_empty());
}

#[test]
fn what_ec2_made_with_a_vpc_goes_with_it_and_is_not_told() {
    let mut observed = live(&topology(&seed()));
    let table = observed
        .objects
        .iter()
        .find(|object| is_of(object, "route_table.private"))
        .unwrap();
    let main = Object {
        id: "rtb-0000ffff".into(),
        owner: None,
        implicit: true,
        ..table.clone()
    };
    observed.objects.push(main);
    let nothing = Topology {
        resources: std::collections::BTreeMap::new(),
        ..topology(&seed())
    };
    assert_eq!(told(&plan(&nothing, &observed)), [""; 0]);
}
