//! What goes before what, what is gone for a while, and what a plan says about it: seen at the sandbox, call by call.

use trueup_tests::trial::Trial;

const PROTECTED: &str = "topology: t
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16}}
subnet: {a: {cidr_block: 10.0.1.0/24}}
instance: {x: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: a, disable_api_termination: true}}
";

#[test]
fn what_ec2_protects_from_termination_goes_only_with_a_consent_of_its_own() {
    let trial = Trial::of_the_seed();
    trial.write("t.yaml", PROTECTED);
    trial.see("apply --sandbox --auto-approve t.yaml");
    let refused = trial.see("destroy --sandbox --auto-approve --allow delete t.yaml");
    assert!(refused.contains("--allow unprotect:instance.x") && refused.ends_with("[exit 3]\n"), "{refused}");
    assert!(refused.contains("protection lifted: EC2 refuses to end it while `disable_api_termination` is on"), "{refused}");
    // To replace it is another consent.
    trial.write("t.yaml", PROTECTED.replace("10.0.1.0/24", "10.0.2.0/24"));
    let refused = trial.see("apply --sandbox --auto-approve --allow replace t.yaml");
    assert!(refused.contains("--allow unprotect:instance.x") && refused.ends_with("[exit 3]\n"), "{refused}");
    let replaced = trial.see("apply --sandbox --auto-approve --allow replace --allow unprotect:instance.x t.yaml");
    assert!(replaced.ends_with("[exit 0]\n"), "{replaced}");
    let destroyed = trial.see("destroy --sandbox --auto-approve --allow delete --allow unprotect t.yaml");
    assert!(destroyed.ends_with("[exit 0]\n"), "{destroyed}");
}

#[test]
fn a_tag_whose_line_was_taken_out_is_told_until_null_takes_it_away() {
    let trial = Trial::of_the_seed();
    let spec = "topology: t\nregion: us-west-2\ntags: {env: prod, team: network}\nvpc: {main: {cidr_block: 10.0.0.0/16}}\n";
    trial.write("t.yaml", spec);
    trial.see("apply --sandbox --auto-approve t.yaml");
    let silent = trial.see("plan --sandbox t.yaml");
    assert!(!silent.contains("note"), "{silent}");
    trial.write("t.yaml", spec.replace(", team: network", ""));
    let told = trial.see("plan --sandbox t.yaml");
    assert!(told.contains("tag `team` of vpc.main is no longer in the spec, and stays") && told.contains("Nothing to do"), "{told}");
    trial.write("t.yaml", spec.replace("team: network", "team: null"));
    trial.see("apply --sandbox --auto-approve t.yaml");
    trial.write("t.yaml", spec.replace(", team: network", ""));
    let silent = trial.see("plan --sandbox t.yaml");
    assert!(silent.contains("Nothing to do") && !silent.contains("note"), "{silent}");
}
