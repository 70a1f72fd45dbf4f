//! Every attribute of every kind, changed behind our back: the plan sees exactly that, and an apply repairs
//! it.

use std::collections::BTreeSet;

use trueup_model::schema::{Cost, Effect};
use trueup_model::{Action, Kind};
use trueup_tests::deletions::{DELETIONS, ELSEWHERE};
use trueup_tests::filled;
use trueup_tests::flips::flips;
use trueup_tests::meddlings::{MEDDLINGS, Meddling, network};
use trueup_tests::{EVERY_KIND, OTHER_KEY, PUBLIC_KEY, World, paused, topology};

/// What is told and not repaired, or what nobody can change by hand, with why; each has a test of its own.
const NOT_REPAIRED: &[(&str, &str)] = &[
    (
        "volume.size",
        "a volume that somebody has made larger does not shrink: `volumes::a_volume_that_somebody_made_larger_is_told_and_left`",
    ),
    (
        "vpc_peering_connection.accept",
        "nothing takes an acceptance back; that one is missing: `peering::a_request_that_nobody_accepts_is_no_failure_and_is_accepted_by_a_line`",
    ),
];

#[test]
fn every_attribute_that_can_change_behind_our_back_is_meddled_with() {
    // What the tables know the values of is flipped there and back by the test of edits.
    let flipped = flips(&topology(EVERY_KIND));
    for kind in Kind::ALL {
        for attribute in kind.schema().attributes {
            let fixed = matches!(attribute.effect, Cost::Fixed(Effect::Replace)) || attribute.input;
            let tried = MEDDLINGS.iter().any(|meddling| {
                meddling.address.starts_with(&format!("{kind}."))
                    && meddling.attribute.split('.').next() == Some(attribute.name)
            });
            let tried = tried
                || flipped
                    .iter()
                    .any(|flip| flip.address.kind == kind && flip.attribute == attribute.name);
            let path = format!("{kind}.{}", attribute.name);
            let told = NOT_REPAIRED.iter().any(|(of, _)| *of == path);
            assert!(fixed || tried || told, "nobody meddles with {path}");
        }
    }
}

#[test]
fn what_is_changed_behind_our_back_is_seen_and_repaired() {
    paused(async {
        let world = World::new().await;
        let wanted = topology(&network());
        world.apply(&wanted).await;
        for Meddling {
            address,
            attribute,
            calls,
        } in MEDDLINGS
        {
            let live = world.plan(&wanted).await;
            let mut answer = String::new();
            for call in *calls {
                answer = world.call(&filled(call, &live, &answer)).await;
            }
            let plan = world.plan(&wanted).await;
            let paths: Vec<&str> = plan
                .changes
                .iter()
                .filter(|change| change.address.to_string() == *address)
                .flat_map(|change| {
                    change
                        .attributes
                        .iter()
                        .map(|attribute| attribute.path.split('.').next().unwrap_or_default())
                })
                .collect();
            assert!(
                !paths.is_empty() && paths.iter().all(|path| path == attribute),
                "{calls:?}: the plan says {paths:?}"
            );
            if plan.changes.iter().all(|change| change.action == Action::Update) {
                assert_eq!(plan.changes.len(), 1, "{calls:?}: {:#?}", plan.changes);
            }
            world.apply(&wanted).await;
        }
        world.destroy(&wanted).await;
    });
}

#[test]
fn a_metadata_option_is_changed_while_the_endpoint_that_nobody_declared_is_off() {
    let spec = |limit| {
        topology(&format!(
            "topology: t\nregion: us-west-2\nvpc: {{main: {{cidr_block: 10.0.0.0/16}}}}\nsubnet: {{s: {{cidr_block: 10.0.0.0/24}}}}\ninstance:\n  \
             i: {{image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: s, metadata_options: {{http_put_response_hop_limit: {limit}}}}}\n"
        ))
    };
    paused(async {
        let world = World::new().await;
        world.apply(&spec(2)).await;
        let live = world.plan(&spec(2)).await;
        world
            .call(&filled(
                "ModifyInstanceMetadataOptions&InstanceId={instance.i}&HttpEndpoint=disabled",
                &live,
                "",
            ))
            .await;
        world.apply(&spec(3)).await;
        let told = world.call("DescribeInstances").await;
        assert!(
            told.contains("<httpPutResponseHopLimit>3<") && told.contains("<httpEndpoint>disabled<"),
            "{told}"
        );
    });
}

