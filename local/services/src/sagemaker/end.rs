//! How a job ends.

use super::job::Status;

/// What DescribeProcessingJob shows of a failure's reason and of the job's own message.
const MESSAGE_LIMIT: usize = 1024;

/// How a job ended.
pub(super) struct End {
    pub(super) status: Status,
    pub(super) failure_reason: Option<String>,
    pub(super) exit_message: Option<String>,
}

impl End {
    /// A failure, with what DescribeProcessingJob shows as its reason.
    pub(super) fn failed(reason: impl std::fmt::Display) -> Self {
        Self {
            status: Status::Failed,
            failure_reason: Some(cut(&reason.to_string())),
            exit_message: None,
        }
    }
}

pub(super) fn internal(error: impl std::fmt::Display) -> End {
    End::failed(format_args!("InternalServerError: {error}"))
}

/// At most as many characters as DescribeProcessingJob shows.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(MESSAGE_LIMIT).collect()
}
