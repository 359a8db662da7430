//! An action that was abandoned, as EventBridge tells it: callbacks cannot, since they are still accepted afterwards.
//!
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html>

use super::reader::Reader;

/// The event's `detail-type`.
pub(super) const DETAIL_TYPE: &str = "CodePipeline Action Execution State Change";

/// The state of an action that was abandoned.
const ABANDONED: &str = "ABANDONED";

/// An action of a pipeline's execution that was abandoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbandonedAction {
    /// The pipeline's name.
    pub pipeline: String,
    /// The id of its execution.
    pub pipeline_execution_id: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
}

impl AbandonedAction {
    pub(super) fn read(event: &Reader<'_>) -> Result<Self, String> {
        let detail = event.field("detail")?;
        let state = detail.text_of("state")?;
        if state != ABANDONED {
            return Err(format!("the event's `detail.state` is not `{ABANDONED}`"));
        }
        Ok(Self {
            pipeline: detail.text_of("pipeline")?,
            pipeline_execution_id: detail.text_of("execution-id")?,
            stage: detail.text_of("stage")?,
            action: detail.text_of("action")?,
        })
    }
}
