//! Sets of numbers as sorted intervals: what filters let through, exactly, whatever the number of ports or
//! addresses.

/// A set of numbers: half-open intervals, sorted, none empty, none touching another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntervalSet<T>(Vec<(T, T)>);

impl<T> Default for IntervalSet<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Ord> IntervalSet<T> {
    /// The set of nothing.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// The numbers from `from` up to, and without, `to`.
    pub fn span(from: T, to: T) -> Self {
        if from < to {
            Self(vec![(from, to)])
        } else {
            Self(Vec::new())
        }
    }

    /// The union of intervals in any order.
    pub fn of(intervals: impl IntoIterator<Item = (T, T)>) -> Self {
        let mut all: Vec<(T, T)> = intervals.into_iter().filter(|(from, to)| from < to).collect();
        all.sort_unstable();
        let mut merged: Vec<(T, T)> = Vec::with_capacity(all.len());
        for (from, to) in all {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        Self(merged)
    }

    /// The intervals, in order.
    pub fn intervals(&self) -> &[(T, T)] {
        &self.0
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The smallest member.
    pub fn first(&self) -> Option<T> {
        self.0.first().map(|interval| interval.0)
    }

    /// Whether `point` is in it.
    pub fn contains(&self, point: T) -> bool {
        self.up_to(point).is_some_and(|end| point < end)
    }

    /// Where the last interval ends that does not begin after a point.
    fn up_to(&self, point: T) -> Option<T> {
        let after = self.0.partition_point(|(from, _)| *from <= point);
        after
            .checked_sub(1)
            .and_then(|last| self.0.get(last))
            .map(|(_, end)| *end)
    }

    /// What is in this set, in the other, or in both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (self.0.is_empty(), other.0.is_empty()) {
            (_, true) => self.clone(),
            (true, _) => other.clone(),
            _ => Self::of(self.0.iter().chain(&other.0).copied()),
        }
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut a, mut b) = (0, 0);
        let mut out = Vec::new();
        while let (Some(x), Some(y)) = (self.0.get(a), other.0.get(b)) {
            let (from, to) = (x.0.max(y.0), x.1.min(y.1));
            if from < to {
                out.push((from, to));
            }
            if x.1 < y.1 { a += 1 } else { b += 1 }
        }
        Self(out)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let mut b = 0;
        for &(mut from, to) in &self.0 {
            while other.0.get(b).is_some_and(|hole| hole.1 <= from) {
                b += 1;
            }
            let mut hole = b;
            while let Some(&(start, end)) = other.0.get(hole).filter(|interval| interval.0 < to) {
                if from < start {
                    out.push((from, start));
                }
                from = from.max(end);
                hole += 1;
            }
            if from < to {
                out.push((from, to));
            }
        }
        Self(out)
    }

    /// Whether the sets share a number.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (mut a, mut b) = (0, 0);
        while let (Some(x), Some(y)) = (self.0.get(a), other.0.get(b)) {
            if x.0.max(y.0) < x.1.min(y.1) {
                return true;
            }
            if x.1 < y.1 { a += 1 } else { b += 1 }
        }
        false
    }

    /// Whether all of `other` is in this set.
    pub fn is_superset(&self, other: &Self) -> bool {
        other
            .0
            .iter()
            .all(|&(from, to)| self.up_to(from).is_some_and(|end| to <= end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(rng: &mut fastrand::Rng) -> IntervalSet<u32> {
        IntervalSet::of((0..rng.u32(0..6)).map(|_| {
            let from = rng.u32(0..40);
            (from, from + rng.u32(0..12))
        }))
    }

    #[test]
    fn sets_agree_with_counting() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..2000 {
            let (a, b) = (random(&mut rng), random(&mut rng));
            let (union, both, less) = (a.union(&b), a.intersect(&b), a.subtract(&b));
            for point in 0..60 {
                let (x, y) = (a.contains(point), b.contains(point));
                assert_eq!(union.contains(point), x || y, "{a:?} {b:?} {point}");
                assert_eq!(both.contains(point), x && y, "{a:?} {b:?} {point}");
                assert_eq!(less.contains(point), x && !y, "{a:?} {b:?} {point}");
            }
            assert_eq!(a.overlaps(&b), !both.is_empty());
            assert_eq!(a.is_superset(&b), b.subtract(&a).is_empty());
            for set in [union, both, less] {
                assert!(
                    set.intervals().windows(2).all(|pair| pair[0].1 < pair[1].0),
                    "{set:?} is not canonical"
                );
                assert!(set.intervals().iter().all(|(from, to)| from < to));
            }
        }
    }
}
