//! EBS volumes: root volumes of instances, and those that a caller makes, attaches and modifies.

use serde::{Deserialize, Serialize};

use super::volume_shape::{Asked, Shape, check_boots, shape};
use super::zone::{self, Zone};
use super::{Kind, partition, tag, yes};
use crate::call::{ACCOUNT, Answer, Call, Listing, has_form};
use crate::due::What;
use crate::state::clock::{MINUTE, SECOND, stamp};
use crate::state::table::{Row, Table};
use crate::state::{Millis, Region};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::page::Limits;
use crate::wire::{Fault, Node, Xml};

/// Where a volume is attached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VolumeAttachment {
    /// The instance.
    pub instance: String,
    /// The device name.
    pub device: String,
    /// Whether the volume goes when the instance does.
    pub delete_on_termination: bool,
    /// When.
    pub at: Millis,
    /// `attaching`, `attached` or `detaching`.
    #[serde(default = "attached_state")]
    pub state: String,
}

fn attached_state() -> String {
    "attached".to_owned()
}

/// The last modification of a volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Modification {
    /// `modifying`, `optimizing` or `completed`.
    pub state: String,
    /// What it was.
    pub original: Shape,
    /// What it becomes.
    pub target: Shape,
    /// Since when.
    pub start: Millis,
    /// Until when.
    pub end: Option<Millis>,
}

/// A volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Volume {
    /// What it offers.
    pub shape: Shape,
    /// Its zone.
    pub zone: Zone,
    /// `creating` or `available`; in use is whatever is attached.
    pub state: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// With which key.
    pub kms_key: Option<String>,
    /// What it was made from.
    pub snapshot: Option<String>,
    /// Whether several instances can have it at a time.
    #[serde(default)]
    pub multi_attach: bool,
    /// When.
    pub created: Millis,
    /// Where it is attached.
    pub attachment: Option<VolumeAttachment>,
    /// Its last modification.
    pub modification: Option<Modification>,
}

impl Volume {
    fn state(&self) -> &str {
        if self.attachment.is_some() {
            "in-use"
        } else {
            &self.state
        }
    }
}

impl Row for Volume {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        if let Some(attachment) = &self.attachment {
            add(&attachment.instance);
        }
    }
}

type See<'a, 'b> = &'a Seen<'b, Volume>;

fn attached(seen: See<'_, '_>, add: &mut dyn FnMut(&str), value: fn(&VolumeAttachment) -> String) {
    if let Some(attachment) = &seen.row.attachment {
        add(&value(attachment));
    }
}

fn modification(seen: See<'_, '_>, add: &mut dyn FnMut(&str), value: fn(&Modification) -> Option<String>) {
    if let Some(text) = seen.row.modification.as_ref().and_then(value) {
        add(&text);
    }
}

impl Kind for Volume {
    const PREFIX: &'static str = "vol";
    const RESOURCE: &'static str = "volume";
    const NOUN: &'static str = "volume";
    const NOT_FOUND: &'static str = "InvalidVolume.NotFound";
    const MALFORMED: &'static str = "InvalidVolumeID.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![Volume:
        "volume-id" => |seen, add| add(seen.id),
        "attachment.instance-id" => |seen, add| attached(seen, add, |a| a.instance.clone()),
        "attachment.device" => |seen, add| attached(seen, add, |a| a.device.clone()),
        "attachment.delete-on-termination" => |seen, add| attached(seen, add, |a| yes(a.delete_on_termination).to_owned()),
        "attachment.status" => |seen, add| attached(seen, add, |a| a.state.clone()),
        "attachment.attach-time" => |seen, add| attached(seen, add, |a| stamp(a.at)),
        "availability-zone" => |seen, add| add(&seen.row.zone.name),
        "availability-zone-id" => |seen, add| add(&seen.row.zone.id),
        "create-time" => |seen, add| add(&stamp(seen.row.created)),
        "encrypted" => |seen, add| add(yes(seen.row.encrypted)),
        "multi-attach-enabled" => |seen, add| add(yes(seen.row.multi_attach)),
        "fast-restored" => |_, add| add("false"),
        "size" => |seen, add| add(&seen.row.shape.size.to_string()),
        "snapshot-id" => |seen, add| seen.row.snapshot.iter().for_each(|id| add(id)),
        "status" => |seen, add| add(seen.row.state()),
        "volume-type" => |seen, add| add(&seen.row.shape.kind),
        "operator.managed" => |_, add| add("false"),
        "modification-state" => |seen, add| modification(seen, add, |m| Some(m.state.clone())),
        "original-iops" => |seen, add| modification(seen, add, |m| m.original.iops.map(|iops| iops.to_string())),
        "original-size" => |seen, add| modification(seen, add, |m| Some(m.original.size.to_string())),
        "original-volume-type" => |seen, add| modification(seen, add, |m| Some(m.original.kind.clone())),
        "target-iops" => |seen, add| modification(seen, add, |m| m.target.iops.map(|iops| iops.to_string())),
        "target-size" => |seen, add| modification(seen, add, |m| Some(m.target.size.to_string())),
        "target-volume-type" => |seen, add| modification(seen, add, |m| Some(m.target.kind.clone())),
        "start-time" => |seen, add| modification(seen, add, |m| Some(stamp(m.start))),
        "attachment-status.instance-id" => |seen, add| attached(seen, add, |a| a.instance.clone()),
        "volume-status.status" => |_, add| add("ok"),
    ];
    const NEVER: &'static [&'static str] = &[
        "operator.principal",
        "event.description",
        "event.event-id",
        "event.event-type",
        "action.code",
        "action.event-id",
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.volumes
    }

    fn not_found(id: &str) -> Fault {
        Fault::new(Self::NOT_FOUND, format!("The volume '{id}' does not exist."))
    }
}

