//! `instance`: a virtual machine in a subnet.

mod calls;
mod ipv6;
mod table;
mod volume;

pub use table::attr;

use serde::{Deserialize, Serialize};

use crate::action::{ApiAction, actions};
use crate::attr::{Attr, TAGS};
use crate::call::{Call, Claim};
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::{elastic_ip, internet_gateway, subnet};
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::room::Lists;
use crate::rules::{After, Context, Home, Rules, Update, View, are_apart};
use crate::schema::Effect;
use crate::stake::Loss;
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};
use crate::{Address, Kind, Ref, Sought, Zone, fact, tags};

/// An instance. What is `None` was not declared, or cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table, documented there"
)]
pub struct Instance {
    pub image: String,
    pub instance_type: String,
    pub subnet: Ref,
    pub security_groups: Vec<Ref>,
    pub key_pair: Option<Ref>,
    pub associate_public_ip_address: Option<bool>,
    pub elastic_ip: Option<Ref>,
    pub private_ip_address: Option<String>,
    pub ipv6_address_count: Option<i64>,
    pub ipv6_addresses: Option<Vec<String>>,
    pub user_data: Option<String>,
    pub iam_instance_profile: Option<String>,
    pub source_dest_check: bool,
    pub monitoring: bool,
    pub disable_api_termination: Option<bool>,
    pub metadata_options: Option<MetadataOptions>,
    pub ebs_optimized: Option<bool>,
    pub root_volume: Option<RootVolume>,
    pub state: String,
}

/// How an instance reads its own metadata (EC2's `InstanceMetadataOptionsRequest`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table, documented there"
)]
pub struct MetadataOptions {
    pub http_endpoint: Option<String>,
    pub http_tokens: Option<String>,
    pub http_put_response_hop_limit: Option<i64>,
    pub instance_metadata_tags: Option<String>,
}

/// The volume that an instance boots from: sizes in GiB, throughput in MiB/s.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table, documented there"
)]
pub struct RootVolume {
    pub size: Option<i64>,
    #[serde(rename = "type")]
    pub volume_type: Option<String>,
    pub iops: Option<i64>,
    pub throughput: Option<i64>,
    pub encrypted: Option<bool>,
    pub delete_on_termination: Option<bool>,
}

impl Typed for Instance {
    const KIND: Kind = Kind::Instance;
}

actions! {
    RUN = create "RunInstances" under_token;
    START = modify "StartInstances";
    STOP = modify "StopInstances";
    MODIFY_ATTRIBUTE = modify "ModifyInstanceAttribute";
    MODIFY_METADATA_OPTIONS = modify "ModifyInstanceMetadataOptions";
    MODIFY_INTERFACE = modify "ModifyNetworkInterfaceAttribute";
    ASSIGN_IPV6 = modify "AssignIpv6Addresses";
    UNASSIGN_IPV6 = modify "UnassignIpv6Addresses";
    MODIFY_VOLUME = modify "ModifyVolume";
    MONITOR = modify "MonitorInstances";
    UNMONITOR = modify "UnmonitorInstances";
    ASSOCIATE_PROFILE = modify "AssociateIamInstanceProfile";
    REPLACE_PROFILE = modify "ReplaceIamInstanceProfileAssociation";
    DISASSOCIATE_PROFILE = modify "DisassociateIamInstanceProfile";
    ASSOCIATE_ADDRESS = modify "AssociateAddress";
    DISASSOCIATE_ADDRESS = modify "DisassociateAddress";
    TERMINATE = delete "TerminateInstances";
}

/// What is waited for.
pub mod wait {
    use crate::Waiter;

    /// It runs.
    pub const RUNNING: Waiter = Waiter::until("running", 15).soonest(10);

    /// It stands.
    pub const STOPPED: Waiter = Waiter::until("stopped", 15).soonest(10);

    /// It has given up its addresses and its interface.
    pub const TERMINATED: Waiter = Waiter::until_gone("terminated", 20).soonest(20);

