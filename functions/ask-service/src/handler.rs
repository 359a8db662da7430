//! The handler: it reads a request, asks the service, and answers.

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::deadline::{in_time, of_invocation};
use shared::json::Raw;
use shared::time::Clock;

use crate::error::AskError;
use crate::event::Request;
use crate::plan::{conclude, healthy};
use crate::ports::{Get, NotReached, Reply};

/// The function.
#[derive(Debug)]
pub struct AskService<P> {
    port: P,
}

impl<P: Get> AskService<P> {
    /// A function that asks through `port`.
    pub const fn new(port: P) -> Self {
        Self { port }
    }

    /// Answers a request as [`handle`](Self::handle) does.
    ///
    /// # Errors
    /// [`AskError`], by a name that a state machine can catch.
    pub async fn handle_text(&self, event: LambdaEvent<Box<RawValue>>, clock: &impl Clock) -> Result<Value, AskError> {
        let request = Raw::of(&event.payload)
            .read()
            .map_err(|error| failed(AskError::InputInvalid(format!("the request: {error}"))))?;
        self.handle(LambdaEvent::new(request, event.context), clock).await
    }

    /// Asks the service whether it is healthy (`/ping`) and what it serves (`/version`), and answers with the latter. The
    /// answer comes before Lambda ends the invocation.
    ///
    /// # Errors
    /// [`AskError`], by a name that a state machine can catch.
    pub async fn handle(&self, event: LambdaEvent<Value>, clock: &impl Clock) -> Result<Value, AskError> {
        let request = Request::parse(&event.payload).map_err(failed)?;
        let end = of_invocation(event.context.deadline, clock.now());
        let ask = async |path: &str| -> Result<(String, Reply), AskError> {
            let url = format!("{}{path}", request.url);
            let late = || NotReached("no answer came in the time that the function has".to_owned());
            let reply = in_time(self.port.get(&url), clock, end).await;
            match reply.unwrap_or_else(|| Err(late())) {
                Ok(reply) => Ok((url, reply)),
                Err(NotReached(reason)) => Err(AskError::ServiceNotReached { url, reason }),
            }
        };
        let asked = async {
            let (url, reply) = ask("/ping").await?;
            healthy(&url, &reply)?;
            let (url, reply) = ask("/version").await?;
            conclude(&request, &url, &reply)
        };
        let said = asked.await.map_err(failed)?;
        tracing::info!(url = request.url, "the service serves what is expected");
        Ok(said)
    }
}

fn failed(error: AskError) -> AskError {
    tracing::error!(error.kind = error.name(), error = %error, "the service is not what it should be");
    error
}
