//! One execution environment: a process that runs a function's binary, one invocation at a time.
//!
//! The process asks for its next event over the Runtime API, and answers over it. This is Lambda's side. See
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.

use crate::machine;
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::process::Child;
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// An event on its way to the process.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) payload: Value,
    pub(super) deadline_ms: u128,
    pub(super) trace_id: String,
}

/// What the process answered to an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// `/response`.
    Response(Value),
    /// `/error`, with the diagnostic that the function sent.
    Error(Value),
}

/// How far the process has come.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    /// It has not asked for an event yet.
    Starting,
    /// It asked for its first event, this long after its start.
    Ready(Duration),
    /// It reported that it cannot start (`/init/error`), with its diagnostic.
    InitFailed(Value),
    /// It has ended. Says why, in Lambda's words.
    Exited(String),
}

/// The invocation that the process works on.
#[derive(Debug)]
struct Current {
    request_id: String,
    answer: oneshot::Sender<Answer>,
}

/// A process of a function.
#[derive(Debug)]
pub(super) struct Environment {
    /// Its id, which its log stream's name ends with.
    pub(super) id: String,
    /// The log stream of what it prints.
    pub(super) stream: String,
    /// The ARN of the function that it runs.
    pub(super) function_arn: String,
    pid: u32,
    /// When the credentials that it was started with stop working.
    expires: Timestamp,
    born: Instant,
    inbox: tokio::sync::Mutex<mpsc::UnboundedReceiver<Work>>,
    outbox: mpsc::UnboundedSender<Work>,
    current: Mutex<Option<Current>>,
    phase: watch::Sender<Phase>,
    /// Whether it has asked for an event that it has not got yet.
    asks: watch::Sender<bool>,
    kill: Notify,
}

impl Environment {
    /// A process that has been started.
    pub(super) fn of(id: String, stream: String, function_arn: String, pid: u32, expires: Timestamp) -> Self {
        let (outbox, inbox) = mpsc::unbounded_channel();
        Self {
            id,
            stream,
            function_arn,
            pid,
            expires,
            born: Instant::now(),
            inbox: tokio::sync::Mutex::new(inbox),
            outbox,
            current: Mutex::default(),
            phase: watch::Sender::new(Phase::Starting),
            asks: watch::Sender::new(false),
            kill: Notify::new(),
        }
    }

    /// Tells those who wait that the process has ended, and how.
    pub(super) fn has_ended(&self, how: String) {
        self.phase.send_replace(Phase::Exited(how));
    }

    /// Waits until the process has ended, by itself or by [`Self::kill`], and says how. What it started ends with it.
    pub(super) async fn outlive(&self, child: &mut Child) -> String {
        let status = tokio::select! {
            status = child.wait() => status,
            () = self.kill.notified() => {
                self.end_group();
                child.wait().await
            }
        };
        // One that ended by itself may have left others, which Lambda's sandbox would not let live on either.
        self.end_group();
        match status {
            Ok(status) => exit_words(status),
            Err(error) => error.to_string(),
        }
    }

    /// Ends the process and those that it started.
    fn end_group(&self) {
        if let Some(group) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            // Nothing is left to be killed where it fails.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Ends the process.
    pub(super) fn kill(&self) {
        self.kill.notify_one();
    }

    /// Whether the process can take another event.
    pub(super) fn is_alive(&self) -> bool {
        !matches!(*self.phase.borrow(), Phase::Exited(_) | Phase::InitFailed(_))
    }

    /// Whether its credentials hold for an invocation that takes this long.
    pub(super) fn has_time_for(&self, timeout: Duration) -> bool {
        Timestamp::now().duration_until(self.expires)
            >= SignedDuration::try_from(timeout).unwrap_or(SignedDuration::MAX)
    }

    /// Waits until the process has asked for its first event, or will not do so any more.
    pub(super) async fn started(&self) -> Phase {
        let mut phase = self.phase.subscribe();
        phase
            .wait_for(|phase| *phase != Phase::Starting)
            .await
            .map_or_else(|_| Phase::Exited("its watcher is gone".into()), |phase| phase.clone())
    }

    /// Waits until the process asks for an event once more: some end after their last answer. Whether it does in time.
    pub(super) async fn asks_again(&self, within: Duration) -> bool {
        let mut asks = self.asks.subscribe();
        tokio::select! {
            asked = asks.wait_for(|asks| *asks) => asked.is_ok(),
            _ = self.exited() => false,
            () = tokio::time::sleep(within) => false,
        }
    }

    /// Waits until the process is gone and all that it printed has been read; says how it ended.
    pub(super) async fn exited(&self) -> String {
        let mut phase = self.phase.subscribe();
        match phase
            .wait_for(|phase| matches!(phase, Phase::Exited(_)))
            .await
            .as_deref()
        {
            Ok(Phase::Exited(how)) => how.clone(),
            _ => "its watcher is gone".into(),
        }
    }

    /// Hands an event to the process; the answer arrives on the receiver, which is closed if there will be none.
    pub(super) fn submit(&self, work: Work) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        *self.current() = Some(Current {
            request_id: work.request_id.clone(),
            answer,
        });
        // Fails only when the process is gone, which whoever waits sees by itself.
        let _ = self.outbox.send(work);
        receiver
    }

    /// The Runtime API's `next`: waits for an event. None when none will come.
    pub(super) async fn next(&self) -> Option<Work> {
        self.phase.send_if_modified(|phase| {
            let first = *phase == Phase::Starting;
            if first {
                *phase = Phase::Ready(self.born.elapsed());
            }
            first
        });
        self.asks.send_replace(true);
        let work = self.inbox.lock().await.recv().await;
        self.asks.send_replace(false);
        work
    }

    /// The Runtime API's `response` and `error`: whether the process works on `request_id`.
    pub(super) fn answer(&self, request_id: &str, answer: Answer) -> bool {
        let current = self.current().take_if(|current| current.request_id == request_id);
        match current {
            // Nobody waits any more where the time was over a moment ago.
            Some(current) => current.answer.send(answer).is_ok(),
            None => false,
        }
    }

    /// The Runtime API's `init/error`.
    pub(super) fn init_failed(&self, diagnostic: Value) {
        self.phase.send_replace(Phase::InitFailed(diagnostic));
    }

    /// The process's peak memory so far. None if it has ended, or the system does not tell.
    pub(super) async fn peak_memory_mb(&self) -> Option<u32> {
        let kilobytes = machine::this().peak_kilobytes(self.pid).await?;
        u32::try_from(kilobytes.div_ceil(1024)).ok()
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How Lambda words the end of a process.
fn exit_words(status: ExitStatus) -> String {
    if let Some(signal) = status.signal() {
        return match Signal::from_named_raw(signal) {
            Some(Signal::ABORT) => "signal: aborted".into(),
            Some(Signal::KILL) => "signal: killed".into(),
            Some(Signal::SEGV) => "signal: segmentation fault".into(),
            Some(Signal::TERM) => "signal: terminated".into(),
            _ => format!("signal: {signal}"),
        };
    }
    match status.code() {
        Some(0) => "Runtime exited without providing a reason".into(),
        Some(code) => format!("exit status {code}"),
        None => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_process_has_lambdas_words() {
        for (status, words) in [
            (0, "Runtime exited without providing a reason"),
            (3 << 8, "exit status 3"),
            (6, "signal: aborted"),
            (9, "signal: killed"),
            (11, "signal: segmentation fault"),
            (15, "signal: terminated"),
            (1, "signal: 1"),
        ] {
            assert_eq!(exit_words(ExitStatus::from_raw(status)), words);
        }
    }
}
