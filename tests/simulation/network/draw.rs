//! One resource of each kind, drawn at random within what is there.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};
use trueup_model::{Kind, implicit};

use super::Network;
use crate::{OTHER_KEY, PUBLIC_KEY};

/// A service that somebody offers to others.
const OFFERED: &str = "com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0";

impl Network {
    pub(super) fn key_pair(&mut self) -> Value {
        if self.one_in(3) {
            return json!({"private_key_file": format!("k{}.pem", self.number())});
        }
        json!({"public_key": *self.any(&[PUBLIC_KEY, OTHER_KEY])})
    }

    pub(super) fn vpc(&mut self) -> Value {
        let number = self.number() % 200;
        let mut vpc =
            json!({"cidr_block": format!("10.{number}.0.0/16"), "enable_dns_hostnames": self.rng.bool()});
        if self.one_in(3) {
            vpc["secondary_cidr_blocks"] = json!([format!("100.{}.0.0/20", 64 + number % 60)]);
        }
        if self.one_in(3) {
            vpc["ipv6_cidr_block"] = json!("amazon");
        }
        self.declare(&mut vpc, number);
        if let Some(set) = self.name("dhcp_options").filter(|_| self.one_in(2)) {
            vpc["dhcp_options"] = json!(set);
        }
        vpc
    }

    /// What some VPCs say of what EC2 makes with them. It is drawn by luck of its own, so that the networks of all
    /// seeds are else what they were.
    fn declare(&mut self, vpc: &mut Value, number: usize) {
        let luck = Rng::with_seed(u64::try_from(number).unwrap_or_default());
        let others = std::mem::replace(&mut self.rng, luck);
        for implicit in &implicit::ALL {
            let content = match (self.rng.usize(0..6), implicit.kind) {
                (0, _) => json!("unmanaged"),
                (1, _) => json!("empty"),
                (2, Kind::SecurityGroup) => json!({"ingress": self.rules(""), "egress": self.rules("")}),
                (2, Kind::NetworkAcl) => json!({"ingress": self.entries(), "egress": self.entries()}),
                (2, _) => json!({"tags": {"owner": *self.any(&["one", "two"])}}),
                _ => continue,
            };
            vpc[implicit.key] = content;
        }
        self.rng = others;
    }

    pub(super) fn subnet(&mut self, vpc: &str) -> Option<Value> {
        let number = self.number() % 250;
        let range = self
            .attribute("vpc", vpc, "cidr_block")?
            .trim_end_matches("0.0/16")
            .to_owned();
        let zone = *self.any(&["us-west-2a", "us-west-2b", "us-west-2c"]);
        let mut subnet = json!({"vpc": vpc, "cidr_block": format!("{range}{number}.0/24"), "map_public_ip_on_launch": self.rng.bool()});
        if self.rng.bool() {
            subnet["availability_zone"] = json!(zone);
        }
        if self.attribute("vpc", vpc, "ipv6_cidr_block").is_some() && self.rng.bool() {
            subnet["ipv6_cidr_block"] = json!(self.number() % 256);
            subnet["assign_ipv6_address_on_creation"] = json!(self.rng.bool());
        }
        if let Some(table) = self.one_within("route_table", vpc).filter(|_| self.rng.bool()) {
            subnet["route_table"] = json!(table);
        }
        if let Some(acl) = self.one_within("network_acl", vpc).filter(|_| self.rng.bool()) {
            subnet["network_acl"] = json!(acl);
        }
        Some(subnet)
    }

    pub(super) fn has_ipv6(&self, subnet: &str) -> bool {
        let subnet = self.spec.get("subnet").and_then(|all| all.get(subnet));
        subnet.is_some_and(|subnet| subnet.get("ipv6_cidr_block").is_some())
    }

    pub(super) fn nat_gateway(&mut self) -> Option<Value> {
        let subnet = self.name("subnet")?;
        if self.one_in(4) {
            return Some(json!({"subnet": subnet, "connectivity_type": "private"}));
        }
        Some(json!({"subnet": subnet, "elastic_ip": self.free_address()?}))
    }

