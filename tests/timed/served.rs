//! The sandbox as a server: who is let in, what does not end it, and what a disk that is full for a moment
//! leaves.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use trueup_tests::programs::Server;
use trueup_tests::trueup;

const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=a/20260101/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=0";

/// A server whose shell has run `before`, with these words behind `sandbox serve`.
fn serve(before: &str, words: &[&str]) -> Server {
    let mut command = Command::new("sh");
    let script = format!("{before} exec \"$0\" sandbox serve --region us-west-2 \"$@\"");
    command.args(["-c", &script]).arg(trueup()).args(words);
    Server::start("trueup sandbox serve", command)
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Asks a server, with these further headers.
fn ask(server: &Server, query: &str, headers: &[(&str, &str)]) -> String {
    let mut stream = connect(server);
    let body = format!("Action={query}&Version=2016-11-15");
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn ok(server: &Server, query: &str) -> String {
    let answer = ask(server, query, &[("Host", "localhost"), ("Authorization", SIGNED)]);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{query}: {answer}");
    answer
}

fn vpcs(server: &Server) -> usize {
    ok(server, "DescribeVpcs").matches("<vpcId>").count()
}

#[test]
fn only_signed_requests_for_this_machine_are_answered() {
    let server = serve("", &["--allow-host", "ec2.sandbox.internal"]);
    let code = |headers: &[(&str, &str)]| {
        let answer = ask(&server, "CreateVpc&CidrBlock=10.0.0.0/16", headers);
        answer
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"))
            .map(|(code, _)| code.to_owned())
    };
    let signed = ("Authorization", SIGNED);
    assert_eq!(
        code(&[("Host", "localhost")]).as_deref(),
        Some("MissingAuthenticationToken")
    );
    assert_eq!(
        code(&[("Host", "rebound.example"), signed]).as_deref(),
        Some("Forbidden")
    );
    assert_eq!(
        code(&[("Host", "localhost"), signed, ("Origin", "http://page.example")]).as_deref(),
        Some("Forbidden")
    );
    assert_eq!(vpcs(&server), 1, "only the default VPC is there");
    assert_eq!(code(&[("Host", "ec2.sandbox.internal"), signed]), None);
    assert_eq!(code(&[("Host", "[::1]:80"), signed]), None);
    assert_eq!(vpcs(&server), 3);
    let everywhere = Command::new(trueup())
        .args(["sandbox", "serve", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert_eq!(everywhere.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&everywhere.stderr).contains("--allow-host"),
        "{everywhere:?}"
    );
}

#[test]
fn a_server_outlives_its_descriptors_and_silent_connections() {
    let server = serve("ulimit -n 40;", &[]);
    let mut silent: Vec<TcpStream> = (0..60).map(|_| connect(&server)).collect();
    // Half a request keeps a place no longer than silence does.
    silent[0].write_all(b"POST / HTTP/1.1\r\nHost: loc").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    let mut byte = [0];
    let mut is_ended = |stream: &mut TcpStream| matches!(stream.read(&mut byte), Ok(0) | Err(_));
    let ended = silent
        .iter_mut()
        .take(20)
        .map(|stream| usize::from(is_ended(stream)))
        .sum::<usize>();
    assert_eq!(ended, 20, "silent connections are ended");
    assert!(
        began.elapsed() < Duration::from_secs(50),
        "after {:?}",
        began.elapsed()
    );
    drop(silent);
    assert_eq!(vpcs(&server), 1);
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_for_a_moment_leaves_what_was_answered_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let words = ["--state", state.to_str().unwrap()];
    // A file that may not grow any more is what a full disk looks like to the process.
    let server = serve("trap '' XFSZ; ulimit -f 100;", &words);
    let create = "CreateVpc&CidrBlock=10.0.0.0/16";
    let mut made = 1;
    let refused = loop {
        let answer = ask(
            &server,
            create,
            &[("Host", "localhost"), ("Authorization", SIGNED)],
        );
        if !answer.starts_with("HTTP/1.1 200 ") {
            break answer;
        }
        made += 1;
        assert!(made < 1000, "the file grows on");
    };
    assert!(
        refused.starts_with("HTTP/1.1 500 ") && refused.contains("could not be written down"),
        "{refused}"
    );
    assert_eq!(vpcs(&server), made, "what was refused is not there");
    // Something smaller still fits, behind what holds.
    ok(&server, "CreateKeyPair&KeyName=a&KeyType=ed25519");
    drop(server);
    let server = serve("", &words);
    assert_eq!(vpcs(&server), made, "what was answered is there");
    assert!(ok(&server, "DescribeKeyPairs").contains("<keyName>a</keyName>"));
    ok(&server, create);
}

#[cfg(unix)]
#[test]
fn the_state_is_its_owners_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let server = serve("umask 000;", &["--state", state.to_str().unwrap()]);
    ok(&server, "CreateVpc&CidrBlock=10.0.0.0/16");
    for path in [state.clone(), beside(&state, ".journal")] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_damaged_journal_is_told_with_its_line_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let words = ["--state", state.to_str().unwrap()];
    let server = serve("", &words);
    for n in 0..3 {
        ok(&server, &format!("CreateVpc&CidrBlock=10.{n}.0.0/16"));
    }
    drop(server);
    let journal = beside(&state, ".journal");
    let written = std::fs::read(&journal).unwrap();
    let opens = |bytes: &[u8]| {
        std::fs::write(&journal, bytes).unwrap();
        let mut command = Command::new(trueup());
        let spawned = command
            .args(["sandbox", "serve", "--listen", "127.0.0.1:0"])
            .args(words)
            .stdin(Stdio::null());
        let mut child = spawned
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        // It says where it listens, or why it does not.
        let listens = matches!(child.stdout.take().unwrap().read(&mut first), Ok(1));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        if listens {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    };
    let mut flipped = written.clone();
    let middle = written.len() / 2;
    flipped[middle] ^= 1;
    let line = written[..middle].iter().filter(|byte| **byte == b'\n').count() + 1;
    let told = opens(&flipped).unwrap_err();
    assert!(
        told.contains(&format!("damaged in line {line}")) && told.contains("start anew"),
        "{told}"
    );
    let told = opens(&vec![0; written.len()]).unwrap_err();
    assert!(told.contains("damaged in line 1"), "{told}");
    assert_eq!(
        opens(&written[..written.len() - 5]),
        Ok(()),
        "a last line that was torn was never answered"
    );
}
