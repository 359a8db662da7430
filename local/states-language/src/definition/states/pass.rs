//! The [Pass state](https://docs.aws.amazon.com/step-functions/latest/dg/state-pass.html).

use crate::definition::common::{Common, Exit, Stage};
use crate::definition::reading::{Fields, code};
use crate::expression::{QueryLanguage, Scope, StateError, Template};
use crate::text::Json;

/// Passes its input on, or something in its place.
#[derive(Debug)]
pub(crate) struct Pass {
    result: Option<Json>,
    parameters: Option<Template>,
}

impl Pass {
    pub(crate) fn parse(fields: &Fields<'_>) -> Pass {
        if fields.language == QueryLanguage::Jsonata {
            fields.refuse(&["Result"]);
            return Pass {
                result: None,
                parameters: None,
            };
        }
        let result = fields.get("Result").cloned();
        if result.as_ref().is_some_and(has_path) {
            let message = "Attempting to use a path in the static 'Result' field of a Pass state";
            fields
                .findings
                .warning(code::STATIC_RESULT, &fields.at("Result"), message);
        }
        Pass {
            result,
            parameters: fields.template("Parameters", "Parameters"),
        }
    }

    /// The state's work, from its input to what it hands on.
    pub(crate) fn run(&self, common: &Common, scope: &Scope<'_>) -> Result<Exit, StateError> {
        self.run_seen(common, scope, |_, _| {})
    }

    /// The same, where `seen` is shown the data after each of JSONPath's fields. With a `Result` AWS shows nothing of what
    /// comes before it.
    pub(crate) fn run_seen(
        &self,
        common: &Common,
        scope: &Scope<'_>,
        mut seen: impl FnMut(Stage, &Json),
    ) -> Result<Exit, StateError> {
        if common.language == QueryLanguage::Jsonata {
            return common.exit_unchanged(scope);
        }
        let input = common.effective_input(scope)?;
        let result = match (&self.result, &self.parameters) {
            (Some(result), _) => {
                seen(Stage::Result, result);
                result.clone()
            }
            (None, parameters) => {
                seen(Stage::InputPath, &input);
                let result = match parameters {
                    Some(parameters) => parameters.evaluate(&scope.with_input(&input))?,
                    None => input,
                };
                seen(Stage::Parameters, &result);
                result
            }
        };
        common.exit_seen(scope, result, seen)
    }
}

fn has_path(value: &Json) -> bool {
    match value {
        Json::Object(object) => object.iter().any(|(key, value)| key.ends_with(".$") || has_path(value)),
        Json::Array(items) => items.iter().any(has_path),
        _ => false,
    }
}