    pub(super) fn route_table(&mut self, vpc: &str) -> Value {
        let mut routes = Vec::new();
        for destination in ["0.0.0.0/0", "192.0.2.0/24", "198.51.100.0/24"] {
            let gateway = self.one_within("internet_gateway", vpc);
            let nat = self.name("nat_gateway");
            match (self.rng.usize(0..4), gateway, nat) {
                (0 | 1, Some(gateway), _) => {
                    routes.push(json!({"destination": destination, "internet_gateway": gateway}));
                }
                (2, _, Some(nat)) if self.nat_is_in(&nat, vpc) => {
                    routes.push(json!({"destination": destination, "nat_gateway": nat}));
                }
                _ => {}
            }
        }
        let out = self.one_within("egress_only_internet_gateway", vpc);
        if let Some(gateway) = out.filter(|_| self.one_in(2)) {
            routes.push(json!({"destination": "::/0", "egress_only_internet_gateway": gateway}));
        }
        for (peering, peer) in self.peerings_of(vpc) {
            let range = self.attribute("vpc", &peer, "cidr_block");
            let range = range.unwrap_or("172.16.0.0/16").to_owned();
            if self.rng.bool() && routes.iter().all(|route| route["destination"] != json!(range)) {
                routes.push(json!({"destination": range, "vpc_peering_connection": peering}));
            }
        }
        json!({"vpc": vpc, "routes": routes})
    }

    pub(super) fn nat_is_in(&self, nat: &str, vpc: &str) -> bool {
        let subnet = self.attribute("nat_gateway", nat, "subnet");
        subnet.and_then(|subnet| self.attribute("subnet", subnet, "vpc")) == Some(vpc)
    }

    pub(super) fn network_acl(&mut self, vpc: &str) -> Value {
        json!({"vpc": vpc, "ingress": self.entries(), "egress": self.entries()})
    }

    fn entries(&mut self) -> Vec<Value> {
        let mut entries = Vec::new();
        // Now and then as many as EC2 takes, so that there is no room for a new one.
        let numbers: Vec<usize> = if self.one_in(12) {
            (100..139).collect()
        } else {
            vec![90, 100, 110, 1000]
        };
        let moved = self.rng.usize(0..3);
        for number in numbers {
            if moved == 0 && self.one_in(3) {
                continue;
            }
            let matched = match self.rng.usize(0..4) {
                0 => json!({"protocol": "all", "cidr": "0.0.0.0/0"}),
                1 => json!({"protocol": *self.any(&["icmp", "47"]), "cidr": "10.0.0.0/8"}),
                2 => json!({"protocol": "udp", "port": "1024-65535", "cidr": "0.0.0.0/0"}),
                _ => {
                    json!({"protocol": "tcp", "port": *self.any(&[22, 443]), "cidr": *self.any(&["10.0.0.0/8", "2001:db8::/32"])})
                }
            };
            let mut entry = json!({"rule_number": number + moved, "action": *self.any(&["allow", "deny"])});
            if let (Some(entry), Value::Object(matched)) = (entry.as_object_mut(), matched) {
                entry.extend(matched);
            }
            entries.push(entry);
        }
        entries
    }

    pub(super) fn security_group(&mut self, vpc: &str) -> Value {
        let mut group = json!({"vpc": vpc, "description": *self.any(&["Web", "Database", "Cache"]), "ingress": self.rules(vpc)});
        if self.one_in(3) {
            group["egress"] = json!(self.rules(vpc));
        }
        group
    }