    /// Its root volume has its new size, and EC2 moves what is on it.
    pub const VOLUME_OPTIMIZING: Waiter = crate::kinds::volume::wait::OPTIMIZING;

    /// Its interface has a public address.
    pub const INTERFACE_PUBLIC: Waiter = Waiter::until("public", 15);

    /// Its interface has none.
    pub const INTERFACE_PRIVATE: Waiter = Waiter::until("private", 15);
}

/// All that an instance is.
pub static DEF: KindDef = KindDef {
    schema: &table::SCHEMA,
    rules: &InstanceRules,
    actions: action::ALL,
    tags_outlive: true,
    is_always_read: true,
};

/// What an instance is.
#[derive(Debug)]
struct InstanceRules;

const USER_DATA_BYTES_MAX: usize = 16 * 1024;

impl Rules for InstanceRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        if let Some(path) = record.remove(attr::USER_DATA_FILE) {
            let path = path.as_text().unwrap_or_default().to_owned();
            if record.has(attr::USER_DATA) {
                context.problem(
                    "user_data_file",
                    "user-data",
                    "the user data is given twice",
                    "keep `user_data` or `user_data_file`, not both",
                );
            }
            match context.files.bytes(&path) {
                Ok(bytes) => record.set(attr::USER_DATA, Value::data(bytes)),
                Err(why) => {
                    context.problem("user_data_file", "user-data", why, "name a file that can be read");
                }
            }
        }
        volume::normalise(record, context);
        ipv6::normalise(record, context);
        check_metadata_options(record, context);
        check_optimized(record, context);
        let length = record
            .get(attr::USER_DATA)
            .and_then(Value::as_bytes)
            .map_or(0, <[u8]>::len);
        if length > USER_DATA_BYTES_MAX {
            let message = format!("the user data has {length} bytes, and EC2 takes {USER_DATA_BYTES_MAX}");
            context.problem(
                "user_data",
                "user-data",
                message,
                "shorten it, or let it fetch the rest",
            );
        }
    }

    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::Instance) {
            check_public(resource, out);
            check_metadata_tags(resource, out);
            check_internet_gateway(resource, topology, out);
            ipv6::check(resource, topology, out);
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::RUN.setting(record.only(&calls::AT_LAUNCH))
    }

    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        calls::update(update)
    }

    fn fitted(&self, resource: &Resource, object: Option<&Object>, home: Option<Home<'_>>) -> Option<Record> {
        ipv6::fitted(resource, object, home)
    }

    fn delete(&self, object: &Object) -> Vec<Call> {
        let mut calls = Vec::new();
        if let Some(name) = self.lifts(object) {
            let off = Record::new().with(name, false);
            calls.push(
                action::MODIFY_ATTRIBUTE
                    .setting(off)
                    .unsetting(object.record.only(&[name])),
            );
        }
        calls.push(action::TERMINATE.unsetting(object.record.clone()));
        calls
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        elastic_ip::use_claim(sets)
            .into_iter()
            .chain(subnet::address_claim(sets))
            .chain(ipv6::claims(sets))
            .collect()
    }

    fn home<'r>(&self, record: &'r Record) -> Option<&'r Ref> {
        record.get(attr::SUBNET)
    }

    fn outside(&self, record: &Record) -> Vec<Sought> {
        let of_type = record.get(attr::INSTANCE_TYPE).map(|name| Sought::InstanceType {
            name: name.to_owned(),
            zone: Zone::Any,
        });
        record
            .get(attr::IMAGE)
            .map(|image| Sought::Object(image.to_owned()))
            .into_iter()
            .chain(of_type)
            .collect()
    }

    fn takes_any(&self, call: &Call) -> Vec<String> {
        if call.action == action::RUN {
            subnet::any_address(&call.sets).into_iter().collect()
        } else {
            Vec::new()
        }
    }

    /// Public addresses work only behind an attached internet gateway, and EC2 refuses to associate one
    /// without. IPv6 addresses are of a range that is there.
    fn after(&self, _address: &Address, call: &Call, record: &Record, view: &View<'_>) -> Vec<After> {
        let range = ipv6::after(call, record, view);
        let given = call.sets.get(attr::ASSOCIATE_PUBLIC_IP_ADDRESS) == Some(true);
        if !given && !matches!(call.action, action::RUN | action::ASSOCIATE_ADDRESS) {
            return range.into_iter().collect();
        }
        let subnet = record.get(attr::SUBNET);
        let serving = internet_gateway::serving(subnet, view)
            .into_iter()
            .cloned()
            .map(After::Ready);
        let leaving = if call.action == action::ASSOCIATE_ADDRESS {
            Vec::new()
        } else {
            internet_gateway::leaving(subnet, view)
        };
        serving.chain(leaving).chain(range).collect()
    }

    /// Hosts of one group, and hosts whose names have the same stem.
    fn peers(&self, address: &Address, record: &Record) -> Vec<String> {
        let groups = record
            .list(attr::SECURITY_GROUPS)
            .iter()
            .map(|group| format!("group {group}"));
        let called = tags::name(record);
        // What EC2 shows by itself is the address's name behind that of the topology.
        let called =
            Some(called).filter(|called| !called.is_empty() && !called.ends_with(address.name.as_str()));
        let stems = [Some(address.name.as_str()), called]
            .into_iter()
            .flatten()
            .map(|name| format!("name {}", stem(name)));
        groups.chain(stems).collect()
    }

    fn is_downtime(&self, calls: &[Call], call: &Call) -> bool {
        const OUT_AND_BACK: [ApiAction; 2] = [action::STOP, action::START];
        // What stays stopped is not waited for.
        OUT_AND_BACK.contains(&call.action)
            && OUT_AND_BACK
                .iter()
                .all(|action| calls.iter().any(|call| call.action == *action))
    }

    /// What a stop is needed for has its place between stop and start.
    fn commute(&self, earlier: &Call, later: &Call) -> bool {
        let calls = [earlier, later];
        let one = |test: fn(&Call) -> bool| calls.into_iter().all(test);
        are_apart(earlier, later)
            && one(calls::is_in_place)
            && !one(calls::is_about_public_address)
            && !one(calls::is_about_tags)
    }

    fn lifts(&self, object: &Object) -> Option<&'static str> {
        const PROTECTION: Attr<bool> = attr::DISABLE_API_TERMINATION;
        (object.record.get(PROTECTION) == Some(true)).then_some(PROTECTION.name)
    }

    fn along(&self, object: &Object) -> Vec<String> {
        let facts = &object.facts;
        let goes = facts.get(fact::ROOT_VOLUME_GOES) == Some(true);
        let volume = goes.then_some(fact::ROOT_VOLUME_ID);
        let all = [fact::NETWORK_INTERFACE].into_iter().chain(volume);
        all.map(|part| facts.text(part).to_owned())
            .filter(|id| !id.is_empty())
            .collect()
    }

    fn losses(&self, object: &Object) -> Vec<Loss> {
        let facts = &object.facts;
        let mut losses = Vec::new();
        if !facts.text(fact::PRIVATE_IP).is_empty() {
            losses.push(Loss::PrivateAddress {
                address: facts.text(fact::PRIVATE_IP).to_owned(),
            });
        }
        losses.extend(public_address(object));
        losses.extend(ipv6::losses(object));
        if facts.get(fact::ROOT_VOLUME_GOES) == Some(true) {
            let gib = facts.get(fact::ROOT_VOLUME_SIZE);
            losses.push(Loss::RootVolume {
                id: facts.text(fact::ROOT_VOLUME_ID).to_owned(),
                gib,
            });
        }
        losses
    }

    /// EC2 gives an instance another public address at each start, and takes the one it gave where it is not
    /// wanted any more or an Elastic IP address takes its place.
    fn losses_by_update(&self, object: &Object, update: &Update<'_>, effect: Effect) -> Vec<Loss> {
        let off = update.has(attr::ASSOCIATE_PUBLIC_IP_ADDRESS)
            && update.after.get(attr::ASSOCIATE_PUBLIC_IP_ADDRESS) == Some(false);
        let loses = effect == Effect::Stop || off || update.has(attr::ELASTIC_IP);
        let public = public_address(object).filter(|_| loses);
        public.into_iter().chain(ipv6::losses_by_update(update)).collect()
    }

    fn loss_disruption(&self, object: &Object) -> Disruption {
        match object.facts.get(fact::ROOT_VOLUME_GOES) {
            Some(false) => Disruption::AddressLost,
            _ => Disruption::DataLost,
        }
    }

    fn notes(&self, record: &Record, object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        const NOTES: [(&str, Note); 2] = [
            (attr::USER_DATA.name, Note::FirstBootOnly),
            (attr::INSTANCE_TYPE.name, Note::StaysStopped),
        ];
        let differing = object
            .map(|object| table::SCHEMA.differing(record, &object.record))
            .unwrap_or_default();
        let notes = NOTES.into_iter().filter(|(name, _)| differing.contains(name));
        let assigned = object.and_then(|object| ipv6::assigned(&object.record, record));
        notes.map(|(_, note)| note).chain(assigned).collect()
    }
}

