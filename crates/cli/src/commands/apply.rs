//! `trueup apply`: makes the network true to the spec.

use crate::args::{Apply, Global};
use crate::commands::change::{Goal, change};
use crate::consent::Said;
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::session::Session;

/// Plans, asks for consent, carries the plan out, and reads again.
pub async fn run(args: &Apply, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    let mut session = Session::open_for(global, &args.spec.spec, Some(args.parallelism), io).await?;
    session.topology.max_deletes = args.max_deletes.or(session.topology.max_deletes);
    let said = Said {
        auto_approve: args.auto_approve,
        allow: &args.allow,
        expect: args.expect.as_ref().map(|fingerprint| fingerprint.0.as_str()),
        careful: true,
        deny_exposure: args.deny_exposure,
        terminal: io.stdin_is_terminal && io.stderr.is_terminal,
    };
    let result = change(&mut session, io, Goal::Apply, said).await;
    session.close(result)
}
