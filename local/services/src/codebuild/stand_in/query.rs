//! The part of JMESPath that `--query` is used with: fields, indexes and `[]`.
//!
//! Follows <https://jmespath.org/specification.html>; the rest of it is refused by name.

use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    /// `[*]`, and `[]`, which also flattens.
    Each {
        flatten: bool,
    },
}

/// A query that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query(Vec<Step>);

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refused = |rest: &str| format!("the local run's `aws` does not have `{rest}` in --query `{text}`");
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some((inner, behind)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
                steps.push(match inner {
                    "" => Step::Each { flatten: true },
                    "*" => Step::Each { flatten: false },
                    index => Step::Index(index.parse().map_err(|_| refused(rest))?),
                });
                rest = behind;
                continue;
            }
            let field = match (rest.strip_prefix('.'), steps.is_empty()) {
                (Some(field), false) => field,
                (None, true) => rest,
                _ => return Err(refused(rest)),
            };
            if let Some((name, behind)) = field.strip_prefix('"').and_then(|inner| inner.split_once('"')) {
                steps.push(Step::Field(name.to_owned()));
                rest = behind;
                continue;
            }
            let end = field
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(field.len());
            if end == 0 {
                return Err(refused(field));
            }
            steps.push(Step::Field(field[..end].to_owned()));
            rest = &field[end..];
        }
        Ok(Self(steps))
    }

    pub(super) fn of(&self, value: &Value) -> Value {
        select(&self.0, value)
    }
}

fn select(steps: &[Step], value: &Value) -> Value {
    let Some((step, rest)) = steps.split_first() else {
        return value.clone();
    };
    match (step, value) {
        (Step::Field(name), _) => value.get(name).map_or(Value::Null, |found| select(rest, found)),
        (Step::Index(index), Value::Array(items)) => {
            let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let at = if *index < 0 { length + index } else { *index };
            let found = usize::try_from(at).ok().and_then(|at| items.get(at));
            found.map_or(Value::Null, |found| select(rest, found))
        }
        (Step::Each { flatten }, Value::Array(items)) => {
            let flat = items.iter().flat_map(|item| match item {
                Value::Array(inner) if *flatten => inner.as_slice(),
                other => std::slice::from_ref(other),
            });
            // A projection leaves out what is null.
            flat.map(|item| select(rest, item))
                .filter(|found| !found.is_null())
                .collect()
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn queries_select() {
        let value = json!({"images": [{"id": {"d": 1}, "tags": ["a", "b"]}, {"tags": ["c"]}], "a-b": 2});
        for (query, expected) in [
            ("images[0].id.d", json!(1)),
            ("images[-1].tags", json!(["c"])),
            ("images[9].id", json!(null)),
            ("images[*].id.d", json!([1])),
            ("images[].tags[]", json!([["a", "b"], ["c"]])),
            ("none.x", json!(null)),
            ("\"a-b\"", json!(2)),
        ] {
            assert_eq!(Query::parse(query).unwrap().of(&value), expected, "{query}");
        }
        for refused in ["length(images)", "images[?id]", "images[0:2]", "a | b", "images[0]id"] {
            assert!(Query::parse(refused).is_err(), "{refused}");
        }
    }
}
