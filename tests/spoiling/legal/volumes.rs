//! What EC2 may say of volumes.

use super::Way::{Emptied, LeftOut};
use super::{May, may};

/// All of it.
pub const MAY: &[May] = &[
    may(
        "DescribeVolumes",
        "volumeSet",
        "iops",
        &[LeftOut],
        "some endpoints leave out what a gp3 volume has by itself",
    ),
    may(
        "DescribeVolumes",
        "volumeSet",
        "throughput",
        &[LeftOut],
        "some endpoints leave out what a gp3 volume has by itself",
    ),
    may(
        "DescribeVolumes",
        "volumeSet",
        "snapshotId",
        &[LeftOut, Emptied],
        "a volume may be made of no snapshot",
    ),
    may(
        "DescribeVolumes",
        "volumeSet",
        "multiAttachEnabled",
        &[LeftOut],
        "some endpoints leave out what is not so",
    ),
];
