//! The calls that change an ACL's entries, in an order that EC2 takes and that neither cuts nor opens more
//! than it must.

use super::entry::{allows, weight};
use super::{ENTRIES_GRANTED, action};
use crate::attr::Attr;
use crate::call::Call;
use crate::room::{Counts, is_made};
use crate::rules::{Update, members_record};
use crate::value::Value;

/// One call, with the entry that it takes away and the one that it puts there.
struct Step<'a> {
    old: Option<&'a Value>,
    new: Option<&'a Value>,
}

impl Step<'_> {
    fn call(&self, direction: Attr<[Value]>) -> Call {
        let action = match (self.old, self.new) {
            (None, _) => action::CREATE_ENTRY,
            (Some(_), Some(_)) => action::REPLACE_ENTRY,
            (Some(_), None) => action::DELETE_ENTRY,
        };
        let record = |entry: Option<&Value>| {
            entry
                .map(|entry| members_record(direction, &[entry]))
                .unwrap_or_default()
        };
        action.setting(record(self.new)).unsetting(record(self.old))
    }

    /// What denies comes before what allows, and goes after it; what is new comes before what is old goes, so
    /// that an entry that only gets another number is never missing. There are edits of which no order opens
    /// nothing.
    fn turn(&self) -> u8 {
        match (self.old.map(allows), self.new.map(allows)) {
            (None, Some(false)) => 0,
            (Some(true), Some(false)) => 1,
            (None, _) => 2,
            (Some(false), Some(true)) => 4,
            (Some(_), Some(_)) => 3,
            (Some(true), None) => 5,
            (Some(false), None) => 6,
        }
    }

    fn counted(&self, have: Counts) -> Counts {
        let freed = self.old.map_or(have, |old| have.less(weight(old)));
        self.new.map_or(freed, |new| freed.plus(weight(new)))
    }
}

/// The calls for one direction.
pub fn calls(update: &Update<'_>, direction: Attr<[Value]>) -> Vec<Call> {
    let entries = update.members(direction);
    let create = entries.added.into_iter().map(|new| Step {
        old: None,
        new: Some(new),
    });
    let replace = entries.altered.into_iter().map(|(old, new)| Step {
        old: Some(old),
        new: Some(new),
    });
    let delete = entries.removed.into_iter().map(|old| Step {
        old: Some(old),
        new: None,
    });
    let mut steps: Vec<Step<'_>> = create.chain(replace).chain(delete).collect();
    steps.sort_by_key(Step::turn);
    let mut have = Counts::of(update.before.list(direction), &weight);
    // What is there and what is wanted is within the account's quota, and so is what every account may have.
    let room = have
        .max(Counts::of(update.after.list(direction), &weight))
        .max(Counts::both(ENTRIES_GRANTED));
    let mut calls = Vec::new();
    while !steps.is_empty() {
        let next = steps
            .iter()
            .position(|step| step.counted(have).fits(room))
            .unwrap_or_default();
        let step = steps.remove(next);
        have = step.counted(have);
        calls.push(step.call(direction));
    }
    calls
}

/// Whether one call leaves room in a family that another one takes.
pub fn makes_room(earlier: &Call, later: &Call, direction: Attr<[Value]>) -> bool {
    is_made(earlier, later, direction, &weight)
}

#[cfg(test)]
mod tests {
    use super::super::attr;
    use super::*;
    use crate::Kind;
    use crate::value::Record;

    fn entry(number: usize, action: &str, cidr: &str) -> Value {
        let number = i64::try_from(number).unwrap();
        Record::new()
            .with(attr::RULE_NUMBER, number)
            .with(attr::ACTION, action)
            .with(attr::PROTOCOL, "all")
            .with(attr::CIDR, cidr)
            .into()
    }

    fn acl(entries: Vec<Value>) -> Record {
        Record::new().with(attr::INGRESS, entries)
    }

    /// What is done to which number, such as `+100`.
    fn order(before: Vec<Value>, after: Vec<Value>) -> Vec<String> {
        let (before, after) = (acl(before), acl(after));
        let calls = calls(
            &Update::new(Kind::NetworkAcl, &before, &after, false),
            attr::INGRESS,
        );
        let number = |record: &Record| super::super::entry::key(&record.list(attr::INGRESS)[0]);
        calls
            .iter()
            .map(|call| match call.action {
                action::CREATE_ENTRY => format!("+{}", number(&call.sets)),
                action::REPLACE_ENTRY => format!("~{}", number(&call.sets)),
                _ => format!("-{}", number(&call.unsets)),
            })
            .collect()
    }

