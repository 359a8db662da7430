//! TestState in full: what is shown of a state's data, what becomes of errors, the context object, and what is refused.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html>, and tests recorded on AWS.

mod data;
mod errors;
mod requests;

use serde_json::{Value, json};
use states_language::{Failure, Inspection, MockedResult, TestStateOptions, TestStateResult, test_state};

fn options(input: &Value, mock: Option<MockedResult>) -> TestStateOptions {
    TestStateOptions {
        input: input.to_string(),
        mock,
        ..TestStateOptions::default()
    }
}

fn result(value: &Value) -> Option<MockedResult> {
    Some(MockedResult::Result(value.to_string()))
}

fn error(name: &str) -> Option<MockedResult> {
    Some(MockedResult::Error(Failure::new(name, "why")))
}

fn run(definition: &Value, options: TestStateOptions) -> TestStateResult {
    test_state(&definition.to_string(), options).unwrap_or_else(|error| panic!("{definition}: {error}"))
}

/// What was seen, by AWS's names.
fn seen(inspection: &Inspection) -> Value {
    let text = |text: &Option<String>| text.as_ref().map(|text| serde_json::from_str(text).unwrap());
    let details = inspection.error_details.map(|details| {
        json!({
            "catchIndex": details.catch_index,
            "retryIndex": details.retry_index,
            "retryBackoffIntervalSeconds": details.retry_backoff_interval_seconds,
        })
    });
    let fields: [(&str, Option<Value>); 16] = [
        ("input", text(&inspection.input)),
        ("afterInputPath", text(&inspection.after_input_path)),
        ("afterParameters", text(&inspection.after_parameters)),
        ("afterArguments", text(&inspection.after_arguments)),
        ("afterItemsPath", text(&inspection.after_items_path)),
        ("afterItemsPointer", text(&inspection.after_items_pointer)),
        ("afterItemSelector", text(&inspection.after_item_selector)),
        ("afterItemBatcher", text(&inspection.after_item_batcher)),
        ("result", text(&inspection.result)),
        ("afterResultSelector", text(&inspection.after_result_selector)),
        ("afterResultPath", text(&inspection.after_result_path)),
        ("variables", text(&inspection.variables)),
        ("maxConcurrency", inspection.max_concurrency.map(Value::from)),
        (
            "toleratedFailureCount",
            inspection.tolerated_failure_count.map(Value::from),
        ),
        (
            "toleratedFailurePercentage",
            inspection.tolerated_failure_percentage.map(Value::from),
        ),
        ("errorDetails", details),
    ];
    let there = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect())
}

fn map(fields: &Value) -> Value {
    let mut state = json!({
        "Type": "Map", "End": true,
        "ItemProcessor": {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": true}}},
    });
    merge(&mut state, fields);
    state
}

fn distributed(fields: &Value) -> Value {
    let mut state = map(fields);
    state["ItemProcessor"]["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    state
}

fn merge(state: &mut Value, fields: &Value) {
    for (name, value) in fields.as_object().unwrap() {
        state[name] = value.clone();
    }
}

fn branches() -> Value {
    let branch = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "End": true}}});
    json!([branch("A"), branch("B")])
}
