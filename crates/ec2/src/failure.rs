//! Why a call failed, before anyone decides what to do about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use trueup_model::{CloudError, ErrorClass};

use crate::classify::{Class, classify};
use crate::connect::CALL_TIMEOUT;
use crate::reply::Unusable;

/// A call that failed for good, or one attempt of it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What sort of failure.
    pub class: Class,
    /// EC2's error code, or the empty text.
    pub code: String,
    /// EC2's words, or ours where it had none.
    pub message: String,
    /// The call that failed.
    pub action: &'static str,
    /// Whether it was not sent, or not tried again, only because the run is being ended.
    pub stopped: bool,
    /// Whether an attempt before the last one may have done what was asked for.
    pub maybe_done: bool,
    /// Whether the answer was one that EC2 would not give: not its XML.
    pub foreign: bool,
    /// Why EC2 does not authorise the call, in a form that only STS can read.
    pub encoded: Option<String>,
}

impl Failure {
    /// A failure of our own making: a request that cannot be put together.
    pub fn invalid(action: &'static str, message: impl Into<String>) -> Self {
        Self {
            class: Class::Invalid,
            code: String::new(),
            message: message.into(),
            action,
            stopped: false,
            maybe_done: false,
            foreign: false,
            encoded: None,
        }
    }

    /// An answer that does not say what it must: it cannot be used.
    pub fn unusable(action: &'static str, message: impl Into<String>) -> Self {
        Self {
            class: Class::Unusable,
            ..Self::invalid(action, message)
        }
    }

    /// A call that could not be signed.
    pub fn without_credentials(
        action: &'static str,
        profile: Option<&str>,
        error: &CredentialsError,
    ) -> Self {
        let message = match error {
            CredentialsError::CredentialsNotLoaded(_) if profile.is_some() => {
                format!(
                    "profile `{}` has none ({})",
                    profile.unwrap_or_default(),
                    chain(error)
                )
            }
            // The SDK lists every place that it looked at, with why each had none.
            CredentialsError::CredentialsNotLoaded(_) => {
                "none were found in the environment, the profiles or the metadata services".to_owned()
            }
            error => chain(error),
        };
        Self {
            class: Class::Credentials,
            ..Self::invalid(action, message)
        }
    }

    /// Reads the SDK's error.
    pub fn new<E>(action: &'static str, endpoint: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut failure = Self::invalid(action, String::new());
        if let Some(credentials) = find::<CredentialsError>(error) {
            failure = Self::without_credentials(action, None, credentials);
            return failure;
        }
        if let Some(unusable) = find::<Unusable>(error) {
            let message = format!("the answer of {endpoint} to {action} cannot be used: {unusable}");
            return Self {
                class: Class::Unusable,
                foreign: unusable.foreign,
                ..Self::invalid(action, message)
            };
        }
        let status = error.raw_response().map(|raw| raw.status().as_u16());
        if let Some(code) = error.as_service_error().and_then(ProvideErrorMetadata::code) {
            let message = error
                .as_service_error()
                .and_then(ProvideErrorMetadata::message)
                .unwrap_or_default();
            failure.class = classify(code, message, status.is_some_and(|status| status >= 500));
            code.clone_into(&mut failure.code);
            (failure.message, failure.encoded) = readable(message);
            return failure;
        }
        match (error, status) {
            (_, Some(status)) => {
                failure.class = if status >= 500 {
                    Class::Server
                } else {
                    Class::Invalid
                };
                failure.foreign = true;
                failure.message =
                    format!("{endpoint} answered with HTTP status {status} and without an error of EC2's");
                // What says that it succeeded and is a whole document says something that nobody knows.
                if status < 300 {
                    failure.class = Class::Unusable;
                    failure.message = format!(
                        "the answer of {endpoint} to {action} cannot be read: {}",
                        innermost(error)
                    );
                }
            }
            (SdkError::DispatchFailure(dispatch), None) if !dispatch.is_timeout() => {
                let never = dispatch.is_user() || never_connected(error);
                failure.class = if never { Class::Unreachable } else { Class::Lost };
                failure.message = format!("{endpoint} cannot be reached: {}", innermost(error));
            }
            // In the SDK's words, which timer ran out first: that depends on chance.
            (SdkError::TimeoutError(_) | SdkError::DispatchFailure(_), None) => {
                failure.class = Class::Lost;
                failure.message = format!(
                    "{endpoint} does not answer within {} seconds",
                    CALL_TIMEOUT.as_secs()
                );
            }
            (SdkError::ConstructionFailure(_), None) => failure.message = chain(error),
            _ => {
                failure.class = Class::Lost;
                failure.message = format!("{endpoint} does not answer: {}", innermost(error));
            }
        }
        failure
    }
}

