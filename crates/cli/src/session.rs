//! What most commands start with: a spec that was read, and the cloud that it is about.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use trueup_ec2::{Connect, Ec2, Transport, Waiting};
use trueup_model::{Cloud, Diagnostic, Observed, Plan, Scope, Site, Topology};
use trueup_sandbox::Sandbox;
use trueup_spec::{Options, Parsed};

use crate::args::{Global, SANDBOX_FILE};
use crate::error::Error;
use crate::io::Io;
use crate::keys::{self, WithKeys};
use crate::print;
use crate::signals::Signals;
use crate::source::Source;

/// A spec and its cloud.
#[derive(Debug)]
pub struct Session {
    /// The spec's text.
    pub source: Source,
    /// What it wants.
    pub topology: Topology,
    /// What is worth knowing about it; told already.
    pub diagnostics: Vec<Diagnostic>,
    /// Where it is wanted.
    pub cloud: WithKeys<Ec2>,
    /// What may end the command early.
    pub signals: Signals,
    sandbox: Option<Embedded>,
    call_report: Option<PathBuf>,
    /// The options and the spec of this command line, for another command about the same.
    words: String,
}

/// The sandbox in this process.
struct Embedded {
    path: PathBuf,
    sandbox: Arc<Sandbox>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Reads the spec at `path`, telling what is wrong with it, and connects.
    pub async fn open(global: &Global, path: &Path, io: &mut Io<'_>) -> Result<Self, Error> {
        Self::open_for(global, path, None, io).await
    }

    /// The same, with so many calls that change something at a time.
    pub async fn open_for(
        global: &Global,
        path: &Path,
        parallelism: Option<u16>,
        io: &mut Io<'_>,
    ) -> Result<Self, Error> {
        let source = Source::read(path, &global.allow_files_outside, io.stdin)?;
        let parsed = parse(&source, global.region.as_deref());
        let Some(topology) = parsed.topology else {
            print::diagnostics(&mut io.stderr, &parsed.diagnostics, std::slice::from_ref(&source));
            return Err(Error::Spec(parsed.diagnostics));
        };
        let mut signals = Signals::listen().map_err(|source| Error::System {
            what: "listen for signals",
            source,
        })?;
        let sandbox = match &global.sandbox {
            Some(path) => Some(Embedded {
                path: path.clone(),
                sandbox: Arc::new(open_sandbox(path, global)?),
            }),
            None => None,
        };
        let connect = Connect {
            region: global.region.clone().or_else(|| topology.region.clone()),
            profile: global.profile.clone(),
            endpoint_url: global.endpoint_url.clone(),
            transport: sandbox
                .as_ref()
                .map(|embedded| transport(Arc::clone(&embedded.sandbox))),
            request_rate: global.request_rate,
            parallelism: parallelism.map(usize::from),
            heeds_dry_run: sandbox.is_some().then_some(true),
            waiting: Some(waiting(io.waiting)),
            ..Connect::default()
        };
        let cloud = signals.or(Ec2::connect(connect)).await??;
        // What a spec means may depend on the region, and only now is it known where neither it nor the
        // command line says it.
        let parsed = match topology.region {
            Some(_) => Parsed {
                topology: Some(topology),
                diagnostics: parsed.diagnostics,
            },
            None => parse(&source, Some(&cloud.site().region)),
        };
        let mut diagnostics = parsed.diagnostics;
        if let Some(topology) = &parsed.topology {
            diagnostics.extend(place(topology, cloud.site(), cloud.endpoint().is_aws));
        }
        print::diagnostics(&mut io.stderr, &diagnostics, std::slice::from_ref(&source));
        let Some(topology) = parsed.topology else {
            return Err(Error::Spec(diagnostics));
        };
        let cloud = WithKeys::new(cloud, source.files.clone());
        let (call_report, words) = (global.call_report.clone(), words(global, path));
        Ok(Self {
            source,
            topology,
            diagnostics,
            cloud,
            signals,
            sandbox,
            call_report,
            words,
        })
    }

    /// The command line of another command about the same spec in the same place, with the options of its own
    /// that `options` adds.
    pub fn again(&self, command: &str, options: &str) -> String {
        format!("trueup {command}{options}{}", self.words)
    }

    /// Whether the spec is for another account or region: then nothing is read and nothing is done.
    pub fn is_elsewhere(&self) -> bool {
        let site = self.cloud.cloud().site();
        let differs =
            |wanted: &Option<String>, is: &str| wanted.as_deref().is_some_and(|wanted| wanted != is);
        differs(&self.topology.account, &site.account) || differs(&self.topology.region, &site.region)
    }