fn write(x: &mut Xml, seen: &Seen<'_, Volume>) {
    let row = seen.row;
    x.text("volumeId", seen.id);
    x.text("size", row.shape.size);
    x.text("snapshotId", row.snapshot.as_deref().unwrap_or_default());
    x.text("availabilityZone", &row.zone.name);
    x.text("availabilityZoneId", &row.zone.id);
    x.text("status", row.state());
    x.text("createTime", stamp(row.created));
    x.set("attachmentSet", &row.attachment, |x, attachment| {
        write_attachment(x, seen.id, attachment);
    });
    x.text("volumeType", &row.shape.kind);
    x.maybe("iops", row.shape.iops);
    x.maybe("throughput", row.shape.throughput);
    x.text("encrypted", row.encrypted);
    x.maybe("kmsKeyId", row.kms_key.as_ref());
    x.text("multiAttachEnabled", row.multi_attach);
    x.element("operator", |x| x.text("managed", false));
    tag::write_if_any(x, seen.region, seen.id);
}

/// Writes where a volume is attached.
pub fn write_attachment(x: &mut Xml, id: &str, attachment: &VolumeAttachment) {
    x.text("volumeId", id);
    x.text("instanceId", &attachment.instance);
    x.text("device", &attachment.device);
    x.text("status", &attachment.state);
    x.text("attachTime", stamp(attachment.at));
    x.text("deleteOnTermination", attachment.delete_on_termination);
}

/// `CreateVolume`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let zone = zone::chosen(
        call.region,
        p.filled("AvailabilityZone"),
        p.filled("AvailabilityZoneId"),
    )
    .map_err(|fault| Fault::new("InvalidZone.NotFound", fault.message))?
    .ok_or_else(|| Fault::missing("availabilityZone"))?;
    let snapshot = p.filled("SnapshotId");
    if let Some(id) = snapshot {
        check_snapshot(id)?;
    }
    let asked = Asked::read(p, "Size")?;
    let size = asked.size.or(snapshot.map(|_| SNAPSHOT_GIB)).ok_or_else(|| {
        Fault::new(
            "MissingParameter",
            "The request must contain the parameter size or snapshotId",
        )
    })?;
    if let Some(id) = snapshot.filter(|_| size < SNAPSHOT_GIB) {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "Invalid value '{size}' for 'size'. Volume is smaller than snapshot '{id}', expect size >= {SNAPSHOT_GIB}"
            ),
        ));
    }
    let shape = shape(&asked, size, "gp2")?;
    let multi_attach = p.flag("MultiAttachEnabled")? == Some(true);
    check_multi_attach(multi_attach, &shape)?;
    let (encrypted, kms_key) = encryption(call, p)?;
    let is_usable = kms_key.as_deref().is_none_or(is_usable_key);
    let tags = call.tags_for("volume", &["volume"])?;
    let id = call.new_id("vol");
    let row = Volume {
        shape,
        zone,
        state: "creating".into(),
        encrypted,
        kms_key,
        snapshot: snapshot.map(str::to_owned),
        multi_attach,
        created: call.now,
        attachment: None,
        modification: None,
    };
    call.tag(&id, tags);
    write(
        x,
        &Seen {
            id: &id,
            row: &row,
            region: call.region,
        },
    );
    call.region.volumes.insert(&id, row);
    let what = if is_usable {
        What::VolumeAvailable
    } else {
        What::VolumeTakenBack
    };
    call.later(3 * SECOND, 10 * SECOND, what, &id);
    Ok(())
}

