//! `trueup man`: manual pages.

use clap::CommandFactory;
use trueup_report::Clean;

use crate::args::{Args, Man};
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;

/// Prints the page of `trueup`, or writes a page for every command.
pub fn run(args: &Man, io: &mut Io<'_>) -> Result<Exit, Error> {
    if let Some(folder) = &args.out {
        let write = |source| Error::Write {
            path: folder.clone(),
            source,
        };
        std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Args::command(), folder))
            .map_err(write)?;
        return Ok(Exit::OK);
    }
    let mut page = Vec::new();
    let system = |source| Error::System {
        what: "write the manual page",
        source,
    };
    clap_mangen::Man::new(Args::command())
        .render(&mut page)
        .map_err(system)?;
    io.stdout.write(&Clean::lines(&String::from_utf8_lossy(&page)));
    Ok(Exit::OK)
}
