//! The port over plain HTTP/1.1: one connection a request, closed after it.
//!
//! What is asked lies in the same VPC, behind a load balancer that the function's security group alone lets it reach.

use std::fmt::Write as _;
use std::future::Future as _;
use std::pin::pin;
use std::time::Duration;

use http::{Method, Request, Response, Uri, header};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::ports::{Get, NotReached, Reply};
use crate::settings::Settings;

/// The most bytes of a body that are read: far more than a version has, and less than a state may.
const MOST_BYTES: usize = 64 * 1024;

/// Asks over plain HTTP.
#[derive(Debug)]
pub struct Http {
    timeout: Duration,
}

impl Http {
    /// With these settings.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            timeout: settings.timeout,
        }
    }
}

impl Get for Http {
    async fn get(&self, url: &str) -> Result<Reply, NotReached> {
        let asked = tokio::time::timeout(self.timeout, get(url)).await;
        asked.unwrap_or_else(|_| Err(NotReached(format!("none came within {} s", self.timeout.as_secs()))))
    }
}

async fn get(url: &str) -> Result<Reply, NotReached> {
    let not_reached = |error: &dyn std::error::Error| NotReached(with_sources(error));
    let uri: Uri = url.parse().map_err(|error| not_reached(&error))?;
    let authority = uri.authority().ok_or_else(|| NotReached("it has no host".to_owned()))?;
    // In an address, the brackets of version 6 are no part of it.
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await;
    let stream = TokioIo::new(stream.map_err(|error| not_reached(&error))?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(|error| not_reached(&error))?;
    let request = Request::builder()
        .method(Method::GET)
        .uri(uri.path())
        .header(header::HOST, authority.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
        .body(String::new())
        .map_err(|error| not_reached(&error))?;
    let exchange = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| not_reached(&error))?;
        read(response).await.map_err(|error| not_reached(&error))
    };
    // The connection works while the exchange waits. Its own error is the exchange's, too, or comes after it.
    let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
    let mut is_open = true;
    std::future::poll_fn(|context| {
        if is_open && connection.as_mut().poll(context).is_ready() {
            is_open = false;
        }
        exchange.as_mut().poll(context)
    })
    .await
}

/// Reads a bounded part of the body.
async fn read(response: Response<Incoming>) -> Result<Reply, hyper::Error> {
    let (head, body) = response.into_parts();
    let mut body = pin!(body);
    let mut reply = Reply {
        status: head.status.as_u16(),
        body: Vec::new(),
        cut: false,
    };
    while let Some(frame) = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let Ok(piece) = frame?.into_data() else { continue };
        let room = MOST_BYTES - reply.body.len();
        reply.body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            reply.cut = true;
            break;
        }
    }
    Ok(reply)
}

/// What went wrong, with what lies below it: hyper's own words seldom say it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(below) = source {
        let _ = write!(text, ": {below}");
        source = below.source();
    }
    text
}
