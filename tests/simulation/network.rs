//! A random network as a spec, and random edits of it. A draw need not be right: what the spec's own checks
//! refuse is drawn again.

mod draw;
mod wide;

use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Map, Value, json};
use trueup_model::attr::{ELASTIC_IP, SUBNET, VPC};
use trueup_model::kinds::instance::attr::STATE;
use trueup_model::{Kind, Record, Ref, Topology};

use super::secrets::Secrets;
use crate::read_with;

/// The name of its topology.
pub const TOPOLOGY: &str = "simulated";
/// So many come at a time while it grows.
const ADDED_AT_A_TIME: usize = 3;
/// So many draws are wrong before something is wrong with drawing.
const DRAWS_MAX: usize = 500;
/// One in so many networks has protected resources, each of them with this chance.
const PROTECTING_ONE_IN: usize = 4;
const PROTECTED_ONE_IN: usize = 8;

const KINDS: [&str; 16] = [
    "vpc",
    "subnet",
    "internet_gateway",
    "egress_only_internet_gateway",
    "elastic_ip",
    "nat_gateway",
    "route_table",
    "network_acl",
    "security_group",
    "key_pair",
    "instance",
    "vpc_endpoint",
    "flow_log",
    "dhcp_options",
    "volume",
    "vpc_peering_connection",
];

/// A spec that is drawn and edited at random.
#[derive(Clone, Debug)]
pub struct Network {
    rng: Rng,
    /// The resources by kind and name.
    spec: Map<String, Value>,
    /// What that means.
    topology: Topology,
    /// How many key files there were when that was found out.
    files: usize,
    /// Numbers names and ranges.
    next: usize,
    /// Where key files are.
    secrets: Arc<Secrets>,
    /// Whether some resources are protected.
    protects: bool,
    /// Whether every attribute of every kind is drawn.
    wide: bool,
}

impl Network {
    /// Draws a network of at least so many resources; equal seeds draw equal ones.
    pub fn new(seed: u64, resources: usize, secrets: &Arc<Secrets>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let protects = rng.usize(0..PROTECTING_ONE_IN) == 0;
        Self::draws(rng, resources, secrets, protects, false)
    }

    /// Draws one over all attributes of all kinds, and nothing protected.
    pub fn wide(seed: u64, resources: usize, secrets: &Arc<Secrets>) -> Self {
        Self::draws(Rng::with_seed(seed), resources, secrets, false, true)
    }

    fn draws(rng: Rng, resources: usize, secrets: &Arc<Secrets>, protects: bool, wide: bool) -> Self {
        let secrets = Arc::clone(secrets);
        let mut network = Self {
            rng,
            spec: Map::new(),
            topology: Topology::default(),
            files: 0,
            next: 0,
            secrets,
            protects,
            wide,
        };
        // Several at a time: what makes each draw slow is finding out whether it is right.
        let base = [
            "vpc",
            "internet_gateway",
            "route_table",
            "subnet",
            "subnet",
            "security_group",
            "key_pair",
            "elastic_ip",
        ];
        // What is drawn from everything is seldom right all together.
        let at_a_time = if wide { 1 } else { ADDED_AT_A_TIME };
        if wide {
            base.iter()
                .for_each(|kind| network.change(|network| network.add(kind)));
        } else {
            network.change(|network| base.iter().for_each(|kind| network.add(kind)));
        }
        while network.topology.resources.len() < resources {
            network.change(|network| {
                for _ in 0..at_a_time {
                    // A second VPC comes with an edit, and where all that two may have together is drawn.
                    let kind = *network.any(&KINDS[usize::from(!wide)..]);
                    network.add(kind);
                }
            });
        }
        network
    }

    /// The spec as text.
    pub fn text(&self) -> String {
        let mut document = Map::from_iter([
            ("topology".to_owned(), json!(TOPOLOGY)),
            ("region".to_owned(), json!("us-west-2")),
        ]);
        document.extend(
            self.spec
                .iter()
                .filter(|(_, resources)| resources.as_object().is_some_and(|all| !all.is_empty()))
                .map(own),
        );
        Value::Object(document).to_string()
    }

    /// What the spec means.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// How many key files there were when that was found out.
    pub fn files(&self) -> usize {
        self.files
    }

