//! The two ways to wait for an execution, each with the same things happening: it succeeds, it fails and the stage is
//! retried, it is abandoned; and what only an approval knows, a person who answers first.

use super::{executions, message, path};
use crate::world::World;
use platform::journal::{Follower, Happening};
use serde_json::{Value, json};
use std::path::Path;

/// Makes the processing job fail until a file is there.
fn fails_until(mended: &Path) -> String {
    let mended = mended.display().to_string();
    format!("\nimport os\nif not os.path.exists({mended:?}):\n    raise RuntimeError(\"broken on purpose\")\n")
}

/// Makes the processing job run for longer than any test.
const LASTS: &str = "\nimport time\ntime.sleep(600)\n";

/// The ways, and the action whose end is the execution's.
const WAYS: [(&str, &str); 2] = [("polling", "Execute"), ("event", "Outcome")];

async fn world(way: &str) -> World {
    World::with(&[("Wait", way)]).await
}

async fn pipeline_ended(world: &World, journal: &mut Follower) -> String {
    let ended = world.wait(journal, |happening| {
        matches!(happening, Happening::PipelineEnded { .. })
    });
    match ended.await {
        Happening::PipelineEnded { status, .. } => status,
        other => panic!("not the pipeline's end: {other:?}"),
    }
}

async fn execution_ended(world: &World, journal: &mut Follower) -> String {
    let ended = world.wait(journal, |happening| {
        matches!(happening, Happening::ExecutionEnded { .. })
    });
    match ended.await {
        Happening::ExecutionEnded { status, .. } => status,
        other => panic!("not an execution's end: {other:?}"),
    }
}

/// The state of the approval, as GetPipelineState tells it.
async fn outcome(world: &World) -> Value {
    let state = world
        .call("codepipeline", "GetPipelineState", json!({"name": world.pipeline}))
        .await;
    let stages = state["stageStates"].as_array().cloned().unwrap_or_default();
    let actions = stages
        .iter()
        .flat_map(|stage| stage["actionStates"].as_array().into_iter().flatten());
    let outcome = actions.into_iter().find(|action| action["actionName"] == "Outcome");
    outcome.expect("the approval is there")["latestExecution"].clone()
}

async fn approval_is_asked_for(world: &World, journal: &mut Follower) {
    world
        .wait(journal, |happening| {
            matches!(happening, Happening::ApprovalAsked { .. })
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_succeeds_lets_the_pipeline_succeed() {
    for (way, action) in WAYS {
        let world = world(way).await;
        assert_eq!(world.run_pipeline().await, "Succeeded", "{way}: {:#?}", path(&world));
        assert!(path(&world).contains(&format!("action {action}: Succeeded")), "{way}");
        assert_eq!(executions(&world), 1, "{way}");
        if way == "event" {
            let outcome = outcome(&world).await;
            let summary = outcome["summary"].as_str().unwrap_or_default();
            for part in ["The execution succeeded after", "JobName: ", "JobArn: "] {
                assert!(summary.contains(part), "{summary}");
            }
            // Which state machine the parameter names; nothing polls the execution.
            let path = path(&world);
            let continued = path.iter().filter(|step| *step == "job: Continuation");
            assert_eq!(continued.count(), 1, "{path:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_and_was_mended_succeeds_when_the_stage_is_retried_either_way() {
    for (way, action) in WAYS {
        for mode in ["FAILED_ACTIONS", "ALL_ACTIONS"] {
            let world = world(way).await;
            // Not below /tmp: a job has a /tmp of its own.
            let outside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
            let mended = outside.path().join("mended");
            world.append_to_program(&fails_until(&mended));
            let mut journal = world.cloud.journal.follow();
            let id = world.start_pipeline().await;
            assert_eq!(pipeline_ended(&world, &mut journal).await, "Failed", "{way}");
            let told = message(&world, action).expect("a failure's message");
            for part in [
                "SageMaker-Hello-World",
                "RuntimeError: broken on purpose",
                "Retrying the stage",
            ] {
                assert!(told.contains(part), "{way}: {part} is not in: {told}");
            }
            std::fs::write(&mended, "").expect("the file can be written");
            let retry = json!({
                "pipelineName": world.pipeline, "stageName": "Execute", "pipelineExecutionId": id, "retryMode": mode,
            });
            world.call("codepipeline", "RetryStageExecution", retry).await;
            assert_eq!(pipeline_ended(&world, &mut journal).await, "Succeeded", "{way} {mode}");
            world.cloud.lambda.settled().await;
            let path = path(&world);
            let ends = ["Failed", "Succeeded"].map(|end| {
                let step = format!("action {action}: {end}");
                path.iter().filter(|taken| **taken == step).count()
            });
            assert_eq!(ends, [1, 1], "{way} {mode}: {path:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn abandoning_the_pipeline_stops_the_execution_either_way() {
    for (way, action) in WAYS {
        let world = world(way).await;
        world.append_to_program(LASTS);
        let mut journal = world.cloud.journal.follow();
        let id = world.start_pipeline().await;
        match way {
            "event" => approval_is_asked_for(&world, &mut journal).await,
            _ => {
                let started = |happening: &Happening| matches!(happening, Happening::ExecutionStarted { .. });
                world.wait(&mut journal, started).await;
            }
        }
        let stop = json!({"pipelineName": world.pipeline, "pipelineExecutionId": id, "abandon": true});
        world.call("codepipeline", "StopPipelineExecution", stop).await;
        assert_eq!(execution_ended(&world, &mut journal).await, "ABORTED", "{way}");
        assert!(path(&world).contains(&format!("action {action}: Abandoned")), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_rejects_first_stops_the_execution_and_is_not_overruled() {
    let world = world("event").await;
    world.append_to_program(LASTS);
    let mut journal = world.cloud.journal.follow();
    world.start_pipeline().await;
    approval_is_asked_for(&world, &mut journal).await;
    let token = outcome(&world).await["token"].clone();
    let answer = |token: &Value, summary: &str| {
        json!({
            "pipelineName": world.pipeline, "stageName": "Execute", "actionName": "Outcome", "token": token,
            "result": {"status": "Rejected", "summary": summary},
        })
    };
    // What AWS refuses is refused: a summary of more than 512 characters, and a token that is none.
    let administrator = platform::principal::Principal::Administrator;
    for (input, code) in [
        (answer(&token, &"x".repeat(513)), "ValidationException"),
        (answer(&json!("another"), "no"), "InvalidApprovalTokenException"),
    ] {
        let refused = world
            .cloud
            .call(&administrator, "codepipeline", "PutApprovalResult", input)
            .await;
        assert_eq!(refused.expect_err(code).code, code);
    }
    world
        .call("codepipeline", "PutApprovalResult", answer(&token, "not this one"))
        .await;
    assert_eq!(pipeline_ended(&world, &mut journal).await, "Failed");
    let again = answer(&token, "once more");
    let again = world
        .cloud
        .call(&administrator, "codepipeline", "PutApprovalResult", again)
        .await;
    assert_eq!(
        again.expect_err("it is answered").code,
        "ApprovalAlreadyCompletedException"
    );
    assert_eq!(execution_ended(&world, &mut journal).await, "ABORTED");
    world.cloud.lambda.settled().await;
    assert!(message(&world, "Outcome").is_some_and(|told| told.contains("not this one")));
}
