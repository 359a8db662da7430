//! What CodePipeline tells EventBridge about itself.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html>.

use super::execution::Execution;
use super::view;
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

    /// The state of an execution of an action changed. The result is what it is known by, as `ListActionExecutions` has it.
    pub(super) fn action(&self, id: &str, state: &str) {
        let run = self
            .execution
            .progress()
            .actions
            .iter()
            .find(|run| run.id == id)
            .cloned();
        let Some(run) = run else { return };
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
        let code = run.error.as_ref().map(|(code, _)| code.as_str());
        for (field, value) in [
            ("external-execution-summary", view::shown_summary(&run)),
            ("external-execution-id", view::shown_id(&run)),
            ("error-code", code),
        ] {
            if let Some(value) = value {
                detail["execution-result"][field] = value.into();
            }
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
        self.platform.emit(json!({
            "detail-type": format!("CodePipeline {kind} Execution State Change"),
            "source": "aws.codepipeline",
            "resources": [account.arn("codepipeline", &self.execution.declaration.name)],
            "detail": detail,
        }));
    }
}
