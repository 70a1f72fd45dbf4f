//! `volume`, live.

use aws_sdk_ec2::types::{
    VolumeAttachment, VolumeAttachmentState, VolumeModification, VolumeModificationState, VolumeState,
    VolumeType,
};
use trueup_model::kinds::volume::{FAILED, Volume, action, attr, limits, wait};
use trueup_model::{Acted, Attr, Kind, Object, Record, Ref, Wait, fact};

use crate::act::{Task, made_until};
use crate::answer::{Reader, STATE, facts, some};
use crate::classify::Class;
use crate::failure::Failure;
use crate::kinds::{Answer, Live, Which, asked, find_one, list_and_act};
use crate::read::{Found, ObservedState, pages};
use crate::{Ec2, filter, ownership, tags};

/// Volumes, live.
pub struct Volumes;

impl Live for Volumes {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("volume-id")
    }

    /// How far a modification is stands in a list of its own.
    fn is_part(&self, _kind: Kind, wait: &Wait) -> bool {
        wait.until == wait::OPTIMIZING
    }

    fn when_unseen(&self) -> Option<&'static str> {
        Some(
            "EC2 made it and took it back without saying why, as it does where it may not use the KMS key (the account's default for EBS, where the \
             spec names none): look at whether that key is enabled, and at whom its policy lets use it",
        )
    }

    fn states_of_parts<'a>(&'a self, ec2: &'a Ec2, ids: &'a [String]) -> Answer<'a, Vec<ObservedState>> {
        Box::pin(modifications(ec2, ids))
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_volumes();
    let request = asked!(request, which, set_volume_ids, set_filters, 1000);
    pages!(
        ec2,
        "DescribeVolumes",
        request,
        volumes,
        |volume: aws_sdk_ec2::types::Volume| {
            found.states.extend(attachment_states(&volume));
            found.states.push(state(&volume));
            match volume.state.as_ref().map(VolumeState::as_str) {
                Some("deleting") => {
                    found.deletion_in_flight = true;
                    found.gone.extend(volume.volume_id);
                }
                Some("deleted") => found.gone.extend(volume.volume_id),
                _ => found.objects.push(fold(volume)?),
            }
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

fn fold(volume: aws_sdk_ec2::types::Volume) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let state = reader.word(
        STATE,
        "status",
        volume.state.as_ref().map(VolumeState::as_str),
        &["creating", "available", "in-use", FAILED],
    );
    let volume_type = reader.text(
        attr::VOLUME_TYPE,
        "volumeType",
        volume.volume_type.map(|ty| ty.as_str().to_owned()),
    );
    let takes_iops = limits::of(&volume_type).is_none_or(limits::Limits::takes_iops);
    let is_gp3 = volume_type == limits::GP3;
    // What gp3 has when nobody asks for more, where it is not said.
    let iops = volume.iops.map(i64::from).or(is_gp3.then_some(limits::GP3_IOPS));
    let throughput = volume
        .throughput
        .map(i64::from)
        .or(is_gp3.then_some(limits::GP3_THROUGHPUT));
    if takes_iops && iops.is_none() {
        reader.missing(attr::IOPS, "iops");
    }
    let attachment = attachment(&mut reader, &state, volume.attachments);
    let typed = Volume {
        availability_zone: reader.text(
            attr::AVAILABILITY_ZONE,
            "availabilityZone",
            volume.availability_zone,
        ),
        size: Some(reader.always(attr::SIZE, "size", volume.size).into()),
        // Of the other types it follows from the size.
        iops: iops.filter(|_| takes_iops),
        throughput: throughput.filter(|_| is_gp3),
        volume_type,
        encrypted: Some(reader.always(attr::ENCRYPTED, "encrypted", volume.encrypted)),
        kms_key_id: some(volume.kms_key_id),
        snapshot_id: some(volume.snapshot_id),
        multi_attach_enabled: volume.multi_attach_enabled.unwrap_or_default(),
        instance: attachment.as_ref().map(|(instance, _)| Ref::Id(instance.clone())),
        device_name: attachment.as_ref().map(|(_, device)| device.clone()),
    };
    if typed.encrypted == Some(true) && typed.kms_key_id.is_none() {
        reader.missing(attr::KMS_KEY_ID, "kmsKeyId");
    }
    reader.object(
        "DescribeVolumes",
        volume.volume_id,
        &typed,
        volume.tags,
        facts([
            (STATE, Some(state)),
            (fact::INSTANCE, attachment.map(|(instance, _)| instance)),
        ]),
    )
}

/// Whether an attachment is on its way out, or ended.
fn is_leaving(attachment: &VolumeAttachment) -> bool {
    let state = attachment.state().map_or("", VolumeAttachmentState::as_str);
    matches!(state, "detaching" | "detached")
}

/// The instance that has a volume, and what the volume is called there. Of several nobody knows which one a spec
/// means.
fn attachment(
    reader: &mut Reader,
    state: &str,
    all: Option<Vec<VolumeAttachment>>,
) -> Option<(String, String)> {
    let all = reader.always(attr::INSTANCE, "attachmentSet", all);
    let leaves = all.iter().any(is_leaving);
    let mut staying = all.into_iter().filter(|attachment| !is_leaving(attachment));
    let unknown = |reader: &mut Reader, why: &str| {
        reader.unknown(attr::INSTANCE, why.to_owned());
        reader.unknown(attr::DEVICE_NAME, why.to_owned());
        None
    };
    match (staying.next(), staying.next()) {
        (None, _) if state == "in-use" && !leaves => unknown(
            reader,
            "EC2 says `in-use` as its `status`, and not in its `attachmentSet` which instance has it",
        ),
        (None, _) => None,
        (Some(_), Some(_)) => unknown(
            reader,
            "EC2 says in its `attachmentSet` that several instances have it",
        ),
        (Some(one), None) => Some((
            reader.text(attr::INSTANCE, "instanceId", one.instance_id),
            reader.text(attr::DEVICE_NAME, "device", one.device),
        )),
    }
}

/// How far a volume is that is waited for until an instance has it, or none does.
fn attachment_states(volume: &aws_sdk_ec2::types::Volume) -> [ObservedState; 2] {
    let one = volume.attachments().first();
    let is = one
        .and_then(VolumeAttachment::state)
        .map_or(wait::DETACHED.state, VolumeAttachmentState::as_str);
    let is = match is {
        "busy" => "busy: the instance uses it still, so unmount it there, or stop the instance",
        is => is,
    };
    [wait::ATTACHED, wait::DETACHED].map(|respect| ObservedState {
        respect: Some(respect),
        ..ObservedState::new(volume.volume_id(), is)
    })
}

/// The state of a volume that is waited for until it can be used.
fn state(volume: &aws_sdk_ec2::types::Volume) -> ObservedState {
    let id = volume.volume_id();
    match volume.state().map_or("", VolumeState::as_str) {
        // Somebody has attached it already.
        "in-use" => ObservedState::new(id, wait::AVAILABLE.state),
        FAILED => ObservedState {
            failed: Some(
                "EC2 could not make the volume (its state is `error`): look at the KMS key that it is encrypted with, and at the \
                 snapshot; then delete it, and run this again"
                    .to_owned(),
            ),
            ..ObservedState::new(id, FAILED)
        },
        "deleted" => ObservedState {
            failed: Some("somebody deleted the volume".to_owned()),
            ended: true,
            ..ObservedState::new(id, "deleted")
        },
        state => ObservedState::new(id, state),
    }
}

/// How far the last modification of each of these volumes is.
pub async fn modifications(ec2: &Ec2, ids: &[String]) -> Result<Vec<ObservedState>, Failure> {
    let mut seen = Vec::new();
    let request = ec2
        .client
        .describe_volumes_modifications()
        .filters(filter::of("volume-id", ids));
    pages!(
        ec2,
        "DescribeVolumesModifications",
        request,
        volumes_modifications,
        |change: VolumeModification| {
            seen.push(modification(&change));
            Ok::<_, Failure>(())
        }
    );
    Ok(seen)
}

fn modification(change: &VolumeModification) -> ObservedState {
    let failed = change.status_message().unwrap_or("EC2 does not say why");
    let seen = |state: &str| ObservedState::new(change.volume_id(), state);
    match change.modification_state() {
        // It has its new size by now; what is left goes on by itself.
        Some(VolumeModificationState::Optimizing | VolumeModificationState::Completed) => {
            seen(wait::OPTIMIZING.state)
        }
        Some(VolumeModificationState::Failed) => ObservedState {
            failed: Some(format!("the volume cannot be modified: {failed}")),
            ..seen("failed")
        },
        state => seen(state.map_or("modifying", |state| state.as_str())),
    }
}

/// What to do about a volume that EC2 does not change again yet.
pub fn paced(failure: Failure) -> Failure {
    let remedy = match failure.code.as_str() {
        "IncorrectModificationState" | "VolumeModificationInProgress" => {
            "its last change goes on still, for minutes or hours: run this again when DescribeVolumesModifications says `completed`"
        }
        "VolumeModificationRateExceeded" => {
            "EC2 changes a volume only so many times a day: run this again when EC2 takes it"
        }
        _ => return failure,
    };
    let message = format!(
        "{}. Of this volume {remedy}",
        failure.message.trim_end_matches('.')
    );
    Failure { message, ..failure }
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => create(task).await,
        action::MODIFY => modify(task).await,
        action::ATTACH => attach(task).await,
        action::DETACH => detach(task).await,
        action::DELETE => {
            let id = task.id()?;
            let request = task.ec2.client.delete_volume().volume_id(id);
            let answer = task
                .end(action::DELETE, request, |request| request.send())
                .await?;
            Ok(Acted {
                wait: answer.map(|_| wait::DELETED.of(id)),
                ..Acted::default()
            })
        }
        _ => Err(task.unknown_action()),
    }
}

