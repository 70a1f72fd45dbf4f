//! Whether the answers are whole: what EC2 says in one place against what it says in another. An answer that
//! leaves things out looks like a network without them, and acting on it would build them twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use trueup_model::attr::VPC;
use trueup_model::{CloudError, Follow, Implicit, Kind, Object, Scope, Type, Value, implicit, tags};

use super::{Unreadable, pages};
use crate::answer::{needed, needed_text};
use crate::classify::Class;
use crate::failure::Failure;
use crate::{Ec2, filter, kinds};

/// What lists leave out is asked for so often, each time after a pause.
const LOOKUPS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];

/// What `DescribeTags` says of the topology's objects.
#[derive(Debug, Default)]
pub struct Tagged {
    /// The ids that carry the topology's name, with the address that they carry beside it, where that was
    /// asked for.
    ids: BTreeMap<String, Option<String>>,
    /// The addresses that were asked for; none where all of them were.
    asked: Option<BTreeSet<String>>,
}

/// What `DescribeTags` says; nothing where the credentials may not ask.
pub async fn tagged(ec2: &Ec2, scope: &Scope) -> Result<Option<Tagged>, Failure> {
    const ACTION: &str = "DescribeTags";
    let addresses: BTreeSet<String> = scope.declared.keys().map(ToString::to_string).collect();
    let mut request = ec2
        .client
        .describe_tags()
        .max_results(1000)
        .filters(filter::of("key", [tags::TOPOLOGY, tags::ADDRESS]));
    // Where one request takes the values, the tags of other topologies stay where they are.
    let asked = (addresses.len() < filter::VALUES_MAX).then_some(addresses);
    if let Some(asked) = &asked {
        let values = std::iter::once(&scope.topology)
            .chain(asked)
            .map(|value| filter::escaped(value));
        request = request.filters(filter::of("value", values));
    }
    let (mut ours, mut addresses) = (BTreeSet::new(), BTreeMap::new());
    let read = async {
        pages!(
            ec2,
            "DescribeTags",
            request,
            tags,
            |tag: aws_sdk_ec2::types::TagDescription| {
                let id = needed_text(ACTION, "resourceId", tag.resource_id)?;
                let value = needed(ACTION, "value", tag.value)?;
                match needed_text(ACTION, "key", tag.key)?.as_str() {
                    tags::TOPOLOGY if value == scope.topology => drop(ours.insert(id)),
                    tags::ADDRESS => drop(addresses.insert(id, value)),
                    _ => {}
                }
                Ok::<_, Failure>(())
            }
        );
        Ok::<_, Failure>(())
    };
    match read.await {
        Err(failure) if failure.class == Class::Denied => Ok(None),
        Err(failure) => Err(failure),
        Ok(()) => {
            let ids = ours.into_iter().map(|id| {
                let address = addresses.remove(&id);
                (id, address)
            });
            Ok(Some(Tagged {
                ids: ids.collect(),
                asked,
            }))
        }
    }
}

impl Tagged {
    /// Whether an object carries the topology's name.
    pub fn has(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// The ids of what does.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.keys().map(String::as_str)
    }

    /// Nothing but these ids.
    #[cfg(test)]
    pub fn of(ids: &[&str]) -> Self {
        Self {
            ids: ids.iter().map(|id| ((*id).to_owned(), None)).collect(),
            asked: None,
        }
    }

    /// Why what an object was listed with cannot be so; none where it can.
    fn contradicts(&self, object: &Object, topology: &str) -> Option<String> {
        let owner = object.owner.as_ref().filter(|owner| owner.topology == topology);
        let told = self.ids.get(&object.id);
        let why = match (owner, told) {
            (None, None) => return None,
            (None, Some(_)) => {
                "is listed without this topology's tags, and DescribeTags says that it has them".to_owned()
            }
            (Some(_), None) => {
                "is listed with this topology's tags, and DescribeTags does not say that it has them"
                    .to_owned()
            }
            (Some(owner), Some(Some(address))) if *address == owner.address => return None,
            (Some(owner), Some(Some(address))) => {
                format!(
                    "is listed as {}, and DescribeTags says that it is {address}",
                    owner.address
                )
            }
            // Addresses that were not asked for are not reported.
            (Some(owner), Some(None))
                if self
                    .asked
                    .as_ref()
                    .is_some_and(|asked| !asked.contains(&owner.address)) =>
            {
                return None;
            }
            (Some(owner), Some(None)) => {
                format!("is listed as {}, and DescribeTags does not say so", owner.address)
            }
        };
        Some(format!("{} {why}", object.id))
    }
}

