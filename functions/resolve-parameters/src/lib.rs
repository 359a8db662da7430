//! Lambda function for state machines: references to Parameter Store in, typed values out.
//!
//! - [`Request`] is what is asked for, [`As`] what a value is to be, and both are pure.
//! - Reading is [`shared::parameters`]: batches, pages, the cache, and which SecureStrings are handed out.
//! - [`ResolveError`] tells all problems of a request at once, under a name that a state machine can catch.
//!
//! What is absent: no value is ever logged or part of an error, and a SecureString reaches a state machine's history only
//! where the deployment allows its path.

mod answer;
mod config;
mod error;
mod request;
mod tree;
mod typed;

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::deadline::{Deadline, of_invocation};
use shared::json::Raw;
use shared::parameters::{GetParameters, GetParametersByPath, Parameters, Problem, ProblemKind, Problems};
use shared::time::Clock;

pub use config::{Config, ConfigError};
pub use error::ResolveError;
pub use request::Request;
pub use typed::As;

/// Answers a request as [`handle`] does, with the numbers in it as they are written: a `default` is part of the answer.
///
/// # Errors
/// [`ResolveError`] with everything that is wrong with the request.
pub async fn handle_text<P, C>(
    event: LambdaEvent<Box<RawValue>>,
    parameters: &Parameters<P>,
    clock: &C,
) -> Result<Value, ResolveError>
where
    P: GetParameters + GetParametersByPath,
    C: Clock,
{
    let request = Raw::of(&event.payload).read().map_err(|error| {
        let problem = Problem::new(ProblemKind::ParameterInvalid, format!("the request: {error}"));
        report(problem.into())
    })?;
    handle(LambdaEvent::new(request, event.context), parameters, clock).await
}

/// Answers a request with the values of its parameters, under the same keys and in the same order, before Lambda ends the
/// invocation: where Parameter Store does not answer in time, with what was read before.
///
/// # Errors
/// [`ResolveError`] with everything that is wrong with the request.
pub async fn handle<P, C>(
    event: LambdaEvent<Value>,
    parameters: &Parameters<P>,
    clock: &C,
) -> Result<Value, ResolveError>
where
    P: GetParameters + GetParametersByPath,
    C: Clock,
{
    let now = clock.now();
    let deadline = Deadline::new(clock, of_invocation(event.context.deadline, now));
    let request = Request::parse(&event.payload).map_err(report)?;
    let readings = answer::read(&request, parameters, now, &deadline).await;
    let answer = answer::conclude(&request, readings).map_err(report)?;
    tracing::info!(parameters = answer.len(), "parameters resolved");
    Ok(Value::Object(answer))
}

fn report(problems: Problems) -> ResolveError {
    tracing::error!(error.kind = %problems.kind(), error = %problems, "parameters not resolved");
    ResolveError(problems)
}
