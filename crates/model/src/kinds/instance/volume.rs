//! What EC2 allows of a root volume: sizes, I/O operations and throughput by volume type ("Amazon EBS volume
//! types" of the EBS user guide, limits of September 2025).

use std::ops::RangeInclusive;

use super::attr;
use crate::rules::Context;
use crate::value::Record;

/// The limits of a volume type.
struct Limits {
    name: &'static str,
    /// GiB.
    size: RangeInclusive<i64>,
    /// I/O operations a second that can be asked for, where they can.
    iops: Option<RangeInclusive<i64>>,
    /// So many of them for each GiB at most.
    iops_a_gib: i64,
    /// Whether they must be asked for.
    needs_iops: bool,
    /// Whether throughput can be asked for.
    throughput: bool,
}

const fn plain(name: &'static str, size: RangeInclusive<i64>) -> Limits {
    Limits {
        name,
        size,
        iops: None,
        iops_a_gib: 0,
        needs_iops: false,
        throughput: false,
    }
}

const TYPES: [Limits; 5] = [
    plain("gp2", 1..=16_384),
    Limits {
        name: "gp3",
        size: 1..=65_536,
        iops: Some(3_000..=80_000),
        iops_a_gib: 500,
        needs_iops: false,
        throughput: true,
    },
    Limits {
        name: "io1",
        size: 4..=16_384,
        iops: Some(100..=64_000),
        iops_a_gib: 50,
        needs_iops: true,
        throughput: false,
    },
    Limits {
        name: "io2",
        size: 4..=65_536,
        iops: Some(100..=256_000),
        iops_a_gib: 1_000,
        needs_iops: true,
        throughput: false,
    },
    plain("standard", 1..=1_024),
];

/// What gp3 has without being asked: I/O operations a second.
const GP3_IOPS: i64 = 3_000;
/// gp3 gives one MiB/s for so many I/O operations a second at most.
const GP3_IOPS_A_MIB: i64 = 4;
/// What every type takes, in GiB, but for `standard`, which no image of today has.
const SIZE_OF_ALL: i64 = 16_384;

/// Takes out what asks for nothing, and tells what EC2 would refuse.
pub(super) fn normalise(record: &mut Record, context: &mut Context<'_>) {
    let Some(volume) = record.get(attr::ROOT_VOLUME).cloned() else {
        return;
    };
    if volume.iter().next().is_none() {
        record.remove(attr::ROOT_VOLUME);
        return;
    }
    let (size, iops, throughput) = (
        volume.get(attr::SIZE),
        volume.get(attr::IOPS),
        volume.get(attr::THROUGHPUT),
    );
    let mut problem = |name: &str, message: String, help: String| {
        context.problem(format!("root_volume.{name}"), "root-volume", message, help);
    };
    let name = volume.text(attr::TYPE);
    let a = if name.starts_with('i') { "an" } else { "a" };
    let Some(limits) = TYPES.iter().find(|limits| limits.name == name) else {
        let needs_type = [
            ("iops", iops.is_some()),
            ("throughput", throughput.is_some()),
            ("size", size > Some(SIZE_OF_ALL)),
        ];
        if let Some((name, _)) = needs_type.into_iter().find(|(_, given)| *given) {
            let message =
                format!("this `{name}` is not possible with every volume type, and the image may have any");
            problem(name, message, "give `type` as well".to_owned());
        }
        return;
    };
    if let Some(size) = size.filter(|size| !limits.size.contains(size)) {
        let (least, most) = (limits.size.start(), limits.size.end());
        problem(
            "size",
            format!("{a} {name} volume has {least} to {most} GiB, and this {size}"),
            "choose another size or type".to_owned(),
        );
    }
    match (iops, &limits.iops) {
        (None, _) if limits.needs_iops => {
            problem(
                "type",
                format!("{a} {name} volume needs `iops`"),
                "give `iops`, or choose gp3".to_owned(),
            );
        }
        (Some(_), None) => {
            problem(
                "iops",
                format!("the I/O operations of {a} {name} volume cannot be chosen"),
                "remove `iops`, or choose gp3".to_owned(),
            );
        }
        (Some(iops), Some(range)) if !range.contains(&iops) => {
            let message = format!(
                "{a} {name} volume has {} to {} I/O operations a second, and this {iops}",
                range.start(),
                range.end()
            );
            problem("iops", message, "choose another number or type".to_owned());
        }
        (Some(iops), Some(_)) => {
            // What gp3 has without being asked is free of the ratio.
            let most =
                size.map(|size| (size * limits.iops_a_gib).max(if limits.throughput { GP3_IOPS } else { 0 }));
            if let (Some(size), Some(most)) = (size, most.filter(|most| iops > *most)) {
                let message = format!(
                    "{a} {name} volume of {size} GiB has at most {most} I/O operations a second, and \
                     this {iops}"
                );
                problem(
                    "iops",
                    message,
                    format!(
                        "it is {} for each GiB: choose a larger size or fewer",
                        limits.iops_a_gib
                    ),
                );
            }
        }
        (None, _) => {}
    }
    if let Some(throughput) = throughput {
        let iops = iops.unwrap_or(GP3_IOPS);
        if !limits.throughput {
            problem(
                "throughput",
                format!("the throughput of {a} {name} volume cannot be chosen"),
                "remove `throughput`, or choose gp3".to_owned(),
            );
        } else if throughput * GP3_IOPS_A_MIB > iops {
            let message = format!(
                "with {iops} I/O operations a second a gp3 volume has at most {} MiB/s",
                iops / GP3_IOPS_A_MIB
            );
            problem(
                "throughput",
                message,
                format!(
                    "give `iops: {}` as well, or choose less",
                    throughput * GP3_IOPS_A_MIB
                ),
            );
        }
    }
}
