//! Why a job failed, in words: what people read in the pipeline is all that many of them will ever look at.

use std::time::Duration;

use shared::console;
use shared::ports::step_functions::Failure;
use shared::time::in_words;

mod cause;
mod clip;
mod culprit;

pub(crate) use clip::clip;
pub(crate) use culprit::{Culprit, Search, search};

use crate::history::Destination;
use crate::user_parameters::OnRetry;

/// The most characters that CodePipeline takes.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html>
pub(crate) const MAX_MESSAGE: usize = 5_000;

/// How much of a cause is told before a link is: what people need to see what went wrong.
const LEAST_CAUSE: usize = 200;

/// How an execution stands that a retry of the stage would find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing<'a> {
    /// It still runs.
    Runs,
    /// It has ended without success; a redrive would lead there, as far as its history tells.
    Ended(Option<&'a Destination>),
}

/// What a retry of the stage will do.
#[must_use]
pub(crate) fn retrying(on_retry: OnRetry, standing: Standing<'_>) -> String {
    match (on_retry, standing) {
        (OnRetry::Restart, _) => "Retrying the stage starts a new execution.".to_owned(),
        (OnRetry::Redrive, Standing::Runs) => "Retrying the stage waits for this execution again.".to_owned(),
        (OnRetry::Redrive, Standing::Ended(Some(Destination::Work))) => {
            "Retrying the stage redrives this execution from its failed state.".to_owned()
        }
        (OnRetry::Redrive, Standing::Ended(Some(Destination::FailState(name)))) => format!(
            "Retrying the stage starts a new execution: this one ended in the Fail state `{name}`, which a redrive \
             would only enter again."
        ),
        (OnRetry::Redrive, Standing::Ended(Some(Destination::SameError(error)))) => format!(
            "Retrying the stage starts a new execution: `{error}` comes of this one's definition and input, and a \
             redrive would take the same."
        ),
        (OnRetry::Redrive, Standing::Ended(None)) => {
            "Retrying the stage redrives this execution, or starts a new one if this one ended in a Fail state."
                .to_owned()
        }
    }
}

/// How an execution ended that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It failed.
    Failed,
    /// It took longer than its definition allows.
    TimedOut,
    /// It was stopped.
    Aborted,
}

impl Ending {
    /// The event that its history ends with.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::Failed => "ExecutionFailed",
            Self::TimedOut => "ExecutionTimedOut",
            Self::Aborted => "ExecutionAborted",
        }
    }
}

/// All that is known about an execution that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Story<'a> {
    /// The execution.
    pub execution_arn: &'a str,
    /// How it ended.
    pub ending: Ending,
    /// The error and cause that it ended with.
    pub failure: &'a Failure,
    /// The state that is to blame, as far as the history tells.
    pub culprit: Option<&'a Culprit>,
    /// How long it ran.
    pub ran: Option<Duration>,
    /// Where a redrive of it would lead, as far as the history tells.
    pub destination: Option<&'a Destination>,
    /// What people want a retry of the stage to do.
    pub on_retry: OnRetry,
}

