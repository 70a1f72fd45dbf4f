//! Some spoilings in every run of the tests; `cargo xtask spoil` tries the others.

use trueup_tests::spoiling::Spoilings;

#[test]
fn nothing_is_done_or_told_that_ec2_did_not_say() {
    let spoilings = Spoilings::find();
    let all = spoilings.trials();
    // One of each hundred, and no two runs of the tests alike would be no help to whoever looks for a
    // failure.
    let wrong: Vec<String> = all
        .iter()
        .step_by(101)
        .filter_map(|trial| spoilings.attempt(trial).err())
        .collect();
    assert!(
        all.len() > 10_000 && wrong.is_empty(),
        "{} of {}: {}",
        wrong.len(),
        all.len(),
        wrong.join("\n")
    );
}
