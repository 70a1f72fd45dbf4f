//! `vpc_peering_connection`: a way between two VPCs, over private addresses.

mod checks;

use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::attr::attributes;
use crate::call::{Call, Claim, Exclusive};
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::vpc;
use crate::net::{ACCOUNT, REGION};
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::room::Lists;
use crate::rules::{After, Home, Rules, Update, View};
use crate::schema::{Attribute, Follow, Quota, Schema, Type};
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};
use crate::{Address, Kind, Ref, Site, fact};

/// A VPC peering connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct VpcPeeringConnection {
    pub vpc: Ref,
    pub peer_vpc: Ref,
    pub peer_owner_id: Option<String>,
    pub peer_region: Option<String>,
    pub accept: Option<bool>,
    pub requester_peering_connection_options: Option<PeeringOptions>,
    pub accepter_peering_connection_options: Option<PeeringOptions>,
}

/// What one side allows (EC2's `PeeringConnectionOptions`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct PeeringOptions {
    pub allow_dns_resolution_from_remote_vpc: bool,
}

impl Typed for VpcPeeringConnection {
    const KIND: Kind = Kind::VpcPeeringConnection;
}

attributes! {
    [VPC];
    PEER_VPC: Ref = "peer_vpc";
    PEER_OWNER_ID: str = "peer_owner_id";
    PEER_REGION: str = "peer_region";
    ACCEPT: bool = "accept";
    REQUESTER_OPTIONS: Record = "requester_peering_connection_options";
    ACCEPTER_OPTIONS: Record = "accepter_peering_connection_options";
    ALLOW_DNS: bool = "allow_dns_resolution_from_remote_vpc";
}

/// The options of either side, the requester's first.
pub const OPTIONS: [crate::Attr<Record>; 2] = [attr::REQUESTER_OPTIONS, attr::ACCEPTER_OPTIONS];

actions! {
    CREATE = create "CreateVpcPeeringConnection";
    ACCEPT = modify "AcceptVpcPeeringConnection";
    MODIFY_OPTIONS = modify "ModifyVpcPeeringConnectionOptions";
    DELETE = delete "DeleteVpcPeeringConnection";
}

/// What is waited for.
pub mod wait {
    use crate::Waiter;

    /// It may be accepted.
    pub const REQUESTED: Waiter = Waiter::until("pending-acceptance", 10);

    /// It carries packets.
    pub const ACTIVE: Waiter = Waiter::until("active", 10);

    /// It is gone.
    pub const DELETED: Waiter = Waiter::until_gone("deleted", 10);
}

const LIFE: &str = "a peering connection joins the two VPCs that it was made for";

/// What a side may allow.
static SIDE: [Attribute; 1] = [Attribute::new(
    attr::ALLOW_DNS,
    Type::Bool,
    "Whether the public DNS names of hosts of this side lead to their private addresses where hosts of the other \
     side ask for them.",
)
.default(|| false.into())
.unfelt()];

static ATTRIBUTES: [Attribute; 7] = [
    Attribute::new(
        attr::VPC,
        Type::Ref(Kind::Vpc, Follow::Id),
        "The VPC that asks: the requester's.",
    )
    .required()
    .replace(LIFE),
    Attribute::new(
        attr::PEER_VPC,
        Type::Ref(Kind::Vpc, Follow::Id),
        "The VPC that is asked: the accepter's. By its id where it is in another account or region.",
    )
    .required()
    .replace(LIFE),
    Attribute::new(
        attr::PEER_OWNER_ID,
        Type::Text(&ACCOUNT),
        "The account of `peer_vpc`; left out, the one of `vpc`.",
    )
    .auto()
    .replace(LIFE),
    Attribute::new(
        attr::PEER_REGION,
        Type::Text(&REGION),
        "The region of `peer_vpc`; left out, the one of `vpc`.",
    )
    .auto()
    .replace(LIFE),
    Attribute::new(
        attr::ACCEPT,
        Type::Bool,
        "`true` accepts the request as well, where both VPCs are in this account and region. Left out, whoever owns \
         `peer_vpc` accepts it.",
    )
    .auto()
    .set_by(action::ACCEPT),
    Attribute::new(
        attr::REQUESTER_OPTIONS,
        Type::Object(&SIDE),
        "What the side of `vpc` allows.",
    )
    .default(no_options)
    .unfelt(),
    Attribute::new(
        attr::ACCEPTER_OPTIONS,
        Type::Object(&SIDE),
        "What the side of `peer_vpc` allows, where it is in this account and region.",
    )
    .default(no_options)
    .unfelt(),
];