    fn rules(&mut self, vpc: &str) -> Vec<Value> {
        let mut rules = Vec::new();
        for port in [22, 80, 443, 5432] {
            let group = self.one_within("security_group", vpc);
            let source = match (self.rng.usize(0..5), group) {
                (0, _) => json!({"cidr": "0.0.0.0/0"}),
                (1, _) => json!({"cidr": ["10.0.0.0/8", "2001:db8::/32"]}),
                (2, Some(group)) => json!({"security_group": group}),
                (3, _) => match self.group_of_a_peer(vpc) {
                    Some(group) => json!({"security_group": group}),
                    None => continue,
                },
                _ => continue,
            };
            let mut rule = json!({"protocol": *self.any(&["tcp", "udp"]), "port": port});
            if let (Some(rule), Value::Object(source)) = (rule.as_object_mut(), source) {
                rule.extend(source);
            }
            if self.one_in(3) {
                rule["description"] = json!(*self.any(&["one", "two"]));
            }
            rules.push(rule);
        }
        rules
    }

    /// A group of a VPC that is peered with this one.
    fn group_of_a_peer(&mut self, vpc: &str) -> Option<String> {
        let peerings = self.peerings_of(vpc);
        let accepted = |name: &str| {
            let peering = self
                .spec
                .get("vpc_peering_connection")
                .and_then(|all| all.get(name));
            peering.is_some_and(|peering| peering.get("accept").is_some())
        };
        let peer = peerings.into_iter().find(|(name, _)| accepted(name));
        self.one_within("security_group", &peer?.1)
    }

    pub(super) fn instance(&mut self) -> Option<Value> {
        let subnet = self.name("subnet")?;
        let vpc = self.attribute("subnet", &subnet, "vpc")?.to_owned();
        let image = *self.any(&["ami-003634241a8fcdec0", "ami-0d6621c01e8c2de2c"]);
        let mut instance = json!({"image": image, "instance_type": *self.any(&["t3.micro", "t3.small", "t2.micro"]), "subnet": subnet});
        let groups = self.within("security_group", &vpc);
        if !groups.is_empty() {
            let mut some: Vec<String> = groups.into_iter().filter(|_| self.rng.usize(0..3) == 0).collect();
            some.extend(
                some.is_empty()
                    .then(|| self.one_within("security_group", &vpc))
                    .flatten(),
            );
            instance["security_groups"] = json!(some);
        }
        let options = [
            ("key_pair", self.name("key_pair").map(Value::from)),
            ("associate_public_ip_address", Some(json!(self.rng.bool()))),
            ("elastic_ip", self.free_address().map(Value::from)),
            (
                "ipv6_address_count",
                self.has_ipv6(&subnet).then(|| json!(self.rng.usize(0..3))),
            ),
            ("monitoring", Some(json!(self.rng.bool()))),
            ("source_dest_check", Some(json!(self.rng.bool()))),
            (
                "user_data",
                Some(json!(
                    *self.any(&["#!/bin/sh\necho one\n", "#!/bin/sh\necho two\n"])
                )),
            ),
            ("root_volume", Some(json!({"size": self.rng.usize(8..30)}))),
            ("disable_api_termination", Some(json!(self.rng.bool()))),
            (
                "state",
                Some(json!(*self.any(&["running", "running", "stopped"]))),
            ),
        ];
        for (key, value) in options {
            if let Some(value) = value.filter(|_| self.one_in(3)) {
                instance[key] = value;
            }
        }
        Some(instance)
    }

    pub(super) fn own_volume(&mut self) -> Value {
        let host = self.name("instance").filter(|_| self.rng.bool());
        let at = host.as_deref().and_then(|host| {
            let subnet = self.attribute("instance", host, "subnet")?;
            self.attribute("subnet", subnet, "availability_zone")
                .map(str::to_owned)
        });
        let zone = *self.any(&["us-west-2a", "us-west-2b", "us-west-2c"]);
        let zone = at.clone().unwrap_or_else(|| zone.to_owned());
        let mut volume = json!({"availability_zone": zone, "size": *self.any(&[125, 125, 125, 200])});
        match self.rng.usize(0..6) {
            0 => {}
            1 => volume["volume_type"] = json!(*self.any(&["st1", "sc1", "standard"])),
            2 => {
                volume["volume_type"] = json!(*self.any(&["io1", "io2"]));
                volume["iops"] = json!(*self.any(&[100, 400]));
                volume["multi_attach_enabled"] = json!(self.rng.bool());
            }
            3 => volume["volume_type"] = json!("gp3"),
            _ => {
                volume["volume_type"] = json!("gp3");
                volume["iops"] = json!(*self.any(&[3000, 4000]));
                volume["throughput"] = json!(*self.any(&[125, 250]));
            }
        }
        if let Some(host) = host.filter(|_| at.is_some()) {
            volume["instance"] = json!(host);
            volume["device_name"] = json!(*self.any(&["/dev/sdf", "/dev/sdg", "/dev/xvdh"]));
        }
        volume
    }

