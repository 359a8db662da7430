//! An action whose state changed, as EventBridge tells it. Only this event says that an action was abandoned:
//! CodePipeline still accepts answers to its job afterwards.
//!
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html>

use super::reader::Reader;

/// The event's `detail-type`.
pub(super) const DETAIL_TYPE: &str = "CodePipeline Action Execution State Change";

/// The state of an action that was abandoned.
const ABANDONED: &str = "ABANDONED";
/// The state of an action that has begun.
const STARTED: &str = "STARTED";
/// The category of Manual approvals.
const APPROVAL: &str = "Approval";

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
    /// Which run of the action it is, where the event tells: a retry of the stage makes another.
    pub action_execution_id: Option<String>,
}

/// An execution of a pipeline in which the state of an approval changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalChanged {
    /// The pipeline's name.
    pub pipeline: String,
    /// The id of its execution.
    pub pipeline_execution_id: String,
    /// Which run of the approval it is, where the event tells.
    pub action_execution_id: Option<String>,
    /// Whether the event says that this run is over; if not, it was asked for.
    pub is_over: bool,
}

/// What an action's event says.
pub(super) enum ActionChanged {
    /// The action was abandoned.
    Abandoned(AbandonedAction),
    /// The state of an approval changed.
    Approval(ApprovalChanged),
}

/// Reads the event.
pub(super) fn read(event: &Reader<'_>) -> Result<ActionChanged, String> {
    let detail = event.field("detail")?;
    let pipeline = detail.text_of("pipeline")?;
    let pipeline_execution_id = detail.text_of("execution-id")?;
    let category = match detail.optional("type")? {
        Some(kind) => kind.optional_text_of("category")?,
        None => None,
    };
    if category.as_deref() == Some(APPROVAL) {
        return Ok(ActionChanged::Approval(ApprovalChanged {
            pipeline,
            pipeline_execution_id,
            action_execution_id: detail.optional_text_of("action-execution-id")?,
            is_over: detail.text_of("state")? != STARTED,
        }));
    }
    if detail.text_of("state")? != ABANDONED {
        return Err(format!("the event's `detail.state` is not `{ABANDONED}`"));
    }
    Ok(ActionChanged::Abandoned(AbandonedAction {
        pipeline,
        pipeline_execution_id,
        stage: detail.text_of("stage")?,
        action: detail.text_of("action")?,
        action_execution_id: detail.optional_text_of("action-execution-id")?,
    }))
}