static SCHEMA: Schema = Schema {
    kind: Kind::VpcPeeringConnection,
    arn_type: "vpc-peering-connection",
    tag_type: "vpc-peering-connection",
    doc: "A way between two VPCs, over private addresses. One VPC asks and the other one accepts, which may be in \
          another account or region. EC2 changes nothing about a peering connection but its options and tags.",
    example: "\
vpc_peering_connection:
  partner:
    vpc: main
    peer_vpc: vpc-0123456789abcdef0
    peer_owner_id: \"210987654321\"
",
    notes: &[
        "By itself it leads nowhere: [route tables](route_table.md) of both VPCs need a route to it, such as \
         `{destination: 10.1.0.0/16, vpc_peering_connection: partner}`.",
        "Where both VPCs are in this account and region, `peer_vpc` may be named, and `accept: true` accepts the request.",
        "A request that nobody has accepted is no failure: plans say so, routes to it lead nowhere until it is \
         accepted, and its options are set by the plan after that. EC2 gives it up after seven days; the next plan \
         then asks again.",
        "EC2 takes one peering connection between two VPCs, whichever asks, and none where their IPv4 ranges overlap.",
        "Of another account or region's side nothing is changed and nothing is compared: who owns it sets its options.",
        "It carries what one of the two VPCs sends to the other one, and nothing farther: not to the internet, an \
         endpoint for a service's routes, or a third VPC behind it.",
    ],
    attributes: &ATTRIBUTES,
    selected_by_tags: false,
    quota: Quota::Vpc(50),
};

fn no_options() -> Value {
    Record::new().with(attr::ALLOW_DNS, false).into()
}

/// All that a VPC peering connection is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &VpcPeeringConnectionRules,
    actions: action::ALL,
    tags_outlive: true,
    is_always_read: false,
};

#[derive(Debug)]
struct VpcPeeringConnectionRules;

static PAIR: Exclusive = Exclusive {
    attribute: attr::PEER_VPC.name,
    code: "peering-twice",
    help: "two VPCs have one peering connection, whichever of them asks: remove one",
};

/// What a call that makes one says; tags go with it.
const AT_CREATION: [&str; 4] = [
    attr::VPC.name,
    attr::PEER_VPC.name,
    attr::PEER_OWNER_ID.name,
    attr::PEER_REGION.name,
];

