//! Calls in AWS's JSON protocol without an SDK. An SDK has all types of a service and reads all of AWS's endpoint rules:
//! functions would be larger and start more slowly.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use std::fmt;
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

use super::error::incomplete;
use super::request::{Request, send};
use super::service::Service;
use crate::ports::{CallError, CallErrorKind};
use crate::time::Timestamp;

/// A client of a service that is called in JSON, with the function's own credentials.
#[derive(Clone)]
pub(super) struct JsonClient {
    service: Service,
    config: SdkConfig,
}

impl fmt::Debug for JsonClient {
    /// Leaves out the configuration: it has credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonClient").field(&self.service).finish()
    }
}

/// A good answer. What is read of it and is not there is none, or an error that says that the answer is incomplete.
pub(super) struct Answer {
    operation: &'static str,
    body: Value,
}

/// The body of an answer, which may have secrets: nobody prints it.
struct Hidden(Value);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl JsonClient {
    pub(super) fn new(service: Service, config: &SdkConfig) -> Self {
        Self {
            service,
            config: config.clone(),
        }
    }

    /// The configuration: where it calls, and how patiently.
    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Calls an operation.
    pub(super) async fn call(&self, operation: &'static str, input: &Value) -> Result<Answer, CallError> {
        let endpoint = self.service.endpoint(&self.config);
        self.call_at(&endpoint, &self.config, operation, input).await
    }

    /// Calls an operation that has an endpoint, retries or timeouts of its own.
    pub(super) async fn call_at(
        &self,
        endpoint: &str,
        config: &SdkConfig,
        operation: &'static str,
        input: &Value,
    ) -> Result<Answer, CallError> {
        let wrong = |error: BoxError| CallError::new(operation, CallErrorKind::Invalid, error.to_string());
        let request = self.request(endpoint, operation, input).await.map_err(wrong)?;
        let request = Request {
            service: self.service.traits().signing_name,
            operation,
            request,
            read,
            refusal,
        };
        // Boxed, so that its type is not a part of every future that calls it.
        let sent: BoxFuture<'_, _> = Box::pin(send(config, request));
        let Hidden(body) = sent.await?;
        Ok(Answer { operation, body })
    }

    async fn request(&self, endpoint: &str, operation: &str, input: &Value) -> Result<HttpRequest, BoxError> {
        let traits = self.service.traits();
        let mut request = HttpRequest::new(SdkBody::from(input.to_string()));
        request.set_method("POST")?;
        request.set_uri(format!("{}/", endpoint.trim_end_matches('/')))?;
        let headers = request.headers_mut();
        headers.insert("content-type", traits.content_type);
        headers.insert("x-amz-target", format!("{}.{operation}", traits.target));
        let credentials = self.config.credentials_provider().ok_or("there are no credentials")?;
        let identity = credentials.provide_credentials().await?.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(self.config.region().map_or("", AsRef::as_ref))
            .name(traits.signing_name)
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

impl Answer {
    /// The error of an answer in which something is missing that must be there.
    pub(super) fn incomplete(&self) -> CallError {
        incomplete(self.operation)
    }

    /// That it is an object, as every answer with a body is.
    pub(super) fn object(self) -> Result<Self, CallError> {
        match self.body {
            Value::Object(_) => Ok(self),
            _ => Err(self.incomplete()),
        }
    }

    /// A list that must be there.
    pub(super) fn list(&mut self, member: &str) -> Result<Vec<Value>, CallError> {
        match self.body.get_mut(member).map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(self.incomplete()),
        }
    }

    /// A text that must be there and not be empty.
    pub(super) fn text(&self, member: &str) -> Result<String, CallError> {
        some_text(&self.body[member]).ok_or_else(|| self.incomplete())
    }

    /// A text, where there is one.
    pub(super) fn optional(&self, member: &str) -> Option<String> {
        text(&self.body[member])
    }

    /// A moment that must be there.
    pub(super) fn moment(&self, member: &str) -> Result<Timestamp, CallError> {
        moment(&self.body[member]).ok_or_else(|| self.incomplete())
    }

    /// A moment, where there is something.
    ///
    /// # Errors
    /// It is no moment.
    pub(super) fn optional_moment(&self, member: &str) -> Result<Option<Timestamp>, CallError> {
        match &self.body[member] {
            Value::Null => Ok(None),
            _ => self.moment(member).map(Some),
        }
    }

    /// The token of the next page, where there is one.
    pub(super) fn next_token(&self, member: &str) -> Option<String> {
        some_text(&self.body[member])
    }
}

/// A text.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A text that is not empty.
pub(super) fn some_text(value: &Value) -> Option<String> {
    text(value).filter(|text| !text.is_empty())
}

/// A moment in the form of the protocol: seconds since the epoch, with a fraction. The epoch itself is what clients and
/// proxies put where nothing is: it is none.
pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    // An f64 holds milliseconds exactly for many thousand years.
    let millis = (value.as_f64()? * 1000.0).round() as i64;
    (millis != 0).then(|| Timestamp::from_millis(millis))
}

/// The body of a good answer. Some operations answer with an empty body.
fn read(answer: &HttpResponse) -> Result<Hidden, BoxError> {
    match answer.body().bytes().unwrap_or_default() {
        [] => Ok(Hidden(Value::Null)),
        body => Ok(Hidden(serde_json::from_slice(body)?)),
    }
}

/// The code and message of a refusal: `{"__type": "…#Code", "message": "…"}`, with the code in a header where the body has
/// none.
fn refusal(answer: &HttpResponse) -> ErrorMetadata {
    let body: Value = serde_json::from_slice(answer.body().bytes().unwrap_or_default()).unwrap_or_default();
    let mut error = ErrorMetadata::builder();
    let code = (body["__type"].as_str())
        .or_else(|| body["code"].as_str())
        .or_else(|| answer.headers().get("x-amzn-errortype"));
    if let Some(code) = code {
        // `namespace#Code:http://…`: what stands around the code is of no account.
        let code = code.split(':').next().unwrap_or(code);
        error = error.code(code.rsplit('#').next().unwrap_or(code));
    }
    if let Some(message) = body["message"].as_str().or_else(|| body["Message"].as_str()) {
        error = error.message(message);
    }
    error.build()
}
