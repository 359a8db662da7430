//! Calls in AWS's JSON protocol without an SDK: an SDK has all types of a service, and they make a function larger.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SdkConfig;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::request::{Request, send};
use super::service::Service;
use crate::ports::{CallError, CallErrorKind};

/// A service that is called in JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonService {
    /// Where it is.
    pub(super) service: Service,
    /// Its name in signatures.
    pub(super) signing_name: &'static str,
    /// What stands before an operation's name in `X-Amz-Target`.
    pub(super) target: &'static str,
}

impl JsonService {
    /// Calls an operation with the function's own credentials, and returns the answer's body.
    pub(super) async fn call(
        self,
        config: &SdkConfig,
        operation: &'static str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let wrong = |error: BoxError| CallError::new(operation, CallErrorKind::Invalid, error.to_string());
        let request = self.request(config, operation, input).await.map_err(wrong)?;
        let request = Request {
            service: self.signing_name,
            operation,
            request,
            read,
            refusal,
        };
        // Boxed, so that its type is not a part of every future that calls it.
        let sent: BoxFuture<'_, _> = Box::pin(send(config, request));
        sent.await
    }

    async fn request(self, config: &SdkConfig, operation: &str, input: &Value) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::from(input.to_string()));
        request.set_method("POST")?;
        request.set_uri(format!("{}/", self.service.endpoint(config).trim_end_matches('/')))?;
        let headers = request.headers_mut();
        headers.insert("content-type", "application/x-amz-json-1.1");
        headers.insert("x-amz-target", format!("{}.{operation}", self.target));
        let credentials = config.credentials_provider().ok_or("there are no credentials")?;
        let identity = credentials.provide_credentials().await?.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(config.region().map_or("", AsRef::as_ref))
            .name(self.signing_name)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(request.body().bytes().unwrap_or_default());
        let signable = SignableRequest::new(request.method(), request.uri(), request.headers().iter(), body)?;
        let (headers, _) = sign(signable, &parameters)?.into_parts().0.into_parts();
        for header in headers {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(request)
    }
}

/// The body of a good answer. Some operations answer with an empty body.
fn read(answer: &HttpResponse) -> Result<Value, BoxError> {
    match answer.body().bytes().unwrap_or_default() {
        [] => Ok(Value::Null),
        body => Ok(serde_json::from_slice(body)?),
    }
}

/// The code and message of a refusal: `{"__type": "…#Code", "message": "…"}`.
fn refusal(answer: &HttpResponse) -> ErrorMetadata {
    let body: Value = serde_json::from_slice(answer.body().bytes().unwrap_or_default()).unwrap_or_default();
    let mut error = ErrorMetadata::builder();
    if let Some(code) = body["__type"].as_str() {
        error = error.code(code.rsplit('#').next().unwrap_or(code));
    }
    if let Some(message) = body["message"].as_str().or_else(|| body["Message"].as_str()) {
        error = error.message(message);
    }
    error.build()
}
