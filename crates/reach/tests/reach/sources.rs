//! Source addresses: whose packets come to the internet by another address after a plan.

use serde_json::{Value as Json, json};
use trueup_model::{
    Action, Address, Change, Disruption, Loss, Observed, Plan, SourceAddress, SourceChange, Topology,
};
use trueup_reach::{BeforeAfter, review};

use crate::common::spec::{endpoint, live, seed, spec};

type Resources = Vec<(&'static str, Json)>;

const ANYWHERE: &str = "0.0.0.0/0";

/// The seed with two NAT gateways, each with its address, and a private subnet that leaves by the first.
fn network() -> Resources {
    let mut resources = seed();
    let route = json!([{"destination": ANYWHERE, "nat_gateway": "nat_gateway.a"}]);
    set(
        &mut resources,
        "route_table.private",
        json!({"vpc": "vpc.main", "routes": route}),
    );
    for name in ["a", "b"] {
        let gateway = json!({"subnet": "subnet.public", "elastic_ip": format!("elastic_ip.{name}")});
        resources.push((&*format!("nat_gateway.{name}").leak(), gateway));
    }
    for name in ["a", "b", "spare"] {
        resources.push((&*format!("elastic_ip.{name}").leak(), json!({})));
    }
    resources.push(endpoint());
    resources
}

fn set(resources: &mut Resources, address: &'static str, attributes: Json) {
    resources.retain(|(other, _)| *other != address);
    resources.push((address, attributes));
}

/// What is live, with the addresses that EC2 gave: 203.0.113.1 to `elastic_ip.a`, and so on.
fn seen(topology: &Topology) -> Observed {
    let mut observed = live(topology);
    let given = |address: &str| {
        ["a", "b", "spare"]
            .iter()
            .position(|name| address.ends_with(&format!(".{name}")))
    };
    for object in &mut observed.objects {
        let address = object.claim("test").unwrap_or_default().to_owned();
        if let Some(number) = given(&address)
            .filter(|_| address.starts_with("elastic_ip.") || address.starts_with("nat_gateway."))
        {
            object.facts.set("public_ip", format!("203.0.113.{}", number + 1));
        }
    }
    observed
}

/// What a plan between two specs is, as far as it matters here. EC2 exchanges a NAT gateway for another
/// address only as a whole.
fn plan(before: &Topology, after: &Topology, observed: &Observed, losses: &[(&str, Loss)]) -> Plan {
    let id = |address: &Address| {
        observed
            .objects
            .iter()
            .find(|object| object.claim("test") == Some(&address.to_string()))
            .map(|o| o.id.clone())
    };
    let change = |address: &Address| {
        let losses: Vec<Loss> = losses
            .iter()
            .filter(|(of, _)| *of == address.to_string())
            .map(|(_, loss)| loss.clone())
            .collect();
        let action = match (before.resources.get(address), after.resources.get(address)) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            (Some(old), Some(new)) if old.record == new.record && losses.is_empty() => return None,
            _ if address.kind == trueup_model::Kind::NatGateway => Action::Replace,
            _ => Action::Update,
        };
        Some(Change {
            address: address.clone(),
            action,
            id: id(address),
            because: Vec::new(),
            order: None,
            disruption: Disruption::None,
            lifts: None,
            losses,
            notes: Vec::new(),
            source: None,
            attributes: Vec::new(),
        })
    };
    let addresses: std::collections::BTreeSet<&Address> =
        before.resources.keys().chain(after.resources.keys()).collect();
    Plan {
        changes: addresses.into_iter().filter_map(change).collect(),
        ..Plan::default()
    }
}

fn reviewed(before: &Resources, after: &Resources, losses: &[(&str, Loss)]) -> Vec<SourceChange> {
    let (before, after) = (spec(before), spec(after));
    let observed = seen(&before);
    let mut plan = plan(&before, &after, &observed, losses);
    let networks = BeforeAfter::of(&plan, &after, &observed);
    review(&mut plan, &after, &observed, networks.as_ref(), false);
    plan.reachability.unwrap().source_changes
}

