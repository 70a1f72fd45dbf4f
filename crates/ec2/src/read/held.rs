//! Who has the Elastic IP addresses and the volumes of a topology: what is not of the topology is reported, because
//! nothing is taken from others.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Kind, Object, Scope, fact};

/// Notes on each volume of ours which instance has it, where that is not of the topology and has not ended.
pub fn tell_volumes(
    by_kind: &mut BTreeMap<Kind, Vec<Object>>,
    scope: &Scope,
    is_gone: &dyn Fn(&str) -> bool,
) {
    let Some(mut volumes) = by_kind.remove(&Kind::Volume) else {
        return;
    };
    // Of what could not be read nobody knows what is ours.
    if let Some(instances) = by_kind.get(&Kind::Instance) {
        let own = instances
            .iter()
            .filter(|instance| instance.is_of(&scope.topology));
        let own: BTreeSet<&str> = own.map(|instance| instance.id.as_str()).collect();
        for volume in volumes.iter_mut().filter(|volume| volume.is_of(&scope.topology)) {
            let instance = volume.facts.text(fact::INSTANCE).to_owned();
            if !instance.is_empty() && !own.contains(instance.as_str()) && !is_gone(&instance) {
                volume.facts.set(fact::HELD_BY, instance);
            }
        }
    }
    by_kind.insert(Kind::Volume, volumes);
}

/// Notes on each address of ours what has it, where that is not of the topology and is not on its way out.
/// `leaving` are interfaces that go away, `is_gone` tells ids of what has ended or is ending.
pub fn tell(
    by_kind: &mut BTreeMap<Kind, Vec<Object>>,
    scope: &Scope,
    leaving: &BTreeSet<String>,
    is_gone: &dyn Fn(&str) -> bool,
) {
    const USERS: [Kind; 2] = [Kind::NatGateway, Kind::Instance];
    let Some(mut addresses) = by_kind.remove(&Kind::ElasticIp) else {
        return;
    };
    // Of what could not be read nobody knows what is ours.
    if USERS.iter().all(|kind| by_kind.contains_key(kind)) {
        let is_ours = |object: &Object| object.is_of(&scope.topology);
        let users = || USERS.iter().filter_map(|kind| by_kind.get(kind)).flatten();
        for address in addresses.iter_mut().filter(|address| is_ours(address)) {
            let (instance, interface) = (
                address.facts.text(fact::INSTANCE),
                address.facts.text(fact::NETWORK_INTERFACE),
            );
            let has =
                |user: &&Object| user.id == instance || user.facts.text(fact::NETWORK_INTERFACE) == interface;
            let user = users().find(has);
            let expected = user.is_some_and(is_ours) || is_gone(instance) || leaving.contains(interface);
            if address.facts.text(fact::ASSOCIATION).is_empty() || interface.is_empty() || expected {
                continue;
            }
            let user = user.map_or(instance, |user| user.id.as_str());
            let holder = if user.is_empty() {
                format!("network interface {interface}")
            } else {
                format!("{user} ({interface})")
            };
            address.facts.set(fact::HELD_BY, holder);
        }
    }
    by_kind.insert(Kind::ElasticIp, addresses);
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::{Owner, Record, Standing};

    fn object(kind: Kind, id: &str, topology: Option<&str>, facts: &[(&str, &str)]) -> Object {
        let owner = topology.map(|topology| Owner {
            topology: topology.into(),
            address: format!("{kind}.it"),
            standing: Standing::Holds,
            protect: false,
            read: BTreeSet::new(),
            run: None,
            written: BTreeSet::new(),
        });
        let facts = facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        Object {
            kind,
            id: id.into(),
            record: Record::new(),
            facts,
            owner,
            implicit: false,
            unread: BTreeMap::new(),
        }
    }

    /// Who is said to have an address that is associated with this.
    fn held(instance: &str, interface: &str, gone: &[&str], leaving: &[&str]) -> String {
        let facts = [
            ("association", "eipassoc-1"),
            ("instance", instance),
            ("network_interface", interface),
        ];
        let mut by_kind = BTreeMap::from([
            (
                Kind::ElasticIp,
                vec![object(Kind::ElasticIp, "eipalloc-1", Some("t"), &facts)],
            ),
            (
                Kind::Instance,
                vec![object(
                    Kind::Instance,
                    "i-1",
                    Some("t"),
                    &[("network_interface", "eni-1")],
                )],
            ),
            (
                Kind::NatGateway,
                vec![object(
                    Kind::NatGateway,
                    "nat-2",
                    None,
                    &[("network_interface", "eni-2")],
                )],
            ),
        ]);
        let scope = Scope {
            topology: "t".into(),
            ..Scope::default()
        };
        let leaving = leaving.iter().map(|id| (*id).to_owned()).collect();
        tell(&mut by_kind, &scope, &leaving, &|id| gone.contains(&id));
        by_kind[&Kind::ElasticIp][0].facts.text(fact::HELD_BY).to_owned()
    }

    #[test]
    fn a_stranger_that_has_an_address_of_ours_is_named() {
        assert_eq!(held("i-9", "eni-9", &[], &[]), "i-9 (eni-9)");
        assert_eq!(held("", "eni-2", &[], &[]), "nat-2 (eni-2)");
        assert_eq!(held("", "eni-9", &[], &[]), "network interface eni-9");
    }

    #[test]
    fn what_is_ours_or_on_its_way_out_is_no_stranger() {
        assert_eq!(held("i-1", "eni-1", &[], &[]), "");
        assert_eq!(held("i-8", "eni-8", &["i-8"], &[]), "");
        assert_eq!(held("", "eni-7", &[], &["eni-7"]), "");
    }
}
