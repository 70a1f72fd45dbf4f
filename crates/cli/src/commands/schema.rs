//! `trueup schema`: the JSON Schema of specs.

use crate::exit::Exit;
use crate::io::Io;
use crate::print;

/// Prints the schema.
pub fn run(io: &mut Io<'_>) -> Exit {
    print::json(&mut io.stdout, &trueup_spec::json_schema());
    Exit::OK
}
