//! What stages have beside their actions: conditions, retries, rollbacks and transitions.

use super::world::{World, stage};
use crate::codepipeline::CodePipeline;
use crate::testing;
use platform::iam::NewRole;
use platform::store::Store;
use platform::{Account, ErrorKind, Platform, Principal, Service};
use serde_json::{Value, json};
use std::sync::Arc;

/// A stage whose state machine succeeds if the source says `{"ok": true}`.
pub(super) fn work(members: Value) -> Value {
    let configuration = json!({
        "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m",
        "InputType": "FilePath",
        "Input": "input.json",
    });
    let source = json!({"inputArtifacts": [{"name": "Source"}]});
    let mut stage = stage("Work", "Invoke", "StepFunctions", configuration, source);
    if let (Some(stage), Value::Object(members)) = (stage.as_object_mut(), members) {
        stage.extend(members);
    }
    stage
}

pub(super) const GOOD: [(&str, &str); 1] = [("input.json", "{\"ok\": true}")];
pub(super) const BAD: [(&str, &str); 1] = [("input.json", "{\"ok\": false}")];

pub(super) async fn world(source: &[(&str, &str)]) -> World {
    beside(Vec::new(), source).await
}

/// The same with these services too.
pub(super) async fn beside(others: Vec<Arc<dyn Service>>, source: &[(&str, &str)]) -> World {
    let statements = json!([{"Effect": "Allow", "Action": "states:*", "Resource": "*"}]);
    let world = World::beside(others, statements, source).await;
    let states = json!({
        "S": {"Type": "Choice", "Choices": [{"Variable": "$.ok", "BooleanEquals": true, "Next": "P"}], "Default": "F"},
        "P": {"Type": "Pass", "End": true},
        "F": {"Type": "Fail", "Error": "NotOk"},
    });
    world.machine_of("STANDARD", states).await;
    world
}

pub(super) fn check(result: &str, value: &str) -> Value {
    json!({"conditions": [{"result": result, "rules": [{
        "name": "Id",
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
        "configuration": {"Variable": "#{Source.VersionId}", "Operator": "MATCHES", "Value": value},
    }]}]})
}

