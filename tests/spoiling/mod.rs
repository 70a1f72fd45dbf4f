//! Bad answers: any answer of EC2's, spoiled in every way, under plans, applies and destroys of the example
//! networks.
//!
//! A journey is run once with whole answers, and what passes is written down. Every answer in it is then
//! spoiled in each way that there is, one a run. Whatever comes, nothing may be done or told that EC2 did not
//! say.

mod document;
mod how;
mod journey;
mod legal;
mod transport;

use std::fmt;

pub use journey::{Goal, JOURNEYS, Journey, Prepared};
pub use transport::Spoiling;

/// One run that is spoiled: its journey and what is spoiled in it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its number among all.
    pub number: usize,
    /// Which journey, by its place in [`JOURNEYS`].
    pub journey: usize,
    /// What is spoiled.
    pub spoiling: Spoiling,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spoiling {
            action,
            nth,
            always,
            how,
        } = &self.spoiling;
        let often = if *always { "from then on" } else { "once" };
        write!(
            f,
            "spoiling {} ({}): {how:?} of {action} number {nth}, {often}",
            self.number, JOURNEYS[self.journey].name
        )
    }
}

/// Everything there is to try.
pub struct Spoilings {
    prepared: Vec<Prepared>,
    trials: Vec<Trial>,
}

impl fmt::Debug for Spoilings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spoilings")
            .field("trials", &self.trials.len())
            .finish_non_exhaustive()
    }
}

impl Spoilings {
    /// Runs every journey once, with whole answers, and finds what can be spoiled in it.
    pub fn find() -> Self {
        let prepared: Vec<Prepared> = JOURNEYS.iter().map(Prepared::new).collect();
        let spoilings = prepared.iter().enumerate().flat_map(|(journey, prepared)| {
            let spoilings = prepared.spoilings();
            spoilings.into_iter().map(move |spoiling| (journey, spoiling))
        });
        let trials = spoilings
            .enumerate()
            .map(|(number, (journey, spoiling))| Trial {
                number,
                journey,
                spoiling,
            })
            .collect();
        Self { prepared, trials }
    }

    /// All of them.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Runs one; what is wrong is the error.
    pub fn attempt(&self, trial: &Trial) -> Result<(), String> {
        self.prepared[trial.journey]
            .attempt(&trial.spoiling)
            .map_err(|why| format!("{trial}\n  {why}"))
    }
}
