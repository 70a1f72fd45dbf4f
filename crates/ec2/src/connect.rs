//! Connecting: region, credentials, endpoint and timeouts, and whose account it is.

use std::sync::Arc;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;

use aws_config::profile::{self, ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};
use trueup_model::{CloudError, ErrorClass, Site};

use crate::Ec2;
use crate::call::{CallContext, Caller};
use crate::endpoint::{Endpoint, Service};
use crate::failure::{Failure, chain};
use crate::reply::Checked;
use crate::session_state::SessionState;
use crate::transport::{Connector, TokioClock, Transport};
use crate::waiting::Waiting;

/// How to reach an EC2. What is left out is found as every AWS tool finds it: environment, profile, instance
/// metadata.
#[derive(Clone, Default)]
pub struct Connect {
    /// The region.
    pub region: Option<String>,
    /// The profile of the AWS configuration files; it wins over credentials in the environment.
    pub profile: Option<String>,
    /// The endpoint for every call, in place of AWS's own and of `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<String>,
    /// Answers in place of a socket. Then nothing is looked up: the region is `us-west-2` unless it is given,
    /// and the credentials mean nothing.
    pub transport: Option<Transport>,
    /// How many calls that change something may be under way at a time: 10, where it is left out.
    pub parallelism: Option<usize>,
    /// How much of EC2's documented request limits to use. Where it is left out, all of them at AWS's own
    /// endpoints; others have none that are known.
    pub request_rate: Option<f64>,
    /// How long EC2 may take to show everybody what somebody made: so long a create waits before it looks
    /// whether it was the only one. Where it is left out, 2 seconds at AWS's own endpoints and no time at
    /// others.
    pub shown_after: Option<Duration>,
    /// Whether `DryRun` is heeded wherever EC2 has it. Where it is left out, at AWS's own endpoints; of
    /// others only that is asked which moto heeds.
    pub heeds_dry_run: Option<bool>,
    /// Hears what a read waits for, where it takes 5 seconds and more.
    pub waiting: Option<Waiting>,
}

/// The region behind a transport, where none is given.
const TRANSPORT_REGION: &str = "us-west-2";
/// So many calls at a time.
const PARALLELISM: usize = 10;
/// What AWS's own endpoints mostly stay below.
const SHOWN_AFTER: Duration = Duration::from_secs(2);
/// An endpoint that does not even connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// An endpoint that connects and says nothing.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// The metadata service of an instance is next door, or it is not there.
const METADATA_TIMEOUT: Duration = Duration::from_millis(700);

/// Connects as [`Ec2::connect`] says.
pub async fn connect(connect: Connect) -> Result<Ec2, CloudError> {
    let config = match connect.transport {
        Some(transport) => behind(transport, connect.region, connect.endpoint_url),
        None => found(connect.region, connect.profile, connect.endpoint_url).await?,
    };
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let parallelism = connect.parallelism.unwrap_or(PARALLELISM);
    let (ec2, sts) = (
        Endpoint::of(Service::Ec2, &config).await?,
        Endpoint::of(Service::Sts, &config).await?,
    );
    let identity = Caller::new(sts, connect.request_rate, parallelism, connect.waiting.clone());
    let account = identity.told(account(&config, &identity)).await?;
    let caller = Caller::new(ec2, connect.request_rate, parallelism, connect.waiting);
    caller.include(&identity);
    let client = aws_sdk_ec2::Client::new(&config);
    let shown_after = connect.shown_after.unwrap_or(if caller.endpoint().is_aws {
        SHOWN_AFTER
    } else {
        Duration::ZERO
    });
    Ok(Ec2 {
        shown_after,
        heeds_dry_run: connect.heeds_dry_run.unwrap_or(caller.endpoint().is_aws),
        client,
        caller: Arc::new(caller),
        session: Arc::new(SessionState::new()),
        site: Site { account, region },
    })
}

