//! What a record is made of: values in the order of their names, as close together as they go. A large topology
//! is a million small records, and a tree's node has room for eleven values where most records have four.

use std::borrow::Cow;

use crate::value::Value;

/// The name of a value: one that stands in the program is not copied for each record that has it.
pub type FieldName = Cow<'static, str>;

/// Named values, each name once, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fields(Vec<(FieldName, Value)>);

impl Fields {
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_ref().cmp(name))
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).ok().map(|place| &self.0[place].1)
    }

    pub fn insert(&mut self, name: FieldName, value: Value) {
        match self.place(&name) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => {
                // Records are made once and kept: there is no room left for what never comes.
                self.0.reserve_exact(1);
                self.0.insert(place, (name, value));
            }
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let place = self.place(name).ok()?;
        Some(self.0.remove(place).1)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, (FieldName, Value)> {
        self.0.iter()
    }
}

/// Of values with the same name the last one counts.
impl FromIterator<(FieldName, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (FieldName, Value)>>(pairs: I) -> Self {
        let mut all: Vec<(FieldName, Value)> = pairs.into_iter().collect();
        if !all.is_sorted_by(|a, b| a.0 < b.0) {
            // Both are stable: the last one of a name stays the last, and the first of what is reversed.
            all.reverse();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all.dedup_by(|later, first| later.0 == first.0);
        }
        all.shrink_to_fit();
        Self(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(fields: &Fields) -> String {
        let told = fields.iter().map(|(name, value)| format!("{name}{value} "));
        told.collect()
    }

    #[test]
    fn names_are_in_order_and_the_last_value_of_each_counts() {
        let pairs = [("b", 1), ("a", 2), ("c", 3), ("a", 4), ("a", 5)];
        let collected: Fields = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), Value::Int(*value)))
            .collect();
        let mut inserted = Fields::default();
        for (name, value) in pairs {
            inserted.insert(name.into(), Value::Int(value));
        }
        assert_eq!(names(&collected), "a5 b1 c3 ");
        assert_eq!(collected, inserted);
        assert_eq!(collected.get("b"), Some(&Value::Int(1)));
        assert_eq!(collected.get("d"), None);
    }

    #[test]
    fn what_is_taken_out_is_gone() {
        let mut fields: Fields = [("a".into(), Value::Null), ("b".into(), Value::Int(1))]
            .into_iter()
            .collect();
        assert_eq!(fields.remove("b"), Some(Value::Int(1)));
        assert_eq!(fields.remove("b"), None);
        assert_eq!(names(&fields), "anull ");
        assert!(fields.remove("a").is_some() && fields.is_empty());
    }
}
