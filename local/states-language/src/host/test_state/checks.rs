//! What goes together in a test, and what does not: the refusals of TestState, in its words as far as they are known.

use super::options::{MockedResult, TestStateConfiguration, TestStateOptions};
use super::result::TestStateError;
use super::subject::{NOT_FOUND, Subject};
use crate::definition::{Body, Integration, Pattern, State, Task};
use crate::expression::Failure;
use crate::text::{Json, Object};

/// A mock, read.
pub(super) type Mock = Result<Json, Failure>;

fn refused(why: impl Into<String>) -> TestStateError {
    TestStateError::Validation(why.into())
}

/// Checks everything but the context, and reads the mock.
pub(super) fn check(subject: &Subject, options: &TestStateOptions) -> Result<Option<Mock>, TestStateError> {
    let state = subject.state();
    configuration(subject, options)?;
    let Some(mock) = &options.mock else {
        without_mock(state, options)?;
        return Ok(None);
    };
    if !state.body.kind().does_work() {
        let kind = state.body.kind().name();
        return Err(refused(format!(
            "State type '{kind}' is not supported when a mock is specified"
        )));
    }
    match mock {
        MockedResult::Error(failure) => Ok(Some(Err(failure.clone()))),
        MockedResult::Result(text) => {
            let result = Json::parse(text).map_err(|_| refused("Mocked result must be valid JSON"))?;
            mocked_result(state, options, &result)?;
            Ok(Some(Ok(result)))
        }
    }
}

