//! Attaching volumes to instances, and detaching them.

use super::instance::Instance;
use super::volume::{Volume, VolumeAttachment, write_attachment};
use crate::call::{Answer, Call};
use crate::due::What;
use crate::state::clock::SECOND;
use crate::wire::{Fault, Xml};

/// Whether this is `/dev/sdf`, `/dev/sdf1`, `/dev/xvdf`, or `xvdf` as Windows has it.
fn is_device(name: &str) -> bool {
    let letters = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let (is_path, bare) = match name.strip_prefix("/dev/") {
        Some(bare) => (true, bare),
        None => (false, name),
    };
    if let Some(rest) = bare.strip_prefix("xvd") {
        return letters(rest, 2);
    }
    bare.strip_prefix("sd").is_some_and(|rest| {
        let letter = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = &rest[letter.len()..];
        is_path
            && letters(letter, 1)
            && (number.is_empty() || number.parse().is_ok_and(|number: u8| (1..=15).contains(&number)))
    })
}

/// `AttachVolume`: in the same zone, on a free device.
pub fn attach(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("VolumeId")?;
    let instance_id = p.required("InstanceId")?;
    let device = p.required("Device")?;
    if !is_device(device) {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "Value ({device}) for parameter device is invalid. {device} is not a valid EBS device name."
            ),
        ));
    }
    let volume = call.find::<Volume>(id)?;
    let instance = call.find::<Instance>(instance_id)?;
    if let Some(attachment) = &volume.attachment {
        return Err(Fault::new(
            "VolumeInUse",
            format!(
                "{id} is already attached to an instance ({})",
                attachment.instance
            ),
        ));
    }
    if volume.state != "available" {
        return Err(Fault::new(
            "IncorrectState",
            format!(
                "Volume '{id}' is in the '{}' state. It must be 'available'.",
                volume.state
            ),
        ));
    }
    if !matches!(instance.state.as_str(), "running" | "stopped") {
        return Err(Fault::new(
            "IncorrectState",
            format!("Instance '{instance_id}' is not 'running' or 'stopped'."),
        ));
    }
    if volume.zone != instance.zone {
        return Err(Fault::new(
            "InvalidVolume.ZoneMismatch",
            format!("The volume '{id}' is not in the same availability zone as instance '{instance_id}'"),
        ));
    }
    let busy = |row: &Volume| {
        row.attachment
            .as_ref()
            .is_some_and(|attachment| attachment.device == device)
    };
    if call
        .region
        .volumes
        .referring(instance_id)
        .any(|(_, row)| busy(row))
    {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"),
        ));
    }
    let attachment = VolumeAttachment {
        instance: instance_id.to_owned(),
        device: device.to_owned(),
        delete_on_termination: false,
        at: call.now,
        state: "attaching".into(),
    };
    write_attachment(x, id, &attachment);
    call.region
        .volumes
        .update(id, |volume| volume.attachment = Some(attachment));
    call.later(SECOND, 4 * SECOND, What::VolumeAttached, id);
    Ok(())
}

/// The instance has it.
pub fn attached(call: &mut Call<'_>, id: &str) {
    call.region.volumes.update(id, |volume| {
        if let Some(attachment) = volume
            .attachment
            .as_mut()
            .filter(|have| have.state == "attaching")
        {
            attachment.state = "attached".into();
        }
    });
}

/// The instance has it no more.
pub fn detached(call: &mut Call<'_>, id: &str) {
    call.region.volumes.update(id, |volume| {
        if volume
            .attachment
            .as_ref()
            .is_some_and(|have| have.state == "detaching")
        {
            volume.attachment = None;
            volume.state = "available".into();
        }
    });
}

/// `DetachVolume`: a root volume only from a stopped instance.
pub fn detach(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("VolumeId")?;
    let _ = (p.flag("Force")?, p.text("Device"));
    let attachment = call.find::<Volume>(id)?.attachment.clone();
    let instance = p.filled("InstanceId");
    let attachment = attachment
        .filter(|have| instance.is_none_or(|id| have.instance == id) && have.state != "detaching")
        .ok_or_else(|| {
            Fault::new(
                "IncorrectState",
                format!("Volume '{id}' is in the 'available' state."),
            )
        })?;
    let root = call
        .region
        .instances
        .get(&attachment.instance)
        .is_some_and(|instance| instance.root_device == attachment.device && instance.state != "stopped");
    if root {
        return Err(Fault::new(
            "OperationNotPermitted",
            format!(
                "Unable to detach root volume '{}' from instance '{}'",
                attachment.device, attachment.instance
            ),
        ));
    }
    let attachment = VolumeAttachment {
        state: "detaching".into(),
        ..attachment
    };
    write_attachment(x, id, &attachment);
    call.region
        .volumes
        .update(id, |volume| volume.attachment = Some(attachment));
    call.later(SECOND, 6 * SECOND, What::VolumeDetached, id);
    Ok(())
}
