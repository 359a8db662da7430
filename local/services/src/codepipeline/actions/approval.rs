//! A manual approval: waits until somebody puts a result.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html>.

use crate::codepipeline::pipeline::{Decision, Pipeline};
use crate::codepipeline::work::{Done, Failure, Work};
use platform::journal::Happening;
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
    let decided = tokio::time::timeout(timeout, decision).await;
    if let Ok(Ok(decision)) = &decided {
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
        })) => Ok(Done {
            summary: Some(summary),
            ..Done::default()
        }),
        Ok(Ok(Decision { summary, .. })) => Err(Failure::new("JobFailed", format!("Rejected: {summary}"))),
        Ok(Err(_)) | Err(_) => Err(Failure::new("JobFailed", "Nobody approved in time")),
    }
}
