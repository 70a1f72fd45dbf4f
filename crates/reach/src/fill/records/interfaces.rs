//! Live interfaces that are no instances of the topology: load balancers, databases, functions, endpoints,
//! instances of others.

use std::collections::BTreeSet;

use trueup_model::{Interfaces, Kind, NetworkInterface, Ref, fact};

use super::super::parts::behind;
use super::Records;
use crate::network::{AddressPair, Assignment, Interface, Named};

impl Records<'_> {
    /// Puts them in, but for those that are an instance's own.
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
        let is_other = |interface: &&NetworkInterface| !primary.contains(&interface.id);
        interfaces
            .known()
            .iter()
            .filter(is_other)
            .for_each(|interface| self.interface(interface));
    }

    /// The interfaces that instances of ours are themselves. Others that are attached to them are ways of
    /// their own.
    fn primary_interfaces(&self) -> BTreeSet<String> {
        self.of(Kind::Instance)
            .filter_map(|part| part.fact(fact::NETWORK_INTERFACE).map(str::to_owned))
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
        let own = |(private, public): &(std::net::IpAddr, Option<std::net::IpAddr>)| AddressPair {
            private: Assignment::Known(*private),
            public: public.map(Assignment::Known),
        };
        self.hosts.put(&interface.id, self.network.interfaces.len());
        self.network.interfaces.push(Interface {
            named: Named {
                name: interface.to_string(),
                id: Some(interface.id.clone()),
                source: None,
            },
            subnet,
            behind,
            addresses: interface.addresses.iter().map(own).collect(),
            security_groups,
            source_dest_check: interface.source_dest_check,
            running: true,
            ..Interface::default()
        });
    }
}
