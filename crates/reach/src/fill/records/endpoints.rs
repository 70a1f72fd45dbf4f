//! VPC endpoints from records: routes to a service's prefix list, or interfaces to which its name leads.

use trueup_model::kinds::vpc_endpoint::{self, VpcEndpoint, attr, endpoint_type, service};
use trueup_model::{Kind, fact, policy};

use super::interfaces::addresses;
use super::{Part, Records, key, list};
use crate::network::{
    AddressPair, Assignment, Behind, Destination, Endpoint, EndpointKind, Interface, Named, Origin, Route,
    Target,
};

impl Records<'_> {
    pub(super) fn vpc_endpoints(&mut self) {
        for part in self.of(Kind::VpcEndpoint) {
            let typed = match part.typed::<VpcEndpoint>() {
                Ok(typed) => typed,
                Err(why) => {
                    self.note(part, &why);
                    continue;
                }
            };
            let vpc = self.vpc(&typed.vpc);
            let index = self.network.endpoints.len();
            self.endpoints.put(&part.key, index);
            let is_interface = typed.endpoint_type == endpoint_type::INTERFACE;
            // A spec that does not know its region leaves the service's short name.
            let service = if service::is_full(&typed.service) {
                typed.service.clone()
            } else {
                service::full(&typed.service, &self.region, is_interface)
            };
            let available = matches!(part.fact(fact::STATE), None | Some("available"));
            let kind = match typed.endpoint_type.as_str() {
                endpoint_type::GATEWAY => EndpointKind::Gateway,
                endpoint_type::INTERFACE => {
                    EndpointKind::Interface(self.endpoint_interfaces(part, &typed, vpc, available))
                }
                _ => EndpointKind::Other,
            };
            if kind == EndpointKind::Gateway {
                self.endpoint_routes(part, &typed, &service, index);
            }
            let only_inbound = vpc_endpoint::only_inbound(part.record) == Some(true);
            self.network.endpoints.push(Endpoint {
                named: part.named.clone(),
                vpc,
                service,
                kind,
                policy: typed.policy.filter(|policy| !policy::is_full_access(policy)),
                available,
                private_dns: typed.private_dns_enabled == Some(true) && !only_inbound,
                is_unsure: false,
            });
        }
    }

    /// The routes that EC2 puts into the tables of a gateway endpoint.
    fn endpoint_routes(&mut self, part: &Part<'_>, typed: &VpcEndpoint, service: &str, index: usize) {
        let list = list(&mut self.network, &mut self.lists, service);
        let tables = typed.route_tables.iter();
        for table in tables.filter_map(|table| self.tables.get(&key(table))) {
            self.network.route_tables[table].routes.push(Route {
                destination: Destination::List(list),
                target: Target::Endpoint(index),
                origin: Origin::Static,
                source: part.place(attr::ROUTE_TABLES.name),
            });
        }
    }

    /// The interfaces of an interface endpoint, one in each of its subnets: those that are live, and those that EC2
    /// has yet to make. They are told apart by their subnets.
    fn endpoint_interfaces(
        &mut self,
        part: &Part<'_>,
        typed: &VpcEndpoint,
        vpc: usize,
        available: bool,
    ) -> Vec<usize> {
        let mut groups: Vec<usize> = typed
            .security_groups
            .iter()
            .map(|group| self.group(&key(group), vpc))
            .collect();
        if groups.is_empty() {
            groups.push(self.default_group(vpc));
        }
        let own: Vec<String> = part.network_interfaces().collect();
        let mut indices = Vec::new();
        for reference in &typed.subnets {
            let subnet = self.subnet(reference);
            let live = own
                .iter()
                .filter_map(|id| self.of_endpoints.get(id))
                .find(|live| live.subnet == key(reference))
                .cloned();
            let addresses = match &live {
                Some(live) => addresses(live),
                None => to_be_assigned(typed),
            };
            let index = self.network.interfaces.len();
            let id = live.map(|live| live.id);
            if let Some(id) = &id {
                self.hosts.put(id, index);
            }
            self.network.interfaces.push(Interface {
                named: Named {
                    name: format!(
                        "{} in {}",
                        part.named.name, self.network.subnets[subnet].named.name
                    ),
                    id,
                    source: part.named.source.clone(),
                },
                subnet,
                behind: Behind::Endpoint,
                addresses,
                security_groups: groups.clone(),
                source_dest_check: true,
                running: available,
                ..Interface::default()
            });
            indices.push(index);
        }
        indices
    }
}

/// The addresses that EC2 will give to each interface of an endpoint.
fn to_be_assigned(typed: &VpcEndpoint) -> Vec<AddressPair> {
    let assigned: &[Assignment] = match typed.ip_address_type.as_deref() {
        Some("dualstack") => &[Assignment::Unassigned, Assignment::UnassignedV6],
        Some("ipv6") => &[Assignment::UnassignedV6],
        _ => &[Assignment::Unassigned],
    };
    assigned
        .iter()
        .map(|private| AddressPair {
            private: *private,
            public: None,
        })
        .collect()
}
