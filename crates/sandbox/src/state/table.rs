//! One table of the store: rows by id, an index of what refers to what, and the changes of the call in hand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a table holds.
pub trait Row: Clone + Serialize + DeserializeOwned {
    /// Adds every id (or other key) that this row contains or refers to: the index answers who refers to one.
    fn links(&self, add: &mut dyn FnMut(&str));
}

/// A change of one row: its table, its id and its new value, or nothing where it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The name of the table in the state file.
    pub table: &'static str,
    /// The row's id.
    pub id: String,
    /// The row as it is now.
    pub row: Option<Value>,
}

/// Rows by id, in the order of their ids.
#[derive(Debug)]
pub struct Table<T> {
    name: &'static str,
    rows: BTreeMap<String, T>,
    referring: HashMap<String, BTreeSet<String>>,
    before: BTreeMap<String, Option<T>>,
}

impl<T: Row> Table<T> {
    /// An empty table with its name in the state file.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            rows: BTreeMap::new(),
            referring: HashMap::new(),
            before: BTreeMap::new(),
        }
    }

    /// The row with this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(id)
    }

    /// The row with this id, and the id as the table holds it.
    pub fn entry(&self, id: &str) -> Option<(&str, &T)> {
        self.rows.get_key_value(id).map(|(id, row)| (id.as_str(), row))
    }

    /// Whether there is such a row.
    pub fn contains(&self, id: &str) -> bool {
        self.rows.contains_key(id)
    }

    /// All rows by id.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.rows.iter()
    }

    /// The rows behind this id, or all of them, by id.
    pub fn after(&self, id: Option<&str>) -> impl Iterator<Item = (&String, &T)> {
        let from = id.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range::<str, _>((from, Bound::Unbounded))
    }

    /// The rows whose links name `key`, by id.
    pub fn referring<'t>(&'t self, key: &str) -> impl Iterator<Item = (&'t String, &'t T)> + use<'t, T> {
        self.referring
            .get(key)
            .into_iter()
            .flatten()
            .filter_map(|id| self.rows.get_key_value(id))
    }

    /// The ids of the rows whose links name `key`.
    pub fn referring_ids(&self, key: &str) -> Vec<String> {
        self.referring.get(key).into_iter().flatten().cloned().collect()
    }

    /// The first row whose links name `key`.
    pub fn owner_of(&self, key: &str) -> Option<(&String, &T)> {
        self.referring(key).next()
    }

    /// Adds a row, or replaces it.
    pub fn insert(&mut self, id: impl Into<String>, row: T) {
        let id = id.into();
        let old = self.rows.remove(&id);
        if let Some(old) = &old {
            self.unlink(&id, old);
        }
        self.before.entry(id.clone()).or_insert(old);
        self.link(&id, &row);
        self.rows.insert(id, row);
    }

    /// Takes a row out.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        let old = self.rows.remove(id)?;
        self.unlink(id, &old);
        self.before
            .entry(id.to_owned())
            .or_insert_with(|| Some(old.clone()));
        Some(old)
    }

    /// Changes a row; nothing happens where there is none.
    pub fn update<R>(&mut self, id: &str, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut row = self.rows.get(id)?.clone();
        let result = change(&mut row);
        self.insert(id, row);
        Some(result)
    }

    fn link(&mut self, id: &str, row: &T) {
        let referring = &mut self.referring;
        row.links(&mut |key| {
            if !key.is_empty() {
                referring.entry(key.to_owned()).or_default().insert(id.to_owned());
            }
        });
    }

    fn unlink(&mut self, id: &str, row: &T) {
        let referring = &mut self.referring;
        row.links(&mut |key| {
            if let Some(ids) = referring.get_mut(key) {
                ids.remove(id);
                if ids.is_empty() {
                    referring.remove(key);
                }
            }
        });
    }
}

/// What the store asks of every table alike.
pub trait AnyTable {
    /// Its name in the state file.
    fn name(&self) -> &'static str;
    /// Adds the changes of the call to `changes`; they can still be undone.
    fn tell_changes(&self, changes: &mut Vec<Change>) -> serde_json::Result<()>;
    /// Makes the changes of the call final.
    fn commit(&mut self);
    /// Undoes the changes of the call.
    fn rollback(&mut self);
    /// Puts a row of the state file or the journal in place, or takes it out.
    fn load(&mut self, id: &str, row: Option<Value>) -> serde_json::Result<()>;
    /// All rows, for the state file.
    fn dump(&self) -> serde_json::Result<BTreeMap<String, Value>>;
}

