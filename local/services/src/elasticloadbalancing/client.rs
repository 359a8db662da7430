//! Asks a target: one connection for each request, so that none meets a connection which the target is just closing.

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use tokio::net::TcpStream;

/// Why a target has not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// Nobody listens there.
    #[error("{0}")]
    Unreachable(#[from] io::Error),
    /// The connection broke, or what came is not HTTP.
    #[error("{0}")]
    Broken(#[from] hyper::Error),
}

/// Sends a request to an address, and waits for the head of the answer.
pub(super) async fn send(address: (&str, u16), request: Request<Body>) -> Result<Response<Incoming>, Unanswered> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // The body comes over it after the answer's head; it ends with the request.
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}