/// The oldest burstable families have no bandwidth of their own to volumes.
fn check_optimized(record: &Record, context: &mut Context<'_>) {
    let family = record
        .text(attr::INSTANCE_TYPE)
        .split('.')
        .next()
        .unwrap_or_default();
    if matches!(family, "t1" | "t2") && record.get(attr::EBS_OPTIMIZED) == Some(true) {
        let message = format!("a {family} instance cannot be `ebs_optimized`");
        context.problem(
            "ebs_optimized",
            "ebs-optimized",
            message,
            "choose another `instance_type`, or leave this out",
        );
    }
}

/// EC2 takes no other option for an endpoint that is off, at launch or later: it would be reported and never
/// be so.
fn check_metadata_options(record: &Record, context: &mut Context<'_>) {
    let Some(options) = record.get(attr::METADATA_OPTIONS) else {
        return;
    };
    if options.text(attr::HTTP_ENDPOINT) != "disabled" {
        return;
    }
    for (name, _) in options.iter().filter(|(name, _)| *name != "http_endpoint") {
        let message = format!(
            "with `http_endpoint: disabled` EC2 takes no other metadata option, and this gives `{name}`"
        );
        let help = format!("remove `{name}`: where nothing answers it says nothing, or enable the endpoint");
        context.problem(
            format!("metadata_options.{name}"),
            "metadata-options",
            message,
            help,
        );
    }
}

