//! `elastic_ip`: a public IPv4 address that is kept.

use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::attr::ELASTIC_IP;
use crate::call::{Call, Claim, Exclusive};
use crate::json::Typed;
use crate::kind::KindDef;
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::room::Lists;
use crate::rules::Rules;
use crate::schema::{Quota, Schema};
use crate::stake::Loss;
use crate::value::Record;
use crate::{Kind, Ref, fact};

/// An Elastic IP address: all that it is to a spec is that it exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticIp {}

impl Typed for ElasticIp {
    const KIND: Kind = Kind::ElasticIp;
}

actions! {
    ALLOCATE = create "AllocateAddress";
    RELEASE = delete "ReleaseAddress";
}

static SCHEMA: Schema = Schema {
    kind: Kind::ElasticIp,
    arn_type: "elastic-ip",
    tag_type: "elastic-ip",
    doc: "A public IPv4 address that stays yours until it is released. Once released it is gone for \
     ever, so plans name the address that a deletion would lose. NAT gateways and instances refer \
     to it by `elastic_ip`.",
    example: "\
elastic_ip:
  nat:
    protect: true # nobody can give this address back to you
",
    notes: &[
        "The address itself is EC2's choice; `trueup show` tells it once it is there.",
        "An address serves one NAT gateway or one instance at a time. Where its user is replaced, the \
         old user gives it up first. Where somebody gave it to something outside the topology, \
         plans say to what, and nothing takes it from there.",
        "Amazon charges for addresses, used or not.",
    ],
    attributes: &[],
    selected_by_tags: false,
    quota: Quota::Region(5),
};

/// All that an elastic ip is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &ElasticIpRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: true,
};

/// What an Elastic IP address is.
#[derive(Debug)]
struct ElasticIpRules;

impl Rules for ElasticIpRules {
    fn create(&self, _record: &Record, _replaced: Option<&Object>) -> Call {
        action::ALLOCATE.call()
    }

    fn losses(&self, object: &Object) -> Vec<Loss> {
        vec![Loss::ElasticIp {
            address: object.facts.text(fact::PUBLIC_IP).to_owned(),
        }]
    }

    fn held_by(&self, object: &Object) -> Option<String> {
        Some(object.facts.text(fact::HELD_BY).to_owned()).filter(|holder| !holder.is_empty())
    }

    fn notes(&self, _record: &Record, object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        let held = object.and_then(|object| Some((object, self.held_by(object)?)));
        let note = |(object, holder): (&Object, String)| Note::AddressHeld {
            address: object.facts.text(fact::PUBLIC_IP).to_owned(),
            id: object.id.clone(),
            holder,
        };
        held.map(note).into_iter().collect()
    }

    fn loss_disruption(&self, _object: &Object) -> Disruption {
        Disruption::AddressLost
    }
}

static USE: Exclusive = Exclusive {
    attribute: ELASTIC_IP.name,
    code: "elastic-ip-twice",
    help: "an Elastic IP address serves one gateway or instance: declare another `elastic_ip`",
};

/// What a call that uses an address takes: an address serves one object at a time.
pub fn use_claim(sets: &Record) -> Option<Claim> {
    let claim = |address: &Ref| {
        Claim::text(
            &USE,
            format!("uses of {address}"),
            "association",
            address.to_string(),
        )
    };
    sets.get(ELASTIC_IP).map(claim)
}
