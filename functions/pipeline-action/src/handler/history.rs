//! What the history of an execution says: why it failed, and where a redrive of it would lead.

use std::time::Duration;

use shared::ports::step_functions::{Execution, Failure, GetExecutionHistory, HistoryEvent};
use shared::ports::{CallError, CallErrorKind};

use crate::failure::{Culprit, Ending, Search, search};
use crate::history::{Destination, Sight, destination as leads_to};

/// How far apart an execution's end and its last event may be.
const ROUNDING: Duration = Duration::from_secs(1);
/// How many pages of a history are read to find the state that failed.
const MAX_CULPRIT_PAGES: usize = 5;
/// How many pages of a history are read: all of the longest, which has 25,000 events, at 200 a page.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const MAX_HISTORY_PAGES: usize = 125;

/// What a history says about the end of its execution.
#[derive(Default)]
pub(super) struct Told {
    /// The state to blame.
    pub(super) culprit: Option<Culprit>,
    /// The failure that the history ends with.
    pub(super) last: Option<Failure>,
    /// Where a redrive would lead.
    pub(super) destination: Option<Destination>,
    /// Whether it may tell more when it is read again: AWS did not answer, or lags.
    pub(super) is_unread: bool,
}

/// What the history says about the end of an execution. If it cannot be read, the answer is given without it.
pub(super) async fn history(
    states: &impl GetExecutionHistory,
    job_id: Option<&str>,
    execution: &str,
    ending: Ending,
) -> Told {
    let mut events: Vec<HistoryEvent> = Vec::new();
    let mut next: Option<String> = None;
    let mut failed = false;
    for _ in 0..MAX_CULPRIT_PAGES {
        match states.get_execution_history(execution, next.as_deref()).await {
            Ok(page) => {
                events.extend(page.events);
                next = page.next_token;
            }
            Err(error) => {
                tracing::warn!(job.id = job_id, execution.arn = execution, reason = %error, "history could not be read");
                failed = error.is_transient();
                break;
            }
        }
        if !matches!(search(&events), Search::NeedsEarlier) || next.is_none() {
            break;
        }
    }
    let sight = leads_to(&events);
    // AWS lags: this is the end that the execution had before it was redriven.
    let ends_otherwise = |end: &HistoryEvent| sight != Sight::NotEnded && end.kind != ending.event();
    if events.first().is_some_and(ends_otherwise) {
        return Told {
            is_unread: true,
            ..Told::default()
        };
    }
    let culprit = match search(&events) {
        Search::Found(culprit) => Some(culprit),
        Search::NeedsEarlier | Search::Nothing => None,
    };
    let lags = sight == Sight::NotEnded && !events.is_empty();
    Told {
        is_unread: culprit.is_none() && (failed || lags),
        last: events.first().and_then(|event| event.failure.clone()),
        culprit,
        destination: match sight {
            Sight::Known(destination) => Some(destination),
            Sight::NeedsEarlier | Sight::NotEnded => None,
        },
    }
}

/// Where a redrive of an execution that did not succeed would lead. `described` is what DescribeExecution showed: the
/// history may be older or newer than that.
pub(super) async fn destination(
    states: &impl GetExecutionHistory,
    execution: &str,
    described: Option<&Execution>,
) -> Result<Destination, CallError> {
    let unknown = |message: &str| CallError::new("GetExecutionHistory", CallErrorKind::Unavailable, message);
    let mut events: Vec<HistoryEvent> = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..MAX_HISTORY_PAGES {
        let page = states.get_execution_history(execution, next.as_deref());
        let page = page.await.map_err(seen_already)?;
        events.extend(page.events);
        next = page.next_token;
        if let (Some(described), Some(end)) = (described, events.first()) {
            if described.redriven_at.is_some_and(|redriven| end.at < redriven) {
                return Err(unknown("the history does not show yet that the execution was redriven"));
            }
            if described.stopped_at.is_some_and(|stopped| end.at > stopped + ROUNDING) {
                return Err(unknown("the history goes on behind the end that the execution shows"));
            }
        }
        match leads_to(&events) {
            Sight::Known(destination) => return Ok(destination),
            Sight::NotEnded => return Err(unknown("the history does not show yet how the execution ended")),
            Sight::NeedsEarlier if next.is_some() => {}
            Sight::NeedsEarlier => break,
        }
    }
    Err(unknown("the history does not show which state the execution ended in"))
}

/// The error of a look at an execution that a list has shown: if it is not found, AWS does not show it yet.
pub(super) fn seen_already(mut error: CallError) -> CallError {
    if error.kind == CallErrorKind::NotFound {
        error.kind = CallErrorKind::Unavailable;
    }
    error
}
