//! IPv6 addresses of instances: so many of EC2's choice, or certain ones, all of them of the subnet's range.
//!
//! What is live has both attributes, and a spec says one of them or none. A call that changes them says with the
//! addresses how many there are then, and which subnet they are of: that is where an address is free or taken.

use std::net::Ipv6Addr;

use ipnet::Ipv6Net;

use super::{action, attr};
use crate::attr::SUBNET;
use crate::call::{Call, Claim, Exclusive};
use crate::diagnostic::Diagnostic;
use crate::ipv6;
use crate::kinds::subnet;
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::rules::{After, Context, Home, Update, View};
use crate::stake::Loss;
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};

/// Open connections to an address break with it.
pub(super) fn breaks(before: Option<&Value>, after: Option<&Value>) -> Disruption {
    let left = after.map_or(&[][..], Value::as_list);
    let goes = before.map_or(&[][..], Value::as_list).iter();
    if goes.into_iter().any(|address| !left.contains(address)) {
        Disruption::Reset
    } else {
        Disruption::None
    }
}

/// They are counted or listed.
pub(super) fn normalise(record: &Record, context: &mut Context<'_>) {
    if record.has(attr::IPV6_ADDRESSES) && record.has(attr::IPV6_ADDRESS_COUNT) {
        context.problem(
            attr::IPV6_ADDRESS_COUNT,
            "ipv6-addresses",
            "the IPv6 addresses are listed, and counted as well",
            "keep `ipv6_addresses` or `ipv6_address_count`, not both",
        );
    }
}

/// The attribute by which a record asks for addresses, where it does.
fn asked(record: &Record) -> Option<&'static str> {
    if !record.list(attr::IPV6_ADDRESSES).is_empty() {
        return Some(attr::IPV6_ADDRESSES.name);
    }
    (record.get(attr::IPV6_ADDRESS_COUNT) > Some(0)).then_some(attr::IPV6_ADDRESS_COUNT.name)
}

/// Addresses are of the subnet's range, as far as that is written.
pub(super) fn check(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let Some(asked) = asked(&resource.record) else {
        return;
    };
    let Some(subnet) = topology.follow(resource.record.get(SUBNET)) else {
        return;
    };
    let text = subnet.record.text(ipv6::BLOCK);
    if text.is_empty() {
        let address = &subnet.address;
        out.push(
            Diagnostic::error(
                "ipv6-address-without-range",
                format!(
                    "{} has IPv6 addresses, and {address} no IPv6 range",
                    resource.address
                ),
            )
            .at(resource.place(asked), "there is no range to take them from")
            .at(subnet.place.clone(), "has no `ipv6_cidr_block`")
            .help(format!(
                "give {address} an `ipv6_cidr_block`, or leave `{asked}` out"
            )),
        );
        return;
    }
    for address in addresses(resource.record.list(attr::IPV6_ADDRESSES)) {
        // Of a range that Amazon chooses nobody knows beforehand where it begins, but which of its /64s it is.
        let meant = |home: Ipv6Net| ipv6::numbered(text, &home.trunc().to_string())?.parse().ok();
        let by_number = || Ipv6Net::new(address, 56).ok().and_then(meant);
        let Some(range) = text.parse::<Ipv6Net>().ok().or_else(by_number) else {
            continue;
        };
        let called = if ipv6::is_open(text) {
            format!("the /64 number {text}")
        } else {
            text.to_owned()
        };
        // EC2 keeps the first four and the last, as of an IPv4 range.
        let first = u128::from(range.network());
        let is_kept = (first..first + 4).contains(&u128::from(address)) || address == range.broadcast();
        let why = match range.contains(&address) {
            true if !is_kept => continue,
            true => "is one of the five that EC2 keeps in",
            false => "is outside",
        };
        out.push(
            Diagnostic::error(
                "address-outside-subnet",
                format!("{address} {why} {} ({called})", subnet.address),
            )
            .at(resource.place(attr::IPV6_ADDRESSES), "EC2 refuses this address")
            .at(subnet.place(ipv6::BLOCK), "the subnet's IPv6 range")
            .help("choose an address of the subnet other than its first four and its last"),
        );
    }
}

fn addresses(list: &[Value]) -> impl Iterator<Item = Ipv6Addr> {
    list.iter().filter_map(|address| address.as_text()?.parse().ok())
}

static ADDRESS: Exclusive = Exclusive {
    attribute: attr::IPV6_ADDRESSES.name,
    code: "address-twice",
    help: "give one of them another address, or let EC2 choose",
};

/// What certain addresses take. Of EC2's choice no other one is feared: there are more than can be drawn twice.
pub(super) fn claims(sets: &Record) -> Vec<Claim> {
    let Some(subnet) = sets.get(SUBNET) else {
        return Vec::new();
    };
    let claim = |address: &str| {
        let space = format!("IPv6 addresses in {subnet}");
        Claim::text(&ADDRESS, space, address, format!("{address} in {subnet}"))
    };
    let listed = sets.list(attr::IPV6_ADDRESSES).iter().filter_map(Value::as_text);
    listed.map(claim).collect()
}

