//! Invocations: synchronous ones, which somebody waits for, and asynchronous ones, which Lambda retries by itself.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.

use super::environment::{Answer, Environment, Phase, Work};
use super::functions::Function;
use super::outcome::Outcome;
use super::{Lambda, destination, lock};
use platform::Platform;
use platform::error::ServiceError;
use platform::journal::Happening;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a process may take until it asks for its first event. On AWS it is then started once more, within the first
/// invocation's own time; here it is let go on for as long.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib>.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How long a process that has answered may take until it asks for another event.
const ASKING: Duration = Duration::from_secs(5);

/// Runs an event for a caller who waits for its end. If the caller hangs up, the invocation goes on to its end.
///
/// # Errors
/// TooManyRequestsException if the account runs its most invocations already; and those of [`run`].
pub(super) async fn run_synchronously(
    lambda: &Arc<Lambda>,
    platform: &Arc<Platform>,
    function: &Arc<Function>,
    request_id: &str,
    payload: Value,
) -> Result<Outcome, ServiceError> {
    let turn = lambda.concurrency.turn()?;
    let (lambda, platform) = (Arc::clone(lambda), Arc::clone(platform));
    let (function, request_id) = (Arc::clone(function), request_id.to_owned());
    let work = tokio::spawn(async move {
        let outcome = run(&lambda, &platform, &function, &request_id, payload, 1).await;
        drop(turn);
        outcome
    });
    work.await.unwrap_or_else(|_| {
        Err(ServiceError::new("ServiceException", "the invocation did not come to an end").with_status(500))
    })
}

/// Runs one event through a process of the function, to its end, and writes the REPORT.
///
/// # Errors
/// There is no process to run it: this machine does not have what it needs, or a role that cannot be assumed.
pub(super) async fn run(
    lambda: &Arc<Lambda>,
    platform: &Arc<Platform>,
    function: &Arc<Function>,
    request_id: &str,
    payload: Value,
    attempt: u32,
) -> Result<Outcome, ServiceError> {
    let launch = lambda.launch(platform, function).await?;
    let event = platform.shown(&payload);
    let warm = take_warm(function).await;
    let is_cold = warm.is_none();
    let environment = match warm {
        Some(environment) => environment,
        None => lambda.start_environment(platform, function, &launch)?,
    };
    let (init, refused) = match initialised(&environment, request_id, INIT_LIMIT, function.timeout()).await {
        Ok(init) => (is_cold.then_some(init), None),
        Err(outcome) => (None, Some(outcome)),
    };
    let started = Instant::now();
    let outcome = match refused {
        Some(outcome) => outcome,
        None => drive(function, &environment, request_id, payload).await,
    };
    let duration = started.elapsed();
    let peak = environment.peak_memory_mb().await;
    let stream = environment.stream.clone();
    if environment.is_alive() && !matches!(outcome, Outcome::TimedOut(_) | Outcome::Crashed(_)) {
        lock(&function.warm).push(environment);
    }
    platform.journal.record(Happening::Invocation {
        function: function.name().to_owned(),
        request_id: request_id.to_owned(),
        outcome: outcome.word().to_owned(),
        error: outcome.error().map(|error| platform.secrets.hide(&error).into_owned()),
        duration,
        billed: billed(duration + init.unwrap_or_default()),
        init,
        memory_size_mb: function.configuration.memory_size,
        max_memory_used_mb: peak.unwrap_or_default(),
        attempt,
        event,
        answer: platform.shown(outcome.payload()),
        log_group: function.log_group(),
        log_stream: stream,
    });
    Ok(outcome)
}

/// A process that has answered before and waits for its next event. Lambda gives each of them an end, too: here it comes
/// before its credentials could expire amid an invocation.
async fn take_warm(function: &Function) -> Option<Arc<Environment>> {
    loop {
        let environment = {
            let mut warm = lock(&function.warm);
            warm.retain(|environment| environment.is_alive());
            for expiring in warm.extract_if(.., |environment| !environment.has_time_for(function.timeout())) {
                expiring.kill();
            }
            warm.pop()?
        };
        if environment.asks_again(ASKING).await {
            return Some(environment);
        }
        environment.kill();
    }
}

