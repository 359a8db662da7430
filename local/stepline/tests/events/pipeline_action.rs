//! The samples of `pipeline-action`: how the job is answered, and what becomes of the execution.

use super::world::{Handled, World, execution_ended, sample, until};
use platform::journal::Happening;
use serde_json::{Value, json};
use services::codepipeline::Answer;

/// What was there before the event.
enum Before {
    /// Nothing of this pipeline execution.
    Nothing,
    /// The sample `first-call` was handled, and its execution still runs.
    Running,
    /// The same, and its execution ended so.
    Ended(&'static str),
}

/// How the job is answered.
enum Job {
    /// With a continuation token; so many executions were started for it.
    GoesOn(usize),
    /// It succeeds, with this output variable among others.
    Succeeds(&'static str, &'static str),
    /// It fails, with this type and this in its message.
    Fails(&'static str, &'static str),
}

const CASES: [(&str, Before, Job); 23] = [
    ("first-call", Before::Nothing, Job::GoesOn(1)),
    ("first-call", Before::Running, Job::GoesOn(0)),
    ("continuation", Before::Running, Job::GoesOn(0)),
    (
        "continuation",
        Before::Ended("SUCCEEDED"),
        Job::Succeeds("ProcessingJobName", "job-1"),
    ),
    (
        "continuation",
        Before::Ended("FAILED"),
        Job::Fails("JobFailed", "State `Only` failed with `Broken`"),
    ),
    ("retried-stage", Before::Nothing, Job::GoesOn(1)),
    ("retried-stage", Before::Ended("FAILED"), Job::GoesOn(0)),
    ("retried-stage", Before::Ended("ABORTED"), Job::GoesOn(0)),
    ("state-machine-by-name", Before::Nothing, Job::GoesOn(1)),
    ("state-machine-by-version", Before::Nothing, Job::GoesOn(1)),
    ("state-machine-by-parameter", Before::Nothing, Job::GoesOn(0)),
    ("input-from-parameters", Before::Nothing, Job::GoesOn(1)),
    ("input-file", Before::Nothing, Job::GoesOn(1)),
    ("encryption-key", Before::Nothing, Job::GoesOn(1)),
    (
        "no-user-parameters",
        Before::Nothing,
        Job::Fails("ConfigurationError", "UserParameters"),
    ),
    (
        "unknown-user-parameter",
        Before::Nothing,
        Job::Fails("ConfigurationError", "`statemachine`"),
    ),
    (
        "user-parameters-not-json",
        Before::Nothing,
        Job::Fails("ConfigurationError", "no JSON"),
    ),
    (
        "unknown-parameter",
        Before::Nothing,
        Job::Fails("ConfigurationError", "`/stepline/dev/no-such-parameter`"),
    ),
    (
        "unknown-state-machine",
        Before::Nothing,
        Job::Fails("PermissionError", "no-such-state-machine"),
    ),
    (
        "foreign-token",
        Before::Nothing,
        Job::Fails("ConfigurationError", "continuation token"),
    ),
    (
        "foreign-token",
        Before::Running,
        Job::Fails("ConfigurationError", "continuation token"),
    ),
    (
        "approval-missing",
        Before::Nothing,
        Job::Fails("ConfigurationError", "action `Outcome` in stage `Execute`"),
    ),
    (
        "malformed-job",
        Before::Nothing,
        Job::Fails("ConfigurationError", "malformed"),
    ),
];

/// The samples of events that are about nothing that is there, and what comes of each.
const ABOUT_NOTHING: [(&str, &str); 5] = [
    ("approval-asked", "ignored"),
    ("approval-abandoned", "ignored"),
    ("execution-ended", "ignored"),
    ("execution-of-others-ended", "ignored"),
    ("scheduled-look", "ignored"),
];

/// The samples that these cases run, and those of the abandoned action and of an array.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let jobs = CASES.iter().map(|(name, ..)| *name);
    let events = ABOUT_NOTHING.iter().map(|(name, _)| *name);
    jobs.chain(events)
        .chain(["abandoned", "array"])
        .map(|name| format!("pipeline-action-{name}"))
}

