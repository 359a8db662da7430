//! What is at no view's address: whole logs, choices of language and theme, and what is nowhere.

use super::frame::{framed, problem};
use super::request::{Asked, context};
use crate::account::{Gone, Stream};
use crate::served::Served;
use crate::views::Selection;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new().route("/log", get(log)).route("/set", get(set))
}

pub(super) async fn nowhere(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let context = context(&served, &headers);
    framed(&served, &context, "", Err(Gone::NotFound(String::new()))).await
}

/// A whole log, as text.
async fn log(State(served): State<Arc<Served>>, headers: HeaderMap, Query(asked): Asked) -> Response {
    let selection = Selection::new(asked);
    let stream = Stream {
        group: selection.get("group").to_owned(),
        name: selection.get("stream").to_owned(),
    };
    match served.reader.lines(&stream, "", usize::MAX).await {
        Ok(lines) => {
            let lines = lines
                .lines
                .iter()
                .map(|(at, line)| format!("{at} {}\n", crate::show::plain(line)));
            let text: String = lines.collect();
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
        }
        Err(gone) => problem(&served, &headers, &gone),
    }
}

/// Keeps a choice of language or theme, and goes back to where it was made.
async fn set(headers: HeaderMap, Query(asked): Asked) -> Response {
    let known = |name: &str, value: &str| match name {
        "theme" => matches!(value, "light" | "dark" | "system"),
        "language" => matches!(value, "en" | "ja"),
        _ => false,
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    for (name, value) in asked.iter().filter(|(name, value)| known(name, value)) {
        let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly");
        if let Ok(cookie) = cookie.parse() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    let from = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let back = from.and_then(path_of).and_then(|path| HeaderValue::from_str(path).ok());
    let back = back.unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, back);
    response
}

/// The path of an address of this page, with what is selected there. The guard has looked at who asks.
fn path_of(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let path = &rest[rest.find('/')?..];
    (!path.starts_with("//")).then_some(path)
}
