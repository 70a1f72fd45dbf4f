//! What about an instance takes calls of its own: read only where a spec speaks of it.

use std::collections::HashMap;

use aws_sdk_ec2::types::{InstanceAttributeName, Volume};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use trueup_model::kinds::instance::attr;
use trueup_model::{Attr, Object, Record, Scope, Value};

use super::fact;
use crate::answer::told;
use crate::call::CallContext;
use crate::failure::Failure;
use crate::kinds::side_by_side;
use crate::read::pages;
use crate::{Ec2, filter};

/// Why nothing is known of an instance's root volume.
fn without_volume(object: &Object) -> String {
    let (device, volume) = (
        object.facts.text(fact::ROOT_DEVICE),
        object.facts.text(fact::ROOT_VOLUME_ID),
    );
    match (device, volume) {
        ("", _) => "EC2 did not say its `rootDeviceName`".to_owned(),
        (device, "") => format!("EC2 shows no volume at {device}, its root device"),
        (_, volume) => format!("EC2 did not show {volume}, its root volume"),
    }
}

/// What the spec declares of each instance of ours, or did once, and costs calls.
pub async fn enrich(ec2: &Ec2, scope: &Scope, instances: &mut [Object]) -> Result<(), Failure> {
    let with_volume = instances
        .iter_mut()
        .filter(|object| scope.declares(object, ROOT_VOLUME.name))
        .collect();
    root_volumes(ec2, with_volume).await?;
    let reads = instances.iter_mut().filter_map(|object| {
        let user_data = [attr::USER_DATA.name, attr::USER_DATA_FILE.name]
            .iter()
            .any(|name| scope.declares(object, name));
        let asked = object.is_of(&scope.topology)
            && object
                .owner
                .as_ref()
                .is_some_and(|owner| owner.read.contains(attr::DISABLE_API_TERMINATION.name));
        let termination = asked || scope.declares(object, attr::DISABLE_API_TERMINATION.name);
        (user_data || termination).then(|| attributes(ec2, object, user_data, termination))
    });
    side_by_side(reads).await
}

/// Reads the root volumes of these instances, many in one call.
async fn root_volumes(ec2: &Ec2, mut objects: Vec<&mut Object>) -> Result<(), Failure> {
    let ids: Vec<String> = objects
        .iter()
        .map(|object| object.facts.text(fact::ROOT_VOLUME_ID).to_owned())
        .filter(|id| !id.is_empty())
        .collect();
    let mut volumes: HashMap<String, Volume> = HashMap::new();
    for ids in ids.chunks(filter::VALUES_MAX) {
        let request = ec2
            .client
            .describe_volumes()
            .filters(filter::of("volume-id", ids));
        pages!(ec2, "DescribeVolumes", request, volumes, |volume: Volume| {
            volumes.insert(volume.volume_id.clone().unwrap_or_default(), volume);
            Ok::<_, Failure>(())
        });
    }
    for object in &mut objects {
        let Some(volume) = volumes.get(object.facts.text(fact::ROOT_VOLUME_ID)) else {
            object.unread.insert(ROOT_VOLUME.into(), without_volume(object));
            continue;
        };
        let deleted = object.facts.get(fact::ROOT_VOLUME_GOES);
        object
            .facts
            .set_option(fact::ROOT_VOLUME_SIZE, volume.size.map(i64::from));
        let always = [
            ("size", volume.size.is_some()),
            ("volumeType", volume.volume_type.is_some()),
            ("encrypted", volume.encrypted.is_some()),
            ("deleteOnTermination", deleted.is_some()),
        ];
        match always.iter().find(|(_, said)| !said) {
            Some((element, _)) => told(object, ROOT_VOLUME, element, None::<Record>),
            None => told(object, ROOT_VOLUME, "volume", Some(root_volume(volume, deleted))),
        }
    }
    Ok(())
}

const ROOT_VOLUME: Attr<Record> = attr::ROOT_VOLUME;

