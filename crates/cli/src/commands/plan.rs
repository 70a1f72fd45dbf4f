//! `trueup plan`: says what differs, and what apply would do about it.

use trueup_report::{Clean, markdown};

use super::propose::propose;
use crate::args::{Global, Plan, PlanFormat};
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::print;
use crate::session::Session;

/// The most that a comment on a pull request holds, in bytes.
const COMMENT_BYTES_MAX: usize = 65_536;

/// Reads, plans and prints; changes nothing.
pub async fn run(args: &Plan, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    print::show_user_data(io, args.show_user_data, args.format == PlanFormat::Text);
    let mut session = Session::open(global, &args.spec.spec, io).await?;
    session.topology.at_once = Some(args.limits.at_once);
    session.topology.max_deletes = args.limits.max_deletes.or(session.topology.max_deletes);
    let planned = if args.destroy {
        teardown(&mut session).await
    } else {
        build(&mut session, args.limits.deny_exposure).await
    };
    let result = planned.map(|mut plan| {
        if args.format != PlanFormat::Text {
            // Text goes to a person, who has read them on standard error already.
            plan.diagnostics.splice(0..0, session.diagnostics.iter().cloned());
        }
        match args.format {
            PlanFormat::Text => print::plan(io, &plan, args.steps),
            PlanFormat::Json => print::json(&mut io.stdout, &trueup_report::json::plan(&plan)),
            PlanFormat::Markdown => io.stdout.write(&Clean::lines(&markdown::plan(
                &plan,
                &session.source.name,
                COMMENT_BYTES_MAX,
            ))),
        }
        Exit {
            refused: !plan.refused.is_empty(),
            incomplete: !plan.is_complete(),
            changed: args.detailed_exitcode && !plan.is_empty(),
            ..Exit::OK
        }
    });
    session.close(result)
}

/// The plan that makes the network true to the spec.
async fn build(session: &mut Session, deny_exposure: bool) -> Result<trueup_model::Plan, Error> {
    let observed = session.observe_to_build().await?;
    propose(session, &observed, deny_exposure).await
}

/// The plan that ends all of it.
async fn teardown(session: &mut Session) -> Result<trueup_model::Plan, Error> {
    let observed = session.observe().await?;
    Ok(trueup_plan::destroy(&session.topology, &observed))
}
