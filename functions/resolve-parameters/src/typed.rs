//! What a parameter's value becomes in the answer. Parameter Store keeps every value as text.

use serde_json::Value;
use shared::json::{self, JsonError};
use shared::parameters::{Parameter, Problem, ProblemKind};

/// What a parameter's value becomes in the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum As {
    /// The text as it stands.
    #[default]
    String,
    /// A whole number, as JSON writes one.
    Integer,
    /// A number, as JSON writes one.
    Number,
    /// `true` or `false`, in any case.
    Boolean,
    /// Whatever JSON the text is.
    Json,
    /// The items between the commas, without the spaces around them.
    List,
    /// Not the value but the parameter's name and version, for somebody else to read.
    Reference,
}

impl As {
    /// Every one, with its name in a request.
    pub(crate) const ALL: [(&'static str, As); 7] = [
        ("string", Self::String),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("json", Self::Json),
        ("list", Self::List),
        ("reference", Self::Reference),
    ];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, wanted)| *wanted)
    }

    /// The value of a parameter in the answer. A problem never quotes the value.
    pub(crate) fn value_of(self, parameter: &Parameter) -> Result<Value, Problem> {
        if self == Self::Reference {
            return Ok(parameter.pinned().into());
        }
        let invalid = |wrong: String| {
            let message = format!("the value of `{}` {wrong}", parameter.name);
            Problem::new(ProblemKind::ParameterInvalid, message)
        };
        self.convert(parameter.text()?).map_err(invalid)
    }

    /// What a text becomes, or what is wrong with it. The place in the text is not given: it would show names of
    /// fields, which are part of the value.
    fn convert(self, text: &str) -> Result<Value, String> {
        let json = || match json::parse(text) {
            Ok(value) => Ok(Some(value)),
            Err(JsonError::Malformed { .. }) => Ok(None),
            Err(JsonError::Flawed { flaw, path }) if path == "$" => Err(flaw.to_string()),
            Err(JsonError::Flawed { flaw, .. }) => Err(format!("has a part that {flaw}")),
        };
        let value = match self {
            Self::String | Self::Reference => Some(text.into()),
            Self::Integer => json()?.filter(is_integer),
            Self::Number => json()?.filter(Value::is_number),
            Self::Boolean => text.trim().to_ascii_lowercase().parse().ok().map(Value::Bool),
            Self::Json => json()?,
            Self::List => Some(text.split(',').map(str::trim).collect()),
        };
        value.ok_or_else(|| format!("is not {}", self.in_words()))
    }

    /// Whether a default has the right type. Null is right for all types: it means "there is none".
    pub(crate) fn takes_default(self, default: &Value) -> bool {
        match self {
            _ if default.is_null() => true,
            Self::String | Self::Reference => default.is_string(),
            Self::Integer => is_integer(default),
            Self::Number => default.is_number(),
            Self::Boolean => default.is_boolean(),
            Self::Json => true,
            Self::List => default
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_string)),
        }
    }

    /// What it is, with its article.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Json => "JSON",
            Self::List => "a list of strings",
            Self::Reference => "a reference",
        }
    }
}

fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_becomes_what_it_stands_for_or_nothing() {
        // (as, text, what it becomes)
        let cases = [
            (As::String, " 10 ", Some(json!(" 10 "))),
            (As::Integer, "10", Some(json!(10))),
            (As::Integer, " -3\n", Some(json!(-3))),
            (As::Integer, "18446744073709551615", Some(json!(u64::MAX))),
            (As::Integer, "10.0", None),
            (As::Integer, "1e3", None),
            (As::Integer, "ten", None),
            (As::Integer, "99999999999999999999", None),
            (As::Number, "1e-3", Some(json!(1e-3))),
            (As::Number, "7", Some(json!(7))),
            (As::Number, "1e999", None),
            (As::Number, "NaN", None),
            (As::Number, "\"7\"", None),
            (As::Boolean, "true", Some(json!(true))),
            (As::Boolean, "False", Some(json!(false))),
            (As::Boolean, "1", None),
            (As::Json, "{\"b\":[1],\"a\":null}", Some(json!({"b": [1], "a": null}))),
            (As::Integer, "9007199254740993", Some(json!(9_007_199_254_740_993_u64))),
            (As::Number, "0.12345678901234567891", None),
            (As::Number, "18446744073709551617", None),
            (As::Number, "1e-999", None),
            (As::Number, "0.30000000000000004", Some(json!(0.300_000_000_000_000_04))),
            (As::Json, "[1, 18446744073709551617]", None),
            (As::Json, "[\"\\ud800\"]", None),
            (As::Json, "{", None),
            (As::List, "a, b,c", Some(json!(["a", "b", "c"]))),
            (As::List, "one", Some(json!(["one"]))),
        ];
        for (wanted, text, expected) in cases {
            assert_eq!(wanted.convert(text).ok(), expected, "`{text}` as {wanted:?}");
        }
    }

    #[test]
    fn defaults_have_the_type_of_what_they_stand_for() {
        let values = [
            json!("x"),
            json!(1),
            json!(1.5),
            json!(true),
            json!({"a": 1}),
            json!(["a"]),
        ];
        // (as, which of the values above it takes)
        let cases = [
            (As::String, [true, false, false, false, false, false]),
            (As::Integer, [false, true, false, false, false, false]),
            (As::Number, [false, true, true, false, false, false]),
            (As::Boolean, [false, false, false, true, false, false]),
            (As::Json, [true; 6]),
            (As::List, [false, false, false, false, false, true]),
            (As::Reference, [true, false, false, false, false, false]),
        ];
        for (wanted, takes) in cases {
            assert_eq!(
                std::array::from_fn(|at| wanted.takes_default(&values[at])),
                takes,
                "{wanted:?}"
            );
            assert!(wanted.takes_default(&Value::Null), "{wanted:?}");
        }
    }

    #[test]
    fn names_are_found_and_only_they() {
        assert!(As::ALL.iter().all(|&(name, wanted)| As::named(name) == Some(wanted)));
        assert_eq!(As::named("Integer"), None);
    }
}
