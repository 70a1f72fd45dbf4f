//! The kinds: one file each, with how the kind is read, how its steps are carried out and how its objects are
//! waited for.

mod dhcp_options;
mod egress_only_internet_gateway;
mod elastic_ip;
mod flow_log;
pub mod instance;
mod internet_gateway;
pub mod key_pair;
pub mod nat_gateway;
mod network_acl;
mod route_table;
pub mod security_group;
mod subnet;
mod volume;
mod vpc;
mod vpc_endpoint;
mod vpc_peering_connection;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::Filter;
use futures_util::future::{LocalBoxFuture, ready};
use futures_util::stream::{self, StreamExt};
use trueup_model::attr::VPC;
use trueup_model::{Acted, Attr, Kind, Object, Record, Ref, Scope, Settled, Value, Wait, Waiter};

use crate::act::{self, Task};
use crate::classify::Class;
use crate::failure::Failure;
use crate::read::{Found, Links, ObservedState};
use crate::{Ec2, filter, prefix_list};

/// What comes of asking EC2.
pub type Answer<'a, T> = LocalBoxFuture<'a, Result<T, Failure>>;

/// A kind as EC2 has it.
pub trait Live: Sync {
    /// Reads the objects that are asked for, page by page.
    fn list<'a>(&'a self, ec2: &'a Ec2, which: Which<'a>) -> Answer<'a, Found>;

    /// Carries out a step.
    fn act<'a>(&'a self, task: &'a Task<'a>) -> Answer<'a, Acted>;

    /// The filter that finds objects by their ids; none where not every EC2 has one: then the ids are
    /// in the request itself, and one that is not there fails it.
    fn id_filter(&self) -> Option<&'static str>;

    /// Reads what about the objects takes calls of its own.
    fn enrich<'a>(&'a self, _ec2: &'a Ec2, _scope: &'a Scope, _objects: &'a mut [Object]) -> Answer<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    /// The sets of a record whose members may speak of a prefix list, and the field that does.
    fn prefix_lists(&self) -> Option<prefix_list::Spoken> {
        None
    }

    /// The kinds without whose answers [`Live::complete`] does not know what an object is.
    fn needs(&self) -> &'static [Kind] {
        &[]
    }

    /// Adds to an object what the answers about other kinds say of it.
    fn complete(&self, _object: &mut Object, _links: &Links, _scope: &Scope) {}

    /// Whether what is waited for is told by [`Live::states_of_parts`], and not by the list of the kind.
    fn is_part(&self, kind: Kind, wait: &Wait) -> bool {
        !kind.is_id(&wait.id)
    }

    /// Why EC2 takes back what it said it made, where it does that without a word; none where the answer was a
    /// repeated one about something that had ended.
    fn when_unseen(&self) -> Option<&'static str> {
        None
    }

    /// Looks at parts of objects that are waited for by ids of their own, or in another way: volumes, interfaces.
    fn states_of_parts<'a>(&'a self, _ec2: &'a Ec2, _ids: &'a [String]) -> Answer<'a, Vec<ObservedState>> {
        Box::pin(ready(Ok(Vec::new())))
    }
}

/// The two methods of [`Live`] that every kind has: the functions `list` and `act` of its file. A trait
/// object takes no `async fn`.
macro_rules! list_and_act {
    () => {
        fn list<'a>(
            &'a self,
            ec2: &'a $crate::Ec2,
            which: $crate::kinds::Which<'a>,
        ) -> $crate::kinds::Answer<'a, $crate::read::Found> {
            Box::pin(list(ec2, which))
        }

        fn act<'a>(
            &'a self,
            task: &'a $crate::act::Task<'a>,
        ) -> $crate::kinds::Answer<'a, trueup_model::Acted> {
            Box::pin(act(task))
        }
    };
}

pub(crate) use list_and_act;

