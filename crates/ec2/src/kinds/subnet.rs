//! `subnet`, live.

use std::time::Duration;

use aws_sdk_ec2::types::AttributeBooleanValue;
use trueup_model::kinds::subnet::{Subnet, action, attr, wait};
use trueup_model::kinds::vpc::AMAZON_RANGES;
use trueup_model::{Acted, ApiAction, Attr, Kind, Object, Ref, Scope, ipv6};

use crate::act::{Task, made_until};
use crate::answer::{Reader, STATE, facts, needed};
use crate::classify::is_gone;
use crate::failure::Failure;
use crate::kinds::vpc::block_mode;
use crate::kinds::{Live, Which, asked, find_one, list_and_act};
use crate::read::{Found, Links, ObservedState, pages};
use crate::{Ec2, association, cidr_block, ownership, tags};

/// The fact that holds the association with the route table.
const ASSOCIATION: Attr<str> = Attr::new("route_table_association");
/// The fact that holds the association with the network ACL, which every subnet has.
const ACL_ASSOCIATION: Attr<str> = Attr::new("network_acl_association");
/// The fact that holds the default ACL of the subnet's VPC.
const DEFAULT_ACL: Attr<str> = Attr::new("default_network_acl");
/// The fact with how many addresses nobody has.
const FREE: Attr<str> = Attr::new("available_ip_address_count");

/// What Amazon has given a VPC may not be shown at once: it is looked for again after these pauses.
const SHOWN: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

/// Subnets, live.
pub struct Subnets;

impl Live for Subnets {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("subnet-id")
    }

    fn needs(&self) -> &'static [Kind] {
        &[Kind::RouteTable]
    }

    fn complete(&self, object: &mut Object, links: &Links, scope: &Scope) {
        let declares_acl = scope.declares(object, attr::NETWORK_ACL.name);
        complete(object, links, declares_acl);
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = asked!(
        ec2.client.describe_subnets(),
        which,
        set_subnet_ids,
        set_filters,
        1000
    );
    pages!(
        ec2,
        "DescribeSubnets",
        request,
        subnets,
        |subnet: aws_sdk_ec2::types::Subnet| {
            found.states.extend(states(&subnet));
            found.objects.push(fold(subnet)?);
            Ok::<_, Failure>(())
        }
    );
    Ok(found)
}

/// A subnet in each respect that it can be waited for.
fn states(subnet: &aws_sdk_ec2::types::Subnet) -> [ObservedState; 3] {
    let state = subnet.state().map_or("", |state| state.as_str());
    let available = ObservedState {
        respect: Some(wait::AVAILABLE),
        failed: state
            .starts_with("fail")
            .then(|| format!("the subnet is {state}")),
        ..ObservedState::new(subnet.subnet_id(), state)
    };
    let ipv6 = subnet.ipv6_cidr_block_association_set().iter();
    let states = ipv6
        .filter_map(|association| association.ipv6_cidr_block_state())
        .filter_map(|state| Some((state.state()?.as_str(), state.status_message())));
    let waits = [wait::ASSOCIATED, wait::DISASSOCIATED];
    let [associated, disassociated] = cidr_block::states(subnet.subnet_id(), waits, &states);
    [available, associated, disassociated]
}

fn fold(subnet: aws_sdk_ec2::types::Subnet) -> Result<Object, Failure> {
    const ACTION: &str = "DescribeSubnets";
    let mut reader = Reader::default();
    let state = subnet.state.as_ref().map(|state| state.as_str());
    let state = reader.word(
        STATE,
        "state",
        state,
        &[
            "pending",
            "available",
            "unavailable",
            "failed",
            "failed-insufficient-capacity",
        ],
    );
    let mut facts = facts([
        (STATE, Some(state)),
        (
            FREE,
            subnet.available_ip_address_count.map(|count| count.to_string()),
        ),
        block_mode(subnet.block_public_access_states),
    ]);
    let associations = reader.always(
        ipv6::BLOCK,
        "ipv6CidrBlockAssociationSet",
        subnet.ipv6_cidr_block_association_set,
    );
    let (ipv6, _) = cidr_block::read(&mut reader, associations, &mut facts, |_, _| false);
    let implicit = needed(ACTION, "defaultForAz", subnet.default_for_az)?;
    let typed = Subnet {
        vpc: reader.id(attr::VPC, "vpcId", subnet.vpc_id),
        cidr_block: reader.text(attr::CIDR_BLOCK, "cidrBlock", subnet.cidr_block),
        ipv6_cidr_block: ipv6,
        availability_zone: Some(reader.text(
            attr::AVAILABILITY_ZONE,
            "availabilityZone",
            subnet.availability_zone,
        )),
        availability_zone_id: Some(reader.text(
            attr::AVAILABILITY_ZONE_ID,
            "availabilityZoneId",
            subnet.availability_zone_id,
        )),
        map_public_ip_on_launch: reader.always(
            attr::MAP_PUBLIC_IP_ON_LAUNCH,
            "mapPublicIpOnLaunch",
            subnet.map_public_ip_on_launch,
        ),
        assign_ipv6_address_on_creation: reader.always(
            attr::ASSIGN_IPV6_ADDRESS_ON_CREATION,
            "assignIpv6AddressOnCreation",
            subnet.assign_ipv6_address_on_creation,
        ),
        route_table: None,
        network_acl: None,
    };
    let mut object = reader.object(ACTION, subnet.subnet_id, &typed, subnet.tags, facts)?;
    object.implicit = implicit;
    Ok(object)
}

