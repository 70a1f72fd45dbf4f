//! Client tokens: a create that is repeated under its token answers what it made the first time.

use trueup_model::{Act, Record, Ref, canonical, hash};

/// The token of a create: 64 hex digits that follow from what is created and how many tokens were used up,
/// and from nothing else: two runs make one object, though to one of them it is a new one and to the other a
/// successor.
///
/// A token is used up when EC2 refuses it, or answers something that has ended since or is to be replaced.
pub fn token(act: &Act, counter: u32) -> String {
    let create = Record::new()
        .with("topology", act.topology.as_str())
        .with("address", Ref::Name(act.address.clone()))
        .with("action", act.action.name)
        .with("sets", act.sets.record().clone())
        .with("counter", i64::from(counter));
    canonical::sha256(&create.into())
}

/// The token that earlier versions made of the same create, out of how its record reads. What they made and EC2
/// still shows the token of is known by it; nothing new is made under it.
pub fn earlier(act: &Act, counter: u32) -> String {
    let parts = [
        &act.topology,
        &act.address.to_string(),
        act.action.name,
        &act.sets.record().to_string(),
    ];
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes.extend(counter.to_be_bytes());
    hash::sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::Resolved;
    use trueup_model::attr::SUBNET;

    fn act(subnet: &str, replaces: Option<&str>) -> Act {
        let sets = Record::new().with(SUBNET, Ref::Id(subnet.to_owned()));
        Act {
            step: 1,
            topology: "t".into(),
            address: "nat_gateway.main".parse().unwrap(),
            action: trueup_model::kinds::nat_gateway::action::CREATE,
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

    #[test]
    fn tokens_are_these_for_ever() {
        let act = act("subnet-1", None);
        assert_eq!(
            [token(&act, 0), earlier(&act, 0)],
            [
                "9c4e18c986612667224f06ae85aadf575ecb5453d0f255c771b58ea8b5abae05",
                "3321df68d86d76c8e747d0a4ba5836f1e98f211bafae14efe0ab774839acbf44",
            ]
        );
    }
}
