//! Room: how many members an account's quota leaves in a set, and how a full set exchanges them.

use std::collections::BTreeMap;

use crate::action::Role;
use crate::attr::Attr;
use crate::call::Call;
use crate::reason::Note;
use crate::value::Value;

/// How many entries each prefix list of a customer may hold (`MaxEntries`), by id, as far as that was read.
pub type Lists = BTreeMap<String, usize>;

/// No list is known.
pub static NO_LISTS: Lists = Lists::new();

/// What a member weighs.
pub type Weigh<'w> = &'w dyn Fn(&Value) -> Counts;

/// So many members of a full set are gone at a time at most.
const PORTION: usize = 10;

/// Members of each address family: EC2 counts them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of IPv4.
    pub v4: usize,
    /// Of IPv6.
    pub v6: usize,
}

impl Counts {
    /// Of some members, each of which weighs so much.
    pub fn of<'a>(members: impl IntoIterator<Item = &'a Value>, weigh: Weigh<'_>) -> Self {
        members
            .into_iter()
            .fold(Self::default(), |counts, member| counts.plus(weigh(member)))
    }

    /// The same number of both.
    pub fn both(count: usize) -> Self {
        Self { v4: count, v6: count }
    }

    /// With so many more.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            v4: self.v4 + other.v4,
            v6: self.v6 + other.v6,
        }
    }

    /// With so many less.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self {
            v4: self.v4.saturating_sub(other.v4),
            v6: self.v6.saturating_sub(other.v6),
        }
    }

    /// The larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            v4: self.v4.max(other.v4),
            v6: self.v6.max(other.v6),
        }
    }

    /// Whether there are not more of either.
    pub fn fits(self, room: Self) -> bool {
        self.v4 <= room.v4 && self.v6 <= room.v6
    }

    /// With the families' names.
    pub fn named(self) -> [(&'static str, usize); 2] {
        [("IPv4", self.v4), ("IPv6", self.v6)]
    }
}

/// What a prefix list counts as: one of AWS's its weight ("AWS-managed prefix list weight" in the Amazon VPC
/// user guide: 1 where it is not among these), a customer's as many entries as it may hold ("Prefix lists
/// concepts and rules" there). One that was not read counts 1.
pub fn of_list(name: &str, lists: &Lists) -> usize {
    const WEIGHTS: [(&str, usize); 6] = [
        ("cloudfront.origin-facing", 55),
        ("ec2-instance-connect", 2),
        ("groundstation", 5),
        ("route53-healthchecks", 25),
        ("s3express", 6),
        ("vpc-lattice", 10),
    ];
    let known = WEIGHTS.iter().find(|(service, _)| {
        name.strip_suffix(service)
            .is_some_and(|head| head.ends_with(['.', '/']))
    });
    known
        .map(|(_, weight)| *weight)
        .or_else(|| lists.get(name).copied())
        .unwrap_or(1)
}

