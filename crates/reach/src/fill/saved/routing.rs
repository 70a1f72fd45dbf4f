//! Peerings, transit gateways and route tables of saved answers.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Saved, is_on, items, list, text};
use crate::network::{
    Attachment, Destination, Named, Origin, Peering, Route, RouteTable, Target, TransitGateway, TransitRoute,
    TransitTable,
};

/// Where each attachment is: its place at a gateway, by its id and the gateway.
type Places = BTreeMap<(String, usize), usize>;

impl Saved {
    pub(super) fn peerings(&mut self) {
        for item in self
            .answers
            .take("VpcPeeringConnections", "VpcPeeringConnectionId")
        {
            let id = text(&item.json, "VpcPeeringConnectionId");
            let side = |name: &str| {
                item.json
                    .get(name)
                    .and_then(|side| self.vpcs.get(text(side, "VpcId")))
            };
            let vpcs = [side("RequesterVpcInfo"), side("AccepterVpcInfo")];
            let active = item
                .json
                .get("Status")
                .is_some_and(|status| text(status, "Code") == "active");
            self.peerings.put(id, self.network.peerings.len());
            self.network.peerings.push(Peering {
                named: Named::new(id),
                vpcs,
                active,
            });
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
            let unread = self.answers.lack(&item, "TransitGatewayAttachments");
            self.transit.put(id, self.network.transit_gateways.len());
            self.network.transit_gateways.push(TransitGateway {
                named: Named::new(id),
                group_references,
                unread,
                ..TransitGateway::default()
            });
        }
        let tables = self.transit_tables();
        let mut attachments = self.attachments(&tables);
        self.join_peerings();
        self.transit_static_routes(&tables, &mut attachments);
        self.transit_propagations(&tables, &attachments);
    }

    /// Where each table of a transit gateway is: the gateway and its place there.
    fn transit_tables(&mut self) -> BTreeMap<String, (usize, usize)> {
        let mut places = BTreeMap::new();
        let ids = |answers: &super::Answers, name: &str| -> Vec<String> {
            let items = answers.lists.get(name).into_iter().flatten();
            items
                .map(|item| text(&item.json, "TransitGatewayRouteTableId").to_owned())
                .collect()
        };
        let statics = ids(&self.answers, "TransitGatewayStaticRoutes");
        let propagated = ids(&self.answers, "TransitGatewayPropagations");
        let answered = |ids: &[String], id: &str| ids.iter().any(|own| own == id);
        for item in self
            .answers
            .take("TransitGatewayRouteTables", "TransitGatewayRouteTableId")
        {
            let id = text(&item.json, "TransitGatewayRouteTableId");
            let Some(gateway) = self.transit.get(text(&item.json, "TransitGatewayId")) else {
                continue;
            };
            let tables = &mut self.network.transit_gateways[gateway].route_tables;
            places.insert(id.to_owned(), (gateway, tables.len()));
            // What is static and what is propagated come in answers of their own, one for each table.
            tables.push(TransitTable {
                named: Named::new(id),
                routes: Vec::new(),
                unread: !(answered(&statics, id) && answered(&propagated, id)),
            });
        }
        places
    }

    fn attachments(&mut self, tables: &BTreeMap<String, (usize, usize)>) -> Places {
        let of_vpcs = self
            .answers
            .take("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId");
        let subnets: BTreeMap<&str, &Json> = of_vpcs
            .iter()
            .map(|item| (text(&item.json, "TransitGatewayAttachmentId"), &item.json))
            .collect();
        let mut places = BTreeMap::new();
        // A peering of two gateways is an attachment of each, of one id.
        for item in self.answers.take_by("TransitGatewayAttachments", |json| {
            format!(
                "{} {}",
                text(json, "TransitGatewayAttachmentId"),
                text(json, "TransitGatewayId")
            )
        }) {
            let id = text(&item.json, "TransitGatewayAttachmentId");
            let Some(gateway) = self.transit.get(text(&item.json, "TransitGatewayId")) else {
                continue;
            };
            if text(&item.json, "State") != "available" {
                continue;
            }
            let association = item.json.get("Association").unwrap_or(&Json::Null);
            let table = tables
                .get(text(association, "TransitGatewayRouteTableId"))
                .filter(|place| place.0 == gateway);
            let is_vpc = text(&item.json, "ResourceType") == "vpc";
            let own = subnets.get(id).map_or(&[][..], |json| items(json, "SubnetIds"));
            let attached: Vec<Option<usize>> = own
                .iter()
                .filter_map(Json::as_str)
                .map(|id| self.subnets.get(id))
                .collect();
            let lost_table = !text(association, "TransitGatewayRouteTableId").is_empty() && table.is_none();
            let attachments = &mut self.network.transit_gateways[gateway].attachments;
            places.insert((id.to_owned(), gateway), attachments.len());
            attachments.push(Attachment {
                named: Named::new(id),
                vpc: self.vpcs.get(text(&item.json, "ResourceId")).filter(|_| is_vpc),
                peer: None,
                subnets: attached.iter().flatten().copied().collect(),
                route_table: table.map(|place| place.1),
                unread: lost_table || (is_vpc && attached.is_empty()) || attached.contains(&None),
            });
        }
        places
    }

    /// The two ends of each peering of transit gateways: attachments of one id.
    fn join_peerings(&mut self) {
        let mut ends: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        for (gateway, own) in self.network.transit_gateways.iter().enumerate() {
            for (place, attachment) in own
                .attachments
                .iter()
                .enumerate()
                .filter(|(_, attachment)| attachment.vpc.is_none())
            {
                ends.entry(attachment.named.name.clone())
                    .or_default()
                    .push((gateway, place));
            }
        }
        for pair in ends.values() {
            let [one, other] = pair[..] else { continue };
            for ((gateway, place), peer) in [(one, other), (other, one)] {
                self.network.transit_gateways[gateway].attachments[place].peer = Some(peer);
            }
        }
    }

