//! `vpc_endpoint`: a private way to a service.

mod checks;
pub mod service;
mod table;

pub use table::{attr, endpoint_type};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::action::{Role, actions};
use crate::call::{Call, Claim, Exclusive};
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::{subnet, vpc};
use crate::observed::Object;
use crate::plan::Disruption;
use crate::reason::Note;
use crate::room::Lists;
use crate::rules::{After, Context, Live, Rules, Update, View, members_record};
use crate::stake::Loss;
use crate::topology::Topology;
use crate::value::{Record, Value};
use crate::{Address, Kind, Ref, fact};

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table, documented there"
)]
pub struct VpcEndpoint {
    pub vpc: Ref,
    pub service: String,
    #[serde(rename = "type")]
    pub endpoint_type: String,
    pub route_tables: Vec<Ref>,
    pub subnets: Vec<Ref>,
    pub subnet: Option<Ref>,
    pub security_groups: Vec<Ref>,
    pub private_dns_enabled: Option<bool>,
    pub ip_address_type: Option<String>,
    pub dns_options: Option<DnsOptions>,
    /// `None` is EC2's default: everyone may do everything.
    pub policy: Option<Json>,
}

/// What the names of an interface endpoint lead to (EC2's `DnsOptions`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table, documented there"
)]
pub struct DnsOptions {
    pub dns_record_ip_type: Option<String>,
    pub private_dns_only_for_inbound_resolver_endpoint: Option<bool>,
}

impl Typed for VpcEndpoint {
    const KIND: Kind = Kind::VpcEndpoint;
}

actions! {
    CREATE = create "CreateVpcEndpoint" under_token;
    MODIFY = modify "ModifyVpcEndpoint";
    DELETE = delete "DeleteVpcEndpoints";
}

/// What is waited for.
pub mod wait {
    use crate::Waiter;

    /// It is in its route tables, or its network interfaces are there.
    pub const AVAILABLE: Waiter = Waiter::until("available", 15);

    /// It is in no route table any more, and its network interfaces are gone.
    pub const DELETED: Waiter = Waiter::until_gone("deleted", 15);
}

/// The state of an endpoint that the owner of its service has yet to accept.
pub const PENDING_ACCEPTANCE: &str = "pendingacceptance";

/// All that a vpc endpoint is.
pub static DEF: KindDef = KindDef {
    schema: &table::SCHEMA,
    rules: &VpcEndpointRules,
    actions: action::ALL,
    tags_outlive: true,
    is_always_read: true,
};

/// What a VPC endpoint is.
#[derive(Debug)]
struct VpcEndpointRules;

static SERVED: Exclusive = Exclusive {
    attribute: attr::ROUTE_TABLES.name,
    code: "endpoint-twice",
    help: "a route table has one endpoint for each service: take the table out of one of them",
};

static PRIVATE_DNS: Exclusive = Exclusive {
    attribute: attr::PRIVATE_DNS_ENABLED.name,
    code: "private-dns-twice",
    help: "in a VPC a service's name leads to one endpoint: set `private_dns_enabled: false` on the others",
};

/// What a call that makes an endpoint says; tags go with it.
const AT_CREATION: [&str; 11] = [
    attr::VPC.name,
    attr::SERVICE.name,
    attr::TYPE.name,
    attr::ROUTE_TABLES.name,
    attr::SUBNETS.name,
    attr::SUBNET.name,
    attr::SECURITY_GROUPS.name,
    attr::PRIVATE_DNS_ENABLED.name,
    attr::IP_ADDRESS_TYPE.name,
    attr::DNS_OPTIONS.name,
    attr::POLICY.name,
];

/// What a change says of itself, with nothing beside it.
const PLAIN: [&str; 3] = [
    attr::IP_ADDRESS_TYPE.name,
    attr::DNS_OPTIONS.name,
    attr::POLICY.name,
];

