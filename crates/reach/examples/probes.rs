//! Compares answers with probes of real networks: `cargo run --example probes -- FOLDER…`.
//!
//! Each folder holds `aws_configs`, saved answers in the layout of [`trueup_reach::fill::saved`], and
//! `probes.jsonl`: an object a line with `src` (an address, or `internet`), `dst`, `proto`, `port`,
//! `reachable`, and `use`, which is `scored` where the probe counts. Prints every probe that is answered
//! differently or not at all. Ends with an error where one is answered wrongly.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::Value as Json;
use trueup_reach::{Answer, Engine, Selector, ServiceSet, Verdict, fill::saved, reach};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let mut wrong = 0;
    for folder in std::env::args().skip(1) {
        wrong += compare(Path::new(&folder), &mut out)?;
    }
    if wrong == 0 {
        Ok(())
    } else {
        Err(format!("{wrong} probes are answered wrongly").into())
    }
}

fn compare(folder: &Path, out: &mut impl Write) -> Result<usize> {
    let mut files = BTreeMap::new();
    collect(&folder.join("aws_configs"), "", &mut files)?;
    let network = saved::network(&files)?;
    let engine = Engine::new(&network);
    let probes = fs::read_to_string(folder.join("probes.jsonl"))?;
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    for line in probes.lines() {
        let probe: Json = serde_json::from_str(line)?;
        if probe["use"] != "scored" {
            *tally.entry("excluded").or_default() += 1;
            continue;
        }
        let verdict = ask(&engine, &probe)?;
        let reachable = probe["reachable"] == true;
        let word = match (verdict, reachable) {
            (Verdict::Unknown, _) => "unknown",
            (Verdict::Allowed, true) | (Verdict::Blocked, false) => "agree",
            _ => "wrong",
        };
        *tally.entry(word).or_default() += 1;
        if word != "agree" {
            writeln!(out, "{word}: {verdict} {line}")?;
        }
    }
    writeln!(out, "{}: {tally:?}", folder.display())?;
    Ok(tally.get("wrong").copied().unwrap_or(0))
}

fn ask(engine: &Engine<'_>, probe: &Json) -> Result<Verdict> {
    let service = match (probe["proto"].as_str(), probe["port"].as_u64()) {
        (Some(proto), Some(port)) => format!("{proto}/{port}"),
        (Some(proto), None) => proto.to_owned(),
        _ => return Err("a probe has no proto".into()),
    };
    let over = ServiceSet::read(&service)?;
    let from = Selector::read(engine, probe["src"].as_str().unwrap_or_default())?;
    let to = Selector::read(engine, probe["dst"].as_str().unwrap_or_default())?;
    let answer: Answer = reach(engine, &from, &to)?;
    Ok(answer.verdict(Some(&over)))
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}
