//! What a plan uses and nobody declares: looked up by its id or name before anything is made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::{
    InstanceTypeInfo, InstanceTypeOffering, LocationType, ManagedPrefixList, NetworkInterface,
    TransitGateway, VpnGateway,
};
use futures_util::future::{join, join_all};
use trueup_model::kind::is_id_tail;
use trueup_model::{CloudError, Kind, Outside, Sought, Zone};

use super::pages;
use crate::answer::needed_text;
use crate::call::CallContext;
use crate::failure::Failure;
use crate::{Ec2, filter, image, kinds};

/// What is not there is asked for once more after this pause: somebody may have made it a moment ago.
const AGAIN: Duration = Duration::from_secs(1);

/// States in which an object is on its way out, or never came about, in the words of all kinds.
const UNUSABLE: [&str; 13] = [
    "deleting",
    "deleted",
    "rejected",
    "failed",
    "expired",
    "delete-in-progress",
    "delete-complete",
    "create-failed",
    "delete-failed",
    "deregistered",
    "disabled",
    "error",
    "invalid",
];

/// What EC2 says of something that is there.
#[derive(Debug, Default)]
pub struct Shown {
    /// Its state; of kinds without states, the empty text.
    pub state: String,
    /// The architectures that an image has or an instance type supports.
    pub architectures: BTreeSet<String>,
}

/// What is there, by what was asked for.
pub type States = BTreeMap<String, Shown>;

/// Things that one call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort<'a> {
    /// Objects whose ids begin so.
    Objects(&'a str),
    KeyPairs,
    /// Instance types in places that are said so.
    InstanceTypes(Places),
}

/// How EC2 says where it offers an instance type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Places {
    Region,
    ZoneNames,
    ZoneIds,
}

fn sort(sought: &Sought) -> Sort<'_> {
    match sought {
        Sought::Object(id) => Sort::Objects(
            id.split_once('-')
                .filter(|(_, tail)| is_id_tail(tail))
                .map_or("", |(sort, _)| sort),
        ),
        Sought::KeyPair(_) => Sort::KeyPairs,
        Sought::InstanceType { zone: Zone::Any, .. } => Sort::InstanceTypes(Places::Region),
        Sought::InstanceType {
            zone: Zone::Name(_), ..
        } => Sort::InstanceTypes(Places::ZoneNames),
        Sought::InstanceType {
            zone: Zone::Id(_), ..
        } => Sort::InstanceTypes(Places::ZoneIds),
    }
}

/// What is asked for in the words of the answer: of an instance type, its name and the place.
fn key(ec2: &Ec2, sought: &Sought) -> String {
    match sought {
        Sought::InstanceType {
            name,
            zone: Zone::Name(place) | Zone::Id(place),
        } => offering(name, place),
        Sought::InstanceType {
            name,
            zone: Zone::Any,
        } => offering(name, &ec2.site.region),
        other => other.text().to_owned(),
    }
}

fn offering(name: &str, place: &str) -> String {
    format!("{name} in {place}")
}

/// Looks things up, one call for each sort of them.
pub async fn outside(ec2: &Ec2, sought: &BTreeSet<Sought>) -> BTreeMap<Sought, Outside> {
    let mut sorts: BTreeMap<Sort<'_>, Vec<&Sought>> = BTreeMap::new();
    for one in sought {
        sorts.entry(sort(one)).or_default().push(one);
    }
    let looks = sorts.into_iter().map(|(sort, sought)| async move {
        let found = look_up(ec2, sort, &sought).await;
        (sought, found)
    });
    let mut all = BTreeMap::new();
    for (sought, found) in join_all(looks).await {
        let found = found.map_err(|failure| CloudError::from(failure).message);
        let judge = |one: &Sought| match &found {
            Err(why) => Outside::Unknown(why.clone()),
            Ok(states) => match states.get(&key(ec2, one)) {
                None => Outside::Absent,
                Some(Shown { state, .. }) if UNUSABLE.contains(&state.as_str()) => {
                    Outside::Unusable(state.clone())
                }
                Some(shown) => Outside::There(shown.architectures.clone()),
            },
        };
        all.extend(sought.into_iter().map(|one| (one.clone(), judge(one))));
    }
    all
}

