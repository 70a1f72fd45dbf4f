//! A few seeds of the simulation in each run of the tests; `cargo xtask simulate` runs many.

use trueup_tests::simulation::{Course, simulate};

#[test]
fn seeds_hold() {
    for seed in 0..8 {
        let course = Course::new(seed);
        let tally = simulate(&course, false).unwrap_or_else(|why| panic!("{course}: {why}"));
        assert!(tally.all_calls() >= 300 && tally.resources >= 20, "{course} is too small: {} calls", tally.all_calls());
    }
}

/// Seeds that failed once, each for a reason of its own. When what a seed draws changes, they are others, and the list begins anew.
const REFUTED: [u64; 12] = [36, 145, 1234, 20_141, 20_272, 20_328, 20_856, 103_926, 106_334, 106_860, 9_136_635, 1_795_588_974_862];

#[test]
fn seeds_that_failed_once_hold() {
    for seed in REFUTED {
        let course = Course::new(seed);
        simulate(&course, false).unwrap_or_else(|why| panic!("{course}: {why}"));
    }
}

#[test]
fn equal_seeds_have_equal_logs() {
    let log = |seed| simulate(&Course::new(seed), true).map(|tally| tally.log);
    assert_eq!(log(3), log(3));
}