/// Waits until the process asks for its first event, and says how long that took; or says why it never will. It has `first`
/// and then the time of an invocation.
async fn initialised(
    environment: &Environment,
    request_id: &str,
    first: Duration,
    timeout: Duration,
) -> Result<Duration, Outcome> {
    match tokio::time::timeout(first + timeout, environment.started()).await {
        Ok(Phase::Ready(init)) => Ok(init),
        Ok(Phase::InitFailed(diagnostic)) => {
            environment.kill();
            environment.exited().await;
            Err(Outcome::Crashed(diagnostic))
        }
        Ok(Phase::Exited(how)) => Err(exited(request_id, &how)),
        Ok(Phase::Starting) | Err(_) => {
            environment.kill();
            environment.exited().await;
            Err(timed_out(request_id, timeout))
        }
    }
}

/// Hands the event over. Waits for the answer, the end of the process or the timeout, whichever comes first.
async fn drive(function: &Function, environment: &Environment, request_id: &str, payload: Value) -> Outcome {
    let timeout = function.timeout();
    let deadline = SystemTime::now() + timeout;
    let answer = environment.submit(Work {
        request_id: request_id.to_owned(),
        payload,
        deadline_ms: deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis(),
        trace_id: trace_id(),
    });
    tokio::select! {
        biased;
        Ok(answer) = answer => match answer {
            Answer::Response(payload) => Outcome::Succeeded(payload),
            Answer::Error(diagnostic) => Outcome::Failed(diagnostic),
        },
        how = environment.exited() => exited(request_id, &how),
        () = tokio::time::sleep(timeout) => {
            environment.kill();
            environment.exited().await;
            timed_out(request_id, timeout)
        }
    }
}

fn exited(request_id: &str, how: &str) -> Outcome {
    let message = if how.starts_with("Runtime exited") {
        format!("RequestId: {request_id} Error: {how}")
    } else {
        format!("RequestId: {request_id} Error: Runtime exited with error: {how}")
    };
    Outcome::Crashed(json!({"errorType": "Runtime.ExitError", "errorMessage": message}))
}

fn timed_out(request_id: &str, after: Duration) -> Outcome {
    Outcome::TimedOut(json!({
        "errorType": "Sandbox.Timedout",
        "errorMessage": format!("RequestId: {request_id} Error: Task timed out after {:.2} seconds", after.as_secs_f64()),
    }))
}

/// Billed to the next millisecond, the start included.
///
/// See <https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/>.
fn billed(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

/// A trace header that says that nothing is sampled.
///
/// See <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>.
fn trace_id() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("Root=1-{seconds:08x}-{};Sampled=0", &random[..24])
}

/// Runs an event asynchronously: retried with the same request id and the same event, then given to the destination.
pub(super) fn run_asynchronously(
    lambda: &Arc<Lambda>,
    platform: &Arc<Platform>,
    function: &Arc<Function>,
    request_id: String,
    payload: Value,
) {
    let (lambda, platform, function) = (Arc::clone(lambda), Arc::clone(platform), Arc::clone(function));
    let busy = lambda.busy();
    let underway = platform.ongoing.began(&request_id);
    tokio::spawn(async move {
        let config = function.event_invoke();
        let attempts = 1 + config.maximum_retry_attempts.unwrap_or(2);
        let mut attempt = 1;
        let outcome = loop {
            let turn = lambda.concurrency.next_turn().await;
            let outcome = run(&lambda, &platform, &function, &request_id, payload.clone(), attempt)
                .await
                .unwrap_or_else(|error| {
                    Outcome::Crashed(json!({"errorType": error.code, "errorMessage": error.message}))
                });
            drop(turn);
            if !outcome.is_error() || attempt == attempts {
                break outcome;
            }
            tokio::time::sleep(Lambda::retry_delay(&platform, attempt)).await;
            attempt += 1;
        };
        destination::conclude(&platform, &function, &config, &request_id, &payload, &outcome, attempt).await;
        underway.ended(!outcome.is_error());
        drop(busy);
    });
}

