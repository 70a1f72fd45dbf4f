//! `network_acl`: a stateless filter at the border of subnets.

mod entry;
mod order;

use serde::{Deserialize, Serialize};

pub use entry::{Entry, NUMBER_MAX};

use crate::action::Role;
use crate::action::actions;
use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::subnet::attr::NETWORK_ACL;
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::room::{Counts, Lists};
use crate::rules::{Context, Rules, Update};
use crate::schema::{Attribute, Follow, Members, Quota, Schema, Type, none};
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};
use crate::{Kind, Ref};

/// A network ACL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct NetworkAcl {
    pub vpc: Ref,
    pub ingress: Vec<Entry>,
    pub egress: Vec<Entry>,
}

impl Typed for NetworkAcl {
    const KIND: Kind = Kind::NetworkAcl;
}

/// The attributes that hold entries. Each direction is an order of its own.
const DIRECTIONS: [Attr<[Value]>; 2] = [attr::INGRESS, attr::EGRESS];

/// The entries of one direction and one address family that every account may have: EC2's 20, less the one of
/// its own at the end.
const ENTRIES_GRANTED: usize = 19;
/// The most that AWS raises that to.
const ENTRIES_MAX: usize = 39;

static ENTRIES: Members =
    Members::keyed(Type::Object(&entry::FIELDS), &entry::KEY, entry::key).in_words(entry::words);

attributes! {
    [VPC, INGRESS, EGRESS, PROTOCOL, PORT, ICMP_TYPE, ICMP_CODE, CIDR];
    RULE_NUMBER: i64 = "rule_number";
    ACTION: str = "action";
}

actions! {
    CREATE = create "CreateNetworkAcl" under_token;
    FIND = find "DescribeNetworkAcls";
    CREATE_ENTRY = modify "CreateNetworkAclEntry";
    REPLACE_ENTRY = modify "ReplaceNetworkAclEntry";
    DELETE_ENTRY = modify "DeleteNetworkAclEntry";
    DELETE = delete "DeleteNetworkAcl";
}

/// An entry that denies cuts when it comes, and one that allows when it goes.
fn cuts(before: Option<&Value>, after: Option<&Value>) -> Disruption {
    let allows = |entry: Option<&Value>| entry.is_some_and(entry::allows);
    let cuts = match (before, after) {
        (None, Some(_)) => !allows(after),
        (Some(_), None) => allows(before),
        _ => true,
    };
    if cuts { Disruption::Reset } else { Disruption::None }
}

static SCHEMA: Schema = Schema {
    kind: Kind::NetworkAcl,
    arn_type: "network-acl",
    tag_type: "network-acl",
    doc: "A stateless filter at the border of subnets. It looks at every packet that enters or leaves \
     one, also at the answers to what it let through: in the order of the rule numbers, the first \
     entry that matches decides, and what none matches is denied.",
    example: "\
network_acl:
  web:
    vpc: main
    ingress:
      - {rule_number: 90, action: deny, protocol: all, cidr: 203.0.113.0/24}
      - {rule_number: 100, action: allow, protocol: tcp, port: 443, cidr: 0.0.0.0/0}
    egress:
      - {rule_number: 100, action: allow, protocol: tcp, port: 1024-65535, cidr: 0.0.0.0/0}
",
    notes: &[
        "Subnets name their ACL by [`network_acl`](subnet.md); one ACL may serve many. A subnet that \
         names none is in the VPC's default ACL, which is EC2's, and which nobody looks at unless the VPC declares \
         [`default_network_acl`](vpc.md).",
        "Answers are filtered too: a client's own port, mostly one of 1024-65535, must be let out \
         where its request is let in.",
        "A rule number is an entry's identity, once in each direction: anything else of it changes by \
         one `ReplaceNetworkAclEntry`, without a gap.",
        "What denies comes before what allows, and goes after it; new entries are made before old ones \
         go, unless the ACL is full. Of some edits every order opens something for a moment: what \
         must not be opened is said by a `cannot`.",
        "The last entry of EC2, which denies everything, is not declared.",
        "EC2 deletes an ACL only when no subnet is in it: subnets move to another one, or back to the \
         default one, first.",
    ],
    attributes: &[
        Attribute::new(
            attr::VPC,
            Type::Ref(Kind::Vpc, Follow::Id),
            "The VPC it belongs to.",
        )
        .required()
        .replace("a network ACL cannot move to another VPC"),
        Attribute::new(attr::INGRESS, Type::Set(&ENTRIES), "What may come in.")
            .disrupts(cuts)
            .absent("nothing")
            .default(none),
        Attribute::new(attr::EGRESS, Type::Set(&ENTRIES), "What may go out.")
            .disrupts(cuts)
            .absent("nothing")
            .default(none),
    ],
    selected_by_tags: false,
    quota: Quota::Vpc(200),
};