/// Adds what the answers about route tables and network ACLs say: which ones a subnet is associated with.
/// Without an association its table is the main one. The default ACL is left out as well, unless the spec
/// declares an ACL: it may name that one by its id.
fn complete(object: &mut Object, links: &Links, declares_acl: bool) {
    if let Some((table, association)) = links.tables.get(&object.id) {
        object.record.set(attr::ROUTE_TABLE, Ref::Id(table.clone()));
        object.facts.set(ASSOCIATION, association.clone());
    }
    let default = object
        .record
        .get(attr::VPC)
        .and_then(Ref::id)
        .and_then(|vpc| links.default_acls.get(vpc));
    if let Some(default) = default {
        object.facts.set(DEFAULT_ACL, default.clone());
    }
    let unread = match (links.acls.get(&object.id), default) {
        (None, _) => Some("EC2 shows it in no network ACL, and every subnet is in one"),
        (Some(_), None) if !declares_acl => Some("EC2 does not show the default network ACL of its VPC"),
        (Some((acl, association)), default) => {
            object.facts.set(ACL_ASSOCIATION, association.clone());
            if declares_acl || default != Some(acl) {
                object.record.set(attr::NETWORK_ACL, Ref::Id(acl.clone()));
            }
            None
        }
    };
    object
        .unread
        .extend(unread.map(|why| (attr::NETWORK_ACL.into(), why.to_owned())));
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::CREATE => create(task).await,
        action::MODIFY_ATTRIBUTE => {
            // EC2 takes one of them in a call, and a step has one.
            let value = |switch| {
                let on = task.sets().get(switch)?;
                Some(AttributeBooleanValue::builder().value(on).build())
            };
            let request = task
                .ec2
                .client
                .modify_subnet_attribute()
                .subnet_id(task.id()?)
                .set_map_public_ip_on_launch(value(attr::MAP_PUBLIC_IP_ON_LAUNCH))
                .set_assign_ipv6_address_on_creation(value(attr::ASSIGN_IPV6_ADDRESS_ON_CREATION));
            task.call(action::MODIFY_ATTRIBUTE, request, |request| request.send())
                .await?;
            Ok(Acted::default())
        }
        action::ASSOCIATE_CIDR_BLOCK => associate_range(task).await,
        action::DISASSOCIATE_CIDR_BLOCK => disassociate_range(task).await,
        action::ASSOCIATE_ROUTE_TABLE => associate(task).await,
        action::REPLACE_ROUTE_TABLE_ASSOCIATION => replace_association(task).await,
        action::DISASSOCIATE_ROUTE_TABLE => disassociate(task).await,
        action::REPLACE_NETWORK_ACL_ASSOCIATION => move_to_acl(task).await,
        action::DELETE => {
            let request = task.ec2.client.delete_subnet().subnet_id(task.id()?);
            task.end(action::DELETE, request, |request| request.send())
                .await?;
            Ok(Acted::default())
        }
        _ => Err(task.unknown_action()),
    }
}

async fn create(task: &Task<'_>) -> Result<Acted, Failure> {
    let request = task
        .ec2
        .client
        .create_subnet()
        .set_vpc_id(task.set_id(attr::VPC))
        .set_cidr_block(task.text(attr::CIDR_BLOCK))
        .set_availability_zone(task.text(attr::AVAILABILITY_ZONE))
        .set_availability_zone_id(task.text(attr::AVAILABILITY_ZONE_ID))
        .tag_specifications(tags::specification(task));
    let made = ownership::create(
        task,
        request,
        |request| request.send(),
        |answer| answer.subnet()?.subnet_id(),
    )
    .await?;
    let subnet = made.answer.as_ref().and_then(|answer| answer.subnet());
    let state = subnet
        .and_then(|subnet| subnet.state())
        .map(|state| state.as_str());
    Ok(made_until(made.id, wait::AVAILABLE, state))
}

