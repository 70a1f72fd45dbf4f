//! `vpc`: a private network in one region.

mod restrictions;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::attr::{Attr, VPC, attributes};
use crate::call::{Call, Claim, Exclusive};
use crate::diagnostic::Diagnostic;
use crate::json::Typed;
use crate::kind::KindDef;
use crate::kinds::route_table;
use crate::net::{VPC_RANGE, overlap};
use crate::observed::Object;
use crate::plan::Disruption;
use crate::rules::{After, Home, Live, Rules, Update, View, members_record, worst};
use crate::schema::{Attribute, Effect, Follow, Members, Quota, Schema, Type, none, resets};
use crate::topology::{Resource, Topology};
use crate::value::{Record, Value};
use crate::{Address, Kind, Loss, Ref, ipv6};

/// A VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct Vpc {
    pub cidr_block: String,
    pub secondary_cidr_blocks: Vec<String>,
    pub ipv6_cidr_block: Option<String>,
    pub ipv6_pool: Option<String>,
    pub instance_tenancy: String,
    pub enable_dns_support: Option<bool>,
    pub enable_dns_hostnames: Option<bool>,
    pub dhcp_options: Option<Ref>,
}

impl Typed for Vpc {
    const KIND: Kind = Kind::Vpc;
}

/// The fact that holds the IPv6 ranges that Amazon gave: what `amazon` has come to.
pub const AMAZON_RANGES: Attr<[Value]> = Attr::new("amazon_ranges");

static RANGES: Members = Members::plain(Type::Text(&VPC_RANGE));

attributes! {
    CIDR_BLOCK: IpNet = "cidr_block";
    SECONDARY_CIDR_BLOCKS: [Value] = "secondary_cidr_blocks";
    IPV6_POOL: str = "ipv6_pool";
    INSTANCE_TENANCY: str = "instance_tenancy";
    ENABLE_DNS_SUPPORT: bool = "enable_dns_support";
    ENABLE_DNS_HOSTNAMES: bool = "enable_dns_hostnames";
    DHCP_OPTIONS: Ref = "dhcp_options";
}

actions! {
    CREATE = create "CreateVpc";
    ASSOCIATE_CIDR_BLOCK = modify "AssociateVpcCidrBlock";
    DISASSOCIATE_CIDR_BLOCK = modify "DisassociateVpcCidrBlock";
    MODIFY_ATTRIBUTE = modify "ModifyVpcAttribute";
    MODIFY_TENANCY = modify "ModifyVpcTenancy";
    ASSOCIATE_DHCP_OPTIONS = modify "AssociateDhcpOptions";
    DELETE = delete "DeleteVpc";
}

/// What is waited for.
pub mod wait {
    use crate::Waiter;

    /// It can be used.
    pub const AVAILABLE: Waiter = Waiter::until("available", 10);

    /// Its ranges are all added.
    pub const ASSOCIATED: Waiter = Waiter::until("associated", 10);

    /// No range is on its way out.
    pub const DISASSOCIATED: Waiter = Waiter::until("disassociated", 10);
}

