//! What a person does on the page: approve, retry, start and stop. Each is an operation of AWS, called as that person.

use super::frame::problem;
use crate::account::Gone;
use crate::served::Served;
use crate::words::Word;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/do/approve", post(approve))
        .route("/do/retry", post(retry))
        .route("/do/stop", post(stop))
        .route("/do/start", post(start))
        .route("/do/stop-execution", post(stop_execution))
        .route("/do/redrive", post(redrive))
}

/// What a form says of a pipeline.
#[derive(Debug, Deserialize)]
struct OfPipeline {
    pipeline: String,
    #[serde(default)]
    execution: String,
    #[serde(default)]
    stage: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    summary: String,
}

/// What a form says of an execution.
#[derive(Debug, Deserialize)]
struct OfExecution {
    execution: String,
}

/// What is said to an approval that nobody commented on.
const NO_COMMENT: &str = "Decided on the page";

/// Goes back to the run, or says what went wrong.
fn answer(served: &Served, headers: &HeaderMap, done: Result<String, Gone>) -> Response {
    match done {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(gone) => problem(served, headers, &gone),
    }
}

/// Refuses where the services are down.
fn may_act(served: &Served, headers: &HeaderMap) -> Result<(), Gone> {
    if served.page.may_act {
        return Ok(());
    }
    let context = super::request::context(served, headers);
    Err(Gone::Refused(context.tell(Word::ReadOnly)))
}

fn run_of(served: &Served, headers: &HeaderMap, form: &OfPipeline, execution: &str) -> String {
    super::request::context(served, headers).to(&["runs", &form.pipeline, execution], &[])
}

async fn approve(State(served): State<Arc<Served>>, headers: HeaderMap, Form(form): Form<OfPipeline>) -> Response {
    let done = async {
        may_act(&served, &headers)?;
        let token = served
            .reader
            .approval_token((&form.pipeline, &form.execution), &form.stage, &form.action)
            .await?;
        let summary = match form.summary.trim() {
            "" => NO_COMMENT,
            said => said,
        };
        let input = json!({
            "pipelineName": form.pipeline,
            "stageName": form.stage,
            "actionName": form.action,
            "token": token,
            "result": {"status": form.status, "summary": summary},
        });
        served.reader.act("codepipeline", "PutApprovalResult", input).await?;
        Ok(run_of(&served, &headers, &form, &form.execution))
    };
    let done = done.await;
    answer(&served, &headers, done)
}

async fn retry(State(served): State<Arc<Served>>, headers: HeaderMap, Form(form): Form<OfPipeline>) -> Response {
    let done = async {
        may_act(&served, &headers)?;
        let input = json!({
            "pipelineName": form.pipeline,
            "stageName": form.stage,
            "pipelineExecutionId": form.execution,
            "retryMode": "FAILED_ACTIONS",
        });
        served.reader.act("codepipeline", "RetryStageExecution", input).await?;
        Ok(run_of(&served, &headers, &form, &form.execution))
    };
    let done = done.await;
    answer(&served, &headers, done)
}

async fn stop(State(served): State<Arc<Served>>, headers: HeaderMap, Form(form): Form<OfPipeline>) -> Response {
    let done = async {
        may_act(&served, &headers)?;
        let input = json!({
            "pipelineName": form.pipeline,
            "pipelineExecutionId": form.execution,
            "reason": "Stopped on the page",
            "abandon": form.status == "abandon",
        });
        served
            .reader
            .act("codepipeline", "StopPipelineExecution", input)
            .await?;
        Ok(run_of(&served, &headers, &form, &form.execution))
    };
    let done = done.await;
    answer(&served, &headers, done)
}

async fn start(State(served): State<Arc<Served>>, headers: HeaderMap, Form(form): Form<OfPipeline>) -> Response {
    let done = async {
        may_act(&served, &headers)?;
        let input = json!({"name": form.pipeline});
        let started = served
            .reader
            .act("codepipeline", "StartPipelineExecution", input)
            .await?;
        let id = started["pipelineExecutionId"].as_str().unwrap_or_default();
        Ok(run_of(&served, &headers, &form, id))
    };
    let done = done.await;
    answer(&served, &headers, done)
}

async fn stop_execution(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Form(form): Form<OfExecution>,
) -> Response {
    let input = json!({"executionArn": form.execution, "cause": "Stopped on the page"});
    let done = on_execution(&served, &headers, &form, ("StopExecution", input)).await;
    answer(&served, &headers, done)
}

async fn redrive(State(served): State<Arc<Served>>, headers: HeaderMap, Form(form): Form<OfExecution>) -> Response {
    let input = json!({"executionArn": form.execution});
    let done = on_execution(&served, &headers, &form, ("RedriveExecution", input)).await;
    answer(&served, &headers, done)
}

async fn on_execution(
    served: &Served,
    headers: &HeaderMap,
    form: &OfExecution,
    (operation, input): (&str, serde_json::Value),
) -> Result<String, Gone> {
    may_act(served, headers)?;
    served.reader.act("states", operation, input).await?;
    let mut parts = form.execution.split(':').skip(6);
    let (machine, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Ok(super::request::context(served, headers).to(&["executions", machine, name], &[]))
}
