//! States: what they are, and what they do with their data. One file for each type.

pub(crate) mod catch;
pub(crate) mod choice;
pub(crate) mod comparison;
pub(crate) mod fail;
pub(crate) mod map;
pub(crate) mod parallel;
pub(crate) mod pass;
pub(crate) mod resource;
pub(crate) mod retry;
pub(crate) mod task;
pub(crate) mod wait;

use std::sync::Arc;

use catch::Catcher;
use retry::Retrier;

use crate::expression::{QueryLanguage, Scope, StateError, Template};
use crate::fields::{DataPath, Fields, ResultPath};
use crate::flow::Names;
use crate::history::{Assigned, StateKind};
use crate::machine::query_language;
use crate::text::{Excess, Json, MAX_DEPTH};

/// The most bytes that a state may hand on.
pub(crate) const MAX_PAYLOAD: usize = 262_144;

/// A state of any type.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) name: Arc<str>,
    pub(crate) language: QueryLanguage,
    input_path: DataPath,
    output_path: DataPath,
    result_path: ResultPath,
    result_selector: Option<Template>,
    output: Option<Template>,
    assign: Option<Assign>,
    /// The next state; nothing at an end.
    pub(crate) next: Option<usize>,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
    pub(crate) body: Body,
}

/// What is particular to a type.
#[derive(Debug)]
pub(crate) enum Body {
    Pass(pass::Pass),
    Task(Box<task::Task>),
    Choice(choice::Choice),
    Wait(wait::Wait),
    Succeed,
    Fail(fail::Fail),
    Parallel(parallel::Parallel),
    Map(Box<map::Map>),
}

/// `Assign`: variables, each with a template of its own.
#[derive(Clone, Debug)]
pub(crate) struct Assign(Vec<(Arc<str>, Template)>);

/// What a state hands on.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) output: Json,
    pub(crate) assigned: Option<Assigned>,
}

impl State {
    /// Reads a state.
    pub(crate) fn parse(name: &Arc<str>, mut fields: Fields<'_>, names: &Names<'_>) -> Option<State> {
        if let Some(language) = query_language(&fields) {
            if fields.language == QueryLanguage::Jsonata && language == QueryLanguage::JsonPath {
                fields.error(
                    "QueryLanguage",
                    "A state of a JSONata state machine cannot be a JSONPath one",
                );
            }
            fields.language = language;
        }
        fields.text("Comment");
        let kind = fields.required_text("Type")?;
        let body = match kind {
            "Pass" => Body::Pass(pass::Pass::parse(&fields)),
            "Task" => Body::Task(Box::new(task::Task::parse(&fields)?)),
            "Choice" => Body::Choice(choice::Choice::parse(&fields, names)?),
            "Wait" => Body::Wait(wait::Wait::parse(&fields)?),
            "Succeed" => Body::Succeed,
            "Fail" => Body::Fail(fail::Fail::parse(&fields)),
            "Parallel" => Body::Parallel(parallel::Parallel::parse(&fields)?),
            "Map" => Body::Map(Box::new(map::Map::parse(&fields)?)),
            other => {
                fields.error("Type", format!("There is no type of state '{other}'"));
                return None;
            }
        };
        let state = State::parse_common(name, &fields, names, body);
        fields.finish();
        Some(state)
    }

    fn parse_common(name: &Arc<str>, fields: &Fields<'_>, names: &Names<'_>, body: Body) -> State {
        let is_path = fields.language == QueryLanguage::JsonPath;
        let has_result = matches!(body, Body::Pass(_) | Body::Task(_) | Body::Parallel(_) | Body::Map(_));
        let can_catch = matches!(body, Body::Task(_) | Body::Parallel(_) | Body::Map(_));
        let is_fail = matches!(body, Body::Fail(_));
        let mut state = State {
            name: name.clone(),
            language: fields.language,
            input_path: DataPath::All,
            output_path: DataPath::All,
            result_path: ResultPath::Replace,
            result_selector: None,
            output: None,
            assign: None,
            next: None,
            retry: Vec::new(),
            catch: Vec::new(),
            body,
        };
        if is_path && !is_fail {
            state.input_path = fields.data_path("InputPath");
            state.output_path = fields.data_path("OutputPath");
        }
        if is_path && has_result {
            state.result_path = fields.result_path();
        }
        if is_path && can_catch {
            state.result_selector = fields.template("ResultSelector", "ResultSelector");
        }
        if !is_path {
            fields.refuse(
                &[
                    "InputPath",
                    "OutputPath",
                    "ResultPath",
                    "ResultSelector",
                    "Parameters",
                    "ItemsPath",
                ],
                "JSONata",
            );
            if !is_fail {
                state.output = fields.template("Output", "Output");
            }
        } else {
            fields.refuse(&["Output", "Arguments", "Items"], "JSONPath");
        }
        if !is_fail && !matches!(state.body, Body::Succeed) {
            state.assign = Assign::parse(fields, "Assign");
        }
        if can_catch {
            state.retry = Retrier::parse_all(fields);
            state.catch = Catcher::parse_all(fields, names);
        }
        if !matches!(state.body, Body::Choice(_) | Body::Succeed | Body::Fail(_)) {
            state.next = transition(fields, names);
        }
        state
    }

