//! Reads a spec, or as many generated resources as asked for, and tells how long it took: `validate FILE` or
//! `validate 10000`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

struct NoFiles;

impl trueup_model::Files for NoFiles {
    fn text(&self, path: &str) -> Result<String, String> {
        Err(format!("{path}: not read here"))
    }

    fn public_key(&self, _path: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

/// Fifty VPCs' worth of subnets with a table each.
fn generate(count: usize) -> String {
    let mut text = String::from("topology: many\nregion: us-west-2\nvpc:\n");
    let vpcs = count.div_ceil(200);
    for vpc in 0..vpcs {
        let _ = writeln!(text, "  v{vpc}: {{cidr_block: 10.{vpc}.0.0/16}}");
    }
    let (mut subnets, mut tables) = (String::new(), String::new());
    for n in 0..count / 2 {
        let (vpc, third) = (n % vpcs, n / vpcs);
        let _ = writeln!(
            subnets,
            "  s{n}: {{vpc: v{vpc}, cidr_block: 10.{vpc}.{third}.0/24, route_table: t{n}}}"
        );
        let _ = writeln!(tables, "  t{n}: {{vpc: v{vpc}}}");
    }
    let _ = write!(text, "subnet:\n{subnets}route_table:\n{tables}");
    text
}

fn main() -> std::io::Result<()> {
    let argument = std::env::args().nth(1).unwrap_or_else(|| "10000".to_owned());
    let text = match argument.parse() {
        Ok(count) => generate(count),
        Err(_) => std::fs::read_to_string(&argument)?,
    };
    let start = Instant::now();
    let parsed = trueup_spec::parse(
        &argument,
        &text,
        &trueup_spec::Options {
            region: None,
            files: &NoFiles,
        },
    );
    let resources = parsed.topology.map_or(0, |topology| topology.resources.len());
    writeln!(
        std::io::stdout(),
        "{} bytes, {resources} resources, {} diagnostics, {:?}",
        text.len(),
        parsed.diagnostics.len(),
        start.elapsed()
    )
}
