//! Attributes of instances: one in each `ModifyInstanceAttribute`, some only while the instance is stopped.

use super::instance::{self, Instance, write_metadata, write_volumes};
use super::instance_launch::{
    change_metadata, check_ebs_optimized, check_user_data, default_credits, shutdown_behavior,
};
use super::{instance_type, security_group, tag};
use crate::call::{Answer, Call, Listing};
use crate::due::What;
use crate::state::clock::SECOND;
use crate::wire::page::USUAL;
use crate::wire::{Fault, Node, Xml};

/// `DescribeInstanceAttribute`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("InstanceId")?;
    let attribute = call.params.required("Attribute")?;
    let row = call.find::<Instance>(id)?;
    let primary = instance::primary(call.region, id).map(|(_, eni)| eni);
    x.text("instanceId", id);
    let value = |x: &mut Xml, text: &str| x.element(attribute, |x| x.text("value", text));
    let flag = |x: &mut Xml, on: bool| x.element(attribute, |x| x.text("value", on));
    match attribute {
        "instanceType" => value(x, &row.kind),
        "userData" => x.element(attribute, |x| x.maybe("value", row.user_data.as_ref())),
        "disableApiTermination" => flag(x, row.disable_api_termination),
        "disableApiStop" => flag(x, row.disable_api_stop),
        "instanceInitiatedShutdownBehavior" => value(x, &row.shutdown_behavior),
        "rootDeviceName" => value(x, &row.root_device),
        "ebsOptimized" => flag(x, row.ebs_optimized),
        "enaSupport" => flag(x, true),
        "sourceDestCheck" => flag(x, primary.is_some_and(|eni| eni.source_dest_check)),
        "groupSet" => {
            let groups = primary.map(|eni| eni.groups.clone()).unwrap_or_default();
            security_group::write_set(x, call.region, &groups);
        }
        "blockDeviceMapping" => write_volumes(x, call.region, id),
        "productCodes" => x.set("productCodes", [(); 0], |_, ()| {}),
        "enclaveOptions" => x.element(attribute, |x| x.text("enabled", false)),
        "kernel" | "ramdisk" | "sriovNetSupport" => x.element(attribute, |_| {}),
        other => return Err(Fault::invalid(other, "attribute", "Unknown attribute.")),
    }
    Ok(())
}

