//! Live interfaces that are no instances of the topology: load balancers, databases, functions, endpoints,
//! instances of others.

use std::collections::BTreeSet;

use trueup_model::kinds::vpc_endpoint::{VpcEndpoint, endpoint_type};
use trueup_model::{Interfaces, Kind, NetworkInterface, Ref, fact};

use super::super::parts::behind;
use super::{Part, Records};
use crate::network::{AddressPair, Assignment, Interface, Named};

impl Records<'_> {
    /// Puts them in, but for those that are an instance's own. Those of endpoints are put in with the endpoints.
    pub(super) fn interfaces(&mut self, interfaces: &Interfaces) {
        if let Interfaces::Unread(why) = interfaces {
            self.network.unread_interfaces = Some(why.clone());
            self.network
                .vpcs
                .iter_mut()
                .for_each(|vpc| vpc.unread.hosts = true);
            self.network.gaps.push(format!(
                "who else is there is not known: network interfaces could not be read ({why})"
            ));
            return;
        }
        let primary = self.primary_interfaces();
        let of_endpoints = self.interfaces_of_endpoints();
        for interface in interfaces.known() {
            if of_endpoints.contains(&interface.id) {
                self.of_endpoints.insert(interface.id.clone(), interface.clone());
            } else if !primary.contains(&interface.id) {
                self.interface(interface);
            }
        }
    }

    /// The interfaces that instances of ours are themselves. Others that are attached to them are ways of
    /// their own.
    fn primary_interfaces(&self) -> BTreeSet<String> {
        self.of(Kind::Instance)
            .filter_map(|part| part.fact(fact::NETWORK_INTERFACE).map(str::to_owned))
            .collect()
    }

    /// The interfaces that interface endpoints are themselves, as far as the endpoints can be read.
    fn interfaces_of_endpoints(&self) -> BTreeSet<String> {
        let is_interface = |part: &&Part<'_>| {
            part.typed::<VpcEndpoint>()
                .is_ok_and(|endpoint| endpoint.endpoint_type == endpoint_type::INTERFACE)
        };
        self.of(Kind::VpcEndpoint)
            .filter(is_interface)
            .flat_map(Part::network_interfaces)
            .collect()
    }

    fn interface(&mut self, interface: &NetworkInterface) {
        let Some(behind) = behind(
            &interface.interface_type,
            interface.attached,
            !interface.groups.is_empty(),
        ) else {
            return;
        };
        let subnet = self.subnet(&Ref::Id(interface.subnet.clone()));
        let vpc = self.network.subnets[subnet].vpc;
        let security_groups = interface
            .groups
            .iter()
            .map(|group| self.group(group, vpc))
            .collect();
        self.hosts.put(&interface.id, self.network.interfaces.len());
        self.network.interfaces.push(Interface {
            named: Named {
                name: interface.to_string(),
                id: Some(interface.id.clone()),
                source: None,
            },
            subnet,
            behind,
            addresses: addresses(interface),
            security_groups,
            source_dest_check: interface.source_dest_check,
            running: true,
            ..Interface::default()
        });
    }
}

/// The addresses that a live interface has.
pub(super) fn addresses(interface: &NetworkInterface) -> Vec<AddressPair> {
    let pairs = interface.addresses.iter();
    pairs
        .map(|(private, public)| AddressPair {
            private: Assignment::Known(*private),
            public: public.map(Assignment::Known),
        })
        .collect()
}
