//! `vpc_peering_connection`, live.

use std::time::Duration;

use aws_sdk_ec2::types::{PeeringConnectionOptionsRequest, VpcPeeringConnectionVpcInfo};
use trueup_model::kinds::vpc_peering_connection::{
    OPTIONS, PeeringOptions, VpcPeeringConnection, accepts, action, attr, sides, wait,
};
use trueup_model::{Acted, Attr, Object, Record, Ref, Site, Waiter, tags as names};

use crate::act::{Task, made_until};
use crate::answer::{Reader, STATE, facts, some};
use crate::classify::Class;
use crate::failure::Failure;
use crate::kinds::{Live, Which, asked, find_one, list_and_act};
use crate::read::{Found, ObservedState, pages};
use crate::{Ec2, filter, kinds, ownership, tags};

type Connection = aws_sdk_ec2::types::VpcPeeringConnection;

/// Peering connections, live.
pub struct VpcPeeringConnections;

impl Live for VpcPeeringConnections {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("vpc-peering-connection-id")
    }
}

/// States of one that is over, which EC2 shows for hours still.
const OVER: [&str; 4] = ["deleted", "rejected", "failed", "expired"];

/// States of one that is there. In the last two it was accepted.
const STATES: [&str; 4] = [
    "initiating-request",
    wait::REQUESTED.state,
    "provisioning",
    wait::ACTIVE.state,
];

/// EC2's code where one is in another state than a call wants.
const WRONG_STATE: &str = "InvalidStateTransition";

fn state(connection: &Connection) -> String {
    let code = connection.status().and_then(|status| status.code());
    code.map(|code| code.as_str().to_ascii_lowercase())
        .unwrap_or_default()
}

