//! `instance`, live: what its steps are, and how instances and their root volumes are waited for.

mod details;
mod fold;
mod launch;
mod modify;

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::describe_instances::builders::DescribeInstancesFluentBuilder;
use aws_sdk_ec2::types::{Filter, NetworkInterface, VolumeModification, VolumeModificationState};
use trueup_model::{Act, Acted, Record, Settled, Wait};

use crate::act::{Task, wait};
use crate::answer::{needed, some};
use crate::failure::Failure;
use crate::kinds::{Seen, portions, settled};
use crate::read::{Found, pages};
use crate::{Ec2, filter};

pub use details::{attributes, root_volumes};
pub use fold::complete;

/// The facts that acts need.
pub mod fact {
    /// The primary network interface.
    pub const INTERFACE: &str = "network_interface";
    /// The VPC.
    pub const VPC: &str = "vpc";
    /// The client token that it was launched under.
    pub const CLIENT_TOKEN: &str = "client_token";
    /// What the image calls the root device.
    pub const ROOT_DEVICE: &str = "root_device";
    /// The root volume.
    pub const ROOT_VOLUME: &str = "root_volume_id";
    /// The association with the Elastic IP address.
    pub const ASSOCIATION: &str = "elastic_ip_association";
    /// The metadata options, all of them.
    pub const METADATA: &str = "metadata_options";
}

/// Whether an act changes the volume of an instance that is there.
pub fn is_about_volume(act: &Act) -> bool {
    act.action == "ModifyInstanceAttribute" && act.sets.record().get("root_volume").is_some()
}

pub async fn read(ec2: &Ec2, filters: Option<Vec<Filter>>) -> Result<Found, Failure> {
    found(
        ec2,
        ec2.client
            .describe_instances()
            .max_results(1000)
            .set_filters(filters),
    )
    .await
}

/// One instance, by its id: an id that EC2 does not know is an error.
pub async fn read_one(ec2: &Ec2, id: &str) -> Result<Found, Failure> {
    found(ec2, ec2.client.describe_instances().instance_ids(id)).await
}

async fn found(ec2: &Ec2, request: DescribeInstancesFluentBuilder) -> Result<Found, Failure> {
    let mut found = Found::default();
    pages!(
        ec2,
        "DescribeInstances",
        request,
        reservations,
        |reservation: aws_sdk_ec2::types::Reservation| {
            for instance in needed("DescribeInstances", "instancesSet", reservation.instances)? {
                match fold::state(&instance) {
                    "terminated" => found.gone.extend(instance.instance_id),
                    "shutting-down" => {
                        found.ending = true;
                        found.gone.extend(instance.instance_id);
                    }
                    _ => found.objects.push(fold::fold(instance)?),
                }
            }
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

pub async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        "RunInstances" => launch::launch(task).await,
        "TerminateInstances" => {
            let id = task.id()?;
            let request = task.ec2.client.terminate_instances().instance_ids(id);
            let answer = task
                .end("TerminateInstances", request, |request| request.send())
                .await?;
            Ok(Acted {
                wait: answer.and_then(|_| wait(id, "terminated")),
                ..Acted::default()
            })
        }
        _ => modify::modify(task).await,
    }
}

/// What an interface is that has a public address, and one that has none.
const PUBLIC: &str = "public";
const PRIVATE: &str = "private";

/// Instances are waited for by their state, root volumes until a modification takes effect, and interfaces
/// until they have a public address, or have none.
pub async fn settle(ec2: &Ec2, waits: &[Wait]) -> Result<Vec<Settled>, Failure> {
    let (volumes, others): (Vec<Wait>, Vec<Wait>) = waits
        .iter()
        .cloned()
        .partition(|wait| wait.id.starts_with("vol-"));
    let (interfaces, instances): (Vec<Wait>, Vec<Wait>) =
        others.into_iter().partition(|wait| wait.id.starts_with("eni-"));
    let mut seen = BTreeMap::new();
    for ids in portions(&instances) {
        let request = ec2
            .client
            .describe_instances()
            .filters(filter::of("instance-id", ids));
        pages!(
            ec2,
            "DescribeInstances",
            request,
            reservations,
            |reservation: aws_sdk_ec2::types::Reservation| {
                for instance in needed("DescribeInstances", "instancesSet", reservation.instances)? {
                    seen.insert(instance.instance_id.clone().unwrap_or_default(), look(instance)?);
                }
                Ok::<_, Failure>(())
            }
        );
    }
    for ids in portions(&volumes) {
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
                seen.insert(
                    change.volume_id.clone().unwrap_or_default(),
                    look_at_volume(&change),
                );
                Ok::<_, Failure>(())
            }
        );
    }
    for ids in portions(&interfaces) {
        let request = ec2
            .client
            .describe_network_interfaces()
            .filters(filter::of("network-interface-id", ids));
        pages!(
            ec2,
            "DescribeNetworkInterfaces",
            request,
            network_interfaces,
            |interface: NetworkInterface| {
                let public = interface
                    .association
                    .and_then(|association| some(association.public_ip));
                let state = if public.is_some() { PUBLIC } else { PRIVATE };
                seen.insert(
                    interface.network_interface_id.unwrap_or_default(),
                    Seen {
                        state: state.to_owned(),
                        ..Seen::default()
                    },
                );
                Ok::<_, Failure>(())
            }
        );
    }
    // An instance may be waited for more than once.
    let answer = |wait: &Wait| {
        let one = seen.get(&wait.id).map(|seen| (wait.id.clone(), seen.clone()));
        settled(std::slice::from_ref(wait), one.into_iter().collect())
    };
    Ok(waits.iter().flat_map(answer).collect())
}