/// The kind as EC2 has it.
pub fn live(kind: Kind) -> &'static dyn Live {
    match kind {
        Kind::Vpc => &vpc::Vpcs,
        Kind::DhcpOptions => &dhcp_options::DhcpOptionsSets,
        Kind::Subnet => &subnet::Subnets,
        Kind::InternetGateway => &internet_gateway::InternetGateways,
        Kind::EgressOnlyInternetGateway => &egress_only_internet_gateway::EgressOnlyInternetGateways,
        Kind::ElasticIp => &elastic_ip::ElasticIps,
        Kind::NatGateway => &nat_gateway::NatGateways,
        Kind::RouteTable => &route_table::RouteTables,
        Kind::NetworkAcl => &network_acl::NetworkAcls,
        Kind::SecurityGroup => &security_group::SecurityGroups,
        Kind::KeyPair => &key_pair::KeyPairs,
        Kind::Instance => &instance::Instances,
        Kind::Volume => &volume::Volumes,
        Kind::VpcPeeringConnection => &vpc_peering_connection::VpcPeeringConnections,
        Kind::VpcEndpoint => &vpc_endpoint::VpcEndpoints,
        Kind::FlowLog => &flow_log::FlowLogs,
    }
}

/// Which objects of a kind are asked for.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// Those that pass all of these filters: with none, all.
    Passing(&'a [Filter]),
    /// Those with these ids: EC2 refuses one that it does not know, and takes no page size beside them.
    Ids(&'a [String]),
}

impl Which<'_> {
    /// The filters of a request; none is not the same as an empty list everywhere.
    pub fn filters(self) -> Option<Vec<Filter>> {
        match self {
            Which::Passing(filters) if !filters.is_empty() => Some(filters.to_vec()),
            _ => None,
        }
    }
}

/// A request for some objects of a kind, in pages of this size: the builders of the actions have no trait in
/// common.
macro_rules! asked {
    ($request:expr, $which:expr, $set_ids:ident, $set_filters:ident, $page:literal) => {
        match $which {
            $crate::kinds::Which::Ids(ids) => $request.$set_ids(Some(ids.to_vec())),
            which => $request.max_results($page).$set_filters(which.filters()),
        }
    };
}

pub(crate) use asked;

/// Reads all objects of a kind that pass the filters.
pub async fn read(ec2: &Ec2, kind: Kind, filters: &[Filter]) -> Result<Found, Failure> {
    live(kind).list(ec2, Which::Passing(filters)).await
}

/// Reads what there is of some ids of a kind, at most as many as one request takes.
pub async fn find(ec2: &Ec2, kind: Kind, ids: &[String]) -> Result<Found, Failure> {
    let mut found = match live(kind).id_filter() {
        Some(name) => read(ec2, kind, &[filter::of(name, ids)]).await?,
        None => match live(kind).list(ec2, Which::Ids(ids)).await {
            // Of several EC2 does not say which one is not there: then all are read.
            Err(failure) if failure.class == Class::NotFound && ids.len() > 1 => read(ec2, kind, &[]).await?,
            Err(failure) if failure.class == Class::NotFound => Found::default(),
            found => found?,
        },
    };
    found.objects.retain(|object| ids.contains(&object.id));
    Ok(found)
}

/// Reads one object of a kind; none where it is not shown.
pub async fn find_one(ec2: &Ec2, kind: Kind, id: &str) -> Result<Option<Object>, Failure> {
    Ok(find(ec2, kind, &[id.to_owned()])
        .await?
        .objects
        .into_iter()
        .next())
}

/// The pauses before looks for a part that EC2 says is there already.
const PART_LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(6)];

