//! The command line. The doc comments are the help texts.

mod values;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args as ClapArgs, CommandFactory, Parser, Subcommand, ValueHint};
use trueup_plan::consent::Allow;

use values::share;
pub use values::{Behaviour, Color, Fingerprint, Format, PlanFormat};

/// Where the embedded EC2 keeps its state, unless the command line says otherwise.
pub const SANDBOX_FILE: &str = ".trueup/sandbox.json";

/// Calls that may be under way at a time, unless the command line says otherwise.
const PARALLELISM: u16 = 10;

/// Makes an AWS network true to its spec.
///
/// A spec is a YAML file that describes a network. Trueup reads what is live, says exactly what differs, and
/// makes it so, without a state file.
#[derive(Debug, Parser)]
#[command(name = "trueup", version, propagate_version = true, max_term_width = 100, after_long_help = crate::exit::HELP)]
pub struct Args {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// Which command.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The region, where the spec names none; refused where it names another.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,

    /// The profile of the AWS configuration; it wins over credentials in the environment.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,

    /// Where EC2 and STS answer, instead of AWS: a sandbox or another stand-in. Wins over AWS_ENDPOINT_URL
    /// and its kin.
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub endpoint_url: Option<String>,

    /// Use the embedded EC2 instead of AWS; its state is in FILE.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = SANDBOX_FILE,
        value_hint = ValueHint::FilePath
    )]
    pub sandbox: Option<PathBuf>,

    /// How the sandbox behaves.
    #[arg(long, global = true, value_name = "BEHAVIOUR")]
    pub behaviour: Option<Behaviour>,

    /// Whether to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,

    /// How much of EC2's documented request limits to use: 0.5 leaves half of them to others.
    #[arg(long, global = true, value_name = "SHARE", value_parser = share)]
    pub request_rate: Option<f64>,

    /// Let the spec name files in DIR and below, beside those of its repository; may be given several times.
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub allow_files_outside: Vec<PathBuf>,

    /// Write how often each EC2 action was called into this file, as JSON.
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub call_report: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read and check specs, offline
    Validate(Validate),
    /// Say what differs, and what apply would do about it
    Plan(Plan),
    /// Make the network true to the spec
    ///
    /// Plans, asks for consent, does it, and reads everything again: a second plan must be empty.
    /// `--auto-approve` is consent to creates and changes in place, also where one gives up a public address;
    /// deleting, replacing and stopping need `--allow` as well, or `--expect` with the plan's fingerprint, or a
    /// yes at the terminal.
    Apply(Apply),
    /// Say what differs, as seen from the cloud: for cron
    Drift(Drift),
    /// Delete what the topology owns
    ///
    /// Consent is needed as for `apply`: `plan --destroy` shows what goes, and its fingerprint is what
    /// `--expect` takes. What is protected refuses. Private key files stay where they are.
    Destroy(Destroy),
    /// Show what is live: addresses, ids, ARNs
    Show(Show),
    /// Say who can talk to whom: on the spec, on the live network, or in saved answers of EC2
    ///
    /// Nothing is sent: it is worked out from routes, security groups, gateways and endpoints. With `--from`
    /// and `--to` it answers one question, and exits with 0 only if all of it is allowed; without them it
    /// shows what works between all groups of equal hosts, the internet and AWS's services.
    Reach(Reach),
    /// Draw a spec as a Mermaid diagram: what needs what, or who can talk to whom
    Graph(Graph),
    /// Print the JSON Schema of specs, for editors
    Schema,
    /// The embedded EC2
    #[command(subcommand)]
    Sandbox(Sandbox),
    /// Print a completion script
    Completions(Completions),
    /// Print the manual page
    Man(Man),
}

impl Command {
    /// Whether a program reads what the command prints.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::Plan(Plan { format, .. }) => *format == PlanFormat::Json,
            Self::Drift(Drift { format, .. })
            | Self::Show(Show { format, .. })
            | Self::Reach(Reach { format, .. }) => *format == Format::Json,
            _ => false,
        }
    }
}

