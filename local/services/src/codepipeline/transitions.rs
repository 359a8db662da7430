//! Transitions between stages, which people disable and enable.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/transitions.html>.

use super::gates::Disabled;
use super::pipeline::{CodePipeline, Pipeline};
use jiff::Timestamp;
use platform::{Call, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// The most characters of a reason.
const MAX_REASON: usize = 300;

/// Which of a stage's transitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Direction {
    Inbound,
    Outbound,
}

/// The input of DisableStageTransition.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Disable {
    pipeline_name: String,
    stage_name: String,
    transition_type: Direction,
    reason: String,
}

/// The input of EnableStageTransition.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Enable {
    pipeline_name: String,
    stage_name: String,
    transition_type: Direction,
}

impl Disable {
    /// The ARN of the stage.
    pub(super) fn stage(platform: &Platform, it: &Self) -> String {
        arn(platform, &it.pipeline_name, &it.stage_name)
    }
}

impl Enable {
    /// The ARN of the stage.
    pub(super) fn stage(platform: &Platform, it: &Self) -> String {
        arn(platform, &it.pipeline_name, &it.stage_name)
    }
}

fn arn(platform: &Platform, pipeline: &str, stage: &str) -> String {
    platform.account.arn("codepipeline", format_args!("{pipeline}/{stage}"))
}

/// The stage before which a transition is: what leaves one stage enters the next.
fn before(pipeline: &Pipeline, stage: &str, direction: Direction) -> Result<String, ServiceError> {
    let declaration = pipeline.declaration();
    let mut names = declaration.stages.iter().map(|stage| stage.name.as_str());
    let not_found = |what: String| ServiceError::new("StageNotFoundException", what);
    names
        .find(|name| *name == stage)
        .ok_or_else(|| not_found(format!("pipeline `{}` has no stage `{stage}`", declaration.name)))?;
    match direction {
        Direction::Inbound => Ok(stage.to_owned()),
        Direction::Outbound => names
            .next()
            .map(str::to_owned)
            .ok_or_else(|| not_found(format!("no stage follows stage `{stage}`"))),
    }
}

fn is_reason(text: &str) -> bool {
    (1..=MAX_REASON).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!@ ().*?-".contains(&byte))
}

impl CodePipeline {
    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DisableStageTransition.html>.
    pub(super) fn disable(&self, call: &Call, input: Disable) -> Result<Value, ServiceError> {
        if !is_reason(&input.reason) {
            return Err(ServiceError::validation(format_args!(
                "1 validation error detected: Value at 'reason' failed to satisfy constraint: Member must have 1 to \
                 {MAX_REASON} of the characters [a-zA-Z0-9!@ ().*?-]"
            )));
        }
        let pipeline = self.pipeline(call, &input.pipeline_name)?;
        let stage = before(&pipeline, &input.stage_name, input.transition_type)?;
        let disabled = Disabled {
            reason: input.reason,
            by: call.caller.arn(&call.platform.account),
            at: Timestamp::now(),
        };
        pipeline.kept.disable(&stage, Some(&disabled));
        pipeline.gates.disable(&stage, Some(disabled));
        Ok(json!({}))
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_EnableStageTransition.html>.
    pub(super) fn enable(&self, call: &Call, input: Enable) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(call, &input.pipeline_name)?;
        let stage = before(&pipeline, &input.stage_name, input.transition_type)?;
        pipeline.kept.disable(&stage, None);
        pipeline.gates.disable(&stage, None);
        Ok(json!({}))
    }
}
