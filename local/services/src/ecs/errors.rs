//! Errors in ECS's own codes:
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>.

use platform::ServiceError;
use std::fmt::Display;

/// What is wrong with what the client asks for.
pub(super) fn client(message: impl Display) -> ServiceError {
    ServiceError::new("ClientException", message)
}

/// A parameter that cannot be used.
pub(super) fn invalid(message: impl Display) -> ServiceError {
    ServiceError::new("InvalidParameterException", message)
}

/// What ECS has and the local run does not.
pub(super) fn refused(what: impl Display) -> ServiceError {
    ServiceError::new("NotInLocalRun", format_args!("the local run does not have {what}")).with_status(501)
}
