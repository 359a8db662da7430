//! Requests, sent by the runtime that all SDKs of AWS share, with its retries and timeouts.

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SdkConfig;

use super::error::{classify, kind_of};
use crate::ports::{CallError, CallErrorKind};

/// A signed request, and how its answer is read.
pub(super) struct Request<R> {
    /// The service's name, for errors.
    pub(super) service: &'static str,
    /// AWS's name of the operation.
    pub(super) operation: &'static str,
    /// The request, signed.
    pub(super) request: HttpRequest,
    /// Reads a good answer.
    pub(super) read: R,
    /// Reads the code and the message of a refusal.
    pub(super) refusal: fn(&HttpResponse) -> ErrorMetadata,
}

/// Sends a request, and reads its answer.
pub(super) async fn send<O, R>(config: &SdkConfig, request: Request<R>) -> Result<O, CallError>
where
    O: std::fmt::Debug + Send + Sync + 'static,
    R: Fn(&HttpResponse) -> Result<O, BoxError> + Send + Sync + 'static,
{
    let Request {
        service,
        operation,
        request,
        read,
        refusal,
    } = request;
    let endpoint = origin(request.uri());
    let mut call = Operation::builder()
        .service_name(service)
        .operation_name(operation)
        .endpoint_url(&endpoint)
        .no_auth()
        .with_connection_poisoning()
        .retry_classifier(HttpStatusCodeClassifier::default())
        .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
        .retry_classifier(ByCode)
        .serializer(move |(): ()| {
            request
                .try_clone()
                .ok_or_else(|| "the body cannot be sent again".into())
        })
        .deserializer(move |answer: &HttpResponse| match answer.status().is_success() {
            true => read(answer).map_err(OrchestratorError::response),
            false => Err(OrchestratorError::operation(refusal(answer))),
        });
    if let Some(version) = config.behavior_version() {
        call = call.behavior_version(version);
    }
    if let Some(client) = config.http_client() {
        call = call.http_client(client);
    }
    if let Some(sleep) = config.sleep_impl() {
        call = call.sleep_impl(sleep);
    }
    if let Some(retries) = config.retry_config() {
        call = call.standard_retry(retries);
    }
    if let Some(timeouts) = config.timeout_config() {
        call = call.timeout_config(timeouts.clone());
    }
    call.build()
        .invoke(())
        .await
        .map_err(|error| classify(operation, error))
}

/// Scheme and host of a URI.
fn origin(uri: &str) -> String {
    let host = uri.find("://").map_or(0, |scheme| scheme + "://".len());
    let end = uri[host..].find('/').map_or(uri.len(), |path| host + path);
    uri[..end].to_owned()
}

/// Has a call tried again that was throttled, or whose request came too slowly. JSON services report that with HTTP 400, and
/// no other classifier retries that.
#[derive(Debug)]
struct ByCode;

impl ClassifyRetry for ByCode {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let refused = context.output_or_error().and_then(Result::err);
        let code = refused
            .and_then(OrchestratorError::as_operation_error)
            .and_then(|error| error.downcast_ref::<ErrorMetadata>())
            .and_then(ErrorMetadata::code);
        match code {
            Some(code) if kind_of(Some(code), 400) == CallErrorKind::Throttled => RetryAction::throttling_error(),
            Some("RequestTimeout" | "RequestTimeoutException") => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "by code"
    }
}
