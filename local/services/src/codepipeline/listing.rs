//! The operations that list executions, page by page.

use super::execution::Execution;
use super::pipeline::{CodePipeline, Pipeline, lock};
use super::view;
use platform::input::seconds;
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The most executions in an answer.
const PAGE: usize = 100;

/// The most pipelines in an answer.
const PIPELINES: usize = 1000;

/// The input of ListPipelines.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListPipelines {
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// The input of ListPipelineExecutions.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListExecutions {
    pub(super) pipeline_name: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// The input of ListActionExecutions.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListActions {
    pub(super) pipeline_name: String,
    filter: Option<Filter>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    pipeline_execution_id: Option<String>,
}

impl CodePipeline {
    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelines.html>.
    pub(super) fn list_pipelines(&self, _: &Call, input: ListPipelines) -> Result<Value, ServiceError> {
        let pipelines: Vec<_> = lock(&self.pipelines).values().cloned().collect();
        let show = |pipeline: &Arc<Pipeline>| {
            let declaration = pipeline.declaration();
            json!({
                "name": declaration.name,
                "version": declaration.version,
                "pipelineType": declaration.pipeline_type.as_deref().unwrap_or("V1"),
                "executionMode": declaration.execution_mode,
                "created": seconds(pipeline.created),
                "updated": seconds(*lock(&pipeline.updated)),
            })
        };
        let token = input.next_token.as_deref();
        page("pipelines", &pipelines, show, (input.max_results, PIPELINES), token)
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html>.
    pub(super) fn list_executions(&self, call: &Call, input: ListExecutions) -> Result<Value, ServiceError> {
        let mut executions = self.pipeline(call, &input.pipeline_name)?.executions();
        executions.reverse();
        let token = input.next_token.as_deref();
        let show = |execution: &Arc<Execution>| view::summary(execution);
        page(
            "pipelineExecutionSummaries",
            &executions,
            show,
            (input.max_results, PAGE),
            token,
        )
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html>.
    pub(super) fn list_action_executions(&self, call: &Call, input: ListActions) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(call, &input.pipeline_name)?;
        let executions = match input.filter.and_then(|filter| filter.pipeline_execution_id) {
            Some(id) => vec![pipeline.execution(&id)?],
            None => pipeline.executions(),
        };
        let mut details = Vec::new();
        for execution in executions.iter().rev() {
            let runs = execution.progress().actions.clone();
            details.extend(runs.iter().rev().map(|run| view::action_detail(execution, run)));
        }
        let token = input.next_token.as_deref();
        page(
            "actionExecutionDetails",
            &details,
            Value::clone,
            (input.max_results, PAGE),
            token,
        )
    }
}

/// The page that the token stands for, under the list's name.
fn page<T>(
    name: &str,
    items: &[T],
    show: impl Fn(&T) -> Value,
    (max_results, at_most): (Option<usize>, usize),
    token: Option<&str>,
) -> Result<Value, ServiceError> {
    let most = max_results.unwrap_or(at_most);
    if !(1..=at_most).contains(&most) {
        return Err(ServiceError::validation(format_args!(
            "`maxResults` must lie between 1 and {at_most}"
        )));
    }
    let from = match token {
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
    page[name] = items[from..to].iter().map(show).collect();
    if to < items.len() {
        page["nextToken"] = to.to_string().into();
    }
    Ok(page)
}