/// A name without the number or the part that tells it from its like: `app` of `app-a` and of `app2`.
fn stem(name: &str) -> &str {
    let unnumbered = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let stem = if unnumbered.len() < name.len() {
        unnumbered
    } else {
        name.rsplit_once(['-', '_', '.', ' '])
            .map_or(name, |(stem, _)| stem)
    };
    let stem = stem.trim_end_matches(['-', '_', '.', ' ']);
    if stem.is_empty() { name } else { stem }
}

/// The public address that EC2 gave an instance; an Elastic IP address is its owner's.
fn public_address(object: &Object) -> Option<Loss> {
    let public = object.facts.text(fact::PUBLIC_IP);
    let given = !public.is_empty() && !object.record.has(attr::ELASTIC_IP);
    given.then(|| Loss::PublicAddress {
        address: public.to_owned(),
    })
}

/// EC2 refuses to associate an Elastic IP address where no internet gateway is attached.
fn check_internet_gateway(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    let address = resource.record.get(attr::ELASTIC_IP);
    if let (Some(address), Some(vpc)) = (address, internet_gateway::missing(resource, topology)) {
        out.push(
            Diagnostic::error(
                "elastic-ip-without-internet-gateway",
                format!(
                    "{} uses {address}, and {vpc} has no internet gateway",
                    resource.address
                ),
            )
            .at(resource.place(attr::ELASTIC_IP), "cannot be reached")
            .help(format!(
                "attach an `internet_gateway` to {vpc}, or remove `elastic_ip`"
            )),
        );
    }
}

