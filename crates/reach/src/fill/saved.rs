//! A network from saved answers of EC2's `Describe…` calls: folders of JSON files, one for each region, of
//! one or several accounts.
//!
//! A file is called after the list in it (`Subnets.json` holds `{"Subnets": […]}`), its folder after the
//! region, and a folder `accounts/<account>` above it says whose answers they are. What two accounts both see
//! is taken from its owner.

mod interfaces;
mod routing;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use thiserror::Error;
use trueup_model::Site;
use trueup_model::kinds::network_acl::NUMBER_MAX;

use super::parts::{Index, list, services};
use crate::network::{
    AclEntry, GroupRule, InternetGateway, Named, Network, NetworkAcl, Peer, PrefixList, PublicAccess,
    SecurityGroup, Subnet, Unread, Vpc,
};

/// Why saved answers cannot be used.
#[derive(Debug, Error)]
pub enum SavedError {
    /// A file is not JSON.
    #[error("{path} is not JSON")]
    Json {
        /// Which file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// No file holds a VPC.
    #[error("no VPC is in these answers: a folder of a region holds `Vpcs.json`, `Subnets.json` and so on")]
    Nothing,
}

/// One object of an answer, with where it was found.
struct Item {
    site: Site,
    json: Json,
}

/// The network of saved answers, given as texts by path.
pub fn network(files: &BTreeMap<String, String>) -> Result<Network, SavedError> {
    let answers = Answers::read(files)?;
    let mut saved = Saved {
        answers,
        ..Saved::default()
    };
    saved.vpcs();
    if saved.network.vpcs.is_empty() {
        return Err(SavedError::Nothing);
    }
    saved.prefix_lists();
    saved.subnets();
    saved.acls();
    saved.groups();
    saved.interfaces();
    saved.gateways();
    saved.endpoints();
    saved.peerings();
    saved.transit_gateways();
    saved.route_tables();
    saved.unread_defaults();
    Ok(saved.network)
}

/// The objects of all files, by the name of their list.
#[derive(Default)]
struct Answers {
    lists: BTreeMap<String, Vec<Item>>,
    /// Which lists there are, with the site that answered them.
    there: BTreeSet<(Site, String)>,
}

impl Answers {
    fn read(files: &BTreeMap<String, String>) -> Result<Self, SavedError> {
        let mut all = Self::default();
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".json")) {
            let parts: Vec<&str> = path.split(['/', '\\']).collect();
            let region = parts.iter().rev().nth(1).copied().unwrap_or_default();
            let account = parts
                .iter()
                .position(|part| *part == "accounts")
                .and_then(|at| parts.get(at + 1));
            let site = Site {
                account: account.copied().unwrap_or_default().to_owned(),
                region: region.to_owned(),
            };
            let document: Json = serde_json::from_str(text).map_err(|source| SavedError::Json {
                path: path.clone(),
                source,
            })?;
            let Json::Object(fields) = document else { continue };
            for (name, items) in fields {
                let Json::Array(items) = items else { continue };
                let items = items.into_iter().map(|json| Item {
                    site: site.clone(),
                    json,
                });
                all.there.insert((site.clone(), name.clone()));
                all.lists.entry(name).or_default().extend(items);
            }
        }
        Ok(all)
    }

    /// Whether a list is missing among the answers that an object comes from: then nothing is known of what
    /// would be in it.
    fn lack(&self, item: &Item, name: &str) -> bool {
        !self.there.contains(&(item.site.clone(), name.to_owned()))
    }

    /// The objects of a list, each once by its id; the owner's view of it before others'.
    fn take(&mut self, name: &str, id: &str) -> Vec<Item> {
        self.take_by(name, |json| text(json, id).to_owned())
    }

    /// The same by what tells them apart.
    fn take_by(&mut self, name: &str, key: impl Fn(&Json) -> String) -> Vec<Item> {
        let mut seen: BTreeMap<String, Item> = BTreeMap::new();
        for item in self.lists.remove(name).unwrap_or_default() {
            let key = key(&item.json);
            let owned = text(&item.json, "OwnerId") == item.site.account;
            if owned || !seen.contains_key(&key) {
                seen.insert(key, item);
            }
        }
        seen.into_values().collect()
    }
}

