//! Network ACLs from records.

use trueup_model::kinds::network_acl::{Entry, NetworkAcl};
use trueup_model::net::port_bounds;
use trueup_model::{Kind, Ref};

use super::{Part, Records, key, services};
use crate::network::{self, AclEntry, Named};

impl Records<'_> {
    pub(super) fn network_acls(&mut self) {
        for part in self.of(Kind::NetworkAcl) {
            let Some(typed) = part.typed::<NetworkAcl>() else { continue };
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

    /// The ACL that a subnet names. Of one that is not known here, nothing is certain.
    pub(super) fn acl(&mut self, reference: &Ref, vpc: usize) -> usize {
        let key = key(reference);
        if let Some(index) = self.acls.get(&key) {
            return index;
        }
        let index = self.network.network_acls.len();
        let named = Named::new(key.clone());
        self.network.network_acls.push(network::NetworkAcl { named, vpc, unread: true, ..network::NetworkAcl::default() });
        self.network.gaps.push(format!("the entries of {key} are not known"));
        self.acls.put(key, index);
        index
    }
}

fn entries(part: &Part<'_>, entries: &[Entry], direction: &str) -> Vec<AclEntry> {
    let entry = |(index, entry): (usize, &Entry)| {
        let (from, to) = match entry.port.as_deref().and_then(port_bounds) {
            Some((from, to)) => (Some(i64::from(from)), Some(i64::from(to))),
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
