//! IAM instance profiles of instances. The sandbox has no IAM: every well-formed profile exists.

use serde::{Deserialize, Serialize};

use super::instance::{Instance, Profile};
use super::partition;
use crate::call::{ACCOUNT, Answer, Call};
use crate::state::clock::stamp;
use crate::state::ids::mix;
use crate::state::table::Row;
use crate::wire::filter::{Field, Filters, Seen, fields};
use crate::wire::page::{Page, USUAL};
use crate::wire::{Fault, Node, Xml};

/// The profile that `IamInstanceProfile` names, without an association id.
pub fn read(call: &Call<'_>, p: &Node) -> Result<Option<Profile>, Fault> {
    let Some(node) = p.child("IamInstanceProfile") else {
        return Ok(None);
    };
    let prefix = format!(
        "arn:{}:iam::{ACCOUNT}:instance-profile/",
        partition::of(&call.region.name).name
    );
    let (arn, name) = match (node.filled("Arn"), node.filled("Name")) {
        (Some(arn), None) => {
            let path = arn.strip_prefix(&prefix).ok_or_else(|| invalid("arn", arn))?;
            (arn.to_owned(), path.rsplit('/').next().unwrap_or_default())
        }
        (None, Some(name)) => (format!("{prefix}{name}"), name),
        (None, None) => return Err(Fault::missing("iamInstanceProfile.name")),
        (Some(_), Some(_)) => {
            return Err(Fault::combination(
                "The parameters iamInstanceProfile.name and iamInstanceProfile.arn cannot be used together",
            ));
        }
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if name.is_empty() || name.len() > 128 || !name.chars().all(allowed) {
        return Err(invalid("name", name));
    }
    let number = arn.bytes().fold(5_u64, |sum, byte| mix(sum ^ u64::from(byte)));
    Ok(Some(Profile {
        association: String::new(),
        arn,
        id: format!("AIPA{number:016X}"),
        at: call.now,
    }))
}

fn invalid(member: &str, value: &str) -> Fault {
    Fault::new(
        "InvalidParameterValue",
        format!(
            "Value ({value}) for parameter iamInstanceProfile.{member} is invalid. Invalid IAM Instance Profile {member}"
        ),
    )
}

fn required(call: &Call<'_>) -> Result<Profile, Fault> {
    read(call, call.params)?.ok_or_else(|| Fault::missing("IamInstanceProfile"))
}

fn write(x: &mut Xml, instance: &str, profile: &Profile, state: &str) {
    x.text("associationId", &profile.association);
    x.text("instanceId", instance);
    x.element("iamInstanceProfile", |x| {
        x.text("arn", &profile.arn);
        x.text("id", &profile.id);
    });
    x.text("state", state);
    x.text("timestamp", stamp(profile.at));
}

/// `AssociateIamInstanceProfile`.
pub fn associate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let id = call.params.required("InstanceId")?;
    let row = call.find::<Instance>(id)?;
    if row.is_ending() {
        return Err(Fault::new(
            "IncorrectInstanceState",
            format!("The instance '{id}' is not in a valid state for this operation."),
        ));
    }
    if row.profile.is_some() {
        return Err(Fault::new(
            "IncorrectState",
            format!("There is an existing association for instance {id}"),
        ));
    }
    let mut profile = required(call)?;
    profile.association = call.new_id("iip-assoc");
    x.element("iamInstanceProfileAssociation", |x| {
        write(x, id, &profile, "associating");
    });
    call.region
        .instances
        .update(id, |row| row.profile = Some(profile));
    Ok(())
}

fn owner(call: &Call<'_>, association: &str) -> Result<(String, Profile), Fault> {
    call.region
        .instances
        .owner_of(association)
        .and_then(|(id, row)| Some((id.clone(), row.profile.clone()?)))
        .ok_or_else(|| {
            Fault::new(
                "NoSuchAssociation",
                format!("An invalid association-id of '{association}' was given"),
            )
        })
}

/// `DisassociateIamInstanceProfile`.
pub fn disassociate(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let (id, profile) = owner(call, call.params.required("AssociationId")?)?;
    call.region.instances.update(&id, |row| row.profile = None);
    x.element("iamInstanceProfileAssociation", |x| {
        write(x, &id, &profile, "disassociating");
    });
    Ok(())
}

/// `ReplaceIamInstanceProfileAssociation`: the association gets a new id.
pub fn replace(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let (id, _) = owner(call, call.params.required("AssociationId")?)?;
    let mut profile = required(call)?;
    profile.association = call.new_id("iip-assoc");
    x.element("iamInstanceProfileAssociation", |x| {
        write(x, &id, &profile, "associating");
    });
    call.region
        .instances
        .update(&id, |row| row.profile = Some(profile));
    Ok(())
}

/// An association as its filters see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Placed {
    instance: String,
    profile: Profile,
}

impl Row for Placed {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

const FIELDS: &[Field<Placed>] = fields![Placed:
    "instance-id" => |seen, add| add(&seen.row.instance),
    "state" => |_, add| add("associated"),
];

/// `DescribeIamInstanceProfileAssociations`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let ids = call.params.texts("AssociationId");
    let filters = Filters::read(call.params)?.bind(FIELDS)?;
    let page = Page::read(call.params, call.action, USUAL, !ids.is_empty())?;
    for id in &ids {
        owner(call, id)?;
    }
    let region = &*call.region;
    let mut found: Vec<Placed> = region
        .instances
        .iter()
        .filter_map(|(id, row)| {
            Some(Placed {
                instance: id.clone(),
                profile: row.profile.clone()?,
            })
        })
        .filter(|placed| {
            let id = placed.profile.association.as_str();
            (ids.is_empty() || ids.contains(&id))
                && page.after.as_ref().is_none_or(|after| id > after.as_str())
                && filters.holds(&Seen {
                    id,
                    row: placed,
                    region,
                })
        })
        .collect();
    found.sort_by(|a, b| a.profile.association.cmp(&b.profile.association));
    let (found, next) = page.cut(call.action, found, |placed| &placed.profile.association);
    x.set("iamInstanceProfileAssociationSet", &found, |x, placed| {
        write(x, &placed.instance, &placed.profile, "associated");
    });
    x.maybe("nextToken", next);
    Ok(())
}
