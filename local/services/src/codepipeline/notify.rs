//! What CodePipeline tells EventBridge about itself.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html>.

use super::execution::{ActionRun, Execution};
use super::work::Failure;
use platform::Platform;
use serde_json::{Value, json};
use std::sync::Arc;

/// Sends the events of one execution.
#[derive(Clone)]
pub(super) struct Notify {
    platform: Arc<Platform>,
    execution: Arc<Execution>,
}

impl Notify {
    pub(super) fn new(platform: &Arc<Platform>, execution: &Arc<Execution>) -> Self {
        Self {
            platform: platform.clone(),
            execution: execution.clone(),
        }
    }

    /// The pipeline execution's state changed.
    pub(super) fn pipeline(&self, state: &str) {
        self.emit("Pipeline", self.detail(state));
    }

    /// A stage's state changed.
    pub(super) fn stage(&self, stage: &str, state: &str) {
        let mut detail = self.detail(state);
        detail["stage"] = stage.into();
        self.emit("Stage", detail);
    }

    /// An action's state changed; `failure` says why, if it failed.
    pub(super) fn action(&self, run: &ActionRun, state: &str, failure: Option<&Failure>) {
        let mut detail = self.detail(state);
        detail["stage"] = run.stage.as_str().into();
        detail["action-execution-id"] = run.id.as_str().into();
        detail["action"] = run.action.name.as_str().into();
        detail["region"] = self.platform.account.region.as_str().into();
        let kind = &run.action.action_type_id;
        detail["type"] = json!({
            "owner": kind.owner,
            "provider": kind.provider,
            "category": kind.category,
            "version": kind.version,
        });
        if let Some(failure) = failure {
            detail["execution-result"] = json!({
                "external-execution-summary": failure.message,
                "external-execution-id": failure.external_id,
                "error-code": failure.code,
            });
        }
        self.emit("Action", detail);
    }

    fn detail(&self, state: &str) -> Value {
        let declaration = &self.execution.declaration;
        json!({
            "pipeline": declaration.name,
            "execution-id": self.execution.id,
            "start-time": self.execution.started.to_string(),
            "state": state,
            "version": declaration.version,
            "pipeline-execution-attempt": self.execution.progress().attempt,
        })
    }

    fn emit(&self, kind: &str, detail: Value) {
        let account = &self.platform.account;
        self.platform.emit(&json!({
            "detail-type": format!("CodePipeline {kind} Execution State Change"),
            "source": "aws.codepipeline",
            "resources": [account.arn("codepipeline", &self.execution.declaration.name)],
            "detail": detail,
        }));
    }
}
