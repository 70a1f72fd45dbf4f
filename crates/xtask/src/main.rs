//! `cargo xtask`: what developers and CI run beside cargo itself.

mod docs;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask docs [--check]   write the pages of the kinds and the JSON Schema; --check only says whether they are current
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        _ => {
            print::complain(USAGE);
            ExitCode::from(1)
        }
    }
}

/// Plain output, which may fail where nobody listens any more.
mod print {
    use std::io::Write;

    /// A line of result.
    pub fn say(text: &str) {
        // Whoever closed the pipe has read enough.
        drop(writeln!(std::io::stdout().lock(), "{}", text.trim_end()));
    }

    /// A line about what is wrong.
    pub fn complain(text: &str) {
        drop(writeln!(std::io::stderr().lock(), "{}", text.trim_end()));
    }
}
