//! Answers that say of success and list what was refused: of one object that is a refusal like any other, and passes
//! the same retries.

use std::error::Error;

use aws_sdk_ec2::error::{ErrorMetadata, SdkError};
use aws_sdk_ec2::types::UnsuccessfulItem;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;

/// The answer to a call about one object, or EC2's refusal where it is in the answer's list.
#[expect(
    clippy::result_large_err,
    reason = "the SDK's own error, as the request itself would give it"
)]
pub fn refused<T, E: Error>(
    answer: T,
    listed: impl Fn(&T) -> &[UnsuccessfulItem],
    generic: fn(ErrorMetadata) -> E,
) -> Result<T, SdkError<E, HttpResponse>> {
    let Some(item) = listed(&answer).first() else {
        return Ok(answer);
    };
    let error = item.error();
    let metadata = ErrorMetadata::builder()
        .code(error.and_then(|error| error.code()).unwrap_or("Unsuccessful"))
        .message(
            error
                .and_then(|error| error.message())
                .unwrap_or("EC2 does not say why"),
        )
        .build();
    // As EC2 sends refusals.
    let raw = HttpResponse::new(http::StatusCode::BAD_REQUEST.into(), SdkBody::empty());
    Err(SdkError::service_error(generic(metadata), raw))
}
