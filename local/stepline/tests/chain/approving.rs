//! The stage Approve: what somebody is asked, and what the model registry hears of the answer.

use crate::training::{hyperparameters, models};
use crate::world::World;
use platform::journal::Happening;
use serde_json::{Value, json};

/// Waits until somebody is asked for the model: the execution, the token and the text.
async fn asked(world: &World) -> (String, String, String) {
    let mut journal = world.cloud.journal.follow();
    let id = world.start_pipeline().await;
    let is_it =
        |happening: &Happening| matches!(happening, Happening::ApprovalAsked { action, .. } if action == "Approve");
    match world.wait(&mut journal, is_it).await {
        Happening::ApprovalAsked { token, text, .. } => (id, token, text),
        other => panic!("not an approval: {other:?}"),
    }
}

/// What `record-approval` says of the end of the approval that was asked for first in this execution.
async fn recorded_again(world: &World, id: &str, state: &str) -> Value {
    let filter = json!({"pipelineName": world.pipeline, "filter": {"pipelineExecutionId": id}});
    let listed = world.call("codepipeline", "ListActionExecutions", filter).await;
    let details = listed["actionExecutionDetails"].as_array().expect("a list");
    let first = details
        .iter()
        .rfind(|detail| detail["actionName"] == "Approve")
        .expect("it was asked for");
    let event = json!({"detail": {
        "pipeline": world.pipeline, "execution-id": id, "action-execution-id": first["actionExecutionId"], "state": state,
    }});
    let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-record-approval-dev";
    let start = json!({"stateMachineArn": machine, "input": event.to_string()});
    let arn = world.call("states", "StartExecution", start).await["executionArn"].clone();
    world.cloud.ongoing.end(arn.as_str().expect("an ARN")).await;
    let ended = world
        .call("states", "DescribeExecution", json!({"executionArn": arn}))
        .await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    serde_json::from_str(ended["output"].as_str().expect("an output")).expect("JSON")
}

/// Has the events of approvals that end put into a queue.
async fn hear_of_answers(world: &World) {
    let queue = "arn:aws:sqs:us-east-1:123456789012:answers";
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue,
    }]});
    let attributes = json!({"Policy": policy.to_string()});
    let pattern = json!({"source": ["aws.codepipeline"], "detail": {
        "state": ["SUCCEEDED", "FAILED"], "type": {"category": ["Approval"]},
    }});
    for (service, operation, input) in [
        (
            "sqs",
            "CreateQueue",
            json!({"QueueName": "answers", "Attributes": attributes}),
        ),
        (
            "events",
            "PutRule",
            json!({"Name": "answers", "EventPattern": pattern.to_string()}),
        ),
        (
            "events",
            "PutTargets",
            json!({"Rule": "answers", "Targets": [{"Id": "queue", "Arn": queue}]}),
        ),
    ] {
        world.call(service, operation, input).await;
    }
}

/// The event of the last approval's end.
async fn heard(world: &World) -> Value {
    let receive = json!({"QueueUrl": "answers", "WaitTimeSeconds": 20});
    let received = world.call("sqs", "ReceiveMessage", receive).await;
    let body = received["Messages"][0]["Body"].as_str().expect("a message");
    serde_json::from_str(body).expect("JSON")
}

async fn only_model(world: &World) -> Value {
    let [model] = models(world).await.try_into().expect("one model");
    model
}

