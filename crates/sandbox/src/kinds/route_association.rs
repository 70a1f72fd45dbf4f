//! Route table associations: which subnet or gateway uses which table, and which table is the main one.

use super::internet_gateway::InternetGateway;
use super::route_table::{Association, RouteTable};
use super::subnet::Subnet;
use crate::call::{Answer, Call};
use crate::wire::{Fault, Xml};

fn different_networks(table: &str, noun: &str, id: &str) -> Fault {
    Fault::new(
        "InvalidParameterValue",
        format!("Route table {table} and {noun} {id} belong to different networks"),
    )
}

/// `AssociateRouteTable`. Asking for what is already so answers with the association that exists.
pub fn associate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let table = p.required("RouteTableId")?;
    let vpc = call.find::<RouteTable>(table)?.vpc.clone();
    let (subnet, gateway) = (p.filled("SubnetId"), p.filled("GatewayId"));
    let member = match (subnet, gateway) {
        (Some(id), None) => {
            if call.find::<Subnet>(id)?.vpc != vpc {
                return Err(different_networks(table, "subnet", id));
            }
            id
        }
        (None, Some(id)) => {
            if call.find::<InternetGateway>(id)?.vpc.as_deref() != Some(vpc.as_str()) {
                return Err(different_networks(table, "network gateway", id));
            }
            id
        }
        (None, None) => return Err(Fault::missing("subnetId")),
        (Some(_), Some(_)) => {
            return Err(Fault::combination(
                "Only one of subnetId and gatewayId can be specified",
            ));
        }
    };
    let holds = |association: &&Association| {
        association.subnet.as_deref() == Some(member) || association.gateway.as_deref() == Some(member)
    };
    let existing = call.region.route_tables.referring(member).find_map(|(id, row)| {
        row.associations
            .iter()
            .find(holds)
            .map(|association| (id.clone(), association.id.clone()))
    });
    let id = match existing {
        Some((owner, id)) if owner == table => id,
        Some(_) => {
            return Err(Fault::new(
                "Resource.AlreadyAssociated",
                format!(
                    "the specified association for route table {table} conflicts with an existing association"
                ),
            ));
        }
        None => {
            let id = call.new_id("rtbassoc");
            let association = Association {
                id: id.clone(),
                subnet: subnet.map(str::to_owned),
                gateway: gateway.map(str::to_owned),
            };
            call.region
                .route_tables
                .update(table, |row| row.associations.push(association));
            id
        }
    };
    x.text("associationId", id);
    x.element("associationState", |x| x.text("state", "associated"));
    Ok(())
}

/// The table that an association belongs to, and the association.
fn find(call: &Call<'_>, id: &str) -> Result<(String, Association), Fault> {
    call.region
        .route_tables
        .owner_of(id)
        .filter(|_| call.region.shows(id))
        .and_then(|(table, row)| {
            let association = row.associations.iter().find(|association| association.id == id)?;
            Some((table.clone(), association.clone()))
        })
        .ok_or_else(|| {
            Fault::new(
                "InvalidAssociationID.NotFound",
                format!("The association ID '{id}' does not exist"),
            )
        })
}

/// `DisassociateRouteTable`: the main association alone stays.
pub fn disassociate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("AssociationId")?;
    let (table, association) = find(call, id)?;
    if association.is_main() {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("cannot disassociate the main route table association {id}"),
        ));
    }
    call.region.route_tables.update(&table, |row| {
        row.associations.retain(|association| association.id != id);
    });
    x.done();
    Ok(())
}

/// `ReplaceRouteTableAssociation`: the member moves without a gap and its association gets a new id.
pub fn replace(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("AssociationId")?;
    let new_table = call.params.required("RouteTableId")?;
    let (old_table, association) = find(call, id)?;
    let vpc = call.find::<RouteTable>(new_table)?.vpc.clone();
    if call
        .region
        .route_tables
        .get(&old_table)
        .is_some_and(|row| row.vpc != vpc)
    {
        return Err(different_networks(new_table, "association", id));
    }
    let edge = call.region.route_tables.get(new_table).is_some_and(|row| {
        row.associations
            .iter()
            .any(|association| association.gateway.is_some())
    });
    if association.is_main() && edge {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "Route table {new_table} is associated with a gateway and cannot be the main route table"
            ),
        ));
    }
    let new_id = call.new_id("rtbassoc");
    call.region.route_tables.update(&old_table, |row| {
        row.associations.retain(|association| association.id != id);
    });
    let moved = Association {
        id: new_id.clone(),
        ..association
    };
    call.region
        .route_tables
        .update(new_table, |row| row.associations.push(moved));
    x.text("newAssociationId", new_id);
    x.element("associationState", |x| x.text("state", "associated"));
    Ok(())
}
