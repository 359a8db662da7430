//! From a request to its answer: read what it asks for, then put the answer together.

use serde_json::{Map, Value};
use shared::deadline::Deadline;
use shared::parameters::{
    GetParameters, GetParametersByPath, Parameter, ParameterPath, Parameters, Problem, ProblemKind, Problems,
};
use shared::time::{Clock, Timestamp};

use crate::request::{Asked, Request, Source};
use crate::tree;

/// What was read for one field of the request.
pub(crate) enum Reading<'a> {
    /// Nothing: the request itself says it wrong.
    Refused(&'a Problem),
    /// A parameter.
    Parameter(&'a Asked, Result<Parameter, Problem>),
    /// What is below a path.
    Below(&'a Asked, &'a ParameterPath, Result<Vec<Parameter>, Vec<Problem>>),
}

/// Reads what each field asks for, in the fields' order: all parameters together, then all paths.
pub(crate) async fn read<'a, P, C>(
    request: &'a Request,
    parameters: &Parameters<P>,
    now: Timestamp,
    deadline: &Deadline<'_, C>,
) -> Vec<Reading<'a>>
where
    P: GetParameters + GetParametersByPath,
    C: Clock,
{
    let (mut names, mut paths) = (Vec::new(), Vec::new());
    for asked in request.fields.iter().filter_map(|field| field.asked.as_ref().ok()) {
        match &asked.source {
            Source::Parameter(reference) => names.push((reference.clone(), asked.want())),
            Source::Path { path, recursive } => paths.push((path.clone(), *recursive, asked.want())),
        }
    }
    let mut found = parameters.get_within(&names, now, deadline).await.into_iter();
    let mut below = parameters.get_by_paths(&paths, now, deadline).await.into_iter();
    let reading = |field: &'a crate::request::Field| match &field.asked {
        Err(problem) => Some(Reading::Refused(problem)),
        Ok(asked) => match &asked.source {
            Source::Parameter(_) => Some(Reading::Parameter(asked, found.next()?)),
            Source::Path { path, .. } => Some(Reading::Below(asked, path, below.next()?)),
        },
    };
    request.fields.iter().filter_map(reading).collect()
}

/// Puts together the answer, or everything that stands in its way.
pub(crate) fn conclude(request: &Request, readings: Vec<Reading<'_>>) -> Result<Map<String, Value>, Problems> {
    let (mut answer, mut problems) = (Map::new(), Vec::new());
    for (field, reading) in request.fields.iter().zip(readings) {
        match value_of(reading) {
            Ok(value) => drop(answer.insert(field.key.clone(), value)),
            Err(found) => problems.extend(found.into_iter().map(|problem| problem.about(&field.key))),
        }
    }
    Problems::of(problems).map(|()| answer)
}

/// What a field becomes.
fn value_of(reading: Reading<'_>) -> Result<Value, Vec<Problem>> {
    match reading {
        Reading::Refused(problem) => Err(vec![problem.clone()]),
        Reading::Parameter(asked, Ok(parameter)) => asked.wanted.value_of(&parameter).map_err(|problem| vec![problem]),
        Reading::Parameter(asked, Err(problem)) => or_default(asked, problem),
        Reading::Below(asked, path, Ok(parameters)) if parameters.is_empty() => {
            let message = format!("there is no parameter below `{path}`");
            or_default(asked, Problem::new(ProblemKind::ParameterNotFound, message))
        }
        Reading::Below(asked, path, Ok(parameters)) => tree::nest(path, &parameters, asked.wanted),
        Reading::Below(_, _, Err(problems)) => Err(problems),
    }
}

/// A default stands in for what is not there, and for nothing else.
fn or_default(asked: &Asked, problem: Problem) -> Result<Value, Vec<Problem>> {
    match (&asked.default, problem.kind) {
        (Some(default), ProblemKind::ParameterNotFound) => Ok(default.clone()),
        _ => Err(vec![problem]),
    }
}