/// Looks twice at most.
async fn look_up(ec2: &Ec2, sort: Sort<'_>, sought: &[&Sought]) -> Result<States, Failure> {
    let mut found = once(ec2, sort, sought).await?;
    if sought.iter().any(|one| !found.contains_key(&key(ec2, one))) {
        tokio::time::sleep(AGAIN).await;
        found.extend(once(ec2, sort, sought).await?);
    }
    Ok(found)
}

/// One look, in as many calls as the texts need. Filters and not lists of ids: an id that is not there would
/// fail the call.
async fn once(ec2: &Ec2, sort: Sort<'_>, sought: &[&Sought]) -> Result<States, Failure> {
    let mut found = States::new();
    let texts: BTreeSet<&str> = sought.iter().map(|one| one.text()).collect();
    let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
    for texts in texts.chunks(filter::VALUES_MAX) {
        found.extend(match sort {
            Sort::Objects("ami") => image::read(ec2, texts).await?,
            Sort::Objects("tgw") => transit_gateways(ec2, texts).await?,
            Sort::Objects("pl") => prefix_lists(ec2, texts).await?,
            Sort::Objects("eni") => network_interfaces(ec2, texts).await?,
            Sort::Objects("vgw") => vpn_gateways(ec2, texts).await?,
            Sort::Objects(_) => of_a_kind(ec2, texts).await?,
            Sort::KeyPairs => key_pairs(ec2, texts).await?,
            Sort::InstanceTypes(places) => instance_types(ec2, places, texts).await?,
        });
    }
    Ok(found)
}

fn state(id: Option<String>, state: Option<&str>) -> Option<(String, Shown)> {
    let state = state.unwrap_or_default().to_owned();
    Some((
        id?,
        Shown {
            state,
            ..Shown::default()
        },
    ))
}

/// What the bulk read did not show: it may have left it out.
async fn of_a_kind(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    let kind = ids
        .first()
        .and_then(|first| Kind::ALL.into_iter().find(|kind| kind.is_id(first)));
    let Some(kind) = kind else {
        return Ok(States::new());
    };
    Ok(kinds::find(ec2, kind, ids)
        .await?
        .objects
        .into_iter()
        .map(|object| (object.id, Shown::default()))
        .collect())
}

async fn key_pairs(ec2: &Ec2, names: &[String]) -> Result<States, Failure> {
    let named = kinds::read(
        ec2,
        Kind::KeyPair,
        &[filter::of(
            "key-name",
            names.iter().map(|name| filter::escaped(name)),
        )],
    )
    .await?;
    let names = named
        .objects
        .iter()
        .filter_map(|object| Kind::KeyPair.rules().ec2_name(&object.record));
    Ok(names.map(|name| (name, Shown::default())).collect())
}

/// The places where EC2 offers instance types of these names, and what they run. Of a type that is on offer
/// nothing says that there is room for it now.
async fn instance_types(ec2: &Ec2, places: Places, names: &[String]) -> Result<States, Failure> {
    let (offered, architectures) = join(offered(ec2, places, names), architectures(ec2, names)).await;
    let mut found = States::new();
    for (name, place) in offered? {
        // What a type runs is asked beside: where that may not be asked, it is not known.
        let architectures = architectures
            .as_ref()
            .ok()
            .and_then(|architectures| architectures.get(&name).cloned())
            .unwrap_or_default();
        found.insert(
            offering(&name, &place),
            Shown {
                architectures,
                ..Shown::default()
            },
        );
    }
    Ok(found)
}

