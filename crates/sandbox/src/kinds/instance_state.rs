//! Starting, stopping, rebooting and terminating instances, and what EC2 does when they get there.

use super::instance::{self, Instance, listed, write_state};
use super::instance_launch::give_public_ip;
use super::network_interface;
use crate::call::{Answer, Call};
use crate::due::{self, What};
use crate::state::clock::{HOUR, SECOND};
use crate::wire::{Fault, Xml};

/// `<instancesSet>` with the states before and after.
fn write_changes(call: &Call<'_>, x: &mut Xml, before: &[(String, String)]) {
    x.set("instancesSet", before, |x, (id, previous)| {
        x.text("instanceId", id);
        let current = call
            .region
            .instances
            .get(id)
            .map_or("terminated", |row| row.state.as_str());
        write_state(x, "currentState", current);
        write_state(x, "previousState", previous);
    });
}

fn states(call: &Call<'_>, ids: Vec<String>) -> Vec<(String, String)> {
    ids.into_iter()
        .filter_map(|id| {
            let state = call.region.instances.get(&id)?.state.clone();
            Some((id, state))
        })
        .collect()
}

fn incorrect(id: &str, verb: &str) -> Fault {
    Fault::new(
        "IncorrectInstanceState",
        format!("The instance '{id}' is not in a state from which it can be {verb}."),
    )
}

/// When the user did it, as EC2 tells.
fn user_initiated(now: crate::state::Millis) -> String {
    let time = crate::state::clock::stamp(now);
    format!("User initiated ({} {} GMT)", &time[..10], &time[11..19])
}

/// `StartInstances`: all or none.
pub fn start(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let before = states(call, listed(call)?);
    for (id, state) in &before {
        match state.as_str() {
            "running" | "pending" => {}
            "stopped" => {
                let now = call.now;
                call.region.instances.update(id, |row| {
                    row.state = "pending".into();
                    row.state_reason = None;
                    row.transition = String::new();
                    row.launched = now;
                });
                give_public_ip(call, id);
                call.later(10 * SECOND, 20 * SECOND, What::InstanceRunning, id);
            }
            _ => return Err(incorrect(id, "started")),
        }
    }
    write_changes(call, x, &before);
    Ok(())
}

/// `StopInstances`: all or none.
pub fn stop(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let _ = (p.flag("Force")?, p.flag("SkipOsShutdown")?);
    if p.flag("Hibernate")? == Some(true) {
        return Err(Fault::new(
            "UnsupportedHibernationConfiguration",
            "The instance does not support hibernation",
        ));
    }
    let before = states(call, listed(call)?);
    for (id, state) in &before {
        if call
            .region
            .instances
            .get(id)
            .is_some_and(|row| row.disable_api_stop)
        {
            return Err(Fault::new(
                "OperationNotPermitted",
                format!(
                    "The instance '{id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again."
                ),
            ));
        }
        match state.as_str() {
            "stopped" | "stopping" => {}
            "running" => {
                let now = call.now;
                call.region.instances.update(id, |row| {
                    row.state = "stopping".into();
                    row.transition = user_initiated(now);
                    row.state_reason = Some((
                        "Client.UserInitiatedShutdown".into(),
                        "Client.UserInitiatedShutdown: User initiated shutdown".into(),
                    ));
                });
                call.later(15 * SECOND, 40 * SECOND, What::InstanceStopped, id);
            }
            _ => return Err(incorrect(id, "stopped")),
        }
    }
    write_changes(call, x, &before);
    Ok(())
}

/// `RebootInstances`: nothing of it shows.
pub fn reboot(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    for (id, state) in states(call, listed(call)?) {
        if state != "running" {
            return Err(incorrect(&id, "rebooted"));
        }
    }
    x.done();
    Ok(())
}

/// `TerminateInstances`: all or none; twice is as good as once.
pub fn terminate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let _ = (p.flag("Force")?, p.flag("SkipOsShutdown")?);
    let before = states(call, listed(call)?);
    for (id, _) in &before {
        let Some(row) = call.region.instances.get(id).filter(|row| !row.is_ending()) else {
            continue;
        };
        if row.disable_api_termination {
            return Err(Fault::new(
                "OperationNotPermitted",
                format!(
                    "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."
                ),
            ));
        }
        let now = call.now;
        due::cancel(call, id);
        call.region.instances.update(id, |row| {
            row.state = "shutting-down".into();
            row.transition = user_initiated(now);
            row.state_reason = Some((
                "Client.UserInitiatedShutdown".into(),
                "Client.UserInitiatedShutdown: User initiated shutdown".into(),
            ));
        });
        call.later(20 * SECOND, 45 * SECOND, What::InstanceTerminated, id);
    }
    write_changes(call, x, &before);
    Ok(())
}

/// It runs.
pub fn running(call: &mut Call<'_>, id: &str) {
    call.region.instances.update(id, |row| {
        if row.state == "pending" {
            row.state = "running".into();
        }
    });
}

/// It is off: the public address that EC2 gave it goes back.
pub fn stopped(call: &mut Call<'_>, id: &str) {
    call.region
        .instances
        .update(id, |row| row.state = "stopped".into());
    for eni in call.region.network_interfaces.referring_ids(id) {
        call.region
            .network_interfaces
            .update(&eni, |eni| eni.public_ip = None);
    }
}

/// It is gone, with the interfaces and volumes that go with it, and stays visible for an hour.
pub fn terminated(call: &mut Call<'_>, id: &str) {
    call.region.instances.update(id, |row| {
        row.state = "terminated".into();
        row.profile = None;
        row.monitoring = "disabled".into();
    });
    let interfaces: Vec<(String, bool)> = instance::interfaces(call.region, id)
        .into_iter()
        .map(|(eni, row)| {
            (
                eni.clone(),
                row.attachment
                    .as_ref()
                    .is_some_and(|attachment| attachment.delete_on_termination),
            )
        })
        .collect();
    for (eni, goes) in interfaces {
        if goes {
            network_interface::drop(call.region, &eni);
        } else {
            call.region.network_interfaces.update(&eni, |eni| {
                eni.attachment = None;
                eni.public_ip = None;
            });
        }
    }
    for volume in call.region.volumes.referring_ids(id) {
        let goes = call
            .region
            .volumes
            .get(&volume)
            .and_then(|row| row.attachment.as_ref())
            .is_some_and(|attachment| attachment.delete_on_termination);
        if goes {
            call.region.volumes.remove(&volume);
            call.region.tags.remove(&volume);
            due::cancel(call, &volume);
        } else {
            call.region
                .volumes
                .update(&volume, |volume| volume.attachment = None);
        }
    }
    let at = call.now + HOUR;
    call.at(at, What::Forgotten, id);
}

/// New metadata options hold.
pub fn metadata_applied(call: &mut Call<'_>, id: &str) {
    call.region
        .instances
        .update(id, |row| row.metadata.state = "applied".into());
}

/// Detailed monitoring is on or off.
pub fn monitoring_settled(call: &mut Call<'_>, id: &str) {
    call.region.instances.update(id, |row: &mut Instance| {
        row.monitoring = match row.monitoring.as_str() {
            "pending" => "enabled".into(),
            "disabling" => "disabled".into(),
            other => other.to_owned(),
        };
    });
}
