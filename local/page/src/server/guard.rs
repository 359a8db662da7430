//! Who may ask: this machine's own browser, from the page itself, and nobody else.
//!
//! The page listens on loopback alone. A foreign page in the same browser can still send requests here, or have its own
//! name lead here (DNS rebinding). So a request must name this very address as its `Host`, and one that changes
//! something must come from this very origin. What is answered may load nothing from elsewhere and may be framed by
//! nobody.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The names of loopback, each as a `Host` has it, without the port.
const NAMES: &[&str] = &["127.0.0.1", "localhost", "[::1]"];

/// What every answer says to the browser.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Refuses who may not ask, and adds what every answer says.
pub(super) async fn guard(State(port): State<u16>, request: Request, next: Next) -> Response {
    let mut response = match refusal(request.method(), request.headers(), port) {
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let cache = HeaderValue::from_static("no-store");
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(cache);
    response.map(Body::new)
}

/// Why a request is refused; nothing for one that is in order.
fn refusal(method: &Method, headers: &HeaderMap, port: u16) -> Option<&'static str> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_here = |host: &str| {
        let named = host.strip_suffix(&format!(":{port}"));
        named.is_some_and(|name| NAMES.contains(&name))
    };
    if !text(header::HOST).is_some_and(is_here) {
        return Some("This page answers at 127.0.0.1 and localhost alone.\n");
    }
    let changes = !matches!(*method, Method::GET | Method::HEAD);
    let origin = text(header::ORIGIN);
    let is_own = |origin: &str| origin.strip_prefix("http://").is_some_and(is_here);
    let own_origin = origin.is_some_and(is_own);
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let is_foreign = matches!(site, Some("cross-site" | "same-site"));
    let navigates = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    if changes && !own_origin {
        return Some("What changes something must be sent from this page.\n");
    }
    // A link on another page may lead here; nothing else of it may.
    if (is_foreign && (changes || !navigates)) || (origin.is_some() && !own_origin) {
        return Some("Another page may not read this one.\n");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_ask() {
        for (method, headers, may) in [
            ("GET", &[("host", "127.0.0.1:80")][..], true),
            ("GET", &[("host", "localhost:80")], true),
            ("GET", &[("host", "[::1]:80")], true),
            ("GET", &[], false),
            ("GET", &[("host", "127.0.0.1:81")], false),
            ("GET", &[("host", "127.0.0.1")], false),
            ("GET", &[("host", "rebound.example:80")], false),
            ("GET", &[("host", "127.0.0.1.example:80")], false),
            (
                "GET",
                &[("host", "localhost:80"), ("origin", "http://evil.example")],
                false,
            ),
            (
                "GET",
                &[("host", "localhost:80"), ("sec-fetch-site", "cross-site")],
                false,
            ),
            (
                "GET",
                &[
                    ("host", "localhost:80"),
                    ("sec-fetch-site", "cross-site"),
                    ("sec-fetch-mode", "navigate"),
                ],
                true,
            ),
            ("POST", &[("host", "localhost:80")], false),
            ("POST", &[("host", "localhost:80"), ("origin", "null")], false),
            (
                "POST",
                &[("host", "localhost:80"), ("origin", "http://localhost:81")],
                false,
            ),
            (
                "POST",
                &[("host", "localhost:80"), ("origin", "https://localhost:80")],
                false,
            ),
            (
                "POST",
                &[("host", "localhost:80"), ("origin", "http://localhost:80")],
                true,
            ),
            (
                "POST",
                &[
                    ("host", "localhost:80"),
                    ("origin", "http://localhost:80"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
        ] {
            let map = headers.iter().map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let refused = refusal(&method, &map.collect(), 80);
            assert_eq!(refused.is_none(), may, "{method} {headers:?}");
        }
    }
}
