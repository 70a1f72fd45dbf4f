//! Every edit of a spec, there and back: it takes the calls that it should take, and nothing is left to do after it.

use trueup_model::{Kind, Plan};
use trueup_sandbox::Behaviour;
use trueup_tests::edit_list::{Edit, edits_in_place, edits_that_replace, edits_with_a_stop};
use trueup_tests::{EVERY_KIND, World, paused, topology};

#[test]
fn every_kind_is_made_read_back_and_deleted() {
    for behaviour in [Behaviour::Instant, Behaviour::Realistic] {
        paused(async {
            let world = World::with(behaviour).await;
            let topology = topology(EVERY_KIND);
            world.apply(&topology).await;
            let observed = world.observe(&topology).await;
            for kind in Kind::ALL {
                assert!(observed.objects.iter().any(|object| object.kind == kind && object.owner.is_some()), "{kind}");
            }
            world.destroy(&topology).await;
        });
    }
}

/// Applies each edit and takes it back, on one network.
fn try_edits(edits: Vec<Edit>, exactly: bool) {
    paused(async {
        let world = World::new().await;
        let base = EVERY_KIND;
        world.apply(&topology(base)).await;
        for Edit { from, to, calls } in edits {
            assert!(base.contains(from), "{from} is not in the network");
            let edited = base.replacen(from, &to, 1);
            let done = world.apply(&topology(&edited)).await;
            if exactly && !calls.is_empty() {
                assert_eq!(calls_of(&done), calls, "{from} -> {to}");
            }
            for call in calls {
                assert!(calls_of(&done).contains(call), "{from} -> {to}: {call} is not in {:?}", calls_of(&done));
            }
            let back = world.apply(&topology(base)).await;
            if exactly {
                assert_eq!(back.is_empty(), done.is_empty(), "{from} -> {to} and back: {:?}", calls_of(&back));
            }
        }
        world.destroy(&topology(base)).await;
    });
}

fn calls_of(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.call.action).collect()
}

#[test]
fn what_changes_in_place_changes_by_its_own_call_and_back() {
    try_edits(edits_in_place(), true);
}

#[test]
fn what_needs_a_stop_is_stopped_and_started() {
    try_edits(edits_with_a_stop(), false);
}

#[test]
fn what_cannot_change_is_replaced() {
    try_edits(edits_that_replace(), false);
}

#[test]
fn an_instance_profile_is_given_swapped_and_taken() {
    let with = |profile: &str| topology(&EVERY_KIND.replace("    security_groups: [db]", &format!("    security_groups: [db]{profile}")));
    paused(async {
        let world = World::new().await;
        world.apply(&with("")).await;
        assert_eq!(calls_of(&world.apply(&with("\n    iam_instance_profile: web")).await), ["AssociateIamInstanceProfile"]);
        assert_eq!(calls_of(&world.apply(&with("\n    iam_instance_profile: db")).await), ["ReplaceIamInstanceProfileAssociation"]);
        assert_eq!(calls_of(&world.apply(&with("")).await), ["DisassociateIamInstanceProfile"]);
    });
}
