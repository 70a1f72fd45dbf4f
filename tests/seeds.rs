//! A few seeds of the simulation in each run of the tests; `cargo xtask simulate` runs many.

use trueup_tests::simulation::{Course, simulate};

#[test]
fn seeds_hold() {
    for seed in 0..8 {
        let course = Course::new(seed);
        let tally = simulate(&course, false).unwrap_or_else(|why| panic!("{course}: {why}"));
        assert!(tally.calls >= 300 && tally.resources >= 20, "{course} is too small: {} calls", tally.calls);
    }
}

#[test]
fn equal_seeds_have_equal_logs() {
    let log = |seed| simulate(&Course::new(seed), true).map(|tally| tally.log);
    assert_eq!(log(3), log(3));
}
