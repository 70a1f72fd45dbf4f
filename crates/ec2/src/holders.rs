//! Who holds what EC2 refuses to end. EC2 says only that something does, so it is asked once a call was
//! refused for that: what is on its way out is waited for, and anything else is reported, with what it is and
//! whose.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, NetworkInterface};
use tokio::time::Instant;
use trueup_model::attr::{EGRESS, INGRESS, VPC};
use trueup_model::kinds::{
    dhcp_options, elastic_ip, internet_gateway, network_acl, route_table, security_group, subnet, vpc,
    vpc_peering_connection,
};
use trueup_model::{Kind, Object, Ref, tags};

use crate::act::Task;
use crate::call::Purpose;
use crate::failure::Failure;
use crate::read::pages;
use crate::retry::{pause, retry_budget};
use crate::{filter, kinds};

/// So many are named.
const NAMED_MAX: usize = 5;

/// What is shown as a holder for so long, and is not on its way out, is no old news.
const STAYS: Duration = Duration::from_secs(30);

/// A call that is refused because something depends on what it ends.
#[derive(Debug, Default)]
pub struct Held {
    attempts: u32,
    since: Option<Instant>,
    /// Since when something is seen in its way that is not on its way out.
    stays: Option<Instant>,
}

impl Held {
    /// The pause before the next attempt, or the failure for good, with who holds it.
    pub async fn refused(&mut self, task: &Task<'_>, failure: Failure) -> Result<Duration, Failure> {
        let now = Instant::now();
        self.attempts += 1;
        let since = *self.since.get_or_insert(now);
        let (stays, failure) = match holders(task).await {
            Ok(holders) => (
                holders.iter().any(|holder| !holder.leaving),
                naming(failure, &holders),
            ),
            Err(why) => {
                let message = format!(
                    "{}; what that is cannot be read: {}",
                    failure.message, why.message
                );
                (false, Failure { message, ..failure })
            }
        };
        self.stays = stays.then(|| self.stays.unwrap_or(now));
        let left = retry_budget(&task.context.to(Purpose::Delete), &failure)
            .saturating_sub(now.duration_since(since));
        if left.is_zero() || self.stays.is_some_and(|at| now.duration_since(at) >= STAYS) {
            return Err(failure);
        }
        (task.context.retrying)(&format!("{} ({})", failure.message, failure.code));
        Ok(pause(&task.context, failure.action, failure.class, self.attempts).min(left))
    }
}

/// A refusal with those that are behind it.
fn naming(failure: Failure, holders: &[Holder]) -> Failure {
    if holders.is_empty() {
        return failure;
    }
    let until = if holders.iter().all(|holder| holder.leaving) {
        ""
    } else {
        ". Let go of it there, and run this again"
    };
    let message = format!(
        "{}: {}{until}",
        failure.message.trim_end_matches('.'),
        told(holders)
    );
    Failure { message, ..failure }
}

/// Something that keeps an object there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Holder {
    /// What it is, and how it holds.
    what: String,
    /// Whether it is on its way out.
    leaving: bool,
}

/// What keeps the object of a step there, or a part of it, in the order of the ids. None may be found: EC2
/// shows what it has just done to some and not yet to others.
async fn holders(task: &Task<'_>) -> Result<Vec<Holder>, Failure> {
    let id = task.id()?;
    let mut found = match task.act.action {
        security_group::action::DELETE => {
            let mut found = interfaces(task, filter::of("group-id", [id]), |_| true).await?;
            found.extend(rules(task, id).await?);
            found
        }
        subnet::action::DELETE => interfaces(task, filter::of("subnet-id", [id]), |_| true).await?,
        vpc::action::DELETE => {
            let mut found = interfaces(task, filter::of("vpc-id", [id]), |_| true).await?;
            found.extend(members(task, id).await?);
            found
        }
        internet_gateway::action::DETACH => {
            let vpc = task.unset_id(VPC).unwrap_or_default();
            interfaces(task, filter::of("vpc-id", [vpc]), |interface| {
                interface.association.is_some()
            })
            .await?
        }
        elastic_ip::action::RELEASE => {
            interfaces(task, filter::of("association.allocation-id", [id]), |_| true).await?
        }
        dhcp_options::action::DELETE => vpcs_with(task, id).await?,
        route_table::action::DELETE | network_acl::action::DELETE => subnets(task, id).await?,
        _ => Vec::new(),
    };
    found.sort_by(|a, b| a.what.cmp(&b.what));
    found.dedup();
    Ok(found)
}