/// All that a network acl is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &NetworkAclRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: true,
};

/// What a network ACL is.
#[derive(Debug)]
struct NetworkAclRules;

impl Rules for NetworkAclRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        for direction in DIRECTIONS {
            if let Some(Value::List(entries)) = record.remove(direction) {
                record.set(direction, entry::canonical(entries, direction, context));
            }
        }
    }

    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::NetworkAcl) {
            for direction in DIRECTIONS {
                check_quota(resource, direction, out);
            }
            out.extend(shut_by_default(resource, topology));
        }
    }

    /// A default ACL lets everything through, of IPv6 too where the VPC has such ranges.
    fn implicit(&self, _own: &Ref, ipv6: bool, record: &mut Record) {
        for direction in DIRECTIONS {
            record.set(direction, entry::allow_all(ipv6));
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.only(&[attr::VPC.name]))
    }

    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        DIRECTIONS
            .into_iter()
            .flat_map(|direction| order::calls(update, direction))
            .collect()
    }

    /// Each call is about another number; only the room for a new entry may be what an old one leaves.
    fn commute(&self, earlier: &Call, later: &Call) -> bool {
        let is_both = |is: fn(&Call) -> bool| is(earlier) && is(later);
        is_both(|call| call.role() == Role::Modify)
            && DIRECTIONS
                .into_iter()
                .all(|direction| !order::makes_room(earlier, later, direction))
    }

    fn notes(&self, record: &Record, object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        let Some(object) = object else { return Vec::new() };
        let update = Update::new(Kind::NetworkAcl, &object.record, record, false);
        let told = DIRECTIONS.into_iter().filter_map(|direction| {
            let calls = order::calls(&update, direction);
            let makes = |(number, call): (usize, &Call)| {
                calls[number..]
                    .iter()
                    .any(|later| order::makes_room(call, later, direction))
            };
            let full = calls.iter().enumerate().any(makes);
            full.then_some(Note::AclFull {
                direction: direction.name,
                quota: ENTRIES_GRANTED + 1,
            })
        });
        told.collect()
    }
}

/// A default ACL that lets nothing through cuts off the subnets that name no other.
fn shut_by_default(acl: &Resource, topology: &Topology) -> Option<Diagnostic> {
    let is_shut = |direction: Attr<[Value]>| !acl.record.list(direction).iter().any(entry::allows);
    if !acl.implicit || !DIRECTIONS.into_iter().any(is_shut) {
        return None;
    }
    let is_in = |subnet: &&Resource| {
        let named = topology.follow(subnet.record.get(NETWORK_ACL));
        subnet.record.get(attr::VPC) == acl.record.get(attr::VPC)
            && named.map_or(!subnet.record.has(NETWORK_ACL), |named| {
                named.address == acl.address
            })
    };
    let subnets: Vec<&Resource> = topology.of(Kind::Subnet).filter(is_in).collect();
    let first = subnets.first()?;
    let more = match subnets.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let message = format!(
        "{}{more} is in the default network ACL, which lets nothing through",
        first.address
    );
    let warning = Diagnostic::warning("acl-shut", message)
        .at(acl.place.clone(), "lets nothing in, or nothing out")
        .at(first.place.clone(), "in no other network ACL");
    Some(warning.help("give the subnet a `network_acl`, or allow here what it needs"))
}

/// EC2 counts IPv4 and IPv6 apart.
fn check_quota(resource: &Resource, direction: Attr<[Value]>, out: &mut Vec<Diagnostic>) {
    let entries = resource.record.list(direction);
    let counts = Counts::of(entries, &entry::weight);
    for (family, count) in counts.named() {
        let so_many = format!(
            "{} has {count} {direction} entries for {family}",
            resource.address
        );
        let place = resource.place(direction);
        if count > ENTRIES_MAX {
            let most = ENTRIES_MAX + 1;
            out.push(
                Diagnostic::error(
                    "acl-too-long",
                    format!(
                        "{so_many}, and with its own last one EC2 \
                 takes at most {most}"
                    ),
                )
                .at(place, "too many")
                .help(
                    "put ranges or ports that are neighbours into one entry, or leave to \
                     security groups what they can do",
                ),
            );
        } else if count > ENTRIES_GRANTED {
            let quota = ENTRIES_GRANTED + 1;
            let message = format!(
                "{so_many}; with EC2's own last one an account's quota is {quota} unless it was raised"
            );
            out.push(Diagnostic::warning("quota", message).at(place, ""));
        }
    }
}