    /// One to four edits: an attribute is another, a resource comes, goes or has another name.
    pub fn edit(&mut self) {
        let edits = self.rng.usize(1..5);
        self.change(|network| {
            for _ in 0..edits {
                match network.rng.usize(0..10) {
                    0 | 1 => {
                        let kind = *network.any(&KINDS);
                        network.add(kind);
                    }
                    2 => network.remove(),
                    3 => network.rename(),
                    _ => network.alter(),
                }
            }
        });
    }

    /// The smaller networks of which each lacks one resource, or one attribute of one.
    pub fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for (kind, resources) in &self.spec {
            for (name, resource) in resources.as_object().into_iter().flatten() {
                let mut network = self.clone();
                network.forget(kind, name);
                all.push(network);
                for attribute in resource.as_object().into_iter().flat_map(Map::keys) {
                    let mut network = self.clone();
                    if let Some(resource) = network
                        .resources(kind)
                        .and_then(|all| all.get_mut(name))
                        .and_then(Value::as_object_mut)
                    {
                        resource.remove(attribute);
                    }
                    all.push(network);
                }
            }
        }
        all.retain_mut(Self::understand);
        all
    }

    /// Whether some resources may be protected.
    pub fn protects(&self) -> bool {
        self.protects
    }

    /// Takes the protection off those of these addresses.
    pub fn unprotect(&mut self, is_meant: impl Fn(&str) -> bool) {
        for (kind, resources) in &mut self.spec {
            for (name, resource) in resources.as_object_mut().into_iter().flatten() {
                if let Some(resource) = resource
                    .as_object_mut()
                    .filter(|_| is_meant(&format!("{kind}.{name}")))
                {
                    resource.remove("protect");
                }
            }
        }
        assert!(self.understand(), "without protection the spec is wrong");
    }

    /// Takes back all edits since `before`, and goes on drawing others.
    pub fn back_to(&mut self, before: Self) {
        (self.spec, self.topology, self.files) = (before.spec, before.topology, before.files);
    }

    /// Draws until the spec is another one and is right.
    fn change(&mut self, draw: impl Fn(&mut Self)) {
        for _ in 0..DRAWS_MAX {
            let before = self.spec.clone();
            draw(self);
            if self.spec != before && self.understand() {
                return;
            }
            self.spec = before;
        }
        // Some networks have no room for some changes: no internet gateway more than VPCs.
    }

    /// Finds out what the spec means. Not where something is wrong with it, or doubtful: EC2 refuses much of
    /// what is.
    fn understand(&mut self) -> bool {
        let files = self.secrets.learn();
        let read = read_with(&self.text(), &*self.secrets);
        let topology = read.topology.filter(|_| {
            read.diagnostics
                .iter()
                .all(|diagnostic| !["other-vpc", "volume-zone"].contains(&diagnostic.code))
        });
        let understood = topology.is_some();
        if let Some(topology) = topology {
            (self.topology, self.files) = (topology, files);
        }
        understood
    }

    fn any<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.rng.usize(0..list.len())]
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.rng.usize(0..number) == 0
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    fn names(&self, kind: &str) -> Vec<String> {
        self.spec
            .get(kind)
            .and_then(Value::as_object)
            .map(|all| all.keys().cloned().collect())
            .unwrap_or_default()
    }

    fn name(&mut self, kind: &str) -> Option<String> {
        let names = self.names(kind);
        (!names.is_empty()).then(|| self.any(&names).clone())
    }

    fn attribute(&self, kind: &str, name: &str, attribute: &str) -> Option<&str> {
        self.spec.get(kind)?.get(name)?.get(attribute)?.as_str()
    }

    /// The names of `kind` in a VPC.
    fn within(&self, kind: &str, vpc: &str) -> Vec<String> {
        self.names(kind)
            .into_iter()
            .filter(|name| self.attribute(kind, name, "vpc") == Some(vpc))
            .collect()
    }

    /// One of `kind` in a VPC.
    fn one_within(&mut self, kind: &str, vpc: &str) -> Option<String> {
        let names = self.within(kind, vpc);
        (!names.is_empty()).then(|| self.any(&names).clone())
    }

    /// A VPC that has no gateway of this kind: EC2 gives it only one.
    fn vpc_without(&mut self, gateway: &str) -> Option<String> {
        let free: Vec<String> = self
            .names("vpc")
            .into_iter()
            .filter(|vpc| self.within(gateway, vpc).is_empty())
            .collect();
        (!free.is_empty()).then(|| self.any(&free).clone())
    }

    /// An Elastic IP address that nothing has.
    fn free_address(&mut self) -> Option<String> {
        let users = ["nat_gateway", "instance"];
        let used = |address: &str| {
            users.iter().any(|kind| {
                self.names(kind)
                    .iter()
                    .any(|name| self.attribute(kind, name, "elastic_ip") == Some(address))
            })
        };
        let free: Vec<String> = self
            .names("elastic_ip")
            .into_iter()
            .filter(|address| !used(address))
            .collect();
        (!free.is_empty()).then(|| self.any(&free).clone())
    }

    fn resources(&mut self, kind: &str) -> Option<&mut Map<String, Value>> {
        self.spec.entry(kind).or_insert_with(|| json!({})).as_object_mut()
    }

    fn add(&mut self, kind: &str) {
        let name = format!("{}{}", &kind[..1], self.number());
        if let Some(drawn) = self.draw(kind)
            && let Some(resources) = self.resources(kind)
        {
            resources.insert(name.clone(), drawn);
            if kind == "dhcp_options" {
                self.give_dhcp_options(&name);
            }
        }
    }

    /// Half of the DHCP options that are drawn are a VPC's: that is drawn before them.
    fn give_dhcp_options(&mut self, name: &str) {
        if let Some(vpc) = self.name("vpc").filter(|_| self.rng.bool())
            && let Some(vpc) = self.resources("vpc").and_then(|all| all.get_mut(&vpc))
        {
            vpc["dhcp_options"] = json!(name);
        }
    }

    /// A resource takes an attribute of another draw.
    fn alter(&mut self) {
        let kind = *self.any(&KINDS);
        let Some(name) = self.name(kind) else { return };
        let Some(Value::Object(drawn)) = self.draw(kind) else {
            return;
        };
        let Some(resource) = self
            .resources(kind)
            .and_then(|all| all.get_mut(&name))
            .and_then(Value::as_object_mut)
        else {
            return;
        };
        let mut keys: Vec<String> = drawn.keys().chain(resource.keys()).cloned().collect();
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            return;
        }
        let key = &keys[self.rng.usize(0..keys.len())];
        let Some(resource) = self
            .resources(kind)
            .and_then(|all| all.get_mut(&name))
            .and_then(Value::as_object_mut)
        else {
            return;
        };
        match drawn.get(key) {
            Some(value) => resource.insert(key.clone(), value.clone()),
            None => resource.remove(key),
        };
    }

    /// A resource goes, and with it what names it.
    fn remove(&mut self) {
        let kind = *self.any(&KINDS);
        if let Some(name) = self.name(kind) {
            self.forget(kind, &name);
        }
    }

    fn forget(&mut self, kind: &str, name: &str) {
        if let Some(resources) = self.resources(kind) {
            resources.remove(name);
        }
        let mut lost = Vec::new();
        for (other, resources) in &mut self.spec {
            for (user, resource) in resources.as_object_mut().into_iter().flatten() {
                let Some(resource) = resource.as_object_mut() else {
                    continue;
                };
                resource.retain(|key, value| match value {
                    Value::String(text) => {
                        !(is_reference(key, kind) && text == name && is_optional(other, key))
                    }
                    _ => true,
                });
                // A device is one of an instance.
                if other == "volume" && !resource.contains_key("instance") {
                    resource.remove("device_name");
                }
                let needs = resource
                    .iter()
                    .any(|(key, value)| is_reference(key, kind) && value == name);
                for value in resource.values_mut() {
                    if let Value::Array(members) = value {
                        members.retain(|member| match member {
                            Value::Object(fields) => !fields
                                .iter()
                                .any(|(key, value)| is_reference(key, kind) && value == name),
                            other => other != name,
                        });
                    }
                }
                if needs {
                    lost.push((other.clone(), user.clone()));
                }
            }
        }
        for (kind, name) in lost {
            self.forget(&kind, &name);
        }
    }

    /// A resource has another name in the spec.
    fn rename(&mut self) {
        let kind = *self.any(&KINDS);
        let Some(name) = self.name(kind) else { return };
        let new = format!("{}{}", &kind[..1], self.number());
        if let Some(resources) = self.resources(kind)
            && let Some(resource) = resources.remove(&name)
        {
            resources.insert(new.clone(), resource);
        }
        for resource in self
            .spec
            .values_mut()
            .filter_map(Value::as_object_mut)
            .flat_map(Map::values_mut)
        {
            renamed(resource, kind, &name, &new);
        }
    }

    fn draw(&mut self, kind: &str) -> Option<Value> {
        let vpc = self.name("vpc");
        let drawn = match kind {
            "vpc" => self.vpc(),
            "subnet" => self.subnet(&vpc?)?,
            "internet_gateway" | "egress_only_internet_gateway" => json!({"vpc": self.vpc_without(kind)?}),
            "elastic_ip" => json!({"tags": {"use": *self.any(&["a", "b"])}}),
            "nat_gateway" => self.nat_gateway()?,
            "route_table" => self.route_table(&vpc?),
            "network_acl" => self.network_acl(&vpc?),
            "security_group" => self.security_group(&vpc?),
            "key_pair" => self.key_pair(),
            "instance" => self.instance()?,
            "volume" => self.own_volume(),
            "vpc_endpoint" => self.vpc_endpoint(&vpc?),
            "flow_log" => self.flow_log(&vpc?),
            "dhcp_options" => self.dhcp_options(),
            "vpc_peering_connection" => self.vpc_peering_connection(&vpc?)?,
            _ => return None,
        };
        let mut drawn = drawn;
        if self.wide
            && let Some(kind) = Kind::ALL.into_iter().find(|known| known.as_str() == kind)
        {
            self.widen(kind, &mut drawn);
        }
        let protect = self.protects && self.one_in(PROTECTED_ONE_IN);
        Some(if protect { with_protection(drawn) } else { drawn })
    }
}