/// What lists should show, and do not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// What carries the topology's tags, of kinds of which the topology wants more than is there. Tags may
    /// outlive what they are on.
    tagged: BTreeMap<Kind, Vec<String>>,
    /// What something of ours cannot be without, and what is reported in two ways, with why that cannot be.
    held: BTreeMap<Kind, String>,
}

/// Finds what is there and was not listed. `known` are ids that need no explanation: what has ended.
pub fn check(
    by_kind: &BTreeMap<Kind, Vec<Object>>,
    scope: &Scope,
    tagged: Option<&Tagged>,
    known: &dyn Fn(&str) -> bool,
) -> Missing {
    let listed: BTreeSet<&str> = by_kind
        .values()
        .flatten()
        .map(|object| object.id.as_str())
        .collect();
    let is_missing = |id: &str| !listed.contains(id) && !known(id);
    let kind_of = |id: &str| {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.is_id(id) && by_kind.contains_key(kind))
    };
    let mut missing = Missing::default();
    let wants_more = |kind: Kind| {
        let held: BTreeSet<_> = by_kind
            .get(&kind)
            .into_iter()
            .flatten()
            .filter_map(|object| object.address(&scope.topology))
            .collect();
        scope
            .declared
            .keys()
            .any(|address| address.kind == kind && !held.contains(address))
    };
    for id in tagged
        .iter()
        .flat_map(|tagged| tagged.ids.keys())
        .filter(|id| is_missing(id))
    {
        // guard: lists that are not whole
        if let Some(kind) = kind_of(id).filter(|kind| wants_more(*kind)) {
            missing.tagged.entry(kind).or_default().push(id.clone());
        }
    }
    for object in by_kind.values().flatten().filter(|object| {
        object
            .owner
            .as_ref()
            .is_some_and(|o| o.topology == scope.topology)
    }) {
        // Of instances only ours are listed, and a volume of ours may be at another one.
        let is_of_ours = |id: &&str| !Kind::Instance.is_id(id);
        for id in held(object)
            .into_iter()
            .filter(|id| is_missing(id))
            .filter(is_of_ours)
        {
            if let Some(kind) = kind_of(id) {
                missing
                    .held
                    .entry(kind)
                    .or_insert_with(|| left_out(id, &format!("is used by {}", object.id)));
            }
        }
    }
    for object in by_kind.values().flatten().filter(|object| !known(&object.id)) {
        if let Some(why) = tagged.and_then(|tagged| tagged.contradicts(object, &scope.topology)) {
            missing.held.entry(object.kind).or_insert_with(|| not_whole(&why));
        }
    }
    without_their_own(by_kind, scope, &mut missing);
    missing
}

/// Finds VPCs of ours of which the lists do not show what EC2 made with them.
fn without_their_own(by_kind: &BTreeMap<Kind, Vec<Object>>, scope: &Scope, missing: &mut Missing) {
    let is_ours = |vpc: &&Object| vpc.is_of(&scope.topology);
    for vpc in by_kind.get(&Kind::Vpc).into_iter().flatten().filter(is_ours) {
        // What EC2 makes with a VPC is there as long as the VPC is.
        for Implicit { kind, noun, .. } in &implicit::ALL {
            let of_vpc = |object: &Object| {
                object
                    .record
                    .get(VPC)
                    .and_then(|to| to.id())
                    .is_none_or(|id| id == vpc.id)
            };
            if by_kind
                .get(kind)
                .is_some_and(|objects| !objects.iter().any(|object| object.implicit && of_vpc(object)))
            {
                missing
                    .held
                    .entry(*kind)
                    .or_insert_with(|| not_whole(&format!("the {noun} of {} is not listed", vpc.id)));
            }
        }
    }
}

