//! The real `trueup` in a folder of its own, and what may stand in EC2's place: a sandbox, a proxy that
//! refuses, a port where nobody answers.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::programs::Server;
use crate::trueup;

/// A folder with the example specs, where `trueup` is run.
pub struct Trial {
    /// The folder.
    pub folder: tempfile::TempDir,
}

impl Trial {
    /// A folder with the seed.
    pub fn of_the_seed() -> Self {
        let trial = Self {
            folder: tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}")),
        };
        trial.write("seed.yaml", include_str!("../../specs/gateway-endpoint.yaml"));
        trial
    }

    /// Writes a file.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Writes the seed with one piece of text in another's place.
    pub fn edit(&self, from: &str, to: &str) {
        let seed = include_str!("../../specs/gateway-endpoint.yaml");
        assert!(seed.contains(from), "`{from}` is not in the seed");
        self.write("seed.yaml", seed.replace(from, to));
    }

    /// `trueup` with these words, with made-up credentials and without the user's own settings.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(trueup());
        command
            .env_clear()
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .args(words.split_whitespace())
            .envs([
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("AWS_CONFIG_FILE", "/dev/null"),
                ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ]);
        command
    }

    /// What a user sees of a command: standard output, standard error and the exit code, with paths and ports
    /// made equal.
    pub fn see(&self, words: &str) -> String {
        self.seen(words, &mut self.command(words))
    }

    /// What a user sees of a prepared command.
    pub fn seen(&self, words: &str, command: &mut Command) -> String {
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut text = format!("$ trueup {words}\n");
        text.push_str(&String::from_utf8_lossy(&output.stdout));
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        let ended = output
            .status
            .code()
            .map_or_else(|| output.status.to_string(), |code| format!("exit {code}"));
        let _ = writeln!(text, "[{ended}]");
        ports_hidden(&text.replace(&self.folder.path().display().to_string(), "FOLDER"))
    }
}

/// The text without the numbers of ports, which are others in each run.
fn ports_hidden(text: &str) -> String {
    const HOST: &str = "127.0.0.1:";
    let mut parts = text.split(HOST);
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        hidden.push_str(HOST);
        hidden.push_str("PORT");
        hidden.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    hidden
}

/// A sandbox in another process.
pub struct Sandbox {
    /// `127.0.0.1:PORT`.
    pub address: String,
    _server: Server,
}

impl Sandbox {
    /// Serves a sandbox whose state is in a file of the folder.
    pub fn serve(folder: &Path) -> Self {
        let mut command = Command::new(trueup());
        command.args([
            "sandbox",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--region",
            "us-west-2",
            "--state",
            "state.json",
        ]);
        command.current_dir(folder);
        let server = Server::start("trueup sandbox serve", command);
        Self {
            address: server.url.trim_start_matches("http://").to_owned(),
            _server: server,
        }
    }

    /// Sends a call of somebody else; answers the XML.
    pub fn call(&self, query: &str) -> String {
        let body = format!("Action={query}&Version=2016-11-15");
        let signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=0";
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nAuthorization: {signed}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        String::from_utf8_lossy(&forward(&self.address, request.as_bytes())).into_owned()
    }
}

/// Runs a command of the AWS CLI that a message or a page proposes: `aws ec2 create-tags`, sent as the CLI
/// sends it.
///
/// # Panics
/// Where the command is another, or is refused.
pub fn create_tags(sandbox: &Sandbox, command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(words[..3], ["aws", "ec2", "create-tags"], "{command}");
    let values = |option: &str| {
        let rest = words.iter().skip_while(|word| **word != option).skip(1);
        rest.take_while(|word| !word.starts_with("--"))
            .copied()
            .collect::<Vec<_>>()
    };
    let mut query = "CreateTags".to_owned();
    for (number, id) in (1..).zip(values("--resources")) {
        query += &format!("&ResourceId.{number}={id}");
    }
    for (number, tag) in (1..).zip(values("--tags")) {
        let (key, value) = tag
            .strip_prefix("Key=")
            .and_then(|tag| tag.split_once(",Value="))
            .unwrap_or_else(|| panic!("{tag}"));
        query += &format!("&Tag.{number}.Key={key}&Tag.{number}.Value={value}");
    }
    let answer = sandbox.call(&query);
    assert!(answer.contains("<return>true</return>"), "{query}: {answer}");
}

/// Sends a whole request and reads the answer to its end.
fn forward(address: &str, request: &[u8]) -> Vec<u8> {
    let mut upstream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    upstream
        .write_all(request)
        .unwrap_or_else(|error| panic!("{address}: {error}"));
    let mut answer = Vec::new();
    upstream
        .read_to_end(&mut answer)
        .unwrap_or_else(|error| panic!("{address}: {error}"));
    answer
}

/// Stands between `trueup` and a sandbox: what `refuse` has an error for (a status, a code, a message) is
/// refused, and all else is passed on. Answers where it listens; it ends with the test.
pub fn proxy(
    sandbox: &str,
    refuse: impl Fn(&str) -> Option<(u16, &'static str, &'static str)> + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
    let sandbox = sandbox.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let Some((head, body)) = request(&stream) else {
                continue;
            };
            let answer = match refuse(&body) {
                Some(error) => refusal(error, body.contains("Action=GetCallerIdentity")).into_bytes(),
                None => forward(
                    &sandbox,
                    format!("{head}Connection: close\r\n\r\n{body}").as_bytes(),
                ),
            };
            // Who asked may be gone.
            let _ = (&stream).write_all(&answer);
        }
    });
    format!("http://{address}")
}

/// An endpoint that refuses everything in one way and remembers what it was asked; it ends with the test.
pub struct Listener {
    /// Where it listens.
    pub url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    /// Refuses with a status, a code and a message.
    pub fn refusing(error: (u16, &'static str, &'static str)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some((head, body)) = request(&stream) else {
                    continue;
                };
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(head);
                // Who asked may be gone.
                let _ =
                    (&stream).write_all(refusal(error, body.contains("Action=GetCallerIdentity")).as_bytes());
            }
        });
        Self {
            url: format!("http://{address}"),
            heads,
        }
    }

    /// The heads of all requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A request's head, without its last line and what it says of the connection, and its body.
fn request(stream: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        match line.trim_end() {
            "" => break,
            _ if lower.starts_with("connection:") => {}
            _ => head.push_str(&line),
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}

/// An error as EC2 writes it, or as STS does.
fn refusal((status, code, message): (u16, &str, &str), of_sts: bool) -> String {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let body = if of_sts {
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">{error}<RequestId>0</RequestId></ErrorResponse>"
        )
    } else {
        format!("<Response><Errors>{error}</Errors><RequestID>0</RequestID></Response>")
    };
    format!(
        "HTTP/1.1 {status} Refused\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A port where connections are accepted and never answered, for as long as the listener lives.
pub fn silence() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
    (listener, format!("http://{address}"))
}
