//! `trueup destroy`: deletes what the topology owns.

use crate::args::{Destroy, Global, pace};
use crate::commands::change::{Goal, change};
use crate::consent::Said;
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::session::Session;

/// Plans the deletion of everything that carries the topology's tags, asks for consent, carries it out, and reads again.
pub async fn run(args: &Destroy, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    let mut session = Session::open_for(global, &args.spec.spec, Some(args.parallelism), io).await?;
    let said = Said {
        auto_approve: args.auto_approve,
        allow: &args.allow,
        expect: None,
        careful: false,
        deny_exposure: false,
        terminal: io.stdin_is_terminal && io.stderr.is_terminal,
    };
    let again = session.again("destroy", &pace(args.parallelism));
    let result = change(&mut session, io, Goal::Destroy, said, &again).await;
    session.close(result)
}
