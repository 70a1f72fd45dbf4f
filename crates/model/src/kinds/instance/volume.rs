//! What EC2 allows of a root volume.

use super::attr;
use crate::kinds::volume::limits::{self, Asked, Part, SIZE_OF_ALL};
use crate::rules::Context;
use crate::value::Record;

/// Takes out what asks for nothing, and tells what EC2 would refuse.
pub(super) fn normalise(record: &mut Record, context: &mut Context<'_>) {
    let Some(volume) = record.get(attr::ROOT_VOLUME).cloned() else {
        return;
    };
    if volume.iter().next().is_none() {
        record.remove(attr::ROOT_VOLUME);
        return;
    }
    let asked = Asked {
        size: volume.get(attr::SIZE),
        iops: volume.get(attr::IOPS),
        throughput: volume.get(attr::THROUGHPUT),
    };
    let mut problem = |name: &str, message: String, help: String| {
        context.problem(format!("root_volume.{name}"), "root-volume", message, help);
    };
    let Some(limits) = limits::of(volume.text(attr::TYPE)) else {
        let needs_type = [
            ("iops", asked.iops.is_some()),
            ("throughput", asked.throughput.is_some()),
            ("size", asked.size > Some(SIZE_OF_ALL)),
        ];
        if let Some((name, _)) = needs_type.into_iter().find(|(_, given)| *given) {
            let message =
                format!("this `{name}` is not possible with every volume type, and the image may have any");
            problem(name, message, "give `type` as well".to_owned());
        }
        return;
    };
    limits.check(asked, &mut |part, message, help| {
        let name = match part {
            Part::Size => attr::SIZE.name,
            Part::Type => attr::TYPE.name,
            Part::Iops => attr::IOPS.name,
            Part::Throughput => attr::THROUGHPUT.name,
        };
        problem(name, message, help);
    });
}