/// The holders in a clause, those that stay first.
fn told(holders: &[Holder]) -> String {
    let (leaving, staying): (Vec<&Holder>, Vec<&Holder>) = holders.iter().partition(|holder| holder.leaving);
    let named: Vec<&str> = staying
        .iter()
        .chain(&leaving)
        .take(NAMED_MAX)
        .map(|holder| holder.what.as_str())
        .collect();
    let more = holders.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", named.join("; "))
}

/// The network interfaces that pass a filter and a test.
async fn interfaces(
    task: &Task<'_>,
    filter: Filter,
    holds: impl Fn(&NetworkInterface) -> bool,
) -> Result<Vec<Holder>, Failure> {
    let mut all = Vec::new();
    let request = task
        .ec2
        .client
        .describe_network_interfaces()
        .max_results(1000)
        .filters(filter);
    pages!(
        task.ec2,
        "DescribeNetworkInterfaces",
        request,
        network_interfaces,
        |interface: NetworkInterface| {
            all.extend(Some(interface).filter(|interface| holds(interface)));
            Ok::<_, Failure>(())
        }
    );
    let user = |interface: &NetworkInterface| user(interface, &task.ec2.site.account);
    let leaving = leaving(task, all.iter().filter_map(user)).await?;
    let holder = |interface: &NetworkInterface| Holder {
        what: words(interface),
        leaving: user(interface).is_some_and(|user| leaving.contains(&user)) || is_detaching(interface),
    };
    Ok(all.iter().map(holder).collect())
}

fn is_detaching(interface: &NetworkInterface) -> bool {
    let status = interface
        .attachment()
        .and_then(|attachment| attachment.status())
        .map(|status| status.as_str());
    matches!(status, Some("detaching" | "detached"))
}

/// The instance, NAT gateway or endpoint of this account that an interface belongs to, where one of them has
/// it.
fn user(interface: &NetworkInterface, account: &str) -> Option<String> {
    let own = interface.attachment().filter(|attachment| {
        attachment
            .instance_owner_id()
            .is_none_or(|owner| owner == account)
    });
    let instance = own.and_then(|attachment| attachment.instance_id());
    // EC2 names the gateway or endpoint in the description only.
    let words = interface.description().unwrap_or_default().split_whitespace();
    let mut named = words.filter(|word| Kind::NatGateway.is_id(word) || Kind::VpcEndpoint.is_id(word));
    instance
        .filter(|id| !id.is_empty())
        .or_else(|| named.next())
        .map(str::to_owned)
}

/// Those of some users that have ended or are ending, by this run or by anyone: they are not shown, or not as
/// living.
async fn leaving(task: &Task<'_>, users: impl Iterator<Item = String>) -> Result<BTreeSet<String>, Failure> {
    let (mut leaving, others): (BTreeSet<String>, BTreeSet<String>) =
        users.partition(|id| task.ec2.session.is_ended(id));
    let mut by_kind: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for id in others {
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.is_id(&id)) {
            by_kind.entry(kind).or_default().push(id);
        }
    }
    for (kind, ids) in by_kind {
        for ids in ids.chunks(filter::VALUES_MAX) {
            let living: BTreeSet<String> = kinds::find(task.ec2, kind, ids)
                .await?
                .objects
                .into_iter()
                .map(|object| object.id)
                .collect();
            leaving.extend(ids.iter().filter(|id| !living.contains(*id)).cloned());
        }
    }
    Ok(leaving)
}

