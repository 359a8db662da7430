//! Answers over HTTP.

use crate::error::ServiceError;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, Response, StatusCode};

/// A fresh request id.
pub fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// An error as the JSON protocols have it; REST-JSON reads its code from the header.
pub fn json_error(error: &ServiceError) -> Response<Body> {
    let body = serde_json::json!({"__type": error.code, "message": error.message});
    let mut response = reply(error.status, "application/x-amz-json-1.1", body.to_string());
    header(&mut response, "x-amzn-errortype", &error.code);
    response
}

/// An answer with a body of a media type, under a fresh request id.
pub fn reply(status: u16, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    header(&mut response, "x-amzn-requestid", &request_id());
    response
}

/// Sets a header, if its value can be one.
pub fn header(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