/// Asks STS whose credentials these are.
async fn account(config: &SdkConfig, caller: &Caller) -> Result<String, CloudError> {
    const ACTION: &str = "GetCallerIdentity";
    let client = aws_sdk_sts::Client::new(config);
    let identity = caller
        .call(
            &CallContext::read(ACTION),
            ACTION,
            client.get_caller_identity(),
            |request| request.send(),
        )
        .await?;
    let account = identity.account.filter(|account| !account.is_empty());
    Ok(account.ok_or_else(|| Failure::invalid(ACTION, "STS answered without an account"))?)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(CALL_TIMEOUT)
        .operation_attempt_timeout(CALL_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build()
}

/// The configuration behind a transport: no files, no environment, no metadata service.
fn behind(transport: Transport, region: Option<String>, endpoint_url: Option<String>) -> SdkConfig {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "not-a-secret", None, None, "transport");
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.unwrap_or_else(|| TRANSPORT_REGION.to_owned())))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(Checked::new(Connector(transport)))
        .time_source(SharedTimeSource::new(TokioClock::new()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts());
    // In process: AWS's documented buckets do not hold there.
    config.set_endpoint_url(Some(
        endpoint_url.unwrap_or_else(|| "http://sandbox.invalid".to_owned()),
    ));
    config.build()
}

/// The configuration as AWS's tools find it. A profile that is asked for gives the credentials, whatever the
/// environment has of them.
async fn found(
    region: Option<String>,
    profile: Option<String>,
    endpoint_url: Option<String>,
) -> Result<SdkConfig, CloudError> {
    exists(profile.as_deref()).await?;
    let region = find_region(region, profile.as_deref()).await?;
    let credentials = match &profile {
        Some(profile) => {
            let known = ProviderConfig::without_region().with_region(Some(region.clone()));
            SharedCredentialsProvider::new(
                ProfileFileCredentialsProvider::builder()
                    .configure(&known)
                    .profile_name(profile)
                    .build(),
            )
        }
        None => {
            let chain = DefaultCredentialsChain::builder()
                .region(region.clone())
                .imds_client(metadata());
            SharedCredentialsProvider::new(chain.build().await)
        }
    };
    let mut loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials.clone())
        .http_client(Checked::new(sockets()))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts());
    if let Some(profile) = &profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    // Asked for here, where what is missing can be said in one sentence.
    let asked = credentials.provide_credentials().await;
    asked.map_err(|error| Failure::without_credentials("GetCallerIdentity", profile.as_deref(), &error))?;
    Ok(config)
}

/// Whether the profile that was asked for, by an option or by `AWS_PROFILE`, is in the configuration files.
async fn exists(asked: Option<&str>) -> Result<(), CloudError> {
    let variable = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    let (name, by) = match (asked, &variable) {
        (Some(name), _) => (name, "--profile"),
        (None, Some(name)) => (name.as_str(), "AWS_PROFILE"),
        (None, None) => return Ok(()),
    };
    let profiles = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
    let profiles = profiles.map_err(|error| {
        refused(format!(
            "the AWS configuration files cannot be read: {}",
            chain(&error)
        ))
    })?;
    if profiles.get_profile(name).is_some() {
        return Ok(());
    }
    let mut known: Vec<&str> = profiles.profiles().collect();
    known.sort_unstable();
    let known = if known.is_empty() {
        "no profiles at all".to_owned()
    } else {
        format!("only {}", known.join(", "))
    };
    Err(refused(format!(
        "there is no profile `{name}`, which {by} asks for: the AWS configuration files have {known}"
    )))
}

/// What is refused before anything is asked.
pub fn refused(message: String) -> CloudError {
    CloudError {
        class: ErrorClass::Refused,
        code: String::new(),
        message,
    }
}

/// The way by sockets, as the SDK makes it by itself.
fn sockets() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https()
}

async fn find_region(region: Option<String>, profile: Option<&str>) -> Result<Region, CloudError> {
    if let Some(region) = region {
        return Ok(Region::new(region));
    }
    let mut file = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        file = file.profile_name(profile);
    }
    let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(file.build())
        .or_else(ImdsRegionProvider::builder().imds_client(metadata()).build());
    chain.region().await.ok_or_else(|| {
        refused("no region is known: write `region:` in the spec, or give --region or AWS_REGION".to_owned())
    })
}

/// The metadata service, asked once and briefly: on most machines it is not there.
fn metadata() -> imds::Client {
    imds::Client::builder()
        .max_attempts(1)
        .connect_timeout(METADATA_TIMEOUT)
        .read_timeout(METADATA_TIMEOUT)
        .operation_attempt_timeout(METADATA_TIMEOUT)
        .operation_timeout(METADATA_TIMEOUT)
        .build()
}