#[test]
fn tags_are_repaired_and_those_of_others_are_left_alone() {
    paused(async {
        let world = World::new().await;
        let wanted = topology(EVERY_KIND);
        world.apply(&wanted).await;
        let live = world.plan(&wanted).await;
        for (id, object) in live.objects.iter().filter(|(_, object)| object.owner.is_some()) {
            world
                .call(&format!(
                    "CreateTags&ResourceId.1={id}&Tag.1.Key=cost-centre&Tag.1.Value=42"
                ))
                .await;
            assert!(
                world.plan(&wanted).await.is_empty(),
                "{}: a tag that no spec declares is nobody's drift",
                object.kind
            );
            world
                .call(&format!(
                    "CreateTags&ResourceId.1={id}&Tag.1.Key=Name&Tag.1.Value=renamed"
                ))
                .await;
            world
                .call(&format!("DeleteTags&ResourceId.1={id}&Tag.1.Key=team"))
                .await;
            let plan = world.plan(&wanted).await;
            let keys: Vec<String> = plan.changes[0]
                .attributes
                .iter()
                .filter_map(|attribute| Some(attribute.member.as_ref()?.to_string()))
                .collect();
            assert_eq!(
                (plan.changes.len(), keys),
                (1, vec!["Name".to_owned(), "team".to_owned()]),
                "{}",
                object.kind
            );
            world.apply(&wanted).await;
            let tags = world
                .call(&format!(
                    "DescribeTags&Filter.1.Name=resource-id&Filter.1.Value.1={id}"
                ))
                .await;
            assert!(tags.contains("cost-centre"), "{}: {tags}", object.kind);
        }
    });
}

#[test]
fn every_call_of_ec2_that_changes_something_is_tried_or_has_its_reason() {
    let tried = MEDDLINGS
        .iter()
        .flat_map(|meddling| meddling.calls)
        .chain(DELETIONS.iter().flat_map(|(_, calls)| *calls));
    let tried: BTreeSet<&str> = tried
        .map(|call| call.split('&').next().unwrap_or_default())
        .collect();
    let reasoned: BTreeSet<&str> = ELSEWHERE.iter().map(|(action, _)| *action).collect();
    let changing = |action: &&str| !["Describe", "Get"].iter().any(|start| action.starts_with(start));
    let all: BTreeSet<&str> = trueup_sandbox::actions().filter(changing).collect();
    let missing: Vec<_> = all
        .iter()
        .filter(|action| !tried.contains(*action) && !reasoned.contains(*action))
        .collect();
    assert!(missing.is_empty(), "nobody tries {missing:?}");
    let twice: Vec<_> = reasoned
        .iter()
        .filter(|action| tried.contains(*action) || !all.contains(*action))
        .collect();
    assert!(twice.is_empty(), "tried, or unknown to the sandbox: {twice:?}");
}

#[test]
fn what_is_deleted_behind_our_back_is_made_again() {
    for kind in Kind::ALL {
        assert!(
            DELETIONS
                .iter()
                .any(|(address, _)| address.starts_with(&format!("{kind}."))),
            "nobody deletes a {kind}"
        );
    }
    paused(async {
        let world = World::new().await;
        let wanted = topology(&network());
        world.apply(&wanted).await;
        for (address, calls) in DELETIONS {
            for call in *calls {
                world.call(&filled(call, &world.plan(&wanted).await, "")).await;
            }
            let plan = world.apply(&wanted).await;
            let created: Vec<String> = plan
                .changes
                .iter()
                .filter(|change| change.action == Action::Create)
                .map(|change| change.address.to_string())
                .collect();
            assert_eq!(created, [*address]);
        }
    });
}

#[test]
fn a_root_volume_that_somebody_detached_is_told_and_the_instance_left_alone() {
    paused(async {
        let world = World::new().await;
        let wanted = topology(EVERY_KIND);
        world.apply(&wanted).await;
        let live = world.plan(&wanted).await;
        world
            .call(&filled("StopInstances&InstanceId.1={instance.web}", &live, ""))
            .await;
        world
            .call(&filled(
                "DetachVolume&VolumeId={instance.web#root_volume_id}",
                &live,
                "",
            ))
            .await;
        let plan = world.plan(&wanted).await;
        assert_eq!(
            plan.unread.iter().map(|unread| &*unread.why).collect::<Vec<_>>(),
            ["EC2 shows no volume at /dev/sda1, its root device"]
        );
        assert!(
            !plan.changes[0]
                .attributes
                .iter()
                .any(|attribute| attribute.path.starts_with("root_volume")),
            "{:#?}",
            plan.changes
        );
    });
}

#[test]
fn another_key_under_our_name_and_tags_is_replaced_and_the_instance_stays() {
    paused(async {
        let world = World::new().await;
        let wanted = topology(EVERY_KIND);
        world.apply(&wanted).await;
        world
            .apply(&topology(&EVERY_KIND.replace(PUBLIC_KEY, OTHER_KEY)))
            .await;
        let plan = world.apply(&wanted).await;
        let said: Vec<String> = plan
            .changes
            .iter()
            .map(|change| format!("{:?} {}", change.action, change.address))
            .collect();
        assert_eq!(said, ["Replace key_pair.ops"]);
    });
}