/// A number that the step sets.
fn number(sets: &Record, attr: Attr<i64>) -> Option<i32> {
    sets.get(attr).and_then(|value| i32::try_from(value).ok())
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let sets = task.sets();
    let shared = sets.get(attr::MULTI_ATTACH_ENABLED).filter(|on| *on);
    let with = |token: &str| {
        task.ec2
            .client
            .create_volume()
            .client_token(token)
            .set_availability_zone(task.text(attr::AVAILABILITY_ZONE))
            .set_size(number(sets, attr::SIZE))
            .set_volume_type(
                task.text(attr::VOLUME_TYPE)
                    .map(|ty| VolumeType::from(ty.as_str())),
            )
            .set_iops(number(sets, attr::IOPS))
            .set_throughput(number(sets, attr::THROUGHPUT))
            .set_encrypted(sets.get(attr::ENCRYPTED))
            .set_kms_key_id(task.text(attr::KMS_KEY_ID))
            .set_snapshot_id(task.text(attr::SNAPSHOT_ID))
            .set_multi_attach_enabled(shared)
            .tag_specifications(tags::specification_under(task, token))
    };
    let id = ownership::create_with_token(task, with, |request| request.send(), |answer| answer.volume_id())
        .await?;
    Ok(made_until(id, wait::AVAILABLE, None))
}

