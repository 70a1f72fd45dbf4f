//! What a plan opens on its way, on random networks and random edits: a plan that is said to open nothing
//! opens nothing in any order of its steps, and one with a barrier opens nothing in the order that it has.

use std::collections::BTreeSet;

use crate::spec::{live, spec};
use fastrand::Rng;
use serde_json::{Value as Json, json};
use trueup_model::{Demand, Expectation, Observed, Plan, Status, Step, Topology};
use trueup_reach::fill::{AfterSteps, Lists, after_plan, observed as network};
use trueup_reach::{BeforeAfter, Engine, Transition, check};

/// Random networks that are looked at.
const NETWORKS: u64 = 250;
/// One by one: an endpoint brings its routes with its birth, and a default route that is alone for a moment
/// leads where it should not.
const KNOWN: [u64; 1] = [3265];
/// Random orders of each plan.
const ORDERS: usize = 6;

type Resources = Vec<(&'static str, Json)>;

fn any<'a, T: ?Sized>(rng: &mut Rng, of: &[&'a T]) -> &'a T {
    of[rng.usize(..of.len())]
}

fn some<T: Clone>(rng: &mut Rng, of: &[T]) -> Vec<T> {
    of.iter().filter(|_| rng.bool()).cloned().collect()
}

/// One resource of the network, drawn anew.
fn resource(rng: &mut Rng, address: &'static str) -> Json {
    const PORTS: [&str; 4] = ["22", "80-443", "443", "443-8080"];
    const RANGES: [&str; 4] = ["0.0.0.0/0", "203.0.113.0/24", "10.0.0.0/16", "10.0.1.0/24"];
    let port = |rng: &mut Rng| any(rng, &PORTS).to_owned();
    match address.split_once('.').unwrap() {
        ("vpc", _) => json!({"cidr_block": "10.0.0.0/16"}),
        ("internet_gateway", _) => json!({"vpc": "vpc.main"}),
        ("route_table", _) => {
            let to_internet = json!({"internet_gateway": "internet_gateway.main"});
            let to_nat = json!({"nat_gateway": "nat_gateway.main"});
            let mut route = |destination: &str| {
                let mut route = if rng.bool() {
                    to_internet.clone()
                } else {
                    to_nat.clone()
                };
                route["destination"] = destination.into();
                route
            };
            let routes = [
                route("0.0.0.0/0"),
                route("203.0.113.0/24"),
                route("203.0.113.0/25"),
            ];
            json!({"vpc": "vpc.main", "routes": some(rng, &routes)})
        }
        ("network_acl", _) => {
            let mut entries = |numbers: &[i64]| {
                let entry = |number: &i64| {
                    let action = if rng.u8(..3) == 0 { "deny" } else { "allow" };
                    let cidr = any(rng, &RANGES);
                    if rng.bool() {
                        return json!({"rule_number": number, "action": action, "protocol": "all", "cidr": cidr});
                    }
                    json!({"rule_number": number, "action": action, "protocol": "tcp", "port": port(rng), "cidr": cidr})
                };
                numbers.iter().map(entry).collect::<Vec<_>>()
            };
            let ingress = [entries(&[90]), entries(&[100]), entries(&[110])].concat();
            let out = json!({"rule_number": 500, "action": "allow", "protocol": "all", "cidr": "0.0.0.0/0"});
            json!({"vpc": "vpc.main", "ingress": some(rng, &ingress), "egress": [out]})
        }
        ("security_group", _) => {
            let mut rule = |source: &str, value: &str| {
                let mut rule = json!({"protocol": "tcp", "port": port(rng)});
                rule[source] = value.into();
                rule
            };
            let rules = [
                rule("cidr", "0.0.0.0/0"),
                rule("cidr", "203.0.113.0/24"),
                rule("security_group", "security_group.a"),
                rule("security_group", "security_group.b"),
            ];
            let out = json!({"protocol": "all", "cidr": any(rng, &RANGES)});
            json!({"vpc": "vpc.main", "description": "x", "ingress": some(rng, &rules), "egress": [out]})
        }
        ("subnet", name) => {
            let number = if name == "one" { 1 } else { 2 };
            let mut subnet = json!({"vpc": "vpc.main", "cidr_block": format!("10.0.{number}.0/24")});
            if rng.u8(..4) > 0 {
                subnet["route_table"] = any(rng, &["route_table.a", "route_table.b"]).into();
            }
            if rng.u8(..4) > 0 {
                subnet["network_acl"] = any(rng, &["network_acl.a", "network_acl.b"]).into();
            }
            subnet
        }
        ("elastic_ip", _) => json!({}),
        ("nat_gateway", _) => json!({"subnet": "subnet.two", "elastic_ip": "elastic_ip.nat"}),
        ("vpc_endpoint", _) => {
            let tables = some(rng, &["route_table.a", "route_table.b"]);
            json!({"vpc": "vpc.main", "service": "com.amazonaws.us-west-2.s3", "route_tables": tables})
        }
        (_, name) => {
            let subnet = if name == "x" {
                "subnet.one"
            } else {
                any(rng, &["subnet.one", "subnet.two"])
            };
            let mut groups = some(rng, &["security_group.a", "security_group.b", "security_group.c"]);
            if groups.is_empty() {
                groups.push("security_group.a");
            }
            let mut host = json!({"image": "ami-003634241a8fcdec0", "instance_type": "t2.micro", "subnet": subnet, "security_groups": groups,
                "associate_public_ip_address": rng.u8(..4) > 0, "tags": {"tier": any(rng, &["web", "data"])}});
            if name == "x" {
                host["associate_public_ip_address"] = true.into();
            }
            if rng.u8(..4) == 0 {
                host["state"] = "stopped".into();
            }
            host
        }
    }
}

