//! What a plan uses and nobody declares: looked up by its id before anything is made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::{
    EgressOnlyInternetGateway, ManagedPrefixList, NetworkInterface, TransitGateway, VpcPeeringConnection, VpnGateway,
};
use futures_util::future::join_all;
use trueup_model::kind::is_id_tail;
use trueup_model::{CloudError, Kind, Outside};

use super::pages;
use crate::call::Errand;
use crate::failure::Failure;
use crate::{Ec2, filter, kinds};

/// What is not there is asked for once more after this pause: somebody may have made it a moment ago.
const AGAIN: Duration = Duration::from_secs(1);

/// States in which an object is on its way out, or never came about, in the words of all kinds.
const UNUSABLE: [&str; 9] =
    ["deleting", "deleted", "rejected", "failed", "expired", "delete-in-progress", "delete-complete", "create-failed", "delete-failed"];

/// The state of each object that is there; of kinds without states, the empty text.
type States = BTreeMap<String, String>;

/// Looks up objects by their ids, one call for each sort of them.
pub async fn outside(ec2: &Ec2, ids: &BTreeSet<String>) -> BTreeMap<String, Outside> {
    let mut sorts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for id in ids {
        let sort = id.split_once('-').filter(|(_, tail)| is_id_tail(tail)).map_or("", |(sort, _)| sort);
        sorts.entry(sort).or_default().push(id.clone());
    }
    let looks = sorts.into_iter().map(|(sort, ids)| async move {
        let found = look(ec2, sort, &ids).await;
        (ids, found)
    });
    let mut all = BTreeMap::new();
    for (ids, found) in join_all(looks).await {
        let found = found.map_err(|failure| CloudError::from(failure).message);
        let judge = |id: &String| match &found {
            Err(why) => Outside::Unknown(why.clone()),
            Ok(states) => match states.get(id) {
                None => Outside::Absent,
                Some(state) if UNUSABLE.contains(&state.as_str()) => Outside::Unusable(state.clone()),
                Some(_) => Outside::There,
            },
        };
        all.extend(ids.iter().map(|id| (id.clone(), judge(id))));
    }
    all
}

/// Looks twice at most.
async fn look(ec2: &Ec2, sort: &str, ids: &[String]) -> Result<States, Failure> {
    let mut found = once(ec2, sort, ids).await?;
    if ids.iter().any(|id| !found.contains_key(id)) {
        tokio::time::sleep(AGAIN).await;
        found.extend(once(ec2, sort, ids).await?);
    }
    Ok(found)
}

/// One look, in as many calls as the ids need. Filters and not lists of ids: an id that is not there would fail the call.
async fn once(ec2: &Ec2, sort: &str, ids: &[String]) -> Result<States, Failure> {
    let mut found = States::new();
    for ids in ids.chunks(filter::VALUES_MAX) {
        found.extend(match sort {
            "tgw" => transit_gateways(ec2, ids).await?,
            "pcx" => peering_connections(ec2, ids).await?,
            "pl" => prefix_lists(ec2, ids).await?,
            "eni" => network_interfaces(ec2, ids).await?,
            "vgw" => vpn_gateways(ec2, ids).await?,
            "eigw" => egress_only_gateways(ec2).await?,
            _ => of_a_kind(ec2, ids).await?,
        });
    }
    Ok(found)
}

fn state(id: Option<String>, state: Option<&str>) -> Option<(String, String)> {
    Some((id?, state.unwrap_or_default().to_owned()))
}

/// What the bulk read did not show: it may have left it out.
async fn of_a_kind(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    let Some(first) = ids.first() else { return Ok(States::new()) };
    match Kind::ALL.into_iter().find(|kind| kind.is_id(first)) {
        Some(kind) => Ok(kinds::read_by_ids(ec2, kind, ids).await?.into_iter().map(|object| (object.id, String::new())).collect()),
        // A key pair may be given by its name.
        None => {
            let named = kinds::read(ec2, Kind::KeyPair, &[filter::of("key-name", ids.iter().map(|id| filter::escaped(id)))]).await?;
            let names = named.objects.iter().filter_map(|object| Kind::KeyPair.rules().ec2_name(&object.record));
            Ok(names.map(|name| (name, String::new())).collect())
        }
    }
}

async fn transit_gateways(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    let mut found = States::new();
    let request = ec2.client.describe_transit_gateways().filters(filter::of("transit-gateway-id", ids)).max_results(1000);
    pages!(ec2, "DescribeTransitGateways", request, transit_gateways, |gateway: TransitGateway| {
        found.extend(state(gateway.transit_gateway_id, gateway.state.as_ref().map(|state| state.as_str())));
        Ok::<_, Failure>(())
    });
    Ok(found)
}

async fn peering_connections(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    let mut found = States::new();
    let request = ec2.client.describe_vpc_peering_connections().filters(filter::of("vpc-peering-connection-id", ids)).max_results(1000);
    pages!(ec2, "DescribeVpcPeeringConnections", request, vpc_peering_connections, |connection: VpcPeeringConnection| {
        let code = connection.status.as_ref().and_then(|status| status.code()).map(|code| code.as_str());
        found.extend(state(connection.vpc_peering_connection_id, code));
        Ok::<_, Failure>(())
    });
    Ok(found)
}

async fn prefix_lists(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    let mut found = States::new();
    let request = ec2.client.describe_managed_prefix_lists().filters(filter::of("prefix-list-id", ids)).max_results(100);
    pages!(ec2, "DescribeManagedPrefixLists", request, prefix_lists, |list: ManagedPrefixList| {
        found.extend(state(list.prefix_list_id, list.state.as_ref().map(|state| state.as_str())));
        Ok::<_, Failure>(())
    });
    Ok(found)
}

async fn network_interfaces(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    let mut found = States::new();
    let request = ec2.client.describe_network_interfaces().filters(filter::of("network-interface-id", ids)).max_results(1000);
    pages!(ec2, "DescribeNetworkInterfaces", request, network_interfaces, |interface: NetworkInterface| {
        found.extend(state(interface.network_interface_id, None));
        Ok::<_, Failure>(())
    });
    Ok(found)
}

/// EC2 filters these by their tags alone.
async fn egress_only_gateways(ec2: &Ec2) -> Result<States, Failure> {
    let mut found = States::new();
    let request = ec2.client.describe_egress_only_internet_gateways().max_results(255);
    pages!(ec2, "DescribeEgressOnlyInternetGateways", request, egress_only_internet_gateways, |gateway: EgressOnlyInternetGateway| {
        found.extend(state(gateway.egress_only_internet_gateway_id, None));
        Ok::<_, Failure>(())
    });
    Ok(found)
}

async fn vpn_gateways(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    const ACTION: &str = "DescribeVpnGateways";
    let request = ec2.client.describe_vpn_gateways().filters(filter::of("vpn-gateway-id", ids));
    // EC2 answers all of them at once.
    let answer = ec2.caller.call(&Errand::read(ACTION), ACTION, request, |request| request.send()).await?;
    let gateways = answer.vpn_gateways.unwrap_or_default().into_iter();
    Ok(gateways
        .filter_map(|gateway: VpnGateway| state(gateway.vpn_gateway_id, gateway.state.as_ref().map(|state| state.as_str())))
        .collect())
}
