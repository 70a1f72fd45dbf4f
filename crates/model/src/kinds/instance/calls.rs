//! The calls that change an instance: in place, or between a stop and a start.

use super::action;
use crate::action::ApiAction;
use crate::call::Call;
use crate::rules::Update;
use crate::value::{Record, Value};

/// What RunInstances itself takes.
pub(super) const AT_LAUNCH: [&str; 14] = [
    "image",
    "instance_type",
    "subnet",
    "security_groups",
    "key_pair",
    "associate_public_ip_address",
    "private_ip_address",
    "user_data",
    "iam_instance_profile",
    "monitoring",
    "disable_api_termination",
    "metadata_options",
    "ebs_optimized",
    "root_volume",
];

/// EC2 changes one attribute a call.
const STOPPED: [&str; 3] = ["instance_type", "user_data", "ebs_optimized"];

pub(super) fn update(update: &Update<'_>) -> Vec<Call> {
    let runs = update.before.text("state") == "running";
    let wanted = update.after.text("state") == "running";
    let stopped: Vec<Call> = STOPPED
        .iter()
        .filter_map(|name| update.set(name, action::MODIFY_ATTRIBUTE))
        .collect();
    let state = |state: &str| Record::new().with("state", state);
    let stop = || action::STOP.setting(state("stopped")).unsetting(state("running"));
    let start = || {
        action::START
            .setting(state("running"))
            .unsetting(state("stopped"))
    };

    let mut calls = in_place(update);
    let needs_stop = !stopped.is_empty();
    if runs && (needs_stop || !wanted) {
        calls.push(stop());
    }
    calls.extend(stopped);
    if wanted && (needs_stop || !runs) {
        calls.push(start());
    }
    calls
}

/// Whether a call neither stops or starts the instance nor waits for it to stand.
pub(super) fn is_in_place(call: &Call) -> bool {
    let mut names = call.sets.iter().chain(call.unsets.iter()).map(|(name, _)| name);
    names.all(|name| name != "state" && !STOPPED.contains(&name))
}

/// Whether a call is about the address that the instance is reached by from outside: of two, the first
/// decides what the second meets.
pub(super) fn is_about_public_address(call: &Call) -> bool {
    ["associate_public_ip_address", "elastic_ip"]
        .iter()
        .any(|name| call.sets.get(name).is_some() || call.unsets.get(name).is_some())
}

/// Whether a call is about tags, or about who may read them: some tags are legal only while the instance may
/// not.
pub(super) fn is_about_tags(call: &Call) -> bool {
    ["tags", "metadata_options"]
        .iter()
        .any(|name| call.sets.get(name).is_some() || call.unsets.get(name).is_some())
}

fn in_place(update: &Update<'_>) -> Vec<Call> {
    let mut calls = Vec::new();
    calls.extend(update.set("security_groups", action::MODIFY_INTERFACE));
    // Before an Elastic IP address takes the place of the public one.
    calls.extend(update.set("associate_public_ip_address", action::MODIFY_INTERFACE));
    calls.extend(update.set("source_dest_check", action::MODIFY_ATTRIBUTE));
    calls.extend(update.set("disable_api_termination", action::MODIFY_ATTRIBUTE));
    if update.has("monitoring") {
        let on = update.after.get("monitoring") == Some(&Value::Bool(true));
        calls.extend(update.set("monitoring", if on { action::MONITOR } else { action::UNMONITOR }));
    }
    calls.extend(update.set("metadata_options", action::MODIFY_METADATA_OPTIONS));
    calls.extend(update.attach(
        "iam_instance_profile",
        action::ASSOCIATE_PROFILE,
        Some(action::REPLACE_PROFILE),
        action::DISASSOCIATE_PROFILE,
    ));
    calls.extend(update.attach(
        "elastic_ip",
        action::ASSOCIATE_ADDRESS,
        None,
        action::DISASSOCIATE_ADDRESS,
    ));
    calls.extend(root_volume(update));
    calls
}

/// The volume itself is one call, and whether it goes with the instance another: that belongs to the
/// attachment.
fn root_volume(update: &Update<'_>) -> Vec<Call> {
    if !update.has("root_volume") {
        return Vec::new();
    }
    let fields = |record: &Record| {
        record
            .get("root_volume")
            .and_then(Value::as_map)
            .cloned()
            .unwrap_or_default()
    };
    let (before, after) = (fields(update.before), fields(update.after));
    let differs = |names: &[&str]| {
        names
            .iter()
            .any(|name| after.get(name).is_some() && after.get(name) != before.get(name))
    };
    let call = |action: ApiAction, names: &[&str]| {
        action
            .setting(Record::new().with("root_volume", after.only(names)))
            .unsetting(Record::new().with("root_volume", before.only(names)))
    };
    const VOLUME: [&str; 4] = ["size", "type", "iops", "throughput"];
    let mut calls = Vec::new();
    if differs(&VOLUME) {
        calls.push(call(action::MODIFY_VOLUME, &VOLUME));
    }
    if differs(&["delete_on_termination"]) {
        calls.push(call(action::MODIFY_ATTRIBUTE, &["delete_on_termination"]));
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Effect;

    #[test]
    fn what_the_table_says_needs_a_stop_is_changed_between_stop_and_start() {
        for attribute in crate::Kind::Instance.schema().attributes {
            let stops = attribute.effect(None, None) == Effect::Stop;
            assert_eq!(STOPPED.contains(&attribute.name), stops, "{}", attribute.name);
        }
    }

    #[test]
    fn a_public_address_comes_and_goes_without_a_stop() {
        let with = |on: bool| {
            Record::new()
                .with("state", "running")
                .with("associate_public_ip_address", on)
        };
        for on in [true, false] {
            let calls = update(&Update::new(crate::Kind::Instance, &with(!on), &with(on), false));
            let actions: Vec<ApiAction> = calls.iter().map(|call| call.action).collect();
            assert_eq!(actions, [action::MODIFY_INTERFACE]);
        }
    }

    #[test]
    fn a_type_change_stops_changes_and_starts() {
        let before = Record::new()
            .with("state", "running")
            .with("instance_type", "t2.micro");
        let after = Record::new()
            .with("state", "running")
            .with("instance_type", "t3.micro");
        let calls = update(&Update::new(crate::Kind::Instance, &before, &after, false));
        let actions: Vec<ApiAction> = calls.iter().map(|call| call.action).collect();
        assert_eq!(actions, [action::STOP, action::MODIFY_ATTRIBUTE, action::START]);
    }
}
