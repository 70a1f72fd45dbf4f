//! What EC2 answers when it refuses: a code, a message and an HTTP status.

use std::borrow::Cow;

/// A refusal, with EC2's own error code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// EC2's error code.
    pub code: Cow<'static, str>,
    /// What it says to a person.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl Fault {
    /// A client error.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status: 400,
        }
    }

    /// A required parameter is absent.
    pub fn missing(parameter: &str) -> Self {
        Self::new(
            "MissingParameter",
            format!("The request must contain the parameter {parameter}"),
        )
    }

    /// A value that the parameter does not take.
    pub fn invalid(value: &str, parameter: &str, why: &str) -> Self {
        Self::new(
            "InvalidParameterValue",
            format!("Value ({value}) for parameter {parameter} is invalid: {why}"),
        )
    }

    /// Parameters that do not go together.
    pub fn combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombination", message)
    }

    /// Something else still needs the object.
    pub fn dependency(noun: &str, id: &str) -> Self {
        Self::new(
            "DependencyViolation",
            format!("The {noun} '{id}' has dependencies and cannot be deleted."),
        )
    }

    /// A server-side failure.
    pub fn server(code: &'static str, status: u16, message: &str) -> Self {
        Self {
            code: Cow::Borrowed(code),
            message: message.to_owned(),
            status,
        }
    }

    /// Whether a dry run still reports it: syntax, unknown ids and permissions, not state, quotas or
    /// conflicts.
    pub fn shows_in_dry_run(&self) -> bool {
        let code = self.code.as_ref();
        code.ends_with(".NotFound")
            || code.ends_with(".Malformed")
            || code.ends_with("Malformed")
            || matches!(
                code,
                "MissingParameter"
                    | "InvalidParameterValue"
                    | "InvalidParameterCombination"
                    | "UnknownParameter"
                    | "InvalidParameter"
                    | "InvalidTagKey.Malformed"
                    | "NatGatewayNotFound"
            )
    }
}
