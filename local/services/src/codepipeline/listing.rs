//! The operations that list executions, page by page.

use super::{CodePipeline, view};
use platform::error::ServiceError;
use platform::input::required;
use serde_json::{Value, json};

/// The most executions in an answer.
const PAGE: usize = 100;

impl CodePipeline {
    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html>.
    pub(super) fn list_executions(&self, input: &Value) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(required(input, "pipelineName")?)?;
        let mut executions = pipeline.executions();
        executions.reverse();
        page(input, "pipelineExecutionSummaries", &executions, |execution| {
            view::summary(execution)
        })
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html>.
    pub(super) fn list_action_executions(&self, input: &Value) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(required(input, "pipelineName")?)?;
        let only = input["filter"]["pipelineExecutionId"].as_str();
        let executions = match only {
            Some(id) => vec![pipeline.execution(id)?],
            None => pipeline.executions(),
        };
        let mut details = Vec::new();
        for execution in executions.iter().rev() {
            let runs = execution.progress().actions.clone();
            details.extend(runs.iter().rev().map(|run| view::action_detail(execution, run)));
        }
        page(input, "actionExecutionDetails", &details, Value::clone)
    }
}

/// The page that the input asks for, under its field's name.
fn page<T>(input: &Value, field: &str, items: &[T], show: impl Fn(&T) -> Value) -> Result<Value, ServiceError> {
    let most = match input["maxResults"].as_u64() {
        None => PAGE,
        Some(most) => usize::try_from(most)
            .ok()
            .filter(|most| (1..=PAGE).contains(most))
            .ok_or_else(|| ServiceError::validation(format_args!("`maxResults` must lie between 1 and {PAGE}")))?,
    };
    let from = match input["nextToken"].as_str() {
        None => 0,
        Some(token) => token.parse().ok().filter(|from| *from < items.len()).ok_or_else(|| {
            ServiceError::new(
                "InvalidNextTokenException",
                "The next token was specified in an invalid format",
            )
        })?,
    };
    let to = (from + most).min(items.len());
    let mut page = json!({});
    page[field] = items[from..to].iter().map(show).collect();
    if to < items.len() {
        page["nextToken"] = to.to_string().into();
    }
    Ok(page)
}