const ALL: [&str; 15] = [
    "vpc.main",
    "internet_gateway.main",
    "route_table.a",
    "route_table.b",
    "network_acl.a",
    "network_acl.b",
    "security_group.a",
    "security_group.b",
    "security_group.c",
    "subnet.one",
    "subnet.two",
    "elastic_ip.nat",
    "nat_gateway.main",
    "instance.x",
    "instance.y",
];
/// What need not be there.
const MORE: [&str; 2] = ["instance.z", "vpc_endpoint.s3"];

/// A network, and an edit of it.
fn pair(rng: &mut Rng) -> (Resources, Resources) {
    let mut before: Resources = ALL.map(|address| (address, resource(rng, address))).into();
    before.extend(
        some(rng, &MORE)
            .into_iter()
            .map(|address| (address, resource(rng, address)))
            .collect::<Vec<_>>(),
    );
    let often = rng.u8(2..6);
    let mut after: Resources = Vec::new();
    for address in ALL.into_iter().chain(MORE) {
        let old = before
            .iter()
            .find(|(other, _)| *other == address)
            .map(|(_, attributes)| attributes.clone());
        let stays = old.is_some() || rng.u8(..4) == 0;
        match old.filter(|_| rng.u8(..often) > 0) {
            Some(old) => after.push((address, old)),
            None if stays && !(MORE.contains(&address) && rng.bool()) => {
                after.push((address, resource(rng, address)));
            }
            None => {}
        }
    }
    (before, after)
}

fn cannot(from: &str, to: &str, except: Option<&str>) -> Expectation {
    Expectation {
        except: except.map(str::to_owned),
        ..Expectation::new(from, Demand::Cannot, to)
    }
}

fn expectations(rng: &mut Rng) -> Vec<Expectation> {
    let all = [
        cannot("internet", "instance.x", Some("tcp/443")),
        cannot("internet", "tag/tier=data", None),
        cannot("instance.y", "internet", None),
        cannot("cidr/203.0.113.0/25", "security_group.b", None),
        cannot("subnet.two", "instance.x", Some("tcp/22")),
        cannot("instance.x", "s3", None),
        cannot("instance.x", "10.0.2.20", None),
    ];
    some(rng, &all)
}

/// A random edit of a random network with its plan; none where the plan is refused.
fn drawn(seed: u64) -> Option<(Topology, Observed, Plan, Rng)> {
    let mut rng = Rng::with_seed(seed);
    let (before, after) = pair(&mut rng);
    let (observed, mut topology) = (live(&spec(&before)), spec(&after));
    topology.expect = expectations(&mut rng);
    let plan = trueup_plan::plan(&topology, &observed);
    plan.refused.is_empty().then_some((topology, observed, plan, rng))
}

/// A random order of the steps that respects what each one waits for.
fn shuffled<'p>(rng: &mut Rng, plan: &'p Plan) -> Vec<&'p Step> {
    let mut left: Vec<&Step> = plan.steps.iter().collect();
    let (mut order, mut done) = (Vec::new(), BTreeSet::new());
    while !left.is_empty() {
        let ready: Vec<usize> = (0..left.len())
            .filter(|at| left[*at].after.iter().all(|number| done.contains(number)))
            .collect();
        let step = left.remove(ready[rng.usize(..ready.len())]);
        done.insert(step.number);
        order.push(step);
    }
    order
}

