//! `volume`: an EBS volume of its own, which outlives the instances that use it.

pub mod formats;
pub mod limits;
mod table;

pub use table::attr;

use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::attr::SUBNET;
use crate::call::{Call, Claim, Exclusive};
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::subnet;
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::refusal::Unchangeable;
use crate::room::Lists;
use crate::rules::{Context, Home, Rules, Update, are_apart};
use crate::stake::Loss;
use crate::topology::{Resource, Topology};
use crate::value::Record;
use crate::{Address, Attr, Kind, Ref, Zone, fact};

/// A volume: its size in GiB, its throughput in MiB/s.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table, documented there"
)]
pub struct Volume {
    pub availability_zone: String,
    pub size: Option<i64>,
    pub volume_type: String,
    pub iops: Option<i64>,
    pub throughput: Option<i64>,
    pub encrypted: Option<bool>,
    pub kms_key_id: Option<String>,
    pub snapshot_id: Option<String>,
    pub multi_attach_enabled: bool,
    pub instance: Option<Ref>,
    pub device_name: Option<String>,
}

impl Typed for Volume {
    const KIND: Kind = Kind::Volume;
}

actions! {
    CREATE = create "CreateVolume" under_token;
    MODIFY = modify "ModifyVolume";
    ATTACH = modify "AttachVolume";
    DETACH = modify "DetachVolume";
    DELETE = delete "DeleteVolume";
}

/// What is waited for.
pub mod wait {
    use crate::Waiter;

    /// It can be attached.
    pub const AVAILABLE: Waiter = Waiter::until("available", 15);

    /// It has its new size, type and speed, and EC2 moves what is on it.
    pub const OPTIMIZING: Waiter = Waiter::until("optimizing", 15);

    /// Its instance has it.
    pub const ATTACHED: Waiter = Waiter::until("attached", 10);

    /// No instance has it.
    pub const DETACHED: Waiter = Waiter::until("detached", 10);

    /// It is gone.
    pub const DELETED: Waiter = Waiter::until_gone("deleted", 10);
}

/// What CreateVolume takes.
const AT_CREATION: [&str; 9] = [
    attr::AVAILABILITY_ZONE.name,
    attr::SIZE.name,
    attr::VOLUME_TYPE.name,
    attr::IOPS.name,
    attr::THROUGHPUT.name,
    attr::ENCRYPTED.name,
    attr::KMS_KEY_ID.name,
    attr::SNAPSHOT_ID.name,
    attr::MULTI_ATTACH_ENABLED.name,
];

/// What a gp3 volume has where nobody asks for more.
const OF_GP3: [(Attr<i64>, i64); 2] = [
    (attr::IOPS, limits::GP3_IOPS),
    (attr::THROUGHPUT, limits::GP3_THROUGHPUT),
];

/// The types that several instances can have at a time.
const SHARED: [&str; 2] = ["io1", "io2"];

/// EC2's word for a volume that nothing can be read from any more.
pub const FAILED: &str = "error";

/// All that a volume is.
pub static DEF: KindDef = KindDef {
    schema: &table::SCHEMA,
    rules: &VolumeRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: false,
};

/// What a volume is.
#[derive(Debug)]
struct VolumeRules;