/// The text of a field, or the empty text.
fn text<'j>(json: &'j Json, name: &str) -> &'j str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// The members of a list.
fn items<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    json.get(name).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// Whether a switch is on.
/// What VPC Block Public Access leaves of the internet for a VPC or a subnet.
fn public_access(item: &Item) -> Option<PublicAccess> {
    let states = item.json.get("BlockPublicAccessStates")?;
    PublicAccess::of_mode(text(states, "InternetGatewayBlockMode"))
}

fn is_on(json: &Json, name: &str) -> bool {
    json.get(name).and_then(Json::as_bool) == Some(true)
}

/// The tags.
fn tags(json: &Json) -> BTreeMap<String, String> {
    let pairs = items(json, "Tags").iter().chain(items(json, "TagSet"));
    pairs
        .map(|tag| (text(tag, "Key").to_owned(), text(tag, "Value").to_owned()))
        .collect()
}

/// The network as it grows, with what its parts are called.
#[derive(Default)]
struct Saved {
    answers: Answers,
    network: Network,
    vpcs: Index,
    subnets: Index,
    groups: Index,
    interfaces: Index,
    internet: Index,
    nat: Index,
    endpoints: Index,
    peerings: Index,
    egress_only: Index,
    transit: Index,
    lists: Index,
}

impl Saved {
    /// The group that an interface of a VPC carries. Of one that is not among the answers the rules are not
    /// known.
    fn group(&mut self, id: &str, vpc: usize) -> usize {
        self.groups.get(id).unwrap_or_else(|| {
            let index = self.network.security_groups.len();
            self.network
                .security_groups
                .push(SecurityGroup::unread(Named::new(id), vpc));
            self.network.gaps.push(format!("{id} is not among the answers"));
            self.groups.put(id, index);
            index
        })
    }

    /// The subnet of this id. Of one that is not among the answers no more is known than its VPC.
    fn subnet(&mut self, id: &str, vpc: &str) -> usize {
        self.subnets.get(id).unwrap_or_else(|| {
            let vpc = self.vpcs.get(vpc).unwrap_or_else(|| {
                let index = self.network.vpcs.len();
                let named = Named::new(if vpc.is_empty() {
                    format!("the VPC of {id}")
                } else {
                    vpc.to_owned()
                });
                let unread = if vpc.is_empty() {
                    Unread::ALL
                } else {
                    Unread::BUT_ID
                };
                self.network.vpcs.push(Vpc {
                    named,
                    dns: None,
                    unread,
                    ..Vpc::default()
                });
                self.vpcs.put(vpc, index);
                index
            });
            let index = self.network.subnets.len();
            let acl = self.unread_acl(format!("the network ACL of {id}"), vpc);
            self.network.subnets.push(Subnet {
                named: Named::new(id),
                vpc,
                network_acl: Some(acl),
                ..Subnet::default()
            });
            self.network.gaps.push(format!("{id} is not among the answers"));
            self.subnets.put(id, index);
            index
        })
    }

    fn unread_acl(&mut self, name: String, vpc: usize) -> usize {
        self.network.network_acls.push(NetworkAcl {
            named: Named::new(name),
            vpc,
            unread: true,
            ..NetworkAcl::default()
        });
        self.network.network_acls.len() - 1
    }

    /// Every VPC has a default ACL: one that is not among the answers is not known.
    fn unread_defaults(&mut self) {
        for vpc in 0..self.network.vpcs.len() {
            if self.network.vpcs[vpc].default_acl.is_none() {
                let name = format!("the default network ACL of {}", self.network.vpcs[vpc].named.name);
                self.network.vpcs[vpc].default_acl = Some(self.unread_acl(name, vpc));
            }
        }
    }