/// Whether an instance loses its Elastic IP address, or starts, in a VPC that loses its internet gateway. EC2
/// gives the instance another public address if it was launched with one, which nobody can see before, and
/// then keeps the gateway.
pub fn strands_an_instance(before: &Topology, after: &Topology) -> bool {
    let vpc = |topology: &Topology, record: &Record| {
        let subnet = topology.follow(record.get(SUBNET))?;
        subnet.record.get(VPC).cloned()
    };
    let gateway = |topology: &Topology, vpc: &Ref| {
        topology
            .of(Kind::InternetGateway)
            .find(|gateway| gateway.record.get(VPC) == Some(vpc))
            .map(|gateway| gateway.address.clone())
    };
    before.of(Kind::Instance).any(|instance| {
        let loses = |after: &Record| instance.record.has(ELASTIC_IP) && !after.has(ELASTIC_IP);
        let starts =
            |after: &Record| instance.record.text(STATE) == "stopped" && after.text(STATE) != "stopped";
        let gets = after
            .resources
            .get(&instance.address)
            .is_some_and(|after| loses(&after.record) || starts(&after.record));
        gets && vpc(before, &instance.record).is_some_and(|vpc| gateway(before, &vpc) != gateway(after, &vpc))
    })
}

fn with_protection(mut resource: Value) -> Value {
    resource["protect"] = json!(true);
    resource
}

