//! Whether the answers are whole: what EC2 says in one place against what it says in another. An answer that leaves things out
//! looks like a network without them, and acting on it would build them twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use trueup_model::{CloudError, Follow, Kind, Object, Scope, Type, Value, tags};

use super::{Unreadable, pages};
use crate::classify::Class;
use crate::failure::Failure;
use crate::{Ec2, filter, kinds};

/// What lists leave out is asked for so often, each time after a pause.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];

/// The ids that carry the topology's tags, as `DescribeTags` says; none where the credentials may not ask.
pub async fn tagged(ec2: &Ec2, scope: &Scope) -> Result<BTreeSet<String>, Failure> {
    let mut ids = BTreeSet::new();
    let request = ec2.client.describe_tags().max_results(1000);
    let request = request.filters(filter::of("key", [tags::TOPOLOGY])).filters(filter::of("value", [filter::escaped(&scope.topology)]));
    let read = async {
        pages!(ec2, "DescribeTags", request, tags, |tag: aws_sdk_ec2::types::TagDescription| {
            ids.extend(tag.resource_id);
            Ok::<_, Failure>(())
        });
        Ok::<_, Failure>(())
    };
    match read.await {
        Err(failure) if failure.class == Class::Denied => Ok(BTreeSet::new()),
        Err(failure) => Err(failure),
        Ok(()) => Ok(ids),
    }
}

/// What lists should show, and do not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// What carries the topology's tags, of kinds of which the topology wants more than is there. Tags may outlive what they are on.
    tagged: BTreeMap<Kind, Vec<String>>,
    /// What something of ours cannot be without, and why.
    held: BTreeMap<Kind, String>,
}

/// Finds what is there and was not listed. `known` are ids that need no explanation: what has ended.
pub fn check(by_kind: &BTreeMap<Kind, Vec<Object>>, scope: &Scope, tagged: &BTreeSet<String>, known: &dyn Fn(&str) -> bool) -> Missing {
    let listed: BTreeSet<&str> = by_kind.values().flatten().map(|object| object.id.as_str()).collect();
    let is_missing = |id: &str| !listed.contains(id) && !known(id);
    let kind_of = |id: &str| Kind::ALL.into_iter().find(|kind| kind.is_id(id) && by_kind.contains_key(kind));
    let mut missing = Missing::default();
    let wants_more = |kind: Kind| {
        let held: BTreeSet<_> = by_kind.get(&kind).into_iter().flatten().filter_map(|object| object.address(&scope.topology)).collect();
        scope.declared.keys().any(|address| address.kind == kind && !held.contains(address))
    };
    for id in tagged.iter().filter(|id| is_missing(id)) {
        if let Some(kind) = kind_of(id).filter(|kind| wants_more(*kind)) {
            missing.tagged.entry(kind).or_default().push(id.clone());
        }
    }
    for object in by_kind.values().flatten().filter(|object| object.owner.as_ref().is_some_and(|o| o.topology == scope.topology)) {
        for id in held(object).into_iter().filter(|id| is_missing(id)) {
            if let Some(kind) = kind_of(id) {
                missing.held.entry(kind).or_insert_with(|| left_out(id, &format!("is used by {}", object.id)));
            }
        }
    }
    missing
}

/// Notes the kinds whose lists left something out, and what. What only its tags speak of is asked for by its id first: tags outlive
/// what they are on. Whether nothing was left out.
pub async fn confirm(ec2: &Ec2, missing: Missing, unreadable: &mut Unreadable) -> Result<bool, CloudError> {
    let mut whole = missing.held.is_empty();
    for (kind, why) in missing.held {
        unreadable.kinds.entry(kind).or_insert(why);
    }
    let looks = missing.tagged.into_iter().map(|(kind, ids)| async move { (kind, find(ec2, kind, &ids).await) });
    for (kind, found) in join_all(looks).await {
        match found {
            Ok(None) => continue,
            Ok(Some(id)) => drop(unreadable.kinds.entry(kind).or_insert_with(|| left_out(&id, "carries this topology's tags"))),
            Err(failure) => unreadable.note(kind, failure)?,
        }
        whole = false;
    }
    Ok(whole)
}

