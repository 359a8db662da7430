//! The HTTP gateway: the SDKs' own protocols on loopback, in front of [`Cloud::call`].
//!
//! A request is JSON 1.0 or 1.1 (`X-Amz-Target`), the query protocol (STS), or REST (S3 here; Lambda in its own
//! module). Its signature's credential scope says which service it is for, and its access key who asks. Each error is
//! written as its protocol has it, and every answer carries a request id.

mod chunked;
mod identity;
mod incoming;
mod json;
mod query;
mod reply;
mod signature;
pub(crate) mod xml;

pub(crate) use chunked::{decode as decode_chunks, is_chunked};
pub(crate) use identity::identify;
pub(crate) use incoming::Incoming;
pub use reply::{json_error, request_id};

use crate::cloud::Cloud;
use crate::error::ServiceError;
use crate::services::{lambda, s3};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request, Response};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Answers requests on `listener` from now on, and makes its address the cloud's
/// [`endpoint`](Cloud::endpoint). Abort the task to stop.
///
/// # Errors
/// The listener has no address.
pub fn serve(cloud: Arc<Cloud>, listener: TcpListener) -> std::io::Result<JoinHandle<()>> {
    cloud.set_endpoint(format!("http://{}", listener.local_addr()?));
    let router = Router::new().fallback(answer).with_state(cloud);
    Ok(tokio::spawn(async move {
        // Serving ends with the task only: what goes wrong on one connection stays there.
        let _ = axum::serve(listener, router).await;
    }))
}

async fn answer(State(cloud): State<Arc<Cloud>>, request: Request<Body>) -> Response<Body> {
    let incoming = match Incoming::read(request).await {
        Ok(incoming) => incoming,
        Err(error) => return json_error(&error),
    };
    if incoming.header("x-amz-target").is_some() {
        return json::answer(&cloud, &incoming).await;
    }
    if incoming.method == Method::POST
        && incoming
            .header("content-type")
            .is_some_and(|content_type| content_type.starts_with("application/x-www-form-urlencoded"))
    {
        return query::answer(&cloud, &incoming).await;
    }
    match identify(&cloud, &incoming) {
        Ok(identity) if identity.service == "s3" => s3::rest::answer(&cloud, &identity.principal, &incoming),
        Ok(identity) if identity.service == "lambda" => {
            let Incoming {
                method, headers, body, ..
            } = &incoming;
            lambda::rest::handle(&cloud, &identity.principal, method, incoming.uri.path(), headers, body).await
        }
        Ok(identity) => json_error(&unknown(&identity.service, &incoming)),
        Err(error) => json_error(&error),
    }
}

fn unknown(service: &str, incoming: &Incoming) -> ServiceError {
    ServiceError::new(
        "UnknownOperationException",
        format_args!(
            "the local run has no `{} {}` of `{service}`",
            incoming.method,
            incoming.path()
        ),
    )
    .with_status(404)
}
