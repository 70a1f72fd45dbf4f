//! The command: arguments, files, exit codes. Everything that it says goes through the streams that it is
//! given.

pub mod args;
mod commands;
mod consent;
mod error;
mod exit;
mod io;
mod keys;
mod print;
mod session;
mod signals;
mod source;
mod spec_dir;

use std::ffi::OsString;

use args::{Args, Color, Command};
use error::Error;
use trueup_report::Clean;

pub use exit::{Exit, Signal};
pub use io::{Io, Stream};
pub use keys::WithKeys;
pub use session::transport;
pub use spec_dir::SpecDir;

/// Runs the command line `line`, whose first word is the program's name.
pub fn run(line: impl IntoIterator<Item = OsString>, io: &mut Io<'_>) -> Exit {
    let line: Vec<OsString> = line.into_iter().collect();
    let env = |name: &str| std::env::var(name).ok();
    let set_color = |io: &mut Io<'_>, choice: Color| {
        io.stdout.color = io::colored(choice, io.stdout.is_terminal, &env);
        io.stderr.color = io::colored(choice, io.stderr.is_terminal, &env);
    };
    set_color(io, color_of(&line));
    let exit = match Args::read(&line) {
        Ok(args) => {
            set_color(io, args.global.color);
            dispatch(&args, io)
                .unwrap_or_else(|error| print::failed(io, None, &error, args.command.wants_json()))
        }
        Err(error) => usage(&error, io),
    };
    finish(exit, io)
}

/// Runs one command.
fn dispatch(args: &Args, io: &mut Io<'_>) -> Result<Exit, Error> {
    let global = &args.global;
    match &args.command {
        Command::Validate(args) => Ok(commands::validate::run(args, global, io)),
        Command::Plan(args) => block_on(commands::plan::run(args, global, io)),
        Command::Apply(args) => block_on(commands::apply::run(args, global, io)),
        Command::Drift(args) => block_on(async { Ok(commands::drift::run(args, global, io).await) }),
        Command::Destroy(args) => block_on(commands::destroy::run(args, global, io)),
        Command::Show(args) => block_on(commands::show::run(args, global, io)),
        Command::Reach(args) => block_on(commands::reach::run(args, global, io)),
        Command::Graph(args) => commands::graph::run(args, global, io),
        Command::Schema => Ok(commands::schema::run(io)),
        Command::Sandbox(args::Sandbox::Serve(args)) => block_on(commands::sandbox::serve(args, global, io)),
        Command::Completions(args) => Ok(commands::completions::run(args, io)),
        Command::Man(args) => commands::man::run(args, io),
    }
}

/// Runs a command that waits for a cloud. What still blocks when it ends, such as a question that nobody
/// answers, is left behind.
fn block_on(command: impl Future<Output = Result<Exit, Error>>) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "start the runtime",
        source,
    })?;
    let result = runtime.block_on(command);
    runtime.shutdown_background();
    result
}

/// What clap has to say: help and version are answers, everything else is an error.
fn usage(error: &clap::Error, io: &mut Io<'_>) -> Exit {
    let stream = if error.use_stderr() {
        &mut io.stderr
    } else {
        &mut io.stdout
    };
    let text = error.render();
    let plain = text.to_string();
    let styled = if stream.color {
        text.ansi().to_string()
    } else {
        plain.clone()
    };
    stream.write(&Clean::styled(&plain, styled));
    if error.use_stderr() { Exit::ERROR } else { Exit::OK }
}

/// What `--color` says, for the messages about a command line that cannot be read.
fn color_of(line: &[OsString]) -> Color {
    let words: Vec<&str> = line.iter().filter_map(|word| word.to_str()).collect();
    let pairs = words
        .windows(2)
        .filter(|pair| pair[0] == "--color")
        .map(|pair| pair[1]);
    match words
        .iter()
        .filter_map(|word| word.strip_prefix("--color="))
        .chain(pairs)
        .next_back()
    {
        Some("always") => Color::Always,
        Some("never") => Color::Never,
        _ => Color::Auto,
    }
}

/// Whatever was said and is lost, for another reason than that nobody listens, is an error.
fn finish(exit: Exit, io: &mut Io<'_>) -> Exit {
    let Some(failure) = io.stdout.take_failure() else {
        return exit;
    };
    print::error(
        &mut io.stderr,
        &format!("cannot write to standard output: {failure}"),
    );
    Exit { error: true, ..exit }
}