/// The first of some objects that is there after all. One answer left it out already, so one more that does proves nothing.
async fn find(ec2: &Ec2, kind: Kind, ids: &[String]) -> Result<Option<String>, Failure> {
    for pause in LOOKS {
        tokio::time::sleep(pause).await;
        for ids in ids.chunks(filter::VALUES_MAX) {
            let found = kinds::read_by_ids(ec2, kind, ids).await?;
            if let Some(object) = found.into_iter().next() {
                return Ok(Some(object.id));
            }
        }
    }
    Ok(None)
}

fn left_out(id: &str, why: &str) -> String {
    format!("{id} {why}, and the list of all does not show it: EC2's answer was not whole. Try again in a minute")
}

/// The ids of what cannot be gone while the object is there. Rules and routes may lead to what others have, or to nothing.
fn held(object: &Object) -> Vec<&str> {
    let mut ids = Vec::new();
    for (name, value) in object.record.iter().filter(|(name, _)| object.kind.rules().holds(name)) {
        let by_name = object.kind.schema().attribute(name).is_some_and(|a| matches!(a.ty, Type::Ref(_, Follow::Name)));
        let values = if let Value::List(list) = value { &list[..] } else { std::slice::from_ref(value) };
        ids.extend(values.iter().filter(|_| !by_name).filter_map(|value| value.as_ref()?.id()));
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::{Owner, Record, Ref};

    fn object(kind: Kind, id: &str, address: &str, vpc: Option<&str>) -> Object {
        let owner = Owner {
            topology: "t".into(),
            address: address.into(),
            retiring: None,
            protect: false,
            read: BTreeSet::new(),
            written: BTreeSet::new(),
            run: None,
        };
        let record = vpc.into_iter().map(|vpc| ("vpc".to_owned(), Ref::Id(vpc.to_owned()).into())).collect::<Record>();
        Object { kind, id: id.into(), record, facts: Record::new(), owner: Some(owner), implicit: false, unread: BTreeMap::new() }
    }

    #[test]
    fn what_is_tagged_or_used_must_be_listed() {
        let (vpc, subnet, other) = ("vpc-00000001", "subnet-00000001", "subnet-00000002");
        let wanted = ["vpc.main", "subnet.a", "subnet.b"].map(|address| (address.parse().unwrap(), BTreeSet::new()));
        let scope = Scope { topology: "t".into(), declared: wanted.into() };
        let listed = |vpcs: &[&str], subnets: &[(&str, &str)]| {
            BTreeMap::from([
                (Kind::Vpc, vpcs.iter().map(|id| object(Kind::Vpc, id, "vpc.main", None)).collect::<Vec<_>>()),
                (Kind::Subnet, subnets.iter().map(|(id, address)| object(Kind::Subnet, id, address, Some(vpc))).collect()),
            ])
        };
        let tagged = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        let missing = |by_kind, ids: &[&str], known: &[&str]| {
            let missing = check(&by_kind, &scope, &tagged(ids), &|id| known.contains(&id));
            missing.tagged.into_keys().chain(missing.held.into_keys()).collect::<Vec<_>>()
        };
        let both = [(subnet, "subnet.a"), (other, "subnet.b")];
        assert_eq!(missing(listed(&[vpc], &both), &[vpc, subnet, other], &[]), []);
        // A list that is empty, and others that show that it cannot be.
        assert_eq!(missing(listed(&[], &both), &[], &[]), [Kind::Vpc]);
        assert_eq!(missing(listed(&[vpc], &both[..1]), &[vpc, subnet, other], &[]), [Kind::Subnet]);
        // What has ended keeps its tags for a while; what nobody wants need not be explained.
        assert_eq!(missing(listed(&[vpc], &both[..1]), &[vpc, subnet, other], &[other]), []);
        assert_eq!(missing(listed(&[vpc], &both), &["subnet-00000003"], &[]), []);
    }
}
