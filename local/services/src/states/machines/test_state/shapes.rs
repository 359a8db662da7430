//! What the operations of services answer, as far as mocked results are held against it.
//!
//! The shapes are those of AWS's own models, for the services that the local account has or that have optimized
//! integrations (`answer-shapes.txt`). A result of another service's operation cannot be looked at, and is refused by name
//! unless the mock says that it is not to be.

use super::integration::{Answer, answer};
use states_language::{FieldValidation, Integration, Json};
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;

/// The lines of a service: its shapes, then its operations.
static SERVICES: LazyLock<HashMap<&str, Service>> = LazyLock::new(|| {
    let text = include_str!("answer-shapes.txt");
    text.split("\n@")
        .skip(1)
        .filter_map(|part| {
            let (name, lines) = part.split_once('\n')?;
            Some((name, Service::read(lines)))
        })
        .collect()
});

/// What is known of a service.
struct Service {
    /// A line for each shape.
    shapes: Vec<&'static str>,
    /// The place of the shape that an operation answers; nothing where it answers nothing.
    answers: HashMap<&'static str, Option<usize>>,
}

impl Service {
    fn read(lines: &'static str) -> Self {
        let (answers, shapes): (Vec<_>, Vec<_>) = lines.lines().partition(|line| line.starts_with('#'));
        let answers = answers.into_iter().map(|line| match line[1..].split_once(' ') {
            Some((operation, place)) => (operation, place.parse().ok()),
            None => (&line[1..], None),
        });
        Self {
            answers: answers.collect(),
            shapes,
        }
    }
}

/// Says why an operation does not answer this, if it does not.
pub(super) fn check(integration: &Integration, mode: FieldValidation, result: &Json) -> Result<(), String> {
    if mode == FieldValidation::None {
        return Ok(());
    }
    let (name, operation) = match answer(integration) {
        Answer::Anything => return Ok(()),
        Answer::Unknown => return Err(not_known("this integration")),
        Answer::Of(name, operation) => (name, operation),
    };
    let known = SERVICES.get(name).and_then(|service| {
        let place = service.answers.get(&*operation)?;
        Some((service, place))
    });
    let (service, place) = match known {
        None => return Err(not_known(&format!("{name}:{operation}"))),
        Some((_, None)) => return Ok(()),
        Some((service, Some(place))) => (service, place),
    };
    if !matches!(result, Json::Object(_)) {
        return Err("Mocked result must be a JSON object.".to_owned());
    }
    let look = Look {
        shapes: &service.shapes,
        is_strict: mode == FieldValidation::Strict,
    };
    look.at(*place, result, "")
        .map_err(|why| format!("Mock result schema validation error: {why}"))
}

fn not_known(what: &str) -> String {
    format!(
        "The local run has no API model of {what}, and cannot validate the mocked result as AWS does: set fieldValidationMode \
         to NONE"
    )
}

/// A look at a value.
struct Look<'s> {
    shapes: &'s [&'static str],
    is_strict: bool,
}

impl Look<'_> {
    /// Looks at the value of a field: the innermost one that has a name.
    fn at(&self, place: usize, value: &Json, field: &str) -> Result<(), String> {
        let Some(shape) = self.shapes.get(place).filter(|shape| !shape.is_empty()) else {
            return Ok(());
        };
        let (kind, rest) = shape.split_at(1);
        let inner = || rest.parse().unwrap_or(usize::MAX);
        let must_be = |what: &str| Err(format!("Field '{field}' must be {what}"));
        match (kind, value) {
            ("*", _) | ("b", Json::Bool(_)) => Ok(()),
            ("{", Json::Object(_)) => self.structure(rest, value),
            ("[", Json::Array(items)) => items.iter().try_for_each(|item| self.at(inner(), item, field)),
            ("<", Json::Object(entries)) => entries.values().try_for_each(|entry| self.at(inner(), entry, field)),
            ("e", Json::String(word)) if rest.split('|').any(|known| *known == **word) => Ok(()),
            ("e", Json::String(_)) => Err(format!("Field '{field}' is not an expected value")),
            ("s", Json::String(text)) => length(text.chars().count(), rest, field),
            ("n", Json::Number(_)) => number(value.as_f64().unwrap_or_default(), rest, field),
            ("{" | "<", _) => must_be("an object"),
            ("[", _) => must_be("an array"),
            ("s" | "e", _) => must_be("a string"),
            ("n", _) => must_be("a number"),
            _ => must_be("a boolean"),
        }
    }

    fn structure(&self, members: &str, value: &Json) -> Result<(), String> {
        let members = members.split(' ').filter_map(|member| member.split_once(':'));
        let members: Vec<_> = members.collect();
        for (name, _) in members.iter().filter(|_| self.is_strict) {
            if let Some(name) = name.strip_suffix('!')
                && value.get(name).is_none()
            {
                return Err(format!("Required field '{name}' is missing"));
            }
        }
        for (name, place) in members {
            let name = name.trim_end_matches('!');
            if let Some(value) = value.get(name) {
                self.at(place.parse().unwrap_or(usize::MAX), value, name)?;
            }
        }
        Ok(())
    }
}

/// The least and the most, where there are any.
fn bounds<N: FromStr>(text: &str) -> (Option<N>, Option<N>) {
    match text.split_once("..") {
        Some((least, most)) => (least.parse().ok(), most.parse().ok()),
        None => (None, None),
    }
}

fn length(length: usize, within: &str, field: &str) -> Result<(), String> {
    match bounds::<usize>(within) {
        (Some(least), _) if length < least => Err(format!("Field '{field}' is smaller than the minimum length")),
        (_, Some(most)) if length > most => Err(format!("Field '{field}' exceeds the maximum length")),
        _ => Ok(()),
    }
}

fn number(number: f64, within: &str, field: &str) -> Result<(), String> {
    match bounds::<f64>(within) {
        (Some(least), _) if number < least => Err(format!("Field '{field}' is less than the minimum value")),
        (_, Some(most)) if number > most => Err(format!("Field '{field}' exceeds the maximum value")),
        _ => Ok(()),
    }
}