impl Rules for VpcEndpointRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        let is_interface = kind(record) == endpoint_type::INTERFACE;
        if let Some(name) = record.get(attr::SERVICE)
            && !service::is_full(name)
            && let Some(region) = context.region
        {
            record.set(attr::SERVICE, service::full(name, region, is_interface));
        }
        if is_interface && !record.has(attr::PRIVATE_DNS_ENABLED) {
            record.set(
                attr::PRIVATE_DNS_ENABLED,
                has_private_name(record.text(attr::SERVICE)),
            );
        }
        if is_interface {
            default_inbound(record);
        }
        checks::service(record, context);
        checks::belongs(record, context);
        checks::dns_options(record, context);
        checks::policy(record, context);
    }

    fn abridge(&self, record: &mut Record, _address: &Address, topology: &Topology) {
        let is_interface = kind(record) == endpoint_type::INTERFACE;
        let full = record.text(attr::SERVICE).to_owned();
        let mut plain = record.without(&[attr::DNS_OPTIONS.name]);
        default_inbound(&mut plain);
        if plain.has(attr::DNS_OPTIONS) && plain.get(attr::DNS_OPTIONS) == record.get(attr::DNS_OPTIONS) {
            record.remove(attr::DNS_OPTIONS);
        }
        if record.get(attr::PRIVATE_DNS_ENABLED) == Some(has_private_name(&full)) {
            record.remove(attr::PRIVATE_DNS_ENABLED);
        }
        let short = service::short(&full);
        let region = topology.region.as_deref();
        if region.is_some_and(|region| service::full(short, region, is_interface) == full) {
            record.set(attr::SERVICE, short);
        }
    }

    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::VpcEndpoint) {
            checks::check(resource, topology, out);
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.only(&AT_CREATION))
    }

    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        let (mut sets, mut unsets) = (Record::new(), Record::new());
        let (tables, subnets, groups) = (
            update.members(attr::ROUTE_TABLES),
            update.members(attr::SUBNETS),
            update.members(attr::SECURITY_GROUPS),
        );
        // The service goes with the tables: a table has one endpoint for each.
        let served = |tables: &[&Value]| match tables {
            [] => Record::new(),
            tables => members_record(attr::ROUTE_TABLES, tables)
                .with(attr::SERVICE, update.after.text(attr::SERVICE)),
        };
        let among = |set, members: &[&Value]| match members {
            [] => Record::new(),
            members => members_record(set, members),
        };
        sets.set_all(&served(&tables.added));
        for (set, members) in [(attr::SUBNETS, &subnets), (attr::SECURITY_GROUPS, &groups)] {
            sets.set_all(&among(set, &members.added));
        }
        unsets.set_all(&among(attr::SECURITY_GROUPS, &groups.removed));
        // An interface has at least one group: none of ours are the VPC's default one, which comes and goes.
        if update.has(attr::SECURITY_GROUPS) {
            for (record, said) in [(update.after, &mut sets), (update.before, &mut unsets)] {
                if record.list(attr::SECURITY_GROUPS).is_empty() {
                    said.set(attr::SECURITY_GROUPS, Vec::new());
                }
            }
        }
        if update.has(attr::PRIVATE_DNS_ENABLED) {
            let said = [attr::PRIVATE_DNS_ENABLED.name, attr::SERVICE.name, attr::VPC.name];
            sets.set_all(&update.after.only(&said));
            unsets.set_all(&update.before.only(&said));
        }
        for name in PLAIN.into_iter().filter(|name| update.has(name)) {
            let (before, after) = (update.before.only(&[name]), update.after.only(&[name]));
            if after.is_empty() {
                unsets.set_all(&before);
            } else {
                sets.set_all(&after);
            }
        }
        // Of a zone it has one subnet: what goes comes before what is new. What is in a new table comes before
        // what leaves an old one, so that who moves from one table to another has the endpoint all the time.
        let first = among(attr::SUBNETS, &subnets.removed);
        let mut last = served(&tables.removed);
        if sets.is_empty() {
            unsets.set_all(&std::mem::take(&mut last));
        }
        [(Record::new(), first), (sets, unsets), (Record::new(), last)]
            .into_iter()
            .filter(|(sets, unsets)| !sets.is_empty() || !unsets.is_empty())
            .map(|(sets, unsets)| action::MODIFY.setting(sets).unsetting(unsets))
            .collect()
    }

    /// Two endpoints that swap their tables each give up before they take; subnets are given up before others
    /// are taken anyway.
    fn commute(&self, earlier: &Call, later: &Call) -> bool {
        let is_free = |call: &Call| {
            call.action == action::MODIFY && !call.sets.has(attr::SUBNETS) && !call.unsets.has(attr::SUBNETS)
        };
        is_free(earlier) && is_free(later)
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        let service = sets.text(attr::SERVICE);
        if service.is_empty() {
            return Vec::new();
        }
        let tables = sets.references(attr::ROUTE_TABLES);
        let served = |table| {
            Claim::text(
                &SERVED,
                format!("endpoints in {table}"),
                service,
                format!("an endpoint for {service} in {table}"),
            )
        };
        let named = |vpc| {
            Claim::text(
                &PRIVATE_DNS,
                format!("names of services in {vpc}"),
                service,
                format!("the name of {service} in {vpc}"),
            )
        };
        let has_name = sets.get(attr::PRIVATE_DNS_ENABLED) == Some(true);
        let named = vpc::of(sets).filter(|_| has_name).map(named);
        tables.map(served).chain(named).collect()
    }

    fn takes_any(&self, call: &Call) -> Vec<String> {
        subnets(&call.sets).map(subnet::addresses).collect()
    }

    /// That a name leads to an interface endpoint only for those who ask from elsewhere, EC2 takes where the VPC
    /// has a gateway endpoint for the others.
    fn after(&self, _address: &Address, call: &Call, record: &Record, view: &View<'_>) -> Vec<After> {
        if call.role() == Role::Delete || only_inbound(&call.sets) != Some(true) {
            return Vec::new();
        }
        let own = vpc::of(record).map(|vpc| view.named(vpc));
        let serves = |(_, other): &(&Address, &Record)| {
            kind(other) == endpoint_type::GATEWAY
                && service::short(other.text(attr::SERVICE)) == service::short(record.text(attr::SERVICE))
                && vpc::of(other).map(|vpc| view.named(vpc)) == own
        };
        let gateways = view.wanted_of(Kind::VpcEndpoint).filter(serves);
        gateways
            .map(|(address, _)| After::Ready(address.clone()))
            .collect()
    }

    fn along(&self, object: &Object) -> Vec<String> {
        let interfaces = object.facts.list(fact::NETWORK_INTERFACES).iter();
        interfaces.filter_map(Value::as_text).map(str::to_owned).collect()
    }

    fn losses(&self, object: &Object) -> Vec<Loss> {
        let name = object.facts.text(fact::DNS_NAME);
        Some(name)
            .filter(|name| !name.is_empty())
            .map(|name| Loss::DnsName {
                name: name.to_owned(),
            })
            .into_iter()
            .collect()
    }

    fn notes(&self, _record: &Record, object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        let awaits = |object: &&Object| object.facts.text(fact::STATE) == PENDING_ACCEPTANCE;
        object
            .filter(awaits)
            .map(|_| Note::AwaitsAcceptance)
            .into_iter()
            .collect()
    }

    fn loss_disruption(&self, object: &Object) -> Disruption {
        if kind(&object.record) == endpoint_type::GATEWAY {
            Disruption::Reset
        } else {
            Disruption::Outage
        }
    }
}