    fn vpcs(&mut self) {
        for item in self.answers.take("Vpcs", "VpcId") {
            let id = text(&item.json, "VpcId");
            let associated = |entry: &&Json, state: &str| {
                matches!(
                    text(entry.get(state).unwrap_or(&Json::Null), "State"),
                    "associated" | ""
                )
            };
            let v4 = items(&item.json, "CidrBlockAssociationSet")
                .iter()
                .filter(|entry| associated(entry, "CidrBlockState"));
            let v6 = items(&item.json, "Ipv6CidrBlockAssociationSet")
                .iter()
                .filter(|entry| associated(entry, "Ipv6CidrBlockState"));
            let texts = v4
                .map(|entry| text(entry, "CidrBlock"))
                .chain(v6.map(|entry| text(entry, "Ipv6CidrBlock")));
            let mut ranges: Vec<ipnet::IpNet> = texts.filter_map(|text| text.parse().ok()).collect();
            if let Ok(primary) = text(&item.json, "CidrBlock").parse() {
                ranges.retain(|range| *range != primary);
                ranges.insert(0, primary);
            }
            let unread = Unread {
                gateway: self.answers.lack(&item, "InternetGateways"),
                hosts: self.answers.lack(&item, "NetworkInterfaces"),
                ..Unread::default()
            };
            self.vpcs.put(id, self.network.vpcs.len());
            self.network.vpcs.push(Vpc {
                named: Named::new(id),
                ranges,
                region: item.site.region.clone(),
                dns: Some(true),
                public_access: public_access(&item).unwrap_or_default(),
                unread,
                ..Vpc::default()
            });
        }
    }

    fn prefix_lists(&mut self) {
        for item in self.answers.take("PrefixLists", "PrefixListId") {
            let (id, name) = (
                text(&item.json, "PrefixListId"),
                text(&item.json, "PrefixListName"),
            );
            let ranges = items(&item.json, "Cidrs")
                .iter()
                .filter_map(Json::as_str)
                .filter_map(|range| range.parse().ok())
                .collect();
            let index = self.network.prefix_lists.len();
            self.lists.put(id, index);
            self.lists.put(name, index);
            let named = Named {
                name: name.to_owned(),
                id: Some(id.to_owned()),
                source: None,
            };
            let is_service = name.starts_with("com.amazonaws.");
            self.network.prefix_lists.push(PrefixList {
                named,
                is_service,
                entries: Some(ranges),
            });
        }
    }

    fn subnets(&mut self) {
        for item in self.answers.take("Subnets", "SubnetId") {
            let id = text(&item.json, "SubnetId");
            let Some(vpc) = self.vpcs.get(text(&item.json, "VpcId")) else {
                continue;
            };
            let v6 = items(&item.json, "Ipv6CidrBlockAssociationSet")
                .iter()
                .map(|entry| text(entry, "Ipv6CidrBlock"));
            let ranges = std::iter::once(text(&item.json, "CidrBlock"))
                .chain(v6)
                .filter_map(|range| range.parse().ok())
                .collect();
            // Zones mean the same place in every account by their id only.
            let zone = Some(text(&item.json, "AvailabilityZoneId")).filter(|zone| !zone.is_empty());
            let zone = zone.unwrap_or(text(&item.json, "AvailabilityZone"));
            self.subnets.put(id, self.network.subnets.len());
            let zone = Some(zone.to_owned());
            self.network.subnets.push(Subnet {
                named: Named::new(id),
                vpc,
                ranges,
                zone,
                public_access: public_access(&item),
                ..Subnet::default()
            });
        }
    }

    fn acls(&mut self) {
        for item in self.answers.take("NetworkAcls", "NetworkAclId") {
            let Some(vpc) = self.vpcs.get(text(&item.json, "VpcId")) else {
                continue;
            };
            let index = self.network.network_acls.len();
            let side = |egress: bool| -> Vec<AclEntry> {
                let entries = items(&item.json, "Entries")
                    .iter()
                    .filter(|entry| is_on(entry, "Egress") == egress);
                entries.filter_map(acl_entry).collect()
            };
            let named = Named::new(text(&item.json, "NetworkAclId"));
            let acl = NetworkAcl {
                named,
                vpc,
                ingress: side(false),
                egress: side(true),
                unread: false,
            };
            for association in items(&item.json, "Associations") {
                if let Some(subnet) = self.subnets.get(text(association, "SubnetId")) {
                    self.network.subnets[subnet].network_acl = Some(index);
                }
            }
            if is_on(&item.json, "IsDefault") {
                self.network.vpcs[vpc].default_acl = Some(index);
            }
            self.network.network_acls.push(acl);
        }
    }

