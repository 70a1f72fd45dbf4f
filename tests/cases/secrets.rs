//! What a spec may read, what is shown of it, and whose word a teardown needs.

use std::os::unix::fs::{PermissionsExt, symlink};

use trueup_tests::trial::Trial;

/// A network with an instance that runs this at its first boot.
fn spec(user_data: &str) -> String {
    format!(
        "topology: t\nregion: us-west-2\nvpc: {{main: {{cidr_block: 10.0.0.0/16}}}}\nsubnet: {{a: {{cidr_block: 10.0.1.0/24}}}}\ninstance:\n  x:\n    \
         image: ami-003634241a8fcdec0\n    instance_type: t3.micro\n    subnet: a\n    {user_data}\n"
    )
}

/// A folder with this spec, of which `user_data` was applied before.
fn trial(before: Option<&str>, now: &str) -> Trial {
    let trial = Trial::of_the_seed();
    if let Some(before) = before {
        trial.write("t.yaml", spec(before));
        let applied = trial.see("apply --sandbox --auto-approve t.yaml");
        assert!(applied.ends_with("[exit 0]\n"), "{applied}");
    }
    trial.write("t.yaml", spec(now));
    trial
}

#[test]
fn user_data_is_never_printed_into_a_pipe() {
    let trial = trial(
        Some("user_data: \"echo PASSWORD=old\""),
        "user_data: \"echo PASSWORD=new\"",
    );
    for words in [
        "plan",
        "plan --show-user-data",
        "plan --format json",
        "plan --format markdown",
        "drift",
        "drift --show-user-data",
    ] {
        let seen = trial.see(&format!("{words} --sandbox t.yaml"));
        assert!(!seen.contains("PASSWORD") && seen.contains("sha256"), "{seen}");
        let told = seen.contains("1 line removed, 1 line added") || seen.contains("\"added\": 1");
        assert!(told, "{seen}");
        let asked = words.contains("--show-user-data");
        assert_eq!(
            seen.contains("User data is not shown: standard output is no terminal"),
            asked,
            "{seen}"
        );
    }
    let seen = trial.see("apply --sandbox --auto-approve --show-user-data --allow stop t.yaml");
    assert!(
        !seen.contains("PASSWORD") && seen.ends_with("[exit 0]\n"),
        "{seen}"
    );
}

#[test]
fn a_spec_names_no_file_outside_of_its_repository() {
    let trial = trial(
        Some("user_data: \"echo one\""),
        "user_data_file: /proc/self/environ",
    );
    for words in [
        "validate",
        "plan --sandbox",
        "drift --sandbox",
        "apply --sandbox --auto-approve",
        "reach",
        "graph",
    ] {
        let seen = trial.see(&format!("{words} t.yaml"));
        assert!(
            seen.contains("t.yaml:10:21") && seen.contains("--allow-files-outside DIR"),
            "{seen}"
        );
        assert!(
            !seen.contains("AWS_ACCESS_KEY_ID") && seen.ends_with("[exit 1]\n"),
            "{seen}"
        );
    }
    let allowed = trial.see("validate --allow-files-outside /proc t.yaml");
    assert!(allowed.contains("is not an ordinary file"), "{allowed}");
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("boot.sh"), "echo two").unwrap();
    symlink(
        elsewhere.path().join("boot.sh"),
        trial.folder.path().join("boot.sh"),
    )
    .unwrap();
    trial.write("t.yaml", spec("user_data_file: boot.sh"));
    let seen = trial.see("validate t.yaml");
    assert!(
        seen.contains("outside of FOLDER") && seen.ends_with("[exit 1]\n"),
        "{seen}"
    );
    let words = format!(
        "validate --allow-files-outside {} t.yaml",
        elsewhere.path().display()
    );
    assert!(trial.see(&words).ends_with("[exit 0]\n"));
}

#[test]
fn a_key_file_is_looked_at_before_anything_is_done() {
    let trial = Trial::of_the_seed();
    trial.see("apply --sandbox --auto-approve seed.yaml");
    let key = trial.folder.path().join("bastion-key.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    for words in ["validate", "plan --sandbox"] {
        let seen = trial.see(&format!("{words} seed.yaml"));
        assert!(
            seen.contains("its mode is 0644") && seen.contains("chmod 600 bastion-key.pem"),
            "{seen}"
        );
        assert!(
            seen.contains("seed.yaml:45:") && seen.ends_with("[exit 0]\n"),
            "{seen}"
        );
    }
    let fresh = Trial::of_the_seed();
    symlink("nothing", fresh.folder.path().join("bastion-key.pem")).unwrap();
    let seen = fresh.see("apply --sandbox --auto-approve seed.yaml");
    assert!(
        seen.contains("bastion-key.pem is a link to nothing, which is not there")
            && seen.ends_with("[exit 1]\n"),
        "{seen}"
    );
    assert!(
        !fresh.folder.path().join(".trueup").exists(),
        "something was done all the same"
    );
}

#[test]
fn a_teardown_needs_the_consents_of_an_apply() {
    let trial = trial(Some("user_data: \"echo one\""), "user_data: \"echo one\"");
    let refused = trial.see("destroy --sandbox --auto-approve t.yaml");
    assert!(
        refused.contains("--allow delete:instance.x") && refused.ends_with("[exit 3]\n"),
        "{refused}"
    );
    let part = trial.see("destroy --sandbox --auto-approve --allow delete:instance.x t.yaml");
    assert!(
        part.contains("--allow delete:vpc.main") && part.ends_with("[exit 3]\n"),
        "{part}"
    );
    for words in [
        "destroy --auto-approve --allow delete --max-deletes 1",
        "plan --destroy --max-deletes 1",
    ] {
        let few = trial.see(&format!("{words} --sandbox t.yaml"));
        assert!(
            few.contains("REFUSED t (max_deletes)") && few.ends_with("[exit 3]\n"),
            "{few}"
        );
    }
    let planned = trial.see("plan --destroy --sandbox t.yaml");
    assert!(
        planned.contains("Teardown: ") && planned.contains("3 to delete") && planned.ends_with("[exit 0]\n"),
        "{planned}"
    );
    let fingerprint = planned
        .lines()
        .find_map(|line| line.strip_prefix("Fingerprint: "))
        .unwrap();
    let comment = trial.see("plan --destroy --format markdown --sandbox t.yaml");
    assert!(
        comment.contains(&format!("trueup destroy t.yaml --expect {fingerprint}"))
            && comment.contains("TEARDOWN, deletes 3 resources"),
        "{comment}"
    );
    assert!(
        trial
            .see("plan --destroy --format json --sandbox t.yaml")
            .contains("\"teardown\": true")
    );
    // What was approved is the teardown, and not the change that an apply would make.
    let apply = trial.see(&format!("apply --sandbox --expect {fingerprint} t.yaml"));
    assert!(apply.ends_with("[exit 3]\n"), "{apply}");
    let done = trial.see(&format!("destroy --sandbox --expect {fingerprint} t.yaml"));
    assert!(
        done.contains("Done: 3 deleted") && done.ends_with("[exit 0]\n"),
        "{done}"
    );
    let again = trial.see(&format!("destroy --sandbox --expect {fingerprint} t.yaml"));
    assert!(again.ends_with("[exit 3]\n"), "{again}");
}