/// A spec on the command line.
#[derive(Clone, Debug, ClapArgs)]
pub struct Spec {
    /// The spec; `-` reads standard input.
    #[arg(value_name = "SPEC", value_hint = ValueHint::FilePath)]
    pub spec: PathBuf,
}

/// What a user agrees to beforehand.
#[derive(Clone, Debug, ClapArgs)]
pub struct Consents {
    /// Do without asking: creates and changes in place.
    #[arg(long)]
    pub auto_approve: bool,

    /// With --auto-approve, also delete, replace or stop: everything, or what has this address
    /// (`replace:subnet.private`); `unprotect` ends what EC2 itself protects against termination; `second`
    /// builds beside another topology that has the same addresses.
    #[arg(long, value_name = "WHAT[:ADDRESS]")]
    pub allow: Vec<Allow>,

    /// Do exactly the plan with this fingerprint, and nothing if the plan is another by now.
    #[arg(long, value_name = "FINGERPRINT")]
    pub expect: Option<Fingerprint>,
}

/// What a plan may not go beyond.
#[derive(Clone, Debug, ClapArgs)]
pub struct Limits {
    /// Refuse a plan that deletes or replaces more than N objects, whatever the spec's `max_deletes`.
    #[arg(long, value_name = "N")]
    pub max_deletes: Option<u32>,

    /// How many hosts that do the same work (they share a security group or the stem of a name) may be
    /// stopped or replaced at a time.
    #[arg(long, value_name = "N", default_value = "1")]
    pub at_once: NonZeroUsize,

    /// Refuse a plan by which the internet reaches something new that no `expect` of the spec says it can.
    #[arg(long)]
    pub deny_exposure: bool,
}

/// How fast a plan is carried out.
#[derive(Clone, Debug, ClapArgs)]
pub struct Pace {
    /// How many calls may be under way at a time.
    #[arg(long, value_name = "N", default_value_t = PARALLELISM, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub parallelism: u16,
}

impl Pace {
    /// `--parallelism` as it is typed, where it is not what a command does anyway.
    pub fn typed(&self) -> String {
        let Self { parallelism } = self;
        if *parallelism == PARALLELISM {
            String::new()
        } else {
            format!(" --parallelism {parallelism}")
        }
    }
}

/// `trueup validate`.
#[derive(Debug, ClapArgs)]
pub struct Validate {
    /// The specs; `-` reads standard input.
    #[arg(value_name = "SPEC", required = true, value_hint = ValueHint::FilePath)]
    pub specs: Vec<PathBuf>,

    /// How to tell what is wrong.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// `trueup plan`.
#[derive(Debug, ClapArgs)]
pub struct Plan {
    /// Which spec.
    #[command(flatten)]
    pub spec: Spec,

    /// How to print the plan.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,

    /// Exit with 2 if there are changes.
    #[arg(long)]
    pub detailed_exitcode: bool,

    /// Plan a teardown: what `destroy` would delete.
    #[arg(long, conflicts_with = "deny_exposure")]
    pub destroy: bool,

    /// Show the steps too: every call in its order (text only).
    #[arg(long)]
    pub steps: bool,

    /// Show how user data differs, and not only how many of its lines do: at a terminal only, because it may
    /// hold secrets.
    #[arg(long)]
    pub show_user_data: bool,

    /// How far it may go.
    #[command(flatten)]
    pub limits: Limits,
}

/// `trueup apply`.
#[derive(Debug, ClapArgs)]
pub struct Apply {
    /// Which spec.
    #[command(flatten)]
    pub spec: Spec,

    /// What the user agrees to.
    #[command(flatten)]
    pub consents: Consents,

    /// How far it may go.
    #[command(flatten)]
    pub limits: Limits,

    /// Show how user data differs, and not only how many of its lines do: at a terminal only, because it may
    /// hold secrets.
    #[arg(long)]
    pub show_user_data: bool,

