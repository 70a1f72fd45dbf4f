//! `trueup drift`: says what differs, as seen from the cloud.

use trueup_model::{Finding, Reachability};

use crate::args::{Drift, Format, Global};
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::print;
use crate::session::Session;

/// Reads, compares and prints; changes nothing.
pub async fn run(args: &Drift, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    let mut session = Session::open(global, &args.spec.spec, io).await?;
    let result = session.observe().await.map(|observed| {
        let mut plan = trueup_plan::plan(&session.topology, &observed);
        // Elsewhere nothing was read.
        let findings = if session.is_elsewhere() { Vec::new() } else { trueup_reach::findings::live(&session.topology, &observed) };
        let holds = !findings.iter().any(Finding::is_failure);
        plan.reachability = Some(Reachability { findings, ..Reachability::default() });
        if args.format != Format::Text {
            // Text goes to a person, who has read them on standard error already.
            plan.diagnostics.splice(0..0, session.diagnostics.iter().cloned());
        }
        match args.format {
            Format::Text => print::drift(io, &plan),
            Format::Json => print::json(&mut io.stdout, &trueup_report::json::drift(&plan)),
        }
        Exit { refused: !plan.refused.is_empty(), incomplete: !plan.is_complete(), changed: !plan.is_empty() || !holds, ..Exit::OK }
    });
    session.close(result)
}