#[test]
fn what_is_said_to_open_nothing_opens_nothing_in_any_order() {
    let (mut silent, mut bad) = (0, 0);
    for seed in (0..NETWORKS).chain(KNOWN) {
        let Some((topology, observed, plan, mut rng)) = drawn(seed) else {
            continue;
        };
        let networks = BeforeAfter::in_any_case(&plan, &topology, &observed);
        let exact = Transition::in_any_case(&plan, &topology, &observed, &networks);
        let said = Transition::of(&plan, &topology, &observed, &networks).is_some();
        silent += usize::from(!said && plan.steps.len() > 2 && !topology.expect.is_empty());
        for _ in 0..ORDERS {
            let order = shuffled(&mut rng, &plan);
            let broken = (1..order.len()).find(|count| !exact.is_fine(&order[..*count]));
            bad += usize::from(broken.is_some());
            let told = |steps: &[&Step]| {
                steps
                    .iter()
                    .map(|step| format!("{} {}", step.address, step.call.action.name))
                    .collect::<Vec<_>>()
            };
            let expected: Vec<String> = topology.expect.iter().map(ToString::to_string).collect();
            assert!(
                said || broken.is_none(),
                "seed {seed}: {:#?} {expected:#?}",
                told(&order[..broken.unwrap_or_default()])
            );
        }
    }
    // Neither sort is rare.
    assert!(
        silent > 20 && bad > 100,
        "{silent} plans that open nothing, {bad} orders that do"
    );
}

#[test]
fn with_a_barrier_every_state_is_fine_and_without_it_some_are_not() {
    let (mut needed, mut stuck) = (0, 0);
    for seed in 0..NETWORKS {
        let Some((topology, observed, usual, _)) = drawn(seed) else {
            continue;
        };
        let networks = BeforeAfter::in_any_case(&usual, &topology, &observed);
        let Some(transition) = Transition::of(&usual, &topology, &observed, &networks) else {
            continue;
        };
        let mut plan = usual.clone();
        if trueup_plan::barrier(&mut plan, &|steps| transition.is_fine(steps)).is_err() {
            stuck += 1;
            assert_eq!(plan.fingerprint, usual.fingerprint);
            continue;
        }
        let steps: Vec<&Step> = plan.steps.iter().collect();
        for count in 1..steps.len() {
            assert!(transition.is_fine(&steps[..count]), "seed {seed}, step {count}");
            assert!(
                steps[count].after.iter().all(|number| *number <= count),
                "seed {seed}, step {count}"
            );
        }
        let calls = |plan: &Plan| {
            plan.steps
                .iter()
                .map(|step| format!("{} {:?}", step.address, step.call))
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(calls(&plan), calls(&usual), "seed {seed}");
        let usual: Vec<&Step> = usual.steps.iter().collect();
        needed += usize::from((1..usual.len()).any(|count| !transition.is_fine(&usual[..count])));
    }
    assert!(
        needed > 20,
        "only {needed} plans needed one, and {stuck} had none"
    );
}

#[test]
fn after_all_steps_the_network_is_the_one_that_the_plan_is_reviewed_for() {
    for seed in 0..NETWORKS {
        let Some((topology, observed, plan, mut rng)) = drawn(seed) else {
            continue;
        };
        let told = |mut observed: Observed| {
            observed.objects.sort_by(|a, b| a.id.cmp(&b.id));
            format!("{:#?}", network(&observed, &topology.name, &Lists::new()))
        };
        let order = shuffled(&mut rng, &plan);
        let stepped = AfterSteps::new(&topology, &observed, &plan).after(&order);
        let (is, wanted) = (told(stepped), told(after_plan(&topology, &observed, &plan, None)));
        if is != wanted {
            let differing: Vec<_> = is
                .lines()
                .zip(wanted.lines())
                .filter(|(is, wanted)| is != wanted)
                .take(5)
                .collect();
            panic!("seed {seed}: {differing:#?}");
        }
    }
}

#[test]
fn a_state_that_is_not_fine_is_one_in_which_an_expectation_does_not_hold() {
    for seed in 0..NETWORKS / 4 {
        let Some((topology, observed, plan, mut rng)) = drawn(seed) else {
            continue;
        };
        let networks = BeforeAfter::in_any_case(&plan, &topology, &observed);
        let transition = Transition::in_any_case(&plan, &topology, &observed, &networks);
        let order = shuffled(&mut rng, &plan);
        for count in (1..order.len()).filter(|count| !transition.is_fine(&order[..*count])) {
            let state = network(
                &AfterSteps::new(&topology, &observed, &plan).after(&order[..count]),
                &topology.name,
                &Lists::new(),
            );
            let engine = Engine::new(&state);
            let fails = |expectation| {
                check(&engine, expectation).is_ok_and(|checked| checked.status != Status::Passed)
            };
            assert!(topology.expect.iter().any(fails), "seed {seed}, {count} steps");
        }
    }
}
