//! Connecting: region, credentials, endpoint and timeouts, and whose account it is.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use trueup_model::{CloudError, ErrorClass};

use crate::Ec2;
use crate::call::{Caller, Errand};
use crate::failure::Failure;
use crate::memory::Memory;
use crate::transport::{Connector, TokioClock, Transport};

/// How to reach an EC2. What is left out is found as every AWS tool finds it: environment, profile, instance metadata.
#[derive(Clone, Default)]
pub struct Connect {
    /// The region.
    pub region: Option<String>,
    /// The profile of the AWS configuration files.
    pub profile: Option<String>,
    /// The endpoint for every call, in place of AWS's own and of `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<String>,
    /// Answers in place of a socket. Then nothing is looked up: the region is `us-west-2` unless it is given, and the
    /// credentials mean nothing.
    pub transport: Option<Transport>,
    /// How many calls that change something may be under way at a time: 10, where it is left out.
    pub parallelism: Option<usize>,
    /// How much of EC2's documented request limits to use. Where it is left out, all of them at AWS's own endpoints; others have none
    /// that are known.
    pub request_rate: Option<f64>,
    /// How long EC2 may take to show everybody what somebody made: so long a create waits before it looks whether it was the only
    /// one. Where it is left out, 2 seconds at AWS's own endpoints and no time at others.
    pub shown_after: Option<Duration>,
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
    let endpoint = config.endpoint_url().map_or_else(|| format!("https://ec2.{region}.amazonaws.com"), str::to_owned);
    let caller = Caller::new(endpoint, connect.request_rate, connect.parallelism.unwrap_or(PARALLELISM));
    let client = aws_sdk_ec2::Client::new(&config);
    let account = account(&config, &caller).await?;
    let shown_after = connect.shown_after.unwrap_or(if caller.is_aws() { SHOWN_AFTER } else { Duration::ZERO });
    Ok(Ec2 { shown_after, client, caller, memory: Memory::new(), account, region })
}

/// Asks STS whose credentials these are.
async fn account(config: &SdkConfig, caller: &Caller) -> Result<String, CloudError> {
    const ACTION: &str = "GetCallerIdentity";
    let client = aws_sdk_sts::Client::new(config);
    let identity = caller.call(&Errand::read(ACTION), ACTION, client.get_caller_identity(), |request| request.send()).await?;
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
        .http_client(Connector(transport))
        .time_source(SharedTimeSource::new(TokioClock::new()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts());
    // In process: AWS's documented buckets do not hold there.
    config.set_endpoint_url(Some(endpoint_url.unwrap_or_else(|| "http://sandbox.invalid".to_owned())));
    config.build()
}

/// The configuration as AWS's tools find it.
async fn found(region: Option<String>, profile: Option<String>, endpoint_url: Option<String>) -> Result<SdkConfig, CloudError> {
    let region = find_region(region, profile.as_deref()).await?;
    let mut chain = DefaultCredentialsChain::builder().region(region.clone()).imds_client(metadata());
    if let Some(profile) = &profile {
        chain = chain.profile_name(profile);
    }
    let credentials = SharedCredentialsProvider::new(chain.build().await);
    let mut loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials.clone())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts());
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    // Asked for here, where what is missing can be said in one sentence.
    credentials.provide_credentials().await.map_err(|error| Failure::without_credentials("GetCallerIdentity", &error))?;
    Ok(config)
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
    chain.region().await.ok_or_else(|| CloudError {
        class: ErrorClass::Refused,
        code: String::new(),
        message: "no region is known: write `region:` in the spec, or give --region or AWS_REGION".to_owned(),
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
