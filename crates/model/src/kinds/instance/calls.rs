//! The calls that change an instance: in place, or between a stop and a start.

use super::action;
use super::{attr, ipv6};
use crate::action::ApiAction;
use crate::attr::TAGS;
use crate::call::Call;
use crate::rules::Update;
use crate::value::Record;

/// What RunInstances itself takes.
pub(super) const AT_LAUNCH: [&str; 16] = [
    attr::IMAGE.name,
    attr::INSTANCE_TYPE.name,
    attr::SUBNET.name,
    attr::SECURITY_GROUPS.name,
    attr::KEY_PAIR.name,
    attr::ASSOCIATE_PUBLIC_IP_ADDRESS.name,
    attr::PRIVATE_IP_ADDRESS.name,
    attr::IPV6_ADDRESS_COUNT.name,
    attr::IPV6_ADDRESSES.name,
    attr::USER_DATA.name,
    attr::IAM_INSTANCE_PROFILE.name,
    attr::MONITORING.name,
    attr::DISABLE_API_TERMINATION.name,
    attr::METADATA_OPTIONS.name,
    attr::EBS_OPTIMIZED.name,
    attr::ROOT_VOLUME.name,
];

/// EC2 changes one attribute a call.
const STOPPED: [&str; 3] = [
    attr::INSTANCE_TYPE.name,
    attr::USER_DATA.name,
    attr::EBS_OPTIMIZED.name,
];

pub(super) fn update(update: &Update<'_>) -> Vec<Call> {
    let runs = update.before.text(attr::STATE) == "running";
    let wanted = update.after.text(attr::STATE) == "running";
    let stopped: Vec<Call> = STOPPED
        .iter()
        .filter_map(|name| update.set(name, action::MODIFY_ATTRIBUTE))
        .collect();
    let state = |state: &str| Record::new().with(attr::STATE, state);
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
    names.all(|name| name != attr::STATE.name && !STOPPED.contains(&name))
}

/// Whether a call is about the address that the instance is reached by from outside: of two, the first
/// decides what the second meets.
pub(super) fn is_about_public_address(call: &Call) -> bool {
    [attr::ASSOCIATE_PUBLIC_IP_ADDRESS.name, attr::ELASTIC_IP.name]
        .iter()
        .any(|name| call.sets.has(name) || call.unsets.has(name))
}

/// Whether a call is about tags, or about who may read them: some tags are legal only while the instance may
/// not.
pub(super) fn is_about_tags(call: &Call) -> bool {
    [TAGS.name, attr::METADATA_OPTIONS.name]
        .iter()
        .any(|name| call.sets.has(name) || call.unsets.has(name))
}

fn in_place(update: &Update<'_>) -> Vec<Call> {
    let mut calls = Vec::new();
    calls.extend(update.set(attr::SECURITY_GROUPS, action::MODIFY_INTERFACE));
    // Before an Elastic IP address takes the place of the public one.
    calls.extend(update.set(attr::ASSOCIATE_PUBLIC_IP_ADDRESS, action::MODIFY_INTERFACE));
    calls.extend(ipv6::update(update));
    calls.extend(update.set(attr::SOURCE_DEST_CHECK, action::MODIFY_ATTRIBUTE));
    calls.extend(update.set(attr::DISABLE_API_TERMINATION, action::MODIFY_ATTRIBUTE));
    if update.has(attr::MONITORING) {
        let on = update.after.get(attr::MONITORING) == Some(true);
        calls.extend(update.set(
            attr::MONITORING,
            if on { action::MONITOR } else { action::UNMONITOR },
        ));
    }
    calls.extend(update.set(attr::METADATA_OPTIONS, action::MODIFY_METADATA_OPTIONS));
    calls.extend(update.attach(
        attr::IAM_INSTANCE_PROFILE,
        action::ASSOCIATE_PROFILE,
        Some(action::REPLACE_PROFILE),
        action::DISASSOCIATE_PROFILE,
    ));
    calls.extend(update.attach(
        attr::ELASTIC_IP,
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
    if !update.has(attr::ROOT_VOLUME) {
        return Vec::new();
    }
    let fields = |record: &Record| record.get(attr::ROOT_VOLUME).cloned().unwrap_or_default();
    let (before, after) = (fields(update.before), fields(update.after));
    let differs = |names: &[&str]| {
        names
            .iter()
            .any(|name| after.has(name) && after.value(name) != before.value(name))
    };
    let call = |action: ApiAction, names: &[&str]| {
        action
            .setting(Record::new().with(attr::ROOT_VOLUME, after.only(names)))
            .unsetting(Record::new().with(attr::ROOT_VOLUME, before.only(names)))
    };
    const VOLUME: [&str; 4] = [
        attr::SIZE.name,
        attr::TYPE.name,
        attr::IOPS.name,
        attr::THROUGHPUT.name,
    ];
    let mut calls = Vec::new();
    if differs(&VOLUME) {
        calls.push(call(action::MODIFY_VOLUME, &VOLUME));
    }
    const GOES: [&str; 1] = [attr::DELETE_ON_TERMINATION.name];
    if differs(&GOES) {
        calls.push(call(action::MODIFY_ATTRIBUTE, &GOES));
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
                .with(attr::STATE, "running")
                .with(attr::ASSOCIATE_PUBLIC_IP_ADDRESS, on)
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
            .with(attr::STATE, "running")
            .with(attr::INSTANCE_TYPE, "t2.micro");
        let after = Record::new()
            .with(attr::STATE, "running")
            .with(attr::INSTANCE_TYPE, "t3.micro");
        let calls = update(&Update::new(crate::Kind::Instance, &before, &after, false));
        let actions: Vec<ApiAction> = calls.iter().map(|call| call.action).collect();
        assert_eq!(actions, [action::STOP, action::MODIFY_ATTRIBUTE, action::START]);
    }
}
