//! `trueup reach`: who can talk to whom, worked out from the spec, from what is live or from saved answers of
//! EC2.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde_json::{Value as Json, json};
use trueup_model::Finding;
use trueup_reach::fill::{Lists, observed, saved, topology};
use trueup_reach::{Engine, Explanation, Network, Selector, ServiceSet, Verdict, explain, summary};
use trueup_report::Clean;
use trueup_spec::Suggest;

use crate::args::{Format, Global, Reach};
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::print;
use crate::session::{Session, parse};
use crate::source::Source;

/// Answers; changes nothing.
pub async fn run(args: &Reach, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    if args.explain && args.from.is_none() && args.queries.is_none() {
        return Err(Error::Question(
            "--explain needs a question: give --from and --to, or --queries",
        ));
    }
    let Asked {
        network,
        sources,
        findings,
        exit,
    } = match (&args.from_json, &args.spec) {
        (Some(folder), _) => Asked {
            network: from_saved(folder)?,
            sources: Vec::new(),
            findings: Vec::new(),
            exit: Exit::OK,
        },
        (None, Some(spec)) if args.live => live(global, spec, io).await?,
        (None, Some(spec)) => from_spec(global, spec, io)?,
        (None, None) => return Err(Error::Question("name a spec, or --from-json")),
    };
    let engine = Engine::new(&network);
    match (&args.queries, &args.from, &args.to) {
        (Some(file), ..) => {
            let error = !answer_many(&engine, file, args.explain, io)?;
            Ok(Exit { error, ..exit })
        }
        (None, Some(from), Some(to)) => {
            let verdict = answer_one(&engine, (from, to), args, io)?;
            Ok(Exit {
                refused: verdict != Verdict::Allowed,
                ..exit
            })
        }
        _ => {
            all(&engine, &findings, &sources, args.format, io);
            Ok(Exit {
                refused: exit.refused || findings.iter().any(Finding::is_failure),
                ..exit
            })
        }
    }
}

/// What is asked about.
struct Asked {
    network: Network,
    /// The texts that its parts come from.
    sources: Vec<Source>,
    /// How the spec's expectations fare on it.
    findings: Vec<Finding>,
    exit: Exit,
}

/// The network that a spec wants; what is wrong with the spec is reported.
fn from_spec(global: &Global, path: &Path, io: &mut Io<'_>) -> Result<Asked, Error> {
    let sources = vec![Source::read(path, &global.allow_files_outside, io.stdin)?];
    let parsed = parse(&sources[0], global.region.as_deref());
    print::diagnostics(&mut io.stderr, &parsed.diagnostics, &sources);
    let wanted = parsed.topology.ok_or(Error::Spec(parsed.diagnostics))?;
    let network = topology(&wanted, &Lists::new());
    Ok(Asked {
        network,
        sources,
        findings: trueup_reach::findings::wanted(&wanted),
        exit: Exit::OK,
    })
}

/// The network that is live, and whether all of it could be read.
async fn live(global: &Global, spec: &Path, io: &mut Io<'_>) -> Result<Asked, Error> {
    let mut session = Session::open(global, spec, io).await?;
    let result = session.observe().await.map(|seen| {
        let exit = Exit {
            refused: session.is_elsewhere(),
            incomplete: !seen.unreadable.is_empty(),
            ..Exit::OK
        };
        let findings = if session.is_elsewhere() {
            Vec::new()
        } else {
            trueup_reach::findings::live(&session.topology, &seen)
        };
        let network = observed(&seen, &session.topology.name, &Lists::new());
        Asked {
            network,
            sources: Vec::new(),
            findings,
            exit,
        }
    });
    session.close(result)
}

/// The network in saved answers.
fn from_saved(folder: &Path) -> Result<Network, Error> {
    let mut files = BTreeMap::new();
    collect(folder, "", &mut files)?;
    saved::network(&files).map_err(|source| Error::Saved {
        folder: folder.to_owned(),
        source,
    })
}

/// The JSON files of a folder and of all in it, by their paths there.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Read { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = format!(
            "{prefix}{}",
            path.file_name().unwrap_or_default().to_string_lossy()
        );
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.insert(name, std::fs::read_to_string(&path).map_err(failed(&path))?);
        }
    }
    Ok(())
}

fn ask(
    engine: &Engine<'_>,
    (from, to): (&str, &str),
    over: Option<&ServiceSet>,
) -> Result<Explanation, Error> {
    Ok(explain(
        engine,
        &selector(engine, from)?,
        &selector(engine, to)?,
        over,
    )?)
}

