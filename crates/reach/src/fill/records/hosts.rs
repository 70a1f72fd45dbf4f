//! Instances and NAT gateways from records.

use std::net::IpAddr;

use trueup_model::kinds::instance::Instance;
use trueup_model::kinds::{nat_gateway, subnet};
use trueup_model::{Kind, Ref, fact};

use super::{Part, Records, key};
use crate::network::{AddressPair, Assignment, Behind, Interface, NatGateway};

/// An address that a spec fixes, or that a live object has; else EC2 has yet to choose it.
pub(super) fn assigned(declared: Option<&str>, live: Option<&str>) -> Assignment {
    let known = declared.or(live).and_then(|text| text.parse::<IpAddr>().ok());
    known.map_or(Assignment::Unassigned, Assignment::Known)
}

impl Records<'_> {
    pub(super) fn instances(&mut self) {
        for part in self.of(Kind::Instance) {
            let typed = match part.typed::<Instance>() {
                Ok(typed) => typed,
                Err(why) => {
                    self.note(part, &why);
                    self.unread_instance(part);
                    continue;
                }
            };
            let subnet = self.subnet(&typed.subnet);
            let public = match (&typed.elastic_ip, typed.associate_public_ip_address) {
                (Some(address), _) => Some(self.elastic(address)),
                (None, Some(asked)) => asked.then(|| assigned(None, part.fact(fact::PUBLIC_IP))),
                (None, None) => self.maps_public(&typed.subnet).then_some(Assignment::Unassigned),
            };
            let vpc = self.network.subnets[subnet].vpc;
            let mut groups: Vec<usize> = typed
                .security_groups
                .iter()
                .map(|group| self.group(&key(group), vpc))
                .collect();
            if typed.security_groups.is_empty() {
                groups.push(self.default_group(vpc));
            }
            let running = typed.state == "running"
                && matches!(part.fact(fact::STATE), None | Some("running" | "pending"));
            let mut addresses = vec![AddressPair {
                private: assigned(typed.private_ip_address.as_deref(), part.fact(fact::PRIVATE_IP)),
                public,
            }];
            addresses.extend(self.ipv6_addresses(&typed));
            self.host(
                part,
                Interface {
                    named: part.named.clone(),
                    subnet,
                    behind: Behind::Host,
                    addresses,
                    security_groups: groups,
                    source_dest_check: typed.source_dest_check,
                    running,
                    tags: part.tags(),
                },
            );
        }
    }

    pub(super) fn host(&mut self, part: &Part<'_>, interface: Interface) {
        let index = self.network.interfaces.len();
        self.hosts.put(&part.key, index);
        if let Some(interface) = part.fact(fact::NETWORK_INTERFACE) {
            self.hosts.put(interface, index);
        }
        self.network.interfaces.push(interface);
    }

    /// Whether a subnet gives public addresses to instances that do not say whether they want one. A live
    /// instance shows whether it has one.
    fn maps_public(&self, reference: &Ref) -> bool {
        let subnet = key(reference);
        // Of a subnet outside it is not known, and it may.
        let is_unread = self
            .subnets
            .get(&subnet)
            .is_some_and(|index| self.network.subnets[index].ranges.is_empty());
        let record = self.subnet_records.get(subnet.as_str());
        let maps = record.and_then(|record| record.get(subnet::attr::MAP_PUBLIC_IP_ON_LAUNCH));
        !self.live && (is_unread || maps == Some(true))
    }

    pub(super) fn endpoints(&mut self) {
        for part in self.of(Kind::NatGateway) {
            let typed = match part.typed::<nat_gateway::NatGateway>() {
                Ok(typed) => typed,
                Err(why) => {
                    self.note(part, &why);
                    continue;
                }
            };
            let subnet = self.subnet(&typed.subnet);
            let public = (typed.connectivity_type == "public").then(|| {
                match (part.fact(fact::PUBLIC_IP), &typed.elastic_ip) {
                    (Some(live), _) => assigned(None, Some(live)),
                    (None, Some(address)) => self.elastic(address),
                    (None, None) => Assignment::Unassigned,
                }
            });
            self.nat.put(&part.key, self.network.nat_gateways.len());
            self.network.nat_gateways.push(NatGateway {
                named: part.named.clone(),
                vpc: self.network.subnets[subnet].vpc,
                subnet: Some(subnet),
                private: assigned(typed.private_ip_address.as_deref(), part.fact(fact::PRIVATE_IP)),
                public,
                available: matches!(part.fact(fact::STATE), None | Some("available")),
            });
        }
        self.vpc_endpoints();
    }
}
