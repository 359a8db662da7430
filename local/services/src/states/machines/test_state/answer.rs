//! The answer of TestState.

use super::input::Level;
use serde_json::{Map, Value, json};
use states_language::{ErrorDetails, Inspection, TestStateResult};

/// What is told of a test:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html#API_TestState_ResponseSyntax>.
pub(super) fn of(result: TestStateResult, level: Level) -> Value {
    let mut shown = json!({"status": result.status.name()});
    if matches!(level, Level::Debug | Level::Trace) {
        shown["inspectionData"] = inspected(result.inspection);
    }
    let failure = result.failure.unwrap_or_default();
    let fields = [
        ("output", result.output),
        ("error", failure.error.map(|error| error.to_string())),
        ("cause", failure.cause.map(|cause| cause.to_string())),
        ("nextState", result.next_state),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            shown[field] = value.into();
        }
    }
    shown
}

/// The data on its way through the state, what there is of it:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html>.
fn inspected(inspection: Inspection) -> Value {
    let texts = [
        ("input", inspection.input),
        ("afterInputPath", inspection.after_input_path),
        ("afterParameters", inspection.after_parameters),
        ("afterArguments", inspection.after_arguments),
        ("afterItemsPath", inspection.after_items_path),
        ("afterItemsPointer", inspection.after_items_pointer),
        ("afterItemSelector", inspection.after_item_selector),
        ("afterItemBatcher", inspection.after_item_batcher),
        ("result", inspection.result),
        ("afterResultSelector", inspection.after_result_selector),
        ("afterResultPath", inspection.after_result_path),
        ("variables", inspection.variables),
    ];
    let mut told: Map<String, Value> = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text?.into())))
        .collect();
    let numbers = [
        ("maxConcurrency", inspection.max_concurrency.map(Value::from)),
        (
            "toleratedFailureCount",
            inspection.tolerated_failure_count.map(Value::from),
        ),
        (
            "toleratedFailurePercentage",
            inspection.tolerated_failure_percentage.map(Value::from),
        ),
        ("errorDetails", inspection.error_details.map(details)),
    ];
    told.extend(
        numbers
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?))),
    );
    Value::Object(told)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "an interval has no more seconds than a definition may name"
)]
fn details(details: ErrorDetails) -> Value {
    let mut shown = json!({});
    let places = [("catchIndex", details.catch_index), ("retryIndex", details.retry_index)];
    for (name, place) in places {
        if let Some(place) = place {
            shown[name] = place.into();
        }
    }
    if let Some(seconds) = details.retry_backoff_interval_seconds {
        shown["retryBackoffIntervalSeconds"] = (seconds.round() as i64).into();
    }
    shown
}