impl Story<'_> {
    /// The message: which state failed, with which error and cause, after how long, where to look, and what a retry does.
    ///
    /// Where all of it is too long, the middle of the cause is left out.
    #[must_use]
    pub(crate) fn tell(&self) -> String {
        self.tell_within(MAX_MESSAGE)
    }

    /// The same, in at most `max` characters. The link goes first, where there is not room enough for the cause as well.
    #[must_use]
    pub(crate) fn tell_within(&self, max: usize) -> String {
        let before = self.headline();
        let mut after = String::new();
        if let Some(caught) = self.culprit.and_then(|culprit| culprit.ended_in.as_deref()) {
            after.push_str(&format!(
                "\nThe state machine then ended in state `{caught}`{}.",
                self.other_error()
            ));
        }
        after.push('\n');
        after.push_str(&retrying(self.on_retry, Standing::Ended(self.destination)));
        let place = console::execution_link(self.execution_arn).unwrap_or_else(|| self.execution_arn.to_owned());
        let link = format!("\nExecution: {place}");
        let cause = self.origin().cause.as_deref().map(str::trim);
        let cause = cause.filter(|cause| !cause.is_empty()).map(cause::in_words);
        let told = match &cause {
            // Two characters stand before the cause.
            Some(cause) => 2 + clip::length(cause).min(LEAST_CAUSE),
            None => 1,
        };
        if clip::length(&before) + told + clip::length(&after) + clip::length(&link) <= max {
            after.push_str(&link);
        }
        let room = max.saturating_sub(clip::length(&before) + clip::length(&after));
        let whole = match &cause {
            Some(cause) => format!("{before}: {}{after}", clip(cause, room.saturating_sub(2))),
            None => format!("{before}.{after}"),
        };
        clip(&whole, max)
    }

    /// The failure where it began: what a state machine catches, it may end with under another name.
    fn origin(&self) -> &Failure {
        let origin = self.culprit.and_then(|culprit| culprit.failure.as_ref());
        origin
            .filter(|failure| failure.error.is_some() || failure.cause.is_some())
            .unwrap_or(self.failure)
    }

    fn headline(&self) -> String {
        let time = self
            .ran
            .map(|ran| format!(" after {}", in_words(ran)))
            .unwrap_or_default();
        let state = self.culprit.map(|culprit| format!("`{}`", culprit.state));
        let error = match &self.origin().error {
            Some(error) => format!(" with `{error}`"),
            None => String::new(),
        };
        match (self.ending, state) {
            (Ending::Failed, Some(state)) => format!("State {state} failed{error}{time}"),
            (Ending::Failed, None) => format!("The execution failed{error}{time}"),
            (Ending::TimedOut, Some(state)) => format!("The execution timed out in state {state}{error}{time}"),
            (Ending::TimedOut, None) => format!("The execution timed out{error}{time}"),
            (Ending::Aborted, Some(state)) => format!("The execution was stopped in state {state}{error}{time}"),
            (Ending::Aborted, None) => format!("The execution was stopped{error}{time}"),
        }
    }

    /// The error that the execution ended with, where it is not the one that it began with.
    fn other_error(&self) -> String {
        match (&self.failure.error, &self.origin().error) {
            (Some(end), Some(origin)) if end != origin => format!(" with `{end}`"),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:ml:one";
    const LINK: &str = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:states:us-east-1:123456789012:execution:ml:one";

    fn failure(error: &str, cause: &str) -> Failure {
        Failure {
            error: Some(error.to_owned()),
            cause: Some(cause.to_owned()),
        }
    }

    #[test]
    fn the_whole_story_is_told() {
        let culprit = Culprit {
            state: "Train".to_owned(),
            failure: Some(failure(
                "States.TaskFailed",
                r#"{"FailureReason":"AlgorithmError","ExitMessage":"boom"}"#,
            )),
            ended_in: Some("FailState".to_owned()),
        };
        let end = failure("TrainingFailed", "see before");
        let story = Story {
            execution_arn: ARN,
            ending: Ending::Failed,
            failure: &end,
            culprit: Some(&culprit),
            ran: Some(Duration::from_secs(185)),
            destination: None,
            on_retry: OnRetry::Redrive,
        };
        let fail_state = Destination::FailState("FailState".to_owned());
        let same_error = Destination::SameError("States.Runtime".to_owned());
        for (destination, on_retry, retrying) in [
            (
                Some(&Destination::Work),
                OnRetry::Redrive,
                "redrives this execution from its failed state.",
            ),
            (
                Some(&fail_state),
                OnRetry::Redrive,
                "starts a new execution: this one ended in the Fail state `FailState`, which a redrive would only enter again.",
            ),
            (
                None,
                OnRetry::Redrive,
                "redrives this execution, or starts a new one if this one ended in a Fail state.",
            ),
            (
                Some(&same_error),
                OnRetry::Redrive,
                "starts a new execution: `States.Runtime` comes of this one's definition and input, and a redrive would \
                 take the same.",
            ),
            (Some(&fail_state), OnRetry::Restart, "starts a new execution."),
            (Some(&Destination::Work), OnRetry::Restart, "starts a new execution."),
        ] {
            let expected = format!(
                "State `Train` failed with `States.TaskFailed` after 3 min 5 s: AlgorithmError; exit message: boom\n\
                 The state machine then ended in state `FailState` with `TrainingFailed`.\n\
                 Retrying the stage {retrying}\n\
                 Execution: {LINK}"
            );
            let story = Story {
                destination,
                on_retry,
                ..story.clone()
            };
            assert_eq!(story.tell(), expected);
        }
    }

    #[test]
    fn little_is_told_of_what_little_is_known_of() {
        let nothing = Failure::default();
        for (ending, headline) in [
            (Ending::Failed, "The execution failed."),
            (Ending::TimedOut, "The execution timed out."),
            (Ending::Aborted, "The execution was stopped."),
        ] {
            let story = Story {
                execution_arn: ARN,
                ending,
                failure: &nothing,
                culprit: None,
                ran: None,
                destination: None,
                on_retry: OnRetry::Restart,
            };
            let expected = format!("{headline}\nRetrying the stage starts a new execution.\nExecution: {LINK}");
            assert_eq!(story.tell(), expected);
        }
    }

    #[test]
    fn a_long_cause_is_cut_in_its_middle_and_all_else_stays() {
        for letter in ["x", "ü", "🦀"] {
            let end = failure(&"E".repeat(256), &letter.repeat(32_768));
            let story = Story {
                execution_arn: ARN,
                ending: Ending::Failed,
                failure: &end,
                culprit: None,
                ran: None,
                destination: None,
                on_retry: OnRetry::Restart,
            };
            let message = story.tell();
            let units = message.encode_utf16().count();
            assert!((MAX_MESSAGE - 2..=MAX_MESSAGE).contains(&units), "{units}");
            assert!(message.starts_with("The execution failed with `EEE") && message.ends_with(LINK));
            assert!(message.contains(" […] "));
        }
    }
}