    /// How fast it goes.
    #[command(flatten)]
    pub pace: Pace,
}

/// `trueup drift`.
#[derive(Debug, ClapArgs)]
pub struct Drift {
    /// The specs; `-` reads standard input.
    #[arg(value_name = "SPEC", required = true, value_hint = ValueHint::FilePath)]
    pub specs: Vec<PathBuf>,

    /// How to print the drift; JSON is a document for each spec.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Print nothing at all about a spec where all is well.
    #[arg(long)]
    pub quiet: bool,

    /// Show how user data differs, and not only how many of its lines do: at a terminal only, because it may
    /// hold secrets.
    #[arg(long)]
    pub show_user_data: bool,

    /// Tell too what is in the topology's VPCs and is nobody's: instances, subnets, interfaces, rules of the
    /// default group.
    #[arg(long)]
    pub unmanaged: bool,
}

/// `trueup destroy`. Its consents are those of `apply`, in the words of what only deletes.
#[derive(Debug, ClapArgs)]
#[command(
    mut_arg("auto_approve", |arg| arg.help("Do it without asking; every object that ends needs --allow too")),
    mut_arg("allow", |arg| arg.help(
        "With --auto-approve, delete: everything (`delete`), or what has this address (`delete:subnet.private`); `unprotect` as well \
         ends what EC2 itself protects"
    )),
    mut_arg("expect", |arg| arg.help("Do exactly the teardown with this fingerprint, and nothing if it is another by now"))
)]
pub struct Destroy {
    /// Which spec.
    #[command(flatten)]
    pub spec: Spec,

    /// What the user agrees to.
    #[command(flatten)]
    pub consents: Consents,

    /// Refuse to delete more than N objects, whatever the spec's `max_deletes`.
    #[arg(long, value_name = "N")]
    pub max_deletes: Option<u32>,

    /// How fast it goes.
    #[command(flatten)]
    pub pace: Pace,
}

/// `trueup show`.
#[derive(Debug, ClapArgs)]
pub struct Show {
    /// Which spec.
    #[command(flatten)]
    pub spec: Spec,

    /// How to print what is live.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// `trueup reach`.
#[derive(Debug, ClapArgs)]
pub struct Reach {
    /// The spec; `-` reads standard input.
    #[arg(value_name = "SPEC", value_hint = ValueHint::FilePath, required_unless_present = "from_json")]
    pub spec: Option<PathBuf>,

    /// Who asks: instance.x, subnet.x, security_group.x, internet, cidr/10.0.0.0/8, tag/key=value, an id or
    /// an address.
    #[arg(long, value_name = "PARTY", requires = "to")]
    pub from: Option<String>,

    /// Who is asked for: the same, or s3 or dynamodb.
    #[arg(long, value_name = "PARTY", requires = "from")]
    pub to: Option<String>,

    /// Over what: tcp/443, udp/53, tcp/8000-8080, icmp, all. Left out, anything that is answered counts.
    #[arg(long, value_name = "SERVICE", requires = "from", value_parser = trueup_reach::ServiceSet::read)]
    pub over: Option<trueup_reach::ServiceSet>,

    /// Ask about the live network instead of the spec.
    #[arg(long)]
    pub live: bool,

    /// Show every hop, there and back, with the rule that decides.
    #[arg(long)]
    pub explain: bool,

    /// How to answer.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Ask about saved answers of EC2 instead: a folder with a folder for each region, of `describe-…`
    /// answers as JSON.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["spec", "live"], value_hint = ValueHint::DirPath)]
    pub from_json: Option<PathBuf>,

    /// Answer many questions: a JSON object a line with src, dst, proto and port; `-` reads standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "from", value_hint = ValueHint::FilePath)]
    pub queries: Option<PathBuf>,
}

/// `trueup graph`.
#[derive(Debug, ClapArgs)]
pub struct Graph {
    /// Which spec.
    #[command(flatten)]
    pub spec: Spec,

