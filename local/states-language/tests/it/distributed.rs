//! Distributed Maps: their Map Runs, child executions, and what they read and write in S3.

use serde_json::{Value, json};
use states_language::{
    Clock, Command, Execution, Failure, ItemSource, Json, StartOptions, Status, TaskRequest, VirtualClock, run_to_end,
};

use crate::common::{FUNCTION, failing, machine, outcome, run, run_with, start, types};
use crate::maps::{distributed, pass};

#[test]
fn children_are_executions_of_their_own() {
    let states = json!({"I": {"Type": "Pass", "Parameters": {
        "id.$": "$$.Execution.Id", "machine.$": "$$.StateMachine.Name", "in.$": "$$.Execution.Input"
    }, "End": true}});
    let definition = distributed(states, json!({"Label": "L"}));
    let options = StartOptions {
        keep_children: true,
        ..StartOptions::default()
    };
    let mut clock = VirtualClock::default();
    let mut execution = Execution::start(&machine(&definition), options, "[7]", clock.now()).unwrap();
    run_to_end(&mut execution, &mut failing(0, ""), &mut clock);
    let output = outcome(&execution).unwrap();
    assert_eq!(
        (&output[0]["machine"], &output[0]["in"]),
        (&json!("StateMachine/L"), &json!(7))
    );
    let child = &execution.children()[0];
    assert_eq!(output[0]["id"], json!(*child.arn));
    assert_eq!(
        child.history.last().map(states_language::HistoryEvent::event_type),
        Some("ExecutionSucceeded")
    );
    let run = &execution.map_runs()[0];
    assert_eq!(
        (run.status, run.total, run.succeeded, run.failed),
        (Status::Succeeded, 1, 1, 0)
    );
    assert_eq!(
        types(&execution)[1..],
        [
            "MapStateEntered",
            "MapStateStarted",
            "MapRunStarted",
            "MapRunSucceeded",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded"
        ]
    );
}

#[test]
fn failures_are_tolerated_up_to_a_point() {
    let work = json!({"W": {"Type": "Task", "Resource": FUNCTION, "End": true}});
    let cases = [
        (json!({}), 1, false),
        (json!({"ToleratedFailureCount": 1}), 1, true),
        (json!({"ToleratedFailureCount": 1}), 2, false),
        (json!({"ToleratedFailurePercentage": 50}), 2, true),
        (json!({"ToleratedFailurePercentage": 49.9}), 2, false),
    ];
    for (mut fields, failures, succeeds) in cases {
        fields["MaxConcurrency"] = json!(1);
        let execution = run_with(
            &distributed(work.clone(), fields.clone()),
            &json!([1, 2, 3, 4]),
            failing(failures, "Oops"),
        );
        match outcome(&execution) {
            Ok(output) => assert!(succeeds && output.as_array().unwrap().len() == 4 - failures, "{fields}"),
            Err((error, _)) => {
                assert!(
                    !succeeds && error == "States.ExceedToleratedFailureThreshold",
                    "{fields}"
                );
                assert!(types(&execution).ends_with(&["MapRunFailed", "MapStateFailed", "ExecutionFailed"]));
            }
        }
    }
}

