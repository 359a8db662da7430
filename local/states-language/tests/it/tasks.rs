//! Tasks: what the host is asked, what is written of it, and when time runs out.

use serde_json::{Value, json};
use states_language::{
    Activities, Clock, Command, Execution, Failure, Integration, Json, Pattern, Refused, StartOptions, StateMachine,
    Status, TaskRequest, Timestamp, VirtualClock, run_to_end,
};

use crate::common::{FUNCTION, events, failing, outcome, path, run_with, single, start, types};

pub(crate) fn now() -> Timestamp {
    VirtualClock::default().now()
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_secs(seconds)
}

fn only_task(commands: &[Command]) -> TaskRequest {
    match commands {
        [Command::StartTask(task)] => task.clone(),
        other => panic!("one task was expected, but there is {other:?}"),
    }
}

#[test]
fn a_function_is_invoked_with_its_parameters() {
    let definition = single(json!({
        "Type": "Task", "Resource": FUNCTION, "Parameters": {"name.$": "$.n"}, "TimeoutSeconds": 9,
        "ResultSelector": {"said.$": "$.text"}, "ResultPath": "$.answer"
    }));
    let mut execution = start(&definition, &json!({"n": "Ann"}));
    let task = only_task(&execution.run(now()));
    assert_eq!(
        task.integration,
        Integration::Lambda {
            function_arn: FUNCTION.into()
        }
    );
    assert_eq!(
        (task.parameters.to_string().as_str(), task.timeout_seconds),
        (r#"{"name":"Ann"}"#, Some(9))
    );
    execution.task_started(task.id, now()).unwrap();
    execution
        .task_succeeded(task.id, r#"{"text": "hi", "more": 1}"#, now())
        .unwrap();
    assert!(execution.run(now()).is_empty());
    assert_eq!(outcome(&execution), Ok(json!({"n": "Ann", "answer": {"said": "hi"}})));
    assert_eq!(
        path(&execution),
        "1<0 ExecutionStarted\n2<0 TaskStateEntered S\n3<2 LambdaFunctionScheduled\n4<3 LambdaFunctionStarted\n\
         5<4 LambdaFunctionSucceeded\n6<5 TaskStateExited S\n7<6 ExecutionSucceeded"
    );
}

#[test]
fn an_activity_has_events_of_its_own() {
    let activity = "arn:aws:states:us-east-1:123456789012:activity:work";
    let definition = single(json!({"Type": "Task", "Resource": activity, "HeartbeatSeconds": 5, "TimeoutSeconds": 9}));
    let mut execution = start(&definition, &json!({"n": 1}));
    let task = only_task(&execution.run(now()));
    let expected = Integration::Activity {
        activity_arn: activity.into(),
    };
    assert_eq!(task.integration, expected);
    execution.task_succeeded(task.id, "2", now()).unwrap();
    execution.run(now());
    assert_eq!(outcome(&execution), Ok(json!(2)));
    let events = events(&execution);
    let scheduled = json!({
        "resource": activity, "input": "{\"n\":1}", "inputDetails": {"truncated": false},
        "timeoutInSeconds": 9, "heartbeatInSeconds": 5,
    });
    assert_eq!(events[2]["activityScheduledEventDetails"], scheduled);
    assert_eq!(
        types(&execution)[2..5],
        ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    );
    for (ends, expected) in [("fails", "ActivityFailed"), ("is silent", "ActivityTimedOut")] {
        let mut execution = start(&definition, &json!({}));
        let task = only_task(&execution.run(now()));
        execution.task_taken(task.id, None, now()).unwrap();
        if ends == "fails" {
            execution.task_failed(task.id, "E", "c", now()).unwrap();
        }
        execution.run(later(5));
        assert!(types(&execution).contains(&expected), "{ends}");
    }
}

#[test]
fn an_activitys_task_is_timed_from_when_a_worker_takes_it() {
    let activity = "arn:aws:states:us-east-1:123456789012:activity:work";
    let definition = single(json!({"Type": "Task", "Resource": activity, "HeartbeatSeconds": 5, "TimeoutSeconds": 9}));
    let mut execution = start(&definition, &json!({}));
    let task = only_task(&execution.run(now()));
    assert_eq!(execution.next_wakeup(), None);
    execution.run(later(1000));
    let token = task.token.expect("a token for the worker");
    assert_eq!(execution.task_of_token(&token), Some(task.id));
    execution.task_taken(task.id, Some("w"), later(1000)).unwrap();
    // Nobody takes it twice.
    execution.task_taken(task.id, Some("v"), later(1001)).unwrap();
    execution.task_heartbeat(task.id, later(1004)).unwrap();
    assert_eq!(execution.next_wakeup(), Some(later(1009)));
    execution.run(later(1009));
    let events = events(&execution);
    assert_eq!(events[3]["activityStartedEventDetails"], json!({"workerName": "w"}));
    assert_eq!(
        events[4]["activityTimedOutEventDetails"],
        json!({"error": "States.Timeout"})
    );
    assert_eq!(events[4]["previousEventId"], 4);
    let late = execution.task_succeeded(task.id, "1", later(1010));
    assert_eq!(late, Err(Refused::UnknownTask(task.id)));
    assert_eq!(execution.task_of_token(&token), None);
}

#[test]
fn an_activity_that_is_not_there_ends_the_execution() {
    let activity = "arn:aws:states:us-east-1:123456789012:activity:work";
    let definition = single(json!({
        "Type": "Task", "Resource": activity, "Retry": [{"ErrorEquals": ["States.ALL"]}],
    }));
    for (there, ended) in [(true, Status::Running), (false, Status::Failed)] {
        let activities = Activities::new(move |state, arn| there && (state, arn) == ("S", activity));
        let options = StartOptions {
            activities: Some(activities),
            ..StartOptions::default()
        };
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        let mut execution = Execution::start(&machine, options, "{}", now()).unwrap();
        execution.run(now());
        assert_eq!(execution.status(), ended);
        if !there {
            let failure = execution.failure().unwrap();
            let cause = format!(
                "An error occurred while executing the state 'S' (entered at the event id #2). The activity {activity} does not exist."
            );
            assert_eq!(*failure, Failure::new("States.Runtime", cause));
            assert_eq!(
                types(&execution),
                ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
            );
        }
    }
}

#[test]
fn a_job_is_submitted_and_then_waited_for() {
    let definition = single(json!({
        "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": {"ProcessingJobName.$": "$$.Execution.Name"},
        "Credentials": {"RoleArn": "arn:aws:iam::123456789012:role/other"}
    }));
    let mut execution = start(&definition, &json!({}));
    let task = only_task(&execution.run(now()));
    let Integration::Service {
        service,
        operation,
        pattern,
        sync_version,
    } = &task.integration
    else {
        panic!()
    };
    assert_eq!(
        (&**service, &**operation, *pattern, *sync_version),
        ("sagemaker", "createProcessingJob", Pattern::Sync, 1)
    );
    assert_eq!(
        task.credentials_role_arn.as_deref(),
        Some("arn:aws:iam::123456789012:role/other")
    );
    execution.task_started(task.id, now()).unwrap();
    execution
        .task_submitted(task.id, r#"{"ProcessingJobArn":"arn"}"#, now())
        .unwrap();
    assert_eq!((execution.run(now()), execution.next_wakeup()), (vec![], None));
    execution
        .task_succeeded(task.id, r#"{"ProcessingJobStatus":"Completed"}"#, later(60))
        .unwrap();
    execution.run(later(60));
    let written = events(&execution);
    assert_eq!(
        written[2]["taskScheduledEventDetails"],
        json!({
            "resourceType": "sagemaker", "resource": "createProcessingJob.sync", "region": "us-east-1",
            "parameters": r#"{"ProcessingJobName":"execution"}"#,
            "taskCredentials": {"roleArn": "arn:aws:iam::123456789012:role/other"}
        })
    );
    assert_eq!(
        types(&execution)[2..],
        [
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
    assert_eq!(written[5]["timestamp"], json!(1_767_225_660.0));
}

#[test]
fn a_token_brings_the_answer_once() {
    let definition = single(json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "HeartbeatSeconds": 5,
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}
    }));
    let mut execution = start(&definition, &json!({}));
    let task = only_task(&execution.run(now()));
    let token = task.token.clone().unwrap();
    assert_eq!(
        task.parameters.to_string(),
        format!(r#"{{"QueueUrl":"q","MessageBody":{{"token":"{token}"}}}}"#)
    );
    assert_eq!(execution.task_of_token(&token), Some(task.id));
    // Each sign of life starts the five seconds anew.
    for second in [3, 6, 9] {
        execution.task_heartbeat(task.id, later(second)).unwrap();
        assert!(execution.run(later(second)).is_empty());
    }
    assert!(matches!(
        execution.task_succeeded(task.id, "{", later(10)),
        Err(Refused::InvalidOutput(_))
    ));
    execution.task_succeeded(task.id, "7", later(10)).unwrap();
    assert_eq!(
        execution.task_succeeded(task.id, "8", later(10)),
        Err(Refused::UnknownTask(task.id))
    );
    assert_eq!(execution.task_of_token(&token), None);
    execution.run(later(10));
    assert_eq!(outcome(&execution), Ok(json!(7)));
}

#[test]
fn time_runs_out_in_three_ways() {
    let task = |fields: Value| {
        let mut state = json!({
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "q", "MessageBody": "m"},
        });
        for (key, value) in fields.as_object().unwrap() {
            state[key] = value.clone();
        }
        single(state)
    };
    let cases = [
        (
            task(json!({"TimeoutSeconds": 10, "HeartbeatSeconds": 8})),
            8,
            Status::Failed,
        ),
        (task(json!({"TimeoutSeconds": 6})), 6, Status::Failed),
        (task(json!({"HeartbeatSecondsPath": "$.beat"})), 4, Status::Failed),
        (
            {
                let mut definition = task(json!({"TimeoutSeconds": 60}));
                definition["TimeoutSeconds"] = json!(5);
                definition
            },
            5,
            Status::TimedOut,
        ),
    ];
    for (definition, seconds, status) in cases {
        let mut execution = start(&definition, &json!({"beat": 4}));
        let task = only_task(&execution.run(now()));
        assert_eq!(execution.next_wakeup(), Some(later(seconds)), "{definition}");
        assert!(execution.run(later(seconds - 1)).is_empty());
        assert_eq!(execution.run(later(seconds)), [Command::AbortTask { task: task.id }]);
        assert_eq!(execution.status(), status);
        let last = events(&execution).pop().unwrap();
        let details = if status == Status::Failed {
            "executionFailedEventDetails"
        } else {
            "executionTimedOutEventDetails"
        };
        assert_eq!(last[details], json!({"error": "States.Timeout"}));
        assert_eq!(
            execution.task_succeeded(task.id, "1", later(seconds)),
            Err(Refused::UnknownTask(task.id))
        );
    }
}

#[test]
fn payloads_beyond_the_quota_are_refused() {
    let large = "x".repeat(262_144);
    let definition = single(json!({"Type": "Task", "Resource": FUNCTION}));
    let (error, cause) = outcome(&run_with(&definition, &json!({}), |_: &TaskRequest| {
        Ok(Json::string(&large))
    }))
    .unwrap_err();
    assert_eq!(error, "States.DataLimitExceeded");
    assert!(cause.starts_with("The state/task 'arn:aws:lambda:"), "{cause}");
    let refused = Execution::start(
        &crate::common::machine(&definition),
        Default::default(),
        &format!("\"{large}\""),
        now(),
    );
    assert!(matches!(refused, Err(Refused::InvalidInput(_))));
    let pass = single(json!({"Type": "Pass", "Result": large}));
    let (error, cause) = outcome(&crate::common::run(&pass, &json!({}))).unwrap_err();
    assert_eq!(error, "States.DataLimitExceeded");
    assert!(
        cause.starts_with("The state/task 'S' returned a result with a size exceeding"),
        "{cause}"
    );
}

#[test]
fn the_history_ends_at_its_limit() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Default": "A", "Choices": [{"Variable": "$.never", "IsPresent": true, "Next": "E"}]},
        "E": {"Type": "Succeed"}
    }});
    let execution = crate::common::run(&definition, &json!({}));
    assert_eq!(execution.history().len(), 25_000);
    let last = execution.history().last().unwrap();
    assert_eq!(
        (last.id, last.previous_event_id, last.event_type()),
        (25_000, 24_999, "ExecutionFailed")
    );
    let (error, cause) = outcome(&execution).unwrap_err();
    assert_eq!(
        (error.as_str(), cause.as_str()),
        (
            "States.Runtime",
            "The execution reached the maximum number of history events (25000)."
        )
    );
}