/// One change that a request asks for.
enum Change<'p> {
    Type(&'p str),
    UserData(&'p str),
    EbsOptimized(bool),
    Termination(bool),
    Stop(bool),
    Shutdown(&'p str),
    SourceDestCheck(bool),
    Groups(Vec<&'p str>),
    Devices(Vec<&'p Node>),
    /// What every image here has already.
    Ena,
}

fn read_flag(text: &str) -> Result<bool, Fault> {
    text.parse()
        .map_err(|_| Fault::invalid(text, "value", "it must be true or false"))
}

/// Reads the changes of both forms, `InstanceType.Value` and `Attribute` with `Value`.
fn changes(p: &Node) -> Result<Vec<Change<'_>>, Fault> {
    let mut all = Vec::new();
    all.extend(p.value_of("InstanceType").map(Change::Type));
    all.extend(p.value_of("UserData").map(Change::UserData));
    all.extend(p.flag_of("EbsOptimized")?.map(Change::EbsOptimized));
    all.extend(p.flag_of("DisableApiTermination")?.map(Change::Termination));
    all.extend(p.flag_of("DisableApiStop")?.map(Change::Stop));
    all.extend(
        p.value_of("InstanceInitiatedShutdownBehavior")
            .map(Change::Shutdown),
    );
    all.extend(p.flag_of("SourceDestCheck")?.map(Change::SourceDestCheck));
    all.extend(p.flag_of("EnaSupport")?.map(|_| Change::Ena));
    all.extend(p.value_of("SriovNetSupport").map(|_| Change::Ena));
    let groups = p.texts("GroupId");
    if !groups.is_empty() {
        all.push(Change::Groups(groups));
    }
    let devices = p.list("BlockDeviceMapping");
    if !devices.is_empty() {
        all.push(Change::Devices(devices));
    }
    if let Some(attribute) = p.filled("Attribute") {
        let Some(value) = p.text("Value") else {
            return Ok(all);
        };
        all.push(match attribute {
            "instanceType" => Change::Type(value),
            "userData" => Change::UserData(value),
            "ebsOptimized" => Change::EbsOptimized(read_flag(value)?),
            "disableApiTermination" => Change::Termination(read_flag(value)?),
            "disableApiStop" => Change::Stop(read_flag(value)?),
            "instanceInitiatedShutdownBehavior" => Change::Shutdown(value),
            "sourceDestCheck" => Change::SourceDestCheck(read_flag(value)?),
            other => return Err(Fault::invalid(other, "attribute", "it cannot be modified")),
        });
    }
    Ok(all)
}

/// `ModifyInstanceAttribute`.
pub fn modify(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("InstanceId")?;
    let row = call.find::<Instance>(id)?.clone();
    let mut all = changes(p)?;
    let Some(change) = all.pop() else {
        return Err(Fault::combination("No attributes specified."));
    };
    if !all.is_empty() {
        return Err(Fault::combination(
            "Fields for multiple attribute types specified; only one attribute can be modified in a request",
        ));
    }
    if row.is_ending() {
        return Err(Fault::new(
            "IncorrectInstanceState",
            format!("The instance '{id}' is not in a valid state for this operation."),
        ));
    }
    if matches!(
        change,
        Change::Type(_) | Change::UserData(_) | Change::EbsOptimized(_) | Change::Ena
    ) && row.state != "stopped"
    {
        return Err(Fault::new(
            "IncorrectInstanceState",
            format!("The instance '{id}' is not in the 'stopped' state."),
        ));
    }
    apply(call, id, &row, change)?;
    x.done();
    Ok(())
}

fn apply(call: &mut Call<'_>, id: &str, row: &Instance, change: Change<'_>) -> Answer {
    let mut new = row.clone();
    match change {
        Change::Type(name) => change_type(&mut new, name)?,
        Change::UserData("") => new.user_data = None,
        Change::UserData(text) => new.user_data = Some(check_user_data(text)?),
        Change::EbsOptimized(on) => {
            if let Some(kind) = instance_type::find(&new.kind) {
                new.ebs_optimized = check_ebs_optimized(on, &kind)?;
            }
        }
        Change::Termination(on) => new.disable_api_termination = on,
        Change::Stop(on) => new.disable_api_stop = on,
        Change::Shutdown(text) => new.shutdown_behavior = shutdown_behavior(text)?,
        Change::SourceDestCheck(on) => {
            let eni = only_interface(call, id)?;
            call.region
                .network_interfaces
                .update(&eni, |eni| eni.source_dest_check = on);
        }
        Change::Groups(groups) => {
            let groups = security_group::for_interface(call, &groups, &row.vpc)?;
            let eni = only_interface(call, id)?;
            call.region
                .network_interfaces
                .update(&eni, |eni| eni.groups = groups);
        }
        Change::Devices(devices) => change_devices(call, id, &devices)?,
        Change::Ena => {}
    }
    call.region.instances.insert(id, new);
    Ok(())
}

fn change_type(row: &mut Instance, name: &str) -> Answer {
    let invalid = |why: String| Fault::new("InvalidInstanceAttributeValue", why);
    let kind = instance_type::find(name)
        .ok_or_else(|| invalid(format!("Invalid value '{name}' for InstanceType.")))?;
    if kind.architecture != row.architecture {
        return Err(invalid(format!(
            "The instance type '{name}' does not have the architecture '{}'",
            row.architecture
        )));
    }
    if row.ebs_optimized && kind.ebs_optimized == "unsupported" {
        return Err(invalid(format!(
            "The instance type '{name}' does not support EBS optimization"
        )));
    }
    row.kind = kind.name.clone();
    row.cpu_credits = default_credits(&kind);
    Ok(())
}

fn only_interface(call: &Call<'_>, id: &str) -> Result<String, Fault> {
    match instance::interfaces(call.region, id).as_slice() {
        [(eni, _)] => Ok((*eni).clone()),
        _ => Err(Fault::new(
            "InvalidInstanceID",
            format!(
                "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID for the operation instead."
            ),
        )),
    }
}

fn change_devices(call: &mut Call<'_>, id: &str, devices: &[&Node]) -> Answer {
    for node in devices {
        let device = node.required("DeviceName")?;
        let ebs = node.child("Ebs").ok_or_else(|| Fault::missing("Ebs"))?;
        let _ = ebs.text("VolumeId");
        let volume = instance::volumes(call.region, id)
            .get(device)
            .map(|(volume, _)| (*volume).clone());
        let volume = volume.ok_or_else(|| {
            Fault::new(
                "InvalidInstanceAttributeValue",
                format!("No device is currently mapped at {device}"),
            )
        })?;
        if let Some(on) = ebs.flag("DeleteOnTermination")? {
            call.region.volumes.update(&volume, |volume| {
                if let Some(attachment) = &mut volume.attachment {
                    attachment.delete_on_termination = on;
                }
            });
        }
    }
    Ok(())
}

/// `ModifyInstanceMetadataOptions`: what is not named stays.
pub fn modify_metadata(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("InstanceId")?;
    let row = call.find::<Instance>(id)?;
    if row.is_ending() {
        return Err(Fault::new(
            "IncorrectInstanceState",
            format!("The instance '{id}' is not in a valid state for this operation."),
        ));
    }
    let mut options = row.metadata.clone();
    change_metadata(p, &mut options)?;
    if options.instance_tags == "enabled" {
        tag::check_readable(call.region.tags_of(id).into_iter().flat_map(|tags| tags.keys()))?;
    }
    options.state = "pending".into();
    x.text("instanceId", id);
    write_metadata(x, "instanceMetadataOptions", &options);
    call.region.instances.update(id, |row| row.metadata = options);
    call.later(3 * SECOND, 10 * SECOND, What::MetadataApplied, id);
    Ok(())
}

/// `MonitorInstances`.
pub fn monitor(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    set_monitoring(call, x, "pending", "enabled")
}

/// `UnmonitorInstances`.
pub fn unmonitor(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    set_monitoring(call, x, "disabling", "disabled")
}

fn set_monitoring(call: &mut Call<'_>, x: &mut Xml, moving: &str, done: &str) -> Answer {
    let ids = instance::listed(call)?;
    for id in &ids {
        let changed = call.region.instances.update(id, |row| {
            let changes = row.monitoring != done;
            if changes {
                moving.clone_into(&mut row.monitoring);
            }
            changes
        });
        if changed == Some(true) {
            call.later(5 * SECOND, 20 * SECOND, What::MonitoringSettled, id);
        }
    }
    x.set("instancesSet", &ids, |x, id| {
        x.text("instanceId", id);
        x.element("monitoring", |x| {
            x.maybe("state", call.region.instances.get(id).map(|row| &row.monitoring));
        });
    });
    Ok(())
}

/// `DescribeInstanceCreditSpecifications`: of the instances that earn credits.
pub fn describe_credits(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let listing = Listing {
        ids: "InstanceId",
        set: "instanceCreditSpecificationSet",
        pages: Some(USUAL),
    };
    let named = call.params.has("InstanceId");
    let (page, next) = call.select::<Instance>(&listing, |row| {
        // Without ids EC2 answers with the unlimited ones.
        row.cpu_credits
            .as_deref()
            .is_some_and(|credits| named || credits == "unlimited")
            && !row.is_ending()
    })?;
    x.set(listing.set, page, |x, seen| {
        x.text("instanceId", seen.id);
        x.maybe("cpuCredits", seen.row.cpu_credits.as_ref());
    });
    x.maybe("nextToken", next);
    Ok(())
}

/// `ModifyInstanceCreditSpecification`: what cannot be changed is listed, not refused.
pub fn modify_credits(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for node in call.params.list("InstanceCreditSpecification") {
        let id = node.required("InstanceId")?;
        let credits = node.required("CpuCredits")?;
        if !matches!(credits, "standard" | "unlimited") {
            return Err(Fault::invalid(
                credits,
                "cpuCredits",
                "it must be standard or unlimited",
            ));
        }
        match call.region.instances.get(id).map(|row| row.cpu_credits.is_some()) {
            None => bad.push((id, "InvalidInstanceID.NotFound", "The instance ID does not exist")),
            Some(false) => bad.push((
                id,
                "InstanceCreditSpecification.NotSupported",
                "The instance type earns no CPU credits",
            )),
            Some(true) => {
                call.region
                    .instances
                    .update(id, |row| row.cpu_credits = Some(credits.to_owned()));
                good.push(id);
            }
        }
    }
    x.set("successfulInstanceCreditSpecificationSet", good, |x, id| {
        x.text("instanceId", id);
    });
    x.set(
        "unsuccessfulInstanceCreditSpecificationSet",
        bad,
        |x, (id, code, message)| {
            x.text("instanceId", id);
            x.element("error", |x| {
                x.text("code", code);
                x.text("message", message);
            });
        },
    );
    Ok(())
}