fn root_volume(volume: &Volume, deleted: Option<bool>) -> Record {
    let gp3 = volume.volume_type().is_some_and(|ty| ty.as_str() == "gp3");
    let mut record = Record::new();
    record.set_option(attr::SIZE, volume.size.map(i64::from));
    record.set_option(attr::TYPE, volume.volume_type().map(|ty| ty.as_str()));
    // What gp3 has when nobody asks for more.
    record.set_option(attr::IOPS, volume.iops.map(i64::from).or(gp3.then_some(3000)));
    record.set_option(
        attr::THROUGHPUT,
        volume.throughput.map(i64::from).or(gp3.then_some(125)),
    );
    record.set_option(attr::ENCRYPTED, volume.encrypted);
    record.set_option(attr::DELETE_ON_TERMINATION, deleted);
    record
}

/// Reads those attributes of an instance that only `DescribeInstanceAttribute` tells: one call for each.
async fn attributes(
    ec2: &Ec2,
    object: &mut Object,
    user_data: bool,
    termination: bool,
) -> Result<(), Failure> {
    const ACTION: &str = "DescribeInstanceAttribute";
    let ask = |attribute: InstanceAttributeName| {
        let request = ec2
            .client
            .describe_instance_attribute()
            .instance_id(&object.id)
            .attribute(attribute);
        async move {
            ec2.caller
                .call(&CallContext::read(ACTION), ACTION, request, |request| {
                    request.send()
                })
                .await
        }
    };
    let user_data = if user_data {
        Some(ask(InstanceAttributeName::UserData).await?)
    } else {
        None
    };
    let termination = if termination {
        Some(ask(InstanceAttributeName::DisableApiTermination).await?)
    } else {
        None
    };
    // An answer about another instance is none about this one.
    let of_it = |id: &Option<String>| id.as_ref() == Some(&object.id);
    let user_data = user_data.map(|answer| answer.user_data.filter(|_| of_it(&answer.instance_id)));
    let termination = termination.map(|answer| {
        answer
            .disable_api_termination
            .filter(|_| of_it(&answer.instance_id))
    });
    if let Some(value) = user_data {
        // An element without a value is how EC2 says that there is none; one with an empty value it does not
        // send.
        let text = value.and_then(|value| value.value.map_or_else(|| Some("".into()), |text| decoded(&text)));
        told(object, attr::USER_DATA, "userData", text);
    }
    if let Some(value) = termination {
        told(
            object,
            attr::DISABLE_API_TERMINATION,
            "disableApiTermination",
            value.and_then(|value| value.value),
        );
    }
    Ok(())
}

/// User data comes in base64, and is not empty.
fn decoded(encoded: &str) -> Option<Value> {
    let compact: String = encoded.split_ascii_whitespace().collect();
    STANDARD
        .decode(&compact)
        .ok()
        .filter(|bytes| !bytes.is_empty())
        .map(Value::data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::VolumeType;

    #[test]
    fn a_volume_is_told_in_the_words_of_a_spec() {
        let volume = Volume::builder()
            .volume_id("vol-1")
            .size(20)
            .volume_type(VolumeType::Gp3)
            .iops(4000)
            .encrypted(false)
            .build();
        let record = root_volume(&volume, Some(true));
        assert_eq!(
            record.to_string(),
            "{delete_on_termination: true, encrypted: false, iops: 4000, size: 20, throughput: 125, type: gp3}"
        );
    }

    #[test]
    fn user_data_is_decoded() {
        assert_eq!(decoded("IyEvYmluL3No"), Some("#!/bin/sh".into()));
        assert_eq!(decoded("IyEv\nYmlu\nL3No"), Some("#!/bin/sh".into()));
        assert_eq!(
            decoded("H4sI/w=="),
            Some(Value::Bytes(vec![0x1f, 0x8b, 0x08, 0xff]))
        );
        // What was cut off or is no base64 is unknown.
        assert_eq!(
            [decoded(""), decoded("IyEvYmluL3N"), decoded("#!/bin/sh")],
            [None, None, None]
        );
    }
}
