//! The programs that the interoperation tests run: the real `trueup`, the AWS CLI, Python, and servers of EC2
//! on loopback ports.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a server may take to say where it listens. moto loads for seconds; nothing passes sooner for this
/// being long.
const PATIENCE: Duration = Duration::from_secs(120);

/// The Python environment of the interoperation tests, and the real `trueup`.
#[derive(Clone, Debug)]
pub struct Programs {
    python: PathBuf,
    trueup: PathBuf,
}

impl Programs {
    /// The programs, or nothing where `cargo xtask test` does not run the tests: they are skipped then, but
    /// never in CI.
    ///
    /// # Panics
    /// In CI without them, and where the environment is there and `trueup` is not built.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    pub fn find() -> Option<Self> {
        let Some(python) = std::env::var_os("TRUEUP_PYTHON").map(PathBuf::from) else {
            assert!(
                std::env::var_os("CI").is_none_or(|ci| ci != "true"),
                "TRUEUP_PYTHON is not set: run `cargo xtask test`"
            );
            eprintln!("skipped: TRUEUP_PYTHON is not set; `cargo xtask test` sets it");
            return None;
        };
        Some(Self {
            python,
            trueup: crate::trueup(),
        })
    }

    /// A command with this program in `folder`, which reaches EC2 at `url` with made-up credentials and knows
    /// nothing of the user's own AWS settings.
    pub fn command(&self, program: impl AsRef<OsStr>, url: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        let old = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(std::iter::once(self.python.clone()).chain(std::env::split_paths(&old)));
        command
            .current_dir(folder)
            .env("PATH", path.unwrap_or_else(|error| panic!("{error}")))
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "us-west-2")
            .env("AWS_REGION", "us-west-2")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_PAGER", "")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// The real `trueup`.
    pub fn trueup(&self, url: &str, folder: &Path) -> Command {
        self.command(&self.trueup, url, folder)
    }

    /// A Python script of `tests/interop`.
    pub fn python(&self, script: &str, url: &str, folder: &Path) -> Command {
        let mut command = self.command(self.python.join("python"), url, folder);
        command.arg(interop(script));
        command
    }

    /// The embedded EC2, served by the real `trueup`.
    pub fn sandbox(&self) -> Server {
        let mut command = Command::new(&self.trueup);
        command.args([
            "sandbox",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--region",
            "us-west-2",
        ]);
        Server::start("trueup sandbox serve", command)
    }

    /// moto: another's simulated EC2, with the images that the specs name.
    pub fn moto(&self) -> Server {
        let mut command = Command::new(self.python.join("moto_server"));
        command.env("MOTO_AMIS_PATH", interop("moto-images.json"));
        command
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Server::start("moto_server", command)
    }
}

/// A file of `tests/interop`.
#[must_use]
pub fn interop(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(name)
}

/// A server of EC2 on a loopback port. It ends with this value.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it answers.
    pub url: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server that prints where it listens, on whichever stream.
    ///
    /// # Panics
    /// Where it does not.
    pub fn start(name: &str, mut command: Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let (found, address) = mpsc::channel();
        let log = Arc::new(Mutex::new(String::new()));
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let (found, log) = (found.clone(), Arc::clone(&log));
            // Read to the end: a server whose log is not read stands still.
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
                        let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                        let _ = found.send(format!("http://127.0.0.1:{port}"));
                    }
                    let _ = writeln!(log.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
                }
            });
        }
        drop(found);
        let mut server = Self {
            child,
            url: String::new(),
            log,
        };
        match address.recv_timeout(PATIENCE) {
            Ok(url) => server.url = url,
            Err(error) => panic!(
                "{name} does not say where it listens ({error}):\n{}",
                server.log()
            ),
        }
        server
    }

    /// What it printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command printed on standard output; it must end with this exit code.
///
/// # Panics
/// Where it cannot be started or ends otherwise, with all that it said.
pub fn output(command: &mut Command, code: i32) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout).into_owned(),
        String::from_utf8_lossy(&stderr),
    );
    assert_eq!(
        status.code(),
        Some(code),
        "{:?} {:?}\n{stdout}\n{stderr}",
        command.get_program(),
        command.get_args()
    );
    stdout
}