#[tokio::test]
async fn a_failed_stage_is_retried_once_by_itself() {
    for (retry, runs) in [
        (json!({"result": "RETRY"}), 2),
        (
            json!({"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}}),
            2,
        ),
        (json!({"result": "FAIL"}), 1),
    ] {
        let world = world(&BAD).await;
        let id = world.begin(&[work(json!({"onFailure": retry}))]).await;
        assert_eq!(world.end(&id).await, "Failed");
        let listed = world
            .call("codepipeline", "ListActionExecutions", json!({"pipelineName": "p"}))
            .await;
        let actions = listed["actionExecutionDetails"].as_array().unwrap().iter();
        assert_eq!(actions.filter(|action| action["actionName"] == "Work").count(), runs);
        let metadata = &world.second_stage().await["retryStageMetadata"];
        let expected = json!({"autoStageRetryAttempt": 1, "latestRetryTrigger": "AutomatedStageRetry"});
        assert_eq!(*metadata, if runs == 2 { expected } else { Value::Null });
        let again = json!({"pipelineName": "p", "stageName": "Work", "pipelineExecutionId": id,
            "retryMode": "ALL_ACTIONS"});
        world.call("codepipeline", "RetryStageExecution", again).await;
        assert_eq!(world.end(&id).await, "Failed");
        let metadata = &world.second_stage().await["retryStageMetadata"];
        assert_eq!(metadata["manualStageRetryAttempt"], 1);
        assert_eq!(metadata["latestRetryTrigger"], "ManualStageRetry");
    }
}

#[tokio::test]
async fn a_condition_that_is_not_met_has_its_result() {
    for (members, status, in_stage, member) in [
        (
            json!({"beforeEntry": check("FAIL", ".+")}),
            "Succeeded",
            "Succeeded",
            "beforeEntry",
        ),
        (
            json!({"beforeEntry": check("FAIL", "no")}),
            "Failed",
            "Failed",
            "beforeEntry",
        ),
        (
            json!({"beforeEntry": check("SKIP", "no")}),
            "Succeeded",
            "Skipped",
            "beforeEntry",
        ),
        (
            json!({"onSuccess": check("FAIL", ".+")}),
            "Succeeded",
            "Succeeded",
            "onSuccess",
        ),
        (
            json!({"onSuccess": check("FAIL", "no")}),
            "Failed",
            "Failed",
            "onSuccess",
        ),
    ] {
        let world = world(&GOOD).await;
        let id = world.begin(&[work(members.clone())]).await;
        assert_eq!(world.end(&id).await, status, "{members}");
        let state = world.second_stage().await;
        assert_eq!(state["latestExecution"]["status"], in_stage, "{members}");
        let is_met = members[member]["conditions"][0]["rules"][0]["configuration"]["Value"] == ".+";
        let condition = &state[format!("{member}ConditionState")];
        let expected = if is_met { "Succeeded" } else { "Failed" };
        assert_eq!(condition["latestExecution"]["status"], expected, "{state}");
        let rule = &condition["conditionStates"][0]["ruleStates"][0];
        assert_eq!(
            (&rule["ruleName"], &rule["latestExecution"]["status"]),
            (&json!("Id"), &json!(expected))
        );
    }
}

#[tokio::test]
async fn a_stage_is_rolled_back_to_what_succeeded_in_it() {
    for (members, ending) in [
        (json!({"onFailure": {"result": "ROLLBACK"}}), &BAD),
        (json!({"onFailure": check("ROLLBACK", "no")}), &BAD),
        (json!({"onSuccess": check("ROLLBACK", "no")}), &GOOD),
    ] {
        let world = world(&GOOD).await;
        let first = world.begin(&[work(members.clone())]).await;
        world.end(&first).await;
        world.put_source(ending).await;
        let second = world.start().await;
        assert_eq!(world.end(&second).await, "Failed");
        let latest = world.latest().await;
        if members["onSuccess"].is_object() {
            // Nothing has succeeded in it.
            assert_eq!(latest["pipelineExecutionId"], second.as_str());
            continue;
        }
        assert_eq!(latest["executionType"], "ROLLBACK", "{members}");
        assert_eq!(
            latest["trigger"],
            json!({"triggerType": "AutomatedRollback", "triggerDetail": second})
        );
        assert_eq!(
            latest["rollbackMetadata"],
            json!({"rollbackTargetPipelineExecutionId": first})
        );
        let rollback = latest["pipelineExecutionId"].as_str().unwrap();
        assert_eq!(world.end(rollback).await, "Succeeded");
        let state = world.second_stage().await;
        let expected = json!({"pipelineExecutionId": rollback, "status": "Succeeded", "type": "ROLLBACK"});
        assert_eq!(state["latestExecution"], expected);
    }
}

#[tokio::test]
async fn people_roll_stages_back_as_far_as_it_goes() {
    let world = world(&GOOD).await;
    let first = world.begin(&[work(json!({}))]).await;
    world.end(&first).await;
    world.put_source(&BAD).await;
    let second = world.start().await;
    world.end(&second).await;
    let ask = |stage: &str, target: &str| json!({"pipelineName": "p", "stageName": stage, "targetPipelineExecutionId": target});
    for (input, code) in [
        (ask("Source", &first), "UnableToRollbackStageException"),
        (ask("Work", &second), "UnableToRollbackStageException"),
        (ask("Nowhere", &first), "StageNotFoundException"),
        (ask("Work", "nobody"), "PipelineExecutionNotFoundException"),
    ] {
        let error = world.try_call("codepipeline", "RollbackStage", input.clone()).await;
        assert_eq!(error.expect_err("a refusal").code, code, "{input}");
    }
    let rolled = world.call("codepipeline", "RollbackStage", ask("Work", &first)).await;
    let id = rolled["pipelineExecutionId"].as_str().unwrap();
    assert_eq!(world.end(id).await, "Succeeded");
    let input = json!({"pipelineName": "p", "pipelineExecutionId": id});
    let shown = world.call("codepipeline", "GetPipelineExecution", input).await;
    assert_eq!(shown["pipelineExecution"]["trigger"]["triggerType"], "ManualRollback");
    let other = json!({"pipeline": super::world::declaration(&[work(json!({"name": "Other"}))])});
    world.call("codepipeline", "UpdatePipeline", other).await;
    let outdated = world
        .try_call("codepipeline", "RollbackStage", ask("Work", &first))
        .await;
    assert_eq!(
        outdated.expect_err("a refusal").code,
        "PipelineExecutionOutdatedException"
    );
}

/// Waits until an execution stands before the second stage.
async fn waits(world: &World, id: &str) -> Value {
    loop {
        let state = world.second_stage().await;
        if state["inboundExecution"]["pipelineExecutionId"] == id {
            return state;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_enters_a_stage_whose_transition_is_disabled() {
    let world = world(&GOOD).await;
    let first = world.begin(&[work(json!({}))]).await;
    world.end(&first).await;
    let policy = |stage: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": format!("arn:aws:codepipeline:us-east-1:123456789012:p/{stage}"),
            "Action": ["codepipeline:DisableStageTransition", "codepipeline:EnableStageTransition"]}]})
    };
    for stage in ["Source", "Work"] {
        let role = NewRole::for_service(stage, "lambda.amazonaws.com").with_policy("own", policy(stage));
        world.0.iam.create_role(&world.0.account, role).unwrap();
    }
    let act = |role: &str, operation: &'static str, members: Value| {
        let role = Principal::role_session(role, "s");
        let mut input = json!({"pipelineName": "p", "stageName": "Work", "transitionType": "Inbound"});
        if let (Some(input), Value::Object(members)) = (input.as_object_mut(), members) {
            input.extend(members);
        }
        let platform = world.0.clone();
        async move { platform.call(&role, "codepipeline", operation, input).await }
    };
    let reason = json!({"reason": "not today!"});
    let denied = act("Source", "DisableStageTransition", reason.clone()).await;
    assert_eq!(denied.unwrap_err().kind, ErrorKind::Denied);
    let empty = act("Work", "DisableStageTransition", json!({"reason": "a/b"})).await;
    assert_eq!(empty.unwrap_err().code, "ValidationException");
    let last = act(
        "Work",
        "DisableStageTransition",
        json!({"reason": "r", "transitionType": "Outbound"}),
    )
    .await;
    assert_eq!(last.unwrap_err().code, "StageNotFoundException");
    act("Work", "DisableStageTransition", reason.clone()).await.unwrap();
    let second = world.start().await;
    let state = waits(&world, &second).await;
    let transition = &state["inboundTransitionState"];
    assert_eq!(
        (&transition["enabled"], &transition["disabledReason"]),
        (&json!(false), &json!("not today!"))
    );
    assert_eq!(
        transition["lastChangedBy"],
        "arn:aws:sts::123456789012:assumed-role/Work/s"
    );
    // A newer one takes its place, and somebody stops that one.
    let third = world.start().await;
    assert_eq!(world.end(&second).await, "Superseded");
    waits(&world, &third).await;
    let stop = json!({"pipelineName": "p", "pipelineExecutionId": third});
    world.call("codepipeline", "StopPipelineExecution", stop).await;
    assert_eq!(world.end(&third).await, "Stopped");
    let fourth = world.start().await;
    waits(&world, &fourth).await;
    act("Work", "EnableStageTransition", json!({})).await.unwrap();
    assert_eq!(world.end(&fourth).await, "Succeeded");
    // What leaves the source enters the next stage.
    let outbound = json!({"stageName": "Source", "transitionType": "Outbound", "reason": "r"});
    act("Source", "DisableStageTransition", outbound).await.unwrap();
    assert_eq!(world.second_stage().await["inboundTransitionState"]["enabled"], false);
}

