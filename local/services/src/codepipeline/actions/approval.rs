//! A manual approval: waits until somebody puts a result.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html>.

use crate::codepipeline::pipeline::{Decision, Pipeline};
use crate::codepipeline::work::{Done, Failure, Work};
use jiff::{SignedDuration, Timestamp};
use platform::ErrorKind;
use platform::journal::Happening;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long an approval is waited for, unless the action says otherwise: seven days.
const TIMEOUT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An approval that is waited for, until this is dropped.
struct Asked<'a> {
    pipeline: &'a Pipeline,
    token: &'a str,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.pipeline.approvals().remove(self.token);
    }
}

pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let token = uuid::Uuid::new_v4().to_string();
    let (decide, decision) = oneshot::channel();
    work.pipeline.approvals().insert(token.clone(), decide);
    // Also where the action is abandoned, and this future dropped.
    let _asked = Asked {
        pipeline: work.pipeline,
        token: &token,
    };
    work.execution
        .update_action(work.run_id, |run| run.token = Some(token.clone()));
    work.platform.journal.record(Happening::ApprovalAsked {
        pipeline: work.execution.declaration.name.clone(),
        stage: work.stage.to_owned(),
        action: work.action.name.clone(),
        token: token.clone(),
        text: work.configured("CustomData").to_owned(),
    });
    let timeout = work
        .action
        .timeout_in_minutes
        .map_or(TIMEOUT, |minutes| Duration::from_secs(u64::from(minutes) * 60));
    notify(&work, &token, timeout).await?;
    let decided = tokio::time::timeout(timeout, decision).await;
    if let Ok(Ok(decision)) = &decided {
        work.execution
            .update_action(work.run_id, |run| run.updated_by = Some(decision.by.clone()));
        work.platform.journal.record(Happening::ApprovalAnswered {
            pipeline: work.execution.declaration.name.clone(),
            stage: work.stage.to_owned(),
            action: work.action.name.clone(),
            approved: decision.approved,
            summary: decision.summary.clone(),
        });
    }
    match decided {
        Ok(Ok(Decision {
            approved: true,
            summary,
            ..
        })) => Ok(Done {
            summary: Some(summary),
            ..Done::default()
        }),
        // What was said is all that CodePipeline shows.
        Ok(Ok(Decision { summary, .. })) if summary.is_empty() => Err(Failure::new("JobFailed", "Rejected")),
        Ok(Ok(Decision { summary, .. })) => Err(Failure::new("JobFailed", summary)),
        Ok(Err(_)) | Err(_) => Err(Failure::new("JobFailed", "Nobody approved in time")),
    }
}

/// Tells the topic that the action names, as the pipeline's role. A topic that is not here hears nothing.
async fn notify(work: &Work<'_>, token: &str, timeout: Duration) -> Result<(), Failure> {
    let topic = work.configured("NotificationArn");
    if topic.is_empty() {
        return Ok(());
    }
    let input = json!({
        "TopicArn": topic,
        "Subject": subject(work),
        "Message": notification(work, token, timeout).to_string(),
    });
    match work.platform.call(&work.caller, "sns", "Publish", input).await {
        Err(error) if !matches!(error.kind, ErrorKind::NotFound | ErrorKind::NotInLocalRun) => {
            Err(Failure::new("ConfigurationError", error.message))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A subject has fewer than a hundred characters.
fn subject(work: &Work<'_>) -> String {
    let text = format!(
        "APPROVAL NEEDED: AWS CodePipeline {} for action {}",
        work.pipeline_name(),
        work.action.name
    );
    text.chars().take(99).collect()
}

/// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html>.
fn notification(work: &Work<'_>, token: &str, timeout: Duration) -> Value {
    let region = &work.platform.account.region;
    let (pipeline, stage, action) = (work.pipeline_name(), work.stage, &work.action.name);
    let console = format!("https://console.aws.amazon.com/codepipeline/home?region={region}#/view/{pipeline}");
    let expires = SignedDuration::try_from(timeout)
        .ok()
        .and_then(|timeout| Timestamp::now().checked_add(timeout).ok())
        .unwrap_or(Timestamp::MAX);
    let mut approval = json!({
        "pipelineName": pipeline,
        "stageName": stage,
        "actionName": action,
        "token": token,
        "expires": expires.strftime("%Y-%m-%dT%H:%MZ").to_string(),
        "approvalReviewLink": format!("{console}/{stage}/{action}/approve/{token}"),
    });
    for (member, key) in [
        ("externalEntityLink", "ExternalEntityLink"),
        ("customData", "CustomData"),
    ] {
        let value = work.configured(key);
        approval[member] = if value.is_empty() { Value::Null } else { value.into() };
    }
    json!({"region": region, "consoleLink": console, "approval": approval})
}
