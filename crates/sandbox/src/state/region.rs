//! One region of the account: its tables, and the ids that EC2 does not show everywhere yet.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::clock::Millis;
use super::ids::mix;
use super::table::{AnyTable, Row, Table};
use crate::due::Due;
use crate::kinds::block_public_access::Options;
use crate::kinds::instance::Instance;
use crate::kinds::tag::{Taggable, taggable};

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
    /// The volumes that it made.
    #[serde(default)]
    pub volumes: Vec<String>,
    /// When.
    pub at: Millis,
}

impl Row for Token {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

/// A line for each table: the field, what it holds, and its name in the state file. Those of kinds hold what has
/// tags.
macro_rules! tables {
    (
        kinds { $($kind:ident: $module:ident::$row:ident as $kind_name:literal,)* }
        others { $($(#[$doc:meta])* $other:ident: $other_row:ty as $other_name:literal,)* }
    ) => {
        const TABLES: usize = [$($kind_name,)* $($other_name,)*].len();

        /// What has tags.
        pub const TAGGABLE: &[Taggable] = &[$(taggable::<crate::kinds::$module::$row>()),*];

        /// Everything in one region.
        #[derive(Debug)]
        pub struct Region {
            /// The region's name.
            pub name: String,
            $(pub $kind: Table<crate::kinds::$module::$row>,)*
            $($(#[$doc])* pub $other: Table<$other_row>,)*
            /// How long what was made takes until it can be used. Not kept in the state file.
            pub latencies: HashMap<String, Millis>,
            /// When it was last looked at. Not kept in the state file.
            pub now: Millis,
            /// Ids that lookups do not find yet. Not kept in the state file.
            pub fresh: HashMap<String, Shown>,
        }

        impl Region {
            /// A region without anything in it, not even a default VPC.
            pub fn empty(name: &str) -> Self {
                Self {
                    name: name.to_owned(),
                    $($kind: Table::new($kind_name),)*
                    $($other: Table::new($other_name),)*
                    latencies: HashMap::new(),
                    now: 0,
                    fresh: HashMap::new(),
                }
            }

            /// All tables, for what is done to each alike.
            pub fn tables_mut(&mut self) -> [&mut dyn AnyTable; TABLES] {
                [$(&mut self.$kind,)* $(&mut self.$other,)*]
            }
        }
    };
}

tables! {
    kinds {
        vpcs: vpc::Vpc as "vpc",
        subnets: subnet::Subnet as "subnet",
        internet_gateways: internet_gateway::InternetGateway as "internet_gateway",
        egress_only_gateways: egress_only_internet_gateway::EgressOnlyGateway as "egress_only_internet_gateway",
        addresses: elastic_ip::Address as "elastic_ip",
        nat_gateways: nat_gateway::NatGateway as "nat_gateway",
        route_tables: route_table::RouteTable as "route_table",
        security_groups: security_group::SecurityGroup as "security_group",
        network_acls: network_acl::NetworkAcl as "network_acl",
        key_pairs: key_pair::KeyPair as "key_pair",
        instances: instance::Instance as "instance",
        network_interfaces: network_interface::NetworkInterface as "network_interface",
        volumes: volume::Volume as "volume",
        vpc_endpoints: vpc_endpoint::VpcEndpoint as "vpc_endpoint",
        prefix_lists: prefix_list::PrefixList as "prefix_list",
        dhcp_options: dhcp_options::DhcpOptions as "dhcp_options",
        flow_logs: flow_log::FlowLog as "flow_log",
        public_access_exclusions: block_public_access::Exclusion as "public_access_exclusion",
        vpc_peering_connections: vpc_peering_connection::Peering as "vpc_peering_connection",
    }
    others {
        /// By resource id.
        tags: Tags as "tags",
        /// By action and token.
        tokens: Token as "token",
        /// One row: the mode of VPC Block Public Access.
        public_access: Options as "public_access",
        /// By time: what happens without being asked.
        dues: Due as "due",
    }
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
            .or(self.vpc_endpoints.get(id).map(|endpoint| &endpoint.state))
            .or(self.vpc_peering_connections.get(id).map(|peering| &peering.state));
        let ends = ["deleting", "deleted", "failed", "rejected", "expired"];
        state.is_some_and(|state| ends.contains(&state.as_str()))
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
