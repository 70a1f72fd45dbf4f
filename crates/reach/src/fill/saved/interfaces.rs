//! Interfaces, NAT gateways and endpoints of saved answers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value as Json;

use super::super::parts::behind;
use super::{Saved, is_on, items, tags, text};
use crate::network::{AddressPair, Assignment, Endpoint, EndpointKind, Interface, Named, NatGateway};

/// What an instance's own entry says about it.
struct Host {
    running: bool,
    tags: BTreeMap<String, String>,
}

fn known(text: &str) -> Option<Assignment> {
    text.parse::<IpAddr>().ok().map(Assignment::Known)
}

impl Saved {
    pub(super) fn interfaces(&mut self) {
        let reservations = self.answers.take("Reservations", "ReservationId");
        let instances = reservations
            .iter()
            .flat_map(|item| items(&item.json, "Instances"));
        let hosts: BTreeMap<String, Host> = instances
            .map(|instance| {
                let state = instance.get("State").map_or("", |state| text(state, "Name"));
                (
                    text(instance, "InstanceId").to_owned(),
                    Host {
                        running: state == "running",
                        tags: tags(instance),
                    },
                )
            })
            .collect();
        for item in self.answers.take("NetworkInterfaces", "NetworkInterfaceId") {
            self.interface(&item.json, &hosts);
        }
    }

    fn interface(&mut self, json: &Json, hosts: &BTreeMap<String, Host>) {
        let id = text(json, "NetworkInterfaceId");
        let attachment = json.get("Attachment").unwrap_or(&Json::Null);
        let instance = text(attachment, "InstanceId");
        let attached = json.get("Attachment").is_some() || matches!(text(json, "Status"), "in-use" | "");
        let has_groups = !items(json, "Groups").is_empty();
        let Some(behind) = behind(text(json, "InterfaceType"), attached, has_groups) else {
            return;
        };
        let subnet = self.subnet(text(json, "SubnetId"), text(json, "VpcId"));
        let vpc = self.network.subnets[subnet].vpc;
        let groups = items(json, "Groups")
            .iter()
            .map(|group| self.group(text(group, "GroupId"), vpc))
            .collect();
        let host = hosts.get(instance);
        let running = host.is_none_or(|host| host.running);
        if host.is_none() && !instance.is_empty() {
            self.network.gaps.push(format!(
                "whether {instance} runs is not known: it is taken to run"
            ));
        }
        let mut addresses: Vec<AddressPair> = items(json, "PrivateIpAddresses")
            .iter()
            .filter_map(|address| {
                let public = address
                    .get("Association")
                    .map_or("", |association| text(association, "PublicIp"));
                Some(AddressPair {
                    private: known(text(address, "PrivateIpAddress"))?,
                    public: known(public),
                })
            })
            .collect();
        let v6 = items(json, "Ipv6Addresses")
            .iter()
            .filter_map(|address| known(text(address, "Ipv6Address")));
        addresses.extend(v6.map(|private| AddressPair {
            private,
            public: None,
        }));
        let mut all_tags = tags(json);
        all_tags.extend(host.map(|host| host.tags.clone()).unwrap_or_default());
        let name = if instance.is_empty() { id } else { instance };
        self.interfaces.put(id, self.network.interfaces.len());
        self.network.interfaces.push(Interface {
            named: Named {
                name: name.to_owned(),
                id: Some(id.to_owned()),
                source: None,
            },
            subnet,
            behind,
            addresses,
            security_groups: groups,
            source_dest_check: json.get("SourceDestCheck").and_then(Json::as_bool) != Some(false),
            running,
            tags: all_tags,
        });
    }

    pub(super) fn endpoints(&mut self) {
        for item in self.answers.take("NatGateways", "NatGatewayId") {
            let id = text(&item.json, "NatGatewayId");
            let state = text(&item.json, "State");
            let Some(vpc) = self
                .vpcs
                .get(text(&item.json, "VpcId"))
                .filter(|_| !matches!(state, "deleted" | "failed"))
            else {
                continue;
            };
            let address = items(&item.json, "NatGatewayAddresses")
                .first()
                .unwrap_or(&Json::Null);
            let private = text(&item.json, "ConnectivityType") == "private";
            let public = known(text(address, "PublicIp"))
                .or(Some(Assignment::Unassigned))
                .filter(|_| !private);
            self.nat.put(id, self.network.nat_gateways.len());
            self.network.nat_gateways.push(NatGateway {
                named: Named::new(id),
                vpc,
                subnet: self.subnets.get(text(&item.json, "SubnetId")),
                private: known(text(address, "PrivateIp")).unwrap_or(Assignment::Unassigned),
                public,
                available: state == "available",
            });
        }
        for item in self.answers.take("VpcEndpoints", "VpcEndpointId") {
            let (id, json) = (text(&item.json, "VpcEndpointId"), &item.json);
            let Some(vpc) = self.vpcs.get(text(json, "VpcId")) else {
                continue;
            };
            let interfaces = items(json, "NetworkInterfaceIds").iter().filter_map(Json::as_str);
            let interfaces: Vec<usize> = interfaces.filter_map(|id| self.interfaces.get(id)).collect();
            let kind = match text(json, "VpcEndpointType").to_ascii_lowercase().as_str() {
                "gateway" => EndpointKind::Gateway,
                "interface" => EndpointKind::Interface(interfaces),
                _ => EndpointKind::Other,
            };
            let policy = serde_json::from_str(text(json, "PolicyDocument")).ok();
            self.endpoints.put(id, self.network.endpoints.len());
            self.network.endpoints.push(Endpoint {
                named: Named::new(id),
                vpc,
                service: text(json, "ServiceName").to_owned(),
                kind,
                policy: policy.filter(|policy| !trueup_model::policy::is_full_access(policy)),
                available: text(json, "State").eq_ignore_ascii_case("available"),
                private_dns: is_on(json, "PrivateDnsEnabled"),
                is_unsure: false,
            });
        }
    }
}
