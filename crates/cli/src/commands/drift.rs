//! `trueup drift`: says what differs, as seen from the cloud.

use std::path::Path;

use trueup_model::{Diagnostic, Finding, Interfaces, Observed};

use crate::args::{Drift, Format, Global};
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::print;
use crate::session::Session;

/// Looks at every spec in turn; what is wrong with one keeps the others from nothing. With `--quiet` only
/// those speak that are not as they should be.
pub async fn run(args: &Drift, global: &Global, io: &mut Io<'_>) -> Exit {
    print::show_user_data(io, args.show_user_data, args.format == Format::Text);
    let mut exits = Vec::new();
    for spec in &args.specs {
        let look = async |io: &mut Io<'_>| alone(args, spec, global, io).await;
        let exit = if args.quiet {
            io.held(look, |exit| *exit != Exit::OK).await
        } else {
            look(io).await
        };
        exits.push(exit);
        if exit.signal.is_some() {
            break;
        }
        if args.specs.len() > 1
            && args.format == Format::Text
            && (exit.changed || exit.refused || exit.incomplete)
        {
            // It took more than a line.
            io.stdout.line("");
        }
    }
    let all = exits.iter().fold(Exit::OK, |all, exit| all.and(*exit));
    if args.specs.len() > 1 && args.format == Format::Text && !(args.quiet && all == Exit::OK) {
        io.stdout.line(&counted(args.specs.len(), &exits));
    }
    all
}

/// One spec of perhaps several: a failure is reported with the spec's name.
async fn alone(args: &Drift, spec: &Path, global: &Global, io: &mut Io<'_>) -> Exit {
    let name = spec.display().to_string();
    match one(args, spec, global, io).await {
        Ok(exit) => exit,
        Err(error) => print::failed(io, Some(&name), &error, args.format == Format::Json),
    }
}

/// Reads, compares and prints; changes nothing.
async fn one(args: &Drift, spec: &Path, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    let mut session = Session::open(global, spec, io).await?;
    let result = look(args, &mut session, io).await;
    session.close(result)
}

async fn look(args: &Drift, session: &mut Session, io: &mut Io<'_>) -> Result<Exit, Error> {
    let mut observed = session.observe().await?;
    let mut plan = trueup_plan::plan(&session.topology, &observed);
    let told = trueup_reach::drifted(&plan, &session.topology, &observed);
    let holds = !told.findings.iter().any(Finding::is_failure);
    plan.reachability = Some(told);
    let unmanaged = if args.unmanaged && !session.is_elsewhere() {
        session.observe_others(&mut observed).await?;
        Some(trueup_plan::unmanaged(&session.topology, &observed))
    } else {
        None
    };
    let unread = unread(args, &observed);
    print::diagnostics(
        &mut io.stderr,
        unread.as_slice(),
        std::slice::from_ref(&session.source),
    );
    match args.format {
        Format::Text => print::drift(io, &plan, unmanaged.as_deref().unwrap_or_default()),
        Format::Json => {
            // A person has read them on standard error already.
            plan.diagnostics.splice(0..0, session.diagnostics.iter().cloned());
            let mut document = trueup_report::json::drift(&plan, unmanaged.as_deref());
            document["spec"] = session.source.name.as_str().into();
            print::json(&mut io.stdout, &document);
        }
    }
    let managed = unmanaged.is_none_or(|unmanaged| unmanaged.is_empty());
    let changed = !plan.is_empty() || !holds || !managed || !plan.blackholes.is_empty();
    Ok(Exit {
        refused: !plan.refused.is_empty(),
        incomplete: !plan.is_complete() || unread.is_some(),
        changed,
        ..Exit::OK
    })
}

/// What keeps the list of what is nobody's from being whole.
fn unread(args: &Drift, observed: &Observed) -> Option<Diagnostic> {
    match &observed.interfaces {
        Interfaces::Unread(why) if args.unmanaged => {
            let message = format!(
                "network interfaces could not be read, so that not all that is nobody's is known: {why}"
            );
            Some(Diagnostic::warning("unread", message))
        }
        _ => None,
    }
}

/// How several specs fared: `30 specs: 27 as they should be, 2 with drift, 1 not read`.
fn counted(specs: usize, exits: &[Exit]) -> String {
    let count = |is: fn(&Exit) -> bool| exits.iter().filter(|exit| is(exit)).count();
    let counts = [
        (count(|exit| *exit == Exit::OK), "as they should be"),
        (count(|exit| exit.changed), "with drift"),
        (count(|exit| exit.refused), "refused"),
        (count(|exit| exit.incomplete), "not read whole"),
        (
            count(|exit| exit.error || exit.credentials || exit.connection),
            "failed",
        ),
        (specs - exits.len(), "not looked at"),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    format!("{specs} specs: {}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Signal;

    #[test]
    fn several_specs_are_counted_by_how_they_fare() {
        let drift = Exit {
            changed: true,
            ..Exit::OK
        };
        assert_eq!(
            counted(3, &[Exit::OK, drift, Exit::CONNECTION]),
            "3 specs: 1 as they should be, 1 with drift, 1 failed"
        );
        assert_eq!(counted(2, &[Exit::OK, Exit::OK]), "2 specs: 2 as they should be");
        // What one spec is in two ways counts twice: the numbers say what to look for.
        assert_eq!(
            counted(
                2,
                &[
                    Exit {
                        incomplete: true,
                        ..drift
                    },
                    drift
                ]
            ),
            "2 specs: 2 with drift, 1 not read whole"
        );
        assert_eq!(
            counted(9, &[Exit::OK, Exit::signal(Signal::Terminate)]),
            "9 specs: 1 as they should be, 7 not looked at"
        );
    }
}
