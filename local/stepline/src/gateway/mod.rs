//! The HTTP gateway: the SDKs' own protocols on loopback, in front of [`Platform::send`](platform::Platform::send).
//!
//! A request is JSON 1.0 or 1.1 (`X-Amz-Target`), the query protocol (STS), or REST (S3 here; Lambda in its own
//! module). Its signature's credential scope says which service it is for, and its access key who asks. Each error is
//! written as its protocol has it, and every answer carries a request id.

mod absent;
mod identity;
mod json;
mod query;
mod signature;

use crate::cloud::Cloud;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, header};
use identity::identify;
use platform::error::ServiceError;
use platform::http::{Incoming, json_error};
use services::{lambda, s3};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Answers requests on `listener` from now on, and makes its address the cloud's
/// [`endpoint`](platform::Platform::endpoint). Abort the task to stop.
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
    respond(&cloud, request).await
}

/// Answers one request, as it would be answered over HTTP.
pub async fn respond(cloud: &Arc<Cloud>, request: Request<Body>) -> Response<Body> {
    let incoming = match Incoming::read(request).await {
        Ok(incoming) => incoming,
        Err(error) => return json_error(&error),
    };
    if is_of_a_page(&incoming.headers) {
        return refusal(&incoming, &ServiceError::access_denied(OF_A_PAGE));
    }
    let response = match unless_it_panics(dispatch(cloud, &incoming)).await {
        Some(response) => response,
        None => failure(&incoming, UNKNOWN),
    };
    // What a client is told lasts.
    match cloud.settled().await {
        Ok(()) => response,
        Err(error) => failure(&incoming, &error.to_string()),
    }
}

async fn dispatch(cloud: &Arc<Cloud>, incoming: &Incoming) -> Response<Body> {
    if incoming.is_json() {
        return json::answer(cloud, incoming).await;
    }
    if incoming.is_form() {
        return query::answer(cloud, incoming).await;
    }
    // Whoever has the address of a function's code needs no signature.
    for cloud in cloud.regions() {
        if let Some(code) = cloud.lambda.download(&incoming.method, &incoming.uri).await {
            return code;
        }
    }
    match identify(cloud, incoming) {
        Ok(identity) if identity.service == "s3" => {
            s3::rest::answer(&identity.cloud, &identity.principal, incoming).await
        }
        Ok(identity) if identity.service == "lambda" => {
            let Incoming {
                method, headers, body, ..
            } = incoming;
            lambda::rest::handle(
                &identity.cloud,
                &identity.principal,
                method,
                &incoming.uri,
                headers,
                body,
            )
            .await
        }
        Ok(identity) => json_error(&unknown(&identity.service, incoming)),
        // What cannot be identified may still be meant for S3, whose clients read XML alone.
        Err(error) if s3::rest::is_meant(incoming) => {
            s3::rest::refusal(&s3::rest::unidentified(error, incoming), incoming)
        }
        Err(error) => json_error(&error),
    }
}

/// What the work gives; nothing where it panics, which must not cost a client its answer.
async fn unless_it_panics<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        // What the work leaves behind is dropped, and services take their locks back from who panicked.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(progress) => progress.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

/// AWS's own words for a failure that is not the caller's:
/// <https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html>.
const UNKNOWN: &str = "The request processing has failed because of an unknown error, exception or failure.";

/// A failure that is not the caller's, in the form of the request's protocol.
fn failure(incoming: &Incoming, message: &str) -> Response<Body> {
    let is_s3 = !incoming.is_form() && s3::rest::is_meant(incoming);
    let code = if is_s3 { "InternalError" } else { "InternalFailure" };
    refusal(incoming, &ServiceError::new(code, message).with_status(500))
}

/// An error in the form of the request's protocol.
fn refusal(incoming: &Incoming, error: &ServiceError) -> Response<Body> {
    if incoming.is_form() {
        query::error(error)
    } else if s3::rest::is_meant(incoming) {
        s3::rest::refusal(error, incoming)
    } else {
        json_error(error)
    }
}

/// What is said to a page in a browser.
const OF_A_PAGE: &str = "a page in a browser may not call the local services: any page that is open there could, and would \
                         be the administrator";

/// Whether some page sends this, as browsers say of what they send: its script, its form, or a frame in it. Only an address
/// that somebody has typed is none, and SDKs say nothing of the kind.
fn is_of_a_page(headers: &HeaderMap) -> bool {
    let is_typed = headers.get("sec-fetch-site").is_none_or(|site| site == "none");
    headers.contains_key(header::ORIGIN) || !is_typed
}

fn unknown(service: &str, incoming: &Incoming) -> ServiceError {
    absent::refusal(service, &format!("{} {}", incoming.method, incoming.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_sends_is_told_from_what_a_client_sends() {
        for (headers, is_of_page) in [
            (&[][..], false),
            (&[("origin", "http://evil.example")], true),
            (&[("sec-fetch-mode", "cors"), ("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-mode", "no-cors"), ("sec-fetch-site", "cross-site")], true),
            // A frame in a page whose name was made to lead here.
            (
                &[("sec-fetch-mode", "navigate"), ("sec-fetch-site", "same-origin")],
                true,
            ),
            (&[("sec-fetch-mode", "navigate"), ("sec-fetch-site", "none")], false),
        ] {
            let map = headers.iter().map(|(name, value)| {
                let name = header::HeaderName::from_static(name);
                (name, header::HeaderValue::from_static(value))
            });
            assert_eq!(is_of_a_page(&map.collect()), is_of_page, "{headers:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_in_each_protocol() {
        assert_eq!(unless_it_panics(async { 1 }).await, Some(1));
        assert_eq!(unless_it_panics(async { panic!("on purpose") }).await, None::<()>);
        for (header, value, content_type) in [
            ("x-amz-target", "AmazonSSM.GetParameter", "application/x-amz-json-1.1"),
            ("content-type", "application/x-www-form-urlencoded", "text/xml"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/s3/aws4_request",
                "application/xml",
            ),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/lambda/aws4_request",
                "application/x-amz-json-1.1",
            ),
        ] {
            let request = Request::post("/").header(header, value).body(Body::empty()).unwrap();
            let response = failure(&Incoming::read(request).await.unwrap(), UNKNOWN);
            assert_eq!(
                (response.status().as_u16(), &response.headers()["content-type"]),
                (500, &content_type.parse().unwrap())
            );
        }
    }
}