/// An interface as a person looks for it: id, what it is for, of which type, and whose.
fn words(interface: &NetworkInterface) -> String {
    let id = interface.network_interface_id().unwrap_or_default();
    let mut about = Vec::new();
    if let Some(description) = interface.description().filter(|text| !text.is_empty()) {
        about.push(format!("\"{description}\""));
    }
    if let Some(ty) = interface
        .interface_type()
        .map(|ty| ty.as_str())
        .filter(|ty| *ty != "interface")
    {
        about.push(format!("of type {ty}"));
    }
    let attachment = interface.attachment();
    let instance = attachment
        .and_then(|attachment| attachment.instance_id())
        .filter(|id| !id.is_empty());
    let owner = attachment
        .and_then(|attachment| attachment.instance_owner_id())
        .or(interface.requester_id());
    about.push(match (instance, owner) {
        (Some(instance), _) => format!("attached to {instance}"),
        (None, Some(owner)) if interface.requester_managed() == Some(true) => format!("managed by {owner}"),
        (None, _) if attachment.is_none() => "attached to nothing".to_owned(),
        (None, owner) => format!("attached by {}", owner.unwrap_or("a service")),
    });
    format!("network interface {id} ({})", about.join(", "))
}

/// The groups whose rules name a group.
async fn rules(task: &Task<'_>, group: &str) -> Result<Vec<Holder>, Failure> {
    let mut found = Vec::new();
    for (direction, name) in [
        (INGRESS, "ip-permission.group-id"),
        (EGRESS, "egress.ip-permission.group-id"),
    ] {
        let read = kinds::read(task.ec2, Kind::SecurityGroup, &[filter::of(name, [group])]).await?;
        let others = read.objects.into_iter().filter(|other| other.id != group);
        found.extend(others.map(|other| Holder {
            what: format!("an {direction} rule of {} names it", called(&other)),
            leaving: task.ec2.session.is_ended(&other.id),
        }));
    }
    Ok(found)
}

/// What is in a VPC and keeps it there; what EC2 made with the VPC goes with it.
async fn members(task: &Task<'_>, vpc: &str) -> Result<Vec<Holder>, Failure> {
    const KINDS: [(Kind, Option<&str>); 8] = [
        (Kind::Subnet, Some("vpc-id")),
        (Kind::InternetGateway, Some("attachment.vpc-id")),
        (Kind::EgressOnlyInternetGateway, None),
        (Kind::NatGateway, Some("vpc-id")),
        (Kind::RouteTable, Some("vpc-id")),
        (Kind::NetworkAcl, Some("vpc-id")),
        (Kind::SecurityGroup, Some("vpc-id")),
        (Kind::VpcEndpoint, Some("vpc-id")),
    ];
    let mut found = Vec::new();
    for (kind, name) in KINDS {
        let filters = name.map(|name| filter::of(name, [vpc]));
        let read = kinds::read(task.ec2, kind, filters.as_slice()).await?;
        let is_in = |object: &Object| object.record.get(VPC).and_then(Ref::id) == Some(vpc);
        let own = read
            .objects
            .iter()
            .filter(|object| !object.implicit && (name.is_some() || is_in(object)));
        found.extend(own.map(|object| Holder {
            what: called(object),
            leaving: task.ec2.session.is_ended(&object.id),
        }));
        let kind = kind.noun();
        found.extend(read.gone.into_iter().map(|id| Holder {
            what: format!("{kind} {id}, which is being deleted"),
            leaving: true,
        }));
    }
    // What a VPC asks goes with it, and what another account asks of it does not.
    let asked = filter::of("accepter-vpc-info.vpc-id", [vpc]);
    let peerings = kinds::read(task.ec2, Kind::VpcPeeringConnection, &[asked]).await?;
    let waits = |object: &&Object| {
        object
            .record
            .get(vpc_peering_connection::attr::PEER_VPC)
            .and_then(Ref::id)
            == Some(vpc)
            && !vpc_peering_connection::accepts(&object.record)
    };
    found.extend(peerings.objects.iter().filter(waits).map(|peering| Holder {
        what: format!(
            "{} asks for it, and is to be accepted or rejected",
            called(peering)
        ),
        leaving: task.ec2.session.is_ended(&peering.id),
    }));
    Ok(found)
}

