//! What a network speaks of and is not known: what is outside a spec, what could not be read, what could not
//! be understood. It lets nothing through surely, and keeps nothing off surely.

use trueup_model::attr::SUBNET;
use trueup_model::kinds::instance::Instance;
use trueup_model::{Kind, Ref, fact};

use super::{Part, Records, key};
use crate::address::Family;
use crate::network::{
    AddressPair, Assignment, Behind, Destination, Interface, Named, NetworkAcl, Origin, Route, RouteTable,
    SecurityGroup, Subnet, Target, Unread, Vpc,
};

impl Records<'_> {
    /// Notes that a part, though it is there, is not known.
    pub(super) fn note(&mut self, part: &Part<'_>, why: &str) {
        self.unread.insert(part.key.clone());
        self.network
            .gaps
            .push(format!("{} is not known: {why}", part.named.name));
    }

    /// Whether a kind could not be read.
    pub(super) fn is_unreadable(&self, kind: Kind) -> bool {
        self.unreadable.contains(&kind)
    }

    /// What is not known of a VPC of which there is nothing but a reference.
    fn but_id(&self) -> Unread {
        // A live region's gateways and hosts are looked up by themselves.
        if self.live {
            Unread {
                gateway: false,
                hosts: false,
                ..Unread::BUT_ID
            }
        } else {
            Unread::BUT_ID
        }
    }

    /// The VPC that a reference means. One that is not among the parts is known by its id only.
    pub(super) fn vpc(&mut self, reference: &Ref) -> usize {
        let key = key(reference);
        self.vpcs.get(&key).unwrap_or_else(|| {
            self.outside.insert(key.clone());
            self.unread_vpc(key.clone(), Named::new(key), self.but_id())
        })
    }

    pub(super) fn unread_vpc(&mut self, key: String, named: Named, unread: Unread) -> usize {
        let index = self.network.vpcs.len();
        self.network.vpcs.push(Vpc {
            named,
            region: self.region.clone(),
            unread,
            ..Vpc::default()
        });
        self.vpcs.put(key, index);
        index
    }

    /// The subnet that a reference means. Of one that is not among the parts not even the VPC is known.
    pub(super) fn subnet(&mut self, reference: &Ref) -> usize {
        let key = key(reference);
        self.subnets.get(&key).unwrap_or_else(|| {
            self.outside.insert(key.clone());
            self.unread_subnet(key.clone(), Named::new(key), None)
        })
    }

    pub(super) fn unread_subnet(&mut self, key: String, named: Named, vpc: Option<usize>) -> usize {
        let of = format!("the VPC of {}", named.name);
        let vpc = vpc.unwrap_or_else(|| self.unread_vpc(of.clone(), Named::new(of), Unread::ALL));
        let network_acl = Some(self.unread_acl(format!("the network ACL of {key}"), vpc));
        let route_table = Some(self.unread_table(format!("the route table of {key}"), vpc));
        let index = self.network.subnets.len();
        self.network.subnets.push(Subnet {
            named,
            vpc,
            route_table,
            network_acl,
            ..Subnet::default()
        });
        self.subnets.put(key, index);
        index
    }

    /// The table that a reference means.
    pub(super) fn table(&mut self, reference: &Ref, vpc: usize) -> usize {
        let key = key(reference);
        self.tables.get(&key).unwrap_or_else(|| {
            self.outside.insert(key.clone());
            self.unread_table(key, vpc)
        })
    }

    pub(super) fn unread_table(&mut self, key: String, vpc: usize) -> usize {
        // It may lead to a gateway of others; those that are live are known.
        self.network.vpcs[vpc].unread.gateway |= !self.live;
        let index = self.network.route_tables.len();
        let named = Named::new(key.clone());
        self.network.route_tables.push(RouteTable {
            named,
            vpc,
            unread: true,
            ..RouteTable::default()
        });
        self.tables.put(key, index);
        index
    }

    /// The ACL that a reference means.
    pub(super) fn acl(&mut self, reference: &Ref, vpc: usize) -> usize {
        let key = key(reference);
        self.acls.get(&key).unwrap_or_else(|| {
            self.outside.insert(key.clone());
            self.unread_acl(key, vpc)
        })
    }

    pub(super) fn unread_acl(&mut self, key: String, vpc: usize) -> usize {
        let index = self.network.network_acls.len();
        let named = Named::new(key.clone());
        self.network.network_acls.push(NetworkAcl {
            named,
            vpc,
            unread: true,
            ..NetworkAcl::default()
        });
        self.acls.put(key, index);
        index
    }

    /// The group that an interface of a VPC carries.
    pub(super) fn group(&mut self, key: &str, vpc: usize) -> usize {
        self.groups.get(key).unwrap_or_else(|| {
            self.outside.insert(key.to_owned());
            self.unread_group(key, Named::new(key), vpc)
        })
    }

    pub(super) fn unread_group(&mut self, key: &str, named: Named, vpc: usize) -> usize {
        let index = self.network.security_groups.len();
        self.network
            .security_groups
            .push(SecurityGroup::unread(named, vpc));
        self.groups.put(key, index);
        index
    }

    /// The groups that hosts carry and that are not among the parts: rules may name them too.
    pub(super) fn carried_groups(&mut self) {
        for part in self.of(Kind::Instance) {
            let Ok(typed) = part.typed::<Instance>() else {
                continue;
            };
            let subnet = self.subnet(&typed.subnet);
            for group in &typed.security_groups {
                self.group(&key(group), self.network.subnets[subnet].vpc);
            }
        }
    }

    /// What every VPC has, and is not known: a main table and a default ACL, of a VPC outside or where these
    /// could not be read.
    pub(super) fn unread_defaults(&mut self) {
        for vpc in 0..self.network.vpcs.len() {
            let Vpc {
                named,
                main_table,
                default_acl,
                unread,
                ..
            } = &self.network.vpcs[vpc];
            let (name, is_outside) = (named.name.clone(), *unread != Unread::default());
            let lacks =
                |kind: Kind, own: Option<usize>| own.is_none() && (is_outside || self.is_unreadable(kind));
            let (table, acl) = (
                lacks(Kind::RouteTable, *main_table),
                lacks(Kind::NetworkAcl, *default_acl),
            );
            if table {
                self.network.vpcs[vpc].main_table =
                    Some(self.unread_table(format!("the main route table of {name}"), vpc));
            }
            if acl {
                self.network.vpcs[vpc].default_acl =
                    Some(self.unread_acl(format!("the default network ACL of {name}"), vpc));
            }
        }
    }

    /// Gateways that could not be read: a VPC without one may have one of them.
    pub(super) fn unread_gateways(&mut self) {
        let is_lost = self.is_unreadable(Kind::InternetGateway)
            || self
                .of(Kind::InternetGateway)
                .any(|part| self.unread.contains(&part.key));
        if is_lost {
            self.network
                .vpcs
                .iter_mut()
                .for_each(|vpc| vpc.unread.gateway = true);
        }
    }

    /// Gateway endpoints that could not be read: any table may have a route to one of them.
    pub(super) fn unread_endpoints(&mut self) {
        let is_lost = self.is_unreadable(Kind::VpcEndpoint)
            || self
                .of(Kind::VpcEndpoint)
                .any(|part| self.unread.contains(&part.key));
        if !is_lost {
            return;
        }
        let lists: Vec<usize> = (0..self.network.prefix_lists.len())
            .filter(|list| self.network.prefix_lists[*list].is_service)
            .collect();
        for table in &mut self.network.route_tables {
            for list in &lists {
                let target = Target::Other("a gateway endpoint that could not be read".to_owned());
                table.unsure.insert(table.routes.len());
                table.routes.push(Route {
                    destination: Destination::List(*list),
                    target,
                    origin: Origin::Static,
                    source: None,
                });
            }
        }
    }

    /// An instance that is there and not known: it may have any address and any group.
    pub(super) fn unread_instance(&mut self, part: &Part<'_>) {
        let subnet = match part.record.get(SUBNET) {
            Some(subnet) => self.subnet(subnet),
            None => self.unread_subnet(
                format!("the subnet of {}", part.key),
                Named::new(format!("the subnet of {}", part.named.name)),
                None,
            ),
        };
        let named = Named::new(format!("the security groups of {}", part.named.name));
        let group = self.unread_group(&named.name.clone(), named, self.network.subnets[subnet].vpc);
        let private = super::hosts::assigned(None, part.fact(fact::PRIVATE_IP));
        let mut addresses = vec![AddressPair {
            private,
            public: Some(Assignment::Unassigned),
        }];
        let ranges = &self.network.subnets[subnet].ranges;
        let has_ipv6 = ranges.iter().any(|range| Family::of_range(range) == Family::V6);
        addresses.extend(has_ipv6.then_some(AddressPair {
            private: Assignment::UnassignedV6,
            public: None,
        }));
        self.host(
            part,
            Interface {
                named: part.named.clone(),
                subnet,
                behind: Behind::Host,
                addresses,
                security_groups: vec![group],
                source_dest_check: true,
                running: true,
                tags: part.tags(),
            },
        );
    }

    /// What is said of all that is not known.
    pub(super) fn gaps(&mut self) {
        let outside = self.outside.iter().map(|key| match self.live {
            true => format!("{key} is not among what was read"),
            false => format!("{key} is outside the spec, so nothing is known of it"),
        });
        let kinds = self
            .unreadable
            .iter()
            .map(|kind| format!("every {kind} is unknown: EC2 did not let them be read"));
        let gaps: Vec<String> = outside.chain(kinds).collect();
        self.network.gaps.extend(gaps);
    }
}
