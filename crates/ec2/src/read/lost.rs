//! What was made for an address and lost its tags: EC2 shows the client token of instances, and answers a
//! launch under it with the old one.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Act, Kind, Object, Owner, Standing};

use crate::failure::Failure;
use crate::kinds::instance;
use crate::token::{earlier, token};
use crate::{Ec2, filter, kinds};

/// So many client tokens of one launch are looked for: later ones are used once the earlier ones are used up.
const TOKENS: u32 = 4;

/// The instances without any topology's tags that were made by launches which are equal to these: each with
/// the owner that it had. What may not be looked up is met at the launch.
pub async fn lost(ec2: &Ec2, creates: &[Act]) -> Vec<Object> {
    let launches: Vec<&Act> = creates
        .iter()
        .filter(|act| act.address.kind == Kind::Instance)
        .collect();
    let tokens: BTreeMap<String, &Act> = launches
        .iter()
        .flat_map(|act| {
            let of = |counter| [token(act, counter), earlier(act, counter)];
            (0..TOKENS).flat_map(of).map(|token| (token, *act))
        })
        .collect();
    let subnets: BTreeSet<&str> = launches
        .iter()
        .filter_map(|act| act.address.kind.rules().home(act.sets.record())?.id())
        .collect();
    let mut found = Vec::new();
    for subnets in subnets.into_iter().collect::<Vec<_>>().chunks(filter::VALUES_MAX) {
        found.extend(in_subnets(ec2, subnets).await.unwrap_or_default());
    }
    let made = |mut object: Object| {
        let act = tokens.get(object.facts.text(instance::fact::CLIENT_TOKEN))?;
        object.owner = Some(Owner {
            topology: act.topology.clone(),
            address: act.address.to_string(),
            standing: Standing::Holds,
            protect: false,
            read: BTreeSet::new(),
            written: BTreeSet::new(),
            run: None,
        });
        Some(object)
    };
    found
        .into_iter()
        .filter(|object| object.owner.is_none())
        .filter_map(made)
        .collect()
}

/// All instances in some subnets. There is a filter for client tokens as well, which not every EC2 has.
async fn in_subnets(ec2: &Ec2, subnets: &[&str]) -> Result<Vec<Object>, Failure> {
    Ok(kinds::read(
        ec2,
        Kind::Instance,
        &[filter::of("subnet-id", subnets.iter().copied())],
    )
    .await?
    .objects)
}