/// What sort of endpoint it is.
pub fn kind(record: &Record) -> &str {
    record.get(attr::TYPE).unwrap_or(endpoint_type::GATEWAY)
}

/// The subnets that an endpoint has network interfaces in.
pub fn subnets(record: &Record) -> impl Iterator<Item = &Ref> {
    record.references(attr::SUBNETS).chain(record.get(attr::SUBNET))
}

/// What must have happened before a subnet loses its IPv6 range: endpoints that have such addresses there give them
/// up, leave it, or go. EC2 gives an endpoint other ones only by that way, so one that is to keep them keeps the
/// range as well.
pub fn without_ipv6_in(subnet: &Address, view: &View<'_>) -> Vec<After> {
    let is_in = |record: &Record| {
        let mut own = subnets(record).map(|own| view.named(own));
        own.any(|own| own.address() == Some(subnet))
    };
    let has_some = |live: &Live<'_>| !matches!(live.record.text(attr::IP_ADDRESS_TYPE), "" | "ipv4");
    let users = view.live_of(Kind::VpcEndpoint).filter(has_some);
    let after = |live: Live<'_>| {
        let (address, id) = (live.address.clone(), live.id.to_owned());
        let wanted = view.wanted.get(live.address).filter(|_| live.holds);
        match wanted {
            Some(wanted) if wanted.get(attr::IP_ADDRESS_TYPE) == Some("ipv4") => {
                After::Changed(address, id, attr::IP_ADDRESS_TYPE.name)
            }
            Some(wanted) if !is_in(wanted) => {
                let member = Value::Ref(Ref::Name(subnet.clone()));
                After::Without(address, id, attr::SUBNETS.name, member)
            }
            _ => After::Gone(address, id),
        }
    };
    users.filter(|live| is_in(live.record)).map(after).collect()
}

/// Whether a service's usual name leads to an interface endpoint where a spec does not say it. Of a service that
/// has gateway endpoints as well, EC2 asks what is meant for whom; others have no such name that EC2 knows for sure.
fn has_private_name(full: &str) -> bool {
    let short = service::short(full);
    !service::GATEWAY.contains(&short) && (!service::is_full(full) || service::is_of_aws(full))
}

/// Of a service that has gateway endpoints as well EC2 takes it that the VPC's own hosts use one of those.
fn default_inbound(record: &mut Record) {
    let short = service::short(record.text(attr::SERVICE));
    if record.get(attr::PRIVATE_DNS_ENABLED) == Some(true)
        && service::GATEWAY.contains(&short)
        && only_inbound(record).is_none()
    {
        let options = record.get(attr::DNS_OPTIONS).cloned().unwrap_or_default();
        record.set(attr::DNS_OPTIONS, options.with(attr::ONLY_INBOUND, true));
    }
}

/// Whether a service's usual name leads to an endpoint only for those who ask an inbound resolver endpoint.
pub fn only_inbound(record: &Record) -> Option<bool> {
    record.get(attr::DNS_OPTIONS)?.get(attr::ONLY_INBOUND)
}
