//! Peerings, transit gateways and route tables of saved answers.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Saved, is_on, items, list, text};
use crate::network::{
    Attachment, Destination, Named, Origin, Peering, Route, RouteTable, Target, TransitGateway, TransitRoute, TransitTable,
};

impl Saved {
    pub(super) fn peerings(&mut self) {
        for item in self.answers.take("VpcPeeringConnections", "VpcPeeringConnectionId") {
            let id = text(&item.json, "VpcPeeringConnectionId");
            let side = |name: &str| item.json.get(name).and_then(|side| self.vpcs.get(text(side, "VpcId")));
            let vpcs = [side("RequesterVpcInfo"), side("AccepterVpcInfo")];
            let active = item.json.get("Status").is_some_and(|status| text(status, "Code") == "active");
            self.peerings.put(id, self.network.peerings.len());
            self.network.peerings.push(Peering { named: Named::new(id), vpcs, active });
        }
    }

    pub(super) fn transit_gateways(&mut self) {
        for item in self.answers.take("TransitGateways", "TransitGatewayId") {
            if text(&item.json, "State") == "deleted" {
                continue;
            }
            let id = text(&item.json, "TransitGatewayId");
            let options = item.json.get("Options").unwrap_or(&Json::Null);
            let group_references = text(options, "SecurityGroupReferencingSupport") == "enable";
            self.transit.put(id, self.network.transit_gateways.len());
            self.network.transit_gateways.push(TransitGateway { named: Named::new(id), group_references, ..TransitGateway::default() });
        }
        let tables = self.transit_tables();
        let attachments = self.attachments(&tables);
        self.transit_static_routes(&tables, &attachments);
        self.transit_propagations(&tables, &attachments);
    }

    /// Where each table of a transit gateway is: the gateway and its place there.
    fn transit_tables(&mut self) -> BTreeMap<String, (usize, usize)> {
        let mut places = BTreeMap::new();
        for item in self.answers.take("TransitGatewayRouteTables", "TransitGatewayRouteTableId") {
            let id = text(&item.json, "TransitGatewayRouteTableId");
            let Some(gateway) = self.transit.get(text(&item.json, "TransitGatewayId")) else { continue };
            let tables = &mut self.network.transit_gateways[gateway].route_tables;
            places.insert(id.to_owned(), (gateway, tables.len()));
            tables.push(TransitTable { named: Named::new(id), routes: Vec::new() });
        }
        places
    }

    fn attachments(&mut self, tables: &BTreeMap<String, (usize, usize)>) -> BTreeMap<String, (usize, usize)> {
        let of_vpcs = self.answers.take("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId");
        let subnets: BTreeMap<&str, &Json> =
            of_vpcs.iter().map(|item| (text(&item.json, "TransitGatewayAttachmentId"), &item.json)).collect();
        let mut places = BTreeMap::new();
        for item in self.answers.take("TransitGatewayAttachments", "TransitGatewayAttachmentId") {
            let id = text(&item.json, "TransitGatewayAttachmentId");
            let Some(gateway) = self.transit.get(text(&item.json, "TransitGatewayId")) else { continue };
            if text(&item.json, "State") != "available" {
                continue;
            }
            let association = item.json.get("Association").unwrap_or(&Json::Null);
            let table = tables.get(text(association, "TransitGatewayRouteTableId")).filter(|place| place.0 == gateway);
            let is_vpc = text(&item.json, "ResourceType") == "vpc";
            let own = subnets.get(id).map_or(&[][..], |json| items(json, "SubnetIds"));
            let attachments = &mut self.network.transit_gateways[gateway].attachments;
            places.insert(id.to_owned(), (gateway, attachments.len()));
            attachments.push(Attachment {
                named: Named::new(id),
                vpc: self.vpcs.get(text(&item.json, "ResourceId")).filter(|_| is_vpc),
                subnets: own.iter().filter_map(Json::as_str).filter_map(|id| self.subnets.get(id)).collect(),
                route_table: table.map(|place| place.1),
            });
        }
        places
    }

    fn transit_static_routes(&mut self, tables: &BTreeMap<String, (usize, usize)>, attachments: &BTreeMap<String, (usize, usize)>) {
        for item in self.answers.take("TransitGatewayStaticRoutes", "TransitGatewayRouteTableId") {
            let Some(&(gateway, table)) = tables.get(text(&item.json, "TransitGatewayRouteTableId")) else { continue };
            for route in items(&item.json, "Routes") {
                let Ok(range) = text(route, "DestinationCidrBlock").parse() else { continue };
                let active = text(route, "State") == "active";
                let own = items(route, "TransitGatewayAttachments").iter().map(|own| text(own, "TransitGatewayAttachmentId"));
                let attachment = own.filter_map(|id| attachments.get(id)).map(|place| place.1).next().filter(|_| active);
                self.network.transit_gateways[gateway].route_tables[table].routes.push(TransitRoute { range, attachment, is_static: true });
            }
        }
    }

