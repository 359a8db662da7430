//! Connections that are begun before a request needs them.
//!
//! A first invocation calls two hosts, one after the other. If both connections begin at the same time, the second one
//! is ready when its host is called.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use http::uri::Authority;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use tokio::task::JoinHandle;
use tower_service::Service;

/// How long a connection waits for its first request. After that, the host may have closed it.
const WAITS_AT_MOST: Duration = Duration::from_secs(5);

type Connection = <HttpsConnector<TcpConnector> as Service<Uri>>::Response;
type UnderWay = JoinHandle<Result<(Connection, Instant), BoxError>>;

/// A connector that can begin a connection before it is asked for one.
#[derive(Debug, Clone)]
pub(super) struct Ahead {
    connector: HttpsConnector<TcpConnector>,
    under_way: Arc<Mutex<HashMap<Authority, UnderWay>>>,
}

impl Ahead {
    pub(super) fn new(connector: HttpsConnector<TcpConnector>) -> Self {
        Self {
            connector,
            under_way: Arc::default(),
        }
    }

    /// Begins a connection to the URI's host. Must be called within a Tokio runtime.
    pub(super) fn begin(&self, uri: Uri) {
        let Some(authority) = uri.authority().cloned() else {
            return;
        };
        let mut connector = self.connector.clone();
        let connection = tokio::spawn(async move { Ok((connector.call(uri).await?, Instant::now())) });
        self.locked().insert(authority, connection);
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<Authority, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Uri> for Ahead {
    type Response = Connection;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let begun = uri.authority().and_then(|authority| self.locked().remove(authority));
        let mut connector = self.connector.clone();
        Box::pin(async move {
            // A connection that failed, or has waited while Lambda froze the process, is made anew.
            if let Some(begun) = begun
                && let Ok(Ok((connection, since))) = begun.await
                && since.elapsed() < WAITS_AT_MOST
            {
                return Ok(connection);
            }
            connector.call(uri).await
        })
    }
}
