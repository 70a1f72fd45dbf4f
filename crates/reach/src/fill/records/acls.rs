//! Network ACLs from records.

use trueup_model::Kind;
use trueup_model::attr::VPC;
use trueup_model::kinds::network_acl::{Entry, NetworkAcl};
use trueup_model::net::Ports;

use super::{Part, Records, services};
use crate::network::{self, AclEntry};

impl Records<'_> {
    pub(super) fn network_acls(&mut self) {
        for part in self.of(Kind::NetworkAcl) {
            let typed = match part.typed::<NetworkAcl>() {
                Ok(typed) => typed,
                Err(why) => {
                    self.note(part, &why);
                    let Some(vpc) = part.record.get(VPC).map(|vpc| self.vpc(vpc)) else {
                        continue;
                    };
                    let index = self.unread_acl(part.key.clone(), vpc);
                    self.network.network_acls[index].named = part.named.clone();
                    if part.implicit {
                        self.network.vpcs[vpc].default_acl = Some(index);
                    }
                    continue;
                }
            };
            let vpc = self.vpc(&typed.vpc);
            let index = self.network.network_acls.len();
            self.acls.put(&part.key, index);
            self.network.network_acls.push(network::NetworkAcl {
                named: part.named.clone(),
                vpc,
                ingress: entries(part, &typed.ingress, "ingress"),
                egress: entries(part, &typed.egress, "egress"),
                unread: false,
            });
            if part.implicit {
                self.network.vpcs[vpc].default_acl = Some(index);
            }
        }
    }
}

fn entries(part: &Part<'_>, entries: &[Entry], direction: &str) -> Vec<AclEntry> {
    let entry = |(index, entry): (usize, &Entry)| {
        let (from, to) = match entry.port {
            Some(Ports { from, to }) => (Some(i64::from(from)), Some(i64::from(to))),
            None => (entry.icmp_type, entry.icmp_code),
        };
        Some(AclEntry {
            number: u32::try_from(entry.rule_number).ok()?,
            allow: entry.action == "allow",
            services: services(&entry.protocol, from, to),
            range: entry.cidr.parse().ok()?,
            source: part.place(&format!("{direction}[{index}]")),
        })
    };
    entries.iter().enumerate().filter_map(entry).collect()
}
