//! Turns an error of the SDKs' runtime into a [`CallError`], by the error code in the answer.
//!
//! The code is always there: <https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html>.

use std::error::Error;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::ErrorMetadata;

use crate::ports::{CallError, CallErrorKind};

/// What an error of the runtime means to a caller.
pub(crate) fn classify(operation: &'static str, error: SdkError<ErrorMetadata, Response>) -> CallError {
    match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let answer = context.err();
            let message = answer.message().unwrap_or(match status {
                200..300 => "the answer could not be read",
                _ => "no reason given",
            });
            let error = CallError::new(operation, kind_of(answer.code(), status), message);
            match answer.code() {
                Some(code) => error.with_code(code),
                None => error,
            }
        }
        SdkError::TimeoutError(_) => CallError::new(operation, CallErrorKind::Unavailable, "no answer in time"),
        SdkError::DispatchFailure(failure) => {
            let reason = failure
                .as_connector_error()
                .map_or_else(|| "no connection".to_owned(), |e| innermost(e));
            CallError::new(operation, CallErrorKind::Unavailable, reason)
        }
        SdkError::ResponseError(_) => {
            CallError::new(operation, CallErrorKind::Unavailable, "the answer could not be read")
        }
        // The request was not sent. The message is the runtime's own.
        error => CallError::new(operation, CallErrorKind::Invalid, innermost(&error)),
    }
}

/// The error of an answer in which something is missing. It is not known whether the operation was done.
pub(crate) fn incomplete(operation: &'static str) -> CallError {
    CallError::new(operation, CallErrorKind::Unavailable, "the answer is incomplete")
}

/// The message of the innermost cause of an error.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// The kind of an error code. If the code is unknown, the HTTP status decides.
pub(crate) fn kind_of(code: Option<&str>, status: u16) -> CallErrorKind {
    use CallErrorKind::{Conflict, Denied, Invalid, NotFound, Throttled, Unavailable};
    match code.unwrap_or_default() {
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "TooManyUpdates"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "LimitExceededException"
        | "ExecutionLimitExceeded"
        | "KmsThrottlingException"
        | "PriorRequestNotComplete" => Throttled,
        "AccessDeniedException"
        | "AccessDenied"
        | "UnauthorizedOperation"
        | "AuthFailure"
        | "OptInRequired"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "KmsAccessDeniedException"
        | "KMSAccessDeniedException" => Denied,
        "ExecutionDoesNotExist"
        | "StateMachineDoesNotExist"
        | "StateMachineDeleting"
        | "ResourceNotFound"
        | "ResourceNotFoundException"
        | "JobNotFoundException"
        | "PipelineNotFoundException"
        | "PipelineExecutionNotFoundException"
        | "StageNotFoundException"
        | "ActionNotFoundException"
        | "NoSuchKey"
        | "NoSuchBucket"
        | "NoSuchVersion"
        | "ParameterNotFound"
        | "ParameterVersionNotFound"
        | "RepositoryNotFoundException"
        | "ImageNotFoundException" => NotFound,
        "ExecutionAlreadyExists"
        | "ExecutionNotRedrivable"
        | "InvalidJobStateException"
        | "ApprovalAlreadyCompletedException"
        | "InvalidApprovalTokenException"
        | "ConflictException"
        | "ConcurrentModificationException" => Conflict,
        "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServerErrorException"
        | "InternalServiceError"
        | "ServerException"
        | "RequestTimeout"
        | "RequestTimeoutException" => Unavailable,
        _ => match status {
            // The answer could not be read.
            200..300 => Unavailable,
            401 | 403 => Denied,
            404 => NotFound,
            409 => Conflict,
            429 => Throttled,
            500.. => Unavailable,
            _ => Invalid,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_before_the_status() {
        use CallErrorKind::{Conflict, Denied, Invalid, NotFound, Throttled, Unavailable};
        for (code, status, kind) in [
            (Some("ThrottlingException"), 400, Throttled),
            (Some("ExecutionLimitExceeded"), 400, Throttled),
            (Some("SlowDown"), 503, Throttled),
            (Some("AccessDeniedException"), 400, Denied),
            (Some("ExpiredToken"), 400, Denied),
            (Some("ExecutionDoesNotExist"), 400, NotFound),
            (Some("NoSuchKey"), 404, NotFound),
            (Some("ExecutionAlreadyExists"), 400, Conflict),
            (Some("InvalidJobStateException"), 400, Conflict),
            (Some("InvalidExecutionInput"), 400, Invalid),
            (Some("InternalServerError"), 500, Unavailable),
            (Some("SomethingNew"), 503, Unavailable),
            (Some("SomethingNew"), 400, Invalid),
            (None, 200, Unavailable),
            (None, 403, Denied),
            (None, 404, NotFound),
            (None, 409, Conflict),
            (None, 429, Throttled),
            (None, 502, Unavailable),
        ] {
            assert_eq!(kind_of(code, status), kind, "{code:?} {status}");
        }
    }
}
