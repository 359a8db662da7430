//! Two people ask at the same moment: what each of them is told must hold.

use super::engine::{self, Ending};
use super::execution::{Execution, Status, Stop};
use super::{CodePipeline, Pipeline};
use crate::testing;
use bytes::Bytes;
use platform::input::read;
use platform::{Call, Platform, Principal};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

/// A pipeline with one execution. Nothing runs it: a test's runtime has one thread, and the test keeps it busy.
fn world() -> (Arc<Platform>, Arc<CodePipeline>, Arc<Pipeline>, Arc<Execution>) {
    let codepipeline: Arc<CodePipeline> = Arc::default();
    let platform = testing::account(vec![codepipeline.clone()]);
    let declaration = json!({
        "name": "p", "roleArn": "arn:aws:iam::123456789012:role/p",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [{"name": "Approve", "actions": [{
            "name": "Approve",
            "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
        }]}],
    });
    let declaration: super::Declaration = serde_json::from_value(declaration).expect("a declaration");
    let execution = Execution::new(declaration.clone(), BTreeMap::new(), json!({}), None);
    let (pipeline, execution) = (Arc::new(Pipeline::new(declaration)), Arc::new(execution));
    super::lock(&pipeline.executions).push(execution.clone());
    super::lock(&codepipeline.pipelines).insert("p".to_owned(), pipeline.clone());
    (platform, codepipeline, pipeline, execution)
}

fn call(platform: &Arc<Platform>) -> Call {
    Call {
        platform: Arc::clone(platform),
        caller: Principal::Administrator,
        body: Bytes::new(),
    }
}

fn stop(platform: &Arc<Platform>, codepipeline: &CodePipeline, execution: &Execution) -> bool {
    let input = json!({"pipelineName": "p", "pipelineExecutionId": execution.id});
    codepipeline
        .stop(&call(platform), read(input).expect("an input"))
        .is_ok()
}

#[tokio::test]
async fn a_stop_that_comes_while_a_retry_is_answered_is_not_lost() {
    let (platform, codepipeline, _pipeline, execution) = world();
    let runtime = tokio::runtime::Handle::current();
    for _ in 0..500 {
        {
            let mut progress = execution.progress();
            progress.status = Status::Failed;
            progress.stages.insert("Approve".to_owned(), Status::Failed);
        }
        let both = Barrier::new(2);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let _runtime = runtime.enter();
                let retry = json!({"pipelineName": "p", "pipelineExecutionId": execution.id, "stageName": "Approve",
                    "retryMode": "FAILED_ACTIONS"});
                both.wait();
                codepipeline
                    .retry(&call(&platform), read(retry).expect("an input"))
                    .expect("it failed");
            });
            both.wait();
            // Until there is something to stop again.
            while !stop(&platform, &codepipeline, &execution) {}
        });
        assert_eq!(execution.progress().status, Status::Stopping);
        assert_eq!(*execution.stop.borrow(), Stop::Finish);
    }
}

#[tokio::test]
async fn what_was_asked_to_stop_in_its_last_moment_has_stopped() {
    for (stops, ended, expected) in [
        (false, Status::Succeeded, Status::Succeeded),
        (true, Status::Succeeded, Status::Stopped),
        (true, Status::Failed, Status::Failed),
    ] {
        let (platform, codepipeline, pipeline, execution) = world();
        assert!(!stops || stop(&platform, &codepipeline, &execution));
        let ending = Ending {
            status: ended,
            reason: None,
        };
        let ending = engine::Engine::new((&platform, &codepipeline.jobs), &pipeline, &execution).end(ending);
        assert_eq!((ending.status, execution.progress().status), (expected, expected));
    }
}

#[tokio::test]
async fn what_an_operation_does_not_take_is_refused_by_name() {
    let (platform, ..) = world();
    for (operation, input, code) in [
        ("GetPipeline", json!({"name": "p", "version": 1}), "NotInLocalRun"),
        ("ListPipelines", json!({"maxResults": 1}), "NotInLocalRun"),
        (
            "ListActionExecutions",
            json!({"pipelineName": "p", "filter": {"latestInPipelineExecution": {}}}),
            "NotInLocalRun",
        ),
        ("DeletePipeline", json!({}), "ValidationException"),
    ] {
        let answer = platform.call(&Principal::Administrator, "codepipeline", operation, input);
        assert_eq!(answer.await.expect_err("a refusal").code, code, "{operation}");
    }
}