    fn groups(&mut self) {
        let groups = self.answers.take("SecurityGroups", "GroupId");
        for item in &groups {
            let Some(vpc) = self.vpcs.get(text(&item.json, "VpcId")) else {
                continue;
            };
            let id = text(&item.json, "GroupId");
            self.groups.put(id, self.network.security_groups.len());
            self.network.security_groups.push(SecurityGroup {
                named: Named::new(id),
                vpc,
                ..SecurityGroup::default()
            });
        }
        for item in &groups {
            let Some(index) = self.groups.get(text(&item.json, "GroupId")) else {
                continue;
            };
            let ingress = self.rules(items(&item.json, "IpPermissions"));
            let egress = self.rules(items(&item.json, "IpPermissionsEgress"));
            let group = &mut self.network.security_groups[index];
            (group.ingress, group.egress) = (ingress, egress);
        }
    }

    fn rules(&mut self, permissions: &[Json]) -> Vec<GroupRule> {
        let mut rules = Vec::new();
        for permission in permissions {
            let number = |name: &str| {
                permission
                    .get(name)
                    .and_then(Json::as_i64)
                    .filter(|number| *number != -1)
            };
            let services = services(
                text(permission, "IpProtocol"),
                number("FromPort"),
                number("ToPort"),
            );
            let v4 = items(permission, "IpRanges")
                .iter()
                .map(|range| text(range, "CidrIp"));
            let v6 = items(permission, "Ipv6Ranges")
                .iter()
                .map(|range| text(range, "CidrIpv6"));
            let mut peers: Vec<Peer> = v4
                .chain(v6)
                .filter_map(|range| range.parse().ok())
                .map(Peer::Range)
                .collect();
            for entry in items(permission, "PrefixListIds") {
                peers.push(Peer::List(list(
                    &mut self.network,
                    &mut self.lists,
                    text(entry, "PrefixListId"),
                )));
            }
            for pair in items(permission, "UserIdGroupPairs") {
                let id = text(pair, "GroupId");
                peers.push(
                    self.groups
                        .get(id)
                        .map_or_else(|| Peer::Stranger(id.to_owned()), Peer::Group),
                );
            }
            rules.extend(peers.into_iter().map(|peer| GroupRule {
                services: services.clone(),
                peer,
                source: None,
            }));
        }
        rules
    }

    fn gateways(&mut self) {
        for item in self.answers.take("InternetGateways", "InternetGatewayId") {
            let id = text(&item.json, "InternetGatewayId");
            let attached = items(&item.json, "Attachments")
                .iter()
                .find_map(|attachment| self.vpcs.get(text(attachment, "VpcId")));
            self.internet.put(id, self.network.internet_gateways.len());
            self.network.internet_gateways.push(InternetGateway {
                named: Named::new(id),
                vpc: attached,
                edge_table: None,
            });
        }
        for item in self
            .answers
            .take("EgressOnlyInternetGateways", "EgressOnlyInternetGatewayId")
        {
            let id = text(&item.json, "EgressOnlyInternetGatewayId");
            let Some(vpc) = items(&item.json, "Attachments")
                .iter()
                .find_map(|attachment| self.vpcs.get(text(attachment, "VpcId")))
            else {
                continue;
            };
            self.egress_only.put(id, self.network.egress_only_gateways.len());
            self.network
                .egress_only_gateways
                .push(crate::network::EgressOnlyGateway {
                    named: Named::new(id),
                    vpc,
                });
        }
    }
}

/// An entry that somebody made. The last ones, by which EC2 denies all that no other is about, nobody can
/// change: they are the same as none.
fn acl_entry(entry: &Json) -> Option<AclEntry> {
    let number = entry
        .get("RuleNumber")
        .and_then(Json::as_i64)
        .filter(|number| *number <= NUMBER_MAX)?;
    let range = [text(entry, "CidrBlock"), text(entry, "Ipv6CidrBlock")]
        .iter()
        .find_map(|range| range.parse().ok())?;
    let numbers = |outer: &str, from: &str, to: &str| {
        let pair = entry.get(outer);
        let number = |name: &str| {
            pair.and_then(|pair| pair.get(name))
                .and_then(Json::as_i64)
                .filter(|number| *number != -1)
        };
        (number(from), number(to))
    };
    let protocol = text(entry, "Protocol");
    let (from, to) = match protocol {
        "1" | "58" => numbers("IcmpTypeCode", "Type", "Code"),
        _ => numbers("PortRange", "From", "To"),
    };
    Some(AclEntry {
        number: u32::try_from(number).ok()?,
        allow: text(entry, "RuleAction") == "allow",
        services: services(protocol, from, to),
        range,
        source: None,
    })
}