/// The VPCs that have a set of DHCP options.
async fn vpcs_with(task: &Task<'_>, set: &str) -> Result<Vec<Holder>, Failure> {
    let read = kinds::read(task.ec2, Kind::Vpc, &[filter::of("dhcp-options-id", [set])]).await?;
    let holder = |vpc: &Object| Holder {
        what: format!("{} has it", called(vpc)),
        leaving: task.ec2.session.is_ended(&vpc.id),
    };
    Ok(read.objects.iter().map(holder).collect())
}

/// The subnets that are associated with a route table or a network ACL.
async fn subnets(task: &Task<'_>, id: &str) -> Result<Vec<Holder>, Failure> {
    let kind = task.act.address.kind;
    let name = if kind == Kind::RouteTable {
        "route-table-id"
    } else {
        "association.network-acl-id"
    };
    let links = kinds::read(task.ec2, kind, &[filter::of(name, [id])])
        .await?
        .links;
    let users = links
        .tables
        .into_iter()
        .chain(links.acls)
        .filter(|(_, (by, _))| by == id);
    Ok(users
        .map(|(subnet, _)| Holder {
            leaving: task.ec2.session.is_ended(&subnet),
            what: format!("subnet {subnet} is associated with it"),
        })
        .collect())
}

/// An object by its kind, id and what it is called.
fn called(object: &Object) -> String {
    let kind = object.kind.noun();
    let name = tags::name(&object.record);
    let name = if name.is_empty() {
        object.record.text(security_group::attr::GROUP_NAME)
    } else {
        name
    };
    if name.is_empty() {
        format!("{kind} {}", object.id)
    } else {
        format!("{kind} {} ({name})", object.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{NetworkInterfaceAttachment, NetworkInterfaceType};

    fn interface() -> aws_sdk_ec2::types::builders::NetworkInterfaceBuilder {
        NetworkInterface::builder().network_interface_id("eni-1")
    }

    #[test]
    fn an_interface_is_told_with_what_it_is_for_and_whose_it_is() {
        let attachment = NetworkInterfaceAttachment::builder()
            .instance_owner_id("amazon-elb")
            .build();
        let balancer = interface()
            .description("ELB app/alb/123")
            .requester_managed(true)
            .attachment(attachment)
            .build();
        assert_eq!(
            words(&balancer),
            "network interface eni-1 (\"ELB app/alb/123\", managed by amazon-elb)"
        );
        assert_eq!(
            words(&interface().build()),
            "network interface eni-1 (attached to nothing)"
        );
        let attachment = NetworkInterfaceAttachment::builder()
            .instance_id("i-00000001")
            .build();
        assert_eq!(
            words(&interface().attachment(attachment).build()),
            "network interface eni-1 (attached to i-00000001)"
        );
        let lambda = interface()
            .interface_type(NetworkInterfaceType::from("lambda"))
            .requester_managed(true)
            .requester_id("AROA:fn");
        assert_eq!(
            words(&lambda.build()),
            "network interface eni-1 (of type lambda, managed by AROA:fn)"
        );
    }

    #[test]
    fn the_gateway_behind_an_interface_is_found_in_its_description() {
        let gateway = interface()
            .description("Interface for NAT Gateway nat-0123456789abcdef0")
            .build();
        assert_eq!(user(&gateway, "1").as_deref(), Some("nat-0123456789abcdef0"));
        assert_eq!(user(&interface().description("mine").build(), "1"), None);
        // What another account has in a shared subnet is not shown to this one.
        let attachment = NetworkInterfaceAttachment::builder()
            .instance_id("i-00000001")
            .instance_owner_id("2")
            .build();
        assert_eq!(user(&interface().attachment(attachment).build(), "1"), None);
    }

    #[test]
    fn what_stays_is_named_before_what_leaves_and_not_all_of_it() {
        let holder = |n: usize, leaving| Holder {
            what: format!("h{n}"),
            leaving,
        };
        let all: Vec<Holder> = (0..7).map(|n| holder(n, n < 3)).collect();
        assert_eq!(told(&all), "h3; h4; h5; h6; h0; and 2 more");
    }
}
