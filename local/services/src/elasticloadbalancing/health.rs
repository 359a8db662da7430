//! How a target is: asked again and again, as its target group says.
//!
//! A new target is healthy as soon as it has passed one check, and every other change takes as many checks in a row as
//! the group says: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>.

use super::client::{self, Unanswered};
use super::rows::{HealthCheck, Target};
use axum::body::Body;
use axum::http::Request;
use platform::pace::Pace;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A target's state, as DescribeTargetHealth calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Initial,
    Healthy,
    Unhealthy,
    Draining,
}

/// How a target is at the moment.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) state: State,
    /// The code and the words of why it is not healthy.
    why: (&'static str, String),
    passed: u32,
    failed: u32,
    /// Whether it has ever answered anything.
    has_answered: bool,
    since: Instant,
}

/// A registered target while it is watched.
#[derive(Debug)]
pub(super) struct Watched {
    health: Mutex<Health>,
    /// Whoever asks the target something holds it.
    pub(super) flight: Arc<()>,
}

/// What a check has found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Passed,
    /// It has answered, but not as it should.
    Answered(u16),
    TimedOut,
    Nothing,
}

impl Watched {
    pub(super) fn new() -> Self {
        Self {
            health: Mutex::new(Health {
                state: State::Initial,
                why: (
                    "Elb.RegistrationInProgress",
                    "Target registration is in progress".to_owned(),
                ),
                passed: 0,
                failed: 0,
                has_answered: false,
                since: Instant::now(),
            }),
            flight: Arc::default(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self) -> State {
        self.lock().state
    }

    /// Sends it nothing more.
    pub(super) fn drain(&self) {
        let mut health = self.lock();
        health.state = State::Draining;
        health.why = (
            "Target.DeregistrationInProgress",
            "Target deregistration is in progress".to_owned(),
        );
    }

    /// Whether nothing that it was asked is unanswered.
    pub(super) fn is_idle(&self) -> bool {
        Arc::strong_count(&self.flight) == 1
    }

    /// Asks the target once.
    pub(super) async fn look(&self, target: &Target, check: &HealthCheck, pace: &Pace) {
        let found = ask(target, check).await;
        self.lock().take(found, check, pace.patience());
    }

    /// How long it is until the next check. One that is healthy is not asked as often, so that its log can be read.
    pub(super) fn pause(&self, check: &HealthCheck, pace: &Pace) -> Duration {
        let scaled = pace.scaled(check.interval());
        let pause = if self.state() == State::Healthy {
            scaled * 15
        } else {
            scaled
        };
        pause.max(Duration::from_millis(5))
    }
}

async fn ask(target: &Target, check: &HealthCheck) -> Found {
    let port = check.port.parse().unwrap_or(target.port);
    let request = Request::get(check.path.as_str())
        .header("host", format!("{}:{port}", target.id))
        .header("user-agent", "ELB-HealthChecker/2.0")
        .header("connection", "close")
        .body(Body::empty());
    let Ok(request) = request else { return Found::Nothing };
    let limit = Duration::from_secs(check.timeout.into());
    match tokio::time::timeout(limit, client::send((&target.id, port), request)).await {
        Ok(Ok(answer)) if check.accepts(answer.status().as_u16()) => Found::Passed,
        Ok(Ok(answer)) => Found::Answered(answer.status().as_u16()),
        Ok(Err(Unanswered::Unreachable(_) | Unanswered::Broken(_))) => Found::Nothing,
        Err(_) => Found::TimedOut,
    }
}

impl Health {
    fn take(&mut self, found: Found, check: &HealthCheck, patience: Duration) {
        if self.state == State::Draining {
            return;
        }
        self.has_answered |= found != Found::Nothing;
        if found == Found::Passed {
            (self.passed, self.failed) = (self.passed + 1, 0);
            if self.state == State::Initial || self.passed >= check.healthy {
                self.state = State::Healthy;
            }
            return;
        }
        (self.passed, self.failed) = (0, self.failed + 1);
        // Checks come faster than on AWS, and programs do not start faster.
        let starts = !self.has_answered && self.since.elapsed() < patience.min(check.interval() * check.unhealthy);
        if self.failed >= check.unhealthy && !starts {
            self.state = State::Unhealthy;
            self.why = match found {
                Found::Answered(status) => (
                    "Target.ResponseCodeMismatch",
                    format!("Health checks failed with these codes: [{status}]"),
                ),
                Found::TimedOut => ("Target.Timeout", "Request timed out".to_owned()),
                Found::Nothing | Found::Passed => ("Target.FailedHealthChecks", "Health checks failed".to_owned()),
            };
        } else if self.state == State::Initial {
            self.why = (
                "Elb.InitialHealthChecking",
                "Initial health checks in progress".to_owned(),
            );
        }
    }

    pub(super) fn show(&self) -> Value {
        let state = match self.state {
            State::Healthy => return json!({"State": "healthy"}),
            State::Initial => "initial",
            State::Unhealthy => "unhealthy",
            State::Draining => "draining",
        };
        json!({"State": state, "Reason": self.why.0, "Description": self.why.1})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check() -> HealthCheck {
        HealthCheck {
            path: "/".into(),
            port: "traffic-port".into(),
            interval: 5,
            timeout: 2,
            healthy: 3,
            unhealthy: 2,
            matcher: "200-299,404".into(),
        }
    }

    #[test]
    fn one_check_makes_a_new_target_healthy_and_several_change_its_mind() {
        let watched = Watched::new();
        let check = check();
        assert!(check.accepts(204) && check.accepts(404) && !check.accepts(301));
        let take = |found| {
            let mut health = watched.lock();
            health.take(found, &check, Duration::from_secs(60));
            health.state
        };
        // It does not listen yet: that is no failure for now.
        assert_eq!([take(Found::Nothing), take(Found::Nothing)], [State::Initial; 2]);
        assert_eq!(take(Found::Passed), State::Healthy);
        assert_eq!(take(Found::Answered(500)), State::Healthy);
        assert_eq!(take(Found::Answered(500)), State::Unhealthy);
        let shown = watched.lock().show();
        assert_eq!(shown["Description"], "Health checks failed with these codes: [500]");
        assert_eq!([take(Found::Passed), take(Found::Passed)], [State::Unhealthy; 2]);
        assert_eq!(take(Found::Passed), State::Healthy);
        watched.drain();
        assert_eq!(take(Found::Passed), State::Draining);
    }

    #[test]
    fn who_never_answers_is_unhealthy_when_its_time_is_over() {
        let watched = Watched::new();
        for _ in 0..2 {
            watched.lock().take(Found::Nothing, &check(), Duration::ZERO);
        }
        let shown = watched.lock().show();
        assert_eq!(
            (&shown["State"], &shown["Reason"]),
            (&json!("unhealthy"), &json!("Target.FailedHealthChecks"))
        );
    }
}
