//! The real `trueup` is killed on the way, again and again, and the next one goes on from what is there.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use trueup_tests::programs::{Server, output};
use trueup_tests::trueup;

const SPEC: &str = include_str!("../../specs/gateway-endpoint.yaml");

/// A run that is not killed takes longer than this many times the pause between two kills.
const KILLS: u32 = 12;
const BETWEEN: Duration = Duration::from_millis(70);

/// Longer than any pause between two calls of a run that is not in trouble.
const AWAY: Duration = Duration::from_secs(5);

fn command(url: &str, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(trueup());
    command
        .env_clear()
        .current_dir(folder)
        .stdin(Stdio::null())
        .args(words)
        .args(["spec.yaml", "--endpoint-url", url]);
    command.envs([
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]);
    command
}

fn serve() -> Server {
    serve_at("127.0.0.1:0", &[])
}

fn serve_at(address: &str, words: &[&str]) -> Server {
    let mut command = Command::new(trueup());
    command
        .args(["sandbox", "serve", "--region", "us-west-2", "--listen", address])
        .args(words);
    Server::start("trueup sandbox serve", command)
}

/// Starts the command so often, and kills it each time a little later. How often it was still running.
fn kill_again_and_again(url: &str, folder: &Path, words: &[&str]) -> u32 {
    let mut killed = 0;
    for number in 0..KILLS {
        let mut child = command(url, folder, words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(BETWEEN * number);
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    killed
}

#[test]
fn a_killed_apply_and_a_killed_destroy_are_finished_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spec.yaml"), SPEC).unwrap();
    let server = serve();
    let again = |words: &[&str], code| output(&mut command(&server.url, folder.path(), words), code);
    assert!(
        kill_again_and_again(&server.url, folder.path(), &["apply", "--auto-approve"]) >= 3,
        "the runs end before they are killed"
    );
    again(&["apply", "--auto-approve", "--allow", "replace"], 0);
    again(&["plan", "--detailed-exitcode"], 0);
    let shown: serde_json::Value = serde_json::from_str(&again(&["show", "--format", "json"], 0)).unwrap();
    let mut ids: Vec<&str> = shown["resources"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|resource| resource["id"].as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 13, "{shown}");
    kill_again_and_again(
        &server.url,
        folder.path(),
        &["destroy", "--auto-approve", "--allow", "delete"],
    );
    again(&["destroy", "--auto-approve", "--allow", "delete"], 0);
    let left = again(&["show", "--format", "json"], 0);
    let left: serde_json::Value = serde_json::from_str(&left).unwrap();
    assert!(
        left["resources"]
            .as_array()
            .unwrap()
            .iter()
            .all(|resource| resource["id"].is_null()),
        "{left}"
    );
}

#[test]
fn a_network_that_is_away_for_a_moment_is_waited_for_but_not_one_that_never_was_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spec.yaml"), SPEC).unwrap();
    let state = folder.path().join("state.json");
    let kept = ["--state", state.to_str().unwrap()];
    let server = serve_at("127.0.0.1:0", &kept);
    let url = server.url.clone();
    let mut child = command(&url, folder.path(), &["apply", "--auto-approve"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(lines.any(|line| line.contains("vpc.main")), "no step begins");
    drop(server);
    std::thread::sleep(AWAY);
    assert!(child.try_wait().unwrap().is_none(), "it does not wait");
    let _server = serve_at(url.trim_start_matches("http://"), &kept);
    let told: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{told:#?}");
    output(
        &mut command(&url, folder.path(), &["plan", "--detailed-exitcode"]),
        0,
    );
}
