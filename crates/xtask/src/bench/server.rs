//! The stand-ins for EC2 that measurements run against, each in a process of its own on a free port.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Failure, root, target};

/// A stand-in for EC2. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Where it answers.
    pub url: String,
}

impl Server {
    /// Our sandbox, empty.
    pub fn sandbox(trueup: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(trueup);
        Self::start(
            command
                .args(["sandbox", "serve", "--listen", "127.0.0.1:0"])
                .stderr(Stdio::null())
                .stdout(Stdio::piped()),
        )
    }

    /// moto, with nothing but the images that the specs name.
    pub fn moto(program: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.env("MOTO_AMIS_PATH", root().join("tests/interop/moto-images.json"));
        Self::start(
            command
                .args(["-H", "127.0.0.1", "-p", "0"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped()),
        )
    }

    /// Starts a server that names its address in one of its first lines.
    fn start(command: &mut Command) -> Result<Self, Failure> {
        let shown = command.get_program().to_string_lossy().into_owned();
        let mut process = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| Failure::new(format!("{shown} does not start: {error}")))?;
        let output: Option<Box<dyn Read + Send>> = match (process.stdout.take(), process.stderr.take()) {
            (Some(output), _) => Some(Box::new(output)),
            (None, Some(errors)) => Some(Box::new(errors)),
            (None, None) => None,
        };
        let mut lines = output
            .map(|output| BufReader::new(output).lines())
            .into_iter()
            .flatten();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| address(&line));
        // What is never read would stop it once the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self {
            process,
            url: url.unwrap_or_default(),
        };
        if server.url.is_empty() {
            Err(Failure::new(format!("{shown} ended before it listened")))
        } else {
            Ok(server)
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to do.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The address in a line such as `listening on http://127.0.0.1:4566`.
fn address(line: &str) -> Option<String> {
    let start = line.find("http://127.0.0.1:")?;
    line[start..].split_whitespace().next().map(str::to_owned)
}

/// The program that serves moto: in the environment of the interoperation tests, if there is one.
pub fn moto_program() -> Option<PathBuf> {
    let folder = std::env::var_os("TRUEUP_PYTHON").map_or_else(|| target().join("python/bin"), PathBuf::from);
    Some(folder.join("moto_server")).filter(|program| program.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_what_each_server_says() {
        assert_eq!(
            address("listening on http://127.0.0.1:4566").as_deref(),
            Some("http://127.0.0.1:4566")
        );
        assert_eq!(
            address(" * Running on http://127.0.0.1:5000").as_deref(),
            Some("http://127.0.0.1:5000")
        );
        assert_eq!(address("WARNING: do not use it in production"), None);
    }
}