fn is_accepted(state: &str) -> bool {
    STATES[2..].contains(&state)
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_vpc_peering_connections();
    let request = asked!(request, which, set_vpc_peering_connection_ids, set_filters, 1000);
    pages!(
        ec2,
        "DescribeVpcPeeringConnections",
        request,
        vpc_peering_connections,
        |connection: Connection| {
            found.states.extend(states(&connection));
            match state(&connection).as_str() {
                state if OVER.contains(&state) => found.gone.extend(connection.vpc_peering_connection_id),
                "deleting" => {
                    found.deletion_in_flight = true;
                    found.gone.extend(connection.vpc_peering_connection_id);
                }
                _ => found.objects.push(fold(connection, &ec2.site)?),
            }
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// How far it is on its way to each of what is waited for.
fn states(connection: &Connection) -> [ObservedState; 3] {
    let state = state(connection);
    let is_over = OVER.contains(&state.as_str());
    let message = connection.status().and_then(|status| status.message());
    let failed = is_over.then(|| {
        format!(
            "the peering connection is {state}: {}",
            message.unwrap_or_default()
        )
        .trim_end_matches([':', ' '])
        .to_owned()
    });
    let on_the_way = |respect: Waiter, word: &str, failed: Option<String>| ObservedState {
        respect: Some(respect),
        ended: failed.is_some() && state == wait::DELETED.state,
        failed,
        ..ObservedState::new(connection.vpc_peering_connection_id(), word)
    };
    let requested = if is_accepted(&state) {
        wait::REQUESTED.state
    } else {
        &state
    };
    let ended = if is_over { wait::DELETED.state } else { &state };
    [
        on_the_way(wait::REQUESTED, requested, failed.clone()),
        on_the_way(wait::ACTIVE, &state, failed),
        on_the_way(wait::DELETED, ended, None),
    ]
}

/// A side of which EC2 said nothing.
fn nothing() -> VpcPeeringConnectionVpcInfo {
    VpcPeeringConnectionVpcInfo::builder().build()
}

fn fold(connection: Connection, site: &Site) -> Result<Object, Failure> {
    let mut reader = Reader::default();
    let code = connection.status().and_then(|status| status.code());
    let code = code.map(|code| code.as_str().to_owned());
    let state = reader.word(attr::ACCEPT, "status", code.as_deref(), &STATES);
    reader.word(STATE, "status", code.as_deref(), &STATES);
    let is_accepted = is_accepted(&state.to_ascii_lowercase());
    let requester = connection.requester_vpc_info.unwrap_or_else(nothing);
    let accepter = connection.accepter_vpc_info.unwrap_or_else(nothing);
    let is_here = |side: &VpcPeeringConnectionVpcInfo| {
        side.owner_id() == Some(&site.account) && side.region() == Some(&site.region)
    };
    let are_here = is_here(&requester) && is_here(&accepter);
    let mut options = |side: &VpcPeeringConnectionVpcInfo, attribute: Attr<Record>| {
        let said = side.peering_options();
        match said {
            // What the other account or region has, EC2 need not say, and nobody here sets.
            _ if !is_here(side) => None,
            None if is_accepted && are_here => {
                reader.missing(attribute, "peeringOptions");
                None
            }
            None if is_accepted => None,
            None => Some(PeeringOptions::default()),
            Some(said) => Some(PeeringOptions {
                allow_dns_resolution_from_remote_vpc: reader.always(
                    attribute,
                    "allowDnsResolutionFromRemoteVpc",
                    said.allow_dns_resolution_from_remote_vpc,
                ),
            }),
        }
    };
    let requester_options = options(&requester, attr::REQUESTER_OPTIONS);
    let accepter_options = options(&accepter, attr::ACCEPTER_OPTIONS);
    let typed = VpcPeeringConnection {
        vpc: reader.id(attr::VPC, "requesterVpcInfo", requester.vpc_id),
        peer_vpc: reader.id(attr::PEER_VPC, "accepterVpcInfo", accepter.vpc_id),
        peer_owner_id: Some(reader.text(attr::PEER_OWNER_ID, "ownerId", accepter.owner_id)),
        peer_region: Some(reader.text(attr::PEER_REGION, "region", accepter.region)),
        accept: is_accepted.then_some(true),
        requester_peering_connection_options: requester_options,
        accepter_peering_connection_options: accepter_options,
    };
    reader.object(
        "DescribeVpcPeeringConnections",
        connection.vpc_peering_connection_id,
        &typed,
        connection.tags,
        facts([(STATE, some(Some(state)))]),
    )
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => create(task).await,
        action::ACCEPT => accept(task).await,
        action::MODIFY_OPTIONS => modify_options(task).await,
        action::DELETE => delete(task).await,
        _ => Err(task.unknown_action()),
    }
}

/// Of a pair that is peered already, or asked to be, EC2 answers the connection that there is.
async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let request = task
        .ec2
        .client
        .create_vpc_peering_connection()
        .set_vpc_id(task.set_id(attr::VPC))
        .set_peer_vpc_id(task.set_id(attr::PEER_VPC))
        .set_peer_owner_id(task.text(attr::PEER_OWNER_ID))
        .set_peer_region(task.text(attr::PEER_REGION))
        .tag_specifications(tags::specification(task));
    let made = ownership::create(
        task,
        request,
        |request| request.send(),
        |answer| answer.vpc_peering_connection()?.vpc_peering_connection_id(),
    )
    .await?;
    let answered = made
        .answer
        .as_ref()
        .and_then(|answer| answer.vpc_peering_connection());
    let is_marked = answered.is_some_and(|connection| {
        connection
            .tags()
            .iter()
            .any(|tag| tag.key() == Some(names::TOPOLOGY) && tag.value() == Some(&task.act.topology))
    });
    if made.answer.is_some() && !is_marked && !ownership::carries_tags(task, &made.id).await? {
        return Err(task.refused(of_others(task, &made.id)));
    }
    Ok(made_until(made.id, wait::REQUESTED, None))
}

/// Two VPCs have one peering connection, and somebody else made theirs.
fn of_others(task: &Task<'_>, id: &str) -> String {
    let site = &task.ec2.site.region;
    let command = names::command(site, id, &task.act.topology, &task.act.address);
    format!(
        "{id} joins these two VPCs already, and is not of this topology: nothing new was made. If it is {}, give it this topology's tags, \
         and run this again: `{command}`; otherwise name it by its id where it is used, or end it",
        task.act.address
    )
}

/// The pauses before looks at one that EC2 says is in another state.
const LOOKS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(6),
    Duration::from_secs(15),
];

