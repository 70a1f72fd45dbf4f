//! Client tokens: a create that is repeated under its token answers what it made the first time.

use sha2::{Digest, Sha256};
use trueup_model::Act;

/// The token of a create: 64 hex digits that follow from what is created and how many tokens were used up,
/// and from nothing else: two runs make one object, though to one of them it is a new one and to the other a
/// successor.
///
/// A token is used up when EC2 refuses it, or answers something that has ended since or is to be replaced.
pub fn token(act: &Act, counter: u32) -> String {
    let mut hash = Sha256::new();
    let parts = [
        &act.topology,
        &act.address.to_string(),
        act.action,
        &act.sets.record().to_string(),
    ];
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.update(counter.to_be_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::{Record, Ref, Resolved};

    fn act(subnet: &str, replaces: Option<&str>) -> Act {
        let sets = Record::new().with("subnet", Ref::Id(subnet.to_owned()));
        Act {
            step: 1,
            topology: "t".into(),
            address: "nat_gateway.main".parse().unwrap(),
            action: "CreateNatGateway",
            target: None,
            sets: Resolved::new(&sets, &|_| None).unwrap(),
            unsets: Resolved::default(),
            ownership: Record::new(),
            replaces: replaces.map(str::to_owned),
        }
    }

    #[test]
    fn equal_creates_have_one_token_and_others_another() {
        let first = token(&act("subnet-1", None), 0);
        assert_eq!(
            first,
            token(
                &Act {
                    step: 9,
                    ..act("subnet-1", Some("nat-1"))
                },
                0
            )
        );
        assert_eq!(first.len(), 64);
        let others = [token(&act("subnet-2", None), 0), token(&act("subnet-1", None), 1)];
        assert!(others.iter().all(|other| *other != first));
    }
}