    fn transit_propagations(&mut self, tables: &BTreeMap<String, (usize, usize)>, attachments: &BTreeMap<String, (usize, usize)>) {
        for item in self.answers.take("TransitGatewayPropagations", "TransitGatewayRouteTableId") {
            let id = text(&item.json, "TransitGatewayRouteTableId");
            let Some(&(gateway, table)) = tables.get(id) else { continue };
            for propagation in items(&item.json, "TransitGatewayRouteTablePropagations") {
                let Some(&(_, attachment)) = attachments.get(text(propagation, "TransitGatewayAttachmentId")) else { continue };
                if text(propagation, "State") != "enabled" {
                    continue;
                }
                match self.network.transit_gateways[gateway].attachments[attachment].vpc {
                    Some(vpc) => {
                        let ranges = self.network.vpcs[vpc].ranges.clone();
                        let routes = ranges.into_iter().map(|range| TransitRoute { range, attachment: Some(attachment), is_static: false });
                        self.network.transit_gateways[gateway].route_tables[table].routes.extend(routes);
                    }
                    None => {
                        let what = text(propagation, "ResourceId");
                        self.network.gaps.push(format!("the routes that {what} propagates to {id} are not known"));
                    }
                }
            }
        }
    }

    pub(super) fn route_tables(&mut self) {
        for item in self.answers.take("RouteTables", "RouteTableId") {
            let Some(vpc) = self.vpcs.get(text(&item.json, "VpcId")) else { continue };
            let index = self.network.route_tables.len();
            let routes = items(&item.json, "Routes").iter().filter_map(|route| self.route(route)).collect();
            self.network.route_tables.push(RouteTable {
                named: Named::new(text(&item.json, "RouteTableId")),
                vpc,
                routes,
                ..RouteTable::default()
            });
            for association in items(&item.json, "Associations") {
                if is_on(association, "Main") {
                    self.network.vpcs[vpc].main_table = Some(index);
                }
                if let Some(subnet) = self.subnets.get(text(association, "SubnetId")) {
                    self.network.subnets[subnet].route_table = Some(index);
                }
                if let Some(gateway) = self.internet.get(text(association, "GatewayId")) {
                    self.network.internet_gateways[gateway].edge_table = Some(index);
                }
            }
        }
    }

    fn route(&mut self, route: &Json) -> Option<Route> {
        let gateway = text(route, "GatewayId");
        if gateway == "local" {
            return None;
        }
        let range =
            [text(route, "DestinationCidrBlock"), text(route, "DestinationIpv6CidrBlock")].iter().find_map(|text| text.parse().ok());
        let destination = match range {
            Some(range) => Destination::Range(range),
            None => Destination::List(list(&mut self.network, &mut self.lists, text(route, "DestinationPrefixListId"))),
        };
        let fields = [
            (text(route, "NatGatewayId"), &self.nat, Target::NatGateway as fn(usize) -> Target),
            (text(route, "TransitGatewayId"), &self.transit, Target::TransitGateway),
            (text(route, "VpcPeeringConnectionId"), &self.peerings, Target::Peering),
            (text(route, "EgressOnlyInternetGatewayId"), &self.egress_only, Target::EgressOnlyGateway),
            (text(route, "NetworkInterfaceId"), &self.interfaces, Target::Interface),
            (gateway, &self.internet, Target::InternetGateway),
            (gateway, &self.endpoints, Target::Endpoint),
        ];
        let named = fields.iter().map(|(id, ..)| *id).find(|id| !id.is_empty()).unwrap_or("something that is not modelled");
        let found = fields.iter().filter(|(id, ..)| !id.is_empty()).find_map(|(id, index, make)| index.get(id).map(make));
        let target = match found {
            _ if text(route, "State") == "blackhole" => Target::Blackhole(named.to_owned()),
            Some(target) => target,
            None => Target::Other(named.to_owned()),
        };
        let origin = if text(route, "Origin") == "EnableVgwRoutePropagation" { Origin::VpnBgp } else { Origin::Static };
        Some(Route { destination, target, origin, source: None })
    }
}
