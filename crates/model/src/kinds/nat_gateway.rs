//! `nat_gateway`: address translation, by which private subnets reach out and cannot be reached.

use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::attr::{TAGS, attributes};
use crate::call::{Call, Claim};
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::{elastic_ip, internet_gateway, subnet};
use crate::net::IPV4;
use crate::observed::Object;
use crate::plan::Disruption;
use crate::rules::{After, Rules, View};
use crate::schema::{Attribute, Follow, Quota, Schema, Type};
use crate::topology::{Resource, Topology};
use crate::value::Record;
use crate::{Address, Kind, Ref};

/// A NAT gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct NatGateway {
    pub subnet: Ref,
    pub elastic_ip: Option<Ref>,
    pub connectivity_type: String,
    pub private_ip_address: Option<String>,
}

impl Typed for NatGateway {
    const KIND: Kind = Kind::NatGateway;
}

attributes! {
    [SUBNET, ELASTIC_IP, PRIVATE_IP_ADDRESS];
    CONNECTIVITY_TYPE: str = "connectivity_type";
}

actions! {
    CREATE = create "CreateNatGateway" under_token;
    DELETE = delete "DeleteNatGateway";
}

/// What is waited for.
pub mod wait {
    use crate::Waiter;

    /// It translates.
    pub const AVAILABLE: Waiter = Waiter::until("available", 15).soonest(60);

    /// It has given up its address and its interface.
    pub const DELETED: Waiter = Waiter::until_gone("deleted", 30).soonest(30);
}

static SCHEMA: Schema = Schema {
    kind: Kind::NatGateway,
    arn_type: "natgateway",
    tag_type: "natgateway",
    doc: "Address translation for private subnets. A public one needs an Elastic IP address, and an \
     internet gateway in its VPC. EC2 changes nothing about a NAT gateway but its tags: \
     everything else replaces it.",
    example: "\
nat_gateway:
  main:
    subnet: public
    elastic_ip: nat
",
    notes: &[
        "Its Elastic IP address cannot be on two gateways at a time, so a replacement that keeps the \
         address deletes the old gateway first: an outage of some minutes for what is behind it. \
         With another `elastic_ip` the new gateway is made first.",
        "EC2 makes a gateway first and tells later whether it works. Trueup waits for `available` and \
         reports EC2's reason otherwise.",
        "Without an attached internet gateway a public NAT gateway fails, so plans attach that one \
         first. Routes to it follow when it is available.",
        "Deleting a gateway does not release its address: that is an [elastic_ip](elastic_ip.md) of \
         its own.",
        "Amazon charges for every hour that a gateway exists.",
    ],
    attributes: &[
        Attribute::new(
            attr::SUBNET,
            Type::Ref(Kind::Subnet, Follow::Id),
            "The subnet it stands in: a public one for a public gateway.",
        )
        .required()
        .replace("a NAT gateway cannot move to another subnet"),
        Attribute::new(
            attr::ELASTIC_IP,
            Type::Ref(Kind::ElasticIp, Follow::Id),
            "Its public address; required for a public gateway.",
        )
        .replace("a NAT gateway keeps its primary address for life"),
        Attribute::new(
            attr::CONNECTIVITY_TYPE,
            Type::Choice(&["public", "private"]),
            "Whether it translates to a public address.",
        )
        .default(|| "public".into())
        .replace("EC2 cannot change a NAT gateway's connectivity"),
        Attribute::new(
            attr::PRIVATE_IP_ADDRESS,
            Type::Text(&IPV4),
            "Its address in the subnet.",
        )
        .auto()
        .replace("a NAT gateway keeps its primary address for life"),
    ],
    selected_by_tags: false,
    quota: Quota::Unlimited,
};

/// All that a nat gateway is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &NatGatewayRules,
    actions: action::ALL,
    tags_outlive: true,
    is_always_read: true,
};

/// What a NAT gateway is.
#[derive(Debug)]
struct NatGatewayRules;

impl Rules for NatGatewayRules {
    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::NatGateway) {
            check_address(resource, out);
            check_internet_gateway(resource, topology, out);
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.without(&[TAGS.name]))
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        let mut claims: Vec<Claim> = elastic_ip::use_claim(sets).into_iter().collect();
        claims.extend(subnet::address_claim(sets));
        claims
    }

    fn home<'r>(&self, record: &'r Record) -> Option<&'r Ref> {
        record.get(attr::SUBNET)
    }

    fn takes_any(&self, call: &Call) -> Vec<String> {
        if call.action == action::CREATE {
            subnet::any_address(&call.sets).into_iter().collect()
        } else {
            Vec::new()
        }
    }

    /// Without an attached internet gateway a public NAT gateway is created and then fails.
    fn after(&self, _address: &Address, call: &Call, record: &Record, view: &View<'_>) -> Vec<After> {
        if call.action != action::CREATE || record.text(attr::CONNECTIVITY_TYPE) != "public" {
            return Vec::new();
        }
        internet_gateway::serving(record.get(attr::SUBNET), view)
            .into_iter()
            .cloned()
            .map(After::Ready)
            .collect()
    }

    fn loss_disruption(&self, _object: &Object) -> Disruption {
        Disruption::Outage
    }
}

fn check_address(resource: &Resource, out: &mut Vec<Diagnostic>) {
    let public = resource.record.text(attr::CONNECTIVITY_TYPE) == "public";
    let address = resource.record.get(attr::ELASTIC_IP);
    if public && address.is_none() {
        out.push(
            Diagnostic::error(
                "nat-gateway-without-address",
                format!("{} is public and has no `elastic_ip`", resource.address),
            )
            .at(resource.place.clone(), "needs a public address")
            .help("declare an `elastic_ip` and name it here, or set `connectivity_type: private`"),
        );
    }
    if !public && address.is_some() {
        out.push(
            Diagnostic::error(
                "private-nat-gateway-with-address",
                format!("{} is private and has an `elastic_ip`", resource.address),
            )
            .at(resource.place(attr::ELASTIC_IP), "a private gateway takes none")
            .help("remove `elastic_ip`, or set `connectivity_type: public`"),
        );
    }
}

fn check_internet_gateway(resource: &Resource, topology: &Topology, out: &mut Vec<Diagnostic>) {
    if resource.record.text(attr::CONNECTIVITY_TYPE) != "public" {
        return;
    }
    if let Some(vpc) = internet_gateway::missing(resource, topology) {
        out.push(
            Diagnostic::error(
                "nat-gateway-without-internet-gateway",
                format!(
                    "{} is public, and {vpc} has no internet gateway",
                    resource.address
                ),
            )
            .at(resource.place.clone(), "cannot reach the internet")
            .help(format!(
                "attach an `internet_gateway` to {vpc}, or set `connectivity_type: private`"
            )),
        );
    }
}
