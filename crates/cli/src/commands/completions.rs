//! `trueup completions`: completion scripts for shells.

use clap::CommandFactory;
use trueup_report::Clean;

use crate::args::{Args, Completions};
use crate::exit::Exit;
use crate::io::Io;

/// Prints the script for one shell.
pub fn run(args: &Completions, io: &mut Io<'_>) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "trueup", &mut script);
    io.stdout.write(&Clean::lines(&String::from_utf8_lossy(&script)));
    Exit::OK
}
