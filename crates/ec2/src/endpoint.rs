//! Where a service of AWS is asked: found once, for the calls, for what is told of them, and for what only
//! AWS's own endpoints have.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use trueup_model::CloudError;

use crate::connect::refused;

/// A service that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// EC2.
    Ec2,
    /// STS, which says whose credentials these are.
    Sts,
}

/// Where a service is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Which service.
    pub service: Service,
    /// The URL that its calls go to.
    pub url: String,
    /// Whether that is one of AWS's own endpoints.
    pub is_aws: bool,
}

/// What the names of AWS's own endpoints end with, in all its partitions and of both its address families.
const AWS: [&str; 9] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
    ".amazonaws.eu",
    ".api.amazonwebservices.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".csp.hci.ic.gov",
];

impl Service {
    /// As the SDK spells it in the names of variables and in profiles.
    fn id(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Sts => "STS",
        }
    }
}

impl Endpoint {
    /// The endpoint of a service with this URL.
    pub fn at(service: Service, url: impl Into<String>) -> Self {
        let url = url.into();
        let host = url.split('/').nth(2).unwrap_or_default();
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let host = host.split(':').next().unwrap_or_default();
        let is_aws = AWS.iter().any(|suffix| host.ends_with(suffix));
        Self { service, url, is_aws }
    }

    /// Where a client of this configuration asks `service`: what was configured for it
    /// (`AWS_ENDPOINT_URL_EC2`, `AWS_ENDPOINT_URL`, and what a profile has of them), or AWS's own endpoint in
    /// the configuration's region.
    ///
    /// # Errors
    /// `Refused` where AWS has no endpoint of that sort in that region.
    pub async fn of(service: Service, config: &SdkConfig) -> Result<Self, CloudError> {
        let url = match configured(service, config) {
            Some(url) => url,
            None => own(service, config).await.map_err(|why| {
                let region = config.region().map(ToString::to_string).unwrap_or_default();
                refused(format!(
                    "no endpoint of {} is known for region `{region}`: {why}",
                    service.id()
                ))
            })?,
        };
        Ok(Self::at(service, url))
    }
}

/// What was configured in place of AWS's own endpoint: the SDK's clients look for it in the same way.
fn configured(service: Service, config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service.id())
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let of_service = || config.service_config().and_then(|found| found.load_config(key));
    let asked = config
        .get_origin("endpoint_url")
        .is_client_config()
        .then(|| config.endpoint_url().map(str::to_owned))
        .flatten();
    asked
        .or_else(of_service)
        .or_else(|| config.endpoint_url().map(str::to_owned))
}

/// AWS's own endpoint.
async fn own(service: Service, config: &SdkConfig) -> Result<String, String> {
    let region = config.region().map(ToString::to_string);
    let (fips, dual_stack) = (config.use_fips(), config.use_dual_stack());
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let endpoint = match service {
        Service::Ec2 => {
            use aws_sdk_ec2::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
            let params = Params::builder()
                .set_region(region)
                .set_use_fips(fips)
                .set_use_dual_stack(dual_stack)
                .build();
            let params = params.map_err(|error| told(&error))?;
            ResolveEndpoint::resolve_endpoint(&DefaultResolver::new(), &params).await
        }
        Service::Sts => {
            use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
            let params = Params::builder()
                .set_region(region)
                .set_use_fips(fips)
                .set_use_dual_stack(dual_stack)
                .build();
            let params = params.map_err(|error| told(&error))?;
            ResolveEndpoint::resolve_endpoint(&DefaultResolver::new(), &params).await
        }
    };
    endpoint
        .map(|endpoint| endpoint.url().to_owned())
        .map_err(|error| told(&error))
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::*;

    #[test]
    fn aws_is_told_from_others_by_the_host() {
        let is_aws = |url: &str| Endpoint::at(Service::Ec2, url).is_aws;
        for url in [
            "https://ec2.eu-west-1.amazonaws.com",
            "https://ec2.cn-north-1.amazonaws.com.cn/",
            "https://ec2.us-east-1.api.aws:443",
        ] {
            assert!(is_aws(url), "{url}");
        }
        for url in [
            "http://127.0.0.1:4566",
            "http://ec2.amazonaws.com.evil.example/",
            "http://localhost/.amazonaws.com",
            "https://amazonaws.com@x.y",
            "",
        ] {
            assert!(!is_aws(url), "{url}");
        }
    }

    #[tokio::test]
    async fn aws_has_an_endpoint_for_each_service_in_each_partition() {
        for (region, ec2, sts) in [
            (
                "us-west-2",
                "https://ec2.us-west-2.amazonaws.com",
                "https://sts.us-west-2.amazonaws.com",
            ),
            (
                "cn-north-1",
                "https://ec2.cn-north-1.amazonaws.com.cn",
                "https://sts.cn-north-1.amazonaws.com.cn",
            ),
        ] {
            let config = SdkConfig::builder().region(Region::new(region)).build();
            for (service, url) in [(Service::Ec2, ec2), (Service::Sts, sts)] {
                assert_eq!(
                    Endpoint::of(service, &config).await.unwrap(),
                    Endpoint {
                        service,
                        url: url.to_owned(),
                        is_aws: true
                    }
                );
            }
        }
        let config = SdkConfig::builder()
            .region(Region::new("us-west-2"))
            .endpoint_url("http://127.0.0.1:1")
            .build();
        assert_eq!(
            Endpoint::of(Service::Sts, &config).await.unwrap(),
            Endpoint::at(Service::Sts, "http://127.0.0.1:1")
        );
    }
}
