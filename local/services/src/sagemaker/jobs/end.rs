//! How a job ends.

use super::record::Status;

/// What a description shows of a failure's reason and of the job's own message.
pub(in crate::sagemaker) const LONGEST: usize = 1024;

/// How a job's command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sagemaker) enum Outcome {
    /// By itself, or by a signal, with this exit code.
    Exited(i64),
    /// By StopProcessingJob and the like.
    Stopped,
    /// By its stopping condition.
    TimeIsOver,
}

/// How a job ended.
pub(in crate::sagemaker) struct End {
    pub(in crate::sagemaker) status: Status,
    pub(in crate::sagemaker) failure_reason: Option<String>,
    pub(in crate::sagemaker) exit_message: Option<String>,
    /// Whether the job was stopped because its time was over.
    pub(in crate::sagemaker) time_is_over: bool,
}

impl End {
    /// An end without anything to say.
    pub(in crate::sagemaker) fn of(status: Status) -> Self {
        Self {
            status,
            failure_reason: None,
            exit_message: None,
            time_is_over: false,
        }
    }

    /// A failure, with what a description shows as its reason.
    pub(in crate::sagemaker) fn failed(reason: impl std::fmt::Display) -> Self {
        Self {
            failure_reason: Some(cut(&reason.to_string(), LONGEST)),
            ..Self::of(Status::Failed)
        }
    }
}

pub(in crate::sagemaker) fn internal(error: impl std::fmt::Display) -> End {
    End::failed(format_args!("InternalServerError: {error}"))
}

/// At most so many characters.
pub(in crate::sagemaker) fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The signal that an exit code stands for, as containers and shells have it.
pub(super) fn signal_of(code: i64) -> Option<&'static str> {
    Some(match code - 128 {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        _ => return None,
    })
}