impl Rules for VolumeRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        if !record.has(attr::SIZE) && !record.has(attr::SNAPSHOT_ID) {
            context.problem(
                "",
                "volume-size",
                format!("{} has no `size`, and no snapshot that has one", context.address),
                "give `size`, in GiB, or `snapshot_id`",
            );
        }
        check_key(record, context);
        if record.text(attr::VOLUME_TYPE) == limits::GP3 {
            for (attr, value) in OF_GP3 {
                if !record.has(attr) {
                    record.set(attr, value);
                }
            }
        }
    }

    fn abridge(&self, record: &mut Record, _address: &Address, _topology: &Topology) {
        if record.text(attr::VOLUME_TYPE) == limits::GP3 {
            for (attr, value) in OF_GP3 {
                if record.get(attr) == Some(value) {
                    record.remove(attr);
                }
            }
        }
        // A key says that it is encrypted.
        if record.has(attr::KMS_KEY_ID) {
            record.remove(attr::ENCRYPTED);
        }
    }

    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::Volume) {
            subnet::check_zone(resource, attr::AVAILABILITY_ZONE, topology, out);
            check_shape(resource, out);
            check_sharing(resource, out);
            check_key_region(resource, topology, out);
            check_attachment(resource, out);
            check_instance_zone(resource, topology, out);
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.only(&AT_CREATION))
    }

    /// EC2 forgets what was asked of gp3 beyond what each has, unless it is asked again: operations and throughput
    /// go along with whatever changes.
    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        const SHAPE: [&str; 5] = [
            attr::SIZE.name,
            attr::VOLUME_TYPE.name,
            attr::IOPS.name,
            attr::THROUGHPUT.name,
            attr::MULTI_ATTACH_ENABLED.name,
        ];
        let changed: Vec<&str> = SHAPE.into_iter().filter(|name| update.has(name)).collect();
        let detach = attachment(update.before).filter(|_| is_moved(update));
        let detach = detach.map(|from| action::DETACH.unsetting(from));
        let attach = attachment(update.after).filter(|_| is_moved(update));
        let attach = attach.map(|to| action::ATTACH.setting(to));
        let speed = [attr::IOPS.name, attr::THROUGHPUT.name];
        let again = speed.into_iter().filter(|name| !changed.contains(name));
        let sent: Vec<&str> = changed.iter().copied().chain(again).collect();
        let modify = action::MODIFY
            .setting(update.after.only(&sent))
            .unsetting(update.before.only(&changed));
        let modify = Some(modify).filter(|_| !changed.is_empty());
        detach.into_iter().chain(modify).chain(attach).collect()
    }

    /// EC2 deletes a volume that no instance has.
    fn delete(&self, object: &Object) -> Vec<Call> {
        let detach = attachment(&object.record).map(|from| action::DETACH.unsetting(from));
        detach
            .into_iter()
            .chain([action::DELETE.unsetting(object.record.clone())])
            .collect()
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        let device = sets.get(attr::INSTANCE).zip(sets.get(attr::DEVICE_NAME));
        let claim = |(instance, device): (&Ref, &str)| {
            let what = format!("{device} of {instance}");
            Claim::text(&DEVICE, format!("devices of {instance}"), device, what)
        };
        device.map(claim).into_iter().collect()
    }

    fn commute(&self, earlier: &Call, later: &Call) -> bool {
        are_apart(earlier, later)
    }

    fn held_by(&self, object: &Object) -> Option<String> {
        Some(object.facts.text(fact::HELD_BY).to_owned()).filter(|holder| !holder.is_empty())
    }

    fn refuses(&self, update: &Update<'_>) -> Option<Unchangeable> {
        let (before, after) = (update.before, update.after);
        let sizes = before.get(attr::SIZE).zip(after.get(attr::SIZE));
        if let Some((from, to)) = sizes.filter(|(from, to)| to < from) {
            return Some(Unchangeable::Shrinks { from, to });
        }
        let switches = update.has(attr::MULTI_ATTACH_ENABLED);
        let is_fixed = before.text(attr::VOLUME_TYPE) != "io2" || update.has(attr::VOLUME_TYPE);
        (switches && is_fixed).then(|| Unchangeable::MultiAttach {
            on: after.get(attr::MULTI_ATTACH_ENABLED) == Some(true),
            ty: before.text(attr::VOLUME_TYPE).to_owned(),
        })
    }

    /// A key by its id alone is whichever key of that id EC2 has found.
    fn fitted(
        &self,
        resource: &Resource,
        object: Option<&Object>,
        _home: Option<Home<'_>>,
    ) -> Option<Record> {
        let wanted = resource.record.get(attr::KMS_KEY_ID)?;
        let live = object?.record.get(attr::KMS_KEY_ID)?;
        let is_it = !wanted.starts_with("arn:") && live.rsplit('/').next() == Some(wanted);
        is_it.then(|| resource.record.clone().with(attr::KMS_KEY_ID, live))
    }

    fn losses(&self, object: &Object) -> Vec<Loss> {
        vec![Loss::Volume {
            id: object.id.clone(),
            gib: object.record.get(attr::SIZE),
        }]
    }

    fn loss_disruption(&self, _object: &Object) -> Disruption {
        Disruption::DataLost
    }

    fn zone(&self, record: &Record) -> Option<Zone> {
        record
            .get(attr::AVAILABILITY_ZONE)
            .map(|zone| Zone::Name(zone.to_owned()))
    }

    fn notes(&self, record: &Record, object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        let failed = object.filter(|object| object.facts.text(fact::STATE) == FAILED);
        let failed = failed.map(|object| Note::VolumeFailed {
            id: object.id.clone(),
        });
        let live = object.map(|object| (object, attachment(&object.record)));
        let taken = live.filter(|(_, live)| live.is_some() && *live != attachment(record));
        let taken = taken.map(|(object, _)| Note::UnmountFirst {
            device: object.record.text(attr::DEVICE_NAME).to_owned(),
            instance: object.facts.text(fact::INSTANCE).to_owned(),
        });
        failed.into_iter().chain(taken).collect()
    }
}

static DEVICE: Exclusive = Exclusive {
    attribute: attr::DEVICE_NAME.name,
    code: "device-twice",
    help: "an instance has one volume at each device: write another `device_name`",
};

/// Where a volume is attached, where it is.
fn attachment(record: &Record) -> Option<Record> {
    record
        .has(attr::INSTANCE)
        .then(|| record.only(&[attr::INSTANCE.name, attr::DEVICE_NAME.name]))
}

/// Whether it is to be attached elsewhere, or no more.
fn is_moved(update: &Update<'_>) -> bool {
    update.has(attr::INSTANCE) || update.has(attr::DEVICE_NAME)
}

