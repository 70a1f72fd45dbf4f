//! `volume`: an EBS volume of its own, which outlives the instances that use it.

pub mod formats;
pub mod limits;
mod table;

pub use table::attr;

use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::call::Call;
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::subnet;
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::refusal::Unchangeable;
use crate::room::Lists;
use crate::rules::{Context, Home, Rules, Update};
use crate::stake::Loss;
use crate::topology::{Resource, Topology};
use crate::value::Record;
use crate::{Kind, Zone, fact};

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
}

impl Typed for Volume {
    const KIND: Kind = Kind::Volume;
}

actions! {
    CREATE = create "CreateVolume" under_token;
    MODIFY = modify "ModifyVolume";
    DELETE = delete "DeleteVolume";
}

/// What is waited for.
pub mod wait {
    use crate::Waiter;

    /// It can be attached.
    pub const AVAILABLE: Waiter = Waiter::until("available", 15);

    /// It has its new size, type and speed, and EC2 moves what is on it.
    pub const OPTIMIZING: Waiter = Waiter::until("optimizing", 15);

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
            for (attr, value) in [
                (attr::IOPS, limits::GP3_IOPS),
                (attr::THROUGHPUT, limits::GP3_THROUGHPUT),
            ] {
                if !record.has(attr) {
                    record.set(attr, value);
                }
            }
        }
    }

    fn abridge(&self, record: &mut Record, _address: &crate::Address, _topology: &Topology) {
        if record.text(attr::VOLUME_TYPE) == limits::GP3 {
            for (attr, value) in [
                (attr::IOPS, limits::GP3_IOPS),
                (attr::THROUGHPUT, limits::GP3_THROUGHPUT),
            ] {
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
        if changed.is_empty() {
            return Vec::new();
        }
        let speed = [attr::IOPS.name, attr::THROUGHPUT.name];
        let again = speed.into_iter().filter(|name| !changed.contains(name));
        let sent: Vec<&str> = changed.iter().copied().chain(again).collect();
        vec![
            action::MODIFY
                .setting(update.after.only(&sent))
                .unsetting(update.before.only(&changed)),
        ]
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

    fn notes(&self, _record: &Record, object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        let failed = object.filter(|object| object.facts.text(fact::STATE) == FAILED);
        failed
            .map(|object| Note::VolumeFailed {
                id: object.id.clone(),
            })
            .into_iter()
            .collect()
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