#[test]
fn batches_hold_as_much_as_they_may() {
    let definition = distributed(
        pass(),
        json!({"ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"k": "v"}}}),
    );
    let expected = json!([{"BatchInput": {"k": "v"}, "Items": [1, 2]}, {"BatchInput": {"k": "v"}, "Items": [3]}]);
    assert_eq!(outcome(&run(&definition, &json!([1, 2, 3]))), Ok(expected));
    let definition = distributed(pass(), json!({"ItemBatcher": {"MaxInputBytesPerBatch": 20}}));
    let batches = outcome(&run(&definition, &json!(["aaa", "bbb", "ccc"]))).unwrap();
    assert_eq!(
        batches,
        json!([{"Items": ["aaa"]}, {"Items": ["bbb"]}, {"Items": ["ccc"]}])
    );
}

#[test]
fn items_come_from_s3() {
    let read = |config: Value, body: &str| {
        let reader = json!({
            "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config,
            "Parameters": {"Bucket": "b", "Key.$": "$.key"}
        });
        let now = VirtualClock::default().now();
        let mut execution = start(
            &distributed(pass(), json!({"ItemReader": reader})),
            &json!({"key": "k"}),
        );
        let commands = execution.run(now);
        let [Command::ReadItems(request)] = &commands[..] else {
            panic!("{commands:?}")
        };
        assert_eq!(
            (&*request.operation, request.parameters.to_string().as_str()),
            ("getObject", r#"{"Bucket":"b","Key":"k"}"#)
        );
        execution
            .items_read(request.id, ItemSource::Object(body.as_bytes().to_vec()), now)
            .unwrap();
        execution.run(now);
        outcome(&execution)
    };
    let csv = |extra: Value| {
        let mut config = json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"});
        config
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        config
    };
    let cases = [
        (json!({"InputType": "JSON"}), "[1, {\"a\": 2}]", json!([1, {"a": 2}])),
        (
            json!({"InputType": "JSON", "ItemsPointer": "/a/b"}),
            "{\"a\": {\"b\": [3]}}",
            json!([3]),
        ),
        (json!({"InputType": "JSON", "MaxItems": 1}), "[1, 2]", json!([1])),
        (json!({"InputType": "JSONL"}), "{\"a\": 1}\n\n2\n", json!([{"a": 1}, 2])),
        (
            csv(json!({})),
            "x,y\n1,2\n3,\n\"a,\"\"b\"\"\",4,5\n",
            json!([{"x": "1", "y": "2"}, {"x": "3", "y": ""}, {"x": "a,\"b\"", "y": "4"}]),
        ),
        (
            csv(json!({"CSVDelimiter": "PIPE", "MaxItems": 1})),
            "x|y\n1|2\n3|4",
            json!([{"x": "1", "y": "2"}]),
        ),
        (
            json!({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["h"]}),
            "1\r\n2",
            json!([{"h": "1"}, {"h": "2"}]),
        ),
        // Empty lines, a line break in quotes, text behind a quote, a quote in a cell, and one that nothing closes.
        (
            csv(json!({})),
            "\r\n\nx,y\n\n\"1\n2\"3,4\"5\"\n,\n\"6,7\n",
            json!([{"x": "1\n23", "y": "4\"5\""}, {"x": "", "y": ""}, {"x": "6,7\n", "y": ""}]),
        ),
        (csv(json!({"CSVDelimiter": "TAB"})), "x\ty", json!([])),
    ];
    for (config, body, expected) in cases {
        assert_eq!(read(config.clone(), body), Ok(expected), "{config}");
    }
    let (error, cause) = read(
        json!({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["h", "h"]}),
        "1,2",
    )
    .unwrap_err();
    assert_eq!(
        (error.as_str(), cause.as_str()),
        ("States.ItemReaderFailed", "CSV headers cannot contain duplicates.")
    );
}

#[test]
fn results_go_to_s3() {
    let writer = json!({"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}});
    let now = VirtualClock::default().now();
    let mut execution = start(&distributed(pass(), json!({"ResultWriter": writer})), &json!([1, 2]));
    let commands = execution.run(now);
    let [Command::WriteResults(request)] = &commands[..] else {
        panic!("{commands:?}")
    };
    let keys: Vec<&str> = request
        .files
        .iter()
        .map(|(key, _)| key.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(
        (&*request.bucket, keys),
        ("b", vec!["SUCCEEDED_0.json", "manifest.json"])
    );
    let results: Value = serde_json::from_str(&request.files[0].1).unwrap();
    assert_eq!(
        (&results[1]["Output"], &results[1]["Status"]),
        (&json!("2"), &json!("SUCCEEDED"))
    );
    execution.task_succeeded(request.id, "null", now).unwrap();
    execution.run(now);
    let output = outcome(&execution).unwrap();
    assert_eq!(output["ResultWriterDetails"]["Bucket"], json!("b"));
    assert_eq!(output["MapRunArn"], json!(*execution.map_runs()[0].arn));
}

#[test]
fn a_task_in_a_child_reports_to_the_same_host() {
    let work = json!({"W": {"Type": "Task", "Resource": FUNCTION, "End": true}});
    let mut arns = Vec::new();
    let execution = run_with(&distributed(work, json!({})), &json!([1, 2]), |task: &TaskRequest| {
        arns.push(task.execution_arn.clone());
        Ok::<Json, Failure>(Json::from(10 * task.parameters.as_i64().unwrap()))
    });
    assert_eq!(outcome(&execution), Ok(json!([10, 20])));
    assert!(arns[0] != arns[1] && *arns[0] != *execution.arn());
}

#[test]
fn a_redriven_map_run_does_again_what_failed() {
    let work = json!({"W": {"Type": "Task", "Resource": FUNCTION, "End": true}});
    let definition = distributed(work, json!({"MaxConcurrency": 1, "ToleratedFailureCount": 1}));
    let mut execution = start(&definition, &json!([1, 2, 3]));
    let mut calls = Vec::new();
    let mut handler = |task: &TaskRequest| {
        calls.push(task.parameters.as_i64().unwrap());
        if calls.len() < 3 {
            Err(Failure::new("Oops", ""))
        } else {
            Ok(task.parameters.clone())
        }
    };
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::default());
    assert_eq!(execution.status(), Status::Failed);
    let now = execution.stopped_at().unwrap();
    execution.redrive(now).unwrap();
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::at(now));
    assert_eq!(outcome(&execution), Ok(json!([1, 2, 3])));
    assert_eq!(calls, [1, 2, 1, 2, 3]);
    assert_eq!(
        types(&execution)[6..],
        [
            "ExecutionFailed",
            "ExecutionRedriven",
            "MapRunRedriven",
            "MapRunSucceeded",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded"
        ]
    );
    assert_eq!(execution.map_runs()[0].redrive_count, 1);
}

#[test]
fn a_place_that_is_used_again_keeps_its_own_time() {
    // The first Parallel fails while branches are yet to begin; the second one waits in the places that they leave.
    let wait = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Wait", "Seconds": 60, "End": true}}});
    let bad = json!({"StartAt": "Bad", "States": {"Bad": {"Type": "Fail", "Error": "Bad"}}});
    let definition = json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": [bad, wait("A"), wait("B")], "End": true,
              "Catch": [{"ErrorEquals": ["Bad"], "Next": "Q"}]},
        "Q": {"Type": "Parallel", "Branches": [wait("C"), wait("D"), wait("E")], "End": true}
    }});
    let execution = run(&definition, &json!({}));
    assert_eq!(
        execution
            .stopped_at()
            .unwrap()
            .duration_since(execution.started_at())
            .as_secs(),
        60
    );
}

#[test]
fn results_that_could_not_be_written_are_written_by_a_redrive() {
    let writer = json!({"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}});
    let now = VirtualClock::default().now();
    let mut execution = start(&distributed(pass(), json!({"ResultWriter": writer})), &json!([1]));
    let mut written = Vec::new();
    for attempt in 0..2 {
        let commands = execution.run(now);
        let [Command::WriteResults(request)] = &commands[..] else {
            panic!("{commands:?}")
        };
        written.push(request.files[0].1.clone());
        if attempt == 0 {
            execution
                .task_failed(request.id, "S3.NoSuchBucket", "no bucket", now)
                .unwrap();
            execution.run(now);
            assert_eq!(
                outcome(&execution),
                Err(("States.ResultWriterFailed".to_owned(), "no bucket".to_owned()))
            );
            execution.redrive(now).unwrap();
        } else {
            execution.task_succeeded(request.id, "null", now).unwrap();
            execution.run(now);
        }
    }
    assert_eq!(execution.status(), Status::Succeeded);
    assert_eq!(written[0], written[1]);
}
