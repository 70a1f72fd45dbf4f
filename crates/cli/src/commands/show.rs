//! `trueup show`: what is live of a topology, with its ids and addresses.

use crate::args::{Format, Global, Show};
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::print;
use crate::session::Session;

/// Reads and prints; changes nothing.
pub async fn run(args: &Show, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    let mut session = Session::open(global, &args.spec.spec, io).await?;
    let result = session.observe().await.map(|observed| {
        if session.is_elsewhere() {
            return Exit::REFUSED;
        }
        match args.format {
            Format::Text => print::show(io, &session.topology, &observed),
            Format::Json => print::json(
                &mut io.stdout,
                &trueup_report::json::show(&session.topology, &observed),
            ),
        }
        Exit {
            incomplete: !observed.unreadable.is_empty(),
            ..Exit::OK
        }
    });
    session.close(result)
}