    #[test]
    fn what_denies_comes_first_and_goes_last() {
        let all = "0.0.0.0/0";
        let before = vec![
            entry(50, "deny", all),
            entry(100, "allow", all),
            entry(110, "allow", all),
        ];
        let after = vec![
            entry(90, "allow", all),
            entry(95, "deny", all),
            entry(100, "allow", "10.0.0.0/8"),
        ];
        assert_eq!(order(before, after), ["+95", "+90", "~100", "-110", "-50"]);
    }

    #[test]
    fn what_comes_to_deny_does_so_before_anything_new_is_allowed() {
        let (all, some) = ("0.0.0.0/0", "203.0.113.0/24");
        let before = vec![
            entry(30, "allow", "10.0.0.0/8"),
            entry(40, "deny", some),
            entry(100, "deny", all),
        ];
        let after = vec![
            entry(30, "deny", some),
            entry(40, "allow", some),
            entry(50, "allow", all),
            entry(100, "deny", all),
        ];
        assert_eq!(order(before, after), ["~30", "+50", "~40"]);
    }

    #[test]
    fn a_new_entry_does_not_wait_for_an_old_one_unless_that_one_makes_room() {
        let call = |old: Option<Value>, new: Option<Value>| {
            Step {
                old: old.as_ref(),
                new: new.as_ref(),
            }
            .call(attr::INGRESS)
        };
        let (v4, v6) = (entry(100, "allow", "10.0.0.0/8"), entry(110, "allow", "fd00::/8"));
        let (add, take) = (call(None, Some(v4.clone())), call(Some(v4.clone()), None));
        assert!(
            makes_room(&take, &add, attr::INGRESS)
                && !makes_room(&add, &take, attr::INGRESS)
                && !makes_room(&add, &add, attr::INGRESS)
        );
        assert!(!makes_room(&call(Some(v6.clone()), None), &add, attr::INGRESS));
        assert!(makes_room(&call(Some(v4), Some(v6)), &add, attr::INGRESS));
    }

    #[test]
    fn numbers_are_in_their_own_order() {
        let entries = vec![
            entry(1000, "allow", "::/0"),
            entry(90, "allow", "::/0"),
            entry(9, "allow", "::/0"),
        ];
        assert_eq!(order(Vec::new(), entries), ["+9", "+90", "+1000"]);
    }

    #[test]
    fn in_a_full_acl_old_entries_make_room_and_no_more_than_they_must() {
        let full = |from: usize, cidr: &str| {
            (from..from + ENTRIES_GRANTED)
                .map(|number| entry(number, "allow", cidr))
                .collect::<Vec<_>>()
        };
        let moved = order(full(100, "10.0.0.0/8"), full(101, "10.0.0.0/8"));
        assert_eq!(moved, ["-100", "+119"]);
        // One more than every account may have was granted already.
        let mut raised = full(100, "10.0.0.0/8");
        raised.push(entry(500, "deny", "10.0.0.0/8"));
        assert_eq!(
            order(raised.clone(), full(101, "10.0.0.0/8")),
            ["-100", "+119", "-500"]
        );
        // The families are counted apart.
        let mut mixed = full(100, "10.0.0.0/8");
        mixed.push(entry(500, "deny", "fd00::/8"));
        assert_eq!(order(full(100, "10.0.0.0/8"), mixed), ["+500"]);
    }

    #[test]
    fn entries_that_change_places_between_full_families_still_get_there() {
        let full = |v4: &str, v6: &str| {
            let one = (100..100 + ENTRIES_GRANTED).map(|number| entry(number, "allow", v4));
            one.chain((200..200 + ENTRIES_GRANTED).map(|number| entry(number, "allow", v6)))
                .collect::<Vec<_>>()
        };
        let swapped = order(full("10.0.0.0/8", "fd00::/8"), full("fd00::/8", "10.0.0.0/8"));
        assert_eq!(swapped.len(), 2 * ENTRIES_GRANTED);
    }
}