#[cfg(test)]
mod tests {
    use super::super::code::Package;
    use super::*;
    use jiff::{SignedDuration, Timestamp};
    use platform::Account;

    #[test]
    fn time_is_billed_by_the_millisecond() {
        for (micros, millis) in [(1, 1), (1_000, 1), (1_001, 2), (0, 0)] {
            assert_eq!(
                billed(Duration::from_micros(micros)),
                Duration::from_millis(millis),
                "{micros}"
            );
        }
    }

    /// A process of a function that is there only in name: it has asked for an event, and its credentials hold this long.
    fn named(id: &str, holds: SignedDuration) -> Arc<Environment> {
        let expires = Timestamp::now() + holds;
        let environment = Environment::of(id.into(), "s".into(), "f".into(), u32::MAX, expires);
        let environment = Arc::new(environment);
        let asking = Arc::clone(&environment);
        tokio::spawn(async move { asking.next().await });
        environment
    }

    #[tokio::test]
    async fn a_process_whose_credentials_would_expire_gets_no_more_events() {
        let configuration = json!({"FunctionName": "f", "Role": "r", "Code": {"LocalBinary": "f"}, "Timeout": 900});
        let package = Package::Binary("f".to_owned());
        let configuration = serde_json::from_value(configuration).unwrap();
        let function = Function::new(&Account::local(), configuration, package, Vec::new());
        let minutes = SignedDuration::from_mins;
        *lock(&function.warm) = [("fresh", minutes(20)), ("old", minutes(14)), ("expired", minutes(-1))]
            .map(|(id, holds)| named(id, holds))
            .into();
        let taken = take_warm(&function).await.map(|environment| environment.id.clone());
        assert_eq!(taken.as_deref(), Some("fresh"));
        assert!(lock(&function.warm).is_empty());
    }

    #[tokio::test]
    async fn a_start_may_take_the_time_of_an_invocation_too() {
        let (none, long) = (Duration::ZERO, Duration::from_secs(100));
        for (first, timeout) in [(none, long), (long, none)] {
            let environment = named("e", SignedDuration::ZERO);
            let started = initialised(&environment, "r", first, timeout).await;
            assert!(started.is_ok(), "{first:?} {timeout:?}");
        }
        let mut sleeper = tokio::process::Command::new("sleep");
        let mut child = sleeper.arg("1000").process_group(0).kill_on_drop(true).spawn().unwrap();
        let (pid, expires) = (child.id().unwrap(), Timestamp::now());
        let environment = Environment::of("e".into(), "s".into(), "f".into(), pid, expires);
        let process = async { environment.has_ended(environment.outlive(&mut child).await) };
        let (started, ()) = tokio::join!(initialised(&environment, "r", none, Duration::from_millis(10)), process);
        let said = started.unwrap_err().payload()["errorMessage"].clone();
        assert_eq!(said, "RequestId: r Error: Task timed out after 0.01 seconds");
    }

    #[test]
    fn the_end_of_a_process_is_told_in_lambdas_words() {
        for (how, expected) in [
            (
                "signal: killed",
                "RequestId: r Error: Runtime exited with error: signal: killed",
            ),
            (
                "Runtime exited without providing a reason",
                "RequestId: r Error: Runtime exited without providing a reason",
            ),
        ] {
            assert_eq!(exited("r", how).payload()["errorMessage"], expected);
        }
        assert_eq!(
            timed_out("r", Duration::from_secs(3)).payload()["errorMessage"],
            "RequestId: r Error: Task timed out after 3.00 seconds"
        );
    }
}
