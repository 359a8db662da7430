//! What the tests share: running a definition, and looking at what came of it.

use serde_json::{Value, json};
use states_language::{
    Clock, Execution, Failure, Json, StartOptions, StateMachine, Status, TaskHandler, TaskRequest, VirtualClock,
    run_to_end,
};

/// A function that does tasks' work.
pub(crate) const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

/// Reads a definition that must be valid.
pub(crate) fn machine(definition: &Value) -> StateMachine {
    match StateMachine::parse(&definition.to_string()) {
        Ok(machine) => machine,
        Err(error) => panic!("{definition}\n{error}"),
    }
}

/// Starts an execution of a definition.
pub(crate) fn start(definition: &Value, input: &Value) -> Execution {
    let now = VirtualClock::default().now();
    match Execution::start(&machine(definition), StartOptions::default(), &input.to_string(), now) {
        Ok(execution) => execution,
        Err(error) => panic!("{error}"),
    }
}

/// Runs a definition without tasks to its end.
pub(crate) fn run(definition: &Value, input: &Value) -> Execution {
    run_with(definition, input, |task: &TaskRequest| {
        panic!("no task was expected, but there is {}", task.state)
    })
}

/// Runs a definition to its end, with a handler for its tasks.
pub(crate) fn run_with(definition: &Value, input: &Value, mut handler: impl TaskHandler) -> Execution {
    let mut execution = start(definition, input);
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::default());
    execution
}

/// A state machine of this one state.
pub(crate) fn single(mut state: Value) -> Value {
    state["End"] = json!(true);
    json!({"StartAt": "S", "States": {"S": state}})
}

/// How an execution ended: its output, or its error and cause.
pub(crate) fn outcome(execution: &Execution) -> Result<Value, (String, String)> {
    match execution.status() {
        Status::Succeeded => Ok(serde_json::from_str(&execution.output().unwrap_or_default()).unwrap_or_default()),
        Status::Running => panic!("the execution never ended: {}", path(execution)),
        _ => {
            let failure = execution.failure().cloned().unwrap_or_default();
            let text = |text: Option<std::sync::Arc<str>>| text.map(|it| it.to_string()).unwrap_or_default();
            Err((text(failure.error), text(failure.cause)))
        }
    }
}

/// The types of all events, with their ids, previous ids and states: `2<0 PassStateEntered A`.
pub(crate) fn path(execution: &Execution) -> String {
    let lines = execution.history().iter().map(|event| {
        let state = event.state_name().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{}<{} {}{state}", event.id, event.previous_event_id, event.event_type())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The types of all events, one behind the other.
pub(crate) fn types(execution: &Execution) -> Vec<&'static str> {
    execution
        .history()
        .iter()
        .map(states_language::HistoryEvent::event_type)
        .collect()
}

/// The events as AWS's JSON.
pub(crate) fn events(execution: &Execution) -> Vec<Value> {
    execution
        .history()
        .iter()
        .filter_map(|event| serde_json::to_value(event).ok())
        .collect()
}

/// A handler that fails so many times with this error, and then returns the parameters.
pub(crate) fn failing(times: usize, error: &'static str) -> impl FnMut(&TaskRequest) -> Result<Json, Failure> {
    let mut left = times;
    move |task| {
        if left == 0 {
            return Ok(task.parameters.clone());
        }
        left -= 1;
        Err(Failure::new(error, "a reason"))
    }
}

/// All of a history, a line an event: `3<2 PassStateExited name=A output={"x":1} assignedVariables={x=1}`. What every
/// event says alike is left out.
pub(crate) fn told(execution: &Execution) -> Vec<String> {
    let lines = events(execution).into_iter().map(|event| {
        let fields = event.as_object().cloned().unwrap_or_default();
        let details = fields.iter().find(|(key, _)| key.ends_with("EventDetails"));
        let plain = |key: &str| fields[key].as_str().unwrap_or_default().to_owned();
        let details = details.map(|(_, details)| written(details)).unwrap_or_default();
        let (id, previous) = (&fields["id"], &fields["previousEventId"]);
        format!("{id}<{previous} {} {details}", plain("type"))
            .trim_end()
            .to_owned()
    });
    lines.collect()
}

/// Details as `key=value`, with texts as they are.
fn written(details: &Value) -> String {
    let fields = details.as_object().into_iter().flatten();
    let fields = fields.filter(|(key, _)| *key != "roleArn" && !key.ends_with("Details"));
    let fields = fields.map(|(key, value)| match value {
        Value::String(text) => format!("{key}={text}"),
        Value::Object(_) => format!("{key}={{{}}}", written(value)),
        other => format!("{key}={other}"),
    });
    fields.collect::<Vec<_>>().join(" ")
}

/// Holds a history against these lines.
#[track_caller]
pub(crate) fn assert_told(execution: &Execution, expected: &[&str]) {
    let told = told(execution);
    assert!(told == expected, "{}", told.join("\n"));
}
