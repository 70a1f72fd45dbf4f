//! The instances of others in the topology's VPCs: no plan needs them, so that the bulk read leaves them out.

use std::collections::BTreeSet;

use trueup_model::{Kind, Object, Observed, Scope};

use crate::failure::Failure;
use crate::{Ec2, filter, kinds};

/// The instances in the topology's VPCs that the bulk read did not find, in the order of their ids.
pub async fn others(ec2: &Ec2, scope: &Scope, observed: &Observed) -> Result<Vec<Object>, Failure> {
    let is_ours = |object: &&Object| object.is_of(&scope.topology);
    let vpcs: Vec<&str> = observed
        .objects
        .iter()
        .filter(|object| object.kind == Kind::Vpc)
        .filter(is_ours)
        .map(|vpc| vpc.id.as_str())
        .collect();
    let known: BTreeSet<&str> = observed.objects.iter().map(|object| object.id.as_str()).collect();
    let mut others = Vec::new();
    for vpcs in vpcs.chunks(filter::VALUES_MAX) {
        let found = kinds::read(ec2, Kind::Instance, &[filter::of("vpc-id", vpcs.iter().copied())]).await?;
        others.extend(
            found
                .objects
                .into_iter()
                .filter(|instance| !known.contains(instance.id.as_str())),
        );
    }
    others.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(others)
}