fn public(before: &Resources, after: &Resources) -> Vec<String> {
    let (before, after) = (spec(before), spec(after));
    let observed = seen(&before);
    let mut plan = plan(&before, &after, &observed, &[]);
    let networks = BeforeAfter::of(&plan, &after, &observed);
    review(&mut plan, &after, &observed, networks.as_ref(), false);
    let subnets = plan.reachability.unwrap().public_subnets;
    subnets
        .into_iter()
        .map(|public| format!("{} because of {}", public.subnet, public.because))
        .collect()
}

fn reported(before: &Resources, after: &Resources) -> Vec<String> {
    reviewed(before, after, &[]).iter().map(row).collect()
}

fn row(change: &SourceChange) -> String {
    let address = |address: &SourceAddress| match address {
        SourceAddress::Known { address, of } => format!("{address} ({of})"),
        SourceAddress::New { of } => format!("new ({of})"),
        SourceAddress::Unknown { by } => format!("unknown ({by})"),
    };
    let who = [&change.subnets[..], &change.hosts[..]].concat().join(" ");
    format!(
        "{who}: {} -> {} because {}",
        address(&change.before),
        address(&change.after),
        change.because.join(" ")
    )
}

fn table(route: &Json) -> Json {
    json!({"vpc": "vpc.main", "routes": [route]})
}

#[test]
fn a_gateway_with_another_address_takes_its_subnets_with_it() {
    let mut after = network();
    set(
        &mut after,
        "nat_gateway.a",
        json!({"subnet": "subnet.public", "elastic_ip": "elastic_ip.spare"}),
    );
    assert_eq!(
        reported(&network(), &after),
        ["subnet.private: 203.0.113.1 (nat_gateway.a) -> 203.0.113.3 (nat_gateway.a) because nat_gateway.a"]
    );
    // An address that is yet to be given out.
    set(
        &mut after,
        "nat_gateway.a",
        json!({"subnet": "subnet.public", "elastic_ip": "elastic_ip.fresh"}),
    );
    after.push(("elastic_ip.fresh", json!({})));
    assert_eq!(
        reported(&network(), &after),
        ["subnet.private: 203.0.113.1 (nat_gateway.a) -> new (nat_gateway.a) because nat_gateway.a"]
    );
}

#[test]
fn the_same_address_by_another_gateway_is_the_same() {
    let mut after = network();
    after.retain(|(address, _)| *address != "nat_gateway.a");
    set(
        &mut after,
        "nat_gateway.b",
        json!({"subnet": "subnet.public", "elastic_ip": "elastic_ip.a"}),
    );
    set(
        &mut after,
        "route_table.private",
        table(&json!({"destination": ANYWHERE, "nat_gateway": "nat_gateway.b"})),
    );
    assert_eq!(reported(&network(), &after), [""; 0]);
}

#[test]
fn a_route_to_another_gateway_is_reported_with_its_table() {
    let mut after = network();
    set(
        &mut after,
        "route_table.private",
        table(&json!({"destination": ANYWHERE, "nat_gateway": "nat_gateway.b"})),
    );
    let expected = [
        "subnet.private: 203.0.113.1 (nat_gateway.a) -> 203.0.113.2 (nat_gateway.b) because route_table.private",
    ];
    assert_eq!(reported(&network(), &after), expected);
    // Only what the route is for: the rest of the internet stays with the first gateway.
    let routes = json!([{"destination": ANYWHERE, "nat_gateway": "nat_gateway.a"}, {"destination": "198.51.100.0/24", "nat_gateway": "nat_gateway.b"}]);
    set(
        &mut after,
        "route_table.private",
        json!({"vpc": "vpc.main", "routes": routes}),
    );
    assert_eq!(reported(&network(), &after), expected);
    // A gateway of others may put any address in its place.
    set(
        &mut after,
        "route_table.private",
        table(&json!({"destination": ANYWHERE, "transit_gateway": "tgw-1"})),
    );
    assert_eq!(
        reported(&network(), &after),
        ["subnet.private: 203.0.113.1 (nat_gateway.a) -> unknown (tgw-1) because route_table.private"]
    );
}