    /// The place of an attachment at a gateway. One that is not among the answers leads nobody knows where.
    fn attachment(&mut self, gateway: usize, id: &str, places: &mut Places) -> usize {
        let own = &mut self.network.transit_gateways[gateway].attachments;
        *places.entry((id.to_owned(), gateway)).or_insert_with(|| {
            own.push(Attachment {
                named: Named::new(id),
                unread: true,
                ..Attachment::default()
            });
            own.len() - 1
        })
    }

    fn transit_static_routes(&mut self, tables: &BTreeMap<String, (usize, usize)>, attachments: &mut Places) {
        for item in self
            .answers
            .take("TransitGatewayStaticRoutes", "TransitGatewayRouteTableId")
        {
            let Some(&(gateway, table)) = tables.get(text(&item.json, "TransitGatewayRouteTableId")) else {
                continue;
            };
            for route in items(&item.json, "Routes") {
                let Ok(range) = text(route, "DestinationCidrBlock").parse() else {
                    continue;
                };
                let active = text(route, "State") == "active";
                let own = items(route, "TransitGatewayAttachments")
                    .first()
                    .filter(|_| active);
                let attachment = own.map(|own| {
                    self.attachment(gateway, text(own, "TransitGatewayAttachmentId"), attachments)
                });
                self.network.transit_gateways[gateway].route_tables[table]
                    .routes
                    .push(TransitRoute {
                        range,
                        attachment,
                        is_static: true,
                    });
            }
        }
    }

    fn transit_propagations(&mut self, tables: &BTreeMap<String, (usize, usize)>, attachments: &Places) {
        for item in self
            .answers
            .take("TransitGatewayPropagations", "TransitGatewayRouteTableId")
        {
            let id = text(&item.json, "TransitGatewayRouteTableId");
            let Some(&(gateway, table)) = tables.get(id) else {
                continue;
            };
            for propagation in items(&item.json, "TransitGatewayRouteTablePropagations") {
                if text(propagation, "State") != "enabled" {
                    continue;
                }
                let key = (
                    text(propagation, "TransitGatewayAttachmentId").to_owned(),
                    gateway,
                );
                let Some(&attachment) = attachments.get(&key) else {
                    self.network.transit_gateways[gateway].route_tables[table].unread = true;
                    continue;
                };
                match self.network.transit_gateways[gateway].attachments[attachment].vpc {
                    Some(vpc) => {
                        let ranges = self.network.vpcs[vpc].ranges.clone();
                        let routes = ranges.into_iter().map(|range| TransitRoute {
                            range,
                            attachment: Some(attachment),
                            is_static: false,
                        });
                        self.network.transit_gateways[gateway].route_tables[table]
                            .routes
                            .extend(routes);
                    }
                    None => {
                        self.network.transit_gateways[gateway].route_tables[table].unread = true;
                        let what = text(propagation, "ResourceId");
                        self.network
                            .gaps
                            .push(format!("the routes that {what} propagates to {id} are not known"));
                    }
                }
            }
        }
    }

    pub(super) fn route_tables(&mut self) {
        for item in self.answers.take("RouteTables", "RouteTableId") {
            let Some(vpc) = self.vpcs.get(text(&item.json, "VpcId")) else {
                continue;
            };
            let index = self.network.route_tables.len();
            let routes = items(&item.json, "Routes")
                .iter()
                .filter_map(|route| self.route(route))
                .collect();
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
        let range = [
            text(route, "DestinationCidrBlock"),
            text(route, "DestinationIpv6CidrBlock"),
        ]
        .iter()
        .find_map(|text| text.parse().ok());
        let destination = match range {
            Some(range) => Destination::Range(range),
            None => Destination::List(list(
                &mut self.network,
                &mut self.lists,
                text(route, "DestinationPrefixListId"),
            )),
        };
        let fields = [
            (
                text(route, "NatGatewayId"),
                &self.nat,
                Target::NatGateway as fn(usize) -> Target,
            ),
            (
                text(route, "TransitGatewayId"),
                &self.transit,
                Target::TransitGateway,
            ),
            (
                text(route, "VpcPeeringConnectionId"),
                &self.peerings,
                Target::Peering,
            ),
            (
                text(route, "EgressOnlyInternetGatewayId"),
                &self.egress_only,
                Target::EgressOnlyGateway,
            ),
            (
                text(route, "NetworkInterfaceId"),
                &self.interfaces,
                Target::Interface,
            ),
            (gateway, &self.internet, Target::InternetGateway),
            (gateway, &self.endpoints, Target::Endpoint),
        ];
        let named = fields
            .iter()
            .map(|(id, ..)| *id)
            .find(|id| !id.is_empty())
            .unwrap_or("something that is not modelled");
        let found = fields
            .iter()
            .filter(|(id, ..)| !id.is_empty())
            .find_map(|(id, index, make)| index.get(id).map(make));
        let target = match found {
            _ if text(route, "State") == "blackhole" => Target::Blackhole(named.to_owned()),
            Some(target) => target,
            None => Target::Other(named.to_owned()),
        };
        let origin = if text(route, "Origin") == "EnableVgwRoutePropagation" {
            Origin::VpnBgp
        } else {
            Origin::Static
        };
        Some(Route {
            destination,
            target,
            origin,
            source: None,
        })
    }
}
