//! What only prod does: a rehearsal in dev, and an approval that shows how it went.

use super::scenarios;
use super::world::World;
use serde_json::json;

/// The pipeline of prod.
const PIPELINE: &str = "stepline-prod";

/// A merge into prod's branch: built, run in dev, approved, run in prod.
pub(crate) async fn prod_rehearses_and_asks(world: &World) {
    world.program("print('Hello World!')\n");
    let mut follower = world.follow();
    let id = world.start_pipeline(PIPELINE).await;
    let (token, text) = follower.approval_asked("Approval").await;
    // Every variable is resolved, and what is shown are the rehearsal's own.
    assert!(!text.contains("#{") && text.chars().count() <= 1000, "{text}");
    for part in [
        format!("arn:aws:states:us-east-1:123456789012:execution:ml-pipeline-dev:{id}-"),
        "the ML pipeline of prod".to_owned(),
    ] {
        assert!(text.contains(&part), "{part} is not in: {text}");
    }
    let approve = json!({
        "pipelineName": PIPELINE,
        "stageName": "Approval",
        "actionName": "Approval",
        "token": token,
        "result": {"status": "Approved", "summary": "it went well"},
    });
    world.call("codepipeline", "PutApprovalResult", approve).await;
    let (status, reason) = follower.pipeline_ended().await;
    assert_eq!(status, "Succeeded", "{reason}\n{}", world.said());
}

/// Somebody abandons a rehearsal while its job runs: dev stops what it runs for prod.
pub(crate) async fn a_rehearsal_is_abandoned(world: &World) {
    scenarios::abandoned_while_its_job_runs(world, PIPELINE).await;
}

/// The hourly look, which asks both pipelines how they stand.
pub(crate) async fn approvals_are_looked_for(world: &World) {
    let fired = world.cloud.events.fire(&world.cloud, "stepline-approval-look-dev");
    fired.expect("the rule is there");
    world.cloud.lambda.settled().await;
}
