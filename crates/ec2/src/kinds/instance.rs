//! `instance`, live: what its steps are, and how instances and their root volumes are waited for.

mod details;
mod fold;
mod ipv6;
mod launch;
mod modify;

use aws_sdk_ec2::types::NetworkInterface;
use trueup_model::kinds::instance::{action, attr, wait};
use trueup_model::{Act, Acted, Kind, Object, Record, Scope};

use crate::act::Task;
use crate::answer::needed;
use crate::failure::Failure;
use crate::kinds::{Answer, Live, Which, asked, find_one, list_and_act, volume};
use crate::read::{Found, Links, ObservedState, pages};
use crate::{Ec2, filter};

/// The facts that acts need.
pub mod fact {
    use trueup_model::{Attr, Record};

    pub use trueup_model::fact::*;

    /// The VPC.
    pub const VPC: Attr<str> = Attr::new("vpc");
    /// The client token that it was launched under.
    pub const CLIENT_TOKEN: Attr<str> = Attr::new("client_token");
    /// What the image calls the root device.
    pub const ROOT_DEVICE: Attr<str> = Attr::new("root_device");
    /// The association with the Elastic IP address.
    pub const ELASTIC_IP_ASSOCIATION: Attr<str> = Attr::new("elastic_ip_association");
    /// Of the metadata options: whether they are answered over IPv6, which no spec says.
    pub const HTTP_PROTOCOL_IPV6: Attr<str> = Attr::new("http_protocol_ipv6");
    /// The metadata options, all of them.
    pub const METADATA: Attr<Record> = Attr::new("metadata_options");
}

/// Whether an act changes the volume of an instance that is there.
pub fn is_about_volume(act: &Act) -> bool {
    act.action == action::MODIFY_ATTRIBUTE && act.sets.record().has(attr::ROOT_VOLUME)
}

/// Instances, live.
pub struct Instances;

impl Live for Instances {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("instance-id")
    }

    fn enrich<'a>(&'a self, ec2: &'a Ec2, scope: &'a Scope, objects: &'a mut [Object]) -> Answer<'a, ()> {
        Box::pin(details::enrich(ec2, scope, objects))
    }

    fn needs(&self) -> &'static [Kind] {
        &[Kind::ElasticIp]
    }

    fn complete(&self, object: &mut Object, links: &Links, _scope: &Scope) {
        fold::complete(object, &links.addresses);
    }

    fn states_of_parts<'a>(&'a self, ec2: &'a Ec2, ids: &'a [String]) -> Answer<'a, Vec<ObservedState>> {
        Box::pin(states_of_parts(ec2, ids))
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let request = ec2.client.describe_instances();
    let request = asked!(request, which, set_instance_ids, set_filters, 1000);
    let mut found = Found::default();
    pages!(
        ec2,
        "DescribeInstances",
        request,
        reservations,
        |reservation: aws_sdk_ec2::types::Reservation| {
            for instance in needed("DescribeInstances", "instancesSet", reservation.instances)? {
                found.states.push(states(&instance));
                match fold::state(&instance) {
                    "terminated" => found.gone.extend(instance.instance_id),
                    "shutting-down" => {
                        found.deletion_in_flight = true;
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

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::RUN => launch::launch(task).await,
        action::TERMINATE => {
            let id = task.id()?;
            let request = task.ec2.client.terminate_instances().instance_ids(id);
            let answer = task
                .end(action::TERMINATE, request, |request| request.send())
                .await?;
            Ok(Acted {
                wait: answer.map(|_| wait::TERMINATED.of(id)),
                ..Acted::default()
            })
        }
        _ => modify::modify(task).await,
    }
}

/// Root volumes are waited for until a modification takes effect, and interfaces until they have a public
/// address, or have none.
async fn states_of_parts(ec2: &Ec2, ids: &[String]) -> Result<Vec<ObservedState>, Failure> {
    let (volumes, interfaces): (Vec<String>, Vec<String>) =
        ids.iter().cloned().partition(|id| id.starts_with("vol-"));
    let mut seen = Vec::new();
    if !volumes.is_empty() {
        seen.extend(volume::modifications(ec2, &volumes).await?);
    }
    if !interfaces.is_empty() {
        let request = ec2
            .client
            .describe_network_interfaces()
            .filters(filter::of("network-interface-id", interfaces));
        pages!(
            ec2,
            "DescribeNetworkInterfaces",
            request,
            network_interfaces,
            |interface: NetworkInterface| {
                let association = interface.association();
                let is_public = association
                    .and_then(|association| association.public_ip())
                    .is_some_and(|ip| !ip.is_empty());
                let state = if is_public {
                    wait::INTERFACE_PUBLIC
                } else {
                    wait::INTERFACE_PRIVATE
                }
                .state;
                seen.push(ObservedState::new(interface.network_interface_id(), state));
                Ok::<_, Failure>(())
            }
        );
    }
    Ok(seen)
}

fn states(instance: &aws_sdk_ec2::types::Instance) -> ObservedState {
    let state = fold::state(instance);
    let reason = instance.state_reason();
    let (code, message) = (
        reason.and_then(|reason| reason.code()).unwrap_or_default(),
        reason.and_then(|reason| reason.message()).unwrap_or_default(),
    );
    // What a user stopped or ended has a reason of its own; EC2's reasons are failures.
    let own =
        code.is_empty() || code.starts_with("Client.User") || code.starts_with("Client.InstanceInitiated");
    let failed = match state {
        "terminated" if own => Some("somebody terminated the instance".to_owned()),
        "terminated" if message.is_empty() => Some("the instance was terminated".to_owned()),
        "terminated" => Some(format!("the instance was terminated: {message}")),
        "stopped" if !own => Some(format!("the instance stopped: {message}")),
        _ => None,
    };
    ObservedState {
        ended: own && state == "terminated",
        failed,
        ..ObservedState::new(instance.instance_id(), state)
    }
}

/// The facts about one instance, read now.
async fn facts_now(task: &Task<'_>) -> Result<Record, Failure> {
    let id = task.id()?;
    let object = find_one(task.ec2, Kind::Instance, id).await?;
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
        let seen = states(&instance(
            InstanceStateName::Terminated,
            "Client.InvalidKMSKey.InvalidState",
        ));
        assert!(seen.failed.unwrap().contains("Client.InvalidKMSKey"));
        assert!(
            states(&instance(
                InstanceStateName::Stopped,
                "Server.InsufficientInstanceCapacity"
            ))
            .failed
            .is_some()
        );
        assert!(
            states(&instance(
                InstanceStateName::Stopped,
                "Client.UserInitiatedShutdown"
            ))
            .failed
            .is_none()
        );
        assert!(
            states(&instance(InstanceStateName::Pending, "pending"))
                .failed
                .is_none()
        );
    }
}
