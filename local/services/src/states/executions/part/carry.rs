//! Results of one execution in another one: what they took over from what the first was started with is the second's.

use states_language::{Json, Object};

/// A value with what it took over replaced: `old` is what the execution of the value was started with, `new` what the
/// other one is.
///
/// Taken over is a text, an array or an object that stands in `old` with another value in the same place of `new`, and a
/// field of the value itself that has the name and the value of one of the input's.
pub(super) fn carried(value: &Json, old: &Json, new: &Json) -> Json {
    let mut pairs = Vec::new();
    differences(old, new, &mut pairs);
    // Where one old value has two new ones nobody can say which is meant.
    let meant = |value: &Json| {
        let mut known = pairs.iter().filter(|(old, _)| old == value).map(|(_, new)| new);
        let first = known.next()?;
        known.all(|other| other == first).then(|| first.clone())
    };
    let replaced = replace(value, &meant);
    let (Some(Json::Object(old)), Some(Json::Object(new)), Json::Object(fields)) =
        (old.get("input"), new.get("input"), &replaced)
    else {
        return replaced;
    };
    let field = |(name, value): (&std::sync::Arc<str>, &Json)| {
        let is_taken_over = old.get(name) == Some(value);
        let value = new.get(name).filter(|_| is_taken_over).unwrap_or(value);
        (name.clone(), value.clone())
    };
    fields.iter().map(field).collect::<Object>().into()
}

/// What differs in the same place: whole objects and arrays, and the texts in them.
fn differences(old: &Json, new: &Json, pairs: &mut Vec<(Json, Json)>) {
    if old == new {
        return;
    }
    let is_telling = match old {
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(fields) => !fields.is_empty(),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    };
    if is_telling {
        pairs.push((old.clone(), new.clone()));
    }
    match (old, new) {
        (Json::Object(old), Json::Object(new)) => {
            for (name, old) in old.iter() {
                if let Some(new) = new.get(name) {
                    differences(old, new, pairs);
                }
            }
        }
        (Json::Array(old), Json::Array(new)) => {
            for (old, new) in old.iter().zip(new.iter()) {
                differences(old, new, pairs);
            }
        }
        _ => {}
    }
}

fn replace(value: &Json, meant: &impl Fn(&Json) -> Option<Json>) -> Json {
    if let Some(new) = meant(value) {
        return new;
    }
    match value {
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), replace(value, meant)));
            fields.collect::<Object>().into()
        }
        Json::Array(items) => Json::array(items.iter().map(|item| replace(item, meant)).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_over_is_the_new_ones() {
        let json = |text: &str| Json::parse(text).unwrap();
        let old = json(
            r#"{"name": "run-1", "input": {"image": {"uri": "r@sha256:1", "tag": "t"}, "depth": 3, "a": "x", "b": "x", "gone": "g"}}"#,
        );
        let new = json(
            r#"{"name": "run-2", "input": {"image": {"uri": "r@sha256:2", "tag": "t"}, "depth": 4, "a": "y", "b": "z"}}"#,
        );
        for (value, expected) in [
            // A text wherever it stands, but not where it is a piece of another one.
            (r#"{"at": ["r@sha256:1", "t"]}"#, r#"{"at": ["r@sha256:2", "t"]}"#),
            (r#"["run-1", "runs/run-1/data"]"#, r#"["run-2", "runs/run-1/data"]"#),
            // Objects as they are, and with more in them.
            (
                r#"{"uri": "r@sha256:1", "tag": "t"}"#,
                r#"{"uri": "r@sha256:2", "tag": "t"}"#,
            ),
            (
                r#"{"uri": "r@sha256:1", "size": 3}"#,
                r#"{"uri": "r@sha256:2", "size": 3}"#,
            ),
            // A number is the input's where it has its name.
            (r#"{"depth": 3, "other": 3}"#, r#"{"depth": 4, "other": 3}"#),
            (r#"{"depth": 5}"#, r#"{"depth": 5}"#),
            // Nobody knows which is meant, but for the name.
            (r#"["x"]"#, r#"["x"]"#),
            (r#"{"b": "x"}"#, r#"{"b": "z"}"#),
            (r#"{"gone": "g"}"#, r#"{"gone": "g"}"#),
            ("3", "3"),
        ] {
            assert_eq!(carried(&json(value), &old, &new), json(expected), "{value}");
            assert_eq!(carried(&json(value), &old, &old), json(value), "{value}");
        }
    }
}
