//! Lambda's Runtime API for one process, which notes when the process asks and when it answers.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use crate::message::{Reply, Request};
use crate::server::Server;

/// How long a process may do nothing before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The ARN that functions are told to be invoked by.
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

/// How an invocation ended: with an answer, or with the error that Lambda is told (`errorType`, `errorMessage`).
pub type Answer = Result<Value, Value>;

/// What the process did, and when.
#[derive(Debug)]
enum Deed {
    /// It asked for the next event.
    Asked(Instant),
    /// It answered an event, or reported an error.
    Ended(Instant, Answer),
}

/// One process's Runtime API.
#[derive(Debug)]
pub struct RuntimeApi {
    events: mpsc::UnboundedSender<String>,
    deeds: Receiver<Deed>,
    server: Server,
}

/// Its side of the wire.
struct Lambda {
    events: Mutex<mpsc::UnboundedReceiver<String>>,
    deeds: Sender<Deed>,
    services: Box<Services>,
}

/// Answers a call by its target (`AmazonSSM.GetParameters`) and body.
type Services = dyn Fn(&str, &Value) -> Reply + Send + Sync;

impl RuntimeApi {
    /// The Runtime API, with nothing beside it.
    #[must_use]
    pub fn start() -> Self {
        Self::beside(|target, _| panic!("there is no {target} here"))
    }

    /// The Runtime API with AWS's services at the same address, which answer a call by its target
    /// (`AmazonSSM.GetParameters`) and body.
    pub fn beside(services: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        let (events, waiting) = mpsc::unbounded_channel();
        let (noted, deeds) = channel();
        let lambda = Arc::new(Lambda {
            events: Mutex::new(waiting),
            deeds: noted,
            services: Box::new(services),
        });
        let server = Server::start(move |request| {
            let lambda = Arc::clone(&lambda);
            async move { lambda.answer(&request).await }
        });
        Self { events, deeds, server }
    }

    /// Where it listens: the value of `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Has an event ready for when the process asks.
    ///
    /// # Panics
    /// When the server is gone.
    pub fn hand_over(&self, event: String) {
        self.events.send(event).expect("the Runtime API is there");
    }

    /// When the process asked for its next event.
    ///
    /// # Errors
    /// What else it did.
    pub fn asked(&self) -> Result<Instant, String> {
        match self.deeds.recv_timeout(PATIENCE) {
            Ok(Deed::Asked(at)) => Ok(at),
            Ok(Deed::Ended(_, Ok(answer))) => Err(format!("expected a request for the next event, got {answer}")),
            Ok(Deed::Ended(_, Err(error))) => Err(error.to_string()),
            Err(_) => Err(nothing()),
        }
    }

    /// How an invocation ended, and when.
    ///
    /// # Errors
    /// When it does not.
    pub fn ended(&self) -> Result<(Instant, Answer), String> {
        loop {
            match self.deeds.recv_timeout(PATIENCE) {
                Ok(Deed::Ended(at, answer)) => return Ok((at, answer)),
                Ok(Deed::Asked(_)) => {}
                Err(_) => return Err(nothing()),
            }
        }
    }

    /// How an invocation ended, if it has.
    pub(crate) fn has_ended(&self) -> Option<Answer> {
        self.deeds.try_iter().find_map(|deed| match deed {
            Deed::Ended(_, answer) => Some(answer),
            Deed::Asked(_) => None,
        })
    }
}

fn nothing() -> String {
    format!("the process did nothing for {PATIENCE:?}")
}

impl Lambda {
    async fn answer(&self, request: &Request) -> Reply {
        if let Some(target) = request.header("x-amz-target") {
            return (self.services)(target, &request.json());
        }
        if request.path().ends_with("/invocation/next") {
            self.note(Deed::Asked(Instant::now()));
            let Some(event) = self.events.lock().await.recv().await else {
                return Reply::cut_off();
            };
            return Reply::new(200, event)
                .header("content-type", "application/json")
                .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                // A deadline that never comes.
                .header("lambda-runtime-deadline-ms", "99999999999999")
                .header("lambda-runtime-invoked-function-arn", FUNCTION_ARN);
        }
        let (now, body) = (Instant::now(), request.json());
        let is_error = request.path().ends_with("/error");
        self.note(Deed::Ended(now, if is_error { Err(body) } else { Ok(body) }));
        Reply::new(202, "null")
    }

    /// Nobody may want to know any more.
    fn note(&self, deed: Deed) {
        let _ = self.deeds.send(deed);
    }
}
