//! The context object of a test that brings none.

use super::checks;
use super::options::TestStateOptions;
use super::result::TestStateError;
use super::subject::{NAME, Subject};
use crate::definition::{Body, Task};
use crate::expression::{Random, format_time};
use crate::text::{Json, Object};

/// What a tested state sees as its context object: what is given, or what AWS makes of it.
pub(super) fn of(
    subject: &Subject,
    options: &TestStateOptions,
    input: &Json,
    random: &Random,
) -> Result<Object, TestStateError> {
    let state = subject.state();
    let task = match &state.body {
        Body::Task(task) => Some(&**task),
        _ => None,
    };
    if let Some(text) = &options.context {
        return checks::context(text, task).map(|context| Object::clone(&context));
    }
    let start = &options.start;
    let machine = &start.state_machine_name;
    // AWS tests a state as if it were of an Express execution.
    let arn = match &start.arn {
        Some(arn) => arn.to_string(),
        None => start.state_arn("express", &format!("{machine}:{}", start.name)),
    };
    let mut execution = Object::new();
    execution.insert("Id", arn);
    execution.insert("Input", input.clone());
    execution.insert("Name", start.name.clone());
    execution.insert("RoleArn", options.role_arn.clone().map_or(Json::Null, Json::from));
    execution.insert("StartTime", format_time(options.now));
    let mut context = Object::new();
    context.insert("Execution", execution);
    context.insert(
        "StateMachine",
        Json::object([
            ("Id", start.state_machine_arn().into()),
            ("Name", machine.clone().into()),
        ]),
    );
    let mut own = Object::new();
    own.insert("Name", NAME);
    own.insert("EnteredTime", format_time(options.now));
    if state.body.kind().does_work() {
        let count = options.configuration.retrier_retry_count.unwrap_or_default();
        own.insert("RetryCount", i64::from(count));
    }
    context.insert("State", own);
    if task.is_some_and(Task::waits_for_token) {
        context.insert("Task", Json::object([("Token", random.uuid().into())]));
    }
    // A state inside of a Map is of its first iteration, which the input is the item of.
    if subject.is_in_map() {
        context.insert("Map", item(0, input));
    }
    Ok(context)
}

/// `Map` of the context object.
pub(super) fn item(index: usize, value: &Json) -> Json {
    let item = Json::object([("Index", index.into()), ("Value", value.clone())]);
    Json::object([("Item", item)])
}
