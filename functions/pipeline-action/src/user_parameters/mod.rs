//! User parameters: what people write into the action's configuration.
//!
//! `user-parameters.schema.json`, beside this crate's `Cargo.toml`, says the same to editors, and a test compares the
//! two. CodePipeline allows 1,000 characters, but counts them before it replaces variables by their values. So the text
//! that arrives here may be longer.
//!
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html>

use std::time::Duration;

use serde_json::Value;
use shared::execution_name::ExecutionName;
use shared::json::{self, JsonError};
use shared::state_machine::StateMachineReference;

mod approval;
mod error;
mod fields;

pub use approval::ApprovalName;
pub use error::ParametersError;
use fields::Fields;

use crate::json_path::JsonPath;

/// How long CodePipeline waits for an action, in minutes.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>
const ACTION_TIMEOUT_MINUTES: u64 = 24 * 60;
/// How much of it is kept for the answer: several polls, because some of them may fail.
const ANSWER_MARGIN_MINUTES: u64 = 10;
/// The longest time that the action itself can wait for an execution.
pub const MAX_TIMEOUT_MINUTES: u64 = ACTION_TIMEOUT_MINUTES - ANSWER_MARGIN_MINUTES;
/// The longest time that an approval can wait for an execution: 60 days, less the time that is kept for the answer.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html>
pub const MAX_APPROVAL_MINUTES: u64 = 60 * 24 * 60 - LOOK_MARGIN_MINUTES;
/// How much of it is kept to notice that the time is over, and to answer: two hourly looks, and their retries.
const LOOK_MARGIN_MINUTES: u64 = 150;

/// The output variables that are always there.
pub const RESERVED_VARIABLES: [&str; 3] = ["ExecutionArn", "ExecutionName", "StateMachineArn"];

/// The user parameters of a job.
#[derive(Clone, PartialEq)]
pub struct UserParameters {
    /// The state machine to start.
    pub state_machine: StateMachineReference,
    /// What to start it with: any JSON.
    pub input: Option<Value>,
    /// A file of an input artifact that `input` is laid over.
    pub input_file: Option<InputFile>,
    /// The id of the pipeline's execution.
    pub pipeline_execution_id: Option<String>,
    /// Output variables: the name of each, and its path in the execution's output.
    pub output_variables: Vec<(String, JsonPath)>,
    /// How long the execution may take.
    pub timeout: Duration,
    /// What to do with an execution that takes longer.
    pub on_timeout: OnTimeout,
    /// What to do when the stage is retried.
    pub on_retry: OnRetry,
    /// The approval that waits for the execution, if the action itself does not.
    pub approval: Option<ApprovalName>,
    /// The whole text. It tells one action of a pipeline from another, because a job does not name its action. If two
    /// actions would have the same user parameters, `action` makes them differ.
    identity: String,
}

impl std::fmt::Debug for UserParameters {
    /// Without the input, which is not ours to print.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserParameters")
            .field("state_machine", &self.state_machine)
            .finish_non_exhaustive()
    }
}

/// A file in a zip that is an input artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// The artifact's name.
    pub artifact: String,
    /// The file's path in it.
    pub path: String,
}

/// What to do with an execution that takes too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTimeout {
    /// It is stopped.
    #[default]
    Stop,
    /// It goes on without the pipeline.
    Leave,
}

/// What to do when the stage is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRetry {
    /// A new execution is started.
    #[default]
    Restart,
    /// The failed execution goes on from its failed state.
    Redrive,
}

