//! Statuses: AWS's own words, each with a tone and a sign.

use super::context::Context;
use super::icons::icon;
use super::tone::Tone;
use crate::words::Word;
use maud::{Markup, html};
use state_graph::Status;

/// The tone of a status in any service's spelling, and its word.
pub(crate) fn tone(status: &str) -> (Tone, Option<Word>) {
    match status {
        "Succeeded" | "SUCCEEDED" | "Completed" | "COMPLETE" => (Tone::Succeeded, Some(Word::Succeeded)),
        "Approved" => (Tone::Succeeded, Some(Word::Approved)),
        "Failed" | "FAILED" | "Abandoned" | "Crashed" => (Tone::Failed, Some(Word::Failed)),
        "Rejected" => (Tone::Failed, Some(Word::Rejected)),
        "TIMED_OUT" | "TimedOut" => (Tone::Failed, Some(Word::TimedOut)),
        "InProgress" | "RUNNING" | "IN_PROGRESS" | "PENDING_REDRIVE" => (Tone::Running, Some(Word::InProgress)),
        "Stopping" => (Tone::Running, Some(Word::Stopping)),
        "WaitingForApproval" => (Tone::Waiting, Some(Word::WaitingForApproval)),
        "PendingManualApproval" => (Tone::Waiting, Some(Word::PendingApproval)),
        "Stopped" | "STOPPED" | "ABORTED" | "Cancelled" => (Tone::Stopped, Some(Word::Stopped)),
        "Superseded" => (Tone::Stopped, Some(Word::Superseded)),
        "Skipped" => (Tone::Quiet, Some(Word::Skipped)),
        "Caught" | "CAUGHT_ERROR" => (Tone::Caught, Some(Word::Caught)),
        "RETRIABLE" => (Tone::Caught, Some(Word::Retriable)),
        "" => (Tone::Quiet, Some(Word::NotReached)),
        _ => (Tone::Quiet, None),
    }
}

/// A status of the graph, as Step Functions spells it.
pub(crate) fn of_graph(status: Status) -> &'static str {
    match status {
        Status::NotReached => "",
        Status::Running | Status::Waiting => "RUNNING",
        Status::Succeeded => "SUCCEEDED",
        Status::Caught => "Caught",
        Status::Failed => "FAILED",
        Status::TimedOut => "TIMED_OUT",
        Status::Aborted => "ABORTED",
    }
}

/// A status with its sign.
pub(crate) fn badge(context: &Context, status: &str) -> Markup {
    let (tone, word) = tone(status);
    let word = word.map_or(status, |word| context.say(word));
    html! { span class="badge" { (icon(tone)) " " (word) } }
}
