//! What works before and after a plan and not in between: told where it is so, and nothing is said where it
//! is not.

use crate::spec::{live, seed, spec};
use serde_json::{Value as Json, json};
use trueup_model::{Demand, Expectation, Plan, Reachability, Step};
use trueup_reach::{BeforeAfter, report_gaps};

type Resources = Vec<(&'static str, Json)>;

/// A plan with its gaps, each as who cannot reach whom, over what, and because of whom.
fn gaps_of(before: &Resources, after: &Resources, reorder: impl FnOnce(&mut Plan)) -> Vec<String> {
    let told = told_of(before, after, vec![], reorder);
    assert_eq!((told.gaps_more, told.gaps_unlooked), (0, 0));
    let line = |gap: &trueup_model::ReachChange| {
        format!(
            "{} -> {} {} ({})",
            gap.from.join("+"),
            gap.to.join("+"),
            gap.over,
            gap.because.join("+")
        )
    };
    told.gaps.iter().map(line).collect()
}

/// What is said about the time in between, where these expectations are in the spec.
fn told_of(
    before: &Resources,
    after: &Resources,
    expect: Vec<Expectation>,
    reorder: impl FnOnce(&mut Plan),
) -> Reachability {
    let (mut topology, observed) = (spec(after), live(&spec(before)));
    topology.expect = expect;
    let mut plan = trueup_plan::plan(&topology, &observed);
    assert!(plan.refused.is_empty() && !plan.is_empty(), "{:?}", plan.refused);
    reorder(&mut plan);
    let networks = BeforeAfter::of(&plan, &topology, &observed).unwrap();
    report_gaps(&mut plan, &topology, &observed, &networks);
    plan.reachability.unwrap_or_default()
}

fn with(mut resources: Resources, address: &str, attribute: &str, value: Json) -> Resources {
    resources
        .iter_mut()
        .find(|(other, _)| *other == address)
        .unwrap()
        .1[attribute] = value;
    resources
}

const S3: &str = "com.amazonaws.us-west-2.s3";

/// The seed with an endpoint in the private subnet's table.
fn with_endpoint() -> Resources {
    let mut resources = seed();
    resources.push((
        "vpc_endpoint.s3",
        json!({"vpc": "vpc.main", "service": S3, "route_tables": ["route_table.private"]}),
    ));
    resources
}

fn moved() -> Resources {
    let mut after = with(
        with_endpoint(),
        "subnet.private",
        "route_table",
        json!("route_table.new"),
    );
    after = with(
        after,
        "vpc_endpoint.s3",
        "route_tables",
        json!(["route_table.new"]),
    );
    after.push(("route_table.new", json!({"vpc": "vpc.main"})));
    after
}

#[test]
fn an_endpoint_that_moves_with_its_subnet_leaves_no_gap() {
    assert_eq!(gaps_of(&with_endpoint(), &moved(), |_| ()), [""; 0]);
}

#[test]
fn an_order_that_opens_a_gap_is_told_with_whose_step_it_is() {
    // As if the endpoint left its table without waiting for the subnet.
    let hasty = |plan: &mut Plan| {
        let leaves =
            |step: &&mut Step| step.address.to_string() == "vpc_endpoint.s3" && step.call.sets.is_empty();
        plan.steps.iter_mut().find(leaves).unwrap().after.clear();
    };
    assert_eq!(
        gaps_of(&with_endpoint(), &moved(), hasty),
        ["instance.private-host -> s3 tcp/all, icmp/8/0 (vpc_endpoint.s3)"]
    );
}

#[test]
fn a_can_that_a_gap_touches_is_named() {
    let hasty = |plan: &mut Plan| {
        let leaves =
            |step: &&mut Step| step.address.to_string() == "vpc_endpoint.s3" && step.call.sets.is_empty();
        plan.steps.iter_mut().find(leaves).unwrap().after.clear();
    };
    let expect = || {
        let other = Expectation::new("instance.private-host", Demand::Can, "dynamodb");
        vec![
            Expectation::new("instance.private-host", Demand::Can, "s3"),
            other,
        ]
    };
    let told = told_of(&with_endpoint(), &moved(), expect(), hasty);
    let lines: Vec<String> = told
        .interrupted
        .iter()
        .map(|told| format!("{} ({})", told.expectation, told.because.join("+")))
        .collect();
    assert_eq!(lines, ["instance.private-host can reach s3 (vpc_endpoint.s3)"]);
    assert_eq!(
        told_of(&with_endpoint(), &moved(), expect(), |_| ()).interrupted,
        []
    );
}

/// The seed with a host whose two groups both let the other host in, from these ranges.
fn with_two_groups(ranges: [&str; 3]) -> Resources {
    let mut resources = seed();
    let names = ["security_group.one", "security_group.two", "security_group.three"];
    for (name, range) in names.into_iter().zip(ranges) {
        let rule = json!([{"protocol": "tcp", "port": "5432", "cidr": range}]);
        resources.push((
            name,
            json!({"vpc": "vpc.main", "description": "D", "ingress": rule}),
        ));
    }
    with(
        resources,
        "instance.private-host",
        "security_groups",
        json!(names[..2]),
    )
}

#[test]
fn a_gap_that_two_steps_make_together_is_found() {
    let before = with_two_groups(["10.0.0.0/16", "10.0.0.0/16", "10.0.0.0/16"]);
    let after = with_two_groups(["10.0.0.0/17", "10.0.0.0/18", "10.0.0.0/19"]);
    // The first two take their old ranges away at once. What the third does waits for the first one's new
    // range.
    let hasty = |plan: &mut Plan| {
        let of = |plan: &Plan, group: &str, action: &str| {
            let is_it = |step: &Step| {
                step.address.to_string() == format!("security_group.{group}")
                    && step.call.action.name == action
            };
            plan.steps.iter().position(is_it).unwrap()
        };
        for group in ["one", "two"] {
            let revokes = of(plan, group, "RevokeSecurityGroupIngress");
            plan.steps[revokes].after.clear();
        }
        let (gives, waits) = (
            of(plan, "one", "AuthorizeSecurityGroupIngress"),
            of(plan, "three", "RevokeSecurityGroupIngress"),
        );
        plan.steps[waits].after = vec![plan.steps[gives].number];
    };
    let gaps = gaps_of(&before, &after, hasty);
    assert!(
        gaps.iter()
            .any(|gap| gap.ends_with("tcp/5432 (security_group.one+security_group.two)")),
        "{gaps:?}"
    );
    assert_eq!(gaps_of(&before, &after, |_| ()), [""; 0]);
}

#[test]
fn an_endpoint_in_another_ones_place_has_a_gap_that_no_order_spares() {
    let mut after = with_endpoint();
    after.retain(|(address, _)| *address != "vpc_endpoint.s3");
    after.push((
        "vpc_endpoint.other",
        json!({"vpc": "vpc.main", "service": S3, "route_tables": ["route_table.private"]}),
    ));
    let gaps = gaps_of(&with_endpoint(), &after, |_| ());
    assert!(
        gaps.len() == 1 && gaps[0].starts_with("instance.private-host -> s3"),
        "{gaps:?}"
    );
}

#[test]
fn what_only_opens_or_only_closes_has_no_gap() {
    let rule = json!([{"protocol": "tcp", "port": "443", "cidr": "0.0.0.0/0"}]);
    let opened = with(seed(), "security_group.private-sg", "ingress", rule);
    assert_eq!(gaps_of(&seed(), &opened, |_| ()), [""; 0]);
    assert_eq!(gaps_of(&opened, &seed(), |_| ()), [""; 0]);
}