/// EC2 keeps a subnet's range while an interface has an address of it. Where the range goes, they go before it
/// does; as many come again as are asked for, or as there were, where another range comes.
pub(super) fn fitted(resource: &Resource, object: Option<&Object>, home: Option<Home<'_>>) -> Option<Record> {
    let (object, home) = (object?, home?);
    if resource.record.has(attr::IPV6_ADDRESSES) || !object.record.has(attr::IPV6_ADDRESSES) {
        return None;
    }
    let has = object.record.list(attr::IPV6_ADDRESSES);
    let going = subnet::ranges_that_go(home);
    let comes = home.has_ipv6();
    let goes = |address: &Ipv6Addr| going.iter().any(|range| range.contains(address));
    let staying: Vec<&Value> = has
        .iter()
        .filter(|one| !addresses(std::slice::from_ref(*one)).any(|address| goes(&address)))
        .collect();
    let left_to_ec2 = if comes { has.len() } else { staying.len() };
    let wanted = resource.record.get(attr::IPV6_ADDRESS_COUNT);
    let count = wanted
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(left_to_ec2);
    let kept: Vec<Value> = staying.into_iter().take(count).cloned().collect();
    (kept.len() < has.len()).then(|| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let record = resource.record.clone().with(attr::IPV6_ADDRESSES, kept);
        record.with(attr::IPV6_ADDRESS_COUNT, count)
    })
}

/// What an update takes away, and what it brings: certain ones, and how many there are in the end.
struct Difference<'a> {
    gone: Vec<&'a Value>,
    new: Vec<&'a Value>,
    kept: usize,
    count: usize,
}

fn difference<'a>(update: &Update<'a>) -> Difference<'a> {
    let (before, after) = (
        update.before.list(attr::IPV6_ADDRESSES),
        update.after.list(attr::IPV6_ADDRESSES),
    );
    let is_listed = update.has(attr::IPV6_ADDRESSES);
    let gone: Vec<&Value> = before
        .iter()
        .filter(|one| is_listed && !after.contains(one))
        .collect();
    let new: Vec<&Value> = after
        .iter()
        .filter(|one| is_listed && !before.contains(one))
        .collect();
    let had = update.before.get(attr::IPV6_ADDRESS_COUNT);
    let had = had
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(before.len());
    let kept = had.saturating_sub(gone.len());
    let is_asked = is_listed || update.has(attr::IPV6_ADDRESS_COUNT);
    let asked = update.after.get(attr::IPV6_ADDRESS_COUNT).filter(|_| is_asked);
    let count = asked.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    Difference {
        count: count.max(kept + new.len()),
        gone,
        new,
        kept,
    }
}

/// The calls that take addresses away, and then those that bring others.
pub(super) fn update(update: &Update<'_>) -> Vec<Call> {
    let Difference {
        gone,
        new,
        kept,
        count,
    } = difference(update);
    let before = kept + gone.len();
    let of_them = |count: usize, list: &[&Value]| {
        let subnet = update.after.only(&[SUBNET.name]);
        let record = subnet.with(attr::IPV6_ADDRESS_COUNT, i64::try_from(count).unwrap_or(i64::MAX));
        match list {
            [] => record,
            list => record.with(
                attr::IPV6_ADDRESSES,
                list.iter().map(|&one| one.clone()).collect::<Vec<_>>(),
            ),
        }
    };
    let mut calls = Vec::new();
    if !gone.is_empty() {
        calls.push(
            action::UNASSIGN_IPV6
                .setting(of_them(kept, &[]))
                .unsetting(of_them(before, &gone)),
        );
    }
    if !new.is_empty() {
        let all = kept + new.len();
        calls.push(
            action::ASSIGN_IPV6
                .setting(of_them(all, &new))
                .unsetting(of_them(kept, &[])),
        );
    }
    if count > kept + new.len() {
        let sets = of_them(count, &[]);
        calls.push(
            action::ASSIGN_IPV6
                .setting(sets)
                .unsetting(of_them(kept + new.len(), &[])),
        );
    }
    calls
}

/// Addresses come only when the range has.
pub(super) fn after(call: &Call, record: &Record, view: &View<'_>) -> Option<After> {
    let is_asked =
        call.action == action::ASSIGN_IPV6 || (call.action == action::RUN && asked(&call.sets).is_some());
    let address = record.get(SUBNET)?.address().filter(|_| is_asked)?;
    let live = view.live.get(view.holders.get(address)?)?;
    let changes = view.wanted.get(address)?.text(ipv6::BLOCK) != live.record.text(ipv6::BLOCK);
    changes.then(|| After::Ready(address.clone()))
}

/// How many addresses come that EC2 chooses.
pub(super) fn assigned(before: &Record, after: &Record) -> Option<Note> {
    let count = usize::try_from(after.get(attr::IPV6_ADDRESS_COUNT)?).ok()?;
    let kept = after
        .get(attr::IPV6_ADDRESSES)
        .unwrap_or(before.list(attr::IPV6_ADDRESSES));
    let assigned = count.saturating_sub(kept.len());
    (assigned > 0).then_some(Note::AddressesAssigned(assigned))
}

/// What goes with an object.
pub(super) fn losses(object: &Object) -> impl Iterator<Item = Loss> {
    object.record.list(attr::IPV6_ADDRESSES).iter().filter_map(lost)
}

/// What an update takes away.
pub(super) fn losses_by_update(update: &Update<'_>) -> Vec<Loss> {
    difference(update).gone.into_iter().filter_map(lost).collect()
}

fn lost(address: &Value) -> Option<Loss> {
    let address = address.as_text()?.to_owned();
    Some(Loss::Ipv6Address { address })
}
