//! Prefix lists: EC2 speaks of them by id, and specs of AWS's own by name.

use aws_sdk_ec2::types::ManagedPrefixList;
use trueup_model::{Attr, Object, Record, Value};

use crate::Ec2;
use crate::answer::needed_text;
use crate::failure::Failure;
use crate::read::pages;

/// What is remembered of a list.
#[derive(Clone, Debug, Default)]
pub struct PrefixList {
    /// The name of one of AWS's own.
    pub name: Option<String>,
    /// How many entries a customer's list may hold, which is what it weighs wherever it is named.
    pub entries_max: Option<usize>,
}

/// Learns the names of AWS's own lists, and what those of customers may hold.
pub async fn learn(ec2: &Ec2) -> Result<(), Failure> {
    const ACTION: &str = "DescribeManagedPrefixLists";
    let mut lists = Vec::new();
    let request = ec2.client.describe_managed_prefix_lists().max_results(100);
    pages!(
        ec2,
        "DescribeManagedPrefixLists",
        request,
        prefix_lists,
        |list: ManagedPrefixList| {
            let id = needed_text(ACTION, "prefixListId", list.prefix_list_id)?;
            let name = needed_text(ACTION, "prefixListName", list.prefix_list_name)?;
            let owner = list
                .owner_id
                .filter(|owner| owner == "AWS" || owner.chars().all(|c| c.is_ascii_digit()));
            // Others' lists have names that are not theirs alone.
            let name = Some(name).filter(|_| owner.as_deref() == Some("AWS"));
            needed_text(ACTION, "ownerId", owner)?;
            // EC2 tells it of customers' lists alone.
            let entries_max = list.max_entries.and_then(|entries| usize::try_from(entries).ok());
            lists.push((id, PrefixList { name, entries_max }));
            Ok::<_, Failure>(())
        }
    );
    ec2.session.learn_prefix_lists(lists);
    Ok(())
}

/// The id of a list that is written as an id or as the full name of one of AWS's own.
pub async fn id(ec2: &Ec2, text: &str) -> Result<String, Failure> {
    if text.starts_with("pl-") {
        return Ok(text.to_owned());
    }
    if let Some(id) = ec2.session.prefix_list_id(text) {
        return Ok(id);
    }
    learn(ec2).await?;
    let unknown = || {
        Failure::invalid(
            "DescribeManagedPrefixLists",
            format!("AWS has no prefix list `{text}` in {}", ec2.site.region),
        )
    };
    ec2.session.prefix_list_id(text).ok_or_else(unknown)
}

/// The sets whose members may speak of a prefix list, and the field that does.
pub type Spoken = (&'static [Attr<[Value]>], Attr<str>);

/// Whether a record speaks of a prefix list by its id, in the member `field` of one of these sets.
pub fn is_used(object: &Object, sets: &[Attr<[Value]>], field: Attr<str>) -> bool {
    let mut members = sets.iter().flat_map(|set| object.record.records(*set));
    members.any(|member| member.text(field).starts_with("pl-"))
}

/// Puts the names of AWS's own lists in the place of their ids.
pub fn name(ec2: &Ec2, object: &mut Object, sets: &[Attr<[Value]>], field: Attr<str>) {
    // What could not be read has no members to name.
    for &set in sets {
        if !object.record.has(set) {
            continue;
        }
        let shown = |id: &str| !id.starts_with("pl-") || ec2.session.is_prefix_list(id);
        let hidden = object
            .record
            .records(set)
            .find(|member| !shown(member.text(field)));
        if let Some(id) = hidden.map(|member| member.text(field).to_owned()) {
            object.unread.insert(
                set.into(),
                format!("EC2 does not show the prefix list {id}, which is in it"),
            );
            object.record.remove(set);
            continue;
        }
        let named = |value: &Value| match value {
            Value::Map(member) => Value::Map(named(ec2, member, field)),
            other => other.clone(),
        };
        let list = object.record.list(set).iter().map(named).collect();
        object.kind.schema().set_list(&mut object.record, set, list);
    }
}

fn named(ec2: &Ec2, member: &Record, field: Attr<str>) -> Record {
    let name = ec2.session.prefix_list_name(member.text(field));
    name.map_or_else(|| member.clone(), |name| member.clone().with(field, name))
}