async fn associate_range(task: &Task<'_>) -> Result<Acted, Failure> {
    let range = range(task).await?;
    let request = task
        .ec2
        .client
        .associate_subnet_cidr_block()
        .subnet_id(task.id()?)
        .ipv6_cidr_block(&range);
    let answer = task
        .call(action::ASSOCIATE_CIDR_BLOCK, request, |request| request.send())
        .await;
    let association = answer.map(|answer| answer.ipv6_cidr_block_association?.association_id);
    cidr_block::associated(task, &range, association, wait::ASSOCIATED).await
}

/// The range that a step sets: a number means a /64 of the range that Amazon gave the VPC.
async fn range(task: &Task<'_>) -> Result<String, Failure> {
    let text = task.text(ipv6::BLOCK).unwrap_or_default();
    if !ipv6::is_open(&text) {
        return Ok(text);
    }
    let vpc = task
        .set_id(attr::VPC)
        .ok_or_else(|| task.defect("names no VPC"))?;
    let mut pauses = SHOWN.iter();
    loop {
        let facts = find_one(task.ec2, Kind::Vpc, &vpc).await?.map(|vpc| vpc.facts);
        let given = facts.iter().flat_map(|facts| facts.list(AMAZON_RANGES));
        let mut ranges = given.filter_map(|given| ipv6::numbered(&text, given.as_text()?));
        if let Some(range) = ranges.next() {
            return Ok(range);
        }
        match pauses.next() {
            Some(pause) if task.ec2.caller.pause(*pause).await => {}
            _ => {
                return Err(task.refused(format!(
                    "EC2 shows no IPv6 range of Amazon's in {vpc} that has a /64 of the number {text}: try again in a minute"
                )));
            }
        }
    }
}

async fn disassociate_range(task: &Task<'_>) -> Result<Acted, Failure> {
    let range = task.unsets().text(ipv6::BLOCK);
    cidr_block::disassociate(task, range, wait::DISASSOCIATED, async |association| {
        let request = task
            .ec2
            .client
            .disassociate_subnet_cidr_block()
            .association_id(association);
        task.end(action::DISASSOCIATE_CIDR_BLOCK, request, |request| request.send())
            .await
            .map(drop)
    })
    .await
}

async fn associate(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: ApiAction = action::ASSOCIATE_ROUTE_TABLE;
    let id = task.id()?;
    let table = task
        .set_id(attr::ROUTE_TABLE)
        .ok_or_else(|| task.defect("names no route table"))?;
    let request = task
        .ec2
        .client
        .associate_route_table()
        .subnet_id(id)
        .route_table_id(&table);
    let association = match task.call(ACTION, request, |request| request.send()).await {
        Ok(answer) => answer.association_id,
        // The first attempt did it, and its answer was lost.
        Err(failure) if failure.maybe_done => match association::table(task.ec2, id).await? {
            Some((now, association)) if now == table => Some(association),
            _ => return Err(failure),
        },
        Err(failure) => return Err(failure),
    };
    Ok(Acted {
        facts: facts([(ASSOCIATION, association)]),
        ..Acted::default()
    })
}

async fn replace_association(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: ApiAction = action::REPLACE_ROUTE_TABLE_ASSOCIATION;
    let table = task
        .set_id(attr::ROUTE_TABLE)
        .ok_or_else(|| task.defect("names no route table"))?;
    if let Some(known) = known_association(task).await? {
        let request = task
            .ec2
            .client
            .replace_route_table_association()
            .association_id(known)
            .route_table_id(&table);
        match task.call(ACTION, request, |request| request.send()).await {
            Ok(answer) => {
                return Ok(Acted {
                    facts: facts([(ASSOCIATION, answer.new_association_id)]),
                    ..Acted::default()
                });
            }
            // Every replacement gives the association another id: the one that is known may be gone by now.
            Err(failure) if is_gone(failure.class, &failure.code) => {}
            Err(failure) => return Err(failure),
        }
    }
    match association::table(task.ec2, task.id()?).await? {
        Some((now, association)) if now == table => Ok(Acted {
            facts: facts([(ASSOCIATION, Some(association))]),
            ..Acted::default()
        }),
        Some((_, association)) => {
            let request = task
                .ec2
                .client
                .replace_route_table_association()
                .association_id(association)
                .route_table_id(&table);
            let answer = task.call(ACTION, request, |request| request.send()).await?;
            Ok(Acted {
                facts: facts([(ASSOCIATION, answer.new_association_id)]),
                ..Acted::default()
            })
        }
        None => associate(task).await,
    }
}

async fn disassociate(task: &Task<'_>) -> Result<Acted, Failure> {
    if let Some(association) = known_association(task).await? {
        let request = task
            .ec2
            .client
            .disassociate_route_table()
            .association_id(association);
        task.end(action::DISASSOCIATE_ROUTE_TABLE, request, |request| {
            request.send()
        })
        .await?;
    }
    Ok(Acted::default())
}

