//! Lambda's Runtime API for one process, which notes when the process asks and when it answers.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

/// What the process under measurement did, and when.
#[derive(Debug)]
pub(crate) enum Deed {
    /// It asked for the next event.
    Asked(Instant),
    /// It answered an event.
    Answered(Instant),
    /// It reported an error, whose text this is.
    Failed(String),
}

/// One process's Runtime API.
pub(crate) struct RuntimeApi {
    /// Where it listens: the value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) address: SocketAddr,
    deeds: mpsc::UnboundedReceiver<Deed>,
    events: mpsc::UnboundedSender<Value>,
}

struct Shared {
    deeds: mpsc::UnboundedSender<Deed>,
    events: Mutex<mpsc::UnboundedReceiver<Value>>,
}

impl RuntimeApi {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn listen() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (deed, deeds) = mpsc::unbounded_channel();
        let (event, events) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            deeds: deed,
            events: Mutex::new(events),
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{end}", post(ended))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(shared);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self {
            address,
            deeds,
            events: event,
        })
    }

    /// When the process asked for its next event.
    pub(crate) async fn asked(&mut self) -> Result<Instant, String> {
        match self.deed().await? {
            Deed::Asked(at) => Ok(at),
            deed => Err(format!("expected a request for the next event, got {deed:?}")),
        }
    }

    /// Hands the process an event and waits for its answer; returns how long that took.
    pub(crate) async fn invoke(&mut self, event: Value) -> Result<Duration, String> {
        let sent = Instant::now();
        self.events
            .send(event)
            .map_err(|_| "the Runtime API is gone".to_owned())?;
        match self.deed().await? {
            Deed::Answered(at) => Ok(at - sent),
            deed => Err(format!("expected an answer, got {deed:?}")),
        }
    }

    async fn deed(&mut self) -> Result<Deed, String> {
        let waited = tokio::time::timeout(Duration::from_secs(20), self.deeds.recv()).await;
        match waited {
            Ok(Some(Deed::Failed(error))) => Err(error),
            Ok(Some(deed)) => Ok(deed),
            Ok(None) => Err("the Runtime API is gone".into()),
            Err(_) => Err("the process did nothing for 20 s".into()),
        }
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    // A receiver that is gone means that the measurement is over.
    let _ = shared.deeds.send(Deed::Asked(Instant::now()));
    let Some(event) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_secs(60);
    let headers = [
        (
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
        ),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:bench".to_owned(),
        ),
    ];
    (headers, event.to_string()).into_response()
}

async fn ended(State(shared): State<Arc<Shared>>, Path((_, end)): Path<(String, String)>, body: Bytes) -> StatusCode {
    let deed = match end.as_str() {
        "response" => Deed::Answered(Instant::now()),
        _ => Deed::Failed(String::from_utf8_lossy(&body).into_owned()),
    };
    let _ = shared.deeds.send(deed);
    StatusCode::ACCEPTED
}

async fn init_error(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let kind = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or("?");
    let _ = shared
        .deeds
        .send(Deed::Failed(format!("{kind}: {}", String::from_utf8_lossy(&body))));
    StatusCode::ACCEPTED
}
