//! The handler: it reads a request, has its parameters read, and answers.

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::deadline::{Deadline, of_invocation};
use shared::json::Raw;
use shared::parameters::{Parameters, Problem, ProblemKind, Problems};
use shared::time::Clock;

use crate::error::HandlerError;
use crate::event::Request;
use crate::plan::{Plan, conclude};
use crate::ports::Store;
use crate::settings::Settings;

/// The function: Parameter Store, with the values that it has read.
#[derive(Debug)]
pub struct ResolveParameters<P> {
    parameters: Parameters<P>,
}

impl<P: Store> ResolveParameters<P> {
    /// A function with these settings that reads through `port`.
    pub fn new(settings: Settings, port: P) -> Self {
        Self {
            parameters: Parameters::new(port, settings.time_to_live).allowing_secure(settings.allowed_secure),
        }
    }

    /// What the function reads through.
    pub fn port(&self) -> &P {
        self.parameters.port()
    }

    /// Answers a request as [`handle`](Self::handle) does. The numbers in it stay as they are written: a `default` is
    /// part of the answer.
    ///
    /// # Errors
    /// [`HandlerError`] with everything that is wrong with the request.
    pub async fn handle_text(
        &self,
        event: LambdaEvent<Box<RawValue>>,
        clock: &impl Clock,
    ) -> Result<Value, HandlerError> {
        let request = Raw::of(&event.payload).read().map_err(|error| {
            let problem = Problem::new(ProblemKind::ParameterInvalid, format!("the request: {error}"));
            failed(problem.into())
        })?;
        self.handle(LambdaEvent::new(request, event.context), clock).await
    }

    /// Answers a request with the values of its parameters, under the same keys and in the same order. The answer comes
    /// before Lambda ends the invocation: if Parameter Store is too slow, values that were read before are used.
    ///
    /// # Errors
    /// [`HandlerError`] with everything that is wrong with the request.
    pub async fn handle(&self, event: LambdaEvent<Value>, clock: &impl Clock) -> Result<Value, HandlerError> {
        let now = clock.now();
        let deadline = Deadline::new(clock, of_invocation(event.context.deadline, now));
        let request = Request::parse(&event.payload).map_err(failed)?;
        let Plan { names, paths } = Plan::of(&request);
        let found = self.parameters.get_within(&names, now, &deadline).await;
        let below = self.parameters.get_by_paths(&paths, now, &deadline).await;
        let answer = conclude(&request, found, below).map_err(failed)?;
        tracing::info!(parameters = answer.len(), "parameters resolved");
        Ok(Value::Object(answer))
    }
}

fn failed(problems: Problems) -> HandlerError {
    tracing::error!(error.kind = %problems.kind(), error = %problems, "parameters not resolved");
    HandlerError(problems)
}
