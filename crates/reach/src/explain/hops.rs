//! Hops: the steps of a trace with the rules that decided.

use ipnet::IpNet;
use serde::Serialize;
use trueup_model::Place;

use crate::blocker::{deciding, rules_for};
use crate::engine::Engine;
use crate::network::is_stand_in;
use crate::packet_end::Match;
use crate::policy::access;
use crate::service::ServiceSet;
use crate::trace::{Check, Step, needed};
use crate::tracer::{End, Traced};
use crate::wording::{self, acl_rule, group_rule};

/// One step of a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// What sort of thing is passed: `interface`, `subnet`, `route_table`, `gateway`, `end`.
    pub kind: &'static str,
    /// Its name.
    pub component: String,
    /// EC2's id of it, where it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The rule that decided, in words; none where no rule matched.
    pub rule: Option<String>,
    /// What came of it: `allow`, `partial`, `deny`, `unknown`, `pass`, `end`.
    pub result: &'static str,
    /// Where the rule, or else the component, is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
}

/// The hops of a trace, there and back, as far as the wanted services get.
pub(super) fn hops(engine: &Engine<'_>, traced: &Traced, wanted: &ServiceSet) -> (Vec<Hop>, Vec<Hop>) {
    let (forth, home) = traced.halves();
    let describe = |steps: &[Step]| {
        let mut hops = Vec::new();
        for step in steps {
            let hop = hop(engine, step, wanted);
            let ends = hop.result == "deny";
            hops.push(hop);
            if ends {
                break;
            }
        }
        hops
    };
    let mut there = describe(forth);
    let denied = there.last().is_some_and(|hop| hop.result == "deny");
    if !denied && let Ok(end) = traced.forward {
        there.push(arrival(engine, end));
    }
    let back = if denied { Vec::new() } else { describe(home) };
    (there, back)
}

fn arrival(engine: &Engine<'_>, end: End) -> Hop {
    let component = match end {
        End::Interface(index, _) => engine.network.interfaces[index].named.name.clone(),
        End::Outside => "internet".to_owned(),
        End::Imagined(_) => "a service of AWS".to_owned(),
        End::Service(endpoint) => engine.network.endpoints[endpoint].service.clone(),
        End::Amazon => "Amazon's DNS, metadata or time server".to_owned(),
    };
    Hop {
        kind: "end",
        component,
        id: None,
        rule: None,
        result: "end",
        source: None,
    }
}

fn hop(engine: &Engine<'_>, step: &Step, wanted: &ServiceSet) -> Hop {
    let network = engine.network;
    let needed = needed(engine, wanted, step.role);
    let bounds = step.bounds(engine);
    let result = if bounds.sure.is_superset(&needed) {
        "allow"
    } else if !bounds.perhaps.overlaps(&needed) {
        "deny"
    } else if bounds.sure.overlaps(&needed) {
        "partial"
    } else {
        "unknown"
    };
    let (kind, at, rule, source) = match &step.check {
        Check::Groups {
            interface,
            direction,
            peer,
            references,
        } => {
            let rules = rules_for(engine, *interface, *direction, peer, *references, &needed);
            let text = rules
                .first()
                .map(|(group, rule)| group_rule(engine, *group, *direction, rule));
            let source = rules.first().and_then(|(_, rule)| rule.source.clone());
            ("interface", &network.interfaces[*interface].named, text, source)
        }
        Check::Tracked { interface } => (
            "interface",
            &network.interfaces[*interface].named,
            Some("an answer to a flow that its groups remember".to_owned()),
            None,
        ),
        Check::Acl {
            subnet,
            direction,
            peer,
        } => {
            let decided = deciding(engine, *subnet, *direction, peer, &needed);
            let acl = network.acl_of(*subnet).map(|acl| &network.network_acls[acl]);
            let text = match (acl, decided.first()) {
                (None, _) => "the default network ACL allows everything".to_owned(),
                (Some(acl), Some(entry)) => format!("{} {}", acl.named.name, acl_rule(*direction, entry)),
                (Some(acl), None) if acl.unread => format!("{}, whose entries are not known", acl.named.name),
                (Some(acl), None) => format!("{} {} *: deny", acl.named.name, direction.as_str()),
            };
            (
                "subnet",
                &network.subnets[*subnet].named,
                Some(text),
                decided.first().and_then(|entry| entry.source.clone()),
            )
        }
        Check::Table { table, route, target } => {
            let (number, table) = (*table, &network.route_tables[*table]);
            let (text, source) = match *route {
                Some(index) => (
                    wording::route(engine, number, index),
                    table.route(index).source.clone(),
                ),
                None => {
                    let own = network.vpcs[table.vpc]
                        .ranges
                        .iter()
                        .find(|range| target.is_in(range) != Match::No);
                    (
                        format!("{} -> local", own.map(local_range).unwrap_or_default()),
                        None,
                    )
                }
            };
            ("route_table", &table.named, Some(text), source)
        }
        Check::Gate { at, services, .. } => {
            let policy = network
                .endpoints
                .iter()
                .find(|endpoint| endpoint.named == *at)
                .map(|endpoint| &endpoint.policy);
            let policy = policy
                .map(|policy| format!("; policy: {}", access(policy.as_ref(), "*", "*")))
                .unwrap_or_default();
            ("gateway", at, Some(format!("carries {services}{policy}")), None)
        }
        Check::Pass { at, does } => ("gateway", at, Some(does.clone()), None),
    };
    let result = if matches!(
        step.check,
        Check::Pass { .. } | Check::Tracked { .. } | Check::Table { .. }
    ) {
        "pass"
    } else {
        result
    };
    let source = source.or_else(|| super::place_of(at));
    Hop {
        kind,
        component: at.name.clone(),
        id: at.id.clone(),
        rule,
        result,
        source,
    }
}

/// A range of a VPC; one that Amazon has yet to give by what it is.
fn local_range(range: &IpNet) -> String {
    if is_stand_in(range) {
        "the IPv6 range that Amazon gives".to_owned()
    } else {
        range.to_string()
    }
}
