//! The one HTTP client of all calls: HTTP/1.1, over TLS where the endpoint has it.
//!
//! The SDKs' own client has HTTP/2 and proxies too. No call of a function needs them, and less code lets a function
//! start faster. Connections are kept, and all clients share them. The timeouts are set in [`super::Aws`].

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector as TcpConnector, capture_connection};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::crypto::ring;

mod ahead;

use super::roots::Roots;
use super::start::StartError;
use ahead::Ahead;

/// How long a connection may take: AWS's endpoints answer in milliseconds, and Lambda charges for waiting.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The client. It is cheap to clone, and its clones share their connections.
#[derive(Debug, Clone)]
pub(super) struct Https {
    client: Client<Ahead, SdkBody>,
    connector: Ahead,
}

impl Https {
    /// A client that trusts certificates from `roots`.
    pub(super) fn trusting(roots: Roots) -> Result<Self, StartError> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| StartError::Tls(error.to_string()))?
            .with_root_certificates(roots.certificates()?)
            .with_no_client_auth();
        let mut tcp = TcpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = Ahead::new(
            HttpsConnectorBuilder::new()
                .with_tls_config(tls)
                .https_or_http()
                .enable_http1()
                .wrap_connector(tcp),
        );
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector.clone()),
            connector,
        })
    }

    /// Begins a connection to an endpoint, so that it is ready for the first request. An endpoint that is not a URI is
    /// left out: the request itself will report it.
    pub(super) fn connect_ahead(&self, endpoint: &str) {
        if let Ok(uri) = endpoint.parse() {
            self.connector.begin(uri);
        }
    }
}

impl HttpClient for Https {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let answer = self.client.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(failure)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Lets the runtime drop a connection after a bad answer, so that the next attempt uses another one.
fn metadata(captured: &CaptureConnection) -> Option<ConnectionMetadata> {
    captured.connection_metadata().as_ref()?;
    let captured = captured.clone();
    let poison = move || {
        if let Some(connection) = captured.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

/// The runtime's kind of a failure. A request that cannot be sent is not tried again; all other failures may pass.
fn failure(error: ClientError) -> ConnectorError {
    let unsendable = error
        .source()
        .and_then(|source| source.downcast_ref::<hyper::Error>())
        .is_some_and(hyper::Error::is_user);
    if unsendable {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}
