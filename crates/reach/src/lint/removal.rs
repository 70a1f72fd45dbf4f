//! What a lint advises to take away, as a change of the network: so that it can be tried that nothing which
//! works goes with it, and that nothing opens.

use crate::filter::Direction;
use crate::network::{AclEntry, GroupRule, Network, Peer};

/// What a lint advises to take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// An entry of a network ACL.
    Entry {
        /// Of which ACL.
        acl: usize,
        /// Which way.
        direction: Direction,
        /// Of this number.
        number: u32,
    },
    /// A security group, with the rules that name it.
    Group(usize),
    /// A rule of a security group.
    Rule {
        /// Of which group.
        group: usize,
        /// Which way.
        direction: Direction,
        /// In which place.
        place: usize,
    },
    /// A route.
    Route {
        /// Of which table.
        table: usize,
        /// In which place.
        place: usize,
    },
    /// The public addresses of a host.
    PublicAddresses(usize),
}

impl Removal {
    /// Takes it away. A group keeps its place, and does nothing.
    pub fn apply(&self, network: &mut Network) {
        match *self {
            Self::Entry {
                acl,
                direction,
                number,
            } => {
                let acl = &mut network.network_acls[acl];
                let entries: &mut Vec<AclEntry> = match direction {
                    Direction::Ingress => &mut acl.ingress,
                    Direction::Egress => &mut acl.egress,
                };
                entries.retain(|entry| entry.number != number);
            }
            Self::Group(group) => {
                let own = &mut network.security_groups[group];
                (own.ingress, own.egress) = (Vec::new(), Vec::new());
                let others = network.security_groups.iter_mut();
                for rules in others.flat_map(|other| [&mut other.ingress, &mut other.egress]) {
                    rules.retain(|rule| rule.peer != Peer::Group(group));
                }
            }
            Self::Rule {
                group,
                direction,
                place,
            } => {
                let group = &mut network.security_groups[group];
                let rules: &mut Vec<GroupRule> = match direction {
                    Direction::Ingress => &mut group.ingress,
                    Direction::Egress => &mut group.egress,
                };
                if place < rules.len() {
                    rules.remove(place);
                }
            }
            Self::Route { table, place } => {
                let routes = &mut network.route_tables[table].routes;
                if place < routes.len() {
                    routes.remove(place);
                }
            }
            Self::PublicAddresses(host) => {
                let addresses = network.interfaces[host].addresses.iter_mut();
                addresses.for_each(|own| own.public = None);
            }
        }
    }
}