/// Reads a selector; one that is nothing may be a slip.
fn selector(engine: &Engine<'_>, text: &str) -> Result<Selector, Error> {
    Selector::read(engine, text).map_err(|nothing| {
        let Network {
            interfaces,
            subnets,
            security_groups,
            ..
        } = engine.network;
        let interfaces = interfaces.iter().map(|interface| &interface.named);
        let named = interfaces
            .chain(subnets.iter().map(|subnet| &subnet.named))
            .chain(security_groups.iter().map(|group| &group.named));
        let names = named
            .map(|named| named.name.as_str())
            .chain(["internet", "s3", "dynamodb"]);
        match Suggest::default().nearest(text, names) {
            Some(near) => Error::Misspelt(text.to_owned(), near.to_owned()),
            None => nothing.into(),
        }
    })
}

/// Without its hops, where nobody asked for them.
fn shortened(explanation: Explanation, hops: bool) -> Explanation {
    if hops {
        explanation
    } else {
        Explanation {
            forward: Vec::new(),
            back: Vec::new(),
            ..explanation
        }
    }
}

fn answer_one(
    engine: &Engine<'_>,
    selectors: (&str, &str),
    args: &Reach,
    io: &mut Io<'_>,
) -> Result<Verdict, Error> {
    let explanation = shortened(ask(engine, selectors, args.over.as_ref())?, args.explain);
    match args.format {
        Format::Text => io.stdout.write(&Clean::lines(&explanation.to_string())),
        Format::Json => print::json(
            &mut io.stdout,
            &serde_json::to_value(&explanation).unwrap_or_default(),
        ),
    }
    Ok(explanation.verdict)
}

/// What works in the whole network, whether that is as expected, and what the network says and never does.
fn all(engine: &Engine<'_>, findings: &[Finding], sources: &[Source], format: Format, io: &mut Io<'_>) {
    let (rows, lints) = (summary(engine), trueup_reach::lint(engine));
    match format {
        Format::Text => {
            for row in &rows {
                io.stdout.line(&row.to_string());
            }
            print::findings(io, findings);
            for gap in &engine.network.gaps {
                io.stderr.line(&format!("assumed: {gap}"));
            }
            io.stderr.line(if rows.is_empty() {
                "Nothing is allowed."
            } else {
                "Everything else is blocked."
            });
            print::diagnostics(&mut io.stderr, &lints, sources);
        }
        Format::Json => {
            let document = json!({
                "format_version": trueup_report::json::FORMAT_VERSION,
                "reach": rows,
                "expectations": trueup_report::json::findings(findings),
                "assumptions": engine.network.gaps,
                "lints": trueup_report::json::diagnostics(&lints),
            });
            print::json(&mut io.stdout, &document);
        }
    }
}

/// A question a line in, its answer a line out. A question that cannot be read is answered with what is wrong
/// with it; says whether all could.
fn answer_many(engine: &Engine<'_>, file: &Path, hops: bool, io: &mut Io<'_>) -> Result<bool, Error> {
    let mut all_read = true;
    let mut text = String::new();
    let read = if file == Path::new("-") {
        (io.stdin)().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    read.map_err(|source| Error::Read {
        path: file.to_owned(),
        source,
    })?;
    for (index, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let answer = query(engine, line).map(|explanation| shortened(explanation, hops));
        let answer = match answer {
            Ok(explanation) => serde_json::to_value(&explanation).unwrap_or_default(),
            Err(why) => {
                all_read = false;
                json!({"error": why, "line": index + 1})
            }
        };
        io.stdout.write(&Clean::json_line(&answer));
    }
    Ok(all_read)
}

fn query(engine: &Engine<'_>, line: &str) -> Result<Explanation, String> {
    let query: Json = serde_json::from_str(line).map_err(|error| format!("this is not JSON: {error}"))?;
    let text = |name: &str| {
        query[name]
            .as_str()
            .ok_or_else(|| format!("the question has no `{name}`"))
    };
    // Other fields may stand there for others; this one would be taken for an answer to it.
    if query.get("over").is_some() {
        return Err("`over` is no field of a question: say `proto` and `port`".to_owned());
    }
    let over = match (&query["proto"], &query["port"]) {
        (Json::Null, Json::Null) => None,
        (Json::Null, _) => return Err("`port` needs `proto`".to_owned()),
        (Json::String(protocol), Json::Null) => Some(protocol.clone()),
        (Json::String(protocol), Json::Number(port)) => Some(format!("{protocol}/{port}")),
        (Json::String(_), port) => return Err(format!("`port` is a number, and not {port}")),
        (protocol, _) => return Err(format!("`proto` is a text, and not {protocol}")),
    };
    let over = over
        .map(|over| ServiceSet::read(&over))
        .transpose()
        .map_err(|error| error.to_string())?;
    ask(engine, (text("src")?, text("dst")?), over.as_ref()).map_err(|error| error.to_string())
}