static SCHEMA: Schema = Schema {
    kind: Kind::Vpc,
    arn_type: "vpc",
    tag_type: "vpc",
    doc: "A private network in one region. EC2 makes a main route table, a default network ACL and a \
     default security group with it; nobody looks at those unless the VPC declares them.",
    example: "\
vpc:
  main:
    cidr_block: 10.0.0.0/16
    secondary_cidr_blocks: [10.1.0.0/20]
    ipv6_cidr_block: amazon
    enable_dns_hostnames: true
",
    notes: &[
        "With every range EC2 puts a local route into all route tables of the VPC. Those routes are \
         EC2's and are not declared.",
        "A secondary range can go only when no subnet is in it any more, so a plan that takes away \
         both ends the subnet first. It can come only when no route leads to it or to a part of \
         it: such a route goes first, and one to a part of a range that goes comes after.",
        "`ipv6_cidr_block: amazon` asks for a /56 of Amazon's, and any that EC2 has given is one: which one is \
         known after apply. Who gives it up does not get the same one back, so a plan says that it is \
         lost and needs the consent to delete. Another IPv6 range comes after the old one has gone, \
         and that after the ranges of the subnets in it.",
        "EC2 changes one DNS attribute a call, and hostnames can be on only while support is: plans \
         turn support on first and off last.",
        "Reading the two DNS attributes costs two calls for each VPC: EC2 does not list them.",
        "What EC2 makes with a VPC comes and goes with it. `empty` takes out every rule, entry or route but the local \
         ones; anything else is what a [security group](security_group.md), a [network ACL](network_acl.md) or a \
         [route table](route_table.md) says, without what is EC2's. Taking the key out of the spec leaves it as it is.",
        "EC2 gives a new VPC its own set of DHCP options, or the one that an account has made of it, and does not say \
         which that is. So a VPC whose spec names no set keeps the one that it has; only a set of this topology's is \
         taken from it (`default`, which is none).",
        "Replacing a VPC replaces everything in it.",
    ],
    attributes: &[
        Attribute::new(
            attr::CIDR_BLOCK,
            Type::Text(&VPC_RANGE),
            "The primary IPv4 range, /16 to /28.",
        )
        .required()
        .replace("EC2 cannot change a VPC's primary range"),
        Attribute::new(
            attr::SECONDARY_CIDR_BLOCKS,
            Type::Set(&RANGES),
            "Further IPv4 ranges, each /16 to /28. They may not overlap each other or the primary \
             range, and private ones (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 198.19.0.0/16) \
             are of the same block as the primary range.",
        )
        .default(none),
        Attribute::new(
            ipv6::BLOCK,
            Type::Text(&ipv6::OF_VPC),
            "The IPv6 range: `amazon` for a /56 that Amazon gives, or one of your own, /44 to /60, which needs \
             its `ipv6_pool`.",
        )
        .wider_live()
        .open(|value| value.as_text().is_some_and(ipv6::is_open))
        .disrupts(resets),
        Attribute::new(
            attr::IPV6_POOL,
            Type::Text(&ipv6::POOL),
            "The pool of your own addresses that `ipv6_cidr_block` is from. It counts when the range is added.",
        )
        .unfelt()
        .input(),
        Attribute::new(
            attr::INSTANCE_TENANCY,
            Type::Choice(&["default", "dedicated"]),
            "Whether instances run on hardware of their own. From `dedicated` to `default` changes in \
             place.",
        )
        .unfelt()
        .default(|| "default".into())
        .wider_live()
        .by(tenancy_effect, "EC2 cannot make an existing VPC dedicated"),
        Attribute::new(
            attr::ENABLE_DNS_SUPPORT,
            Type::Bool,
            "Whether Amazon's DNS server answers in the VPC.",
        )
        .unfelt()
        .default(|| true.into()),
        Attribute::new(
            attr::ENABLE_DNS_HOSTNAMES,
            Type::Bool,
            "Whether instances with public addresses get DNS names. Needs `enable_dns_support`.",
        )
        .unfelt()
        .default(|| false.into()),
        Attribute::new(
            attr::DHCP_OPTIONS,
            Type::Ref(Kind::DhcpOptions, Follow::Id),
            "What its instances learn from DHCP.",
        )
        .absent("the set that it has, unless that is this topology's: then none")
        .unfelt(),
    ],
    selected_by_tags: false,
    quota: Quota::Region(5),
};

fn tenancy_effect(_before: Option<&Value>, after: Option<&Value>) -> Effect {
    match after.and_then(Value::as_text) {
        Some("default") => Effect::InPlace,
        _ => Effect::Replace,
    }
}

/// All that a vpc is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &VpcRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: true,
};

/// What a VPC is.
#[derive(Debug)]
struct VpcRules;

static SECONDARY: Exclusive = Exclusive {
    attribute: attr::SECONDARY_CIDR_BLOCKS.name,
    code: "vpc-ranges-overlap",
    help: "choose ranges of a VPC that share no address",
};

static OWN_RANGE: Exclusive = Exclusive {
    attribute: ipv6::BLOCK.name,
    code: "ipv6-range-twice",
    help: "a range of one's own is in one VPC: give one of them another part of the pool",
};

