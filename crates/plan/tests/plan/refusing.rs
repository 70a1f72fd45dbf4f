//! What is refused, whatever the spec says: what others hold, what is protected, copies, wrong places, too many ends.

use crate::world::{changes, live, seed, steps, topology, with};
use serde_json::json;
use trueup_model::{Action, Guard, Kind, Object, Observed, Plan, Ref, Refused, TakenBy, Value};
use trueup_plan::{destroy, plan};

#[test]
fn two_claimants_of_one_address_are_refused_with_what_depends_on_it() {
    let wanted = topology(&with(seed(), "route_table.public", "routes", json!([])));
    let mut there = live(&topology(&seed()));
    let mut copy = there
        .objects
        .iter()
        .find(|object| object.id.starts_with("vpc-"))
        .unwrap()
        .clone();
    copy.id = "vpc-ffffffff".into();
    there.objects.push(copy);
    let plan = plan(&wanted, &there);
    assert_eq!(plan.refused.len(), 1);
    assert_eq!(
        (plan.refused[0].guard.code(), plan.refused[0].address.as_str()),
        ("double_claim", "vpc.main")
    );
    assert!(plan.changes.is_empty(), "{:?}", changes(&plan));
}

#[test]
fn what_others_hold_is_refused_and_never_touched() {
    let wanted = topology(&seed());
    let mut there = live(&topology(&[("vpc.main", json!({"cidr_block": "10.0.0.0/16"}))]));
    let mut key = live(&topology(&[("key_pair.key", json!({"key_name": "key"}))]))
        .objects
        .remove(0);
    key.owner = None;
    there.objects.push(key);
    let plan = plan(&wanted, &there);
    assert_eq!(
        (plan.refused[0].guard.code(), plan.refused[0].address.as_str()),
        ("foreign", "key_pair.key")
    );
    assert!(
        !plan
            .changes
            .iter()
            .any(|change| change.address.to_string() == "key_pair.key")
    );
}

#[test]
fn what_somebody_else_holds_is_told_as_it_is() {
    let wanted = topology(&with(
        seed(),
        "subnet.private",
        "cidr_block",
        json!("10.0.2.0/25"),
    ));
    let mut there = live(&topology(&seed()));
    let other = there
        .objects
        .iter_mut()
        .find(|o| {
            o.owner
                .as_ref()
                .is_some_and(|owner| owner.address == "subnet.private")
        })
        .unwrap();
    other.owner = None;
    let id = other.id.clone();
    let plan = plan(&wanted, &there);
    let refused = plan
        .refused
        .iter()
        .find(|refusal| refusal.guard == Guard::Foreign)
        .unwrap();
    let taken = Refused::Taken {
        id,
        has: "10.0.2.0/24 in vpc.main".into(),
        wanted: "10.0.2.0/25 in vpc.main".into(),
        by: TakenBy::Nobody { perhaps_lost: true },
    };
    assert_eq!(refused.why, taken);
}

#[test]
fn protection_refuses_replacing_stopping_and_deleting_even_when_the_spec_forgot_it() {
    let protected = |value| with(seed(), "instance.bastion", "protect", value);
    let there = live(&topology(&protected(json!(true))));
    let replace = topology(&with(
        protected(json!(true)),
        "instance.bastion",
        "image",
        json!("ami-0d6621c01e8c2de2c"),
    ));
    let stop = topology(&with(
        protected(json!(true)),
        "instance.bastion",
        "instance_type",
        json!("t3.micro"),
    ));
    let mut without = seed();
    without.retain(|(address, _)| *address != "instance.bastion");
    for wanted in [replace, stop, topology(&without)] {
        let plan = plan(&wanted, &there);
        assert_eq!(
            (plan.refused[0].guard.code(), plan.refused[0].address.as_str()),
            ("protected", "instance.bastion")
        );
        assert!(plan.steps.is_empty(), "{:?}", steps(&plan));
    }
    let unprotect = plan(&topology(&seed()), &there);
    assert_eq!(steps(&unprotect).len(), 1);
    assert_eq!(unprotect.changes[0].action, Action::Update);
}

#[test]
fn what_is_made_to_be_stopped_is_protected_last_so_that_a_launch_that_was_cut_off_can_go_on() {
    let stopped = with(seed(), "instance.bastion", "state", json!("stopped"));
    let wanted = topology(&with(stopped.clone(), "instance.bastion", "protect", json!(true)));
    let last = |plan: &Plan| {
        let of_bastion = plan
            .steps
            .iter()
            .filter(|step| step.address.to_string() == "instance.bastion");
        of_bastion
            .map(|step| {
                (
                    step.call.action.name,
                    step.ownership.value("trueup:protect").is_some(),
                )
            })
            .collect::<Vec<_>>()
    };
    let whole = last(&plan(&wanted, &Observed::default()));
    assert_eq!(whole[0], ("RunInstances", false));
    assert_eq!(
        whole[whole.len() - 2..],
        [("StopInstances", false), ("CreateTags", false)]
    );
    // It runs, and is not protected yet.
    let cut_off = plan(&wanted, &live(&topology(&seed())));
    assert!(cut_off.refused.is_empty(), "{:?}", cut_off.refused);
    assert_eq!(last(&cut_off), [("StopInstances", false), ("CreateTags", false)]);
    // What is protected already is not stopped.
    let there = live(&topology(&with(
        seed(),
        "instance.bastion",
        "protect",
        json!(true),
    )));
    assert_eq!(plan(&wanted, &there).refused[0].guard.code(), "protected");
}