/// Whether the object of a step has this member in a set by now. Another run that does the same may have
/// added it a moment ago; what it shows to others comes later.
pub async fn has_member(task: &Task<'_>, set: Attr<[Value]>, member: &Record) -> Result<bool, Failure> {
    let is_it = |value: &Value| value.as_map() == Some(member);
    for pause in PART_LOOKS {
        tokio::time::sleep(pause).await;
        let found = find_one(task.ec2, task.act.address.kind, task.id()?).await?;
        if found.is_some_and(|object| object.record.list(set).iter().any(is_it)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The pauses before looks for what EC2 makes with a VPC: it is there with the VPC, and may be shown later.
const IMPLICIT_LOOKS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(40),
];

/// Finds what EC2 made with the VPC of a step.
pub async fn find_implicit(task: &Task<'_>) -> Result<Acted, Failure> {
    let kind = task.act.address.kind;
    let vpc = task
        .set_id(VPC)
        .ok_or_else(|| task.defect("looks for what EC2 made with a VPC, and none is given"))?;
    for pause in IMPLICIT_LOOKS {
        if !task.ec2.caller.pause(pause).await {
            break;
        }
        let found = read(task.ec2, kind, &[filter::of("vpc-id", [&vpc])]).await?;
        let made =
            |object: &Object| object.implicit && object.record.get(VPC).and_then(Ref::id) == Some(&vpc);
        if let Some(object) = found.objects.into_iter().find(made) {
            return Ok(Acted {
                facts: object.facts,
                ..act::made(object.id)
            });
        }
    }
    let noun = kind.implicit().map_or("", |implicit| implicit.noun);
    Err(task.refused(format!(
        "EC2 does not show the {noun} of {vpc} yet: run this again"
    )))
}

/// Whether EC2 says of an object that only its tags speak of that it is gone: an answer that shows nothing
/// says nothing.
pub async fn is_gone(ec2: &Ec2, kind: Kind, id: &str) -> Result<bool, Failure> {
    match live(kind).list(ec2, Which::Ids(&[id.to_owned()])).await {
        Err(failure) if failure.class == Class::NotFound => Ok(true),
        asked => Ok(asked?.gone.iter().any(|gone| gone == id)),
    }
}

/// What is said of an object that was made and is not shown.
pub const INVISIBLE: &str = "not visible yet";

/// Lists come one page after the other, but what is asked of each object is asked for so many of them at a time:
/// each call has a connection of its own, and a server takes only so many.
const OBJECTS_AT_ONCE: usize = 32;

/// Reads something of each of many objects.
pub async fn side_by_side<F>(reads: impl Iterator<Item = F>) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let done: Vec<_> = stream::iter(reads).buffered(OBJECTS_AT_ONCE).collect().await;
    done.into_iter().collect()
}

/// Looks once at everything of a kind that is waited for. Answers in the order of `waits`.
pub async fn settle(ec2: &Ec2, kind: Kind, waits: &[Wait]) -> Result<Vec<Settled>, Failure> {
    let (parts, own): (Vec<&Wait>, Vec<&Wait>) =
        waits.iter().partition(|wait| live(kind).is_part(kind, wait));
    let ids = |waits: Vec<&Wait>| waits.into_iter().map(|wait| wait.id.clone()).collect::<Vec<_>>();
    let (own, parts) = (ids(own), ids(parts));
    let mut polled = Polled::default();
    for ids in own.chunks(filter::VALUES_MAX) {
        polled.add(find(ec2, kind, ids).await?);
    }
    for ids in parts.chunks(filter::VALUES_MAX) {
        polled.add(Found {
            states: live(kind).states_of_parts(ec2, ids).await?,
            ..Found::default()
        });
    }
    Ok(waits.iter().map(|wait| polled.settled(wait)).collect())
}

/// What was seen of what is waited for, by id.
#[derive(Default)]
struct Polled {
    seen: BTreeMap<String, Vec<ObservedState>>,
    facts: BTreeMap<String, Record>,
}

impl Polled {
    fn add(&mut self, found: Found) {
        for seen in found.states {
            self.seen.entry(seen.id.clone()).or_default().push(seen);
        }
        self.facts
            .extend(found.objects.into_iter().map(|object| (object.id, object.facts)));
    }

    /// The answer to a wait. What is not shown has ended, or is not visible yet.
    fn settled(&self, wait: &Wait) -> Settled {
        let facts = || self.facts.get(&wait.id).cloned();
        let mut seen = self.seen.get(&wait.id).into_iter().flatten();
        let Some(seen) = seen.find(|seen| seen.respect.is_none_or(|respect| respect == wait.until)) else {
            return match facts() {
                Some(facts) if wait.until == Waiter::SHOWN => Settled::Done(facts),
                None if wait.until.is_gone => Settled::Done(Record::new()),
                _ => Settled::Pending(INVISIBLE.to_owned()),
            };
        };
        match &seen.failed {
            _ if seen.state == wait.until.state => Settled::Done(facts().unwrap_or_default()),
            Some(why) if seen.ended => Settled::Lost(why.clone()),
            Some(why) => Settled::Failed(why.clone()),
            None => Settled::Pending(seen.state.clone()),
        }
    }
}
