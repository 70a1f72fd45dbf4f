//! Attributes and attachments of network interfaces.

use super::instance::{self, Instance};
use super::network_interface::{self, Attachment, NetworkInterface};
use super::{instance_launch, instance_type, security_group};
use crate::call::{ACCOUNT, Answer, Call};
use crate::wire::{Fault, Xml};

/// `DescribeNetworkInterfaceAttribute`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("NetworkInterfaceId")?;
    let row = call.find::<NetworkInterface>(id)?;
    x.text("networkInterfaceId", id);
    match call.params.required("Attribute")? {
        "description" => x.element("description", |x| x.text("value", &row.description)),
        "sourceDestCheck" => x.element("sourceDestCheck", |x| x.text("value", row.source_dest_check)),
        "groupSet" => security_group::write_set(x, call.region, &row.groups),
        "associatePublicIpAddress" => x.text("associatePublicIpAddress", row.public_ip.is_some()),
        "attachment" => {
            if let Some(attachment) = &row.attachment {
                x.element("attachment", |x| {
                    network_interface::write_attachment(x, attachment, true);
                });
            }
        }
        other => return Err(Fault::invalid(other, "attribute", "Unknown attribute.")),
    }
    Ok(())
}

/// `ModifyNetworkInterfaceAttribute`: one attribute in each call.
pub fn modify(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("NetworkInterfaceId")?;
    let row = call.find::<NetworkInterface>(id)?.clone();
    let description = p.value_of("Description");
    let check = p.flag_of("SourceDestCheck")?;
    let groups = p.texts("SecurityGroupId");
    let attachment = p.child("Attachment");
    let public = p.flag("AssociatePublicIpAddress")?;
    let count = usize::from(description.is_some())
        + usize::from(check.is_some())
        + usize::from(!groups.is_empty())
        + usize::from(attachment.is_some())
        + usize::from(public.is_some());
    match count {
        0 => return Err(Fault::missing("groupSet")),
        1 => {}
        _ => {
            return Err(Fault::combination(
                "Only one attribute can be modified in a request",
            ));
        }
    }
    if row.requester.is_some() {
        return Err(Fault::new(
            "OperationNotPermitted",
            format!("You do not have permission to modify the interface {id}, which a service manages"),
        ));
    }
    let mut new = row.clone();
    if let Some(text) = description {
        security_group::check_text(text, "description")?;
        text.clone_into(&mut new.description);
    }
    new.source_dest_check = check.unwrap_or(new.source_dest_check);
    if !groups.is_empty() {
        new.groups = security_group::for_interface(call, &groups, &row.vpc)?;
    }
    if let Some(node) = attachment {
        let wanted = node.required("AttachmentId")?;
        let on = node
            .flag("DeleteOnTermination")?
            .ok_or_else(|| Fault::missing("attachment.deleteOnTermination"))?;
        match &mut new.attachment {
            Some(have) if have.id == wanted => have.delete_on_termination = on,
            _ => return Err(unknown_attachment(wanted)),
        }
    }
    call.region.network_interfaces.insert(id, new);
    if let Some(on) = public {
        set_public(call, id, on);
    }
    x.done();
    Ok(())
}

/// Whether EC2 gives the interface a public address: it holds for the primary one of an instance, at once
/// where that runs, and beside an elastic address once that has left.
fn set_public(call: &mut Call<'_>, id: &str, on: bool) {
    let attachment = call
        .region
        .network_interfaces
        .get(id)
        .and_then(|eni| eni.attachment.clone());
    let Some(instance) = attachment
        .filter(|attachment| attachment.index == 0)
        .and_then(|attachment| attachment.instance)
    else {
        return;
    };
    call.region
        .instances
        .update(&instance, |instance| instance.wants_public_ip = on);
    if on {
        instance_launch::give_public_ip(call, &instance);
    } else {
        call.region
            .network_interfaces
            .update(id, |eni| eni.public_ip = None);
    }
}

fn unknown_attachment(id: &str) -> Fault {
    Fault::new(
        "InvalidAttachmentID.NotFound",
        format!("The attachment '{id}' does not exist"),
    )
}

/// `AttachNetworkInterface`: to an instance in the same zone, within the limit of its type.
pub fn attach(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("NetworkInterfaceId")?;
    let instance_id = p.required("InstanceId")?;
    let index: u32 = p
        .number("DeviceIndex")?
        .ok_or_else(|| Fault::missing("deviceIndex"))?;
    let _ = p.number::<u32>("NetworkCardIndex")?;
    let eni = call.find::<NetworkInterface>(id)?;
    let row = call.find::<Instance>(instance_id)?;
    if eni.attachment.is_some() {
        return Err(Fault::new(
            "InvalidNetworkInterface.InUse",
            format!("Interface: [{id}] in use."),
        ));
    }
    if !matches!(row.state.as_str(), "running" | "stopped") {
        return Err(Fault::new(
            "IncorrectInstanceState",
            format!("The instance '{instance_id}' is not in a valid state for this operation."),
        ));
    }
    if eni.zone != row.zone || eni.vpc != row.vpc {
        return Err(Fault::new(
            "InvalidParameterCombination",
            format!(
                "You may not attach a network interface to an instance if they are not in the same availability zone: {id}, {instance_id}"
            ),
        ));
    }
    let have = instance::interfaces(call.region, instance_id);
    let used = |(_, eni): &(&String, &NetworkInterface)| {
        eni.attachment
            .as_ref()
            .is_some_and(|attachment| attachment.index == index)
    };
    if have.iter().any(used) {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("Instance '{instance_id}' already has an interface attached at device index '{index}'."),
        ));
    }
    let limit = instance_type::find(&row.kind).map_or(2, |kind| kind.interfaces);
    if have.len() >= limit as usize {
        return Err(Fault::new(
            "AttachmentLimitExceeded",
            format!(
                "Interface count {} exceeds the limit for {}",
                have.len() + 1,
                row.kind
            ),
        ));
    }
    let attachment = Attachment {
        id: call.new_id("eni-attach"),
        instance: Some(instance_id.to_owned()),
        owner: ACCOUNT.into(),
        index,
        delete_on_termination: false,
        at: call.now,
    };
    x.text("attachmentId", &attachment.id);
    x.text("networkCardIndex", 0);
    call.region
        .network_interfaces
        .update(id, |eni| eni.attachment = Some(attachment));
    Ok(())
}

/// `DetachNetworkInterface`: not the primary one, nor one of a service.
pub fn detach(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let wanted = call.params.required("AttachmentId")?;
    let _ = call.params.flag("Force")?;
    let (id, attachment) = call
        .region
        .network_interfaces
        .owner_of(wanted)
        .and_then(|(id, eni)| Some((id.clone(), eni.attachment.clone()?)))
        .ok_or_else(|| unknown_attachment(wanted))?;
    if attachment.instance.is_none() {
        return Err(Fault::new(
            "OperationNotPermitted",
            format!("You are not allowed to manage '{wanted}' attachments."),
        ));
    }
    if attachment.index == 0 {
        return Err(Fault::new(
            "OperationNotPermitted",
            "The network interface at device index 0 cannot be detached.",
        ));
    }
    call.region
        .network_interfaces
        .update(&id, |eni| eni.attachment = None);
    x.done();
    Ok(())
}