/// Whether the connection was refused, or the host's name is not known: nothing was sent.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    use std::io::ErrorKind;
    let io = find::<std::io::Error>(error).map(std::io::Error::kind);
    let refused = matches!(
        io,
        Some(
            ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::AddrNotAvailable
        )
    );
    let text = chain(error);
    refused
        || text.contains("dns error")
        || text.contains("client error (Connect)")
        || text.contains("invalid peer certificate")
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// An error and its causes, outermost first, without repetition.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let said = error.to_string();
        if !text.contains(&said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&said);
        }
        next = error.source();
    }
    text
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// EC2's message on one line, and the blob in it that only STS can decode.
fn readable(message: &str) -> (String, Option<String>) {
    const BLOB: [&str; 2] = [
        "Encoded authorization failure message:",
        "encoded authorization failure message:",
    ];
    let message = &*message.replace(['\r', '\n'], " ");
    let found = BLOB.iter().find_map(|words| message.split_once(words));
    match found {
        Some((text, blob)) => (
            text.trim().to_owned(),
            Some(blob.trim().to_owned()).filter(|blob| !blob.is_empty()),
        ),
        None => (message.trim().to_owned(), None),
    }
}

/// What EC2 says of a refusal that only a permission of the credentials could mend.
const UNAUTHORIZED: [&str; 3] = ["UnauthorizedOperation", "AccessDenied", "AccessDeniedException"];

/// The permission that a refusal is about: the one that the message names, because a call may need more than
/// its own; else that of the action.
fn permission(action: &str, message: &str) -> String {
    let named = message
        .split_once("not authorized to perform: ")
        .map(|(_, rest)| rest);
    let named = named
        .and_then(|rest| rest.split(|c: char| c.is_whitespace() || c == ',').next())
        .map(|name| name.trim_end_matches('.'));
    let is_permission = |name: &&str| {
        name.split_once(':')
            .is_some_and(|(service, action)| !service.is_empty() && !action.is_empty())
    };
    let service = if action == "GetCallerIdentity" {
        "sts"
    } else {
        "ec2"
    };
    named
        .filter(is_permission)
        .map_or_else(|| format!("{service}:{action}"), str::to_owned)
}

/// What to do about a call that was denied: the permission where one is what is missing, and where EC2 does
/// not name it in clear words, how to read those that it encoded.
fn denied(code: &str, action: &str, said: &str, encoded: Option<&str>) -> String {
    if !UNAUTHORIZED.contains(&code) {
        return said.to_owned();
    }
    let (said, permission) = (said.trim_end_matches('.'), permission(action, said));
    let decode = encoded
        .filter(|_| !said.contains("not authorized to perform: "))
        .map(|blob| format!(", or one that it depends on: `aws sts decode-authorization-message --encoded-message {blob}` says which"));
    let refuses = if said.contains("explicit deny") {
        "A policy explicitly denies the credentials"
    } else {
        "The credentials need"
    };
    format!(
        "{said}. {refuses} the permission `{permission}`{}",
        decode.unwrap_or_default()
    )
}

const RENEW: &str = "set AWS_PROFILE or --profile, run `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and \
                     AWS_SESSION_TOKEN for temporary ones)";

