//! `trueup destroy`: deletes what the topology owns.

use crate::args::{Destroy, Global};
use crate::commands::change::{Goal, change};
use crate::consent::ConsentFlags;
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::session::Session;

/// Plans the deletion of everything that carries the topology's tags, asks for consent, carries it out, and
/// reads again.
pub async fn run(args: &Destroy, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    let mut session = Session::open_for(global, &args.spec.spec, Some(args.pace.parallelism), io).await?;
    session.topology.max_deletes = args.max_deletes.or(session.topology.max_deletes);
    let said = ConsentFlags::of(&args.consents, false, io);
    let budget = args
        .max_deletes
        .map(|max| format!(" --max-deletes {max}"))
        .unwrap_or_default();
    let again = session.again("destroy", &(budget + &args.pace.typed()));
    let result = change(&mut session, io, Goal::Destroy, said, &again).await;
    session.close(result)
}
