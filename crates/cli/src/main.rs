//! The program `trueup`: gives the command its streams.

use std::io::{BufReader, IsTerminal, Write, stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::process::ExitCode;

use terminal_size::{Width, terminal_size_of};
use trueup_cli::{Io, Stream};

/// A plan makes and drops small texts by the million, and the system's allocator gets slower the more of them
/// there are.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (mut out, mut err) = (stdout(), stderr());
    let width =
        |stream: &dyn AsFd| terminal_size_of(stream.as_fd()).map(|(Width(columns), _)| usize::from(columns));
    let (out_is_terminal, out_width) = (out.is_terminal(), width(&out));
    let (err_is_terminal, err_width) = (err.is_terminal(), width(&err));
    let mut io = Io {
        stdout: Stream::new(&mut out, out_is_terminal, out_width),
        stderr: Stream::new(&mut err, err_is_terminal, err_width),
        // Where nobody listens, the reading goes on.
        waiting: |text| drop(writeln!(stderr(), "{text}")),
        stdin: || Box::new(BufReader::new(stdin())),
        stdin_is_terminal: stdin().is_terminal(),
    };
    trueup_cli::run(std::env::args_os(), &mut io).into()
}