/// A part of an exchange: members that are added, or taken away, together.
#[derive(Clone, Debug, PartialEq)]
pub enum Portion<'a> {
    /// These come.
    Add(Vec<&'a Value>),
    /// These go.
    Take(Vec<&'a Value>),
}

/// How members are exchanged: what is new comes before what is old goes, as far as there is room; where there
/// is none, old ones make it, a few at a time. `have` is what is there and `most` what may be.
pub fn exchange<'a>(
    have: Counts,
    most: Counts,
    added: &[&'a Value],
    removed: &[&'a Value],
    weigh: Weigh<'_>,
) -> Vec<Portion<'a>> {
    let (mut have, mut added, mut removed) = (have, added.to_vec(), removed.to_vec());
    let mut portions = Vec::new();
    while !added.is_empty() {
        let mut fitting = Vec::new();
        while let Some(next) = added.first().filter(|next| have.plus(weigh(next)).fits(most)) {
            have = have.plus(weigh(next));
            fitting.push(added.remove(0));
        }
        // Where nothing more can go, EC2 says what it thinks of it.
        if fitting.is_empty() && removed.is_empty() {
            fitting = std::mem::take(&mut added);
        }
        if !fitting.is_empty() {
            portions.push(Portion::Add(fitting));
        }
        if !added.is_empty() {
            let portion: Vec<&Value> = removed.drain(..removed.len().min(PORTION)).collect();
            have = portion.iter().fold(have, |have, member| have.less(weigh(member)));
            portions.extend(
                Some(portion)
                    .filter(|portion| !portion.is_empty())
                    .map(Portion::Take),
            );
        }
    }
    portions.extend(
        Some(removed)
            .filter(|removed| !removed.is_empty())
            .map(Portion::Take),
    );
    portions
}

/// What an exchange costs where there is no room: nothing is said where there is.
pub fn told(portions: &[Portion<'_>], what: &str, granted: usize) -> Option<Note> {
    let late = portions
        .iter()
        .skip_while(|portion| matches!(portion, Portion::Add(_)));
    let late: usize = late
        .map(|portion| {
            if let Portion::Add(members) = portion {
                members.len()
            } else {
                0
            }
        })
        .sum();
    (late > 0).then(|| Note::NoRoom {
        late,
        what: what.to_owned(),
        quota: granted,
        portion: PORTION,
    })
}

/// Whether one call leaves room in a family of a set that another one takes.
pub fn is_made(earlier: &Call, later: &Call, set: Attr<[Value]>, weigh: Weigh<'_>) -> bool {
    let count = |record: &crate::Record| Counts::of(record.list(set), weigh);
    let (left, given) = (count(&earlier.sets), count(&earlier.unsets));
    let (taken, freed) = (count(&later.sets), count(&later.unsets));
    let are_changes = earlier.role() == Role::Modify && later.role() == Role::Modify;
    are_changes
        && ((given.v4 > left.v4 && taken.v4 > freed.v4) || (given.v6 > left.v6 && taken.v6 > freed.v6))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(_: &Value) -> Counts {
        Counts { v4: 1, v6: 0 }
    }

    /// How many come (`+`) and go (`-`) in each portion.
    fn portions(have: usize, most: usize, added: usize, removed: usize) -> Vec<String> {
        let value = Value::text("x");
        let (added, removed) = (vec![&value; added], vec![&value; removed]);
        let portions = exchange(Counts::both(have), Counts::both(most), &added, &removed, &one);
        portions
            .iter()
            .map(|portion| match portion {
                Portion::Add(members) => format!("+{}", members.len()),
                Portion::Take(members) => format!("-{}", members.len()),
            })
            .collect()
    }

    #[test]
    fn what_is_new_comes_first_as_far_as_there_is_room() {
        assert_eq!(portions(10, 60, 20, 10), ["+20", "-10"]);
        assert_eq!(portions(60, 60, 15, 15), ["-10", "+10", "-5", "+5"]);
        assert_eq!(portions(58, 60, 5, 5), ["+2", "-5", "+3"]);
        assert_eq!(portions(60, 60, 0, 5), ["-5"]);
        // More than fit: the last ones are for EC2 to refuse.
        assert_eq!(portions(60, 60, 3, 1), ["-1", "+1", "+2"]);
    }

    #[test]
    fn a_list_weighs_what_it_may_hold() {
        let lists = Lists::from([("pl-0123456789abcdef0".to_owned(), 40)]);
        for (name, weight) in [
            ("com.amazonaws.us-west-2.s3", 1),
            ("com.amazonaws.us-west-2.dynamodb", 1),
            ("com.amazonaws.us-west-2.s3express", 6),
            ("com.amazonaws.global.cloudfront.origin-facing", 55),
            ("com.amazonaws.global.ipv6.cloudfront.origin-facing", 55),
            ("com.amazonaws.us-west-2.ec2-instance-connect", 2),
            ("com.amazonaws.global.groundstation", 5),
            ("com.amazonaws.us-west-2.ipv6.route53-healthchecks", 25),
            ("com.amazonaws.us-west-2.vpc-lattice", 10),
            ("pl-0123456789abcdef0", 40),
            ("pl-0123456789abcdef1", 1),
        ] {
            assert_eq!(of_list(name, &lists), weight, "{name}");
        }
    }

    #[test]
    fn what_it_costs_is_told_where_there_is_no_room() {
        let value = Value::text("x");
        let told = |have: usize| {
            let portions = exchange(
                Counts::both(have),
                Counts::both(60),
                &[&value; 3],
                &[&value; 3],
                &one,
            );
            self::told(&portions, "rules", 60)
        };
        assert!(matches!(told(60), Some(Note::NoRoom { late: 3, what, .. }) if what == "rules"));
        assert_eq!(told(57), None);
    }
}