async fn modify(task: &Task<'_>) -> Result<Acted, Failure> {
    let (id, sets) = (task.id()?, task.sets());
    let request = task
        .ec2
        .client
        .modify_volume()
        .volume_id(id)
        .set_size(number(sets, attr::SIZE))
        .set_volume_type(
            task.text(attr::VOLUME_TYPE)
                .map(|ty| VolumeType::from(ty.as_str())),
        )
        .set_iops(number(sets, attr::IOPS))
        .set_throughput(number(sets, attr::THROUGHPUT))
        .set_multi_attach_enabled(sets.get(attr::MULTI_ATTACH_ENABLED));
    task.call(action::MODIFY, request, |request| request.send())
        .await
        .map_err(paced)?;
    Ok(Acted {
        wait: Some(wait::OPTIMIZING.of(id)),
        ..Acted::default()
    })
}

/// Where a volume is attached now: the instance and the device.
async fn attached(task: &Task<'_>) -> Result<Option<(String, String)>, Failure> {
    let object = find_one(task.ec2, Kind::Volume, task.id()?).await?;
    Ok(object.and_then(|object| {
        let instance = object.record.get(attr::INSTANCE)?.id()?.to_owned();
        Some((instance, object.record.text(attr::DEVICE_NAME).to_owned()))
    }))
}

