//! One region of the account: its tables, and the ids that EC2 does not show everywhere yet.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::clock::Millis;
use super::ids::mix;
use super::table::{AnyTable, Row, Table};
use crate::due::Due;
use crate::kinds::dhcp_options::DhcpOptions;
use crate::kinds::egress_only_gateway::EgressOnlyGateway;
use crate::kinds::elastic_ip::Address;
use crate::kinds::instance::Instance;
use crate::kinds::internet_gateway::InternetGateway;
use crate::kinds::key_pair::KeyPair;
use crate::kinds::nat_gateway::NatGateway;
use crate::kinds::network_acl::NetworkAcl;
use crate::kinds::network_interface::NetworkInterface;
use crate::kinds::prefix_list::PrefixList;
use crate::kinds::route_table::RouteTable;
use crate::kinds::security_group::SecurityGroup;
use crate::kinds::subnet::Subnet;
use crate::kinds::volume::Volume;
use crate::kinds::vpc::Vpc;
use crate::kinds::vpc_endpoint::VpcEndpoint;

/// The tags of one resource.
pub type Tags = BTreeMap<String, String>;

impl Row for Tags {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

/// What a client token stood for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// The parameters of the first call.
    pub request: String,
    /// Its answer.
    pub answer: String,
    /// The instances that it launched.
    pub instances: Vec<String>,
    /// When.
    pub at: Millis,
}

impl Row for Token {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

/// Everything in one region.
#[derive(Debug)]
pub struct Region {
    /// The region's name.
    pub name: String,
    pub vpcs: Table<Vpc>,
    pub subnets: Table<Subnet>,
    pub internet_gateways: Table<InternetGateway>,
    pub egress_only_gateways: Table<EgressOnlyGateway>,
    pub addresses: Table<Address>,
    pub nat_gateways: Table<NatGateway>,
    pub route_tables: Table<RouteTable>,
    pub security_groups: Table<SecurityGroup>,
    pub network_acls: Table<NetworkAcl>,
    pub key_pairs: Table<KeyPair>,
    pub instances: Table<Instance>,
    pub network_interfaces: Table<NetworkInterface>,
    pub volumes: Table<Volume>,
    pub vpc_endpoints: Table<VpcEndpoint>,
    pub prefix_lists: Table<PrefixList>,
    pub dhcp_options: Table<DhcpOptions>,
    /// By resource id.
    pub tags: Table<Tags>,
    /// By action and token.
    pub tokens: Table<Token>,
    /// By time: what happens without being asked.
    pub dues: Table<Due>,
    /// How long what was made takes until it can be used. Not kept in the state file.
    pub latencies: HashMap<String, Millis>,
    /// When it was last looked at. Not kept in the state file.
    pub now: Millis,
    /// Ids that lookups do not find yet. Not kept in the state file.
    pub fresh: HashMap<String, Shown>,
}

/// When what is new shows: each way to look for it has a time of its own.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    by_id: Millis,
    in_lists: Millis,
    by_tag: Millis,
}

impl Shown {
    /// By its id after `delay`, in lists and by its tags within the same time or as soon as one and a half
    /// seconds allow.
    pub fn after(id: &str, now: Millis, delay: Millis) -> Self {
        let hash = mix(id.bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte))));
        // Five of six show at once, as by the id.
        let spread = |number: u64| i64::try_from(number % 9000).unwrap_or_default() - 7500;
        Self {
            by_id: now + delay,
            in_lists: now + spread(hash),
            by_tag: now + spread(mix(hash)),
        }
    }

    fn last(&self) -> Millis {
        self.by_id.max(self.in_lists).max(self.by_tag)
    }
}

impl Region {
    /// A region without anything in it, not even a default VPC.
    pub fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            vpcs: Table::new("vpc"),
            subnets: Table::new("subnet"),
            internet_gateways: Table::new("internet_gateway"),
            egress_only_gateways: Table::new("egress_only_gateway"),
            addresses: Table::new("elastic_ip"),
            nat_gateways: Table::new("nat_gateway"),
            route_tables: Table::new("route_table"),
            security_groups: Table::new("security_group"),
            network_acls: Table::new("network_acl"),
            key_pairs: Table::new("key_pair"),
            instances: Table::new("instance"),
            network_interfaces: Table::new("network_interface"),
            volumes: Table::new("volume"),
            vpc_endpoints: Table::new("vpc_endpoint"),
            prefix_lists: Table::new("prefix_list"),
            dhcp_options: Table::new("dhcp_options"),
            tags: Table::new("tags"),
            tokens: Table::new("token"),
            dues: Table::new("due"),
            latencies: HashMap::new(),
            now: 0,
            fresh: HashMap::new(),
        }
    }

    /// All tables, for what is done to each alike.
    pub fn tables_mut(&mut self) -> [&mut dyn AnyTable; 19] {
        [
            &mut self.vpcs,
            &mut self.subnets,
            &mut self.internet_gateways,
            &mut self.egress_only_gateways,
            &mut self.addresses,
            &mut self.nat_gateways,
            &mut self.route_tables,
            &mut self.security_groups,
            &mut self.network_acls,
            &mut self.key_pairs,
            &mut self.instances,
            &mut self.network_interfaces,
            &mut self.volumes,
            &mut self.vpc_endpoints,
            &mut self.prefix_lists,
            &mut self.dhcp_options,
            &mut self.tags,
            &mut self.tokens,
            &mut self.dues,
        ]
    }

    /// The tags of a resource, if it has any.
    pub fn tags_of(&self, id: &str) -> Option<&Tags> {
        self.tags.get(id)
    }

    /// Whether a lookup by the id finds it by now.
    pub fn shows(&self, id: &str) -> bool {
        self.shown(id, |shown| shown.by_id)
    }

    /// Whether it is in a list by now.
    pub fn lists(&self, id: &str) -> bool {
        self.shown(id, |shown| shown.in_lists)
    }

    /// Whether a filter by tags finds it by now.
    pub fn finds_by_tag(&self, id: &str) -> bool {
        self.shown(id, |shown| shown.by_tag)
    }

    fn shown(&self, id: &str, when: impl Fn(&Shown) -> Millis) -> bool {
        self.fresh.is_empty() || self.fresh.get(id).is_none_or(|shown| when(shown) <= self.now)
    }

    /// Whether something has begun to end, or has ended.
    pub fn is_ending(&self, id: &str) -> bool {
        let state = self
            .nat_gateways
            .get(id)
            .map(|nat| &nat.state)
            .or(self.vpc_endpoints.get(id).map(|endpoint| &endpoint.state));
        state.is_some_and(|state| matches!(state.as_str(), "deleting" | "deleted" | "failed"))
            || self.instances.get(id).is_some_and(Instance::is_ending)
    }

    /// Whether every way to look for it shows it at this time.
    pub fn shows_everywhere(&self, id: &str, now: Millis) -> bool {
        self.fresh.get(id).is_none_or(|shown| shown.last() <= now)
    }

    /// Remembers how long the first change of something takes.
    pub fn takes(&mut self, id: &str, delay: Millis) {
        let latency = self.latencies.entry(id.to_owned()).or_insert(delay);
        *latency = delay.max(*latency);
    }

    /// Lets the ids show whose time has come.
    pub fn reveal(&mut self, now: Millis) {
        self.now = now;
        if !self.fresh.is_empty() {
            self.fresh.retain(|_, shown| shown.last() > now);
        }
    }
}