    pub(super) fn vpc_endpoint(&mut self, vpc: &str) -> Value {
        let subnets = self.one_in_each_zone(vpc);
        match self.rng.usize(0..5) {
            0 | 1 if !subnets.is_empty() => self.interface_endpoint(vpc, &subnets),
            2 if !subnets.is_empty() => {
                json!({"vpc": vpc, "service": OFFERED, "type": "gateway_load_balancer", "subnet": subnets[0]})
            }
            _ => self.gateway_endpoint(vpc),
        }
    }

    /// Subnets of a VPC no two of which can be in one zone: of those that leave theirs to EC2 there is one alone.
    fn one_in_each_zone(&mut self, vpc: &str) -> Vec<String> {
        let mut by_zone: BTreeMap<char, String> = BTreeMap::new();
        for name in self.within("subnet", vpc) {
            let zone = |attribute| self.attribute("subnet", &name, attribute)?.chars().last();
            // Zone `a` has the id that ends in 1.
            let id = zone("availability_zone_id").and_then(|id| ('a'..='d').nth(id as usize - '1' as usize));
            match zone("availability_zone").or(id) {
                Some(zone) => drop(by_zone.insert(zone, name)),
                None if self.rng.bool() => return vec![name],
                None => {}
            }
        }
        by_zone.into_values().collect()
    }

    fn interface_endpoint(&mut self, vpc: &str, all: &[String]) -> Value {
        let subnets = &all[..self.rng.usize(1..=all.len())];
        let service = *self.any(&["ssm", "ecr.api", "s3", "com.amazonaws.us-west-2.sqs", OFFERED]);
        let own = self.spec.get("vpc").and_then(|all| all.get(vpc));
        let is = |switch: &str, default: bool| {
            let said = own.and_then(|own| own.get(switch)).and_then(Value::as_bool);
            said.unwrap_or(default)
        };
        let has_dns = is("enable_dns_support", true) && is("enable_dns_hostnames", false);
        let named = has_dns && !matches!(service, "s3" | OFFERED);
        let mut endpoint = json!({
            "vpc": vpc, "service": service, "type": "interface", "subnets": subnets,
            "private_dns_enabled": named && self.rng.bool(),
        });
        let groups: Vec<String> = self.within("security_group", vpc).into_iter().take(5).collect();
        if self.rng.bool() {
            endpoint["security_groups"] = json!(groups[..self.rng.usize(0..=groups.len())]);
        }
        if subnets.iter().all(|subnet| self.has_ipv6(subnet)) && self.rng.bool() {
            endpoint["ip_address_type"] = json!("dualstack");
        }
        if self.one_in(3) {
            let records = ["ipv4", "dualstack", "service-defined"];
            let records = match endpoint["ip_address_type"] {
                Value::Null => &records[..1],
                _ => &records[..],
            };
            endpoint["dns_options"] = json!({"dns_record_ip_type": *self.any(records)});
        }
        if self.one_in(6) {
            endpoint["dns_options"] = json!({"private_dns_only_for_inbound_resolver_endpoint": false});
        }
        if self.one_in(3) {
            endpoint["policy"] = json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ssm:*", "Resource": "*"}]});
        }
        endpoint
    }