/// A state that is tested by doing what it says.
fn without_mock(state: &State, options: &TestStateOptions) -> Result<(), TestStateError> {
    match &state.body {
        Body::Map(_) | Body::Parallel(_) => Err(TestStateError::Unsupported(
            "TestState API does not support Map or Parallel states. Supported state types include: \
             [Task, Wait, Pass, Succeed, Fail, Choice]"
                .to_owned(),
        )),
        Body::Task(task) => {
            let what = match &task.integration {
                Integration::Activity { .. } => Some("Activity tasks"),
                Integration::Service { pattern, .. } if *pattern != Pattern::RequestResponse => {
                    Some("the .sync and .waitForTaskToken service integration patterns")
                }
                _ => None,
            };
            if let Some(what) = what {
                return Err(refused(format!(
                    "TestState only supports {what} when a mock is specified."
                )));
            }
            if options.role_arn.is_none() {
                return Err(refused("RoleArn must be specified when testing a Task state"));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The configuration has a mock, and a state that it is about.
fn configuration(subject: &Subject, options: &TestStateOptions) -> Result<(), TestStateError> {
    let TestStateConfiguration {
        retrier_retry_count,
        error_caused_by_state,
        map_iteration_failure_count,
        map_item_reader_data,
    } = &options.configuration;
    let given = [
        ("MapIterationFailureCount", map_iteration_failure_count.is_some()),
        ("MapItemReaderData", map_item_reader_data.is_some()),
        ("ErrorCausedByState", error_caused_by_state.is_some()),
        ("RetrierRetryCount", retrier_retry_count.is_some()),
        ("Context", options.context.is_some()),
    ];
    if options.mock.is_none()
        && let Some((name, _)) = given.into_iter().find(|(_, is_given)| *is_given)
    {
        return Err(refused(format!(
            "TestState does not support {name} when a mock is not specified."
        )));
    }
    let state = subject.state();
    let is_map = matches!(state.body, Body::Map(_));
    if map_iteration_failure_count.is_some() && !is_map && !subject.is_in_map() {
        return Err(refused(
            "MapIterationFailureCount is of a Map state, or of a state inside of one",
        ));
    }
    let reads = matches!(&state.body, Body::Map(map) if map.distributed.as_ref().is_some_and(|it| it.reader.is_some()));
    if map_item_reader_data.is_some() && !reads {
        return Err(refused("MapItemReaderData is of a Map state with an ItemReader"));
    }
    if let Some(name) = error_caused_by_state {
        let inside = state.flows().iter().any(|flow| flow.position_around(name).is_some());
        if *state.common.name != **name && !inside {
            return Err(refused(NOT_FOUND));
        }
    }
    Ok(())
}

/// The mocked result can be one of the state's work.
fn mocked_result(state: &State, options: &TestStateOptions, result: &Json) -> Result<(), TestStateError> {
    match &state.body {
        Body::Map(map) => {
            let writes = map.distributed.as_ref().and_then(|it| it.writer.as_ref());
            let writes = writes.is_some_and(|writer| writer.is_to_s3());
            match (writes, result) {
                (true, Json::Object(_)) | (false, Json::Array(_)) => Ok(()),
                (true, _) => Err(refused("Mocked result must be a JSON object.")),
                (false, _) => Err(refused("Mocked result must be an array.")),
            }
        }
        Body::Parallel(parallel) => match result {
            Json::Array(results) if results.len() == parallel.branches.len() => Ok(()),
            Json::Array(_) => Err(refused(
                "Mocked result must contain the same number of items as number of Parallel branches.",
            )),
            _ => Err(refused("Mocked result must be an array.")),
        },
        Body::Task(task) => match options.result_check {
            Some(check) => check(&task.integration, options.field_validation, result).map_err(refused),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The members of a context object, with what each may have.
const CONTEXT: [(&str, &[(&str, Kind)]); 4] = [
    (
        "Execution",
        &[
            ("Id", Kind::Text),
            ("Input", Kind::Anything),
            ("Name", Kind::Text),
            ("RoleArn", Kind::Text),
            ("StartTime", Kind::Text),
            ("RedriveCount", Kind::Number),
            ("RedriveTime", Kind::Text),
        ],
    ),
    (
        "State",
        &[
            ("EnteredTime", Kind::Text),
            ("Name", Kind::Text),
            ("RetryCount", Kind::Number),
        ],
    ),
    ("StateMachine", &[("Id", Kind::Text), ("Name", Kind::Text)]),
    ("Task", &[("Token", Kind::Text)]),
];

/// What a member of the context object is.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Anything,
}

/// Reads a context object that is to stand for the one that an execution would have.
pub(super) fn context(text: &str, task: Option<&Task>) -> Result<std::sync::Arc<Object>, TestStateError> {
    let invalid = |why: &dyn std::fmt::Display| refused(format!("Invalid Context object provided: {why}"));
    let context = match Json::parse(text) {
        Ok(Json::Object(context)) => context,
        Ok(_) => return Err(invalid(&"it must be an object")),
        Err(error) => return Err(invalid(&error)),
    };
    for (name, value) in context.iter() {
        let Some((_, members)) = CONTEXT.iter().find(|(known, _)| **name == **known) else {
            return Err(match &**name {
                "Map" => invalid(&"'Map' field is not supported when mocking a Context object"),
                _ => invalid(&format_args!("Field '{name}' is not allowed")),
            });
        };
        let Json::Object(value) = value else {
            return Err(invalid(&format_args!("{name} must be an object")));
        };
        for (member, value) in value.iter() {
            let wanted = match members.iter().find(|(known, _)| **member == **known) {
                None => return Err(invalid(&format_args!("Field '{member}' is not allowed"))),
                Some((_, Kind::Text)) if value.as_str().is_none() => "a string",
                Some((_, Kind::Number)) if value.as_i64().is_none() => "a number",
                Some(_) => continue,
            };
            return Err(invalid(&format_args!("{name}.{member} must be {wanted}")));
        }
    }
    let waits = task.is_some_and(|task| {
        matches!(&task.integration, Integration::Service { pattern, .. } if *pattern != Pattern::RequestResponse)
    });
    if context.contains_key("Task") && !waits {
        return Err(invalid(
            &"Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service \
              integration pattern",
        ));
    }
    Ok(context)
}