/// Notes the kinds whose lists left something out, and what. What only its tags speak of is asked for by its
/// id first: tags outlive what they are on. Whether nothing was left out.
pub async fn confirm(ec2: &Ec2, missing: Missing, unreadable: &mut Unreadable) -> Result<bool, CloudError> {
    let mut whole = missing.held.is_empty();
    for (kind, why) in missing.held {
        unreadable.kinds.entry(kind).or_insert(why);
    }
    let looks = missing
        .tagged
        .into_iter()
        .map(|(kind, ids)| async move { (kind, find(ec2, kind, &ids).await) });
    for (kind, found) in join_all(looks).await {
        match found {
            Ok(None) => continue,
            Ok(Some(id)) => drop(
                unreadable
                    .kinds
                    .entry(kind)
                    .or_insert_with(|| left_out(&id, "carries this topology's tags")),
            ),
            Err(failure) => unreadable.note(kind, failure)?,
        }
        whole = false;
    }
    Ok(whole)
}

/// The first of some objects that is there after all, or that may be. One answer left it out already, so one
/// more that does proves nothing: only that EC2 knows no such id does.
async fn find(ec2: &Ec2, kind: Kind, ids: &[String]) -> Result<Option<String>, Failure> {
    if kind.def().tags_outlive {
        return not_gone(ec2, kind, ids).await;
    }
    for pause in LOOKUPS {
        tokio::time::sleep(pause).await;
        for ids in ids.chunks(filter::VALUES_MAX) {
            let found = kinds::find(ec2, kind, ids).await?;
            if let Some(object) = found.objects.into_iter().next() {
                return Ok(Some(object.id));
            }
        }
    }
    not_gone(ec2, kind, ids).await
}

/// The first of some objects of which EC2 does not say that it is gone.
async fn not_gone(ec2: &Ec2, kind: Kind, ids: &[String]) -> Result<Option<String>, Failure> {
    for id in ids {
        if !kinds::is_gone(ec2, kind, id).await? {
            return Ok(Some(id.clone()));
        }
    }
    Ok(None)
}

fn left_out(id: &str, why: &str) -> String {
    not_whole(&format!("{id} {why}, and the list of all does not show it"))
}

fn not_whole(why: &str) -> String {
    format!("{why}: EC2's answer was not whole. Try again in a minute")
}