    /// Reads what is live. In another account or region than the spec's there is nothing to read: no plan is
    /// made of it.
    pub async fn observe(&mut self) -> Result<Observed, Error> {
        let scope = trueup_plan::scope(&self.topology);
        self.observe_within(&scope).await
    }

    async fn observe_within(&mut self, scope: &Scope) -> Result<Observed, Error> {
        if self.is_elsewhere() {
            return Ok(Observed {
                site: self.cloud.cloud().site().clone(),
                ..Observed::default()
            });
        }
        Ok(self.signals.or(self.cloud.observe(scope)).await??)
    }

    /// Adds what a plan has no use for: the instances of others in the topology's VPCs.
    pub async fn observe_others(&mut self, observed: &mut Observed) -> Result<(), Error> {
        let scope = trueup_plan::scope(&self.topology);
        let others = self
            .signals
            .or(self.cloud.cloud().others(&scope, observed))
            .await??;
        observed.objects.extend(others);
        Ok(())
    }

    /// The same, for a plan that may build the topology: it may be there already, in another region.
    pub async fn observe_to_build(&mut self) -> Result<Observed, Error> {
        let scope = trueup_plan::scope(&self.topology);
        let observed = self.observe_within(&scope).await?;
        if self.is_elsewhere() {
            return Ok(observed);
        }
        let elsewhere = self
            .signals
            .or(self.cloud.cloud().elsewhere(&scope, &observed))
            .await?;
        Ok(Observed {
            elsewhere,
            ..observed
        })
    }

    /// What is live, with what a plan would make although it is there and only lost its tags; nothing where
    /// there is none of that.
    pub async fn look_for_lost(
        &mut self,
        plan: &Plan,
        observed: &Observed,
    ) -> Result<Option<Observed>, Error> {
        let creates = trueup_engine::creates(plan);
        let lost = self.signals.or(self.cloud.cloud().lost(&creates)).await?;
        if lost.is_empty() {
            return Ok(None);
        }
        let mut observed = observed.clone();
        observed.lost = lost.iter().map(|object| object.id.clone()).collect();
        observed.objects.extend(lost);
        observed
            .objects
            .sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
        Ok(Some(observed))
    }

    /// Holds a plan against what it uses of others': what is not there is refused before anything is made.
    pub async fn look_outside(&mut self, plan: &mut Plan, observed: &Observed) -> Result<(), Error> {
        let sought = trueup_plan::outside::unlisted(plan, &self.topology, observed);
        let looked = self.signals.or(self.cloud.cloud().outside(&sought)).await?;
        trueup_plan::outside::check(plan, &self.topology, observed, &looked);
        Ok(())
    }

    /// The topology as the same text says it now: key files that were written meanwhile are seen.
    pub fn reread(&self) -> Option<Topology> {
        parse(&self.source, Some(&self.cloud.cloud().site().region)).topology
    }

    /// Ends the session with what the command came to.
    pub fn close<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        if let Some(path) = self.call_report {
            let report = serde_json::to_string_pretty(&self.cloud.cloud().calls()).unwrap_or_default();
            std::fs::write(&path, report + "\n").map_err(|source| Error::Write { path, source })?;
        }
        if let Some(Embedded { path, sandbox }) = self.sandbox {
            sandbox.close().map_err(|source| Error::Write { path, source })?;
        }
        result
    }
}

/// Reads a spec's text with the files beside it.
pub fn parse(source: &Source, region: Option<&str>) -> Parsed {
    let mut parsed = trueup_spec::parse(
        &source.name,
        &source.text,
        &Options {
            region,
            files: &source.files,
        },
    );
    parsed.diagnostics.extend(
        parsed
            .topology
            .iter()
            .flat_map(|topology| keys::open_to_others(topology, &source.files)),
    );
    parsed
}

/// Passes on what a read waits for: EC2's words may be in it.
fn waiting(hears: fn(&str)) -> Waiting {
    Arc::new(move |text| hears(&trueup_report::text::waiting(text)))
}

/// The sandbox whose state is at `path`.
fn open_sandbox(path: &Path, global: &Global) -> Result<Sandbox, Error> {
    let options = trueup_sandbox::Options {
        behaviour: global.behaviour.unwrap_or_default().into(),
        ..Default::default()
    };
    Ok(Sandbox::open(path, options)?)
}

/// A sandbox in place of a socket.
pub fn transport(sandbox: Arc<Sandbox>) -> Transport {
    Arc::new(move |request| {
        let sandbox = Arc::clone(&sandbox);
        Box::pin(async move {
            let mut response = sandbox.handle(request).await;
            if response
                .extensions_mut()
                .remove::<trueup_sandbox::ReplyLost>()
                .is_some()
            {
                response.extensions_mut().insert(trueup_ec2::ReplyLost);
            }
            response
        })
    })
}

