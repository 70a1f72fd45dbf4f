//! A course: what a simulation does, in words that can be typed.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// How many times each network is edited and applied after it was made.
const EDITS: usize = 3;

/// What a simulation does; less of it is a smaller case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Decides everything.
    pub seed: u64,
    /// How many edits follow the first apply.
    pub edits: usize,
    /// What befalls the runs.
    pub troubles: BTreeSet<Trouble>,
}

/// What may befall a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Calls are throttled, refused, slow, lost before or after their effect.
    Faults,
    /// Somebody changes things by hand, between the runs and during them.
    Meddling,
    /// The process dies.
    Death,
    /// The user wants no more.
    Stop,
    /// Somebody else applies the same topology, or destroys it, at the same time.
    Company,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Faults, Self::Meddling, Self::Death, Self::Stop, Self::Company];

    /// Its word.
    fn word(self) -> &'static str {
        match self {
            Self::Faults => "faults",
            Self::Meddling => "meddling",
            Self::Death => "death",
            Self::Stop => "stop",
            Self::Company => "company",
        }
    }
}

impl Course {
    /// All of it.
    pub fn new(seed: u64) -> Self {
        Self { seed, edits: EDITS, troubles: Trouble::ALL.into() }
    }

    /// The courses that are a little less than this one.
    pub fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        for trouble in &self.troubles {
            let mut course = self.clone();
            course.troubles.remove(trouble);
            smaller.push(course);
        }
        if let Some(edits) = self.edits.checked_sub(1) {
            smaller.push(Self { edits, ..self.clone() });
        }
        smaller
    }
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {}", self.seed)?;
        if self.edits != EDITS {
            write!(f, " --edits {}", self.edits)?;
        }
        let without: Vec<&str> = Trouble::ALL.into_iter().filter(|trouble| !self.troubles.contains(trouble)).map(Trouble::word).collect();
        if without.is_empty() { Ok(()) } else { write!(f, " --without {}", without.join(",")) }
    }
}

impl FromStr for Course {
    type Err = String;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let mut course = Self::new(0);
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("{name} needs a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("`{value}` is no number"));
            match name {
                "--seed" => course.seed = number()?,
                "--edits" => course.edits = usize::try_from(number()?).unwrap_or(EDITS),
                "--without" => {
                    for word in value.split(',') {
                        let trouble = Trouble::ALL.into_iter().find(|trouble| trouble.word() == word);
                        course.troubles.remove(&trouble.ok_or_else(|| format!("`{word}` is no trouble"))?);
                    }
                }
                _ => return Err(format!("`{name}` is not known")),
            }
        }
        Ok(course)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_reads_as_it_is_written() {
        for course in [Course::new(7), Course::new(7).smaller().remove(0), Course::new(7).smaller().pop().unwrap()] {
            assert_eq!(course.to_string().parse(), Ok(course));
        }
        assert_eq!(Course::new(7).to_string(), "--seed 7");
        assert_eq!("--without rain".parse::<Course>(), Err("`rain` is no trouble".to_owned()));
    }
}
