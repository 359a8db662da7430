//! The event: a request of a state machine. It names the fields of the answer, and for each a parameter or a path.

use serde_json::{Map, Value};
use shared::json::refuse_unknown;
use shared::parameters::{ParameterPath, ParameterReference, Problem, ProblemKind, Problems, Want};

use crate::typed::As;

/// A request: what the answer will have, in that order.
#[derive(Debug)]
pub struct Request {
    pub(crate) fields: Vec<Field>,
}

/// One field of the answer.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) key: String,
    /// Where its value comes from, or what is wrong with that part of the request.
    pub(crate) asked: Result<Asked, Problem>,
}

/// Where a field's value comes from.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) source: Source,
    pub(crate) wanted: As,
    /// The value if there is no such parameter.
    pub(crate) default: Option<Value>,
}

/// A parameter, or all parameters below a path.
#[derive(Debug)]
pub(crate) enum Source {
    Parameter(ParameterReference),
    Path { path: ParameterPath, recursive: bool },
}

impl Asked {
    /// Whether the values of the parameters are needed, or only their references.
    pub(crate) fn want(&self) -> Want {
        if self.wanted == As::Reference {
            Want::Reference
        } else {
            Want::Value
        }
    }
}

impl Request {
    /// Reads a request. A request without `parameters` is refused. A field that is wrong does not stop the reading: its
    /// problem is kept, and reported together with the problems of other fields.
    pub fn parse(event: &Value) -> Result<Self, Problems> {
        let event = event
            .as_object()
            .ok_or_else(|| invalid("the request is not an object"))?;
        refuse_unknown(event, &["parameters"]).map_err(|reason| invalid(format!("the request has an {reason}")))?;
        let parameters = event.get("parameters").and_then(Value::as_object);
        let parameters = parameters.ok_or_else(|| invalid("the request has no object `parameters`"))?;
        let field = |(key, asked): (&String, &Value)| Field {
            key: key.clone(),
            asked: parse_asked(asked).map_err(invalid),
        };
        Ok(Self {
            fields: parameters.iter().map(field).collect(),
        })
    }
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::ParameterInvalid, message)
}

/// Reads `"/name"`, `{"name": …}` or `{"path": …}`.
fn parse_asked(asked: &Value) -> Result<Asked, String> {
    match asked {
        Value::String(text) => Ok(Asked {
            source: parameter(text)?,
            wanted: As::String,
            default: None,
        }),
        Value::Object(fields) => {
            let wanted = match fields.get("as") {
                None => As::String,
                Some(name) => name.as_str().and_then(As::named).ok_or_else(|| {
                    let known: Vec<&str> = As::ALL.iter().map(|(name, _)| *name).collect();
                    format!("unknown `as`: it is one of {}", known.join(", "))
                })?,
            };
            let source = parse_source(fields)?;
            let default = fields.get("default").cloned();
            if let Some(default) = &default {
                check_default(default, &source, wanted)?;
            }
            Ok(Asked {
                source,
                wanted,
                default,
            })
        }
        _ => Err("it is neither a parameter's name nor an object".to_owned()),
    }
}

fn parse_source(fields: &Map<String, Value>) -> Result<Source, String> {
    let text = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` is not a string")),
    };
    match (text("name")?, text("path")?) {
        (Some(name), None) => {
            refuse_unknown(fields, &["name", "as", "default"])?;
            parameter(name)
        }
        (None, Some(path)) => {
            refuse_unknown(fields, &["path", "recursive", "as", "default"])?;
            let path = path.parse().map_err(|error| format!("{error}"))?;
            let recursive = fields.get("recursive").map_or(Some(false), Value::as_bool);
            Ok(Source::Path {
                path,
                recursive: recursive.ok_or("`recursive` is not a boolean")?,
            })
        }
        (None, None) => Err("it has neither `name` nor `path`".to_owned()),
        (Some(_), Some(_)) => Err("it has both `name` and `path`".to_owned()),
    }
}

fn parameter(text: &str) -> Result<Source, String> {
    text.parse().map(Source::Parameter).map_err(|error| format!("{error}"))
}

fn check_default(default: &Value, source: &Source, wanted: As) -> Result<(), String> {
    match source {
        Source::Parameter(_) if wanted.takes_default(default) => Ok(()),
        Source::Parameter(_) => Err(format!("the `default` is not {}", wanted.in_words())),
        Source::Path { .. } if default.is_object() || default.is_null() => Ok(()),
        Source::Path { .. } => Err("the `default` is not an object, as a path would be".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_whole_request_has_to_be_one() {
        let cases = [
            (json!("x"), "the request is not an object"),
            (json!({}), "the request has no object `parameters`"),
            (json!({"parameters": ["/a"]}), "the request has no object `parameters`"),
            (
                json!({"parameters": {}, "cache": 1}),
                "the request has an unknown field `cache`: known here are `parameters`",
            ),
        ];
        for (event, message) in cases {
            let problems = Request::parse(&event).expect_err(message);
            assert_eq!(
                (problems.kind(), problems.to_string().as_str()),
                (ProblemKind::ParameterInvalid, message)
            );
        }
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        let cases = [
            (json!(1), "it is neither a parameter's name nor an object"),
            (json!(""), "`` names no parameter"),
            (json!({}), "it has neither `name` nor `path`"),
            (json!({"name": "/a", "path": "/b"}), "it has both `name` and `path`"),
            (json!({"name": 1}), "`name` is not a string"),
            (json!({"name": "/a", "recursive": true}), "unknown field `recursive`"),
            (
                json!({"name": "/a", "as": "int"}),
                "unknown `as`: it is one of string, integer, number",
            ),
            (
                json!({"name": "/a", "as": "integer", "default": "1"}),
                "the `default` is not an integer",
            ),
            (json!({"path": "a"}), "`a` must begin with `/`"),
            (
                json!({"path": "/a", "recursive": "yes"}),
                "`recursive` is not a boolean",
            ),
            (json!({"path": "/a", "default": []}), "the `default` is not an object"),
        ];
        for (asked, reason) in cases {
            let request = Request::parse(&json!({"parameters": {"key": asked}})).expect("the request as such is one");
            let problem = request.fields[0].asked.as_ref().expect_err(reason);
            assert!(problem.message.starts_with(reason), "{problem}");
        }
    }

    #[test]
    fn fields_keep_their_order() {
        let request = Request::parse(&json!({"parameters": {"z": "/z", "a": {"name": "/a:3"}, "m": {"path": "/m/"}}}));
        let keys: Vec<String> = request
            .expect("valid")
            .fields
            .into_iter()
            .map(|field| field.key)
            .collect();
        assert_eq!(keys, ["z", "a", "m"]);
    }
}
