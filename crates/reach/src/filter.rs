//! Filters: what security groups and network ACLs let through for a given peer.

use crate::engine::Engine;
use crate::forwarding_rules::ForwardingRule;
use crate::network::{AclEntry, GroupRule, Peer};
use crate::packet_end::{Match, Owner, PacketEnd};
use crate::service::{Bounds, ServiceSet};

/// Which way a packet crosses a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Into the interface or subnet.
    Ingress,
    /// Out of it.
    Egress,
}

impl Direction {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// Whether a rule of a group of `vpc` is about `peer`. `references` says whether references to groups still
/// hold for this packet.
pub(crate) fn rule_matches(
    engine: &Engine<'_>,
    vpc: usize,
    rule: &GroupRule,
    peer: &PacketEnd,
    references: bool,
) -> Match {
    match &rule.peer {
        Peer::Range(range) => peer.is_in(range),
        Peer::List(list) => engine.is_listed(peer, *list),
        Peer::Group(group) => {
            if references {
                engine
                    .is_member(*group, peer)
                    .min(engine.is_visible(vpc, engine.network.security_groups[*group].vpc))
            } else {
                Match::No
            }
        }
        // An interface whose groups are known has known groups only; what is public is nobody's private
        // address.
        Peer::Stranger(_) if references && (peer.owner == Owner::Unresolved || engine.is_stray(peer)) => {
            Match::Perhaps
        }
        Peer::Stranger(_) => Match::No,
        Peer::Unread => Match::Perhaps,
    }
}

/// What the groups of an interface let through for a peer: all that any rule of any group allows.
pub(crate) fn groups(
    engine: &Engine<'_>,
    interface: usize,
    direction: Direction,
    peer: &PacketEnd,
    references: bool,
) -> Bounds {
    let forwarding_rule = if direction == Direction::Ingress {
        ForwardingRule::GroupsFilterIngress
    } else {
        ForwardingRule::GroupsFilterEgress
    };
    if !engine.forwarding_rules.hold(forwarding_rule) {
        return Bounds::exact(ServiceSet::all());
    }
    let mut bounds = Bounds::exact(ServiceSet::none());
    for &group in &engine.network.interfaces[interface].security_groups {
        let group = &engine.network.security_groups[group];
        let rules = if direction == Direction::Ingress {
            &group.ingress
        } else {
            &group.egress
        };
        for rule in rules {
            let matches = rule_matches(engine, group.vpc, rule, peer, references);
            if matches == Match::Yes {
                bounds.sure = bounds.sure.union(&rule.services);
            }
            if matches != Match::No {
                bounds.perhaps = bounds.perhaps.union(&rule.services);
            }
        }
    }
    bounds
}

/// The entries of the ACL of a subnet in the order in which EC2 looks at them; `None` where the ACL is EC2's
/// initial one.
pub(crate) fn entries<'a>(
    engine: &Engine<'a>,
    subnet: usize,
    direction: Direction,
) -> Option<Vec<&'a AclEntry>> {
    let acl = &engine.network.network_acls[engine.network.acl_of(subnet)?];
    let entries = if direction == Direction::Ingress {
        &acl.ingress
    } else {
        &acl.egress
    };
    let mut ordered: Vec<&AclEntry> = entries.iter().collect();
    ordered.sort_by_key(|entry| entry.number);
    Some(ordered)
}

/// What the ACL of a subnet lets through for a peer: for each service, the first entry that matches decides.
pub(crate) fn acl(engine: &Engine<'_>, subnet: usize, direction: Direction, peer: &PacketEnd) -> Bounds {
    let Some(entries) = entries(engine, subnet, direction)
        .filter(|_| engine.forwarding_rules.hold(ForwardingRule::AclsFilter))
    else {
        return Bounds::exact(ServiceSet::all());
    };
    if engine
        .network
        .acl_of(subnet)
        .is_some_and(|acl| engine.network.network_acls[acl].unread)
    {
        return Bounds {
            sure: ServiceSet::none(),
            perhaps: ServiceSet::all(),
        };
    }
    if !engine.forwarding_rules.hold(ForwardingRule::AclsAreOrdered) {
        let allows = entries
            .iter()
            .filter(|entry| entry.allow && peer.is_in(&entry.range) == Match::Yes);
        return Bounds::exact(allows.fold(ServiceSet::none(), |all, entry| all.union(&entry.services)));
    }
    // In the worst case what may match denies, and in the best case it allows.
    let (mut sure, mut perhaps) = (ServiceSet::none(), ServiceSet::none());
    let (mut open, mut maybe_open) = (ServiceSet::all(), ServiceSet::all());
    for entry in entries {
        let matches = peer.is_in(&entry.range);
        if matches == Match::No {
            continue;
        }
        if entry.allow {
            perhaps = perhaps.union(&maybe_open.intersect(&entry.services));
            if matches == Match::Yes {
                sure = sure.union(&open.intersect(&entry.services));
            }
        }
        if matches == Match::Yes || !entry.allow {
            open = open.subtract(&entry.services);
        }
        if matches == Match::Yes || entry.allow {
            maybe_open = maybe_open.subtract(&entry.services);
        }
    }
    Bounds { sure, perhaps }
}
