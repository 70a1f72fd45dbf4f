//! Objects of others that a plan uses: they are looked for before anything is made.

mod world;

use std::collections::BTreeMap;

use serde_json::json;
use trueup_model::{Observed, Outside, Place, Plan, Topology};
use trueup_plan::{outside, plan};
use world::{changes, live, number, seed, steps, topology, with};

const GATEWAY: &str = "tgw-0123456789abcdef0";
const GROUP: &str = "sg-0aaaaaaaaaaaaaaaa";

/// The seed with a route to a transit gateway and a rule for a group, neither of which is its own.
fn wanted() -> Topology {
    let rule = json!([{"protocol": "tcp", "port": "443", "security_group": GROUP}]);
    let routes = json!([{"destination": "10.0.0.0/8", "transit_gateway": GATEWAY}]);
    let resources = with(with(seed(), "route_table.private", "routes", routes), "security_group.private-sg", "ingress", rule);
    let mut wanted = topology(&resources);
    let table = wanted.resources.get_mut(&"route_table.private".parse().unwrap()).unwrap();
    let place = Place { file: "net.yaml".into(), line: 7, ..Place::default() };
    table.places = std::sync::Arc::new(BTreeMap::from([("routes[0].transit_gateway".to_owned(), place)]));
    wanted
}

/// The plan, with this to be said about whatever it looks for.
fn checked(wanted: &Topology, observed: &Observed, found: &Outside) -> Plan {
    let mut plan = plan(wanted, observed);
    let looked = outside::unlisted(&plan, observed).into_iter().map(|id| (id, found.clone())).collect();
    outside::check(&mut plan, wanted, observed, &looked);
    plan
}

#[test]
fn what_is_not_there_is_refused_at_its_line() {
    let wanted = wanted();
    let nothing = Observed { region: "us-west-2".into(), account: "123456789012".into(), ..Observed::default() };
    let before = plan(&wanted, &nothing);
    assert_eq!(outside::unlisted(&before, &nothing).into_iter().collect::<Vec<_>>(), [GROUP, GATEWAY]);
    assert!(number(&before, "route_table.private", "CreateRoute") > 0, "{:?}", steps(&before));
    let refused = checked(&wanted, &nothing, &Outside::Absent).refused;
    let told: Vec<(&str, &str)> = refused.iter().map(|refusal| (refusal.guard, refusal.address.as_str())).collect();
    assert_eq!(told, [("outside", "route_table.private"), ("outside", "security_group.private-sg")]);
    let why = &refused[0].why;
    assert!(why.contains(GATEWAY) && why.contains("`route_table.private.routes[0].transit_gateway` (net.yaml:7)"), "{why}");
    assert!(refused[1].why.contains("`security_group.private-sg.ingress[0].security_group`"), "{}", refused[1].why);

    let state = checked(&wanted, &nothing, &Outside::Unusable("deleting".into())).refused;
    assert!(state[0].why.contains("it is deleting"), "{}", state[0].why);
    assert!(checked(&wanted, &nothing, &Outside::There).refused.is_empty());
    // What nobody may look at is told, and no reason to refuse anything.
    let unknown = checked(&wanted, &nothing, &Outside::Unknown("no permission".into()));
    assert!(unknown.refused.is_empty() && unknown.is_complete());
    assert_eq!(unknown.diagnostics.iter().filter(|told| told.message.contains("no permission")).count(), 2);
}

#[test]
fn what_is_seen_or_not_used_is_not_looked_for() {
    let wanted = wanted();
    // What is there already uses it, and stays as it is.
    let there = live(&wanted);
    let kept = plan(&wanted, &there);
    assert!(changes(&kept).is_empty() && outside::unlisted(&kept, &there).is_empty(), "{:?}", changes(&kept));
    // A subnet in a VPC of others, which the bulk read shows.
    let subnet = topology(&[("subnet.a", json!({"vpc": "vpc-00000001", "cidr_block": "10.0.9.0/24"}))]);
    let vpc = live(&topology(&[("vpc.main", json!({"cidr_block": "10.0.0.0/16"}))]));
    assert!(outside::unlisted(&plan(&subnet, &vpc), &vpc).is_empty());
    assert_eq!(outside::unlisted(&plan(&subnet, &Observed::default()), &Observed::default()).len(), 1);
    // Nor is what could not be read: that is told already.
    let unread = Observed { unreadable: [(trueup_model::Kind::Vpc, "denied".to_owned())].into(), ..Observed::default() };
    assert!(outside::unlisted(&plan(&subnet, &unread), &unread).is_empty());
}

#[test]
fn what_is_in_another_vpc_than_it_must_be_is_refused() {
    let vpcs = [("vpc.main", json!({"cidr_block": "10.0.0.0/16"})), ("vpc.other", json!({"cidr_block": "10.9.0.0/16"}))];
    let table = |vpc: &str| ("route_table.t", json!({"vpc": vpc}));
    // Two VPCs of others, and a table in one of them.
    let others = Topology { name: "others".into(), ..topology(&[vpcs[0].clone(), vpcs[1].clone(), table("vpc.other")]) };
    let there = live(&others);
    let id = |address: &str| {
        let owner = |object: &&trueup_model::Object| object.owner.as_ref().is_some_and(|owner| owner.address == address);
        there.objects.iter().find(owner).unwrap().id.clone()
    };
    let subnet =
        |vpc: &str| topology(&[("subnet.a", json!({"vpc": vpc, "cidr_block": "10.0.9.0/24", "route_table": id("route_table.t")}))]);
    assert!(checked(&subnet(&id("vpc.other")), &there, &Outside::There).refused.is_empty());
    let refused = checked(&subnet(&id("vpc.main")), &there, &Outside::There).refused;
    assert_eq!((refused.len(), refused[0].guard), (1, "outside"));
    let why = &refused[0].why;
    assert!(why.starts_with(&format!("{} is in {}", id("route_table.t"), id("vpc.other"))) && why.contains(&id("vpc.main")), "{why}");
    // A VPC that is yet to be made has nothing of others in it.
    let new = topology(&[
        ("vpc.new", json!({"cidr_block": "10.7.0.0/16"})),
        ("subnet.a", json!({"vpc": "vpc.new", "cidr_block": "10.7.9.0/24", "route_table": id("route_table.t")})),
    ]);
    assert_eq!(checked(&new, &there, &Outside::There).refused.len(), 1);
}
