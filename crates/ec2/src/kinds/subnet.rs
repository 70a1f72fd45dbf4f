//! `subnet`, live.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{AttributeBooleanValue, Filter};

use trueup_model::kinds::subnet::Subnet;
use trueup_model::{Acted, Object, Record, Ref, Settled, Value, Wait};

use crate::act::{Task, made, wait};
use crate::answer::{facts, object, some};
use crate::classify::is_gone;
use crate::failure::Failure;
use crate::kinds::{Seen, portions, route_table, settled};
use crate::read::{Found, pages};
use crate::{Ec2, filter, ownership, tags};

/// The fact that holds the association with the route table.
pub const ASSOCIATION: &str = "route_table_association";

pub async fn read(ec2: &Ec2, filters: Option<Vec<Filter>>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let request = ec2.client.describe_subnets().max_results(1000).set_filters(filters);
    pages!(ec2, "DescribeSubnets", request, subnets, |subnet: aws_sdk_ec2::types::Subnet| {
        found.objects.push(fold(subnet)?);
        Ok::<_, Failure>(())
    });
    Ok(found)
}

fn fold(subnet: aws_sdk_ec2::types::Subnet) -> Result<Object, Failure> {
    let facts = facts([
        ("state", subnet.state.map(|state| state.as_str().to_owned())),
        ("available_ip_address_count", subnet.available_ip_address_count.map(|count| count.to_string())),
    ]);
    let implicit = subnet.default_for_az == Some(true);
    let typed = Subnet {
        vpc: Ref::Id(subnet.vpc_id.unwrap_or_default()),
        cidr_block: subnet.cidr_block.unwrap_or_default(),
        availability_zone: some(subnet.availability_zone),
        availability_zone_id: some(subnet.availability_zone_id),
        map_public_ip_on_launch: subnet.map_public_ip_on_launch.unwrap_or(false),
        route_table: None,
    };
    let mut object = object(subnet.subnet_id, &typed, subnet.tags, facts)?;
    object.implicit = implicit;
    Ok(object)
}

/// Adds what `DescribeRouteTables` says: the table that a subnet is associated with. Without an association it is the main one.
pub fn complete(object: &mut Object, tables: &BTreeMap<String, (String, String)>) {
    if let Some((table, association)) = tables.get(&object.id) {
        object.record.set("route_table", Ref::Id(table.clone()));
        object.facts.set(ASSOCIATION, association.clone());
    }
}

pub async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        "CreateSubnet" => create(task).await,
        "ModifySubnetAttribute" => {
            let on = task.sets().get("map_public_ip_on_launch").and_then(Value::as_bool).unwrap_or_default();
            let value = AttributeBooleanValue::builder().value(on).build();
            let request = task.ec2.client.modify_subnet_attribute().subnet_id(task.id()?).map_public_ip_on_launch(value);
            task.call("ModifySubnetAttribute", request, |request| request.send()).await?;
            Ok(Acted::default())
        }
        "AssociateRouteTable" => associate(task).await,
        "ReplaceRouteTableAssociation" => replace_association(task).await,
        "DisassociateRouteTable" => disassociate(task).await,
        "DeleteSubnet" => {
            let request = task.ec2.client.delete_subnet().subnet_id(task.id()?);
            task.end("DeleteSubnet", request, |request| request.send()).await?;
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
        .set_vpc_id(task.set_id("vpc"))
        .set_cidr_block(task.text("cidr_block"))
        .set_availability_zone(task.text("availability_zone"))
        .set_availability_zone_id(task.text("availability_zone_id"))
        .tag_specifications(tags::specification(task));
    let made = ownership::create(task, request, |request| request.send(), |answer| answer.subnet()?.subnet_id()).await?;
    let state = made.answer.as_ref().and_then(|answer| answer.subnet()?.state()).map(|state| state.as_str());
    let wait = if state == Some("available") { None } else { wait(&made.id, "available") };
    Ok(Acted { wait, ..self::made(made.id) })
}