#[test]
fn the_wrong_account_or_region_is_refused_whole() {
    let mut wanted = topology(&seed());
    wanted.account = Some("999999999999".into());
    wanted.region = Some("eu-west-1".into());
    let plan = plan(&wanted, &live(&topology(&[])));
    let guards: Vec<&str> = plan.refused.iter().map(|refusal| refusal.guard.code()).collect();
    assert_eq!(guards, ["account", "region"]);
    assert!(plan.steps.is_empty());
}

#[test]
fn a_destroy_spares_what_the_spec_protects_even_before_an_apply() {
    let live = live(&topology(&seed()));
    let mut protected = topology(&seed());
    let first = protected.resources.keys().next().cloned().unwrap();
    protected.resources.get_mut(&first).unwrap().protect = true;
    let plan = trueup_plan::destroy(&protected, &live);
    assert!(
        plan.refused
            .iter()
            .any(|refusal| refusal.guard == Guard::Protected && refusal.address == first.to_string()),
        "{:?}",
        plan.refused
    );
}

#[test]
fn what_the_spec_names_by_its_id_is_not_deleted_with_its_address() {
    let live = live(&topology(&seed()));
    let vpc = live
        .objects
        .iter()
        .find(|object| object.kind == Kind::Vpc)
        .unwrap()
        .id
        .clone();
    let mut wanted = topology(&seed());
    let main = "vpc.main".parse().unwrap();
    wanted.resources.remove(&main);
    for resource in wanted.resources.values_mut() {
        if resource.record.value("vpc").is_some() {
            resource.record.set("vpc", Value::Ref(Ref::Id(vpc.clone())));
        }
    }
    let plan = trueup_plan::plan(&wanted, &live);
    assert!(
        plan.refused
            .iter()
            .any(|refusal| refusal.guard == Guard::InUse && refusal.address == "vpc.main"),
        "{:?}",
        plan.refused
    );
    assert!(plan.steps.iter().all(|step| step.call.action.name != "DeleteVpc"));
}

#[test]
fn a_budget_refuses_a_plan_that_ends_more() {
    let wanted = topology(&seed());
    let mut nothing = topology(&[]);
    let refused = |nothing: &trueup_model::Topology| plan(nothing, &live(&wanted)).refused;
    assert!(refused(&nothing).is_empty());
    nothing.max_deletes = Some(3);
    let refusals = refused(&nothing);
    assert_eq!(
        (
            refusals.len(),
            refusals[0].guard.code(),
            refusals[0].address.as_str()
        ),
        (1, "max_deletes", "test")
    );
    assert!(
        matches!(&refusals[0].why, Refused::TooManyEnds { ended, max: 3 } if ended.len() == wanted.resources.len()),
        "{refusals:?}"
    );
    nothing.max_deletes = u32::try_from(wanted.resources.len()).ok();
    assert!(refused(&nothing).is_empty());
    // A destroy heeds it too, and is no plan that an apply could be given.
    let few = trueup_model::Topology {
        max_deletes: Some(3),
        ..wanted.clone()
    };
    assert_eq!(
        destroy(&few, &live(&wanted)).refused[0].guard.code(),
        "max_deletes"
    );
    let all = destroy(&wanted, &live(&wanted));
    assert!(all.refused.is_empty() && all.teardown);
    assert_ne!(all.fingerprint, plan(&topology(&[]), &live(&wanted)).fingerprint);
}

#[test]
fn what_two_runs_made_at_one_address_is_settled_and_copies_are_refused() {
    let wanted = topology(&seed());
    let mut observed = live(&wanted);
    let vpc = observed
        .objects
        .iter()
        .position(|object| object.kind == Kind::Vpc)
        .unwrap();
    let mut double = Object {
        id: "vpc-0000ffff".into(),
        ..observed.objects[vpc].clone()
    };
    let run = |object: &mut Object, run: &str| object.owner.as_mut().unwrap().run = Some(run.to_owned());
    run(&mut observed.objects[vpc], "a");
    run(&mut double, "b");
    observed.objects.push(double);
    let settled = plan(&wanted, &observed);
    assert!(settled.refused.is_empty(), "{:?}", settled.refused);
    // The one that nothing is in goes.
    assert_eq!(changes(&settled), ["Delete vpc.main"]);
    assert_eq!(settled.changes[0].id.as_deref(), Some("vpc-0000ffff"));
    run(observed.objects.last_mut().unwrap(), "a");
    assert_eq!(plan(&wanted, &observed).refused[0].guard.code(), "double_claim");
}
