//! A host that cannot do a task ends the execution, whatever the definition would do about the service's errors.

use serde_json::{Value, json};
use states_language::{Command, Execution, Refused, Status, TaskRequest};

use crate::common::{outcome, start, types};
use crate::maps::distributed;
use crate::tasks::now;

/// A Task that retries and catches everything.
fn careful() -> Value {
    json!({
        "Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": "t", "Item": {}},
        "Retry": [{"ErrorEquals": ["States.ALL"]}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "End": true,
    })
}

fn with_catch(state: Value) -> Value {
    json!({"StartAt": "S", "States": {"S": state, "Caught": {"Type": "Pass", "End": true}}})
}

fn first_task(commands: Vec<Command>) -> TaskRequest {
    let tasks = commands.into_iter().filter_map(|command| match command {
        Command::StartTask(task) => Some(task),
        _ => None,
    });
    tasks.into_iter().next().expect("a task")
}

fn given_up(execution: &mut Execution) -> TaskRequest {
    let task = first_task(execution.run(now()));
    execution.give_up(task.id, "Host.NotHere", "no table", now()).unwrap();
    assert!(execution.run(now()).is_empty());
    task
}

#[test]
fn nothing_retries_or_catches_it() {
    let mut inner = careful();
    inner["Catch"][0]["Next"] = "Inner".into();
    let branch = json!({"StartAt": "T", "States": {"T": inner, "Inner": {"Type": "Pass", "End": true}}});
    let other = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}});
    let mut parallel = careful();
    parallel["Type"] = json!("Parallel");
    parallel.as_object_mut().unwrap().remove("Resource");
    parallel["Branches"] = json!([branch, other]);
    for state in [careful(), parallel] {
        let mut execution = start(&with_catch(state), &json!({}));
        let task = given_up(&mut execution);
        let expected = Err(("Host.NotHere".to_owned(), "no table".to_owned()));
        assert_eq!(outcome(&execution), expected);
        let types = types(&execution);
        let last = &types[types.len() - 3..];
        assert_eq!(last, ["TaskStarted", "TaskFailed", "ExecutionFailed"]);
        let again = execution.give_up(task.id, "", "", now());
        assert_eq!(again, Err(Refused::UnknownTask(task.id)));
    }
}

#[test]
fn it_ends_the_execution_of_a_childs_map_too() {
    let mut task = careful();
    task["Catch"][0]["Next"] = "Inner".into();
    let states = json!({"T": task, "Inner": {"Type": "Pass", "End": true}});
    let fields = json!({
        "ToleratedFailurePercentage": 100, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    });
    let mut definition = distributed(states, fields);
    definition["States"]["Caught"] = json!({"Type": "Pass", "End": true});
    let mut execution = start(&definition, &json!([1, 2, 3]));
    let commands = execution.run(now());
    assert_eq!(commands.len(), 3);
    let task = first_task(commands);
    execution.give_up(task.id, "Host.NotHere", "no table", now()).unwrap();
    let aborted = execution.run(now());
    assert_eq!(aborted.len(), 2, "the siblings' tasks: {aborted:?}");
    assert_eq!(
        outcome(&execution),
        Err(("Host.NotHere".to_owned(), "no table".to_owned()))
    );
    let last = types(&execution).pop();
    assert_eq!(
        (last, execution.map_runs()[0].status),
        (Some("ExecutionFailed"), Status::Aborted)
    );
}

#[test]
fn a_redrive_does_the_task_again() {
    let mut execution = start(&with_catch(careful()), &json!({}));
    given_up(&mut execution);
    execution.redrive(now()).unwrap();
    let task = first_task(execution.run(now()));
    execution.task_succeeded(task.id, "1", now()).unwrap();
    execution.run(now());
    assert_eq!(execution.status(), Status::Succeeded);
}