/// Every snapshot is there that has the form of one, but those of zeros alone, and each is as large.
const SNAPSHOT_GIB: u32 = 8;

fn check_snapshot(id: &str) -> Answer {
    if !has_form(id, "snap") {
        return Err(Fault::new(
            "InvalidSnapshotID.Malformed",
            format!("Invalid id: \"{id}\" (expecting \"snap-...\")"),
        ));
    }
    if id.trim_start_matches("snap-").bytes().all(|digit| digit == b'0') {
        return Err(Fault::new(
            "InvalidSnapshot.NotFound",
            format!("The snapshot '{id}' does not exist."),
        ));
    }
    Ok(())
}

fn check_multi_attach(on: bool, shape: &Shape) -> Answer {
    if on && !matches!(shape.kind.as_str(), "io1" | "io2") {
        return Err(Fault::combination(format!(
            "The parameter MultiAttachEnabled is not supported for {} volumes.",
            shape.kind
        )));
    }
    Ok(())
}

/// A key of zeros is one that nobody may use.
fn is_usable_key(key: &str) -> bool {
    !key.ends_with("00000000-0000-0000-0000-000000000000")
}

/// A volume whose key cannot be used is taken back, and nothing is said.
pub fn taken_back(call: &mut Call<'_>, id: &str) {
    call.region.volumes.remove(id);
    call.region.tags.remove(id);
    crate::due::cancel(call, id);
}

/// Whether a volume is encrypted, and with which key.
pub fn encryption(call: &Call<'_>, p: &Node) -> Result<(bool, Option<String>), Fault> {
    let encrypted = p.flag("Encrypted")?;
    let key = p.filled("KmsKeyId");
    if key.is_some() && encrypted != Some(true) {
        return Err(Fault::new(
            "InvalidParameterDependency",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        ));
    }
    let encrypted = encrypted == Some(true);
    let own = |id: &str| {
        format!(
            "arn:{}:kms:{}:{ACCOUNT}:key/{id}",
            partition::of(&call.region.name).name,
            call.region.name
        )
    };
    // EC2 answers a key's ARN, however it was named.
    let key = key.unwrap_or("aaaaaaaa-bbbb-4ccc-8ddd-000000000000");
    let key = if key.starts_with("arn:") {
        key.to_owned()
    } else {
        own(key)
    };
    Ok((encrypted, encrypted.then_some(key)))
}

/// The volume can be used.
pub fn available(call: &mut Call<'_>, id: &str) {
    call.region
        .volumes
        .update(id, |volume| volume.state = "available".into());
}

/// How `DescribeVolumes` and `DescribeVolumesModifications` page.
const PAGES: Option<Limits> = Some(Limits {
    min: 5,
    max: 1000,
    exclusive: true,
});

/// `DescribeVolumes`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let _ = call.params.flag("IncludeManagedResources")?;
    call.describe(
        x,
        &Listing {
            ids: "VolumeId",
            set: "volumeSet",
            pages: PAGES,
        },
        write,
    )
}

/// `DeleteVolume`.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("VolumeId")?;
    if let Some(attachment) = &call.find::<Volume>(id)?.attachment {
        return Err(Fault::new(
            "VolumeInUse",
            format!("Volume {id} is currently attached to {}", attachment.instance),
        ));
    }
    call.region.volumes.remove(id);
    call.region.tags.remove(id);
    crate::due::cancel(call, id);
    x.done();
    Ok(())
}

fn write_modification(x: &mut Xml, id: &str, modification: &Modification) {
    x.text("volumeId", id);
    x.text("modificationState", &modification.state);
    for (prefix, shape) in [
        ("target", &modification.target),
        ("original", &modification.original),
    ] {
        x.text(&format!("{prefix}Size"), shape.size);
        x.maybe(&format!("{prefix}Iops"), shape.iops);
        x.text(&format!("{prefix}VolumeType"), &shape.kind);
        x.maybe(&format!("{prefix}Throughput"), shape.throughput);
    }
    x.text(
        "progress",
        if modification.state == "completed" { 100 } else { 0 },
    );
    x.text("startTime", stamp(modification.start));
    x.maybe("endTime", modification.end.map(stamp));
}