async fn attach(task: &Task<'_>) -> Result<Acted, Failure> {
    let id = task.id()?;
    let to = task.set_id(attr::INSTANCE).zip(task.text(attr::DEVICE_NAME));
    let (instance, device) = to.ok_or_else(|| task.defect("attaches a volume to nothing"))?;
    let request = task
        .ec2
        .client
        .attach_volume()
        .volume_id(id)
        .instance_id(&instance)
        .device(&device);
    match task.call(action::ATTACH, request, |request| request.send()).await {
        // The first attempt did it and its answer was lost, or another run did the same.
        Err(failure) if failure.class == Class::Dependency => {
            if attached(task).await? != Some((instance, device)) {
                return Err(failure);
            }
        }
        done => drop(done?),
    }
    Ok(Acted {
        wait: Some(wait::ATTACHED.of(id)),
        ..Acted::default()
    })
}

/// What is detached already is done: EC2 says of it only that its state is another one.
async fn detach(task: &Task<'_>) -> Result<Acted, Failure> {
    let id = task.id()?;
    let from = task.unset_id(attr::INSTANCE);
    let from = from.ok_or_else(|| task.defect("takes a volume from nothing"))?;
    let has_it = async || {
        Ok::<_, Failure>(
            attached(task)
                .await?
                .is_some_and(|(instance, _)| instance == from),
        )
    };
    if !has_it().await? {
        return Ok(Acted::default());
    }
    let device = Some(task.unsets().text(attr::DEVICE_NAME).to_owned());
    let request = task
        .ec2
        .client
        .detach_volume()
        .volume_id(id)
        .instance_id(&from)
        .set_device(device.filter(|device| !device.is_empty()));
    match task.end(action::DETACH, request, |request| request.send()).await {
        Err(failure) if failure.code == "IncorrectState" => {
            if has_it().await? {
                return Err(failure);
            }
        }
        done => drop(done?),
    }
    Ok(Acted {
        wait: Some(wait::DETACHED.of(id)),
        ..Acted::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Builder = aws_sdk_ec2::types::builders::VolumeBuilder;

    fn volume(ty: &str) -> Builder {
        aws_sdk_ec2::types::Volume::builder()
            .volume_id("vol-00000001")
            .availability_zone("us-west-2a")
            .size(8)
            .volume_type(VolumeType::from(ty))
            .encrypted(false)
            .set_attachments(Some(Vec::new()))
            .state(VolumeState::Available)
    }

    #[test]
    fn what_a_type_has_by_itself_is_no_attribute_and_what_gp3_has_is() {
        let read = |builder: Builder| fold(builder.build()).unwrap();
        let gp2 = read(volume("gp2").iops(100));
        assert!(!gp2.record.has(attr::IOPS) && gp2.unread.is_empty(), "{gp2:?}");
        let gp3 = read(volume("gp3"));
        assert_eq!(
            (gp3.record.get(attr::IOPS), gp3.record.get(attr::THROUGHPUT)),
            (Some(3_000), Some(125))
        );
        let io2 = read(volume("io2"));
        assert!(io2.unread.contains_key(attr::IOPS.name));
        let encrypted = read(volume("gp2").encrypted(true));
        assert!(encrypted.unread.contains_key(attr::KMS_KEY_ID.name));
    }

    #[test]
    fn a_volume_is_ready_while_it_is_optimized() {
        let change = |state| {
            VolumeModification::builder()
                .volume_id("vol-1")
                .modification_state(state)
                .build()
        };
        assert_eq!(
            modification(&change(VolumeModificationState::Completed)).state,
            "optimizing"
        );
        assert_eq!(
            modification(&change(VolumeModificationState::Modifying)).state,
            "modifying"
        );
        assert!(
            modification(&change(VolumeModificationState::Failed))
                .failed
                .is_some()
        );
    }

    #[test]
    fn what_comes_too_early_is_told_with_what_to_do() {
        let refused = |code: &str| {
            paced(Failure {
                code: code.to_owned(),
                ..Failure::invalid("ModifyVolume", "Cannot modify it.")
            })
            .message
        };
        assert!(refused("IncorrectModificationState").contains("`completed`"));
        assert!(refused("VolumeModificationRateExceeded").contains("so many times a day"));
        assert_eq!(refused("InvalidParameterValue"), "Cannot modify it.");
    }

    #[test]
    fn a_volume_that_failed_says_where_to_look() {
        let failed = state(&volume("gp2").state(VolumeState::Error).build());
        assert!(failed.failed.unwrap().contains("KMS key"));
        assert_eq!(
            state(&volume("gp2").state(VolumeState::InUse).build()).state,
            "available"
        );
    }
}
