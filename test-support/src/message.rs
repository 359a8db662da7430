//! What is asked and what is answered.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::HeaderMap;
use hyper::body::Incoming;
use serde_json::Value;

use crate::wire::Way;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method, in capital letters.
    pub method: String,
    /// The path and what is asked of it.
    pub target: String,
    /// The body.
    pub body: Bytes,
    headers: HeaderMap,
}

impl Request {
    pub(crate) async fn read(request: hyper::Request<Incoming>) -> Result<Self, hyper::Error> {
        let (head, body) = request.into_parts();
        Ok(Self {
            method: head.method.as_str().to_owned(),
            target: head.uri.to_string(),
            body: body.collect().await?.to_bytes(),
            headers: head.headers,
        })
    }

    /// The path, without what is asked of it.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What is asked of the path, as it came.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// A header of the request.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).expect("text")
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) way: Way,
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Reply {
    /// An answer with this status and body.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            way: Way::Whole,
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// An answer of AWS's JSON protocols.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string()).header("content-type", "application/x-amz-json-1.1")
    }

    /// The connection ends without an answer.
    #[must_use]
    pub fn cut_off() -> Self {
        Self::new(200, "").cut_after(0)
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The connection ends when this many bytes were written, the head's among them.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        let way = Way::CutAfter(bytes);
        Self { way, ..self }
    }

    /// It is written in pieces of this many bytes, with a pause after each.
    #[must_use]
    pub fn in_pieces(self, bytes: usize, pause: Duration) -> Self {
        let way = Way::Pieces { bytes, pause };
        Self { way, ..self }
    }

    pub(crate) fn into_response(self) -> hyper::Response<Full<Bytes>> {
        let mut response = hyper::Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Full::new(self.body)).expect("a status and headers")
    }
}

impl From<(u16, Value)> for Reply {
    fn from((status, body): (u16, Value)) -> Self {
        Self::json(status, &body)
    }
}
