//! The event: where a service is, and what it is expected to serve.

use http::Uri;
use http::uri::Scheme;
use serde_json::Value;
use shared::json::refuse_unknown;

use crate::error::AskError;

/// What can be expected, as `/version` calls it.
const EXPECTED: [&str; 3] = ["modelPackageArn", "image", "commit"];

/// A request of a state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where the service is, without a slash at its end.
    pub(crate) url: String,
    /// What is expected of `/version`, by its names.
    pub(crate) expect: Vec<(&'static str, String)>,
}

impl Request {
    /// Reads a request such as `{"url": "http://…", "expect": {"modelPackageArn": "…", "image": "…"}}`. Something must be
    /// expected: an answer that nothing is compared with would prove nothing.
    ///
    /// # Errors
    /// [`AskError::InputInvalid`], with what is wrong.
    pub fn parse(event: &Value) -> Result<Self, AskError> {
        parse(event).map_err(AskError::InputInvalid)
    }
}

fn parse(event: &Value) -> Result<Request, String> {
    let fields = event.as_object().ok_or("the request is not an object")?;
    refuse_unknown(fields, &["url", "expect"]).map_err(|reason| format!("the request has an {reason}"))?;
    let url = fields
        .get("url")
        .and_then(Value::as_str)
        .ok_or("the request has no text `url`")?;
    let expect = fields.get("expect").and_then(Value::as_object);
    let expect = expect.ok_or("the request has no object `expect`")?;
    refuse_unknown(expect, &EXPECTED).map_err(|reason| format!("`expect` has an {reason}"))?;
    let mut expected = Vec::new();
    for name in EXPECTED {
        match expect.get(name) {
            None => {}
            Some(Value::String(text)) if !text.is_empty() => expected.push((name, text.clone())),
            Some(_) => return Err(format!("`expect.{name}` is no text, or an empty one")),
        }
    }
    if expected.is_empty() {
        return Err(format!("`expect` has none of `{}`", EXPECTED.join("`, `")));
    }
    Ok(Request {
        url: base(url)?,
        expect: expected,
    })
}

/// An address such as `http://host:8080`, without the slash that may end it.
fn base(url: &str) -> Result<String, String> {
    let refused = || "`url` must be an address such as `http://host` or `http://host:8080`, without a path".to_owned();
    let uri: Uri = url.parse().map_err(|_| refused())?;
    let is_plain = uri.scheme() == Some(&Scheme::HTTP)
        && uri
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@') && !authority.host().is_empty())
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none();
    if is_plain && !url.contains('#') {
        Ok(url.trim_end_matches('/').to_owned())
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_read() {
        let event =
            json!({"url": "http://10.0.0.1:8080/", "expect": {"commit": "3f9d2c1", "modelPackageArn": "arn:p/1"}});
        let expected = Request {
            url: "http://10.0.0.1:8080".to_owned(),
            expect: vec![
                ("modelPackageArn", "arn:p/1".to_owned()),
                ("commit", "3f9d2c1".to_owned()),
            ],
        };
        assert_eq!(Request::parse(&event), Ok(expected));
        for url in ["http://[::1]:80", "http://internal-a.us-east-1.elb.amazonaws.com"] {
            let event = json!({"url": url, "expect": {"image": "i"}});
            assert_eq!(Request::parse(&event).map(|request| request.url), Ok(url.to_owned()));
        }
    }

    #[test]
    fn what_is_none_is_refused_by_name() {
        let url = "`url` must be an address such as `http://host` or `http://host:8080`, without a path";
        let of_url = |url: &str| json!({"url": url, "expect": {"image": "i"}});
        let of = |expect: Value| json!({"url": "http://a", "expect": expect});
        for (event, message) in [
            (json!([]), "the request is not an object"),
            (
                json!({"url": "http://a", "expected": {}}),
                "the request has an unknown field `expected`: known here are `url`, `expect`",
            ),
            (json!({"expect": {}}), "the request has no text `url`"),
            (json!({"url": "http://a"}), "the request has no object `expect`"),
            (
                of(json!({})),
                "`expect` has none of `modelPackageArn`, `image`, `commit`",
            ),
            (of(json!({"commit": ""})), "`expect.commit` is no text, or an empty one"),
            (
                of(json!({"commit": null})),
                "`expect.commit` is no text, or an empty one",
            ),
            (
                of(json!({"metrics": {}})),
                "`expect` has an unknown field `metrics`: known here are `modelPackageArn`, `image`, `commit`",
            ),
            (of_url("https://a"), url),
            (of_url("a"), url),
            (of_url("http://"), url),
            (of_url("http://a/ping"), url),
            (of_url("http://a?b"), url),
            (of_url("http://a#b"), url),
            (of_url("http://name:secret@a"), url),
            (of_url("http://a b"), url),
            (of_url("/ping"), url),
        ] {
            let refused = Request::parse(&event);
            assert_eq!(refused, Err(AskError::InputInvalid(message.to_owned())), "{event}");
        }
    }
}
