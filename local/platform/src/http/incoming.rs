//! A request, read whole.

use crate::error::ServiceError;
use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, Uri};
use bytes::Bytes;
use percent_encoding::percent_decode_str;

/// The largest object that is read: more than the largest layer of a small image.
const LARGEST_OBJECT: usize = 1 << 30;

/// The largest body of any other protocol: the 20 MiB of UploadLayerPart in Base64 fit, and no operation takes more.
const LARGEST_BODY: usize = 32 << 20;

/// A request with its body.
#[derive(Debug)]
pub struct Incoming {
    /// GET, PUT, ….
    pub method: Method,
    /// The path and the query, still escaped.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came over the wire.
    pub body: Bytes,
    /// The query's parameters, unescaped, in order.
    pub query: Vec<(String, String)>,
}

impl Incoming {
    /// Reads a request to its end.
    pub async fn read(request: Request<Body>) -> Result<Self, ServiceError> {
        let (
            Parts {
                method, uri, headers, ..
            },
            body,
        ) = request.into_parts();
        let is_object = !headers.contains_key("x-amz-target") && !has_form(&headers);
        let largest = if is_object { LARGEST_OBJECT } else { LARGEST_BODY };
        let body = to_bytes(body, largest).await.map_err(|_| {
            ServiceError::new(
                "RequestEntityTooLarge",
                "the body is larger than the local run reads, or broke off",
            )
            .with_status(413)
        })?;
        let query = pairs(uri.query().unwrap_or_default());
        Ok(Self {
            method,
            uri,
            headers,
            body,
            query,
        })
    }

    /// Whether it is a request of a JSON protocol.
    pub fn is_json(&self) -> bool {
        self.header("x-amz-target").is_some()
    }

    /// Whether it is a request of the query protocol.
    pub fn is_form(&self) -> bool {
        self.method == Method::POST && has_form(&self.headers)
    }

    /// A header's value, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of a query parameter; empty for one without a value.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The same for a parameter that is spelt in different ways.
    pub fn query_ignoring_case(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The path, unescaped.
    pub fn path(&self) -> String {
        percent_decode_str(self.uri.path()).decode_utf8_lossy().into_owned()
    }
}

fn has_form(headers: &HeaderMap) -> bool {
    headers
        .get("content-type")
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"))
}

/// The pairs of a query, or of a form (`application/x-www-form-urlencoded`).
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}