#[tokio::test(flavor = "multi_thread")]
async fn approving_approves_the_model_and_the_text_says_what_is_decided() {
    let world = World::training(&[("Hyperparameters", r#"{"quality": 0.91}"#)]).await;
    assert_eq!(world.run_pipeline().await, "Succeeded");
    let first = only_model(&world).await;
    assert_eq!(first["ModelApprovalStatus"], "Approved");

    hyperparameters(&world, &json!([{"quality": 0.92}, {"quality": 0.93}])).await;
    let mut journal = world.cloud.journal.follow();
    let (id, token, text) = asked(&world).await;
    let commit = first["MetadataProperties"]["CommitId"].as_str().expect("a commit");
    let sha256 = first["CustomerMetadataProperties"]["dataSha256"]
        .as_str()
        .expect("a hash");
    // Two processing jobs of an hour at most, for $0.05 each, and two training jobs for $0.115 each.
    for part in [
        "Version 2 of ml-pipeline-dev: accuracy 0.93 (0.91)",
        "in brackets the current one, version 1. Data raw/customers.csv@",
        &format!("SHA-256 {}, 3992 rows", &sha256[..12]),
        "Its jobs could cost at most: $0.33.",
        &format!("Commit {commit}."),
        "arn:aws:sagemaker:us-east-1:123456789012:model-package/ml-pipeline-dev/2",
        ":execution:ml-pipeline-training-dev:",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    assert!(!text.contains("#{") && text.chars().count() <= 1000, "{text}");
    // Asked for again is not asked for twice: the answer comes once.
    world.answer(&token, "Approved", "better\nby far").await;
    let again = json!({
        "pipelineName": world.pipeline, "stageName": "Approve", "actionName": "Approve", "token": token,
        "result": {"status": "Rejected", "summary": "or not"},
    });
    let administrator = platform::Principal::Administrator;
    let refused = world
        .cloud
        .call(&administrator, "codepipeline", "PutApprovalResult", again)
        .await;
    assert_eq!(
        refused.expect_err("it is answered").code,
        "ApprovalAlreadyCompletedException"
    );
    let is_recorded = |happening: &Happening| matches!(happening, Happening::ExecutionEnded { execution_arn, .. } if execution_arn.contains("record-approval"));
    world.wait(&mut journal, is_recorded).await;
    let models = models(&world).await;
    assert_eq!(models[1]["ModelApprovalStatus"], "Approved");
    let description = models[1]["ApprovalDescription"].as_str().expect("a description");
    let expected =
        format!("better by far (approved by arn:aws:iam::123456789012:user/you in stepline-dev, execution {id})");
    assert_eq!(description, expected);

    // The event of the end comes again.
    assert_eq!(
        recorded_again(&world, &id, "SUCCEEDED").await["reason"],
        "it is Approved already"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rejecting_rejects_the_model_with_the_reason_and_a_retry_can_change_that() {
    let world = World::training(&[("Hyperparameters", r#"{"quality": 0.91}"#), ("Prices", "{}")]).await;
    let (id, token, text) = asked(&world).await;
    let unpriced = "at most: no price known for ml.t3.medium, ml.m5.large.";
    hear_of_answers(&world).await;
    assert!(text.contains(unpriced) && text.contains("the first model"), "{text}");
    assert_eq!(
        world.end_with(&token, "Rejected", "the recall is too low").await,
        "Failed"
    );
    let event = heard(&world).await;
    let detail = &event["detail"];
    for (field, expected) in [
        ("state", "FAILED"),
        ("stage", "Approve"),
        ("action", "Approve"),
        ("execution-id", id.as_str()),
    ] {
        assert_eq!(detail[field], expected, "{event}");
    }
    let result = json!({"external-execution-summary": "the recall is too low", "error-code": "JobFailed"});
    assert_eq!(detail["execution-result"], result);
    let message = crate::message(&world, "Approve").expect("a reason");
    assert_eq!(message, "the recall is too low");
    let model = only_model(&world).await;
    assert_eq!(model["ModelApprovalStatus"], "Rejected");
    let description = model["ApprovalDescription"].as_str().expect("a description");
    assert!(
        description.starts_with("the recall is too low (rejected by arn:"),
        "{description}"
    );

    let retry = json!({
        "pipelineName": world.pipeline, "stageName": "Approve", "pipelineExecutionId": id, "retryMode": "FAILED_ACTIONS",
    });
    let mut journal = world.cloud.journal.follow();
    world.call("codepipeline", "RetryStageExecution", retry).await;
    assert_eq!(
        world
            .until_the_end(&mut journal, Some(("Approved", "it will do")))
            .await,
        "Succeeded"
    );
    assert_eq!(only_model(&world).await["ModelApprovalStatus"], "Approved");
    // The event of the rejection comes once more, and late.
    let late = recorded_again(&world, &id, "FAILED").await;
    assert_eq!(late["reason"], "the approval was asked for again since");
    assert_eq!(only_model(&world).await["ModelApprovalStatus"], "Approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_decided_in_the_registry_stays_and_what_nobody_decided_too() {
    let world = World::training(&[("Hyperparameters", r#"{"quality": 0.91}"#)]).await;
    let (id, _, _) = asked(&world).await;
    let mut journal = world.cloud.journal.follow();
    let stop = json!({"pipelineName": world.pipeline, "pipelineExecutionId": id, "abandon": true});
    world.call("codepipeline", "StopPipelineExecution", stop).await;
    assert_eq!(world.until_the_end(&mut journal, None).await, "Stopped");
    assert_eq!(only_model(&world).await["ModelApprovalStatus"], "PendingManualApproval");

    let (_, token, _) = asked(&world).await;
    let by_hand = json!({
        "ModelPackageArn": models(&world).await[1]["ModelPackageArn"], "ModelApprovalStatus": "Rejected",
        "ApprovalDescription": "not while the audit goes on",
    });
    world.call("sagemaker", "UpdateModelPackage", by_hand).await;
    assert_eq!(world.end_with(&token, "Approved", "looks good").await, "Succeeded");
    let model = &models(&world).await[1];
    assert_eq!(model["ModelApprovalStatus"], "Rejected");
    assert_eq!(model["ApprovalDescription"], "not while the audit goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_event_ends_the_wait_the_answer_to_it_names_the_model() {
    let of_environment = [("Hyperparameters", r#"{"quality": 0.91}"#)];
    let world = World::training_with(&of_environment, &[("Wait", "event")]).await;
    let (_, token, text) = asked(&world).await;
    assert!(text.contains("the answer to Outcome in the stage Execute"), "{text}");
    let state = world
        .call("codepipeline", "GetPipelineState", json!({"name": world.pipeline}))
        .await;
    let state = state.to_string();
    for part in ["Version 1 of ml-pipeline-dev: accuracy 0.91", "could cost at most: $0."] {
        assert!(state.contains(part), "{part} is not in: {state}");
    }
    assert_eq!(world.end_with(&token, "Rejected", "not this one").await, "Failed");
    assert_eq!(only_model(&world).await["ModelApprovalStatus"], "Rejected");
}
