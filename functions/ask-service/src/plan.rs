//! The decisions: whether an answer is a healthy one, and whether what is served is what is expected. Pure: no call, no
//! clock, no environment.

use serde_json::Value;
use shared::json::{JsonError, parse_bytes};

use crate::error::AskError;
use crate::event::Request;
use crate::ports::Reply;

/// How many characters of an answer an error shows.
const SHOWN: usize = 200;

/// Nothing, if the answer of `/ping` is a healthy service's.
pub(crate) fn healthy(url: &str, reply: &Reply) -> Result<(), AskError> {
    if reply.status == 200 {
        Ok(())
    } else {
        Err(not_healthy(url, format!("answered {}", reply.status), reply))
    }
}

/// What `/version` says, if that is what is expected.
pub(crate) fn conclude(request: &Request, url: &str, reply: &Reply) -> Result<Value, AskError> {
    healthy(url, reply)?;
    if reply.cut {
        return Err(not_healthy(url, "answered more than a version has".to_owned(), reply));
    }
    let said = match parse_bytes(&reply.body) {
        Ok(said) if said.is_object() => said,
        Err(flaw @ JsonError::Flawed { .. }) => {
            return Err(not_healthy(url, format!("answered JSON in which {flaw}"), reply));
        }
        _ => return Err(not_healthy(url, "answered no object of JSON".to_owned(), reply)),
    };
    let differs = |(name, expected): &(&'static str, String)| {
        let served = said.get(*name).unwrap_or(&Value::Null);
        if served == expected.as_str() {
            return None;
        }
        let served = match served {
            Value::Null => "not said".to_owned(),
            Value::String(text) => format!("`{}`", beginning(text)),
            other => format!("`{}`", beginning(&other.to_string())),
        };
        Some(format!("`{name}` is {served}, and `{expected}` is expected"))
    };
    let differences: Vec<String> = request.expect.iter().filter_map(differs).collect();
    if differences.is_empty() {
        Ok(said)
    } else {
        Err(AskError::VersionMismatch {
            url: url.to_owned(),
            differences,
        })
    }
}

fn not_healthy(url: &str, what: String, reply: &Reply) -> AskError {
    AskError::ServiceNotHealthy {
        url: url.to_owned(),
        what,
        said: beginning(&String::from_utf8_lossy(&reply.body)),
    }
}

/// The first characters, on one line.
fn beginning(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().take(SHOWN).map(clean).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            cut: false,
        }
    }

    fn concluded(body: &str) -> Result<Value, String> {
        let event = json!({"url": "http://a", "expect": {"modelPackageArn": "arn:p/2", "image": "i@sha256:2"}});
        let request = Request::parse(&event).expect("a request");
        conclude(&request, "http://a/version", &reply(200, body)).map_err(|error| error.to_string())
    }

    #[test]
    fn only_200_is_healthy() {
        assert_eq!(healthy("http://a/ping", &reply(200, "anything")), Ok(()));
        let long = format!("  no\nmodel {}", "é".repeat(300));
        let error = healthy("http://a/ping", &reply(503, &long)).expect_err("503");
        assert_eq!(error.name(), "ServiceNotHealthy");
        let told = format!("`http://a/ping` answered 503: no model {}", "é".repeat(191));
        assert_eq!(error.to_string(), told);
        for status in [201, 204, 301, 302, 404] {
            let error = healthy("http://a/ping", &reply(status, "")).expect_err("not 200");
            assert_eq!(error.to_string(), format!("`http://a/ping` answered {status}"));
        }
    }

    #[test]
    fn what_is_served_is_compared() {
        let said =
            r#"{"modelPackageArn": "arn:p/2", "image": "i@sha256:2", "commit": null, "metrics": {"accuracy": 0.8934}}"#;
        assert_eq!(
            concluded(said).expect("as expected")["metrics"],
            json!({"accuracy": 0.8934})
        );
        assert_eq!(
            concluded(r#"{"modelPackageArn": "arn:p/1", "image": null}"#),
            Err(
                "`http://a/version` serves something else: `modelPackageArn` is `arn:p/1`, and `arn:p/2` is expected; \
                 `image` is not said, and `i@sha256:2` is expected"
                    .to_owned()
            )
        );
        let error = concluded(r#"{"modelPackageArn": ["arn:p/2"], "image": "i@sha256:2"}"#).expect_err("no text");
        assert!(error.contains(r#"`modelPackageArn` is `["arn:p/2"]`"#), "{error}");
    }

    #[test]
    fn an_answer_that_is_no_version_is_not_healthy() {
        for (body, what) in [
            ("<html>", "answered no object of JSON: <html>"),
            ("[1]", "answered no object of JSON: [1]"),
            ("", "answered no object of JSON"),
            (
                r#"{"a": 1e999}"#,
                r#"answered JSON in which `a` is a number that would change here: write it as a string: {"a": 1e999}"#,
            ),
        ] {
            let error = concluded(body).expect_err(body);
            assert!(error.starts_with(&format!("`http://a/version` {what}")), "{error}");
        }
        let event = json!({"url": "http://a", "expect": {"commit": "c"}});
        let request = Request::parse(&event).expect("a request");
        let long = Reply {
            cut: true,
            ..reply(200, "{}")
        };
        let error = conclude(&request, "http://a/version", &long).expect_err("cut");
        assert_eq!(
            error.to_string(),
            "`http://a/version` answered more than a version has: {}"
        );
    }
}
