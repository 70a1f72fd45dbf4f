//! The lists of a network's parts, which refer to each other by their places.
//!
//! A place may come out of a record that was read, out of two networks put together, or out of a route to
//! something of another region. One that a list does not have leads to a part of which nothing is known:
//! whatever looks at it says *unknown*, and nothing ends in the middle of an answer. This is why the lists of
//! [`Network`](super::Network) are no plain vectors.

use std::ops::{Index, IndexMut};

/// A place that no list has.
pub const NOWHERE: usize = usize::MAX;

/// Parts of one kind, by their places.
#[derive(Clone, Debug)]
pub struct Table<T> {
    parts: Vec<T>,
    /// Where a change goes that is made at a place which is not there: nobody reads it.
    lost: Option<Box<T>>,
}

/// A kind of parts.
pub trait Part: Clone + 'static {
    /// A part of which nothing is known.
    fn unknown() -> &'static Self;
}

impl<T> Table<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds a part, at the place that [`Table::len`] was.
    pub fn push(&mut self, part: T) {
        self.parts.push(part);
    }

    /// The part at a place, where the list has it.
    pub fn known(&self, place: usize) -> Option<&T> {
        self.parts.get(place)
    }

    /// All of them, in the order of their places.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.parts.iter()
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.parts.iter_mut()
    }
}

impl<T: Part> Index<usize> for Table<T> {
    type Output = T;

    fn index(&self, place: usize) -> &T {
        self.parts.get(place).unwrap_or_else(|| T::unknown())
    }
}

impl<T: Part> IndexMut<usize> for Table<T> {
    fn index_mut(&mut self, place: usize) -> &mut T {
        match self.parts.get_mut(place) {
            Some(part) => part,
            None => self.lost.insert(Box::new(T::unknown().clone())),
        }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            lost: None,
        }
    }
}

impl<T> From<Vec<T>> for Table<T> {
    fn from(parts: Vec<T>) -> Self {
        Self { parts, lost: None }
    }
}

impl<T> FromIterator<T> for Table<T> {
    fn from_iter<I: IntoIterator<Item = T>>(parts: I) -> Self {
        Vec::from_iter(parts).into()
    }
}

impl<'a, T> IntoIterator for &'a Table<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Table<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::network::{Unread, Vpc};

    #[test]
    fn a_place_that_is_not_there_is_not_known() {
        let mut table: Table<Vpc> = vec![Vpc::default()].into();
        assert_eq!(table[0].unread, Unread::default());
        assert_eq!(table[7].unread, Unread::ALL);
        table[7].unread = Unread::default();
        assert_eq!(
            table[7].unread,
            Unread::ALL,
            "what is written nowhere is not read again"
        );
        assert!(table.known(7).is_none() && table.len() == 1);
    }
}
