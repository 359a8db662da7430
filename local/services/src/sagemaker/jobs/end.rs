//! How a job ends.

use super::status::Status;

/// What a description shows of a failure's reason and of the job's own message.
pub(crate) const LONGEST: usize = 1024;

/// How a job's command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// By itself, or by a signal, with this exit code.
    Exited(i64),
    /// By StopProcessingJob and the like.
    Stopped,
    /// By its stopping condition.
    TimeIsOver,
}

/// How a job ended.
pub(crate) struct End {
    pub(crate) status: Status,
    pub(crate) failure_reason: Option<String>,
    pub(crate) exit_message: Option<String>,
    /// Whether the job was stopped because its time was over.
    pub(crate) time_is_over: bool,
}

impl End {
    /// An end without anything to say.
    pub(crate) fn of(status: Status) -> Self {
        Self {
            status,
            failure_reason: None,
            exit_message: None,
            time_is_over: false,
        }
    }

    /// A failure, with what a description shows as its reason.
    pub(crate) fn failed(reason: impl std::fmt::Display) -> Self {
        Self {
            failure_reason: Some(cut(&reason.to_string(), LONGEST)),
            ..Self::of(Status::Failed)
        }
    }
}

pub(crate) fn internal(error: impl std::fmt::Display) -> End {
    End::failed(format_args!("InternalServerError: {error}"))
}

/// At most so many characters.
pub(crate) fn cut(text: &str, most: usize) -> String {
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
