//! Prints the JSON Schema of specs, as `docs/schema.json` holds it.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &trueup_spec::json_schema())?;
    writeln!(out)
}