async fn associate(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: &str = "AssociateRouteTable";
    let id = task.id()?;
    let table = task.set_id("route_table").ok_or_else(|| task.defect("names no route table"))?;
    let request = task.ec2.client.associate_route_table().subnet_id(id).route_table_id(&table);
    let association = match task.call(ACTION, request, |request| request.send()).await {
        Ok(answer) => answer.association_id,
        // The first attempt did it, and its answer was lost.
        Err(failure) if failure.maybe_done => match association(task, id).await? {
            Some((now, association)) if now == table => Some(association),
            _ => return Err(failure),
        },
        Err(failure) => return Err(failure),
    };
    Ok(Acted { facts: facts([(ASSOCIATION, association)]), ..Acted::default() })
}

async fn replace_association(task: &Task<'_>) -> Result<Acted, Failure> {
    const ACTION: &str = "ReplaceRouteTableAssociation";
    let table = task.set_id("route_table").ok_or_else(|| task.defect("names no route table"))?;
    if let Some(known) = known_association(task).await? {
        let request = task.ec2.client.replace_route_table_association().association_id(known).route_table_id(&table);
        match task.call(ACTION, request, |request| request.send()).await {
            Ok(answer) => return Ok(Acted { facts: facts([(ASSOCIATION, answer.new_association_id)]), ..Acted::default() }),
            // Every replacement gives the association another id: the one that is known may be gone by now.
            Err(failure) if is_gone(failure.class, &failure.code) => {}
            Err(failure) => return Err(failure),
        }
    }
    match association(task, task.id()?).await? {
        Some((now, association)) if now == table => Ok(Acted { facts: facts([(ASSOCIATION, Some(association))]), ..Acted::default() }),
        Some((_, association)) => {
            let request = task.ec2.client.replace_route_table_association().association_id(association).route_table_id(&table);
            let answer = task.call(ACTION, request, |request| request.send()).await?;
            Ok(Acted { facts: facts([(ASSOCIATION, answer.new_association_id)]), ..Acted::default() })
        }
        None => associate(task).await,
    }
}

async fn disassociate(task: &Task<'_>) -> Result<Acted, Failure> {
    if let Some(association) = known_association(task).await? {
        let request = task.ec2.client.disassociate_route_table().association_id(association);
        task.end("DisassociateRouteTable", request, |request| request.send()).await?;
    }
    Ok(Acted::default())
}

async fn known_association(task: &Task<'_>) -> Result<Option<String>, Failure> {
    match task.fact(ASSOCIATION) {
        Some(known) => Ok(Some(known.to_owned())),
        None => Ok(association(task, task.id()?).await?.map(|(_, association)| association)),
    }
}

/// Looks for the route table that a subnet is associated with: the table and the association.
async fn association(task: &Task<'_>, subnet: &str) -> Result<Option<(String, String)>, Failure> {
    let found = route_table::read(task.ec2, Some(vec![filter::of("association.subnet-id", [subnet])])).await?;
    Ok(found.links.tables.get(subnet).cloned())
}

pub async fn settle(ec2: &Ec2, waits: &[Wait]) -> Result<Vec<Settled>, Failure> {
    let mut seen = BTreeMap::new();
    for ids in portions(waits) {
        let request = ec2.client.describe_subnets().filters(filter::of("subnet-id", ids));
        pages!(ec2, "DescribeSubnets", request, subnets, |subnet: aws_sdk_ec2::types::Subnet| {
            let state = subnet.state.map_or_else(String::new, |state| state.as_str().to_owned());
            let failed = state.starts_with("fail").then(|| format!("the subnet is {state}"));
            seen.insert(subnet.subnet_id.unwrap_or_default(), Seen { state, failed, facts: Record::new() });
            Ok::<_, Failure>(())
        });
    }
    Ok(settled(waits, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_association_is_the_route_table_and_none_is_the_main_one() {
        let subnet = aws_sdk_ec2::types::Subnet::builder().subnet_id("subnet-1").vpc_id("vpc-1").cidr_block("10.0.1.0/24").build();
        let mut object = fold(subnet).unwrap();
        assert!(object.record.get("route_table").is_none());
        complete(&mut object, &BTreeMap::from([("subnet-1".to_owned(), ("rtb-1".to_owned(), "rtbassoc-1".to_owned()))]));
        assert_eq!(object.record.reference("route_table"), Some(&Ref::Id("rtb-1".into())));
        assert_eq!(object.facts.text(ASSOCIATION), "rtbassoc-1");
    }
}
