//! Members: sets are put in their order, and the places of their members with them.

use std::collections::BTreeMap;

use trueup_model::{Attribute, Place, Record, Type, Value};

/// By set: the number that each member has in the spec.
pub type Origins = BTreeMap<String, Vec<usize>>;

/// Puts the members of all sets in their order, each once. `origins` is what a kind says about members that
/// it has dropped or multiplied; answers the same about all sets that are in another order now.
pub fn order(record: &mut Record, attributes: &[Attribute], mut origins: Origins) -> Origins {
    let mut moved = Origins::new();
    for attribute in attributes {
        let (Type::Set(members), Some(Value::List(list))) = (&attribute.ty, record.value(attribute.name))
        else {
            continue;
        };
        let from = origins
            .remove(attribute.name)
            .unwrap_or_else(|| (0..list.len()).collect());
        let mut ordered: Vec<(Value, usize)> = list
            .iter()
            .cloned()
            .zip(from)
            .filter(|(member, _)| *member != Value::Null)
            .collect();
        ordered.sort_by_cached_key(|(member, _)| members.key(member));
        ordered.dedup_by(|later, earlier| later.0 == earlier.0);
        let (list, from): (Vec<Value>, Vec<usize>) = ordered.into_iter().unzip();
        record.set(attribute.name, list);
        if from.iter().enumerate().any(|(now, was)| now != *was) {
            moved.insert(attribute.name.to_owned(), from);
        }
    }
    moved
}

/// Gives the places of members the numbers that the members have now.
pub fn settle(places: &mut BTreeMap<String, Place>, origins: &Origins) {
    for (set, from) in origins {
        let head = format!("{set}[");
        let mut found: BTreeMap<usize, Vec<(String, Place)>> = BTreeMap::new();
        places.retain(
            |path, place| match path.strip_prefix(&head).and_then(|rest| rest.split_once(']')) {
                Some((number, rest)) => {
                    found
                        .entry(number.parse().unwrap_or_default())
                        .or_default()
                        .push((rest.to_owned(), place.clone()));
                    false
                }
                None => true,
            },
        );
        for (now, was) in from.iter().enumerate() {
            let of = found.get(was).into_iter().flatten();
            places.extend(of.map(|(rest, place)| (format!("{head}{now}]{rest}"), place.clone())));
        }
    }
}
