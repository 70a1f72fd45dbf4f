//! `egress_only_internet_gateway`: a VPC's way out to the internet over IPv6.

use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::attr;
use crate::call::{Call, Claim, Exclusive};
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::vpc;
use crate::observed::Object;
use crate::plan::Disruption;
use crate::rules::Rules;
use crate::schema::{Attribute, Follow, Quota, Schema, Type};
use crate::value::Record;
use crate::{Address, Kind, Ref};

/// An egress-only internet gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct EgressOnlyInternetGateway {
    pub vpc: Ref,
}

impl Typed for EgressOnlyInternetGateway {
    const KIND: Kind = Kind::EgressOnlyInternetGateway;
}

actions! {
    CREATE = create "CreateEgressOnlyInternetGateway" under_token;
    DELETE = delete "DeleteEgressOnlyInternetGateway";
}

static SCHEMA: Schema = Schema {
    kind: Kind::EgressOnlyInternetGateway,
    arn_type: "egress-only-internet-gateway",
    tag_type: "egress-only-internet-gateway",
    doc: "A VPC's way out to the internet over IPv6: hosts reach out, and nobody reaches in. A VPC has at most \
          one.",
    example: "\
egress_only_internet_gateway:
  main:
    vpc: main
",
    notes: &[
        "It carries IPv6 alone: private hosts use a [NAT gateway](nat_gateway.md) for IPv4.",
        "A gateway by itself changes nothing: a [route table](route_table.md) needs a route to it, such as one \
         for `::/0`.",
    ],
    attributes: &[
        Attribute::new(attr::VPC, Type::Ref(Kind::Vpc, Follow::Id), "The VPC it serves.")
            .required()
            .replace("it serves the VPC that it was made for"),
    ],
    selected_by_tags: false,
    quota: Quota::Region(5),
};

/// All that an egress-only internet gateway is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &EgressOnlyInternetGatewayRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: false,
};

#[derive(Debug)]
struct EgressOnlyInternetGatewayRules;

static ATTACHMENT: Exclusive = Exclusive {
    attribute: attr::VPC.name,
    code: "second-egress-only-internet-gateway",
    help: "a VPC has one egress-only internet gateway: remove one",
};

impl Rules for EgressOnlyInternetGatewayRules {
    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.only(&[attr::VPC.name]))
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        vpc::place_of(Kind::EgressOnlyInternetGateway, &ATTACHMENT, sets)
            .into_iter()
            .collect()
    }

    fn loss_disruption(&self, _object: &Object) -> Disruption {
        Disruption::Outage
    }
}
