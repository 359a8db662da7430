//! A job gets an answer whatever happens: there is one for a panic, and one for when the time is nearly over.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use shared::deadline::in_time;
use shared::ports::code_pipeline::FailureType;
use shared::time::{Clock, Timestamp};

use crate::plan::{Answer, missed};
use crate::token::{Retry, Token};

/// What is said of work that was cut off.
pub(super) const TIME_IS_OVER: &str = "the function's time was nearly over";

/// What is known of a job while it is worked on.
#[derive(Debug)]
pub(super) struct Watch(Mutex<Known>);

#[derive(Debug)]
struct Known {
    /// What the job came with.
    came_with: Token,
    token: Token,
    express: bool,
    /// The execution that this call started or redrove.
    put_to_work: Option<String>,
}

impl Watch {
    pub(super) fn new(token: Token) -> Self {
        Self(Mutex::new(Known {
            came_with: token.clone(),
            token,
            express: false,
            put_to_work: None,
        }))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job came with a token.
    pub(super) fn came_with(&self, token: &Token) {
        let mut known = self.known();
        known.came_with = token.clone();
        known.token = token.clone();
    }

    /// An execution is there that further calls will follow.
    pub(super) fn follows(&self, token: &Token) {
        self.known().token = token.clone();
    }

    /// This call started or redrove an execution: if its answer comes too late, nobody else knows of it.
    pub(super) fn puts_to_work(&self, execution: &str) {
        self.known().put_to_work = Some(execution.to_owned());
    }

    /// The execution that this call started or redrove, if any. With it come the tokens that another delivery of the
    /// job may have answered with.
    pub(super) fn put_to_work(&self) -> Option<(String, [Token; 4])> {
        let known = self.known();
        let tokens = [
            known.came_with.missed(),
            known.came_with.decided(Some(Retry::StartAnew)),
            known.token.clone(),
            known.token.missed(),
        ];
        known.put_to_work.clone().map(|execution| (execution, tokens))
    }

    /// An Express execution is waited for, which no further call could follow.
    pub(super) fn waits_for_express(&self) {
        self.known().express = true;
    }

    /// An Express execution has ended.
    pub(super) fn express_ended(&self, execution: &str) {
        self.known().token.execution = Some(execution.to_owned());
    }

    /// The answer when the time is nearly over.
    fn out_of_time(&self) -> Answer {
        let known = self.known();
        match (known.express, &known.token.execution) {
            (false, _) => missed(&known.token, TIME_IS_OVER),
            (true, None) => Answer::fail(
                FailureType::ConfigurationError,
                "The Express execution did not end within the function's time and may still be running. Give the \
                 function a longer timeout than the execution takes (at most 5 minutes), or make the state machine \
                 a Standard one.",
            ),
            (true, Some(execution)) => Answer::fail(
                FailureType::SystemUnavailable,
                format!(
                    "The execution {execution} has ended, but the function's time was over before its output was written."
                ),
            ),
        }
    }

    /// The answer after a panic. The panic hook has logged where it was.
    fn panicked(&self) -> Answer {
        let rest = match &self.known().token.execution {
            Some(execution) => format!("The execution {execution} may still be running."),
            None => "An execution may have been started.".to_owned(),
        };
        let message = format!("The function panicked, which is a fault in it; its log says where. {rest}");
        Answer::fail(FailureType::SystemUnavailable, message)
    }

    /// The execution that the job is about, as far as one is known.
    pub(super) fn execution(&self) -> Option<String> {
        self.known().token.execution.clone()
    }
}

/// The work panicked. The panic hook has logged where.
#[derive(Debug)]
pub(super) struct Panicked;

/// Has work done that may panic: then it is not polled again.
pub(super) async fn unwinding<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    std::future::poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            // This future is ready, and done with.
            Err(_panic) => Poll::Ready(Err(Panicked)),
        },
    )
    .await
}

/// Has the work done, until it is done, panics or the deadline has come.
pub(super) async fn guarded(
    work: impl Future<Output = Answer>,
    watch: &Watch,
    clock: &impl Clock,
    deadline: Option<Timestamp>,
) -> Answer {
    match in_time(unwinding(work), clock, deadline).await {
        Some(Ok(answer)) => answer,
        Some(Err(Panicked)) => watch.panicked(),
        None => {
            tracing::warn!("the function's time is nearly over: the job is answered with what is known");
            watch.out_of_time()
        }
    }
}