/// The options that say where, and the spec, as they are typed in a shell.
fn words(global: &Global, spec: &Path) -> String {
    let mut words = String::new();
    let options = [
        ("--region", &global.region),
        ("--profile", &global.profile),
        ("--endpoint-url", &global.endpoint_url),
    ];
    for (name, value) in options {
        if let Some(value) = value {
            words += &format!(" {name} {}", quoted(value));
        }
    }
    match &global.sandbox {
        Some(path) if path == Path::new(SANDBOX_FILE) => words += " --sandbox",
        Some(path) => words += &format!(" --sandbox={}", quoted(&path.to_string_lossy())),
        None => {}
    }
    if let Some(behaviour) = global
        .behaviour
        .as_ref()
        .and_then(clap::ValueEnum::to_possible_value)
    {
        words += &format!(" --behaviour {}", behaviour.get_name());
    }
    for folder in &global.allow_files_outside {
        words += &format!(" --allow-files-outside {}", quoted(&folder.to_string_lossy()));
    }
    if let Some(share) = global.request_rate {
        words += &format!(" --request-rate {share}");
    }
    words + " " + &quoted(&spec.to_string_lossy())
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// What is to be said about where a topology is used.
fn place(topology: &Topology, site: &Site, is_aws: bool) -> Vec<Diagnostic> {
    let Site { account, region } = site;
    let mut found = Vec::new();
    let at = |diagnostic: Diagnostic, key: &str, text: &str| match topology.places.get(key) {
        Some(place) => diagnostic.at(place.clone(), text),
        None => diagnostic,
    };
    match &topology.account {
        Some(wanted) if wanted != account => found.push(at(
            Diagnostic::error(
                "wrong-account",
                format!("the spec is for account {wanted}, and these credentials are of account {account}"),
            )
            .help("use credentials of the spec's account; nothing was read and nothing will be done here"),
            "account",
            "the only account that it may be used in",
        )),
        None if is_aws => found.push(at(
            Diagnostic::warning("no-account", "the spec does not say which account it is for").help(format!(
                "write `account: \"{account}\"` beside `topology`, so that other credentials are refused"
            )),
            "topology",
            "",
        )),
        _ => {}
    }
    if let Some(wanted) = topology.region.as_deref().filter(|wanted| *wanted != region) {
        found.push(at(
            Diagnostic::error(
                "wrong-region",
                format!("the spec is for region {wanted}, and --region says {region}"),
            )
            .help("leave --region out, or correct `region:`; nothing was read and nothing will be done here"),
            "region",
            "the only region that it may be used in",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(account: Option<&str>, region: Option<&str>) -> Topology {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Topology {
            name: "t".into(),
            account: own(account),
            region: own(region),
            ..Topology::default()
        }
    }

    #[test]
    fn another_command_can_be_typed_as_it_is_told() {
        use clap::Parser;
        let told = |line: &[&str]| {
            let args = crate::args::Args::try_parse_from(line).unwrap();
            words(&args.global, Path::new("my net.yaml"))
        };
        assert_eq!(
            told(&["trueup", "--sandbox", "schema"]),
            " --sandbox 'my net.yaml'"
        );
        assert_eq!(
            told(&["trueup", "--region", "us-west-2", "schema", "--sandbox=it's"]),
            " --region us-west-2 --sandbox='it'\\''s' 'my net.yaml'"
        );
        // What makes it slower, or more like EC2, is part of it.
        assert_eq!(
            told(&[
                "trueup",
                "--sandbox",
                "--behaviour",
                "realistic",
                "--request-rate",
                "0.5",
                "schema"
            ]),
            " --sandbox --behaviour realistic --request-rate 0.5 'my net.yaml'"
        );
    }

    #[test]
    fn another_account_or_region_is_told() {
        let codes = |topology: &Topology, is_aws| {
            let site = Site {
                account: "123456789012".into(),
                region: "us-west-2".into(),
            };
            place(topology, &site, is_aws)
                .iter()
                .map(|diagnostic| diagnostic.code)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            codes(&topology(Some("123456789012"), Some("us-west-2")), true),
            [""; 0]
        );
        assert_eq!(
            codes(&topology(Some("210987654321"), Some("eu-west-1")), true),
            ["wrong-account", "wrong-region"]
        );
        assert_eq!(codes(&topology(None, None), true), ["no-account"]);
        assert_eq!(codes(&topology(None, None), false), [""; 0]);
    }
}