/// `ModifyVolume`: larger, faster or of another type, never smaller.
pub fn modify(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = p.required("VolumeId")?;
    let volume = call.find::<Volume>(id)?.clone();
    let mut asked = Asked::read(p, "Size")?;
    let multi_attach = p.flag("MultiAttachEnabled")?;
    let asks_shape =
        asked.size.is_some() || asked.kind.is_some() || asked.iops.is_some() || asked.throughput.is_some();
    if !asks_shape && multi_attach.is_none() {
        return Err(Fault::missing("size"));
    }
    let switches = multi_attach.is_some_and(|on| on != volume.multi_attach);
    if switches && (volume.shape.kind != "io2" || asked.kind.is_some_and(|kind| kind != "io2")) {
        return Err(Fault::new(
            "UnsupportedOperation",
            "Multi-Attach can be changed for io2 volumes only",
        ));
    }
    if asked.size.is_some_and(|size| size < volume.shape.size) {
        return Err(Fault::new(
            "InvalidParameterValue",
            "New size cannot be smaller than existing size",
        ));
    }
    if volume
        .modification
        .as_ref()
        .is_some_and(|last| last.state != "completed")
    {
        return Err(Fault::new(
            "IncorrectModificationState",
            format!("Cannot modify volume {id} while its modification is in progress"),
        ));
    }
    if asked.kind.is_none_or(|kind| kind == volume.shape.kind) && volume.shape.kind != "gp2" {
        asked.iops = asked.iops.or(volume.shape.iops);
        asked.throughput = asked.throughput.or(volume.shape.throughput);
    }
    let boots = volume.attachment.as_ref().is_some_and(|attachment| {
        call.region
            .instances
            .get(&attachment.instance)
            .is_some_and(|instance| instance.root_device == attachment.device)
    });
    if boots {
        check_boots(asked.kind)?;
    }
    let target = shape(&asked, volume.shape.size, &volume.shape.kind)?;
    let modification = Modification {
        state: "modifying".into(),
        original: volume.shape,
        target,
        start: call.now,
        end: None,
    };
    x.element("volumeModification", |x| write_modification(x, id, &modification));
    call.region.volumes.update(id, |volume| {
        volume.modification = Some(modification);
        volume.multi_attach = multi_attach.unwrap_or(volume.multi_attach);
    });
    call.later(5 * SECOND, 30 * SECOND, What::VolumeOptimizing, id);
    Ok(())
}

/// The new size can be used.
pub fn optimizing(call: &mut Call<'_>, id: &str) {
    call.region.volumes.update(id, |volume| {
        if let Some(modification) = &mut volume.modification {
            modification.state = "optimizing".into();
            volume.shape = modification.target.clone();
        }
    });
    call.later(5 * MINUTE, 30 * MINUTE, What::VolumeModified, id);
}

/// The modification is complete.
pub fn modified(call: &mut Call<'_>, id: &str) {
    let now = call.now;
    call.region.volumes.update(id, |volume| {
        if let Some(modification) = &mut volume.modification {
            modification.state = "completed".into();
            modification.end = Some(now);
        }
    });
}

/// `DescribeVolumesModifications`: of the volumes that were ever modified.
pub fn describe_modifications(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let listing = Listing {
        ids: "VolumeId",
        set: "volumeModificationSet",
        pages: PAGES,
    };
    let ids = call.params.texts("VolumeId");
    let (page, next) = call.select::<Volume>(&listing, |volume| volume.modification.is_some())?;
    if !ids.is_empty() && page.is_empty() && next.is_none() {
        return Err(Fault::new(
            "InvalidVolumeModification.NotFound",
            format!("Modification for volume '{}' does not exist.", ids.join(", ")),
        ));
    }
    x.set(listing.set, page, |x, seen| {
        if let Some(modification) = &seen.row.modification {
            write_modification(x, seen.id, modification);
        }
    });
    x.maybe("nextToken", next);
    Ok(())
}

/// `DescribeVolumeStatus`: all are well.
pub fn describe_status(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    call.describe::<Volume>(
        x,
        &Listing {
            ids: "VolumeId",
            set: "volumeStatusSet",
            pages: PAGES,
        },
        |x, seen| {
            x.text("volumeId", seen.id);
            x.text("availabilityZone", &seen.row.zone.name);
            x.text("availabilityZoneId", &seen.row.zone.id);
            x.element("volumeStatus", |x| {
                x.text("status", "ok");
                x.set(
                    "details",
                    [("io-enabled", "passed"), ("io-performance", "not-applicable")],
                    |x, (name, status)| {
                        x.text("name", name);
                        x.text("status", status);
                    },
                );
            });
            x.set("eventsSet", [(); 0], |_, ()| {});
            x.set("actionsSet", [(); 0], |_, ()| {});
            x.set("attachmentStatuses", &seen.row.attachment, |x, attachment| {
                x.text("ioPerformance", "not-applicable");
                x.text("instanceId", &attachment.instance);
            });
        },
    )
}
