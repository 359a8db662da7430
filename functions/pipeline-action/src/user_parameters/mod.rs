//! User parameters: what people write into the action's configuration.
//!
//! `user-parameters.schema.json`, beside this crate's `Cargo.toml`, says the same to editors; a test holds the two
//! together. The 1,000 characters that CodePipeline allows are counted before it puts values for variables, so that
//! what arrives here may be longer.
//!
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html>

use std::time::Duration;

use serde_json::Value;
use shared::execution_name::ExecutionName;
use shared::json::{self, JsonError};
use shared::state_machine::{ReferenceError, StateMachineReference};
use thiserror::Error;

mod approval;
mod fields;

pub use approval::ApprovalName;
use fields::Fields;

use crate::json_path::{JsonPath, PathError};

/// How long CodePipeline waits for an action, in minutes.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>
const ACTION_TIMEOUT_MINUTES: u64 = 24 * 60;
/// What is left of it to answer in: several polls, should some of them fail.
const ANSWER_MARGIN_MINUTES: u64 = 10;
/// The longest time that an execution can be waited for by the action itself.
pub const MAX_TIMEOUT_MINUTES: u64 = ACTION_TIMEOUT_MINUTES - ANSWER_MARGIN_MINUTES;
/// The longest time that an execution can take which an approval waits for: 60 days, less what it takes to answer.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html>
pub const MAX_APPROVAL_MINUTES: u64 = 60 * 24 * 60 - LOOK_MARGIN_MINUTES;
/// What is left of it to notice that the time is over, and to answer: two hourly looks, and their retries.
const LOOK_MARGIN_MINUTES: u64 = 150;

/// The output variables that are always there.
pub const RESERVED_VARIABLES: [&str; 3] = ["ExecutionArn", "ExecutionName", "StateMachineArn"];

/// Every field that there is.
const FIELDS: [&str; 10] = [
    "stateMachine",
    "action",
    "input",
    "inputFile",
    "pipelineExecutionId",
    "outputVariables",
    "timeoutMinutes",
    "onTimeout",
    "onRetry",
    "approval",
];

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
    /// Output variables: what of the execution's output they are.
    pub output_variables: Vec<(String, JsonPath)>,
    /// How long the execution may take.
    pub timeout: Duration,
    /// What to do with an execution that takes longer.
    pub on_timeout: OnTimeout,
    /// What to do when the stage is retried.
    pub on_retry: OnRetry,
    /// The approval that waits for the execution, if the action itself does not.
    pub approval: Option<ApprovalName>,
    /// The whole of them: what tells one action of a pipeline from another, since a job does not name its action. Where two
    /// would have the same, `action` makes them differ.
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

/// Why user parameters are refused. Input is never quoted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum ParametersError {
    #[error("the action has no UserParameters; they must be a JSON object with at least `stateMachine`")]
    Absent,
    #[error("UserParameters are no JSON: line {line}, column {column}")]
    NoJson { line: usize, column: usize },
    #[error("UserParameters: {0}")]
    Flawed(JsonError),
    #[error("UserParameters must be a JSON object")]
    NoObject,
    #[error("UserParameters have an unknown field `{field}`; the nearest known one is `{nearest}`")]
    UnknownField { field: String, nearest: &'static str },
    #[error("UserParameters need the field `{0}`")]
    Missing(&'static str),
    #[error("`{field}` must be {expected}")]
    WrongType {
        field: &'static str,
        expected: &'static str,
    },
    #[error("`stateMachine` cannot be read: {0}")]
    StateMachine(#[from] ReferenceError),
    #[error("`inputFile` must be written `Artifact::path/in/zip.json`")]
    InputFile,
    #[error(
        "`pipelineExecutionId` must be `#{{codepipeline.PipelineExecutionId}}`, which CodePipeline replaces by the id"
    )]
    PipelineExecutionId,
    #[error("output variable `{0}` is always there and cannot be set by `outputVariables`")]
    ReservedVariable(String),
    #[error("output variable `{0}` must be named with letters, digits, `@`, `-` and `_`")]
    VariableName(String),
    #[error("output variable `{name}` must be a path in the execution's output: {error}")]
    VariablePath { name: String, error: PathError },
    #[error("`timeoutMinutes` must be a whole number from 1 to {0}")]
    Timeout(u64),
    #[error("`{field}` must be {allowed}; the nearest to `{found}` is `{nearest}`")]
    Choice {
        field: &'static str,
        allowed: &'static str,
        found: String,
        nearest: &'static str,
    },
    #[error("`onRetry` can only be `redrive` with `pipelineExecutionId`, by which the failed execution is found")]
    RedriveWithoutId,
    #[error(
        "`approval` must name the Manual approval that waits for the execution: {{\"pipeline\": …, \"stage\": …, \"action\": …}}"
    )]
    Approval,
    #[error("`approval` needs `pipelineExecutionId`, by which the approval and its execution are found")]
    ApprovalWithoutId,
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

    /// The name of the execution of the action whose first job this is: the same whenever it is asked for.
    #[must_use]
    pub fn execution_name(&self, first_job: &str) -> ExecutionName {
        match &self.pipeline_execution_id {
            Some(id) => ExecutionName::derive_in_family(id, &self.identity, &[first_job]),
            None => ExecutionName::parse(first_job).unwrap_or_else(|| ExecutionName::derive("", &[first_job])),
        }
    }

    /// Whether an execution of that name was started by this action in the same execution of the pipeline, by whichever
    /// of its jobs.
    #[must_use]
    pub fn is_own_execution(&self, name: &str) -> bool {
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
