//! `trueup graph`: a spec as a Mermaid diagram.

use trueup_reach::fill::{Lists, topology};
use trueup_reach::{Engine, summary};
use trueup_report::Clean;
use trueup_report::mermaid::{self, Flow};

use crate::args::{Global, Graph};
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::print;
use crate::session::parse;
use crate::source::Source;

/// Draws what needs what, or who can talk to whom.
pub fn run(args: &Graph, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    let source = Source::read(&args.spec.spec, &global.allow_files_outside, io.stdin)?;
    let parsed = parse(&source, global.region.as_deref());
    print::diagnostics(&mut io.stderr, &parsed.diagnostics, std::slice::from_ref(&source));
    let wanted = parsed.topology.ok_or(Error::Spec(parsed.diagnostics))?;
    if !args.reach {
        io.stdout.write(&Clean::lines(&mermaid::dependencies(&wanted)));
        return Ok(Exit::OK);
    }
    let network = topology(&wanted, &Lists::new());
    let flows: Vec<Flow> = summary(&Engine::new(&network))
        .into_iter()
        .map(|row| (row.from.clone(), row.to.clone(), row.what()))
        .collect();
    io.stdout.write(&Clean::lines(&mermaid::flows(&flows)));
    Ok(Exit::OK)
}