#[tokio::test]
async fn a_retry_neither_waits_at_its_stages_transition_nor_takes_the_place_of_who_does() {
    let world = world(&BAD).await;
    let first = world.begin(&[work(json!({}))]).await;
    assert_eq!(world.end(&first).await, "Failed");
    world.put_source(&GOOD).await;
    let transition = json!({"pipelineName": "p", "stageName": "Work", "transitionType": "Inbound"});
    let mut disable = transition.clone();
    disable["reason"] = "r".into();
    world.call("codepipeline", "DisableStageTransition", disable).await;
    let second = world.start().await;
    waits(&world, &second).await;
    let retry = json!({"pipelineName": "p", "stageName": "Work", "pipelineExecutionId": first,
        "retryMode": "ALL_ACTIONS"});
    world.call("codepipeline", "RetryStageExecution", retry).await;
    assert_eq!(world.end(&first).await, "Failed");
    waits(&world, &second).await;
    world.call("codepipeline", "EnableStageTransition", transition).await;
    assert_eq!(world.end(&second).await, "Succeeded");
}

#[tokio::test]
async fn a_transition_stays_disabled_in_the_next_run_until_its_pipeline_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    for run in 0..2 {
        let store = Store::open(folder.path()).unwrap();
        let codepipeline = Arc::new(CodePipeline::open(&store));
        let services: Vec<Arc<dyn Service>> = vec![codepipeline];
        let root = folder.path().to_owned();
        let platform = Platform::lasting(Account::local(), root, services, store).unwrap();
        let role = NewRole::for_service("pipeline", "codepipeline.amazonaws.com");
        platform.iam.create_role(&platform.account, role).unwrap();
        let call = |operation: &'static str, input: Value| testing::call(&platform, "codepipeline", operation, input);
        let is_enabled = async || {
            let state = call("GetPipelineState", json!({"name": "p"})).await.unwrap();
            state["stageStates"][1]["inboundTransitionState"]["enabled"] == true
        };
        let pipeline = json!({"pipeline": super::world::declaration(&[work(json!({}))])});
        call("CreatePipeline", pipeline.clone()).await.unwrap();
        assert_eq!(is_enabled().await, run == 0);
        let disable = json!({"pipelineName": "p", "stageName": "Work", "transitionType": "Inbound", "reason": "r"});
        call("DisableStageTransition", disable).await.unwrap();
        assert!(!is_enabled().await);
        if run == 1 {
            call("DeletePipeline", json!({"name": "p"})).await.unwrap();
            // As the gateway does before it answers.
            platform.store.settled().await.unwrap();
            call("CreatePipeline", pipeline).await.unwrap();
            assert!(is_enabled().await);
        }
        let listed = call("ListPipelineExecutions", json!({"pipelineName": "p"}))
            .await
            .unwrap();
        for execution in listed["pipelineExecutionSummaries"].as_array().unwrap() {
            platform
                .ongoing
                .end(execution["pipelineExecutionId"].as_str().unwrap())
                .await;
        }
        platform.store.settled().await.unwrap();
    }
}

#[tokio::test]
async fn an_object_says_where_it_comes_from() {
    let world = world(&GOOD).await;
    let id = world.begin(&[work(json!({}))]).await;
    world.end(&id).await;
    let variables = &world.action("Source").await["output"]["outputVariables"];
    assert_eq!(variables["BucketName"], "source");
    assert_eq!(variables["ObjectKey"], "source.zip");
    assert!(variables["VersionId"].is_string() && variables["ETag"].is_string());
}
