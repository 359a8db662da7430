//! What all types of states have in common: a name, and the fields that shape data, from `InputPath` to `Output`.

use std::sync::Arc;

use super::kinds::StateKind;
use super::quota::check;
use super::reading::{DataPath, Fields, ResultPath, code};
use crate::expression::{Assigned, Failure, QueryLanguage, Scope, StateError, Template};
use crate::text::Json;
use crate::text::pointer::escape;

/// The fields that JSONata has no use for.
const JSONPATH_FIELDS: [&str; 6] = [
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ResultSelector",
    "Parameters",
    "ItemsPath",
];

/// `Assign`: variables, each with a template of its own.
#[derive(Clone, Debug)]
pub(crate) struct Assign(Vec<(Arc<str>, Template)>);

/// What a state hands on.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) output: Json,
    pub(crate) assigned: Option<Assigned>,
}

/// A place on the way of data through a JSONPath state: after this field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    InputPath,
    Parameters,
    /// A Pass state's `Result`.
    Result,
    ResultSelector,
    ResultPath,
}

/// What a state has whatever its type: a name, and what becomes of its data.
#[derive(Debug, Default)]
pub(crate) struct Common {
    pub(crate) name: Arc<str>,
    pub(crate) language: QueryLanguage,
    input_path: DataPath,
    output_path: DataPath,
    result_path: ResultPath,
    result_selector: Option<Template>,
    output: Option<Template>,
    assign: Option<Assign>,
}

impl Common {
    pub(super) fn parse(name: &Arc<str>, fields: &Fields<'_>, kind: StateKind) -> Common {
        let is_fail = kind == StateKind::Fail;
        let mut common = Common {
            name: name.clone(),
            language: fields.language,
            ..Common::default()
        };
        if common.language == QueryLanguage::Jsonata {
            fields.refuse(&JSONPATH_FIELDS);
            if !is_fail {
                common.output = fields.template("Output", "Output");
            }
        } else {
            if !is_fail {
                common.input_path = fields.data_path("InputPath");
                common.output_path = fields.data_path("OutputPath");
            }
            if kind.does_work() || kind == StateKind::Pass {
                common.result_path = fields.result_path();
            }
            if kind.does_work() {
                common.result_selector = fields.template("ResultSelector", "ResultSelector");
            }
            fields.refuse(&["Output", "Arguments", "Items"]);
        }
        if !is_fail && kind != StateKind::Succeed {
            common.assign = Assign::parse(fields, "Assign");
        }
        common
    }

    /// The state's own `Assign`.
    pub(super) fn assign(&self) -> Option<&Assign> {
        self.assign.as_ref()
    }

    /// The input as the state sees it: `InputPath` applied.
    pub(crate) fn effective_input(&self, scope: &Scope<'_>) -> Result<Json, StateError> {
        match &self.input_path {
            DataPath::All => Ok(scope.input.clone()),
            DataPath::Null => Ok(Json::empty_object()),
            DataPath::Path(path) => scope.data(path),
        }
    }

    /// What the state hands on, from the result of its work.
    pub(crate) fn exit(&self, scope: &Scope<'_>, result: Json) -> Result<Exit, StateError> {
        self.exit_seen(scope, result, |_, _| {})
    }

    /// The same, where `seen` is shown the data after each of JSONPath's fields.
    pub(crate) fn exit_seen(
        &self,
        scope: &Scope<'_>,
        result: Json,
        mut seen: impl FnMut(Stage, &Json),
    ) -> Result<Exit, StateError> {
        if self.language == QueryLanguage::Jsonata {
            let scope = Scope {
                result: scope.result.or(Some(&result)),
                ..*scope
            };
            return self.exit_with(&scope, &result, self.output.as_ref(), self.assign.as_ref());
        }
        let result = match &self.result_selector {
            Some(selector) => selector.evaluate(&scope.with_input(&result))?,
            None => result,
        };
        seen(Stage::ResultSelector, &result);
        let assigned = Assign::evaluated(self.assign.as_ref(), &scope.with_input(&result))?;
        let placed = place(&self.result_path, scope.state_input, result)?;
        seen(Stage::ResultPath, &placed);
        let output = self.output_path(scope, placed)?;
        self.check_size(scope, &output)?;
        Ok(Exit { output, assigned })
    }

