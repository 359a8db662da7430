//! An event of a history, with the fields that tell of a failure.

use aws_sdk_sfn::types::HistoryEvent as SdkEvent;

use crate::ports::step_functions::{Failure, HistoryEvent};
use crate::time::Timestamp;

/// The error and cause of an event. Each type of event has them in a field of its own.
macro_rules! failure_of {
    ($event:ident: $($details:ident),+ $(,)?) => {
        None $(.or_else(|| {
            let details = $event.$details.take()?;
            Some(Failure { error: details.error, cause: details.cause })
        }))+
    };
}

/// The SDK's event as the port's.
pub(super) fn event(mut event: SdkEvent) -> HistoryEvent {
    // The event of a failed expression names its state itself: it does not follow the event of entering that state.
    let evaluated = event
        .evaluation_failed_event_details
        .as_ref()
        .map(|details| details.state.clone());
    let failure = failure_of!(event:
        activity_failed_event_details,
        activity_schedule_failed_event_details,
        activity_timed_out_event_details,
        task_failed_event_details,
        task_start_failed_event_details,
        task_submit_failed_event_details,
        task_timed_out_event_details,
        lambda_function_failed_event_details,
        lambda_function_schedule_failed_event_details,
        lambda_function_start_failed_event_details,
        lambda_function_timed_out_event_details,
        map_run_failed_event_details,
        evaluation_failed_event_details,
        execution_failed_event_details,
        execution_timed_out_event_details,
        execution_aborted_event_details,
    );
    let state = (event.state_entered_event_details.map(|details| details.name))
        .or_else(|| event.state_exited_event_details.map(|details| details.name))
        .or(evaluated);
    HistoryEvent {
        id: event.id,
        previous_id: event.previous_event_id,
        at: Timestamp::from_millis(event.timestamp.to_millis().unwrap_or_default()),
        kind: event.r#type.as_str().to_owned(),
        state,
        failure,
    }
}
