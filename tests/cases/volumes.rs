//! Volumes of their own: what grows, what does not shrink, what is lost, and what EC2 tells only later.

use trueup_model::{Action, Consent, Disruption, Guard, Loss, Note, Refused, Unchangeable};
use trueup_sandbox::Behaviour;
use trueup_tests::{World, calls_of, paused, read, topology};

const SPEC: &str = include_str!("../../specs/volumes.yaml");

/// The example without its protection, with this in the place of that.
fn spec(from: &str, to: &str) -> trueup_model::Topology {
    let spec = SPEC.replace("    protect: true\n", "");
    assert!(
        from.is_empty() || spec.contains(from),
        "{from} is not in the example"
    );
    topology(&spec.replacen(from, to, usize::from(!from.is_empty())))
}

#[test]
fn the_example_is_applied_is_stable_and_is_destroyed() {
    for behaviour in [Behaviour::Instant, Behaviour::Realistic] {
        paused(async {
            let world = World::with(behaviour).await;
            let spec = spec("", "");
            world.apply(&spec).await;
            // The root volume goes with its instance: nobody has to lead it elsewhere.
            let gone = world.destroy(&spec).await;
            assert!(gone.diagnostics.is_empty(), "{:?}", gone.diagnostics);
        });
    }
}

#[test]
fn a_volume_grows_in_place() {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        world.apply(&spec("", "")).await;
        let plan = world.apply(&spec("size: 200", "size: 300")).await;
        assert_eq!(calls_of(&plan), ["ModifyVolume"]);
        assert!(plan.changes[0].losses.is_empty());
    });
}

#[test]
fn a_smaller_volume_is_refused_and_nothing_is_replaced() {
    paused(async {
        let world = World::new().await;
        world.apply(&topology(SPEC)).await;
        for smaller in [
            topology(&SPEC.replace("size: 200", "size: 100")),
            spec("size: 200", "size: 100"),
        ] {
            let plan = world.plan(&smaller).await;
            let [refusal] = &plan.refused[..] else {
                panic!("{:?}", plan.refused)
            };
            assert_eq!(refusal.guard, Guard::Unchangeable);
            let how = Unchangeable::Shrinks { from: 200, to: 100 };
            assert!(matches!(&refusal.why, Refused::Unchangeable { how: is, .. } if *is == how));
            assert!(
                plan.steps
                    .iter()
                    .all(|step| !step.call.action.name.contains("Volume")),
                "{:?}",
                calls_of(&plan)
            );
        }
    });
}

#[test]
fn a_volume_that_somebody_made_larger_is_told_and_left() {
    paused(async {
        let world = World::new().await;
        let spec = spec("", "");
        world.apply(&spec).await;
        let observed = world.observe(&spec).await;
        let data = observed
            .objects
            .iter()
            .find(|object| object.claim("volumes") == Some("volume.data"))
            .unwrap();
        world
            .call(&format!("ModifyVolume&VolumeId={}&Size=250", data.id))
            .await;
        let plan = world.plan(&spec).await;
        let how = Unchangeable::Shrinks { from: 250, to: 200 };
        assert!(
            matches!(&plan.refused[0].why, Refused::Unchangeable { id, how: is } if *id == data.id && *is == how)
        );
        // Who writes what is there has nothing to do.
        let larger = self::spec("size: 200", "size: 250");
        assert!(world.plan(&larger).await.is_empty());
    });
}

#[test]
fn what_is_on_a_volume_is_not_lost_without_a_consent_that_names_it() {
    paused(async {
        let world = World::new().await;
        world.apply(&spec("", "")).await;
        let gone = SPEC.replace("    protect: true\n", "");
        let gone = &gone[..gone.find("  journal:").unwrap()];
        for (edited, action, consent) in [
            (topology(gone), Action::Delete, Consent::Delete),
            (
                spec(
                    "iops: 4000",
                    "iops: 4000\n    snapshot_id: snap-0123456789abcdef0",
                ),
                Action::Replace,
                Consent::Replace,
            ),
        ] {
            let plan = world.plan(&edited).await;
            let change = &plan.changes[0];
            assert_eq!((change.action, change.disruption), (action, Disruption::DataLost));
            let [Loss::Volume { id, gib: Some(50) }] = &change.losses[..] else {
                panic!("{:?}", change.losses)
            };
            assert_eq!(Some(id), change.id.as_ref());
            let needs = trueup_plan::consent::needs(&plan);
            let needs: Vec<(Consent, String)> = needs
                .iter()
                .map(|need| (need.what, need.address.to_string()))
                .collect();
            assert_eq!(needs, [(consent, "volume.journal".to_owned())]);
        }
        // What is protected is not even asked about.
        world.apply(&topology(SPEC)).await;
        let protected =
            topology(&SPEC.replace("size: 50", "size: 50\n    snapshot_id: snap-0123456789abcdef0"));
        let plan = world.plan(&protected).await;
        assert_eq!(plan.refused[0].guard, Guard::Protected);
    });
}