/// The ids of what cannot be gone while the object is there. Rules and routes may lead to what others have,
/// or to nothing.
fn held(object: &Object) -> Vec<&str> {
    let mut ids = Vec::new();
    for (name, value) in object
        .record
        .iter()
        .filter(|(name, _)| object.kind.schema().holds(name))
    {
        let by_name = object
            .kind
            .schema()
            .attribute(name)
            .is_some_and(|a| matches!(a.ty, Type::Ref(_, Follow::Name)));
        let values = if let Value::List(list) = value {
            &list[..]
        } else {
            std::slice::from_ref(value)
        };
        ids.extend(
            values
                .iter()
                .filter(|_| !by_name)
                .filter_map(|value| value.as_ref()?.id()),
        );
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::{Owner, Record, Ref, Standing};

    fn object(kind: Kind, id: &str, address: &str, vpc: Option<&str>) -> Object {
        let owner = Owner {
            topology: "t".into(),
            address: address.into(),
            standing: Standing::Holds,
            protect: false,
            read: BTreeSet::new(),
            written: BTreeSet::new(),
            run: None,
        };
        let record = vpc
            .into_iter()
            .map(|vpc| (VPC.name, Ref::Id(vpc.to_owned()).into()))
            .collect::<Record>();
        Object {
            kind,
            id: id.into(),
            record,
            facts: Record::new(),
            owner: Some(owner),
            implicit: false,
            unread: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_tagged_or_used_must_be_listed() {
        let (vpc, subnet, other) = ("vpc-00000001", "subnet-00000001", "subnet-00000002");
        let wanted =
            ["vpc.main", "subnet.a", "subnet.b"].map(|address| (address.parse().unwrap(), BTreeSet::new()));
        let scope = Scope {
            topology: "t".into(),
            declared: wanted.into(),
            ..Scope::default()
        };
        let listed = |vpcs: &[&str], subnets: &[(&str, &str)]| {
            BTreeMap::from([
                (
                    Kind::Vpc,
                    vpcs.iter()
                        .map(|id| object(Kind::Vpc, id, "vpc.main", None))
                        .collect::<Vec<_>>(),
                ),
                (
                    Kind::Subnet,
                    subnets
                        .iter()
                        .map(|(id, address)| object(Kind::Subnet, id, address, Some(vpc)))
                        .collect(),
                ),
            ])
        };
        let address = |id: &str| {
            if id == vpc {
                "vpc.main"
            } else if id == subnet {
                "subnet.a"
            } else {
                "subnet.b"
            }
            .to_owned()
        };
        let missing = |by_kind, ids: &[&str], known: &[&str]| {
            let ids = ids
                .iter()
                .map(|id| ((*id).to_owned(), Some(address(id))))
                .collect();
            let missing = check(&by_kind, &scope, Some(&Tagged { ids, asked: None }), &|id| {
                known.contains(&id)
            });
            missing
                .tagged
                .into_keys()
                .chain(missing.held.into_keys())
                .collect::<Vec<_>>()
        };
        let both = [(subnet, "subnet.a"), (other, "subnet.b")];
        assert_eq!(missing(listed(&[vpc], &both), &[vpc, subnet, other], &[]), []);
        // A list that is empty, and others that show that it cannot be.
        assert_eq!(missing(listed(&[], &both), &[subnet, other], &[]), [Kind::Vpc]);
        assert_eq!(
            missing(listed(&[vpc], &both[..1]), &[vpc, subnet, other], &[]),
            [Kind::Subnet]
        );
        // What has ended keeps its tags for a while; what nobody wants need not be explained.
        assert_eq!(
            missing(listed(&[vpc], &both[..1]), &[vpc, subnet, other], &[other]),
            []
        );
        assert_eq!(
            missing(
                listed(&[vpc], &both),
                &[vpc, subnet, other, "subnet-00000003"],
                &[]
            ),
            []
        );
    }

    #[test]
    fn what_the_list_and_the_tags_say_differently_is_not_known() {
        let scope = Scope {
            topology: "t".into(),
            ..Scope::default()
        };
        let id = "subnet-00000001";
        let told = |object: Object, tagged: Option<&str>, asked: Option<&str>| {
            let ids = tagged
                .map(|address| {
                    (
                        id.to_owned(),
                        Some(address.to_owned()).filter(|text| !text.is_empty()),
                    )
                })
                .into_iter()
                .collect();
            let tagged = Tagged {
                ids,
                asked: asked.map(|address| BTreeSet::from([address.to_owned()])),
            };
            let by_kind = BTreeMap::from([(Kind::Subnet, vec![object])]);
            check(&by_kind, &scope, Some(&tagged), &|_| false)
                .held
                .remove(&Kind::Subnet)
        };
        let ours = || object(Kind::Subnet, id, "subnet.a", None);
        let nobodys = || Object {
            owner: None,
            ..ours()
        };
        assert_eq!(told(ours(), Some("subnet.a"), None), None);
        assert_eq!(told(nobodys(), None, None), None);
        assert!(
            told(nobodys(), Some("subnet.a"), None)
                .unwrap()
                .contains("without this topology's tags")
        );
        assert!(
            told(ours(), None, None)
                .unwrap()
                .contains("does not say that it has them")
        );
        assert!(
            told(ours(), Some("subnet.b"), None)
                .unwrap()
                .contains("says that it is subnet.b")
        );
        assert!(told(ours(), Some(""), Some("subnet.a")).is_some());
        // Nobody asked for the tag of an address that is not declared.
        assert_eq!(told(ours(), Some(""), Some("subnet.c")), None);
    }

    #[test]
    fn a_vpc_has_what_ec2_makes_with_it() {
        let scope = Scope {
            topology: "t".into(),
            ..Scope::default()
        };
        let vpc = "vpc-00000001";
        let of_vpc = |kind: Kind, id: &str| Object {
            owner: None,
            implicit: true,
            ..object(kind, id, "", Some(vpc))
        };
        let mut by_kind = BTreeMap::from([
            (Kind::Vpc, vec![object(Kind::Vpc, vpc, "vpc.main", None)]),
            (Kind::RouteTable, vec![of_vpc(Kind::RouteTable, "rtb-00000001")]),
            (Kind::NetworkAcl, vec![of_vpc(Kind::NetworkAcl, "acl-00000001")]),
            (
                Kind::SecurityGroup,
                vec![of_vpc(Kind::SecurityGroup, "sg-00000001")],
            ),
        ]);
        assert_eq!(check(&by_kind, &scope, None, &|_| false), Missing::default());
        for Implicit { kind, .. } in &implicit::ALL {
            let all = by_kind.insert(*kind, Vec::new()).unwrap();
            let missing = check(&by_kind, &scope, None, &|_| false);
            assert_eq!(missing.held.keys().collect::<Vec<_>>(), [kind]);
            by_kind.insert(*kind, all);
        }
    }
}