    /// What a state hands on that has no result: its input, or its own `Output`.
    pub(crate) fn exit_unchanged(&self, scope: &Scope<'_>) -> Result<Exit, StateError> {
        self.hand_on(scope, self.output.as_ref(), self.assign.as_ref())
    }

    /// The same, with an `Output` and an `Assign` that may be a rule's.
    pub(crate) fn hand_on(
        &self,
        scope: &Scope<'_>,
        output: Option<&Template>,
        assign: Option<&Assign>,
    ) -> Result<Exit, StateError> {
        if self.language == QueryLanguage::Jsonata {
            return self.exit_with(scope, scope.state_input, output, assign);
        }
        let input = self.effective_input(scope)?;
        let assigned = Assign::evaluated(assign, &scope.with_input(&input))?;
        let output = self.output_path(scope, input)?;
        self.check_size(scope, &output)?;
        Ok(Exit { output, assigned })
    }

    /// What a JSONata state hands on: `Output` or else the result, with these variables.
    pub(crate) fn exit_with(
        &self,
        scope: &Scope<'_>,
        result: &Json,
        output: Option<&Template>,
        assign: Option<&Assign>,
    ) -> Result<Exit, StateError> {
        let assigned = Assign::evaluated(assign, scope)?;
        let output = match output {
            Some(template) => template.evaluate(scope)?,
            None => result.clone(),
        };
        self.check_size(scope, &output)?;
        Ok(Exit { output, assigned })
    }

    fn output_path(&self, scope: &Scope<'_>, output: Json) -> Result<Json, StateError> {
        match &self.output_path {
            DataPath::All => Ok(output),
            DataPath::Null => Ok(Json::empty_object()),
            DataPath::Path(path) => scope.with_input(&output).data(path),
        }
    }

    /// What is handed on unchanged was measured before.
    fn check_size(&self, scope: &Scope<'_>, output: &Json) -> Result<(), StateError> {
        if output.is_same(scope.state_input) {
            Ok(())
        } else {
            check(&self.name, output)
        }
    }
}

/// Puts a result in its place in an input.
pub(crate) fn place(path: &ResultPath, input: &Json, result: Json) -> Result<Json, StateError> {
    match path {
        ResultPath::Replace => Ok(result),
        ResultPath::Discard => Ok(input.clone()),
        ResultPath::Into(path) => path
            .write(input, result)
            .map_err(|why| StateError::Failure(Failure::new("States.ResultPathMatchFailure", why))),
    }
}

impl Assign {
    pub(crate) fn parse(fields: &Fields<'_>, field: &str) -> Option<Assign> {
        let key = "Assign";
        let template = match fields.template(key, field)? {
            Template::Object(variables) => variables,
            Template::Literal(Json::Object(object)) => object
                .iter()
                .map(|(name, value)| (name.clone(), Template::Literal(value.clone())))
                .collect(),
            _ => {
                fields.error(key, "The field 'Assign' must be an object");
                return None;
            }
        };
        for (name, _) in &template {
            let pointer = format!("{}/{}", fields.at(key), escape(name));
            if &**name == "states" {
                let message = "Cannot assign to reserved variable '$states'.";
                fields.findings.error(code::RESERVED_VARIABLE, &pointer, message);
            } else if !is_variable(name) {
                let message = format!("Invalid variable name '{name}': the variable name contains invalid characters.");
                fields.findings.error(code::INVALID_VARIABLE, &pointer, message);
            }
        }
        Some(Assign(template))
    }

    /// The names of the variables.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The variables, sorted by name; nothing where there is no `Assign`.
    pub(super) fn evaluated(assign: Option<&Assign>, scope: &Scope<'_>) -> Result<Option<Assigned>, StateError> {
        let Some(assign) = assign else { return Ok(None) };
        let mut values = Vec::with_capacity(assign.0.len());
        for (name, template) in &assign.0 {
            let value = template.evaluate(scope)?;
            check(name, &value)?;
            values.push((name.clone(), value));
        }
        values.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Some(Arc::new(values)))
    }
}

fn is_variable(name: &str) -> bool {
    name.chars().count() <= 80
        && name
            .chars()
            .enumerate()
            .all(|(at, c)| c == '_' || c.is_alphabetic() || at > 0 && c.is_numeric())
}