#[test]
fn what_ec2_gives_by_itself_and_a_key_by_its_id_are_no_difference() {
    paused(async {
        let world = World::new().await;
        world.apply(&spec("", "")).await;
        for (from, to) in [
            ("throughput: 250", "throughput: 250\n    iops: 3000"),
            ("arn:aws:kms:us-west-2:123456789012:key/", ""),
            ("    encrypted: true\n", ""),
        ] {
            assert!(world.plan(&spec(from, to)).await.is_empty(), "{to}");
        }
        // Another key is another volume, and that may be smaller.
        let other = SPEC
            .replace("    protect: true\n", "")
            .replace("key/1234abcd", "key/4321abcd");
        let plan = world
            .apply(&topology(
                &other
                    .replace("size: 50", "size: 20\n    iops: 2000")
                    .replace("    iops: 4000\n", ""),
            ))
            .await;
        assert_eq!((plan.changes.len(), plan.changes[0].action), (1, Action::Replace));
    });
}

/// EC2 answers that it makes the volume, and takes it back when it finds that it may not use the key.
#[test]
fn a_key_that_cannot_be_used_is_told_where_the_volume_goes_away_again() {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        let zeros = spec(
            "key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "key/00000000-0000-0000-0000-000000000000",
        );
        let plan = world.plan(&zeros).await;
        let failed = world.try_run(&plan).await.unwrap_err();
        assert!(
            failed.contains("KMS key") && failed.contains("\"journal\""),
            "{failed}"
        );
        assert!(!failed.contains("\"data\""), "{failed}");
        // The same again: what went away is not taken for what was made.
        let plan = world.plan(&zeros).await;
        assert_eq!(calls_of(&plan), ["CreateVolume", "AttachVolume"]);
        assert!(world.try_run(&plan).await.unwrap_err().contains("KMS key"));
        world.apply(&spec("", "")).await;
    });
}

#[test]
fn a_change_that_comes_too_early_is_told_with_what_to_do() {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        world.apply(&spec("", "")).await;
        world.apply(&spec("size: 200", "size: 300")).await;
        let plan = world.plan(&spec("size: 200", "size: 400")).await;
        let failed = world.try_run(&plan).await.unwrap_err();
        assert!(
            failed.contains("IncorrectModificationState") && failed.contains("`completed`"),
            "{failed}"
        );
    });
}

#[test]
fn of_a_volume_that_several_have_only_io2_changes() {
    paused(async {
        let world = World::new().await;
        let with = |lines: &str| spec("iops: 4000", &format!("iops: 2000\n    {lines}"));
        world.apply(&with("multi_attach_enabled: false")).await;
        let plan = world.apply(&with("multi_attach_enabled: true")).await;
        assert_eq!(calls_of(&plan), ["ModifyVolume"]);
        let io1 = |on: bool| {
            let text = SPEC.replace("    protect: true\n", "").replace(
                "volume_type: io2\n    iops: 4000",
                &format!("volume_type: io1\n    iops: 2000\n    multi_attach_enabled: {on}"),
            );
            topology(&text)
        };
        let plan = world.plan(&io1(false)).await;
        assert!(
            matches!(&plan.refused[0].why, Refused::Unchangeable { how: Unchangeable::MultiAttach { on: false, ty }, .. } if ty == "io2")
        );
    });
}

#[test]
fn a_key_of_another_region_is_told() {
    let read = read(&SPEC.replace("kms:us-west-2", "kms:eu-west-1"));
    let told: Vec<&str> = read.diagnostics.iter().map(|told| told.code).collect();
    assert_eq!(told, ["volume-key"]);
}

/// The calls about volumes and instances, in their order.
fn about(plan: &trueup_model::Plan) -> Vec<String> {
    let told = |step: &trueup_model::Step| format!("{} {}", step.call.action.name, step.address);
    plan.steps.iter().map(told).collect()
}

fn place_of(calls: &[String], call: &str) -> usize {
    let place = calls.iter().position(|other| other == call);
    place.unwrap_or_else(|| panic!("{call} is not in {calls:?}"))
}

#[test]
fn an_instance_that_is_replaced_gets_its_volumes_again() {
    for behaviour in [Behaviour::Instant, Behaviour::Realistic] {
        paused(async {
            let world = World::with(behaviour).await;
            world.apply(&spec("", "")).await;
            let other = spec("ami-003634241a8fcdec0", "ami-0d6621c01e8c2de2c");
            let plan = world.apply(&other).await;
            let calls = about(&plan);
            for volume in ["data", "journal"] {
                let [detach, attach] = ["Detach", "Attach"]
                    .map(|call| place_of(&calls, &format!("{call}Volume volume.{volume}")));
                assert!(detach < attach, "{calls:?}");
                assert!(place_of(&calls, "RunInstances instance.db") < attach, "{calls:?}");
                assert!(
                    detach < place_of(&calls, "TerminateInstances instance.db"),
                    "{calls:?}"
                );
            }
            let volumes = plan
                .changes
                .iter()
                .filter(|change| change.address.kind.as_str() == "volume");
            for change in volumes {
                assert_eq!(
                    (change.action, change.disruption, change.losses.len()),
                    (Action::Update, Disruption::Outage, 0)
                );
            }
        });
    }
}

