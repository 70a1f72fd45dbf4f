//! What is said of a plan whose steps have no order in which every state is fine.

use serde_json::json;
use trueup_model::kinds::security_group::{self, action};
use trueup_model::{
    Demand, Expectation, Guard, Plan, Record, Refusal, Refused, Step, StepAction, Stuck, Topology,
};
use trueup_reach::{BeforeAfter, Transition};

use crate::common::spec::{live, seed, spec};

fn cannot(from: &str, to: &str) -> Expectation {
    Expectation {
        over: Some("tcp/443".to_owned()),
        place: trueup_model::Place {
            file: "net.yaml".into(),
            line: 30,
            ..Default::default()
        },
        ..Expectation::new(from, Demand::Cannot, to)
    }
}

fn wanted() -> Topology {
    let mut topology = spec(&seed());
    topology.expect = vec![cannot("internet", "instance.bastion")];
    topology
}

fn refused(plan: &mut Plan, stuck: &Stuck) -> String {
    let topology = wanted();
    let observed = live(&topology);
    let networks = BeforeAfter::in_any_case(plan, &topology, &observed);
    Transition::in_any_case(plan, &topology, &observed, &networks).refuse(plan, stuck);
    assert_eq!(
        (
            plan.refused.len(),
            plan.refused[0].guard.code(),
            plan.refused[0].address.as_str()
        ),
        (1, "expect", "internet")
    );
    match &plan.refused[0].why {
        Refused::Reachability { found, .. } => found.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_search_that_was_given_up_refuses_the_plan_whatever_it_found() {
    let why = refused(
        &mut Plan::default(),
        &Stuck {
            given_up: Some(2000),
            ..Stuck::default()
        },
    );
    assert!(
        why.contains("though more than 2000 states were looked at. Split the apply"),
        "{why}"
    );
}

#[test]
fn a_plan_without_an_order_is_reported_what_would_open_next() {
    let group = "security_group.bastion-sg".parse().unwrap();
    let observed = live(&wanted());
    let id = observed
        .objects
        .iter()
        .find(|object| object.record.text(security_group::attr::GROUP_NAME) == "bastion-sg")
        .unwrap()
        .id
        .clone();
    let rule = trueup_model::json::record(
        &json!({"ingress": [{"protocol": "tcp", "port": "443", "cidr": "0.0.0.0/0"}]}),
        trueup_model::Kind::SecurityGroup.schema().attributes,
    );
    let sets = rule.only(&["ingress"]);
    let step = Step {
        number: 1,
        action: StepAction::Update,
        address: group,
        target: Some(id),
        replaces: None,
        ownership: Record::new(),
        call: action::AUTHORIZE_INGRESS.setting(sets),
        after: Vec::new(),
        yields: Vec::new(),
        why: Vec::new(),
        source: None,
    };
    let mut plan = Plan {
        steps: vec![step],
        ..Plan::default()
    };
    let why = refused(
        &mut plan,
        &Stuck {
            done: Vec::new(),
            next: vec![1],
            given_up: None,
        },
    );
    let reported = "net.yaml:30: it is expected that internet cannot reach instance.bastion over tcp/443: that holds before and after, and in no \
                order of the steps in between; at the beginning it might be opened by the only one that could be next, step 1 \
                (AuthorizeSecurityGroupIngress of security_group.bastion-sg). Apply something else in between";
    assert!(why.starts_with(reported), "{why}");
}

#[test]
fn of_a_plan_that_is_refused_no_order_is_reported() {
    let topology = wanted();
    let observed = live(&topology);
    let mut plan = Plan::default();
    let networks = BeforeAfter::in_any_case(&plan, &topology, &observed);
    let transition = Transition::in_any_case(&plan, &topology, &observed, &networks);
    transition.announce(&mut plan, &[]);
    assert!(
        plan.reachability
            .take()
            .and_then(|reported| reported.barrier)
            .is_some_and(|barrier| !barrier.waits && barrier.gaps.is_empty())
    );
    let why = Refused::Reachability {
        guard: Guard::Expect,
        found: "it is so".into(),
    };
    plan.refused.push(Refusal::new("internet", why));
    transition.announce(&mut plan, &[]);
    assert!(plan.reachability.is_none());
}
