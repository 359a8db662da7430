//! The decisions: what to read for a request, and what its answer is. Pure: no call to AWS, no clock, no environment.

mod tree;

use serde_json::{Map, Value};
use shared::parameters::{Parameter, ParameterPath, ParameterReference, Problem, ProblemKind, Problems, Want};

use crate::event::{Asked, Field, Request, Source};

/// What is found below a path: its parameters, or everything that is wrong.
type Below = Result<Vec<Parameter>, Vec<Problem>>;

/// What to read for a request: all its parameters together, and all its paths.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) names: Vec<(ParameterReference, Want)>,
    /// Each path, and whether all levels below it are read.
    pub(crate) paths: Vec<(ParameterPath, bool, Want)>,
}

impl Plan {
    pub(crate) fn of(request: &Request) -> Self {
        let (mut names, mut paths) = (Vec::new(), Vec::new());
        for asked in request.fields.iter().filter_map(|field| field.asked.as_ref().ok()) {
            match &asked.source {
                Source::Parameter(reference) => names.push((reference.clone(), asked.want())),
                Source::Path { path, recursive } => paths.push((path.clone(), *recursive, asked.want())),
            }
        }
        Self { names, paths }
    }
}

/// The answer, or everything that is wrong. `found` and `below` are what was read, in the order of [`Plan`].
pub(crate) fn conclude(
    request: &Request,
    found: Vec<Result<Parameter, Problem>>,
    below: Vec<Below>,
) -> Result<Map<String, Value>, Problems> {
    let (mut found, mut below) = (found.into_iter(), below.into_iter());
    let (mut answer, mut problems) = (Map::new(), Vec::new());
    for Field { key, asked } in &request.fields {
        let value = match asked {
            Err(problem) => Err(vec![problem.clone()]),
            Ok(asked) => match &asked.source {
                Source::Parameter(_) => found.next().map_or_else(unread, |found| of_parameter(asked, found)),
                Source::Path { path, .. } => below.next().map_or_else(unread, |below| of_path(asked, path, below)),
            },
        };
        match value {
            Ok(value) => drop(answer.insert(key.clone(), value)),
            Err(found) => problems.extend(found.into_iter().map(|problem| problem.about(key))),
        }
    }
    Problems::of(problems).map(|()| answer)
}

/// The value of a field that asks for a parameter.
fn of_parameter(asked: &Asked, found: Result<Parameter, Problem>) -> Result<Value, Vec<Problem>> {
    match found {
        Ok(parameter) => asked.wanted.value_of(&parameter).map_err(|problem| vec![problem]),
        Err(problem) => or_default(asked, problem),
    }
}

/// The value of a field that asks for everything below a path.
fn of_path(asked: &Asked, path: &ParameterPath, below: Below) -> Result<Value, Vec<Problem>> {
    let parameters = below?;
    if parameters.is_empty() {
        let message = format!("there is no parameter below `{path}`");
        return or_default(asked, Problem::new(ProblemKind::ParameterNotFound, message));
    }
    tree::nest(path, &parameters, asked.wanted)
}

/// The default, if the parameter does not exist. No other problem is replaced by a default.
fn or_default(asked: &Asked, problem: Problem) -> Result<Value, Vec<Problem>> {
    match (&asked.default, problem.kind) {
        (Some(default), ProblemKind::ParameterNotFound) => Ok(default.clone()),
        _ => Err(vec![problem]),
    }
}

/// Parameter Store answers for every field that was read, so this is never the value of one.
fn unread() -> Result<Value, Vec<Problem>> {
    let message = "it was not read";
    Err(vec![Problem::new(ProblemKind::ParameterStoreUnavailable, message)])
}
