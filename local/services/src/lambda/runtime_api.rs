//! The Lambda Runtime API, over which a function's process gets its events and gives its answers.
//!
//! Each process has its own address on loopback: so the address says which process answers, and
//! `AWS_LAMBDA_RUNTIME_API` is a host and a port, as on AWS. Follows
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use super::environment::{Answer, Environment};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The most that a function may answer with, in bytes.
const RESPONSE_LIMIT: usize = 6 * 1024 * 1024;

/// The address of the Runtime API for one process. Connections wait until [`Address::serve`].
#[derive(Debug)]
pub(super) struct Address {
    listener: TcpListener,
    /// What `AWS_LAMBDA_RUNTIME_API` must say.
    pub(super) host_and_port: SocketAddr,
}

impl Address {
    /// An address on loopback that nobody else has.
    pub(super) fn reserve() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            host_and_port: listener.local_addr()?,
            listener: TcpListener::from_std(listener)?,
        })
    }

    /// Answers the process of `environment` from now on. Abort the task to stop.
    pub(super) fn serve(self, environment: Arc<Environment>) -> JoinHandle<()> {
        tokio::spawn(async move {
            // Serving ends with the task only: what goes wrong on one connection stays there.
            let _ = axum::serve(self.listener, routes(environment)).await;
        })
    }
}

fn routes(environment: Arc<Environment>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{request}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{request}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        // The limit is answered by `response` itself, in the Runtime API's words.
        .layer(DefaultBodyLimit::disable())
        .with_state(environment)
}

async fn next(State(environment): State<Arc<Environment>>) -> Response {
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

async fn response(State(environment): State<Arc<Environment>>, Path(request): Path<String>, body: Bytes) -> Response {
    if body.len() > RESPONSE_LIMIT {
        let message = format!("Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
        let error = json!({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message});
        answer(&environment, &request, Answer::Error(error));
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
    }
    answer(&environment, &request, Answer::Response(body_value(&body)))
}

async fn error(State(environment): State<Arc<Environment>>, Path(request): Path<String>, body: Bytes) -> Response {
    answer(&environment, &request, Answer::Error(body_value(&body)))
}

async fn init_error(State(environment): State<Arc<Environment>>, body: Bytes) -> Response {
    environment.init_failed(body_value(&body));
    accepted()
}

fn answer(environment: &Environment, request: &str, answer: Answer) -> Response {
    if environment.answer(request, answer) {
        accepted()
    } else {
        refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
    }
}

/// What a function sent: as JSON if it is JSON, else as text. Lambda passes on both.
fn body_value(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, json!({"status": "OK"}).to_string()).into_response()
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response {
    (
        status,
        json!({"errorType": error_type, "errorMessage": message}).to_string(),
    )
        .into_response()
}
