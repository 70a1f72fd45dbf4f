//! Ranges of VPCs and subnets as EC2 lists them: associations, some of which are on their way in or out.

use aws_sdk_ec2::types::{SubnetIpv6CidrBlockAssociation, VpcIpv6CidrBlockAssociation};
use ipnet::Ipv6Net;
use trueup_model::{Acted, Record, Value, Waiter, ipv6};

use crate::act::Task;
use crate::answer::{Reader, facts, some};
use crate::failure::Failure;
use crate::kinds::find_one;
use crate::read::ObservedState;

/// In which states a range belongs to what has it, and in which it does not: ranges that were taken away stay
/// in the list for a while.
const HOLDS: [(&str, bool); 6] = [
    ("associating", true),
    ("associated", true),
    ("disassociating", false),
    ("disassociated", false),
    ("failing", false),
    ("failed", false),
];

/// An IPv6 range of a VPC or of a subnet.
pub struct Association {
    id: Option<String>,
    range: Option<String>,
    state: Option<String>,
    /// Where a VPC has it from.
    pool: Option<String>,
}

impl From<VpcIpv6CidrBlockAssociation> for Association {
    fn from(association: VpcIpv6CidrBlockAssociation) -> Self {
        let state = association.ipv6_cidr_block_state.and_then(|state| state.state);
        Self {
            id: association.association_id,
            range: association.ipv6_cidr_block,
            state: state.map(|state| state.as_str().to_owned()),
            pool: association.ipv6_pool,
        }
    }
}

impl From<SubnetIpv6CidrBlockAssociation> for Association {
    fn from(association: SubnetIpv6CidrBlockAssociation) -> Self {
        let state = association.ipv6_cidr_block_state.and_then(|state| state.state);
        Self {
            id: association.association_id,
            range: association.ipv6_cidr_block,
            state: state.map(|state| state.as_str().to_owned()),
            pool: None,
        }
    }
}

/// The fact that holds the association of a range.
pub fn fact(range: &str) -> String {
    format!("association of {range}")
}

/// Whether a range in this state belongs to what has it.
pub fn holds(
    reader: &mut Reader,
    attribute: impl Into<&'static str>,
    element: &'static str,
    state: Option<&str>,
) -> bool {
    let state = reader.word(attribute, element, state, &HOLDS.map(|(word, _)| word));
    HOLDS.contains(&(state.as_str(), true))
}

/// Reads the IPv6 ranges that an object has: all of them, and those that `is_given` says are Amazon's. One
/// that Amazon is about to give is not known yet, and stands as `amazon`.
pub fn read(
    reader: &mut Reader,
    associations: impl IntoIterator<Item = impl Into<Association>>,
    facts: &mut Record,
    is_given: impl Fn(&mut Reader, Option<String>) -> bool,
) -> (Option<String>, Vec<Value>) {
    let (mut all, mut given) = (Vec::new(), Vec::new());
    for association in associations {
        let Association {
            id,
            range,
            state,
            pool,
        } = association.into();
        if !holds(reader, ipv6::BLOCK, "ipv6CidrBlockState", state.as_deref()) {
            continue;
        }
        let is_amazons = is_given(reader, pool);
        let range = match some(range) {
            None if is_amazons && state.as_deref() == Some("associating") => ipv6::AMAZON.to_owned(),
            range => reader.text(ipv6::BLOCK, "ipv6CidrBlock", range),
        };
        if range != ipv6::AMAZON && !range.is_empty() && range.parse::<Ipv6Net>().is_err() {
            let why = format!("EC2 says `{range}` as its `ipv6CidrBlock`, which is not an IPv6 range");
            reader.unknown(ipv6::BLOCK, why);
        }
        facts.set_option(fact(&range), some(id));
        given.extend(is_amazons.then(|| Value::text(range.clone())));
        all.push(range);
    }
    let joined = ipv6::joined(&all);
    facts.set_option(trueup_model::fact::IPV6, joined.clone());
    (joined, given)
}

/// The association of a range of an object.
async fn association(task: &Task<'_>, range: &str) -> Result<Option<String>, Failure> {
    if let Some(known) = task.fact(fact(range)) {
        return Ok(Some(known.to_owned()));
    }
    let facts = find_one(task.ec2, task.act.address.kind, task.id()?)
        .await?
        .map(|object| object.facts);
    Ok(facts.and_then(|facts| facts.value(&fact(range))?.as_text().map(str::to_owned)))
}

/// What comes of associating a range. Where the answer was lost, the first attempt may have done it.
pub async fn associated(
    task: &Task<'_>,
    range: &str,
    answer: Result<Option<String>, Failure>,
    until: Waiter,
) -> Result<Acted, Failure> {
    let association = match answer {
        Ok(association) => association,
        Err(failure) if failure.maybe_done => Some(association(task, range).await?.ok_or(failure)?),
        Err(failure) => return Err(failure),
    };
    Ok(Acted {
        facts: facts([(fact(range), association)]),
        wait: Some(until.of(task.id()?)),
        ..Acted::default()
    })
}

/// Takes a range away: `end` ends its association, where there is one.
pub async fn disassociate(
    task: &Task<'_>,
    range: &str,
    until: Waiter,
    end: impl AsyncFnOnce(String) -> Result<(), Failure>,
) -> Result<Acted, Failure> {
    if let Some(association) = association(task, range).await? {
        end(association).await?;
    }
    Ok(Acted {
        wait: Some(until.of(task.id()?)),
        ..Acted::default()
    })
}

/// What an object's ranges are waited for: that none is on its way in, and none on its way out. `states` are
/// those of the ranges, each with what EC2 says of it.
pub fn states<'a>(
    id: Option<&str>,
    [associated, disassociated]: [Waiter; 2],
    states: &(impl Iterator<Item = (&'a str, Option<&'a str>)> + Clone),
) -> [ObservedState; 2] {
    let failed = states
        .clone()
        .find(|(state, _)| matches!(*state, "failing" | "failed"))
        .map(|(_, why)| {
            format!(
                "a range cannot be added: {}",
                why.unwrap_or("EC2 does not say why")
            )
        });
    let look = |respect: Waiter, on_its_way: &'static str| {
        let is_on_its_way = states.clone().any(|(state, _)| state == on_its_way);
        ObservedState {
            respect: Some(respect),
            ..ObservedState::new(id, if is_on_its_way { on_its_way } else { respect.state })
        }
    };
    let arrives = look(associated, "associating");
    // A range that could not be added stays there for a while, and is in nobody's way.
    [
        match failed {
            Some(_) => ObservedState {
                failed,
                state: "failed".to_owned(),
                ..arrives
            },
            None => arrives,
        },
        look(disassociated, "disassociating"),
    ]
}