/// An attachment is to an instance at a device.
fn check_attachment(resource: &Resource, out: &mut Vec<Diagnostic>) {
    let record = &resource.record;
    // What is written and wrong is told already.
    let given = |name: &str| record.has(name) || resource.place(name) != resource.place;
    let (place, message, help) = match (given(attr::INSTANCE.name), given(attr::DEVICE_NAME.name)) {
        (true, false) => (
            attr::INSTANCE.name,
            "EC2 attaches a volume at a device, and this names none",
            "give `device_name` as well, such as `/dev/sdf`",
        ),
        (false, true) => (
            attr::DEVICE_NAME.name,
            "this is a device of no instance",
            "give `instance` as well, or remove this",
        ),
        _ => return,
    };
    out.push(
        Diagnostic::error("volume-attachment", message)
            .at(resource.place(place), "")
            .help(help),
    );
}

/// A volume and its instance are in one zone, which is that of the instance's subnet.
fn check_instance_zone(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let zone = resource.record.text(attr::AVAILABILITY_ZONE);
    let instance = topology.follow(resource.record.get(attr::INSTANCE));
    let subnet = instance.and_then(|instance| topology.follow(instance.record.get(SUBNET)));
    let (Some(instance), Some(subnet)) = (instance, subnet) else {
        return;
    };
    let place = resource.place(attr::INSTANCE);
    match subnet.record.get(subnet::attr::AVAILABILITY_ZONE) {
        Some(other) if other != zone => out.push(
            Diagnostic::error(
                "volume-zone",
                format!(
                    "{} is in {zone}, and {} in {other}",
                    resource.address, instance.address
                ),
            )
            .at(place, "EC2 attaches no volume of another zone")
            .at(resource.place(attr::AVAILABILITY_ZONE), "the volume's zone")
            .at(subnet.place(subnet::attr::AVAILABILITY_ZONE), "the instance's")
            .help("a volume stays in its zone: choose an instance there, or make the volume anew in the other one"),
        ),
        Some(_) => {}
        None => out.push(
            Diagnostic::warning(
                "volume-zone",
                format!("whether {} is in {zone} is not known before", instance.address),
            )
            .at(place, "EC2 attaches no volume of another zone")
            .at(subnet.place.clone(), "does not say the name of its zone")
            .help(format!("give {} `availability_zone: {zone}`", subnet.address)),
        ),
    }
}

/// Size, type and speed, within what EC2 has.
fn check_shape(resource: &Resource, out: &mut Vec<Diagnostic>) {
    let record = &resource.record;
    let Some(limits) = limits::of(record.text(attr::VOLUME_TYPE)) else {
        return;
    };
    let asked = limits::Asked {
        size: record.get(attr::SIZE),
        iops: record.get(attr::IOPS),
        throughput: record.get(attr::THROUGHPUT),
    };
    limits.check(asked, &mut |part, message, help| {
        let name = match part {
            limits::Part::Size => attr::SIZE.name,
            limits::Part::Type => attr::VOLUME_TYPE.name,
            limits::Part::Iops => attr::IOPS.name,
            limits::Part::Throughput => attr::THROUGHPUT.name,
        };
        out.push(
            Diagnostic::error("volume-limits", message)
                .at(resource.place(name), "")
                .help(help),
        );
    });
}

/// Only what EC2 sells for it can be of several instances.
fn check_sharing(resource: &Resource, out: &mut Vec<Diagnostic>) {
    let ty = resource.record.text(attr::VOLUME_TYPE);
    if resource.record.get(attr::MULTI_ATTACH_ENABLED) == Some(true) && !SHARED.contains(&ty) {
        out.push(
            Diagnostic::error(
                "volume-multi-attach",
                format!("several instances cannot have one {ty} volume"),
            )
            .at(resource.place(attr::MULTI_ATTACH_ENABLED), "")
            .help("choose io1 or io2 as `volume_type`, or leave this out"),
        );
    }
}

/// Whoever gives a key wants it used.
fn check_key(record: &mut Record, context: &mut Context<'_>) {
    if !record.has(attr::KMS_KEY_ID) {
        return;
    }
    if record.get(attr::ENCRYPTED) == Some(false) {
        context.problem(
            attr::KMS_KEY_ID,
            "volume-key",
            "this key has nothing to encrypt: the volume is not `encrypted`",
            "remove `encrypted: false`, or the key",
        );
    } else {
        record.set(attr::ENCRYPTED, true);
    }
}

/// A volume is encrypted with a key of its own region.
fn check_key_region(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let key = resource.record.text(attr::KMS_KEY_ID);
    let (Some(of), Some(region)) = (formats::region_of(key), topology.region.as_deref()) else {
        return;
    };
    if of != region {
        out.push(
            Diagnostic::error(
                "volume-key",
                format!(
                    "the key of {} is in {of}, and the volume in {region}",
                    resource.address
                ),
            )
            .at(resource.place(attr::KMS_KEY_ID), "in another region")
            .help(format!(
                "write the ARN of a key in {region}: of a multi-Region key, its replica there"
            )),
        );
    }
}