fn own((kind, resources): (&String, &Value)) -> (String, Value) {
    (kind.clone(), resources.clone())
}

/// Whether an attribute of this name refers to resources of `kind`.
fn is_reference(key: &str, kind: &str) -> bool {
    key.strip_prefix("peer_")
        .unwrap_or(key)
        .strip_prefix(kind)
        .is_some_and(|rest| matches!(rest, "" | "s"))
}

/// Whether a resource does without the reference.
fn is_optional(kind: &str, key: &str) -> bool {
    matches!(
        (kind, key),
        ("vpc", "dhcp_options")
            | ("subnet", "route_table" | "network_acl")
            | ("instance", "key_pair" | "elastic_ip")
            | ("volume", "instance")
    )
}

/// Puts a resource's new name wherever it is referred to.
fn renamed(value: &mut Value, kind: &str, old: &str, new: &str) {
    let Value::Object(fields) = value else { return };
    for (key, value) in fields.iter_mut() {
        match value {
            Value::String(text) if is_reference(key, kind) && text == old => new.clone_into(text),
            Value::Array(members) => {
                for member in members {
                    if is_reference(key, kind) && member == old {
                        *member = json!(new);
                    } else {
                        renamed(member, kind, old, new);
                    }
                }
            }
            _ => {}
        }
    }
}
