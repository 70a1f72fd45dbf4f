//! `trueup validate`: reads and checks specs, offline.

use trueup_model::{Diagnostic, Finding, Severity};

use crate::args::{Format, Global, Validate};
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::print;
use crate::session::parse;
use crate::source::Source;

/// Checks every spec and tells everything that is wrong with any of them.
pub fn run(args: &Validate, global: &Global, io: &mut Io<'_>) -> Exit {
    let mut sources = Vec::new();
    let mut found = Vec::new();
    for path in &args.specs {
        let source = match Source::read(path, &global.allow_files_outside, io.stdin) {
            Ok(source) => source,
            Err(error) => {
                let message = Error::from(error).message();
                found.push(Diagnostic::error("unreadable", message));
                continue;
            }
        };
        let parsed = parse(&source, global.region.as_deref());
        let findings = parsed
            .topology
            .as_ref()
            .map(trueup_reach::findings::wanted)
            .unwrap_or_default();
        let holds = !findings.iter().any(Finding::is_failure);
        found.extend(parsed.diagnostics);
        found.extend(
            parsed
                .topology
                .as_ref()
                .map(trueup_reach::findings::stranded)
                .unwrap_or_default(),
        );
        found.extend(findings.iter().filter_map(Finding::diagnostic));
        if let (Some(topology), Format::Text, true) = (&parsed.topology, args.format, holds) {
            let count = topology.resources.len();
            let resources = if count == 1 { "resource" } else { "resources" };
            io.stderr.line(&format!(
                "{} is valid: topology {}, {count} {resources}",
                source.name, topology.name
            ));
        }
        sources.push(source);
    }
    match args.format {
        Format::Text => print::diagnostics(&mut io.stderr, &found, &sources),
        Format::Json => print::json(&mut io.stdout, &trueup_report::json::diagnostics(&found)),
    }
    if found
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
    {
        Exit::ERROR
    } else {
        Exit::OK
    }
}