/// What reads its tags from the metadata service reads them by a path: EC2 refuses keys that do not fit into
/// one.
fn check_metadata_tags(resource: &Resource, out: &mut Vec<Diagnostic>) {
    let options = resource.record.get(attr::METADATA_OPTIONS);
    if options.is_none_or(|options| options.text(attr::INSTANCE_METADATA_TAGS) != "enabled") {
        return;
    }
    let fits = |key: &str| {
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_+=,.@:".contains(c);
        key.chars().all(legal) && !matches!(key, "." | ".." | "_index")
    };
    let tags = resource.record.get(TAGS).into_iter().flat_map(Record::iter);
    for (key, _) in tags.filter(|(key, value)| **value != Value::Null && !fits(key)) {
        out.push(
            Diagnostic::error(
                "metadata-tag",
                format!(
                    "{} lets the instance read its tags, and EC2 then refuses the key `{key}`",
                    resource.address
                ),
            )
            .at(
                resource.place(format!("{TAGS}.{key}")),
                "letters, digits and -_+=,.@: only, and none of `.`, `..` and `_index`",
            )
            .at(
                resource.place(attr::METADATA_OPTIONS),
                "`instance_metadata_tags: enabled`",
            )
            .help(
                "rename the tag, take it off this instance with `null`, or disable `instance_metadata_tags`",
            ),
        );
    }
}

fn check_public(resource: &Resource, out: &mut Vec<Diagnostic>) {
    let declared = resource.record.get(attr::ASSOCIATE_PUBLIC_IP_ADDRESS) == Some(true);
    if declared && resource.record.has(attr::ELASTIC_IP) {
        out.push(
            Diagnostic::warning(
                "public-address-twice",
                format!(
                    "{} has an Elastic IP address, which takes the place of its public address",
                    resource.address
                ),
            )
            .at(
                resource.place(attr::ASSOCIATE_PUBLIC_IP_ADDRESS),
                "has no effect beside `elastic_ip`",
            )
            .help("remove `associate_public_ip_address`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_is_a_name_without_what_tells_it_from_its_like() {
        for (name, is) in [
            ("app-a", "app"),
            ("app-2", "app"),
            ("app2", "app"),
            ("web", "web"),
            ("7", "7"),
            ("net-app-b", "net-app"),
        ] {
            assert_eq!(stem(name), is);
        }
    }

    #[test]
    fn hosts_that_do_the_same_work_share_a_group_or_the_stem_of_a_name() {
        let shares = |one: (&str, &str, &str), other: (&str, &str, &str)| {
            let words = |(name, group, called): (&str, &str, &str)| {
                let groups = vec![Value::Ref(Ref::Name(group.parse().unwrap()))];
                let tags = Record::new().with(tags::NAME, called);
                InstanceRules.peers(
                    &name.parse().unwrap(),
                    &Record::new().with(attr::SECURITY_GROUPS, groups).with(TAGS, tags),
                )
            };
            words(one).iter().any(|word| words(other).contains(word))
        };
        let (a, b) = ("security_group.a", "security_group.b");
        assert!(shares(
            ("instance.app-a", a, "net-app-a"),
            ("instance.app-b", b, "net-app-b")
        ));
        assert!(shares(("instance.x", a, "net-x"), ("instance.y", a, "net-y")));
        assert!(shares(("instance.x", a, "front 1"), ("instance.y", b, "front 2")));
        assert!(!shares(("instance.x", a, "net-x"), ("instance.y", b, "net-y")));
    }
}