#[test]
fn a_subnet_that_moves_to_the_internet_gateway_shows_each_host() {
    let host = |public: bool| {
        json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "subnet.private",
               "security_groups": ["security_group.private-sg"], "associate_public_ip_address": public})
    };
    let mut before = network();
    set(&mut before, "instance.private-host", host(true));
    before.push(("instance.plain", host(false)));
    let moved = |resources: &Resources| {
        let mut after = resources.clone();
        let subnet =
            json!({"vpc": "vpc.main", "cidr_block": "10.0.2.0/24", "route_table": "route_table.public"});
        set(&mut after, "subnet.private", subnet);
        after
    };
    let changes = reviewed(&before, &moved(&before), &[]);
    assert_eq!(
        changes.len(),
        1,
        "a host without a public address appears nowhere: {changes:?}"
    );
    assert!(
        row(&changes[0]).starts_with("instance.private-host: 203.0.113.1 (nat_gateway.a) -> 34.9.9."),
        "{changes:?}"
    );
    assert_eq!(changes[0].because, ["subnet.private"]);
}

#[test]
fn what_opens_or_closes_has_no_other_address() {
    let mut closed = network();
    set(&mut closed, "route_table.private", json!({"vpc": "vpc.main"}));
    assert_eq!(reported(&network(), &closed), [""; 0]);
    assert_eq!(reported(&closed, &network()), [""; 0]);
    // A gateway that stands where nothing leads out lets nobody out.
    let mut stranded = network();
    set(
        &mut stranded,
        "nat_gateway.a",
        json!({"subnet": "subnet.private", "elastic_ip": "elastic_ip.spare"}),
    );
    assert_eq!(reported(&network(), &stranded), [""; 0]);
}

#[test]
fn a_host_with_another_public_address_is_reported() {
    let bastion = |address: Option<&str>| {
        json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": "subnet.public",
               "security_groups": ["security_group.bastion-sg"], "associate_public_ip_address": true, "elastic_ip": address})
    };
    let mut after = network();
    set(&mut after, "instance.bastion", bastion(Some("elastic_ip.spare")));
    let changes = reported(&network(), &after);
    assert!(
        matches!(&changes[..], [one] if one.ends_with(" -> 203.0.113.3 (instance.bastion) because instance.bastion")),
        "{changes:?}"
    );
    // One that is stopped and started gets another.
    let loss = Loss::PublicAddress {
        address: "34.9.9.9".to_owned(),
    };
    let changes = reviewed(&network(), &network(), &[("instance.bastion", loss)]);
    assert!(
        matches!(&changes[..], [one] if row(one).ends_with(" -> new (instance.bastion) because instance.bastion")),
        "{changes:?}"
    );
    assert_eq!(reported(&network(), &network()), [""; 0]);
}

#[test]
fn a_subnet_that_gains_a_route_to_the_internet_gateway_is_public() {
    // Whoever is in it: databases and load balancers are no instances of the spec.
    let mut before = network();
    before.retain(|(address, _)| *address != "instance.private-host");
    let mut after = before.clone();
    set(
        &mut after,
        "route_table.private",
        table(&json!({"destination": ANYWHERE, "internet_gateway": "internet_gateway.main"})),
    );
    assert_eq!(
        public(&before, &after),
        ["subnet.private because of route_table.private"]
    );
    // A subnet that moves is the reason itself.
    let mut moved = before.clone();
    set(
        &mut moved,
        "subnet.private",
        json!({"vpc": "vpc.main", "cidr_block": "10.0.2.0/24", "route_table": "route_table.public"}),
    );
    assert_eq!(
        public(&before, &moved),
        ["subnet.private because of subnet.private"]
    );
    assert_eq!(public(&after, &before), [""; 0]);
    // It has one already, and one more makes no difference; one that is new is as it was wanted.
    let routes = json!([{"destination": ANYWHERE, "internet_gateway": "internet_gateway.main"},
                        {"destination": "198.51.100.0/24", "internet_gateway": "internet_gateway.main"}]);
    let mut more = after.clone();
    set(
        &mut more,
        "route_table.private",
        json!({"vpc": "vpc.main", "routes": routes}),
    );
    more.push((
        "subnet.new",
        json!({"vpc": "vpc.main", "cidr_block": "10.0.9.0/24", "route_table": "route_table.private"}),
    ));
    assert_eq!(public(&after, &more), [""; 0]);
}
