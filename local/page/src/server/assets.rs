//! The page's own files: its style, its script, and the library that the script stands on.

use crate::style::STYLE;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let (kind, text): (&str, &'static str) = match &*name {
        "page.css" => ("text/css; charset=utf-8", &STYLE),
        "page.js" => ("text/javascript; charset=utf-8", include_str!("../assets/page.js")),
        "idiomorph.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../assets/idiomorph.min.js"),
        ),
        "sign.svg" => ("image/svg+xml", include_str!("../assets/sign.svg")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