#[test]
fn a_stopped_execution_aborts_its_task() {
    let mut execution = start(&single(json!({"Type": "Task", "Resource": FUNCTION})), &json!({}));
    let task = only_task(&execution.run(now()));
    let commands = execution.stop(Some("Manual"), Some("enough"), now()).unwrap();
    assert_eq!(commands, [Command::AbortTask { task: task.id }]);
    let last = events(&execution).pop().unwrap();
    assert_eq!(
        last["executionAbortedEventDetails"],
        json!({"error": "Manual", "cause": "enough"})
    );
    assert_eq!(
        (execution.status(), last["previousEventId"].as_u64()),
        (Status::Aborted, Some(0))
    );
    assert_eq!(
        execution.stop(None, None, now()),
        Err(Refused::WrongStatus("has ended"))
    );
}

#[test]
fn a_redrive_goes_on_from_the_state_that_failed() {
    let definition = json!({"StartAt": "First", "States": {
        "First": {"Type": "Pass", "Result": {"first": true}, "Next": "P"},
        "P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "Good", "States": {"Good": {"Type": "Pass", "Result": "good", "End": true}}},
            {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": FUNCTION, "End": true}}}
        ]}
    }});
    let mut execution = start(&definition, &json!({}));
    assert!(execution.redrive(now()).is_err());
    let mut handler = failing(1, "Oops");
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::default());
    assert_eq!(execution.status(), Status::Failed);
    let before = execution.history().len();
    execution.redrive(later(60)).unwrap();
    assert_eq!((execution.status(), execution.redrive_count()), (Status::Running, 1));
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::at(later(60)));
    assert_eq!(outcome(&execution), Ok(json!(["good", {"first": true}])));
    let after = &types(&execution)[before..];
    assert_eq!(after[0], "ExecutionRedriven");
    assert!(!after.contains(&"PassStateEntered"), "{after:?}");
    assert!(matches!(execution.redrive(later(60)), Err(Refused::WrongStatus(_))));
}

