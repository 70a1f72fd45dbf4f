//! The table of `volume`.

use super::formats;
use crate::Kind;
use crate::attr::attributes;
use crate::kinds::subnet;
use crate::plan::Disruption;
use crate::schema::{Attribute, Follow, Quota, Schema, Type};
use crate::value::Value;

attributes! {
    AVAILABILITY_ZONE: str = "availability_zone";
    SIZE: i64 = "size";
    VOLUME_TYPE: str = "volume_type";
    IOPS: i64 = "iops";
    THROUGHPUT: i64 = "throughput";
    ENCRYPTED: bool = "encrypted";
    KMS_KEY_ID: str = "kms_key_id";
    SNAPSHOT_ID: str = "snapshot_id";
    MULTI_ATTACH_ENABLED: bool = "multi_attach_enabled";
    INSTANCE: Ref = "instance";
    DEVICE_NAME: str = "device_name";
}

const ENCRYPTION: &str = "a volume's encryption is fixed when it is made";

pub(super) static SCHEMA: Schema = Schema {
    kind: Kind::Volume,
    arn_type: "volume",
    tag_type: "volume",
    doc: "A volume (EBS) of its own, which outlives the instances that use it. What is on it is gone for ever when it \
          is deleted or replaced: plans name it by its id and its size, and ask.",
    example: "\
volume:
  data:
    availability_zone: us-west-2a
    size: 100
    volume_type: gp3
    instance: db
    device_name: /dev/sdf
    protect: true # nobody can give back what is on it
",
    notes: &[
        "It grows in place, and changes its type, its operations and its throughput there; the file system on it is \
         yours to grow. EC2 makes no volume smaller, and a smaller one in its place would be empty: a plan with a \
         smaller `size` is refused, and says what to do instead.",
        "Where it is attached is said here, and not at the instance: it is given to another one, or to another device, in \
         place, and an instance that is replaced gets it again. Whatever takes it from a running instance interrupts who \
         reads it there, and plans say so: unmount it before. EC2 does not delete it with an instance.",
        "Of a volume that several instances have (`multi_attach_enabled`) the spec says one at most; where EC2 shows \
         several, which of them is meant is not known, and nothing is done about it.",
        "EC2 changes a volume again only when its last change is complete, which takes minutes to hours, and so many \
         times a day at most (four in 24 hours; where that is not yet so, once in six). An apply that comes too early \
         fails at that volume and says so.",
        "EC2 looks at a KMS key only after it has answered: where it may not use it, the new volume goes away again, \
         and the apply fails at it and says so.",
        "An account may have EC2 encrypt all new volumes, so `encrypted` has no default, and what the spec leaves out \
         is not compared. Nor is a `snapshot_id` that leaves the spec: the snapshot may be deleted, the volume stays.",
    ],
    attributes: &ATTRIBUTES,
    selected_by_tags: false,
    quota: Quota::Unlimited,
};

static ATTRIBUTES: [Attribute; 11] = [
    Attribute::new(
        attr::AVAILABILITY_ZONE,
        Type::Text(&subnet::ZONE),
        "The zone it is in: that of the instances that use it.",
    )
    .unfelt()
    .required()
    .replace("a volume stays in its zone"),
    Attribute::new(
        attr::SIZE,
        Type::Int(1, 65_536),
        "GiB. It grows in place, and never shrinks.",
    )
    .absent("that of the snapshot")
    .auto()
    .unfelt(),
    Attribute::new(
        attr::VOLUME_TYPE,
        Type::Choice(&["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"]),
        "EC2's volume type.",
    )
    .unfelt()
    .default(|| "gp2".into()),
    Attribute::new(
        attr::IOPS,
        Type::Int(100, 256_000),
        "I/O operations a second. Required for io1 and io2; gp3 has 3,000 without; the others have none to choose.",
    )
    .unfelt(),
    Attribute::new(
        attr::THROUGHPUT,
        Type::Int(125, 2_000),
        "MiB/s, of gp3 alone, which has 125 without.",
    )
    .unfelt(),
    Attribute::new(attr::ENCRYPTED, Type::Bool, "Whether it is encrypted.")
        .absent("what the account or the snapshot has")
        .auto()
        .unfelt()
        .replace(ENCRYPTION),
    Attribute::new(
        attr::KMS_KEY_ID,
        Type::Text(&formats::KEY),
        "The KMS key it is encrypted with, by its ARN, or by its id where it is the account's own.",
    )
    .absent("the account's default for EBS")
    .auto()
    .unfelt()
    .replace(ENCRYPTION),
    Attribute::new(
        attr::SNAPSHOT_ID,
        Type::Text(&formats::SNAPSHOT),
        "The snapshot that it is made from.",
    )
    .absent("it is made empty")
    .auto()
    .unfelt()
    .replace("a volume is made from a snapshot once"),
    Attribute::new(
        attr::MULTI_ATTACH_ENABLED,
        Type::Bool,
        "Whether several instances can have it at a time: io1 and io2. Of an io2 volume it changes in place.",
    )
    .unfelt()
    .default(|| false.into()),
    Attribute::new(
        attr::INSTANCE,
        Type::Ref(Kind::Instance, Follow::Id),
        "The instance it is attached to, one in its zone.",
    )
    .absent("none")
    .disrupts(detaches)
    .unfelt(),
    Attribute::new(
        attr::DEVICE_NAME,
        Type::Text(&formats::DEVICE),
        "What EC2 calls it there, such as `/dev/sdf`. Required with `instance`; what the system calls it may be another name.",
    )
    .absent("none")
    .auto()
    .when_seen()
    .disrupts(detaches)
    .unfelt(),
];

/// What is taken from an instance cannot be read there from then on.
fn detaches(before: Option<&Value>, _after: Option<&Value>) -> Disruption {
    if before.is_some() {
        Disruption::Outage
    } else {
        Disruption::None
    }
}