async fn accept(task: &Task<'_>) -> Result<Acted, Failure> {
    let id = task.id()?;
    let done = Acted {
        wait: Some(wait::ACTIVE.of(id)),
        ..Acted::default()
    };
    let mut last = None;
    for pause in LOOKS {
        tokio::time::sleep(pause).await;
        let request = task.ec2.client.accept_vpc_peering_connection();
        let request = request.vpc_peering_connection_id(id);
        let failure = match task.call(action::ACCEPT, request, |request| request.send()).await {
            Ok(_) => return Ok(done),
            Err(failure) if failure.code == WRONG_STATE => failure,
            Err(failure) if failure.class == Class::Duplicate => {
                return Err(peered_already(task, failure).await);
            }
            Err(failure) => return Err(failure),
        };
        // Accepted by this call, whose answer was lost, or by somebody else.
        match find_one(task.ec2, task.act.address.kind, id).await? {
            Some(object) if accepts(&object.record) => return Ok(done),
            None => return Err(failure),
            Some(_) => last = Some(failure),
        }
    }
    Err(last.unwrap_or_else(|| task.defect("was never tried")))
}

/// A refusal to accept, with what joins the two VPCs already.
async fn peered_already(task: &Task<'_>, failure: Failure) -> Failure {
    let Ok(id) = task.id() else { return failure };
    let Ok(found) = kinds::read(task.ec2, task.act.address.kind, &[]).await else {
        return failure;
    };
    let pair = |object: &Object| {
        let mut both: Vec<Ref> = sides(&object.record).cloned().collect();
        both.sort();
        both
    };
    let own = found.objects.iter().find(|object| object.id == id).map(pair);
    let other = found
        .objects
        .iter()
        .find(|object| object.id != id && accepts(&object.record) && Some(pair(object)) == own);
    match other {
        Some(other) => {
            let message = format!(
                "{} joins these two VPCs already, and EC2 takes one peering connection between two: end one of them",
                other.id
            );
            Failure { message, ..failure }
        }
        None => failure,
    }
}

async fn modify_options(task: &Task<'_>) -> Result<Acted, Failure> {
    let id = task.id()?;
    let [requester, accepter] = OPTIONS.map(|side| {
        let allows = task.sets().get(side)?.get(attr::ALLOW_DNS)?;
        Some(
            PeeringConnectionOptionsRequest::builder()
                .allow_dns_resolution_from_remote_vpc(allows)
                .build(),
        )
    });
    let request = task
        .ec2
        .client
        .modify_vpc_peering_connection_options()
        .vpc_peering_connection_id(id)
        .set_requester_peering_connection_options(requester)
        .set_accepter_peering_connection_options(accepter);
    task.call(action::MODIFY_OPTIONS, request, |request| request.send())
        .await?;
    // EC2 shows them some time after it has taken them.
    for pause in LOOKS {
        tokio::time::sleep(pause).await;
        let found = find_one(task.ec2, task.act.address.kind, id).await?;
        let is_shown = |object: &Object| {
            OPTIONS.iter().all(|side| {
                task.sets()
                    .get(*side)
                    .is_none_or(|own| object.record.get(*side) == Some(own))
            })
        };
        if found.as_ref().is_some_and(is_shown) {
            break;
        }
    }
    Ok(Acted::default())
}

async fn delete(task: &Task<'_>) -> Result<Acted, Failure> {
    let id = task.id()?;
    let request = task.ec2.client.delete_vpc_peering_connection();
    let request = request.vpc_peering_connection_id(id);
    match task.end(action::DELETE, request, |request| request.send()).await {
        Ok(None) => Ok(Acted::default()),
        Ok(Some(_)) => Ok(Acted {
            wait: Some(wait::DELETED.of(id)),
            ..Acted::default()
        }),
        // What is over EC2 does not delete: it forgets it by itself.
        Err(failure) if failure.code == WRONG_STATE && !is_there(task, id).await? => Ok(Acted {
            wait: Some(wait::DELETED.of(id)),
            ..Acted::default()
        }),
        Err(failure) => Err(failure),
    }
}

async fn is_there(task: &Task<'_>, id: &str) -> Result<bool, Failure> {
    let filters = [filter::of("vpc-peering-connection-id", [id])];
    let found = kinds::read(task.ec2, task.act.address.kind, &filters).await?;
    Ok(found.objects.iter().any(|object| object.id == id))
}