impl Rules for VpcPeeringConnectionRules {
    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::VpcPeeringConnection) {
            checks::check(resource, topology, out);
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.only(&AT_CREATION))
    }

    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        let accept = update
            .set(attr::ACCEPT, action::ACCEPT)
            .filter(|call| accepts(&call.sets));
        let names: Vec<&str> = OPTIONS
            .iter()
            .map(|side| side.name)
            .filter(|side| update.has(side) && update.after.value(side).is_some())
            .collect();
        let options = (!names.is_empty()).then(|| {
            action::MODIFY_OPTIONS
                .setting(update.after.only(&names))
                .unsetting(update.before.only(&names))
        });
        accept.into_iter().chain(options).collect()
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        let pair = vpc::of(sets).zip(sets.get(attr::PEER_VPC));
        let claim = |(own, peer): (&Ref, &Ref)| {
            let mut both = [own.to_string(), peer.to_string()];
            both.sort();
            let [one, other] = both;
            let what = format!("the peering connection of {one} and {other}");
            Claim::text(&PAIR, "pairs of peered VPCs", format!("{one} {other}"), what)
        };
        pair.map(claim).into_iter().collect()
    }

    /// EC2 lets names be resolved over it only where both VPCs give them, which the same plan may bring about.
    fn after(&self, _address: &Address, call: &Call, record: &Record, view: &View<'_>) -> Vec<After> {
        if call.action != action::MODIFY_OPTIONS || !allows_dns(&call.sets) {
            return Vec::new();
        }
        sides(record)
            .filter_map(|side| view.named(side).address().cloned())
            .filter(|vpc| view.wanted.contains_key(vpc))
            .map(After::Ready)
            .collect()
    }

    /// Options are there once it is accepted, and those of another account or region are not ours.
    fn fitted(
        &self,
        resource: &Resource,
        object: Option<&Object>,
        _home: Option<Home<'_>>,
    ) -> Option<Record> {
        let mut record = resource.record.clone();
        let is_accepted = accepts(&record) || object.is_some_and(|object| accepts(&object.record));
        for side in OPTIONS {
            let live = object.and_then(|object| object.record.get(side));
            let is_unread = object.is_some_and(|object| object.unread.contains_key(side.name));
            match live {
                None if is_unread => {}
                None if object.is_none() && is_accepted => {}
                None => drop(record.remove(side)),
                Some(live) if !is_accepted => record.set(side, live.clone()),
                Some(_) => {}
            }
        }
        (record != resource.record).then_some(record)
    }

    fn elsewhere<'r>(&self, record: &'r Record, site: &Site) -> Option<&'r Ref> {
        record.get(attr::PEER_VPC).filter(|_| {
            is_other(record.get(attr::PEER_OWNER_ID), &site.account)
                || is_other(record.get(attr::PEER_REGION), &site.region)
        })
    }

    fn notes(&self, record: &Record, object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        let is_pending = match object {
            Some(object) => object.facts.text(fact::STATE) == wait::REQUESTED.state && !accepts(record),
            None => !accepts(record),
        };
        is_pending
            .then_some(Note::PeerAwaitsAcceptance)
            .into_iter()
            .collect()
    }

    fn loss_disruption(&self, object: &Object) -> Disruption {
        if accepts(&object.record) {
            Disruption::Outage
        } else {
            Disruption::None
        }
    }
}

/// Whether a record says that it is accepted.
pub fn accepts(record: &Record) -> bool {
    record.get(attr::ACCEPT) == Some(true)
}

/// The two VPCs, the requester's first.
pub fn sides(record: &Record) -> impl Iterator<Item = &Ref> {
    vpc::of(record).into_iter().chain(record.get(attr::PEER_VPC))
}

/// Whether it joins these two VPCs.
pub fn joins(record: &Record, one: &Ref, other: &Ref) -> bool {
    let both: Vec<&Ref> = sides(record).collect();
    both == [one, other] || both == [other, one]
}

/// Whether either side gives its names to the other one.
fn allows_dns(record: &Record) -> bool {
    OPTIONS
        .into_iter()
        .filter_map(|side| record.get(side))
        .any(|side| side.get(attr::ALLOW_DNS) == Some(true))
}

fn is_other(said: Option<&str>, own: &str) -> bool {
    said.is_some_and(|said| said != own)
}

/// What must have happened before a rule that names a group of another VPC: EC2 knows that group only over an
/// active peering connection.
pub fn joining(one: &Ref, other: &Ref, view: &View<'_>) -> Vec<After> {
    let (one, other) = (view.named(one), view.named(other));
    let joins = |record: &Record| {
        let named: Vec<Ref> = sides(record).map(|side| view.named(side)).collect();
        named == [one.clone(), other.clone()] || named == [other.clone(), one.clone()]
    };
    view.wanted_of(Kind::VpcPeeringConnection)
        .filter(|(_, record)| joins(record))
        .map(|(address, _)| After::Ready(address.clone()))
        .collect()
}