    /// The type.
    pub(crate) fn kind(&self) -> StateKind {
        match self.body {
            Body::Pass(_) => StateKind::Pass,
            Body::Task(_) => StateKind::Task,
            Body::Choice(_) => StateKind::Choice,
            Body::Wait(_) => StateKind::Wait,
            Body::Succeed => StateKind::Succeed,
            Body::Fail(_) => StateKind::Fail,
            Body::Parallel(_) => StateKind::Parallel,
            Body::Map(_) => StateKind::Map,
        }
    }

    /// Whether the type knows `Retry`.
    pub(crate) fn can_be_retried(&self) -> bool {
        matches!(self.body, Body::Task(_) | Body::Parallel(_) | Body::Map(_))
    }

    /// The states that can come next.
    pub(crate) fn targets(&self) -> Vec<usize> {
        let mut targets: Vec<usize> = self
            .next
            .into_iter()
            .chain(self.catch.iter().map(|it| it.next))
            .collect();
        if let Body::Choice(choice) = &self.body {
            targets.extend(choice.targets());
        }
        targets
    }

    /// Whether the flow can end here.
    pub(crate) fn is_terminal(&self) -> bool {
        match &self.body {
            Body::Choice(_) => false,
            Body::Succeed | Body::Fail(_) => true,
            _ => self.next.is_none(),
        }
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
        let exit = match self.language {
            QueryLanguage::Jsonata => {
                let scope = Scope {
                    result: scope.result.or(Some(&result)),
                    ..*scope
                };
                self.exit_with(&scope, &result, self.output.as_ref(), self.assign.as_ref())?
            }
            QueryLanguage::JsonPath => {
                let result = match &self.result_selector {
                    Some(selector) => selector.evaluate(&scope.with_input(&result))?,
                    None => result,
                };
                let assigned = match &self.assign {
                    Some(assign) => Some(assign.evaluate(&scope.with_input(&result))?),
                    None => None,
                };
                Exit {
                    output: self.output_path(scope, self.place(scope.state_input, result)?)?,
                    assigned,
                }
            }
        };
        self.check_size(scope, &exit.output)?;
        Ok(exit)
    }

    /// What a state hands on that has nothing but its input: Choice, Wait and Succeed in JSONPath.
    pub(crate) fn exit_unchanged(&self, scope: &Scope<'_>, assign: Option<&Assign>) -> Result<Exit, StateError> {
        let input = self.effective_input(scope)?;
        let assigned = match assign {
            Some(assign) => Some(assign.evaluate(&scope.with_input(&input))?),
            None => None,
        };
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
        let assigned = match assign {
            Some(assign) => Some(assign.evaluate(scope)?),
            None => None,
        };
        let output = match output {
            Some(template) => template.evaluate(scope)?,
            None => result.clone(),
        };
        self.check_size(scope, &output)?;
        Ok(Exit { output, assigned })
    }

    /// The state's own `Output`.
    pub(crate) fn output_template(&self) -> Option<&Template> {
        self.output.as_ref()
    }

    /// The state's own `Assign`.
    pub(crate) fn assign(&self) -> Option<&Assign> {
        self.assign.as_ref()
    }

    /// Puts a result in its place in the input.
    fn place(&self, input: &Json, result: Json) -> Result<Json, StateError> {
        place(&self.result_path, input, result)
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

/// Whether a value is within the quota, and nests no deeper than can be carried.
pub(crate) fn check(name: &str, value: &Json) -> Result<(), StateError> {
    value.within(MAX_PAYLOAD).map_err(|excess| match excess {
        Excess::Long => StateError::TooLong(too_long(name)),
        Excess::Deep => StateError::Runtime(format!("The data of '{name}' nests more than {MAX_DEPTH} levels deep.")),
    })
}

/// Puts a result in its place in an input.
pub(crate) fn place(path: &ResultPath, input: &Json, result: Json) -> Result<Json, StateError> {
    match path {
        ResultPath::Replace => Ok(result),
        ResultPath::Discard => Ok(input.clone()),
        ResultPath::Into(path) => path
            .write(input, result)
            .map_err(|why| StateError::Failure(crate::expression::Failure::new("States.ResultPathMatchFailure", why))),
    }
}

/// AWS's sentence about a result beyond the quota.
pub(crate) fn too_long(name: &str) -> String {
    format!(
        "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    )
}

/// `Next` or `End`, of which there must be one.
fn transition(fields: &Fields<'_>, names: &Names<'_>) -> Option<usize> {
    let is_end = fields.boolean("End");
    let has_next = fields.has("Next");
    match (has_next, is_end) {
        (true, Some(true)) => fields.error_here("A state cannot have both 'Next' and 'End'"),
        (false, None | Some(false)) => fields.error_here("A state must have either 'Next' or 'End'"),
        _ => {}
    }
    if has_next { names.resolve(fields, "Next") } else { None }
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
            if &**name == "states" || !is_variable(name) {
                fields.error(key, format!("'{name}' cannot be the name of a variable"));
            }
        }
        Some(Assign(template))
    }

    /// The variables, sorted by name.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Assigned, StateError> {
        let mut values = Vec::with_capacity(self.0.len());
        for (name, template) in &self.0 {
            let value = template.evaluate(scope)?;
            check(name, &value)?;
            values.push((name.clone(), value));
        }
        values.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Arc::new(values))
    }
}

fn is_variable(name: &str) -> bool {
    name.chars().count() <= 80
        && name
            .chars()
            .enumerate()
            .all(|(at, c)| c == '_' || c.is_alphabetic() || at > 0 && c.is_numeric())
}
