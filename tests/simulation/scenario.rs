//! A scenario: what a simulation does, in words that can be typed.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// How many times each network is edited and applied after it was made.
const EDITS: usize = 3;
/// A network has at least so many resources.
const RESOURCES: usize = 20;
/// With less there is no network, and a smaller case has so many less.
const RESOURCES_LEAST: usize = 8;
const RESOURCES_STEP: usize = 4;

/// What a simulation does; less of it is a smaller case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Decides everything.
    pub seed: u64,
    /// How many resources the first network has at least.
    pub resources: usize,
    /// How many edits follow the first apply.
    pub edits: usize,
    /// What befalls the runs.
    pub troubles: BTreeSet<Trouble>,
    /// The rounds in which nothing does, by the number of the edit; the last one destroys.
    pub quiet: BTreeSet<usize>,
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
    ConcurrentRuns,
    /// Somebody sweeps away what concurrent runs have just made.
    Sweeping,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Faults,
        Self::Meddling,
        Self::Death,
        Self::Stop,
        Self::ConcurrentRuns,
        Self::Sweeping,
    ];

    /// Its word.
    fn word(self) -> &'static str {
        match self {
            Self::Faults => "faults",
            Self::Meddling => "meddling",
            Self::Death => "death",
            Self::Stop => "stop",
            Self::ConcurrentRuns => "concurrent-runs",
            Self::Sweeping => "sweeping",
        }
    }
}

impl Scenario {
    /// All of it.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            resources: RESOURCES,
            edits: EDITS,
            troubles: Trouble::ALL.into(),
            quiet: BTreeSet::new(),
        }
    }

    /// Whether there may be this trouble in a round.
    pub fn has(&self, trouble: Trouble, round: usize) -> bool {
        self.troubles.contains(&trouble) && !self.quiet.contains(&round)
    }

    /// The scenarios that are a little less than this one.
    pub fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        for trouble in &self.troubles {
            let mut scenario = self.clone();
            scenario.troubles.remove(trouble);
            if scenario.troubles.is_empty() {
                scenario.quiet.clear();
            }
            smaller.push(scenario);
        }
        if let Some(edits) = self.edits.checked_sub(1) {
            smaller.push(Self {
                edits,
                ..self.clone()
            });
        }
        if let Some(resources) = self
            .resources
            .checked_sub(RESOURCES_STEP)
            .filter(|resources| *resources >= RESOURCES_LEAST)
        {
            smaller.push(Self {
                resources,
                ..self.clone()
            });
        }
        for round in
            (0..=self.edits + 1).filter(|round| !self.troubles.is_empty() && !self.quiet.contains(round))
        {
            let mut scenario = self.clone();
            scenario.quiet.insert(round);
            smaller.push(scenario);
        }
        smaller
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {}", self.seed)?;
        if self.resources != RESOURCES {
            write!(f, " --resources {}", self.resources)?;
        }
        if self.edits != EDITS {
            write!(f, " --edits {}", self.edits)?;
        }
        let quiet: Vec<String> = self.quiet.iter().map(usize::to_string).collect();
        if !quiet.is_empty() {
            write!(f, " --quiet {}", quiet.join(","))?;
        }
        let without: Vec<&str> = Trouble::ALL
            .into_iter()
            .filter(|trouble| !self.troubles.contains(trouble))
            .map(Trouble::word)
            .collect();
        if without.is_empty() {
            Ok(())
        } else {
            write!(f, " --without {}", without.join(","))
        }
    }
}

impl FromStr for Scenario {
    type Err = String;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let mut scenario = Self::new(0);
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("{name} needs a value"))?;
            let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no number"));
            let count = |text: &str| number(text).map(|number| usize::try_from(number).unwrap_or(usize::MAX));
            match name {
                "--seed" => scenario.seed = number(value)?,
                "--resources" => scenario.resources = count(value)?,
                "--edits" => scenario.edits = count(value)?,
                "--quiet" => scenario.quiet = value.split(',').map(count).collect::<Result<_, _>>()?,
                "--without" => {
                    for word in value.split(',') {
                        let trouble = Trouble::ALL.into_iter().find(|trouble| trouble.word() == word);
                        scenario
                            .troubles
                            .remove(&trouble.ok_or_else(|| format!("`{word}` is no trouble"))?);
                    }
                }
                _ => return Err(format!("`{name}` is not known")),
            }
        }
        Ok(scenario)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_reads_as_it_is_written() {
        let smaller = Scenario::new(7).smaller();
        assert_eq!(smaller.len(), Trouble::ALL.len() + 2 + EDITS + 2);
        for scenario in smaller.into_iter().chain([Scenario::new(7)]) {
            assert_eq!(scenario.to_string().parse(), Ok(scenario));
        }
        assert_eq!(Scenario::new(7).to_string(), "--seed 7");
        assert_eq!(
            "--without rain".parse::<Scenario>(),
            Err("`rain` is no trouble".to_owned())
        );
    }
}
