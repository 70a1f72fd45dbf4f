//! Routes from records.

use trueup_model::kinds::route_table::{self, RouteTable};
use trueup_model::{Kind, Ref};

use super::{Part, Records, key, list};
use crate::network::{Destination, Origin, Route, Target};

impl Records<'_> {
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
        if let Some(peering) = &route.vpc_peering_connection {
            return known(
                peering,
                Kind::VpcPeeringConnection,
                self.peering_connections.get(&key(peering)).map(Target::Peering),
            );
        }
        let others = [&route.transit_gateway, &route.vpn_gateway];
        Target::Other(others.into_iter().flatten().next().map(key).unwrap_or_default())
    }
}