impl UserParameters {
    /// Reads the text of an action's `UserParameters`.
    ///
    /// # Errors
    /// [`ParametersError`] for the first thing that is wrong.
    pub fn parse(text: Option<&str>) -> Result<Self, ParametersError> {
        let text = text
            .filter(|text| !text.trim().is_empty())
            .ok_or(ParametersError::Absent)?;
        let value = json::parse(text).map_err(|error| match error {
            JsonError::Malformed { line, column } => ParametersError::NoJson { line, column },
            flawed => ParametersError::Flawed(flawed),
        })?;
        let fields = Fields::of(&value)?;
        // Nothing is done with it: it makes these parameters differ from those of the pipeline's other actions.
        fields.text("action")?;
        let approval = fields.value("approval").map(ApprovalName::read).transpose()?;
        let longest = match &approval {
            Some(_) => MAX_APPROVAL_MINUTES,
            None => MAX_TIMEOUT_MINUTES,
        };
        let parameters = Self {
            state_machine: StateMachineReference::parse(
                fields
                    .text("stateMachine")?
                    .ok_or(ParametersError::Missing("stateMachine"))?,
            )?,
            input: fields.value("input").cloned(),
            input_file: fields.text("inputFile")?.map(input_file).transpose()?,
            pipeline_execution_id: fields
                .text("pipelineExecutionId")?
                .map(pipeline_execution_id)
                .transpose()?,
            output_variables: output_variables(&fields)?,
            timeout: timeout(fields.value("timeoutMinutes"), longest)?,
            on_timeout: fields
                .choice(
                    "onTimeout",
                    "`stop` or `leave`",
                    &[("stop", OnTimeout::Stop), ("leave", OnTimeout::Leave)],
                )?
                .unwrap_or_default(),
            on_retry: fields
                .choice(
                    "onRetry",
                    "`restart` or `redrive`",
                    &[("restart", OnRetry::Restart), ("redrive", OnRetry::Redrive)],
                )?
                .unwrap_or_default(),
            approval,
            identity: value.to_string(),
        };
        if parameters.approval.is_some() && parameters.pipeline_execution_id.is_none() {
            return Err(ParametersError::ApprovalWithoutId);
        }
        if parameters.on_retry == OnRetry::Redrive && parameters.pipeline_execution_id.is_none() {
            return Err(ParametersError::RedriveWithoutId);
        }
        Ok(parameters)
    }

    /// The name of the execution of the action with this first job: always the same.
    #[must_use]
    pub fn execution_name(&self, first_job: &str) -> ExecutionName {
        match &self.pipeline_execution_id {
            Some(id) => ExecutionName::derive_in_family(id, &self.identity, &[first_job]),
            None => ExecutionName::parse(first_job).unwrap_or_else(|| ExecutionName::derive("", &[first_job])),
        }
    }

    /// Whether this action started the execution with that name, by any of its jobs in the same execution of the
    /// pipeline.
    #[must_use]
    pub(crate) fn is_own_execution(&self, name: &str) -> bool {
        let id = self.pipeline_execution_id.as_deref();
        id.is_some_and(|id| ExecutionName::is_of_family(name, id, &self.identity))
    }
}

fn input_file(text: &str) -> Result<InputFile, ParametersError> {
    let (artifact, path) = text.split_once("::").ok_or(ParametersError::InputFile)?;
    let is_name = (1..=100).contains(&artifact.len())
        && artifact
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !is_name || path.is_empty() || path.contains(['\n', '\r']) {
        return Err(ParametersError::InputFile);
    }
    Ok(InputFile {
        artifact: artifact.to_owned(),
        path: path.to_owned(),
    })
}

fn pipeline_execution_id(text: &str) -> Result<String, ParametersError> {
    let fits = (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(ParametersError::PipelineExecutionId)
    }
}

fn output_variables(fields: &Fields<'_>) -> Result<Vec<(String, JsonPath)>, ParametersError> {
    let wrong = ParametersError::WrongType {
        field: "outputVariables",
        expected: "an object of names and paths, such as {\"Model\": \"$.model.name\"}",
    };
    let Some(value) = fields.value("outputVariables") else {
        return Ok(Vec::new());
    };
    let variables = value.as_object().ok_or_else(|| wrong.clone())?;
    let variable = |(name, path): (&String, &Value)| {
        if RESERVED_VARIABLES.contains(&name.as_str()) {
            return Err(ParametersError::ReservedVariable(name.clone()));
        }
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"@-_".contains(&byte))
        {
            return Err(ParametersError::VariableName(name.clone()));
        }
        let path = JsonPath::parse(path.as_str().ok_or_else(|| wrong.clone())?).map_err(|error| {
            ParametersError::VariablePath {
                name: name.clone(),
                error,
            }
        })?;
        Ok((name.clone(), path))
    };
    variables.iter().map(variable).collect()
}

fn timeout(value: Option<&Value>, longest: u64) -> Result<Duration, ParametersError> {
    let Some(value) = value else {
        return Ok(Duration::from_secs(longest * 60));
    };
    let minutes = value
        .as_f64()
        .filter(|minutes| minutes.fract() == 0.0)
        .ok_or(ParametersError::Timeout(longest))?;
    let allowed = 1.0..=(longest as f64);
    if !allowed.contains(&minutes) {
        return Err(ParametersError::Timeout(longest));
    }
    Ok(Duration::from_secs_f64(minutes * 60.0))
}