/// The architectures that instance types of these names support, as far as EC2 says so.
async fn architectures(ec2: &Ec2, names: &[String]) -> Result<BTreeMap<String, BTreeSet<String>>, Failure> {
    let mut found = BTreeMap::new();
    let request = ec2
        .client
        .describe_instance_types()
        .max_results(100)
        .filters(filter::of("instance-type", names));
    pages!(
        ec2,
        "DescribeInstanceTypes",
        request,
        instance_types,
        |ty: InstanceTypeInfo| {
            let runs = ty
                .processor_info
                .as_ref()
                .map(|processor| processor.supported_architectures())
                .unwrap_or_default()
                .iter()
                .map(|architecture| architecture.as_str().to_owned());
            if let Some(name) = &ty.instance_type {
                found.insert(name.as_str().to_owned(), runs.collect());
            }
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// The names and the places of these types.
async fn offered(ec2: &Ec2, places: Places, names: &[String]) -> Result<Vec<(String, String)>, Failure> {
    const ACTION: &str = "DescribeInstanceTypeOfferings";
    let by = match places {
        Places::Region => LocationType::Region,
        Places::ZoneNames => LocationType::AvailabilityZone,
        Places::ZoneIds => LocationType::AvailabilityZoneId,
    };
    let mut found = Vec::new();
    let request = ec2
        .client
        .describe_instance_type_offerings()
        .location_type(by)
        .max_results(1000);
    let request = request.filters(filter::of("instance-type", names));
    pages!(
        ec2,
        "DescribeInstanceTypeOfferings",
        request,
        instance_type_offerings,
        |offer: InstanceTypeOffering| {
            let name = needed_text(
                ACTION,
                "instanceType",
                offer.instance_type.map(|ty| ty.as_str().to_owned()),
            )?;
            found.push((name, needed_text(ACTION, "location", offer.location)?));
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

async fn transit_gateways(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    let mut found = States::new();
    let request = ec2
        .client
        .describe_transit_gateways()
        .filters(filter::of("transit-gateway-id", ids))
        .max_results(1000);
    pages!(
        ec2,
        "DescribeTransitGateways",
        request,
        transit_gateways,
        |gateway: TransitGateway| {
            found.extend(state(
                gateway.transit_gateway_id,
                gateway.state.as_ref().map(|state| state.as_str()),
            ));
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

async fn prefix_lists(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    let mut found = States::new();
    let request = ec2
        .client
        .describe_managed_prefix_lists()
        .filters(filter::of("prefix-list-id", ids))
        .max_results(100);
    pages!(
        ec2,
        "DescribeManagedPrefixLists",
        request,
        prefix_lists,
        |list: ManagedPrefixList| {
            found.extend(state(
                list.prefix_list_id,
                list.state.as_ref().map(|state| state.as_str()),
            ));
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

async fn network_interfaces(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    let mut found = States::new();
    let request = ec2
        .client
        .describe_network_interfaces()
        .filters(filter::of("network-interface-id", ids))
        .max_results(1000);
    pages!(
        ec2,
        "DescribeNetworkInterfaces",
        request,
        network_interfaces,
        |interface: NetworkInterface| {
            found.extend(state(interface.network_interface_id, None));
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// EC2 filters these by their tags alone.
async fn vpn_gateways(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    const ACTION: &str = "DescribeVpnGateways";
    let request = ec2
        .client
        .describe_vpn_gateways()
        .filters(filter::of("vpn-gateway-id", ids));
    // EC2 answers all of them at once.
    let answer = ec2
        .caller
        .call(&CallContext::read(ACTION), ACTION, request, |request| {
            request.send()
        })
        .await?;
    let gateways = answer.vpn_gateways.unwrap_or_default().into_iter();
    Ok(gateways
        .filter_map(|gateway: VpnGateway| {
            state(
                gateway.vpn_gateway_id,
                gateway.state.as_ref().map(|state| state.as_str()),
            )
        })
        .collect())
}