fn look(instance: aws_sdk_ec2::types::Instance) -> Result<Seen, Failure> {
    let state = fold::state(&instance).to_owned();
    let reason = instance.state_reason.as_ref();
    let (code, message) = (
        reason.and_then(|reason| reason.code()).unwrap_or_default(),
        reason.and_then(|reason| reason.message()).unwrap_or_default(),
    );
    // What a user stopped or ended has a reason of its own; EC2's reasons are failures.
    let own =
        code.is_empty() || code.starts_with("Client.User") || code.starts_with("Client.InstanceInitiated");
    let failed = match state.as_str() {
        "terminated" if own => Some("somebody terminated the instance".to_owned()),
        "terminated" if message.is_empty() => Some("the instance was terminated".to_owned()),
        "terminated" => Some(format!("the instance was terminated: {message}")),
        "stopped" if !own => Some(format!("the instance stopped: {message}")),
        _ => None,
    };
    Ok(Seen {
        ended: own && state == "terminated",
        state,
        failed,
        facts: fold::fold(instance)?.facts,
    })
}

fn look_at_volume(change: &VolumeModification) -> Seen {
    let failed = change.status_message().unwrap_or("EC2 does not say why");
    match change.modification_state() {
        // It has its new size by now; what is left goes on by itself.
        Some(VolumeModificationState::Optimizing | VolumeModificationState::Completed) => Seen {
            state: "optimizing".to_owned(),
            ..Seen::default()
        },
        Some(VolumeModificationState::Failed) => Seen {
            state: "failed".to_owned(),
            failed: Some(format!("the volume cannot be modified: {failed}")),
            ..Seen::default()
        },
        state => Seen {
            state: state.map_or("modifying", |state| state.as_str()).to_owned(),
            ..Seen::default()
        },
    }
}

/// The facts about one instance, read now.
async fn facts_now(task: &Task<'_>) -> Result<Record, Failure> {
    let id = task.id()?;
    let found = read(task.ec2, Some(vec![filter::of("instance-id", [id])])).await?;
    let object = found.objects.into_iter().find(|object| object.id == id);
    object
        .map(|object| object.facts)
        .ok_or_else(|| Failure::invalid("DescribeInstances", format!("{id} is not there any more")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{InstanceState, InstanceStateName, StateReason};

    fn instance(state: InstanceStateName, code: &str) -> aws_sdk_ec2::types::Instance {
        aws_sdk_ec2::types::Instance::builder()
            .instance_id("i-00000001")
            .state(InstanceState::builder().name(state).build())
            .state_reason(
                StateReason::builder()
                    .code(code)
                    .message(format!("{code}: so it is"))
                    .build(),
            )
            .build()
    }

    #[test]
    fn a_launch_that_fails_later_says_why() {
        let seen = look(instance(
            InstanceStateName::Terminated,
            "Client.InvalidKMSKey.InvalidState",
        ))
        .unwrap();
        assert!(seen.failed.unwrap().contains("Client.InvalidKMSKey"));
        assert!(
            look(instance(
                InstanceStateName::Stopped,
                "Server.InsufficientInstanceCapacity"
            ))
            .unwrap()
            .failed
            .is_some()
        );
        assert!(
            look(instance(
                InstanceStateName::Stopped,
                "Client.UserInitiatedShutdown"
            ))
            .unwrap()
            .failed
            .is_none()
        );
        assert!(
            look(instance(InstanceStateName::Pending, "pending"))
                .unwrap()
                .failed
                .is_none()
        );
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
            look_at_volume(&change(VolumeModificationState::Completed)).state,
            "optimizing"
        );
        assert_eq!(
            look_at_volume(&change(VolumeModificationState::Modifying)).state,
            "modifying"
        );
        assert!(
            look_at_volume(&change(VolumeModificationState::Failed))
                .failed
                .is_some()
        );
    }
}