impl Rules for VpcRules {
    fn check(&self, topology: &Topology, out: &mut Vec<Diagnostic>) {
        for resource in topology.of(Kind::Vpc) {
            let record = &resource.record;
            let ranges = ranges(record);
            for (index, range) in ranges.iter().enumerate() {
                if let Some(other) = ranges[..index].iter().find(|other| overlap(other, range)) {
                    out.push(
                        Diagnostic::error(
                            "vpc-ranges-overlap",
                            format!("the ranges {other} and {range} of {} overlap", resource.address),
                        )
                        .at(
                            resource.place(attr::SECONDARY_CIDR_BLOCKS),
                            "overlaps another range of the VPC",
                        )
                        .help("choose ranges of a VPC that share no address"),
                    );
                }
            }
            restrictions::check(resource, &ranges, out);
            check_ipv6(resource, out);
            if ranges.len() > 5 {
                let message = format!(
                    "{} has {} IPv4 ranges; an account's quota is 5 unless it was raised",
                    resource.address,
                    ranges.len()
                );
                out.push(
                    Diagnostic::warning("quota", message).at(resource.place(attr::SECONDARY_CIDR_BLOCKS), ""),
                );
            }
            let on = |switch| record.get(switch) == Some(true);
            if on(attr::ENABLE_DNS_HOSTNAMES) && !on(attr::ENABLE_DNS_SUPPORT) {
                out.push(
                    Diagnostic::error(
                        "dns-hostnames-without-support",
                        "`enable_dns_hostnames` needs `enable_dns_support`",
                    )
                    .at(
                        resource.place(attr::ENABLE_DNS_HOSTNAMES),
                        "on, while DNS support is off",
                    )
                    .help("turn `enable_dns_support` on, or `enable_dns_hostnames` off"),
                );
            }
        }
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        action::CREATE.setting(record.only(&[
            attr::CIDR_BLOCK.name,
            ipv6::BLOCK.name,
            attr::IPV6_POOL.name,
            attr::INSTANCE_TENANCY.name,
        ]))
    }

    /// `amazon` is whatever range Amazon gave.
    fn fitted(
        &self,
        resource: &Resource,
        object: Option<&Object>,
        _home: Option<Home<'_>>,
    ) -> Option<Record> {
        let given = object?.facts.list(AMAZON_RANGES).first()?.clone();
        (resource.record.text(ipv6::BLOCK) == ipv6::AMAZON)
            .then(|| resource.record.clone().with(ipv6::BLOCK, given))
    }

    fn update(&self, update: &Update<'_>) -> Vec<Call> {
        let mut calls = Vec::new();
        let ranges = update.members(attr::SECONDARY_CIDR_BLOCKS);
        // A range makes room for one that EC2 does not take beside it. The others go last: what is in them
        // moves to the new ones first.
        let net = |range: &Value| range.as_text().and_then(|text| text.parse::<IpNet>().ok());
        let is_in_the_way = |old: &Value| {
            ranges.added.iter().any(|new| {
                net(old)
                    .zip(net(new))
                    .is_some_and(|(old, new)| overlap(&old, &new) || restrictions::restricts(&old, &new))
            })
        };
        let (first, last): (Vec<&Value>, Vec<&Value>) =
            ranges.removed.iter().partition(|old| is_in_the_way(old));
        let one = |range: &Value| members_record(attr::SECONDARY_CIDR_BLOCKS, &[range]);
        let disassociate = |range: &Value| action::DISASSOCIATE_CIDR_BLOCK.unsetting(one(range));
        calls.extend(first.into_iter().map(disassociate));
        calls.extend(
            ranges
                .added
                .iter()
                .map(|range| action::ASSOCIATE_CIDR_BLOCK.setting(one(range))),
        );
        let (gone, come) = ipv6_difference(update);
        calls.extend(
            gone.into_iter().map(|range| {
                action::DISASSOCIATE_CIDR_BLOCK.unsetting(Record::new().with(ipv6::BLOCK, range))
            }),
        );
        calls.extend(come.then(|| {
            action::ASSOCIATE_CIDR_BLOCK.setting(update.after.only(&[ipv6::BLOCK.name, attr::IPV6_POOL.name]))
        }));
        calls.extend(update.set(attr::INSTANCE_TENANCY, action::MODIFY_TENANCY));
        calls.extend(update.attach(
            attr::DHCP_OPTIONS,
            action::ASSOCIATE_DHCP_OPTIONS,
            Some(action::ASSOCIATE_DHCP_OPTIONS),
            action::ASSOCIATE_DHCP_OPTIONS,
        ));
        let mut dns = [
            update.set(attr::ENABLE_DNS_SUPPORT, action::MODIFY_ATTRIBUTE),
            update.set(attr::ENABLE_DNS_HOSTNAMES, action::MODIFY_ATTRIBUTE),
        ];
        // Hostnames can be on only while support is: what turns support off comes last.
        if update.after.get(attr::ENABLE_DNS_SUPPORT) == Some(false) {
            dns.reverse();
        }
        calls.extend(dns.into_iter().flatten());
        calls.extend(last.into_iter().map(disassociate));
        calls
    }

