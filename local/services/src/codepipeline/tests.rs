//! Two people ask at the same moment: what each of them is told must hold.

mod builds;
mod declarations;
mod deploys;
mod rollbacks;
mod stages;
mod state_machines;
mod world;

use super::engine::{self, Ending};
use super::execution::{Execution, Status, Stop};
use super::pipeline::Decision;
use super::work::Work;
use super::{CodePipeline, Pipeline};
use crate::testing;
use bytes::Bytes;
use platform::iam::NewRole;
use platform::input::read;
use platform::{Call, Platform, Principal, Service};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

/// A pipeline with one execution. Nothing runs it: a test's runtime has one thread, and the test keeps it busy.
fn world() -> (Arc<Platform>, Arc<CodePipeline>, Arc<Pipeline>, Arc<Execution>) {
    let codepipeline: Arc<CodePipeline> = Arc::default();
    let services: Vec<Arc<dyn Service>> = vec![
        codepipeline.clone(),
        Arc::<crate::sns::Sns>::default(),
        Arc::<crate::sqs::Sqs>::default(),
    ];
    let platform = testing::account(services);
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
    let (pipeline, execution) = (
        Arc::new(Pipeline::new(declaration, &platform::store::Store::default()).expect("a pipeline")),
        Arc::new(execution),
    );
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
        ("ListPipelines", json!({"maxResults": 0}), "ValidationException"),
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

#[tokio::test]
async fn pipelines_are_listed_page_by_page() {
    let (platform, codepipeline, pipeline, _) = world();
    super::lock(&codepipeline.pipelines).insert("q".to_owned(), pipeline);
    let mut pages = 0;
    let mut input = json!({"maxResults": 1});
    loop {
        let answer = platform.call(&Principal::Administrator, "codepipeline", "ListPipelines", input);
        let answer = answer.await.expect("a page");
        assert_eq!(answer["pipelines"].as_array().map(Vec::len), Some(1), "{answer}");
        pages += 1;
        match answer.get("nextToken") {
            Some(token) => input = json!({"maxResults": 1, "nextToken": token}),
            None => break,
        }
    }
    assert_eq!(pages, 2);
}

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:approvals";

/// A role that may do these, and what an approval becomes that names the topic, if nobody but the topic is asked.
async fn approve(actions: Value, topic: &str) -> Result<Option<Value>, String> {
    let (platform, codepipeline, pipeline, execution) = world();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": "*"},
    ]});
    let role = NewRole::for_service("p", "codepipeline.amazonaws.com").with_policy("p", policy);
    platform.iam.create_role(&platform.account, role).expect("a role");
    let queue = "arn:aws:sqs:us-east-1:123456789012:inbox";
    let open = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": queue},
    ]});
    for (service, operation, input) in [
        (
            "sqs",
            "CreateQueue",
            json!({"QueueName": "inbox", "Attributes": {"Policy": open.to_string()}}),
        ),
        ("sns", "CreateTopic", json!({"Name": "approvals"})),
        (
            "sns",
            "Subscribe",
            json!({"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": queue}),
        ),
    ] {
        let made = platform.call(&Principal::Administrator, service, operation, input);
        made.await.expect(operation);
    }
    let configuration = [("NotificationArn", topic), ("CustomData", "go on?")];
    let configuration = configuration.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let performing = super::actions::perform(Work {
        platform: &platform,
        jobs: &codepipeline.jobs,
        pipeline: &pipeline,
        execution: &execution,
        stage: "Approve",
        action: &execution.declaration.stages[0].actions[0],
        run_id: "run",
        role: "p",
        caller: Principal::role_session("p", "run"),
        configuration: BTreeMap::from(configuration),
        inputs: Vec::new(),
        outputs: Vec::new(),
    });
    let hearing = async {
        tokio::task::yield_now().await;
        let input = json!({"QueueUrl": "inbox"});
        let received = platform
            .call(&Principal::Administrator, "sqs", "ReceiveMessage", input)
            .await;
        let received = received.expect("an answer");
        let decide = pipeline.approvals().drain().next();
        if let Some((_, decide)) = decide {
            let decision = Decision {
                approved: true,
                summary: String::new(),
                by: String::new(),
            };
            decide.send(decision).map_err(drop).expect("it waits");
        }
        let body = received["Messages"][0]["Body"].as_str();
        body.map(|body| serde_json::from_str(body).expect("an envelope"))
    };
    let (done, heard): (_, Option<Value>) = tokio::join!(performing, hearing);
    done.map(|_| heard).map_err(|failure| failure.message)
}

#[tokio::test]
async fn a_topic_hears_of_an_approval() {
    let heard = approve(json!("sns:Publish"), TOPIC).await.expect("approved");
    let envelope = heard.expect("a message");
    assert_eq!(
        envelope["Subject"],
        "APPROVAL NEEDED: AWS CodePipeline p for action Approve"
    );
    let message: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).expect("JSON");
    assert_eq!(message["region"], "us-east-1");
    let approval = &message["approval"];
    for (member, expected) in [
        ("pipelineName", json!("p")),
        ("stageName", json!("Approve")),
        ("actionName", json!("Approve")),
        ("customData", json!("go on?")),
        ("externalEntityLink", Value::Null),
    ] {
        assert_eq!(approval[member], expected, "{member}");
    }
    let link = approval["approvalReviewLink"].as_str().unwrap();
    assert!(link.ends_with(approval["token"].as_str().unwrap()), "{link}");
}

#[tokio::test]
async fn a_topic_that_is_not_here_hears_nothing_and_one_that_may_not_be_told_fails_the_action() {
    let elsewhere = "arn:aws:sns:us-east-1:123456789012:elsewhere";
    assert_eq!(approve(json!("sns:Subscribe"), elsewhere).await, Ok(None));
    assert_eq!(approve(json!("sns:Subscribe"), "").await, Ok(None));
    let denied = approve(json!("sns:Subscribe"), TOPIC).await.expect_err("denied");
    assert!(denied.contains("sns:Publish"), "{denied}");
}
