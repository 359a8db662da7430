//! The Lambda Runtime API, over which a function's process gets its events and gives its answers.
//!
//! Each process has its own prefix, `/runtime/<environment>`, so that an answer is known by where it arrives. Follows
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use super::environment::{Answer, Environment};
use crate::cloud::Cloud;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::sync::Arc;

/// The most that a function may answer with, in bytes.
const RESPONSE_LIMIT: usize = 6 * 1024 * 1024;

/// The routes of the Runtime API, for all functions of `cloud`.
pub fn routes(cloud: Arc<Cloud>) -> Router {
    Router::new()
        .route("/runtime/{environment}/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/runtime/{environment}/2018-06-01/runtime/invocation/{request}/response",
            post(response),
        )
        .route(
            "/runtime/{environment}/2018-06-01/runtime/invocation/{request}/error",
            post(error),
        )
        .route("/runtime/{environment}/2018-06-01/runtime/init/error", post(init_error))
        // The limit is answered by `response` itself, in the Runtime API's words.
        .layer(DefaultBodyLimit::disable())
        .with_state(cloud)
}

async fn next(State(cloud): State<Arc<Cloud>>, Path(environment): Path<String>) -> Response {
    let Some(environment) = cloud.lambda.environment(&environment) else {
        return unknown_environment();
    };
    let Some(work) = environment.next().await else {
        return refusal(
            StatusCode::GONE,
            "InvalidStateTransition",
            "no event will come any more",
        );
    };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", work.request_id),
        ("lambda-runtime-deadline-ms", work.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", environment.function_arn.clone()),
        ("lambda-runtime-trace-id", work.trace_id),
        ("content-type", "application/json".into()),
    ] {
        // ARNs, UUIDs and numbers are always valid header values.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    (headers, work.payload.to_string()).into_response()
}

async fn response(
    State(cloud): State<Arc<Cloud>>,
    Path((environment, request)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    if body.len() > RESPONSE_LIMIT {
        let message = format!("Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
        let error = json!({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message});
        answer(&cloud, &environment, &request, Answer::Error(error));
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
    }
    answer(&cloud, &environment, &request, Answer::Response(body_value(&body)))
}

async fn error(
    State(cloud): State<Arc<Cloud>>,
    Path((environment, request)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    answer(&cloud, &environment, &request, Answer::Error(body_value(&body)))
}

async fn init_error(State(cloud): State<Arc<Cloud>>, Path(environment): Path<String>, body: Bytes) -> Response {
    match cloud.lambda.environment(&environment) {
        Some(environment) => {
            environment.init_failed(body_value(&body));
            accepted()
        }
        None => unknown_environment(),
    }
}

fn answer(cloud: &Cloud, environment: &str, request: &str, answer: Answer) -> Response {
    let environment: Option<Arc<Environment>> = cloud.lambda.environment(environment);
    match environment {
        Some(environment) if environment.answer(request, answer) => accepted(),
        Some(_) => refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        None => unknown_environment(),
    }
}

/// What a function sent, as JSON where it is JSON: Lambda passes on whatever it is.
fn body_value(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, json!({"status": "OK"}).to_string()).into_response()
}

fn unknown_environment() -> Response {
    refusal(
        StatusCode::FORBIDDEN,
        "Forbidden",
        "no process of a function has this address",
    )
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response {
    (
        status,
        json!({"errorType": error_type, "errorMessage": message}).to_string(),
    )
        .into_response()
}
