//! The approval that waits for the execution instead of the action.

use serde_json::Value;

use super::error::ParametersError;

/// The fields of `approval`.
const FIELDS: [&str; 3] = ["pipeline", "stage", "action"];
/// The longest name in CodePipeline.
const MAX_NAME: usize = 100;

/// A Manual approval: the action that stays open until the execution has ended.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApprovalName {
    /// The pipeline of this action. It must be given, because a job does not name its pipeline.
    pub pipeline: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
}

impl std::fmt::Display for ApprovalName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.pipeline, self.stage, self.action)
    }
}

impl ApprovalName {
    pub(super) fn read(value: &Value) -> Result<Self, ParametersError> {
        let known = value
            .as_object()
            .filter(|fields| fields.keys().all(|field| FIELDS.contains(&field.as_str())))
            .ok_or(ParametersError::Approval)?;
        let name = |field: &str| {
            let name = known.get(field).and_then(Value::as_str).unwrap_or_default();
            let is_name = (1..=MAX_NAME).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".@-_".contains(&byte));
            is_name.then(|| name.to_owned()).ok_or(ParametersError::Approval)
        };
        Ok(Self {
            pipeline: name("pipeline")?,
            stage: name("stage")?,
            action: name("action")?,
        })
    }
}