#[test]
fn an_instance_that_goes_gives_its_volumes_back_and_they_stay() {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        world.apply(&topology(SPEC)).await;
        let (head, tail) = SPEC.split_once("instance:\n  db:").unwrap();
        let tail = &tail[tail.find("volume:").unwrap()..];
        let without = format!("{head}{tail}")
            .replace(
                "    instance: db # another host that takes its place gets it as well\n",
                "",
            )
            .replace("    instance: db\n", "")
            .replace("    device_name: /dev/sdf\n", "")
            .replace("    device_name: /dev/sdg\n", "");
        let plan = world.apply(&topology(&without)).await;
        let calls = about(&plan);
        let end = place_of(&calls, "TerminateInstances instance.db");
        assert!(place_of(&calls, "DetachVolume volume.data") < end, "{calls:?}");
        let note = |note: &Note| matches!(note, Note::UnmountFirst { device, .. } if device == "/dev/sdf");
        assert!(plan.changes.iter().flat_map(|change| &change.notes).any(note));
        // And it comes back to another one.
        world.apply(&topology(SPEC)).await;
    });
}

#[test]
fn two_volumes_exchange_their_devices() {
    paused(async {
        let world = World::with(Behaviour::Realistic).await;
        world.apply(&spec("", "")).await;
        let swapped = SPEC
            .replace("    protect: true\n", "")
            .replace("/dev/sdf", "/dev/sdx")
            .replace("/dev/sdg", "/dev/sdf")
            .replace("/dev/sdx", "/dev/sdg");
        let plan = world.apply(&topology(&swapped)).await;
        assert_eq!(calls_of(&plan).len(), 4, "{:?}", calls_of(&plan));
    });
}

#[test]
fn a_volume_that_an_instance_of_others_has_is_not_deleted() {
    paused(async {
        let world = World::new().await;
        let spec = spec("", "");
        world.apply(&spec).await;
        let observed = world.observe(&spec).await;
        let id = |address: &str| {
            let own = |object: &&trueup_model::Object| object.claim("volumes") == Some(address);
            observed.objects.iter().find(own).unwrap().id.clone()
        };
        let launched = world
            .call(&format!(
                "RunInstances&ImageId=ami-003634241a8fcdec0&InstanceType=m5.large&MinCount=1&MaxCount=1&SubnetId={}",
                id("subnet.app")
            ))
            .await;
        let stranger = launched.split("<instanceId>").nth(1).unwrap();
        let stranger = stranger.split('<').next().unwrap();
        let (data, db) = (id("volume.data"), id("instance.db"));
        world
            .call(&format!(
                "DetachVolume&VolumeId={data}&InstanceId={db}&Device=/dev/sdf"
            ))
            .await;
        world
            .call(&format!(
                "AttachVolume&VolumeId={data}&InstanceId={stranger}&Device=/dev/sdf"
            ))
            .await;
        let plan = trueup_plan::destroy(&spec, &world.observe(&spec).await);
        assert!(
            plan.refused
                .iter()
                .any(|refusal| matches!(&refusal.why, Refused::HeldByOther { id, holder } if *id == data && holder == stranger)),
            "{:?}",
            plan.refused
        );
        // It is drift, and it comes back.
        let plan = world.apply(&spec).await;
        assert_eq!(calls_of(&plan), ["DetachVolume", "AttachVolume"]);
        world
            .call(&format!("TerminateInstances&InstanceId.1={stranger}"))
            .await;
        world.destroy(&spec).await;
    });
}

#[test]
fn a_device_is_one_that_ec2_takes() {
    paused(async {
        for device in ["/dev/sdf", "/dev/sdp15", "/dev/xvdba", "xvdf"] {
            let world = World::new().await;
            world.apply(&spec("/dev/sdf", device)).await;
        }
        let world = World::new().await;
        for device in ["sdf", "/dev/sdf16", "/dev/nvme1n1", "/dev/xvdaaa"] {
            assert!(
                trueup_tests::parsed(&SPEC.replace("/dev/sdf", device)).is_err(),
                "{device}"
            );
            let call = format!("AttachVolume&VolumeId=vol-12345678&InstanceId=i-12345678&Device={device}");
            let refused = world.try_call(&call).await.unwrap_err();
            assert!(refused.contains("not a valid EBS device name"), "{refused}");
        }
    });
}
