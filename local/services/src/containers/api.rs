//! The Docker Engine API over HTTP: one connection for each request, so that a long answer holds up no other.
//!
//! Paths carry no version: the engine takes its own newest, and the fields used here are in all of them.

use super::address::Address;
use super::body::Payload;
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::io;
use std::path::Path;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// Why an engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nobody is there.
    #[error("no container engine answers at {address} ({why})")]
    Unreachable {
        /// Where it was looked for.
        address: Address,
        /// What happened instead.
        why: String,
    },
    /// It is there and says no.
    #[error("{message}")]
    Refused {
        /// The answer's HTTP status; 0 where the refusal came later than that.
        status: u16,
        /// The engine's own words.
        message: String,
    },
    /// It is there and cannot be understood.
    #[error("the container engine's answer cannot be used: {0}")]
    Unusable(String),
    /// A file of this machine's could not be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The run is at its end.
    #[error("the run is ending")]
    Ending,
}

impl EngineError {
    /// Whether the engine does not have what was asked for.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

/// An engine's API at an address.
#[derive(Debug, Clone)]
pub struct Api {
    pub(super) address: Address,
}

impl Api {
    /// The API of whatever answers there. Nothing is asked yet.
    pub fn new(address: Address) -> Self {
        Self { address }
    }

    /// Sends a request; the answer's head is here, its body is yet to be read.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Payload,
    ) -> Result<Response<Incoming>, EngineError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            // A socket has no name: what stands here does not matter, but HTTP wants something.
            .header(HOST, "engine")
            .header(CONTENT_TYPE, content_type)
            .body(body)
            .map_err(|error| EngineError::Unusable(error.to_string()))?;
        let response = match &self.address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)
                    .await
                    .map_err(|error| self.unreachable(error))?;
                self.exchange(stream, request).await?
            }
            Address::Tcp(place) => {
                let stream = TcpStream::connect(place.as_str()).await;
                self.exchange(stream.map_err(|error| self.unreachable(error))?, request)
                    .await?
            }
        };
        let status = response.status();
        // 304: it is as it should be already.
        if status.is_success() || status.as_u16() == 304 {
            return Ok(response);
        }
        let answer = self.collect(response).await?;
        let told: Option<Value> = serde_json::from_slice(&answer).ok();
        let told = told.and_then(|told| Some(told["message"].as_str()?.to_owned()));
        Err(EngineError::Refused {
            status: status.as_u16(),
            message: told.unwrap_or_else(|| String::from_utf8_lossy(&answer).trim().to_owned()),
        })
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Payload>,
    ) -> Result<Response<Incoming>, EngineError> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.unreachable(error))?;
        // Ends with the answer, or as soon as nobody reads it any more; its errors come out of the answer.
        tokio::spawn(connection);
        sender
            .send_request(request)
            .await
            .map_err(|error| self.unreachable(error))
    }

    pub(super) fn unreachable(&self, why: impl std::fmt::Display) -> EngineError {
        let why = why.to_string();
        // The system's number for it tells people nothing.
        let why = why.split_once(" (os error").map_or(why.as_str(), |(why, _)| why);
        EngineError::Unreachable {
            address: self.address.clone(),
            why: why.to_owned(),
        }
    }

    /// The whole body of an answer.
    pub(super) async fn collect(&self, response: Response<Incoming>) -> Result<Bytes, EngineError> {
        let collected = response.into_body().collect().await;
        Ok(collected.map_err(|error| self.unreachable(error))?.to_bytes())
    }

    /// Writes the body of an answer to a file.
    pub(super) async fn write(&self, response: Response<Incoming>, to: &Path) -> Result<(), EngineError> {
        let mut file = tokio::fs::File::create(to).await?;
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.unreachable(error))?;
            if let Some(data) = frame.data_ref() {
                file.write_all(data).await?;
            }
        }
        Ok(file.flush().await?)
    }

    /// Asks for JSON.
    pub(super) async fn get(&self, path: &str) -> Result<Value, EngineError> {
        let response = self
            .send(Method::GET, path, "application/json", Payload::Nothing)
            .await?;
        self.json(response).await
    }

    /// Sends JSON and reads JSON; where nothing is answered it is null.
    pub(super) async fn post(&self, path: &str, body: Option<&Value>) -> Result<Value, EngineError> {
        let payload = body.map_or(Payload::Nothing, |body| Payload::bytes(body.to_string()));
        let response = self.send(Method::POST, path, "application/json", payload).await?;
        self.json(response).await
    }

    async fn json(&self, response: Response<Incoming>) -> Result<Value, EngineError> {
        let answer = self.collect(response).await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).map_err(|error| EngineError::Unusable(error.to_string()))
    }
}

/// A path with a query; values are encoded.
pub(super) fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    if pairs.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", pairs.join("&"))
    }
}