async fn known_association(task: &Task<'_>) -> Result<Option<String>, Failure> {
    match task.fact(ASSOCIATION) {
        Some(known) => Ok(Some(known.to_owned())),
        None => Ok(association::table(task.ec2, task.id()?)
            .await?
            .map(|(_, association)| association)),
    }
}

/// Puts a subnet into the ACL that the step sets, or back into the VPC's default one.
async fn move_to_acl(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: ApiAction = action::REPLACE_NETWORK_ACL_ASSOCIATION;
    let acl = match task.set_id(attr::NETWORK_ACL) {
        Some(acl) => acl,
        None => default_acl(task).await?,
    };
    let replace = |association: String| {
        let request = task
            .ec2
            .client
            .replace_network_acl_association()
            .association_id(association)
            .network_acl_id(&acl);
        task.call(ACTION, request, |request| request.send())
    };
    let moved = |association: Option<String>| Acted {
        facts: facts([(ACL_ASSOCIATION, association)]),
        ..Acted::default()
    };
    if let Some(known) = task.fact(ACL_ASSOCIATION) {
        match replace(known.to_owned()).await {
            Ok(answer) => return Ok(moved(answer.new_association_id)),
            // Every replacement gives the association another id: the one that is known may be gone by now.
            Err(failure) if is_gone(failure.class, &failure.code) => {}
            Err(failure) => return Err(failure),
        }
    }
    let subnet = task.id()?;
    match association::acl(task.ec2, subnet).await? {
        Some((now, association)) if now == acl => Ok(moved(Some(association))),
        Some((_, association)) => Ok(moved(replace(association).await?.new_association_id)),
        None => Err(task.refused(format!(
            "EC2 shows {subnet} in no network ACL: try again in a minute"
        ))),
    }
}

/// The default ACL of the VPC that the step's subnet is in.
async fn default_acl(task: &Task<'_>) -> Result<String, Failure> {
    if let Some(known) = task.fact(DEFAULT_ACL) {
        return Ok(known.to_owned());
    }
    let subnet = task.id()?;
    association::default_acl(task.ec2, subnet).await?.ok_or_else(|| {
        task.refused(format!(
            "EC2 shows no default network ACL for the VPC of {subnet}: try again in a minute"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_association_is_the_route_table_and_none_is_the_main_one() {
        let subnet = aws_sdk_ec2::types::Subnet::builder()
            .default_for_az(false)
            .subnet_id("subnet-00000001")
            .vpc_id("vpc-00000001")
            .cidr_block("10.0.1.0/24")
            .build();
        let mut object = fold(subnet).unwrap();
        assert!(!object.record.has(attr::ROUTE_TABLE));
        let tables = BTreeMap::from([(
            "subnet-00000001".to_owned(),
            ("rtb-00000001".to_owned(), "rtbassoc-1".to_owned()),
        )]);
        complete(
            &mut object,
            &Links {
                tables,
                ..Links::default()
            },
            false,
        );
        assert_eq!(
            object.record.get(attr::ROUTE_TABLE),
            Some(&Ref::Id("rtb-00000001".into()))
        );
        assert_eq!(object.facts.text(ASSOCIATION), "rtbassoc-1");
    }

    #[test]
    fn the_default_acl_is_none_unless_the_spec_speaks_of_one() {
        let completed = |acl: &str, declares: bool| {
            let subnet = aws_sdk_ec2::types::Subnet::builder()
                .default_for_az(false)
                .subnet_id("subnet-00000001")
                .vpc_id("vpc-00000001")
                .cidr_block("10.0.1.0/24")
                .build();
            let mut object = fold(subnet).unwrap();
            let acls = BTreeMap::from([(
                "subnet-00000001".to_owned(),
                (acl.to_owned(), "aclassoc-1".to_owned()),
            )]);
            let default_acls = BTreeMap::from([("vpc-00000001".to_owned(), "acl-00000001".to_owned())]);
            complete(
                &mut object,
                &Links {
                    acls,
                    default_acls,
                    ..Links::default()
                },
                declares,
            );
            assert_eq!(
                (object.facts.text(ACL_ASSOCIATION), object.facts.text(DEFAULT_ACL)),
                ("aclassoc-1", "acl-00000001")
            );
            object.record.get(attr::NETWORK_ACL).map(ToString::to_string)
        };
        assert_eq!(completed("acl-00000001", false), None);
        assert_eq!(completed("acl-00000001", true).as_deref(), Some("acl-00000001"));
        assert_eq!(completed("acl-00000002", false).as_deref(), Some("acl-00000002"));
    }
}