impl<T: Row> AnyTable for Table<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn tell_changes(&self, changes: &mut Vec<Change>) -> serde_json::Result<()> {
        for (id, old) in &self.before {
            let row = self.rows.get(id).map(serde_json::to_value).transpose()?;
            if row.is_some() || old.is_some() {
                changes.push(Change {
                    table: self.name,
                    id: id.clone(),
                    row,
                });
            }
        }
        Ok(())
    }

    fn commit(&mut self) {
        self.before.clear();
    }

    fn rollback(&mut self) {
        for (id, old) in std::mem::take(&mut self.before) {
            match old {
                Some(old) => self.insert(id, old),
                None => drop(self.remove(&id)),
            }
        }
        self.before.clear();
    }

    fn load(&mut self, id: &str, row: Option<Value>) -> serde_json::Result<()> {
        match row {
            Some(row) => self.insert(id, serde_json::from_value(row)?),
            None => drop(self.remove(id)),
        }
        self.before.clear();
        Ok(())
    }

    fn dump(&self) -> serde_json::Result<BTreeMap<String, Value>> {
        self.rows
            .iter()
            .map(|(id, row)| Ok((id.clone(), serde_json::to_value(row)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    struct Leaf(Vec<String>);

    impl Row for Leaf {
        fn links(&self, add: &mut dyn FnMut(&str)) {
            self.0.iter().for_each(|link| add(link));
        }
    }

    fn leaf(links: &[&str]) -> Leaf {
        Leaf(links.iter().map(|link| (*link).to_owned()).collect())
    }

    #[test]
    fn the_index_follows_every_change() {
        let mut table = Table::new("leaf");
        table.insert("a", leaf(&["x", "y"]));
        table.insert("b", leaf(&["y"]));
        assert_eq!(table.referring_ids("y"), ["a", "b"]);
        table.update("a", |row| row.0 = vec!["z".into()]);
        assert_eq!(table.referring_ids("y"), ["b"]);
        assert_eq!(table.owner_of("z").map(|(id, _)| id.as_str()), Some("a"));
        table.remove("b");
        assert!(table.referring_ids("y").is_empty());
    }

    #[test]
    fn rows_are_read_on_behind_an_id_that_may_be_gone() {
        let mut table = Table::new("leaf");
        for id in ["a", "b", "d"] {
            table.insert(id, leaf(&[]));
        }
        let after = |id| table.after(id).map(|(id, _)| id.as_str()).collect::<Vec<_>>();
        assert_eq!(after(None), ["a", "b", "d"]);
        assert_eq!(after(Some("b")), ["d"]);
        assert_eq!(after(Some("c")), ["d"]);
    }

    #[test]
    fn a_rollback_restores_rows_and_index() {
        let mut table = Table::new("leaf");
        table.insert("a", leaf(&["x"]));
        table.commit();
        table.update("a", |row| row.0 = vec!["y".into()]);
        table.insert("b", leaf(&["x"]));
        table.remove("a");
        table.rollback();
        assert_eq!(table.get("a"), Some(&leaf(&["x"])));
        assert_eq!(table.referring_ids("x"), ["a"]);
        assert!(!table.contains("b"));
        let mut changes = Vec::new();
        table.tell_changes(&mut changes).unwrap();
        assert_eq!(changes, [], "a rollback leaves nothing to write");
    }

    #[test]
    fn a_commit_names_each_changed_row_once() {
        let mut table = Table::new("leaf");
        table.insert("a", leaf(&[]));
        table.update("a", |row| row.0.push("x".into()));
        table.insert("gone", leaf(&[]));
        table.remove("gone");
        let mut changes = Vec::new();
        table.tell_changes(&mut changes).unwrap();
        assert_eq!(
            changes,
            [Change {
                table: "leaf",
                id: "a".into(),
                row: Some(serde_json::json!(["x"]))
            }]
        );
    }
}