#[test]
fn a_redrive_of_what_ended_in_a_fail_state_only_fails_again() {
    let definition = json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": FUNCTION, "End": true,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "FailState"}]},
        "FailState": {"Type": "Fail", "ErrorPath": "$.Error", "CausePath": "$.Cause"}
    }});
    let mut execution = start(&definition, &json!({}));
    // It would succeed if it were called again.
    let mut handler = failing(1, "Oops");
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::default());
    let before = execution.history().len();
    execution.redrive(later(60)).unwrap();
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::at(later(60)));
    assert_eq!(outcome(&execution).unwrap_err().0, "Oops");
    assert_eq!(
        types(&execution)[before..],
        ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]
    );
}

#[test]
fn a_flow_without_end_gives_its_host_a_turn() {
    let definition = json!({"StartAt": "A", "TimeoutSeconds": 5, "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Default": "A", "Choices": [{"Variable": "$.never", "IsPresent": true, "Next": "E"}]},
        "E": {"Type": "Succeed"}
    }});
    let options = states_language::StartOptions {
        execution_type: states_language::ExecutionType::Express,
        ..states_language::StartOptions::default()
    };
    let mut execution = Execution::start(&crate::common::machine(&definition), options, "{}", now()).unwrap();
    execution.run(now());
    assert_eq!(
        (execution.status(), execution.next_wakeup()),
        (Status::Running, Some(now()))
    );
    execution.run(later(5));
    assert_eq!((execution.status(), execution.next_wakeup()), (Status::TimedOut, None));
}

#[test]
fn a_version_or_alias_stands_in_the_first_event() {
    let definition = single(json!({"Type": "Pass"}));
    for (qualifier, field) in [("7", "stateMachineVersionArn"), ("live", "stateMachineAliasArn")] {
        let options = states_language::StartOptions::default();
        let arn = format!("{}:{qualifier}", options.state_machine_arn());
        let options = states_language::StartOptions {
            qualified_arn: Some(arn.as_str().into()),
            ..options
        };
        let execution = Execution::start(&crate::common::machine(&definition), options, "{}", now()).unwrap();
        assert_eq!(events(&execution)[0]["executionStartedEventDetails"][field], json!(arn));
    }
}

#[test]
fn an_error_is_cut_to_what_a_history_holds() {
    let definition = single(json!({"Type": "Task", "Resource": FUNCTION}));
    let execution = run_with(&definition, &json!({}), |_: &TaskRequest| {
        Err::<Json, _>(Failure::new("ä".repeat(300), "ü".repeat(40_000)))
    });
    let (error, cause) = outcome(&execution).unwrap_err();
    assert_eq!((error.chars().count(), cause.chars().count()), (256, 32_768));
}
