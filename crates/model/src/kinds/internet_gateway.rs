//! `internet_gateway`: a VPC's door to the internet.

use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::attr;
use crate::call::{Call, Claim, Exclusive};
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::{instance, nat_gateway, vpc};
use crate::observed::Object;
use crate::plan::Disruption;
use crate::rules::{After, Rules, View};
use crate::schema::{Attribute, Follow, Quota, Schema, Type};
use crate::topology::{Resource, Topology};
use crate::value::Record;
use crate::{Address, Kind, Ref};

/// An internet gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct InternetGateway {
    pub vpc: Option<Ref>,
}

impl Typed for InternetGateway {
    const KIND: Kind = Kind::InternetGateway;
}

actions! {
    CREATE = create "CreateInternetGateway";
    ATTACH = modify "AttachInternetGateway";
    DETACH = modify "DetachInternetGateway";
    DELETE = delete "DeleteInternetGateway";
}

static SCHEMA: Schema = Schema {
    kind: Kind::InternetGateway,
    arn_type: "internet-gateway",
    tag_type: "internet-gateway",
    doc: "A VPC's door to the internet. A VPC has at most one, and a gateway serves at most one VPC.",
    example: "\
internet_gateway:
  main:
    vpc: main
",
    notes: &[
        "EC2 makes a gateway and attaches it in two calls. A plan shows both as steps of one resource.",
        "A gateway cannot be detached while public addresses are mapped in its VPC, so NAT gateways \
         and instances that go with it go first.",
        "A gateway by itself changes nothing: a [route table](route_table.md) needs a route to it, and \
         hosts need public addresses.",
    ],
    attributes: &[Attribute::new(
        attr::VPC,
        Type::Ref(Kind::Vpc, Follow::Id),
        "The VPC it is attached to. Moving it cuts the old VPC off from the internet.",
    )
    .attached_by(action::ATTACH, None, action::DETACH)
    .disrupts(|before, _| {
        if before.is_some() {
            Disruption::Outage
        } else {
            Disruption::None
        }
    })
    .required()],
    selected_by_tags: false,
    quota: Quota::Region(5),
};

/// All that an internet gateway is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &InternetGatewayRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: true,
};

/// What an internet gateway is.
#[derive(Debug)]
struct InternetGatewayRules;

static ATTACHMENT: Exclusive = Exclusive {
    attribute: attr::VPC.name,
    code: "second-internet-gateway",
    help: "a VPC has one internet gateway: remove one",
};

impl Rules for InternetGatewayRules {
    fn create(&self, _record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.call()
    }

    fn delete(&self, object: &Object) -> Vec<Call> {
        let attachment = object.record.only(&[attr::VPC.name]);
        let mut calls = Vec::new();
        if !attachment.is_empty() {
            calls.push(action::DETACH.unsetting(attachment));
        }
        calls.push(action::DELETE.call());
        calls
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        vpc::place_of(Kind::InternetGateway, &ATTACHMENT, sets)
            .into_iter()
            .collect()
    }

    /// EC2 refuses to detach while public addresses are mapped in the VPC.
    fn after(&self, _address: &Address, call: &Call, _record: &Record, view: &View<'_>) -> Vec<After> {
        if call.action != action::DETACH {
            return Vec::new();
        }
        let Some(vpc) = vpc::of(&call.unsets).map(|vpc| view.named(vpc)) else {
            return Vec::new();
        };
        let mapped = view.live_of(Kind::NatGateway).chain(view.live_of(Kind::Instance));
        mapped
            .filter(|live| is_public(live.record))
            .filter(|live| view.live_ref(live.record.get(attr::SUBNET), attr::VPC) == Some(&vpc))
            .map(|live| {
                let wanted = view.wanted.get(live.address).filter(|_| live.holds);
                match wanted.and_then(|wanted| unmapped(live.record, wanted)) {
                    Some(attribute) => After::Changed(live.address.clone(), live.id.to_owned(), attribute),
                    None => After::Gone(live.address.clone(), live.id.to_owned()),
                }
            })
            .collect()
    }

    fn loss_disruption(&self, _object: &Object) -> Disruption {
        Disruption::Outage
    }
}

/// Whether a live instance or NAT gateway has a public address mapped to it.
fn is_public(record: &Record) -> bool {
    let shows = record.get(instance::attr::ASSOCIATE_PUBLIC_IP_ADDRESS) == Some(true);
    shows || record.has(attr::ELASTIC_IP) || record.text(nat_gateway::attr::CONNECTIVITY_TYPE) == "public"
}

/// The attribute whose change takes the public address off an instance that stays, where one does.
fn unmapped(live: &Record, wanted: &Record) -> Option<&'static str> {
    let stops =
        live.text(instance::attr::STATE) == "running" && wanted.text(instance::attr::STATE) == "stopped";
    let off = wanted.get(instance::attr::ASSOCIATE_PUBLIC_IP_ADDRESS) == Some(false);
    match (live.get(attr::ELASTIC_IP), wanted.get(attr::ELASTIC_IP)) {
        (Some(_), None) => Some(attr::ELASTIC_IP.name),
        (None, None) if off => Some(instance::attr::ASSOCIATE_PUBLIC_IP_ADDRESS.name),
        // EC2 takes back the address that it gave at the start.
        (None, None) if stops => Some(instance::attr::STATE.name),
        _ => None,
    }
}

/// The VPC of a resource in a subnet, where that VPC will have no internet gateway. A VPC outside the
/// topology may well have one there.
pub fn missing<'a>(resource: &Resource, topology: &'a Topology) -> Option<&'a Ref> {
    let subnet = topology.follow(resource.record.get(attr::SUBNET))?;
    let vpc = vpc::of(&subnet.record).filter(|vpc| vpc.address().is_some())?;
    let serves = |gateway: &Resource| vpc::of(&gateway.record) == Some(vpc);
    (!topology.of(Kind::InternetGateway).any(serves)).then_some(vpc)
}

/// What a launch in `subnet` comes after, where the VPC's gateway goes: EC2 keeps a gateway while an instance
/// has a public address, and a subnet may give it one at once.
pub fn leaving(subnet: Option<&Ref>, view: &View<'_>) -> Vec<After> {
    let Some(vpc) = view.wanted_ref(subnet, attr::VPC) else {
        return Vec::new();
    };
    let stays = |address: &Address| {
        view.wanted
            .get(address)
            .is_some_and(|wanted| vpc::of(wanted) == Some(vpc))
    };
    let attached = view
        .live_of(Kind::InternetGateway)
        .filter(|live| vpc::of(live.record) == Some(vpc));
    let leaving = attached.filter(|live| !live.holds || !stays(live.address));
    leaving
        .map(|live| After::Changed(live.address.clone(), live.id.to_owned(), attr::VPC.name))
        .collect()
}

/// The gateways that will be attached to the VPC of `subnet`: public addresses need one before they work.
pub fn serving<'a>(subnet: Option<&Ref>, view: &View<'a>) -> Vec<&'a Address> {
    let vpc = view.wanted_ref(subnet, attr::VPC);
    let serves = |record: &Record| vpc.is_some() && vpc::of(record) == vpc;
    view.wanted_of(Kind::InternetGateway)
        .filter(|(_, record)| serves(record))
        .map(|(address, _)| address)
        .collect()
}