impl From<Failure> for CloudError {
    fn from(failure: Failure) -> Self {
        let Failure {
            class,
            code,
            message,
            action,
            encoded,
            stopped,
            ..
        } = failure;
        let said = if code.is_empty() {
            message
        } else {
            format!("{action}: {message} ({code})")
        };
        let (class, message) = match class {
            _ if stopped => (ErrorClass::Stopped, said),
            Class::Credentials if code.contains("Expired") => (
                ErrorClass::Credentials,
                format!("the AWS credentials have expired: {said}. Renew them: {RENEW}"),
            ),
            Class::Credentials => (
                ErrorClass::Credentials,
                format!(
                    "there are no valid AWS credentials: {}. To give some, {RENEW}",
                    said.trim_end_matches('.')
                ),
            ),
            Class::Lost | Class::Unreachable => (ErrorClass::Connection, said),
            Class::Denied => (
                ErrorClass::Denied,
                denied(&code, action, &said, encoded.as_deref()),
            ),
            Class::Throttle => (
                ErrorClass::Throttled,
                format!("{said}. Too many requests in this account and region: try again later"),
            ),
            Class::Quota => (
                ErrorClass::Refused,
                format!("{said}. Ask AWS to raise the quota, or make room"),
            ),
            _ => (ErrorClass::Refused, said),
        };
        Self { class, code, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_undecodable_blob_is_cut_off() {
        let message =
            "You are not authorized to perform this operation. Encoded authorization failure message: aaaa";
        assert_eq!(
            readable(message),
            (
                "You are not authorized to perform this operation.".to_owned(),
                Some("aaaa".to_owned())
            )
        );
    }

    #[test]
    fn the_permission_is_the_one_that_is_missing() {
        let told = |action: &'static str, code: &str, message: &str| {
            let (message, encoded) = readable(message);
            CloudError::from(Failure {
                class: Class::Denied,
                code: code.into(),
                encoded,
                ..Failure::invalid(action, message)
            })
            .message
        };
        let role = "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/a is not authorized to perform: \
                    iam:PassRole on resource: arn:aws:iam::123456789012:role/web because no identity-based policy allows the iam:PassRole \
                    action. Encoded authorization failure message: abcd";
        let said = told("RunInstances", "UnauthorizedOperation", role);
        assert!(
            said.contains("need the permission `iam:PassRole`")
                && !said.contains("ec2:RunInstances")
                && !said.contains("abcd"),
            "{said}"
        );
        let tags = "User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: ec2:CreateTags on resource: \
                    arn:aws:ec2:us-west-2:123456789012:vpc/* with an explicit deny in an identity-based policy";
        let said = told("CreateVpc", "UnauthorizedOperation", tags);
        assert!(
            said.contains("A policy explicitly denies the credentials the permission `ec2:CreateTags`"),
            "{said}"
        );
        let said = told(
            "RunInstances",
            "UnauthorizedOperation",
            "You are not authorized. Encoded authorization failure message: abcd",
        );
        assert!(
            said.contains("`ec2:RunInstances`, or one that it depends on")
                && said.contains("--encoded-message abcd`"),
            "{said}"
        );
        assert!(told("GetCallerIdentity", "AccessDenied", "no").contains("`sts:GetCallerIdentity`"));
        // No permission mends what an account has not signed up for.
        assert!(
            !told(
                "CreateVpc",
                "OptInRequired",
                "You are not subscribed to this service."
            )
            .contains("permission")
        );
    }

    #[test]
    fn the_outside_hears_what_to_do() {
        let failure = Failure {
            class: Class::Credentials,
            code: "ExpiredToken".into(),
            ..Failure::invalid("DescribeVpcs", "old")
        };
        let error = CloudError::from(failure);
        assert_eq!(error.class, ErrorClass::Credentials);
        assert!(
            error.message.contains("expired") && error.message.contains("aws sso login"),
            "{}",
            error.message
        );
        let failure = Failure {
            class: Class::Denied,
            code: "UnauthorizedOperation".into(),
            ..Failure::invalid("DescribeVpcs", "no")
        };
        let error = CloudError::from(failure);
        assert_eq!(
            (error.class, error.code.as_str()),
            (ErrorClass::Denied, "UnauthorizedOperation")
        );
        assert!(error.message.contains("ec2:DescribeVpcs"));
    }
}