    fn gateway_endpoint(&mut self, vpc: &str) -> Value {
        let tables: Vec<String> = self
            .within("route_table", vpc)
            .into_iter()
            .filter(|_| self.rng.bool())
            .collect();
        let mut endpoint =
            json!({"vpc": vpc, "service": *self.any(&["s3", "dynamodb"]), "route_tables": tables});
        if self.rng.bool() {
            let action = *self.any(&["s3:GetObject", "s3:PutObject"]);
            endpoint["policy"] = json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}]});
        }
        endpoint
    }

    pub(super) fn dhcp_options(&mut self) -> Value {
        let mut set = json!({"domain_name": *self.any(&["one.example", "two.example"])});
        if self.rng.bool() {
            set["domain_name_servers"] = json!(*self.any(&["AmazonProvidedDNS", "10.0.0.2"]));
        }
        if self.one_in(3) {
            set["ntp_servers"] = json!(["169.254.169.123", "fd00:ec2::123"]);
        }
        set
    }

    /// The peering connections of a VPC, each with the VPC on its other side.
    fn peerings_of(&self, vpc: &str) -> Vec<(String, String)> {
        const KIND: &str = "vpc_peering_connection";
        let names = self.names(KIND).into_iter();
        let other = |name: &String| {
            let [one, other] = ["vpc", "peer_vpc"].map(|side| self.attribute(KIND, name, side));
            match (one?, other?) {
                (one, other) if one == vpc => Some(other.to_owned()),
                (one, other) if other == vpc => Some(one.to_owned()),
                _ => None,
            }
        };
        names
            .filter_map(|name| Some((name.clone(), other(&name)?)))
            .collect()
    }

    pub(super) fn vpc_peering_connection(&mut self, vpc: &str) -> Option<Value> {
        if self.one_in(4) {
            return Some(json!({
                "vpc": vpc,
                "peer_vpc": format!("vpc-{:017x}", self.number()),
                "peer_owner_id": "210987654321",
            }));
        }
        let others: Vec<String> = self
            .names("vpc")
            .into_iter()
            .filter(|other| other != vpc)
            .collect();
        if others.is_empty() {
            return None;
        }
        let peer = self.any(&others).clone();
        let mut peering = json!({"vpc": vpc, "peer_vpc": peer});
        if !self.one_in(5) {
            peering["accept"] = json!(true);
        }
        let names_hosts = |vpc: &str| {
            let vpc = self.spec.get("vpc").and_then(|all| all.get(vpc));
            let is = |switch: &str| vpc.and_then(|vpc| vpc.get(switch)).and_then(Value::as_bool);
            is("enable_dns_hostnames") == Some(true) && is("enable_dns_support") != Some(false)
        };
        if names_hosts(vpc) && names_hosts(&peer) {
            for side in ["requester", "accepter"] {
                if self.one_in(3) {
                    peering[format!("{side}_peering_connection_options")] =
                        json!({"allow_dns_resolution_from_remote_vpc": self.rng.bool()});
                }
            }
        }
        Some(peering)
    }

    pub(super) fn flow_log(&mut self, vpc: &str) -> Value {
        let mut log = json!({"traffic_type": *self.any(&["accept", "reject", "all"])});
        match self.one_within("subnet", vpc).filter(|_| self.one_in(2)) {
            Some(subnet) => log["subnet"] = json!(subnet),
            None => log["vpc"] = json!(vpc),
        }
        if self.rng.bool() {
            log["log_destination"] =
                json!(*self.any(&["arn:aws:s3:::simulated", "arn:aws:s3:::simulated/more"]));
            if self.one_in(3) {
                log["destination_options"] = json!({"file_format": *self.any(&["plain-text", "parquet"])});
            }
        } else {
            log["log_group_name"] = json!(*self.any(&["simulated", "/simulated/more"]));
            // Where a role may write nowhere, EC2 makes a flow log all the same.
            let role = *self.any(&["flow-logs", "flow-logs", "denied"]);
            log["deliver_logs_permission_arn"] = json!(format!("arn:aws:iam::123456789012:role/{role}"));
        }
        if self.one_in(3) {
            log["max_aggregation_interval"] = json!(*self.any(&[60, 600]));
        }
        log
    }
}
