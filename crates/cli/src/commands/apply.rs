//! `trueup apply`: makes the network true to the spec.

use crate::args::{Apply, Global};
use crate::commands::change::{Goal, change};
use crate::consent::ConsentFlags;
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::print;
use crate::session::Session;

/// Plans, asks for consent, carries the plan out, and reads again.
pub async fn run(args: &Apply, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    print::show_user_data(io, args.show_user_data, true);
    let mut session = Session::open_for(global, &args.spec.spec, Some(args.pace.parallelism), io).await?;
    session.topology.at_once = Some(args.limits.at_once);
    session.topology.max_deletes = args.limits.max_deletes.or(session.topology.max_deletes);
    let said = ConsentFlags::of(&args.consents, args.limits.deny_exposure, io);
    let again = session.again("apply", &options(args));
    let result = change(&mut session, io, Goal::Apply, said, &again).await;
    session.close(result)
}

/// The options of a run that also hold for the one that goes on with it. Consent does not: it was given to
/// another plan.
fn options(Apply { limits, pace, .. }: &Apply) -> String {
    let mut words = String::new();
    if let Some(max) = limits.max_deletes {
        words += &format!(" --max-deletes {max}");
    }
    if limits.at_once.get() > 1 {
        words += &format!(" --at-once {}", limits.at_once);
    }
    if limits.deny_exposure {
        words += " --deny-exposure";
    }
    words + &pace.typed()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command};

    #[test]
    fn what_goes_on_with_a_run_is_as_careful_and_as_slow() {
        let told = |words: &[&str]| {
            let line = ["trueup", "apply", "a.yaml", "--auto-approve"]
                .iter()
                .chain(words);
            let Command::Apply(args) = Args::try_parse_from(line).unwrap().command else {
                panic!("it is an apply")
            };
            options(&args)
        };
        assert_eq!(told(&["--parallelism", "10", "--allow", "delete"]), "");
        assert_eq!(
            told(&["--parallelism", "3", "--max-deletes", "2", "--deny-exposure"]),
            " --max-deletes 2 --deny-exposure --parallelism 3"
        );
    }
}