    /// Draw who can talk to whom, in groups of equal hosts.
    #[arg(long)]
    pub reach: bool,
}

/// `trueup sandbox`.
#[derive(Debug, Subcommand)]
pub enum Sandbox {
    /// Serve the embedded EC2 on a port, for any client of EC2
    Serve(Serve),
}

/// `trueup sandbox serve`.
#[derive(Debug, ClapArgs)]
pub struct Serve {
    /// Where to listen; port 0 picks a free one, which is printed. Beyond loopback it needs --allow-host.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// Keep the state in this file; without it, in memory.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub state: Option<PathBuf>,

    /// Answer requests for this host too, a name or an address, beside localhost; may be given several times.
    #[arg(long, value_name = "HOST")]
    pub allow_host: Vec<String>,
}

/// `trueup completions`.
#[derive(Debug, ClapArgs)]
pub struct Completions {
    /// For which shell.
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `trueup man`.
#[derive(Debug, ClapArgs)]
pub struct Man {
    /// Write a page for every command into this directory instead.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
}

impl Args {
    /// Reads a command line. Help and version come as errors too, as clap has it.
    pub fn read(line: &[std::ffi::OsString]) -> Result<Self, clap::Error> {
        let args = Self::try_parse_from(line)?;
        args.check()?;
        Ok(args)
    }

    /// What clap cannot say about options that are global.
    fn check(&self) -> Result<(), clap::Error> {
        let conflict =
            |message: &str| Err(Self::command().error(clap::error::ErrorKind::ArgumentConflict, message));
        let serve = matches!(self.command, Command::Sandbox(_));
        let global = &self.global;
        if global.sandbox.is_some() && (global.endpoint_url.is_some() || global.profile.is_some()) {
            return conflict(
                "--sandbox cannot be used with --endpoint-url or --profile: the embedded EC2 needs neither",
            );
        }
        if global.behaviour.is_some() && global.sandbox.is_none() && !serve {
            return conflict("--behaviour is about the sandbox: use it with --sandbox or `sandbox serve`");
        }
        if let Command::Sandbox(Sandbox::Serve(Serve {
            listen, allow_host, ..
        })) = &self.command
            && !listen.ip().is_loopback()
            && allow_host.is_empty()
        {
            return conflict(
                "--listen beyond this machine needs --allow-host HOST: the name or address by which the sandbox may be asked",
            );
        }
        if serve && global.sandbox.is_some() {
            return conflict("`sandbox serve` takes its state file by --state, not by --sandbox");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[&str]) -> Result<Args, clap::Error> {
        Args::read(&line.iter().map(std::ffi::OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_sandbox_takes_its_file_only_after_an_equals_sign() {
        let args = read(&["trueup", "plan", "--sandbox", "a.yaml"]).unwrap();
        assert_eq!(
            args.global.sandbox.as_deref(),
            Some(std::path::Path::new(".trueup/sandbox.json"))
        );
        let args = read(&["trueup", "plan", "--sandbox=x.json", "a.yaml"]).unwrap();
        assert_eq!(
            args.global.sandbox.as_deref(),
            Some(std::path::Path::new("x.json"))
        );
    }

    #[test]
    fn options_that_do_not_go_together_are_refused() {
        assert!(
            read(&[
                "trueup",
                "plan",
                "--sandbox",
                "--endpoint-url",
                "http://127.0.0.1:1",
                "a.yaml"
            ])
            .is_err()
        );
        assert!(read(&["trueup", "plan", "--behaviour", "instant", "a.yaml"]).is_err());
        assert!(read(&["trueup", "sandbox", "serve", "--sandbox"]).is_err());
        assert!(read(&["trueup", "sandbox", "serve", "--behaviour", "realistic"]).is_ok());
        assert!(read(&["trueup", "apply", "a.yaml", "--expect", "sha256:1234"]).is_err());
        assert!(read(&["trueup", "apply", "a.yaml", "--allow", "everything"]).is_err());
    }
}