/// The state that the state machine is made of where its execution is to end so, or not at all.
fn state(end: Option<&str>) -> Value {
    match end {
        None | Some("ABORTED") => json!({"Type": "Wait", "Seconds": 3600, "End": true}),
        Some("SUCCEEDED") => json!({"Type": "Pass", "Result": {"job": {"name": "job-1", "arn": "arn-1"}}, "End": true}),
        Some(_) => json!({"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}),
    }
}

/// A new account in which the sample `first-call` has been handled, if it was; and the execution that it started.
async fn world_after(before: &Before) -> (World, Option<String>) {
    let world = World::new().await;
    let end = match before {
        Before::Ended(end) => Some(*end),
        Before::Running | Before::Nothing => None,
    };
    if matches!(before, Before::Nothing) {
        return (world, None);
    }
    world.machine_is(&state(end)).await;
    let mut journal = world.follow();
    let first = world
        .handle("pipeline-action", &sample("pipeline-action-first-call"))
        .await;
    let execution = first
        .started
        .into_iter()
        .next()
        .expect("the first call starts an execution");
    if let Some(end) = end {
        if end == "ABORTED" {
            world
                .call("states", "StopExecution", json!({"executionArn": execution}))
                .await;
        }
        assert_eq!(execution_ended(&mut journal).await, end);
    }
    (world, Some(execution))
}

/// The type of a failed job, as the function's own answer words it too.
fn check(name: &str, expected: &Job, handled: &Handled) {
    let answer = handled.answer.as_ref();
    let outcome = &answer.unwrap_or_else(|error| panic!("{name}: {error}"))["outcome"];
    match (expected, &handled.job) {
        (Job::GoesOn(started), Some(Answer::Continuation(_))) => {
            assert_eq!(outcome, "continued", "{name}");
            assert_eq!(handled.started.len(), *started, "{name}: {handled:?}");
        }
        (Job::Succeeds(variable, value), Some(Answer::Success(success))) => {
            assert_eq!(outcome, "succeeded", "{name}");
            assert_eq!(
                success.variables.get(*variable).map(String::as_str),
                Some(*value),
                "{name}"
            );
            assert_eq!(handled.started, [""; 0], "{name}");
        }
        (Job::Fails(kind, part), Some(Answer::Failure(failure))) => {
            assert_eq!(outcome, "failed", "{name}");
            assert_eq!(failure.kind, *kind, "{name}: {}", failure.message);
            assert!(failure.message.contains(part), "{name}: {}", failure.message);
            assert_eq!(handled.started, [""; 0], "{name}");
        }
        _ => panic!("{name}: {handled:?}"),
    }
}

/// What the execution that a sample starts has in it, by JSON pointers into its description.
fn contents(name: &str) -> Vec<(&'static str, Value)> {
    match name {
        "first-call" => vec![
            ("/input/image/tag", json!("commit-3f9d2c1b7a6e")),
            (
                "/input/pipeline/executionId",
                json!("5f2c1a6e-8f0b-4d3e-9a57-3b1f0c9e7d42"),
            ),
            ("/input/pipeline/jobId", json!("11111111-2222-4333-8444-000000000001")),
        ],
        "state-machine-by-version" => vec![(
            "/stateMachineVersionArn",
            json!("arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-dev:1"),
        )],
        "input-from-parameters" => vec![("/input/instanceType", json!("ml.t3.medium"))],
        "input-file" => vec![
            ("/input/parameters/text", json!("/ml/dev/instance-type")),
            ("/input/image/tag", json!("commit-3f9d2c1b7a6e")),
        ],
        _ => vec![],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_is_answered() {
    for (name, before, expected) in &CASES {
        let (world, earlier) = world_after(before).await;
        let event = sample(&format!("pipeline-action-{name}"));
        if let ("continuation", Some(earlier)) = (*name, &earlier) {
            let token = event["CodePipeline.job"]["data"]["continuationToken"].as_str();
            let continued = token.is_some_and(|token| token.contains(earlier));
            assert!(continued, "the sample continues what the first call starts: {earlier}");
        }
        let handled = world.handle("pipeline-action", &event).await;
        check(name, expected, &handled);
        if *name == "state-machine-by-parameter" {
            let next = world
                .handle("pipeline-action", &following(event.clone(), &handled))
                .await;
            assert_eq!(
                next.started.len(),
                1,
                "what the parameter names is answered first: {next:?}"
            );
        }
        if let Some(started) = handled.started.first() {
            let execution = world.execution(started).await;
            for (pointer, value) in contents(name) {
                assert_eq!(execution.pointer(pointer), Some(&value), "{name}: {pointer}");
            }
        }
        if let ("retried-stage", Before::Ended(end)) = (*name, before) {
            let earlier = earlier.as_deref().unwrap_or_default();
            let redriven = world.execution(earlier).await["redriveCount"].clone();
            assert_eq!(redriven, 0, "the decision is answered first");
            let next = world.handle("pipeline-action", &following(event, &handled)).await;
            let redriven = world.execution(earlier).await["redriveCount"].clone();
            // What failed in a Fail state would only fail again; what was stopped goes on.
            match *end {
                "ABORTED" => assert_eq!((next.started.len(), redriven), (0, json!(1)), "{next:?}"),
                _ => assert_eq!((next.started.len(), redriven), (1, json!(0)), "{next:?}"),
            }
        }
    }
}

/// The event of the job that follows one which was answered with a continuation token.
fn following(mut event: Value, handled: &Handled) -> Value {
    let Some(Answer::Continuation(token)) = &handled.job else {
        panic!("{handled:?}");
    };
    let job = &mut event["CodePipeline.job"];
    job["id"] = "11111111-2222-4333-8444-0000000000fe".into();
    job["data"]["continuationToken"] = token.clone().into();
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn the_output_artifact_is_encrypted_with_the_pipelines_key() {
    let world = World::new().await;
    world.machine_is(&state(Some("SUCCEEDED"))).await;
    let mut journal = world.follow();
    let mut event = sample("pipeline-action-encryption-key");
    let first = world.handle("pipeline-action", &event).await;
    let Some(Answer::Continuation(token)) = first.job else {
        panic!("{first:?}");
    };
    assert_eq!(execution_ended(&mut journal).await, "SUCCEEDED");
    let job = &mut event["CodePipeline.job"];
    job["id"] = "11111111-2222-4333-8444-0000000000ff".into();
    job["data"]["continuationToken"] = token.into();
    let location = &job["data"]["outputArtifacts"][0]["location"]["s3Location"];
    let text = |field: &str| location[field].as_str().expect("a location").to_owned();
    let (bucket, key) = (text("bucketName"), text("objectKey"));
    let kms_key = job["data"]["encryptionKey"]["id"].clone();
    let last = world.handle("pipeline-action", &event).await;
    assert!(matches!(last.job, Some(Answer::Success(_))), "{last:?}");
    let administrator = platform::principal::Principal::Administrator;
    let object = json!({"Bucket": bucket, "Key": key});
    let artifact = world.cloud.call(&administrator, "s3", "HeadObject", object).await;
    assert_eq!(artifact.expect("the artifact")["SSEKMSKeyId"], kms_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_execution_of_an_abandoned_action_is_stopped() {
    let world = World::new().await;
    let mut event = sample("pipeline-action-abandoned");
    // No pipeline execution has the sample's id: nothing is to be stopped.
    let handled = world.handle("pipeline-action", &event).await;
    assert_eq!(handled.answer.expect("an answer")["outcome"], "ignored");

    // That of one which runs, with the event withheld that EventBridge would have delivered already.
    world.machine_is(&state(None)).await;
    world
        .call(
            "events",
            "DisableRule",
            json!({"Name": "stepline-action-abandoned-dev"}),
        )
        .await;
    let mut journal = world.follow();
    let name = json!({"name": "stepline-dev"});
    let started = world.call("codepipeline", "StartPipelineExecution", name).await;
    let id = &started["pipelineExecutionId"];
    until(&mut journal, |happening| {
        matches!(happening, Happening::ExecutionStarted { .. }).then_some(())
    })
    .await;
    let stop = json!({"pipelineName": "stepline-dev", "pipelineExecutionId": id, "abandon": true});
    world.call("codepipeline", "StopPipelineExecution", stop).await;
    event["detail"]["execution-id"] = id.clone();
    let handled = world.handle("pipeline-action", &event).await;
    assert_eq!(handled.answer.expect("an answer")["outcome"], "stopped");
    assert_eq!(execution_ended(&mut journal).await, "ABORTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_about_nothing_that_is_there_do_nothing() {
    let world = World::new().await;
    for (name, outcome) in ABOUT_NOTHING {
        let handled = world
            .handle("pipeline-action", &sample(&format!("pipeline-action-{name}")))
            .await;
        assert_eq!(handled.answer.expect("an answer")["outcome"], outcome, "{name}");
    }
    let handled = world.handle("pipeline-action", &sample("pipeline-action-array")).await;
    let reports = handled.answer.expect("an answer");
    assert_eq!(
        (&reports[0]["outcome"], &reports[1]["outcome"]),
        (&json!("ignored"), &json!("ignored"))
    );
}