    /// A range can go only when no subnet is in it any more, or has a part of it, and come only when no route
    /// leads to a part of it.
    fn after(&self, address: &Address, call: &Call, _record: &Record, view: &View<'_>) -> Vec<After> {
        let nets = |record: &Record| -> Vec<IpNet> {
            record
                .list(attr::SECONDARY_CIDR_BLOCKS)
                .iter()
                .filter_map(|range| range.as_text()?.parse().ok())
                .collect()
        };
        // A VPC that is replaced has other subnets and tables then.
        if staying(address, view).is_none() {
            return Vec::new();
        }
        let own =
            |live: &Live<'_>| of(live.record).map(|vpc| view.named(vpc)) == Some(Ref::Name(address.clone()));
        let is_in = |text: &str, nets: &[IpNet]| {
            text.parse()
                .is_ok_and(|part: IpNet| nets.iter().any(|net| net.contains(&part)))
        };
        match call.action {
            action::DISASSOCIATE_CIDR_BLOCK => {
                let subnets = || view.live_of(Kind::Subnet).filter(own);
                let gone = nets(&call.unsets);
                let inside = subnets().filter(|subnet| is_in(subnet.record.text(attr::CIDR_BLOCK), &gone));
                let ipv6: Vec<IpNet> = call.unsets.text(ipv6::BLOCK).parse().into_iter().collect();
                let part_of = subnets().filter(|subnet| is_in(subnet.record.text(ipv6::BLOCK), &ipv6));
                inside
                    .map(|subnet| After::Gone(subnet.address.clone(), subnet.id.to_owned()))
                    .chain(part_of.map(|subnet| {
                        After::Changed(subnet.address.clone(), subnet.id.to_owned(), ipv6::BLOCK.name)
                    }))
                    .collect()
            }
            action::ASSOCIATE_CIDR_BLOCK => {
                let new = nets(&call.sets);
                let routes = view.live_of(Kind::RouteTable).filter(own).flat_map(|table| {
                    let routes = table.record.records(route_table::attr::ROUTES);
                    routes.map(move |route| (table, route))
                });
                let leads_in =
                    routes.filter(|(_, route)| is_in(route.text(route_table::attr::DESTINATION), &new));
                leads_in
                    .map(|(table, route)| {
                        After::Without(
                            table.address.clone(),
                            table.id.to_owned(),
                            route_table::attr::ROUTES.name,
                            Value::Map(route.clone()),
                        )
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn claims(&self, address: &Address, sets: &Record) -> Vec<Claim> {
        let added = sets
            .list(attr::SECONDARY_CIDR_BLOCKS)
            .iter()
            .filter_map(Value::as_text);
        let added = added.map(|range| {
            Claim::range(
                &SECONDARY,
                format!("ranges of {address}"),
                range,
                format!("{range} in {address}"),
            )
        });
        // One's own range is in one VPC.
        let own = Some(sets.text(ipv6::BLOCK)).filter(|range| range.contains(':'));
        let own = own.map(|range| Claim::range(&OWN_RANGE, "IPv6 ranges", range, range));
        added.chain(own).collect()
    }

    fn losses(&self, object: &Object) -> Vec<Loss> {
        amazon_ranges(object).map(lost).collect()
    }

    fn losses_by_update(&self, object: &Object, update: &Update<'_>, _effect: Effect) -> Vec<Loss> {
        let (gone, _) = ipv6_difference(update);
        amazon_ranges(object)
            .filter(|range| gone.contains(range))
            .map(lost)
            .collect()
    }

    fn ranges(&self, record: &Record) -> Vec<IpNet> {
        ranges(record)
    }

    fn loss_disruption(&self, _object: &Object) -> Disruption {
        Disruption::Outage
    }
}

/// Which IPv6 ranges an update takes away, and whether it brings one.
fn ipv6_difference<'a>(update: &Update<'a>) -> (Vec<&'a str>, bool) {
    let (before, after) = (update.before.text(ipv6::BLOCK), update.after.text(ipv6::BLOCK));
    let gone = ipv6::all(before).filter(|range| update.has(ipv6::BLOCK) && *range != after);
    let is_there = ipv6::all(before).any(|range| range == after);
    (
        gone.collect(),
        update.has(ipv6::BLOCK) && !after.is_empty() && !is_there,
    )
}

/// Whether a live VPC is to get an IPv6 range that it does not have.
pub fn gets_ipv6(live: &Object, wanted: &Record) -> bool {
    match wanted.text(ipv6::BLOCK) {
        "" => false,
        ipv6::AMAZON => live.facts.list(AMAZON_RANGES).is_empty(),
        range => !ipv6::all(live.record.text(ipv6::BLOCK)).any(|has| has == range),
    }
}

/// The ranges that Amazon gave and that are known.
fn amazon_ranges(object: &Object) -> impl Iterator<Item = &str> {
    let given = object.facts.list(AMAZON_RANGES).iter().filter_map(Value::as_text);
    given.filter(|range| *range != ipv6::AMAZON)
}

fn lost(range: &str) -> Loss {
    Loss::Ipv6Range {
        range: range.to_owned(),
    }
}

/// A range of one's own is from a pool, and Amazon's from none of these.
fn check_ipv6(resource: &Resource, out: &mut Vec<Diagnostic>) {
    let (block, pool) = (
        resource.record.text(ipv6::BLOCK),
        resource.record.text(attr::IPV6_POOL),
    );
    let is_own = !matches!(block, "" | ipv6::AMAZON);
    let (message, place, help) = match (is_own, pool.is_empty()) {
        (true, true) => (
            format!("{block} is a range of your own, and it is not said from which pool"),
            ipv6::BLOCK,
            "write the `ipv6_pool` that EC2 gave it when it was brought to AWS, or `ipv6_cidr_block: amazon`",
        ),
        (false, false) => (
            format!(
                "{} has a pool, and no range of your own from it",
                resource.address
            ),
            attr::IPV6_POOL,
            "write a range of the pool as `ipv6_cidr_block`, or leave `ipv6_pool` out",
        ),
        _ => return,
    };
    out.push(
        Diagnostic::error("ipv6-pool", message)
            .at(resource.place(place), "")
            .help(help),
    );
}

/// The live VPC of an address, where the plan leaves it the same object.
pub fn staying<'v>(address: &Address, view: &View<'v>) -> Option<Live<'v>> {
    let live = view.live.get(view.holders.get(address)?)?;
    let wanted = view.wanted.get(address)?;
    let effects = SCHEMA.attributes.iter().filter(|attribute| {
        attribute.differs(wanted.value(attribute.name), live.record.value(attribute.name))
    });
    let worst =
        worst(effects.map(|attribute| {
            attribute.effect(live.record.value(attribute.name), wanted.value(attribute.name))
        }));
    (worst != Effect::Replace).then_some(*live)
}

/// All IPv4 ranges of a VPC's record, the primary one first.
pub fn ranges(record: &Record) -> Vec<IpNet> {
    let secondary = record
        .list(attr::SECONDARY_CIDR_BLOCKS)
        .iter()
        .filter_map(Value::as_text);
    std::iter::once(record.text(attr::CIDR_BLOCK))
        .chain(secondary)
        .filter_map(|text| text.parse().ok())
        .collect()
}

/// The VPC that a resource's `vpc` attribute names, for hooks of other kinds.
pub fn of(record: &Record) -> Option<&Ref> {
    record.get(VPC)
}

/// The claim of what a VPC has one of, such as its internet gateway.
pub fn place_of(kind: Kind, of: &'static Exclusive, sets: &Record) -> Option<Claim> {
    let claim = |vpc| {
        let what = format!("the place of {vpc}'s {}", kind.noun());
        Claim::text(of, format!("{} of {vpc}", kind.plural()), "attachment", what)
    };
    self::of(sets).map(claim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiAction;

    #[test]
    fn a_range_that_keeps_a_new_one_out_goes_first_and_any_other_last() {
        let with = |range: &str| {
            Record::new()
                .with(attr::CIDR_BLOCK, "10.7.0.0/16")
                .with(attr::SECONDARY_CIDR_BLOCKS, vec![Value::text(range)])
        };
        let calls = |before: &str, after: &str| -> Vec<ApiAction> {
            let (before, after) = (with(before), with(after));
            let update = Update::new(Kind::Vpc, &before, &after, false);
            let calls = Kind::Vpc.rules().update(&update);
            calls.iter().map(|call| call.action).collect()
        };
        let (add, take) = (action::ASSOCIATE_CIDR_BLOCK, action::DISASSOCIATE_CIDR_BLOCK);
        assert_eq!(calls("10.1.0.0/16", "10.0.64.0/18"), [take, add]);
        assert_eq!(calls("10.1.0.0/16", "10.1.0.0/17"), [take, add]);
        assert_eq!(calls("10.0.64.0/18", "10.1.0.0/16"), [add, take]);
        assert_eq!(calls("10.1.0.0/16", "10.2.0.0/16"), [add, take]);
    }
}
