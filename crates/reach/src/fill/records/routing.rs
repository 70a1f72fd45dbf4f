//! Endpoints and routes from records.

use trueup_model::kinds::route_table::{self, RouteTable};
use trueup_model::kinds::vpc_endpoint::{self, VpcEndpoint};
use trueup_model::{Kind, Ref, fact, policy};

use super::{Part, Records, key, list};
use crate::network::{Destination, Endpoint, EndpointKind, Origin, Route, Target};

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
            // A spec that does not know its region leaves the service's short name.
            let service = if typed.service.contains('.') {
                typed.service
            } else {
                format!("com.amazonaws.{}.{}", self.region, typed.service)
            };
            let kind = if typed.endpoint_type == "gateway" {
                EndpointKind::Gateway
            } else {
                EndpointKind::Other
            };
            self.network.endpoints.push(Endpoint {
                named: part.named.clone(),
                vpc,
                service: service.clone(),
                kind,
                policy: typed.policy.filter(|policy| !policy::is_full_access(policy)),
                available: matches!(part.fact(fact::STATE), None | Some("available")),
                private_dns: false,
            });
            let list = list(&mut self.network, &mut self.lists, &service);
            for table in typed
                .route_tables
                .iter()
                .filter_map(|table| self.tables.get(&key(table)))
            {
                self.network.route_tables[table].routes.push(Route {
                    destination: Destination::List(list),
                    target: Target::Endpoint(index),
                    origin: Origin::Static,
                    source: part.place(vpc_endpoint::attr::ROUTE_TABLES.name),
                });
            }
        }
    }

    pub(super) fn routes(&mut self) {
        for part in self.of(Kind::RouteTable) {
            let (Some(index), Ok(typed)) = (self.tables.get(&part.key), part.typed::<RouteTable>()) else {
                continue;
            };
            // Every table has its local routes: what leads there is one of them.
            let led = typed
                .routes
                .iter()
                .enumerate()
                .filter(|(_, route)| route.local_target != Some(true));
            for (place, route) in led {
                // A gateway of others that a table leads to may be attached to the table's VPC.
                if !self.live
                    && route
                        .internet_gateway
                        .as_ref()
                        .is_some_and(|gateway| self.internet.get(&key(gateway)).is_none())
                {
                    let vpc = self.network.route_tables[index].vpc;
                    self.network.vpcs[vpc].unread.gateway = true;
                }
                let route = self.route(part, place, route);
                self.network.route_tables[index].routes.push(route);
            }
        }
    }

    fn route(&mut self, part: &Part<'_>, place: usize, route: &route_table::Route) -> Route {
        let destination = match route.destination.parse() {
            Ok(range) => Destination::Range(range),
            Err(_) => Destination::List(list(&mut self.network, &mut self.lists, &route.destination)),
        };
        let target = self.target(route);
        Route {
            destination,
            target,
            origin: Origin::Static,
            source: part.place(&format!("routes[{place}]")),
        }
    }

    fn target(&self, route: &route_table::Route) -> Target {
        let known = |reference: &Ref, kind: Kind, found: Option<Target>| {
            let gone = self.live && !self.is_unreadable(kind) && !self.unread.contains(&key(reference));
            found.unwrap_or_else(|| {
                if gone {
                    Target::Blackhole(key(reference))
                } else {
                    Target::Other(key(reference))
                }
            })
        };
        if let Some(gateway) = &route.internet_gateway {
            return known(
                gateway,
                Kind::InternetGateway,
                self.internet.get(&key(gateway)).map(Target::InternetGateway),
            );
        }
        if let Some(gateway) = &route.egress_only_internet_gateway {
            return known(
                gateway,
                Kind::EgressOnlyInternetGateway,
                self.egress_only.get(&key(gateway)).map(Target::EgressOnlyGateway),
            );
        }
        if let Some(gateway) = &route.nat_gateway {
            return known(
                gateway,
                Kind::NatGateway,
                self.nat.get(&key(gateway)).map(Target::NatGateway),
            );
        }
        if let Some(endpoint) = &route.vpc_endpoint {
            return Target::Other(key(endpoint));
        }
        if let Some(interface) = &route.network_interface {
            let id = key(interface);
            return match self.hosts.get(&id) {
                Some(host) => Target::Interface(host),
                None => Target::Other(id),
            };
        }
        let others = [
            &route.transit_gateway,
            &route.vpc_peering_connection,
            &route.vpn_gateway,
        ];
        Target::Other(others.into_iter().flatten().next().map(key).unwrap_or_default())
    }
}
