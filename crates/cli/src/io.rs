//! The streams of the process, and when to use colour on them.

use std::io::{self, BufRead, Write};

use trueup_report::{Clean, Style, text};

use crate::args::Color;

/// What a command reads from and writes to.
pub struct Io<'a> {
    /// Carries what one would pipe.
    pub stdout: Stream<'a>,
    /// Carries progress and diagnostics.
    pub stderr: Stream<'a>,
    /// Hears, while a command reads, what it waits for: a line for standard error.
    pub waiting: fn(&str),
    /// Opens standard input: for a spec from there, and for the answer to a question.
    pub stdin: fn() -> Box<dyn BufRead + Send>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
}

impl std::fmt::Debug for Io<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Io")
            .field("stdin_is_terminal", &self.stdin_is_terminal)
            .finish_non_exhaustive()
    }
}

impl Io<'_> {
    /// Runs `command` with streams that keep what is said, and passes it on where `passes` says so.
    pub async fn held<T>(
        &mut self,
        command: impl AsyncFnOnce(&mut Io<'_>) -> T,
        passes: impl FnOnce(&T) -> bool,
    ) -> T {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let result = {
            let mut held = Io {
                stdout: self.stdout.like(&mut out),
                stderr: self.stderr.like(&mut err),
                waiting: self.waiting,
                stdin: self.stdin,
                stdin_is_terminal: self.stdin_is_terminal,
            };
            command(&mut held).await
        };
        if passes(&result) {
            // Clean already: it was written to streams.
            self.stderr.put(&err);
            self.stdout.put(&out);
        }
        result
    }
}

/// One stream that is written to.
pub struct Stream<'a> {
    writer: &'a mut dyn Write,
    /// Whether a person looks at it.
    pub is_terminal: bool,
    /// Whether to use colour on it.
    pub color: bool,
    /// How many columns it has, where it is a terminal.
    pub width: Option<usize>,
    /// Whether texts that may hold secrets may be shown on it.
    pub secrets: bool,
    /// The first failure to write that was more than a closed pipe.
    failure: Option<io::Error>,
    closed: bool,
}

impl<'a> Stream<'a> {
    /// A stream over `writer`, without colour.
    pub fn new(writer: &'a mut dyn Write, is_terminal: bool, width: Option<usize>) -> Self {
        Self {
            writer,
            is_terminal,
            color: false,
            width,
            secrets: false,
            failure: None,
            closed: false,
        }
    }

    /// A stream that looks the same and keeps what is written in a buffer.
    fn like<'b>(&self, buffer: &'b mut Vec<u8>) -> Stream<'b> {
        Stream {
            color: self.color,
            secrets: self.secrets,
            ..Stream::new(buffer, self.is_terminal, self.width)
        }
    }

    /// Writes `text` and passes it on at once. Where nobody listens any more, that is their affair: the work
    /// goes on and the exit code stays the right one. Any other failure is kept for the end of the command.
    pub fn write(&mut self, text: &Clean) {
        self.put(text.as_bytes());
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.closed || bytes.is_empty() {
            return;
        }
        if let Err(error) = self.writer.write_all(bytes).and_then(|()| self.writer.flush()) {
            self.closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.failure = Some(error);
            }
        }
    }

    /// Writes any text as one line, which a narrow terminal gets as several.
    pub fn line(&mut self, text: &str) {
        self.report(|out, style| text::note(out, text, style));
    }

    /// Writes what `report` makes in this stream's style.
    pub fn report(&mut self, report: impl FnOnce(&mut Clean, Style) -> std::fmt::Result) {
        let mut text = Clean::default();
        // Writing into a text does not fail.
        let _ = report(&mut text, self.style());
        self.write(&text);
    }

    /// What the stream can show.
    pub fn style(&self) -> Style {
        Style {
            color: self.color,
            width: self.width,
            secrets: self.secrets,
        }
    }

    /// Why something that was written is lost, if it is; a closed pipe is no reason.
    pub fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

/// Whether to use colour: what `--color` says, then `NO_COLOR`, then `CLICOLOR_FORCE`, then what the stream
/// is.
pub fn colored(choice: Color, is_terminal: bool, env: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto if env("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") => true,
        Color::Auto => is_terminal && env("TERM").is_none_or(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_decided_by_option_then_environment_then_stream() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            }
        };
        assert!(colored(Color::Auto, true, &env(&[])));
        assert!(!colored(Color::Auto, false, &env(&[])));
        assert!(!colored(Color::Auto, true, &env(&[("NO_COLOR", "1")])));
        assert!(colored(Color::Auto, true, &env(&[("NO_COLOR", "")])));
        assert!(colored(Color::Auto, false, &env(&[("CLICOLOR_FORCE", "1")])));
        assert!(!colored(
            Color::Auto,
            false,
            &env(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")])
        ));
        assert!(!colored(Color::Auto, true, &env(&[("TERM", "dumb")])));
        assert!(colored(Color::Always, false, &env(&[("NO_COLOR", "1")])));
        assert!(!colored(Color::Never, true, &env(&[("CLICOLOR_FORCE", "1")])));
    }

    /// A pipe whose reader went away after the first line.
    struct Gone(Vec<u8>, io::ErrorKind);

    impl Write for Gone {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.0.is_empty() {
                return Err(self.1.into());
            }
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_quiet_and_a_full_disk_is_not() {
        for (kind, fails) in [
            (io::ErrorKind::BrokenPipe, false),
            (io::ErrorKind::StorageFull, true),
        ] {
            let mut writer = Gone(Vec::new(), kind);
            let mut stream = Stream::new(&mut writer, false, None);
            stream.line("one");
            stream.line("two");
            stream.line("three");
            assert_eq!(stream.take_failure().is_some(), fails);
            assert_eq!(writer.0, b"one\n");
        }
    }
}
