//! What EC2 allows of a volume: sizes, I/O operations and throughput by volume type ("Amazon EBS volume types" of
//! the EBS user guide, limits of September 2025). Root volumes are held to the same.

use std::ops::RangeInclusive;

/// The limits of a volume type.
pub struct Limits {
    /// EC2's name of it.
    pub name: &'static str,
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

const TYPES: [Limits; 7] = [
    plain("gp2", 1..=16_384),
    Limits {
        name: GP3,
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
    plain("st1", 125..=16_384),
    plain("sc1", 125..=16_384),
    plain("standard", 1..=1_024),
];

/// The type of which both operations and throughput can be asked for.
pub const GP3: &str = "gp3";
/// What gp3 has without being asked: I/O operations a second.
pub const GP3_IOPS: i64 = 3_000;
/// The same: MiB/s.
pub const GP3_THROUGHPUT: i64 = 125;
/// gp3 gives one MiB/s for so many I/O operations a second at most.
const GP3_IOPS_A_MIB: i64 = 4;
/// What every type takes that an image boots from, in GiB, but for `standard`, which no image of today has.
pub const SIZE_OF_ALL: i64 = 16_384;

/// The limits of the type of this name.
pub fn of(name: &str) -> Option<&'static Limits> {
    TYPES.iter().find(|limits| limits.name == name)
}

/// What is asked of a volume.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// GiB.
    pub size: Option<i64>,
    /// I/O operations a second.
    pub iops: Option<i64>,
    /// MiB/s.
    pub throughput: Option<i64>,
}

/// What of it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The size.
    Size,
    /// The type.
    Type,
    /// The I/O operations a second.
    Iops,
    /// The throughput.
    Throughput,
}

impl Limits {
    /// Whether I/O operations a second can be asked for.
    pub fn takes_iops(&self) -> bool {
        self.iops.is_some()
    }

    /// The type as a volume has it: `an io2 volume`.
    fn one(&self) -> String {
        let a = if matches!(self.name, "io1" | "io2" | "st1" | "sc1") {
            "an"
        } else {
            "a"
        };
        format!("{a} {} volume", self.name)
    }

    /// Tells what EC2 would refuse: the part, what is wrong with it, and what to do.
    pub fn check(&self, asked: Asked, problem: &mut dyn FnMut(Part, String, String)) {
        let one = self.one();
        if let Some(size) = asked.size.filter(|size| !self.size.contains(size)) {
            let (least, most) = (self.size.start(), self.size.end());
            problem(
                Part::Size,
                format!("{one} has {least} to {most} GiB, and this {size}"),
                "choose another size or type".to_owned(),
            );
        }
        self.check_iops(asked, problem);
        let Some(throughput) = asked.throughput else {
            return;
        };
        let iops = asked.iops.unwrap_or(GP3_IOPS);
        if !self.throughput {
            problem(
                Part::Throughput,
                format!("the throughput of {one} cannot be chosen"),
                "remove `throughput`, or choose gp3".to_owned(),
            );
        } else if throughput * GP3_IOPS_A_MIB > iops {
            let most = iops / GP3_IOPS_A_MIB;
            problem(
                Part::Throughput,
                format!("with {iops} I/O operations a second a gp3 volume has at most {most} MiB/s"),
                format!(
                    "give `iops: {}` as well, or choose less",
                    throughput * GP3_IOPS_A_MIB
                ),
            );
        }
    }

    fn check_iops(&self, asked: Asked, problem: &mut dyn FnMut(Part, String, String)) {
        let one = self.one();
        match (asked.iops, &self.iops) {
            (None, _) if self.needs_iops => {
                problem(
                    Part::Type,
                    format!("{one} needs `iops`"),
                    "give `iops`, or choose gp3".to_owned(),
                );
            }
            (Some(_), None) => {
                problem(
                    Part::Iops,
                    format!("the I/O operations of {one} cannot be chosen"),
                    "remove `iops`, or choose gp3".to_owned(),
                );
            }
            (Some(iops), Some(range)) if !range.contains(&iops) => {
                let message = format!(
                    "{one} has {} to {} I/O operations a second, and this {iops}",
                    range.start(),
                    range.end()
                );
                problem(Part::Iops, message, "choose another number or type".to_owned());
            }
            (Some(iops), Some(_)) => {
                // What gp3 has without being asked is free of the ratio.
                let free = if self.throughput { GP3_IOPS } else { 0 };
                let most = asked.size.map(|size| (size * self.iops_a_gib).max(free));
                if let (Some(size), Some(most)) = (asked.size, most.filter(|most| iops > *most)) {
                    let message = format!(
                        "{one} of {size} GiB has at most {most} I/O operations a second, and this {iops}"
                    );
                    let help = format!(
                        "it is {} for each GiB: choose a larger size or fewer",
                        self.iops_a_gib
                    );
                    problem(Part::Iops, message, help);
                }
            }
            (None, _) => {}
        }
    }
}
