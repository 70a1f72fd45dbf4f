//! A few seeds of the simulation in each run of the tests; `cargo xtask simulate` runs many.

use trueup_tests::simulation::{Scenario, simulate};

#[test]
fn seeds_hold() {
    for seed in 0..8 {
        let scenario = Scenario::new(seed);
        let tally = simulate(&scenario, false).unwrap_or_else(|why| panic!("{scenario}: {why}"));
        assert!(
            tally.all_calls() >= 300 && tally.resources >= 20,
            "{scenario} is too small: {} calls",
            tally.all_calls()
        );
    }
}

/// Courses that failed once, each for a reason of its own. When what a seed draws changes, they are others,
/// and the list begins anew; a trouble that came later is kept away from them.
const REFUTED: [&str; 12] = [
    "--seed 36 --without sweeping",
    "--seed 145 --without sweeping",
    "--seed 1234 --without sweeping",
    "--seed 20141 --without sweeping",
    "--seed 20272 --without sweeping",
    "--seed 20328 --without sweeping",
    "--seed 20856 --without sweeping",
    "--seed 103926 --without sweeping",
    "--seed 106334 --without sweeping",
    "--seed 106860 --without sweeping",
    "--seed 9136635 --without sweeping",
    "--seed 1795588974862 --without sweeping",
];

#[test]
fn scenarios_that_failed_once_hold() {
    let all = || {
        for scenario in REFUTED {
            let scenario: Scenario = scenario.parse().expect("a scenario");
            simulate(&scenario, false).unwrap_or_else(|why| panic!("{scenario}: {why}"));
        }
    };
    // Without optimisation a long scenario takes more stack than the thread of a test has.
    let room = std::thread::Builder::new().stack_size(16 << 20);
    let run = room.spawn(all).expect("a thread");
    run.join().unwrap_or_else(|why| std::panic::resume_unwind(why));
}

#[test]
fn equal_seeds_have_equal_logs() {
    let log = |seed| simulate(&Scenario::new(seed), true).map(|tally| tally.log);
    assert_eq!(log(3), log(3));
}
