//! What befalls a run, drawn from the seed.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

use super::scenario::{Scenario, Trouble};

/// Draws. What is drawn does not depend on the troubles of a scenario: with less of them it is the same
/// scenario with less trouble.
pub struct Luck<'a> {
    scenario: &'a Scenario,
    /// The number of the edit.
    round: usize,
    rng: Rng,
    /// Draws what was not drawn at first: seeds that failed once stay what they are.
    added: Rng,
    /// Draws what came later still.
    sweeping: Rng,
}

/// What befalls one process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fate {
    /// It starts so much later.
    pub late: Duration,
    /// The user wants no more after so long.
    pub stops: Option<Duration>,
    /// It dies after so long.
    pub dies: Option<Duration>,
    /// Its steps go one after the other, in an order that this draws.
    pub barrier: Option<usize>,
}

impl<'a> Luck<'a> {
    /// The luck of a scenario.
    pub fn new(scenario: &'a Scenario) -> Self {
        let rng = |word: u64| Rng::with_seed(scenario.seed ^ word);
        Self {
            scenario,
            round: 0,
            rng: rng(0x7369_6d75),
            added: rng(0x6164_6465),
            sweeping: rng(0x7377_6565),
        }
    }

    /// The next edit.
    pub fn next_round(&mut self) {
        self.round += 1;
    }

    /// Whether there may be this trouble now.
    pub fn may_have(&self, trouble: Trouble) -> bool {
        self.scenario.has(trouble, self.round)
    }

    /// Whether there is this trouble now.
    pub fn has(&mut self, trouble: Trouble, one_in: usize) -> bool {
        self.one_in(one_in) && self.may_have(trouble)
    }

    /// Whether there are no faults this time, one in so many.
    pub fn spares_faults(&mut self, one_in: usize) -> bool {
        self.added.usize(0..one_in) == 0
    }

    /// The luck of somebody who sweeps away what others make: one in so many times there is somebody.
    pub fn sweeping(&mut self, one_in: usize) -> Option<Rng> {
        let hand = self.sweeping.fork();
        (self.sweeping.usize(0..one_in) == 0 && self.may_have(Trouble::Sweeping)).then_some(hand)
    }

    /// Whether something happens that is no trouble.
    pub fn one_in(&mut self, one_in: usize) -> bool {
        self.rng.usize(0..one_in) == 0
    }

    /// A small number.
    pub fn few(&mut self) -> u32 {
        self.rng.u32(0..6)
    }

    /// What befalls the next process; the first of several is never late.
    pub fn fate(&mut self, first: bool) -> Fate {
        let (late, stops, dies) = (self.moment(), self.moment(), self.moment());
        Fate {
            late: if first { Duration::ZERO } else { late },
            stops: self.has(Trouble::Stop, 4).then_some(stops),
            dies: self.has(Trouble::Death, 3).then_some(dies),
            barrier: self.barrier(),
        }
    }

    /// An order in which nothing befalls the next process.
    pub fn order(&mut self) -> Fate {
        Fate {
            barrier: self.barrier(),
            ..Fate::default()
        }
    }

    fn barrier(&mut self) -> Option<usize> {
        let draw = self.rng.usize(..);
        self.one_in(3).then_some(draw)
    }

    /// A while: from hundredths of a second to minutes.
    pub fn moment(&mut self) -> Duration {
        moment(&mut self.rng, -2.0..2.5)
    }

    /// The luck of somebody else.
    pub fn fork(&mut self) -> Rng {
        self.rng.fork()
    }
}

/// A while, drawn from these powers of ten, in seconds: short ones are as likely as long ones.
pub fn moment(rng: &mut Rng, powers: Range<f64>) -> Duration {
    Duration::from_secs_f64(10_f64.powf(rng.f64() * (powers.end - powers.start) + powers.start))
}
